//! The last acts on a professional's mailboxes, from the chains of the trail.

use std::collections::{HashMap, HashSet};

use audit::{Act, Actor, Chain, Line};
use directory::{ProfessionalSession, Rights, mailboxes, people};
use names::{AccountId, CredentialId, PersonId, Timestamp};

use super::texts;
use crate::data::{Doing, Failure, Rooms};
use crate::limits::{JOURNAL_LINES, JOURNAL_READ, JOURNAL_READ_PAGE};

/// One act, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: &'static str,
    /// Who, and for whom.
    pub who: String,
    /// On which mailbox, or in this space.
    pub place: String,
    /// What completes it: by which door, to whom.
    pub more: String,
}

/// A line with where it stands.
struct Placed {
    line: Line,
    mailbox: Option<AccountId>,
}

const WHAT: &str = "reading the journal of a professional";

impl Rooms {
    /// The last acts on the mailboxes that this professional manages, and their own, newest first:
    /// who signed in, who wrote for whom, passwords, delegations. Never what a letter said or to whom.
    pub async fn journal(&self, session: &ProfessionalSession, now: Timestamp) -> Result<Vec<Told>, Failure> {
        let managed: Vec<AccountId> = self
            .mailboxes_of(session, now)
            .await?
            .into_iter()
            .filter(|(_, rights)| *rights == Rights::Manage)
            .map(|(mailbox, _)| mailbox.account)
            .collect();
        let mut placed = Vec::new();
        for account in &managed {
            let lines = self.last_lines(Chain::Account(*account), is_shown).await?;
            placed.extend(lines.into_iter().map(|line| Placed { line, mailbox: Some(*account) }));
        }
        let own = self.last_lines(Chain::Person(session.person.id), is_shown).await?;
        // What was given on a mailbox of one's own stands in that mailbox's chain already.
        let told_there = |line: &Line| {
            let mailbox = number(line, "mailbox").map(AccountId);
            mailbox.is_some_and(|mailbox| managed.contains(&mailbox))
        };
        placed.extend(
            own.into_iter()
                .filter(|line| !told_there(line))
                .map(|line| Placed { mailbox: number(&line, "mailbox").map(AccountId), line }),
        );
        placed.sort_by_key(|placed| std::cmp::Reverse(placed.line.at));
        placed.truncate(JOURNAL_LINES);
        self.in_words(session, placed).await
    }

