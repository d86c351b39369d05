//! Which mailboxes one may use, and how a mail program is set up.

use axum::extract::State;
use axum::http::HeaderMap;
use directory::DelegationLine;
use names::{AccountId, Timestamp};

use super::{Page, frame};
use crate::pages::html;
use crate::pro::space::Space;
use crate::pro::texts;
use crate::pro::views::{DoorLine, Home, MailboxLine, Place};

/// As mail programs call it.
const IMPLICIT: &str = "SSL/TLS";
/// As mail programs call it.
const STARTTLS: &str = "STARTTLS";

/// `GET /`
pub(super) async fn show(State(app): State<Space>, headers: HeaderMap) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let received = app.rooms().delegations_received(&session, now).await?;
    let mailboxes = app.rooms().mailboxes_of(&session, now).await?;
    let is_own =
        |holder: Option<&directory::Person>| holder.is_some_and(|holder| holder.id == session.person.id);
    let zone = &app.settings().zone;
    let mailboxes = mailboxes
        .into_iter()
        .map(|(mailbox, rights)| MailboxLine {
            name: mailbox.display_name(),
            address: mailbox.address.to_string(),
            how: match (is_own(mailbox.person.as_ref()), ends_of(&received, mailbox.account)) {
                (true, _) => texts::own_mailbox(),
                (false, Some(ends)) => texts::delegated_mailbox(ends, zone),
                (false, None) => texts::team_mailbox(),
            },
            rights: texts::rights(rights),
        })
        .collect();
    let mail = &app.settings().mail;
    let door = |port: Option<u16>, security| {
        port.map(|port| DoorLine { host: mail.host.clone(), port: port.to_string(), security })
    };
    let both = |implicit, starttls| {
        [door(implicit, IMPLICIT), door(starttls, STARTTLS)].into_iter().flatten().collect()
    };
    Ok(html(&Home {
        frame: frame(&session, Place::Home),
        mailboxes,
        reading: both(mail.imap_implicit, mail.imap_starttls),
        writing: both(mail.submission_implicit, mail.submission_starttls),
    }))
}

/// When a delegation of this mailbox ends, if one was received.
fn ends_of(received: &[DelegationLine], account: AccountId) -> Option<Option<Timestamp>> {
    received.iter().find(|line| line.mailbox.account == account).map(|line| line.ends)
}
