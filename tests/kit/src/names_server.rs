//! A server of DNS that knows one mail host, and has bad days.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

/// What it does with questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Answers.
    Fair,
    /// Says that it failed (SERVFAIL).
    ServFail,
    /// Says that there is no such name (NXDOMAIN).
    NxDomain,
    /// Says nothing.
    Silent,
}

/// The server. It runs as long as the test.
pub struct NamesServer {
    address: SocketAddr,
    weather: Arc<Mutex<Weather>>,
    asked: Arc<Mutex<Vec<String>>>,
}

const A: u16 = 1;
const MX: u16 = 15;

impl NamesServer {
    /// Listens: mail of `domain` goes to `host`, which is this machine. Other names do not exist.
    ///
    /// # Panics
    /// When the loopback cannot be listened on.
    #[must_use]
    pub fn open(domain: &str, host: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback can be listened on");
        let address = socket.local_addr().expect("a socket has an address");
        let weather = Arc::new(Mutex::new(Weather::Fair));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (sky, heard) = (Arc::clone(&weather), Arc::clone(&asked));
        let (domain, host) = (domain.to_owned(), host.to_owned());
        std::thread::spawn(move || {
            let mut query = [0; 1_500];
            while let Ok((count, from)) = socket.recv_from(&mut query) {
                let Some(question) = Question::read(&query[..count]) else { continue };
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(question.name.clone());
                let weather = *sky.lock().unwrap_or_else(PoisonError::into_inner);
                let reply = match weather {
                    Weather::Silent => continue,
                    Weather::ServFail => question.reply(2, None),
                    Weather::NxDomain => question.reply(3, None),
                    Weather::Fair if question.name == domain => {
                        let record = [&10_u16.to_be_bytes()[..], &labels(&host)].concat();
                        question.reply(0, (question.kind == MX).then_some(record))
                    }
                    Weather::Fair if question.name == host => {
                        question.reply(0, (question.kind == A).then_some(vec![127, 0, 0, 1]))
                    }
                    Weather::Fair => question.reply(3, None),
                };
                // Whoever hears nothing asks again.
                let _ = socket.send_to(&reply, from);
            }
        });
        Self { address, weather, asked }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it does from now on.
    pub fn now(&self, weather: Weather) {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// How many questions came.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// One question.
struct Question<'a> {
    id: [u8; 2],
    name: String,
    kind: u16,
    octets: &'a [u8],
}

impl<'a> Question<'a> {
    fn read(query: &'a [u8]) -> Option<Self> {
        let (mut at, mut name) = (12, String::new());
        loop {
            let length = usize::from(*query.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&String::from_utf8_lossy(query.get(at..at + length)?).to_lowercase());
            at += length;
        }
        let kind = u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]);
        Some(Self { id: [query[0], query[1]], name, kind, octets: query.get(12..at + 4)? })
    }

    fn reply(&self, code: u8, record: Option<Vec<u8>>) -> Vec<u8> {
        let answers = u8::from(record.is_some());
        let mut out = vec![self.id[0], self.id[1], 0x85, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0];
        out.extend_from_slice(self.octets);
        if let Some(record) = record {
            // The name of the question, its type, class IN, no time to live.
            out.extend_from_slice(&[0xc0, 12]);
            out.extend_from_slice(&self.kind.to_be_bytes());
            out.extend_from_slice(&[0, 1, 0, 0, 0, 0]);
            out.extend_from_slice(&u16::try_from(record.len()).expect("a short record").to_be_bytes());
            out.extend_from_slice(&record);
        }
        out
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(u8::try_from(label.len()).expect("a short label"));
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}
