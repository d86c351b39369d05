//! What every command shares: greeting, states, ends of commands, news of the selected folder.

use super::condstore;
use super::enabled::{Enabled, Extension};
use super::notify::After;
use super::reply::{Completion, Tells};
use super::scan::Fault;
use super::server::{Out, Phase, Server, Task};
use super::view::{Expunged, View};
use super::{Ask, Changes, Code, FlagChange, Mode, Selected, UidSet, reply};
use crate::Action;

/// Whether somebody has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Stranger,
    SignedIn,
}

/// The selected folder.
#[derive(Debug)]
pub(super) struct Selection {
    pub view: View,
    pub mode: Mode,
    /// No message has this UID or a greater one, as far as was told.
    pub uid_next: u32,
    /// The client was told everything up to this modification sequence: the number it may remember
    /// (RFC 7162 §3.1.2.1).
    pub highest: u64,
    /// The world told everything up to this one; what it said is gone may still wait to be told.
    reached: u64,
    /// `$`: what the last SEARCH with SAVE found (RFC 5182 §2.1); empty when the folder is opened.
    pub saved: UidSet,
}

impl Selection {
    /// A folder just opened.
    pub(super) fn new(selected: &Selected, mode: Mode) -> Self {
        let (uid_next, highest) = (selected.uid_next, selected.modseq);
        Self {
            view: View::new(&selected.uids),
            mode,
            uid_next,
            highest,
            reached: highest,
            saved: UidSet::new(),
        }
    }
}

/// Whether a command's end may tell of expunged messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expunges {
    Told,
    Kept,
}

impl Server {
    pub(super) fn greet(&mut self, out: &mut Out) {
        let line = format!("* OK [{}] {} ready\r\n", self.capabilities(), self.config.hostname);
        out.send(line.as_bytes());
        self.phase = Phase::Ready;
    }

    pub(super) fn capability(&mut self, tag: &str, out: &mut Out) {
        out.send(format!("* {}\r\n", self.capabilities()).as_bytes());
        self.complete(tag, Completion::ok("CAPABILITY done"), Expunges::Told, out);
    }

    pub(super) fn identified(&mut self, tag: &str, out: &mut Out) {
        let pairs = self.config.identity.iter();
        let pairs: Vec<String> = pairs
            .map(|(field, value)| format!("{} {}", reply::quoted(field), reply::quoted(value)))
            .collect();
        match pairs.as_slice() {
            [] => out.send(b"* ID NIL\r\n"),
            pairs => out.send(format!("* ID ({})\r\n", pairs.join(" ")).as_bytes()),
        }
        self.complete(tag, Completion::ok("ID done"), Expunges::Told, out);
    }

    pub(super) fn logout(&mut self, tag: &str, out: &mut Out) {
        out.send(b"* BYE see you\r\n");
        out.send(Completion::ok("LOGOUT done").line(tag).as_bytes());
        out.push(Action::Close);
        self.phase = Phase::Over;
    }

    /// Ends a command that was understood. In a selected folder its news come first.
    pub(super) fn complete(&mut self, tag: &str, completion: Completion, expunges: Expunges, out: &mut Out) {
        if self.selection.is_some() {
            self.ask(Ask::Poll, Task::Poll { tag: tag.to_owned(), completion, expunges }, out);
        } else {
            out.send(completion.line(tag).as_bytes());
            self.phase = Phase::Ready;
            self.late_notices(out);
        }
    }

    pub(super) fn polled(
        &mut self,
        tag: String,
        completion: Completion,
        expunges: Expunges,
        changes: Changes,
        out: &mut Out,
    ) {
        // What the command did is done: its client must not try again because the folder is gone.
        if changes.ended.is_some() {
            out.send(completion.line(&tag).as_bytes());
        }
        let (more, arrived) = (changes.more, changes.arrived.clone());
        self.hear(changes, expunges, out);
        if self.phase.is_over() {
            return;
        }
        if more {
            return self.ask(Ask::Poll, Task::Poll { tag, completion, expunges }, out);
        }
        let completion = match (completion.tells, self.selection.as_ref()) {
            (Tells::HighestModSeq, Some(selection)) if self.enabled.has(Extension::QResync) => {
                completion.with(format!("HIGHESTMODSEQ {}", selection.highest))
            }
            // Some are gone whose EXPUNGE may not be told here: the client is asked to come for it
            // (RFC 5530 §3, RFC 2180 §4.1).
            (_, Some(selection)) if selection.view.is_pending() && completion.is_plain_ok() => {
                completion.with("EXPUNGEISSUED")
            }
            (Tells::HighestModSeq | Tells::Nothing, _) => completion,
        };
        if let Err(after) = self.show_new(&arrived, After::Complete(tag, completion), out) {
            self.shown(after, out);
        }
    }

