//! Everyday tasks of support agents, auditors and administrators of the house, in a real browser: each in at
//! most five pages after the sign-in, each role within its bounds.

use crate::pages::{Critic, pictures};
use crate::people::{DESK, MARIE};
use kit::{Browser, Engine, House, Letter, Outside, Telephone, Tool};
use std::path::Path;

/// Announced ten days ago.
const KARIM: &str = "190019900060637";
const KARIM_ADDRESS: &str = "190019900060637@patient.mssante.example";
const CLAIRE: &str = "285059900010125";
const TEAM: &str = "cardiologie@hopital-saint-roch.mssante.example";
const PASSWORD: &str = "Sept-Marees-58";

/// Makes an administrator and signs them in by the pages: invitation, password, telephone.
fn comes_in(browser: &mut Browser, house: &House, login: &str, given: &[&str]) {
    let add = ["administrator", "add", login, "--name", "Dominique Le Goff"];
    let told = house.pli("admin", &[&add[..], given].concat()).ok().text();
    let code = told.lines().find_map(|line| line.strip_prefix("code")).expect("a line with the code");
    browser.window(DESK);
    browser.open(&format!("{}/invitation", house.console()));
    browser.fill("Identifiant", login);
    browser.fill("Code d’invitation", code.trim());
    browser.fill("Nouveau mot de passe", PASSWORD);
    browser.fill("Le même mot de passe", PASSWORD);
    browser.press("Continuer");
    let text = browser.text();
    // In one word or in groups, as the page likes.
    let plain = |line: &str| line.replace(char::is_whitespace, "");
    let spelt = |line: &String| {
        line.len() == 32 && line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let secret = text.lines().map(plain).find(spelt).expect("the page spells the secret");
    browser.fill("Code à 6 chiffres", &Telephone::taught(&secret).code());
    browser.press("Terminer");
    browser.follow("J’ai noté mes codes");
    assert!(browser.text().contains("Dominique Le Goff"), "{}", browser.text());
}

/// A letter of Marie's that is refused; the reference in the reply.
fn refused(house: &House, to: &str) -> (String, String) {
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let letter = Letter::new(MARIE.address, to, "Vos résultats", "Bonjour.").octets();
    let answer = client.send(MARIE.address, &[to], &letter).unwrap();
    assert_eq!(answer.code, 550, "{}", answer.text);
    (answer.reference().expect("a refusal has its number"), answer.text)
}

#[test]
fn a_refused_letter_is_explained_in_three_pages_and_only_to_those_concerned() {
    let house = House::open(Engine::Sqlite);
    let (reference, reply) = refused(&house, KARIM_ADDRESS);
    assert!(reply.contains("patient.announced"), "{reply}");
    let mut browser = Browser::start(DESK);
    comes_in(&mut browser, &house, "support", &["--role", "support"]);
    browser.follow("Messages refusés");
    browser.fill("Numéro du message", &reference);
    browser.select("Motif de la consultation", "L’expéditeur demande");
    browser.press("Expliquer");
    let told = browser.text();
    for words in ["Refusé", "patient.announced", MARIE.address, "…0637@patient.mssante.example"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    for secret in [KARIM, "Vos résultats", "Bonjour"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    let history = house.pli("admin", &["trail", "show", "--mailbox", MARIE.address]).ok().text();
    assert!(history.contains("reason=sender-asks") && history.contains("administrator:"), "{history}");

    // An administrator of another organisation learns nothing; the one of hers does.
    let ask = |browser: &mut Browser| {
        browser.follow("Messages refusés");
        browser.fill("Numéro du message", &reference);
        browser.select("Motif de la consultation", "Incident en cours");
        browser.press("Expliquer");
        browser.text()
    };
    for (login, organisation, knows) in [("hopital", "990000010", false), ("lilas", "990000028", true)] {
        comes_in(&mut browser, &house, login, &["--role", "directory", "--organisation", organisation]);
        let told = ask(&mut browser);
        assert_eq!(told.contains("patient.announced"), knows, "{login}: {told}");
        assert_eq!(told.contains("Rien n’est connu"), !knows, "{login}: {told}");
        assert!(!told.contains("0637"), "{login}: {told}");
    }
}

#[test]
fn an_opposition_by_telephone_takes_five_pages_and_letters_are_refused_for_another_reason() {
    let house = House::open(Engine::Sqlite);
    let mut browser = Browser::start(DESK);
    comes_in(&mut browser, &house, "support", &["--role", "support"]);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };
    browser.follow("Patients");
    critic.look(&mut browser, "desk-patients");
    browser.fill("INS (15 caractères)", "190019900060638");
    browser.press("Trouver par l’INS");
    critic.look(&mut browser, "desk-patient-wrong");
    browser.fill("INS (15 caractères)", "1 90 01 99 000 606 37");
    browser.press("Trouver par l’INS");
    let sheet = browser.text();
    assert!(sheet.contains("Karim Haddad") && sheet.contains("annoncé"), "{sheet}");
    assert!(!sheet.contains(KARIM) && !browser.address().contains(KARIM), "the INS is shown");
    critic.look(&mut browser, "desk-patient");
    browser.follow("Enregistrer une opposition");
    critic.look(&mut browser, "desk-opposition");
    browser.select("Motif", "La personne appelle, identité vérifiée");
    browser.fill("Numéro du dossier de support", "Karim Haddad");
    browser.press("Enregistrer une opposition");
    assert!(browser.text().contains("Jamais un nom"), "{}", browser.text());
    critic.look(&mut browser, "desk-opposition-wrong");
    browser.select("Motif", "La personne appelle, identité vérifiée");
    browser.fill("Numéro du dossier de support", "SUP-2026-4711");
    browser.press("Enregistrer une opposition");
    let done = browser.text();
    assert!(
        done.contains("L’opposition est enregistrée") && done.contains("refusé par la personne"),
        "{done}"
    );
    critic.look(&mut browser, "desk-opposed");
    let (_, reply) = refused(&house, KARIM_ADDRESS);
    assert!(reply.contains("patient.opposed"), "{reply}");
    // The same by command, by INS on standard input, and the line of both.
    let shown = Tool::new(Outside::program("pli"))
        .args(["admin", "--config"])
        .arg(house.path("pli.toml"))
        .args(["patient", "show"])
        .input(format!("{KARIM}\n"))
        .run()
        .ok()
        .text();
    assert!(shown.contains("state      opposed"), "{shown}");
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));
}

