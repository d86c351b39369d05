//! Professionals' browsers. As for patients, the cookie holds 256 random bits and only their SHA-256 is
//! kept; nobody acts as somebody else here, so there is no profile to switch.

use audit::{Act, Actor};
use db::{Tx, args};
use names::{NationalPersonId, PersonId, SessionId, Timestamp};

use crate::browser::{self, Fresh, Room};
use crate::sessions::SignedIn;
use crate::sign_in::sha256;
use crate::{Directory, Error, Person, limits, mailboxes, people};

/// How a professional proved who they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Proof {
    /// A password, and a code sent to an address or number that an administrator wrote down.
    PasswordAndCode,
    /// The national identity provider.
    IdentityProvider,
    /// A certificate of the person's own.
    Certificate,
}

impl Proof {
    /// Every proof, for tables of texts and tests.
    pub const ALL: [Self; 3] = [Self::PasswordAndCode, Self::IdentityProvider, Self::Certificate];

    /// The code kept in the database and in the trail.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PasswordAndCode => "password+code",
            Self::IdentityProvider => "oidc",
            Self::Certificate => "certificate",
        }
    }

    /// The proof a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.code() == code)
    }
}

/// A live session of a professional who may still use a mailbox here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfessionalSession {
    /// Row id.
    pub id: SessionId,
    /// Who is signed in.
    pub person: Person,
    /// What forms must send back.
    pub csrf: String,
    /// How they proved who they are.
    pub proof: Proof,
    /// When they did.
    pub created: Timestamp,
    /// When a request last came (to the minute).
    pub seen: Timestamp,
    /// When it ends whatever happens.
    pub ends: Timestamp,
}

impl ProfessionalSession {
    /// Whether a form's token is this session's; compared in constant time.
    #[must_use]
    pub fn is_csrf(&self, token: &str) -> bool {
        browser::is_csrf(token, &self.csrf)
    }

    /// Whether the sign-in is recent enough for what outlives the session: a password, a delegation.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        (0..limits::STEP_UP).contains(&now.since(self.created))
    }
}

/// One line of a professional's list of sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfessionalSessionLine {
    /// Row id, for ending it.
    pub id: SessionId,
    /// How it began.
    pub proof: Proof,
    /// When it began.
    pub created: Timestamp,
    /// When a request last came.
    pub seen: Timestamp,
}

const INSERT: &str = "INSERT INTO professional_session (id, token, person, csrf, proof, created_at, seen_at,
    ends_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
const FORGET_DEAD: &str = "DELETE FROM professional_session WHERE ends_at <= $1 OR seen_at <= $2";
const FORGET_OLDEST: &str = "DELETE FROM professional_session WHERE person = $1 AND id NOT IN
    (SELECT id FROM professional_session WHERE person = $1 ORDER BY seen_at DESC, id DESC LIMIT $2)";
const FIND: &str = "SELECT id, person, csrf, proof, created_at, seen_at, ends_at FROM professional_session
    WHERE token = $1 AND ends_at > $2 AND seen_at > $3";
const TOUCH: &str = "UPDATE professional_session SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
const REPLACE: &str = "DELETE FROM professional_session WHERE token = $1";
const END: &str = "DELETE FROM professional_session WHERE id = $1 AND person = $2";
const END_ALL: &str = "DELETE FROM professional_session WHERE person = $1 AND id <> $2";
const LIST: &str = "SELECT id, proof, created_at, seen_at FROM professional_session WHERE person = $1
    AND ends_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, id DESC";

impl Directory {
    /// The live session of a cookie. None when it is unknown or over, or when its professional may use
    /// no mailbox here any more.
    pub async fn professional_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<ProfessionalSession>, Error> {
        let mut tx = self.db().read().await?;
        let since = now.plus(-limits::SESSION_IDLE);
        let Some(row) = tx.maybe_row(FIND, args![sha256(token.as_bytes()), now, since]).await? else {
            return Ok(None);
        };
        let Some(person) = people::find(&mut tx, PersonId(row.int(1)?)).await? else { return Ok(None) };
        if !may_enter(&mut tx, person.id, now).await? {
            return Ok(None);
        }
        Ok(Some(ProfessionalSession {
            id: SessionId(row.int(0)?),
            person,
            csrf: row.text(2)?,
            proof: Proof::from_code(&row.text(3)?).ok_or(Error::Corrupt("proof"))?,
            created: row.time(4)?,
            seen: row.time(5)?,
            ends: row.time(6)?,
        }))
    }

