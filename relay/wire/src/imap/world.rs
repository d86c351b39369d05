//! A post office in memory, for the tests: what a world must answer, in its plainest form.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use names::Timestamp;

use super::*;
use super::{sorting, thread_oracle};
use crate::mime::{Head, HeadReader, Scanner, Summary};

/// When every letter of the tests arrived: Sunday 1 February 2026, 03:34:27 UTC.
pub const RECEIVED: Timestamp = Timestamp(1_769_916_867_000);

/// The moment at which they are searched: an hour later.
const NOW: Timestamp = Timestamp(RECEIVED.0 + 3_600_000);

#[derive(Clone, Debug)]
pub struct Letter {
    pub uid: u32,
    pub flags: Flags,
    pub received: Timestamp,
    pub saved: Timestamp,
    pub head: Vec<u8>,
    pub body: Vec<u8>,
    pub summary: Arc<Summary>,
    pub modseq: u64,
}

impl Letter {
    fn new(uid: u32, raw: &[u8], flags: Flags, received: Timestamp, modseq: u64) -> Self {
        let (head, body, summary) = split(raw);
        Self { uid, flags, received, saved: RECEIVED, head, body, summary: Arc::new(summary), modseq }
    }

    pub fn raw(&self) -> Vec<u8> {
        [self.head.as_slice(), &self.body].concat()
    }
}

/// Cuts a letter into its two blocks and sums it up.
pub fn split(raw: &[u8]) -> (Vec<u8>, Vec<u8>, Summary) {
    let mut reader = HeadReader::new();
    let (head, used) = match reader.push(raw).expect("the tests write sound heads") {
        Some(read) => read,
        None => (reader.finish().expect("a head without a body"), raw.len()),
    };
    let mut scanner = Scanner::new(&head);
    scanner.push(&raw[used..]);
    let summary = Summary::of(&head, &scanner.finish());
    let bytes = Head::bytes(&head).to_vec();
    (bytes, raw[used..].to_vec(), summary)
}

#[derive(Debug)]
pub struct Stored {
    pub letters: Vec<Letter>,
    pub uid_next: u32,
    pub uid_validity: u32,
    pub modseq: u64,
    /// When each message went.
    pub gone: Vec<(u64, u32)>,
    /// What went up to this sequence is no longer known one by one.
    pub forgotten: u64,
    pub role: Option<Role>,
    pub subscription: Subscription,
    pub kind: FolderKind,
    pub annotations: BTreeMap<EntryName, Vec<u8>>,
}

impl Stored {
    fn status(&self) -> Status {
        let having = |flag| self.letters.iter().filter(|l| l.flags.has(flag)).count() as u32;
        Status {
            messages: self.letters.len() as u32,
            unseen: self.letters.len() as u32 - having(SystemFlag::Seen),
            uid_next: self.uid_next,
            uid_validity: self.uid_validity,
            size: self.letters.iter().map(|letter| letter.raw().len() as u64).sum(),
            deleted: having(SystemFlag::Deleted),
            deleted_size: {
                let deleted = self.letters.iter().filter(|letter| letter.flags.has(SystemFlag::Deleted));
                deleted.map(|letter| letter.raw().len() as u64).sum()
            },
            highest_modseq: self.modseq,
            id: self.id(),
        }
    }

    /// A folder made again has another UIDVALIDITY, and keeps its own through renames.
    fn id(&self) -> MailboxId {
        MailboxId(format!("F{}", self.uid_validity))
    }

