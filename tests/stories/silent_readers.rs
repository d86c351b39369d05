//! Mail programs that ask for everything and read nothing (RELIABILITY I-02).

use kit::{Engine, House, Socket, settled_memory};

const LOGIN: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const PASSWORD: &str = "demo-marie-lenoir";
const SILENT: usize = 15;
/// 256 KB of output, a body read ahead and three pages of short letters (`relay/src/imap/limits.rs`) are 0.6 MB; the
/// heaps that the server's threads keep for themselves come on top, from none to 0.7 MB for each reader, as many threads
/// as happened to work at once. One answer that is not held back is 21 MB.
const EACH: u64 = 2 * 1024 * 1024;

fn sign_in(house: &House) -> Socket {
    let mut socket = house.secure(house.ports.imaps).unwrap();
    socket.line().unwrap();
    for command in [format!("a LOGIN {LOGIN} {PASSWORD}"), "a SELECT INBOX".to_owned()] {
        socket.send(format!("{command}\r\n").as_bytes()).unwrap();
        while !socket.line().unwrap().starts_with(b"a OK") {}
    }
    socket
}

#[test]
fn i_02_who_reads_nothing_holds_little_and_disturbs_nobody() {
    let house = House::open(Engine::Sqlite);
    let mut reader = house.reader(LOGIN, PASSWORD).unwrap();
    let short = format!("Subject: court\r\n\r\n{}", "Bonjour.\r\n".repeat(1_000));
    let long = format!("Subject: long\r\n\r\n{}", "Bonjour, encore.\r\n".repeat(120_000));
    for _ in 0..40 {
        reader.append("INBOX", "", short.as_bytes()).unwrap();
    }
    for _ in 0..10 {
        reader.append("INBOX", "", long.as_bytes()).unwrap();
    }
    // One that reads goes first: what the server keeps for everybody is in memory then.
    reader.run("SELECT INBOX").unwrap();
    reader.run("FETCH 1:* BODY.PEEK[]").unwrap();
    let before = settled_memory(house.process());
    let flood = "b FETCH 1:* BODY.PEEK[]\r\n".repeat(1_000);
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        let mut socket = sign_in(&house);
        socket.send(flood.as_bytes()).unwrap();
        silent.push(socket);
    }
    let after = settled_memory(house.process());
    let each = after.saturating_sub(before) / SILENT as u64;
    println!("{SILENT} silent readers hold {each} octets each ({before} before, {after} after)");
    assert!(each <= EACH, "{each} octets for each who reads nothing");
    // Another is served meanwhile.
    assert_eq!(reader.run("FETCH 1:5 UID").unwrap().len(), 5);
    drop(silent);
}
