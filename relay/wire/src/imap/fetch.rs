//! FETCH (RFC 3501 §6.4.5, §7.4.2), streamed: never more than one row's header is held.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;

use super::command::By;
use super::condstore::{End, Modifiers, TellGone};
use super::enabled::Extension;
use super::fetch_items::{FetchItem, FetchItems};
use super::reply::{self, Completion};
use super::sections::{self, Writing};
use super::server::{AfterUnselect, Out, Server, Task};
use super::set::{Bound, SequenceSet};
use super::{Answer, Ask, Code, FetchRow, MarkSeen, Mode, Refusal, UidSet, limits};
use crate::mime::Decoder;

/// A FETCH whose rows are coming.
#[derive(Debug)]
pub(super) struct Fetching {
    tag: String,
    by: By,
    items: Arc<FetchItems>,
    /// How the answer names each content item: the same in every row.
    names: Vec<String>,
    /// Apart, so that a session that fetches nothing does not pay for it.
    row: Option<Box<RowWriter>>,
    refusal: Option<Refusal>,
    /// Some part has a transfer encoding that nobody knows.
    unknown_encoding: bool,
    end: End,
    sequence: ShowModSeq,
}

/// Whether a row that shows flags shows their modification sequence though not asked (RFC 7162 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShowModSeq {
    WithFlags,
    WhenAsked,
}

/// One row on its way out.
#[derive(Debug)]
struct RowWriter {
    row: FetchRow,
    /// The next item to write.
    item: usize,
    /// The next of the described items.
    described: usize,
    /// The next piece.
    piece: usize,
    /// Octets still to come for the piece being written.
    left: u64,
    /// A header block from which fields are picked.
    head: Bytes,
    /// The part whose transfer encoding is being undone.
    window: Window,
    /// A part was asked for whose transfer encoding nobody knows.
    unknown_encoding: bool,
    audience: Audience,
}

/// A stretch of a decoded part.
#[derive(Debug, Default)]
struct Window {
    decoder: Decoder,
    /// Decoded octets before it.
    skip: u64,
    /// Octets of it not yet written.
    owed: u64,
}

/// Whether the client knows the message; a row for one it does not know is swallowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Client,
    Nobody,
}

/// The world broke its word, and a literal may be open: only closing is safe.
#[derive(Debug)]
struct Broken;

impl Server {
    /// The messages meant by a set; `None` when a number is beyond the last.
    pub(super) fn meant(&self, by: By, set: &SequenceSet) -> Option<UidSet> {
        let selection = self.selection.as_ref()?;
        let view = &selection.view;
        match by {
            // RFC 5182 §2.1: `$` is messages, whichever way the command counts; those gone are left out.
            By::Number | By::Uid if set.is_saved() => Some(view.present(&selection.saved)),
            By::Uid => Some(view.present(&set.resolve(view.last()))),
            // `1:*` of an empty folder is what many programs open with; it means nothing, harmlessly.
            By::Number if view.len() == 0 && set.0.iter().any(|(a, b)| [a, b].contains(&&Bound::Star)) => {
                Some(UidSet::new())
            }
            By::Number => view.by_numbers(&set.resolve(view.len())),
        }
    }

    pub(super) fn fetch(
        &mut self,
        tag: &str,
        (by, set): (By, &SequenceSet),
        (items, Modifiers { since, page }): (FetchItems, Modifiers),
        out: &mut Out,
    ) {
        // RFC 7162 §3.2.6
        let asks_gone = since.is_some_and(|since| since.gone == TellGone::Yes);
        if asks_gone && (by == By::Number || !self.enabled.has(Extension::QResync)) {
            let why = "VANISHED is for UID FETCH, once QRESYNC is enabled";
            return self.fail(tag, Completion::bad(why).with("CLIENTBUG"), out);
        }
        if since.is_some() || items.has(&FetchItem::ModSeq) {
            self.enable_condstore(out);
        }
        let Some(uids) = self.meant(by, set) else { return self.no_such_number(tag, out) };
        // RFC 9394 §3.4: the page first; then what of it changed.
        let uids = match page {
            Some(page) => page.of(&uids),
            None => uids,
        };
        if uids.is_empty() && !asks_gone {
            return self.complete_messages(tag, by, Completion::ok("FETCH done"), out);
        }
        let writable = self.selection.as_ref().is_some_and(|selection| selection.mode == Mode::ReadWrite);
        let seen = if writable && items.marks_seen() { MarkSeen::Yes } else { MarkSeen::No };
        if let Some(since) = since {
            // RFC 7162 §3.1.4.1: what changed since is shown with the sequence of its change.
            let items = Arc::new(items.with(FetchItem::ModSeq));
            return self.fetch_since(tag, (by, set, uids), (items, seen), since, out);
        }
        let items = Arc::new(items);
        let fetching = self.fetching(tag.to_owned(), (by, Arc::clone(&items)), None, End::Fetch);
        self.pull(
            Ask::Fetch { uids, items, seen, strings: self.enabled.strings() },
            Task::Fetch(fetching),
            out,
        );
    }

