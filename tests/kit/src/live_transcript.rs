//! The transcripts of `tests/transcripts`, played over TLS on a running server.
//!
//! The stage of the bare machine answers what a transcript scripts; a running server answers what it
//! is. So only conversations whose world is a house in good health are played here: [`playable`]
//! says which, and why not.

use crate::socket::Socket;
use std::io;
use wire::transcript::{Line, Transcript, reply_goes_on};

/// Whether a running server can play it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Playable {
    /// Yes.
    Yes,
    /// No: what stands in its way.
    No(String),
}

/// Judges a transcript. `setups` are the `Setup:` lines that the caller can see to.
#[must_use]
pub fn playable(transcript: &Transcript, setups: &[&str]) -> Playable {
    let strange = transcript.setup.iter().find(|setup| !setups.contains(&setup.as_str()));
    if let Some(setup) = strange {
        return Playable::No(format!("Setup: {setup}"));
    }
    let obstacle = transcript.lines.iter().find_map(|(_, line)| match line {
        Line::World(text) => Some(format!("the world is scripted: {text}")),
        Line::Silence | Line::After(_) => Some("time passes".to_owned()),
        Line::Stopping => Some("the server is told to stop".to_owned()),
        Line::Event => Some("the world tells what changed".to_owned()),
        Line::Client(_)
        | Line::Server(_)
        | Line::Reply(_)
        | Line::Question(_)
        | Line::Tls
        | Line::Closed
        | Line::Together
        | Line::Gone => None,
    });
    obstacle.map_or(Playable::Yes, Playable::No)
}

/// Plays it on a fresh connection. `translate` puts what the machine's stage would have said in the
/// place of what the running server says (queue ids are not known before). The error names the line.
pub fn play_live(
    transcript: &Transcript,
    mut socket: Socket,
    mut translate: impl FnMut(&[u8]) -> Vec<u8>,
) -> Result<(), String> {
    let mut unsent = Vec::new();
    for (number, line) in &transcript.lines {
        let at = |why: String| format!("line {number}: {why}");
        if let Line::Client(bytes) = line {
            unsent.extend_from_slice(bytes);
            continue;
        }
        if !unsent.is_empty() {
            // A server that hangs up in the middle of what we say is judged by what it said.
            let _ = socket.send(&std::mem::take(&mut unsent));
        }
        match line {
            Line::Server(pattern) => {
                let got = socket.line().map_err(|error| at(format!("no line came: {error}")))?;
                let got = translate(&got);
                if !pattern.matches(&got) {
                    return Err(at(format!("got {:?}", String::from_utf8_lossy(&got))));
                }
            }
            Line::Reply(code) => loop {
                let got = socket.line().map_err(|error| at(format!("no line came: {error}")))?;
                match reply_goes_on(code, &got) {
                    Some(true) => {}
                    Some(false) => break,
                    None => return Err(at(format!("got {:?}", String::from_utf8_lossy(&got)))),
                }
            },
            Line::Tls => socket.start_tls().map_err(|error| at(format!("no handshake: {error}")))?,
            Line::Closed => socket.closed().map_err(|error| at(format!("not closed: {error}")))?,
            Line::Gone => {
                socket.drop_dead();
                return Ok(());
            }
            // The machine's questions cannot be seen from outside; what it answered can.
            Line::Question(_) | Line::Client(_) | Line::Together => {}
            Line::World(_) | Line::Silence | Line::After(_) | Line::Stopping | Line::Event => {
                return Err(at(io::ErrorKind::Unsupported.to_string()));
            }
        }
    }
    Ok(())
}
