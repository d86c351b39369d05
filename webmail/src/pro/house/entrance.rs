//! The three ways in.

use names::{MINUTE, SECOND};

use super::issuer::{Issuer, field};
use super::*;

async fn first_step(browser: &mut Browser<'_>, login: &str, password: &str) -> Shown {
    let fields = [("identifiant", login), ("mot_de_passe", password)];
    browser.submit("/connexion", "/connexion", &fields).await
}

async fn with_code(browser: &mut Browser<'_>, address: &str, code: &str) -> Shown {
    let page = browser.get(address).await;
    let action = page.all("<form method=\"post\" action=\"").remove(0);
    browser.post(&action, &[("jeton", &page.token()), ("code", code)]).await
}

#[tokio::test]
async fn an_invitation_then_a_password_and_a_code() {
    for house in houses().await {
        let mut browser = Browser::new(&house);
        let code = house.invite(PAUL).await;
        let fields = |code, first, second| {
            [("identifiant", PAUL), ("code", code), ("nouveau", first), ("encore", second)]
        };
        for (case, fields, words) in [
            ("two passwords", fields(&code, PASSWORD, "Autre-Chose-12"), "ne sont pas les mêmes"),
            ("too short", fields(&code, "Court-1", "Court-1"), "trop court"),
            ("one's own name", fields(&code, "Ferrand-2031", "Ferrand-2031"), "votre nom"),
            (
                "a wrong code",
                fields("aaaaaaaaaaaa", PASSWORD, PASSWORD),
                "code d’invitation n’est pas le bon",
            ),
        ] {
            let answer = browser.submit("/invitation", "/invitation", &fields).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
            assert!(answer.text().contains(words), "{case}: {}", answer.text());
            assert!(!answer.text().contains(PASSWORD), "{case}: a password never comes back");
        }
        let fields = fields(&code, PASSWORD, PASSWORD);
        let chosen = browser.submit("/invitation", "/invitation", &fields).await;
        assert_eq!(chosen.header("location"), "/connexion?fait=choisi", "{}", chosen.text());
        assert!(
            browser.get("/connexion?fait=choisi").await.text().contains("Votre mot de passe est enregistré")
        );
        let again = browser.submit("/invitation", "/invitation", &fields).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: it serves once", house.engine);

        let step = first_step(&mut browser, PAULS, PASSWORD).await;
        assert_eq!(step.status, StatusCode::SEE_OTHER, "{}", step.text());
        let page = browser.get(step.header("location")).await;
        assert!(page.text().contains("1•••@•••.example"), "{}", page.text());
        let sent = house.codes.lock().unwrap().pop().unwrap();
        assert_eq!(sent.destination, "10099000027@courriel.example");
        let before = browser.cookie("__Host-pli-pro-connexion");
        let wrong = with_code(&mut browser, step.header("location"), "00 00").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let right = with_code(&mut browser, step.header("location"), &sent.code).await;
        assert_eq!(right.header("location"), "/", "{}: {}", house.engine, right.text());
        assert!(before.is_some() && browser.cookie("__Host-pli-pro-connexion").is_none(), "a new token");
        let home = browser.get("/").await;
        assert!(is_page(&home, "Mes boîtes aux lettres"), "{}", home.text());
        assert!(home.text().contains("<strong>Dr Paul Ferrand</strong>"), "who acts is shown");
        assert_eq!(browser.get("/connexion").await.header("location"), "/");
    }
}

#[tokio::test]
async fn wrong_and_unknown_get_the_same_answers() {
    for house in houses().await {
        house.enrol(PAUL).await;
        let mut words = Vec::new();
        for (login, password) in [(PAUL, "Deux-Canoes-32"), ("10099999999", PASSWORD), (MARIE, PASSWORD)] {
            let mut browser = Browser::new(&house);
            let step = first_step(&mut browser, login, password).await;
            assert_eq!(step.status, StatusCode::SEE_OTHER, "{login}");
            let second = with_code(&mut browser, step.header("location"), "123456").await;
            assert_eq!(second.status, StatusCode::UNPROCESSABLE_ENTITY, "{login}");
            let text = second.text();
            let alert = text.split("role=\"alert\"").nth(1).unwrap();
            words.push(alert.split("</div>").next().unwrap().to_owned());
        }
        assert!(words.iter().all(|one| *one == words[0]), "{}: {words:?}", house.engine);
        assert!(house.codes.lock().unwrap().is_empty(), "{}: no code leaves", house.engine);
        // The limiter of all doors answers in the end.
        let mut browser = Browser::new(&house);
        let mut last = StatusCode::OK;
        for _ in 0..8 {
            last = first_step(&mut browser, PAUL, "Deux-Canoes-32").await.status;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "{}", house.engine);
    }
}

