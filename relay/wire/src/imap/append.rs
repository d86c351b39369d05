//! APPEND (RFC 3501 §6.3.11, RFC 4315 §3): the letter goes to the world as it comes, never held whole.

use bytes::Bytes;

use super::command::AppendHead;
use super::reader::{LineFault, Sync};
use super::reply::Completion;
use super::server::{Out, Phase, Server, Task};
use super::session::Expunges;
use super::{Ask, Code, Placed, Refusal, limits};
use crate::Action;

/// Octets of the line that ends the command after its letter.
const END_LINE: usize = 1024;

/// An APPEND whose letter is stored.
#[derive(Debug)]
pub(super) struct Append {
    tag: String,
}

/// An APPEND that the world looks at before its letter comes.
#[derive(Debug)]
pub(super) struct Begun {
    pub tag: String,
    pub length: u64,
    pub sync: Sync,
}

/// An APPEND whose letter is coming.
#[derive(Debug)]
pub(super) struct Streaming {
    tag: String,
    left: u64,
    fate: Fate,
}

/// What becomes of the letter.
#[derive(Debug)]
enum Fate {
    /// The world takes it.
    Taken,
    /// The world began to take it and must give it up.
    GivenUp(Completion),
    /// The world refused it, but it was on its way already; it is swallowed.
    Refused(Completion),
}

impl Server {
    pub(super) fn append(&mut self, head: AppendHead, begun: Begun, out: &mut Out) {
        let refusal = if begun.length > self.config.limits.letter {
            Some(Completion::no(Code::Limit, "the letter is too large"))
        } else if begun.length == 0 {
            Some(Completion::no(Code::Cannot, "a letter without octets is no letter"))
        } else {
            None
        };
        let minus = begun.sync == Sync::Sends && begun.length > limits::LITERAL_MINUS;
        match refusal {
            // RFC 7888 §4: what comes without waiting and is too large cannot be read past.
            Some(refusal) if begun.sync == Sync::Sends && begun.length > 0 => {
                out.send(refusal.line(&begun.tag).as_bytes());
                self.bye("LIMIT", "a literal that cannot be taken is on its way", out);
            }
            None if minus => {
                out.send(
                    Completion::bad("the literal is too long").with("LIMIT").line(&begun.tag).as_bytes(),
                );
                self.bye("LIMIT", "a literal that cannot be taken is on its way", out);
            }
            Some(refusal) if begun.sync == Sync::Sends => self.swallow(begun, refusal, out),
            Some(refusal) => self.complete(&begun.tag, refusal, Expunges::Told, out),
            None => {
                let AppendHead { folder, flags, date } = head;
                let ask = Ask::Append { folder, flags, date, size: begun.length };
                self.ask(ask, Task::AppendBegin(begun), out);
            }
        }
    }

    pub(super) fn append_begins(&mut self, begun: Begun, outcome: Result<(), Refusal>, out: &mut Out) {
        match (outcome, begun.sync) {
            (Ok(()), sync) => {
                if sync == Sync::Waits {
                    out.send(b"+ go ahead\r\n");
                }
                let streaming = Streaming { tag: begun.tag, left: begun.length, fate: Fate::Taken };
                self.phase = Phase::Appending(streaming);
            }
            (Err(refusal), Sync::Waits) => {
                self.complete(&begun.tag, Completion::refused_destination(refusal), Expunges::Told, out);
            }
            (Err(refusal), Sync::Sends) => self.swallow(begun, Completion::refused_destination(refusal), out),
        }
    }

    fn swallow(&mut self, begun: Begun, refusal: Completion, _out: &mut Out) {
        let streaming = Streaming { tag: begun.tag, left: begun.length, fate: Fate::Refused(refusal) };
        self.phase = Phase::Appending(streaming);
    }

    /// Reads on in a letter; whether anything was done.
    pub(super) fn read_letter(&mut self, out: &mut Out) -> bool {
        let Phase::Appending(streaming) = &mut self.phase else { return false };
        if streaming.left > 0 {
            let most = usize::try_from(streaming.left).unwrap_or(usize::MAX).min(limits::PUSH);
            let piece = self.reader.take(most);
            streaming.left -= piece.len() as u64;
            let progress = !piece.is_empty();
            match streaming.fate {
                // RFC 3501 §9: CHAR8 is any octet but NUL.
                Fate::Taken if piece.contains(&0) => {
                    let refusal = Completion::no(Code::Cannot, "the letter holds a NUL octet");
                    streaming.fate = Fate::GivenUp(refusal);
                }
                Fate::Taken if progress => out.push(Action::Push(Bytes::from(piece))),
                Fate::Taken | Fate::GivenUp(_) | Fate::Refused(_) => {}
            }
            return progress;
        }
        let line = self.reader.whole_line(END_LINE);
        if line == Ok(None) {
            return false;
        }
        let Phase::Appending(streaming) = std::mem::replace(&mut self.phase, Phase::Ready) else {
            return false;
        };
        self.letter_ended(streaming, line, out);
        true
    }

    fn letter_ended(
        &mut self,
        streaming: Streaming,
        line: Result<Option<Vec<u8>>, LineFault>,
        out: &mut Out,
    ) {
        let Streaming { tag, fate, .. } = streaming;
        let misspelt = Completion::bad("only a line end may follow the letter").with("CLIENTBUG");
        let (clean, another) = match &line {
            Ok(Some(line)) => (line.is_empty(), line.ends_with(b"+}")),
            Ok(None) | Err(LineFault::BareNewline) => (false, false),
            Err(LineFault::TooLong) => (false, true),
        };
        match fate {
            // A literal that nobody asked for is on its way (MULTIAPPEND is not offered), or the end of
            // the line is unknown: what follows must not be taken for commands.
            _ if another => {
                out.send(misspelt.line(&tag).as_bytes());
                self.bye("LIMIT", "a literal that cannot be taken is on its way", out);
            }
            Fate::Taken if clean => self.ask(Ask::Finish, Task::AppendFinish(Append { tag }), out),
            Fate::Taken => self.ask(Ask::Discard, Task::AppendDiscard { tag, completion: misspelt }, out),
            Fate::GivenUp(completion) => self.ask(Ask::Discard, Task::AppendDiscard { tag, completion }, out),
            Fate::Refused(completion) => self.complete(&tag, completion, Expunges::Told, out),
        }
    }

    pub(super) fn appended(&mut self, append: &Append, placed: Result<Placed, Refusal>, out: &mut Out) {
        let completion = match placed {
            Ok(placed) => Completion::ok("APPEND done")
                .with(format!("APPENDUID {} {}", placed.uid_validity, placed.uid)),
            Err(refusal) => Completion::refused_destination(refusal),
        };
        self.complete(&append.tag, completion, Expunges::Told, out);
    }
}
