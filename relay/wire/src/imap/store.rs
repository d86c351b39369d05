//! STORE, COPY, MOVE, EXPUNGE and their UID forms (RFC 3501 §6.4.3, §6.4.6–8; RFC 4315; RFC 6851).

use super::command::{By, CopyKind, Echo, Store};
use super::enabled::Extension;
use super::reply::Completion;
use super::server::{Out, Phase, Server, Task};
use super::session::Expunges;
use super::set::SequenceSet;
use super::{Answer, Ask, Copied, FlagChange, FolderName, Mode, Refusal, UidSet};

/// A STORE whose rows are coming.
#[derive(Debug)]
pub(super) struct Storing {
    tag: String,
    by: By,
    echo: Echo,
    refusal: Option<Refusal>,
    modified: UidSet,
}

/// A COPY or MOVE under way.
#[derive(Debug)]
pub(super) struct Copying {
    tag: String,
    kind: CopyKind,
}

/// An EXPUNGE under way.
#[derive(Debug)]
pub(super) struct Expunging {
    pub tag: String,
    pub why: WhyExpunge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhyExpunge {
    Command,
    Close,
}

impl Server {
    pub(super) fn is_read_only(&self) -> bool {
        self.selection.as_ref().is_none_or(|selection| selection.mode == Mode::ReadOnly)
    }

    pub(super) fn store(&mut self, tag: &str, (by, set): (By, &SequenceSet), storing: Store, out: &mut Out) {
        if self.is_read_only() {
            return self.refuse_read_only(tag, out);
        }
        let Store { mode, echo, flags, unchanged_since } = storing;
        if unchanged_since.is_some() {
            self.enable_condstore(out);
        }
        let Some(uids) = self.meant(by, set) else { return self.no_such_number(tag, out) };
        if uids.is_empty() {
            return self.complete_messages(tag, by, Completion::ok("STORE done"), out);
        }
        let storing = Storing { tag: tag.to_owned(), by, echo, refusal: None, modified: UidSet::new() };
        self.pull(Ask::Store { uids, mode, flags, unchanged_since }, Task::Store(storing), out);
    }

    pub(super) fn stored(&mut self, mut storing: Storing, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Flagged(change) => self.store_row(&storing, &change, out),
            Answer::Modified(uids) => storing.modified = storing.modified.union(&uids),
            Answer::Refused(refusal) => storing.refusal = Some(refusal),
            _ => return self.bye("SERVERBUG", "an internal error; please come back", out),
        }
        self.phase = Phase::Waiting(Task::Store(storing));
    }

    /// The flags of a message as STORE left them. The sequence is told even when the flags are not wanted
    /// (RFC 7162 §3.1.3), and the UID always to who resynchronises (§3.2.4).
    fn store_row(&mut self, storing: &Storing, change: &FlagChange, out: &mut Out) {
        let number = self.selection.as_ref().and_then(|selection| selection.view.number(change.uid));
        let Some(number) = number else { return };
        let mut items = Vec::new();
        if storing.by == By::Uid || self.enabled.has(Extension::QResync) {
            items.push(format!("UID {}", change.uid));
        }
        let sequence = self.enabled.has(Extension::CondStore);
        match storing.echo {
            Echo::Told => items.push(format!("FLAGS {}", change.flags)),
            Echo::Silent if sequence => {}
            Echo::Silent => return,
        }
        if sequence {
            items.push(format!("MODSEQ ({})", change.modseq));
        }
        out.send(format!("* {number} FETCH ({})\r\n", items.join(" ")).as_bytes());
    }

    pub(super) fn store_ended(&mut self, storing: Storing, out: &mut Out) {
        let Storing { tag, by, refusal, modified, .. } = storing;
        let completion = match refusal {
            Some(refusal) => Completion::refused(refusal),
            None if modified.is_empty() => Completion::ok("STORE done"),
            None => {
                let view = self.selection.as_ref().map(|selection| &selection.view);
                let set = match by {
                    By::Uid => modified,
                    By::Number => modified.iter().filter_map(|uid| view?.number(uid)).collect(),
                };
                // RFC 7162 §3.1.3
                Completion::ok("some changed meanwhile and stay").with(format!("MODIFIED {set}"))
            }
        };
        self.complete_messages(&tag, by, completion, out);
    }

