//! The patients' pages in a real browser: nothing wrong for axe-core at the width of a telephone and
//! of a desk, no script needed, nothing of a letter outside the second origin.

use crate::people::{DESK, JEAN, MARIE, sign_in};
use kit::{Browser, Engine, House, Letter, Scripts, Tool, Window, jpeg, pdf, setting};
use serde_json::Value;
use std::path::PathBuf;

const CLAIRE: &str = "285059900010125@patient.mssante.example";
const CHILD: &str = "119049900020288@patient.mssante.example";

fn write(house: &House, to: &str, letter: Letter) {
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let answer = client.send(MARIE.address, &[to], &letter.octets()).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
}

/// A letter that tries everything a letter must not do.
fn bold_letter(to: &str) -> Letter {
    Letter::new(MARIE.address, to, "Résultats de votre bilan".to_owned().as_str(), "Bonjour, voici votre bilan.")
        .html(
            "<html><body><h1>Votre bilan</h1><p>Bonjour, voici votre <b>bilan</b>.</p>\
             <img src=\"https://ailleurs.example/pixel.png\" alt=\"\"><script>document.title='volé'</script>\
             <p style=\"position:fixed;top:0\" onclick=\"alert(1)\"><a href=\"javascript:alert(1)\">ici</a></p>\
             <form action=\"https://ailleurs.example/\"><input name=\"code\"></form></body></html>",
        )
        .file("bilan.pdf", "application/pdf", pdf("Bilan"))
        .file("radio.jpg", "image/jpeg", jpeg("radio", 2_000))
        .file("consignes.txt", "text/plain; charset=utf-8", "À jeun.\r\n".into())
}

/// Where pictures of the pages go: `PLI_STORY_PICTURES`, or nowhere that stays.
pub fn pictures(house: &House) -> PathBuf {
    let folder = setting("PLI_STORY_PICTURES").map_or_else(|| house.path("pictures"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Looks at the page that is open, at both widths; what is wrong with it.
pub struct Critic {
    pub folder: PathBuf,
    pub wrong: Vec<String>,
    pub looked_at: usize,
}

impl Critic {
    pub fn look(&mut self, browser: &mut Browser, name: &str) {
        self.looked_at += 1;
        for width in [1280, 360] {
            browser.resize(width);
            let found = browser.axe();
            self.wrong.extend(found.into_iter().map(|found| format!("{name} at {width}: {found}")));
            let measured = browser.measure();
            let mut note = |what: String| self.wrong.push(format!("{name} at {width}: {what}"));
            if measured["page"].as_f64() > measured["window"].as_f64() {
                note(format!("wider than its window: {} for {}", measured["page"], measured["window"]));
            }
            for (key, what) in [
                ("targets", "smaller than 44 pixels"),
                ("texts", "text smaller than 18 pixels"),
                ("narrow", "a value in a column too narrow to read"),
            ] {
                for one in measured[key].as_array().into_iter().flatten() {
                    note(format!("{what}: {one}"));
                }
            }
            if measured["primary"].as_u64() > Some(1) {
                note(format!("{} primary actions", measured["primary"]));
            }
            if measured["scripts"].as_u64() != Some(0) {
                note(format!("{} scripts", measured["scripts"]));
            }
            browser.picture(&self.folder.join(format!("{name}-{width}.png")));
        }
        browser.resize(1280);
    }
}

#[test]
fn axe_finds_nothing_wrong_with_any_page_at_two_widths() {
    let house = House::open(Engine::Sqlite);
    write(&house, CLAIRE, bold_letter(CLAIRE));
    write(
        &house,
        CLAIRE,
        Letter::new(MARIE.address, CLAIRE, "Rendez-vous", "À lundi.").field("X-MSS-MES", "FIN"),
    );
    write(&house, CHILD, Letter::new(MARIE.address, CHILD, "Vaccins de Léo", "Bonjour."));
    let at = |path: &str| format!("{}{path}", house.pages());
    let mut browser = Browser::start(DESK);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };

    browser.open(&at("/connexion"));
    critic.look(&mut browser, "sign-in");
    browser.fill("Mon identifiant", "claire.moreau");
    browser.fill("Mon mot de passe", "Trois-Tulipes-29");
    browser.press("Continuer");
    critic.look(&mut browser, "code");
    let code = house.sink.wait(0, "a sign-in code", |caught| caught.code().is_some());
    browser.fill("Code à 6 chiffres", "12345");
    browser.press("Me connecter");
    critic.look(&mut browser, "wrong-code");
    browser.fill("Code à 6 chiffres", &code.code().expect("just seen"));
    browser.press("Me connecter");
    critic.look(&mut browser, "messages");
    for (number, link) in browser.links("Lenoir").into_iter().enumerate() {
        browser.open(&link);
        critic.look(&mut browser, &format!("conversation-{number}"));
    }
    to_conversation(&mut browser, &house, "Résultats de votre bilan");
    let frame = browser.frames().first().expect("the letter is framed").0.clone();
    browser.follow("Répondre");
    critic.look(&mut browser, "answer");
    browser.fill("Votre message", "   ");
    browser.press("Envoyer");
    critic.look(&mut browser, "answer-with-mistake");
    browser.open(&frame);
    critic.look(&mut browser, "letter");
    browser.open(&at("/messages/nouveau"));
    critic.look(&mut browser, "correspondents");
    browser.follow("Lenoir");
    critic.look(&mut browser, "new-message");
    browser.open(&at("/pharmacies"));
    critic.look(&mut browser, "pharmacies");
    browser.fill("Nom de la pharmacie", "lilas");
    browser.press("Chercher");
    critic.look(&mut browser, "pharmacies-found");
    browser.follow("Pharmacie des Lilas");
    critic.look(&mut browser, "to-a-pharmacy");
    browser.open(&at("/documents"));
    assert!(browser.has_link("Télécharger"), "documents are filed: {}", browser.text());
    critic.look(&mut browser, "documents");
    browser.open(&at("/historique"));
    critic.look(&mut browser, "history");
    browser.open(&at("/profils"));
    critic.look(&mut browser, "profiles");
    browser.press("Léo");
    critic.look(&mut browser, "child");
    assert!(browser.text().contains("Vaccins de Léo"), "{}", browser.text());
    browser.open(&at("/nulle-part"));
    critic.look(&mut browser, "not-found");
    browser.open(&at("/messages"));
    browser.press("Se déconnecter");
    critic.look(&mut browser, "goodbye");
    assert!(critic.looked_at >= 20, "{} pages", critic.looked_at);
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));
    println!("{} pages, two widths, no finding", critic.looked_at);
}

