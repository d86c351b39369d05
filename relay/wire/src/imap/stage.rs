//! The stage on which IMAP transcripts are played.
//!
//! `Setup:` lines: `plain` (port 143, before sign-in), `stranger` (port 993, before sign-in; otherwise the
//! session has signed in), `selected` (INBOX is), `examined`, `inbox N` (N short letters), `letter NAME`
//! (one of [`letter`] into INBOX), `sortable`, `threaded` (those of `stage_letters`), `folder NAME`,
//! `others NAME` and `shared NAME` (what stands above their folders), `quota OCTETS MOST MESSAGES MOST`, `errors N`, `sign-ins N`,
//! `letter-size N`.
//!
//! `W:` lines: `KIND refused CODE text` for the next ask of a kind; `deliver`, `vanish UIDS`,
//! `forget` (what went is no longer known one by one),
//! `flag UID (FLAGS)` for what another session does in INBOX; `ended CODE text`; `nonsense`;
//! `counters FOLDER`, `made NAME [was NAME]`, `removed NAME`, `overflow` for what NOTIFY tells.

use std::collections::VecDeque;
use std::sync::Arc;

use names::Timestamp;

use super::scan::Cursor;
use super::session::{Selection, Standing};
use super::stage_letters;
use super::world::{Post, World, name};
use super::*;
use crate::sasl::Mechanism;
use crate::transcript::{Stage, tls_facts};
use crate::{Actions, Input, Machine, TlsFacts};

pub struct ImapStage {
    config: Config,
    world: World,
    plain: bool,
    stranger: bool,
    certificate: bool,
    no_exporter: bool,
    selected: Option<Mode>,
    nonsense: bool,
}

impl Default for ImapStage {
    fn default() -> Self {
        let world = World::new(Post::usual());
        Self {
            config: Config::new("imap.house.example"),
            world,
            plain: false,
            stranger: false,
            certificate: false,
            no_exporter: false,
            selected: None,
            nonsense: false,
        }
    }
}

/// A short letter whose subject is its number.
pub fn short(number: u32) -> Vec<u8> {
    format!(
        "From: Dr A <a@cabinet.example>\r\nTo: b@hopital.example\r\nSubject: letter {number}\r\n\
         Date: Sat, 31 Jan 2026 09:00:00 +0100\r\nMessage-ID: <{number}@cabinet.example>\r\n\r\nBody {number}.\r\n"
    )
    .into_bytes()
}

