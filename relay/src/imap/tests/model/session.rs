//! A strict client: it believes what it is told, holds it against the book, and remembers for later.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::Client;
use super::book::{APPENDED, Book, How, Marks, after};
use super::said::{self, Row};
use super::steps::{Echo, Guard, Key, Op, Span, Way, What, Which, mark, marks};

/// What a client asks for at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    CondStore,
    QResync,
    Rev2,
}

/// When a session hears of what others did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// With the end of its next command: all sessions are in one process.
    AtOnce,
    /// In its time: the others may be in another process.
    InTime,
}

pub(super) struct Session {
    pub(super) kind: Kind,
    news: News,
    client: Client,
    tag: u32,
    pub(super) open: Option<Open>,
    remembered: BTreeMap<usize, Remembered>,
    /// The name of a folder that this session deletes, to be made anew.
    deleting: Option<String>,
    over: bool,
}

/// The open folder as the client knows it.
pub(super) struct Open {
    pub(super) folder: usize,
    read_only: bool,
    /// The UID behind each number, once it is known.
    pub(super) list: Vec<Option<u32>>,
    known: BTreeMap<u32, Known>,
    highest: u64,
    /// When that number was told.
    told: u64,
    /// From where the past is to be asked for.
    behind: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    marks: Option<Marks>,
    modseq: u64,
    at: u64,
}

/// What a client keeps of a folder that it has left.
#[derive(Clone, Debug)]
struct Remembered {
    uid_validity: u32,
    highest: u64,
    marks: BTreeMap<u32, Marks>,
}

/// A command as it was sent.
struct Sent {
    tag: String,
    op: Op,
    set: Option<Set>,
    folder: usize,
    contents: Vec<u32>,
    unchanged_since: Option<u64>,
    name: String,
}

#[derive(Clone, Copy, Debug)]
struct Set {
    way: Way,
    first: u32,
    /// `*` when absent.
    last: Option<u32>,
}

impl Open {
    fn uids(&self) -> BTreeSet<u32> {
        self.list.iter().flatten().copied().collect()
    }

    /// The UIDs meant; an error when a number is beyond the last.
    fn meant(&self, set: Set) -> Result<Vec<u32>, ()> {
        match set.way {
            Way::Number => {
                let size = self.list.len() as u32;
                let last = set.last.unwrap_or(size);
                let (low, high) = (set.first.min(last), set.first.max(last));
                if high > size && !(size == 0 && set.last.is_none()) {
                    return Err(());
                }
                let numbers = (low.max(1)..=high.min(size)).map(|number| self.list[number as usize - 1]);
                // Who has no UID yet after it was asked for is gone, and answers nothing.
                Ok(numbers.flatten().collect())
            }
            Way::Uid => {
                let uids = self.uids();
                let last = set.last.unwrap_or(uids.last().copied().unwrap_or(0));
                let (low, high) = (set.first.min(last), set.first.max(last));
                Ok(uids.range(low..=high).copied().collect())
            }
        }
    }
}

impl Session {
    pub(super) async fn begin(mut client: Client, kind: Kind, news: News) -> Self {
        match kind {
            Kind::Plain | Kind::CondStore => {}
            Kind::QResync => drop(client.ok("ENABLE QRESYNC").await),
            Kind::Rev2 => drop(client.ok("ENABLE IMAP4rev2").await),
        }
        let (remembered, deleting) = (BTreeMap::new(), None);
        Self { kind, news, client, tag: 0, open: None, remembered, deleting, over: false }
    }

    /// The same client on another connection, with what it remembers.
    pub(super) async fn back(mut self, client: Client, book: &Book) -> Self {
        self.leave(book);
        let remembered = std::mem::take(&mut self.remembered);
        Self { remembered, ..Self::begin(client, self.kind, self.news).await }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn has_inbox(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.folder == 0)
    }

