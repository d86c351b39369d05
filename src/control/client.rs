//! The command line's end.

use super::{Question, Told, VERSION, frames, socket};
use anyhow::Context as _;
use std::io::ErrorKind;
use std::path::Path;
use tokio::net::UnixStream;

/// Whether a server was there.
#[derive(Debug, PartialEq, Eq)]
pub enum Reached {
    /// It answered; its last word.
    Server {
        /// For the terminal.
        text: String,
        /// Whether it was done.
        done: bool,
    },
    /// No server listens: the command may open the store itself.
    Nobody,
}

/// Asks the server of this data folder, if one runs. `progress` hears of what happens on the way.
pub async fn ask(
    data: &Path,
    question: &Question,
    mut progress: impl FnMut(Told),
) -> anyhow::Result<Reached> {
    let path = socket::path(data);
    let mut stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        Err(cause) if matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(Reached::Nobody);
        }
        Err(cause) => {
            return Err(cause).with_context(|| {
                format!("cannot talk to the server at {}; be the user it runs as, or root", path.display())
            });
        }
    };
    let talk = async {
        frames::write(&mut stream, &VERSION).await?;
        frames::write(&mut stream, question).await?;
        loop {
            match frames::read(&mut stream).await? {
                Some(told @ (Told::Progress(_) | Told::Step { .. })) => progress(told),
                Some(Told::End { text, done }) => return Ok(Reached::Server { text, done }),
                None => return Err(std::io::Error::other("it closed before it answered")),
            }
        }
    };
    talk.await.context("the server did not answer to its end")
}
