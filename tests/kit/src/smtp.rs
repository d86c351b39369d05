//! A submission client that does exactly what it is told.

use crate::socket::Socket;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::io;

/// One reply of the server, all its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The three figures.
    pub code: u16,
    /// Every line with its code, joined by `\n`.
    pub text: String,
}

impl Answer {
    /// The queue id in a `250 2.0.0 <id> accepted`.
    #[must_use]
    pub fn queue(&self) -> Option<&str> {
        self.text.strip_prefix("250 2.0.0 ")?.strip_suffix(" accepted")
    }

    /// The reference at the end of a refusal, for `pli admin why`.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        // A long reply may break into two lines in front of the reference.
        let (_, reference) = self.text.rsplit_once("ref ")?;
        Some(reference.trim().to_owned())
    }
}

/// A connection to a submission door.
pub struct SmtpClient(pub Socket);

impl SmtpClient {
    /// Reads one reply.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let mut text = String::new();
        loop {
            let line = String::from_utf8(self.0.line()?).map_err(io::Error::other)?;
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let code = code.ok_or_else(|| io::Error::other(format!("not a reply: {line}")))?;
            text.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Answer { code, text });
            }
            text.push('\n');
        }
    }

    /// Sends a line and reads the reply.
    pub fn say(&mut self, line: &str) -> io::Result<Answer> {
        self.0.send(format!("{line}\r\n").as_bytes())?;
        self.answer()
    }

    /// Sends a line whose reply must be `code`.
    pub fn expect(&mut self, line: &str, code: u16) -> io::Result<Answer> {
        let answer = self.say(line)?;
        if answer.code == code {
            Ok(answer)
        } else {
            Err(io::Error::other(format!("{line:.60}: wanted {code}, got {}", answer.text)))
        }
    }

    /// STARTTLS and a new EHLO.
    pub fn secure(&mut self) -> io::Result<()> {
        self.expect("STARTTLS", 220)?;
        self.0.start_tls()?;
        self.expect("EHLO stories.example", 250).map(drop)
    }

    /// AUTH PLAIN.
    pub fn sign_in(&mut self, login: &str, password: &str) -> io::Result<()> {
        let message = BASE64_STANDARD.encode(format!("\0{login}\0{password}"));
        self.expect(&format!("AUTH PLAIN {message}"), 235).map(drop)
    }

    /// MAIL, RCPT for each, DATA, the letter: the reply to its last dot, or to the first of these
    /// commands that was refused (after a RSET).
    pub fn send(&mut self, from: &str, to: &[&str], letter: &[u8]) -> io::Result<Answer> {
        let refused = self.envelope(from, to)?;
        if let Some(answer) = refused {
            self.expect("RSET", 250)?;
            return Ok(answer);
        }
        self.letter(letter)
    }

    /// MAIL, RCPT for each and DATA, or the first refusal.
    pub fn envelope(&mut self, from: &str, to: &[&str]) -> io::Result<Option<Answer>> {
        let recipients = to.iter().map(|to| format!("RCPT TO:<{to}>"));
        let commands =
            [format!("MAIL FROM:<{from}>")].into_iter().chain(recipients).chain(["DATA".to_owned()]);
        for command in commands {
            let answer = self.say(&command)?;
            if answer.code >= 400 {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// The letter, dots stuffed, and its end; the reply to it.
    pub fn letter(&mut self, letter: &[u8]) -> io::Result<Answer> {
        self.0.send(&stuffed(letter))?;
        self.answer()
    }
}

/// A letter as DATA carries it: dots doubled, the end mark behind.
fn stuffed(letter: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(letter.len() + 64);
    for line in letter.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line);
    }
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    bytes
}
