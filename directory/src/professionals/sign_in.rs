//! Professionals' sign-in by password and code: the patients' two steps, over tables of their own.

use audit::{Act, Actor, Chain, Entry, Line};
use names::{PersonId, Timestamp};

use super::sessions::{Opening, Proof};
use super::users;
use crate::one_time_code::{self, Book, Dispatch, NewCode, Try};
use crate::sign_in::{
    CheckedCode, CodeToSend, Pending, Started, fresh_token, invented_mask, mask, sha256, six_digits,
};
use crate::{Directory, Error};

impl Directory {
    /// Step one: a national identifier or an address of one's own, and the password. Always the same
    /// shape, and the same work, whatever was wrong (RELIABILITY A-02).
    pub async fn start_professional_sign_in(
        &self,
        login: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Started, Error> {
        let (person, user) = {
            let mut tx = self.db().read().await?;
            let person = users::person_of(&mut tx, login).await?;
            let user = match person {
                Some(person) => users::find(&mut tx, self.sealing(), person).await?,
                None => None,
            };
            (person, user)
        };
        let stored = user.as_ref().and_then(|user| user.password.clone());
        let right = self.is_password(password, stored).await?;
        let masked = match &user {
            Some(user) => mask(&user.contact),
            None => invented_mask(self.sealing(), login),
        };
        let (token, pending) = fresh_token(self);
        let code = six_digits(self);
        let id = self.db().id(now);
        let holder = user.as_ref().filter(|_| right).map(|user| user.person.0);
        let new = NewCode { id, pending, holder, code: self.sealing().code_hash(id, &code), now };
        let refused = (!right).then(|| self.refused(person, "factor=password", now));
        let start = db::unit("start a professional's sign-in", (new, refused), |(new, refused), tx| {
            Box::pin(async move {
                let dispatch = one_time_code::start(tx, Book::Professionals, new).await?;
                audit::append(tx, refused.as_slice()).await?;
                Ok::<_, Error>(dispatch)
            })
        });
        let code = match (self.db().write(start).await?, user) {
            (Dispatch::Send, Some(user)) => Some(CodeToSend {
                channel: user.contact.channel,
                destination: user.contact.destination,
                code,
            }),
            (Dispatch::Send, None) | (Dispatch::Keep, _) => None,
        };
        Ok(Started { pending: Pending { token, destination: masked }, code })
    }

    /// Step two: the six digits. Exactly one request signs in with a code. `replaced` is the token of
    /// the session this browser had before, if any.
    pub async fn check_professional_code(
        &self,
        pending: &str,
        code: &str,
        replaced: Option<&str>,
        now: Timestamp,
    ) -> Result<CheckedCode, Error> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
        let (opening, signed_in) = Opening::new(self, Proof::PasswordAndCode, replaced, now);
        let unit =
            CheckCode { directory: self.clone(), pending: sha256(pending.as_bytes()), digits, opening, now };
        Ok(match self.db().write(unit).await? {
            Checked::Session => CheckedCode::SignedIn(signed_in),
            Checked::Wrong => CheckedCode::Wrong,
            Checked::Over => CheckedCode::Over,
            Checked::NoMailbox => CheckedCode::NoProfile,
        })
    }

    /// A refused sign-in: told in the person's chain, or in the house's when there is no such person.
    fn refused(&self, person: Option<PersonId>, detail: &str, now: Timestamp) -> Entry {
        let (chain, actor) = match person {
            Some(person) => (Chain::Person(person), Actor::Person(person)),
            None => (Chain::System, Actor::System),
        };
        let detail = format!("door=professional-space {detail}");
        let line = Line { at: now, actor, for_whom: None, act: Act::SignInRefused, detail };
        Entry::new(chain, line, self.entropy())
    }
}

struct CheckCode {
    directory: Directory,
    pending: [u8; 32],
    digits: String,
    opening: Opening,
    now: Timestamp,
}

enum Checked {
    Session,
    Wrong,
    Over,
    NoMailbox,
}

impl db::Unit for CheckCode {
    const NAME: &'static str = "check a professional's one-time code";
    type Output = Checked;
    type Error = Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Checked, Error> {
        let sealing = self.directory.sealing();
        let (pending, digits) = (&self.pending, &self.digits);
        match one_time_code::check(tx, Book::Professionals, sealing, pending, digits, self.now).await? {
            Try::Right(person) => {
                let opened = self.opening.open(&self.directory, tx, PersonId(person)).await?;
                Ok(if opened { Checked::Session } else { Checked::NoMailbox })
            }
            Try::Wrong(person) => {
                let line = self.directory.refused(person.map(PersonId), "factor=code", self.now);
                audit::append(tx, &[line]).await?;
                Ok(Checked::Wrong)
            }
            Try::Over => Ok(Checked::Over),
        }
    }
}
