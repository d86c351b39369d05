//! A TCP socket that reads ahead only while much comes in.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Under TLS, rustls asks for 4 KB at a time: 500 system calls for a letter of 2 MB. When a read
/// has filled what was asked for, more is surely there: the next one takes up to
/// [`AHEAD`](Socket::AHEAD) bytes at once. A short read ends that and frees the buffer, so that an
/// idle session owns none.
pub(crate) struct Socket {
    tcp: TcpStream,
    ahead: Vec<u8>,
    taken: usize,
    bulk: bool,
}

impl Socket {
    /// Read ahead at most, in bytes: two TLS records.
    const AHEAD: usize = 32 * 1024;

    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self { tcp, ahead: Vec::new(), taken: 0, bulk: false }
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
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
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
}
