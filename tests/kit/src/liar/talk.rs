//! One session of the liar, from its side.

use super::{Fate, Heard, Lie, Occasion, Shared, lock};
use crate::limits::ANSWER;
use crate::sink::{Caught, path, server_tls};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// A ClientHello longer than this does not fit into one packet.
const PACKET: usize = 1_200;

/// One session of the liar.
pub(super) struct Talk<'a> {
    stream: Stream,
    unread: Vec<u8>,
    number: usize,
    shared: &'a Shared,
    from: String,
    to: Vec<String>,
    lines: Vec<String>,
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
    Closed,
}

/// What a lie leaves to be done.
#[derive(PartialEq, Eq)]
enum Then {
    /// The words that were said, when they are a whole reply.
    Said(char),
    /// Nothing: the session is over.
    Over,
}

impl<'a> Talk<'a> {
    pub(super) fn begin(stream: TcpStream, number: usize, shared: &'a Shared) -> io::Result<Self> {
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        stream.set_nodelay(true)?;
        let (from, to, lines) = (String::new(), Vec::new(), Vec::new());
        Ok(Self { stream: Stream::Clear(stream), unread: Vec::new(), number, shared, from, to, lines })
    }

    pub(super) fn converse(mut self) -> io::Result<()> {
        if self.answer(Occasion::Greeting, "220 menteur.example ESMTP")? != Then::Said('2') {
            return Ok(());
        }
        loop {
            let line = String::from_utf8_lossy(&self.line()?).trim_end().to_owned();
            self.lines.push(line.clone());
            lock(&self.shared.sessions)[self.number].lines.push(line.clone());
            let verb = line.to_ascii_uppercase();
            let then = match verb.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => self.hello()?,
                "STARTTLS" => self.start_tls()?,
                "MAIL" => {
                    let then = self.answer(Occasion::Mail, "250 2.1.0 ok")?;
                    (self.from, self.to) = (path(&line), Vec::new());
                    then
                }
                "RCPT" => {
                    let address = path(&line);
                    let lie = self.lie(|at| matches!(at, Occasion::Rcpt(part) if address.contains(part)));
                    let then = self.tell(lie, "250 2.1.5 ok")?;
                    if then == Then::Said('2') {
                        self.to.push(address);
                    }
                    then
                }
                "DATA" => match self
                    .answer(Occasion::Data, if self.to.is_empty() { "554 5.5.1 nobody" } else { "354 go" })?
                {
                    Then::Said('3') => self.letter()?,
                    then => then,
                },
                "RSET" => self.answer(Occasion::Reset, "250 2.0.0 ok")?,
                "NOOP" => self.tell(None, "250 2.0.0 ok")?,
                "QUIT" => {
                    self.answer(Occasion::Quit, "221 2.0.0 bye")?;
                    Then::Over
                }
                _ => self.tell(None, "502 5.5.1 no")?,
            };
            if then == Then::Over {
                return Ok(());
            }
        }
    }

    fn hello(&mut self) -> io::Result<Then> {
        let secured = matches!(self.stream, Stream::Tls(_));
        let offers =
            if secured { lock(&self.shared.script).offers.clone() } else { vec!["STARTTLS".to_owned()] };
        let lines: Vec<&str> =
            ["menteur.example"].into_iter().chain(offers.iter().map(String::as_str)).collect();
        let last = lines.len() - 1;
        let separator = |index| if index == last { ' ' } else { '-' };
        let reply: Vec<String> =
            lines.iter().enumerate().map(|(index, line)| format!("250{}{line}", separator(index))).collect();
        let at = if secured { Occasion::HelloUnderTls } else { Occasion::Hello };
        self.answer(at, &reply.join("\r\n"))
    }

    fn start_tls(&mut self) -> io::Result<Then> {
        if self.answer(Occasion::StartTls, "220 2.0.0 go")? != Then::Said('2') {
            return Ok(Then::Over);
        }
        let roots = lock(&self.shared.script).client_roots.clone();
        let roots = roots.map(|pem| certs::roots_from_pem(&pem).expect("the root was made by the kit"));
        let config = match self.lie(|at| *at == Occasion::Handshake) {
            None => server_tls(&self.shared.identity, roots),
            Some(Lie::Certificate(issued)) => server_tls(&issued, roots),
            Some(Lie::CloseOnLongHello) => {
                if self.hello_length()? > PACKET {
                    return Ok(Then::Over);
                }
                server_tls(&self.shared.identity, roots)
            }
            other => return self.tell(other, ""),
        };
        self.secure(Arc::new(config))?;
        Ok(Then::Said('2'))
    }

    /// Looks at the header of the first record and leaves it where it is.
    fn hello_length(&self) -> io::Result<usize> {
        let Stream::Clear(stream) = &self.stream else { return Ok(0) };
        let mut header = [0; 5];
        while stream.peek(&mut header)? < header.len() {}
        Ok(usize::from(u16::from_be_bytes([header[3], header[4]])))
    }

    fn secure(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let Stream::Clear(mut stream) = std::mem::replace(&mut self.stream, Stream::Closed) else {
            return Err(io::Error::other("TLS already runs"));
        };
        self.unread.clear();
        let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        let certificate =
            connection.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.to_vec());
        {
            let session = &mut lock(&self.shared.sessions)[self.number];
            (session.secured, session.certificate) = (true, certificate);
        }
        self.stream = Stream::Tls(Box::new(StreamOwned::new(connection, stream)));
        Ok(())
    }

    /// Takes the letter and answers for it, or not.
    fn letter(&mut self) -> io::Result<Then> {
        let (mut octets, mut read) = (Vec::new(), 0);
        loop {
            let lie = self.lie(|at| matches!(at, Occasion::Content(from) if read >= *from));
            if lie.is_some() {
                let then = self.tell(lie, "")?;
                if then == Then::Over {
                    return Ok(then);
                }
            }
            let line = self.line()?;
            read += line.len();
            if line == b".\r\n" {
                break;
            }
            octets.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let caught = Caught {
            from: std::mem::take(&mut self.from),
            to: std::mem::take(&mut self.to),
            octets,
            session: self.lines.clone(),
        };
        let lie = self.lie(|at| *at == Occasion::Dot);
        // Noted before it is answered: who hears 250 may look here at once.
        let fate = match &lie {
            None => Fate::Kept,
            Some(Lie::Say(words) | Lie::SayAndClose(words) | Lie::Drip(words, _))
                if words.starts_with('2') =>
            {
                Fate::Kept
            }
            Some(Lie::Say(_) | Lie::SayAndClose(_) | Lie::Drip(..)) => Fate::Refused,
            Some(Lie::Close | Lie::Break | Lie::Silence | Lie::Certificate(_) | Lie::CloseOnLongHello) => {
                Fate::Unanswered
            }
        };
        lock(&self.shared.heard).push(Heard { caught, fate });
        self.tell(lie, "250 2.0.0 kept")
    }

    fn lie(&self, suits: impl Fn(&Occasion) -> bool) -> Option<Lie> {
        lock(&self.shared.script).lie(suits)
    }

    fn answer(&mut self, at: Occasion, truth: &str) -> io::Result<Then> {
        let lie = self.lie(|occasion| *occasion == at);
        self.tell(lie, truth)
    }

    fn tell(&mut self, lie: Option<Lie>, truth: &str) -> io::Result<Then> {
        let first = |words: &str| Then::Said(words.chars().next().unwrap_or(' '));
        match lie {
            None => {
                self.say(format!("{truth}\r\n").as_bytes())?;
                Ok(first(truth))
            }
            Some(Lie::Say(words)) => {
                self.say(format!("{words}\r\n").as_bytes())?;
                Ok(first(&words))
            }
            Some(Lie::SayAndClose(words)) => {
                self.say(format!("{words}\r\n").as_bytes())?;
                Ok(Then::Over)
            }
            Some(Lie::Drip(words, pause)) => {
                for byte in format!("{words}\r\n").bytes() {
                    self.say(&[byte])?;
                    std::thread::park_timeout(pause);
                }
                Ok(first(&words))
            }
            Some(Lie::Close | Lie::Certificate(_) | Lie::CloseOnLongHello) => Ok(Then::Over),
            Some(Lie::Break) => {
                let stream = match &self.stream {
                    Stream::Clear(stream) => stream,
                    Stream::Tls(stream) => &stream.sock,
                    Stream::Closed => return Ok(Then::Over),
                };
                // Closed with nothing to linger for, a connection is reset.
                SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                Ok(Then::Over)
            }
            Some(Lie::Silence) => {
                let mut piece = [0; 4096];
                while self.read(&mut piece)? > 0 {}
                Ok(Then::Over)
            }
        }
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Stream::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The next line with its end.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut looked = 0;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.unread[looked..]) {
                return Ok(self.unread.drain(..=looked + end).collect());
            }
            looked = self.unread.len();
            let mut piece = [0; 16 * 1024];
            let count = self.read(&mut piece)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&piece[..count]);
        }
    }

    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Clear(stream) => stream.read(piece),
            Stream::Tls(stream) => stream.read(piece),
            Stream::Closed => Ok(0),
        }
    }
}
