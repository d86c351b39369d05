//! The first sign-in: an invitation becomes a password and a second factor, both at once or neither.

use audit::{Act, Actor};
use db::{Tx, args};
use names::{AdministratorId, Timestamp};

use super::sessions;
use super::{AdministratorState, rows, second_factor};
use crate::browser::Fresh;
use crate::professionals::invitations::canonical;
use crate::sessions::SignedIn;
use crate::sign_in::{fresh_token, sha256};
use crate::{Directory, Error, WeakPassword, limits, passwords};

/// What became of an invitation that somebody typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begun {
    /// The second factor comes next; the token is for the browser's cookie.
    Begun(String),
    /// Login or code are not right, or the code is used or too old: one answer for all.
    Refused,
    /// The password breaks the rules.
    Weak(WeakPassword),
}

/// What a telephone is taught.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolling {
    /// The secret in letters.
    pub secret: String,
    /// What the picture holds.
    pub url: String,
}

/// What became of the first code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finished {
    /// Enrolled and signed in. The recovery codes are shown this once.
    Enrolled(SignedIn, Vec<String>),
    /// The code is not right: the telephone's clock, perhaps.
    Wrong,
    /// No enrolment waits any more.
    Over,
}

const WAITS: &str = "SELECT id FROM administrator_invitation
    WHERE administrator = $1 AND code = $2 AND used = FALSE AND expires_at > $3";
const WIN: &str = "UPDATE administrator_invitation SET used = TRUE
    WHERE id = $1 AND used = FALSE AND expires_at > $2";
const FORGET: &str = "DELETE FROM administrator_enrolment WHERE expires_at <= $1";
const END: &str = "DELETE FROM administrator_enrolment WHERE administrator = $1";
const INSERT: &str =
    "INSERT INTO administrator_enrolment (id, pending, administrator, invitation, password, totp,
    expires_at, tries) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
const FIND: &str = "SELECT id, administrator, invitation, password, totp, tries FROM administrator_enrolment
    WHERE pending = $1 AND expires_at > $2 {FOR UPDATE}";
const SHOWN: &str = "SELECT administrator, totp FROM administrator_enrolment
    WHERE pending = $1 AND expires_at > $2 AND tries < $3";
const MISS: &str = "UPDATE administrator_enrolment SET tries = tries + 1 WHERE id = $1";

