//! The last step: terms and emergency consents; then the space is theirs.

use audit::{Act, Actor, Entry};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use db::{Tx, args};
use names::{PatientId, SessionId, Timestamp};

use super::{ActivationRefusal, Live, chain, live_of};
use crate::patients::{Consents, codes, consents};
use crate::sessions::{Assurance, NewSession, SignedIn};
use crate::sign_in::{fresh_token, sha256};
use crate::users::{Contact, User};
use crate::{Channel, Directory, Error, ProfileEvent, UserId, patients, sessions, users};

const ACCEPT: &str = "INSERT INTO accepted_terms (holder, terms, accepted_at) VALUES ($1, $2, $3)
    ON CONFLICT (holder, terms) DO NOTHING";
const END: &str = "DELETE FROM activation WHERE patient = $1";

impl Directory {
    /// Opens the space of an adult: makes the user, uses the code up, signs in. The terms in force count as
    /// accepted: the caller asked. The outer error is ours.
    pub async fn activate(
        &self,
        token: &str,
        consents: Consents,
        now: Timestamp,
    ) -> Result<Result<SignedIn, ActivationRefusal>, Error> {
        let (session_token, session_hash) = fresh_token(self);
        let csrf = URL_SAFE_NO_PAD.encode(self.entropy().bytes::<32>());
        let unit = Activate {
            directory: self.clone(),
            activation: sha256(token.as_bytes()),
            consents,
            user: UserId(self.db().id(now)),
            session: SessionId(self.db().id(now)),
            token: session_hash,
            csrf: csrf.clone(),
            now,
        };
        let activated = match self.db().write(unit).await {
            Err(Error::Taken(_)) => Err(ActivationRefusal::Taken),
            other => other?,
        };
        Ok(activated.map(|()| SignedIn { token: session_token, csrf }))
    }
}

struct Activate {
    directory: Directory,
    activation: [u8; 32],
    consents: Consents,
    user: UserId,
    session: SessionId,
    token: [u8; 32],
    csrf: String,
    now: Timestamp,
}

impl db::Unit for Activate {
    const NAME: &'static str = "activate a profile";
    type Output = Result<(), ActivationRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let (directory, now) = (self.directory.clone(), self.now);
        let Some(live) = live_of(tx, &directory, &self.activation, now).await? else {
            return Ok(Err(ActivationRefusal::Over));
        };
        if live.patient.birthday(directory.rules().majority) > now {
            return Ok(Err(ActivationRefusal::Minor));
        }
        let Some(user) = self.user_of(&live) else { return Ok(Err(ActivationRefusal::Incomplete)) };
        let sealing = directory.sealing();
        if !users::find_by_patients(tx, sealing, &[live.patient.id]).await?.is_empty() {
            return Ok(Err(ActivationRefusal::Over));
        }
        if !users::find_by_logins(tx, sealing, &[user.contact.login.as_str()]).await?.is_empty() {
            return Ok(Err(ActivationRefusal::Taken));
        }
        let Some(mut patient) = open(tx, &directory, live.patient.id, now).await? else {
            return Ok(Err(ActivationRefusal::Over));
        };
        // From now on these destinations are the person's own word.
        let given = |channel| {
            let contact = live.draft.contacts.iter().find(|contact| contact.channel == channel);
            contact.map(|contact| contact.destination.clone())
        };
        patient.traits.email = given(Channel::Email);
        patient.traits.phone = given(Channel::Sms);
        patients::save(tx, sealing, &patient).await?;
        users::save(tx, sealing, &user, now).await.map_err(taken)?;
        tx.execute(ACCEPT, args![user.id, directory.rules().terms_version(), now]).await?;
        consents::save(tx, patient.id, user.id, self.consents, now).await?;
        let session = NewSession {
            id: self.session,
            token: self.token,
            holder: user.id,
            acting: patient.id,
            csrf: self.csrf.clone(),
            assurance: Assurance::PasswordAndCode,
            now,
        };
        sessions::insert(tx, &session).await?;
        directory.generation().bump(tx).await?;
        let by = Actor::Patient(patient.id);
        let line = |act, detail| {
            let line = directory.line(by, patient.id, act, detail, now);
            Entry::new(chain(patient.account), line, directory.entropy())
        };
        let told = [
            line(Act::ProfileActivated, format!("terms={}", directory.rules().terms_version())),
            line(Act::ConsentChanged, self.consents.detail()),
            line(Act::SignedIn, format!("session={}", self.session.0)),
        ];
        audit::append(tx, &told).await?;
        Ok(Ok(()))
    }
}

impl Activate {
    /// The user this activation makes, once every step is done.
    fn user_of(&self, live: &Live) -> Option<User> {
        let draft = &live.draft;
        let confirmed = !draft.contacts.is_empty() && draft.contacts.iter().all(|contact| contact.confirmed);
        let first = draft.contacts.first().filter(|_| confirmed)?;
        Some(User {
            id: self.user,
            patient: live.patient.id,
            contact: Contact {
                login: draft.login.clone()?,
                channel: first.channel,
                destination: first.destination.clone(),
            },
            password: draft.password.clone()?,
        })
    }
}

/// Two who chose the same login id at the same instant: one hears that it is taken.
fn taken(error: Error) -> Error {
    match error {
        Error::Database { cause } if cause.is_unique_violation() => Error::Taken("login id"),
        other => other,
    }
}

/// Moves the profile to activated and uses the code up; none when either does not hold any more.
pub(super) async fn open(
    tx: &mut Tx,
    directory: &Directory,
    patient: PatientId,
    now: Timestamp,
) -> Result<Option<crate::Patient>, Error> {
    let mut known = directory.known_patient(tx, patient).await?;
    let Ok(life) = known.life.after(ProfileEvent::Activated, now) else { return Ok(None) };
    if !codes::use_up(tx, patient, now).await? {
        return Ok(None);
    }
    known.life = life;
    patients::save(tx, directory.sealing(), &known).await?;
    tx.execute(END, args![patient]).await?;
    Ok(Some(known))
}
