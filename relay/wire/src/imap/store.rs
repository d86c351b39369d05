//! STORE, COPY, MOVE, EXPUNGE and their UID forms (RFC 3501 §6.4.3, §6.4.6–8; RFC 4315; RFC 6851).

use super::command::{By, CopyKind, Echo};
use super::reply::Completion;
use super::server::{AfterUnselect, Out, Phase, Server, Task};
use super::session::Expunges;
use super::set::SequenceSet;
use super::{Answer, Ask, Copied, Flags, FolderName, Mode, Refusal, StoreMode, UidSet};

/// A STORE whose rows are coming.
#[derive(Debug)]
pub(super) struct Storing {
    tag: String,
    by: By,
    echo: Echo,
    refusal: Option<Refusal>,
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

    pub(super) fn store(
        &mut self,
        tag: &str,
        by: By,
        set: &SequenceSet,
        (mode, echo, flags): (StoreMode, Echo, Flags),
        out: &mut Out,
    ) {
        if self.is_read_only() {
            return self.refuse_read_only(tag, out);
        }
        let Some(uids) = self.meant(by, set) else { return self.no_such_number(tag, out) };
        if uids.is_empty() {
            return self.complete_messages(tag, by, Completion::ok("STORE done"), out);
        }
        let storing = Storing { tag: tag.to_owned(), by, echo, refusal: None };
        self.pull(Ask::Store { uids, mode, flags }, Task::Store(storing), out);
    }

    pub(super) fn stored(&mut self, mut storing: Storing, answer: Answer, out: &mut Out) {
        match answer {
            Answer::Flagged(change) => {
                if let Some(selection) = self.selection.as_mut() {
                    selection.made(change.modseq);
                    let number = selection.view.number(change.uid).filter(|_| storing.echo == Echo::Told);
                    let line = number.map(|number| match storing.by {
                        By::Number => format!("* {number} FETCH (FLAGS {})\r\n", change.flags),
                        By::Uid => {
                            format!("* {number} FETCH (UID {} FLAGS {})\r\n", change.uid, change.flags)
                        }
                    });
                    out.send(line.unwrap_or_default().as_bytes());
                }
            }
            Answer::Refused(refusal) => storing.refusal = Some(refusal),
            _ => return self.bye("SERVERBUG", "an internal error; please come back", out),
        }
        self.phase = Phase::Waiting(Task::Store(storing));
    }

    pub(super) fn store_ended(&mut self, storing: Storing, out: &mut Out) {
        let completion = match storing.refusal {
            Some(refusal) => Completion::refused(refusal),
            None => Completion::ok("STORE done"),
        };
        self.complete_messages(&storing.tag, storing.by, completion, out);
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
                Completion::ok("MOVE done")
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
            (Ok(_), WhyExpunge::Close) => {
                self.unselect(&expunging.tag, AfterUnselect::Complete("CLOSE done"), out);
            }
            (Ok(uids), WhyExpunge::Command) => {
                if let Some(selection) = self.selection.as_mut() {
                    selection.view.vanish(&uids);
                }
                self.complete(&expunging.tag, Completion::ok("EXPUNGE done"), Expunges::Told, out);
            }
            (Err(refusal), WhyExpunge::Command | WhyExpunge::Close) => {
                self.complete(&expunging.tag, Completion::refused(refusal), Expunges::Told, out);
            }
        }
    }
}
