//! From the letter with a code to a space of one's own, and its end, as browsers see it.

use super::*;
use directory::{Entrance, Ground, NoticeOutcome, Sex, Spooling, Traits};
use names::{DAY, Ins, MINUTE, PatientId};

fn ins() -> Ins {
    Ins::from_matricule("1580799000911").unwrap()
}

fn octavie() -> Traits {
    Traits {
        ins: ins(),
        birth_name: "Brindavoine".to_owned(),
        used_name: None,
        given_names: vec!["Octavie".to_owned()],
        used_given_name: None,
        birth_date: jiff::civil::date(1958, 7, 3),
        birth_place: None,
        sex: Sex::Female,
        email: Some("old@courriel.example".to_owned()),
        phone: None,
        postal: Vec::new(),
    }
}

/// Brings somebody in; the code they were sent.
async fn announced(house: &House, traits: Traits, entrance: Entrance) -> (PatientId, String) {
    let (directory, store) = (house.relay.directory().clone(), house.relay.mailstore().clone());
    let prepared = directory.prepare_patient(traits, "Europe/Paris".to_owned(), entrance, NOON);
    let account =
        store.prepare_account_as(prepared.account(), names::AccountKind::Patient, NOON).await.unwrap();
    let id = prepared.patient();
    let unit = (directory.clone(), store.clone(), prepared, account);
    let entered: Result<(), directory::Error> = store
        .db()
        .write(db::unit("enter", unit, |(directory, store, prepared, account), tx| {
            Box::pin(async move {
                let ground = Ground::routine(audit::Actor::Operator);
                directory.announce_patient(tx, prepared, &ground, NOON).await?;
                store.write_account(tx, account, NOON).await.unwrap();
                Ok(())
            })
        }))
        .await;
    entered.unwrap();
    let notice = directory.lease_notices(1, Spooling::Yes, NOON).await.unwrap().remove(0);
    directory.settle_notice(&notice, NoticeOutcome::Left, NOON).await.unwrap();
    (id, notice.code.unwrap().to_string())
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn identify(browser: &mut Browser<'_>, number: &str, born: &str, code: &str) -> Shown {
    let page = browser.get("/activation").await;
    let typed = [
        ("jeton", page.token()),
        ("numero", number.to_owned()),
        ("naissance", born.to_owned()),
        ("code", code.to_owned()),
    ];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post("/activation", &fields(&typed)).await
}

async fn step(browser: &mut Browser<'_>, path: &str, more: &[(&str, &str)]) -> Shown {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.header("location"));
    let mut typed = fields(more);
    typed.push(("jeton".to_owned(), page.token()));
    browser.post(path, &typed).await
}

#[tokio::test]
async fn a_space_is_opened_step_by_step_and_its_letters_are_there() {
    let house = House::new().await;
    let (_, code) = announced(&house, octavie(), Entrance::AtOnce).await;
    let address = format!("{}@patient.mssante.example", ins().expose());
    let sent = house.send(DOCTOR, &address, &plain(&address, "Votre bilan", "Bonjour")).await;
    assert!(matches!(sent, Outcome::Accepted { .. }), "{sent:?}");
    let mut browser = Browser::new(&house);
    assert_eq!(
        browser.get("/activation/identifiant").await.header("location"),
        "/activation",
        "not identified"
    );
    let spaced = format!("{} {} {}", &code[..4], &code[4..8], &code[8..]);
    let known = identify(&mut browser, ins().expose(), "03/07/1958", &spaced).await;
    assert_eq!(known.header("location"), "/activation/choix", "{}", known.text());
    let choice = browser.get("/activation/choix").await.text();
    assert!(
        choice.contains("Octavie") && !choice.contains("Brindavoine") && choice.contains("Ouvrir mon espace"),
        "{choice}"
    );
    for path in ["/activation/contact", "/activation/codes", "/activation/accord"] {
        assert_eq!(browser.get(path).await.status, StatusCode::SEE_OTHER, "{path} before its step");
    }
    for (case, login, one, two, words) in [
        ("short", "octavie", "Cerise-Bleue-29", "Cerise-Bleue-29", "8 à 100"),
        ("taken", "claire.moreau", "Cerise-Bleue-29", "Cerise-Bleue-29", "déjà pris"),
        ("differ", "octavie.58", "Cerise-Bleue-29", "Cerise-Bleue-28", "ne sont pas les mêmes"),
        ("weak", "octavie.58", "Brindavoine-29", "Brindavoine-29", "votre nom"),
    ] {
        let typed = [("identifiant", login), ("mot_de_passe", one), ("encore", two)];
        let refused = step(&mut browser, "/activation/identifiant", &typed).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
        assert!(
            refused.text().contains(words) && !refused.text().contains(one),
            "{case}: {}",
            refused.text()
        );
    }
    let typed =
        [("identifiant", "octavie.58"), ("mot_de_passe", "Cerise-Bleue-29"), ("encore", "Cerise-Bleue-29")];
    assert_eq!(
        step(&mut browser, "/activation/identifiant", &typed).await.header("location"),
        "/activation/contact"
    );
    let typed = [("courriel", "octavie@courriel.example"), ("mobile", "06 12 34 56 78")];
    assert_eq!(
        step(&mut browser, "/activation/contact", &typed).await.header("location"),
        "/activation/codes"
    );
    let codes: Vec<CodeToSend> = house.codes.lock().unwrap().drain(..).collect();
    assert_eq!(codes.len(), 2);
    let wrong =
        step(&mut browser, "/activation/codes", &[("code_courriel", "000000"), ("code_mobile", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.text().contains("octavie@courriel.example"), "masked: {}", wrong.text());
    let typed = [("code_courriel", codes[0].code.as_str()), ("code_mobile", codes[1].code.as_str())];
    assert_eq!(
        step(&mut browser, "/activation/codes", &typed).await.header("location"),
        "/activation/accord"
    );
    let agreement = browser.get("/activation/accord").await.text();
    assert!(!agreement.contains("checked"), "no box is ticked beforehand: {agreement}");
    let refused = step(&mut browser, "/activation/accord", &[("samu", "oui")]).await;
    assert!(refused.text().contains("conditions d’utilisation pour ouvrir"), "{}", refused.text());
    let done = step(&mut browser, "/activation/accord", &[("conditions", "oui")]).await;
    assert_eq!(done.header("location"), "/bienvenue", "{}", done.text());
    assert!(browser.get("/bienvenue").await.text().contains("Bienvenue"));
    assert!(browser.get("/messages").await.text().contains("Votre bilan"), "what came before is there");
    assert!(browser.cookies.iter().all(|(name, _)| name == "__Host-pli"), "{:?}", browser.cookies);
    house.wait(MINUTE);
    let mut later = Browser::signed_in(&house, "octavie.58", "Cerise-Bleue-29").await;
    assert!(later.get("/messages").await.text().contains("Votre bilan"));
}

#[tokio::test]
async fn whatever_is_wrong_looks_the_same_and_many_tries_wait() {
    let house = House::new().await;
    let (_, code) = announced(&house, octavie(), Entrance::AtOnce).await;
    let nobody = Ins::from_matricule("1580799000999").unwrap();
    let mut answers = Vec::new();
    for (number, born, code) in [
        (ins().expose().to_owned(), "04/07/1958", code.as_str()),
        (ins().expose().to_owned(), "03/07/1958", "ABCDEFGH2345"),
        (nobody.expose().to_owned(), "03/07/1958", code.as_str()),
    ] {
        let mut browser = Browser::new(&house);
        let answer = identify(&mut browser, &number, born, code).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.text().contains(&number), "what was typed is not shown again");
        let text = answer.text().replace(&answer.token(), "");
        answers.push(text);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
    let mut browser = Browser::new(&house);
    let mut waited = false;
    for _ in 0..40 {
        let answer = identify(&mut browser, ins().expose(), "03/07/1958", "ABCDEFGH2345").await;
        waited |= answer.status == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(waited, "nobody guesses for long");
}

#[tokio::test]
async fn a_space_is_refused_within_six_weeks_and_that_is_taken_back() {
    let house = House::new().await;
    let (_, code) = announced(&house, octavie(), Entrance::Announced).await;
    let mut browser = Browser::new(&house);
    identify(&mut browser, ins().expose(), "03/07/1958", &code).await;
    let choice = browser.get("/activation/choix").await;
    assert!(choice.text().contains("jusqu’au 3 janvier 2027"), "{}", choice.text());
    let refused = browser.post("/activation/opposition", &fields(&[("jeton", &choice.token())])).await;
    assert!(refused.text().contains("Votre opposition est enregistrée"), "{}", refused.text());
    house.wait(60 * DAY);
    let mut later = Browser::new(&house);
    identify(&mut later, ins().expose(), "03/07/1958", &code).await;
    let choice = later.get("/activation/choix").await;
    assert!(choice.text().contains("Retirer l’opposition"), "{}", choice.text());
    later.post("/activation/retrait", &fields(&[("jeton", &choice.token())])).await;
    let open = later.get("/activation/choix").await.text();
    assert!(
        open.contains("Ouvrir mon espace") && open.contains("délai pour refuser cet espace est passé"),
        "{open}"
    );
}

#[tokio::test]
async fn a_form_from_elsewhere_opens_and_closes_nothing() {
    let house = House::new().await;
    let (_, code) = announced(&house, octavie(), Entrance::AtOnce).await;
    let mut browser = Browser::new(&house);
    identify(&mut browser, ins().expose(), "03/07/1958", &code).await;
    for path in [
        "/activation",
        "/activation/opposition",
        "/activation/retrait",
        "/activation/identifiant",
        "/activation/contact",
        "/activation/codes",
        "/activation/accord",
    ] {
        let answer = browser.post(path, &fields(&[("jeton", "forged")])).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let mut claire = Browser::claire(&house).await;
    for path in [
        "/espace/fermer",
        "/espace/rouvrir",
        "/espace/urgence",
        "/espace/representants",
        "/espace/representants/reponse",
    ] {
        let answer = claire.post(path, &fields(&[("jeton", "forged"), ("suite", "archive")])).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_patient_closes_their_space_with_their_password_and_is_out() {
    let house = House::new().await;
    let mut claire = Browser::claire(&house).await;
    let typed = [("suite", "suppression"), ("mot_de_passe", "wrong")];
    let refused = step(&mut claire, "/espace/fermer", &typed).await;
    assert!(refused.text().contains("n’est pas le bon"), "{}", refused.text());
    let typed = [("mot_de_passe", "Trois-Tulipes-29")];
    let refused = step(&mut claire, "/espace/fermer", &typed).await;
    assert!(refused.text().contains("Choisissez ce que deviennent"), "{}", refused.text());
    let typed = [("suite", "suppression"), ("mot_de_passe", "Trois-Tulipes-29")];
    let closed = step(&mut claire, "/espace/fermer", &typed).await;
    assert!(closed.text().contains("supprimés le 22 décembre 2026"), "{}", closed.text());
    assert_eq!(claire.get("/messages").await.header("location"), "/connexion");
    let refused = house.send(DOCTOR, CLAIRE, &plain(CLAIRE, "Suite", "Bonjour")).await;
    assert!(!matches!(refused, Outcome::Accepted { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_patient_changes_what_is_allowed_in_an_emergency() {
    let house = House::new().await;
    let mut claire = Browser::claire(&house).await;
    let page = claire.get("/espace/urgence").await.text();
    assert!(page.contains("personne n’a accès") && !page.contains(" checked"), "{page}");
    let saved = step(&mut claire, "/espace/urgence", &[("samu", "oui"), ("masques", "oui")]).await;
    assert_eq!(saved.header("location"), "/espace/urgence?fait=note");
    let page = claire.get("/espace/urgence?fait=note").await.text();
    assert!(page.contains("Votre réponse est enregistrée") && page.contains("22 novembre 2026"), "{page}");
    assert_eq!(page.matches(" checked").count(), 2, "{page}");
    let history = claire.get("/historique").await.text();
    assert!(history.contains("urgence"), "{history}");
    step(&mut claire, "/espace/urgence", &[]).await;
    assert!(!claire.get("/espace/urgence").await.text().contains(" checked"), "and back");
    let odd = step(&mut claire, "/espace/urgence", &[("samu", "peut-être")]).await;
    assert_eq!(odd.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_patient_opens_their_closed_space_again_with_password_and_code() {
    let house = House::new().await;
    let (login, password) = ("jean.petit", "Quatre-Bateaux-47");
    let mut jean = Browser::signed_in(&house, login, password).await;
    let closed =
        step(&mut jean, "/espace/fermer", &[("suite", "suppression"), ("mot_de_passe", password)]).await;
    assert!(closed.text().contains("connectez-vous comme d’habitude"), "{}", closed.text());
    // No second code leaves within a minute.
    house.wait(2 * names::MINUTE);
    let mut again = Browser::new(&house);
    let page = again.up_to_code(login, password).await;
    assert!(page.text().contains("Vous pouvez le rouvrir vous-même"), "{}", page.text());
    let reference = page.all("name=\"espace\" value=\"").remove(0);
    let button = fields(&[("jeton", &page.token()), ("espace", &reference)]);
    let elsewhere = Browser::new(&house).post("/connexion/rouvrir", &button).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN, "another browser");
    let forged = fields(&[("jeton", &page.token()), ("espace", "AAAA")]);
    assert_eq!(again.post("/connexion/rouvrir", &forged).await.status, StatusCode::FORBIDDEN);
    let opened = again.post("/connexion/rouvrir", &button).await;
    assert_eq!(opened.header("location"), "/messages", "{}", opened.text());
    assert_eq!(again.get("/messages").await.status, StatusCode::OK);
    assert!(again.get("/historique").await.text().contains("Réouverture de l’espace"));
}

#[tokio::test]
async fn who_still_acts_for_others_opens_their_own_space_again_with_their_password() {
    let house = House::new().await;
    let mut claire = Browser::claire(&house).await;
    let typed = [("suite", "archive"), ("mot_de_passe", "Trois-Tulipes-29")];
    step(&mut claire, "/espace/fermer", &typed).await;
    // She comes in to the space of her child; no second code leaves within a minute.
    house.wait(2 * names::MINUTE);
    let mut claire = Browser::claire(&house).await;
    assert!(claire.get("/profils").await.text().contains("Rouvrir mon espace"));
    let wrong = step(&mut claire, "/espace/rouvrir", &[("mot_de_passe", "wrong")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("n’est pas le bon"), "{}", wrong.text());
    let opened = step(&mut claire, "/espace/rouvrir", &[("mot_de_passe", "Trois-Tulipes-29")]).await;
    assert_eq!(opened.header("location"), "/messages", "{}", opened.text());
    let accepted = house.send(DOCTOR, CLAIRE, &plain(CLAIRE, "Suite", "Bonjour")).await;
    assert!(matches!(accepted, Outcome::Accepted { .. }), "{accepted:?}");
    assert_eq!(claire.get("/espace/rouvrir").await.header("location"), "/profils", "it is open");
}

#[tokio::test]
async fn a_mother_opens_her_childs_space_and_invites_the_father() {
    let house = House::new().await;
    let child = Traits {
        ins: Ins::from_matricule("2200399000111").unwrap(),
        given_names: vec!["Lison".to_owned()],
        birth_date: jiff::civil::date(2020, 3, 1),
        birth_place: None,
        ..octavie()
    };
    let number = child.ins.expose().to_owned();
    let (_, code) = announced(&house, child, Entrance::AtOnce).await;
    let mut alone = Browser::new(&house);
    identify(&mut alone, &number, "01/03/2020", &code).await;
    let choice = alone.get("/activation/choix").await.text();
    assert!(
        choice.contains("Connectez-vous d’abord") && !choice.contains("/activation/identifiant"),
        "{choice}"
    );
    let mut claire = Browser::claire(&house).await;
    identify(&mut claire, &number, "01/03/2020", &code).await;
    let refused = step(&mut claire, "/activation/accord", &[("conditions", "oui")]).await;
    assert!(refused.text().contains("déclarez être le représentant légal"), "{}", refused.text());
    let opened =
        step(&mut claire, "/activation/accord", &[("conditions", "oui"), ("representant", "oui")]).await;
    assert_eq!(opened.header("location"), "/profils", "{}", opened.text());
    let profiles = claire.get("/profils").await;
    let text = profiles.text();
    assert!(text.contains("Lison Brindavoine"), "{text}");
    let form = text.split("Ouvrir l’espace de Lison").next().unwrap();
    let reference = form.rsplit("name=\"profil\" value=\"").next().unwrap().split('"').next().unwrap();
    claire.post("/profils", &fields(&[("jeton", &profiles.token()), ("profil", reference)])).await;
    let typed = [("nom", "petit"), ("prenom", "Jean"), ("naissance", "19/02/1967")];
    let invited = step(&mut claire, "/espace/representants", &typed).await;
    assert_eq!(invited.header("location"), "/espace/representants?fait=invite", "{}", invited.text());
    assert!(claire.get("/espace/representants").await.text().contains("Jean petit, pour Lison"));
    let mut jean = Browser::signed_in(&house, "jean.petit", "Quatre-Bateaux-47").await;
    let waits = jean.get("/espace/representants").await;
    assert!(waits.text().contains("Claire Moreau vous invite"), "{}", waits.text());
    let reference = waits.all("name=\"invitation\" value=\"").remove(0);
    let typed = fields(&[("jeton", &waits.token()), ("invitation", &reference), ("reponse", "oui")]);
    let accepted = jean.post("/espace/representants/reponse", &typed).await;
    assert_eq!(accepted.header("location"), "/espace/representants?fait=accepte");
    assert!(jean.get("/profils").await.text().contains("Lison Brindavoine"));
}
