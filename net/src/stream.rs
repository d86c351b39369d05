//! A peer's bytes, in the clear or under TLS, without a buffer while nothing happens.

use crate::limits;
use crate::socket::Socket;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion, ServerConfig};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use wire::TlsFacts;

/// One connection's bytes.
pub struct Stream(Layer);

enum Layer {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
    /// A handshake failed or was cut short; nothing more can be read or written.
    Broken,
}

impl Stream {
    /// A connection in the clear.
    #[must_use]
    pub fn plain(tcp: TcpStream) -> Self {
        Self(Layer::Plain(Socket::new(tcp)))
    }

    /// No connection at all.
    pub(crate) fn none() -> Self {
        Self(Layer::Broken)
    }

    /// Whether TLS is on.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        matches!(self.0, Layer::Tls(_))
    }

    /// Does the server's side of a TLS handshake. On an error the stream is of no further use.
    ///
    /// Nothing that was read in the clear can slip under the TLS: this type keeps no bytes back,
    /// and what the machine had been given before it asked for TLS is the machine's to reject
    /// (RELIABILITY T-01).
    pub async fn secure(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut socket = self.take_plain()?;
        // The ticket that ends the handshake leaves with the first words of the protocol.
        socket.hold();
        // Boxed: the handshake's state is large and must not stay part of a session's task.
        let accepting = Box::pin(TlsAcceptor::from(config).accept(socket).into_fallible());
        let mut stream = accepting.await.map_err(|(error, socket)| {
            socket.send_held_now();
            error
        })?;
        stream.get_mut().0.let_go();
        self.0 = Layer::Tls(Box::new(TlsStream::Server(stream)));
        Ok(())
    }

    /// Does the client's side of a TLS handshake. On an error the stream is of no further use.
    pub(crate) async fn secure_as_client(
        &mut self,
        name: ServerName<'static>,
        config: Arc<ClientConfig>,
    ) -> io::Result<()> {
        let socket = self.take_plain()?;
        let stream = Box::pin(TlsConnector::from(config).connect(name, socket)).await?;
        self.0 = Layer::Tls(Box::new(TlsStream::Client(stream)));
        Ok(())
    }

    fn take_plain(&mut self) -> io::Result<Socket> {
        match std::mem::replace(&mut self.0, Layer::Broken) {
            Layer::Plain(socket) => Ok(socket),
            Layer::Tls(_) | Layer::Broken => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "TLS was asked for twice"))
            }
        }
    }

    /// What a machine may know of the TLS, if it is on.
    #[must_use]
    pub fn facts(&self) -> Option<TlsFacts> {
        match &self.0 {
            Layer::Tls(stream) => Some(facts(stream)),
            Layer::Plain(_) | Layer::Broken => None,
        }
    }

    /// Version and key exchange of the TLS, in stable words for metrics.
    pub(crate) fn agreed(&self) -> (&'static str, &'static str) {
        let session = match &self.0 {
            Layer::Tls(stream) => stream.get_ref().1,
            Layer::Plain(_) | Layer::Broken => return ("none", "none"),
        };
        let group = session.negotiated_key_exchange_group().and_then(|group| group.name().as_str());
        (version(session.protocol_version()), group.unwrap_or("unknown"))
    }

    /// The peer's certificate as the verifier accepted it, if one was shown.
    pub fn peer(&self) -> Result<Option<certs::PeerInfo>, certs::PeerError> {
        let session = match &self.0 {
            Layer::Tls(stream) => Some(stream.get_ref().1),
            Layer::Plain(_) | Layer::Broken => None,
        };
        match session.and_then(|session| session.peer_certificates()) {
            None | Some([]) => Ok(None),
            Some(chain) => certs::PeerInfo::from_chain(chain).map(Some),
        }
    }

    /// Waits for bytes and shows them to `feed` once; `None` when the peer has ended its side.
    ///
    /// Holds no buffer of its own while waiting: in the clear one is made when the socket has
    /// something, under TLS the slice is the decrypted record itself. Cancel-safe: bytes are taken
    /// only together with the call of `feed`.
    pub(crate) async fn read<R>(&mut self, feed: impl FnOnce(&[u8]) -> R) -> io::Result<Option<R>> {
        match &mut self.0 {
            Layer::Plain(socket) => {
                let bytes = socket.receive(limits::READ).await?;
                Ok(if bytes.is_empty() { None } else { Some(feed(&bytes)) })
            }
            Layer::Tls(stream) => {
                let bytes = stream.fill_buf().await?;
                if bytes.is_empty() {
                    return Ok(None);
                }
                let length = bytes.len();
                let fed = feed(bytes);
                AsyncBufReadExt::consume(stream, length);
                Ok(Some(fed))
            }
            Layer::Broken => Err(broken()),
        }
    }

    /// What is written from now on are the last words: they leave with the end of our side.
    pub(crate) fn hold_last_words(&mut self) {
        if let Some(socket) = self.socket() {
            socket.hold();
        }
    }

    fn socket(&mut self) -> Option<&mut Socket> {
        match &mut self.0 {
            Layer::Plain(socket) => Some(socket),
            Layer::Tls(stream) => Some(stream.get_mut().0),
            Layer::Broken => None,
        }
    }

    /// Ends our side (`close_notify` under TLS, then FIN) and, for at most `linger`, reads away
    /// what the peer still says so that it can read our last words.
    pub(crate) async fn close(&mut self, linger: std::time::Duration) {
        let has_words = self.socket().is_some_and(|socket| socket.has_held());
        let patience = if has_words { limits::WRITE_PATIENCE } else { limits::LINGER };
        // The peer may be gone already: there is nobody left to tell.
        let _ = tokio::time::timeout(patience, self.shutdown()).await;
        let mut socket = match std::mem::replace(&mut self.0, Layer::Broken) {
            Layer::Plain(socket) => socket,
            Layer::Tls(stream) => match *stream {
                TlsStream::Client(stream) => stream.into_inner().0,
                TlsStream::Server(stream) => stream.into_inner().0,
            },
            Layer::Broken => return,
        };
        let _ = tokio::time::timeout(linger, async {
            let mut left = limits::LINGER_BYTES;
            let mut scratch = [0; 512];
            while let Ok(length @ 1..) = socket.read(&mut scratch).await {
                left = left.saturating_sub(length);
                if left == 0 {
                    break;
                }
            }
        })
        .await;
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self.0 {
            Layer::Plain(_) => "Stream::Plain",
            Layer::Tls(_) => "Stream::Tls",
            Layer::Broken => "Stream::Broken",
        })
    }
}

