//! NAMESPACE (RFC 2342; RFC 9051 §6.3.10): where one's own folders stand, and those of others.

use super::reply::{self, Completion};
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::{Ask, DELIMITER, FolderName, Refusal};

/// What stands beside one's own folders, which have no prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// Above the mailboxes of other people; none when there are none.
    pub others: Option<FolderName>,
    /// Above the mailboxes that several share; none when there are none.
    pub shared: Option<FolderName>,
}

impl Server {
    pub(super) fn namespace(&mut self, tag: &str, out: &mut Out) {
        self.ask(Ask::Namespaces, Task::Namespace { tag: tag.to_owned() }, out);
    }

    pub(super) fn namespaces(&mut self, tag: &str, found: Result<Namespaces, Refusal>, out: &mut Out) {
        let found = match found {
            Ok(found) => found,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        let strings = self.enabled.strings();
        let list = |prefix: Option<FolderName>| match prefix {
            Some(prefix) => format!("(({} \"{DELIMITER}\"))", reply::prefix(&prefix, strings)),
            None => "NIL".to_owned(),
        };
        // RFC 2342 §5: personal, other users', shared.
        let (others, shared) = (list(found.others), list(found.shared));
        out.send(format!("* NAMESPACE ((\"\" \"{DELIMITER}\")) {others} {shared}\r\n").as_bytes());
        self.complete(tag, Completion::ok("NAMESPACE done"), Expunges::Told, out);
    }
}
