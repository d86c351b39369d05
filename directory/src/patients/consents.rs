//! What is allowed in an emergency (DESIGN §2.5, DOMAIN §6): asked at activation, changed at any time.

use audit::{Act, Actor, Chain, Entry};
use db::{Tx, args};
use names::{PatientId, ProfileState, Timestamp};

use crate::{Directory, Error, Relation, Session, UserId, mandates};

/// What is allowed in an emergency. Nothing, unless it was ticked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Consents {
    /// The emergency medical service may read.
    pub samu: bool,
    /// Any professional may read when the person cannot answer.
    pub professionals: bool,
    /// They may then see masked documents too.
    pub masked: bool,
}

/// What somebody allowed, and when they said so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Answered {
    /// What.
    pub consents: Consents,
    /// When; none when they never answered, which allows nothing.
    pub at: Option<Timestamp>,
}

/// Why nothing is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsentRefusal {
    /// It is for the person to say, or for who represents them by law: a helper does not.
    NotYours,
    /// The space is not activated: nobody has access in an emergency.
    NotActivated,
}

const SAVE: &str = "INSERT INTO emergency_consent (patient, samu, professionals, masked, holder, answered_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (patient) DO UPDATE SET samu = excluded.samu,
    professionals = excluded.professionals, masked = excluded.masked, holder = excluded.holder,
    answered_at = excluded.answered_at";
const FIND: &str =
    "SELECT samu, professionals, masked, answered_at FROM emergency_consent WHERE patient = $1";

impl Directory {
    /// What a person allows in an emergency; nothing when they never answered.
    pub async fn emergency_consents(&self, patient: PatientId) -> Result<Answered, Error> {
        let mut tx = self.db().read().await?;
        Ok(find(&mut tx, patient).await?)
    }

    /// Changes what is allowed in an emergency in the space that is open in this session. The same answer again
    /// changes nothing. The outer error is ours.
    pub async fn change_consents(
        &self,
        session: &Session,
        consents: Consents,
        now: Timestamp,
    ) -> Result<Result<(), ConsentRefusal>, Error> {
        let unit = Change { directory: self.clone(), session: session.clone(), consents, now };
        self.db().write(unit).await
    }
}

struct Change {
    directory: Directory,
    session: Session,
    consents: Consents,
    now: Timestamp,
}

impl db::Unit for Change {
    const NAME: &'static str = "change what is allowed in an emergency";
    type Output = Result<(), ConsentRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let (directory, session, now) = (&self.directory, &self.session, self.now);
        // Asked again here: a mandate may have ended since the page was shown.
        let profiles = mandates::profiles_of(tx, directory, session.user, now).await?;
        let profile = profiles.into_iter().find(|profile| profile.patient == session.profile.patient);
        let Some(profile) = profile.filter(|profile| profile.relation != Relation::Helper) else {
            return Ok(Err(ConsentRefusal::NotYours));
        };
        let known = directory.known_patient(tx, profile.patient).await?;
        if known.life.state(now) != ProfileState::Activated {
            return Ok(Err(ConsentRefusal::NotActivated));
        }
        let before = find(tx, profile.patient).await?;
        if before.at.is_some() && before.consents == self.consents {
            return Ok(Ok(()));
        }
        save(tx, profile.patient, session.user, self.consents, now).await?;
        let by = Actor::Patient(session.own_patient);
        let line = directory.line(by, profile.patient, Act::ConsentChanged, self.consents.detail(), now);
        audit::append(tx, &[Entry::new(Chain::Account(known.account), line, directory.entropy())]).await?;
        Ok(Ok(()))
    }
}

async fn find(tx: &mut Tx, patient: PatientId) -> Result<Answered, db::Error> {
    let Some(row) = tx.maybe_row(FIND, args![patient]).await? else { return Ok(Answered::default()) };
    let consents = Consents { samu: row.bool(0)?, professionals: row.bool(1)?, masked: row.bool(2)? };
    Ok(Answered { consents, at: Some(row.time(3)?) })
}

pub(super) async fn save(
    tx: &mut Tx,
    patient: PatientId,
    holder: UserId,
    consents: Consents,
    now: Timestamp,
) -> Result<(), Error> {
    let Consents { samu, professionals, masked } = consents;
    tx.execute(SAVE, args![patient, samu, professionals, masked, holder, now]).await?;
    Ok(())
}

impl Consents {
    /// What the trail tells.
    pub(super) fn detail(self) -> String {
        let Self { samu, professionals, masked } = self;
        format!("samu={samu} professionals={professionals} masked={masked}")
    }
}
