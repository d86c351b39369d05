//! The seam: what the professional space asks the rooms below. Who asks is always taken from a live
//! session, never from an address or a form.

use std::net::IpAddr;

use audit::Actor;
use directory::{
    Accepted, CheckedCode, Credential, DelegationLine, DelegationRefusal, IssuedPassword, Mailbox, Owner,
    Period, Person, ProfessionalSession, ProfessionalSessionLine, Proof, Rights, SignedIn,
};
use names::{AccountId, CredentialId, NationalPersonId, PersonId, SessionId, Timestamp};

use crate::data::{Doing, Failure, FirstStep, Rooms, SecondStep};

/// Answer to an invitation that somebody used.
#[derive(Debug)]
pub enum Invited {
    /// The directory's answer.
    Answered(Accepted),
    /// Too many tries; in seconds.
    Wait(i64),
}

impl Rooms {
    /// Identifier and password. The code leaves by itself, so that the answer takes no longer when
    /// there is one. The limiter is that of all doors.
    pub async fn start_professional_sign_in(
        &self,
        login: &str,
        password: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<FirstStep, Failure> {
        if let Err(wait) = self.gate.check_auth(login, peer, now) {
            return Ok(FirstStep::Wait(i64::try_from(wait.0.as_secs()).unwrap_or(i64::MAX)));
        }
        let started = self.relay.directory().start_professional_sign_in(login, password, now).await;
        let started = started.doing("starting a professional's sign-in")?;
        match started.code {
            None => self.gate.failed(login, peer, now),
            Some(code) => self.codes.send(code),
        }
        Ok(FirstStep::Pending { token: started.pending.token, destination: started.pending.destination })
    }

    /// The six digits. Guesses count against the address they come from.
    pub async fn check_professional_code(
        &self,
        pending: &str,
        code: &str,
        replaced: Option<&str>,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<SecondStep, Failure> {
        let checked = self.relay.directory().check_professional_code(pending, code, replaced, now).await;
        Ok(match checked.doing("checking a professional's code")? {
            CheckedCode::SignedIn(signed_in) => SecondStep::SignedIn(signed_in),
            CheckedCode::Wrong => {
                self.gate.failed(pending, peer, now);
                SecondStep::Wrong
            }
            CheckedCode::Over => SecondStep::Over,
            // Only patients' spaces are closed so.
            CheckedCode::Closed(_) | CheckedCode::NoProfile => SecondStep::NoProfile,
        })
    }

    /// A first password, or another after it was lost.
    pub async fn accept_invitation(
        &self,
        login: &str,
        code: &str,
        password: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Invited, Failure> {
        if let Err(wait) = self.gate.check_auth(login, peer, now) {
            return Ok(Invited::Wait(i64::try_from(wait.0.as_secs()).unwrap_or(i64::MAX)));
        }
        let accepted = self.relay.directory().accept_invitation(login, code, password, now).await;
        let accepted = accepted.doing("accepting an invitation")?;
        if accepted == Accepted::Refused {
            self.gate.failed(login, peer, now);
        }
        Ok(Invited::Answered(accepted))
    }

    /// Somebody who proved their national identifier elsewhere.
    pub async fn sign_in_professional(
        &self,
        national: &NationalPersonId,
        proof: Proof,
        replaced: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<SignedIn>, Failure> {
        let signed_in = self.relay.directory().sign_in_professional(national, proof, replaced, now).await;
        signed_in.doing("signing a professional in")
    }

    /// The live session of a cookie.
    pub async fn professional_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<ProfessionalSession>, Failure> {
        let directory = self.relay.directory();
        let session = directory.professional_session(token, now).await;
        let session = session.doing("finding a professional's session")?;
        if let Some(session) = &session {
            let touched = directory.touch_professional_session(session, now).await;
            touched.doing("touching a professional's session")?;
        }
        Ok(session)
    }

    /// The open mailboxes of whoever is signed in, with what they may do in each; their own first.
    pub async fn mailboxes_of(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<Vec<(Mailbox, Rights)>, Failure> {
        let mailboxes = self.relay.directory().mailboxes_of(session.person.id, now).await;
        let mut mailboxes = mailboxes.doing("listing the mailboxes of a professional")?;
        mailboxes.sort_by_key(|(mailbox, _)| {
            mailbox.person.as_ref().is_none_or(|holder| holder.id != session.person.id)
        });
        Ok(mailboxes)
    }

    /// Ends one of the sessions of whoever is signed in.
    pub async fn end_professional_session(
        &self,
        session: &ProfessionalSession,
        ended: SessionId,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let ended = self.relay.directory().end_professional_session(session, ended, now).await;
        ended.doing("ending a professional's session")
    }

    /// Ends all of them but this one.
    pub async fn end_other_professional_sessions(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        let ended = self.relay.directory().end_other_professional_sessions(session, now).await;
        ended.doing("ending a professional's other sessions")
    }

    /// Where they are signed in.
    pub async fn professional_sessions(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<Vec<ProfessionalSessionLine>, Failure> {
        let sessions = self.relay.directory().professional_sessions(session.person.id, now).await;
        sessions.doing("listing a professional's sessions")
    }

    /// Their application passwords, withdrawn ones included.
    pub async fn passwords_of(&self, session: &ProfessionalSession) -> Result<Vec<Credential>, Failure> {
        let owner = Owner::Person(session.person.id);
        self.relay.directory().passwords_of(owner).await.doing("listing application passwords")
    }

    /// Makes one.
    pub async fn issue_password(
        &self,
        session: &ProfessionalSession,
        label: &str,
        now: Timestamp,
    ) -> Result<IssuedPassword, Failure> {
        let person = session.person.id;
        let (owner, by) = (Owner::Person(person), Actor::Person(person));
        self.relay.directory().issue_password(owner, label, by, now).await.doing("issuing a password")
    }

    /// Withdraws one of theirs.
    pub async fn revoke_password(
        &self,
        session: &ProfessionalSession,
        credential: CredentialId,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let person = session.person.id;
        let (owner, by) = (Owner::Person(person), Actor::Person(person));
        let revoked = self.relay.directory().revoke_password(owner, credential, by, now).await;
        revoked.doing("withdrawing a password")
    }

    /// Who may use the mailboxes they manage.
    pub async fn delegations_given(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<Vec<DelegationLine>, Failure> {
        let given = self.relay.directory().delegations_given(session.person.id, now).await;
        given.doing("listing delegations")
    }

    /// Whose mailboxes they may use by delegation.
    pub async fn delegations_received(
        &self,
        session: &ProfessionalSession,
        now: Timestamp,
    ) -> Result<Vec<DelegationLine>, Failure> {
        let received = self.relay.directory().delegations_received(session.person.id, now).await;
        received.doing("listing delegations")
    }

    /// Lets somebody use a mailbox they manage.
    pub async fn delegate(
        &self,
        session: &ProfessionalSession,
        mailbox: AccountId,
        to: &str,
        rights: Rights,
        period: Period,
        now: Timestamp,
    ) -> Result<Result<Person, DelegationRefusal>, Failure> {
        let by = session.person.id;
        let given = self.relay.directory().delegate(by, mailbox, to, rights, period, now).await;
        given.doing("giving a delegation")
    }

    /// Ends that.
    pub async fn end_delegation(
        &self,
        session: &ProfessionalSession,
        mailbox: AccountId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let ended = self.relay.directory().end_delegation(session.person.id, mailbox, person, now).await;
        ended.doing("ending a delegation")
    }
}
