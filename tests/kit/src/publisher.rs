//! A web server that publishes one file, as authorities publish their lists.

use crate::limits::ANSWER;
use crate::sink::server_tls;
use certs::Issued;
use rustls::{ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// The server. It runs as long as the test.
pub struct Publisher {
    port: u16,
    file: Arc<Mutex<Vec<u8>>>,
}

impl Publisher {
    /// Publishes this.
    ///
    /// # Panics
    /// When the loopback cannot be listened on.
    #[must_use]
    pub fn open(file: Vec<u8>) -> Self {
        Self::start(file, |stream, file| answer(stream, file))
    }

    /// Publishes this over TLS, showing this certificate.
    pub(crate) fn secure(file: Vec<u8>, shown: &Issued) -> Self {
        let tls = Arc::new(server_tls(shown, None));
        Self::start(file, move |stream, file| {
            let connection = ServerConnection::new(Arc::clone(&tls)).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            answer(&mut stream, file)?;
            stream.conn.send_close_notify();
            stream.flush()
        })
    }

    fn start(
        file: Vec<u8>,
        mut converse: impl FnMut(TcpStream, &[u8]) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let file = Arc::new(Mutex::new(file));
        let published = Arc::clone(&file);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let octets = published.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // A client that breaks off asks again.
                let timed = stream.set_read_timeout(Some(ANSWER));
                drop(timed.and_then(|()| converse(stream, &octets)));
            }
        });
        Self { port, file }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/list.crl", self.port)
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Publishes this instead.
    pub fn publish(&self, file: Vec<u8>) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
    }
}

fn answer(mut stream: impl Read + Write, octets: &[u8]) -> io::Result<()> {
    let (mut asked, mut piece) = (Vec::new(), [0; 1024]);
    while memchr::memmem::find(&asked, b"\r\n\r\n").is_none() {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        asked.extend_from_slice(&piece[..count]);
    }
    let kind = if octets.starts_with(b"<?xml") { "text/xml" } else { "application/pkix-crl" };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\nContent-Length: ");
    stream.write_all(format!("{head}{}\r\n\r\n", octets.len()).as_bytes())?;
    stream.write_all(octets)
}