    fn new(uid_validity: u32) -> Self {
        Self {
            letters: Vec::new(),
            uid_next: 1,
            uid_validity,
            modseq: 1,
            gone: Vec::new(),
            forgotten: 0,
            role: None,
            subscription: Subscription::Off,
            kind: FolderKind::Selectable,
            annotations: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, raw: &[u8], flags: Flags, received: Timestamp) -> u32 {
        self.modseq += 1;
        let uid = self.uid_next;
        self.uid_next += 1;
        self.letters.push(Letter::new(uid, raw, flags, received, self.modseq));
        uid
    }
}

/// The folders of one account, shared by its sessions.
#[derive(Clone, Debug, Default)]
pub struct Post(Arc<Mutex<BTreeMap<FolderName, Stored>>>);

pub fn name(text: &str) -> FolderName {
    FolderName::parse(text).unwrap()
}

impl Post {
    /// INBOX, Brouillons, Envoyés, Corbeille; nothing in them.
    pub fn usual() -> Self {
        let post = Self::default();
        for (index, (folder, role)) in [
            ("INBOX", None),
            ("Brouillons", Some(Role::Drafts)),
            ("Envoyés", Some(Role::Sent)),
            ("Corbeille", Some(Role::Trash)),
        ]
        .into_iter()
        .enumerate()
        {
            let mut stored = Stored::new(index as u32 + 1);
            stored.role = role;
            stored.subscription = Subscription::On;
            post.all().insert(name(folder), stored);
        }
        post
    }

    pub fn all(&self) -> MutexGuard<'_, BTreeMap<FolderName, Stored>> {
        self.0.lock().unwrap()
    }

    /// What a name stands for.
    fn meant(&self, folder: &FolderName) -> FolderName {
        folder.meant(self.all().iter().map(|(name, stored)| (name, stored.role)))
    }

    pub fn deliver(&self, folder: &str, raw: &[u8]) -> u32 {
        self.all().get_mut(&name(folder)).unwrap().add(raw, Flags::new(), RECEIVED)
    }

    pub fn vanish(&self, folder: &str, uids: &UidSet) {
        let mut all = self.all();
        let stored = all.get_mut(&name(folder)).unwrap();
        let gone: Vec<u32> =
            stored.letters.iter().map(|letter| letter.uid).filter(|uid| uids.contains(*uid)).collect();
        if gone.is_empty() {
            return;
        }
        stored.modseq += 1;
        stored.gone.extend(gone.into_iter().map(|uid| (stored.modseq, uid)));
        stored.letters.retain(|letter| !uids.contains(letter.uid));
    }

    pub fn flag(&self, folder: &str, uid: u32, flags: Flags) {
        let mut all = self.all();
        let stored = all.get_mut(&name(folder)).unwrap();
        stored.modseq += 1;
        let modseq = stored.modseq;
        for letter in stored.letters.iter_mut().filter(|letter| letter.uid == uid) {
            letter.flags = flags.clone();
            letter.modseq = modseq;
        }
    }
}

struct Open {
    folder: FolderName,
    mode: Mode,
    /// What the session was told: the change number of each message.
    told: BTreeMap<u32, u64>,
}

/// Letters that are coming.
struct Appending {
    folder: FolderName,
    replaces: Option<u32>,
    letters: Vec<(Flags, Timestamp, Vec<u8>)>,
}

/// One session's side of the post office.
pub struct World {
    pub post: Post,
    open: Option<Open>,
    append: Option<Appending>,
    pub refusals: HashMap<String, VecDeque<Refusal>>,
    pub asked: Vec<String>,
    /// What is answered to the next steps of a sign-in before its outcome.
    pub challenges: VecDeque<Vec<u8>>,
    /// Octets of a chunk.
    pub chunk: usize,
    pub ended: Option<Refusal>,
    pub namespaces: Namespaces,
    /// NOTIFY: the selected folder is not watched.
    pub frozen: bool,
    pub notices: Vec<Notice>,
    pub quota: QuotaRoot,
}

impl World {
    pub fn new(post: Post) -> Self {
        Self {
            post,
            open: None,
            append: None,
            refusals: HashMap::new(),
            asked: Vec::new(),
            challenges: VecDeque::new(),
            chunk: 7,
            ended: None,
            namespaces: Namespaces::default(),
            frozen: false,
            notices: Vec::new(),
            quota: QuotaRoot { name: "dr@cabinet.example".to_owned(), ..QuotaRoot::default() },
        }
    }

    fn refused(&mut self, kind: &str) -> Result<(), Refusal> {
        self.refusals.get_mut(kind).and_then(VecDeque::pop_front).map_or(Ok(()), Err)
    }

