//! Plays what a mail program once said, and judges that the house still answers as it did.

use crate::socket::Socket;
use crate::volatile::Filled;
use std::collections::BTreeMap;
use std::io;

/// Plays a recorded dialogue: `connect` opens the connections, `world` does what happened elsewhere. The
/// error names the line.
pub fn replay(
    text: &str,
    mut connect: impl FnMut() -> io::Result<Socket>,
    mut world: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), String> {
    let mut filled = Filled::default();
    let mut open: BTreeMap<usize, Socket> = BTreeMap::new();
    let mut current = 1;
    // What a program says in one breath is sent in one breath.
    let mut unsent = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let at = |why: String| format!("line {number}: {why}");
        let broken = |error: io::Error| format!("line {number}: {error}");
        if line.is_empty() || line.starts_with('#') || line.starts_with("Setup: ") {
            continue;
        }
        if !open.contains_key(&current) && !line.starts_with("<CONNECTION ") {
            open.insert(current, connect().map_err(broken)?);
        }
        if let Some(said) = line.strip_prefix("C:") {
            let said = said.strip_prefix(' ').unwrap_or(said);
            unsent.extend(filled.decode(said).map_err(at)?);
            unsent.extend_from_slice(b"\r\n");
            continue;
        }
        if let Some(socket) = open.get_mut(&current).filter(|_| !unsent.is_empty()) {
            socket.send(&std::mem::take(&mut unsent)).map_err(broken)?;
        }
        if let Some(other) = line.strip_prefix("<CONNECTION ").and_then(|rest| rest.strip_suffix('>')) {
            current = other.parse().map_err(|_| at(format!("no number: {other}")))?;
            continue;
        }
        if let Some(what) = line.strip_prefix("W: ") {
            world(what).map_err(broken)?;
            continue;
        }
        let Some(socket) = open.get_mut(&current) else { return Err(at("no connection".to_owned())) };
        if let Some(recorded) = line.strip_prefix("S:") {
            let recorded = recorded.strip_prefix(' ').unwrap_or(recorded);
            let got = socket.line().map_err(broken)?;
            if !filled.matches(recorded, &got) {
                let got = String::from_utf8_lossy(&got).into_owned();
                return Err(at(format!("recorded {recorded:?}, got {got:?}")));
            }
        } else if line == "<CLOSED>" {
            socket.closed().map_err(broken)?;
            open.remove(&current);
        } else if line == "<GONE>" {
            if let Some(socket) = open.remove(&current) {
                socket.drop_dead();
            }
        } else {
            return Err(at(format!("not a line of a dialogue: {line}")));
        }
    }
    Ok(())
}