fn facts(stream: &TlsStream<Socket>) -> TlsFacts {
    let session = stream.get_ref().1;
    let version = version(session.protocol_version());
    let suite = session.negotiated_cipher_suite().map(|suite| suite.suite());
    let cipher = suite.and_then(|suite| suite.as_str()).unwrap_or_default().replace("TLS13_", "TLS_");
    // RFC 9266 §4.2: before 1.3 the exporter binds only with the extended master secret, so there
    // we offer none.
    let exporter = (version == "TLS1.3").then(|| export(stream)).and_then(Result::ok).map(Vec::from);
    let client_certificate = session.peer_certificates().is_some_and(|chain| !chain.is_empty());
    TlsFacts { version: version.to_owned(), cipher, client_certificate, exporter }
}

fn version(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_3) => "TLS1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS1.2",
        Some(_) | None => "TLS",
    }
}

fn export(stream: &TlsStream<Socket>) -> Result<[u8; 32], rustls::Error> {
    let (label, context) = (b"EXPORTER-Channel-Binding", Some(b"".as_slice()));
    match stream {
        TlsStream::Client(stream) => stream.get_ref().1.export_keying_material([0; 32], label, context),
        TlsStream::Server(stream) => stream.get_ref().1.export_keying_material([0; 32], label, context),
    }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection was given up")
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Layer::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Layer::Broken => Poll::Ready(Err(broken())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Layer::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Layer::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            Layer::Broken => Poll::Ready(Err(broken())),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Layer::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Layer::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Layer::Broken => Poll::Ready(Err(broken())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Layer::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Layer::Broken => Poll::Ready(Err(broken())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Layer::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Layer::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Layer::Broken => Poll::Ready(Ok(())),
        }
    }
}