    pub fn push(&mut self, piece: &[u8]) {
        let append = self.append.as_mut().expect("a push follows an accepted Append");
        append.letters.last_mut().expect("a letter has begun").2.extend_from_slice(piece);
    }

    /// What changed since the session was last told.
    pub fn changes(&mut self) -> Changes {
        let mut changes = Changes { ended: self.ended.take(), ..Changes::default() };
        let Some(open) = self.open.as_mut().filter(|_| !self.frozen) else { return changes };
        let all = self.post.all();
        let Some(stored) = all.get(&open.folder) else {
            changes.ended = Some(Refusal::new(Code::Nonexistent, "the folder is gone"));
            return changes;
        };
        let now: BTreeMap<u32, u64> =
            stored.letters.iter().map(|letter| (letter.uid, letter.modseq)).collect();
        changes.vanished = open.told.keys().filter(|uid| !now.contains_key(uid)).copied().collect();
        changes.arrived = now.keys().filter(|uid| !open.told.contains_key(uid)).copied().collect();
        for letter in &stored.letters {
            if open.told.get(&letter.uid).is_some_and(|modseq| *modseq != letter.modseq) {
                let Letter { uid, flags, modseq, .. } = letter.clone();
                changes.flags.push(FlagChange { uid, flags, modseq });
            }
        }
        changes.flags.sort_by_key(|change| change.modseq);
        changes.modseq = Some(stored.modseq);
        open.told = now;
        changes
    }

