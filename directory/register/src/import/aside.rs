//! The thread of an import: all its work that is not the database's own is done there, so that it takes one processor
//! at most and gives way to letters.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use crate::import::Failed;
use crate::limits;

/// Whether nobody waits for the import any more.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// `Err` when it is to stop.
    pub(crate) fn asked(&self) -> Result<(), Failed> {
        if self.0.load(Ordering::Relaxed) { Err(Failed::Overtaken) } else { Ok(()) }
    }
}

/// Tells the thread when its caller goes away.
struct Waiting(Stop);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Does the work of an import on a thread of its own. When the caller goes away, the work is dropped where it next waits,
/// or asks [`Stop`].
pub(crate) async fn aside<T: Send + 'static, W: Future<Output = Result<T, Failed>> + Send>(
    work: impl FnOnce(Stop) -> W + Send + 'static,
) -> Result<T, Failed> {
    let stop = Stop::default();
    let waiting = Waiting(stop.clone());
    let (mut tell, told) = oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new().name("import".to_owned());
    let started = thread.spawn(move || {
        // On Linux this is of the thread. Refused, the import only gives way less.
        let _refused = rustix::process::setpriority_process(None, limits::IMPORT_NICENESS);
        runtime.block_on(async {
            let ended = tokio::select! {
                biased;
                () = tell.closed() => return,
                ended = work(stop) => ended,
            };
            // Nobody may wait any more.
            let _ = tell.send(ended);
        });
    });
    started.map_err(Failed::scratch)?;
    // A thread that panicked tells nothing.
    let ended = told.await.unwrap_or(Err(Failed::Overtaken));
    drop(waiting);
    ended
}

/// Slow work on the thread of an import; before it, whoever dropped the import is heard.
pub(crate) async fn slow<T>(work: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
    tokio::task::yield_now().await;
    work()
}
