//! The mail programs of the trade, as they come: mbsync, mutt, curl, Python's imaplib and smtplib.

use crate::people::{MARIE, PAUL, Professional};
use kit::{Engine, House, Letter, Plan, Tool, jpeg};
use std::path::{Path, PathBuf};

fn deliver(house: &House, from: &Professional, to: &Professional, letter: &Letter) {
    let mut client = house.sender(from.address, from.password).unwrap();
    let answer = client.send(from.address, &[to.address], &letter.octets()).unwrap();
    assert_eq!(answer.code, 250, "{}", answer.text);
}

fn note(number: u32) -> Letter {
    Letter::new(PAUL.address, MARIE.address, &format!("Note {number}"), &format!("Texte {number}."))
}

#[test]
fn mbsync_keeps_a_mailbox_and_a_folder_alike_in_both_directions() {
    let house = House::open(Engine::Sqlite);
    for number in 1..=3 {
        deliver(&house, &PAUL, &MARIE, &note(number));
    }
    let mail = house.path("mail");
    std::fs::create_dir_all(&mail).unwrap();
    let settings = format!(
        "IMAPAccount pli\nHost localhost\nPort {}\nUser {}\nPass {}\nSSLType IMAPS\nCertificateFile {}\n\n\
         IMAPStore far\nAccount pli\n\nMaildirStore near\nSubFolders Verbatim\nPath {mail}/\nInbox {mail}/INBOX\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSync All\nSyncState *\n",
        house.ports.imaps,
        MARIE.address,
        MARIE.password,
        house.path("tls/root.pem").display(),
        mail = mail.display(),
    );
    std::fs::write(house.path("mbsyncrc"), settings).unwrap();
    let sync = || {
        let mbsync = Tool::new("mbsync").arg("--config").arg(house.path("mbsyncrc")).arg("--all");
        mbsync.env("HOME", house.path("")).run().ok();
    };
    sync();
    let mut letters = maildir(&mail.join("INBOX"));
    assert_eq!(letters.len(), 3);

    // Near: one read and starred, one deleted, one new. Far: one answered, one new.
    let (first, second) = (letters.remove(0), letters.remove(0));
    mark(&first, "FS");
    mark(&second, "T");
    let new = Letter::new(MARIE.address, PAUL.address, "Écrite ici", "Depuis le poste.").octets();
    std::fs::write(mail.join("INBOX/new/9999999999.1.poste"), new).unwrap();
    let mut client = house.reader(MARIE.address, MARIE.password).unwrap();
    client.run("UID STORE 3 +FLAGS (\\Answered)").unwrap();
    deliver(&house, &PAUL, &MARIE, &note(4));
    sync();
    let near = maildir(&mail.join("INBOX"));
    assert_eq!(near.len(), 4, "{near:?}");
    client.run("NOOP").unwrap();
    let far: Vec<String> =
        client.run("UID FETCH 1:* (FLAGS)").unwrap().into_iter().map(|fetched| fetched.line).collect();
    let far = far.iter().filter(|line| line.contains(" FETCH ")).collect::<Vec<_>>();
    assert_eq!(far.len(), 4, "{far:?}");
    let flags = |flag: &str| far.iter().filter(|line| line.contains(flag)).count();
    assert_eq!((flags("\\Flagged"), flags("\\Answered")), (1, 1), "{far:?}");
    // Flags stand behind `:2,` in the name of the file.
    let flagged = |path: &PathBuf, flag: char| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.split_once(":2,").is_some_and(|(_, flags)| flags.contains(flag))
    };
    assert_eq!(near.iter().filter(|path| flagged(path, 'R')).count(), 1, "{near:?}");
    // Once alike, nothing moves any more.
    sync();
    assert_eq!(maildir(&mail.join("INBOX")), near);
}

fn maildir(folder: &Path) -> Vec<PathBuf> {
    let parts = ["new", "cur"].iter().filter_map(|part| std::fs::read_dir(folder.join(part)).ok());
    let mut letters: Vec<PathBuf> =
        parts.flat_map(|entries| entries.flatten().map(|entry| entry.path())).collect();
    letters.sort();
    letters
}