/// Letters of known shape, by name.
pub fn letter(name: &str) -> Option<Vec<u8>> {
    let text = match name {
        "mixed" => concat!(
            "From: \"Dr \\\"A\\\" B\" <a@cabinet.example>\n",
            "To: b@hopital.example, Garde: c@hopital.example, d@hopital.example;\n",
            "Subject: =?utf-8?Q?R=C3=A9sultats?=\n",
            "Message-ID: <m@cabinet.example>\n",
            "MIME-Version: 1.0\n",
            "Content-Type: multipart/mixed; boundary=\"b1\"\n",
            "\n",
            "preamble\n",
            "--b1\n",
            "Content-Type: text/plain; charset=utf-8\n",
            "\n",
            "Bonjour\n",
            "--b1\n",
            "Content-Type: application/pdf; name=\"a.pdf\"\n",
            "Content-Transfer-Encoding: base64\n",
            "Content-Disposition: attachment; filename=\"a.pdf\"\n",
            "Content-Description: Analyse\n",
            "Content-ID: <p@x>\n",
            "\n",
            "JVBERi0x\n",
            "--b1\n",
            "Content-Type: message/rfc822\n",
            "\n",
            "From: x@labo.example\n",
            "Subject: inner\n",
            "X-Note: one\n",
            "  two\n",
            "Content-Type: multipart/alternative; boundary=b2\n",
            "\n",
            "--b2\n",
            "Content-Type: text/plain\n",
            "\n",
            "inner text\n",
            "--b2\n",
            "Content-Type: text/html\n",
            "\n",
            "<p>inner</p>\n",
            "--b2--\n",
            "--b1--\n",
        ),
        "forward" => concat!(
            "From: a@cabinet.example\n",
            "Content-Type: message/rfc822\n",
            "\n",
            "From: x@labo.example\n",
            "Subject: alone\n",
            "\n",
            "plain inner\n",
        ),
        "raw" => concat!(
            "From: J\u{e9}r\u{f4}me <a@cabinet.example>\n",
            "Subject: caf\u{e9} \"noir\" \\ fin\n",
            "Content-Type: application/pdf; name=\"r\u{e9}sum\u{e9}.pdf\"\n",
            "\n",
            "x\n",
        ),
        "encodings" => concat!(
            "From: a@cabinet.example\n",
            "Content-Type: multipart/mixed; boundary=e1\n",
            "\n",
            "--e1\n",
            "Content-Type: text/plain; charset=utf-8\n",
            "Content-Transfer-Encoding: quoted-printable\n",
            "\n",
            "caf=C3=A9 =\n",
            "noir  \n",
            "--e1\n",
            "Content-Type: application/octet-stream\n",
            "Content-Transfer-Encoding: base64\n",
            "\n",
            "AEJDREVG\n",
            "R0hJSg==\n",
            "--e1\n",
            "Content-Type: application/octet-stream\n",
            "Content-Transfer-Encoding: x-uuencode\n",
            "\n",
            "begin\n",
            "--e1--\n",
        ),
        "headless" => "Subject: no body\n\n",
        _ => return None,
    };
    Some(text.replace('\n', "\r\n").into_bytes())
}

fn code(text: &str) -> Result<Code, String> {
    use Code::*;
    let all = [
        Unavailable,
        AuthenticationFailed,
        AuthorizationFailed,
        Expired,
        ContactAdmin,
        NoPermission,
        InUse,
        ServerBug,
        Cannot,
        Limit,
        OverQuota,
        NotificationOverflow,
        TooBig,
        ExpungeIssued,
        UnknownCte,
        AlreadyExists,
        HasChildren,
        UseAttr,
        TooManyAnnotations,
        Nonexistent,
    ];
    all.into_iter().find(|code| code.as_str() == text).ok_or_else(|| format!("no such code: {text}"))
}

fn uids(text: &str) -> Result<UidSet, String> {
    let set = Cursor::new(text.as_bytes()).sequence_set();
    set.map(|set| set.resolve(u32::MAX)).map_err(|_| format!("not a set: {text}"))
}

impl Stage for ImapStage {
    type Machine = Server;

    fn setup(&mut self, line: &str) -> Result<(), String> {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        let number = || value.parse::<u32>().map_err(|_| format!("setup {line}: not a number"));
        match key {
            "plain" => (self.plain, self.stranger) = (true, true),
            "stranger" => self.stranger = true,
            "selected" => self.selected = Some(Mode::ReadWrite),
            "examined" => self.selected = Some(Mode::ReadOnly),
            "inbox" => {
                for index in 1..=number()? {
                    self.world.post.deliver("INBOX", &short(index));
                }
            }
            "letter" => {
                let raw = letter(value).ok_or_else(|| format!("no such letter: {value}"))?;
                self.world.post.deliver("INBOX", &raw);
            }
            "sortable" | "threaded" => {
                let letters =
                    if key == "sortable" { stage_letters::sortable() } else { stage_letters::threaded() };
                for letter in letters {
                    self.world.post.deliver("INBOX", &letter);
                }
            }
            "folder" => drop(self.world.answer(Ask::Create { folder: name(value), role: None })),
            "others" => self.world.namespaces.others = Some(name(value)),
            "shared" => self.world.namespaces.shared = Some(name(value)),
            "quota" => {
                let numbers = value.split(' ').map(str::parse::<u64>).collect::<Result<Vec<_>, _>>();
                let Ok([octets, most_octets, messages, most_messages]) = numbers.as_deref() else {
                    return Err(format!("setup {line}: four numbers"));
                };
                let quota = &mut self.world.quota;
                (quota.octets, quota.most_octets) = (*octets, Some(*most_octets));
                (quota.messages, quota.most_messages) = (*messages, Some(*most_messages));
            }
            "mechanisms" => {
                let parse =
                    |name: &str| Mechanism::parse(name.as_bytes()).ok_or(format!("no mechanism {name}"));
                self.config.mechanisms = value.split(' ').map(parse).collect::<Result<_, _>>()?;
            }
            "certificate" => self.certificate = true,
            "no-exporter" => self.no_exporter = true,
            "errors" => self.config.limits.errors = number()?,
            "sign-ins" => self.config.limits.sign_ins = number()?,
            "letter-size" => self.config.limits.letter = number()?.into(),
            _ => return Err(format!("no such setup: {line}")),
        }
        self.world.asked.clear();
        Ok(())
    }