    fn leave(&mut self, book: &Book) {
        let Some(open) = self.open.take() else { return };
        let Some(uid_validity) = book.folders[open.folder].uid_validity else { return };
        let remembers = matches!(self.kind, Kind::CondStore | Kind::QResync);
        // What was not asked for yet is not known.
        if !remembers || open.highest == 0 || open.behind.is_some() {
            return;
        }
        let mut marks = BTreeMap::new();
        for uid in open.uids() {
            // Who does not know a message's flags has no picture of the folder to come back with.
            let Some(known) = open.known.get(&uid).and_then(|known| known.marks.clone()) else { return };
            marks.insert(uid, known);
        }
        self.remembered.insert(open.folder, Remembered { uid_validity, highest: open.highest, marks });
    }

    /// Says all these in one packet, judges every answer, and asks for what it does not know then.
    pub(super) async fn say(&mut self, book: &mut Book, ops: &[Op], script: &mut String) {
        self.packet(book, ops, script).await;
        // A message gone that no command by number may tell of answers nothing; after NOOP it is told.
        for _ in 0..3 {
            let Some(op) = self.missing() else { return };
            self.packet(book, &[op], script).await;
            if self.missing().is_some() && !self.over {
                self.packet(book, &[Op::Noop], script).await;
            }
        }
    }

    /// Listens while something happens, which is told before DONE.
    pub(super) async fn idles(&mut self, book: &mut Book, script: &mut String) {
        let soon = tokio::time::timeout(std::time::Duration::from_secs(10), self.client.news());
        let text = soon.await.expect("an idle session is told");
        let _ = writeln!(script, "{text}");
        let lines = said::lines(text.as_bytes());
        self.hear(book, &lines);
        self.agree(book, true);
    }

    pub(super) async fn raw(&mut self, text: &str) -> String {
        self.client.write(text.as_bytes()).await;
        self.client.heard()
    }

    fn missing(&self) -> Option<Op> {
        let open = self.open.as_ref().filter(|_| !self.over)?;
        if open.behind.is_some() {
            return Some(Op::CatchUp);
        }
        let unknown = |uid: &Option<u32>| {
            uid.is_none_or(|uid| open.known.get(&uid).is_none_or(|known| known.marks.is_none()))
        };
        open.list.iter().any(unknown).then_some(Op::Learn)
    }

    async fn packet(&mut self, book: &mut Book, ops: &[Op], script: &mut String) {
        let mut text = String::new();
        let mut sent = Vec::new();
        for op in ops {
            let (order, command) = self.prepare(book, *op);
            text.push_str(&command);
            sent.push(order);
        }
        let _ = writeln!(script, "{:?} C: {}", self.kind, text.trim_end());
        self.client.write(text.as_bytes()).await;
        let raw = self.client.heard_octets();
        let _ = writeln!(script, "{}", String::from_utf8_lossy(&raw).trim_end());
        let mut sent = sent.into_iter();
        let mut next = sent.next();
        let mut untagged = Vec::new();
        for line in said::lines(&raw) {
            let tagged = next.as_ref().and_then(|sent| line.strip_prefix(&format!("{} ", sent.tag)));
            match tagged {
                Some(status) => {
                    let order = next.take().expect("it has a tag");
                    self.judge(book, &order, &untagged, status);
                    untagged.clear();
                    next = sent.next();
                }
                None if line.starts_with("* BYE") || line == "[closed]" => {
                    let deleted = self.open.as_ref().is_some_and(|open| book.folders[open.folder].deleted);
                    assert!(deleted, "the session ended: {line}");
                    assert!(line == "[closed]" || untagged.is_empty(), "said before the end: {untagged:?}");
                    self.over = true;
                    return;
                }
                None => untagged.push(line),
            }
        }
        assert!(next.is_none() && untagged.is_empty(), "a command has no end: {untagged:?}");
    }

