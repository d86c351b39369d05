//! Framing: lines and literals become whole commands, within limits (RFC 3501 §4.3, RFC 7888).

use zeroize::Zeroize;

use super::append::too_big_to_send;
use super::command;
use super::placing;
use super::reply::Completion;
use super::scan::{Cursor, Parsed};
use super::server::{Channel, Out, Phase, Server};
use super::session::Standing;
use super::{Code, limits};

/// Bytes not yet looked at, and the command they are becoming.
#[derive(Debug, Default)]
pub(super) struct Reader {
    inbox: Vec<u8>,
    /// How much of `inbox` is used up.
    used: usize,
    /// The command so far, literals in place.
    command: Vec<u8>,
    /// Where the line being read begins in `command`.
    line: usize,
    /// Octets of a literal still to come.
    literal: u64,
    literals: usize,
}

/// The announcement of a literal at the end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announced {
    pub length: u64,
    pub sync: Sync,
}

impl Announced {
    /// Whether it comes without waiting although LITERAL- (RFC 7888 §5) does not take so many octets.
    pub(super) fn is_too_long_to_send(self) -> bool {
        self.sync == Sync::Sends && self.length > limits::LITERAL_MINUS
    }
}

/// The literal that a line, its CRLF taken off, ends with.
pub(super) fn announced(line: &[u8]) -> Option<Announced> {
    let line = line.strip_suffix(b"}")?;
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    let (digits, sync) = match line[open + 1..].strip_suffix(b"+") {
        Some(digits) => (digits, Sync::Sends),
        None => (&line[open + 1..], Sync::Waits),
    };
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))?;
    // A number beyond 64 bits is beyond every limit too.
    Some(Announced { length: digits.parse().unwrap_or(u64::MAX), sync })
}

/// Whether the client waits for `+` before it sends a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    Waits,
    Sends,
}

/// Why a line cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFault {
    /// Over its limit; where it ends is not known.
    TooLong,
    /// It ends with LF alone.
    BareNewline,
}

impl Reader {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        if self.used > 0 {
            self.inbox.drain(..self.used);
            self.used = 0;
        }
        self.inbox.extend_from_slice(bytes);
    }

    /// Whether part of a command is here.
    pub(super) fn is_inside(&self) -> bool {
        !self.command.is_empty()
    }

    /// Octets in memory.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.inbox.capacity() + self.command.capacity()
    }

    /// Whether something came behind the command that is being answered.
    pub(super) fn has_more(&self) -> bool {
        !self.unread().is_empty()
    }

    fn unread(&self) -> &[u8] {
        &self.inbox[self.used..]
    }

    /// Up to `most` octets, as they come.
    pub(super) fn take(&mut self, most: usize) -> Vec<u8> {
        let taken = self.unread()[..self.unread().len().min(most)].to_vec();
        self.advance(taken.len());
        taken
    }

    fn advance(&mut self, octets: usize) {
        self.used += octets;
        if self.used == self.inbox.len() {
            self.used = 0;
            // Gives memory back as well: an idle session should hold none.
            self.inbox = Vec::new();
        }
    }

    /// Moves bytes to the line being read; `Ok(true)` when it is whole, its CRLF included.
    fn line(&mut self, most: usize) -> Result<bool, LineFault> {
        let unread = self.unread();
        let end = memchr::memchr(b'\n', unread).map(|at| at + 1);
        let piece = end.unwrap_or(unread.len());
        if self.command.len() + piece > most {
            return Err(LineFault::TooLong);
        }
        self.command.extend_from_slice(&self.inbox[self.used..self.used + piece]);
        self.advance(piece);
        match end {
            None => Ok(false),
            Some(_) if self.command[self.line..].ends_with(b"\r\n") => Ok(true),
            Some(_) => Err(LineFault::BareNewline),
        }
    }

    /// A whole line without its CRLF, outside of commands.
    pub(super) fn whole_line(&mut self, most: usize) -> Result<Option<Vec<u8>>, LineFault> {
        match self.line(most) {
            Ok(true) => {
                let mut line = self.reset();
                line.truncate(line.len() - 2);
                Ok(Some(line))
            }
            Ok(false) => Ok(None),
            Err(fault) => {
                self.reset();
                Err(fault)
            }
        }
    }

    /// Forgets the command and gives what was read of it.
    fn reset(&mut self) -> Vec<u8> {
        self.line = 0;
        self.literal = 0;
        self.literals = 0;
        std::mem::take(&mut self.command)
    }

    fn announced(&self) -> Option<Announced> {
        announced(self.command[self.line..].strip_suffix(b"\r\n")?)
    }
}

impl Server {
    /// Octets of a command with its literals (RELIABILITY I-01).
    fn command_limit(&self) -> usize {
        match self.standing {
            Standing::Stranger => limits::COMMAND_BEFORE_SIGN_IN,
            Standing::SignedIn => limits::COMMAND,
        }
    }

