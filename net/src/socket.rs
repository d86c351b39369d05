//! A TCP socket that reads ahead only while much comes in, and can hold back what more will follow at once.

use crate::limits;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Under TLS, rustls asks for 4 KB at a time: 500 system calls for a letter of 2 MB. When a read
/// has filled what was asked for, more is surely there: the next one takes up to
/// [`AHEAD`](Socket::AHEAD) bytes at once. A short read ends that and frees the buffer, so that an
/// idle session owns none.
///
/// While it holds ([`Socket::hold`]), what is written and flushed waits here, to leave in one piece: a
/// ticket with the greeting, the last words with `close_notify`. It leaves before anything is read, so a
/// peer is never waited for that waits for us.
pub(crate) struct Socket {
    tcp: TcpStream,
    ahead: Vec<u8>,
    taken: usize,
    bulk: bool,
    holds: bool,
    held: Vec<u8>,
}

impl Socket {
    /// Read ahead at most, in bytes: two TLS records.
    const AHEAD: usize = 32 * 1024;

    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self { tcp, ahead: Vec::new(), taken: 0, bulk: false, holds: false, held: Vec::new() }
    }

    /// Holds what is written from now on.
    pub(crate) fn hold(&mut self) {
        self.holds = true;
    }

    /// What is held leaves with what is written, flushed or read next.
    pub(crate) fn let_go(&mut self) {
        self.holds = false;
    }

    /// Whether something waits to leave.
    pub(crate) fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Sends what is held as far as the system takes it at once: the alert of a handshake that failed.
    pub(crate) fn send_held_now(&self) {
        if self.has_held() {
            // One attempt: whoever does not take it is refused all the same.
            let _ = self.tcp.try_write(&self.held);
        }
    }

    fn poll_send_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sent = 0;
        let polled = loop {
            if sent == self.held.len() {
                break Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.tcp).poll_write(cx, &self.held[sent..]) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(length)) => sent += length,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        if sent == self.held.len() {
            self.held = Vec::new();
        } else {
            self.held.drain(..sent);
        }
        polled
    }

    /// Takes bytes in behind those that are held.
    fn poll_hold(&mut self, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.held.len() > limits::HELD {
            ready!(self.poll_send_held(cx))?;
        }
        let before = self.held.len();
        bufs.iter().for_each(|buf| self.held.extend_from_slice(buf));
        let taken = self.held.len() - before;
        if !self.holds
            && let Poll::Ready(Err(error)) = self.poll_send_held(cx)
        {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(taken))
    }

    /// Waits until there is something and takes at most `most` bytes; empty at the end. Cancel-safe.
    ///
    /// Only used before TLS, when nothing is ever read ahead.
    pub(crate) async fn receive(&mut self, most: usize) -> io::Result<Vec<u8>> {
        loop {
            self.tcp.readable().await?;
            let mut bytes = Vec::with_capacity(most);
            match self.tcp.try_read_buf(&mut bytes) {
                Ok(_) => return Ok(bytes),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Fills `ahead`, which is empty.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.tcp.poll_read_ready(cx) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => {
                    self.end_bulk();
                    return Poll::Pending;
                }
            }
            self.ahead.clear();
            self.ahead.reserve_exact(Self::AHEAD);
            match self.tcp.try_read_buf(&mut self.ahead) {
                Ok(_) => {
                    self.taken = 0;
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn end_bulk(&mut self) {
        self.ahead = Vec::new();
        self.taken = 0;
        self.bulk = false;
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        if socket.has_held()
            && let Poll::Ready(Err(error)) = socket.poll_send_held(cx)
        {
            return Poll::Ready(Err(error));
        }
        if socket.taken == socket.ahead.len() {
            if !socket.bulk {
                let room = buf.remaining();
                ready!(Pin::new(&mut socket.tcp).poll_read(cx, buf))?;
                socket.bulk = room > 0 && buf.remaining() == 0;
                return Poll::Ready(Ok(()));
            }
            ready!(socket.poll_ahead(cx))?;
        }
        let left = &socket.ahead[socket.taken..];
        let length = left.len().min(buf.remaining());
        buf.put_slice(&left[..length]);
        socket.taken += length;
        if socket.taken == socket.ahead.len() && socket.ahead.len() < Self::AHEAD {
            socket.end_bulk();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        if socket.holds || socket.has_held() {
            return socket.poll_hold(cx, &[io::IoSlice::new(buf)]);
        }
        Pin::new(&mut socket.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        if socket.holds || socket.has_held() {
            return socket.poll_hold(cx, bufs);
        }
        Pin::new(&mut socket.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        if socket.holds {
            return Poll::Ready(Ok(()));
        }
        ready!(socket.poll_send_held(cx))?;
        Pin::new(&mut socket.tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        ready!(socket.poll_send_held(cx))?;
        Pin::new(&mut socket.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair() -> (TcpStream, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (peer, Socket::new(listener.accept().await.unwrap().0))
    }

    #[tokio::test]
    async fn much_is_read_ahead_whole_and_in_order_and_nothing_is_kept_while_waiting() {
        let (mut peer, mut socket) = pair().await;
        let sent: Vec<u8> = (0..300_001u32).map(|n| (n % 251) as u8).collect();
        let copy = sent.clone();
        let writing = tokio::spawn(async move {
            peer.write_all(&copy).await.unwrap();
            peer
        });
        let (mut read, mut went_ahead) = (Vec::new(), false);
        let mut piece = [0; 4096];
        while read.len() < sent.len() {
            let length = socket.read(&mut piece).await.unwrap();
            read.extend_from_slice(&piece[..length]);
            went_ahead |= socket.ahead.capacity() > 0;
        }
        assert!(read == sent);
        assert!(went_ahead);

        let mut peer = writing.await.unwrap();
        tokio::select! {
            biased;
            read = socket.read(&mut piece) => panic!("{read:?} from nowhere"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(socket.ahead.capacity(), 0, "an idle session owns no buffer");
        peer.write_all(b"more").await.unwrap();
        assert_eq!(socket.read(&mut piece).await.unwrap(), 4);
        drop(peer);
        assert_eq!(socket.read(&mut piece).await.unwrap(), 0, "the end is seen");
    }

    #[tokio::test]
    async fn an_end_right_after_a_full_read_is_seen() {
        let (mut peer, mut socket) = pair().await;
        peer.write_all(&[7; 4096]).await.unwrap();
        drop(peer);
        let mut piece = [0; 4096];
        socket.read_exact(&mut piece).await.unwrap();
        assert_eq!(socket.read(&mut piece).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_is_held_leaves_with_what_follows_before_a_read_and_at_the_end() {
        let (mut peer, mut socket) = pair().await;
        let mut heard = [0; 64];
        socket.hold();
        socket.write_all(b"ticket ").await.unwrap();
        socket.flush().await.unwrap();
        assert_eq!(socket.held, b"ticket ");
        socket.let_go();
        socket.write_all(b"greeting").await.unwrap();
        assert!(!socket.has_held());
        peer.read_exact(&mut heard[..15]).await.unwrap();
        assert_eq!(&heard[..15], b"ticket greeting");

        socket.hold();
        socket.write_all(b"question").await.unwrap();
        peer.write_all(b"answer").await.unwrap();
        assert_eq!(socket.read(&mut heard).await.unwrap(), 6);
        peer.read_exact(&mut heard[..8]).await.unwrap();
        assert_eq!(&heard[..8], b"question");

        socket.write_all(b"last words").await.unwrap();
        socket.shutdown().await.unwrap();
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"last words");
    }

    #[tokio::test]
    async fn what_is_held_is_bounded_and_leaves_whole_and_in_order_however_slowly_the_peer_reads() {
        let (mut peer, mut socket) = pair().await;
        let sent: Vec<u8> = (0..4_000_003u32).map(|n| (n % 251) as u8).collect();
        let copy = sent.clone();
        let writing = tokio::spawn(async move {
            socket.hold();
            let mut most = 0;
            for piece in copy.chunks(1_000) {
                socket.write_all(piece).await.unwrap();
                most = most.max(socket.held.len());
            }
            socket.shutdown().await.unwrap();
            most
        });
        let mut read = Vec::new();
        peer.read_to_end(&mut read).await.unwrap();
        assert!(read == sent);
        let most = writing.await.unwrap();
        assert!((1..=limits::HELD + 1_000).contains(&most), "{most} octets were held");
    }
}
