//! Administrators' sign-in: a password, then a code of the second factor. Right and wrong take the same
//! steps (RELIABILITY A-02).

use audit::{Act, Actor};
use db::{Tx, args};
use names::{AdministratorId, Timestamp};

use super::sessions;
use super::{AdministratorState, rows, second_factor};
use crate::browser::Fresh;
use crate::sessions::SignedIn;
use crate::sign_in::{fresh_token, sha256};
use crate::{Directory, Error, limits};

/// A sign-in that waits for its second factor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StartedFactor {
    /// For the browser's cookie.
    pub token: String,
    /// Whether the password was right: for the limiter of all doors, never for the page.
    pub right: bool,
}

/// What became of a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckedFactor {
    /// In.
    SignedIn(SignedIn),
    /// Password or code were wrong; another try is left. The login, when it is known: for the limiter.
    Wrong(Option<String>),
    /// No sign-in waits any more.
    Over,
}

const FORGET: &str = "DELETE FROM administrator_pending WHERE created_at < $1";
const INSERT: &str =
    "INSERT INTO administrator_pending (id, pending, holder, created_at, expires_at, tries, used)
    VALUES ($1, $2, $3, $4, $5, 0, FALSE)";
const FIND: &str = "SELECT id, holder, expires_at, tries, used FROM administrator_pending
    WHERE pending = $1 {FOR UPDATE}";
const MISS: &str = "UPDATE administrator_pending SET tries = tries + 1 WHERE id = $1";
const WIN: &str = "UPDATE administrator_pending SET used = TRUE WHERE id = $1 AND used = FALSE";

impl Directory {
    /// Step one: always the same shape and the same work, whatever was wrong.
    pub async fn start_administrator_sign_in(
        &self,
        login: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<StartedFactor, Error> {
        let (known, stored) = {
            let mut tx = self.db().read().await?;
            let known = rows::by_login(&mut tx, &login.trim().to_lowercase()).await?;
            let known = known.filter(|one| one.state == AdministratorState::Active);
            // No row has id 0: the same statement runs for somebody unknown.
            let id = known.as_ref().map_or(AdministratorId(0), |one| one.id);
            (known, rows::factors(&mut tx, self.sealing(), id).await?.password)
        };
        let right = self.is_password(password, stored).await? && known.is_some();
        let (token, pending) = fresh_token(self);
        let refused = (!right).then(|| {
            let by = known.as_ref().map_or(Actor::System, |one| Actor::Administrator(one.id));
            let detail = "door=console factor=password".to_owned();
            self.told_of_administrators(by, Act::SignInRefused, detail, now)
        });
        let holder = known.filter(|_| right).map(|one| one.id.0);
        let unit = (self.db().id(now), pending, holder, refused, now);
        let start =
            db::unit("start an administrator's sign-in", unit, |(id, pending, holder, refused, now), tx| {
                Box::pin(async move {
                    tx.execute(FORGET, args![now.plus(-limits::FACTOR_KEPT)]).await?;
                    let ends = now.plus(limits::CODE_LIFE);
                    tx.execute(INSERT, args![*id, *pending, *holder, *now, ends]).await?;
                    audit::append(tx, refused.as_slice()).await?;
                    Ok::<_, Error>(())
                })
            });
        self.db().write(start).await?;
        Ok(StartedFactor { token, right })
    }

    /// Step two: six digits, or a recovery code. `replaced` is the token of the session this browser had
    /// before, if any.
    pub async fn check_administrator_code(
        &self,
        pending: &str,
        code: &str,
        replaced: Option<&str>,
        now: Timestamp,
    ) -> Result<CheckedFactor, Error> {
        let (opening, signed_in) = Fresh::new(self, replaced, now);
        let unit = CheckFactor {
            directory: self.clone(),
            pending: sha256(pending.as_bytes()),
            code: code.to_owned(),
            opening,
            now,
        };
        Ok(match self.db().write(unit).await? {
            Checked::In => CheckedFactor::SignedIn(signed_in),
            Checked::Wrong(login) => CheckedFactor::Wrong(login),
            Checked::Over => CheckedFactor::Over,
        })
    }
}

struct CheckFactor {
    directory: Directory,
    pending: [u8; 32],
    code: String,
    opening: Fresh,
    now: Timestamp,
}

enum Checked {
    In,
    Wrong(Option<String>),
    Over,
}

impl db::Unit for CheckFactor {
    const NAME: &'static str = "check an administrator's second factor";
    type Output = Checked;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Checked, Error> {
        let Some(row) = tx.maybe_row(FIND, args![self.pending]).await? else { return Ok(Checked::Over) };
        let id = row.int(0)?;
        if row.bool(4)? || row.time(2)? <= self.now || row.int(3)? >= limits::CODE_TRIES {
            return Ok(Checked::Over);
        }
        let holder = row.maybe_int(1)?.map(AdministratorId);
        // No row has id 0.
        let found = rows::find(tx, holder.unwrap_or(AdministratorId(0))).await?;
        let found = found.filter(|one| one.state == AdministratorState::Active);
        let whose = found.as_ref().map(|one| one.id);
        let right = second_factor::take(tx, self.directory.sealing(), whose, &self.code, self.now).await?;
        if let Some(who) = found.as_ref().filter(|_| right) {
            if tx.execute(WIN, args![id]).await? != 1 {
                return Ok(Checked::Over);
            }
            sessions::open(&self.opening, &self.directory, tx, who).await?;
            return Ok(Checked::In);
        }
        tx.execute(MISS, args![id]).await?;
        let by = whose.map_or(Actor::System, Actor::Administrator);
        let detail = "door=console factor=code".to_owned();
        let line = self.directory.told_of_administrators(by, Act::SignInRefused, detail, self.now);
        audit::append(tx, &[line]).await?;
        Ok(Checked::Wrong(found.map(|one| one.login)))
    }
}
