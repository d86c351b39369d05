//! What a peer answers: read strictly, kept safe to show. Besides the server's own `reply.rs`, the
//! only place in `wire` with three-digit codes.

use super::limits::{REPLY, REPLY_LINE, REPLY_LINES, REPLY_TEXT};
use crate::clean::Break;
use crate::lines::{Lines, Next};

/// A reply of a peer.
///
/// Its text is printable ASCII, lines parted by `\n`, at most [`REPLY_TEXT`] octets: it goes into
/// reports and logs, and whoever wrote it does not choose what else stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerReply {
    code: u16,
    enhanced: Option<(u8, u8, u16)>,
    text: String,
}

/// The first figure of a reply (RFC 5321 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 2yz: done.
    Done,
    /// 3yz: go on.
    GoOn,
    /// 4yz: not now.
    Later,
    /// 5yz: never.
    Never,
}

/// What is wrong with what came in place of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFault {
    /// A line that begins with no code.
    #[error("a line that is no reply")]
    NoCode,
    /// Lines of one reply with different codes (RFC 5321 §4.2.1).
    #[error("a reply whose lines have different codes")]
    MixedCodes,
    /// A CR or LF alone, or a NUL.
    #[error("a CR, LF or NUL alone in a reply")]
    Break,
    /// More than we listen to.
    #[error("a reply that does not end")]
    TooLong,
}

impl PeerReply {
    /// The three-digit code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The first figure.
    #[must_use]
    pub fn class(&self) -> Class {
        match self.code / 100 {
            2 => Class::Done,
            3 => Class::GoOn,
            4 => Class::Later,
            _ => Class::Never, // the reader lets nothing else in
        }
    }

    /// The enhanced status code (RFC 3463), when the peer gave one that fits the code (RFC 2034 §4).
    #[must_use]
    pub fn enhanced(&self) -> Option<(u8, u8, u16)> {
        self.enhanced
    }

    /// The enhanced status code, made from the code's first figure where the peer gave none.
    #[must_use]
    pub fn status(&self) -> (u8, u8, u16) {
        self.enhanced.unwrap_or((u8::try_from(self.code / 100).unwrap_or(5), 0, 0))
    }

    /// The words, lines parted by `\n`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the peer closes the connection with it (421, RFC 5321 §3.8).
    #[must_use]
    pub fn is_farewell(&self) -> bool {
        self.code == 421
    }

    /// Whether it opens a session (220, RFC 5321 §4.3.2; RFC 3207 §4).
    pub(super) fn is_ready(&self) -> bool {
        self.code == 220
    }

    /// What RCPT's refusal means. RFC 5321 §4.5.3.1.10: 552 there once meant "too many recipients"
    /// and is to be read as 452, unless the peer says more exactly what it means.
    pub(super) fn class_for_rcpt(&self) -> Class {
        match (self.code, self.enhanced) {
            (552, None | Some((_, 5, 3))) => Class::Later,
            _ => self.class(),
        }
    }

    /// Whether it says that one letter has too many recipients (RFC 5321 §4.5.3.1.10).
    pub(super) fn is_too_many(&self) -> bool {
        match self.enhanced {
            Some((_, subject, detail)) => (subject, detail) == (5, 3),
            None => self.code == 452 || self.code == 552,
        }
    }
}

impl std::fmt::Display for PeerReply {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.code)?;
        if let Some((class, subject, detail)) = self.enhanced {
            write!(out, " {class}.{subject}.{detail}")?;
        }
        if !self.text.is_empty() {
            write!(out, " {}", self.text.replace('\n', " "))?;
        }
        Ok(())
    }
}

/// Cuts what comes into replies.
#[derive(Debug, Default)]
pub(super) struct Replies {
    lines: Lines,
    begun: Option<Begun>,
}

/// A reply whose last line has not come.
#[derive(Debug)]
struct Begun {
    code: u16,
    lines: Vec<String>,
    octets: usize,
}

impl Replies {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
    }

    /// Whether anything came that was not read as a whole reply.
    pub(super) fn is_empty(&self) -> bool {
        self.begun.is_none() && self.lines.unread().is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.begun = None;
        self.lines.clear();
    }

    /// The next whole reply, if it is there.
    pub(super) fn next(&mut self) -> Result<Option<PeerReply>, ReplyFault> {
        loop {
            let line = match self.lines.next(REPLY_LINE) {
                Next::Incomplete => return Ok(None),
                Next::Line(line) => line,
                Next::TooLong | Next::Endless => return Err(ReplyFault::TooLong),
                Next::Broken(Break::BareCr | Break::BareLf | Break::Nul) => return Err(ReplyFault::Break),
            };
            let (code, last, text) = split(&line).ok_or(ReplyFault::NoCode)?;
            let begun = self.begun.get_or_insert(Begun { code, lines: Vec::new(), octets: 0 });
            if begun.code != code {
                return Err(ReplyFault::MixedCodes);
            }
            begun.octets += line.len();
            begun.lines.push(safe(text));
            if begun.octets > REPLY || begun.lines.len() > REPLY_LINES {
                return Err(ReplyFault::TooLong);
            }
            if last && let Some(begun) = self.begun.take() {
                return Ok(Some(begun.whole()));
            }
        }
    }
}

impl Begun {
    fn whole(self) -> PeerReply {
        let class = u8::try_from(self.code / 100).unwrap_or(5);
        let first = self.lines.first().map(String::as_str).unwrap_or_default();
        let enhanced = enhanced(first).map(|(code, _)| code).filter(|code| code.0 == class);
        // The code stands on every line (RFC 2034 §4), and some servers forget it on some.
        let words = self.lines.iter().map(|line| match enhanced_of(line, enhanced) {
            Some(rest) => rest,
            None => line.as_str(),
        });
        let mut text = words.collect::<Vec<_>>().join("\n");
        text.truncate(REPLY_TEXT); // ASCII
        PeerReply { code: self.code, enhanced, text }
    }
}

fn enhanced_of(line: &str, wanted: Option<(u8, u8, u16)>) -> Option<&str> {
    let (code, rest) = enhanced(line)?;
    (Some(code) == wanted).then_some(rest)
}

/// Code, whether this is the last line, words. A code alone is a reply (RFC 5321 §4.2: clients
/// should take it), and a server that forgets the blank means what it says.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9'] = digits else { return None };
    let code = [first, second, third].iter().fold(0, |code, digit| code * 10 + u16::from(*digit - b'0'));
    match rest {
        [] => Some((code, true, rest)),
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        [b'0'..=b'9', ..] => None,
        text => Some((code, true, text)),
    }
}

/// `class.subject.detail` at the front of a line, and what follows it (RFC 2034 §4).
fn enhanced(line: &str) -> Option<((u8, u8, u16), &str)> {
    let (code, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut parts = code.split('.').map(|part| {
        let digits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    });
    let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
    let small = |part| u8::try_from(part).ok();
    (parts.next().is_none()).then_some(((small(class)?, small(subject)?, detail), rest))
}

fn safe(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars()
        .map(|c| match c {
            ' '..='~' => c,
            '\t' => ' ',
            _ => '?',
        })
        .collect()
}