/// What a spreadsheet makes of a table: Python reads it by the same rules, and looks for formulas.
fn read_as_a_spreadsheet(path: &Path) -> String {
    const READER: &str = "import csv, sys\n\
        rows = list(csv.reader(open(sys.argv[1], encoding='utf-8-sig', newline=''), delimiter=';', strict=True))\n\
        assert rows and len({len(row) for row in rows}) == 1, 'rows of unequal width'\n\
        assert not any(cell[:1] in '=+-@\\t\\r|' for row in rows for cell in row if cell), 'a formula'\n\
        print('\\n'.join('|'.join(row) for row in rows))\n";
    Tool::new("python3").args(["-c", READER]).arg(path).run().ok().text()
}

#[test]
fn the_figures_of_a_month_are_shown_and_taken_away_and_the_command_says_the_same() {
    let house = House::open(Engine::Sqlite);
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    for (to, subject) in [(TEAM, "Avis"), (TEAM, "Suite"), (KARIM_ADDRESS, "Refusé")] {
        let letter = Letter::new(MARIE.address, to, subject, "Bonjour.").octets();
        let _ = client.send(MARIE.address, &[to], &letter).unwrap();
    }
    let mut browser = Browser::start(DESK);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };
    comes_in(&mut browser, &house, "chef", &["--role", "directory"]);
    browser.follow("Statistiques");
    let text = browser.text();
    for words in ["Messages par jour", "Par boîte", MARIE.address, "Par domaine"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    critic.look(&mut browser, "desk-statistics");
    let path = house.path("boites.csv");
    let name = browser.download("Une ligne par boîte", &path);
    assert!(name.starts_with("pli-boites-2") && name.ends_with(".csv"), "{name}");
    let table = read_as_a_spreadsheet(&path);
    let line = table.lines().find(|line| line.contains(MARIE.address)).expect("her line");
    assert!(line.ends_with("|2|0|0|0|1|0|1"), "sent two, refused one, connected once: {line}");
    let said = house.pli("admin", &["statistics", "--csv"]).ok().text();
    let path = house.path("said.csv");
    std::fs::write(&path, said).unwrap();
    assert_eq!(read_as_a_spreadsheet(&path), table, "the command and the page differ");
    browser.open(&format!("{}/statistiques?boite={}", house.console(), MARIE.address));
    critic.look(&mut browser, "desk-statistics-of-one");
    browser.open(&format!("{}/statistiques?boite={}", house.console(), KARIM_ADDRESS));
    assert!(browser.text().contains("Aucune boîte que vous administrez"), "{}", browser.text());
    browser.follow("File d’attente");
    critic.look(&mut browser, "desk-queue");
    browser.follow("Confiance");
    browser.fill("Domaine", "clinique-voisine.mssante.example");
    browser.press("Montrer");
    critic.look(&mut browser, "desk-trust");
    browser.follow("Réglages");
    assert!(browser.text().contains("SA33"), "{}", browser.text());
    critic.look(&mut browser, "desk-settings");
    browser.follow("Messages refusés");
    browser.fill("Numéro du message", "0000000000000");
    browser.select("Motif de la consultation", "Vérification");
    browser.press("Expliquer");
    critic.look(&mut browser, "desk-letters-unknown");
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));
}

