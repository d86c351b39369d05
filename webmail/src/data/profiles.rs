//! Activating a space, closing it, and who else represents a child.

use std::net::IpAddr;

use directory::{
    Activating, ActivationRefusal, Answered, Channel, ClosedSpace, ClosingWish, ConsentRefusal, Consents,
    ContactRefusal, Ground, Identified, Identity, Invited, LoginRefusal, Patient, Profile, ProfileRules,
    RepresentationLine, RepresentativeRefusal, Session, SignedIn, UserId,
};
use names::Timestamp;

use super::{Doing, Failure, Rooms};

/// Answer to who somebody says they are.
#[derive(Debug)]
pub enum Identification {
    /// They are.
    Known(Identified),
    /// Whatever was wrong.
    Wrong,
    /// Too many tries; the same for those who exist and those who do not.
    Wait(i64),
}

/// Answer to a password typed again.
#[derive(Debug)]
pub enum Closing {
    /// It is closed.
    Closed(Box<Patient>),
    /// The password is not the one.
    WrongPassword,
    /// Too many tries.
    Wait(i64),
    /// It cannot be closed.
    NotOpen,
}

/// Answer to a password typed to open one's own space again.
#[derive(Debug)]
pub enum Reopening {
    /// It is open, and this browser is in it.
    Opened(SignedIn),
    /// The password is not the one.
    WrongPassword,
    /// Too many tries.
    Wait(i64),
    /// It is not closed, or nothing is left of it.
    Gone,
}

impl Rooms {
    /// What the operator chose about profiles.
    pub fn rules(&self) -> &ProfileRules {
        self.relay.directory().rules()
    }