/// Adds flags to a letter of a maildir, as a mail program would.
fn mark(path: &Path, flags: &str) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let (base, old) = name.split_once(":2,").unwrap_or((&name, ""));
    let mut all: Vec<char> = old.chars().chain(flags.chars()).collect();
    all.sort_unstable();
    all.dedup();
    let folder = path.parent().and_then(Path::parent).unwrap().join("cur");
    std::fs::rename(path, folder.join(format!("{base}:2,{}", all.iter().collect::<String>()))).unwrap();
}

#[test]
fn mutt_sends_a_photo_and_python_reads_it() {
    // As a house is when nobody changes it: mutt takes SCRAM-SHA-256-PLUS when it sees it, and fails.
    let settings = "[sign_in]\nchannel_binding = false\n".to_owned();
    let house = House::build(Plan { settings, ..Plan::demo(Engine::Sqlite) });
    let photo = jpeg("mutt", 5_000);
    let path = house.path("photo.jpg");
    std::fs::write(&path, &photo).unwrap();
    let settings = |who: &Professional, name: &str| {
        let login = who.address.replace('@', "%40");
        let text = format!(
            "set ssl_ca_certificates_file=\"{root}\"\nset certificate_file=\"{root}\"\n\n\
             set smtp_url=\"smtps://{login}@localhost:{}/\"\nset smtp_pass=\"{pass}\"\n\
             set imap_user=\"{}\"\nset imap_pass=\"{pass}\"\nset from=\"{}\"\nset realname=\"\"\nset use_domain=no\n\
             set copy=no\nset mbox_type=mbox\nset confirmappend=no\nset confirmcreate=no\nset move=no\nset delete=no\n\
             set wait_key=no\nset header_cache=\"\"\nset tmpdir=\"{tmp}\"\n",
            house.ports.submissions,
            who.address,
            who.address,
            pass = who.password,
            root = house.path("tls/root.pem").display(),
            tmp = house.path("").display(),
        );
        std::fs::write(house.path(name), text).unwrap();
        house.path(name)
    };
    let writes = settings(&MARIE, "muttrc-marie");
    Tool::new("mutt")
        .arg("-F")
        .arg(&writes)
        .args(["-s", "Une photo de mutt", "-a"])
        .arg(&path)
        .args(["--", PAUL.address])
        .input("Voici la photo.\n")
        .env("HOME", house.path(""))
        .run()
        .ok();
    // mutt reads in a terminal only, and keys pressed too early are lost: Python's own library reads.
    let program = r"
import email, imaplib, os, ssl, sys
from email import policy
context = ssl.create_default_context(cafile=os.environ['ROOT'])
door = imaplib.IMAP4_SSL('localhost', int(os.environ['PORT']), ssl_context=context)
door.login(os.environ['LOGIN'], os.environ['PASS'])
assert door.select('INBOX')[1] == [b'1']
letter = email.message_from_bytes(door.fetch('1', '(BODY.PEEK[])')[1][0][1], policy=policy.default)
assert letter['Subject'] == 'Une photo de mutt', letter['Subject']
assert 'Voici la photo.' in letter.get_body(('plain',)).get_content()
sys.stdout.buffer.write(next(letter.iter_attachments()).get_content())
";
    let read = Tool::python(program)
        .env("ROOT", house.path("tls/root.pem"))
        .env("PORT", house.ports.imaps.to_string())
        .env("LOGIN", PAUL.address)
        .env("PASS", PAUL.password)
        .run()
        .ok()
        .out;
    assert!(read == photo, "the photo that mutt sent came changed");
}