    pub fn answer(&mut self, ask: Ask) -> Vec<Answer> {
        let one = |answer| vec![answer];
        match ask {
            Ask::Identify(pairs) => {
                self.asked.push(format!("identify {pairs:?}"));
                one(Answer::Done)
            }
            Ask::Authenticate { attempt, binding } => {
                self.asked
                    .push(format!("sign-in {}", crate::sasl::testing::show(&attempt, binding.as_deref())));
                one(match self.challenges.pop_front() {
                    Some(challenge) => Answer::Challenge(challenge),
                    None => Answer::Outcome(self.refused("sign-in")),
                })
            }
            Ask::Respond(response) => {
                self.asked.push(format!("respond {:?}", String::from_utf8_lossy(response.expose())));
                one(match self.challenges.pop_front() {
                    Some(challenge) => Answer::Challenge(challenge),
                    None => Answer::Outcome(self.refused("sign-in")),
                })
            }
            Ask::Folders(_) => {
                let refused = self.refused("folders");
                let all = self.post.all();
                let folders = all.iter().map(|(name, stored)| Folder {
                    name: name.clone(),
                    role: stored.role,
                    subscription: stored.subscription,
                    kind: stored.kind,
                    status: stored.status(),
                    rights: AclRights::parse(b"lr").unwrap_or_default(),
                });
                one(Answer::Folders(refused.map(|()| folders.collect())))
            }
            Ask::Namespaces => {
                let refused = self.refused("namespace");
                one(Answer::Namespaces(refused.map(|()| self.namespaces.clone())))
            }
            Ask::Notify(watch) => {
                self.asked.push(format!("notify {watch:?}"));
                let refused = self.refused("notify");
                self.frozen = watch.as_ref().is_none_or(|watch| watch.selected == WatchSelected::No);
                let counters = watch.filter(|watch| watch.counters == TellCounters::AtOnce);
                let notices = counters.map(|_| vec![self.counters("Corbeille")]).unwrap_or_default();
                one(Answer::Notices(refused.map(|()| notices)))
            }
            Ask::Quota(ask) => {
                self.asked.push(format!("quota {ask:?}"));
                let refused = self.refused("quota");
                one(Answer::Quota(refused.map(|()| self.quota.clone())))
            }
            Ask::Acl(ask) => {
                self.asked.push(format!("acl {ask:?}"));
                let refused = self.refused("acl");
                one(Answer::Acl(refused.map(|()| self.rights(&ask))))
            }
            Ask::Annotations(folder) => {
                // The account's own stand with INBOX here.
                let all = self.post.all();
                let stored = all.get(&folder.unwrap_or_else(|| name("INBOX")));
                let annotation = |(entry, value): (&EntryName, &Vec<u8>)| Annotation {
                    entry: entry.clone(),
                    value: value.clone(),
                };
                let annotations = stored.map(|stored| stored.annotations.iter().map(annotation).collect());
                one(Answer::Annotations(annotations.ok_or_else(missing)))
            }
            Ask::Annotate { folder, changes } => {
                let refused = self.refused("annotate");
                let mut all = self.post.all();
                let stored = all.get_mut(&folder.unwrap_or_else(|| name("INBOX"))).ok_or_else(missing);
                one(Answer::Outcome(refused.and(stored).map(|stored| {
                    for Annotate { entry, value } in changes {
                        match value {
                            Some(value) => drop(stored.annotations.insert(entry, value)),
                            None => drop(stored.annotations.remove(&entry)),
                        }
                    }
                })))
            }
            Ask::Create { folder, role } => {
                self.asked.push(format!("create {folder}{}", role.map_or("", Role::as_str)));
                let refused = self.refused("create");
                let meant = self.post.meant(&folder);
                let mut all = self.post.all();
                let count = all.len() as u32;
                one(Answer::Created(refused.and_then(|()| match all.get(&meant) {
                    Some(stored) if meant != folder => Ok(stored.id()),
                    Some(_) => Err(Refusal::new(Code::AlreadyExists, "it is there")),
                    None => {
                        let stored = Stored { role, ..Stored::new(100 + count) };
                        Ok(all.entry(meant).or_insert(stored).id())
                    }
                })))
            }
            Ask::Delete(folder) => {
                self.asked.push(format!("delete {folder}"));
                let refused = self.refused("delete");
                let deleted = refused.and_then(|()| self.post.all().remove(&folder).ok_or_else(missing));
                let selected = self.open.take_if(|open| open.folder == folder).is_some();
                let which = if selected { Deleted::Selected } else { Deleted::Other };
                one(Answer::Deleted(deleted.map(|_| which)))
            }
            Ask::Rename { from, to } => {
                self.asked.push(format!("rename {from} {to}"));
                let mut all = self.post.all();
                let moved = all.remove(&from);
                one(Answer::Outcome(moved.map(|stored| drop(all.insert(to, stored))).ok_or_else(missing)))
            }
            Ask::Subscribe { folder, change } => {
                self.asked.push(format!("subscribe {folder} {change:?}"));
                let folder = self.post.meant(&folder);
                let mut all = self.post.all();
                let stored = all.entry(folder).or_insert_with(|| {
                    let mut stored = Stored::new(99);
                    stored.kind = FolderKind::Absent;
                    stored
                });
                stored.subscription = change;
                one(Answer::Outcome(Ok(())))
            }
            Ask::Status { folder, count: _ } => {
                let folder = self.post.meant(&folder);
                let all = self.post.all();
                let status = all.get(&folder).map(Stored::status);
                one(Answer::Status(status.ok_or_else(missing)))
            }
            Ask::Select { folder, mode } => {
                self.asked.push(format!("select {folder} {mode:?}"));
                assert!(self.open.is_none(), "the machine unselects before it selects");
                let refused = self.refused("select");
                one(Answer::Selected(refused.and_then(|()| self.select(folder, mode))))
            }
            Ask::Unselect => {
                self.asked.push("unselect".to_owned());
                self.open = None;
                one(Answer::Done)
            }
            Ask::Poll => one(Answer::Changes(self.changes())),
            Ask::Fetch { uids, items, seen, strings } => {
                self.asked.push(format!("fetch {uids} {seen:?}"));
                match self.refused("fetch") {
                    Ok(()) => self.fetch(&uids, (&items, strings), seen),
                    Err(refusal) => one(Answer::Refused(refusal)),
                }
            }
            Ask::Since(modseq) => {
                self.asked.push(format!("since {modseq}"));
                let refused = self.refused("since");
                one(Answer::Since(refused.map(|()| self.since(modseq))))
            }
            Ask::Store { uids, mode, flags, unchanged_since } => {
                let since = unchanged_since.map_or(String::new(), |since| format!(" since {since}"));
                self.asked.push(format!("store {uids} {mode:?} {flags}{since}"));
                match self.refused("store") {
                    Ok(()) => {
                        let modified = self.modified(&uids, &flags, unchanged_since);
                        let rows = self.store(&uids.difference(&modified), |old| old.changed(mode, &flags));
                        let mut answers: Vec<Answer> = rows.into_iter().map(Answer::Flagged).collect();
                        if !modified.is_empty() {
                            answers.push(Answer::Modified(modified));
                        }
                        answers
                    }
                    Err(refusal) => one(Answer::Refused(refusal)),
                }
            }
            Ask::Search { key, wanted } => {
                self.asked.push(format!("search {key:?} {wanted:?}"));
                if let Err(refusal) = self.refused("search") {
                    return one(Answer::Refused(refusal));
                }
                let mut found = self.matching(&key);
                match wanted {
                    Wanted::All => {}
                    Wanted::First(count) => found.truncate(count as usize),
                    Wanted::Last(count) => drop(found.drain(..found.len().saturating_sub(count as usize))),
                }
                matches_of(&found)
            }
            Ask::Sort { key, by } => {
                self.asked.push(format!("sort {key:?} {by:?}"));
                if let Err(refusal) = self.refused("sort") {
                    return one(Answer::Refused(refusal));
                }
                let mut found = self.matching(&key);
                found.sort_by(|a, b| sorting::compare(a, b, &by));
                matches_of(&found)
            }
            Ask::Thread { key, by } => {
                self.asked.push(format!("thread {key:?} {by:?}"));
                if let Err(refusal) = self.refused("thread") {
                    return one(Answer::Refused(refusal));
                }
                let found: Vec<_> = self.matching(&key).iter().map(sorting::threadable).collect();
                let threads = match by {
                    ThreadBy::References => thread_oracle::references(&found),
                    ThreadBy::OrderedSubject => thread_oracle::ordered_subject(&found),
                };
                threads.chunks(3).map(|some| Answer::Threads(some.to_vec())).collect()
            }
            Ask::Append { folder, flags, date, size, replaces } => {
                let old = replaces.map_or(String::new(), |old| format!(" for {old}"));
                self.asked.push(format!("append {folder} {flags} {size}{old}"));
                let folder = self.post.meant(&folder);
                if !self.post.all().contains_key(&folder) {
                    return one(Answer::Outcome(Err(missing())));
                }
                if let Err(refusal) = self.refused("append") {
                    return one(Answer::Outcome(Err(refusal)));
                }
                let letters = Vec::new();
                let append = self.append.get_or_insert(Appending { folder, replaces, letters });
                append.letters.push((flags, date.unwrap_or(RECEIVED), Vec::new()));
                one(Answer::Outcome(Ok(())))
            }
            Ask::Finish => {
                let refused = self.refused("finish");
                let Appending { folder, replaces, letters } = self.append.take().expect("an append is open");
                for (.., raw) in &letters {
                    self.asked.push(format!("finish {:?}", String::from_utf8_lossy(raw)));
                }
                if let Err(refusal) = refused {
                    return one(Answer::Appended(Err(refusal)));
                }
                let mut all = self.post.all();
                let stored = all.get_mut(&folder).expect("the folder was there");
                let uid_validity = stored.uid_validity;
                let added = letters.into_iter().map(|(flags, date, raw)| stored.add(&raw, flags, date));
                let uids: UidSet = added.collect();
                drop(all);
                if let (Some(old), Some(open)) = (replaces, &self.open) {
                    self.post.vanish(open.folder.as_str(), &[old].into_iter().collect());
                }
                one(Answer::Appended(Ok(Placed { uid_validity, uids })))
            }
            Ask::Discard => {
                self.asked.push("discard".to_owned());
                self.append = None;
                one(Answer::Done)
            }
            Ask::Copy { uids, to } => {
                self.asked.push(format!("copy {uids} {to}"));
                let refused = self.refused("copy");
                one(Answer::Copied(refused.and_then(|()| self.copy(&uids, &to))))
            }
            Ask::Move { uids, to } => {
                self.asked.push(format!("move {uids} {to}"));
                let refused = self.refused("move");
                one(Answer::Copied(refused.and_then(|()| self.copy(&uids, &to)).inspect(|copied| {
                    let folder = self.open.as_ref().expect("a folder is open").folder.clone();
                    self.post.vanish(folder.as_str(), &copied.from);
                })))
            }
            Ask::Expunge { among } => {
                self.asked
                    .push(format!("expunge {}", among.as_ref().map_or("all".to_owned(), UidSet::to_string)));
                let refused = self.refused("expunge");
                one(Answer::Expunged(refused.map(|()| self.expunge(among.as_ref()))))
            }
        }
    }