    /// Tells what came while a command ran, and then what the world says now.
    pub(super) fn hear(&mut self, changes: Changes, expunges: Expunges, out: &mut Out) {
        for late in std::mem::take(&mut self.late) {
            self.tell(late, expunges, out);
        }
        self.tell(changes, expunges, out);
    }

    /// Tells what changed: expunged messages first (by the old numbers), then new ones, then flags.
    pub(super) fn tell(&mut self, changes: Changes, expunges: Expunges, out: &mut Out) {
        if self.phase.is_over() {
            return;
        }
        if let Some(refusal) = changes.ended {
            return self.bye(refusal.code.as_str(), &refusal.text, out);
        }
        let tells_flags = self.tells_flags();
        let Some(selection) = self.selection.as_mut() else { return };
        selection.view.vanish(&changes.vanished);
        if expunges == Expunges::Told {
            let Expunged { numbers, uids } = selection.view.expunge();
            // RFC 7162 §3.2.10: VANISHED takes the place of EXPUNGE.
            if self.enabled.has(Extension::QResync) {
                condstore::vanished("* VANISHED", &uids, out);
            } else {
                numbers.iter().for_each(|number| out.send(format!("* {number} EXPUNGE\r\n").as_bytes()));
            }
        }
        if selection.view.append(&changes.arrived.difference(&changes.vanished)) {
            out.send(format!("* {} EXISTS\r\n", selection.view.len()).as_bytes());
        }
        selection.uid_next = selection.uid_next.max(selection.view.greatest().saturating_add(1));
        for FlagChange { uid, flags, modseq } in changes.flags.into_iter().filter(|_| tells_flags) {
            if let Some(number) = selection.view.number(uid) {
                let modseq = shown_modseq(self.enabled, modseq);
                out.send(format!("* {number} FETCH (UID {uid} FLAGS {flags}{modseq})\r\n").as_bytes());
            }
        }
        selection.reached = selection.reached.max(changes.modseq.unwrap_or_default());
        if !selection.view.is_pending() {
            selection.highest = selection.reached;
        }
    }

    /// Ends a command that was refused by its form or its moment.
    pub(super) fn fail(&mut self, tag: &str, completion: Completion, out: &mut Out) {
        out.send(completion.line(tag).as_bytes());
        self.phase = Phase::Ready;
        self.count_fault(out);
    }

    /// Refuses what has no tag.
    pub(super) fn untagged_fault(&mut self, why: &'static str, out: &mut Out) {
        out.send(Completion::bad(why).with("CLIENTBUG").line("*").as_bytes());
        self.phase = Phase::Ready;
        self.count_fault(out);
    }

    fn count_fault(&mut self, out: &mut Out) {
        self.faults += 1;
        if self.faults > self.config.limits.errors {
            self.bye("LIMIT", "too many errors", out);
        }
    }

    /// Refuses a command that would write to a folder opened with EXAMINE.
    pub(super) fn refuse_read_only(&mut self, tag: &str, out: &mut Out) {
        let completion = Completion::no(Code::Cannot, "the folder is open for reading only");
        self.complete(tag, completion, Expunges::Kept, out);
    }
}

impl Completion {
    pub(super) fn fault(fault: Fault) -> Self {
        match fault {
            Fault::Syntax(why) => Self::bad(why).with("CLIENTBUG"),
            Fault::Limit(why) => Self::bad(why).with("LIMIT"),
            Fault::Name(error) => {
                let completion = Self::no(Code::Cannot, "not a folder name");
                Self { text: error.to_string().into(), ..completion }
            }
            Fault::Charset => {
                Self::no(Code::Cannot, "search in UTF-8 or US-ASCII").with("BADCHARSET (US-ASCII UTF-8)")
            }
        }
    }
}

/// The modification sequence after flags, once the client cares for it (RFC 7162 §3.1).
pub(super) fn shown_modseq(enabled: Enabled, modseq: u64) -> String {
    if enabled.has(Extension::CondStore) { format!(" MODSEQ ({modseq})") } else { String::new() }
}
