//! Activation (DOMAIN §6.2): who somebody is, then what they choose, step by step, kept sealed in a row that
//! their browser holds the token of; at the end one unit makes the user, uses the code up and opens a session.
//!
//! Right and wrong data take the same steps: one answer for an INS nobody has, a wrong date, a wrong code and
//! a code that was used (RELIABILITY A-02).

mod child;
mod contacts;
mod finish;
mod identify;
mod login;

use db::{Tx, args};
use jiff::civil::Date;
use names::{AccountId, Ins, PatientId, ProfileState, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::sealing::{Sealed, Sealing};
use crate::sign_in::sha256;
use crate::users::LoginError;
use crate::{Channel, Directory, Error, Patient, WeakPassword, limits, patients};

/// Who somebody says they are.
#[derive(Clone)]
pub struct Identity {
    /// Fifteen characters, key checked.
    pub ins: Ins,
    /// Of the person concerned.
    pub birth_date: Option<Date>,
    /// As it was typed.
    pub code: Zeroizing<String>,
}

/// Somebody who proved who they are; the token goes into their browser's cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct Identified {
    /// 256 bits.
    pub token: String,
}

impl std::fmt::Debug for Identified {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Identified(…)")
    }
}

/// A destination that was given, and whether its code came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GivenContact {
    /// How codes travel there.
    pub channel: Channel,
    /// Masked.
    pub masked: String,
    /// Whether the code sent there was given back.
    pub confirmed: bool,
}

/// An activation under way, as its pages show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activating {
    /// Whose profile.
    pub patient: PatientId,
    /// First name, for the heading.
    pub given_name: String,
    /// The state that holds now.
    pub state: ProfileState,
    /// Until when they may oppose.
    pub oppose_until: Option<Timestamp>,
    /// A minor's space is activated by who represents them.
    pub is_minor: bool,
    /// IANA name of the zone of their dates.
    pub time_zone: String,
    /// The login id chosen so far.
    pub login: Option<String>,
    /// Where codes may go.
    pub contacts: Vec<GivenContact>,
}

impl Activating {
    /// Whether every destination that was given has been confirmed, and there is one.
    #[must_use]
    pub fn contacts_confirmed(&self) -> bool {
        !self.contacts.is_empty() && self.contacts.iter().all(|contact| contact.confirmed)
    }
}

/// Why a login id and a password are not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginRefusal {
    /// The activation is over: begin again.
    Over,
    /// The login id breaks the rules.
    Login(LoginError),
    /// Somebody has it.
    Taken,
    /// The password breaks the rules.
    Password(WeakPassword),
}

/// Why a contact is not taken, or not confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContactRefusal {
    /// The activation is over: begin again.
    Over,
    /// Neither an address nor a number was given.
    Nothing,
    /// That is no mail address.
    Email,
    /// That is no telephone number.
    Phone,
    /// Too many codes were sent: wait, or begin again.
    TooMany,
    /// A code is wrong, too old, or was tried too often.
    WrongCode,
}

/// Why a space was not activated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActivationRefusal {
    /// The activation is over, or what it began with no longer holds: begin again.
    Over,
    /// A step before is missing.
    Incomplete,
    /// Somebody took the login id meanwhile.
    Taken,
    /// A minor's space is activated from the space of who represents them.
    Minor,
    /// One represents others, not oneself.
    NotYours,
}

/// What was chosen so far. Sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Draft {
    login: Option<String>,
    /// Argon2id, as a PHC string.
    password: Option<String>,
    contacts: Vec<DraftContact>,
    /// When codes left, newest last.
    sent: Vec<i64>,
}

#[derive(Clone, Serialize, Deserialize)]
struct DraftContact {
    channel: Channel,
    destination: String,
    /// Keyed hash of the six digits.
    code: [u8; 32],
    sent_at: i64,
    tries: u32,
    confirmed: bool,
}

/// An activation that lives, with its row id.
pub(super) struct Live {
    id: i64,
    patient: Patient,
    draft: Draft,
}

const INSERT: &str =
    "INSERT INTO activation (id, token, patient, draft, expires_at) VALUES ($1, $2, $3, $4, $5)";
const FORGET: &str = "DELETE FROM activation WHERE expires_at <= $1";
const END_OTHERS: &str = "DELETE FROM activation WHERE patient = $1";
const FIND: &str =
    "SELECT id, patient, draft FROM activation WHERE token = $1 AND expires_at > $2 {FOR UPDATE}";
const SAVE: &str = "UPDATE activation SET draft = $2 WHERE id = $1";

