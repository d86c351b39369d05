//! The professional space in a real browser: from an invitation to a letter, and back to nothing.

use crate::pages::{Critic, pictures};
use crate::people::{DESK, PAUL};
use kit::{Browser, Engine, House, Issuer, Letter, Scripts, Tool, Window};

const RPPS: &str = "10099000027";
const PASSWORD: &str = "Deux-Canoes-31";
const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";
const ANNE: &str = "10099000035";

/// An administrator invites; the code.
fn invite(house: &House, rpps: &str) -> String {
    let email = format!("{rpps}@courriel.example");
    let told = house.pli("admin", &["invite-professional", rpps, "--email", &email]).ok().text();
    let line = told.lines().find_map(|line| line.strip_prefix("code")).expect("a line with the code");
    line.trim().to_owned()
}

/// Identifier, password and the code that left the house.
fn sign_in(browser: &mut Browser, house: &House) {
    let seen = house.sink.all().len();
    browser.open(&format!("{}/connexion", house.space()));
    browser.fill("Numéro RPPS ou adresse de votre boîte", RPPS);
    browser.fill("Mot de passe de l’espace professionnel", PASSWORD);
    browser.press("Continuer");
    let code = house.sink.wait(seen, "a sign-in code", |caught| caught.code().is_some());
    browser.fill("Code à 6 chiffres", &code.code().expect("just seen"));
    browser.press("Me connecter");
    assert!(browser.text().contains("Mes boîtes aux lettres"), "{}", browser.text());
}

/// The first password, by the page.
fn choose_password(browser: &mut Browser, house: &House, code: &str) {
    browser.open(&format!("{}/invitation", house.space()));
    browser.fill("Numéro RPPS ou adresse de votre boîte", RPPS);
    browser.fill("Code d’invitation", code);
    browser.fill("Nouveau mot de passe", PASSWORD);
    browser.fill("Le même mot de passe", PASSWORD);
    browser.press("Enregistrer ce mot de passe");
    assert!(browser.text().contains("Votre mot de passe est enregistré"), "{}", browser.text());
}

/// The password of 128 bits that stands on the page.
fn shown(text: &str) -> String {
    let generated = |word: &&str| word.len() == 32 && word.matches('-').count() == 6;
    text.split_whitespace().find(generated).expect("an application password is shown").to_owned()
}

/// Whether a letter leaves with this password: signs in, writes, hears 250.
fn writes(house: &House, from: &str, secret: &str) -> bool {
    let Ok(mut client) = house.sender(from, secret) else { return false };
    let letter = Letter::new(from, PAUL.address, "Essai", "Bonjour.").octets();
    let answer = client.send(from, &[PAUL.address], &letter).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
    true
}

#[test]
fn from_an_invitation_to_an_application_password_that_writes_until_it_is_withdrawn() {
    let house = House::open(Engine::Sqlite);
    let mut browser = Browser::start(Window { width: 360, scripts: Scripts::Refused });
    choose_password(&mut browser, &house, &invite(&house, RPPS));
    sign_in(&mut browser, &house);
    browser.follow("Mots de passe");
    browser.fill("Nom de l’appareil", "Ordinateur du cabinet");
    browser.press("Créer le mot de passe");
    let secret = shown(&browser.text());
    assert!(writes(&house, PAUL.address, &secret) && writes(&house, TEAM, &secret));
    browser.follow("J’ai noté ce mot de passe");
    assert!(!browser.text().contains(&secret), "it is shown once");
    assert!(browser.text().contains("Utilisé aujourd’hui"), "{}", browser.text());

    // A session under way ends too: at its next command nothing goes.
    let mut open = house.sender(PAUL.address, &secret).unwrap();
    browser.press("Retirer le mot de passe de Ordinateur du cabinet");
    assert!(browser.text().contains("Ce mot de passe est retiré"), "{}", browser.text());
    let letter = Letter::new(PAUL.address, PAUL.address, "Encore", "…").octets();
    let answer = open.send(PAUL.address, &[PAUL.address], &letter);
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.code != 250), "the session goes on");
    assert!(house.sender(PAUL.address, &secret).is_err(), "the password still opens");

    let cookies = browser.cookies();
    assert!(!cookies.is_empty());
    for cookie in &cookies {
        assert_eq!(cookie["domain"].as_str(), Some("pro.localhost"), "{cookie}");
        assert!(cookie["name"].as_str().unwrap_or_default().starts_with("__Host-pli-pro"), "{cookie}");
    }
}

