//! What people, or support for them, do with a profile: oppose, withdraw, close, reopen; and what support
//! does on its own ground, which is told to whom it concerns.

use audit::Act;
use db::{Tx, args};
use names::{Ins, PatientId, ProfileState, Timestamp};

use super::{Ground, NoticeKind, codes, notices};
use crate::{Directory, Error, Patient, ProfileEvent, UserId, patients, sessions, users};

/// What becomes of the archive of a closed profile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ClosingWish {
    /// Kept for the time of the law, and given back at a reopening.
    Archive,
    /// Deleted, on express request.
    Delete,
}

/// What support may see of a profile: no letters, no documents, nothing of health.
#[derive(Clone, Debug)]
pub struct SupportView {
    /// Who, and the life of the profile.
    pub patient: Patient,
    /// The state that holds now.
    pub state: ProfileState,
    /// Until when they may oppose.
    pub oppose_until: Option<Timestamp>,
    /// When a closed profile is destroyed.
    pub erase_at: Option<Timestamp>,
    /// Whether a temporary code waits to be used.
    pub has_code: bool,
    /// Whether they have signed in to a space of their own.
    pub has_user: bool,
    /// Who acts for them: ids of their own profiles, and until when.
    pub representatives: Vec<(PatientId, Option<Timestamp>)>,
}

const HAS_CODE: &str = "SELECT 1 FROM temporary_code WHERE patient = $1 AND used_at IS NULL";
const REPRESENTED: &str = "SELECT u.patient, m.ends_at FROM mandate m JOIN patient_user u ON u.id = m.holder
    WHERE m.patient = $1 AND m.starts_at <= $2 AND (m.ends_at IS NULL OR m.ends_at > $2) ORDER BY m.starts_at";

impl Directory {
    /// The patient with this INS, in whatever state. For support: looking is itself an act that the caller
    /// writes down.
    pub async fn patient_by_ins(&self, ins: &Ins) -> Result<Option<Patient>, Error> {
        let mut tx = self.db().read().await?;
        Ok(patients::find_by_ins(&mut tx, self.sealing(), std::slice::from_ref(ins)).await?.pop())
    }

    /// What support may see of a profile. The caller writes down that somebody looked.
    pub async fn support_view(&self, patient: PatientId, now: Timestamp) -> Result<SupportView, Error> {
        let mut tx = self.db().read().await?;
        let known = self.known_patient(&mut tx, patient).await?;
        let state = known.life.state(now);
        let archive = known.life.closed.map(|closed| self.rules().archive_end(closed));
        let rows = tx.rows(REPRESENTED, args![patient, now]).await?;
        let representatives: Result<Vec<_>, db::Error> =
            rows.iter().map(|row| Ok((PatientId(row.int(0)?), row.maybe_time(1)?))).collect();
        Ok(SupportView {
            state,
            oppose_until: known.life.due.filter(|_| state == ProfileState::Announced),
            erase_at: known.life.erase.or(archive).filter(|_| state == ProfileState::Closed),
            has_code: tx.maybe_row(HAS_CODE, args![patient]).await?.is_some(),
            has_user: !users::find_by_patients(&mut tx, self.sealing(), &[patient]).await?.is_empty(),
            representatives: representatives?,
            patient: known,
        })
    }

    /// Notes that somebody opposes their space: letters are refused from now on.
    pub async fn oppose_profile(
        &self,
        patient: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        self.move_profile(Move { patient, event: ProfileEvent::Opposed, wish: None }, ground, now).await
    }

    /// Notes that an opposition is withdrawn: the space is created.
    pub async fn withdraw_opposition(
        &self,
        patient: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        self.move_profile(
            Move { patient, event: ProfileEvent::Reopened, wish: Some(Wish::Withdrawal) },
            ground,
            now,
        )
        .await
    }

    /// Closes a space: letters are refused, nobody signs in to it; it is archived or, on request, deleted.
    pub async fn close_profile(
        &self,
        patient: PatientId,
        wish: ClosingWish,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let wish = Some(Wish::Closing(wish));
        self.move_profile(Move { patient, event: ProfileEvent::Closed, wish }, ground, now).await
    }

    /// Opens a closed space again with all that was in it; a deletion that was asked for is off.
    pub async fn reopen_profile(
        &self,
        patient: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let wish = Some(Wish::Reopening);
        self.move_profile(Move { patient, event: ProfileEvent::Reopened, wish }, ground, now).await
    }