    pub(super) fn fetching(
        &self,
        tag: String,
        (by, items): (By, Arc<FetchItems>),
        refusal: Option<Refusal>,
        end: End,
    ) -> Box<Fetching> {
        let sequence = match self.enabled.has(Extension::CondStore) && !items.has(&FetchItem::ModSeq) {
            true => ShowModSeq::WithFlags,
            false => ShowModSeq::WhenAsked,
        };
        let names = items.contents().map(ToString::to_string).collect();
        Box::new(Fetching {
            tag,
            by,
            items,
            names,
            row: None,
            refusal,
            unknown_encoding: false,
            end,
            sequence,
        })
    }

    pub(super) fn fetched(&mut self, mut fetching: Box<Fetching>, answer: Answer, out: &mut Out) {
        let fine = match answer {
            Answer::Row(row) if fetching.row.is_none() => self.row_begins(&mut fetching, row, out),
            Answer::Chunk(bytes) => fetching.chunk(bytes, out),
            Answer::Refused(refusal) if fetching.row.is_none() => {
                fetching.refusal = Some(refusal);
                Ok(())
            }
            _ => Err(Broken),
        };
        match fine {
            Ok(()) => self.phase = super::server::Phase::Waiting(Task::Fetch(fetching)),
            Err(Broken) => self.broken(out),
        }
    }

    fn row_begins(&mut self, fetching: &mut Fetching, row: FetchRow, out: &mut Out) -> Result<(), Broken> {
        let number = self.selection.as_ref().and_then(|selection| selection.view.number(row.uid));
        let audience = match number {
            Some(number) => {
                let text = out.text();
                text.extend_from_slice(b"* ");
                reply::number(text, number);
                text.extend_from_slice(b" FETCH (");
                Audience::Client
            }
            None => Audience::Nobody,
        };
        fetching.row = Some(Box::new(RowWriter {
            unknown_encoding: row.described.unknown_encoding,
            row,
            item: 0,
            described: 0,
            piece: 0,
            left: 0,
            head: Bytes::new(),
            window: Window::default(),
            audience,
        }));
        fetching.advance(out)
    }

    pub(super) fn fetch_ended(&mut self, fetching: Fetching, out: &mut Out) {
        if fetching.row.is_some() {
            return self.broken(out);
        }
        let Fetching { tag, by, refusal, end, unknown_encoding, .. } = fetching;
        match (end, refusal) {
            // What could not be shown of a new message is asked for again by whoever wants it.
            (End::Shown(after), _) => self.shown(after, out),
            // RFC 3516 §4.3: the request fails, whatever was shown before.
            (End::Fetch, None) if unknown_encoding => {
                let completion =
                    Completion::no(Code::UnknownCte, "a part's transfer encoding is not known here");
                self.complete_messages(&tag, by, completion, out);
            }
            (End::Fetch, None) => self.complete_messages(&tag, by, Completion::ok("FETCH done"), out),
            (End::Fetch, Some(refusal)) => {
                self.complete_messages(&tag, by, Completion::refused(refusal), out);
            }
            (End::With(completion), None) => {
                out.send(completion.line(&tag).as_bytes());
                self.phase = super::server::Phase::Ready;
            }
            // The client was not told all: it must not take the folder as known.
            (End::With(_), Some(refusal)) => {
                self.unselect(&tag, AfterUnselect::Complete(Completion::refused(refusal)), out);
            }
        }
    }

    fn broken(&mut self, out: &mut Out) {
        // Nothing may be said inside an open literal; the connection just ends.
        out.push(crate::Action::Close);
        self.phase = super::server::Phase::Over;
    }

