//! Administrators' browsers: as for professionals, the cookie holds 256 random bits and only their SHA-256
//! is kept. What outlives the session asks for the second factor again.

use audit::Act;
use db::{Tx, args};
use names::{AdministratorId, SessionId, Timestamp};

use super::{Administrator, AdministratorState, rows, second_factor};
use crate::browser::{self, Fresh, Room};
use crate::sign_in::sha256;
use crate::{Directory, Error, limits};

/// A live session of an administrator who may still come in. Roles are those of this moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdministratorSession {
    /// Row id.
    pub id: SessionId,
    /// Who.
    pub administrator: Administrator,
    /// What forms must send back.
    pub csrf: String,
    /// When it began.
    pub created: Timestamp,
    /// When the second factor was last shown.
    pub proved: Timestamp,
    /// When a request last came (to the minute).
    pub seen: Timestamp,
    /// When it ends whatever happens.
    pub ends: Timestamp,
}

impl AdministratorSession {
    /// Whether a form's token is this session's; compared in constant time.
    #[must_use]
    pub fn is_csrf(&self, token: &str) -> bool {
        browser::is_csrf(token, &self.csrf)
    }

    /// Whether the second factor was shown recently enough for a grave act.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        (0..limits::STEP_UP).contains(&now.since(self.proved))
    }
}

const INSERT: &str =
    "INSERT INTO administrator_session (id, token, administrator, csrf, created_at, proved_at,
    seen_at, ends_at) VALUES ($1, $2, $3, $4, $5, $5, $5, $6)";
const FORGET_DEAD: &str = "DELETE FROM administrator_session WHERE ends_at <= $1 OR seen_at <= $2";
const FORGET_OLDEST: &str = "DELETE FROM administrator_session WHERE administrator = $1 AND id NOT IN
    (SELECT id FROM administrator_session WHERE administrator = $1 ORDER BY seen_at DESC, id DESC LIMIT $2)";
const FIND: &str = "SELECT id, administrator, csrf, created_at, proved_at, seen_at, ends_at
    FROM administrator_session WHERE token = $1 AND ends_at > $2 AND seen_at > $3";
const TOUCH: &str = "UPDATE administrator_session SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
const PROVE: &str = "UPDATE administrator_session SET proved_at = $2 WHERE id = $1";
const REPLACE: &str = "DELETE FROM administrator_session WHERE token = $1";
const END: &str = "DELETE FROM administrator_session WHERE id = $1";
const END_ALL: &str = "DELETE FROM administrator_session WHERE administrator = $1";

impl Directory {
    /// The live session of a cookie. None when it is unknown or over, or its administrator is disabled.
    pub async fn administrator_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<AdministratorSession>, Error> {
        let mut tx = self.db().read().await?;
        let since = now.plus(-limits::SESSION_IDLE);
        let Some(row) = tx.maybe_row(FIND, args![sha256(token.as_bytes()), now, since]).await? else {
            return Ok(None);
        };
        let found = rows::find(&mut tx, AdministratorId(row.int(1)?)).await?;
        let Some(administrator) = found.filter(|one| one.state == AdministratorState::Active) else {
            return Ok(None);
        };
        Ok(Some(AdministratorSession {
            id: SessionId(row.int(0)?),
            administrator,
            csrf: row.text(2)?,
            created: row.time(3)?,
            proved: row.time(4)?,
            seen: row.time(5)?,
            ends: row.time(6)?,
        }))
    }

    /// Writes down that a session is in use; at most once a minute, so pages stay reads.
    pub async fn touch_administrator_session(
        &self,
        session: &AdministratorSession,
        now: Timestamp,
    ) -> Result<(), Error> {
        browser::touch(self, TOUCH, (session.id, session.seen), now).await
    }

    /// Shows the second factor again, before a grave act. False when the code is not right.
    pub async fn prove_again(
        &self,
        session: &AdministratorSession,
        code: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (id, by) = (session.administrator.id, session.administrator.authority().actor());
        let detail = "door=console factor=code again=true".to_owned();
        let refused = self.told_of_administrators(by, Act::SignInRefused, detail, now);
        let unit = (self.clone(), session.id, id, code.to_owned(), refused, now);
        let prove = db::unit(
            "prove an administrator again",
            unit,
            |(directory, session, id, code, refused, now), tx| {
                Box::pin(async move {
                    let right = second_factor::take(tx, directory.sealing(), Some(*id), code, *now).await?;
                    match right {
                        true => drop(tx.execute(PROVE, args![*session, *now]).await?),
                        false => audit::append(tx, std::slice::from_ref(refused)).await?,
                    }
                    Ok::<_, Error>(right)
                })
            },
        );
        self.db().write(prove).await
    }

    /// Signs out.
    pub async fn end_administrator_session(
        &self,
        session: &AdministratorSession,
        now: Timestamp,
    ) -> Result<(), Error> {
        let by = session.administrator.authority().actor();
        let detail = format!("door=console session={}", session.id.0);
        let line = self.told_of_administrators(by, Act::SignedOut, detail, now);
        let end = db::unit("end an administrator's session", (session.id, line), |(id, line), tx| {
            Box::pin(async move {
                if tx.execute(END, args![*id]).await? == 1 {
                    audit::append(tx, std::slice::from_ref(line)).await?;
                }
                Ok::<_, Error>(())
            })
        });
        self.db().write(end).await
    }
}

const ROOM: Room = Room { forget_dead: FORGET_DEAD, replace: REPLACE };

/// Writes a session with its line, and forgets the one before it and those that are over.
pub(super) async fn open(
    fresh: &Fresh,
    directory: &Directory,
    tx: &mut Tx,
    who: &Administrator,
) -> Result<(), Error> {
    fresh.make_room(tx, &ROOM).await?;
    let ends = fresh.now.plus(limits::CONSOLE_SESSION);
    let row = args![fresh.id, fresh.token, who.id.0, fresh.csrf.as_str(), fresh.now, ends];
    tx.execute(INSERT, row).await?;
    tx.execute(FORGET_OLDEST, args![who.id.0, limits::CONSOLE_SESSIONS]).await?;
    let detail = format!("door=console session={}", fresh.id.0);
    let line = directory.told_of_administrators(who.authority().actor(), Act::SignedIn, detail, fresh.now);
    audit::append(tx, &[line]).await?;
    Ok(())
}

pub(super) async fn end_all(tx: &mut Tx, id: AdministratorId) -> Result<(), db::Error> {
    tx.execute(END_ALL, args![id.0]).await.map(drop)
}
