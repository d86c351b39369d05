//! What patients do.

use super::*;
use names::{HOUR, MINUTE};

const HTML: &str = "<p>Bonjour <b>Claire</b><img src=\"cid:logo@x\"><img src=\"https://trap.example/x.gif\"></p><script>alert(1)</script>";

#[tokio::test]
async fn a_patient_signs_in_with_password_and_code() {
    let house = House::new().await;
    let mut browser = Browser::claire(&house).await;
    let list = browser.get("/messages").await;
    assert!(list.text().contains("Mes messages") && list.text().contains("Claire Moreau"), "{}", list.text());
    assert!(browser.cookies.iter().all(|(name, _)| name == "__Host-pli"), "the sign-in cookie is gone");
}

#[tokio::test]
async fn a_wrong_password_an_unknown_person_and_a_wrong_code_get_the_same_answers() {
    let house = House::new().await;
    let mut pages = Vec::new();
    for (login, password) in [("claire.moreau", "wrong"), ("nobody.at.all", "wrong")] {
        let mut browser = Browser::new(&house);
        let page = browser.get("/connexion").await;
        let fields = [("jeton", page.token().as_str()), ("identifiant", login), ("mot_de_passe", password)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let first = browser.post("/connexion", &fields).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER);
        let page = browser.get(first.header("location")).await;
        let fields = [("jeton".to_owned(), page.token()), ("code".to_owned(), "123456".to_owned())];
        let second = browser.post(&page.all("action=\"")[0], &fields).await;
        assert_eq!(second.status, StatusCode::UNPROCESSABLE_ENTITY);
        let words: String = second.text().split("role=\"alert\"").nth(1).unwrap().chars().take(200).collect();
        pages.push(words);
    }
    assert!(house.codes.lock().unwrap().is_empty());
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn a_letter_is_read_on_the_second_origin_and_its_file_comes_back_unchanged() {
    let house = House::new().await;
    let sent = house.send(DOCTOR, CLAIRE, &letter("Votre bilan", HTML)).await;
    assert!(matches!(sent, Outcome::Accepted { .. }), "{sent:?}");
    let mut browser = Browser::claire(&house).await;
    let list = browser.get("/messages").await.text();
    for words in ["Marie Lenoir", "Votre bilan", "Nouveau", "1\u{a0}pièce jointe", "Vous pouvez répondre."]
    {
        assert!(list.contains(words), "the list lacks {words}: {list}");
    }
    let (_, page) = browser.first_conversation().await;
    assert!(!page.text().contains("Bonjour"), "the letter's words are not on the application's origin");
    assert!(page.text().contains("Classé dans Mes documents"), "{}", page.text());

    let frame = page.frame();
    assert!(frame.starts_with(&format!("http://{FILES}/lettre/")), "{frame}");
    let shown = browser.get(&frame).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.text().contains("<p>Bonjour <b>Claire</b>"), "{}", shown.text());
    assert!(!shown.text().contains("trap.example") && !shown.text().contains("<script"));
    let picture = browser.get(&shown.all("<img src=\"").remove(0)).await;
    assert_eq!((picture.status, picture.header("content-type")), (StatusCode::OK, "image/png"));
    assert!(picture.body.starts_with(b"\x89PNG"));

    let download =
        page.all("href=\"/pieces/").into_iter().find(|href| href.ends_with("telecharger")).unwrap();
    let led = browser.get(&format!("/pieces/{download}")).await;
    let file = browser.get(led.header("location")).await;
    assert_eq!(file.body, PDF);
    assert_eq!(file.header("content-type"), "application/pdf");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"bilan.pdf\""));

    let list = browser.get("/messages").await.text();
    assert!(!list.contains(">Nouveau<") && list.contains("Aucun nouveau message"), "opened means read");
}

