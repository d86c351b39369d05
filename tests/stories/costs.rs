//! What a session, a mark and a letter cost, in figures that noise cannot move (DESIGN §3): memory, syncs and
//! octets written. Times are compared beside another server, not here.

use crate::people::{MARIE, PAUL, with_people};
use kit::{
    Engine, House, Letter, Limit, Plan, Socket, TraceLine, instant, parse_trace, settled_memory, until,
};
use std::path::Path;
use std::time::Duration;

/// Octets that an idle session behind TLS may hold (DESIGN §3, S10); it is half of that.
const IDLE: u64 = 32 * 1024;
/// Sessions of each login: as many as one may have (`relay/src/imap/limits.rs`).
const EACH: usize = 20;
const LOGINS: usize = 20;
/// A page of the database in its log, with its header.
const PAGE: u64 = 4_096 + 24;
/// Octets written for one mark, alone in its commit: the message, its folder and the trail are under three pages
/// each time, and some pages split now and then.
const MARK: u64 = 4 * PAGE;
/// Octets written for one letter of 2 kB, alone in its commit, with its sender's line: nine pages. Ten senders at
/// once share most of them.
const LETTER: u64 = 10 * PAGE;

/// Octets written for one letter of 2 kB to twenty mailboxes: its body once, and for each mailbox an entry, a key
/// and a line of the trail, some in pages of its own.
const MANY: u64 = 21 * PAGE;

/// Octets of an attachment, and what its letter may add to them in a shared file: its texts, and what seals it.
const DOCUMENT: usize = 36_000;
const AROUND: u64 = 2_000;

fn address(number: usize) -> String {
    format!("automate-{number}@hopital-saint-roch.mssante.example")
}

fn password(number: usize) -> String {
    format!("phrase-de-l-automate-{number}")
}

/// A mailbox of a machine, for the seed file.
fn machine(number: usize) -> String {
    let (address, password) = (address(number), password(number));
    format!(
        "\n[[mailboxes]]\naddress = \"{address}\"\nkind = \"APP\"\norganisation = \"990000010\"\n\
        \n[[passwords]]\nmailbox = \"{address}\"\nlabel = \"essai\"\npassword = \"{password}\"\n"
    )
}

fn idle(house: &House, login: &str, password: &str) -> Socket {
    let mut socket = house.reader(login, password).unwrap().socket;
    socket.send(b"idle IDLE\r\n").unwrap();
    while !socket.line().unwrap().starts_with(b"+") {}
    socket
}

#[test]
fn an_idle_session_holds_little_memory() {
    let settings = "\n[limits]\nconnections_per_address = 1000\n".to_owned();
    let machines: String = (0..LOGINS).map(machine).collect();
    let mut house = House::build(with_people(Plan { settings, ..Plan::demo(Engine::Sqlite) }, &machines));
    // The memory that the import took is given back at any time.
    house.stop("TERM");
    house.start();
    let open = |count: usize| -> Vec<Socket> {
        let each = |_| (0..LOGINS).map(|number| idle(&house, &address(number), &password(number)));
        (0..count).flat_map(each).collect()
    };
    // What the first sessions bring into memory serves all.
    let warm = open(EACH / 4);
    let before = settled_memory(house.process());
    let sessions = open(EACH - EACH / 4);
    let after = settled_memory(house.process());
    assert!(after > before, "{before} octets before {} sessions and {after} after", sessions.len());
    let each = (after - before) / sessions.len() as u64;
    println!("{} idle sessions hold {each} octets each", sessions.len());
    assert!(each <= IDLE, "{each} octets for an idle session");
    drop((warm, sessions));
}

const CALLS: &str = "trace=fdatasync,fsync,pwrite64,write";

fn strace(trace: &Path) -> Vec<String> {
    let words = ["strace", "-D", "-f", "-yy", "-ttt", "-s", "16", "-e", CALLS, "-o"];
    words.into_iter().map(str::to_owned).chain([trace.to_string_lossy().into_owned()]).collect()
}

/// What happened to the log of the database: syncs, and octets written.
fn log(trace: &[TraceLine], span: (f64, f64)) -> (usize, u64) {
    of_files(trace, "pli.db-wal", span)
}

/// What happened to the files whose path has this in it: syncs, and octets written.
fn of_files(trace: &[TraceLine], path: &str, (from, to): (f64, f64)) -> (usize, u64) {
    let of_log = |line: &&TraceLine| {
        line.at >= from && line.at <= to && line.rest.split(", ").next().unwrap().contains(path)
    };
    let calls: Vec<&TraceLine> = trace.iter().filter(of_log).collect();
    let written =
        |line: &&TraceLine| line.rest.rsplit_once("= ").and_then(|(_, octets)| octets.parse::<u64>().ok());
    let syncs = calls.iter().filter(|line| matches!(line.call.as_str(), "fdatasync" | "fsync")).count();
    let octets =
        calls.iter().filter(|line| matches!(line.call.as_str(), "pwrite64" | "write")).filter_map(written);
    (syncs, octets.sum::<u64>())
}