impl Directory {
    /// The activation a browser holds the token of; none when it is over.
    pub async fn activating(&self, token: &str, now: Timestamp) -> Result<Option<Activating>, Error> {
        let mut tx = self.db().read().await?;
        let Some(live) = live(&mut tx, self, token, now).await? else { return Ok(None) };
        let Live { patient, draft, .. } = live;
        let state = patient.life.state(now);
        let traits = &patient.traits;
        let contacts = draft.contacts.iter().map(|contact| GivenContact {
            channel: contact.channel,
            masked: crate::sign_in::mask(&crate::users::Contact {
                login: String::new(),
                channel: contact.channel,
                destination: contact.destination.clone(),
            }),
            confirmed: contact.confirmed,
        });
        Ok(Some(Activating {
            patient: patient.id,
            given_name: traits
                .used_given_name
                .clone()
                .or_else(|| traits.given_names.first().cloned())
                .unwrap_or_default(),
            state,
            oppose_until: patient.life.due.filter(|_| state == ProfileState::Announced),
            is_minor: patient.birthday(self.rules().majority) > now,
            time_zone: patient.time_zone.clone(),
            login: draft.login.clone(),
            contacts: contacts.collect(),
        }))
    }

    /// Opposes the space whose activation this browser holds.
    pub async fn oppose_by_code(&self, token: &str, now: Timestamp) -> Result<bool, Error> {
        self.decide_by_code(token, Decision::Oppose, now).await
    }

    /// Withdraws that opposition.
    pub async fn withdraw_by_code(&self, token: &str, now: Timestamp) -> Result<bool, Error> {
        self.decide_by_code(token, Decision::Withdraw, now).await
    }

    async fn decide_by_code(&self, token: &str, decision: Decision, now: Timestamp) -> Result<bool, Error> {
        let unit = (self.clone(), sha256(token.as_bytes()), decision, now);
        self.db()
            .write(db::unit("oppose by code", unit, |(directory, token, decision, now), tx| {
                Box::pin(async move {
                    let Some(live) = live_of(tx, directory, token, *now).await? else { return Ok(false) };
                    let moving = match decision {
                        // During the six weeks only: afterwards a space is closed, not opposed.
                        Decision::Oppose if live.patient.life.state(*now) != ProfileState::Announced => {
                            return Ok(false);
                        }
                        Decision::Oppose => super::moves::Move::opposition(live.patient.id),
                        Decision::Withdraw => super::moves::Move::withdrawal(live.patient.id),
                    };
                    let ground = super::Ground::own(live.patient.id);
                    match moving.run(tx, directory, &ground, *now).await {
                        Ok(_) => Ok(true),
                        Err(Error::State(_)) => Ok(false),
                        Err(error) => Err(error),
                    }
                })
            }))
            .await
    }

    /// Ends the activation of a browser that leaves it.
    pub async fn leave_activation(&self, token: &str) -> Result<(), Error> {
        const LEAVE: &str = "DELETE FROM activation WHERE token = $1";
        self.db()
            .write(db::unit("leave an activation", sha256(token.as_bytes()), |token, tx| {
                Box::pin(async move { Ok(tx.execute(LEAVE, args![*token]).await.map(drop)?) })
            }))
            .await
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Oppose,
    Withdraw,
}

/// Writes a fresh activation; whatever was under way for this profile is over.
pub(super) async fn begin(
    tx: &mut Tx,
    sealing: &Sealing,
    (id, token): (i64, [u8; 32]),
    patient: PatientId,
    now: Timestamp,
) -> Result<(), Error> {
    tx.execute(END_OTHERS, args![patient]).await?;
    let sealed = seal(sealing, id, &Draft::default())?;
    tx.execute(INSERT, args![id, token, patient, sealed, now.plus(limits::ACTIVATION_LIFE)]).await?;
    Ok(())
}

async fn live(
    tx: &mut Tx,
    directory: &Directory,
    token: &str,
    now: Timestamp,
) -> Result<Option<Live>, Error> {
    live_of(tx, directory, &sha256(token.as_bytes()), now).await
}

async fn live_of(
    tx: &mut Tx,
    directory: &Directory,
    token: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Live>, Error> {
    let sealing = directory.sealing();
    let Some(row) = tx.maybe_row(FIND, args![*token, now]).await? else { return Ok(None) };
    let id = row.int(0)?;
    let Some(patient) = patients::find(tx, sealing, &[PatientId(row.int(1)?)]).await?.pop() else {
        return Ok(None);
    };
    let draft = sealing.open(Sealed::Activation, id, row.bytes(2)?)?;
    let draft = postcard::from_bytes(&draft).map_err(|_| Error::Corrupt("activation"))?;
    Ok(Some(Live { id, patient, draft }))
}

async fn save(tx: &mut Tx, sealing: &Sealing, live: &Live) -> Result<(), Error> {
    tx.execute(SAVE, args![live.id, seal(sealing, live.id, &live.draft)?]).await?;
    Ok(())
}

fn seal(sealing: &Sealing, id: i64, draft: &Draft) -> Result<Vec<u8>, Error> {
    let plain = Zeroizing::new(postcard::to_stdvec(draft).map_err(|_| Error::Corrupt("activation"))?);
    Ok(sealing.seal(Sealed::Activation, id, &plain))
}

/// The chain of a patient.
fn chain(account: AccountId) -> audit::Chain {
    audit::Chain::Account(account)
}