    fn matching(&self, key: &SearchKey) -> Vec<Letter> {
        let folder = &self.open.as_ref().expect("a folder is open").folder;
        self.post.all()[folder].letters.iter().filter(|letter| matches(letter, key)).cloned().collect()
    }

    fn select(&mut self, folder: FolderName, mode: Mode) -> Result<Selected, Refusal> {
        let folder = self.post.meant(&folder);
        let all = self.post.all();
        let stored =
            all.get(&folder).filter(|stored| stored.kind == FolderKind::Selectable).ok_or_else(missing)?;
        let mut keywords = Flags::new();
        for letter in &stored.letters {
            letter.flags.keywords().iter().for_each(|keyword| keywords.set_keyword(keyword.clone()));
        }
        let told = stored.letters.iter().map(|letter| (letter.uid, letter.modseq)).collect();
        let selected = Selected {
            name: Some(folder.clone()),
            uids: stored.letters.iter().map(|letter| letter.uid).collect(),
            first_unseen: stored.letters.iter().find(|l| !l.flags.has(SystemFlag::Seen)).map(|l| l.uid),
            uid_next: stored.uid_next,
            uid_validity: stored.uid_validity,
            modseq: stored.modseq,
            keywords,
            fixed_keywords: Flags::new(),
            access: Access::ReadWrite,
            id: stored.id(),
        };
        self.open = Some(Open { folder, mode, told });
        Ok(selected)
    }

