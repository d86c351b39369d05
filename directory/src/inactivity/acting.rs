//! Taking a step about a mailbox that nobody uses, in a unit of the caller's.

use audit::{Act, Actor, Entry};
use db::Tx;
use names::{AccountId, Timestamp};

use super::{Idle, InactivityRules, InactivityStep, rows};
use crate::administrators::{Authority, Reach, Role, Roles};
use crate::mailbox_acts::{MailboxMove, set};
use crate::mailboxes;
use crate::{Directory, Error};

impl Directory {
    /// What is known of a mailbox, held until the end of the unit: what is decided by it holds when it is written.
    pub async fn hold_idle(&self, tx: &mut Tx, account: AccountId) -> Result<Option<Idle>, Error> {
        Ok(rows::held(tx, account).await?)
    }

    /// Takes a step about a mailbox that [`Directory::hold_idle`] gave, and answers the line for the trail, which the
    /// caller writes last (lock order, DESIGN §2.2); none when `idle` is not due for it.
    ///
    /// Suspension and closing are those of administrators: rows, the published entry, the end of believed logins.
    pub async fn take_inactivity_step(
        &self,
        tx: &mut Tx,
        idle: &Idle,
        step: InactivityStep,
        rules: &InactivityRules,
        now: Timestamp,
    ) -> Result<Option<Entry>, Error> {
        if idle.due(rules, now) != Some(step) {
            return Ok(None);
        }
        let since = idle.suspended.filter(|(at, _)| *at == idle.since).map(|(_, since)| since);
        let since = since.unwrap_or_else(|| idle.idle_since());
        let why = format!("why=inactivity idle_since={}", since.0);
        let detail = match step {
            InactivityStep::Notify => {
                rows::note_notice(tx, idle.account, now).await?;
                format!("notice=sent {why}")
            }
            InactivityStep::Suspend => {
                rows::note_suspension(tx, idle.account, since, now).await?;
                self.rest(tx, idle.account, MailboxMove::Suspend, now).await?;
                format!("state=suspended {why}")
            }
            InactivityStep::Close => {
                self.rest(tx, idle.account, MailboxMove::Close, now).await?;
                format!("state=closed {why}")
            }
        };
        let house = Authority::new(Actor::System, Roles::of(&[Role::Directory]), Reach::Everywhere);
        Ok(Some(self.told_of_mailbox(idle.account, &house, Act::AccountChanged, detail, now)))
    }

    async fn rest(
        &self,
        tx: &mut Tx,
        account: AccountId,
        to: MailboxMove,
        now: Timestamp,
    ) -> Result<(), Error> {
        let found = mailboxes::find(tx, &[account]).await?.pop();
        let Some(mailbox) = found else { return Ok(()) };
        let Some(state) = to.from(mailbox.state) else { return Ok(()) };
        set(tx, mailbox, state, now).await?;
        self.generation().bump(tx).await?;
        Ok(())
    }
}
