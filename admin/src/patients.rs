//! What support does for a patient: finds the one who calls, notes an opposition, closes, reopens, adds a
//! second parent on proof, intervenes. Nothing of a letter or of a document is seen here. Each look and
//! each act is a line of the trail; one agent looks so many times a day.

use crate::{Admin, Error};
use audit::{Act, Actor, Chain, Entry, Line};
use directory::{
    Authority, CaseNumber, ClosingWish, Ground, Invited, Patient, Power, Reason, RepresentativeRefusal,
    SupportView,
};
use names::{Ins, PatientId, ProfileState, Timestamp};
use serde::{Deserialize, Serialize};

/// How a caller names themselves: one of these whole, never a part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    /// By INS.
    Ins(Ins),
    /// By birth name, first name and date of birth.
    Identity(Invited),
}

/// Who was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// One.
    One(PatientId),
    /// Nobody, or several of one name born on one day: the INS tells them apart.
    NotOne,
    /// The agent has looked too often today.
    TooOften,
}

/// What support may see of a profile.
#[derive(Clone, Debug)]
pub struct PatientSheet {
    /// The profile.
    pub view: SupportView,
    /// Names of those who act for them, and until when.
    pub representatives: Vec<(String, Option<Timestamp>)>,
}

/// What is done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PatientAct {
    /// They oppose their space.
    Oppose,
    /// They oppose no more.
    Withdraw,
    /// Their space is closed, and kept for the time of the law.
    Close,
    /// Their space is closed, and what is in it deleted.
    CloseAndDelete,
    /// Their closed space is opened again.
    Reopen,
    /// Support did something else to their profile, and they are told so.
    Intervene,
    /// A second parent represents this child, on proof.
    AddRepresentative(Ins),
}

impl PatientAct {
    /// The word in forms and on the command line.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Oppose => "oppose",
            Self::Withdraw => "withdraw",
            Self::Close => "close",
            Self::CloseAndDelete => "close-and-delete",
            Self::Reopen => "reopen",
            Self::Intervene => "intervene",
            Self::AddRepresentative(_) => "add-representative",
        }
    }

    /// Whether a profile in this state can have it.
    #[must_use]
    pub fn fits(&self, state: ProfileState) -> bool {
        use ProfileState::{Activated, Announced, Closed, Created, Opposed};
        match (self, state) {
            (Self::Oppose, Announced | Created)
            | (Self::Withdraw, Opposed)
            | (Self::Close | Self::CloseAndDelete | Self::AddRepresentative(_), Created | Activated)
            | (Self::Reopen, Closed)
            | (Self::Intervene, _) => true,
            (Self::Oppose, Activated | Opposed | Closed)
            | (Self::Withdraw, Announced | Created | Activated | Closed)
            | (
                Self::Close | Self::CloseAndDelete | Self::AddRepresentative(_),
                Announced | Opposed | Closed,
            )
            | (Self::Reopen, Announced | Created | Activated | Opposed) => false,
        }
    }
}

/// Why it was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PatientRefusal {
    /// Whoever asks may not.
    NotAllowed,
    /// The state of the profile does not allow it.
    State(ProfileState),
    /// The person to represent is of age, or their space is not open.
    NoChild,
    /// Nobody of age has that INS and an activated space.
    NoRepresentative,
    /// They represent the child already.
    Already,
    /// A representative is added on proof: its number in the support's books is missing.
    NoProof,
}

/// Why, and under which number in the support's books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Why {
    /// The reason, of those that support may give.
    pub reason: Reason,
    /// The case, which holds the proof.
    pub case: Option<CaseNumber>,
}

const WHAT: &str = "looking into the patients' room";

fn failed(cause: directory::Error) -> Error {
    Error::Directory { what: WHAT, cause }
}

