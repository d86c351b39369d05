//! What a mail program and the house said to each other, as a transcript: tags in the order of the
//! commands, and holes where a house chooses freely ([`crate::volatile`]).

use crate::volatile::{Holes, blank, encode};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The mail program.
    Client,
    /// The house.
    Server,
}

/// What the ear heard.
#[derive(Clone, Debug)]
pub enum Event {
    /// Octets of one side; none when it went away.
    Said {
        /// Counted from 1, in the order in which they were opened.
        connection: usize,
        /// Whose.
        speaker: Speaker,
        /// What.
        bytes: Option<Vec<u8>>,
    },
    /// Something happened elsewhere.
    World(String),
}

/// A dialogue in lines.
#[derive(Clone, Debug, Default)]
pub struct Dialogue {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    connection: usize,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Client(Vec<u8>),
    Server(Vec<u8>),
    /// The server ended it.
    Closed,
    /// The program went away.
    Gone,
    World(String),
}

impl Dialogue {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut connections: BTreeMap<usize, Connection> = BTreeMap::new();
        let mut lines = Vec::new();
        for event in events {
            let (number, speaker, bytes) = match event {
                Event::World(text) => {
                    lines.push(Line { connection: 0, what: What::World(text.clone()) });
                    continue;
                }
                Event::Said { connection, speaker, bytes } => (*connection, *speaker, bytes),
            };
            let connection = connections.entry(number).or_default();
            let said: Vec<What> = match (bytes, speaker) {
                (None, _) if connection.over => continue,
                (None, Speaker::Client) => vec![What::Gone],
                (None, Speaker::Server) => vec![What::Closed],
                (Some(bytes), Speaker::Client) => {
                    connection.client(bytes).into_iter().map(What::Client).collect()
                }
                (Some(bytes), Speaker::Server) => {
                    connection.server(bytes).into_iter().map(What::Server).collect()
                }
            };
            connection.over |= bytes.is_none();
            lines.extend(said.into_iter().map(|what| Line { connection: number, what }));
        }
        Self { lines }
    }

    /// The answers of the house that call the program's grammar wrong: one of the two does not know the
    /// protocol.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let servers = self.lines.iter().filter_map(|line| match &line.what {
            What::Server(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            What::Client(_) | What::Closed | What::Gone | What::World(_) => None,
        });
        servers.filter(|line| line.split(' ').nth(1) == Some("BAD")).collect()
    }

    /// The lines of a transcript, below its heading.
    #[must_use]
    pub fn text(&self) -> String {
        let mut holes = Holes::default();
        let mut text = String::new();
        let mut current = 1;
        for line in &self.lines {
            if line.connection != current && line.connection != 0 {
                current = line.connection;
                let _ = writeln!(text, "<CONNECTION {current}>");
            }
            let line = match &line.what {
                What::Client(bytes) => format!("C: {}", holes.said_back(&encode(bytes))),
                What::Server(bytes) => format!("S: {}", holes.chosen(&blank(&encode(bytes)))),
                What::Closed => "<CLOSED>".to_owned(),
                What::Gone => "<GONE>".to_owned(),
                What::World(what) => format!("W: {what}"),
            };
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}

#[derive(Default)]
struct Connection {
    client: Lines,
    server: Lines,
    tags: Vec<Vec<u8>>,
    /// Set while the program answers a `+` of this command, and no line of it begins a command.
    exchange: Option<Vec<u8>>,
    over: bool,
}

impl Connection {
    fn client(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for (line, first) in self.client.feed(bytes) {
            if !first {
                lines.push(line);
                continue;
            }
            if self.exchange.is_some() {
                if line.eq_ignore_ascii_case(b"DONE") {
                    self.exchange = None;
                }
                lines.push(line);
                continue;
            }
            let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
            let (tag, rest) = line.split_at(end);
            self.tags.push(tag.to_vec());
            let word = rest.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            if [&b"IDLE"[..], b"AUTHENTICATE"].iter().any(|name| word.eq_ignore_ascii_case(name)) {
                self.exchange = Some(tag.to_vec());
            }
            lines.push([format!("a{}", self.tags.len()).as_bytes(), rest].concat());
        }
        lines
    }

    /// An answer to a search names its command once more (RFC 4731 §3.1).
    fn correlated(&self, line: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8_lossy(&line);
        let named = text.split_once("(TAG \"").and_then(|(before, rest)| {
            let (tag, after) = rest.split_once('"')?;
            let known = self.tags.iter().rposition(|known| known == tag.as_bytes())?;
            Some(format!("{before}(TAG \"a{}\"{after}", known + 1).into_bytes())
        });
        named.unwrap_or(line)
    }

    fn server(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for (line, first) in self.server.feed(bytes) {
            let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
            let line = self.correlated(line);
            let (tag, rest) = line.split_at(end);
            let known = self.tags.iter().rposition(|known| known == tag).filter(|_| first);
            let Some(known) = known else {
                lines.push(line);
                continue;
            };
            if self.exchange.as_deref() == Some(tag) {
                self.exchange = None;
            }
            if known + 1 == self.tags.len() {
                // A literal that was announced and refused does not come.
                self.client.literal = 0;
                self.client.goes_on = false;
            }
            lines.push([format!("a{}", known + 1).as_bytes(), rest].concat());
        }
        lines
    }
}

/// Cuts one direction into lines, and knows which of them stand in literals.
#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
    literal: usize,
    goes_on: bool,
}