    fn machine(&mut self) -> Server {
        let mut server = Server::new(Arc::new(self.config.clone()));
        if !self.stranger {
            server.standing = Standing::SignedIn;
        }
        if let Some(mode) = self.selected {
            let answer = self.world.answer(Ask::Select { folder: name("INBOX"), mode }).remove(0);
            let Answer::Selected(Ok(selected)) = answer else { panic!("INBOX is there") };
            server.selection = Some(Selection::new(&selected, mode));
            self.world.asked.clear();
        }
        server
    }

    fn tls(&self) -> Option<TlsFacts> {
        {
            let facts = TlsFacts { client_certificate: self.certificate, ..tls_facts() };
            let facts = if self.no_exporter { TlsFacts { exporter: None, ..facts } } else { facts };
            (!self.plain).then_some(facts)
        }
    }

    fn script(&mut self, line: &str) -> Result<(), String> {
        if let Some((kind, rest)) = line.split_once(" refused ") {
            let (name, text) = rest.split_once(' ').unwrap_or((rest, "no"));
            let refusal = Refusal::new(code(name)?, text);
            self.world.refusals.entry(kind.to_owned()).or_default().push_back(refusal);
            return Ok(());
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "deliver" => drop(self.world.post.deliver("INBOX", &short(900))),
            "forget" => {
                let mut all = self.world.post.all();
                let inbox = all.get_mut(&name("INBOX")).expect("INBOX is there");
                inbox.forgotten = inbox.modseq;
            }
            "vanish" => self.world.post.vanish("INBOX", &uids(rest)?),
            "flag" => {
                let (uid, flags) = rest.split_once(' ').ok_or("flag UID (FLAGS)")?;
                let flags = Cursor::new(flags.as_bytes()).flags().map_err(|fault| format!("{fault:?}"))?;
                self.world.post.flag("INBOX", uid.parse().map_err(|_| "not a UID")?, flags);
            }
            "ended" => {
                let (name, text) = rest.split_once(' ').ok_or("ended CODE text")?;
                self.world.ended = Some(Refusal::new(code(name)?, text));
            }
            "challenge" => self.world.challenges.push_back(rest.as_bytes().to_vec()),
            "counters" => {
                let notice = self.world.counters(rest);
                self.world.notices.push(notice);
            }
            "overflow" => self.world.notices.push(Notice::Overflow),
            "made" | "removed" => {
                let kind = if word == "made" { FolderKind::Selectable } else { FolderKind::Absent };
                let (now, was) = match rest.split_once(" was ") {
                    Some((now, was)) => (now, Some(name(was))),
                    None => (rest, None),
                };
                let folder = Folder {
                    name: name(now),
                    role: None,
                    subscription: Subscription::On,
                    kind,
                    status: Status::default(),
                    rights: AclRights::NONE,
                };
                self.world.notices.push(Notice::Folder { folder, was });
            }
            "nonsense" => self.nonsense = true,
            _ => return Err(format!("no such answer: {line}")),
        }
        Ok(())
    }