impl Admin {
    /// Finds one patient. The look is counted and written down, also when it finds nobody.
    pub async fn find_patient(
        &self,
        whom: &Whom,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<Found, Error> {
        if !authority.may(Power::LookAtPatients, None) {
            return Ok(Found::NotOne);
        }
        if !self.may_look(authority, now).await? {
            return Ok(Found::TooOften);
        }
        let (by, patients) = match whom {
            Whom::Ins(ins) => {
                ("ins", self.directory.patient_by_ins(ins).await.map_err(failed)?.into_iter().collect())
            }
            Whom::Identity(identity) => {
                ("identity", self.directory.patients_by_identity(identity).await.map_err(failed)?)
            }
        };
        let chain = match &patients[..] {
            [one] => Chain::Account(one.account),
            _ => Chain::System,
        };
        let detail = format!("patient looked-by={by} found={}", patients.len());
        self.looked_by(authority.actor(), chain, detail, now).await?;
        Ok(match &patients[..] {
            [one] => Found::One(one.id),
            _ => Found::NotOne,
        })
    }

    /// What support may see of a profile; none when whoever asks may not, or has looked too often.
    pub async fn patient_sheet(
        &self,
        patient: PatientId,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<Option<PatientSheet>, Error> {
        let may = authority.may(Power::LookAtPatients, None);
        if !may || !self.may_look(authority, now).await? {
            return Ok(None);
        }
        let view = match self.directory.support_view(patient, now).await {
            Err(directory::Error::Unknown(_)) => return Ok(None),
            other => other.map_err(failed)?,
        };
        let chain = Chain::Account(view.patient.account);
        self.looked_by(authority.actor(), chain, "patient sheet".to_owned(), now).await?;
        let ids: Vec<PatientId> = view.representatives.iter().map(|(patient, _)| *patient).collect();
        let mut tx = self.mailstore.db().read().await?;
        let known = self.directory.patients_in(&mut tx, &ids).await.map_err(failed)?;
        let named = |(id, until): &(PatientId, Option<Timestamp>)| {
            let known = known.iter().find(|known| known.id == *id).map(Patient::display_name);
            (known.unwrap_or_default(), *until)
        };
        Ok(Some(PatientSheet { representatives: view.representatives.iter().map(named).collect(), view }))
    }

    /// Does it, and tells whom it concerns outside. The outer error is ours.
    pub async fn act_on_patient(
        &self,
        patient: PatientId,
        act: &PatientAct,
        why: &Why,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<Result<(), PatientRefusal>, Error> {
        if !authority.may(Power::ChangePatients, None) {
            return Ok(Err(PatientRefusal::NotAllowed));
        }
        let ground = Ground::support(authority.actor(), why.reason, why.case.clone());
        let rooms = &self.directory;
        let done = match act {
            PatientAct::Oppose => rooms.oppose_profile(patient, &ground, now).await,
            PatientAct::Withdraw => rooms.withdraw_opposition(patient, &ground, now).await,
            PatientAct::Close => rooms.close_profile(patient, ClosingWish::Archive, &ground, now).await,
            PatientAct::CloseAndDelete => {
                rooms.close_profile(patient, ClosingWish::Delete, &ground, now).await
            }
            PatientAct::Reopen => rooms.reopen_profile(patient, &ground, now).await,
            PatientAct::Intervene => rooms.intervene(patient, &ground, now).await,
            PatientAct::AddRepresentative(ins) => {
                return self.represent(patient, ins, &ground, authority, now).await;
            }
        };
        match done {
            Ok(_) => Ok(Ok(())),
            Err(directory::Error::State(illegal)) => Ok(Err(PatientRefusal::State(illegal.state))),
            Err(cause) => Err(Error::Directory { what: "changing a profile", cause }),
        }
    }

    async fn represent(
        &self,
        child: PatientId,
        ins: &Ins,
        ground: &Ground,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<Result<(), PatientRefusal>, Error> {
        if ground.case.is_none() {
            return Ok(Err(PatientRefusal::NoProof));
        }
        // Naming the parent is a look like any other.
        let Found::One(parent) = self.find_patient(&Whom::Ins(ins.clone()), authority, now).await? else {
            return Ok(Err(PatientRefusal::NoRepresentative));
        };
        let added = self.directory.add_representative(child, parent, ground, now).await;
        let added = added.map_err(|cause| Error::Directory { what: "adding a representative", cause })?;
        Ok(added.map_err(|refusal| match refusal {
            RepresentativeRefusal::NoChild | RepresentativeRefusal::NotYours => PatientRefusal::NoChild,
            RepresentativeRefusal::NoSpace => PatientRefusal::NoRepresentative,
            RepresentativeRefusal::Already | RepresentativeRefusal::TooMany => PatientRefusal::Already,
        }))
    }

    /// Whether this administrator may look once more today; refused looks leave a line too. Whoever sits at
    /// the machine has the database itself: for them nothing is counted.
    async fn may_look(&self, authority: &Authority, now: Timestamp) -> Result<bool, Error> {
        let actor = authority.actor();
        if actor == Actor::Operator || self.directory.count_patient_look(actor, now).await.map_err(failed)? {
            return Ok(true);
        }
        let detail = "patient too-many-looks".to_owned();
        let line = Line { at: now, actor, for_whom: None, act: Act::AdminLooked, detail };
        let entry = Entry::new(Chain::System, line, &self.entropy);
        let unit = db::unit("note too many looks", entry, |entry, tx| {
            Box::pin(async move { audit::append(tx, std::slice::from_ref(entry)).await.map_err(Error::from) })
        });
        self.mailstore.db().write(unit).await?;
        tracing::warn!(%actor, "somebody looked for too many patients today");
        Ok(false)
    }
}

#[cfg(test)]
#[path = "patients_tests.rs"]
mod tests;
