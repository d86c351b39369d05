//! The web as a mail program of the stories finds it: a proxy that leads the names it knows to ports of
//! this machine, and every other name nowhere.

use crate::limits::ANSWER;
use crate::loopback::at;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// The proxy. It runs as long as the test.
pub struct Guide {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Guide {
    /// Leads each of these hosts, for HTTPS, to a port of this machine.
    ///
    /// # Panics
    /// When the loopback cannot be listened on.
    #[must_use]
    pub fn open(hosts: &[(&str, u16)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let hosts: Vec<(String, u16)> =
            hosts.iter().map(|(host, port)| (format!("{host}:443"), *port)).collect();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (hosts, notes) = (Arc::new(hosts), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (hosts, notes) = (Arc::clone(&hosts), Arc::clone(&notes));
                // Whoever leaves in the middle has left.
                std::thread::spawn(move || drop(lead(&stream, &hosts, &notes)));
            }
        });
        Self { port, asked }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The first lines of all it was asked.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn lead(stream: &TcpStream, hosts: &[(String, u16)], asked: &Mutex<Vec<String>>) -> io::Result<()> {
    stream.set_read_timeout(Some(ANSWER))?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(first.trim().to_owned());
    let mut field = String::new();
    while reader.read_line(&mut field)? > 2 {
        field.clear();
    }
    let host = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let known = hosts.iter().find(|(name, _)| Some(name.as_str()) == host);
    let mut answer = stream;
    let Some((_, port)) = known else {
        return answer
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let server = TcpStream::connect_timeout(&at(*port), ANSWER)?;
    answer.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut up, mut from) = (server.try_clone()?, stream.try_clone()?);
    std::thread::spawn(move || {
        // However it ends, it ends for both.
        let _ = io::copy(&mut from, &mut up);
        let _ = up.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut &server, &mut answer);
    stream.shutdown(Shutdown::Both)
}