#[test]
fn axe_finds_nothing_wrong_with_any_page_of_the_professional_space() {
    let house = House::open(Engine::Sqlite);
    let at = |path: &str| format!("{}{path}", house.space());
    let mut browser = Browser::start(DESK);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };
    browser.open(&at("/connexion"));
    critic.look(&mut browser, "pro-sign-in");
    let code = invite(&house, RPPS);
    browser.open(&at("/invitation"));
    critic.look(&mut browser, "pro-invitation");
    choose_password(&mut browser, &house, &code);
    critic.look(&mut browser, "pro-sign-in-after-invitation");
    let seen = house.sink.all().len();
    browser.fill("Numéro RPPS ou adresse de votre boîte", RPPS);
    browser.fill("Mot de passe de l’espace professionnel", PASSWORD);
    browser.press("Continuer");
    critic.look(&mut browser, "pro-code");
    let code = house.sink.wait(seen, "a sign-in code", |caught| caught.code().is_some());
    browser.fill("Code à 6 chiffres", "12345");
    browser.press("Me connecter");
    critic.look(&mut browser, "pro-wrong-code");
    browser.fill("Code à 6 chiffres", &code.code().expect("just seen"));
    browser.press("Me connecter");
    critic.look(&mut browser, "pro-home");
    browser.open(&at("/mots-de-passe"));
    critic.look(&mut browser, "pro-passwords");
    browser.fill("Nom de l’appareil", "Téléphone de garde");
    browser.press("Créer le mot de passe");
    critic.look(&mut browser, "pro-new-password");
    assert!(writes(&house, PAUL.address, &shown(&browser.text())));
    browser.follow("J’ai noté ce mot de passe");
    critic.look(&mut browser, "pro-password-noted");
    browser.open(&at("/delegations"));
    critic.look(&mut browser, "pro-delegations");
    browser.fill("Numéro RPPS de la personne", "10099999999");
    browser.press("Donner la délégation");
    critic.look(&mut browser, "pro-delegation-refused");
    browser.select("Boîte", PAUL.address);
    browser.fill("Numéro RPPS de la personne", ANNE);
    browser.fill("Jusqu’au (facultatif)", "31/12/2099");
    browser.press("Donner la délégation");
    assert!(browser.text().contains("La délégation à Mme Anne Dubreuil est en place"), "{}", browser.text());
    critic.look(&mut browser, "pro-delegation-given");
    browser.open(&at("/journal"));
    assert!(browser.text().contains("Délégation donnée"), "{}", browser.text());
    critic.look(&mut browser, "pro-journal");
    browser.open(&at("/sessions"));
    critic.look(&mut browser, "pro-sessions");
    browser.open(&at("/connexion?suite=delegations"));
    critic.look(&mut browser, "pro-confirm");
    browser.open(&at("/nulle-part"));
    critic.look(&mut browser, "pro-not-found");
    browser.open(&at("/"));
    browser.press("Se déconnecter");
    critic.look(&mut browser, "pro-goodbye");
    assert!(critic.looked_at >= 16, "{} pages", critic.looked_at);
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));
    println!("{} pages, two widths, no finding", critic.looked_at);
}

#[test]
fn a_certificate_of_ones_own_opens_the_space_and_that_of_a_server_does_not() {
    let house = House::open(Engine::Sqlite);
    let jar = house.path("jar");
    let curl = |card: Option<&str>, arguments: &[&str]| {
        let mut curl = Tool::new("curl").args(["--silent", "--show-error", "--include", "--cacert"]);
        curl = curl.arg(house.path("tls/root.pem")).arg("--cookie").arg(&jar).arg("--cookie-jar").arg(&jar);
        if let Some(card) = card {
            curl = curl.arg("--cert").arg(house.card(card));
        }
        curl.args(arguments).run().ok().text()
    };
    let (page, form) =
        (format!("{}/connexion", house.space()), format!("{}/connexion/certificat", house.space()));
    for (case, card, want) in [
        ("none", None, "422"),
        ("a server's", Some("mx.operateur.example"), "422"),
        ("a stranger's", Some("810099999999"), "422"),
        ("one's own", Some("810099000027"), "303"),
    ] {
        let shown = curl(card, &[&page]);
        let token = shown.split("name=\"jeton\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = format!("jeton={}", token.expect("the form has its token"));
        let answer = curl(card, &["--data", &token, &form]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {want}")), "{case}: {answer}");
        assert_eq!(answer.contains("__Host-pli-pro="), want == "303", "{case}: {answer}");
    }
    let home = curl(None, &[&format!("{}/", house.space())]);
    assert!(home.contains("Dr Paul Ferrand"), "{home}");
}

#[test]
fn the_identity_provider_signs_in_whom_it_names_and_nobody_without_a_mailbox() {
    let mut house = House::open(Engine::Sqlite);
    let mut issuer = Issuer::start_for(Some(&format!("{}/connexion/retour", house.space())));
    // The pages' address is known only now: the server learns of the provider at its next start.
    house.stop("TERM");
    std::fs::write(house.path("secret"), "a secret of the stories").unwrap();
    let settings = std::fs::read_to_string(house.path("pli.toml")).unwrap();
    let name = issuer.name();
    let settings = settings.replacen("[pro]\n", &format!("[pro]\nprovider = \"{name}\"\n"), 1);
    let settings = format!(
        "{settings}\n[[oidc]]\nissuer = \"{name}\"\naudiences = [\"pli\"]\n\
         [oidc.client]\nid = \"pli\"\nsecret_file = \"secret\"\nscopes = [\"openid\", \"identity\"]\n"
    );
    std::fs::write(house.path("pli.toml"), settings).unwrap();
    house.start();

    let mut browser = Browser::start(DESK);
    issuer.becomes("899999999999");
    browser.open(&format!("{}/connexion", house.space()));
    browser.follow("Se connecter avec Pro Santé Connect");
    assert!(browser.text().contains("Aucune boîte aux lettres"), "{}", browser.text());
    browser.window(DESK);
    issuer.becomes("810099000027");
    browser.open(&format!("{}/connexion", house.space()));
    browser.follow("Se connecter avec Pro Santé Connect");
    assert!(browser.text().contains("Dr Paul Ferrand"), "{}", browser.text());
    assert_eq!(browser.address(), format!("{}/", house.space()));
    let sent = browser.cookies();
    assert!(sent.iter().any(|cookie| cookie["name"] == "__Host-pli-pro"), "{sent:?}");
}
