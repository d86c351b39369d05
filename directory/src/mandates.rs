//! Who may act for whom among patients: a parent for a child, a helper for an adult.
//!
//! Asked anew at every request (RELIABILITY ): a mandate that ended a second ago is gone.

use std::collections::HashMap;

use db::{Tx, args};
use names::{AccountId, PatientId, ProfileState, Timestamp};

use crate::{Directory, Error, Patient, UserId, patients};

/// How a user stands to a profile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Relation {
    /// It is their own.
    Own,
    /// Parent or guardian of a minor; ends by itself on the eighteenth birthday.
    LegalRepresentative,
    /// Carer an adult has chosen.
    Helper,
}

impl Relation {
    /// The code kept in the database and in import files; nobody has a mandate over themselves.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::LegalRepresentative => "legal-representative",
            Self::Helper => "helper",
        }
    }

    /// The mandate a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::LegalRepresentative, Self::Helper].into_iter().find(|relation| relation.code() == code)
    }
}

/// A profile a user may open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// Whose.
    pub patient: PatientId,
    /// Where their letters are.
    pub account: AccountId,
    /// Their name.
    pub display_name: String,
    /// How the user stands to them.
    pub relation: Relation,
    /// When that ends.
    pub until: Option<Timestamp>,
    /// Created or activated: others cannot be opened.
    pub state: ProfileState,
    /// IANA name of the zone their dates are shown in.
    pub time_zone: String,
}

impl Profile {
    /// Whether it is the user's own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.relation == Relation::Own
    }
}

/// A mandate as it is written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mandate {
    pub(crate) holder: UserId,
    pub(crate) patient: PatientId,
    pub(crate) relation: Relation,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Option<Timestamp>,
}

impl Mandate {
    /// When it really ends: what was written, or the day the minor is none any more.
    fn effective_end(&self, patient: &Patient, majority: i16) -> Option<Timestamp> {
        match self.relation {
            Relation::LegalRepresentative => {
                let majority = patient.birthday(majority);
                Some(self.ends.map_or(majority, |ends| ends.min(majority)))
            }
            Relation::Own | Relation::Helper => self.ends,
        }
    }
}

const OWN: &str = "SELECT patient FROM patient_user WHERE id = $1";
const HELD: &str = "SELECT holder, patient, relation, starts_at, ends_at FROM mandate WHERE holder IN ({})";
const SAVE: &str = "INSERT INTO mandate (holder, patient, relation, starts_at, ends_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (holder, patient) DO UPDATE SET relation = excluded.relation,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at";

/// The profiles a user may open at `now`: their own first, then by name.
pub(crate) async fn profiles_of(
    tx: &mut Tx,
    directory: &Directory,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<Profile>, Error> {
    let (sealing, majority) = (directory.sealing(), directory.rules().majority);
    let Some(own) = tx.maybe_row(OWN, args![user]).await? else { return Ok(Vec::new()) };
    let own = PatientId(own.int(0)?);
    let mandates = held(tx, &[user]).await?;
    let ids: Vec<PatientId> = mandates.iter().map(|mandate| mandate.patient).chain([own]).collect();
    let found = patients::find(tx, sealing, &ids).await?;
    let mut known: HashMap<PatientId, Patient> = found.into_iter().map(|p| (p.id, p)).collect();
    let mut profiles: Vec<Profile> = mandates
        .iter()
        .filter(|mandate| mandate.patient != own)
        .filter_map(|mandate| {
            let patient = known.get(&mandate.patient)?;
            let until = mandate.effective_end(patient, majority);
            let holds = mandate.starts <= now && until.is_none_or(|until| now < until);
            holds.then(|| profile(patient, mandate.relation, until, now)).flatten()
        })
        .collect();
    profiles.sort_by(|a, b| (&a.display_name, a.patient).cmp(&(&b.display_name, b.patient)));
    if let Some(own) = known.remove(&own).and_then(|patient| profile(&patient, Relation::Own, None, now)) {
        profiles.insert(0, own);
    }
    Ok(profiles)
}

pub(crate) async fn held(tx: &mut Tx, holders: &[UserId]) -> Result<Vec<Mandate>, Error> {
    let list = holders.iter().map(|holder| db::Value::from(*holder)).collect();
    let rows = tx.rows_in(HELD, args![], list).await?;
    rows.iter()
        .map(|row| {
            Ok(Mandate {
                holder: UserId(row.int(0)?),
                patient: PatientId(row.int(1)?),
                relation: Relation::from_code(&row.text(2)?).ok_or(Error::Corrupt("mandate"))?,
                starts: row.time(3)?,
                ends: row.maybe_time(4)?,
            })
        })
        .collect()
}

pub(crate) async fn save(tx: &mut Tx, mandate: &Mandate) -> Result<(), db::Error> {
    let row = args![mandate.holder, mandate.patient, mandate.relation.code(), mandate.starts, mandate.ends];
    tx.execute(SAVE, row).await.map(drop)
}

/// A profile that may be opened; none when its state closes it.
fn profile(
    patient: &Patient,
    relation: Relation,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Option<Profile> {
    let state = patient.life.state(now);
    match state {
        ProfileState::Created | ProfileState::Activated => Some(Profile {
            patient: patient.id,
            account: patient.account,
            display_name: patient.display_name(),
            relation,
            until,
            state,
            time_zone: patient.time_zone.clone(),
        }),
        ProfileState::Announced | ProfileState::Opposed | ProfileState::Closed => None,
    }
}

#[cfg(test)]
mod tests;
