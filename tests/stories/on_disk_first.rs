//! "250" means *on disk*: the order of system calls says so, and the judge of that order can be made
//! to find somebody guilty.

use crate::people::{MARIE, PAUL};
use kit::{Engine, House, Letter, Limit, Plan, TraceLine, instant, jpeg, judge_trace, parse_trace, until};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CALLS: &str = "trace=fdatasync,fsync,rename,renameat,renameat2,write,writev,sendto,sendmsg";
const END: Limit = Limit(Duration::from_secs(60), "strace to write its last line");

/// A small letter is in the log of the database.
const SMALL: [&str; 1] = ["sync data/pli.db-wal"];
/// A larger one is first in a segment.
const LARGER: [&str; 2] = ["sync data/blobs/segments/", "sync data/pli.db-wal"];
/// A very large one is first a file, its name, and its folder.
const LARGEST: [&str; 4] =
    ["sync data/blobs/tmp/", "rename data/blobs/tmp/", "sync data/blobs/", "sync data/pli.db-wal"];
/// On PostgreSQL the log is the other server's; the files are still ours.
const BLOB: [&str; 3] = ["sync data/blobs/tmp/", "rename data/blobs/tmp/", "sync data/blobs/"];

fn strace(trace: &Path) -> Vec<String> {
    // -D: the traced program is our child, and dies when we kill it.
    let words = ["strace", "-D", "-f", "-yy", "-ttt", "-s", "16", "-e", CALLS, "-o"];
    words.into_iter().map(str::to_owned).chain([trace.to_string_lossy().into_owned()]).collect()
}

fn read_trace(path: &Path) -> Vec<TraceLine> {
    let text = until(END, || {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().last().is_some_and(|line| line.contains("+++ ")).then_some(text)
    });
    parse_trace(&text)
}

/// What happened to letters of one kind: the instants around each, and the client's port.
struct Sent {
    client: u16,
    letters: Vec<(f64, f64)>,
}

fn send(house: &House, octets: impl Fn(usize) -> Vec<u8>) -> Sent {
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    let mut letters = Vec::new();
    for number in 0..5 {
        assert_eq!(client.envelope(MARIE.address, &[PAUL.address]).unwrap(), None);
        let octets = octets(number);
        let sent = instant();
        let answer = client.letter(&octets).unwrap();
        letters.push((sent, instant()));
        assert_eq!(answer.code, 250, "{}", answer.text);
    }
    Sent { client: client.0.local_port().unwrap(), letters }
}

fn small(number: usize) -> Vec<u8> {
    Letter::new(MARIE.address, PAUL.address, &format!("Petite {number}"), "Quelques mots.").octets()
}

fn larger(number: usize) -> Vec<u8> {
    with_photo(number, 120_000)
}

fn largest(number: usize) -> Vec<u8> {
    with_photo(number, 1_200_000)
}

fn with_photo(number: usize, octets: usize) -> Vec<u8> {
    let photo = jpeg(&format!("photo {number}"), octets);
    Letter::new(MARIE.address, PAUL.address, "Grande", "Avec photo.")
        .file("p.jpg", "image/jpeg", photo)
        .octets()
}

fn tell(engine: Engine, small_steps: &[&str], larger_steps: &[&str], largest_steps: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut house = House::build(Plan { under: strace(&trace), ..Plan::demo(engine) });
    let small = send(&house, small);
    let larger = send(&house, larger);
    let largest = send(&house, largest);
    house.stop("TERM");
    let trace = read_trace(&trace);
    assert_eq!(judge_trace(&trace, small.client, &small.letters, small_steps), [], "small letters");
    assert_eq!(judge_trace(&trace, larger.client, &larger.letters, larger_steps), [], "larger letters");
    assert_eq!(judge_trace(&trace, largest.client, &largest.letters, largest_steps), [], "largest letters");
    // The same trace accuses when the log's syncs are taken out of it.
    let forgetful: Vec<TraceLine> =
        trace.into_iter().filter(|line| !matches!(line.call.as_str(), "fdatasync" | "fsync")).collect();
    for (sent, steps) in [(larger, larger_steps), (largest, largest_steps)] {
        let accused = judge_trace(&forgetful, sent.client, &sent.letters, steps);
        assert!(accused.len() >= sent.letters.len(), "the judge sees nothing: {accused:?}");
    }
}

#[test]
fn no_250_is_written_before_log_and_blob_are_synced_on_sqlite() {
    tell(Engine::Sqlite, &SMALL, &LARGER, &LARGEST);
}

#[test]
fn no_250_is_written_before_the_blob_is_synced_on_postgresql() {
    tell(Engine::Postgres, &[], &LARGER[..1], &BLOB);
}

#[test]
fn a_build_whose_durability_is_weakened_is_found_guilty() {
    assert_eq!(scribe("power-cut"), 0, "the scribe that syncs is innocent");
    assert_eq!(scribe("process-crash"), 5, "the scribe that does not sync is guilty of every line");
}

/// How many of five acknowledgements of the scribe come before the sync of the log.
fn scribe(durability: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let (trace, port_file) = (folder.path().join("trace"), folder.path().join("port"));
    let under = strace(&trace);
    let mut command = Command::new(&under[0]);
    command.args(&under[1..]).arg(env!("CARGO_BIN_EXE_pli-scribe"));
    command.arg(folder.path().join("data")).arg(durability).arg(&port_file).stdin(Stdio::null());
    let mut child: Child = command.spawn().unwrap();
    let port: u16 = until(Limit(Duration::from_secs(60), "the scribe"), || {
        std::fs::read_to_string(&port_file).ok()?.parse().ok()
    });
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let client = stream.local_addr().unwrap().port();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    for number in 0..5 {
        let sent = instant();
        stream.write_all(format!("line {number}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        lines.push((sent, instant()));
        assert_eq!(answer, "250 noted\r\n");
    }
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    until(Limit(Duration::from_secs(60), "the scribe's end"), || child.try_wait().unwrap());
    judge_trace(&read_trace(&trace), client, &lines, &SMALL).len()
}
