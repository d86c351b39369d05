//! Truth that never slips (PEERS §2.11): several sessions do what they like, letters come in between, and every
//! answer is held against a small model of the folders and against what a strict client was told before.

mod book;
mod said;
mod session;
mod steps;

use std::panic::AssertUnwindSafe;

use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestError, TestRunner};

use self::book::{Book, Folder, Marks};
use self::session::{Kind, News, Session};
use self::steps::{Op, Step};
use super::*;

/// One session of each kind.
const KINDS: [Kind; 4] = [Kind::QResync, Kind::Plain, Kind::CondStore, Kind::Rev2];

/// Stories told on each engine, and the steps of each.
const STORIES: u32 = 100;
const STEPS: usize = 60;

/// A house, or two processes of one, and what its folders were in the stories before.
struct Ground {
    homes: Vec<Home>,
    news: News,
    inbox: (u32, u32),
    greatest_validity: u32,
    /// Letters of the stories before: the house takes the same letter sent again for one.
    letters: u32,
}

impl Ground {
    fn door(&self, at: usize) -> &ImapDoor {
        &self.homes[at % self.homes.len()].door
    }

    async fn client(&self, at: usize) -> Client {
        Client::signed_in(self.door(at), DOCTOR, DOCTORS_PASSWORD).await
    }

    /// Empty folders: INBOX with the UIDs it came to, and new ones.
    async fn clean(&mut self) -> Book {
        let mut janitor = self.client(0).await;
        for name in ["Alpha", "Beta", "Alpha-2", "Beta-2"] {
            janitor.say(&format!("DELETE {name}")).await;
        }
        for name in ["Alpha", "Beta"] {
            janitor.ok(&format!("CREATE {name}")).await;
        }
        let said = janitor.ok("SELECT INBOX").await;
        if !said.contains("* 0 EXISTS") {
            janitor.ok("STORE 1:* +FLAGS.SILENT (\\Deleted)").await;
            janitor.ok("EXPUNGE").await;
        }
        let said = janitor.ok("SELECT INBOX").await;
        let told = |name| said.lines().find_map(|line| said::code(line, name)).unwrap() as u32;
        let (validity, next) = (told("UIDVALIDITY"), told("UIDNEXT"));
        assert!(self.inbox.0 == validity || self.inbox.0 == 0, "the UIDVALIDITY of INBOX moved");
        assert!(next >= self.inbox.1, "the UIDs of INBOX went back");
        self.inbox = (validity, next);
        self.letters += 1_000;
        let mut book = Book { contents: self.letters, ..Book::default() };
        book.folders.push(Folder::new("INBOX", next, 0));
        book.folders[0].told_validity(validity);
        book.folders.extend(["Alpha", "Beta"].map(|name| Folder::new(name, 1, self.greatest_validity)));
        book
    }

    async fn deliver(&self, book: &mut Book, script: &mut String) {
        let content = book.letter();
        let letter = format!(
            "From: Paul Ferrand <paul.ferrand@hopital-saint-roch.mssante.example>\n\
             To: marie.lenoir@cabinet-lilas.mssante.example\nSubject: lettre-{content}\n\
             MIME-Version: 1.0\n\nTexte.\n"
        );
        script.push_str(&format!("   a letter comes: lettre-{content}\n"));
        self.homes[content as usize % self.homes.len()].deliver(&letter).await;
        book.put(0, content, Marks::new());
    }

