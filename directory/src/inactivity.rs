//! The life of a mailbox of the trade that nobody uses (DOMAIN §1.6): first a letter to who answers for it, then its
//! suspension, then its closing. The rule is a function over what is known and the time ([`Idle::due`]); each step
//! is written in a unit of its own that asks the rule again, so that a step is done once whoever else looks.

mod acting;
mod rows;
#[cfg(test)]
mod tests;

use names::{AccountId, AccountKind, Timestamp};

use crate::MailboxState;

pub use rows::{Looked, idle, inactivity_of, note_use, recipients};

/// After how many months of the calendar without use what is done; zero is never.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InactivityRules {
    /// A letter to those who answer for it.
    pub notice_months: u16,
    /// Suspension, and never sooner behind the letter than the two are apart.
    pub suspension_months: u16,
    /// Closing, which also takes it out of the directory; never sooner behind the suspension than the two are apart.
    pub closing_months: u16,
    /// Which kinds of mailboxes.
    pub kinds: Vec<AccountKind>,
}

impl Default for InactivityRules {
    /// The figures of DOMAIN §1.6, which names no kind that they spare.
    fn default() -> Self {
        let trade = |kind: &AccountKind| *kind != AccountKind::Patient;
        Self {
            notice_months: 12,
            suspension_months: 18,
            closing_months: 24,
            kinds: AccountKind::ALL.into_iter().filter(trade).collect(),
        }
    }
}

impl InactivityRules {
    /// Nothing is ever done.
    #[must_use]
    pub fn off() -> Self {
        Self { notice_months: 0, suspension_months: 0, closing_months: 0, kinds: Vec::new() }
    }

    /// Whether nothing is ever done.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.notice_months == 0 || self.kinds.is_empty()
    }

    /// What contradicts itself, by the name of the field.
    pub fn check(&self) -> Result<(), String> {
        let Self { notice_months: notice, suspension_months: suspension, closing_months: closing, kinds } =
            self;
        if *suspension != 0 && (*notice == 0 || suspension <= notice) {
            return Err(
                "suspension_months must be more than notice_months: nothing is suspended before its \
                        holder was written to"
                    .to_owned(),
            );
        }
        if *closing != 0 && (*suspension == 0 || closing <= suspension) {
            return Err(
                "closing_months must be more than suspension_months: nothing is closed that was not \
                        suspended before"
                    .to_owned(),
            );
        }
        if kinds.contains(&AccountKind::Patient) {
            return Err("kinds are of mailboxes of the trade: PER, CAB, ORG, APP; a patient's profile has \
                        rules of its own"
                .to_owned());
        }
        Ok(())
    }

    /// When a mailbox idle since then, and told of at that time, is suspended if nobody uses it.
    #[must_use]
    pub fn suspends(&self, idle_since: Timestamp, noticed: Timestamp) -> Option<Timestamp> {
        let apart = self.suspension_months.saturating_sub(self.notice_months);
        (self.suspension_months != 0)
            .then(|| later(idle_since, self.suspension_months).max(later(noticed, apart)))
    }

    /// When a mailbox idle since then, and suspended at that time, is closed if nobody reopens it.
    #[must_use]
    pub fn closes(&self, idle_since: Timestamp, suspended: Timestamp) -> Option<Timestamp> {
        let apart = self.closing_months.saturating_sub(self.suspension_months);
        (self.closing_months != 0)
            .then(|| later(idle_since, self.closing_months).max(later(suspended, apart)))
    }
}

/// So many months of the calendar later.
fn later(from: Timestamp, months: u16) -> Timestamp {
    let moved = from.utc().checked_add(jiff::Span::new().months(months));
    // Behind the end of the calendar nothing is due.
    moved.map_or(Timestamp(i64::MAX), |moved| Timestamp(moved.timestamp().as_millisecond()))
}

/// So many months of the calendar before.
pub(crate) fn before(now: Timestamp, months: u16) -> Timestamp {
    let moved = now.utc().checked_sub(jiff::Span::new().months(months));
    moved.map_or(Timestamp(0), |moved| Timestamp(moved.timestamp().as_millisecond()))
}

/// What is done about a mailbox that nobody uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum InactivityStep {
    /// Those who answer for it are written to.
    Notify,
    /// It is suspended.
    Suspend,
    /// It is closed, and leaves the directory.
    Close,
}

impl InactivityStep {
    /// Every step, in their order.
    pub const ALL: [Self; 3] = [Self::Notify, Self::Suspend, Self::Close];
}

/// What the rule looks at of one mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Idle {
    /// Which.
    pub account: AccountId,
    /// Its kind.
    pub kind: AccountKind,
    /// How it stands.
    pub state: MailboxState,
    /// Since when it stands so.
    pub since: Timestamp,
    /// The end of its last use, as far as it is known.
    pub used: Option<Timestamp>,
    /// When those who answer for it were last written to about this.
    pub noticed: Option<Timestamp>,
    /// When the house last suspended it for this, and since when it was idle then.
    pub suspended: Option<(Timestamp, Timestamp)>,
}

impl Idle {
    /// Since when nobody uses it. Opening and reopening it begin anew.
    #[must_use]
    pub fn idle_since(&self) -> Timestamp {
        self.used.map_or(self.since, |used| used.max(self.since))
    }

    /// When those who answer for it were written to about the idleness that goes on now.
    #[must_use]
    pub fn noticed_now(&self) -> Option<Timestamp> {
        self.noticed.filter(|noticed| *noticed >= self.idle_since())
    }

    /// What is to be done at `now`; one step at a time. What an administrator suspended is theirs to close or reopen.
    #[must_use]
    pub fn due(&self, rules: &InactivityRules, now: Timestamp) -> Option<InactivityStep> {
        if rules.is_off() || !rules.kinds.contains(&self.kind) {
            return None;
        }
        let (step, when) = match self.state {
            MailboxState::Open => match self.noticed_now() {
                None => (InactivityStep::Notify, Some(later(self.idle_since(), rules.notice_months))),
                Some(noticed) => (InactivityStep::Suspend, rules.suspends(self.idle_since(), noticed)),
            },
            MailboxState::Suspended => {
                let (suspended, idle_since) = self.suspended.filter(|(at, _)| *at == self.since)?;
                (InactivityStep::Close, rules.closes(idle_since, suspended))
            }
            MailboxState::Closed => return None,
        };
        when.filter(|when| *when <= now).map(|_| step)
    }
}