fn to_conversation(browser: &mut Browser, house: &House, subject: &str) {
    browser.open(&format!("{}/messages", house.pages()));
    for link in browser.links("Lenoir") {
        browser.open(&link);
        if browser.text().contains(subject) {
            return;
        }
    }
    panic!("no conversation about {subject}");
}

#[test]
fn without_javascript_a_patient_signs_in_reads_and_answers_with_a_photo() {
    let house = House::open(Engine::Sqlite);
    write(&house, JEAN.address, bold_letter(JEAN.address));
    let photo = house.path("photo.jpg");
    std::fs::write(&photo, jpeg("sans script", 1_000)).unwrap();
    let mut browser = Browser::start(Window { width: 360, scripts: Scripts::Refused });
    sign_in(&mut browser, &house, JEAN.login, JEAN.password);
    browser.follow("Lenoir");
    browser.follow("Répondre");
    browser.fill("Votre message", "Merci, sans script.");
    browser.choose("Pièces jointes", &[&photo]);
    browser.press("Envoyer");
    assert!(browser.text().contains("photo.jpg"), "{}", browser.text());
    let letters = house.reader(MARIE.address, MARIE.password).unwrap().letters().unwrap();
    assert_eq!(letters.len(), 1);
    assert!(String::from_utf8_lossy(&letters[0]).contains("Merci, sans script."));
}

#[test]
fn who_is_signed_out_while_writing_finds_the_words_again_and_sends_them() {
    let house = House::open(Engine::Sqlite);
    write(&house, JEAN.address, bold_letter(JEAN.address));
    let photo = house.path("photo.jpg");
    std::fs::write(&photo, jpeg("genou", 1_000)).unwrap();
    let mut browser = Browser::start(DESK);
    let mut critic = Critic { folder: pictures(&house), wrong: Vec::new(), looked_at: 0 };
    sign_in(&mut browser, &house, JEAN.login, JEAN.password);
    browser.follow("Lenoir");
    browser.follow("Répondre");
    browser.fill("Votre message", "J’ai pris mon temps,\ndocteur.");
    browser.choose("Pièces jointes", &[&photo]);
    browser.forget();
    browser.press("Envoyer");
    assert!(browser.text().contains("Votre texte est gardé sur cette page"), "{}", browser.text());
    critic.look(&mut browser, "answer-kept");
    browser.follow_beside("Me connecter");
    assert!(browser.address().ends_with("/connexion"), "{}", browser.address());
    // Two codes of one person are a minute apart: the session of before stands for signing in.
    browser.remember();
    browser.open(&format!("{}/messages", house.pages()));
    browser.back();
    browser.press("Envoyer");
    assert!(browser.text().contains("relisez-le"), "{}", browser.text());
    critic.look(&mut browser, "answer-again");
    browser.choose("Pièces jointes", &[&photo]);
    browser.press("Envoyer");
    assert!(browser.text().contains("photo.jpg"), "{}", browser.text());
    assert!(critic.wrong.is_empty(), "{} findings:\n{}", critic.wrong.len(), critic.wrong.join("\n"));
    let letters = house.reader(MARIE.address, MARIE.password).unwrap().letters().unwrap();
    assert_eq!(letters.len(), 1, "sent once");
    let letter = String::from_utf8_lossy(&letters[0]);
    assert!(letter.contains("pris mon temps") && letter.contains("photo.jpg"), "{letter}");
}

