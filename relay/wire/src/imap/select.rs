//! SELECT, EXAMINE, UNSELECT, CLOSE (RFC 3501 §6.3.1, §6.3.2, §6.4.2; RFC 3691; RFC 7162 §3.2).

use super::condstore::Sync;
use super::enabled::Extension;
use super::reply::Completion;
use super::scan::Fault;
use super::server::{AfterUnselect, Out, Phase, Server, Task};
use super::session::{Expunges, Selection};
use super::store::{Expunging, WhyExpunge};
use super::{
    Access, Ask, DELIMITER, Flags, FolderName, Mode, NameError, Refusal, Selected, SystemFlag, UidSet,
};

const CLOSED: &[u8] = b"* OK [CLOSED] the folder before is closed\r\n";

/// A folder being opened.
#[derive(Debug)]
pub(super) struct Selecting {
    tag: String,
    /// As it was asked for.
    folder: FolderName,
    mode: Mode,
    sync: Sync,
}

impl Server {
    pub(super) fn select(
        &mut self,
        tag: &str,
        (folder, mode): (FolderName, Mode),
        sync: Sync,
        out: &mut Out,
    ) {
        match sync {
            Sync::Nothing => {}
            Sync::CondStore => self.enable_condstore(out),
            Sync::QResync(_) if self.enabled.has(Extension::QResync) => {}
            // RFC 7162 §3.2.5
            Sync::QResync(_) => {
                let completion = Completion::bad("enable QRESYNC first").with("CLIENTBUG");
                return self.fail(tag, completion, out);
            }
        }
        if self.selection.is_some() {
            // The folder before is left whether or not the new one opens (RFC 3501 §6.3.1).
            self.unselect(tag, AfterUnselect::Select(folder, mode, sync), out);
        } else {
            self.open(tag.to_owned(), (folder, mode), sync, out);
        }
    }

    /// The folder before is left all the same (RFC 3501 §6.3.1).
    pub(super) fn select_nothing(&mut self, tag: &str, error: NameError, out: &mut Out) {
        if self.selection.is_some() {
            self.unselect(tag, AfterUnselect::Refuse(error), out);
        } else {
            self.fail(tag, Completion::fault(Fault::Name(error)), out);
        }
    }

    fn open(&mut self, tag: String, (folder, mode): (FolderName, Mode), sync: Sync, out: &mut Out) {
        let task = Task::Select(Box::new(Selecting { tag, folder: folder.clone(), mode, sync }));
        self.ask(Ask::Select { folder, mode }, task, out);
    }

    pub(super) fn unselect(&mut self, tag: &str, then: AfterUnselect, out: &mut Out) {
        self.selection = None;
        self.late.clear();
        self.ask(Ask::Unselect, Task::Unselect { tag: tag.to_owned(), then }, out);
    }

    pub(super) fn unselected(&mut self, tag: String, then: AfterUnselect, out: &mut Out) {
        match then {
            AfterUnselect::Complete(completion) => self.complete(&tag, completion, Expunges::Told, out),
            AfterUnselect::Select(folder, mode, sync) => {
                // What follows is of the other folder (RFC 7162 §3.2.11, RFC 9051 §7.1).
                out.send(CLOSED);
                self.open(tag, (folder, mode), sync, out);
            }
            AfterUnselect::Refuse(error) => {
                out.send(CLOSED);
                self.complete(&tag, Completion::fault(Fault::Name(error)), Expunges::Told, out);
            }
        }
    }

