//! The life of a profile from its announcement to its erasure, the clock moved by weeks and years between: two
//! people are announced, one opposes and changes their mind, the other lets six weeks pass, opens the space in
//! Chromium, reads what had come before, and has everything deleted.

use crate::pages::{Critic, pictures};
use crate::people::{DESK, MARIE};
use kit::{Browser, Canary, Engine, House, Letter, Plan, look_for};

/// Nobody else has these names: what is left of them is seen anywhere.
const CANARIES: [&str; 4] = ["Tournepouliche", "Grandcoquelicot", "Zéphirine", "zephirine@courriel.example"];
const RULES: &str = "[profiles]\ndeletion_days = 88\nsupport_phone = \"09 99 00 99 00\"\n\
    sender = \"Caisse de Valmont\"\nletters = \"courrier\"\n";

struct Person {
    ins: String,
    address: String,
}

fn person(matricule: &str) -> Person {
    // The key of DOMAIN §4.6.
    let number: u64 = matricule.parse().unwrap();
    let ins = format!("{matricule}{:02}", 97 - number % 97);
    Person { address: format!("{ins}@patient.mssante.example"), ins }
}

/// What the server says to a letter of Dr Lenoir: code and enhanced code, as `550 5.2.0`.
fn answer(house: &House, to: &Person, subject: &str) -> String {
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let letter = Letter::new(MARIE.address, &to.address, subject, "Bonjour, Grandcoquelicot est en fleur.");
    let said = client.send(MARIE.address, &[&to.address], &letter.octets()).unwrap();
    let enhanced =
        said.text.split_whitespace().find(|word| word.starts_with(['2', '4', '5']) && word.contains('.'));
    format!("{} {}", said.code, enhanced.unwrap_or_default())
}

fn identify(browser: &mut Browser, house: &House, who: &Person, born: &str, code: &str) {
    browser.open(&format!("{}/activation", house.pages()));
    browser.fill("Numéro de sécurité sociale", &who.ins);
    browser.fill("Date de naissance", born);
    browser.fill("Code reçu", code);
    browser.press("Continuer");
}