    fn fetch(
        &mut self,
        uids: &UidSet,
        (items, strings): (&FetchItems, Strings),
        seen: MarkSeen,
    ) -> Vec<Answer> {
        let mut newly = UidSet::new();
        if seen == MarkSeen::Yes {
            assert_eq!(self.open.as_ref().map(|open| open.mode), Some(Mode::ReadWrite));
            let folder = self.open.as_ref().expect("a folder is open").folder.clone();
            newly = self.post.all()[&folder]
                .letters
                .iter()
                .filter(|letter| uids.contains(letter.uid) && !letter.flags.has(SystemFlag::Seen))
                .map(|letter| letter.uid)
                .collect();
            self.store(&newly, |old| old.changed(StoreMode::Add, &Flags::of(&[SystemFlag::Seen])));
        }
        let folder = self.open.as_ref().expect("a folder is open").folder.clone();
        let all = self.post.all();
        let mut answers = Vec::new();
        for letter in all[&folder].letters.iter().filter(|letter| uids.contains(letter.uid)) {
            let (head_len, body_len) = (letter.head.len() as u64, letter.body.len() as u64);
            let summary = items.needs_summary().then_some(&*letter.summary);
            let described = items.describe(head_len, body_len, summary, strings);
            let mut octets = Vec::new();
            for span in described.spans() {
                let block = match span.block {
                    Block::Head => &letter.head,
                    Block::Body => &letter.body,
                };
                octets.extend_from_slice(&block[span.start as usize..span.end as usize]);
            }
            answers.push(Answer::Row(FetchRow {
                uid: letter.uid,
                flags: letter.flags.clone(),
                newly_seen: newly.contains(letter.uid),
                received: letter.received,
                size: head_len + body_len,
                modseq: letter.modseq,
                saved: letter.saved,
                object: items.wants_object_ids().then(|| ObjectIds {
                    email: format!("M{:x}", letter.raw().len()),
                    thread: Some("T-1_a".to_owned()),
                }),
                described,
            }));
            answers
                .extend(octets.chunks(self.chunk).map(|piece| Answer::Chunk(Bytes::copy_from_slice(piece))));
        }
        answers
    }

