//! A mailbox client that reads literals, and no more than that.

use crate::socket::Socket;
use std::io;

/// One line of the server with its literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The line, `{n}` where a literal stood.
    pub line: String,
    /// The literals in order.
    pub literals: Vec<Vec<u8>>,
}

/// A connection to the mailbox door.
pub struct ImapClient {
    /// The connection, for stories that go down to bytes.
    pub socket: Socket,
    tag: u32,
}

impl ImapClient {
    /// Reads the greeting; nobody is signed in yet.
    pub fn connect(mut socket: Socket) -> io::Result<Self> {
        let greeting = socket.line()?;
        if greeting.starts_with(b"* OK") {
            Ok(Self { socket, tag: 0 })
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&greeting).into_owned()))
        }
    }

    /// Sends a command; the untagged lines, when its end is OK.
    pub fn run(&mut self, command: &str) -> io::Result<Vec<Fetched>> {
        let (lines, end) = self.ask(command)?;
        if end.starts_with("OK") { Ok(lines) } else { Err(io::Error::other(format!("{command:.60}: {end}"))) }
    }

    /// Sends a command; the untagged lines and the end, whatever it is.
    pub fn ask(&mut self, command: &str) -> io::Result<(Vec<Fetched>, String)> {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        self.socket.send(format!("{tag}{command}\r\n").as_bytes())?;
        let mut lines = Vec::new();
        loop {
            let fetched = self.whole_line()?;
            match fetched.line.strip_prefix(&tag) {
                Some(end) => return Ok((lines, end.to_owned())),
                None => lines.push(fetched),
            }
        }
    }

    /// Appends a letter to a folder.
    pub fn append(&mut self, folder: &str, flags: &str, letter: &[u8]) -> io::Result<()> {
        self.append_with(&format!("{folder} ({flags})"), letter)
    }

    /// Appends a letter that came at `received`, as IMAP writes instants.
    pub fn append_at(&mut self, folder: &str, received: &str, letter: &[u8]) -> io::Result<()> {
        self.append_with(&format!("{folder} \"{received}\""), letter)
    }

    fn append_with(&mut self, arguments: &str, letter: &[u8]) -> io::Result<()> {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        let command = format!("{tag}APPEND {arguments} {{{}}}\r\n", letter.len());
        self.socket.send(command.as_bytes())?;
        let go_ahead = self.whole_line()?;
        if !go_ahead.line.starts_with('+') {
            return Err(io::Error::other(go_ahead.line));
        }
        self.socket.send(letter)?;
        self.socket.send(b"\r\n")?;
        loop {
            let line = self.whole_line()?.line;
            if let Some(end) = line.strip_prefix(&tag) {
                return if end.starts_with("OK") { Ok(()) } else { Err(io::Error::other(end.to_owned())) };
            }
        }
    }

    /// The selected folder's letters, whole, without marking them read.
    pub fn letters(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let lines = self.run("UID FETCH 1:* (BODY.PEEK[])")?;
        Ok(lines
            .into_iter()
            .filter(|line| line.line.contains(" FETCH "))
            .flat_map(|line| line.literals)
            .collect())
    }

    /// The next line of the server, as it comes.
    pub fn whole_line(&mut self) -> io::Result<Fetched> {
        let mut fetched = Fetched { line: String::new(), literals: Vec::new() };
        loop {
            let piece = self.socket.line()?;
            fetched.line.push_str(&String::from_utf8_lossy(&piece));
            let Some(count) = literal(&piece) else { return Ok(fetched) };
            fetched.literals.push(self.socket.exactly(count)?);
        }
    }
}

fn literal(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}")?;
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(&line[open + 1..]).ok()?.parse().ok()
}
