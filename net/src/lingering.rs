//! An end that is heard: what a program still sends to a door of the web is read and forgotten for a while, because a
//! connection that is closed on unread octets is reset, and its caller loses the answer. Mail doors do the same in
//! their own pump.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How far the other side is heard out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HearOut {
    /// Octets read and thrown away at most ...
    pub octets: usize,
    /// ... and for how long.
    pub time: Duration,
}

/// A connection whose shutdown hears the other side out, within a bound of octets and of time (RFC 9112 §9.6).
pub struct Lingering<C> {
    connection: C,
    bound: HearOut,
    /// The other side was silent when it was last listened to: between two requests there is nothing to hear out, and
    /// a stop need not wait for browsers that have nothing to say.
    at_rest: bool,
    /// Since our side was closed: what is still heard, and until when.
    ending: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<C> Lingering<C> {
    /// Over this connection, within this bound.
    #[must_use]
    pub fn new(connection: C, bound: HearOut) -> Self {
        Self { connection, bound, at_rest: false, ending: None }
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Lingering<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.connection).poll_read(context, buffer);
        self.at_rest = read.is_pending();
        read
    }
}

impl<C: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ending.is_none() {
            ready!(Pin::new(&mut this.connection).poll_shutdown(context))?;
            if this.at_rest {
                return Poll::Ready(Ok(()));
            }
            this.ending = Some((0, Box::pin(sleep(this.bound.time))));
        }
        let Some((heard, until)) = &mut this.ending else { return Poll::Ready(Ok(())) };
        let mut octets = [0; 8 * 1024];
        while *heard < this.bound.octets && until.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut octets);
            match ready!(Pin::new(&mut this.connection).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *heard += buffer.filled().len(),
                // The other side has ended too, or is gone: there is nobody to hear.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    const BOUND: HearOut = HearOut { octets: 1024 * 1024, time: Duration::from_secs(2) };

    /// What somebody reads who first says so many octets to a server that answers after the first of them.
    async fn heard(octets: usize, lingers: bool) -> io::Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await?;
            connection.read_exact(&mut [0]).await?;
            if lingers {
                let mut connection = Lingering::new(connection, BOUND);
                connection.write_all(b"too long").await?;
                connection.shutdown().await
            } else {
                connection.write_all(b"too long").await?;
                connection.shutdown().await
            }
        });
        let mut client = TcpStream::connect(address).await?;
        let said = client.write_all(&vec![b'a'; octets]).await;
        // A program that cannot say all it has to say does not read.
        said?;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await?;
        drop(client);
        serving.await.expect("the server is well")?;
        Ok(answer)
    }

    #[tokio::test]
    async fn who_says_too_much_still_reads_the_answer() {
        for octets in [1, 20_000, BOUND.octets / 2] {
            assert_eq!(heard(octets, true).await.unwrap(), b"too long", "{octets} octets");
        }
    }

    #[tokio::test]
    async fn who_was_silent_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let forever = HearOut { octets: 1, time: Duration::from_secs(3_600) };
        let mut connection = Lingering::new(listener.accept().await.unwrap().0, forever);
        let listened = tokio::time::timeout(Duration::from_millis(1), connection.read(&mut [0])).await;
        assert!(listened.is_err(), "nothing was said");
        connection.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn who_does_not_linger_is_not_heard_by_everybody() {
        // Beyond what the buffers of both sides take; else this would say nothing of the test above.
        assert!(heard(64 << 20, false).await.is_err());
        assert!(heard(64 << 20, true).await.is_err(), "nor is anybody heard out for ever");
    }
}