    fn prepare(&mut self, book: &mut Book, op: Op) -> (Sent, String) {
        self.tag += 1;
        // Other sessions may have deleted every folder that can be.
        let op = match op {
            Op::Rename(_) | Op::Delete(_) if book.there().len() == 1 => Op::Noop,
            Op::Create if self.deleting.is_none() => Op::Noop,
            op => op,
        };
        let mut sent = Sent {
            tag: format!("t{}", self.tag),
            op,
            set: None,
            folder: 0,
            contents: Vec::new(),
            unchanged_since: None,
            name: String::new(),
        };
        let command = match op {
            Op::Noop => "NOOP".to_owned(),
            Op::Idle => "IDLE\r\nDONE".to_owned(),
            Op::Fetch(which, what) => {
                let what = match what {
                    What::Flags => "(UID FLAGS)",
                    What::Envelope => "(FLAGS ENVELOPE)",
                    What::Text => "BODY[]",
                };
                format!("{} {what}", self.set(&mut sent, book, which, "FETCH"))
            }
            Op::Store(which, how, bits, echo, guard) => {
                let verb = self.set(&mut sent, book, which, "STORE");
                let guard = self.guard(&mut sent, guard);
                let how = match how {
                    How::Add => "+",
                    How::Remove => "-",
                    How::Replace => "",
                };
                let silent = if echo == Echo::Silent { ".SILENT" } else { "" };
                format!("{verb} {guard}{how}FLAGS{silent} ({})", said::list(&marks(bits)))
            }
            Op::Copy(which, to) => {
                let verb = self.set(&mut sent, book, which, "COPY");
                format!("{verb} {}", pick(&mut sent, book, to))
            }
            Op::Move(which, to) => {
                let verb = self.set(&mut sent, book, which, "MOVE");
                format!("{verb} {}", pick(&mut sent, book, to))
            }
            Op::Append(to, bits, many) => {
                let mut text = format!("APPEND {}", pick(&mut sent, book, to));
                for _ in 0..many {
                    let content = book.letter();
                    sent.contents.push(content);
                    let letter = said::letter(content);
                    let _ = write!(text, " ({}) {{{}+}}\r\n{letter}", said::list(&marks(bits)), letter.len());
                }
                text
            }
            Op::Replace(which, to) => {
                let which = Which { span: Span::More(0), ..which };
                let verb = self.set(&mut sent, book, which, "REPLACE");
                let folder = pick(&mut sent, book, to).to_owned();
                let content = book.letter();
                sent.contents.push(content);
                let letter = said::letter(content);
                let set = sent.set.expect("it was just chosen");
                let verb = verb.replace(&format!("{0}:{0}", set.first), &set.first.to_string());
                format!("{verb} {folder} {{{}+}}\r\n{letter}", letter.len())
            }
            Op::Expunge => "EXPUNGE".to_owned(),
            Op::UidExpunge(which) => self.set(&mut sent, book, which, "EXPUNGE"),
            Op::Search(way, key) => {
                let verb = if way == Way::Uid { "UID SEARCH" } else { "SEARCH" };
                match key {
                    Key::All => format!("{verb} ALL"),
                    Key::Is(at) => format!("{verb} {}", said::key(mark(at))),
                    Key::IsNot(at) => format!("{verb} NOT {}", said::key(mark(at))),
                }
            }
            Op::Select(at) => self.opening(&mut sent, book, at, "SELECT"),
            Op::Examine(at) => self.opening(&mut sent, book, at, "EXAMINE"),
            Op::Close => "CLOSE".to_owned(),
            Op::Unselect => "UNSELECT".to_owned(),
            Op::Rename(at) => {
                sent.folder = not_inbox(book, at);
                let old = &book.folders[sent.folder].name;
                sent.name = old.strip_suffix("-2").map_or(format!("{old}-2"), str::to_owned);
                format!("RENAME {old} {}", sent.name)
            }
            Op::Delete(at) => {
                sent.folder = not_inbox(book, at);
                let name = book.folders[sent.folder].name.clone();
                self.deleting = Some(name.clone());
                format!("DELETE {name}")
            }
            Op::Create => {
                sent.name = self.deleting.take().expect("it was deleted before");
                format!("CREATE {}", sent.name)
            }
            Op::CatchUp => {
                let since = self.open.as_ref().and_then(|open| open.behind).expect("asked only then");
                format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since})")
            }
            Op::Learn => "FETCH 1:* (UID FLAGS)".to_owned(),
        };
        let text = format!("{} {command}\r\n", sent.tag);
        (sent, text)
    }

    /// A set of the open folder as it is known now.
    fn set(&self, sent: &mut Sent, book: &Book, which: Which, verb: &str) -> String {
        let size = self.open.as_ref().map_or(0, |open| open.list.len() as u32);
        let (first, last) = match which.way {
            Way::Number => (u32::from(which.from) % size.max(1) + 1, size.max(1)),
            Way::Uid => {
                let (first, next) = self.open.as_ref().map_or((1, 2), |open| {
                    let folder = &book.folders[open.folder];
                    (folder.first, folder.uid_next)
                });
                (first + u32::from(which.from) % (next - first + 2), u32::MAX)
            }
        };
        let last = match which.span {
            Span::More(more) => Some((first + u32::from(more)).min(last)),
            Span::ToStar => None,
        };
        let set = Set { way: which.way, first, last };
        sent.set = Some(set);
        let uid = if which.way == Way::Uid { "UID " } else { "" };
        format!("{uid}{verb} {first}:{}", last.map_or("*".to_owned(), |last| last.to_string()))
    }

    fn guard(&self, sent: &mut Sent, guard: Guard) -> String {
        let Some(open) = self.open.as_ref().filter(|open| open.highest > 0) else { return String::new() };
        if !matches!(self.kind, Kind::CondStore | Kind::QResync) {
            return String::new();
        }
        sent.unchanged_since = match guard {
            Guard::None => None,
            Guard::Folder => Some(open.highest),
            Guard::First => {
                let first = sent.set.and_then(|set| open.meant(set).ok()).unwrap_or_default();
                first.first().and_then(|uid| open.known.get(uid)).map(|known| known.modseq).filter(|m| *m > 0)
            }
        };
        sent.unchanged_since.map_or(String::new(), |since| format!("(UNCHANGEDSINCE {since}) "))
    }

    fn opening(&mut self, sent: &mut Sent, book: &Book, at: u8, verb: &str) -> String {
        let mut text = format!("{verb} {}", pick(sent, book, at));
        match (self.kind, self.remembered.get(&sent.folder)) {
            (Kind::Plain | Kind::Rev2, _) => {}
            (Kind::CondStore, _) | (Kind::QResync, None) => text.push_str(" (CONDSTORE)"),
            (Kind::QResync, Some(cache)) => {
                sent.unchanged_since = Some(cache.highest);
                let _ = write!(text, " (QRESYNC ({} {}))", cache.uid_validity, cache.highest);
            }
        }
        text
    }

    fn judge(&mut self, book: &mut Book, sent: &Sent, untagged: &[String], status: &str) {
        let ok = status.starts_with("OK ");
        let context = || format!("{:?}: {untagged:?} {status}", sent.op);
        let by_number = match sent.op {
            Op::Fetch(..) | Op::Store(..) => sent.set.is_some_and(|set| set.way == Way::Number),
            Op::Search(way, _) => way == Way::Number,
            Op::Learn => true,
            _ => false,
        };
        if by_number {
            // RFC 3501 §7.4.1
            let shifts = |line: &String| line.ends_with(" EXPUNGE") || line.starts_with("* VANISHED ");
            assert!(!untagged.iter().any(shifts), "numbers move under a command by number: {}", context());
        }
        if let Op::Select(_) | Op::Examine(_) = sent.op {
            return self.opened(book, sent, untagged, status);
        }
        let meant = match (sent.set, self.open.as_ref()) {
            (Some(set), Some(open)) => open.meant(set),
            (Some(_), None) => Err(()),
            (None, _) => Ok(Vec::new()),
        };
        assert!(meant.is_ok() || !ok, "numbers beyond the last are no messages: {}", context());
        let meant = meant.unwrap_or_default();
        if ok {
            self.effect(book, sent, (&meant, untagged), status);
        }
        match sent.op {
            Op::Close | Op::Unselect if ok => return,
            _ => {}
        }
        if let (Op::Search(way, key), true) = (sent.op, ok) {
            self.searched(book, (way, key), untagged);
        }
        self.hear(book, untagged);
        if let Some(modseq) = said::code(status, "HIGHESTMODSEQ")
            && let Some(open) = self.open.as_mut()
        {
            assert!(modseq >= open.highest, "HIGHESTMODSEQ went back: {}", context());
            (open.highest, open.told) = (modseq, book.tick);
        }
        if let (Op::CatchUp, Some(open), true) = (sent.op, self.open.as_mut(), ok) {
            open.behind = None;
            let knows: BTreeSet<u32> = open.known.keys().copied().collect();
            let alive = book.folders[open.folder].alive();
            assert!(alive.is_subset(&knows), "after CHANGEDSINCE {knows:?} are known of {alive:?}");
        }
        if !status.starts_with("BAD ") {
            self.agree(book, !by_number && !status.contains("[CANNOT]"));
        }
    }

    /// What the command has done, by the book.
    fn effect(&mut self, book: &mut Book, sent: &Sent, (meant, untagged): (&[u32], &[String]), status: &str) {
        let here = self.open.as_ref().map(|open| open.folder);
        let alive = here.map(|here| book.among(here, meant)).unwrap_or_default();
        let read_only = self.open.as_ref().is_none_or(|open| open.read_only);
        let all = || untagged.iter().map(String::as_str).chain([status]);
        match sent.op {
            Op::Noop | Op::Idle | Op::Search(..) | Op::CatchUp | Op::Learn => {}
            Op::Select(_) | Op::Examine(_) => {}
            Op::Fetch(_, what) => {
                let here = here.expect("a folder is open");
                let rows: Vec<u32> = self.rows(untagged).filter_map(|row| self.uid_of(&row)).collect();
                for uid in &alive {
                    assert!(rows.contains(uid), "uid {uid} was asked for and is not shown");
                }
                if let (What::Text, false) = (what, read_only) {
                    alive.iter().for_each(|uid| book.mark(here, *uid, How::Add, &marks(2)));
                }
            }
            Op::Store(_, how, bits, echo, _) => {
                let here = here.expect("a folder is open");
                let kept = self.guarded(book, sent, &alive, status);
                for uid in alive.iter().filter(|uid| !kept.contains(uid)) {
                    book.mark(here, *uid, how, &marks(bits));
                    let open = self.open.as_mut().expect("a folder is open");
                    if let (Echo::Silent, Some(known)) = (echo, open.known.get_mut(uid)) {
                        known.marks = known.marks.as_ref().map(|old| after(old, how, &marks(bits)));
                    }
                }
            }
            Op::Copy(..) | Op::Move(..) => {
                let here = here.expect("a folder is open");
                let Some(code) = all().find_map(|line| said::word(line, "COPYUID")) else {
                    assert!(alive.is_empty(), "no COPYUID for {alive:?}");
                    return;
                };
                let [validity, from, to] = code[..] else { panic!("{code:?}") };
                book.folders[sent.folder].told_validity(validity.parse().expect("a number"));
                assert_eq!(said::set(from), alive, "COPYUID names others");
                let mut there = Vec::new();
                for uid in &alive {
                    let old = book.folders[here].messages[uid].clone();
                    there.push(book.put(sent.folder, old.content, old.marks));
                }
                assert_eq!(said::set(to), there, "COPYUID: other UIDs than expected");
                if let Op::Move(..) = sent.op {
                    book.take(here, &alive);
                }
            }
            Op::Append(_, bits, _) => self.kept(book, sent, marks(bits), all()),
            Op::Replace(..) => {
                assert_eq!(alive.len(), 1, "what is gone cannot be replaced");
                self.kept(book, sent, Marks::new(), all());
                book.take(here.expect("a folder is open"), &alive);
            }
            Op::Expunge => {
                let here = here.expect("a folder is open");
                book.take(here, &book.marked(here, "\\Deleted"));
            }
            Op::UidExpunge(_) => {
                let here = here.expect("a folder is open");
                let deleted = book.marked(here, "\\Deleted");
                let gone: Vec<u32> = alive.into_iter().filter(|uid| deleted.contains(uid)).collect();
                book.take(here, &gone);
            }
            Op::Close => self.closed(book, untagged, status),
            Op::Unselect => self.leave(book),
            Op::Rename(_) => book.folders[sent.folder].name.clone_from(&sent.name),
            Op::Delete(_) => {
                let folder = &mut book.folders[sent.folder];
                folder.deleted = true;
                folder.messages.clear();
                if here == Some(sent.folder) {
                    self.open = None;
                }
            }
            Op::Create => {
                let lives = book.folders.iter().filter(|folder| folder.name == sent.name);
                let earlier = lives.map(|old| old.uid_validity.unwrap_or(old.earlier_life)).max();
                book.folders.push(super::book::Folder::new(&sent.name, 1, earlier.unwrap_or(0)));
            }
        }
    }

    /// APPENDUID, and the letters in the book.
    fn kept<'a>(
        &self,
        book: &mut Book,
        sent: &Sent,
        mut marks: Marks,
        mut lines: impl Iterator<Item = &'a str>,
    ) {
        let code = lines.find_map(|line| said::word(line, "APPENDUID")).expect("APPENDUID");
        let [validity, uids] = code[..] else { panic!("{code:?}") };
        book.folders[sent.folder].told_validity(validity.parse().expect("a number"));
        marks.insert(APPENDED.to_owned());
        let there: Vec<u32> =
            sent.contents.iter().map(|content| book.put(sent.folder, *content, marks.clone())).collect();
        assert_eq!(said::set(uids), there, "APPENDUID: other UIDs than expected");
    }

    /// The messages that a conditional STORE left alone (RFC 7162 §3.1.3).
    fn guarded(&self, book: &Book, sent: &Sent, alive: &[u32], status: &str) -> Vec<u32> {
        let open = self.open.as_ref().expect("a folder is open");
        let modified = said::word(status, "MODIFIED").map(|words| said::set(words[0])).unwrap_or_default();
        let by_number = sent.set.is_some_and(|set| set.way == Way::Number);
        let modified: Vec<u32> = match by_number {
            true => modified.iter().filter_map(|number| open.list[*number as usize - 1]).collect(),
            false => modified,
        };
        let Some(since) = sent.unchanged_since else {
            assert!(modified.is_empty(), "MODIFIED without UNCHANGEDSINCE");
            return modified;
        };
        assert!(modified.iter().all(|uid| alive.contains(uid)), "MODIFIED names others: {modified:?}");
        for uid in alive {
            let message = &book.folders[open.folder].messages[uid];
            if let Some(known) = open.known.get(uid)
                && known.modseq > 0
                && known.modseq <= since
                && known.at >= message.touched
            {
                assert!(!modified.contains(uid), "uid {uid} was not changed since {since}");
            }
            // What was changed after the number was told has a greater one.
            if since <= open.highest && message.changed > open.told {
                assert!(modified.contains(uid), "uid {uid} was changed since {since}");
            }
        }
        modified
    }

    /// CLOSE removes without a word, and the client with it what it knows to be marked (RFC 7162 §3.2.8).
    fn closed(&mut self, book: &mut Book, untagged: &[String], status: &str) {
        let open = self.open.as_ref().expect("a folder is open");
        let (here, read_only) = (open.folder, open.read_only);
        if !read_only {
            let gone = book.marked(here, "\\Deleted");
            book.take(here, &gone);
        }
        self.hear(book, untagged);
        let open = self.open.as_mut().expect("a folder is open");
        if !read_only {
            let marked = |known: &Known| known.marks.as_ref().is_some_and(|m| m.contains("\\Deleted"));
            let known = &open.known;
            open.list.retain(|uid| !uid.is_some_and(|uid| known.get(&uid).is_some_and(marked)));
            if let Some(modseq) = said::code(status, "HIGHESTMODSEQ") {
                open.highest = modseq;
            }
        }
        self.leave(book);
    }

    fn opened(&mut self, book: &mut Book, sent: &Sent, untagged: &[String], status: &str) {
        self.leave(book);
        if !status.starts_with("OK ") {
            assert!(book.folders[sent.folder].deleted, "a folder does not open: {status}");
            return;
        }
        let code = |name| untagged.iter().find_map(|line| said::code(line, name));
        let folder = &mut book.folders[sent.folder];
        folder.told_validity(code("UIDVALIDITY").expect("UIDVALIDITY") as u32);
        assert_eq!(code("UIDNEXT"), Some(u64::from(folder.uid_next)), "{}: UIDNEXT", folder.name);
        let highest = code("HIGHESTMODSEQ").expect("HIGHESTMODSEQ");
        assert!(highest >= folder.highest, "{}: HIGHESTMODSEQ went back", folder.name);
        folder.highest = highest;
        let exists = untagged.iter().find_map(|line| said::numbered(line, "EXISTS")).expect("EXISTS");
        let alive = folder.alive();
        assert_eq!(exists as usize, alive.len(), "{}: EXISTS", folder.name);
        let validity = folder.uid_validity;
        let cache = self.remembered.get(&sent.folder).filter(|cache| Some(cache.uid_validity) == validity);
        // Who did not ask for what changed begins anew.
        let asks = self.kind == Kind::CondStore || sent.unchanged_since.is_some();
        let cache = cache.filter(|_| asks);
        let known = cache.map(|cache| cache.marks.clone()).unwrap_or_default();
        let known = known.into_iter().map(|(uid, marks)| {
            let known = Known { marks: Some(marks), modseq: 0, at: 0 };
            (uid, known)
        });
        let behind = cache.map(|cache| cache.highest).filter(|_| self.kind == Kind::CondStore);
        let resynced = cache.is_some() && sent.unchanged_since.is_some();
        self.open = Some(Open {
            folder: sent.folder,
            read_only: matches!(sent.op, Op::Examine(_)),
            list: alive.iter().copied().map(Some).collect(),
            known: known.collect(),
            highest,
            told: book.tick,
            behind,
        });
        let past = |line: &&String| line.starts_with("* VANISHED") || line.contains(" FETCH ");
        let past: Vec<String> = untagged.iter().filter(past).cloned().collect();
        assert!(past.is_empty() || sent.unchanged_since.is_some(), "the past was not asked for: {past:?}");
        self.hear(book, &past);
        let open = self.open.as_mut().expect("just opened");
        if resynced {
            // Nothing else of the folder was told, so the picture must be whole by now.
            let knows: BTreeSet<u32> = open.known.keys().copied().collect();
            assert_eq!(knows, alive, "after QRESYNC other messages are known than are there");
        } else {
            open.known.retain(|uid, _| alive.contains(uid));
        }
        self.agree(book, true);
    }

    fn rows<'a>(&self, lines: &'a [String]) -> impl Iterator<Item = Row> + 'a {
        lines.iter().filter_map(|line| said::row(line))
    }

    fn uid_of(&self, row: &Row) -> Option<u32> {
        row.uid.or_else(|| self.open.as_ref()?.list.get(row.number as usize - 1).copied().flatten())
    }

    /// Takes in what is told (RFC 3501 §7.3, §7.4; RFC 7162 §3.2.10).
    fn hear(&mut self, book: &mut Book, lines: &[String]) {
        for line in lines {
            let Some(open) = self.open.as_mut() else {
                let tells = said::row(line).is_some() || said::numbered(line, "EXISTS").is_some();
                assert!(!tells, "no folder is open: {line}");
                continue;
            };
            let folder = &mut book.folders[open.folder];
            if let Some(size) = said::numbered(line, "EXISTS") {
                let size = size as usize;
                assert!(size >= open.list.len(), "EXISTS shrinks: {line}");
                if self.news == News::AtOnce {
                    let last = open.list.iter().flatten().max().copied().unwrap_or(0);
                    let come = folder.alive().into_iter().filter(|uid| *uid > last);
                    open.list.extend(come.map(Some));
                    assert_eq!(open.list.len(), size, "other messages came than are there: {line}");
                } else {
                    open.list.resize(size, None);
                }
            } else if let Some(number) = said::numbered(line, "EXPUNGE") {
                assert_ne!(self.kind, Kind::QResync, "VANISHED takes its place: {line}");
                let uid = open.list.remove(number as usize - 1);
                if let Some(uid) = uid {
                    assert!(!folder.messages.contains_key(&uid), "uid {uid} is there still: {line}");
                    open.known.remove(&uid);
                }
            } else if let Some(gone) = line.strip_prefix("* VANISHED ") {
                assert_eq!(self.kind, Kind::QResync, "not enabled: {line}");
                for uid in said::set(gone.trim_start_matches("(EARLIER) ")) {
                    assert!(!folder.messages.contains_key(&uid), "uid {uid} is there still: {line}");
                    let before = open.list.len();
                    open.list.retain(|known| *known != Some(uid));
                    let known = before > open.list.len() || gone.starts_with("(EARLIER)");
                    assert!(known || self.news == News::InTime, "uid {uid} was not there: {line}");
                    open.known.remove(&uid);
                }
            } else if let Some(row) = said::row(line) {
                let known = &mut open.list[row.number as usize - 1];
                let uid = row.uid.or(*known).expect("the message is known, or its UID told");
                assert!(known.is_none_or(|known| known == uid), "number {} moved: {line}", row.number);
                *known = Some(uid);
                let Some(message) = folder.messages.get(&uid) else {
                    panic!("an expunged message answers: {line}");
                };
                if let Some(content) = row.content {
                    assert_eq!(content, message.content, "another letter is shown: {line}");
                }
                if let Some(marks) = &row.marks {
                    assert_eq!(*marks, message.marks, "other flags than there are: {line}");
                }
                let at = book.tick;
                let known = open.known.entry(uid).or_default();
                known.marks = row.marks.or(known.marks.take());
                if let Some(modseq) = row.modseq {
                    assert_ne!(self.kind, Kind::Plain, "MODSEQ was not asked for: {line}");
                    (known.modseq, known.at) = (modseq, at);
                    folder.sighted(uid, modseq);
                }
            }
        }
    }

    fn searched(&self, book: &Book, (way, key): (Way, Key), lines: &[String]) {
        let Some(open) = self.open.as_ref() else { return };
        let found = lines.iter().find_map(|line| said::found(line)).expect("SEARCH or ESEARCH");
        let messages = &book.folders[open.folder].messages;
        let matches = |uid: &u32| {
            messages.get(uid).is_some_and(|message| match key {
                Key::All => true,
                Key::Is(at) => message.marks.contains(mark(at)),
                Key::IsNot(at) => !message.marks.contains(mark(at)),
            })
        };
        let known = open.list.iter().enumerate().filter_map(|(at, uid)| Some((at as u32 + 1, (*uid)?)));
        let expected = known.filter(|(_, uid)| matches(uid)).map(|(number, uid)| match way {
            Way::Number => number,
            Way::Uid => uid,
        });
        let expected: Vec<u32> = expected.collect();
        let extra: Vec<&u32> = found.iter().filter(|found| !expected.contains(found)).collect();
        assert!(extra.is_empty() || self.news == News::InTime, "{key:?} finds {extra:?}, not {expected:?}");
        let missed: Vec<&u32> = expected.iter().filter(|wanted| !found.contains(wanted)).collect();
        assert!(missed.is_empty(), "{key:?} does not find {missed:?}");
    }

    /// Whether what was told is all there is.
    fn agree(&self, book: &Book, expunges_told: bool) {
        let Some(open) = self.open.as_ref() else { return };
        let folder = &book.folders[open.folder];
        if folder.deleted {
            return;
        }
        let (uids, alive) = (open.uids(), folder.alive());
        let numbers: Vec<u32> = open.list.iter().flatten().copied().collect();
        assert!(numbers.is_sorted(), "UIDs do not grow with numbers: {numbers:?}");
        if self.news == News::InTime {
            return;
        }
        assert!(alive.is_subset(&uids), "not told of all that came: {uids:?}, not {alive:?}");
        assert!(!expunges_told || uids == alive, "not told of all that went: {uids:?}, not {alive:?}");
        for (uid, known) in open.known.iter().filter(|_| open.behind.is_none()) {
            if let (Some(marks), Some(message)) = (&known.marks, folder.messages.get(uid)) {
                assert_eq!(*marks, message.marks, "{}: uid {uid} has flags not told of", folder.name);
            }
        }
    }

    /// All that there is was told: at the end, when nothing moves any more.
    pub(super) fn at_rest(&mut self, book: &Book) {
        self.news = News::AtOnce;
        self.agree(book, true);
    }
}

fn pick<'a>(sent: &mut Sent, book: &'a Book, at: u8) -> &'a str {
    let there = book.there();
    sent.folder = there[usize::from(at) % there.len()];
    &book.folders[sent.folder].name
}

fn not_inbox(book: &Book, at: u8) -> usize {
    let there = book.there();
    there[1 + usize::from(at) % (there.len() - 1)]
}