    pub fn counters(&self, folder: &str) -> Notice {
        let (folder, all) = (name(folder), self.post.all());
        let stored = &all[&folder];
        let status = Status {
            messages: stored.letters.len() as u32,
            uid_next: stored.uid_next,
            uid_validity: stored.uid_validity,
            ..Status::default()
        };
        Notice::Counters { folder, status }
    }

    /// Dr A reads and manages, B only reads; nothing is kept.
    fn rights(&self, ask: &AclAsk) -> AclAnswer {
        let read = |letters: &str| AclRights::parse(letters.as_bytes()).expect("letters of ours");
        match ask {
            AclAsk::Mine(_) => AclAnswer::Mine(read("lrswipkxtea")),
            AclAsk::Everybody(_) => AclAnswer::Everybody(vec![
                ("a@cabinet.example".to_owned(), read("lrswipkxtea")),
                ("b@cabinet.example".to_owned(), read("lr")),
                ("nobody".to_owned(), AclRights::NONE),
            ]),
            AclAsk::Grantable { .. } => AclAnswer::Grantable {
                always: AclRights::NONE,
                groups: vec![read("lr"), read("swipkxte"), read("a")],
            },
            AclAsk::Change { .. } => AclAnswer::Changed,
        }
    }

    fn store(&mut self, uids: &UidSet, change: impl Fn(&Flags) -> Flags) -> Vec<FlagChange> {
        let open = self.open.as_mut().expect("a folder is open");
        let mut all = self.post.all();
        let stored = all.get_mut(&open.folder).expect("it is open");
        let modseq = stored.modseq + 1;
        let mut rows = Vec::new();
        for letter in stored.letters.iter_mut().filter(|letter| uids.contains(letter.uid)) {
            let flags = change(&letter.flags);
            if flags != letter.flags {
                (letter.flags, letter.modseq, stored.modseq) = (flags, modseq, modseq);
                // What a session does itself it is not told.
                open.told.entry(letter.uid).and_modify(|told| *told = modseq);
            }
            rows.push(FlagChange { uid: letter.uid, flags: letter.flags.clone(), modseq: letter.modseq });
        }
        rows
    }

    /// Those of these messages that a conditional STORE leaves alone.
    fn modified(&self, uids: &UidSet, flags: &Flags, since: Option<u64>) -> UidSet {
        let folder = &self.open.as_ref().expect("a folder is open").folder;
        let late = |letter: &&Letter| match since {
            None => false,
            Some(0) => {
                flags.system().next().is_some()
                    || flags.keywords().iter().any(|keyword| letter.flags.has_keyword(keyword))
            }
            Some(since) => letter.modseq > since,
        };
        let all = self.post.all();
        let asked = all[folder].letters.iter().filter(|letter| uids.contains(letter.uid));
        asked.filter(late).map(|letter| letter.uid).collect()
    }

    fn since(&self, modseq: u64) -> Since {
        let folder = &self.open.as_ref().expect("a folder is open").folder;
        let all = self.post.all();
        let stored = &all[folder];
        let since = if modseq > stored.modseq { 0 } else { modseq };
        let changed = stored.letters.iter().filter(|letter| letter.modseq > since).map(|letter| letter.uid);
        let gone = stored.gone.iter().filter(|gone| gone.0 > since).map(|gone| gone.1);
        let known = since == modseq && since >= stored.forgotten;
        Since { changed: changed.collect(), gone: known.then(|| gone.collect()) }
    }

