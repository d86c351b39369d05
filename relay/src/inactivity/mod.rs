//! Mailboxes that nobody uses (DOMAIN §1.6): those who answer for them are written to, later they are suspended,
//! later closed. The rule is `directory::Idle::due`; here it meets what is known of their use, and the letters.
//!
//! A use is what the trail of the mailbox tells of somebody: a sign-in, a letter read, searched, flagged, written.
//! What it only receives is none. Months are counted for the statistics (`visible/months`) and are a first sieve; before
//! each step the trail itself is asked, so that a use of yesterday counts, and of who opened the mailbox of a team
//! beside their own. Each step is one unit: the record, the state, the line of the trail and the letters, or nothing.

mod limits;
#[cfg(test)]
mod tests;
mod texts;

use crate::reports::PreparedReport;
use crate::{Error, Relay};
use audit::{Act, Actor, Chain, Line};
use db::Tx;
use directory::inactivity::{self, Looked};
use directory::{Directory, Idle, InactivityRules, InactivityStep, mailboxes};
use limits::{LINES, SHOWN};
use names::{AccountId, Month, Timestamp};
use texts::About;

/// Acts that are a use of a mailbox when somebody does them.
const USES: [Act; 14] = [
    Act::SignedIn,
    Act::LetterSent,
    Act::LetterRead,
    Act::LetterAppended,
    Act::LetterCopied,
    Act::LetterRemoved,
    Act::LetterFlagged,
    Act::LettersSearched,
    Act::FolderChanged,
    Act::DocumentRead,
    Act::ContactOpened,
    Act::ContactEnded,
    Act::ContactBlocked,
    Act::ReceiptSent,
];

/// What one round did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MailboxesKept {
    /// Of how many mailboxes those who answer for them were written to.
    pub noticed: u64,
    /// How many were suspended.
    pub suspended: u64,
    /// How many were closed.
    pub closed: u64,
    /// How many seemed idle by the months, and were not.
    pub in_use: u64,
}

/// When a mailbox was last used, as far as anybody can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LastUse {
    /// Then.
    At(Timestamp),
    /// Some day of that month.
    In(Month),
    /// Never since it was opened or reopened.
    Never,
}

impl Relay {
    /// Does what time asks of mailboxes that nobody uses. A chore calls it every day, in every process: each step is
    /// taken once.
    pub async fn keep_mailboxes(
        &self,
        rules: &InactivityRules,
        now: Timestamp,
    ) -> Result<MailboxesKept, Error> {
        let mut kept = MailboxesKept::default();
        if rules.is_off() {
            return Ok(kept);
        }
        let active = self.last_active().await?;
        let mut looked = Looked::default();
        loop {
            let mut tx = self.mailstore().db().read().await.map_err(database(LOOKING))?;
            let page = inactivity::idle(&mut tx, &mut looked, rules, now).await.map_err(database(LOOKING))?;
            drop(tx);
            if page.is_empty() {
                return Ok(kept);
            }
            for mut idle in page {
                idle.used = idle.used.max(active.get(&idle.account).map(|month| month.end()));
                let Some(step) = idle.due(rules, now) else { continue };
                match self.step(idle, step, rules, now).await {
                    Ok(Some(InactivityStep::Notify)) => kept.noticed += 1,
                    Ok(Some(InactivityStep::Suspend)) => kept.suspended += 1,
                    Ok(Some(InactivityStep::Close)) => kept.closed += 1,
                    Ok(None) => kept.in_use += 1,
                    // The others have their own term; this one is looked at in the next round.
                    Err(error) => tracing::error!(
                        account = idle.account.0,
                        error = error.chain(),
                        "an idle mailbox is not looked after yet"
                    ),
                }
            }
        }
    }

    /// When a mailbox was last used: by its newest lines of the trail, else by the counted months.
    pub async fn last_use(&self, account: AccountId, now: Timestamp) -> Result<LastUse, Error> {
        let mut tx = self.mailstore().db().read().await.map_err(database(LOOKING))?;
        let lines = audit::history(&mut tx, Chain::Account(account), None, SHOWN).await;
        let lines = lines.map_err(database(LOOKING))?;
        if let Some(line) = lines.iter().filter_map(|one| one.line.as_ref()).find(|line| is_use(line)) {
            return Ok(LastUse::At(line.at));
        }
        drop(tx);
        let month = self.last_active_of(account, now).await?;
        Ok(month.map_or(LastUse::Never, LastUse::In))
    }

    /// Takes a step, unless the trail tells of a use; answers which.
    async fn step(
        &self,
        idle: Idle,
        step: InactivityStep,
        rules: &InactivityRules,
        now: Timestamp,
    ) -> Result<Option<InactivityStep>, Error> {
        let account = idle.account;
        // A suspended mailbox is used by nobody.
        let newest = match step {
            InactivityStep::Notify | InactivityStep::Suspend => {
                match self.used_since(account, idle.idle_since()).await? {
                    (_, Some(used)) => {
                        self.note_use(account, used).await?;
                        return Ok(None);
                    }
                    (newest, None) => newest,
                }
            }
            InactivityStep::Close => i64::MAX,
        };
        let letters = self.letters(&idle, step, rules, now).await?;
        let work = Work {
            directory: self.directory().clone(),
            account,
            step,
            rules: rules.clone(),
            used: idle.used,
            newest,
            letters,
            now,
        };
        let unit = db::unit("a step about an idle mailbox", work, |work, tx| Box::pin(work.run(tx)));
        Ok(self.mailstore().db().write(unit).await?.then_some(step))
    }

