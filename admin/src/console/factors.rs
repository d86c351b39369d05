//! Factors at the console's door, behind the limiter that all doors share (RELIABILITY A-01).

use std::net::IpAddr;

use directory::{AdministratorSession, Begun, CheckedFactor, Finished};
use names::Timestamp;
use walls::page::Fields;

use super::console::Console;
use super::errors::Halt;
use super::limits::CODE_MAX;

/// Answer to something that may be guessed.
#[derive(Debug)]
pub(crate) enum Guarded<T> {
    /// It was looked at.
    Answered(T),
    /// Too many tries; in seconds.
    Wait(i64),
}

/// Whether a grave act goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Proof {
    /// The second factor is recent, or was shown just now.
    Enough,
    /// A code must be given with the form.
    Asked,
    /// The code was wrong, or used before.
    Wrong,
    /// Too many tries; in seconds.
    Wait(i64),
}

/// What the limiter knows a login of the console by: a name of its own, so that a professional of the
/// same identifier does not wait for it.
fn account(login: &str) -> String {
    format!("console {}", login.trim().to_lowercase())
}

fn seconds(wait: net::RetryAfter) -> i64 {
    i64::try_from(wait.0.as_secs()).unwrap_or(i64::MAX)
}

impl Console {
    /// Login and password; the token of the sign-in that waits.
    pub(crate) async fn start_sign_in(
        &self,
        login: &str,
        password: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Guarded<String>, Halt> {
        let account = account(login);
        if let Err(wait) = self.gate().check_auth(&account, peer, now) {
            return Ok(Guarded::Wait(seconds(wait)));
        }
        let started = self.admin().directory.start_administrator_sign_in(login, password, now).await?;
        if !started.right {
            self.gate().failed(&account, peer, now);
        }
        Ok(Guarded::Answered(started.token))
    }

    /// A code of the second factor, or from paper.
    pub(crate) async fn check_code(
        &self,
        pending: &str,
        code: &str,
        replaced: Option<&str>,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<CheckedFactor, Halt> {
        let directory = &self.admin().directory;
        let checked = directory.check_administrator_code(pending, code, replaced, now).await?;
        if let CheckedFactor::Wrong(login) = &checked {
            let whose = login.as_ref().map_or_else(|| pending.to_owned(), |login| account(login));
            self.gate().failed(&whose, peer, now);
        }
        Ok(checked)
    }

    /// An invitation with a new password.
    pub(crate) async fn begin_enrolment(
        &self,
        login: &str,
        code: &str,
        password: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Guarded<Begun>, Halt> {
        let account = account(login);
        if let Err(wait) = self.gate().check_auth(&account, peer, now) {
            return Ok(Guarded::Wait(seconds(wait)));
        }
        let begun = self.admin().directory.begin_enrolment(login, code, password, now).await?;
        if begun == Begun::Refused {
            self.gate().failed(&account, peer, now);
        }
        Ok(Guarded::Answered(begun))
    }

    /// The first code.
    pub(crate) async fn finish_enrolment(
        &self,
        pending: &str,
        code: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Finished, Halt> {
        let finished = self.admin().directory.finish_enrolment(pending, code, now).await?;
        if finished == Finished::Wrong {
            self.gate().failed(pending, peer, now);
        }
        Ok(finished)
    }

    /// Whether a grave act may go on: the sign-in is recent, or the form brings another code.
    pub(crate) async fn prove(
        &self,
        session: &AdministratorSession,
        fields: &Fields,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Proof, Halt> {
        if session.is_fresh(now) {
            return Ok(Proof::Enough);
        }
        let code = fields.field("code").trim();
        if code.is_empty() || code.len() > CODE_MAX {
            return Ok(Proof::Asked);
        }
        let account = account(&session.administrator.login);
        if let Err(wait) = self.gate().check_auth(&account, peer, now) {
            return Ok(Proof::Wait(seconds(wait)));
        }
        if self.admin().directory.prove_again(session, code, now).await? {
            return Ok(Proof::Enough);
        }
        self.gate().failed(&account, peer, now);
        Ok(Proof::Wrong)
    }
}