#[test]
fn an_auditor_reads_and_proves_and_changes_nothing_and_others_reach_no_patient() {
    let house = House::open(Engine::Sqlite);
    let mut browser = Browser::start(DESK);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };
    comes_in(&mut browser, &house, "audit", &["--role", "auditor"]);
    browser.follow("Journal");
    critic.look(&mut browser, "desk-trail-choose");
    browser.select("Quel journal", "Un patient (INS)");
    browser.fill("Adresse, numéro RPPS ou INS", CLAIRE);
    browser.press("Ouvrir");
    assert!(!browser.address().contains(CLAIRE) && !browser.text().contains(CLAIRE), "the INS is shown");
    browser.follow("Journal");
    browser.press("Ouvrir");
    assert!(browser.text().contains("Journal du service"), "{}", browser.text());
    browser.press("Vérifier tous les journaux");
    assert!(browser.text().contains("aucune n’a été changée"), "{}", browser.text());
    critic.look(&mut browser, "desk-trail");
    let export = browser.address();
    browser.fill("Du", "31/11/2026");
    browser.fill("Au (compris)", "30/11/2026");
    browser.press("Exporter");
    assert!(browser.text().contains("Indiquez deux dates"), "{}: {}", export, browser.text());
    critic.look(&mut browser, "desk-trail-wrong-dates");

    // What her pages do not offer is refused when it is sent all the same.
    browser.open(&format!("{}/file", house.console()));
    assert!(!browser.text().contains("Abandonner"), "{}", browser.text());
    let page = browser.open(&format!("{}/lettres", house.console()));
    assert_eq!(page["status"], 200, "{page}");
    let cookies: Vec<String> = browser
        .cookies()
        .iter()
        .map(|cookie| format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap()))
        .collect();
    let curl = |path: &str, arguments: &[&str]| {
        Tool::new("curl")
            // The throwaway certificate names other hosts; what is said is looked at here, not to whom.
            .args(["--silent", "--show-error", "--include", "--insecure"])
            .args(["--header", &format!("Cookie: {}", cookies.join("; "))])
            .args(arguments)
            .arg(format!("{}{path}", house.console()))
            .run()
            .ok()
            .text()
    };
    let form = curl("/lettres", &[]);
    let token = form.split("name=\"jeton\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let sent = format!("jeton={token}&quoi=all&geste=retenir");
    let refused = curl("/file", &["--data", &sent]);
    assert!(
        refused.starts_with("HTTP/1.1 403") && refused.contains("Vous pouvez regarder, pas agir"),
        "{refused}"
    );
    for path in ["/patients", "/boites/nouvelle"] {
        assert!(curl(path, &[]).starts_with("HTTP/1.1 404"), "{path}");
    }
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));

    for (login, given) in [
        ("chef", &["--role", "directory"][..]),
        ("lilas", &["--role", "directory", "--organisation", "990000028"]),
    ] {
        comes_in(&mut browser, &house, login, given);
        assert!(!browser.has_link("Patients"), "{login}");
        for path in ["/patients", "/patients/x", "/journal", "/patients/x/close"] {
            let page = browser.open(&format!("{}{path}", house.console()));
            assert_eq!(page["status"], 404, "{login}: {path}");
        }
    }
    comes_in(&mut browser, &house, "support", &["--role", "support"]);
    for path in ["/journal", "/file", "/confiance", "/reglages", "/statistiques", "/boites/nouvelle"] {
        let page = browser.open(&format!("{}{path}", house.console()));
        assert_eq!(page["status"], 404, "support: {path}");
    }
}
