//! One connection, byte by byte, with or without TLS.

use crate::limits::ANSWER;
use crate::loopback::{at, now};
use crate::sink::pair;

use certs::Issued;
use names::Clock;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

/// TLS as a client of the house speaks it: trusts this root and no other.
pub(crate) fn trusting(root_pem: &str) -> Arc<ClientConfig> {
    let roots = certs::roots_from_pem(root_pem).expect("the root was made by the kit");
    let config = certs::client_config(roots, None, Clock::new(now)).expect("no identity to refuse");
    Arc::new(config)
}

/// TLS as another operator's server speaks it: shows `identity`, whatever is wrong with it.
pub(crate) fn showing(roots_pem: &str, identity: Option<&Issued>) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = match roots_pem {
        "" => Arc::new(RootCertStore::empty()),
        pem => certs::roots_from_pem(pem).expect("the kit made the roots"),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has both versions")
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = pair(identity);
            builder.with_client_auth_cert(chain, key).expect("the key is the certificate's")
        }
    };
    Arc::new(config)
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// Between the two, while the handshake runs.
    Nothing,
}

/// One connection to the house.
pub struct Socket {
    stream: Stream,
    tls: Arc<ClientConfig>,
    unread: Vec<u8>,
}

impl Socket {
    /// Connects without TLS; `tls` is kept for [`Socket::start_tls`].
    pub(crate) fn clear(port: u16, tls: Arc<ClientConfig>) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&at(port), ANSWER)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: Stream::Clear(stream), tls, unread: Vec::new() })
    }

    /// Connects with TLS from the first byte.
    pub(crate) fn secure(port: u16, tls: Arc<ClientConfig>) -> io::Result<Self> {
        let mut socket = Self::clear(port, tls)?;
        socket.start_tls()?;
        Ok(socket)
    }

    /// Makes the handshake. Bytes already received in the clear stay where they are: a client that
    /// kept them would not see an injected answer.
    pub fn start_tls(&mut self) -> io::Result<()> {
        let Stream::Clear(mut stream) = std::mem::replace(&mut self.stream, Stream::Nothing) else {
            return Err(io::Error::other("TLS already runs"));
        };
        let name = ServerName::try_from("localhost").expect("localhost is a name");
        let mut connection = ClientConnection::new(Arc::clone(&self.tls), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        self.stream = Stream::Tls(Box::new(StreamOwned::new(connection, stream)));
        Ok(())
    }

    /// The certificate the server showed, DER.
    #[must_use]
    pub fn shown(&self) -> Option<Vec<u8>> {
        let Stream::Tls(stream) = &self.stream else { return None };
        stream.conn.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.to_vec())
    }

    /// Our end of the connection.
    pub fn local_port(&self) -> io::Result<u16> {
        Ok(self.tcp()?.local_addr()?.port())
    }

    /// Sends all of it, in one write.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Stream::Nothing => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The next line, without its CRLF. An end of stream in front of a line is `UnexpectedEof`.
    pub fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.unread, b"\r\n") {
                let mut line: Vec<u8> = self.unread.drain(..end + 2).collect();
                line.truncate(end);
                return Ok(line);
            }
            self.more()?;
        }
    }

    /// Exactly so many bytes.
    pub fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            self.more()?;
        }
        Ok(self.unread.drain(..count).collect())
    }

    /// Whether the server closes, and says nothing before.
    pub fn closed(&mut self) -> io::Result<()> {
        if !self.unread.is_empty() {
            return Err(io::Error::other(format!("still said {:?}", String::from_utf8_lossy(&self.unread))));
        }
        match self.more() {
            Err(error) if is_end(&error) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => Err(io::Error::other(format!("said {:?}", String::from_utf8_lossy(&self.unread)))),
        }
    }

    /// Everything until the server closes.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.more() {
                Ok(()) => {}
                Err(error) if is_end(&error) => return Ok(std::mem::take(&mut self.unread)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Goes away without a word.
    pub fn drop_dead(self) {
        if let Ok(stream) = self.tcp() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn tcp(&self) -> io::Result<&TcpStream> {
        match &self.stream {
            Stream::Clear(stream) => Ok(stream),
            Stream::Tls(stream) => Ok(&stream.sock),
            Stream::Nothing => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn more(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        let count = match &mut self.stream {
            Stream::Clear(stream) => stream.read(&mut piece)?,
            Stream::Tls(stream) => stream.read(&mut piece)?,
            Stream::Nothing => return Err(io::ErrorKind::NotConnected.into()),
        };
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.unread.extend_from_slice(&piece[..count]);
        Ok(())
    }
}

/// Whether this is how a connection ends when the other side closes or dies.
pub(crate) fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}