    fn copy(&mut self, uids: &UidSet, to: &FolderName) -> Result<Copied, Refusal> {
        let to = &self.post.meant(to);
        let folder = self.open.as_ref().expect("a folder is open").folder.clone();
        let mut all = self.post.all();
        if !all.contains_key(to) {
            return Err(missing());
        }
        let letters: Vec<Letter> =
            all[&folder].letters.iter().filter(|letter| uids.contains(letter.uid)).cloned().collect();
        let stored = all.get_mut(to).expect("just seen");
        let mut copied = Copied { uid_validity: stored.uid_validity, ..Copied::default() };
        for letter in letters {
            copied.from.push(letter.uid);
            copied.to.push(stored.add(&letter.raw(), letter.flags, letter.received));
        }
        Ok(copied)
    }

    fn expunge(&mut self, among: Option<&UidSet>) -> UidSet {
        let folder = self.open.as_ref().expect("a folder is open").folder.clone();
        let gone: UidSet = self.post.all()[&folder]
            .letters
            .iter()
            .filter(|l| l.flags.has(SystemFlag::Deleted) && among.is_none_or(|among| among.contains(l.uid)))
            .map(|letter| letter.uid)
            .collect();
        self.post.vanish(folder.as_str(), &gone);
        gone
    }
}

fn matches_of(letters: &[Letter]) -> Vec<Answer> {
    let found: Vec<Match> = letters.iter().map(|l| Match { uid: l.uid, modseq: l.modseq }).collect();
    found.chunks(2).map(|some| Answer::Found(some.to_vec())).collect()
}

fn missing() -> Refusal {
    Refusal::new(Code::Nonexistent, "no such folder")
}

fn has(text: &[u8], wanted: &str) -> bool {
    String::from_utf8_lossy(text).to_lowercase().contains(&wanted.to_lowercase())
}

/// SEARCH as the RFC describes it, on the raw octets.
pub fn matches(letter: &Letter, key: &SearchKey) -> bool {
    let head = Head::parse(letter.head.clone()).expect("it was parsed before");
    let field = |name: &str, text: &str| head.fields_named(name).any(|f| has(f.unfolded().as_bytes(), text));
    let day = |when: &When, date: &Date, of: Option<Timestamp>| {
        let of = of.map(|instant| instant.utc().date());
        of.is_some_and(|of| match when {
            When::Before => of < *date,
            When::On => of == *date,
            When::Since => of >= *date,
        })
    };
    match key {
        SearchKey::All => true,
        SearchKey::Nothing => false,
        SearchKey::And(keys) => keys.iter().all(|key| matches(letter, key)),
        SearchKey::Or(a, b) => matches(letter, a) || matches(letter, b),
        SearchKey::Not(key) => !matches(letter, key),
        SearchKey::Uids(uids) => uids.contains(letter.uid),
        SearchKey::Flag(flag) => letter.flags.has(*flag),
        SearchKey::Keyword(keyword) => letter.flags.has_keyword(keyword),
        SearchKey::Received(when, date) => day(when, date, Some(letter.received)),
        SearchKey::Sent(when, date) => day(when, date, head.date()),
        SearchKey::Larger(size) => letter.raw().len() as u64 > *size,
        SearchKey::Smaller(size) => (letter.raw().len() as u64) < *size,
        SearchKey::Envelope(which, text) => match which {
            EnvelopeField::From => field("From", text),
            EnvelopeField::To => field("To", text),
            EnvelopeField::Cc => field("Cc", text),
            EnvelopeField::Bcc => field("Bcc", text),
            EnvelopeField::Subject => field("Subject", text),
        },
        SearchKey::Header(name, text) => field(name, text),
        SearchKey::Body(text) => has(&letter.body, text),
        SearchKey::Text(text) => has(&letter.head, text) || has(&letter.body, text),
        SearchKey::Older(seconds) => NOW.since(letter.received) >= i64::from(*seconds) * 1_000,
        SearchKey::Younger(seconds) => NOW.since(letter.received) <= i64::from(*seconds) * 1_000,
        SearchKey::Saved(when, date) => day(when, date, Some(letter.received)),
        SearchKey::EmailId(id) => *id == format!("M{}", letter.uid),
        SearchKey::ThreadId(_) => false,
        SearchKey::Changed(modseq) => letter.modseq >= *modseq,
    }
}
