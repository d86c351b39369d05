//! An ear between a mail program and the house: it shows a certificate of the kit's authority, opens TLS
//! to the house, and notes what each side says, in the clear and in order.

use crate::dialogue::{Dialogue, Event, Speaker};
use crate::limits::{ANSWER, PROGRAM};
use crate::loopback::at;
use crate::sink::server_tls;
use crate::until::{Limit, until};
use certs::Issued;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// The ear. It listens as long as the test runs.
pub struct Recorder {
    port: u16,
    heard: Arc<Mutex<Vec<Event>>>,
}

impl Recorder {
    /// Listens for TLS from the first byte, and leads to `server` of this machine. A house opens it.
    pub(crate) fn open(server: u16, shown: &Issued, trusted: Arc<ClientConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
        let (notes, shown) = (Arc::clone(&heard), Arc::new(server_tls(shown, None)));
        std::thread::spawn(move || {
            for (connection, client) in (1..).zip(listener.incoming().flatten()) {
                // No server: the program sees its connection closed, as through any proxy.
                if let Ok(server) = TcpStream::connect_timeout(&at(server), ANSWER) {
                    let tls = (Arc::clone(&shown), Arc::clone(&trusted));
                    drop(join(client, server, tls, &Ear { connection, notes: Arc::clone(&notes) }));
                }
            }
        });
        Self { port, heard }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Notes something that happens elsewhere while the program speaks.
    pub fn note(&self, world: &str) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(Event::World(world.to_owned()));
    }

    /// What was said until now.
    #[must_use]
    pub fn dialogue(&self) -> Dialogue {
        Dialogue::of(&self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the dialogue is so, as a transcript shows it.
    ///
    /// # Panics
    /// When it does not come to that in time.
    pub fn wait(&self, what: &'static str, so: impl Fn(&str) -> bool) {
        until(Limit(PROGRAM, what), || so(&self.dialogue().text()).then_some(()));
    }
}

#[derive(Clone)]
struct Ear {
    connection: usize,
    notes: Arc<Mutex<Vec<Event>>>,
}

impl Ear {
    fn note(&self, speaker: Speaker, bytes: Option<Vec<u8>>) {
        let event = Event::Said { connection: self.connection, speaker, bytes };
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

/// One end of the two, shared by the threads of both directions.
struct End {
    stream: TcpStream,
    tls: Mutex<Connection>,
}

impl End {
    fn new(stream: TcpStream, mut tls: Connection) -> Self {
        // A dialogue is short: whatever one side says before the other's handshake ends is held.
        tls.set_buffer_limit(None);
        Self { stream, tls: Mutex::new(tls) }
    }

    fn say(&self, plain: &[u8]) -> io::Result<()> {
        let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        tls.writer().write_all(plain)?;
        self.flush(&mut tls)
    }

    fn flush(&self, tls: &mut Connection) -> io::Result<()> {
        while tls.wants_write() {
            tls.write_tls(&mut &self.stream)?;
        }
        Ok(())
    }

    /// What these octets of TLS say in the clear.
    fn hear(&self, mut octets: &[u8]) -> io::Result<Vec<u8>> {
        let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut plain = Vec::new();
        while !octets.is_empty() {
            tls.read_tls(&mut octets)?;
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            let mut piece = vec![0; state.plaintext_bytes_to_read()];
            tls.reader().read_exact(&mut piece)?;
            plain.append(&mut piece);
        }
        self.flush(&mut tls)?;
        Ok(plain)
    }

    fn leave(&self) {
        let mut tls = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        tls.send_close_notify();
        // Whether the other side still listens does not matter.
        let _ = self.flush(&mut tls);
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn join(
    client: TcpStream,
    server: TcpStream,
    (shown, trusted): (Arc<ServerConfig>, Arc<ClientConfig>),
    ear: &Ear,
) -> io::Result<()> {
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let name = ServerName::try_from("localhost").expect("localhost is a name");
    let near = ServerConnection::new(shown).map_err(io::Error::other)?;
    let far = ClientConnection::new(trusted, name).map_err(io::Error::other)?;
    let client = Arc::new(End::new(client, near.into()));
    let server = Arc::new(End::new(server, far.into()));
    server.say(b"")?;
    for (from, to, speaker) in [(&client, &server, Speaker::Client), (&server, &client, Speaker::Server)] {
        let (from, to, ear) = (Arc::clone(from), Arc::clone(to), ear.clone());
        std::thread::spawn(move || {
            // However it ends, it ends for both.
            let _ = pass(&from, &to, speaker, &ear);
            ear.note(speaker, None);
            to.leave();
        });
    }
    Ok(())
}

fn pass(from: &End, to: &End, speaker: Speaker, ear: &Ear) -> io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let count = (&from.stream).read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        let plain = from.hear(&piece[..count])?;
        if !plain.is_empty() {
            ear.note(speaker, Some(plain.clone()));
            to.say(&plain)?;
        }
    }
}