#[tokio::test]
async fn an_answer_with_a_photo_reaches_the_doctor_once() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Votre bilan", "<p>Bonjour</p>")).await;
    let mut browser = Browser::claire(&house).await;
    let (_, page) = browser.first_conversation().await;
    let answer = page.all("<a class=\"bouton principal\" href=\"").remove(0);
    let form = browser.get(&answer).await;
    let token = form.token();
    let mark = form.all("name=\"envoi\" value=\"").remove(0);
    let fields =
        [("jeton", token.as_str()), ("envoi", mark.as_str()), ("texte", "Merci docteur, à bientôt.")];
    let photo = b"\xff\xd8\xff\xe0\0\x10JFIF photo";
    for click in 1..=2 {
        let sent = browser.post_letter(&answer, &fields, Some(("../genou.html", photo))).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "click {click}: {}", sent.text());
        assert!(sent.header("location").ends_with("?fait=envoye"));
    }
    let inbox = house.inbox(DOCTOR).await;
    assert_eq!(inbox.len(), 1, "two clicks, one letter");
    assert!(
        inbox[0].contains("Subject: Re: Votre bilan") && inbox[0].contains("filename=\"genou.jpg\""),
        "{}",
        inbox[0]
    );
    let (_, page) = browser.first_conversation().await;
    assert!(page.text().contains("Envoyé de votre espace"));
}

/// A form filled in, in the order of the page.
fn typed(token: &str, subject: Option<&'static str>, text: &'static str) -> Vec<(&'static str, String)> {
    let subject = subject.map(|subject| ("sujet", subject.to_owned()));
    let first = [("jeton", token.to_owned()), ("envoi", "m".to_owned())];
    first.into_iter().chain(subject).chain([("texte", text.to_owned())]).collect()
}

async fn post(
    browser: &mut Browser<'_>,
    path: &str,
    fields: &[(&'static str, String)],
    file: Option<(&str, &[u8])>,
) -> Shown {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post_letter(path, &fields, file).await
}

#[tokio::test]
async fn who_writes_longer_than_a_session_lasts_loses_no_word() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Votre bilan", "<p>Bonjour</p>")).await;
    let mut browser = Browser::claire(&house).await;
    let (_, page) = browser.first_conversation().await;
    let answer = page.all("<a class=\"bouton principal\" href=\"").remove(0);
    let stale = browser.get(&answer).await.token();
    house.wait(31 * MINUTE);
    let words = "Je vous \"remercie\" <docteur>, j’ai pris mon temps.";
    let shown = "Je vous &#34;remercie&#34; &#60;docteur&#62;, j’ai pris mon temps.</textarea>";

    let photo: (&str, &[u8]) = ("genou.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF photo");
    let kept = post(&mut browser, &answer, &typed(&stale, None, words), Some(photo)).await;
    assert_eq!(kept.status, StatusCode::FORBIDDEN);
    for part in ["Votre texte est gardé sur cette page", shown, "href=\"/connexion\"", "choisirez de nouveau"]
    {
        assert!(kept.text().contains(part), "no {part} in {}", kept.text());
    }
    assert_eq!(kept.all("<form method=\"post\" action=\""), std::slice::from_ref(&answer));
    let impatient = post(&mut browser, &answer, &typed("", None, words), None).await;
    assert!(impatient.text().contains(shown), "sent before signing in: {}", impatient.text());

    browser.cookies = Browser::claire(&house).await.cookies;
    let again = post(&mut browser, &answer, &typed("", None, words), None).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "whose form it was is not known: nothing is sent");
    assert!(again.text().contains(shown) && again.text().contains("relisez-le"), "{}", again.text());
    assert!(house.inbox(DOCTOR).await.is_empty());
    let sent = post(&mut browser, &answer, &typed(&again.token(), None, words), Some(photo)).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(house.inbox(DOCTOR).await.len(), 1);
}

#[tokio::test]
async fn a_letter_to_a_pharmacy_keeps_its_subject_too_and_that_of_another_space_its_words() {
    let house = House::new().await;
    let mut browser = Browser::claire(&house).await;
    let found = browser.get("/pharmacies?q=lilas").await;
    let path = format!("/pharmacies/{}", found.all("href=\"/pharmacies/").remove(0));
    let token = browser.get(&path).await.token();
    for (case, path) in [("its own space", path.as_str()), ("another space's", "/pharmacies/AAAA")] {
        let stale = typed("of another session", Some("Mon ordonnance"), "Bonjour, je passe demain.");
        let page = post(&mut browser, path, &stale, None).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{case}");
        assert!(page.text().contains("value=\"Mon ordonnance\""), "{case}: {}", page.text());
        assert!(page.text().contains("Bonjour, je passe demain.</textarea>"), "{case}: {}", page.text());
    }
    let elsewhere =
        post(&mut browser, "/pharmacies/AAAA", &typed(&token, Some("Mon ordonnance"), "Bonjour"), None).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND, "a form of this session for nobody");
    assert!(house.inbox(PHARMACY).await.is_empty());
}