    /// Reads on in a command; whether anything was done.
    pub(super) fn read_command(&mut self, out: &mut Out) -> bool {
        if self.reader.literal > 0 {
            let most = usize::try_from(self.reader.literal).unwrap_or(usize::MAX);
            let piece = self.reader.take(most);
            self.reader.literal -= piece.len() as u64;
            self.reader.command.extend_from_slice(&piece);
            self.reader.line = self.reader.command.len();
            return !piece.is_empty();
        }
        if self.reader.unread().is_empty() {
            return false;
        }
        match self.reader.line(self.command_limit()) {
            Ok(false) => false,
            Ok(true) => {
                match self.reader.announced() {
                    Some(announced) => self.literal_begins(announced, out),
                    None => self.command_read(out),
                }
                true
            }
            Err(LineFault::TooLong) => {
                // Where it ends is unknown, so nothing after it may be taken for a command.
                self.bye("LIMIT", "the command is too long", out);
                false
            }
            Err(LineFault::BareNewline) => {
                self.reader.reset();
                self.untagged_fault("lines end with CRLF", out);
                true
            }
        }
    }

    fn command_read(&mut self, out: &mut Out) {
        let mut text = self.reader.reset();
        text.truncate(text.len() - 2);
        let mut cursor = Cursor::new(&text).speaking(self.enabled.strings());
        let standing = self.standing;
        match command::tag(&mut cursor) {
            None => self.untagged_fault("a command begins with a tag", out),
            Some(tag) => match command::parse(cursor) {
                Ok(command) => self.execute(tag, command, out),
                Err(fault) => self.fail(tag, Completion::fault(fault), out),
            },
        }
        if standing == Standing::Stranger {
            text.zeroize(); // it may hold a password
        }
    }

    fn literal_begins(&mut self, announced: Announced, out: &mut Out) {
        let text = std::mem::take(&mut self.reader.command);
        let mut cursor = Cursor::new(&text).speaking(self.enabled.strings());
        let tag = command::tag(&mut cursor).map(str::to_owned);
        let refusal = match &tag {
            None => Some(Completion::bad("a command begins with a tag")),
            Some(tag) => match self.append_head(cursor) {
                Some(Ok(head)) => {
                    self.reader.reset();
                    return self.append(tag, head, announced, out);
                }
                Some(Err(_)) if announced.is_too_long_to_send() => Some(too_big_to_send()),
                Some(Err(fault)) => Some(Completion::fault(fault)),
                None => self.refuses_literal(announced, text.len(), cursor),
            },
        };
        match (refusal, announced.sync) {
            (None, sync) => {
                self.reader.command = text;
                self.reader.line = self.reader.command.len();
                self.reader.literals += 1;
                self.reader.literal = announced.length;
                if sync == Sync::Waits {
                    out.send(b"+ go ahead\r\n");
                }
            }
            // The client waits, so it will not send the literal (RFC 3501 §4.3).
            (Some(refusal), Sync::Waits) => {
                self.reader.reset();
                match tag {
                    Some(tag) => self.fail(&tag, refusal, out),
                    None => self.untagged_fault("a command begins with a tag", out),
                }
            }
            // The literal is on its way and must not be taken for commands (I-01).
            (Some(refusal), Sync::Sends) => {
                if let Some(tag) = tag {
                    out.send(refusal.line(&tag).as_bytes());
                }
                self.bye("LIMIT", "a literal that cannot be taken is on its way", out);
            }
        }
    }

    fn append_head(&self, cursor: Cursor<'_>) -> Option<Parsed<placing::Head>> {
        match self.standing {
            Standing::Stranger => None,
            Standing::SignedIn => placing::head(cursor),
        }
    }

    fn refuses_literal(&self, announced: Announced, so_far: usize, cursor: Cursor<'_>) -> Option<Completion> {
        let too_long = Completion::bad("the literal is too long").with("LIMIT");
        let alone = match self.standing {
            Standing::Stranger => limits::LITERAL_BEFORE_SIGN_IN,
            Standing::SignedIn => limits::COMMAND as u64,
        };
        let room = (self.command_limit() - so_far.min(self.command_limit())) as u64;
        let in_clear = self.channel == Channel::Plain && command::name(cursor) == "LOGIN";
        if announced.is_too_long_to_send() {
            Some(too_big_to_send())
        } else if announced.length > alone.min(room) {
            Some(too_long)
        } else if self.reader.literals >= limits::LITERALS {
            Some(Completion::bad("too many literals").with("LIMIT"))
        } else if in_clear && announced.sync == Sync::Waits {
            // Does not invite a password that must not be said here.
            Some(privacy_required())
        } else {
            None
        }
    }
}

/// RFC 3501 §6.2.3, RFC 5530 §3
pub(super) fn privacy_required() -> Completion {
    Completion::no(Code::Unavailable, "sign in over TLS only").with("PRIVACYREQUIRED")
}

impl Phase {
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Phase::Over)
    }
}
