//! The transcripts of the bare machines, played again over TLS on a running server: what the machine
//! does on a stage, the house does at its doors.
//!
//! Not all can be: some script refusals of a world that is well here, or let time pass. Those are
//! left out by [`kit::playable`], which says why; the rest must be played, and their number is held.

use crate::people::with_people;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kit::{Engine, House, Outside, Plan, Playable, play_live, playable};
use std::fmt::Write as _;
use std::path::PathBuf;
use wire::transcript::{Line, Transcript};

const DR: &str = "dr@cabinet.example";
/// Fewer than these played, and something was lost.
const SMTP_PLAYED: usize = 60;
const IMAP_PLAYED: usize = 75;

/// Where the stage's world is not a house: what it would take to play them is not worth it.
const SMTP_OTHER_WORLD: [(&str, &str); 2] = [
    ("data-long-line", "a house wants an author in front, and names another octet"),
    ("smtputf8", "no mailbox of a house has such a name yet"),
];
const IMAP_OTHER_WORLD: &[(&str, &str)] = &[
    ("folder-aliases", "a house has other folders"),
    ("folder-names-utf8", "a house has other folders"),
    ("list-extended", "a house has other folders"),
    ("list-recursive-match", "a house has other folders"),
    ("list-special-use", "a house has other folders"),
    ("list-status", "a house has other folders"),
    ("list-wildcards", "a house has other folders"),
    ("login-with-literals", "a house takes no password with blanks"),
    ("lsub", "a house has other folders"),
    ("qresync-vanished", "a house has other folders"),
    ("quota-none", "a house has quotas"),
    ("search-charset", "a house reads encoded words, and finds more"),
    ("search-keys", "a house has another clock, and other numbers of letters"),
];

/// What the stage's world says in other words than a house.
const WORDS: [(&str, &str); 4] = [
    ("imap.house.example", "mail.pli.example"),
    ("] no such folder", "] there is no such folder"),
    ("] it is there", "] a folder of this name exists"),
    ("Corbeille", "Trash"),
];

fn transcripts(door: &str) -> Vec<(String, String)> {
    let folder = Outside::repository(&format!("tests/transcripts/{door}"));
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "txt")).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// The people of the stage: letters pass between them.
fn stage(accounts: usize) -> Plan {
    let mut people = String::from(
        "\n[[domains]]\ndomain = \"cabinet.example\"\nplace = \"local\"\n\
         [[domains]]\ndomain = \"patient.example\"\nplace = \"local\"\n\
         [[domains]]\ndomain = \"pli.example\"\nplace = \"local\"\n\
         [[domains]]\ndomain = \"c.example\"\nplace = \"local\"\n",
    );
    let mut mailbox = |address: &str| {
        let _ = write!(
            people,
            "[[mailboxes]]\naddress = \"{address}\"\nkind = \"APP\"\norganisation = \"990000010\"\n\
             [[passwords]]\nmailbox = \"{address}\"\nlabel = \"{address}\"\npassword = \"{}\"\n",
            password(address)
        );
    };
    for address in ["dr@cabinet.example", "other@cabinet.example"] {
        mailbox(address);
    }
    for name in ["patient", "one", "two", "three", "a", "b", "c"] {
        mailbox(&format!("{name}@patient.example"));
    }
    mailbox("user@c.example");
    mailbox("postmaster@pli.example");
    for number in 0..accounts {
        mailbox(&on_stage(number));
    }
    with_people(Plan::demo(Engine::Sqlite), &people)
}

/// Each mailbox has its own: a machine's password is nobody else's.
fn password(address: &str) -> String {
    format!("secret-of-{address}")
}

fn on_stage(number: usize) -> String {
    format!("stage{number}@cabinet.example")
}