/// DOMAIN §2.6: the patient is not asked, and is told.
#[tokio::test]
async fn the_page_says_that_the_sender_heard_of_the_opening_who_asked_for_it() {
    let house = House::new().await;
    let words = "Un accusé de lecture a été envoyé à";
    house.send(DOCTOR, CLAIRE, &plain(CLAIRE, "Votre bilan", "Bonjour")).await;
    let mut browser = Browser::claire(&house).await;
    let (_, page) = browser.first_conversation().await;
    assert!(!page.text().contains(words), "nobody asked: {}", page.text());
    assert!(house.inbox(DOCTOR).await.is_empty());
    let asking = plain(CLAIRE, "Ordonnance", "Bonjour");
    house.send(DOCTOR, CLAIRE, &format!("Disposition-Notification-To: <{DOCTOR}>\n{asking}")).await;
    let (_, page) = browser.first_conversation().await;
    assert!(page.text().contains(words), "at the first opening: {}", page.text());
    let (_, page) = browser.first_conversation().await;
    assert_eq!(page.text().matches(words).count(), 1, "and later: {}", page.text());
    let [receipt] = &house.inbox(DOCTOR).await[..] else { panic!("one receipt") };
    assert!(receipt.contains("displayed"), "{receipt}");
}

/// DESIGN §2.4: a report is an event of the conversation; the letter before it is still the one answered.
#[tokio::test]
async fn a_receipt_is_an_event_of_the_conversation_and_is_not_what_is_answered() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &plain(CLAIRE, "Votre bilan", "Bonjour")).await;
    let mut browser = Browser::claire(&house).await;
    let (_, page) = browser.first_conversation().await;
    let answer = page.all("<a class=\"bouton principal\" href=\"").remove(0);
    let form = browser.get(&answer).await;
    let fields = [("jeton", form.token()), ("envoi", "m".to_owned()), ("texte", "Merci".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.post_letter(&answer, &fields, None).await.status, StatusCode::SEE_OTHER);
    let received = house.inbox(DOCTOR).await.remove(0);
    let id = received.split("Message-ID: ").nth(1).unwrap().lines().next().unwrap();
    let receipt = format!(
        "From: Marie Lenoir <{DOCTOR}>\nTo: <{CLAIRE}>\nSubject: Lu\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nLu.\n\
         --b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: {id}\n\
         Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"
    );
    let outcome = house.send(DOCTOR, CLAIRE, &receipt).await;
    assert!(matches!(outcome, relay::Outcome::Accepted { .. }), "{outcome:?}");
    let (_, page) = browser.first_conversation().await;
    let text = page.text();
    assert_eq!(text.matches(crate::texts::REPORTED).count(), 1, "{text}");
    assert!(text.contains(crate::texts::REPORTER));
    let again = page.all("<a class=\"bouton principal\" href=\"").remove(0);
    assert_eq!(again, answer, "the doctor's letter is the one that is answered");
}

#[tokio::test]
async fn after_fin_the_button_is_out_and_says_why_and_posting_is_refused() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &plain(CLAIRE, "Suivi", "Bonjour")).await;
    let mut browser = Browser::claire(&house).await;
    let (_, page) = browser.first_conversation().await;
    let answer = page.all("<a class=\"bouton principal\" href=\"").remove(0);
    let form = browser.get(&answer).await;
    house.wait(MINUTE);
    house.send(DOCTOR, CLAIRE, &plain(CLAIRE, "[FIN]", "Au revoir")).await;
    let fields = [("jeton", form.token()), ("envoi", "m".to_owned()), ("texte", "Encore un mot".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = browser.post_letter(&answer, &fields, None).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("a mis fin à l’échange"), "{}", refused.text());
    assert!(house.inbox(DOCTOR).await.is_empty());
    let list = browser.get("/messages").await;
    assert!(list.text().contains("a mis fin à l’échange"));
    for href in list.all("<h2><a href=\"") {
        let page = browser.get(&href).await.text();
        assert!(page.contains("bouton eteint") && page.contains("a mis fin à l’échange"), "{page}");
    }
}

