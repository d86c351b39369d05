//! A mail server of the outside world: takes every notice over TLS, keeps it, sends it nowhere.

use crate::limits::{ANSWER, NOTICE};
use crate::until::{Limit, until};
use certs::Issued;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A mail that left the house.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// The mail as it came, dots removed.
    pub octets: Vec<u8>,
    /// Every command of its session up to it.
    pub session: Vec<String>,
}

impl Caught {
    /// The mail with its quoted-printable undone, good enough to find words and codes in.
    #[must_use]
    pub fn readable(&self) -> String {
        let text = String::from_utf8_lossy(&self.octets).replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
            match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'=') {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &after[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The six figures of a sign-in code, when it carries one.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let readable = self.readable();
        let (_, body) = readable.split_once("\r\n\r\n")?;
        let words = body.split(|c: char| !c.is_ascii_alphanumeric());
        let code = words.filter(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()));
        code.map(str::to_owned).next()
    }
}

/// The server. It runs as long as the test.
pub struct Sink {
    port: u16,
    caught: Arc<Mutex<Vec<Caught>>>,
}

impl Sink {
    /// Listens with this certificate.
    ///
    /// # Panics
    /// When the loopback cannot be listened on.
    #[must_use]
    pub fn open(identity: &Issued) -> Self {
        let tls = Arc::new(server_tls(identity, None));
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let caught = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&caught);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, kept) = (Arc::clone(&tls), Arc::clone(&kept));
                // A session that breaks is the client's affair: it will come back.
                std::thread::spawn(move || drop(converse(stream, tls, &kept)));
            }
        });
        Self { port, caught }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All that came.
    #[must_use]
    pub fn all(&self) -> Vec<Caught> {
        self.caught.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a mail of which `wanted` is true, among those behind the first `seen`.
    #[must_use]
    pub fn wait(&self, seen: usize, what: &'static str, wanted: impl Fn(&Caught) -> bool) -> Caught {
        until(Limit(NOTICE, what), || self.all().into_iter().skip(seen).find(|caught| wanted(caught)))
    }
}

/// TLS as a server of the outside world speaks it; with `clients`, nobody comes in without a certificate
/// of these roots.
pub(crate) fn server_tls(identity: &Issued, clients: Option<Arc<RootCertStore>>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients = match clients {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(roots) => WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .expect("there is a root"),
    };
    let (chain, key) = pair(identity);
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has both versions")
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .expect("the key is the certificate's")
}

/// A certificate as TLS takes it.
pub(crate) fn pair(identity: &Issued) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_slice_iter(identity.chain_pem.as_bytes()).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes());
    (chain.expect("the authority writes PEM"), key.expect("the authority writes PEM"))
}

fn converse(stream: TcpStream, tls: Arc<ServerConfig>, kept: &Mutex<Vec<Caught>>) -> io::Result<()> {
    stream.set_read_timeout(Some(ANSWER))?;
    let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut session = Vec::new();
    let mut envelope = (String::new(), Vec::new());
    say(&mut stream, "220 dehors.example ESMTP")?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        session.push(line.clone());
        match line.to_ascii_uppercase().split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => say(&mut stream, "250-dehors.example\r\n250-8BITMIME\r\n250 SIZE 1000000")?,
            "MAIL" => {
                envelope = (path(&line), Vec::new());
                say(&mut stream, "250 2.1.0 OK")?;
            }
            "RCPT" => {
                envelope.1.push(path(&line));
                say(&mut stream, "250 2.1.5 OK")?;
            }
            "DATA" => {
                say(&mut stream, "354 go ahead")?;
                let octets = letter(&mut stream)?;
                let (from, to) = std::mem::take(&mut envelope);
                let caught = Caught { from, to, octets, session: session.clone() };
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(caught);
                say(&mut stream, "250 2.0.0 kept")?;
            }
            "RSET" | "NOOP" => say(&mut stream, "250 2.0.0 OK")?,
            "QUIT" => return say(&mut stream, "221 2.0.0 bye"),
            _ => say(&mut stream, "502 5.5.1 no")?,
        }
    }
}

type Session = BufReader<StreamOwned<ServerConnection, TcpStream>>;

fn say(stream: &mut Session, line: &str) -> io::Result<()> {
    let stream = stream.get_mut();
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    stream.flush()
}

fn letter(stream: &mut Session) -> io::Result<Vec<u8>> {
    let mut letter = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(letter);
        }
        letter.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

/// What stands between the angle brackets of MAIL or RCPT.
pub(crate) fn path(line: &str) -> String {
    let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map(|(path, _)| path.to_owned()).unwrap_or_default()
}