#[test]
fn smtp_transcripts_are_played_over_tls_on_a_running_server() {
    let house = House::build(stage(0));
    let real = BASE64_STANDARD.encode(format!("\0{DR}\0{}", password(DR)));
    let mut verdicts = Verdicts::default();
    for (name, text) in transcripts("smtp") {
        let text = text
            .replace("AGRyQGNhYmluZXQuZXhhbXBsZQBzZWNyZXQ=", &real)
            .replace("C: c2VjcmV0\n", &format!("C: {}\n", BASE64_STANDARD.encode(password(DR))))
            .replace("smtp.house.example", "mail.pli.example");
        // The stage takes letters without an author; a house does not.
        let text = if text.contains("\nS: 250 2.0.0 000")
            || text.contains("\nC: .\nS: 250 2.0.0 *")
            || text.contains("\nQ: finish ")
        {
            let authored = format!("S: 354 *\nC: From: <{DR}>\nC:\n");
            text.replace("S: 354 *\n", &authored)
        } else {
            text
        };
        let transcript = Transcript::parse(&text).unwrap();
        if let Some(why) = unplayable(&transcript, &["implicit-tls"], &name, &SMTP_OTHER_WORLD) {
            verdicts.left_out.push(format!("{name}: {why}"));
            continue;
        }
        let implicit = transcript.setup.iter().any(|setup| setup == "implicit-tls");
        let socket = match implicit {
            true => house.secure(house.ports.submissions),
            false => house.clear(house.ports.submission),
        };
        let mut letters = 0;
        let translate = |line: &[u8]| {
            let line = String::from_utf8_lossy(line).into_owned();
            let Some(queue) = line.strip_prefix("250 2.0.0 ").and_then(|rest| rest.strip_suffix(" accepted"))
            else {
                return line.into_bytes();
            };
            assert_eq!(queue.len(), 13, "{line}");
            letters += 1;
            format!("250 2.0.0 {letters:013} accepted").into_bytes()
        };
        verdicts.note(&name, play_live(&transcript, socket.unwrap(), translate));
    }
    verdicts.hold("SMTP", SMTP_PLAYED);
}