    /// INS, date of birth and temporary code. Guesses count against the INS and the address they come from.
    pub async fn identify(
        &self,
        identity: &Identity,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Identification, Failure> {
        let account = format!("activation {}", identity.ins.expose());
        if let Err(wait) = self.gate.check_auth(&account, peer, now) {
            return Ok(Identification::Wait(i64::try_from(wait.0.as_secs()).unwrap_or(i64::MAX)));
        }
        let known = self.relay.directory().identify(identity, now).await.doing("identifying somebody")?;
        Ok(match known {
            Some(known) => Identification::Known(known),
            None => {
                self.gate.failed(&account, peer, now);
                Identification::Wrong
            }
        })
    }

    /// The activation under way in a browser.
    pub async fn activating(&self, token: &str, now: Timestamp) -> Result<Option<Activating>, Failure> {
        self.relay.directory().activating(token, now).await.doing("finding an activation")
    }

    /// Opposes a space; false when that is no longer possible.
    pub async fn oppose(&self, token: &str, now: Timestamp) -> Result<bool, Failure> {
        self.relay.directory().oppose_by_code(token, now).await.doing("opposing a space")
    }

    /// Withdraws an opposition; false when there is none.
    pub async fn withdraw(&self, token: &str, now: Timestamp) -> Result<bool, Failure> {
        self.relay.directory().withdraw_by_code(token, now).await.doing("withdrawing an opposition")
    }

    /// Login id and password.
    pub async fn choose_login(
        &self,
        token: &str,
        login: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Result<(), LoginRefusal>, Failure> {
        self.relay.directory().choose_login(token, login, password, now).await.doing("choosing a login id")
    }

    /// Where codes will go; a code leaves for each.
    pub async fn give_contacts(
        &self,
        token: &str,
        email: &str,
        phone: &str,
        now: Timestamp,
    ) -> Result<Result<(), ContactRefusal>, Failure> {
        let given = self.relay.directory().give_contacts(token, email, phone, now).await;
        Ok(given
            .doing("giving contacts")?
            .map(|codes| codes.into_iter().for_each(|code| self.codes.send(code))))
    }

    /// The codes that came back. Guesses count against the activation and the address they come from.
    pub async fn confirm_contacts(
        &self,
        token: &str,
        given: &[(Channel, String)],
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Result<(), ContactRefusal>, Failure> {
        let confirmed = self.relay.directory().confirm_contacts(token, given, now).await;
        let confirmed = confirmed.doing("confirming contacts")?;
        if confirmed == Err(ContactRefusal::WrongCode) {
            self.gate.failed(token, peer, now);
        }
        Ok(confirmed)
    }

    /// Opens the space of an adult.
    pub async fn activate(
        &self,
        token: &str,
        consents: Consents,
        now: Timestamp,
    ) -> Result<Result<SignedIn, ActivationRefusal>, Failure> {
        self.relay.directory().activate(token, consents, now).await.doing("activating a space")
    }

    /// Opens the space of a child for whoever is signed in.
    pub async fn activate_child(
        &self,
        token: &str,
        session: &Session,
        consents: Consents,
        now: Timestamp,
    ) -> Result<Result<Profile, ActivationRefusal>, Failure> {
        let activated = self.relay.directory().activate_child(token, session, consents, now).await;
        activated.doing("activating the space of a child")
    }

    /// Closes the own space of whoever is signed in, once their password is typed again.
    pub async fn close_own(
        &self,
        session: &Session,
        password: &str,
        wish: ClosingWish,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Closing, Failure> {
        let account = format!("password {}", session.user.0);
        if let Err(wait) = self.gate.check_auth(&account, peer, now) {
            return Ok(Closing::Wait(i64::try_from(wait.0.as_secs()).unwrap_or(i64::MAX)));
        }
        let directory = self.relay.directory();
        if !directory.confirm_password(session.user, password).await.doing("checking a password")? {
            self.gate.failed(&account, peer, now);
            return Ok(Closing::WrongPassword);
        }
        let ground = Ground::own(session.own_patient);
        match directory.close_profile(session.own_patient, wish, &ground, now).await {
            Ok(closed) => Ok(Closing::Closed(Box::new(closed))),
            Err(directory::Error::State(_)) => Ok(Closing::NotOpen),
            other => other.doing("closing a space").map(|closed| Closing::Closed(Box::new(closed))),
        }
    }

    /// What is allowed in an emergency in the space that is open.
    pub async fn emergency_consents(&self, session: &Session) -> Result<Answered, Failure> {
        let found = self.relay.directory().emergency_consents(session.profile.patient).await;
        found.doing("looking at what is allowed in an emergency")
    }

    /// Changes it.
    pub async fn change_consents(
        &self,
        session: &Session,
        consents: Consents,
        now: Timestamp,
    ) -> Result<Result<(), ConsentRefusal>, Failure> {
        let changed = self.relay.directory().change_consents(session, consents, now).await;
        changed.doing("changing what is allowed in an emergency")
    }

    /// The own space of whoever is signed in, if it is closed and may be opened again.
    pub async fn closed_space(&self, user: UserId, now: Timestamp) -> Result<Option<ClosedSpace>, Failure> {
        self.relay.directory().closed_space(user, now).await.doing("looking for a closed space")
    }

    /// Opens it again for somebody who showed both factors just now; none when nothing is left of it.
    pub async fn reopen(&self, user: UserId, now: Timestamp) -> Result<Option<SignedIn>, Failure> {
        self.relay.directory().reopen_own(user, now).await.doing("opening a closed space again")
    }

    /// The same for somebody who is in another space: their password is typed again.
    pub async fn reopen_own(
        &self,
        session: &Session,
        password: &str,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<Reopening, Failure> {
        let account = format!("password {}", session.user.0);
        if let Err(wait) = self.gate.check_auth(&account, peer, now) {
            return Ok(Reopening::Wait(i64::try_from(wait.0.as_secs()).unwrap_or(i64::MAX)));
        }
        let directory = self.relay.directory();
        if !directory.confirm_password(session.user, password).await.doing("checking a password")? {
            self.gate.failed(&account, peer, now);
            return Ok(Reopening::WrongPassword);
        }
        let Some(signed_in) = self.reopen(session.user, now).await? else { return Ok(Reopening::Gone) };
        self.sign_out(session, now).await?;
        Ok(Reopening::Opened(signed_in))
    }

    /// The invitations a person sent, and those that wait for their answer.
    pub async fn representations(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<(Vec<RepresentationLine>, Vec<RepresentationLine>), Failure> {
        let directory = self.relay.directory();
        let what = "listing invitations to represent a child";
        let asked = directory.representations_asked(session.user, now).await.doing(what)?;
        let received = directory.representations_received(session.user, now).await.doing(what)?;
        Ok((asked, received))
    }

    /// Invites another representative of a child.
    pub async fn invite_representative(
        &self,
        session: &Session,
        child: names::PatientId,
        whom: &Invited,
        now: Timestamp,
    ) -> Result<Result<(), RepresentativeRefusal>, Failure> {
        let invited = self.relay.directory().invite_representative(session, child, whom, now).await;
        invited.doing("inviting a representative")
    }

    /// Accepts an invitation; false when none waits.
    pub async fn accept_representation(
        &self,
        session: &Session,
        id: i64,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let directory = self.relay.directory();
        directory.accept_representation(session, id, now).await.doing("accepting to represent a child")
    }

    /// Refuses an invitation; false when none waits.
    pub async fn refuse_representation(
        &self,
        session: &Session,
        id: i64,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let directory = self.relay.directory();
        directory.refuse_representation(session, id, now).await.doing("refusing to represent a child")
    }
}
