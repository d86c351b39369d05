//! From a seed and what is known to the steps that make up the difference. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use names::{
    AccountId, AccountKind, Address, CredentialId, DistinguishedName, Domain, Ins, NationalPersonId,
    NationalStructureId, OrganisationId, PatientId, PersonId,
};

use crate::credentials::{self, Owner};
use crate::delegations::Delegation;
use crate::import::existing::Existing;
use crate::import::plan::{Known, Plan, Step, Write};
use crate::mailboxes::MailboxState;
use crate::mandates::Mandate;
use crate::sealing::Sealing;
use crate::seed::rows::{MailboxRow, PasswordOwner};
use crate::seed::{Place, Placed, Seed};
use crate::{Mailbox, Organisation, Patient, Person, Traits, UserId, passwords, trust};

/// Makes the plan. `id` gives row ids.
pub(crate) fn plan(seed: &Seed, existing: &Existing, sealing: &Sealing, id: impl FnMut() -> i64) -> Plan {
    let plan = Plan {
        steps: Vec::new(),
        unchanged: 0,
        faults: seed.faults.clone(),
        accounts_created: Vec::new(),
        patients_known: Vec::new(),
    };
    let mut planner = Planner {
        plan,
        id,
        existing,
        places: existing.places.clone(),
        organisations: existing.organisations.clone(),
        people: existing.people.clone(),
        mailboxes: existing.mailboxes.clone(),
        patients: existing.patients.clone(),
        users: existing
            .users
            .iter()
            .map(|user| (user.contact.login.clone(), (user.id, user.patient)))
            .collect(),
        seen: HashSet::new(),
    };
    planner.domains(seed);
    planner.organisations(seed);
    planner.people(seed);
    planner.mailboxes(seed);
    planner.members(seed);
    planner.delegations(seed);
    planner.patients(seed);
    planner.users(seed);
    planner.mandates(seed);
    planner.secrets(seed, sealing);
    let mut plan = planner.plan;
    plan.faults.sort();
    plan
}

/// What is known so far, the steps planned included.
struct Planner<'a, F> {
    plan: Plan,
    id: F,
    existing: &'a Existing,
    places: HashMap<Domain, trust::Place>,
    organisations: HashMap<NationalStructureId, Organisation>,
    people: HashMap<NationalPersonId, Person>,
    mailboxes: HashMap<Address, Mailbox>,
    patients: HashMap<Ins, Patient>,
    users: HashMap<String, (UserId, PatientId)>,
    /// Keys met in this seed: the same row twice is a mistake, not an update.
    seen: HashSet<String>,
}

