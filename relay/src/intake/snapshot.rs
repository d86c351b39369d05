//! Loading what the rules must know: the parties of a letter and the contacts between them.

use crate::{Error, parties};
use directory::{Directory, Resolved};
use mailstore::Mailstore;
use names::{AccountId, Address, PartyId, Timestamp};
use policy::{
    Acquaintance, Answered, Contact, ContactState, Home, Mandate, Party, PatientHome, Settings, Snapshot,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The parties that were looked up together.
#[derive(Clone, Default)]
pub(crate) struct Known {
    parties: HashMap<Address, Party>,
}

/// One question to the rules.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// None is the null sender.
    pub(crate) sender: Option<&'a Address>,
    pub(crate) recipient: &'a Address,
    pub(crate) reply_to: &'a [Address],
    pub(crate) answered: Option<&'a Answered>,
}

/// The contacts that were loaded, by patient and correspondent, and the names of their parties.
#[derive(Default)]
pub(crate) struct Contacts {
    rows: HashMap<(PartyId, PartyId), mailstore::Contact>,
    ids: HashMap<Address, PartyId>,
    names: HashMap<PartyId, Address>,
}

impl Known {
    /// What the directory said of these addresses, in their order.
    pub(crate) fn gather(addresses: &[Address], resolved: &[Resolved]) -> Self {
        let parties = addresses.iter().zip(resolved);
        Self {
            parties: parties
                .map(|(address, found)| (address.clone(), parties::party(address, found)))
                .collect(),
        }
    }

    pub(crate) fn party(&self, address: &Address) -> Party {
        self.parties.get(address).cloned().unwrap_or(Party::OutsideTrust)
    }

    pub(crate) fn account(&self, address: &Address) -> Option<AccountId> {
        match self.parties.get(address)? {
            Party::Professional(mailbox) => match mailbox.home {
                Home::Local(account) => Some(account),
                Home::Remote => None,
            },
            Party::Patient(patient) => match patient.home {
                PatientHome::Local(account, _) => Some(account),
                PatientHome::Remote => None,
            },
            Party::UnknownPatient
            | Party::InvalidPatientAddress
            | Party::UnknownMailbox
            | Party::OutsideTrust
            | Party::Nobody => None,
        }
    }

    /// Whether a patient has this address.
    pub(crate) fn is_patient(&self, address: &Address) -> bool {
        matches!(self.parties.get(address), Some(Party::Patient(_)))
    }
}

impl Wanted<'_> {
    /// The patient side and the addresses whose contact with it counts; none between professionals.
    fn pairs(&self, known: &Known) -> Option<(Address, Vec<Address>)> {
        if known.is_patient(self.recipient) {
            let others = self.sender.into_iter().chain(self.reply_to).cloned().collect();
            Some((self.recipient.clone(), others))
        } else {
            let sender = self.sender.filter(|sender| known.is_patient(sender))?;
            let author = self.answered.map(|answered| &answered.from);
            let others = std::iter::once(self.recipient).chain(author).cloned().collect();
            Some((sender.clone(), others))
        }
    }
}

