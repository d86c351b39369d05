//! Real dialogues: the machine of `wire`, pumped in memory over this world and a whole house.

mod acts;
mod appending;
mod asking_again;
mod content;
mod doors;
mod folders;
mod listening;
mod model;
mod oracle;
mod ordering;
mod quotas;
mod reading;
mod resync;
mod searching;
mod sharing;
mod watching;

use std::collections::VecDeque;

use net::{Caps, ConnInfo, Gate, World};
use wire::imap::{Answer, Ask, Config, Server};
use wire::{Action, Actions, Input, Machine, TlsFacts};

use super::{ImapDoor, ImapWorld, limits};
use crate::testing::{CARDIOLOGIST, DOCTOR, House, houses};

pub(super) const DOCTORS_PASSWORD: &str = "demo-marie-lenoir";

/// A letter as a gateway writes it: text, and a picture.
pub(super) const LETTER: &str = "\
From: =?utf-8?Q?Dr_Paul_Ferrand?= <paul.ferrand@hopital-saint-roch.mssante.example>
To: \"Dr Marie Lenoir\" <marie.lenoir@cabinet-lilas.mssante.example>
Subject: =?utf-8?Q?R=C3=A9sultats_d'analyse?=
Date: Sat, 21 Nov 2026 09:30:00 +0100
Message-ID: <analyse-1@hopital-saint-roch.mssante.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=\"limite\"

--limite
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Ch=E8re cons=9Cur, le chol=
est=E9rol est bas.
--limite
Content-Type: image/png; name=\"courbe.png\"
Content-Disposition: attachment; filename=\"courbe.png\"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--limite--
";

/// A mail program with its end of the connection.
pub(super) struct Client {
    machine: Server,
    world: ImapWorld,
    out: Vec<u8>,
    /// Octets of the longest piece that a world gave at once.
    pub(super) longest: usize,
    tag: u32,
}

impl Client {
    pub(super) async fn connect(door: &ImapDoor) -> Self {
        let peer = "192.0.2.7:50000".parse().unwrap();
        let world = door.world(&ConnInfo { peer, local: peer, door: "mailbox" });
        let machine = Server::new(std::sync::Arc::new(Config::new("mail.pli.example")));
        let mut client = Self { machine, world, out: Vec::new(), longest: 0, tag: 0 };
        client.step(Input::Open(Some(TlsFacts::default()))).await;
        assert!(client.heard().starts_with("* OK [CAPABILITY IMAP4rev1"));
        client
    }

    pub(super) async fn signed_in(door: &ImapDoor, login: &str, password: &str) -> Self {
        let mut client = Self::connect(door).await;
        client.ok(&format!("LOGIN {login} {password}")).await;
        client
    }

    /// Signed in as the doctor, with INBOX open.
    pub(super) async fn doctor(door: &ImapDoor) -> Self {
        let mut client = Self::signed_in(door, DOCTOR, DOCTORS_PASSWORD).await;
        client.ok("SELECT INBOX").await;
        client
    }

    /// Gives the machine one input and carries out all that follows.
    async fn step(&mut self, input: Input<'_, Answer>) {
        let mut queue: VecDeque<Action<Ask>> = VecDeque::new();
        self.feed(input, &mut queue);
        while let Some(action) = queue.pop_front() {
            match action {
                Action::Send(bytes) => self.out.extend_from_slice(&bytes),
                Action::Ask(ask) => {
                    let answer = self.world.answer(ask).await;
                    self.feed(Input::Answer(answer), &mut queue);
                }
                Action::Pull(ask) => {
                    self.world.open(ask).await;
                    while let Some(item) = self.world.pull().await {
                        if let Answer::Chunk(piece) = &item {
                            self.longest = self.longest.max(piece.len());
                        }
                        self.feed(Input::Answer(item), &mut queue);
                        while let Some(Action::Send(bytes)) = queue.front() {
                            self.out.extend_from_slice(bytes);
                            queue.pop_front();
                        }
                    }
                    self.feed(Input::End, &mut queue);
                }
                Action::Push(piece) => self.world.push(piece).await,
                Action::StartTls => panic!("TLS is on already"),
                Action::Close => self.out.extend_from_slice(b"[closed]"),
            }
        }
    }