    /// Writes down that support did something to a profile on its own ground, and tells whom it concerns. The
    /// change itself is another act, before or after this one.
    pub async fn intervene(
        &self,
        patient: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let unit = (self.clone(), patient, ground.clone(), now);
        self.db()
            .write(db::unit("intervene on a profile", unit, |(directory, patient, ground, now), tx| {
                Box::pin(async move {
                    let known = directory.known_patient(tx, *patient).await?;
                    notices::tell(tx, directory, &known, NoticeKind::Intervened, *now).await?;
                    directory.told_move(tx, &known, Act::ProfileIntervened, ground, *now).await?;
                    Ok(known)
                })
            }))
            .await
    }

    async fn move_profile(&self, moving: Move, ground: &Ground, now: Timestamp) -> Result<Patient, Error> {
        let unit = (self.clone(), moving, ground.clone(), now);
        self.db()
            .write(db::unit("move a profile on", unit, |(directory, moving, ground, now), tx| {
                Box::pin(moving.run(tx, directory, ground, *now))
            }))
            .await
    }
}

/// What goes with an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish {
    /// Only an opposition may be withdrawn.
    Withdrawal,
    /// Only what is closed may be reopened.
    Reopening,
    Closing(ClosingWish),
}

/// One move of one profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    patient: PatientId,
    event: ProfileEvent,
    wish: Option<Wish>,
}

impl Move {
    /// The opposition of a person who holds the code, inside their unit.
    pub(super) fn opposition(patient: PatientId) -> Self {
        Self { patient, event: ProfileEvent::Opposed, wish: None }
    }

    /// Its withdrawal.
    pub(super) fn withdrawal(patient: PatientId) -> Self {
        Self { patient, event: ProfileEvent::Reopened, wish: Some(Wish::Withdrawal) }
    }

    /// A closed space taken up again by its own person, inside their unit.
    pub(super) fn reopening(patient: PatientId) -> Self {
        Self { patient, event: ProfileEvent::Reopened, wish: Some(Wish::Reopening) }
    }

    pub(super) async fn run(
        &self,
        tx: &mut Tx,
        directory: &Directory,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let mut known = directory.known_patient(tx, self.patient).await?;
        let state = known.life.state(now);
        let forbidden = match self.wish {
            Some(Wish::Withdrawal) => state != ProfileState::Opposed,
            Some(Wish::Reopening) => state != ProfileState::Closed,
            Some(Wish::Closing(_)) | None => false,
        };
        // What is being erased does not come back.
        const ERASED: &str = "SELECT 1 FROM erased_profile WHERE account = $1";
        if tx.maybe_row(ERASED, args![known.account]).await?.is_some() {
            return Err(Error::Unknown("patient"));
        }
        if forbidden {
            return Err(Error::State(crate::IllegalMove { state, event: self.event }));
        }
        known.life = known.life.after(self.event, now)?;
        let (act, notice) = match (self.event, self.wish) {
            (ProfileEvent::Opposed, _) => (Act::ProfileOpposed, NoticeKind::Opposed),
            (ProfileEvent::Reopened, Some(Wish::Withdrawal)) => {
                (Act::ProfileReopened, NoticeKind::OppositionWithdrawn)
            }
            (ProfileEvent::Closed, wish) => {
                if wish == Some(Wish::Closing(ClosingWish::Delete)) {
                    known.life.erase = Some(directory.rules().deletion(now));
                }
                (Act::ProfileClosed, NoticeKind::Closed)
            }
            (ProfileEvent::Reopened | ProfileEvent::SixWeeksPassed | ProfileEvent::Activated, _) => {
                (Act::ProfileReopened, NoticeKind::Reopened)
            }
        };
        patients::save(tx, directory.sealing(), &known).await?;
        if self.event == ProfileEvent::Closed {
            self.end_own_sessions(tx, directory).await?;
            codes::revoke(tx, self.patient).await?;
        }
        notices::tell(tx, directory, &known, notice, now).await?;
        directory.told_move(tx, &known, act, ground, now).await?;
        Ok(known)
    }

    /// Whoever is signed in with a profile that closes is signed out: they act for others no more either.
    async fn end_own_sessions(&self, tx: &mut Tx, directory: &Directory) -> Result<(), Error> {
        for user in users::find_by_patients(tx, directory.sealing(), &[self.patient]).await? {
            let user: UserId = user.id;
            sessions::end_all(tx, user, None).await?;
        }
        Ok(())
    }
}
