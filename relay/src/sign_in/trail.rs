//! What the trail is told of sign-ins.

use audit::{Act, Actor, Chain, Entry, Line};
use directory::Login;
use names::{AccountId, Address, Timestamp};

use crate::intake::Relay;

/// Tells that a session begins: one line a session, whatever is done in it.
pub(crate) async fn tell_signed_in(
    relay: &Relay,
    login: &Login,
    door: &'static str,
    now: Timestamp,
) -> Result<(), db::Error> {
    let account = Actor::Account(login.account);
    let actor = login.person.map_or(account, Actor::Person);
    let for_whom = (actor != account).then_some(account);
    let detail = format!("door={door} {}", login.means);
    let line = Line { at: now, actor, for_whom, act: Act::SignedIn, detail };
    tell(relay, login.account, line).await
}

/// Tells the owner of a mailbox that somebody tried to get in; a mailbox that does not exist has no
/// chain. Who it was is not known: the line names the mailbox only.
pub(super) async fn tell_refused(relay: Relay, address: Address, door: &'static str, now: Timestamp) {
    let account = match relay.directory().mailbox(&address).await {
        Ok(Some(mailbox)) => mailbox.account,
        Ok(None) => return,
        Err(error) => return tracing::error!(%error, "a refused sign-in could not be told"),
    };
    let actor = Actor::Account(account);
    let detail = format!("door={door}");
    let line = Line { at: now, actor, for_whom: None, act: Act::SignInRefused, detail };
    if let Err(error) = tell(&relay, account, line).await {
        tracing::error!(%error, "a refused sign-in could not be told");
    }
}

async fn tell(relay: &Relay, account: AccountId, line: Line) -> Result<(), db::Error> {
    let lines = [Entry::new(Chain::Account(account), line, &relay.inner().entropy)];
    relay
        .mailstore()
        .db()
        .write(db::unit("tell of a sign-in", lines, |lines, tx| {
            Box::pin(async move { audit::append(tx, lines).await })
        }))
        .await
}