    /// Ends a command on messages; its way of counting says whether EXPUNGE may come first.
    pub(super) fn complete_messages(&mut self, tag: &str, by: By, completion: Completion, out: &mut Out) {
        self.complete(tag, completion, by.expunges(), out);
    }

    pub(super) fn no_such_number(&mut self, tag: &str, out: &mut Out) {
        // RFC 3501 §9 seq-number: a number beyond the last message is a client's error.
        self.fail(tag, Completion::bad("no message has this number").with("CLIENTBUG"), out);
    }
}

impl Fetching {
    /// Writes items until octets are needed that are not here yet, or the row is done.
    fn advance(&mut self, out: &mut Out) -> Result<(), Broken> {
        let Some(writer) = self.row.as_mut() else { return Err(Broken) };
        while let Some(item) = self.items.items().get(writer.item) {
            let before = if writer.item == 0 { "" } else { " " };
            writer.item += 1;
            if writer.audience == Audience::Client {
                out.send(before.as_bytes());
            }
            if writer.begin(item, &self.names, out)? == Needs::Octets {
                return Ok(());
            }
        }
        if writer.audience == Audience::Client {
            let shows_flags = self.items.has(&FetchItem::Flags);
            if writer.row.newly_seen && !shows_flags {
                out.send(format!(" FLAGS {}", writer.row.flags).as_bytes());
            }
            if self.sequence == ShowModSeq::WithFlags && (shows_flags || writer.row.newly_seen) {
                out.send(format!(" MODSEQ ({})", writer.row.modseq).as_bytes());
            }
            out.send(b")\r\n");
            self.unknown_encoding |= writer.unknown_encoding;
        }
        self.row = None;
        Ok(())
    }

