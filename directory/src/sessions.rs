//! Signed-in browsers. The cookie holds 256 random bits; only their SHA-256 is kept.

use audit::{Act, Actor, Chain, Entry, Line};
use db::{Tx, args};
use names::{AccountId, PatientId, SessionId, Timestamp};

use crate::sign_in::{fresh_token, sha256};
use crate::{Directory, Error, Profile, UserId, browser, limits, mandates, patients};

/// How surely somebody is who they say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Assurance {
    /// A password, and a code sent to an address or number known before.
    PasswordAndCode,
}

impl Assurance {
    fn code(self) -> &'static str {
        match self {
            Self::PasswordAndCode => "password+code",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        (code == Self::PasswordAndCode.code()).then_some(Self::PasswordAndCode)
    }
}

/// What a browser gets at sign-in and at each profile switch.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// For the `__Host-` cookie. The one before, if any, is dead.
    pub token: String,
    /// For the forms.
    pub csrf: String,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SignedIn(…)")
    }
}

/// A live session with the profile it acts on, checked against the mandates of this moment.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Row id.
    pub id: SessionId,
    /// Who is signed in.
    pub user: UserId,
    /// Their own profile.
    pub own_patient: PatientId,
    /// The account of their own profile.
    pub own_account: AccountId,
    /// Their name, for "written by … for …".
    pub user_name: String,
    /// Whose space is open.
    pub profile: Profile,
    /// What forms must send back.
    pub csrf: String,
    /// How surely they are who they say.
    pub assurance: Assurance,
    /// When they signed in.
    pub created: Timestamp,
    /// When a request last came (to the minute).
    pub seen: Timestamp,
    /// When it ends whatever happens.
    pub ends: Timestamp,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Session({:?}, {:?})", self.id, self.user)
    }
}

impl Session {
    /// Whether a form's token is this session's; compared in constant time.
    #[must_use]
    pub fn is_csrf(&self, token: &str) -> bool {
        browser::is_csrf(token, &self.csrf)
    }
}

/// One line of a user's list of sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionLine {
    /// Row id, for ending it.
    pub id: SessionId,
    /// When it began.
    pub created: Timestamp,
    /// When a request last came.
    pub seen: Timestamp,
}

pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) token: [u8; 32],
    pub(crate) holder: UserId,
    pub(crate) acting: PatientId,
    pub(crate) csrf: String,
    pub(crate) assurance: Assurance,
    pub(crate) now: Timestamp,
}

const INSERT: &str = "INSERT INTO session (id, token, holder, acting, csrf, assurance, created_at, seen_at,
    ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
const FORGET_DEAD: &str = "DELETE FROM session WHERE ends_at <= $1 OR seen_at <= $2";
const FIND: &str = "SELECT s.id, s.holder, s.acting, s.csrf, s.assurance, s.created_at, s.seen_at, s.ends_at,
    u.patient FROM session s JOIN patient_user u ON u.id = s.holder
    WHERE s.token = $1 AND s.ends_at > $2 AND s.seen_at > $3";
const TOUCH: &str = "UPDATE session SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
const SWITCH: &str = "UPDATE session SET token = $3, acting = $4, csrf = $5, seen_at = $6
    WHERE id = $1 AND holder = $2 AND ends_at > $6";
const END: &str = "DELETE FROM session WHERE id = $1 AND holder = $2";
const END_ALL: &str = "DELETE FROM session WHERE holder = $1 AND id <> $2";
const LIST: &str = "SELECT id, created_at, seen_at FROM session WHERE holder = $1 AND ends_at > $2
    AND seen_at > $3 ORDER BY seen_at DESC, id DESC";

impl Directory {
    /// The live session of a cookie. None when it is unknown, over, or when the user may no longer
    /// open the profile it acts on: then they sign in again.
    pub async fn session(&self, token: &str, now: Timestamp) -> Result<Option<Session>, Error> {
        let mut tx = self.db().read().await?;
        let since = now.plus(-limits::SESSION_IDLE);
        let Some(row) = tx.maybe_row(FIND, args![sha256(token.as_bytes()), now, since]).await? else {
            return Ok(None);
        };
        let (user, acting) = (UserId(row.int(1)?), PatientId(row.int(2)?));
        let profiles = mandates::profiles_of(&mut tx, self, user, now).await?;
        let Some(profile) = profiles.iter().find(|profile| profile.patient == acting).cloned() else {
            return Ok(None);
        };
        let own_patient = PatientId(row.int(8)?);
        let own = patients::find(&mut tx, self.sealing(), &[own_patient]).await?.pop();
        let own = own.ok_or(Error::Corrupt("user's patient"))?;
        Ok(Some(Session {
            id: SessionId(row.int(0)?),
            user,
            own_patient,
            own_account: own.account,
            user_name: own.display_name(),
            profile,
            csrf: row.text(3)?,
            assurance: Assurance::from_code(&row.text(4)?).ok_or(Error::Corrupt("assurance"))?,
            created: row.time(5)?,
            seen: row.time(6)?,
            ends: row.time(7)?,
        }))
    }

