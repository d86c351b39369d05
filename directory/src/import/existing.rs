//! What the directory knows already of the things a seed names.

use std::collections::{BTreeSet, HashMap, HashSet};

use db::Tx;
use names::{
    AccountId, Address, DistinguishedName, Domain, Ins, NationalPersonId, NationalStructureId, PatientId,
    PersonId,
};

use crate::delegations::{self, Delegation, Rights};
use crate::mandates::{self, Mandate};
use crate::sealing::Sealing;
use crate::seed::Seed;
use crate::seed::rows::PasswordOwner;
use crate::trust::{self, Place};
use crate::users::{self, User};
use crate::{
    Error, Mailbox, Organisation, Patient, Person, credentials, mailboxes, organisations, patients, people,
};

#[derive(Default)]
pub(crate) struct Existing {
    pub(crate) places: HashMap<Domain, Place>,
    /// Domains that were entered by hand, with their names.
    pub(crate) by_hand: HashMap<Domain, (Place, BTreeSet<DistinguishedName>)>,
    pub(crate) organisations: HashMap<NationalStructureId, Organisation>,
    pub(crate) people: HashMap<NationalPersonId, Person>,
    pub(crate) mailboxes: HashMap<Address, Mailbox>,
    pub(crate) members: HashMap<(AccountId, PersonId), Rights>,
    pub(crate) delegations: HashMap<(AccountId, PersonId), Delegation>,
    pub(crate) patients: HashMap<Ins, Patient>,
    /// Those who gave their own address or number when they activated their space.
    pub(crate) own_word: HashSet<PatientId>,
    pub(crate) users: Vec<User>,
    pub(crate) mandates: Vec<Mandate>,
    pub(crate) lookups: HashSet<Vec<u8>>,
}

/// Loads it: one statement for each kind of thing.
pub(crate) async fn load(tx: &mut Tx, sealing: &Sealing, seed: &Seed) -> Result<Existing, Error> {
    let mut existing = Existing::default();
    load_trust(tx, seed, &mut existing).await?;
    load_trade(tx, seed, &mut existing).await?;
    load_patients(tx, sealing, seed, &mut existing).await?;
    let lookups: Vec<[u8; 32]> = seed
        .passwords
        .iter()
        .map(|placed| sealing.secret_hash(&credentials::canonical(&placed.row.secret)))
        .collect();
    existing.lookups = credentials::known_lookups(tx, &lookups).await?.into_iter().collect();
    Ok(existing)
}

async fn load_trust(tx: &mut Tx, seed: &Seed, existing: &mut Existing) -> Result<(), Error> {
    let listed = seed.domains.iter().map(|placed| &placed.row.domain);
    let of_mailboxes = seed.mailboxes.iter().map(|placed| placed.row.address.domain());
    let domains: Vec<&Domain> = distinct(listed.chain(of_mailboxes));
    existing.places = trust::places(tx, &domains).await?;
    existing.by_hand = trust::by_hand(tx, &domains).await?;
    Ok(())
}

async fn load_trade(tx: &mut Tx, seed: &Seed, existing: &mut Existing) -> Result<(), Error> {
    let own = seed.organisations.iter().map(|placed| &placed.row.national_id);
    let named = seed.mailboxes.iter().filter_map(|placed| placed.row.organisation.as_ref());
    let ids: Vec<NationalStructureId> = distinct(own.chain(named).map(|id| &id.0))
        .into_iter()
        .map(|id| NationalStructureId(id.clone()))
        .collect();
    for organisation in organisations::find_by_national_ids(tx, &ids).await? {
        existing.organisations.insert(organisation.national_id.clone(), organisation);
    }
    let own = seed.people.iter().map(|placed| &placed.row.national_id);
    let holders = seed.mailboxes.iter().filter_map(|placed| placed.row.person.as_ref());
    let members = seed.members.iter().map(|placed| &placed.row.person);
    let delegates = seed.delegations.iter().map(|placed| &placed.row.person);
    let owners = seed.passwords.iter().filter_map(|placed| match &placed.row.owner {
        PasswordOwner::Person(person) => Some(person),
        PasswordOwner::Machine(_) => None,
    });
    let all = own.chain(holders).chain(members).chain(delegates).chain(owners).map(|id| &id.0);
    let ids: Vec<NationalPersonId> =
        distinct(all).into_iter().map(|id| NationalPersonId(id.clone())).collect();
    for person in people::find_by_national_ids(tx, &ids).await? {
        existing.people.insert(person.national_id.clone(), person);
    }
    let own = seed.mailboxes.iter().map(|placed| &placed.row.address);
    let of_members = seed.members.iter().map(|placed| &placed.row.mailbox);
    let of_delegates = seed.delegations.iter().map(|placed| &placed.row.mailbox);
    let machines = seed.passwords.iter().filter_map(|placed| match &placed.row.owner {
        PasswordOwner::Person(_) => None,
        PasswordOwner::Machine(mailbox) => Some(mailbox),
    });
    let addresses = distinct(own.chain(of_members).chain(of_delegates).chain(machines));
    for mailbox in mailboxes::find_by_addresses(tx, &addresses).await? {
        existing.mailboxes.insert(mailbox.address.clone(), mailbox);
    }
    let accounts: Vec<AccountId> = existing.mailboxes.values().map(|mailbox| mailbox.account).collect();
    for member in delegations::members(tx, &accounts).await? {
        existing.members.insert((member.mailbox, member.person), member.rights);
    }
    for delegation in delegations::of_mailboxes(tx, &accounts).await? {
        existing.delegations.insert((delegation.mailbox, delegation.person), delegation);
    }
    Ok(())
}

async fn load_patients(
    tx: &mut Tx,
    sealing: &Sealing,
    seed: &Seed,
    existing: &mut Existing,
) -> Result<(), Error> {
    let own = seed.patients.iter().map(|placed| &placed.row.traits.ins);
    let of_users = seed.users.iter().map(|placed| &placed.row.ins);
    let of_mandates = seed.mandates.iter().map(|placed| &placed.row.ins);
    let ins: Vec<Ins> = distinct(own.chain(of_users).chain(of_mandates)).into_iter().cloned().collect();
    for patient in patients::find_by_ins(tx, sealing, &ins).await? {
        existing.patients.insert(patient.traits.ins.clone(), patient);
    }
    let own = seed.users.iter().map(|placed| &placed.row.contact.login);
    let of_mandates = seed.mandates.iter().map(|placed| &placed.row.login);
    let logins: Vec<&str> = distinct(own.chain(of_mandates)).into_iter().map(String::as_str).collect();
    existing.users = users::find_by_logins(tx, sealing, &logins).await?;
    let patients: Vec<_> = existing.patients.values().map(|patient| patient.id).collect();
    const OWN_WORD: &str =
        "SELECT DISTINCT u.patient FROM accepted_terms a JOIN patient_user u ON u.id = a.holder
        WHERE u.patient IN ({})";
    let list = patients.iter().map(|patient| db::Value::from(*patient)).collect();
    for row in tx.rows_in(OWN_WORD, db::args![], list).await? {
        existing.own_word.insert(PatientId(row.int(0)?));
    }
    for user in users::find_by_patients(tx, sealing, &patients).await? {
        if existing.users.iter().all(|known| known.id != user.id) {
            existing.users.push(user);
        }
    }
    let holders: Vec<_> = existing.users.iter().map(|user| user.id).collect();
    existing.mandates = mandates::held(tx, &holders).await?;
    Ok(())
}

fn distinct<'a, T: Ord + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
    let mut items: Vec<&T> = items.collect();
    items.sort();
    items.dedup();
    items
}