    pub(super) fn selected(
        &mut self,
        selecting: Selecting,
        selected: Result<Selected, Refusal>,
        out: &mut Out,
    ) {
        let Selecting { tag, folder, mode, sync } = selecting;
        let selected = match selected {
            Ok(selected) => selected,
            Err(refusal) => return self.complete(&tag, Completion::refused(refusal), Expunges::Told, out),
        };
        let mode = match selected.access {
            Access::ReadWrite => mode,
            Access::ReadOnly => Mode::ReadOnly,
        };
        let selection = Selection::new(&selected, mode);
        let view = &selection.view;
        let mut flags = Flags::of(&SystemFlag::ALL);
        selected.keywords.keywords().iter().for_each(|keyword| flags.set_keyword(keyword.clone()));
        let permanent = flags.to_string();
        selected.fixed_keywords.keywords().iter().for_each(|keyword| flags.set_keyword(keyword.clone()));
        let mut text = format!("* FLAGS {flags}\r\n* {} EXISTS\r\n", view.len());
        if self.enabled.has(Extension::Rev2) {
            // RFC 9051 §6.3.2: no RECENT, no UNSEEN, but the folder's name as it is written.
            text.push_str(&self.selected_name(&folder, selected.name.as_ref()));
        } else {
            text.push_str("* 0 RECENT\r\n");
            if let Some(number) = selected.first_unseen.and_then(|uid| view.number(uid)) {
                text.push_str(&format!("* OK [UNSEEN {number}] the first unseen message\r\n"));
            }
        }
        let (permanent, completion) = match mode {
            Mode::ReadWrite => {
                let list = permanent.trim_end_matches(')');
                (format!("{list} \\*)"), Completion::ok("SELECT done").with("READ-WRITE"))
            }
            Mode::ReadOnly => {
                ("()".to_owned(), Completion::ok("the folder is open for reading").with("READ-ONLY"))
            }
        };
        text.push_str(&format!("* OK [PERMANENTFLAGS {permanent}] flags that are kept\r\n"));
        text.push_str(&format!("* OK [UIDVALIDITY {}] UIDs are valid\r\n", selected.uid_validity));
        text.push_str(&format!("* OK [UIDNEXT {}] the next UID\r\n", selected.uid_next));
        text.push_str(&format!("* OK [HIGHESTMODSEQ {}] told so far\r\n", selected.modseq));
        // RFC 8474 §4.2
        text.push_str(&format!("* OK [MAILBOXID ({})] the folder's number\r\n", selected.id.0));
        out.send(text.as_bytes());
        self.selection = Some(selection);
        match sync {
            Sync::QResync(remembered) => {
                self.resync(&tag, &remembered, selected.uid_validity, completion, out)
            }
            Sync::Nothing | Sync::CondStore => {
                out.send(completion.line(&tag).as_bytes());
                self.phase = Phase::Ready;
            }
        }
    }

    /// The folder just opened, by its own name; the one it was asked by beside it when that is another
    /// (RFC 9051 §6.3.2, §7.3.1).
    fn selected_name(&self, asked: &FolderName, own: Option<&FolderName>) -> String {
        match own.filter(|own| *own != asked) {
            None => format!("* LIST () \"{DELIMITER}\" {}\r\n", self.folder_name(asked)),
            Some(own) => {
                let (own, asked) = (self.folder_name(own), self.folder_name(asked));
                format!("* LIST () \"{DELIMITER}\" {own} (\"OLDNAME\" ({asked}))\r\n")
            }
        }
    }

    /// Expunges without a word, then leaves (RFC 3501 §6.4.2).
    pub(super) fn close(&mut self, tag: &str, out: &mut Out) {
        match self.selection.as_ref().map(|selection| selection.mode) {
            Some(Mode::ReadWrite) => {
                let task = Expunging { tag: tag.to_owned(), why: WhyExpunge::Close };
                self.ask(Ask::Expunge { among: None }, Task::Expunge(task), out);
            }
            Some(Mode::ReadOnly) | None => {
                self.unselect(tag, AfterUnselect::Complete(Completion::ok("CLOSE done")), out);
            }
        }
    }
    /// The messages marked `\Deleted` are gone. A client that resynchronises is told how far it knows the
    /// folder (RFC 7162 §3.2.8): as far as before, since one of those gone may have been marked by somebody
    /// else, unknown to it. Coming back it hears of them all.
    pub(super) fn close_expunged(&mut self, tag: &str, gone: &UidSet, out: &mut Out) {
        let told =
            self.selection.as_ref().filter(|_| self.enabled.has(Extension::QResync) && !gone.is_empty());
        let completion = Completion::ok("CLOSE done");
        let completion = match told {
            Some(selection) => completion.with(format!("HIGHESTMODSEQ {}", selection.highest)),
            None => completion,
        };
        self.unselect(tag, AfterUnselect::Complete(completion), out);
    }
}