    /// When each application password was last seen signing in, among the last lines of the mailboxes
    /// this professional may use.
    pub async fn last_uses(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<HashMap<CredentialId, Timestamp>, Failure> {
        let mut uses: HashMap<CredentialId, Timestamp> = HashMap::new();
        for (mailbox, _) in self.mailboxes_of(session, now).await? {
            let lines = self.last_lines(Chain::Account(mailbox.account), |act| act == Act::SignedIn).await?;
            let own = lines.iter().filter(|line| line.actor == Actor::Person(session.person.id));
            for line in own {
                let Some(credential) = number(line, "credential").map(CredentialId) else { continue };
                let last = uses.entry(credential).or_insert(line.at);
                *last = line.at.max(*last);
            }
        }
        Ok(uses)
    }

    /// The newest lines of a chain that are asked for; how far back it looks is bounded, because a
    /// busy mailbox has a line for every letter.
    async fn last_lines(&self, chain: Chain, wanted: impl Fn(Act) -> bool) -> Result<Vec<Line>, Failure> {
        let mut tx = self.relay.mailstore().db().read().await.doing(WHAT)?;
        let (mut found, mut before, mut read) = (Vec::new(), None, 0);
        while read < JOURNAL_READ && found.len() < JOURNAL_LINES {
            let page = audit::history(&mut tx, chain, before, JOURNAL_READ_PAGE).await.doing(WHAT)?;
            let Some(last) = page.last() else { break };
            before = Some(last.seq);
            read += page.len();
            found.extend(page.into_iter().filter_map(|written| written.line).filter(|line| wanted(line.act)));
        }
        Ok(found)
    }

    async fn in_words(
        &self,
        session: &ProfessionalSession,
        placed: Vec<Placed>,
    ) -> Result<Vec<Told>, Failure> {
        let mut accounts = HashSet::new();
        let mut persons = HashSet::new();
        for Placed { line, mailbox } in &placed {
            accounts.extend(*mailbox);
            persons.extend(number(line, "person").map(PersonId));
            for actor in [Some(line.actor), line.for_whom].into_iter().flatten() {
                match actor {
                    Actor::Person(person) => drop(persons.insert(person)),
                    Actor::Account(account) => drop(accounts.insert(account)),
                    Actor::System
                    | Actor::Patient(_)
                    | Actor::Operator
                    | Actor::Administrator(_)
                    | Actor::Program(_) => {}
                }
            }
        }
        let mut tx = self.relay.mailstore().db().read().await.doing(WHAT)?;
        let mut names: HashMap<String, String> = HashMap::new();
        for person in persons {
            if let Some(found) = people::find(&mut tx, person).await.doing(WHAT)? {
                names.insert(Actor::Person(person).to_string(), found.display_name());
            }
        }
        names.insert(Actor::Person(session.person.id).to_string(), texts::YOU.to_owned());
        let accounts: Vec<AccountId> = accounts.into_iter().collect();
        let mut addresses = HashMap::new();
        for mailbox in mailboxes::find(&mut tx, &accounts).await.doing(WHAT)? {
            let holder = mailbox.person.as_ref().map(|person| person.id) == Some(session.person.id);
            let name = if holder { texts::YOU.to_owned() } else { mailbox.display_name() };
            names.insert(Actor::Account(mailbox.account).to_string(), name);
            addresses.insert(mailbox.account, mailbox.address.to_string());
        }
        Ok(placed.into_iter().map(|placed| told(&placed, &names, &addresses)).collect())
    }
}

fn told(placed: &Placed, names: &HashMap<String, String>, addresses: &HashMap<AccountId, String>) -> Told {
    let Placed { line, mailbox } = placed;
    let named = |actor: Actor| crate::texts::called(actor, names);
    let who = if line.act == Act::SignInRefused {
        // Nobody knows who it was: the line holds the identifier that was typed.
        texts::SOMEBODY_TRIED.to_owned()
    } else {
        let actor = named(line.actor);
        let for_whom = line.for_whom.map(named).filter(|whom| *whom != actor);
        texts::actor(&actor, for_whom.as_deref())
    };
    let delegation = matches!(line.act, Act::DelegationGiven | Act::DelegationEnded);
    let more = match number(line, "person").filter(|_| delegation) {
        Some(person) => texts::delegate(&named(Actor::Person(PersonId(person)))),
        None => word(line, "door").map_or("", texts::door).to_owned(),
    };
    let place = mailbox.and_then(|mailbox| addresses.get(&mailbox).cloned());
    Told {
        at: line.at,
        what: texts::act(line.act),
        who,
        place: place.unwrap_or_else(|| texts::THIS_SPACE.to_owned()),
        more,
    }
}

fn is_shown(act: Act) -> bool {
    matches!(
        act,
        Act::SignedIn
            | Act::SignInRefused
            | Act::SignedOut
            | Act::LetterSent
            | Act::CredentialIssued
            | Act::CredentialRevoked
            | Act::Invited
            | Act::PasswordChosen
            | Act::DelegationGiven
            | Act::DelegationEnded
            | Act::AccountCreated
            | Act::AccountChanged
            | Act::AdminLooked
    )
}

/// The value of `name=` in a line's detail.
fn word<'a>(line: &'a Line, name: &str) -> Option<&'a str> {
    line.detail.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

fn number(line: &Line, name: &str) -> Option<i64> {
    word(line, name)?.parse().ok()
}