    fn chunk(&mut self, mut bytes: Bytes, out: &mut Out) -> Result<(), Broken> {
        while !bytes.is_empty() {
            let writer = self.row.as_mut().ok_or(Broken)?;
            let most = usize::try_from(writer.left).unwrap_or(usize::MAX).min(bytes.len());
            if most == 0 {
                return Err(Broken);
            }
            let piece = bytes.split_to(most);
            if writer.octets(piece, (self.items.items(), &self.names), out)? == Needs::Nothing {
                self.advance(out)?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Octets,
}

impl RowWriter {
    /// Writes an item, or as much of it as can be without its octets.
    fn begin(&mut self, item: &FetchItem, names: &[String], out: &mut Out) -> Result<Needs, Broken> {
        let mut nowhere = Vec::new();
        let text = match self.audience {
            Audience::Client => out.text(),
            Audience::Nobody => &mut nowhere,
        };
        let row = &self.row;
        match item {
            FetchItem::Flags => write!(text, "FLAGS {}", row.flags).map_err(|_| Broken)?,
            FetchItem::InternalDate => {
                text.extend_from_slice(b"INTERNALDATE ");
                reply::date_time(text, row.received);
            }
            FetchItem::SaveDate => {
                text.extend_from_slice(b"SAVEDATE ");
                reply::date_time(text, row.saved);
            }
            FetchItem::Size => {
                text.extend_from_slice(b"RFC822.SIZE ");
                reply::number(text, row.size);
            }
            FetchItem::ModSeq => write!(text, "MODSEQ ({})", row.modseq).map_err(|_| Broken)?,
            FetchItem::Uid => {
                text.extend_from_slice(b"UID ");
                reply::number(text, row.uid);
            }
            FetchItem::Envelope
            | FetchItem::Body
            | FetchItem::BodyStructure
            | FetchItem::Preview
            | FetchItem::BinarySize(_) => {
                text.extend_from_slice(row.described.words(self.described).ok_or(Broken)?);
                self.described += 1;
            }
            FetchItem::EmailId => {
                let object = row.object.as_ref().ok_or(Broken)?;
                write!(text, "EMAILID ({})", object.email).map_err(|_| Broken)?;
            }
            FetchItem::ThreadId => {
                let thread = row.object.as_ref().and_then(|object| object.thread.as_ref()).ok_or(Broken)?;
                write!(text, "THREADID ({thread})").map_err(|_| Broken)?;
            }
            FetchItem::Content(content) => {
                let piece = self.row.described.pieces.get(self.piece).ok_or(Broken)?;
                let name = names.get(self.piece).ok_or(Broken)?;
                self.left = piece.len();
                match piece.writing {
                    Writing::Nil => write!(text, "{name} NIL").map_err(|_| Broken)?,
                    Writing::Unknown => {
                        // RFC 3516 §4.3
                        self.unknown_encoding = true;
                        write!(text, "{name} NIL").map_err(|_| Broken)?;
                    }
                    Writing::AsIs => {
                        text.extend_from_slice(name.as_bytes());
                        text.push(b' ');
                        reply::literal_header(text, self.left);
                    }
                    Writing::Octets => {
                        text.extend_from_slice(name.as_bytes());
                        text.extend_from_slice(b" ~");
                        reply::literal_header(text, self.left);
                    }
                    Writing::Decoded { encoding, start, count } => {
                        text.extend_from_slice(name.as_bytes());
                        text.extend_from_slice(b" ~");
                        reply::literal_header(text, count);
                        self.window = Window { decoder: Decoder::new(encoding), skip: start, owed: count };
                    }
                    Writing::Filtered => self.head = Bytes::new(),
                    Writing::Picked { start, end } => {
                        literal(text, name, row.described.picked(start, end).ok_or(Broken)?);
                    }
                }
                if self.left > 0 {
                    return Ok(Needs::Octets);
                }
                self.piece_done(content, name, out)?;
            }
        }
        Ok(Needs::Nothing)
    }

    /// Takes octets of the piece being written, at most those it still needs.
    fn octets(
        &mut self,
        bytes: Bytes,
        (items, names): (&[FetchItem], &[String]),
        out: &mut Out,
    ) -> Result<Needs, Broken> {
        self.left -= bytes.len() as u64;
        match self.row.described.pieces.get(self.piece).ok_or(Broken)?.writing {
            Writing::Nil | Writing::Unknown | Writing::Picked { .. } => return Err(Broken),
            Writing::AsIs | Writing::Octets => self.say(&bytes, out),
            Writing::Decoded { .. } => {
                let mut decoded = Vec::new();
                self.window.decoder.push(&bytes, &mut decoded);
                self.show(&decoded, out);
            }
            Writing::Filtered => {
                let room = limits::HEAD.saturating_sub(self.head.len());
                let block = bytes.slice(..bytes.len().min(room));
                // Mostly it comes in one.
                self.head =
                    if self.head.is_empty() { block } else { [&self.head[..], &block].concat().into() };
            }
        }
        if self.left > 0 {
            return Ok(Needs::Octets);
        }
        match self.item.checked_sub(1).and_then(|at| items.get(at)) {
            Some(FetchItem::Content(content)) => {
                self.piece_done(content, names.get(self.piece).ok_or(Broken)?, out)?;
            }
            _ => return Err(Broken),
        }
        Ok(Needs::Nothing)
    }

    /// Writes what of the decoded octets lies in the window.
    fn show(&mut self, decoded: &[u8], out: &mut Out) {
        let skipped = self.window.skip.min(decoded.len() as u64);
        self.window.skip -= skipped;
        let decoded = &decoded[skipped as usize..];
        let shown = self.window.owed.min(decoded.len() as u64);
        self.window.owed -= shown;
        self.say(&decoded[..shown as usize], out);
    }

    fn piece_done(&mut self, content: &super::Content, name: &str, out: &mut Out) -> Result<(), Broken> {
        match self.row.described.pieces[self.piece].writing {
            Writing::Nil | Writing::Unknown | Writing::AsIs | Writing::Octets | Writing::Picked { .. } => {}
            Writing::Decoded { .. } => {
                let mut rest = Vec::new();
                std::mem::take(&mut self.window.decoder).finish(&mut rest);
                self.show(&rest, out);
                // Fewer octets than were announced: the summary is not this letter's.
                if self.window.owed > 0 {
                    return Err(Broken);
                }
            }
            Writing::Filtered => {
                let mut picked = Vec::new();
                sections::filter(&mut picked, &self.head, content);
                if self.audience == Audience::Client {
                    literal(out.text(), name, &picked);
                }
                self.head = Bytes::new();
            }
        }
        self.piece += 1;
        Ok(())
    }

    fn say(&self, text: &[u8], out: &mut Out) {
        match self.audience {
            Audience::Client => out.send(text),
            Audience::Nobody => {}
        }
    }
}

fn literal(text: &mut Vec<u8>, name: &str, octets: &[u8]) {
    text.extend_from_slice(name.as_bytes());
    text.push(b' ');
    reply::literal_header(text, octets.len() as u64);
    text.extend_from_slice(octets);
}
