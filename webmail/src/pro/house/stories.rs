//! What professionals do once they are in.

use names::{HOUR, MINUTE};

use super::*;

/// Makes an application password by the page; what it shows.
async fn new_password(browser: &mut Browser<'_>, device: &str) -> String {
    let page = browser.get("/mots-de-passe").await;
    let (token, mark) = (page.token(), mark(&page));
    let fields = [("jeton", token.as_str()), ("envoi", &mark), ("appareil", device)];
    let shown = browser.post("/mots-de-passe", &fields).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    let text = shown.text();
    text.split("valeur secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn home_shows_the_mailboxes_and_what_a_mail_program_needs() {
    for house in houses().await {
        let mut paul = Browser::of(&house, PAUL).await;
        let text = paul.get("/").await.text();
        for words in [
            PAULS,
            TEAM,
            "Votre boîte",
            "Boîte d’équipe",
            "mail.pli.example",
            "993",
            "465",
            "587",
            "STARTTLS",
        ] {
            assert!(text.contains(words), "{}: {words}: {text}", house.engine);
        }
        assert!(!text.contains(MARIES), "nobody else's");
        let mut anne = Browser::of(&house, ANNE).await;
        let text = anne.get("/").await.text();
        assert!(text.contains("Par délégation, sans date de fin") && text.contains(PAULS), "{text}");
    }
}

#[tokio::test]
async fn an_application_password_is_shown_once_works_at_once_and_ends_at_once() {
    for house in houses().await {
        let mut browser = Browser::of(&house, PAUL).await;
        let page = browser.get("/mots-de-passe").await;
        let (token, mark) = (page.token(), mark(&page));
        let fields =
            [("jeton", token.as_str()), ("envoi", mark.as_str()), ("appareil", " Poste  <du>\tcabinet ")];
        let shown = browser.post("/mots-de-passe", &fields).await;
        assert!(shown.text().contains("Poste &#60;du&#62; cabinet"), "{}", shown.text());
        assert_eq!(shown.header("cache-control"), "no-store");
        let text = shown.text();
        let secret = text.split("valeur secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
        assert_eq!(secret.replace('-', "").len(), 26, "128 bits: {secret}");
        assert!(house.opens(PAULS, &secret).await && house.opens(TEAM, &secret).await, "{}", house.engine);
        assert!(house.opens(PAULS, &secret.replace('-', "").to_uppercase()).await, "as it may be typed");

        // The form again: nothing new, and the password is not shown.
        let again = browser.post("/mots-de-passe", &fields).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", house.engine);
        assert!(again.text().contains("ne peut plus être montré") && !again.text().contains(&secret));
        let list = browser.get("/mots-de-passe?fait=note").await.text();
        assert_eq!(
            list.matches("Poste &#60;du&#62; cabinet").count(),
            2,
            "one device, its name and its button"
        );
        assert!(list.contains("Pas utilisé récemment") && list.contains("est en service"));

        let reference = browser.get("/mots-de-passe").await.all("name=\"appareil\" value=\"")[1].clone();
        let withdraw = [("appareil", reference.as_str())];
        let answer = browser.submit("/mots-de-passe", "/mots-de-passe/retirer", &withdraw).await;
        assert_eq!(answer.header("location"), "/mots-de-passe?fait=retire", "{}", answer.text());
        assert!(!house.opens(PAULS, &secret).await, "{}: at once, from memory too", house.engine);
        for _ in 0..2 {
            let answer = browser.submit("/mots-de-passe", "/mots-de-passe/retirer", &withdraw).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "sent twice, it is withdrawn all the same");
        }
        let long = "x".repeat(61);
        for (case, name) in
            [("empty", ""), ("blank", "  "), ("too long", long.as_str()), ("control", "a\u{7}b")]
        {
            let page = browser.get("/mots-de-passe").await;
            let (token, mark) = (page.token(), super::mark(&page));
            let fields = [("jeton", token.as_str()), ("envoi", &mark), ("appareil", name)];
            let answer = browser.post("/mots-de-passe", &fields).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
        }
        let page = browser.get("/mots-de-passe").await;
        let unmarked = browser.post("/mots-de-passe", &[("jeton", &page.token()), ("appareil", "x")]).await;
        assert_eq!(unmarked.status, StatusCode::FORBIDDEN, "no mark");
    }
}

#[tokio::test]
async fn nobody_reaches_what_is_somebody_elses() {
    for house in houses().await {
        let mut paul = Browser::of(&house, PAUL).await;
        let mut marie = Browser::of(&house, MARIE).await;
        let secret = new_password(&mut paul, "Tablette mauve").await;
        let mut second = Browser::of(&house, PAUL).await;
        let devices = paul.get("/mots-de-passe").await.all("name=\"appareil\" value=\"");
        let device = devices.iter().find(|value| value.len() > 20).unwrap().clone();
        let session = paul.get("/sessions").await.all("name=\"session\" value=\"").remove(0);
        let page = paul.get("/delegations").await;
        let delegation = page.all("name=\"delegation\" value=\"").remove(0);
        let mailbox = page.all("<option value=\"").remove(0);
        for (page, path, fields) in [
            ("/mots-de-passe", "/mots-de-passe/retirer", vec![("appareil", device.as_str())]),
            ("/sessions", "/sessions/fin", vec![("session", &session)]),
            ("/delegations", "/delegations/fin", vec![("delegation", &delegation)]),
            (
                "/delegations",
                "/delegations",
                vec![("boite", &mailbox), ("personne", MARIE), ("droits", "write")],
            ),
        ] {
            let answer = marie.submit(page, path, &fields).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}: {path}", house.engine);
            let absent: Vec<(&str, &str)> = fields.iter().map(|(name, _)| (*name, "AAAA")).collect();
            let absent = marie.submit(page, path, &absent).await;
            assert_eq!(answer.body, absent.body, "{path}: not yours and not there look the same");
        }
        assert!(house.opens(PAULS, &secret).await, "{}", house.engine);
        assert_eq!(second.get("/").await.status, StatusCode::OK, "{}", house.engine);
        let text = marie.get("/delegations").await.text();
        assert!(!text.contains(PAULS) && paul.get("/delegations").await.text().contains("Mme Anne Dubreuil"));
        for path in ["/", "/mots-de-passe", "/delegations", "/journal", "/sessions"] {
            let text = marie.get(path).await.text();
            assert!(!text.contains("Ferrand") && !text.contains("mauve"), "{path}: {text}");
        }
    }
}

