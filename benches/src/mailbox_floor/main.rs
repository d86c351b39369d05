//! What a machine allows at the mailbox door: a server that knows all its answers beforehand.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml --bin mailbox-floor -- \
//!     127.0.0.1:4193 CHAIN.pem KEY.pem [LINES]
//! ```
//!
//! It speaks as much IMAP over TLS as a load generator needs that signs in, selects a folder of 10,000 letters (95 % of 2 kB,
//! 5 % of 50 kB) and fetches their bodies; all of it stands in memory, in the clear, for whoever comes. With LINES,
//! a file, one line of 4 KiB is on disk before a sign-in or a FETCH is answered, shared by all who wait, as the
//! trail asks of every server that keeps one. Measured in turn with a peer and with Pli it says which part of a ratio
//! belongs to the machine: no server is faster than it.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

const LETTERS: usize = 10_000;
/// What is written at once.
const PIECE: usize = 64 * 1024;
const LINE: usize = 4 * 1024;
/// The file of lines is written over in place from its beginning, as a log is.
const LINES: u64 = 4_096;
/// Octets of a command at most.
const COMMAND: u64 = 8 * 1024;

#[tokio::main]
async fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (listen, chain, key, lines) = match args.as_slice() {
        [listen, chain, key] => (listen, chain, key, None),
        [listen, chain, key, lines] => (listen, chain, key, Some(Lines::start(lines.as_ref())?)),
        _ => {
            eprintln!("usage: mailbox-floor ADDRESS:PORT CHAIN.pem KEY.pem [LINES]");
            std::process::exit(2);
        }
    };
    let acceptor = acceptor(chain, key).map_err(io::Error::other)?;
    let house = Arc::new(House { rows: (1..=LETTERS).map(row).collect(), lines });
    let listener = TcpListener::bind(listen).await?;
    println!("listens on {}", listener.local_addr()?);
    loop {
        let (connection, _) = listener.accept().await?;
        let (acceptor, house) = (acceptor.clone(), Arc::clone(&house));
        tokio::spawn(async move {
            if let Err(error) = house.serve(connection, acceptor).await {
                eprintln!("a session ended: {error}");
            }
        });
    }
}

fn acceptor(chain: &str, key: &str) -> Result<TlsAcceptor, Box<dyn std::error::Error + Send + Sync>> {
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<Vec<_>, _>>()?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The row of a letter, with its body.
fn row(number: usize) -> Vec<u8> {
    let size = if number.is_multiple_of(20) { 50_000 } else { 2_100 };
    let mut row = format!("* {number} FETCH (UID {number} FLAGS () BODY[] {{{size}}}\r\n").into_bytes();
    row.resize(row.len() + size, b'x');
    row.extend_from_slice(b")\r\n");
    row
}

struct House {
    rows: Vec<Vec<u8>>,
    lines: Option<Lines>,
}

impl House {
    async fn serve(&self, connection: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut peer = BufReader::new(acceptor.accept(connection).await?);
        peer.get_mut().write_all(b"* OK [CAPABILITY IMAP4rev1 LITERAL-] the floor\r\n").await?;
        let mut command = String::new();
        loop {
            command.clear();
            if (&mut peer).take(COMMAND).read_line(&mut command).await? == 0 {
                return Ok(());
            }
            let mut words = command.split_whitespace();
            let (tag, verb) = (words.next().unwrap_or("*"), words.next().unwrap_or_default());
            let mut out = Vec::with_capacity(PIECE + 64 * 1024);
            match verb {
                "LOGIN" => self.tell().await,
                "SELECT" => out.extend_from_slice(
                    format!("* {LETTERS} EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 1] it stays\r\n")
                        .as_bytes(),
                ),
                "STATUS" => {
                    out.extend_from_slice(format!("* STATUS INBOX (MESSAGES {LETTERS})\r\n").as_bytes());
                }
                "FETCH" => {
                    self.tell().await;
                    for row in words.next().and_then(|range| self.range(range)).unwrap_or_default() {
                        out.extend_from_slice(row);
                        if out.len() > PIECE {
                            peer.get_mut().write_all(&out).await?;
                            out.clear();
                        }
                    }
                }
                _ => {}
            }
            out.extend_from_slice(format!("{tag} OK\r\n").as_bytes());
            peer.get_mut().write_all(&out).await?;
            peer.get_mut().flush().await?;
            if verb == "LOGOUT" {
                return peer.get_mut().shutdown().await;
            }
        }
    }

    fn range(&self, range: &str) -> Option<&[Vec<u8>]> {
        let (first, last) = range.split_once(':')?;
        self.rows.get(first.parse::<usize>().ok()?.checked_sub(1)?..last.parse().ok()?)
    }

    async fn tell(&self) {
        if let Some(lines) = &self.lines {
            lines.tell().await;
        }
    }
}

/// A thread that writes lines, one sync for all who wait.
struct Lines(mpsc::UnboundedSender<oneshot::Sender<()>>);

impl Lines {
    fn start(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        file.write_all_at(&vec![0; LINE * LINES as usize], 0)?;
        file.sync_all()?;
        let (inbox, mut waiting) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
        std::thread::spawn(move || {
            for number in (0..LINES).cycle() {
                let Some(first) = waiting.blocking_recv() else { return };
                let mut group = vec![first];
                while let Ok(next) = waiting.try_recv() {
                    group.push(next);
                }
                file.write_all_at(&[7; LINE], number * LINE as u64).expect("the line is written");
                file.sync_data().expect("the line is on disk");
                for who in group {
                    // Whoever went away hears nothing.
                    let _ = who.send(());
                }
            }
        });
        Ok(Self(inbox))
    }

    async fn tell(&self) {
        let (told, heard) = oneshot::channel();
        self.0.send(told).expect("the writer runs");
        heard.await.expect("the writer answers");
    }
}