#[test]
fn curl_sends_searches_and_fetches_parts_of_parts() {
    let house = House::open(Engine::Sqlite);
    let photo = jpeg("curl", 3_000);
    let letter = Letter::new(PAUL.address, MARIE.address, "Pour curl", "Quelques mots.").file(
        "p.jpg",
        "image/jpeg",
        photo,
    );
    let path = house.path("letter.eml");
    std::fs::write(&path, letter.octets()).unwrap();
    let curl = |who: &Professional| {
        Tool::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "60",
                "--cacert",
                &house.path("tls/root.pem").to_string_lossy(),
            ])
            .args(["--user", &format!("{}:{}", who.address, who.password)])
    };
    // STARTTLS on both doors.
    let smtp = format!("smtp://localhost:{}", house.ports.submission);
    curl(&PAUL)
        .args([
            "--ssl-reqd",
            &smtp,
            "--mail-from",
            PAUL.address,
            "--mail-rcpt",
            MARIE.address,
            "--upload-file",
        ])
        .arg(&path)
        .run()
        .ok();
    let clear = format!("imap://localhost:{}/INBOX", house.ports.imap);
    let found =
        curl(&MARIE).args(["--ssl-reqd", &clear, "--request", "SEARCH SUBJECT \"Pour curl\""]).run().ok();
    assert_eq!(found.text().trim(), "* SEARCH 1");
    let inbox = format!("imaps://localhost:{}/INBOX", house.ports.imaps);
    let fetch = |what: &str| curl(&MARIE).arg(format!("{inbox};UID=1{what}")).run().ok().out;
    let whole = fetch("");
    let body = |octets: &[u8]| {
        let at = octets.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        octets[at + 4..].to_vec()
    };
    assert!(body(&whole) == body(&letter.octets()), "the body came to curl changed");
    let text = fetch(";SECTION=TEXT");
    assert!(text == body(&whole), "BODY[TEXT] is the body");
    for (start, length) in [(0, 10), (100, 500), (2_000, 100_000), (1_000_000, 5)] {
        let part = fetch(&format!(";SECTION=TEXT/;PARTIAL={start}.{length}"));
        let end = (start + length).min(text.len());
        let wanted = text.get(start..end).unwrap_or_default();
        assert!(part == wanted, "<{start}.{length}>: {} octets for {}", part.len(), wanted.len());
    }
    assert_eq!(fetch(";SECTION=1"), b"Quelques mots.\r\n".strip_suffix(b"\r\n").unwrap());
    let listed = curl(&MARIE).arg(format!("imaps://localhost:{}/", house.ports.imaps)).run().ok().text();
    for folder in ["INBOX", "\\Sent", "\\Drafts", "\\Trash"] {
        assert!(listed.contains(folder), "{listed}");
    }
}

#[test]
fn imaplib_reads_marks_files_and_removes() {
    let house = House::open(Engine::Sqlite);
    for number in 1..=4 {
        deliver(&house, &PAUL, &MARIE, &note(number));
    }
    let program = r#"
import imaplib, os, ssl, email
from email import policy
context = ssl.create_default_context(cafile=os.environ['ROOT'])
clear = imaplib.IMAP4('localhost', int(os.environ['CLEAR']))
try:
    clear.login(os.environ['LOGIN'], os.environ['PASSWORD'])
    raise SystemExit('a password was taken in clear')
except imaplib.IMAP4.error as error:
    assert 'PRIVACYREQUIRED' in str(error), error
clear.starttls(ssl_context=context)
clear.authenticate('PLAIN', lambda _: f"\0{os.environ['LOGIN']}\0{os.environ['PASSWORD']}".encode())
assert clear.namespace()[0] == 'OK'
clear.logout()
client = imaplib.IMAP4_SSL('localhost', int(os.environ['PORT']), ssl_context=context)
client.login(os.environ['LOGIN'], os.environ['PASSWORD'])
def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]
assert ok(client.select('INBOX')) == [b'4']
assert ok(client.search(None, 'SUBJECT', '"Note 2"')) == [b'2']
assert ok(client.uid('SEARCH', None, 'UNSEEN', 'SINCE', '1-Jan-2020')) == [b'1 2 3 4']
assert ok(client.search(None, 'TEXT', '"Texte 3"')) == [b'3']
for item in ('ENVELOPE', 'BODYSTRUCTURE', 'FULL', '(UID RFC822.SIZE INTERNALDATE)'):
    assert len(ok(client.fetch('1:4', item))) == 4, item
