//! APPEND (RFC 3501 §6.3.11, RFC 3502 §6.3.11, RFC 4315 §3) and REPLACE (RFC 8508): letters go to the world as they
//! come, never held whole. A command is one act however many letters it brings: all are kept, or none.

use bytes::Bytes;

use super::command::By;
use super::placing::{self, Act, Form, Head, LetterHead};
use super::reader::{Announced, LineFault, Sync, announced};
use super::reply::Completion;
use super::scan::Cursor;
use super::server::{Out, Phase, Server, Task};
use super::session::Expunges;
use super::set::{Bound, SequenceSet};
use super::{Ask, Code, FolderName, Placed, Refusal, limits};
use crate::Action;

/// One command and what is known of it.
#[derive(Debug)]
pub(super) struct Batch {
    tag: String,
    folder: FolderName,
    /// The UID that the letter takes the place of.
    replaces: Option<u32>,
    /// Letters that the world holds.
    letters: usize,
}

/// Letters the world holds, to be committed.
#[derive(Debug)]
pub(super) struct Append(Batch);

/// A letter that the world looks at before its octets come.
#[derive(Debug)]
pub(super) struct Begun {
    batch: Batch,
    form: Form,
    literal: Announced,
}

/// A letter that is coming.
#[derive(Debug)]
pub(super) struct Streaming {
    batch: Batch,
    form: Form,
    left: u64,
    fate: Fate,
}

/// What becomes of the command.
#[derive(Debug)]
enum Fate {
    /// The world takes the letter.
    Taken,
    /// The command is refused, but octets are on their way already; they are swallowed.
    Lost(Completion, Held),
}

/// Whether the world holds something that it must be told to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Letters,
    Nothing,
}

impl Batch {
    fn held(&self) -> Held {
        if self.letters > 0 { Held::Letters } else { Held::Nothing }
    }
}

impl Server {
    /// A command whose first letter is announced.
    pub(super) fn append(&mut self, tag: &str, head: Head, literal: Announced, out: &mut Out) {
        let Head { act, folder, letter } = head;
        let mut batch = Batch { tag: tag.to_owned(), folder, replaces: None, letters: 0 };
        match self.replaced(act) {
            Ok(replaces) => batch.replaces = replaces,
            Err(refusal) => return self.turn_away(batch, letter.form, literal, refusal, out),
        }
        self.letter_begins(batch, letter, literal, out);
    }

    /// The UID of the message that REPLACE names.
    fn replaced(&self, act: Act) -> Result<Option<u32>, Completion> {
        let Act::Replace { by, old } = act else { return Ok(None) };
        if self.selection.is_none() {
            return Err(Completion::bad("select a folder first").with("CLIENTBUG"));
        }
        if self.is_read_only() {
            return Err(Completion::no(Code::Cannot, "the folder is open for reading only"));
        }
        let beyond = || Completion::bad("no message has this number").with("CLIENTBUG");
        let set = SequenceSet(vec![(old, old)]);
        let meant = match (by, old) {
            (By::Number, Bound::Star) if self.selection.as_ref().is_some_and(|s| s.view.len() == 0) => None,
            (By::Number | By::Uid, _) => self.meant(by, &set),
        };
        // RFC 8508 §3: the message must be there; one that is gone is nobody's to replace.
        let gone = || Completion::no(Code::ExpungeIssued, "the message to replace is gone");
        meant.ok_or_else(beyond)?.last().ok_or_else(gone).map(Some)
    }

    fn letter_begins(&mut self, batch: Batch, letter: LetterHead, literal: Announced, out: &mut Out) {
        let LetterHead { flags, date, form } = letter;
        if let Some(refusal) = self.refuses_letter(&batch, form, literal) {
            return self.turn_away(batch, form, literal, refusal, out);
        }
        let (folder, replaces) = (batch.folder.clone(), batch.replaces);
        let ask = Ask::Append { folder, flags, date, size: literal.length, replaces };
        self.ask(ask, Task::AppendBegin(Begun { batch, form, literal }), out);
    }

    fn refuses_letter(&self, batch: &Batch, form: Form, literal: Announced) -> Option<Completion> {
        if literal.is_too_long_to_send() {
            Some(too_big_to_send())
        } else if literal.length > self.config.limits.letter {
            // RFC 7889 §2: the limit is announced.
            Some(Completion::no(Code::TooBig, "the letter is larger than APPENDLIMIT"))
        } else if literal.length == 0 {
            // RFC 3502 §6.3.11: so a client gives a MULTIAPPEND up.
            Some(Completion::no(Code::Cannot, "a letter without octets is no letter"))
        } else if batch.letters >= limits::APPEND_LETTERS {
            Some(Completion::no(Code::Limit, "too many letters in one command"))
        } else if form == Form::Utf8 && !self.enabled.utf8() {
            Some(Completion::bad("ENABLE UTF8=ACCEPT first").with("CLIENTBUG"))
        } else {
            None
        }
    }

    /// Refuses the command at a letter that is announced and perhaps on its way.
    fn turn_away(
        &mut self,
        batch: Batch,
        form: Form,
        literal: Announced,
        refusal: Completion,
        out: &mut Out,
    ) {
        let held = batch.held();
        match literal.sync {
            // The client waits, so the letter never comes.
            Sync::Waits => self.give_up(batch.tag, refusal, held, out),
            // RFC 7888 §4: what comes without waiting and is too large cannot be read past.
            Sync::Sends if literal.length > limits::LITERAL_MINUS => {
                out.send(refusal.line(&batch.tag).as_bytes());
                self.bye("LIMIT", "a literal that cannot be taken is on its way", out);
            }
            Sync::Sends => {
                let fate = Fate::Lost(refusal, held);
                self.phase = Phase::Appending(Streaming { batch, form, left: literal.length, fate });
            }
        }
    }