#[test]
fn what_a_letter_holds_stays_on_the_second_origin_without_cookies_and_calls_nobody() {
    let house = House::open(Engine::Sqlite);
    write(&house, JEAN.address, bold_letter(JEAN.address));
    let mut browser = Browser::start(DESK);
    sign_in(&mut browser, &house, JEAN.login, JEAN.password);
    browser.follow("Lenoir");
    let frames = browser.frames();
    let (address, text) = frames.first().expect("the letter is framed");
    assert!(address.starts_with(&format!("{}/lettre/", house.pieces())), "{address}");
    assert!(text.contains("voici votre bilan"), "{text}");
    assert!(
        !browser.text().contains("voici votre bilan"),
        "the letter's words stand on the application's page"
    );
    let kept = house.path("bilan.pdf");
    browser.download("Télécharger bilan.pdf", &kept);
    assert!(std::fs::read(&kept).unwrap() == pdf("Bilan"));
    let file =
        browser.requests().into_iter().filter_map(|request| request["address"].as_str().map(str::to_owned));
    let file = file
        .into_iter()
        .find(|address| address.ends_with("/bilan.pdf") && address.starts_with(&house.pieces()));
    a_file_is_only_kept(&house, &file.expect("the file came from the second origin"));

    let cookies = browser.cookies();
    assert!(!cookies.is_empty());
    for cookie in &cookies {
        let name = cookie["name"].as_str().unwrap_or_default();
        assert!(name.starts_with("__Host-"), "{cookie}");
        assert_eq!(
            (&cookie["secure"], &cookie["httpOnly"]),
            (&Value::Bool(true), &Value::Bool(true)),
            "{cookie}"
        );
        assert!(matches!(cookie["sameSite"].as_str(), Some("Lax" | "Strict")), "{cookie}");
        assert_eq!(cookie["domain"].as_str(), Some("messagerie.localhost"), "{cookie}");
    }

    let requests = browser.requests();
    let (mut pages, mut pieces) = (0, 0);
    for request in &requests {
        let address = request["address"].as_str().unwrap_or_default();
        let received = &request["received"];
        if address.starts_with(&house.pages()) {
            pages += 1;
            let policy = received["content-security-policy"].as_str().unwrap_or_default();
            assert!(policy.starts_with("default-src 'none'"), "{address}: {policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{address}: {policy}");
        } else if address.contains("/fichier/") {
            // Chromium hands downloads on before it tells their headers: curl looks at them above.
            continue;
        } else if address.starts_with(&house.pieces()) {
            pieces += 1;
            assert!(received["set-cookie"].is_null(), "{address} sets a cookie");
            assert!(request["sent"]["cookie"].is_null(), "{address} was sent a cookie");
            let policy = received["content-security-policy"].as_str().unwrap_or_default();
            assert!(policy.contains("default-src 'none'"), "{address}: {policy}");
        } else {
            panic!("somebody else was called: {request}");
        }
        assert_eq!(received["x-content-type-options"].as_str(), Some("nosniff"), "{address}");
    }
    assert!(pages >= 4 && pieces >= 2, "{pages} and {pieces} requests");

    // The letter's address is no key for somebody who has signed out.
    let address = address.clone();
    browser.press("Se déconnecter");
    let again = browser.open(&address);
    assert!(again["status"].as_u64() >= Some(400), "{again}");
    assert!(!browser.text().contains("bilan"), "{}", browser.text());
}

/// A download's headers, as curl sees them, without a cookie.
fn a_file_is_only_kept(house: &House, address: &str) {
    let curl =
        Tool::new("curl").args(["--silent", "--show-error", "--dump-header", "-", "--output", "/dev/null"]);
    let said =
        curl.arg("--cacert").arg(house.path("tls/root.pem")).arg(address).run().ok().text().to_lowercase();
    assert!(said.starts_with("http/1.1 200"), "{said}");
    for header in [
        "content-disposition: attachment",
        "x-content-type-options: nosniff",
        "content-security-policy: sandbox; default-src 'none'",
        "cache-control: no-store",
    ] {
        assert!(said.contains(header), "no {header} in {said}");
    }
    assert!(!said.contains("set-cookie"), "{said}");
}