data = ok(client.fetch('1', '(BODY.PEEK[])'))
letter = email.message_from_bytes(data[0][1], policy=policy.default)
assert letter.get_content().strip() == 'Texte 1.', letter.get_content()
ok(client.store('1', '+FLAGS', '(\\Seen $Urgent)'))
assert ok(client.search(None, 'KEYWORD', '$Urgent')) == [b'1']
assert ok(client.status('INBOX', '(MESSAGES UNSEEN)')) == [b'"INBOX" (MESSAGES 4 UNSEEN 3)'], client.status('INBOX', '(MESSAGES UNSEEN)')
ok(client.create('Suivi'))
ok(client.copy('1:2', 'Suivi'))
ok(client.append('Suivi', '(\\Draft)', imaplib.Time2Internaldate(1700000000), b'Subject: brouillon\r\n\r\ncorps\r\n'))
ok(client.store('2', '+FLAGS', '(\\Deleted)'))
ok(client.expunge())
assert ok(client.search(None, 'ALL')) == [b'1 2 3']
assert ok(client.select('Suivi')) == [b'3']
assert b'17-Nov-2023' in ok(client.fetch('3', '(INTERNALDATE)'))[0] or b'14-Nov-2023' in ok(client.fetch('3', '(INTERNALDATE)'))[0]
ok(client.close())
ok(client.rename('Suivi', 'Suivi2'))
ok(client.delete('Suivi2'))
client.logout()
"#;
    Tool::python(program)
        .env("ROOT", house.path("tls/root.pem"))
        .env("CLEAR", house.ports.imap.to_string())
        .env("PORT", house.ports.imaps.to_string())
        .env("LOGIN", MARIE.address)
        .env("PASSWORD", MARIE.password)
        .run()
        .ok();
}

#[test]
fn the_same_letter_sent_again_is_kept_once_and_what_is_missing_is_added() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let house = House::open(engine);
        let bare = format!(
            "From: {}\r\nTo: {}\r\nBcc: secret@ailleurs.example\r\nSubject: Sans date\r\n\r\nBonjour.\r\n",
            MARIE.address, PAUL.address
        );
        let mut queues = Vec::new();
        for _ in 0..3 {
            // A new connection each time, as a program that lost the answer would make.
            let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
            let answer = client.send(MARIE.address, &[PAUL.address], bare.as_bytes()).unwrap();
            queues.push(answer.queue().unwrap_or_else(|| panic!("{}", answer.text)).to_owned());
        }
        assert!(queues.iter().all(|queue| *queue == queues[0]), "{engine:?}: {queues:?}");
        let mut other = house.sender(MARIE.address, MARIE.password).unwrap();
        let changed = bare.replace("Bonjour.", "Bonsoir.");
        let answer = other.send(MARIE.address, &[PAUL.address], changed.as_bytes()).unwrap();
        assert_ne!(answer.queue(), Some(queues[0].as_str()), "{engine:?}: another letter is no repetition");
        let letters = house.reader(PAUL.address, PAUL.password).unwrap().letters().unwrap();
        assert_eq!(letters.len(), 2, "{engine:?}");
        let text = String::from_utf8(letters[0].clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "Bonjour.\r\n");
        for field in ["Received: ", "\r\nDate: ", "\r\nMessage-ID: <"] {
            assert_eq!(head.matches(field).count(), 1, "{engine:?}: {field}\n{head}");
        }
        assert!(!head.contains("Bcc") && !head.contains("secret@"), "{engine:?}: {head}");
        let top = format!("Return-Path: <{}>\r\nReceived: ", MARIE.address);
        assert!(head.starts_with(&top) && head.contains(queues[0].as_str()), "{engine:?}: {head}");
        assert!(!head.contains("127.0.0.1"), "{engine:?}: where the writer sits is nobody's affair\n{head}");
    }
}