    /// The newest line of a mailbox's trail, and when somebody last used it behind `since`.
    async fn used_since(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> Result<(i64, Option<Timestamp>), Error> {
        let (mut newest, mut before) = (0, None);
        loop {
            let mut tx = self.mailstore().db().read().await.map_err(database(LOOKING))?;
            let page = audit::history(&mut tx, Chain::Account(account), before, LINES).await;
            let page = page.map_err(database(LOOKING))?;
            drop(tx);
            for written in &page {
                newest = newest.max(written.seq);
                let Some(line) = &written.line else { continue };
                if line.at <= since {
                    return Ok((newest, None));
                }
                if is_use(line) {
                    return Ok((newest, Some(line.at)));
                }
            }
            match page.last() {
                Some(last) if last.seq > 1 => before = Some(last.seq),
                Some(_) | None => return Ok((newest, None)),
            }
        }
    }

    async fn note_use(&self, account: AccountId, used: Timestamp) -> Result<(), Error> {
        let unit = db::unit("remember a use", (account, used), |(account, used), tx| {
            Box::pin(inactivity::note_use(tx, *account, *used))
        });
        self.mailstore().db().write(unit).await.map_err(database("remembering a use of a mailbox"))
    }

    /// What those who answer for it hear; the mailbox itself too, as long as it can be opened.
    async fn letters(
        &self,
        idle: &Idle,
        step: InactivityStep,
        rules: &InactivityRules,
        now: Timestamp,
    ) -> Result<Vec<PreparedReport>, Error> {
        let mut tx = self.mailstore().db().read().await.map_err(database(LOOKING))?;
        let found = mailboxes::find(&mut tx, &[idle.account]).await.map_err(database(LOOKING))?.pop();
        let Some(mailbox) = found else { return Ok(Vec::new()) };
        let mut told = inactivity::recipients(&mut tx, &mailbox, now).await.map_err(database(LOOKING))?;
        drop(tx);
        let idle_since = idle.suspended.filter(|_| step == InactivityStep::Close);
        let idle_since = idle_since.map_or_else(|| idle.idle_since(), |(_, since)| since);
        let (suspends, closes) = match step {
            InactivityStep::Notify => {
                told.insert(0, mailbox.address.clone());
                let suspends = rules.suspends(idle_since, now);
                (suspends, suspends.and_then(|at| rules.closes(idle_since, at)))
            }
            InactivityStep::Suspend => (None, rules.closes(idle_since, now)),
            InactivityStep::Close => (None, None),
        };
        let (subject, text) =
            texts::letter(&About { mailbox: &mailbox.address, step, idle_since, suspends, closes });
        let mut letters = Vec::new();
        for to in &told {
            letters.extend(self.house_note(to, subject, &text, now).await?);
        }
        Ok(letters)
    }
}

/// A step with all that is written with it.
struct Work {
    directory: Directory,
    account: AccountId,
    step: InactivityStep,
    rules: InactivityRules,
    /// What the months say of its use.
    used: Option<Timestamp>,
    /// The newest line of the trail that was looked at.
    newest: i64,
    letters: Vec<PreparedReport>,
    now: Timestamp,
}

impl Work {
    /// Whether the step was taken: not when another process did, or somebody used the mailbox meanwhile.
    async fn run(&self, tx: &mut Tx) -> Result<bool, Error> {
        let directory = |cause| Error::Directory { what: ACTING, cause };
        let held = self.directory.hold_idle(tx, self.account).await.map_err(directory)?;
        let Some(mut idle) = held else { return Ok(false) };
        idle.used = idle.used.max(self.used);
        let since = audit::history(tx, Chain::Account(self.account), None, LINES).await;
        let since = since.map_err(database(ACTING))?;
        let used = since.iter().take_while(|one| one.seq > self.newest).filter_map(|one| one.line.as_ref());
        if used.into_iter().any(is_use) {
            return Ok(false);
        }
        let line = self.directory.take_inactivity_step(tx, &idle, self.step, &self.rules, self.now).await;
        let Some(line) = line.map_err(directory)? else { return Ok(false) };
        let letters: Vec<&PreparedReport> = self.letters.iter().collect();
        PreparedReport::write_all(tx, &letters, vec![line]).await?;
        Ok(true)
    }
}

/// Whether somebody uses the mailbox in whose chain this stands: the house and administrators do not.
fn is_use(line: &Line) -> bool {
    let somebody = match line.actor {
        Actor::Person(_) | Actor::Account(_) => true,
        Actor::System | Actor::Patient(_) | Actor::Operator | Actor::Administrator(_) | Actor::Program(_) => {
            false
        }
    };
    somebody && USES.contains(&line.act)
}

const LOOKING: &str = "looking for mailboxes that nobody uses";
const ACTING: &str = "looking after a mailbox that nobody uses";

fn database(what: &'static str) -> impl Fn(db::Error) -> Error {
    move |cause| Error::Database { what, cause }
}
