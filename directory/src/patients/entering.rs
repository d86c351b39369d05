//! How people come into the patients' room: announced, or with a space that is open at once.

use audit::{Act, Chain, Entry};
use db::Tx;
use names::{AccountId, PatientId, ProfileState, Timestamp};

use super::{Ground, NoticeKind, notices};
use crate::{Directory, Error, Patient, ProfileLife, Traits, patients};

/// How somebody comes in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entrance {
    /// Announced, with six weeks to oppose.
    Announced,
    /// Open at once: a birth, a new affiliation.
    AtOnce,
}

impl Entrance {
    /// What they are told.
    #[must_use]
    pub fn notice(self) -> NoticeKind {
        match self {
            Self::Announced => NoticeKind::Announced,
            Self::AtOnce => NoticeKind::Opened,
        }
    }

    /// The life they begin.
    #[must_use]
    pub fn life(self, now: Timestamp) -> ProfileLife {
        match self {
            Self::Announced => ProfileLife::to_be_announced(now),
            Self::AtOnce => ProfileLife::created(now),
        }
    }
}

/// Somebody about to come in, under the numbers they will have: the caller makes the place of their account
/// in the store, and writes both in one unit.
#[derive(Clone, Debug)]
pub struct PreparedPatient {
    patient: Patient,
    entrance: Entrance,
}

impl PreparedPatient {
    /// The account, whose place in the store is to be made.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.patient.account
    }

    /// Who.
    #[must_use]
    pub fn patient(&self) -> PatientId {
        self.patient.id
    }
}

impl Directory {
    /// Draws the numbers of somebody new.
    #[must_use]
    pub fn prepare_patient(
        &self,
        traits: Traits,
        time_zone: String,
        entrance: Entrance,
        now: Timestamp,
    ) -> PreparedPatient {
        let patient = Patient {
            id: PatientId(self.db().id(now)),
            account: AccountId(self.db().id(now)),
            traits,
            life: entrance.life(now),
            time_zone,
        };
        PreparedPatient { patient, entrance }
    }

    /// Announces somebody new, or opens their space at once, inside the caller's unit: the profile, the code,
    /// the notice that carries it, the line in the trail. `Error::Unknown` never; somebody known is
    /// [`Error::Taken`].
    pub async fn announce_patient(
        &self,
        tx: &mut Tx,
        prepared: &PreparedPatient,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<(), Error> {
        let patient = &prepared.patient;
        if !patients::find_by_ins(tx, self.sealing(), std::slice::from_ref(&patient.traits.ins))
            .await?
            .is_empty()
        {
            return Err(Error::Taken("INS"));
        }
        patients::save(tx, self.sealing(), patient).await?;
        notices::welcome(tx, self, patient, prepared.entrance.notice(), now).await?;
        self.generation().bump(tx).await?;
        let detail = format!("state={} {}", patient.life.recorded.code(), ground.detail());
        let line = self.line(ground.by, patient.id, Act::AccountCreated, detail, now);
        audit::append(tx, &[Entry::new(Chain::Account(patient.account), line, self.entropy())]).await?;
        Ok(())
    }

    /// Opens the space of somebody who is announced, without waiting for day 42 (a birth, a new affiliation).
    pub async fn create_patient(
        &self,
        patient: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let unit = (self.clone(), patient, ground.clone(), now);
        self.db()
            .write(db::unit(
                "open an announced space at once",
                unit,
                |(directory, patient, ground, now), tx| {
                    Box::pin(async move {
                        let mut known = directory.known_patient(tx, *patient).await?;
                        let state = known.life.state(*now);
                        if state != ProfileState::Announced {
                            let event = crate::ProfileEvent::SixWeeksPassed;
                            return Err(Error::State(crate::IllegalMove { state, event }));
                        }
                        known.life = ProfileLife {
                            recorded: ProfileState::Created,
                            created: Some(*now),
                            ..known.life.clone()
                        };
                        patients::save(tx, directory.sealing(), &known).await?;
                        notices::welcome(tx, directory, &known, NoticeKind::Opened, *now).await?;
                        directory.told_move(tx, &known, Act::AccountCreated, ground, *now).await?;
                        Ok(known)
                    })
                },
            ))
            .await
    }

    /// Sends a new code to somebody who has not activated their space yet: the one before is dead.
    pub async fn announce_again(
        &self,
        patient: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let unit = (self.clone(), patient, ground.clone(), now);
        self.db()
            .write(db::unit("send a new temporary code", unit, |(directory, patient, ground, now), tx| {
                Box::pin(async move {
                    let known = directory.known_patient(tx, *patient).await?;
                    let state = known.life.state(*now);
                    let kind = match state {
                        ProfileState::Announced => NoticeKind::Announced,
                        ProfileState::Created => NoticeKind::Opened,
                        ProfileState::Activated | ProfileState::Opposed | ProfileState::Closed => {
                            let event = crate::ProfileEvent::Activated;
                            return Err(Error::State(crate::IllegalMove { state, event }));
                        }
                    };
                    notices::welcome(tx, directory, &known, kind, *now).await?;
                    directory.told_move(tx, &known, Act::CredentialIssued, ground, *now).await?;
                    Ok(known)
                })
            }))
            .await
    }

    /// The patient with this id, or [`Error::Unknown`].
    pub(crate) async fn known_patient(&self, tx: &mut Tx, patient: PatientId) -> Result<Patient, Error> {
        // Held until the end of a unit: two moves of one profile follow each other.
        const HOLD: &str = "SELECT id FROM patient WHERE id = $1 {FOR UPDATE}";
        tx.maybe_row(HOLD, db::args![patient]).await?;
        let found = patients::find(tx, self.sealing(), &[patient]).await?.pop();
        found.ok_or(Error::Unknown("patient"))
    }

    /// Bumps the generation and writes the line of what was done to a profile.
    pub(crate) async fn told_move(
        &self,
        tx: &mut Tx,
        patient: &Patient,
        act: Act,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.generation().bump(tx).await?;
        let detail = format!("state={} {}", patient.life.recorded.code(), ground.detail());
        let line = self.line(ground.by, patient.id, act, detail, now);
        audit::append(tx, &[Entry::new(Chain::Account(patient.account), line, self.entropy())]).await?;
        Ok(())
    }
}