impl Directory {
    /// Takes an invitation and a password. The work is the same whoever the login means.
    pub async fn begin_enrolment(
        &self,
        login: &str,
        code: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Begun, Error> {
        if let Err(weak) = passwords::check(password, &[]) {
            return Ok(Begun::Weak(weak));
        }
        let (known, invitation) = {
            let mut tx = self.db().read().await?;
            let known = rows::by_login(&mut tx, &login.trim().to_lowercase()).await?;
            let known = known.filter(|one| one.state != AdministratorState::Disabled);
            // No row has id 0: the same statement runs for somebody unknown.
            let id = known.as_ref().map_or(0, |one| one.id.0);
            let hash = self.sealing().secret_hash(&canonical(code));
            let waits = tx.maybe_row(WAITS, args![id, hash, now]).await?;
            (known, waits.map(|row| row.int(0)).transpose()?)
        };
        let hashed = self.hash_password(password).await?;
        let Some((known, invitation)) = known.zip(invitation) else { return Ok(Begun::Refused) };
        // Only who holds the code is told that a password names its owner.
        if let Err(weak) = passwords::check(password, &[known.login.clone(), known.name.clone()]) {
            return Ok(Begun::Weak(weak));
        }
        let (token, pending) = fresh_token(self);
        let secret: [u8; second_factor::SECRET] = self.entropy().bytes();
        let row = (
            self.db().id(now),
            pending,
            known.id,
            invitation,
            rows::seal_password(self.sealing(), known.id, &hashed),
            rows::seal_totp(self.sealing(), known.id, &secret),
            now,
        );
        let begin = db::unit("begin an administrator's enrolment", row, |row, tx| {
            Box::pin(async move {
                let (id, pending, known, invitation, password, totp, now) = row;
                tx.execute(FORGET, args![*now]).await?;
                let ends = now.plus(limits::ENROLMENT_LIFE);
                let row = args![*id, *pending, known.0, *invitation, password.clone(), totp.clone(), ends];
                tx.execute(INSERT, row).await.map(drop)
            })
        });
        self.db().write(begin).await?;
        Ok(Begun::Begun(token))
    }

    /// What the telephone is taught, while an enrolment waits. `house` is how this service is called.
    pub async fn enrolling(
        &self,
        token: &str,
        house: &str,
        now: Timestamp,
    ) -> Result<Option<Enrolling>, Error> {
        let mut tx = self.db().read().await?;
        let row = tx.maybe_row(SHOWN, args![sha256(token.as_bytes()), now, limits::CODE_TRIES]).await?;
        let Some(row) = row else { return Ok(None) };
        let id = AdministratorId(row.int(0)?);
        let Some(known) = rows::find(&mut tx, id).await? else { return Ok(None) };
        let secret = rows::open_totp(self.sealing(), id, row.bytes(1)?)?;
        let url = second_factor::url(secret, &known.login, house)?;
        Ok(Some(Enrolling { secret: second_factor::spelt(secret), url }))
    }

    /// The first code: both factors count from now on, the invitation is used up, sessions before end.
    pub async fn finish_enrolment(&self, token: &str, code: &str, now: Timestamp) -> Result<Finished, Error> {
        let (opening, signed_in) = Fresh::new(self, None, now);
        let recovery = second_factor::draw_recovery(self.entropy());
        let unit = Finish {
            directory: self.clone(),
            pending: sha256(token.as_bytes()),
            code: code.chars().filter(char::is_ascii_digit).take(16).collect(),
            recovery: recovery.clone(),
            opening,
            now,
        };
        Ok(match self.db().write(unit).await? {
            End::Enrolled => Finished::Enrolled(signed_in, recovery),
            End::Wrong => Finished::Wrong,
            End::Over => Finished::Over,
        })
    }
}

struct Finish {
    directory: Directory,
    pending: [u8; 32],
    code: String,
    recovery: Vec<String>,
    opening: Fresh,
    now: Timestamp,
}

enum End {
    Enrolled,
    Wrong,
    Over,
}

impl db::Unit for Finish {
    const NAME: &'static str = "finish an administrator's enrolment";
    type Output = End;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<End, Error> {
        let Some(row) = tx.maybe_row(FIND, args![self.pending, self.now]).await? else {
            return Ok(End::Over);
        };
        let id = AdministratorId(row.int(1)?);
        let known = rows::find(tx, id).await?;
        let known = known.filter(|one| one.state != AdministratorState::Disabled);
        let Some(known) = known.filter(|_| row.int(5).is_ok_and(|tries| tries < limits::CODE_TRIES)) else {
            return Ok(End::Over);
        };
        let (password, totp) = (row.bytes(3)?, row.bytes(4)?);
        let sealing = self.directory.sealing();
        let secret = rows::open_totp(sealing, id, totp.clone())?;
        let Some(step) = second_factor::step_of(secret, &self.code, self.now) else {
            tx.execute(MISS, args![row.int(0)?]).await?;
            return Ok(End::Wrong);
        };
        if tx.execute(WIN, args![row.int(2)?, self.now]).await? != 1 {
            return Ok(End::Over);
        }
        tx.execute(END, args![id.0]).await?;
        rows::set_factors(tx, id, &password, &totp, step).await?;
        second_factor::renew_recovery(tx, sealing, id, &self.recovery).await?;
        sessions::end_all(tx, id).await?;
        let by = Actor::Administrator(id);
        let detail = format!("administrator={} factors=password+totp", id.0);
        let line = self.directory.told_of_administrators(by, Act::PasswordChosen, detail, self.now);
        audit::append(tx, &[line]).await?;
        sessions::open(&self.opening, &self.directory, tx, &known).await?;
        Ok(End::Enrolled)
    }
}
