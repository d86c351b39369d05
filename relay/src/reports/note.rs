//! What the house itself tells somebody in their own mailbox: that something was done in their name.

use super::{PreparedReport, texts};
use crate::{Error, Relay};
use names::{Address, Timestamp};
use wire::mime::compose::{Letter, Person};

/// First line the subject.
const PASSWORD: &str = include_str!("../../texts/mot-de-passe.txt");

impl Relay {
    /// Prepares what the holder of `to` hears when an administrator made an application password for them,
    /// for the unit that writes the password; none when there is nobody to tell.
    pub async fn password_note(
        &self,
        to: &Address,
        device: &str,
        now: Timestamp,
    ) -> Result<Option<PreparedReport>, Error> {
        let (subject, text) = PASSWORD.split_once("\n\n").unwrap_or((PASSWORD, ""));
        self.house_note(to, subject.trim(), &text.replace("{appareil}", device), now).await
    }

    /// Prepares what the house itself tells whoever reads `to`; none when there is nobody to tell.
    pub(crate) async fn house_note(
        &self,
        to: &Address,
        subject: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<PreparedReport>, Error> {
        let (from, queue) = (self.postmaster(to, &[], now).await?, self.queue_id(now));
        let letter = Letter {
            from: Person { name: texts::FROM, address: &from },
            sender: None,
            to: &[Person { name: "", address: to }],
            cc: &[],
            subject,
            message_id: &self.message_id(queue),
            in_reply_to: None,
            references: &[],
            text,
            attachments: &[],
            // RFC 3834 §5: nobody's absence answers it.
            fields: &[("Auto-Submitted", "auto-generated")],
        };
        self.prepare_report(to, &letter.compose(now), queue, now).await
    }
}