    /// Writes down that a session is in use; at most once a minute, so pages stay reads.
    pub async fn touch_professional_session(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<(), Error> {
        browser::touch(self, TOUCH, (session.id, session.seen), now).await
    }

    /// Signs a professional in who proved their national identifier elsewhere. None when nobody here has
    /// it, or has a mailbox. `replaced` is the token of the session this browser had before, if any.
    pub async fn sign_in_professional(
        &self,
        national: &NationalPersonId,
        proof: Proof,
        replaced: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, Error> {
        let found = {
            let mut tx = self.db().read().await?;
            people::find_by_national_ids(&mut tx, std::slice::from_ref(national)).await?.pop()
        };
        let Some(person) = found else { return Ok(None) };
        let (opening, signed_in) = Opening::new(self, proof, replaced, now);
        let unit = (self.clone(), person.id, opening);
        let opened =
            self.db().write(db::unit("sign a professional in", unit, |(directory, person, opening), tx| {
                Box::pin(opening.open(directory, tx, *person))
            }));
        Ok(opened.await?.then_some(signed_in))
    }

    /// Ends one of the sessions of whoever is signed in: this one (sign-out), or another browser's.
    pub async fn end_professional_session(
        &self,
        session: &ProfessionalSession,
        ended: SessionId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let by = Actor::Person(session.person.id);
        let detail = format!("session={}", ended.0);
        let line = self.told_of_person(session.person.id, by, Act::SignedOut, detail, now);
        let unit = (session.person.id, ended, line);
        let end = db::unit("end a professional's session", unit, |(person, ended, line), tx| {
            Box::pin(async move {
                let ended = tx.execute(END, args![*ended, *person]).await? == 1;
                if ended {
                    audit::append(tx, std::slice::from_ref(line)).await?;
                }
                Ok::<_, Error>(ended)
            })
        });
        self.db().write(end).await
    }

    /// Ends every other session of whoever is signed in; how many there were.
    pub async fn end_other_professional_sessions(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let by = Actor::Person(session.person.id);
        let detail = format!("session=all kept={}", session.id.0);
        let line = self.told_of_person(session.person.id, by, Act::SignedOut, detail, now);
        let unit = (session.person.id, session.id, line);
        let end = db::unit("end a professional's other sessions", unit, |(person, kept, line), tx| {
            Box::pin(async move {
                let ended = end_all(tx, *person, Some(*kept)).await?;
                if ended > 0 {
                    audit::append(tx, std::slice::from_ref(line)).await?;
                }
                Ok::<_, Error>(ended)
            })
        });
        self.db().write(end).await
    }

    /// The live sessions of a professional, latest used first.
    pub async fn professional_sessions(
        &self,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Vec<ProfessionalSessionLine>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(LIST, args![person, now, now.plus(-limits::SESSION_IDLE)]).await?;
        rows.iter()
            .map(|row| {
                Ok(ProfessionalSessionLine {
                    id: SessionId(row.int(0)?),
                    proof: Proof::from_code(&row.text(1)?).ok_or(Error::Corrupt("proof"))?,
                    created: row.time(2)?,
                    seen: row.time(3)?,
                })
            })
            .collect()
    }
}

const ROOM: Room = Room { forget_dead: FORGET_DEAD, replace: REPLACE };

/// A session about to begin.
pub(super) struct Opening {
    fresh: Fresh,
    proof: Proof,
}

impl Opening {
    /// With fresh secrets: what is kept, and what the browser gets once it is written.
    pub(super) fn new(
        directory: &Directory,
        proof: Proof,
        replaced: Option<&str>,
        now: Timestamp,
    ) -> (Self, SignedIn) {
        let (fresh, signed_in) = Fresh::new(directory, replaced, now);
        (Self { fresh, proof }, signed_in)
    }

    /// Writes it, and forgets the one before it and those that are over. False when the person may use
    /// no mailbox here.
    pub(super) async fn open(
        &self,
        directory: &Directory,
        tx: &mut Tx,
        person: PersonId,
    ) -> Result<bool, Error> {
        let (fresh, by) = (&self.fresh, Actor::Person(person));
        if !may_enter(tx, person, fresh.now).await? {
            let line =
                directory.told_of_person(person, by, Act::SignInRefused, "mailboxes=0".to_owned(), fresh.now);
            audit::append(tx, &[line]).await?;
            return Ok(false);
        }
        fresh.make_room(tx, &ROOM).await?;
        let row = args![
            fresh.id,
            fresh.token,
            person,
            fresh.csrf.as_str(),
            self.proof.code(),
            fresh.now,
            fresh.now.plus(limits::SESSION_ABSOLUTE)
        ];
        tx.execute(INSERT, row).await?;
        tx.execute(FORGET_OLDEST, args![person, limits::PROFESSIONAL_SESSIONS]).await?;
        let detail = format!("door=professional-space proof={} session={}", self.proof.code(), fresh.id.0);
        let line = directory.told_of_person(person, by, Act::SignedIn, detail, fresh.now);
        audit::append(tx, &[line]).await?;
        Ok(true)
    }
}

pub(crate) async fn end_all(
    tx: &mut Tx,
    person: PersonId,
    kept: Option<SessionId>,
) -> Result<u64, db::Error> {
    // No row has id 0.
    tx.execute(END_ALL, args![person, kept.unwrap_or(SessionId(0))]).await
}

/// Whether there is anything here for this person.
async fn may_enter(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<bool, db::Error> {
    let mailboxes = mailboxes::of_person(tx, person, now).await?;
    Ok(mailboxes.iter().any(|mailbox| mailbox.state == crate::MailboxState::Open))
}
