//! A closed space is opened again by its own person, with the two factors they always had, as long as what was in
//! it is kept (DOMAIN §6.1: reopening gives the archive back and cancels a deletion that waits).

use audit::{Act, Actor, Chain, Entry};
use db::{Tx, args};
use names::{PatientId, ProfileState, Timestamp};

use super::{Ground, moves::Move};
use crate::browser::Fresh;
use crate::sessions::{Assurance, NewSession, SignedIn};
use crate::{Directory, Error, UserId, sessions, users};

/// A closed space that its person may open again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClosedSpace {
    /// Who signs in to it.
    pub user: UserId,
    /// Whose it is.
    pub patient: PatientId,
    /// When what was in it is destroyed: until then it may be opened again.
    pub until: Timestamp,
}

const ERASED: &str = "SELECT 1 FROM erased_profile WHERE account = $1";

impl Directory {
    /// The own space of a user, if it is closed and may be opened again.
    pub async fn closed_space(&self, user: UserId, now: Timestamp) -> Result<Option<ClosedSpace>, Error> {
        let mut tx = self.db().read().await?;
        closed_space(&mut tx, self, user, now).await
    }

    /// Opens it again and signs its person in; none when it is not closed any more, or nothing is left of it.
    /// The caller has seen both factors just now.
    pub async fn reopen_own(&self, user: UserId, now: Timestamp) -> Result<Option<SignedIn>, Error> {
        let (fresh, signed_in) = Fresh::new(self, None, now);
        Ok(self.db().write(Reopen { directory: self.clone(), user, fresh }).await?.then_some(signed_in))
    }
}

/// The same inside somebody else's transaction.
pub(crate) async fn closed_space(
    tx: &mut Tx,
    directory: &Directory,
    user: UserId,
    now: Timestamp,
) -> Result<Option<ClosedSpace>, Error> {
    let Some(known) = users::find(tx, directory.sealing(), user).await? else { return Ok(None) };
    let patient = directory.known_patient(tx, known.patient).await?;
    let archive = patient.life.closed.map(|closed| directory.rules().archive_end(closed));
    let until = patient.life.erase.or(archive).filter(|until| *until > now);
    let closed = patient.life.state(now) == ProfileState::Closed;
    let erased = tx.maybe_row(ERASED, args![patient.account]).await?.is_some();
    let space = until.map(|until| ClosedSpace { user, patient: patient.id, until });
    Ok(space.filter(|_| closed && !erased))
}

struct Reopen {
    directory: Directory,
    user: UserId,
    fresh: Fresh,
}

impl db::Unit for Reopen {
    const NAME: &'static str = "open a closed space again";
    type Output = bool;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<bool, Error> {
        let (directory, fresh, now) = (&self.directory, &self.fresh, self.fresh.now);
        let Some(space) = closed_space(tx, directory, self.user, now).await? else { return Ok(false) };
        let ground = Ground::own(space.patient);
        let patient = Move::reopening(space.patient).run(tx, directory, &ground, now).await?;
        let session = NewSession {
            id: fresh.id,
            token: fresh.token,
            holder: self.user,
            acting: space.patient,
            csrf: fresh.csrf.clone(),
            assurance: Assurance::PasswordAndCode,
            now,
        };
        sessions::insert(tx, &session).await?;
        let detail = format!("session={}", fresh.id.0);
        let line = directory.line(Actor::Patient(space.patient), space.patient, Act::SignedIn, detail, now);
        audit::append(tx, &[Entry::new(Chain::Account(patient.account), line, directory.entropy())]).await?;
        Ok(true)
    }
}
