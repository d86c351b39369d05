//! SELECT, EXAMINE, UNSELECT, CLOSE (RFC 3501 §6.3.1, §6.3.2, §6.4.2; RFC 3691).

use super::reply::Completion;
use super::server::{AfterUnselect, Out, Phase, Server, Task};
use super::session::{Expunges, Selection};
use super::store::{Expunging, WhyExpunge};
use super::view::View;
use super::{Access, Ask, Flags, FolderName, Mode, Refusal, Selected, SystemFlag};

impl Server {
    pub(super) fn select(&mut self, tag: &str, folder: FolderName, mode: Mode, out: &mut Out) {
        if self.selection.is_some() {
            // The folder before is left whether or not the new one opens (RFC 3501 §6.3.1).
            self.unselect(tag, AfterUnselect::Select(folder, mode), out);
        } else {
            self.ask(Ask::Select { folder, mode }, Task::Select { tag: tag.to_owned(), mode }, out);
        }
    }

    pub(super) fn unselect(&mut self, tag: &str, then: AfterUnselect, out: &mut Out) {
        self.selection = None;
        self.late.clear();
        self.ask(Ask::Unselect, Task::Unselect { tag: tag.to_owned(), then }, out);
    }

    pub(super) fn unselected(&mut self, tag: String, then: AfterUnselect, out: &mut Out) {
        match then {
            AfterUnselect::Complete(done) => self.complete(&tag, Completion::ok(done), Expunges::Told, out),
            AfterUnselect::Select(folder, mode) => self.select(&tag, folder, mode, out),
        }
    }

    pub(super) fn selected(
        &mut self,
        tag: &str,
        mode: Mode,
        selected: Result<Selected, Refusal>,
        out: &mut Out,
    ) {
        let selected = match selected {
            Ok(selected) => selected,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        let mode = match selected.access {
            Access::ReadWrite => mode,
            Access::ReadOnly => Mode::ReadOnly,
        };
        let view = View::new(&selected.uids);
        let mut flags = Flags::of(&SystemFlag::ALL);
        selected.keywords.keywords().iter().for_each(|keyword| flags.set_keyword(keyword.clone()));
        let permanent = flags.to_string();
        selected.fixed_keywords.keywords().iter().for_each(|keyword| flags.set_keyword(keyword.clone()));
        let mut text = format!("* FLAGS {flags}\r\n* {} EXISTS\r\n* 0 RECENT\r\n", view.len());
        if let Some(number) = selected.first_unseen.and_then(|uid| view.number(uid)) {
            text.push_str(&format!("* OK [UNSEEN {number}] the first unseen message\r\n"));
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
        // RFC 8474 §4.2
        text.push_str(&format!("* OK [MAILBOXID ({})] the folder's number\r\n", selected.id.0));
        out.send(text.as_bytes());
        out.send(completion.line(tag).as_bytes());
        self.selection = Some(Selection { view, mode, own: Vec::new() });
        self.phase = Phase::Ready;
    }

    /// Expunges without a word, then leaves (RFC 3501 §6.4.2).
    pub(super) fn close(&mut self, tag: &str, out: &mut Out) {
        match self.selection.as_ref().map(|selection| selection.mode) {
            Some(Mode::ReadWrite) => {
                let task = Expunging { tag: tag.to_owned(), why: WhyExpunge::Close };
                self.ask(Ask::Expunge { among: None }, Task::Expunge(task), out);
            }
            Some(Mode::ReadOnly) | None => self.unselect(tag, AfterUnselect::Complete("CLOSE done"), out),
        }
    }
}
