//! HTTP over the house's accept layer: caps, TLS and graceful stop are `net`'s.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use certs::PeerInfo;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use net::{Accepted, Acceptor, Door, Lingering, Listener, StopSignal};

use crate::limits::{HEAD_BYTES, HEAD_TIMEOUT, HEAR_OUT};

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Where from.
    pub address: IpAddr,
    /// The certificate that the browser showed and the handshake verified, where the door asks for one.
    pub certificate: Option<PeerInfo>,
}

/// Pages that answer requests.
pub trait Pages: Clone + Send + Sync + 'static {
    /// Answers one request of one visitor.
    fn answer_to(
        &self,
        request: Request<Body>,
        visitor: Visitor,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Answers browsers at this listener until the stop, then lets answers under way finish within
/// `door.drain`.
pub async fn serve(pages: impl Pages, listener: Listener, door: Door, stop: StopSignal) {
    let drain = door.drain;
    let mut acceptor = Acceptor::new(listener, door, stop);
    let graceful = GracefulShutdown::new();
    while let Some(accepted) = acceptor.accept().await {
        tokio::spawn(converse(pages.clone(), accepted, graceful.watcher()));
    }
    drop(acceptor);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some browsers did not finish in time");
    }
}

async fn converse(pages: impl Pages, accepted: Accepted, watcher: Watcher) {
    let info = accepted.info.clone();
    let peer = info.peer;
    let connection = match accepted.finish().await {
        Ok(connection) => connection,
        Err(error) => return error.log(&info),
    };
    let certificate = match connection.peer() {
        Ok(certificate) => certificate,
        Err(error) => {
            tracing::warn!(%peer, error = &error as &dyn std::error::Error, "a certificate is not readable");
            None
        }
    };
    let visitor = Visitor { address: peer.ip(), certificate };
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (pages, visitor) = (pages.clone(), visitor.clone());
        async move { Ok::<_, Infallible>(pages.answer_to(request.map(Body::new), visitor).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEAD_TIMEOUT.unsigned_abs()))
        .max_buf_size(HEAD_BYTES);
    let connection = TokioIo::new(Lingering::new(connection, HEAR_OUT));
    let serving = watcher.watch(http.serve_connection(connection, service));
    if let Err(error) = serving.await {
        tracing::debug!(%peer, %error, "a browser left");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{Clock, Timestamp};
    use net::{Caps, Gate, Stop, Tls};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    #[derive(Clone)]
    struct Empty;

    impl Pages for Empty {
        async fn answer_to(&self, _request: Request<Body>, _visitor: Visitor) -> Response<Body> {
            Response::new(Body::empty())
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_sends_too_long_a_head_reads_why_it_is_refused() {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.address();
        let (stop, signal) = Stop::new();
        let door = Door {
            name: "pages",
            tls: Tls::Off,
            gate: Gate::new(Caps::default()),
            clock: Clock::new(|| Timestamp(1_795_348_800_000)),
            busy: b"",
            drain: Duration::from_secs(5),
        };
        let serving = tokio::spawn(serve(Empty, listener, door, signal));
        for octets in [10, 3 * HEAD_BYTES, 20_000_000] {
            for _ in 0..5 {
                let mut browser = TcpStream::connect(address).await.unwrap();
                let cookie = "a".repeat(octets);
                let head =
                    format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n");
                browser.write_all(head.as_bytes()).await.unwrap();
                let mut answer = String::new();
                browser.read_to_string(&mut answer).await.unwrap();
                let want = if octets > HEAD_BYTES { "HTTP/1.1 431" } else { "HTTP/1.1 200" };
                assert!(answer.starts_with(want), "{octets} octets: {answer}");
            }
        }
        stop.stop();
        serving.await.unwrap();
    }
}