    /// One story, from empty folders on.
    async fn tell(&mut self, steps: &[Step], script: &mut String) {
        let mut book = self.clean().await;
        let mut sessions = Vec::new();
        for (at, kind) in KINDS.into_iter().enumerate() {
            sessions.push(Session::begin(self.client(at).await, kind, self.news).await);
        }
        for (at, session) in sessions.iter_mut().enumerate() {
            session.say(&mut book, &[Op::Select(at as u8 / 2)], script).await;
        }
        for step in steps {
            match step {
                Step::Deliver => self.deliver(&mut book, script).await,
                Step::Say(who, ops) => {
                    let session = &mut sessions[usize::from(*who)];
                    match self.news {
                        News::AtOnce => session.say(&mut book, ops, script).await,
                        // A number is only meant once it is known.
                        News::InTime => {
                            for op in ops {
                                if !session.is_over() {
                                    session.say(&mut book, &[*op], script).await;
                                }
                            }
                        }
                    }
                }
                Step::DeliverIdle(who) => {
                    let session = &mut sessions[usize::from(*who)];
                    if !session.has_inbox() || self.news == News::InTime {
                        self.deliver(&mut book, script).await;
                        continue;
                    }
                    session.say(&mut book, &[Op::Noop], script).await;
                    assert_eq!(session.raw("i IDLE\r\n").await, "+ idling\r\n");
                    self.deliver(&mut book, script).await;
                    session.idles(&mut book, script).await;
                    assert_eq!(session.raw("DONE\r\n").await, "i OK IDLE done\r\n");
                }
                Step::ComeBack(who, at) => {
                    let place = usize::from(*who);
                    self.come_back(&mut sessions, place, &book).await;
                    sessions[place].say(&mut book, &[Op::Select(*at)], script).await;
                }
            }
            for at in 0..sessions.len() {
                if sessions[at].is_over() {
                    self.come_back(&mut sessions, at, &book).await;
                }
            }
        }
        // At rest every session, whatever it was told on the way, knows the folder as it is.
        for session in &mut sessions {
            if self.news == News::InTime {
                let own = session.open.as_ref().map(|open| open.folder);
                let there = book.there();
                let own = own.and_then(|own| there.iter().position(|folder| *folder == own));
                if let Some(own) = own {
                    session.say(&mut book, &[Op::Append(own as u8, 0, 1)], script).await;
                }
            }
            session.say(&mut book, &[Op::Noop], script).await;
            session.at_rest(&book);
        }
        for at in 0..sessions.len() {
            self.come_back(&mut sessions, at, &book).await;
            for folder in 0..3 {
                sessions[at].say(&mut book, &[Op::Examine(folder)], script).await;
                sessions[at].at_rest(&book);
            }
        }
        let validities = book.folders.iter().filter_map(|folder| folder.uid_validity);
        self.greatest_validity = validities.max().unwrap_or(0).max(self.greatest_validity);
    }

    async fn come_back(&self, sessions: &mut Vec<Session>, at: usize, book: &Book) {
        let session = sessions.remove(at);
        let session = session.back(self.client(at).await, book).await;
        sessions.insert(at, session);
    }
}

/// Tells stories until one goes wrong, and shows the shortest that does.
fn stories(homes: impl AsyncFnOnce() -> (Vec<Home>, News), stories: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (homes, news) = runtime.block_on(homes());
    let ground =
        std::cell::RefCell::new(Ground { homes, news, inbox: (0, 0), greatest_validity: 0, letters: 0 });
    let runs = Runs { cases: stories, failure_persistence: None, max_shrink_iters: 100, ..Runs::default() };
    let steps = prop::collection::vec(steps::step(), STEPS..=STEPS);
    let steps = prop_oneof![1 => prop::collection::vec(steps::step(), 1..STEPS), 3 => steps];
    let run = |steps: &[Step], script: &mut String| {
        let mut ground = ground.borrow_mut();
        runtime.block_on(ground.tell(steps, script));
    };
    let told = TestRunner::new(runs).run(&steps, |steps| {
        run(&steps, &mut String::new());
        Ok(())
    });
    let Err(error) = told else { return };
    let TestError::Fail(why, steps) = error else { panic!("{error:?}") };
    let mut script = String::new();
    let again = std::panic::catch_unwind(AssertUnwindSafe(|| run(&steps, &mut script)));
    let again = if again.is_err() { "again" } else { "and not again" };
    panic!("{why} ({again}), in the shortest story {steps:#?}:\n{script}");
}

async fn home(engine: usize) -> (Vec<Home>, News) {
    (vec![homes().await.remove(engine)], News::AtOnce)
}

#[test]
fn four_sessions_are_never_told_anything_but_the_truth_on_sqlite() {
    stories(async || home(0).await, STORIES);
}

#[test]
fn four_sessions_are_never_told_anything_but_the_truth_on_postgresql() {
    stories(async || home(1).await, STORIES);
}

#[test]
fn sessions_in_two_processes_see_one_order() {
    let homes = async || {
        let home = homes().await.remove(1);
        let house = home.house.beside().await;
        let door = ImapDoor::new(house.relay.clone(), Gate::new(Caps::default()));
        (vec![home, Home { house, door }], News::InTime)
    };
    stories(homes, STORIES / 4);
}