#[tokio::test]
async fn a_pharmacy_is_found_by_town_and_written_to_first() {
    let house = House::new().await;
    let mut browser = Browser::claire(&house).await;
    let search = browser.get("/pharmacies?q=lilas").await;
    assert!(search.text().contains("1\u{a0}pharmacie trouvée"), "{}", search.text());
    let page_of = search.all("<a href=\"/pharmacies/").remove(0);
    let address = format!("/pharmacies/{page_of}");
    let form = browser.get(&address).await;
    assert!(form.text().contains("apportez aussi l’original"));
    let fields = [
        ("jeton", form.token()),
        ("envoi", "m".into()),
        ("sujet", "Ordonnance".into()),
        ("texte", "Bonjour".into()),
    ];
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value): &(_, String)| (*name, value.as_str())).collect();
    let sent = browser.post_letter(&address, &fields, Some(("ordonnance.pdf", PDF))).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(house.inbox(PHARMACY).await.len(), 1);
    let (_, page) = browser.first_conversation().await;
    assert!(page.text().contains("Ordonnance"));
}

#[tokio::test]
async fn a_mother_opens_her_child_s_space_and_every_page_says_so() {
    let house = House::new().await;
    house.send(DOCTOR, LEO, &plain(LEO, "Vaccin de Léo", "Bonjour")).await;
    let mut browser = Browser::claire(&house).await;
    let before = browser.cookies.clone();
    let page = browser.get("/profils").await;
    let text = page.text();
    assert!(text.contains("Léo Moreau") && text.contains("Mon enfant"), "{text}");
    let form = text.split("Ouvrir l’espace de Léo").next().unwrap();
    let reference =
        form.rsplit("name=\"profil\" value=\"").next().unwrap().split('"').next().unwrap().to_owned();
    let answer =
        browser.post("/profils", &[("jeton".into(), page.token()), ("profil".into(), reference)]).await;
    assert_eq!(answer.header("location"), "/messages");
    assert_ne!(before, browser.cookies, "a new session token");
    for path in ["/messages", "/documents", "/historique", "/profils", "/pharmacies", "/messages/nouveau"] {
        let page = browser.get(path).await.text();
        assert!(
            page.contains("Vous agissez pour une autre personne") && page.contains("Léo Moreau"),
            "{path}"
        );
    }
    assert!(browser.get("/messages").await.text().contains("Vaccin de Léo"));
    let (_, page) = browser.first_conversation().await;
    let answer = page.all("<a class=\"bouton principal\" href=\"").remove(0);
    let form = browser.get(&answer).await;
    assert!(form.text().contains("écrit par Claire Moreau pour Léo Moreau"), "{}", form.text());
    let fields = [("jeton", form.token()), ("envoi", "m".into()), ("texte", "Merci".into())];
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value): &(_, String)| (*name, value.as_str())).collect();
    assert_eq!(browser.post_letter(&answer, &fields, None).await.status, StatusCode::SEE_OTHER);
    let history = browser.get("/historique").await.text();
    assert!(history.contains("Vous, pour Léo Moreau") && history.contains("Message envoyé"), "{history}");
    let mut old = Browser { house: &house, cookies: before };
    assert_eq!(old.get("/messages").await.header("location"), "/connexion", "the old cookie is dead");
}

#[tokio::test]
async fn a_document_filed_by_itself_is_listed_filtered_and_taken() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Compte rendu de consultation", "<p>x</p>")).await;
    let mut browser = Browser::claire(&house).await;
    let page = browser.get("/documents").await;
    assert!(page.text().contains("Mes documents"));
    let downloads: Vec<_> =
        page.all("href=\"/documents/").into_iter().filter(|href| href.ends_with("/telecharger")).collect();
    assert_eq!(downloads.len(), 1, "{}", page.text());
    let led = browser.get(&format!("/documents/{}", downloads[0])).await;
    assert_eq!(browser.get(led.header("location")).await.body, PDF);
    let empty = browser.get("/documents?rubrique=CAR_VAC").await;
    assert!(empty.text().contains("Aucun document ici"));
    let offered = page.all("<li><a href=\"/documents");
    assert!(offered.len() == 3 && offered[2].starts_with("?rubrique="), "{offered:?}");
    let history = browser.get("/historique").await.text();
    assert!(history.contains("Dr Marie Lenoir") && !history.contains("pour Dr Marie"), "{history}");
    for words in ["Lecture ou téléchargement d’un document", "Message reçu", "Document classé", "Connexion"]
    {
        assert!(history.contains(words), "{words}: {history}");
    }
}