#[test]
fn imap_transcripts_are_played_over_tls_on_a_running_server() {
    let transcripts = transcripts("imap");
    let house = House::build(stage(transcripts.len()));
    let mut verdicts = Verdicts::default();
    for (number, (name, text)) in transcripts.into_iter().enumerate() {
        let login = on_stage(number);
        let text = text
            .replace("AGRyAHB3", &BASE64_STANDARD.encode(format!("\0{login}\0{}", password(&login))))
            .replace(r#"dr@cabinet.example "p\"w""#, &format!("{login} {}", password(&login)));
        let text = WORDS.iter().fold(text, |text, (stage, house)| text.replace(stage, house));
        let chosen = |line: &str| if line.starts_with("S:") { chosen(line) } else { line.to_owned() };
        let text = text.lines().map(chosen).collect::<Vec<_>>().join("\n");
        let transcript = Transcript::parse(&text).unwrap();
        let mut setups: Vec<&str> = vec!["stranger", "plain", "selected", "examined"];
        let ours = |setup: &&String| {
            setup.starts_with("inbox ") || setup.starts_with("letter ") || setup.starts_with("folder ")
        };
        setups.extend(transcript.setup.iter().filter(ours).map(String::as_str));
        if let Some(why) = unplayable(&transcript, &setups, &name, IMAP_OTHER_WORLD) {
            verdicts.left_out.push(format!("{name}: {why}"));
            continue;
        }
        let played = play_imap(&house, &transcript, &login);
        verdicts.note(&name, played);
    }
    verdicts.hold("IMAP", IMAP_PLAYED);
}

fn play_imap(house: &House, transcript: &Transcript, login: &str) -> Result<(), String> {
    let has = |setup: &str| transcript.setup.iter().any(|line| line == setup);
    let failed = |error: std::io::Error| format!("before the curtain: {error}");
    furnish(house, &transcript.setup, login, &password(login)).map_err(failed)?;
    if has("plain") {
        return play_live(transcript, house.clear(house.ports.imap).map_err(failed)?, live);
    }
    let mut socket = house.secure(house.ports.imaps).map_err(failed)?;
    if has("stranger") {
        return play_live(transcript, socket, live);
    }
    // The curtain rises on a session that has signed in: its greeting is ours to hear.
    let mut transcript = transcript.clone();
    if !matches!(transcript.lines.first(), Some((_, Line::Server(_)))) {
        return Err("the transcript does not begin with the greeting".to_owned());
    }
    transcript.lines.remove(0);
    socket.line().map_err(failed)?;
    let mut commands = vec![format!("LOGIN {login} {}", password(login))];
    commands.extend(has("selected").then(|| "SELECT INBOX".to_owned()));
    commands.extend(has("examined").then(|| "EXAMINE INBOX".to_owned()));
    for command in commands {
        socket.send(format!("curtain {command}\r\n").as_bytes()).map_err(failed)?;
        loop {
            let line = String::from_utf8_lossy(&socket.line().map_err(failed)?).into_owned();
            if let Some(end) = line.strip_prefix("curtain ") {
                if end.starts_with("OK") {
                    break;
                }
                return Err(format!("before the curtain: {end}"));
            }
        }
    }
    play_live(&transcript, socket, live)
}

/// Puts the stage's letters and folders in their places.
pub(crate) fn furnish(house: &House, setup: &[String], login: &str, password: &str) -> std::io::Result<()> {
    let wanted: Vec<_> = setup.iter().filter_map(|line| line.split_once(' ')).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut client = house.reader(login, password)?;
    for (key, value) in wanted {
        match key {
            "inbox" => {
                for number in 1..=value.parse().unwrap() {
                    client.append_at("INBOX", RECEIVED, &short(number))?;
                }
            }
            "letter" => client.append_at("INBOX", RECEIVED, &named(value))?,
            "folder" => drop(client.run(&format!("CREATE {value}"))?),
            other => unreachable!("{other} was not let through"),
        }
    }
    Ok(())
}

/// When the stage's letters arrived.
pub(crate) const RECEIVED: &str = " 1-Feb-2026 03:34:27 +0000";

/// What a house and the stage choose freely, each for itself, as neither chose it.
fn chosen(line: &str) -> String {
    let mut line = line.to_owned();
    for code in ["UIDVALIDITY ", "[APPENDUID ", "[COPYUID ", "MAILBOXID ("] {
        let Some(at) = line.find(code).map(|at| at + code.len()) else { continue };
        let end = line[at..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(line.len() - at);
        if end > 0 {
            line.replace_range(at..at + end, "1");
        }
    }
    line
}

/// A line of a running server, as the stage would have said it.
fn live(line: &[u8]) -> Vec<u8> {
    // The stage's letters are put here by APPEND, and a house marks them for that; the stage does not.
    chosen(&String::from_utf8_lossy(line))
        .replace(" Pli-Appended", "")
        .replace("(Pli-Appended ", "(")
        .replace("(Pli-Appended)", "()")
        .into_bytes()
}

fn unplayable(
    transcript: &Transcript,
    setups: &[&str],
    name: &str,
    elsewhere: &[(&str, &str)],
) -> Option<String> {
    if let Some((_, why)) = elsewhere.iter().find(|(other, _)| *other == name) {
        return Some((*why).to_owned());
    }
    match playable(transcript, setups) {
        Playable::Yes => None,
        Playable::No(why) => Some(why),
    }
}

#[derive(Default)]
struct Verdicts {
    played: usize,
    left_out: Vec<String>,
    wrong: Vec<String>,
}

impl Verdicts {
    fn note(&mut self, name: &str, verdict: Result<(), String>) {
        match verdict {
            Ok(()) => self.played += 1,
            Err(why) => self.wrong.push(format!("{name}: {why}")),
        }
    }

    fn hold(&self, door: &str, at_least: usize) {
        println!(
            "{door}: {} played, {} left out:\n{}",
            self.played,
            self.left_out.len(),
            self.left_out.join("\n")
        );
        assert!(self.wrong.is_empty(), "{door}:\n{}", self.wrong.join("\n"));
        assert!(self.played >= at_least, "{door}: only {} played", self.played);
    }
}

/// The letters of the stage (`relay/wire/src/imap/stage.rs`), octet for octet.
pub(crate) fn short(number: u32) -> Vec<u8> {
    format!(
        "From: Dr A <a@cabinet.example>\r\nTo: b@hopital.example\r\nSubject: letter {number}\r\n\
         Date: Sat, 31 Jan 2026 09:00:00 +0100\r\nMessage-ID: <{number}@cabinet.example>\r\n\r\nBody {number}.\r\n"
    )
    .into_bytes()
}

fn named(name: &str) -> Vec<u8> {
    let path = Outside::repository("relay/wire/src/imap/stage.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let (_, after) = source.split_once(&format!("\"{name}\" => ")).expect("the stage has this letter");
    let end = after
        .find("),\n")
        .unwrap_or(after.len())
        .min(after.find("\",\n        _").unwrap_or(after.len()) + 1);
    let mut letter = Vec::new();
    for line in after[..end].lines() {
        let line = line.trim().trim_start_matches("concat!(").trim_end_matches(',');
        let Some(text) = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')) else { continue };
        letter.extend(unescaped(text));
    }
    assert!(!letter.is_empty(), "{name} is empty");
    String::from_utf8(letter).unwrap().replace('\n', "\r\n").into_bytes()
}

/// A Rust string literal's content.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('u') => {
                let hexadecimal: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                out.extend(u32::from_str_radix(&hexadecimal, 16).ok().and_then(char::from_u32));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.into_bytes()
}
