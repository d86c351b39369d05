//! What the session offers (RFC 3501 §7.2.1): one row an extension.

use super::server::{Channel, Server};
use super::session::Standing;

/// Who sees a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Everybody.
    Always,
    /// Who has signed in: what is of no use before.
    Inside,
}

const OFFERED: &[(Seen, &str)] = &[
    (Seen::Always, "IMAP4rev1"),
    (Seen::Always, "IMAP4rev2"),
    (Seen::Always, "LITERAL-"),
    (Seen::Always, "SASL-IR"),
    (Seen::Always, "ID"),
    (Seen::Always, "ENABLE"),
    (Seen::Always, "IDLE"),
    (Seen::Inside, "NAMESPACE"),
    (Seen::Inside, "ACL"),
    (Seen::Inside, "RIGHTS=kxte"),
    (Seen::Inside, "QUOTA"),
    (Seen::Inside, "QUOTA=RES-STORAGE"),
    (Seen::Inside, "QUOTA=RES-MESSAGE"),
    (Seen::Inside, "NOTIFY"),
    (Seen::Inside, "CHILDREN"),
    (Seen::Inside, "UNSELECT"),
    (Seen::Inside, "UIDPLUS"),
    (Seen::Inside, "MOVE"),
    (Seen::Inside, "MULTIAPPEND"),
    (Seen::Inside, "REPLACE"),
    (Seen::Inside, "BINARY"),
    (Seen::Inside, "PREVIEW"),
    (Seen::Inside, "SAVEDATE"),
    (Seen::Inside, "SPECIAL-USE"),
    (Seen::Inside, "CREATE-SPECIAL-USE"),
    (Seen::Inside, "LIST-EXTENDED"),
    (Seen::Inside, "LIST-STATUS"),
    (Seen::Inside, "LIST-MYRIGHTS"),
    (Seen::Inside, "STATUS=SIZE"),
    (Seen::Inside, "CONDSTORE"),
    (Seen::Inside, "QRESYNC"),
    (Seen::Inside, "UTF8=ACCEPT"),
    (Seen::Inside, "ESEARCH"),
    (Seen::Inside, "SEARCHRES"),
    (Seen::Inside, "SORT"),
    (Seen::Inside, "SORT=DISPLAY"),
    (Seen::Inside, "ESORT"),
    (Seen::Inside, "THREAD=REFERENCES"),
    (Seen::Inside, "THREAD=ORDEREDSUBJECT"),
    (Seen::Inside, "WITHIN"),
    (Seen::Inside, "PARTIAL"),
    (Seen::Inside, "METADATA"),
    (Seen::Inside, "OBJECTID"),
];

impl Server {
    /// The line of CAPABILITY as this session sees it now.
    pub(super) fn capabilities(&self) -> String {
        let inside = self.standing == Standing::SignedIn;
        let mut line = "CAPABILITY".to_owned();
        for &(seen, name) in OFFERED {
            if seen == Seen::Always || inside {
                line.push(' ');
                line.push_str(name);
            }
        }
        if inside {
            // RFC 7889 §2: one limit for all folders.
            line.push_str(&format!(" APPENDLIMIT={}", self.config.limits.letter));
        }
        match (self.standing, self.channel) {
            (Standing::Stranger, Channel::Plain) => line.push_str(" STARTTLS LOGINDISABLED"),
            (Standing::Stranger, Channel::Secured) => {
                for mechanism in self.mechanisms() {
                    line.push_str(" AUTH=");
                    line.push_str(mechanism.as_str());
                }
            }
            (Standing::SignedIn, _) => {}
        }
        line
    }
}
