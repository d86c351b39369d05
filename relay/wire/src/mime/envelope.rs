//! The ENVELOPE of IMAP (RFC 3501 §7.4.2): header fields, RFC 2047 undecoded.

use serde::{Deserialize, Serialize};

use super::{addresses, head::Head, limits};

/// The fields of a letter as IMAP's ENVELOPE wants them: unfolded, encoded words left as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<S = String> {
    /// `Date` as written.
    pub date: Option<S>,
    /// `Subject` as written.
    pub subject: Option<S>,
    /// `From`.
    pub from: Vec<EnvelopeAddress<S>>,
    /// `Sender`, or `From` when absent (RFC 3501 §7.4.2).
    pub sender: Vec<EnvelopeAddress<S>>,
    /// `Reply-To`, or `From` when absent.
    pub reply_to: Vec<EnvelopeAddress<S>>,
    /// `To`.
    pub to: Vec<EnvelopeAddress<S>>,
    /// `Cc`.
    pub cc: Vec<EnvelopeAddress<S>>,
    /// `Bcc`.
    pub bcc: Vec<EnvelopeAddress<S>>,
    /// `In-Reply-To` as written.
    pub in_reply_to: Option<S>,
    /// `Message-ID` as written.
    pub message_id: Option<S>,
}

/// One address of an envelope. A group begins with `mailbox` only, and ends with all four `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeAddress<S = String> {
    /// Display name, undecoded, unquoted.
    pub name: Option<S>,
    /// Source route (`@a,@b`), obsolete.
    pub route: Option<S>,
    /// The part before the `@`, or the name of a group.
    pub mailbox: Option<S>,
    /// The part after the `@`; `None` marks a group.
    pub host: Option<S>,
}

impl Envelope {
    /// Reads the envelope of a header block.
    #[must_use]
    pub fn of(head: &Head) -> Self {
        // An empty one is there all the same (RFC 3501 §7.4.2: NIL when absent, "" when empty).
        let text = |name| head.field(name).map(|field| field.unfolded());
        let list = |name| {
            let mut all = Vec::new();
            for field in head.fields_named(name) {
                all.extend(addresses::envelope_list(&field.unfolded()));
                all.truncate(limits::MAILBOXES);
            }
            all
        };
        let from = list("From");
        let or_from = |list: Vec<EnvelopeAddress>| if list.is_empty() { from.clone() } else { list };
        Self {
            date: text("Date"),
            subject: text("Subject"),
            sender: or_from(list("Sender")),
            reply_to: or_from(list("Reply-To")),
            to: list("To"),
            cc: list("Cc"),
            bcc: list("Bcc"),
            in_reply_to: text("In-Reply-To"),
            message_id: text("Message-ID"),
            from,
        }
    }

    /// Octets of its strings, for the scanner's budget.
    pub(super) fn octets(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let list = |list: &[EnvelopeAddress]| -> usize {
            list.iter().map(|a| 96 + text(&a.name) + text(&a.route) + text(&a.mailbox) + text(&a.host)).sum()
        };
        [&self.date, &self.subject, &self.in_reply_to, &self.message_id].into_iter().map(text).sum::<usize>()
            + [&self.from, &self.sender, &self.reply_to, &self.to, &self.cc, &self.bcc]
                .into_iter()
                .map(|all| list(all))
                .sum::<usize>()
    }
}
