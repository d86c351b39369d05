//! Who is behind an address: what RCPT, the final decision and the write page all ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use db::Tx;
use names::{AccountId, Address, Domain, Ins, PatientId, ProfileState, Timestamp};

use crate::sealing::Sealing;
use crate::trust::{self, Place};
use crate::{Directory, Error, Generation, Mailbox, Patient, limits, mailboxes, patients};

/// Who an address belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resolved {
    /// One of our mailboxes of the trade, in whatever state.
    Professional(Arc<Mailbox>),
    /// One of our patients, in whatever state.
    Patient(ResolvedPatient),
    /// A domain of ours where nobody has this address.
    UnknownLocal {
        /// Whether that domain is the patients'.
        patient_domain: bool,
    },
    /// Our patients' domain, before the `@` something that is no INS.
    InvalidPatientAddress,
    /// Not one of our domains.
    Remote {
        /// On the list of trusted domains.
        trusted: bool,
        /// A domain of patients, as the list says.
        patient_domain: bool,
    },
}

/// A patient as far as a letter's fate depends on them.
#[derive(Clone, PartialEq, Eq)]
pub struct ResolvedPatient {
    /// Where letters go.
    pub account: AccountId,
    /// Who.
    pub patient: PatientId,
    /// The full address with its key, also when a thirteen-character alias was asked.
    pub address: Address,
    /// The state that holds now.
    pub state: ProfileState,
    /// Every name they may be called by, for the check of the `To` name.
    pub names: Vec<String>,
    /// The name correspondents are shown.
    pub display_name: String,
}

/// Shows ids and state only.
impl std::fmt::Debug for ResolvedPatient {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ResolvedPatient({:?}, {:?})", self.patient, self.state)
    }
}

impl Directory {
    /// Who is behind these addresses, in their order. Answers from memory while nothing changed.
    pub async fn resolve(&self, addresses: &[Address], now: Timestamp) -> Result<Vec<Resolved>, Error> {
        if let Some(known) = self.resolved().all(addresses, self.generation().known()) {
            return Ok(known.iter().map(|known| known.at(now)).collect());
        }
        let mut tx = self.db().read().await?;
        // What a reader sees is committed, so it may be believed.
        self.generation().heard(Generation::read(&mut tx).await?);
        self.resolve_in(&mut tx, addresses, now).await
    }

    /// The same inside a transaction, as that transaction sees it: one small statement while nothing
    /// changed, four at most.
    pub async fn resolve_in(
        &self,
        tx: &mut Tx,
        addresses: &[Address],
        now: Timestamp,
    ) -> Result<Vec<Resolved>, Error> {
        let generation = Generation::read(tx).await?;
        if let Some(known) = self.resolved().all(addresses, generation) {
            return Ok(known.iter().map(|known| known.at(now)).collect());
        }
        let known = look_up(tx, self.sealing(), addresses).await?;
        // A number this process has not heard of may yet roll back with the change that made it.
        if generation == self.generation().known() {
            self.resolved().keep(addresses, &known, generation);
        }
        Ok(known.iter().map(|known| known.at(now)).collect())
    }
}

/// What is known of an address without regard to the time.
#[derive(Clone)]
enum Known {
    Professional(Arc<Mailbox>),
    Patient(Arc<Patient>, Address),
    UnknownLocal { patient_domain: bool },
    InvalidPatientAddress,
    Remote { trusted: bool, patient_domain: bool },
}

impl Known {
    fn at(&self, now: Timestamp) -> Resolved {
        match self {
            Self::Professional(mailbox) => Resolved::Professional(Arc::clone(mailbox)),
            Self::Patient(patient, address) => Resolved::Patient(ResolvedPatient {
                account: patient.account,
                patient: patient.id,
                address: address.clone(),
                state: patient.life.state(now),
                names: patient.names(),
                display_name: patient.display_name(),
            }),
            Self::UnknownLocal { patient_domain } => {
                Resolved::UnknownLocal { patient_domain: *patient_domain }
            }
            Self::InvalidPatientAddress => Resolved::InvalidPatientAddress,
            Self::Remote { trusted, patient_domain } => {
                Resolved::Remote { trusted: *trusted, patient_domain: *patient_domain }
            }
        }
    }
}

/// Three statements at most: the domains, our mailboxes, our patients.
async fn look_up(tx: &mut Tx, sealing: &Sealing, addresses: &[Address]) -> Result<Vec<Known>, Error> {
    let mut domains: Vec<&Domain> = addresses.iter().map(Address::domain).collect();
    domains.sort();
    domains.dedup();
    let places = trust::places(tx, &domains).await?;
    let listed = &places;
    let at = |place: Place| addresses.iter().filter(move |a| listed.get(a.domain()) == Some(&place));
    let ours: Vec<&Address> = at(Place::Local).collect();
    let mut ins: Vec<Ins> = at(Place::LocalPatients).filter_map(|address| address.ins().ok()).collect();
    ins.sort();
    ins.dedup();
    let mailboxes: HashMap<Address, Arc<Mailbox>> = mailboxes::find_by_addresses(tx, &ours)
        .await?
        .into_iter()
        .map(|mailbox| (mailbox.address.clone(), Arc::new(mailbox)))
        .collect();
    let patients: HashMap<Ins, Arc<Patient>> = patients::find_by_ins(tx, sealing, &ins)
        .await?
        .into_iter()
        .map(|patient| (patient.traits.ins.clone(), Arc::new(patient)))
        .collect();
    let known = |address: &Address| match places.get(address.domain()) {
        Some(Place::Local) => match mailboxes.get(address) {
            Some(mailbox) => Known::Professional(Arc::clone(mailbox)),
            None => Known::UnknownLocal { patient_domain: false },
        },
        Some(Place::LocalPatients) => match address.ins() {
            Ok(ins) => match patients.get(&ins) {
                Some(patient) => Known::Patient(Arc::clone(patient), patient.address(address.domain())),
                None => Known::UnknownLocal { patient_domain: true },
            },
            Err(_) => Known::InvalidPatientAddress,
        },
        Some(Place::Remote) => Known::Remote { trusted: true, patient_domain: false },
        Some(Place::RemotePatients) => Known::Remote { trusted: true, patient_domain: true },
        None => Known::Remote { trusted: false, patient_domain: false },
    };
    Ok(addresses.iter().map(known).collect())
}

/// Addresses resolved at one generation.
#[derive(Default)]
pub(crate) struct ResolveCache(Mutex<Filled>);

#[derive(Default)]
struct Filled {
    generation: i64,
    known: HashMap<Address, Known>,
}

impl ResolveCache {
    /// What is known of all these addresses, if the cache is of this generation and has them all.
    fn all(&self, addresses: &[Address], generation: i64) -> Option<Vec<Known>> {
        let filled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if filled.generation != generation {
            return None;
        }
        addresses.iter().map(|address| filled.known.get(address).cloned()).collect()
    }

    fn keep(&self, addresses: &[Address], known: &[Known], generation: i64) {
        let mut filled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if filled.generation > generation {
            return;
        }
        let full = filled.known.len() + addresses.len() > limits::RESOLVE_CACHE_ENTRIES;
        if filled.generation < generation || full {
            filled.known.clear();
            filled.generation = generation;
        }
        filled.known.extend(addresses.iter().cloned().zip(known.iter().cloned()));
    }
}

#[cfg(test)]
mod tests;