impl<F: FnMut() -> i64> Planner<'_, F> {
    fn domains(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.domains {
            if !self.first(at, format!("domain {}", row.domain)) {
                continue;
            }
            let known = self.existing.by_hand.get(&row.domain);
            let names: BTreeSet<DistinguishedName> = row.names.iter().cloned().collect();
            self.places.insert(row.domain.clone(), row.place);
            let same = known.is_some_and(|(place, known)| *place == row.place && *known == names);
            let names = names.into_iter().collect();
            let write = Write::Domain { domain: row.domain.clone(), place: row.place, names };
            self.step(at, known.is_some(), same, write);
        }
    }

    fn organisations(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.organisations {
            if !self.first(at, format!("organisation {}", row.national_id.0)) {
                continue;
            }
            let known = self.existing.organisations.get(&row.national_id);
            let organisation = Organisation {
                id: known.map_or_else(|| OrganisationId((self.id)()), |known| known.id),
                national_id: row.national_id.clone(),
                finess: row.finess.clone(),
                siret: row.siret.clone(),
                name: row.name.clone(),
                sector: row.sector.clone(),
                street: row.street.clone(),
                postal_code: row.postal_code.clone(),
                town: row.town.clone(),
            };
            self.organisations.insert(row.national_id.clone(), organisation.clone());
            let same = known == Some(&organisation);
            self.step(at, known.is_some(), same, Write::Organisation(organisation));
        }
    }

    fn people(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.people {
            if !self.first(at, format!("person {}", row.national_id.0)) {
                continue;
            }
            let known = self.existing.people.get(&row.national_id);
            let person = Person {
                id: known.map_or_else(|| PersonId((self.id)()), |known| known.id),
                national_id: row.national_id.clone(),
                civility: row.civility.clone(),
                given_name: row.given_name.clone(),
                family_name: row.family_name.clone(),
                profession: row.profession.clone(),
                specialty: row.specialty.clone(),
            };
            self.people.insert(row.national_id.clone(), person.clone());
            let same = known == Some(&person);
            self.step(at, known.is_some(), same, Write::Person(person));
        }
    }

    fn mailboxes(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.mailboxes {
            if !self.first(at, format!("mailbox {}", row.address)) {
                continue;
            }
            match self.mailbox(row) {
                Ok((mailbox, new_state)) => {
                    self.mailboxes.insert(row.address.clone(), mailbox.clone());
                    let known = self.existing.mailboxes.get(&row.address);
                    if known.is_none() {
                        self.plan.accounts_created.push((mailbox.account, mailbox.kind));
                    }
                    // Person and organisation have steps of their own.
                    let own = |mailbox: &Mailbox| {
                        (mailbox.description.clone(), mailbox.service.clone(), mailbox.red_list, mailbox.rank)
                    };
                    let same = new_state.is_none() && known.map(own) == Some(own(&mailbox));
                    self.step(
                        at,
                        known.is_some(),
                        same,
                        Write::Mailbox { mailbox: Box::new(mailbox), new_state },
                    );
                }
                Err(reason) => self.plan.faults.push(at.fault(reason)),
            }
        }
    }

    fn mailbox(&mut self, row: &MailboxRow) -> Result<(Mailbox, Option<MailboxState>), String> {
        if self.places.get(row.address.domain()) != Some(&trust::Place::Local) {
            return Err("the address is not at a domain of ours for professionals".to_owned());
        }
        let person = match &row.person {
            Some(id) => Some(self.people.get(id).cloned().ok_or("person: there is no such professional")?),
            None => None,
        };
        let organisation = match &row.organisation {
            Some(id) => Some(
                self.organisations.get(id).cloned().ok_or("organisation: there is no such organisation")?,
            ),
            None => None,
        };
        let known = self.existing.mailboxes.get(&row.address);
        if let Some(known) = known {
            if known.kind != row.kind {
                return Err("the kind of a mailbox never changes".to_owned());
            }
            let holder = |mailbox: &Mailbox| {
                (
                    mailbox.person.as_ref().map(|person| person.id),
                    mailbox.organisation.as_ref().map(|organisation| organisation.id),
                )
            };
            let asked = (person.as_ref().map(|p| p.id), organisation.as_ref().map(|o| o.id));
            if holder(known) != asked {
                return Err("the holder of a mailbox never changes".to_owned());
            }
        }
        let state = row.state.or(known.map(|known| known.state)).unwrap_or(MailboxState::Open);
        let mailbox = Mailbox {
            account: known.map_or_else(|| AccountId((self.id)()), |known| known.account),
            address: row.address.clone(),
            kind: row.kind,
            state,
            red_list: row.red_list,
            rank: row.rank,
            followed: known.is_some_and(|known| known.followed),
            responsible: known.and_then(|known| known.responsible.clone()),
            description: row.description.clone(),
            service: row.service.clone(),
            person,
            organisation,
        };
        Ok((mailbox, row.state.filter(|state| known.is_some_and(|known| known.state != *state))))
    }

    fn members(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.members {
            let (Some(mailbox), Some(person)) =
                (self.mailboxes.get(&row.mailbox), self.people.get(&row.person))
            else {
                self.plan.faults.push(at.fault("there is no such mailbox or no such professional"));
                continue;
            };
            let (account, person, rights) = (mailbox.account, person.id, row.rights);
            match mailbox.kind {
                AccountKind::Organisational | AccountKind::Practice => {}
                AccountKind::Personal | AccountKind::Applicative | AccountKind::Patient => {
                    self.plan.faults.push(at.fault("only an ORG or a CAB has members; others are delegated"));
                    continue;
                }
            }
            if self.first(at, format!("member {} {}", account.0, person.0)) {
                let known = self.existing.members.get(&(account, person));
                let same = known == Some(&rights);
                self.step(at, known.is_some(), same, Write::Member { mailbox: account, person, rights });
            }
        }
    }

    fn delegations(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.delegations {
            let (Some(mailbox), Some(person)) =
                (self.mailboxes.get(&row.mailbox), self.people.get(&row.person))
            else {
                self.plan.faults.push(at.fault("there is no such mailbox or no such professional"));
                continue;
            };
            if mailbox.kind == AccountKind::Applicative {
                self.plan.faults.push(at.fault("nobody acts for a machine"));
                continue;
            }
            let delegation = Delegation {
                mailbox: mailbox.account,
                person: person.id,
                rights: row.rights,
                starts: row.starts,
                ends: row.ends,
            };
            let key = (delegation.mailbox, delegation.person);
            if self.first(at, format!("delegation {} {}", key.0.0, key.1.0)) {
                let known = self.existing.delegations.get(&key);
                let same = known == Some(&delegation);
                self.step(at, known.is_some(), same, Write::Delegation(delegation));
            }
        }
    }

    fn patients(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.patients {
            if !self.first(at, format!("patient {}", row.traits.ins.expose())) {
                continue;
            }
            let known = self.existing.patients.get(&row.traits.ins);
            let patient = Patient {
                id: known.map_or_else(|| PatientId((self.id)()), |known| known.id),
                account: known.map_or_else(|| AccountId((self.id)()), |known| known.account),
                traits: self.traits_of(row.traits.clone(), known),
                life: known.map_or_else(|| row.life.clone(), |known| known.life.clone()),
                time_zone: row.time_zone.clone(),
            };
            match known {
                Some(known) => self.plan.patients_known.push(known.id),
                None => self.plan.accounts_created.push((patient.account, AccountKind::Patient)),
            }
            self.patients.insert(row.traits.ins.clone(), patient.clone());
            let same = known == Some(&patient);
            let entrance = row.entrance.filter(|_| known.is_none());
            let write = Write::Patient { patient: Box::new(patient), entrance };
            self.step(at, known.is_some(), same, write);
        }
    }

    /// The traits of a row; where somebody who has activated their space is written to is their own word, and a
    /// postal address stays when the row has none.
    fn traits_of(&self, row: Traits, known: Option<&Patient>) -> Traits {
        let Some(known) = known else { return row };
        let own_word = self.existing.own_word.contains(&known.id);
        let said = if own_word { &known.traits } else { &row };
        // A file without a column, or with an empty field, does not say that they have none any more.
        let email = said.email.clone().or_else(|| known.traits.email.clone());
        let phone = said.phone.clone().or_else(|| known.traits.phone.clone());
        let birth_place = row.birth_place.clone().or_else(|| known.traits.birth_place.clone());
        let postal = if row.postal.is_empty() { known.traits.postal.clone() } else { row.postal.clone() };
        Traits { email, phone, birth_place, postal, ..row }
    }

    fn users(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.users {
            let Some(patient) = self.patients.get(&row.ins) else {
                self.plan.faults.push(at.fault("ins: there is no such patient"));
                continue;
            };
            let (patient_id, login) = (patient.id, row.contact.login.clone());
            let mut personal = patient.names();
            personal.extend([patient.traits.birth_date.to_string(), login.clone()]);
            let known = self.existing.users.iter().find(|user| user.contact.login == login);
            let taken =
                self.existing.users.iter().any(|u| u.patient == patient_id && u.contact.login != login);
            let same_login_other_patient = known.is_some_and(|known| known.patient != patient_id);
            if taken || same_login_other_patient {
                self.plan.faults.push(at.fault("the patient or the login already belongs to another user"));
                continue;
            }
            if let (None, Err(weak)) = (known, passwords::check(&row.password, &personal)) {
                self.plan.faults.push(at.fault(format!("password: {weak}")));
                continue;
            }
            if !self.first(at, format!("user {login}"))
                || !self.first(at, format!("user of {}", patient_id.0))
            {
                continue;
            }
            let contact = row.contact.clone();
            let (id, same, write) = match known {
                Some(known) => {
                    let same = known.contact == contact;
                    (known.id, same, Write::UserContact { id: known.id, contact })
                }
                None => {
                    let id = UserId((self.id)());
                    let password = row.password.clone();
                    (id, false, Write::NewUser { id, patient: patient_id, contact, password })
                }
            };
            self.users.insert(login, (id, patient_id));
            self.step(at, known.is_some(), same, write);
        }
    }

    fn mandates(&mut self, seed: &Seed) {
        for Placed { at, row } in &seed.mandates {
            let (Some((holder, own)), Some(patient)) =
                (self.users.get(&row.login), self.patients.get(&row.ins))
            else {
                self.plan.faults.push(at.fault("there is no such user or no such patient"));
                continue;
            };
            if *own == patient.id {
                self.plan.faults.push(at.fault("nobody needs a mandate for themselves"));
                continue;
            }
            let mandate = Mandate {
                holder: *holder,
                patient: patient.id,
                relation: row.relation,
                starts: row.starts,
                ends: row.ends,
            };
            if self.first(at, format!("mandate {} {}", holder.0, mandate.patient.0)) {
                let same_pair =
                    |known: &&Mandate| known.holder == mandate.holder && known.patient == mandate.patient;
                let known = self.existing.mandates.iter().find(same_pair);
                let same = known == Some(&mandate);
                self.step(at, known.is_some(), same, Write::Mandate(mandate));
            }
        }
    }

    fn secrets(&mut self, seed: &Seed, sealing: &Sealing) {
        for Placed { at, row } in &seed.passwords {
            let owner = match &row.owner {
                PasswordOwner::Person(id) => self.people.get(id).map(|person| Owner::Person(person.id)),
                PasswordOwner::Machine(address) => self
                    .mailboxes
                    .get(address)
                    .filter(|mailbox| mailbox.kind == AccountKind::Applicative)
                    .map(|mailbox| Owner::Machine(mailbox.account)),
            };
            let Some(owner) = owner else {
                self.plan.faults.push(at.fault("there is no such professional or no such APP mailbox"));
                continue;
            };
            let secret = credentials::canonical(&row.secret).to_string();
            let lookup = sealing.secret_hash(&secret);
            if self.first(at, format!("secret {lookup:?}")) {
                // A secret already known stays as it is: it may have been revoked since.
                let known = self.existing.lookups.contains(lookup.as_slice());
                let id = CredentialId((self.id)());
                let label = row.label.clone();
                self.step(at, known, known, Write::Secret { id, owner, label, lookup, secret });
            }
        }
    }

    /// Whether this seed has not named the same thing before.
    fn first(&mut self, at: &Place, key: String) -> bool {
        let first = self.seen.insert(key);
        if !first {
            self.plan.faults.push(at.fault("the same row stands earlier in this import"));
        }
        first
    }

    fn step(&mut self, at: &Place, known: bool, same: bool, write: Write) {
        if same {
            self.plan.unchanged += 1;
        } else {
            let known = if known { Known::Differs } else { Known::New };
            self.plan.steps.push(Step { at: at.clone(), known, write });
        }
    }
}