    /// Ends a command that is refused.
    fn give_up(&mut self, tag: String, completion: Completion, held: Held, out: &mut Out) {
        match held {
            Held::Letters => self.ask(Ask::Discard, Task::AppendDiscard { tag, completion }, out),
            Held::Nothing => self.append_refused(&tag, completion, out),
        }
    }

    /// The world has given up what it held, if it held anything.
    pub(super) fn append_refused(&mut self, tag: &str, completion: Completion, out: &mut Out) {
        if completion.is_bad() {
            self.fail(tag, completion, out);
        } else {
            self.complete(tag, completion, Expunges::Told, out);
        }
    }

    pub(super) fn append_begins(&mut self, begun: Begun, outcome: Result<(), Refusal>, out: &mut Out) {
        let Begun { mut batch, form, literal } = begun;
        match outcome {
            Ok(()) => {
                if literal.sync == Sync::Waits {
                    out.send(b"+ go ahead\r\n");
                }
                batch.letters += 1;
                let (left, fate) = (literal.length, Fate::Taken);
                self.phase = Phase::Appending(Streaming { batch, form, left, fate });
            }
            Err(refusal) => {
                self.turn_away(batch, form, literal, Completion::refused_destination(refusal), out);
            }
        }
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
                Fate::Taken if memchr::memchr(0, &piece).is_some() => {
                    streaming.fate = Fate::Lost(nul_octet(streaming.form), Held::Letters);
                }
                Fate::Taken if progress => out.push(Action::Push(Bytes::from(piece))),
                Fate::Taken | Fate::Lost(..) => {}
            }
            return progress;
        }
        let line = self.reader.whole_line(limits::APPEND_LINE);
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
        let Streaming { batch, form, fate, .. } = streaming;
        let misspelt =
            || Completion::bad("only a line end or a letter may follow a letter").with("CLIENTBUG");
        let mut line = match line {
            Ok(line) => line.unwrap_or_default(),
            Err(LineFault::BareNewline) => b"\n".to_vec(),
            // Where it ends is unknown: what follows must not be taken for commands.
            Err(LineFault::TooLong) => {
                out.send(misspelt().line(&batch.tag).as_bytes());
                return self.bye("LIMIT", "the command is too long", out);
            }
        };
        let closed = match form {
            Form::Utf8 if line.first() == Some(&b')') => {
                line.remove(0);
                true
            }
            Form::Utf8 => false,
            Form::Plain | Form::Binary => true,
        };
        let next = announced(&line);
        line.extend_from_slice(b"\r\n");
        let head = match (closed, batch.replaces) {
            (true, None) => placing::letter(&mut Cursor::new(&line)).map_err(Completion::fault),
            (true, Some(_)) | (false, _) => Err(misspelt()),
        };
        match (fate, next, head) {
            (Fate::Taken, Some(literal), Ok(letter)) => self.letter_begins(batch, letter, literal, out),
            (Fate::Taken, Some(literal), Err(refusal)) => {
                self.turn_away(batch, Form::Plain, literal, refusal, out);
            }
            (Fate::Taken, None, _) if closed && line == b"\r\n" => {
                self.ask(Ask::Finish, Task::AppendFinish(Append(batch)), out);
            }
            (Fate::Taken, None, _) => self.give_up(batch.tag, misspelt(), Held::Letters, out),
            // The command is lost; what it still brings is read past.
            (Fate::Lost(completion, held), Some(literal), head) => {
                let batch = Batch { letters: usize::from(held == Held::Letters), ..batch };
                let form = head.map_or(Form::Plain, |head| head.form);
                self.turn_away(batch, form, literal, completion, out);
            }
            (Fate::Lost(completion, held), None, _) => self.give_up(batch.tag, completion, held, out),
        }
    }

    pub(super) fn appended(&mut self, append: Append, placed: Result<Placed, Refusal>, out: &mut Out) {
        let Append(batch) = append;
        let completion = match (placed, batch.replaces) {
            (Ok(placed), None) => Completion::ok("APPEND done").with(appenduid(&placed)),
            (Ok(placed), Some(old)) => {
                // RFC 8508 §3.4: where the new letter lies is told before the old one is gone.
                let told = Completion::ok("the new letter is in its place").with(appenduid(&placed));
                out.send(told.line("*").as_bytes());
                if let Some(selection) = self.selection.as_mut() {
                    selection.view.vanish(&[old].into_iter().collect());
                }
                Completion::ok("REPLACE done")
            }
            (Err(refusal), _) => Completion::refused_destination(refusal),
        };
        self.complete(&batch.tag, completion, Expunges::Told, out);
    }
}

fn appenduid(placed: &Placed) -> String {
    format!("APPENDUID {} {}", placed.uid_validity, placed.uids)
}

/// RFC 7888 §5: LITERAL- takes 4096 octets that come without waiting.
pub(super) fn too_big_to_send() -> Completion {
    Completion::bad("the literal is too long to come without waiting").with("TOOBIG")
}

fn nul_octet(form: Form) -> Completion {
    match form {
        // RFC 3501 §9: CHAR8 is any octet but NUL.
        Form::Plain => Completion::no(Code::Cannot, "the letter holds a NUL octet"),
        // RFC 3516 §4.4: a server may have no place for binary letters. One kept with its NULs could be shown
        // neither by BODY[] nor sent on by SMTP.
        Form::Binary | Form::Utf8 => {
            Completion::no(Code::UnknownCte, "the letter holds a NUL octet; encode that part as base64")
        }
    }
}