    /// Writes down that a session is in use; at most once a minute, so pages stay reads.
    pub async fn touch_session(&self, session: &Session, now: Timestamp) -> Result<(), Error> {
        browser::touch(self, TOUCH, (session.id, session.seen), now).await
    }

    /// The profiles a user may open, their own first.
    pub async fn profiles_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Profile>, Error> {
        let mut tx = self.db().read().await?;
        mandates::profiles_of(&mut tx, self, user, now).await
    }

    /// Opens another profile: the session goes on under a new token, the old cookie is dead
    /// (RELIABILITY A-05). None when no mandate allows it now.
    pub async fn switch_profile(
        &self,
        session: &Session,
        patient: PatientId,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, Error> {
        let (token, hash) = fresh_token(self);
        let (csrf, _) = fresh_token(self);
        let unit = Switch {
            directory: self.clone(),
            session: session.id,
            user: session.user,
            own_patient: session.own_patient,
            patient,
            token: hash,
            csrf: csrf.clone(),
            now,
        };
        let switched = self.db().write(unit).await?;
        Ok(switched.then_some(SignedIn { token, csrf }))
    }

    /// Ends one of the sessions of the user who is signed in: this one (sign-out), or another browser's.
    pub async fn end_session(
        &self,
        session: &Session,
        ended: SessionId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let by = Actor::Patient(session.own_patient);
        let detail = format!("session={}", ended.0);
        let line = Line { at: now, actor: by, for_whom: None, act: Act::SignedOut, detail };
        let entry = Entry::new(Chain::Account(session.own_account), line, self.entropy());
        let unit = (session.user, ended, entry);
        self.db()
            .write(db::unit("end a session", unit, |(user, ended, entry), tx| {
                Box::pin(async move {
                    if tx.execute(END, args![*ended, *user]).await? != 1 {
                        return Ok(false);
                    }
                    audit::append(tx, std::slice::from_ref(entry)).await?;
                    Ok(true)
                })
            }))
            .await
    }

    /// Ends every session of a user but `kept`: after a change of factor, or a lost device.
    pub async fn end_sessions(&self, user: UserId, kept: Option<SessionId>) -> Result<(), Error> {
        self.db()
            .write(db::unit("end the sessions of a user", (user, kept), |(user, kept), tx| {
                Box::pin(end_all(tx, *user, *kept))
            }))
            .await
    }

    /// The live sessions of a user, latest used first.
    pub async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionLine>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(LIST, args![user, now, now.plus(-limits::SESSION_IDLE)]).await?;
        rows.iter()
            .map(|row| {
                Ok(SessionLine { id: SessionId(row.int(0)?), created: row.time(1)?, seen: row.time(2)? })
            })
            .collect()
    }
}

/// Writes a session, and forgets those that are over.
pub(crate) async fn insert(tx: &mut Tx, new: &NewSession) -> Result<(), db::Error> {
    tx.execute(FORGET_DEAD, args![new.now, new.now.plus(-limits::SESSION_IDLE)]).await?;
    let row = args![
        new.id,
        new.token,
        new.holder,
        new.acting,
        new.csrf.as_str(),
        new.assurance.code(),
        new.now,
        new.now.plus(limits::SESSION_ABSOLUTE)
    ];
    tx.execute(INSERT, row).await.map(drop)
}

pub(crate) async fn end_all(tx: &mut Tx, user: UserId, kept: Option<SessionId>) -> Result<(), Error> {
    // No row has id 0.
    let kept = kept.unwrap_or(SessionId(0));
    tx.execute(END_ALL, args![user, kept]).await?;
    Ok(())
}

struct Switch {
    directory: Directory,
    session: SessionId,
    user: UserId,
    own_patient: PatientId,
    patient: PatientId,
    token: [u8; 32],
    csrf: String,
    now: Timestamp,
}

impl db::Unit for Switch {
    const NAME: &'static str = "switch the profile of a session";
    type Output = bool;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<bool, Error> {
        let profiles = mandates::profiles_of(tx, &self.directory, self.user, self.now).await?;
        let Some(profile) = profiles.iter().find(|profile| profile.patient == self.patient) else {
            return Ok(false);
        };
        let row = args![self.session, self.user, self.token, self.patient, self.csrf.as_str(), self.now];
        if tx.execute(SWITCH, row).await? != 1 {
            return Ok(false);
        }
        let by = Actor::Patient(self.own_patient);
        let detail = format!("session={}", self.session.0);
        let line = self.directory.line(by, profile.patient, Act::ProfileSwitched, detail, self.now);
        let entry = Entry::new(Chain::Account(profile.account), line, self.directory.entropy());
        audit::append(tx, &[entry]).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
