//! A session that is in, and why it must end.

use std::sync::Arc;

use directory::{Directory, Login, Seen};
use names::Timestamp;

/// Who is in, and how long that counts.
pub(crate) struct SignedIn {
    login: Arc<Login>,
    /// When the login was last known to be good.
    seen: Seen,
    /// When the token that opened it ends.
    until: Option<Timestamp>,
}

impl SignedIn {
    pub(super) fn new(login: Arc<Login>, seen: Seen, until: Option<Timestamp>) -> Self {
        Self { login, seen, until }
    }

    pub(crate) fn login(&self) -> &Arc<Login> {
        &self.login
    }

    /// Waits until the directory changes after the login was last looked at. Cancel-safe.
    pub(crate) async fn changed(&self, directory: &Directory) {
        directory.changed_since(&self.seen).await;
    }

    /// When, without any change, the session or a right of it ends next.
    pub(crate) fn next_end(&self) -> Option<Timestamp> {
        self.until.into_iter().chain(self.login.look_again).min()
    }

    /// Whether the token that opened the session has ended: the program fetches another and comes back
    /// (DOMAIN §3.1, ECO.1.2.6).
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    /// The login as it stands; none when its password was revoked, its mailbox stopped or its rights
    /// ended (RELIABILITY A-15). Costs one comparison as long as the directory does not change.
    pub(crate) async fn renew(
        &mut self,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<Option<Arc<Login>>, directory::Error> {
        let renewed = directory.renew_login(&self.login, &mut self.seen, now).await?;
        if let Some(login) = &renewed {
            self.login = Arc::clone(login);
        }
        Ok(renewed)
    }
}
