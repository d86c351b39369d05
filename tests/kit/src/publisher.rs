//! A web server that publishes one file, as authorities publish their lists.

use crate::limits::ANSWER;
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
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let file = Arc::new(Mutex::new(file));
        let published = Arc::clone(&file);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let octets = published.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // A client that breaks off asks again.
                drop(answer(stream, &octets));
            }
        });
        Self { port, file }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/list.crl", self.port)
    }

    /// Publishes this instead.
    pub fn publish(&self, file: Vec<u8>) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
    }
}

fn answer(mut stream: TcpStream, octets: &[u8]) -> io::Result<()> {
    stream.set_read_timeout(Some(ANSWER))?;
    let (mut asked, mut piece) = (Vec::new(), [0; 1024]);
    while memchr::memmem::find(&asked, b"\r\n\r\n").is_none() {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        asked.extend_from_slice(&piece[..count]);
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\nConnection: close\r\n";
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n", octets.len()).as_bytes())?;
    stream.write_all(octets)
}
