//! The first letter, end to end, with nothing of ours at either end: swaks and Python write, Chromium
//! reads and answers, mbsync and curl fetch the answer. And nobody else learns anything of it.

use crate::people::{DESK, MARIE, sign_in, with_people};
use kit::{Browser, Canary, Caught, Engine, House, Plan, Sighting, Tool, jpeg, look_for, pdf};
use names::Ins;
use std::path::Path;

#[test]
fn a_letter_reaches_the_patient_and_the_answer_comes_back_on_sqlite() {
    tell(Engine::Sqlite);
}

#[test]
fn a_letter_reaches_the_patient_and_the_answer_comes_back_on_postgresql() {
    tell(Engine::Postgres);
}

const LOGIN: &str = "lectrice.une";
const PASSWORD: &str = "Sept-Hirondelles-83";
const EMAIL: &str = "boite.de.la.lectrice@courriel.example";

/// In letters, names of patients, titles of files and their content; never outside, never at rest.
const WORDS: [&str; 20] = [
    "Braquemontois",     // birth name
    "Vaucresson-Thiel",  // used name
    "Ysolinde",          // given name
    "Perpétue",          // another
    "2790399000771",     // INS, less its key
    "Nephrectomie",      // subject
    "Quadrimestrielle",  // subject
    "Xanthogranulome",   // text
    "Glyburidine",       // text
    "Tularemique",       // name of the PDF
    "Wolffienne",        // inside the PDF
    "Zygomatique",       // name of the second file
    "Céphalosporidique", // inside it
    "Dysautonomiée",     // second letter, subject
    "Thrombophilée",     // second letter, text
    "Pseudarthrosée",    // second letter, HTML
    "Kératoconique",     // answer
    "Hémochromatose",    // answer
    "Fracturographie",   // name of the photo
    "Ecchymosique",      // inside the photo
];

/// Known to those who write the notice, but not to a thief of the disk.
const PRIVATE: [&str; 4] = [EMAIL, PASSWORD, "1979-03-11", LOGIN];

/// What a notice must not say of the sender either.
const SENDER: [&str; 6] = ["Lenoir", "Marie", "Médecine", "Médecin", "lilas", "cabinet"];

fn tell(engine: Engine) {
    let ins = Ins::from_matricule(WORDS[4]).expect("thirteen figures").expose().to_owned();
    let house = House::build(with_people(Plan::demo(engine), &patient(&ins)));
    let address = format!("{ins}@patient.mssante.example");
    let folder = house.path("story");
    std::fs::create_dir_all(&folder).unwrap();
    let report = pdf("Bilan Wolffienne");
    let photo = jpeg("Ecchymosique", 150_000);
    let [report_path, photo_path] = ["Tularemique.pdf", "Fracturographie.jpg"].map(|name| folder.join(name));
    std::fs::write(&report_path, &report).unwrap();
    std::fs::write(&photo_path, &photo).unwrap();

    swaks_writes(&house, &address, &report_path);
    let notice = house.sink.wait(0, "the notice of the letter", |caught| caught.code().is_none());
    says_nothing(&notice);
    assert_eq!(notice.to, [EMAIL]);
    python_writes(&house, &address);

    let mut browser = Browser::start(DESK);
    sign_in(&mut browser, &house, LOGIN, PASSWORD);
    browser.follow("Lenoir");
    read_and_answer(&mut browser, &photo_path, &report, &folder);
    drop(browser);

    mbsync_reads(&house, &folder, &photo);
    curl_reads(&house, &photo);

    for caught in house.sink.all() {
        says_nothing(&caught);
    }
    nothing_is_kept_in_clear(house);
}

fn patient(ins: &str) -> String {
    let [birth_name, used_name, given_name, second_name, ..] = WORDS;
    format!(
        "\n[[patients]]\nins = \"{ins}\"\nbirth_name = \"{birth_name}\"\nused_name = \"{used_name}\"\n\
         given_names = [\"{given_name}\", \"{second_name}\"]\nbirth_date = 1979-03-11\nsex = \"F\"\n\
         email = \"{EMAIL}\"\nstate = \"activated\"\nsince = \"-100d\"\n\
         [[users]]\nlogin = \"{LOGIN}\"\nins = \"{ins}\"\nemail = \"{EMAIL}\"\npassword = \"{PASSWORD}\"\n"
    )
}

