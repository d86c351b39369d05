//! Counting a stretch of time from the traces of its letters and the trail of its sign-ins.

use super::{Figures, MailboxCounts, WHAT, database};
use crate::{Error, Relay};
use audit::{Act, Chain};
use directory::mailboxes;
use directory::trust::{self, Place};
use mailstore::{Claims, Trace, TracedRecipient};
use names::{AccountId, Address, Domain, HOUR, QueueId, Timestamp};
use policy::Grant;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// Traces opened at a time.
const PAGE: u32 = 1_000;

/// What letters to others of our mailboxes were filed, by address: most addresses come again.
#[derive(Default)]
struct Sums {
    figures: Figures,
    filed: HashMap<Address, i64>,
}

impl Relay {
    pub(super) async fn gather(&self, times: Range<Timestamp>) -> Result<Figures, Error> {
        let mut sums = Sums::default();
        let mut after = None;
        loop {
            // A view of its own for each page: what is kept meanwhile is not held back.
            let mut tx = self.reading().await?;
            let page = self.mailstore().passages(&mut tx, times.clone(), after, PAGE).await;
            let page = page.map_err(|cause| Error::Store { what: WHAT, cause })?;
            let patients = patients_of(&mut tx, &page).await.map_err(database)?;
            drop(tx);
            let Some(last) = page.last() else { break };
            after = Some(QueueId(last.queue.0));
            page.iter().for_each(|trace| sums.count(trace, &patients));
        }
        self.name_recipients(&mut sums).await?;
        self.count_connections(&mut sums.figures, times).await?;
        Ok(sums.figures)
    }

    /// Letters filed under an address are those of its mailbox; patients' are nobody's here.
    async fn name_recipients(&self, sums: &mut Sums) -> Result<(), Error> {
        let addresses: Vec<&Address> = sums.filed.keys().collect();
        let mut tx = self.reading().await?;
        for mailbox in mailboxes::find_by_addresses(&mut tx, &addresses).await.map_err(database)? {
            let filed = sums.filed.get(&mailbox.address).copied().unwrap_or(0);
            sums.figures.mailboxes.entry(mailbox.account).or_default().received += filed;
        }
        Ok(())
    }

    async fn count_connections(&self, figures: &mut Figures, times: Range<Timestamp>) -> Result<(), Error> {
        let mut sums = BTreeMap::<AccountId, i64>::new();
        let mut start = times.start;
        while start < times.end {
            let end = start.plus(HOUR).min(times.end);
            let mut tx = self.reading().await?;
            for (chain, count) in audit::count(&mut tx, Act::SignedIn, start..end).await.map_err(database)? {
                match chain {
                    Chain::Account(account) => *sums.entry(account).or_default() += count,
                    Chain::System | Chain::Person(_) => {}
                }
            }
            start = end;
        }
        // A patient signs in on the web: that is no connection of a mailbox of the trade.
        let accounts: Vec<AccountId> = sums.keys().copied().collect();
        let mut tx = self.reading().await?;
        for mailbox in mailboxes::find(&mut tx, &accounts).await.map_err(database)? {
            let connections = sums.get(&mailbox.account).copied().unwrap_or(0);
            figures.mailboxes.entry(mailbox.account).or_default().connections += connections;
        }
        Ok(())
    }
}

impl Sums {
    fn count(&mut self, trace: &Trace, patients: &HashSet<Domain>) {
        let by_a_mailbox = trace.account.filter(|_| trace.door == "submission");
        if trace.body.is_none() {
            if let Some(account) = by_a_mailbox {
                self.figures.mailboxes.entry(account).or_default().refused += 1;
            }
            return;
        }
        let got_it: Vec<Address> = trace.recipients.iter().filter_map(taken).collect();
        if got_it.is_empty() {
            return; // A report, or nobody got it.
        }
        let domains: BTreeSet<&Domain> = got_it.iter().map(Address::domain).collect();
        if let Some(account) = by_a_mailbox {
            let counts = MailboxCounts {
                sent: 1,
                sent_to_patients: i64::from(domains.iter().any(|domain| patients.contains(*domain))),
                sent_with_cda: i64::from(trace.claims.holds(Claims::CDA)),
                sent_with_qualified_ins: i64::from(trace.claims.holds(Claims::QUALIFIED_INS)),
                ..MailboxCounts::default()
            };
            self.figures.mailboxes.entry(account).or_default().add(&counts);
        }
        if let Ok(sender) = Address::parse(&trace.sender) {
            self.figures.domains.entry(sender.domain().clone()).or_default().sent += 1;
        }
        for domain in domains {
            self.figures.domains.entry(domain.clone()).or_default().received += 1;
        }
        let here = trace.recipients.iter().filter(|recipient| recipient.outcome == "delivered");
        for address in here.filter_map(taken).filter(|address| !patients.contains(address.domain())) {
            *self.filed.entry(address).or_default() += 1;
        }
    }
}

/// The address of a recipient who got a letter; none for one who was refused, or who got a report.
fn taken(recipient: &TracedRecipient) -> Option<Address> {
    let got_it = recipient.outcome != "refused" && recipient.rule != Grant::Report.id();
    got_it.then(|| Address::parse(&recipient.address).ok()).flatten()
}

/// Which domains of these letters' recipients are patients'.
async fn patients_of(tx: &mut db::Tx, page: &[Trace]) -> Result<HashSet<Domain>, db::Error> {
    let recipients = page.iter().flat_map(|trace| &trace.recipients);
    let domains: HashSet<Domain> =
        recipients.filter_map(taken).map(|address| address.domain().clone()).collect();
    let domains: Vec<&Domain> = domains.iter().collect();
    let places = trust::places(tx, &domains).await?;
    let patients = |place: &Place| match place {
        Place::LocalPatients | Place::RemotePatients => true,
        Place::Local | Place::Remote => false,
    };
    Ok(places.into_iter().filter(|(_, place)| patients(place)).map(|(domain, _)| domain).collect())
}