#[tokio::test]
async fn of_twenty_answers_with_one_code_one_signs_in() {
    for house in houses().await {
        house.enrol(PAUL).await;
        let mut browser = Browser::new(&house);
        let step = first_step(&mut browser, PAUL, PASSWORD).await;
        let page = browser.get(step.header("location")).await;
        let action = page.all("<form method=\"post\" action=\"").remove(0);
        let code = house.codes.lock().unwrap().pop().unwrap().code;
        let fields = [("jeton".to_owned(), page.token()), ("code".to_owned(), code)];
        let cookies = browser.cookies.clone();
        let tries = (0..20).map(|_| {
            let (action, cookies, fields) = (action.clone(), cookies.clone(), fields.clone());
            let house = &house;
            async move {
                let mut browser = Browser { cookies, ..Browser::new(house) };
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                browser.post(&action, &fields).await.header("location") == "/"
            }
        });
        let won = futures_util::future::join_all(tries).await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn a_certificate_signs_in_the_person_it_names_and_nobody_else() {
    for house in houses().await {
        for (case, subject, words) in [
            ("none", None, "pas présenté de certificat"),
            (
                "an organisation",
                Some("CN=mx.operateur.example,OU=318310021300028"),
                "pas présenté de certificat",
            ),
            ("a stranger", Some("CN=810099999999,C=FR"), "Aucune boîte aux lettres"),
        ] {
            let mut browser = Browser::new(&house);
            browser.certificate = subject.map(certificate);
            let answer = browser.submit("/connexion", "/connexion/certificat", &[]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
            assert!(answer.text().contains(words), "{case}: {}", answer.text());
            assert!(browser.cookie("__Host-pli-pro").is_none(), "{case}");
        }
        let mut browser = Browser::of(&house, ANNE).await;
        assert!(browser.get("/").await.text().contains("Mme Anne Dubreuil"), "{}", house.engine);
    }
}

#[tokio::test]
async fn the_identity_provider_signs_in_once_and_only_where_it_was_begun() {
    let issuer = Issuer::start().await;
    for house in houses_with(Some(issuer.flow())).await {
        let mut browser = Browser::new(&house);
        assert!(browser.get("/connexion").await.text().contains("Se connecter avec Pro Santé Connect"));
        let led = browser.get("/connexion/fournisseur?suite=mots-de-passe").await;
        let url = led.header("location").to_owned();
        assert!(url.contains("/auth?response_type=code"), "{}: {url}", led.text());
        let begun = browser.cookies.clone();
        issuer.grant("810099000027", &field(&url, "nonce"));
        let back = format!("/connexion/retour?code=c&state={}", field(&url, "state"));

        // Another browser, another state, nothing begun: nobody comes in.
        let mut other = Browser::new(&house);
        assert_eq!(other.get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", house.engine);
        let mut stranger = Browser::new(&house);
        stranger.get("/connexion/fournisseur").await;
        assert_eq!(stranger.get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(stranger.cookie("__Host-pli-pro").is_none());

        let answer = browser.get(&back).await;
        assert_eq!(answer.header("location"), "/mots-de-passe", "{}", answer.text());
        assert!(browser.get("/").await.text().contains("Dr Paul Ferrand"), "{}", house.engine);
        assert!(browser.cookie("__Host-pli-pro-fournisseur").is_none());
        // The same answer brought back again, with the cookie as it was.
        let mut again = Browser { cookies: begun, ..Browser::new(&house) };
        assert_eq!(again.get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", house.engine);

        // Somebody without a mailbox here.
        let mut nobody = Browser::new(&house);
        let url = nobody.get("/connexion/fournisseur").await.header("location").to_owned();
        issuer.grant("810099999999", &field(&url, "nonce"));
        let answer = nobody.get(&format!("/connexion/retour?code=c&state={}", field(&url, "state"))).await;
        assert!(answer.text().contains("Aucune boîte aux lettres"), "{}", answer.text());
        let refused = nobody.get("/connexion/retour?error=access_denied").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for house in houses().await {
        let mut browser = Browser::new(&house);
        for path in ["/connexion/fournisseur", "/connexion/retour?code=c&state=s"] {
            assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "no provider: {path}");
        }
    }
}

#[tokio::test]
async fn what_outlives_a_session_asks_for_a_recent_proof_and_the_session_is_new_after_it() {
    for house in houses().await {
        let mut browser = Browser::of(&house, PAUL).await;
        let page = browser.get("/mots-de-passe").await;
        let (token, first_mark) = (page.token(), mark(&page));
        let first = browser.cookie("__Host-pli-pro");
        house.wait(11 * MINUTE);
        let page = browser.get("/mots-de-passe").await;
        assert!(page.text().contains("Confirmer que c’est moi") && !page.text().contains("name=\"envoi\""));
        assert!(browser.get("/delegations").await.text().contains("Confirmer que c’est moi"));
        // A form kept open since before does nothing either.
        let fields = [("jeton", token.as_str()), ("envoi", &first_mark), ("appareil", "Poste")];
        let late = browser.post("/mots-de-passe", &fields).await;
        assert_eq!(late.header("location"), "/connexion?suite=mots-de-passe", "{}", house.engine);
        let late = browser.post("/delegations", &[("jeton", &token), ("personne", ANNE)]).await;
        assert_eq!(late.header("location"), "/connexion?suite=delegations", "{}", house.engine);

        browser.certificate = Some(certificate("CN=810099000027"));
        let page = browser.get("/connexion?suite=mots-de-passe").await;
        assert!(page.text().contains("Confirmez que c’est bien vous"), "{}", page.text());
        let path = "/connexion/certificat?suite=mots-de-passe";
        let answer = browser.post(path, &[("jeton", &page.token())]).await;
        assert_eq!(answer.header("location"), "/mots-de-passe", "{}", answer.text());
        assert!(browser.get("/mots-de-passe").await.text().contains("name=\"envoi\""), "{}", house.engine);
        let mut old =
            Browser { cookies: vec![("__Host-pli-pro".to_owned(), first.unwrap())], ..Browser::new(&house) };
        assert_eq!(old.get("/").await.header("location"), "/connexion", "the session before it has ended");
        // No address leads elsewhere.
        browser.certificate = Some(certificate("CN=810099000027"));
        let answer = browser
            .submit("/connexion?suite=delegations", "/connexion/certificat?suite=//evil.example", &[])
            .await;
        assert_eq!(answer.header("location"), "/", "{}", answer.text());
        house.wait(SECOND);
    }
}