/// Port 587: STARTTLS.
fn swaks_writes(house: &House, to: &str, report: &Path) {
    let ran = Tool::new("swaks")
        .args(["--server", "127.0.0.1", "--port", &house.ports.submission.to_string(), "--tls"])
        .args(["--tls-ca-path", &house.path("tls/root.pem").to_string_lossy()])
        .args(["--ehlo", "poste.example", "--auth", "PLAIN"])
        .args(["--auth-user", MARIE.address, "--auth-password", MARIE.password])
        .args(["--from", MARIE.address, "--to", to])
        .args(["--h-To", &format!("Ysolinde Vaucresson-Thiel <{to}>")])
        .args([
            "--h-Subject",
            "Nephrectomie Quadrimestrielle",
            "--body",
            "Bilan : Xanthogranulome, Glyburidine.",
        ])
        .args(["--attach-type", "application/pdf", "--attach-name", "Tularemique.pdf"])
        .args(["--attach", &format!("@{}", report.display())])
        .run()
        .ok();
    assert!(ran.text().contains("<~  250 2.0.0"), "{}", ran.text());
}

/// Port 465: TLS from the first byte; HTML and a text file.
fn python_writes(house: &House, to: &str) {
    let program = r"
import os, smtplib, ssl
from email.message import EmailMessage
letter = EmailMessage()
letter['From'] = os.environ['FROM']
letter['To'] = os.environ['TO']
letter['Subject'] = 'Dysautonomiée'
letter.set_content('Suite : Thrombophilée.\n')
letter.add_alternative('<p>Suite : <b>Pseudarthrosée</b>.</p><img src=\'https://ailleurs.example/x.png\'>', subtype='html')
letter.add_attachment('Céphalosporidique, deux fois par jour\n', filename='Zygomatique.txt')
context = ssl.create_default_context(cafile=os.environ['ROOT'])
with smtplib.SMTP_SSL('localhost', int(os.environ['PORT']), context=context) as client:
    client.login(os.environ['FROM'], os.environ['PASSWORD'])
    refused = client.send_message(letter)
    assert not refused, refused
";
    Tool::python(program)
        .env("FROM", MARIE.address)
        .env("TO", to)
        .env("PASSWORD", MARIE.password)
        .env("ROOT", house.path("tls/root.pem"))
        .env("PORT", house.ports.submissions.to_string())
        .run()
        .ok();
}

fn read_and_answer(browser: &mut Browser, photo: &Path, report: &[u8], folder: &Path) {
    let whole = |browser: &mut Browser| {
        browser.frames().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
    };
    // The two letters have two subjects, hence two conversations: the newest stands first.
    assert!(browser.text().contains("Dysautonomiée"), "{}", browser.text());
    let text = whole(browser);
    assert!(text.contains("Pseudarthrosée"), "{text}");
    browser.follow("Tous les messages");
    browser.follow("Lenoir");
    if browser.text().contains("Dysautonomiée") {
        let other = second_conversation(browser);
        browser.open(&other);
    }
    assert!(browser.text().contains("Nephrectomie Quadrimestrielle"), "{}", browser.text());
    let text = whole(browser);
    assert!(text.contains("Xanthogranulome"), "{text}");

    let kept = folder.join("downloaded.pdf");
    let name = browser.download("Télécharger Tularemique.pdf", &kept);
    assert_eq!(name, "Tularemique.pdf");
    assert!(std::fs::read(&kept).unwrap() == report, "the PDF came back changed");

    browser.follow("Répondre");
    browser.fill("Votre message", "Merci docteur. Kératoconique ? Hémochromatose ?");
    browser.choose("Pièces jointes", &[photo]);
    browser.press("Envoyer");
    let text = browser.text();
    assert!(text.contains("Fracturographie.jpg"), "the answer stands in the conversation: {text}");
}

/// The address of the conversation that is not the one open now.
fn second_conversation(browser: &mut Browser) -> String {
    let here = browser.address();
    browser.follow("Tous les messages");
    let links = browser.links("Lenoir");
    links.into_iter().find(|link| !here.ends_with(link.as_str()) && *link != here).expect("two conversations")
}