#[test]
fn a_mark_and_a_letter_cost_one_sync_and_few_pages_each() {
    const TIMES: usize = 20;
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut house = House::build(Plan { under: strace(&trace), ..Plan::demo(Engine::Sqlite) });

    let mut sender = house.sender(MARIE.address, MARIE.password).unwrap();
    let text = "Quelques mots.\r\n".repeat(120);
    let mut send = |number: usize| {
        let letter = Letter::new(MARIE.address, PAUL.address, &format!("Lettre {number}"), &text);
        assert_eq!(sender.send(MARIE.address, &[PAUL.address], &letter.octets()).unwrap().code, 250);
    };
    send(0);
    let began = instant();
    (1..=TIMES).for_each(&mut send);
    let letters = (began, instant());

    let mut reader = house.reader(PAUL.address, PAUL.password).unwrap();
    reader.run("STORE 1 +FLAGS (\\Flagged)").unwrap();
    let began = instant();
    for number in 1..=TIMES {
        reader.run(&format!("STORE {number} +FLAGS (\\Answered)")).unwrap();
    }
    let marks = (began, instant());
    house.stop("TERM");

    let trace = read(&trace);
    for (what, span, most) in [("letter", letters, LETTER), ("mark", marks, MARK)] {
        let (syncs, octets) = log(&trace, span);
        let each = octets / TIMES as u64;
        println!("a {what}: {syncs} syncs for {TIMES}, {each} octets each");
        assert!((TIMES..=TIMES + 2).contains(&syncs), "{syncs} syncs for {TIMES} times a {what}");
        assert!(each > 0 && each <= most, "{each} octets for a {what}");
    }
}

#[test]
fn a_letter_to_twenty_costs_one_sync_and_one_body() {
    const TIMES: usize = 10;
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let machines: String = (0..LOGINS).map(machine).collect();
    let plan = Plan { under: strace(&trace), ..Plan::demo(Engine::Sqlite) };
    let mut house = House::build(with_people(plan, &machines));
    let addresses: Vec<String> = (0..LOGINS).map(address).collect();
    let all: Vec<&str> = addresses.iter().map(String::as_str).collect();

    let mut sender = house.sender(MARIE.address, MARIE.password).unwrap();
    let text = "Quelques mots.\r\n".repeat(120);
    let mut send = |number: usize| {
        let letter = Letter::new(MARIE.address, all[0], &format!("Lettre {number}"), &text);
        assert_eq!(sender.send(MARIE.address, &all, &letter.octets()).unwrap().code, 250);
    };
    send(0);
    let began = instant();
    (1..=TIMES).for_each(&mut send);
    let ended = instant();
    house.stop("TERM");

    let (syncs, octets) = log(&read(&trace), (began, ended));
    let each = octets / TIMES as u64;
    println!("a letter to {LOGINS}: {syncs} syncs for {TIMES}, {each} octets each");
    assert!((TIMES..=TIMES + 2).contains(&syncs), "{syncs} syncs for {TIMES} letters");
    assert!(each > 0 && each <= MANY, "{each} octets for a letter to {LOGINS}");
}

#[test]
fn a_document_is_written_in_hardly_more_octets_than_it_has() {
    const TIMES: usize = 10;
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut house = House::build(Plan { under: strace(&trace), ..Plan::demo(Engine::Sqlite) });

    let mut sender = house.sender(MARIE.address, MARIE.password).unwrap();
    let began = instant();
    for number in 0..TIMES {
        let document = (0..DOCUMENT as u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 ^ number as u8)
            .collect();
        let letter = Letter::new(MARIE.address, PAUL.address, &format!("Document {number}"), "Ci-joint.\r\n")
            .file("document.bin", "application/octet-stream", document);
        assert_eq!(sender.send(MARIE.address, &[PAUL.address], &letter.octets()).unwrap().code, 250);
    }
    let ended = instant();
    house.stop("TERM");

    let (syncs, octets) = of_files(&read(&trace), "/blobs/", (began, ended));
    let each = octets / TIMES as u64;
    println!("a document of {DOCUMENT} octets: {syncs} syncs for {TIMES}, {each} octets each");
    assert!(syncs >= TIMES, "{syncs} syncs for {TIMES} letters");
    let most = DOCUMENT as u64 + AROUND;
    assert!(each > DOCUMENT as u64 && each <= most, "{each} octets for a document of {DOCUMENT}");
}

fn read(path: &Path) -> Vec<TraceLine> {
    let text = until(Limit(Duration::from_secs(60), "strace to write its last line"), || {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().last().is_some_and(|line| line.contains("+++ ")).then_some(text)
    });
    parse_trace(&text)
}
