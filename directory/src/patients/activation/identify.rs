//! The first step: INS, date of birth, temporary code.

use audit::{Act, Actor, Chain, Entry, Line};
use names::{ProfileState, Timestamp};

use super::{FORGET, Identified, Identity, begin, chain};
use crate::patients::{Proof, codes};
use crate::sign_in::fresh_token;
use crate::{Directory, Error, patients};

impl Directory {
    /// Whether somebody is who they say: `None` for whatever was wrong. The limiter of tries is the caller's.
    pub async fn identify(&self, identity: &Identity, now: Timestamp) -> Result<Option<Identified>, Error> {
        let (token, hash) = fresh_token(self);
        let unit = Identify {
            directory: self.clone(),
            identity: identity.clone(),
            activation: self.db().id(now),
            token: hash,
            now,
        };
        Ok(self.db().write(unit).await?.then_some(Identified { token }))
    }
}

struct Identify {
    directory: Directory,
    identity: Identity,
    activation: i64,
    token: [u8; 32],
    now: Timestamp,
}

impl db::Unit for Identify {
    const NAME: &'static str = "identify somebody by their temporary code";
    type Output = bool;
    type Error = Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<bool, Error> {
        let (directory, sealing, now) = (&self.directory, self.directory.sealing(), self.now);
        tx.execute(FORGET, db::args![now]).await?;
        let ins = std::slice::from_ref(&self.identity.ins);
        let found = patients::find_by_ins(tx, sealing, ins).await?.pop();
        let code = codes::typed(&self.identity.code);
        let is_code = codes::is_code(tx, sealing, found.as_ref().map(|found| found.id), &code).await?;
        let asks = |proof| directory.rules().proofs.contains(&proof);
        let right = found.as_ref().filter(|found| {
            let born = self.identity.birth_date == Some(found.traits.birth_date);
            let may = match found.life.state(now) {
                ProfileState::Announced | ProfileState::Created | ProfileState::Opposed => true,
                ProfileState::Activated | ProfileState::Closed => false,
            };
            is_code && may && (born || !asks(Proof::BirthDate))
        });
        // A refusal costs the same line as a success, wherever it belongs.
        let (of, act) = match (right, &found) {
            (Some(right), _) => (Some(right), Act::ActivationBegun),
            (None, found) => (found.as_ref(), Act::SignInRefused),
        };
        let (at, actor) = match of {
            Some(of) => (chain(of.account), Actor::Patient(of.id)),
            None => (Chain::System, Actor::System),
        };
        if let Some(right) = right {
            begin(tx, sealing, (self.activation, self.token), right.id, now).await?;
        }
        let line = Line { at: now, actor, for_whom: None, act, detail: "factor=temporary-code".to_owned() };
        audit::append(tx, &[Entry::new(at, line, directory.entropy())]).await?;
        Ok(right.is_some())
    }
}