/// The code in the announcement that went to this address.
fn code_sent(house: &House, to: &str) -> String {
    let mail = house.sink.wait(0, "an announcement", |mail| {
        mail.to.iter().any(|known| known.contains(to)) && mail.readable().contains("/activation")
    });
    let text = mail.readable();
    assert!(!text.contains("Zéphirine") && !text.contains("Tournepouliche"), "it names nobody: {text}");
    let code = text.split("code : ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    code.trim().to_owned()
}

/// On the page that closes: everything is to be deleted.
fn close(browser: &mut Browser) {
    browser.tick("Les supprimer");
    browser.fill("Mon mot de passe", "Cerise-Bleue-29");
    browser.press("Fermer mon espace");
    assert!(browser.text().contains("Votre espace est fermé"), "{}", browser.text());
}

#[test]
fn a_profile_lives_from_its_announcement_to_its_erasure() {
    let plan = Plan { settings: RULES.to_owned(), ..Plan::demo(Engine::Sqlite) };
    let mut house = House::build(plan);
    let (anatole, zephirine) = (person("1470599000555"), person("2580799000444"));
    let table = house.path("nouveaux.csv");
    let rows = format!(
        "ins,birth_name,given_names,birth_date,sex,email\n\
         {},Grandcoquelicot,Anatole,1947-05-02,M,anatole@courriel.example\n\
         {},Tournepouliche,Zéphirine,1958-07-03,F,zephirine@courriel.example\n",
        anatole.ins, zephirine.ins
    );
    std::fs::write(&table, rows).unwrap();
    let said = house.pli("admin", &["patient", "announce", &table.to_string_lossy()]).ok();
    assert!(said.text().contains("2 people announced"), "{}", said.text());
    std::fs::remove_file(&table).unwrap();
    let (code_of_anatole, code) = (code_sent(&house, "anatole@"), code_sent(&house, "zephirine@"));
    let announced = answer(&house, &anatole, "Trop tôt");

    let mut browser = Browser::start(DESK);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };
    browser.open(&format!("{}/activation", house.pages()));
    critic.look(&mut browser, "activation");
    identify(&mut browser, &house, &anatole, "03/05/1947", &code_of_anatole);
    assert!(browser.text().contains("ne vont pas ensemble"), "{}", browser.text());
    critic.look(&mut browser, "activation-wrong");
    identify(&mut browser, &house, &anatole, "02/05/1947", &code_of_anatole);
    critic.look(&mut browser, "activation-choice");
    browser.press("Je m’oppose");
    critic.look(&mut browser, "opposed");
    let opposed = answer(&house, &anatole, "Opposé");
    identify(&mut browser, &house, &anatole, "02/05/1947", &code_of_anatole);
    critic.look(&mut browser, "opposed-choice");
    browser.press("Retirer l’opposition");
    assert_eq!(answer(&house, &anatole, "Changé d’avis"), "250 2.0.0");
    assert_eq!(announced, "550 5.2.0");
    assert!(opposed.starts_with("550 5.") && opposed != announced, "{opposed}");
    assert_eq!(answer(&house, &zephirine, "Pas encore"), announced);

    // Forty-three days later nobody had to be awake.
    house.stop("TERM");
    house.days_later(43);
    house.start();
    assert_eq!(answer(&house, &zephirine, "Votre bilan"), "250 2.0.0");

    browser.window(DESK);
    identify(&mut browser, &house, &zephirine, "03/07/1958", &code);
    browser.follow("Ouvrir mon espace");
    critic.look(&mut browser, "activation-login");
    browser.fill("Identifiant", "zephirine.58");
    browser.fill("Mot de passe", "Cerise-Bleue-29");
    browser.fill("Le même, une seconde fois", "Cerise-Bleue-29");
    browser.press("Continuer");
    critic.look(&mut browser, "activation-contact");
    let seen = house.sink.all().len();
    browser.fill("Adresse e-mail", "zephirine@courriel.example");
    browser.press("Recevoir un code");
    critic.look(&mut browser, "activation-codes");
    let digits = house.sink.wait(seen, "a code", |mail| mail.code().is_some()).code().unwrap();
    browser.fill("Code envoyé à", &digits);
    browser.press("Continuer");
    critic.look(&mut browser, "activation-agreement");
    browser.tick("J’accepte les conditions");
    browser.press("Ouvrir l’espace");
    assert!(browser.address().ends_with("/bienvenue"), "{}", browser.text());
    critic.look(&mut browser, "welcome");
    browser.follow("Voir mes messages");
    assert!(browser.text().contains("Votre bilan"), "what came before is there: {}", browser.text());
    browser.follow("Lenoir");
    let frames = browser.frames();
    assert!(frames.iter().any(|(_, text)| text.contains("Grandcoquelicot est en fleur")), "{frames:?}");

    browser.open(&format!("{}/espace/representants", house.pages()));
    critic.look(&mut browser, "representatives");
    browser.open(&format!("{}/espace/urgence", house.pages()));
    critic.look(&mut browser, "emergency");
    browser.tick("Le SAMU peut consulter");
    browser.press("Enregistrer");
    assert!(browser.text().contains("Votre réponse est enregistrée"), "{}", browser.text());
    critic.look(&mut browser, "emergency-saved");
    browser.open(&format!("{}/espace/fermer", house.pages()));
    critic.look(&mut browser, "closing");
    close(&mut browser);
    critic.look(&mut browser, "closed");
    let closed = answer(&house, &zephirine, "Fermé");
    assert!(closed.starts_with("550 5.") && closed != announced && closed != opposed, "{closed}");

    // She changes her mind: password and code open it again, by herself.
    let seen = house.sink.all().len();
    browser.open(&format!("{}/connexion", house.pages()));
    browser.fill("Mon identifiant", "zephirine.58");
    browser.fill("Mon mot de passe", "Cerise-Bleue-29");
    browser.press("Continuer");
    let digits = house.sink.wait(seen, "a code", |mail| mail.code().is_some()).code().unwrap();
    browser.fill("Code à 6 chiffres", &digits);
    browser.press("Me connecter");
    critic.look(&mut browser, "reopening");
    browser.press("Rouvrir mon espace");
    assert!(browser.address().ends_with("/messages"), "{}", browser.text());
    assert!(browser.text().contains("Votre bilan"), "nothing is lost: {}", browser.text());
    assert_eq!(answer(&house, &zephirine, "Rouvert"), "250 2.0.0");
    browser.open(&format!("{}/espace/fermer", house.pages()));
    close(&mut browser);

    // Ninety days later it is gone.
    house.stop("TERM");
    house.days_later(43 + 90);
    house.start();
    let log = || house.log();
    kit::until(kit::Limit(std::time::Duration::from_secs(60), "the erasure"), || {
        log().contains("a profile is erased").then_some(())
    });
    let gone = answer(&house, &zephirine, "Disparue");
    assert_eq!(gone, "550 5.1.1", "nobody has this address any more");
    assert_eq!(answer(&house, &anatole, "Toujours là"), "250 2.0.0");
    house.stop("TERM");
    house.pli("verify", &[]).ok();
    let mut canaries: Vec<Canary> = CANARIES.iter().map(|word| Canary::new(word)).collect();
    canaries.push(Canary::new(&zephirine.ins));
    canaries.push(Canary::new(&code.replace(' ', "")));
    let (files, seen) = look_for(&canaries, &house.path("data"));
    assert!(files > 3 && seen.is_empty(), "{files} files: {seen:?}");
    let log = house.log();
    for word in [zephirine.ins.as_str(), "Tournepouliche", &code, &code.replace(' ', ""), "zephirine@"] {
        assert!(!log.contains(word), "the log says {word}");
    }
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));
    println!("{} pages of a profile's life, two widths, no finding", critic.looked_at);
}
