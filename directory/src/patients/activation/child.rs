//! A child's space is activated by who represents them, from a space of their own.

use audit::{Act, Actor, Entry};
use db::{Tx, args};
use names::Timestamp;

use super::{ActivationRefusal, chain, finish, live_of};
use crate::mandates::{self, Mandate};
use crate::patients::{Consents, consents};
use crate::sign_in::sha256;
use crate::{Directory, Error, Profile, Relation, Session};

impl Directory {
    /// Opens the space of a child for whoever is signed in and has declared to be their legal representative.
    /// The outer error is ours.
    pub async fn activate_child(
        &self,
        token: &str,
        session: &Session,
        consents: Consents,
        now: Timestamp,
    ) -> Result<Result<Profile, ActivationRefusal>, Error> {
        let unit = ActivateChild {
            directory: self.clone(),
            activation: sha256(token.as_bytes()),
            session: session.clone(),
            consents,
            now,
        };
        self.db().write(unit).await
    }
}

struct ActivateChild {
    directory: Directory,
    activation: [u8; 32],
    session: Session,
    consents: Consents,
    now: Timestamp,
}

impl db::Unit for ActivateChild {
    const NAME: &'static str = "activate the profile of a child";
    type Output = Result<Profile, ActivationRefusal>;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<Self::Output, Error> {
        let (directory, now) = (self.directory.clone(), self.now);
        let Some(live) = live_of(tx, &directory, &self.activation, now).await? else {
            return Ok(Err(ActivationRefusal::Over));
        };
        let minor = live.patient.birthday(directory.rules().majority) > now;
        if !minor || live.patient.id == self.session.own_patient {
            return Ok(Err(ActivationRefusal::NotYours));
        }
        // Somebody who is a minor themselves represents nobody.
        let own = directory.known_patient(tx, self.session.own_patient).await?;
        if own.birthday(directory.rules().majority) > now {
            return Ok(Err(ActivationRefusal::NotYours));
        }
        let Some(child) = finish::open(tx, &directory, live.patient.id, now).await? else {
            return Ok(Err(ActivationRefusal::Over));
        };
        let mandate = Mandate {
            holder: self.session.user,
            patient: child.id,
            relation: Relation::LegalRepresentative,
            starts: now,
            ends: None,
        };
        mandates::save(tx, &mandate).await?;
        const ACCEPT: &str = "INSERT INTO accepted_terms (holder, terms, accepted_at) VALUES ($1, $2, $3)
            ON CONFLICT (holder, terms) DO NOTHING";
        let terms = directory.rules().terms_version();
        tx.execute(ACCEPT, args![self.session.user, terms.as_str(), now]).await?;
        consents::save(tx, child.id, self.session.user, self.consents, now).await?;
        directory.generation().bump(tx).await?;
        let by = Actor::Patient(self.session.own_patient);
        let line = |act, detail| {
            let line = directory.line(by, child.id, act, detail, now);
            Entry::new(chain(child.account), line, directory.entropy())
        };
        let told = [
            line(Act::ProfileActivated, format!("terms={terms}")),
            line(Act::RepresentativeAdded, "declared=legal-representative".to_owned()),
            line(Act::ConsentChanged, self.consents.detail()),
        ];
        audit::append(tx, &told).await?;
        let profiles = mandates::profiles_of(tx, &directory, self.session.user, now).await?;
        let found = profiles.into_iter().find(|profile| profile.patient == child.id);
        Ok(found.ok_or(ActivationRefusal::NotYours))
    }
}
