//! IDLE (RFC 2177).

use super::notify::After;
use super::reader::LineFault;
use super::reply::Completion;
use super::server::{Out, Phase, Server, Task};
use super::session::Expunges;
use super::{Ask, Changes};

/// Octets of the line that ends IDLE.
const DONE_LINE: usize = 64;

impl Server {
    pub(super) fn idle(&mut self, tag: &str, out: &mut Out) {
        out.send(b"+ idling\r\n");
        let tag = tag.to_owned();
        if self.selection.is_some() {
            // What happened before we listen must not wait for what happens after.
            self.ask(Ask::Poll, Task::IdlePoll { tag }, out);
        } else {
            self.phase = Phase::Idle { tag };
        }
    }

    pub(super) fn idles(&mut self, tag: String, changes: Changes, out: &mut Out) {
        let more = changes.more;
        self.hear(changes, Expunges::Told, out);
        if self.phase.is_over() {
        } else if more {
            self.ask(Ask::Poll, Task::IdlePoll { tag }, out);
        } else {
            self.phase = Phase::Idle { tag };
        }
    }

    /// News while the session listens; if a command has begun meanwhile they wait for its end.
    pub(super) fn event(&mut self, changes: Changes, out: &mut Out) {
        match self.phase {
            // More than one piece of news waits for the next event.
            Phase::Idle { ref tag } => {
                let after = After::Idle(tag.clone());
                // RFC 5465 §4: IDLE tells what NOTIFY would.
                let expunges = self.between().unwrap_or(Expunges::Told);
                self.tell_and_show(changes, expunges, after, out);
            }
            // NOTIFY: between commands as well.
            Phase::Ready if self.hears_between() => {
                let expunges = self.between().unwrap_or(Expunges::Kept);
                self.tell_and_show(changes, expunges, After::Ready, out);
            }
            Phase::Over => {}
            _ => self.late.push(changes),
        }
    }

    fn tell_and_show(&mut self, changes: Changes, expunges: Expunges, after: After, out: &mut Out) {
        let arrived = changes.arrived.clone();
        self.tell(changes, expunges, out);
        if !self.phase.is_over() {
            // Nothing to show: the session goes on as it was.
            let _ = self.show_new(&arrived, after, out);
        }
    }

    pub(super) fn read_done(&mut self, out: &mut Out) -> bool {
        let line = self.reader.whole_line(DONE_LINE);
        let Phase::Idle { tag } = &self.phase else { return false };
        let tag = tag.clone();
        match line {
            Ok(None) => return false,
            Ok(Some(line)) if line.eq_ignore_ascii_case(b"DONE") => {
                out.send(Completion::ok("IDLE done").line(&tag).as_bytes());
                self.phase = Phase::Ready;
            }
            Ok(Some(_)) | Err(LineFault::BareNewline) => {
                self.fail(&tag, Completion::bad("DONE was expected").with("CLIENTBUG"), out);
            }
            Err(LineFault::TooLong) => self.bye("CLIENTBUG", "DONE was expected", out),
        }
        true
    }
}