#[tokio::test]
async fn a_delegation_is_given_shown_to_both_and_ended() {
    for house in houses().await {
        let mut paul = Browser::of(&house, PAUL).await;
        let mut anne = Browser::of(&house, ANNE).await;
        let secret = new_password(&mut anne, "Poste").await;
        assert!(house.opens(PAULS, &secret).await, "by the seed's delegation");
        let given = paul.get("/delegations").await.all("name=\"delegation\" value=\"").remove(0);
        paul.submit("/delegations", "/delegations/fin", &[("delegation", &given)]).await;
        assert!(!house.opens(PAULS, &secret).await, "{}: at once", house.engine);

        let page = paul.get("/delegations").await;
        let options = page.all("<option value=\"");
        let own = options
            .iter()
            .find(|option| page.text().contains(&format!("<option value=\"{option}\">{PAULS}")));
        let own = own.unwrap().as_str();
        for (case, fields, words) in [
            ("nobody", [("personne", ""), ("droits", "read"), ("fin", "")], "Indiquez le numéro RPPS"),
            (
                "elsewhere",
                [("personne", MARIE), ("droits", "read"), ("fin", "")],
                "Personne dans la structure",
            ),
            (
                "unknown",
                [("personne", "10099999999"), ("droits", "read"), ("fin", "")],
                "Personne dans la structure",
            ),
            ("a bad day", [("personne", ANNE), ("droits", "read"), ("fin", "demain")], "31/12/2026"),
            (
                "the past",
                [("personne", ANNE), ("droits", "read"), ("fin", "21/11/2026")],
                "aujourd’hui ou plus tard",
            ),
            ("managing", [("personne", ANNE), ("droits", "manage"), ("fin", "")], "Choisissez lire"),
            ("oneself", [("personne", PAUL), ("droits", "read"), ("fin", "")], "titulaire"),
        ] {
            let mut all = vec![("boite", own)];
            all.extend(fields);
            let answer = paul.submit("/delegations", "/delegations", &all).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
            assert!(answer.text().contains(words), "{case}: {}", answer.text());
        }
        let fields = [("boite", own), ("personne", ANNE), ("droits", "write"), ("fin", "31/12/2026")];
        let answer = paul.submit("/delegations", "/delegations", &fields).await;
        assert!(
            answer.text().contains("La délégation à Mme Anne Dubreuil est en place"),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("jusqu’au 31 décembre 2026 inclus"), "{}", answer.text());
        let received = anne.get("/delegations").await.text();
        assert!(received.contains("Pour Dr Paul Ferrand") && received.contains(PAULS), "{received}");
        assert!(house.opens(PAULS, &secret).await, "{}", house.engine);

        let journal = paul.get("/journal").await.text();
        for words in
            ["Délégation donnée", "Délégation terminée", "personne déléguée\u{a0}: Mme Anne Dubreuil", PAULS]
        {
            assert!(journal.contains(words), "{}: {words}: {journal}", house.engine);
        }
        let journal = anne.get("/journal").await.text();
        assert!(journal.contains("Le Dr Paul Ferrand") && journal.contains("Délégation donnée"), "{journal}");

        let given = anne.get("/delegations").await.all("name=\"delegation\" value=\"").remove(0);
        let answer = anne.submit("/delegations", "/delegations/fin", &[("delegation", &given)]).await;
        assert_eq!(answer.header("location"), "/delegations?fait=fin");
        assert!(!house.opens(PAULS, &secret).await, "{}: she renounced", house.engine);
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    for house in houses().await {
        let mut here = Browser::of(&house, PAUL).await;
        let mut phone = Browser::of(&house, PAUL).await;
        let mut desk = Browser::of(&house, PAUL).await;
        let page = here.get("/sessions").await;
        assert_eq!(page.text().matches("Un autre navigateur").count(), 2, "{}", page.text());
        let one = page.all("name=\"session\" value=\"").remove(0);
        here.submit("/sessions", "/sessions/fin", &[("session", &one)]).await;
        let out = [phone.get("/").await, desk.get("/").await];
        let ended = out.iter().filter(|shown| shown.header("location") == "/connexion").count();
        assert_eq!(ended, 1, "{}", house.engine);
        here.submit("/sessions", "/sessions/fin-des-autres", &[]).await;
        for other in [&mut phone, &mut desk] {
            assert_eq!(other.get("/").await.header("location"), "/connexion", "{}", house.engine);
        }
        assert_eq!(here.get("/sessions?fait=autres").await.status, StatusCode::OK);

        let answer = here.submit("/", "/deconnexion", &[]).await;
        assert_eq!(answer.header("location"), "/au-revoir");
        assert_eq!(answer.header("clear-site-data"), "\"cache\", \"cookies\", \"storage\"");
        assert!(here.cookies.is_empty() && is_page(&here.get("/au-revoir").await, "Vous êtes déconnecté"));

        let mut idle = Browser::of(&house, PAUL).await;
        house.wait(29 * MINUTE);
        assert_eq!(idle.get("/").await.status, StatusCode::OK);
        house.wait(31 * MINUTE);
        assert_eq!(idle.get("/").await.header("location"), "/connexion", "{}: idle", house.engine);
        house.wait(HOUR);
    }
}

#[tokio::test]
async fn the_journal_tells_who_came_in_and_who_could_not() {
    for house in houses().await {
        house.enrol(PAUL).await;
        let mut thief = Browser::new(&house);
        let fields = [("identifiant", PAUL), ("mot_de_passe", "faux")];
        thief.submit("/connexion", "/connexion", &fields).await;
        let mut paul = Browser::of(&house, PAUL).await;
        new_password(&mut paul, "Poste").await;
        let text = paul.get("/journal").await.text();
        for words in [
            "Connexion refusée",
            "Une personne qui a saisi cet identifiant",
            "Connexion</strong>, dans l’espace professionnel",
            "Invitation à choisir un mot de passe",
            "Un administrateur du service",
            "Mot de passe choisi",
            "Mot de passe d’application créé",
            "<p>Vous</p>",
        ] {
            assert!(text.contains(words), "{}: {words}: {text}", house.engine);
        }
    }
}
