//! A mail server of another operator that does what a script says: refuses, stalls, contradicts
//! itself, closes in the middle; and keeps what it caught. RELIABILITY, T-02.

mod talk;
#[cfg(test)]
mod tests;

use crate::limits::NOTICE;
use crate::loopback::at;
use crate::sink::Caught;
use crate::until::{Limit, until};
use certs::Issued;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use talk::Talk;

/// Where in a session something may happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Instead of the greeting.
    Greeting,
    /// EHLO in clear.
    Hello,
    /// STARTTLS.
    StartTls,
    /// After the 220 to STARTTLS, instead of the handshake.
    Handshake,
    /// EHLO under TLS.
    HelloUnderTls,
    /// MAIL.
    Mail,
    /// RCPT of an address that holds this text; of each when it is empty.
    Rcpt(&'static str),
    /// DATA.
    Data,
    /// So many octets of the letter have come.
    Content(usize),
    /// The letter is whole.
    Dot,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

/// What it does there instead of what an honest server would.
#[derive(Clone, Debug)]
pub enum Lie {
    /// Says this and goes on. `\r\n` parts lines: more replies than one if that is the lie.
    Say(String),
    /// Says this and closes.
    SayAndClose(String),
    /// Says this, so much time between two octets.
    Drip(String, Duration),
    /// Closes.
    Close,
    /// Breaks the connection with RST.
    Break,
    /// Says nothing until the client goes.
    Silence,
    /// For [`Occasion::Handshake`]: shows this certificate.
    Certificate(Arc<Issued>),
    /// For [`Occasion::Handshake`]: closes when the ClientHello is longer than one packet, as some
    /// boxes on the way do; else goes on.
    CloseOnLongHello,
}

/// What it offers, demands and lies about.
#[derive(Clone, Debug, Default)]
pub struct Script {
    offers: Vec<String>,
    client_roots: Option<String>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    at: Occasion,
    lie: Lie,
    /// How often still; for ever when none.
    left: Option<u32>,
}

/// A letter whose end has come.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its envelope (accepted recipients only), octets and session.
    pub caught: Caught,
    /// What its sender heard.
    pub fate: Fate,
}

/// What the sender of a letter heard after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// 2yz: it is this server's now.
    Kept,
    /// Another answer.
    Refused,
    /// Nothing: the sender cannot know, and may send it again.
    Unanswered,
}

/// One connection.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// All lines of the client, in order.
    pub lines: Vec<String>,
    /// The client's certificate, DER.
    pub certificate: Option<Vec<u8>>,
    /// Whether TLS was reached.
    pub secured: bool,
    /// Whether it is over.
    pub over: bool,
}

/// The server. It runs as long as the test.
pub struct Liar {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    identity: Issued,
    script: Mutex<Script>,
    heard: Mutex<Vec<Heard>>,
    sessions: Mutex<Vec<Session>>,
}

impl Script {
    /// Offers what a server of today does, demands no certificate, and does not lie.
    #[must_use]
    pub fn honest() -> Self {
        let offers = ["PIPELINING", "SIZE 25000000", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "DSN"];
        Self { offers: offers.map(str::to_owned).to_vec(), client_roots: None, rules: Vec::new() }
    }

    /// Offers these under TLS instead.
    #[must_use]
    pub fn offering(mut self, offers: &[&str]) -> Self {
        self.offers = offers.iter().map(|offer| (*offer).to_owned()).collect();
        self
    }

    /// Lets nobody in without a certificate of this root, PEM.
    #[must_use]
    pub fn demanding(mut self, root_pem: &str) -> Self {
        self.client_roots = Some(root_pem.to_owned());
        self
    }

    /// Lies whenever it comes to that. Of several rules for one occasion the first counts.
    #[must_use]
    pub fn always(self, at: Occasion, lie: Lie) -> Self {
        self.with(at, lie, None)
    }

    /// Lies the first `times` times.
    #[must_use]
    pub fn times(self, times: u32, at: Occasion, lie: Lie) -> Self {
        self.with(at, lie, Some(times))
    }

    /// Answers with this whenever it comes to that.
    #[must_use]
    pub fn saying(self, at: Occasion, words: &str) -> Self {
        self.always(at, Lie::Say(words.to_owned()))
    }

    fn with(mut self, at: Occasion, lie: Lie, left: Option<u32>) -> Self {
        self.rules.push(Rule { at, lie, left });
        self
    }

    fn lie(&mut self, suits: impl Fn(&Occasion) -> bool) -> Option<Lie> {
        let rule = self.rules.iter_mut().find(|rule| rule.left != Some(0) && suits(&rule.at))?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.lie.clone())
    }
}

impl Liar {
    /// Listens with this certificate.
    ///
    /// # Panics
    /// When the loopback cannot be listened on.
    #[must_use]
    pub fn open(identity: Issued, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared {
            identity,
            script: Mutex::new(script),
            heard: Mutex::default(),
            sessions: Mutex::default(),
        });
        let for_all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&for_all);
                let number = {
                    let mut sessions = lock(&shared.sessions);
                    sessions.push(Session::default());
                    sessions.len() - 1
                };
                std::thread::spawn(move || {
                    // A session that breaks is the client's affair: it will come back.
                    drop(Talk::begin(stream, number, &shared).and_then(Talk::converse));
                    lock(&shared.sessions)[number].over = true;
                });
            }
        });
        Self { port, shared }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        at(self.port)
    }

    /// Another script, from the next occasion on.
    pub fn now(&self, script: Script) {
        *lock(&self.shared.script) = script;
    }

    /// All letters whose end has come.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.shared.heard).clone()
    }

    /// The letters it has answered for.
    #[must_use]
    pub fn kept(&self) -> Vec<Caught> {
        self.heard().into_iter().filter(|heard| heard.fate == Fate::Kept).map(|heard| heard.caught).collect()
    }

    /// All connections, in the order they came.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        lock(&self.shared.sessions).clone()
    }

    /// Waits for a kept letter of which `wanted` is true, among those behind the first `seen`.
    #[must_use]
    pub fn wait(&self, seen: usize, what: &'static str, wanted: impl Fn(&Caught) -> bool) -> Caught {
        until(Limit(NOTICE, what), || self.kept().into_iter().skip(seen).find(|caught| wanted(caught)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