#[tokio::test]
async fn what_is_hidden_from_parents_leaves_no_trace_on_their_pages() {
    let house = House::new().await;
    let mut open = Browser::claire(&house).await;
    let letter = format!(
        "From: Marie Lenoir <{DOCTOR}>\nTo: <{LEO}>\nSubject: Contraception\nX-Pli-Secrecy: INVISIBLE_REPRESENTANTS_LEGAUX\n\
         MIME-Version: 1.0\nContent-Type: application/pdf\n\
         Content-Disposition: attachment; filename=ordonnance.pdf\nContent-Transfer-Encoding: base64\n\n\
         JVBERi0xLjQKJSVFT0YK\n"
    );
    let sent = house.send(DOCTOR, LEO, &letter).await;
    assert!(matches!(sent, Outcome::Accepted { .. }), "{sent:?}");
    leo_reads_alone(&house).await;
    let page = open.get("/profils").await;
    assert!(!page.text().contains("nouveau message"), "{}", page.text());
    let text = page.text();
    let form = text.split("Ouvrir l’espace de Léo").next().unwrap();
    let reference =
        form.rsplit("name=\"profil\" value=\"").next().unwrap().split('"').next().unwrap().to_owned();
    open.post("/profils", &[("jeton".into(), page.token()), ("profil".into(), reference)]).await;
    for path in ["/messages", "/messages/nouveau", "/documents"] {
        let page = open.get(path).await.text();
        assert!(!page.contains("Contraception") && !page.contains("Lenoir"), "{path}: {page}");
    }
    let history = open.get("/historique").await.text();
    assert!(!history.contains("Message reçu") && !history.contains("Lenoir"), "{history}");
    assert!(!history.contains("Lecture"), "{history}");
}

/// What the child opens in a space of their own.
async fn leo_reads_alone(house: &House) {
    let (relay, now) = (&house.relay, house.relay.now());
    let address = Address::parse(LEO).unwrap();
    let found = relay.directory().resolve(std::slice::from_ref(&address), now).await.unwrap();
    let [directory::Resolved::Patient(leo)] = &found[..] else { panic!("{found:?}") };
    let visitor = relay::Visitor {
        account: leo.account,
        address,
        patient: leo.patient,
        name: leo.display_name.clone(),
        actor: leo.patient,
        actor_name: leo.display_name.clone(),
        mandate: None,
    };
    let store = relay.mailstore();
    let viewer = mailstore::Viewer::Patient;
    let page = store.conversations(leo.account, viewer, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|line| line.unread).collect::<Vec<_>>(), [1], "his own list has it");
    relay.open_conversation(&visitor, page[0].id, now).await.unwrap();
    for document in store.documents(leo.account, None, viewer, None, 9).await.unwrap() {
        relay.note_document_read(&visitor, relay::Opened::Document(document.id), now).await.unwrap();
    }
}

#[tokio::test]
async fn after_sign_out_cookie_and_links_open_nothing() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Votre bilan", "<p>Bonjour</p>")).await;
    let mut browser = Browser::claire(&house).await;
    let (href, page) = browser.first_conversation().await;
    let frame = page.frame();
    let before = browser.cookies.clone();
    let out = browser.post("/deconnexion", &[("jeton".into(), page.token())]).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/au-revoir"));
    assert!(out.header("clear-site-data").contains("\"cache\""));
    assert!(browser.cookies.is_empty());
    browser.cookies = before;
    assert_eq!(browser.get(&href).await.header("location"), "/connexion");
    assert_eq!(browser.get(&frame).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_link_of_the_second_origin_lives_minutes() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Votre bilan", "<p>Bonjour</p>")).await;
    let mut browser = Browser::claire(&house).await;
    let (_, page) = browser.first_conversation().await;
    let frame = page.frame();
    house.wait(4 * MINUTE);
    assert_eq!(browser.get(&frame).await.status, StatusCode::OK);
    house.wait(2 * MINUTE);
    assert_eq!(browser.get(&frame).await.status, StatusCode::GONE);
    house.wait(HOUR);
    assert_eq!(browser.get("/messages").await.header("location"), "/connexion", "an idle session ends");
}