    /// Gives a command whose answer is pulled, and leaves the pulling to the test.
    pub(super) async fn open(&mut self, command: &str) {
        let mut queue = VecDeque::new();
        self.feed(Input::Bytes(command.as_bytes()), &mut queue);
        match queue.pop_front() {
            Some(Action::Pull(ask)) => self.world.open(ask).await,
            other => panic!("no pull: {other:?}"),
        }
    }

    fn feed(&mut self, input: Input<'_, Answer>, queue: &mut VecDeque<Action<Ask>>) {
        let mut actions = Actions::default();
        self.machine.step(input, crate::testing::NOON, &mut actions);
        queue.extend(actions.drain());
    }

    pub(super) async fn write(&mut self, octets: &[u8]) {
        self.step(Input::Bytes(octets)).await;
    }

    pub(super) fn heard_octets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    pub(super) fn heard(&mut self) -> String {
        String::from_utf8_lossy(&self.heard_octets()).into_owned()
    }

    /// A command, and everything said until its end; the tag is taken off.
    pub(super) async fn say(&mut self, command: &str) -> String {
        self.tag += 1;
        let tag = format!("a{}", self.tag);
        self.write(format!("{tag} {command}\r\n").as_bytes()).await;
        self.heard().replace(&format!("\r\n{tag} "), "\r\n").replace(&format!("{tag} "), "")
    }

    /// A command that is done; what was said, without its last line.
    pub(super) async fn ok(&mut self, command: &str) -> String {
        let heard = self.say(command).await;
        let (before, last) = heard.trim_end().rsplit_once("\r\n").unwrap_or(("", heard.trim_end()));
        assert!(last.starts_with("OK "), "{command}: {heard}");
        before.to_owned()
    }

    /// Waits for news while idle.
    pub(super) async fn news(&mut self) -> String {
        assert!(self.machine.listening(), "the session does not listen");
        let event = self.world.event().await;
        self.step(Input::Event(event)).await;
        self.heard()
    }

    pub(super) fn world(&mut self) -> &mut ImapWorld {
        &mut self.world
    }
}

/// A house with its mailbox door.
pub(super) struct Home {
    pub(super) house: House,
    pub(super) door: ImapDoor,
}

pub(super) async fn homes() -> Vec<Home> {
    let open = |house: House| {
        let door = ImapDoor::new(house.relay.clone(), Gate::new(Caps::default()));
        Home { house, door }
    };
    houses().await.into_iter().map(open).collect()
}

impl Home {
    /// The cardiologist writes to the doctor.
    pub(super) async fn deliver(&self, letter: &str) {
        let outcome = self.house.send(CARDIOLOGIST, &[DOCTOR], letter).await;
        assert!(matches!(outcome, crate::Outcome::Accepted { .. }), "{outcome:?}");
    }

    /// Letters told apart by their subjects.
    pub(super) async fn deliver_plain(&self, subjects: &[&str]) {
        for subject in subjects {
            self.deliver(&LETTER.replace("=?utf-8?Q?R=C3=A9sultats_d'analyse?=", subject)).await;
        }
    }

    /// The same house's door in a process that began anew.
    pub(super) fn anew(&self) -> ImapDoor {
        ImapDoor::new(self.house.relay.clone(), Gate::new(Caps::default()))
    }

    /// Waits until what searches found out is in the store.
    pub(super) async fn gists_kept(&self) {
        self.door.shelf().keeper().rest().await;
    }

    /// Changes a table behind the house's back.
    pub(super) async fn alter(&self, sql: &'static str) {
        let unit = db::unit("alter", sql, |sql, tx| {
            Box::pin(async move { tx.execute(sql, db::args![]).await.map(drop) })
        });
        self.house.data.write(unit).await.unwrap();
    }

    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        self.house.data.read().await.unwrap().row(sql, db::args![]).await.unwrap().int(0).unwrap()
    }

    /// The acts told in the doctor's chain, oldest first, with their details.
    pub(super) async fn trail(&self) -> Vec<(audit::Act, String)> {
        let chain = audit::Chain::Account(self.house.account(DOCTOR).await);
        let mut tx = self.house.data.read().await.unwrap();
        let lines = audit::history(&mut tx, chain, None, 100).await.unwrap();
        lines.into_iter().rev().filter_map(|line| line.line.map(|line| (line.act, line.detail))).collect()
    }

    /// How often an act was told.
    pub(super) async fn told(&self, act: audit::Act) -> usize {
        self.trail().await.iter().filter(|(told, _)| *told == act).count()
    }
}
