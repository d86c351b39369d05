//! Invented people and letters for the tests of this crate.

use names::{
    AccountId, AccountKind, Address, PatientId, PersonId, ProfileState, Redacted, SectorCode, Timestamp,
};

use crate::{
    Actor, Contact, Home, Letter, LetterKind, Mailbox, MailboxState, Mandate, MandateKind, MandateState,
    Party, Patient, PatientHome, ReportMatch, Switch,
};

/// When every single judgement of the tables takes place.
pub const NOW: Timestamp = Timestamp(10_000);

pub fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Everybody the tables know, one per way of being a party.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Doctor,
    SuspendedDoctor,
    ClosedDoctor,
    RemoteDoctor,
    Hospital,
    Machine,
    SocialWorker,
    Pharmacy,
    RemotePharmacy,
    SuspendedPharmacy,
    PharmacistOwnBox,
    Wholesaler,
    Mother(ProfileState),
    RemotePatient,
    UnknownPatient,
    InvalidPatient,
    UnknownMailbox,
    Outside,
    Nobody,
}

impl Who {
    pub const ALL: [Self; 23] = [
        Self::Doctor,
        Self::SuspendedDoctor,
        Self::ClosedDoctor,
        Self::RemoteDoctor,
        Self::Hospital,
        Self::Machine,
        Self::SocialWorker,
        Self::Pharmacy,
        Self::RemotePharmacy,
        Self::SuspendedPharmacy,
        Self::PharmacistOwnBox,
        Self::Wholesaler,
        Self::Mother(ProfileState::Announced),
        Self::Mother(ProfileState::Created),
        Self::Mother(ProfileState::Activated),
        Self::Mother(ProfileState::Opposed),
        Self::Mother(ProfileState::Closed),
        Self::RemotePatient,
        Self::UnknownPatient,
        Self::InvalidPatient,
        Self::UnknownMailbox,
        Self::Outside,
        Self::Nobody,
    ];

    pub fn party(self) -> Party {
        let here = Home::Local(AccountId(1));
        let open = MailboxState::Open;
        let personal = Some(AccountKind::Personal);
        let team = Some(AccountKind::Organisational);
        match self {
            Self::Doctor => mailbox("martin@cabinet.example", here, personal, "SA07", open),
            Self::SuspendedDoctor => {
                mailbox("suspendu@cabinet.example", here, personal, "SA07", MailboxState::Suspended)
            }
            Self::ClosedDoctor => {
                mailbox("parti@cabinet.example", here, personal, "SA07", MailboxState::Closed)
            }
            Self::RemoteDoctor => Party::Professional(Mailbox::remote(address("loin@ailleurs.example"))),
            Self::Hospital => mailbox("accueil@hopital.example", here, team, "SA01", open),
            Self::Machine => {
                mailbox("sih@hopital.example", here, Some(AccountKind::Applicative), "SA01", open)
            }
            Self::SocialWorker => mailbox("social@mairie.example", here, personal, "SA20", open),
            Self::Pharmacy => mailbox("officine@pharmacie.example", here, team, "SA33", open),
            Self::RemotePharmacy => mailbox("mutualiste@ailleurs.example", Home::Remote, team, "SA39", open),
            Self::SuspendedPharmacy => {
                mailbox("fermee@pharmacie.example", here, team, "SA33", MailboxState::Suspended)
            }
            Self::PharmacistOwnBox => mailbox("dupont@pharmacie.example", here, personal, "SA33", open),
            Self::Wholesaler => mailbox("gros@pharmacie.example", here, team, "SA31", open),
            Self::Mother(state) => Party::Patient(mother(state)),
            Self::RemotePatient => Party::Patient(Patient {
                address: address("279035121518989@patient.ailleurs.example"),
                home: PatientHome::Remote,
                names: Redacted(Vec::new()),
                letter_notices_muted: Switch::Off,
            }),
            Self::UnknownPatient => Party::UnknownPatient,
            Self::InvalidPatient => Party::InvalidPatientAddress,
            Self::UnknownMailbox => Party::UnknownMailbox,
            Self::Outside => Party::OutsideTrust,
            Self::Nobody => Party::Nobody,
        }
    }

    /// The address of a professional.
    pub fn professional(self) -> Option<Address> {
        match self.party() {
            Party::Professional(mailbox) => Some(mailbox.address),
            _ => None,
        }
    }

    pub fn is_patient(self) -> bool {
        matches!(self, Self::Mother(_) | Self::RemotePatient)
    }
}

fn mailbox(at: &str, home: Home, kind: Option<AccountKind>, sector: &str, state: MailboxState) -> Party {
    let sector = Some(SectorCode(sector.to_owned()));
    Party::Professional(Mailbox { address: address(at), home, kind, sector, state })
}

pub fn mother(state: ProfileState) -> Patient {
    Patient {
        address: address("279035121518989@patient.example"),
        home: PatientHome::Local(AccountId(2), state),
        names: Redacted(vec!["Corse".to_owned(), "Dominique".to_owned()]),
        letter_notices_muted: Switch::Off,
    }
}

pub fn open_contact(correspondent: &str, opened_by: &str) -> Contact {
    Contact {
        state: crate::ContactState::Open,
        opened_by: Some(address(opened_by)),
        ..Contact::never(address(correspondent))
    }
}

pub fn letter(subject: &str, mss_mes: Option<&str>) -> Letter {
    Letter { mss_mes: mss_mes.map(str::to_owned), ..Letter::ordinary(subject) }
}

pub fn report(matched: ReportMatch) -> Letter {
    Letter { kind: LetterKind::Report(matched), ..Letter::ordinary("Accusé") }
}

pub fn for_patient() -> Actor {
    Actor::ForPatient { actor: PatientId(1), patient: PatientId(2) }
}

pub fn for_professional() -> Actor {
    Actor::ForProfessional { actor: PersonId(1), professional: PersonId(2) }
}

pub fn mandate(kind: MandateKind, state: MandateState) -> Mandate {
    Mandate { kind, state, from: Timestamp(0), until: None }
}