/// Whether contacts, conversations or dossiers matter at all: between professionals nothing of the kind is
/// kept, and nobody needs a party.
pub(crate) fn involves_patients(known: &Known, wanted: &[Wanted<'_>]) -> bool {
    wanted.iter().any(|question| question.pairs(known).is_some())
}

/// Loads the contacts of these questions, in few statements; inside a unit their rows are locked.
///
/// For a letter to a patient **all** contacts of that patient are loaded, because `[FIN]` ends every
/// one that the sender opened; a patient has tens of correspondents, not thousands.
pub(crate) async fn load(
    mailstore: &Mailstore,
    directory: &Directory,
    tx: &mut db::Tx,
    known: &Known,
    wanted: &[Wanted<'_>],
    ends: bool,
) -> Result<Contacts, Error> {
    let what = "loading contacts";
    let store = |cause| Error::Store { what, cause };
    let mut contacts = Contacts::default();
    if !involves_patients(known, wanted) {
        return Ok(contacts);
    }
    contacts.identify(mailstore, tx, known).await?;
    let mut pairs = Vec::new();
    let mut patients = BTreeSet::new();
    for question in wanted {
        let Some((patient, others)) = question.pairs(known) else { continue };
        let Some(&patient_id) = contacts.ids.get(&patient) else { continue };
        patients.insert(patient_id);
        let others = others.iter().filter_map(|other| contacts.ids.get(other));
        pairs.extend(others.map(|other| (patient_id, *other)));
    }
    contacts.rows = mailstore.load_contacts(tx, &pairs).await.map_err(store)?;
    if ends {
        for patient in patients {
            for contact in mailstore.contacts_of(tx, patient).await.map_err(store)? {
                contacts.rows.insert((contact.patient, contact.correspondent), contact);
            }
        }
    }
    contacts.name_the_rest(mailstore, directory, tx).await?;
    Ok(contacts)
}

impl Contacts {
    async fn identify(&mut self, mailstore: &Mailstore, tx: &mut db::Tx, known: &Known) -> Result<(), Error> {
        let mut remote = Vec::new();
        for address in known.parties.keys() {
            match known.account(address) {
                Some(account) => self.note(address.clone(), mailstore::Party::of_account(account)),
                None if parties::address(&known.party(address)).is_some() => remote.push(address.clone()),
                None => {}
            }
        }
        if !remote.is_empty() {
            let found = mailstore.parties_of(tx, &remote).await;
            let found = found.map_err(|cause| Error::Store { what: "finding parties", cause })?;
            found.into_iter().for_each(|(address, id)| self.note(address, id));
        }
        Ok(())
    }

    /// The party of an address, once it has one.
    pub(crate) fn id(&self, address: &Address) -> Option<PartyId> {
        self.ids.get(address).copied()
    }

    /// Takes over parties that were made.
    pub(crate) fn learn(&mut self, made: HashMap<Address, PartyId>) {
        made.into_iter().for_each(|(address, id)| self.note(address, id));
    }

    fn note(&mut self, address: Address, id: PartyId) {
        self.names.insert(id, address.clone());
        self.ids.insert(address, id);
    }

    /// Finds the addresses of parties that stand in rows but in no letter: openers, others' contacts.
    async fn name_the_rest(
        &mut self,
        mailstore: &Mailstore,
        directory: &Directory,
        tx: &mut db::Tx,
    ) -> Result<(), Error> {
        let mut unnamed: Vec<PartyId> =
            self.rows.values().flat_map(|row| [Some(row.correspondent), row.opened_by]).flatten().collect();
        unnamed.retain(|id| !self.names.contains_key(id));
        unnamed.sort_unstable();
        unnamed.dedup();
        if unnamed.is_empty() {
            return Ok(());
        }
        let accounts: Vec<AccountId> = unnamed.iter().map(|id| AccountId(id.0)).collect();
        let mailboxes = directory.mailboxes_in(tx, &accounts).await;
        let mailboxes =
            mailboxes.map_err(|cause| Error::Directory { what: "naming correspondents", cause })?;
        for mailbox in mailboxes {
            self.note(mailbox.address, mailstore::Party::of_account(mailbox.account));
        }
        unnamed.retain(|id| !self.names.contains_key(id));
        let who = mailstore.who(tx, &unnamed).await;
        for (id, party) in who.map_err(|cause| Error::Store { what: "naming correspondents", cause })? {
            if let mailstore::Party::Remote(address) = party {
                self.note(address, id);
            }
        }
        Ok(())
    }

    /// What the rules may know of one question.
    pub(crate) fn snapshot(
        &self,
        known: &Known,
        wanted: &Wanted<'_>,
        mandate: Option<&Mandate>,
        settings: &Arc<Settings>,
    ) -> Snapshot {
        let patient = wanted.pairs(known).and_then(|(patient, _)| self.ids.get(&patient).copied());
        let contacts = self.rows.values().filter(|row| Some(row.patient) == patient);
        Snapshot {
            sender: wanted.sender.map_or(Party::Nobody, |sender| known.party(sender)),
            recipient: known.party(wanted.recipient),
            contacts: contacts.filter_map(|row| self.contact(row)).collect(),
            reply_to: wanted.reply_to.iter().map(|address| known.party(address)).collect(),
            answered: wanted.answered.cloned(),
            acquaintance: Acquaintance::Stranger,
            mandate: mandate.cloned(),
            settings: Arc::clone(settings),
        }
    }

    fn contact(&self, row: &mailstore::Contact) -> Option<Contact> {
        Some(Contact {
            correspondent: self.names.get(&row.correspondent)?.clone(),
            state: match row.state {
                mailstore::ContactState::Never => ContactState::Never,
                mailstore::ContactState::Open => ContactState::Open,
                mailstore::ContactState::Ended => ContactState::Ended,
            },
            opened_by: row.opened_by.and_then(|id| self.names.get(&id).cloned()),
            answerable_from: row.answerable_from,
            blocks: policy::Blocks { access: switch(row.no_access), letters: switch(row.refuse_letters) },
        })
    }

    /// Takes over what was decided for `patient`; answers the rows to write. Parties of other
    /// operators must exist by now.
    pub(crate) fn apply(
        &mut self,
        patient: &Address,
        changes: &[policy::ContactChange],
    ) -> Vec<mailstore::Contact> {
        let Some(&patient) = self.ids.get(patient) else { return Vec::new() };
        let mut written = Vec::with_capacity(changes.len());
        for change in changes {
            let Some(&correspondent) = self.ids.get(&change.correspondent) else { continue };
            let opened_by = change.opened_by.as_ref().and_then(|address| self.ids.get(address).copied());
            let known = self.rows.get(&(patient, correspondent)).cloned();
            let mut row = known.unwrap_or_else(|| mailstore::Contact::never(patient, correspondent));
            row.state = match change.state {
                ContactState::Never => mailstore::ContactState::Never,
                ContactState::Open => mailstore::ContactState::Open,
                ContactState::Ended => mailstore::ContactState::Ended,
            };
            row.opened_by = opened_by;
            row.answerable_from = change.answerable_from;
            self.rows.insert((patient, correspondent), row.clone());
            written.push(row);
        }
        written
    }

    /// Makes parties of the remote addresses of these questions that have none yet.
    pub(crate) async fn ensure(
        &mut self,
        mailstore: &Mailstore,
        tx: &mut db::Tx,
        addresses: &[Address],
        now: Timestamp,
    ) -> Result<(), Error> {
        let missing: Vec<Address> =
            addresses.iter().filter(|address| !self.ids.contains_key(*address)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let made = mailstore.ensure_parties(tx, &missing, now).await;
        let made = made.map_err(|cause| Error::Store { what: "noting a party", cause })?;
        self.learn(made);
        Ok(())
    }
}

fn switch(on: bool) -> policy::Switch {
    if on { policy::Switch::On } else { policy::Switch::Off }
}