fn mbsync_reads(house: &House, folder: &Path, photo: &[u8]) {
    let mail = folder.join("mail");
    std::fs::create_dir_all(&mail).unwrap();
    let settings = format!(
        "IMAPAccount pli\nHost localhost\nPort {}\nUser {}\nPass {}\nSSLType IMAPS\nCertificateFile {}\nAuthMechs LOGIN\n\n\
         IMAPStore far\nAccount pli\n\nMaildirStore near\nPath {mail}/\nInbox {mail}/INBOX\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n",
        house.ports.imaps,
        MARIE.address,
        MARIE.password,
        house.path("tls/root.pem").display(),
        mail = mail.display(),
    );
    let path = folder.join("mbsyncrc");
    std::fs::write(&path, settings).unwrap();
    Tool::new("mbsync").arg("--config").arg(&path).arg("--all").env("HOME", folder).run().ok();
    let letters: Vec<_> = ["new", "cur"]
        .iter()
        .filter_map(|part| std::fs::read_dir(mail.join("INBOX").join(part)).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .collect();
    assert_eq!(letters.len(), 1, "one answer: {letters:?}");
    assert!(attached(&std::fs::read(&letters[0]).unwrap()) == photo, "the photo came to mbsync changed");
}

fn curl_reads(house: &House, photo: &[u8]) {
    let ran = Tool::new("curl")
        .args(["--silent", "--show-error", "--cacert", &house.path("tls/root.pem").to_string_lossy()])
        .args(["--user", &format!("{}:{}", MARIE.address, MARIE.password)])
        .arg(format!("imaps://localhost:{}/INBOX;UID=1", house.ports.imaps))
        .run()
        .ok();
    let text = String::from_utf8_lossy(&ran.out).into_owned();
    assert!(attached(&ran.out) == photo, "the photo came to curl changed");
    for word in ["In-Reply-To:", "References:", "Message-ID:", "Ysolinde"] {
        assert!(text.contains(word), "no {word} in the answer:\n{text:.2000}");
    }
}

/// The only attachment of a letter, as Python reads it; the body must hold what the patient wrote.
fn attached(letter: &[u8]) -> Vec<u8> {
    let program = r"
import sys
from email import message_from_bytes, policy
letter = message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)
assert letter['Subject'] == 'Re: Nephrectomie Quadrimestrielle', letter['Subject']
text = letter.get_body(('plain',)).get_content()
assert 'Kératoconique' in text and 'Hémochromatose' in text, text
files = list(letter.iter_attachments())
assert [file.get_filename() for file in files] == ['Fracturographie.jpg'], files
sys.stdout.buffer.write(files[0].get_content())
";
    Tool::python(program).input(letter.to_vec()).run().ok().out
}

fn says_nothing(caught: &Caught) {
    let mut said = caught.octets.clone();
    said.extend_from_slice(caught.readable().as_bytes());
    let words = WORDS.iter().chain(&SENDER).copied();
    let seen: Vec<Sighting> =
        words.flat_map(|word| Canary::new(word).seen_in(&said, Path::new("notice"))).collect();
    assert_eq!(seen, [], "a notice says too much:\n{}", caught.readable());
}

fn nothing_is_kept_in_clear(mut house: House) {
    let canaries: Vec<Canary> = WORDS.iter().chain(&PRIVATE).map(|word| Canary::new(word)).collect();
    let look = |house: &House, when: &str| {
        let (files, seen) = look_for(&canaries, &house.path("data"));
        assert!(files > 0, "the data folder is empty");
        assert_eq!(seen, [], "{when}, in the data folder");
        if let Some(schema) = house.schema() {
            let dump = schema.dump();
            assert!(dump.len() > 10_000, "the dump is empty");
            let seen: Vec<_> =
                canaries.iter().flat_map(|canary| canary.seen_in(&dump, Path::new("dump"))).collect();
            assert_eq!(seen, [], "{when}, in the dump");
        }
        let seen: Vec<_> = canaries
            .iter()
            .flat_map(|canary| canary.seen_in(house.log().as_bytes(), Path::new("log")))
            .collect();
        assert_eq!(seen, [], "{when}, in the log");
    };
    look(&house, "while it runs");
    house.stop("TERM");
    look(&house, "after it stopped");
    // The search itself can fail: the words are in the folder of what was sent.
    let (_, seen) = look_for(&canaries[..20], &house.path("story"));
    assert!(seen.len() > 5, "nothing was seen where everything stands: {seen:?}");
}
