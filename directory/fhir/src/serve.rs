//! HTTP over the house's accept layer: caps, TLS and graceful stop are `net`'s.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use net::{Accepted, Acceptor, Door, Lingering, Listener, StopSignal};

use crate::access::{Gatekeeper, Publisher};
use crate::door::Fhir;
use crate::limits::{HEAD_BYTES, HEAD_TIMEOUT, HEAR_OUT};

impl<H: Gatekeeper + Publisher> Fhir<H> {
    /// Answers programs at this listener until the stop, then lets answers under way finish within
    /// `door.drain`.
    pub async fn serve(self, listener: Listener, door: Door, stop: StopSignal) {
        let drain = door.drain;
        let mut acceptor = Acceptor::new(listener, door, stop);
        let graceful = GracefulShutdown::new();
        while let Some(accepted) = acceptor.accept().await {
            tokio::spawn(converse(self.clone(), accepted, graceful.watcher()));
        }
        drop(acceptor);
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("some programs did not finish in time");
        }
    }
}

async fn converse<H: Gatekeeper + Publisher>(fhir: Fhir<H>, accepted: Accepted, watcher: Watcher) {
    let info = accepted.info.clone();
    let peer = info.peer;
    let connection = match accepted.finish().await {
        Ok(connection) => connection,
        Err(error) => return error.log(&info),
    };
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let fhir = fhir.clone();
        async move { Ok::<_, Infallible>(fhir.answer(request.map(Body::new), peer.ip()).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEAD_TIMEOUT.unsigned_abs()))
        .max_buf_size(HEAD_BYTES);
    let serving =
        watcher.watch(http.serve_connection(TokioIo::new(Lingering::new(connection, HEAR_OUT)), service));
    if let Err(error) = serving.await {
        tracing::debug!(%peer, %error, "a program left");
    }
}