    fn answer(&mut self, ask: Ask) -> Vec<Answer> {
        let answers = self.world.answer(ask);
        if std::mem::take(&mut self.nonsense) { vec![Answer::Expunged(Ok(UidSet::new()))] } else { answers }
    }

    fn pushed(&mut self, piece: &[u8]) {
        self.world.push(piece);
    }

    fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.world.asked)
    }

    fn event(&mut self) -> Option<Answer> {
        if !self.world.notices.is_empty() {
            return Some(Answer::Notices(Ok(std::mem::take(&mut self.world.notices))));
        }
        Some(Answer::Changes(self.world.changes()))
    }
}

/// A machine and its world, driven by hand.
pub struct Session {
    pub machine: Server,
    pub world: World,
    pub sent: Vec<u8>,
    pub closed: bool,
}

impl Session {
    pub fn new(post: &Post) -> Self {
        let machine = Server::new(Arc::new(Config::new("imap.house.example")));
        let mut session = Self { machine, world: World::new(post.clone()), sent: Vec::new(), closed: false };
        session.input(Input::Open(Some(tls_facts())));
        session
    }

    /// Signed in, and nothing said yet.
    pub fn signed_in(post: &Post) -> Self {
        let mut session = Self::new(post);
        session.bytes(b"a LOGIN dr pw\r\n");
        session.sent.clear();
        session
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.input(Input::Bytes(bytes));
    }

    pub fn input(&mut self, input: Input<'_, Answer>) {
        let mut todo: VecDeque<crate::Action<Ask>> = VecDeque::new();
        self.step(input, &mut todo);
        while let Some(action) = todo.pop_front() {
            match action {
                crate::Action::Send(bytes) => self.sent.extend_from_slice(&bytes),
                crate::Action::Ask(ask) => {
                    for answer in self.world.answer(ask) {
                        self.step(Input::Answer(answer), &mut todo);
                    }
                }
                crate::Action::Pull(ask) => {
                    for answer in self.world.answer(ask) {
                        self.step(Input::Answer(answer), &mut todo);
                    }
                    self.step(Input::End, &mut todo);
                }
                crate::Action::Push(piece) => self.world.push(&piece),
                crate::Action::StartTls => self.step(Input::Secured(tls_facts()), &mut todo),
                crate::Action::Close => self.closed = true,
            }
        }
    }

    fn step(&mut self, input: Input<'_, Answer>, todo: &mut VecDeque<crate::Action<Ask>>) {
        let mut out = Actions::default();
        self.machine.step(input, Timestamp(1_795_318_467_000), &mut out);
        todo.extend(out.drain());
    }

    /// What was sent since the last call.
    pub fn said(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.sent)).into_owned()
    }

    /// Sends one command, and gives all lines of the answer.
    pub fn command(&mut self, text: &str) -> String {
        self.bytes(format!("{text}\r\n").as_bytes());
        self.said()
    }
}

mod tests {
    use super::*;
    use crate::transcript::{Cut, Transcript, play, play_every_way};

    #[test]
    fn every_transcript_plays_whole_and_cut_at_every_byte() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts/imap");
        let mut played = 0;
        let mut failures = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // What mail programs said is played on running servers only.
            if path.is_dir() {
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("# "), "{name} does not say which rule it shows");
            let result = Transcript::parse(&text).and_then(|read| match read.sent() {
                0..4_096 => play_every_way(&read, ImapStage::default),
                // Floods: cut at some bytes only, or the test would last minutes.
                sent => [Cut::Nowhere, Cut::Everywhere]
                    .into_iter()
                    .chain((1..sent).step_by(sent / 40).map(Cut::Before))
                    .try_for_each(|cut| play(&read, ImapStage::default(), cut)),
            });
            if let Err(why) = result {
                failures.push(format!("{name}: {why}"));
            }
            played += 1;
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        assert!(played >= 60, "only {played} transcripts were found");
    }
}