impl Lines {
    /// The lines that are whole now, each with whether it begins a command or an answer.
    fn feed(&mut self, bytes: &[u8]) -> Vec<(Vec<u8>, bool)> {
        self.partial.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = memchr::memmem::find(&self.partial, b"\r\n") {
            let mut line: Vec<u8> = self.partial.drain(..end + 2).collect();
            line.truncate(end);
            let first = self.literal == 0 && !self.goes_on;
            if self.literal >= line.len() + 2 {
                self.literal -= line.len() + 2;
                self.goes_on = true;
            } else {
                let rest = line.get(self.literal..).unwrap_or_default();
                self.literal = announced(rest).unwrap_or(0);
                self.goes_on = announced(rest).is_some();
            }
            lines.push((line, first));
        }
        lines
    }
}

/// `{n}`, `{n+}` or `~{n}` at the end of a line.
fn announced(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}")?;
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    let figures = std::str::from_utf8(&line[open + 1..]).ok()?;
    figures.strip_suffix('+').unwrap_or(figures).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(speaker: Speaker, text: &str) -> Event {
        Event::Said { connection: 1, speaker, bytes: Some(text.as_bytes().to_vec()) }
    }

    #[test]
    fn tags_are_counted_and_literals_and_exchanges_are_no_commands() {
        let events = [
            said(Speaker::Server, "* OK [CAPABILITY IMAP4rev1] hello\r\n"),
            said(Speaker::Client, "XY7 AUTHENTICATE PLAIN\r\n"),
            said(Speaker::Server, "+ \r\n"),
            said(Speaker::Client, "AGEAYg==\r\n"),
            said(Speaker::Server, "XY7 OK [CAPABILITY IMAP4rev1 IDLE] welcome\r\n"),
            said(Speaker::Client, "XY8 APPEND INBOX {11}\r\n"),
            said(Speaker::Server, "+ go"),
            said(Speaker::Server, " on\r\n"),
            said(Speaker::Client, "XY7 a\r\nXY8 \r\nXY9 IDLE\r\n"),
            said(Speaker::Server, "XY8 OK [APPENDUID 1700000000 4] done\r\n+ idling\r\n"),
            Event::World("deliver".to_owned()),
            said(Speaker::Server, "* 5 EXISTS\r\n"),
            said(Speaker::Client, "DONE\r\nXY10 NOPE\r\n"),
            said(Speaker::Server, "* ESEARCH (TAG \"XY10\") UID ALL 3\r\n"),
            said(Speaker::Server, "XY9 OK done\r\nXY10 BAD what\r\n"),
            Event::Said { connection: 1, speaker: Speaker::Client, bytes: None },
            Event::Said { connection: 1, speaker: Speaker::Server, bytes: None },
        ];
        let dialogue = Dialogue::of(&events);
        let wanted = "\
S: * OK [CAPABILITY IMAP4rev1] *
C: a1 AUTHENTICATE PLAIN
S: + *
C: AGEAYg==
S: a1 OK [CAPABILITY IMAP4rev1 IDLE] *
C: a2 APPEND INBOX {11}
S: + *
C: XY7 a
C: XY8<0x20>
C: a3 IDLE
S: a2 OK [APPENDUID <validity-1> 4] *
S: + *
W: deliver
S: * 5 EXISTS
C: DONE
C: a4 NOPE
S: * ESEARCH (TAG \"a4\") UID ALL 3
S: a3 OK *
S: a4 BAD *
<GONE>
";
        assert_eq!(dialogue.text(), wanted);
        assert_eq!(dialogue.complaints(), ["a4 BAD what"]);
    }
}