    pub(super) fn copy(
        &mut self,
        tag: &str,
        by: By,
        set: &SequenceSet,
        (kind, to): (CopyKind, FolderName),
        out: &mut Out,
    ) {
        if kind == CopyKind::Move && self.is_read_only() {
            return self.refuse_read_only(tag, out);
        }
        let Some(uids) = self.meant(by, set) else { return self.no_such_number(tag, out) };
        if uids.is_empty() {
            // RFC 4315 §3: nothing copied, nothing to report; RFC 3501 §6.4.8: no error for UIDs.
            return self.complete(tag, Completion::ok("no message is left of these"), Expunges::Told, out);
        }
        let ask = match kind {
            CopyKind::Copy => Ask::Copy { uids, to },
            CopyKind::Move => Ask::Move { uids, to },
        };
        self.ask(ask, Task::Copy(Copying { tag: tag.to_owned(), kind }), out);
    }

    pub(super) fn copied(&mut self, copying: Copying, copied: Result<Copied, Refusal>, out: &mut Out) {
        let Copying { tag, kind } = copying;
        let copied = match copied {
            Ok(copied) => copied,
            Err(refusal) => {
                return self.complete(&tag, Completion::refused_destination(refusal), Expunges::Told, out);
            }
        };
        let code = format!("COPYUID {} {} {}", copied.uid_validity, copied.from, copied.to);
        let some = !copied.from.is_empty();
        let completion = match kind {
            CopyKind::Copy if some => Completion::ok("COPY done").with(code),
            CopyKind::Copy => Completion::ok("COPY done"),
            CopyKind::Move => {
                // RFC 6851 §4.3: COPYUID goes before the EXPUNGEs that make its UIDs meaningless.
                if some {
                    out.send(Completion::ok("moved").with(code).line("*").as_bytes());
                }
                if let Some(selection) = self.selection.as_mut() {
                    selection.view.vanish(&copied.from);
                }
                let completion = Completion::ok("MOVE done");
                if some { completion.telling_highest() } else { completion }
            }
        };
        self.complete(&tag, completion, Expunges::Told, out);
    }

    pub(super) fn expunge(&mut self, tag: &str, among: Option<&SequenceSet>, out: &mut Out) {
        if self.is_read_only() {
            return self.refuse_read_only(tag, out);
        }
        let among = among.map(|set| self.meant(By::Uid, set).unwrap_or_default());
        if among.as_ref().is_some_and(UidSet::is_empty) {
            return self.complete(tag, Completion::ok("EXPUNGE done"), Expunges::Told, out);
        }
        let task = Expunging { tag: tag.to_owned(), why: WhyExpunge::Command };
        self.ask(Ask::Expunge { among }, Task::Expunge(task), out);
    }

    pub(super) fn expunged(
        &mut self,
        expunging: Expunging,
        expunged: Result<UidSet, Refusal>,
        out: &mut Out,
    ) {
        match (expunged, expunging.why) {
            (Ok(uids), WhyExpunge::Close) => self.close_expunged(&expunging.tag, &uids, out),
            (Ok(uids), WhyExpunge::Command) => {
                if let Some(selection) = self.selection.as_mut() {
                    selection.view.vanish(&uids);
                }
                let completion = Completion::ok("EXPUNGE done");
                // RFC 7162 §3.2.7
                let completion = if uids.is_empty() { completion } else { completion.telling_highest() };
                self.complete(&expunging.tag, completion, Expunges::Told, out);
            }
            (Err(refusal), WhyExpunge::Command | WhyExpunge::Close) => {
                self.complete(&expunging.tag, Completion::refused(refusal), Expunges::Told, out);
            }
        }
    }
}
