//! One patient: traits sealed, the INS found by keyed hash, the life of the profile dated.

use db::{Row, Tx, args};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use names::{AccountId, Address, Domain, Ins, PatientId, ProfileState, Timestamp};
use serde::{Deserialize, Serialize};

use crate::sealing::{Sealed, Sealing};
use crate::{Error, ProfileEvent, ProfileLife};

/// Administrative sex, as the identity service gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Sex {
    /// `F`
    Female,
    /// `M`
    Male,
    /// `I`: not known, or not determined.
    Undetermined,
}

impl Sex {
    /// Every code, for tables of tests.
    pub const ALL: [Self; 3] = [Self::Female, Self::Male, Self::Undetermined];

    /// The letter kept in import files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
            Self::Undetermined => "I",
        }
    }

    /// The sex a letter stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sex| sex.code() == code)
    }
}

/// Who a patient is: everything that must stay sealed at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct Traits {
    /// National health identity number.
    pub ins: Ins,
    /// Name at birth.
    pub birth_name: String,
    /// Name in use, when it is another.
    pub used_name: Option<String>,
    /// First names, in order; the first is the one shown unless `used_given_name` says otherwise.
    pub given_names: Vec<String>,
    /// First name in use, when it is not the first.
    pub used_given_name: Option<String>,
    /// Date of birth.
    pub birth_date: Date,
    /// Where they were born, as INSEE codes communes and countries.
    pub birth_place: Option<String>,
    /// Administrative sex.
    pub sex: Sex,
    /// Where alerts of this profile go.
    pub email: Option<String>,
    /// Where alerts of this profile go, as SMS.
    pub phone: Option<String>,
    /// Where letters on paper go, line by line, without the name.
    pub postal: Vec<String>,
}

/// Never shows a trait.
impl std::fmt::Debug for Traits {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Traits(…)")
    }
}

/// A patient as the directory knows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Patient {
    /// Row id.
    pub id: PatientId,
    /// The account in the store.
    pub account: AccountId,
    /// Who they are.
    pub traits: Traits,
    /// Where the profile stands and since when.
    pub life: ProfileLife,
    /// IANA name of the zone their dates are shown and counted in.
    pub time_zone: String,
}

impl Patient {
    /// The name correspondents are shown.
    #[must_use]
    pub fn display_name(&self) -> String {
        let traits = &self.traits;
        let given = traits.used_given_name.as_ref().or(traits.given_names.first());
        let family = traits.used_name.as_ref().unwrap_or(&traits.birth_name);
        given.into_iter().chain([family]).map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Every name this person may be called by, for the check of the `To` name (DESIGN §2.5).
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let traits = &self.traits;
        let mut names = vec![traits.birth_name.clone()];
        names.extend(traits.used_name.clone());
        names.extend(traits.used_given_name.clone());
        names.extend(traits.given_names.iter().cloned());
        names
    }

    /// The full address at the patient domain.
    #[must_use]
    pub fn address(&self, domain: &Domain) -> Address {
        Address::of_patient(&self.traits.ins, domain)
    }

    /// When this person turns `years`: midnight of the birthday in their own zone. Born on
    /// 29 February, they turn on the 28th in a common year.
    #[must_use]
    pub fn birthday(&self, years: i16) -> Timestamp {
        let birth = self.traits.birth_date;
        let year = birth.year().saturating_add(years);
        let day = Date::new(year, birth.month(), birth.day()).or_else(|_| Date::new(year, birth.month(), 28));
        let midnight = day.ok().and_then(|day| day.to_zoned(self.zone()).ok());
        midnight.map_or(Timestamp(i64::MAX), |zoned| Timestamp(zoned.timestamp().as_millisecond()))
    }

    /// The zone itself; UTC when the name is not one the tables know.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

const BY_INS: &str = "SELECT id, account, traits, state, announced_at, created_at, activated_at, opposed_at,
    closed_at, time_zone, due_at, erase_at FROM patient WHERE ins_hash IN ({})";
const BY_ID: &str = "SELECT id, account, traits, state, announced_at, created_at, activated_at, opposed_at,
    closed_at, time_zone, due_at, erase_at FROM patient WHERE id IN ({})";
const BY_ACCOUNT: &str = "SELECT id, account, traits, state, announced_at, created_at, activated_at,
    opposed_at, closed_at, time_zone, due_at, erase_at FROM patient WHERE account IN ({})";
const SAVE: &str = "INSERT INTO patient (id, account, ins_hash, traits, state, announced_at, created_at,
    activated_at, opposed_at, closed_at, time_zone, due_at, erase_at, identity_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (id) DO UPDATE SET traits = excluded.traits, state = excluded.state,
    announced_at = excluded.announced_at, created_at = excluded.created_at,
    activated_at = excluded.activated_at, opposed_at = excluded.opposed_at, closed_at = excluded.closed_at,
    time_zone = excluded.time_zone, due_at = excluded.due_at, erase_at = excluded.erase_at,
    identity_hash = excluded.identity_hash";
const FALL_DUE: &str = "UPDATE patient SET state = 'created', created_at = due_at
    WHERE state = 'announced' AND due_at <= $1";

/// The patients of these INS; those unknown are left out.
pub(crate) async fn find_by_ins(tx: &mut Tx, sealing: &Sealing, ins: &[Ins]) -> Result<Vec<Patient>, Error> {
    let list = ins.iter().map(|ins| db::Value::from(sealing.ins_hash(ins))).collect();
    tx.rows_in(BY_INS, args![], list).await?.into_iter().map(|row| from_row(&row, sealing)).collect()
}

/// The patients with these ids.
pub(crate) async fn find(tx: &mut Tx, sealing: &Sealing, ids: &[PatientId]) -> Result<Vec<Patient>, Error> {
    let list = ids.iter().map(|id| db::Value::from(*id)).collect();
    tx.rows_in(BY_ID, args![], list).await?.into_iter().map(|row| from_row(&row, sealing)).collect()
}

/// The patients who own these accounts.
pub(crate) async fn find_by_account(
    tx: &mut Tx,
    sealing: &Sealing,
    accounts: &[AccountId],
) -> Result<Vec<Patient>, Error> {
    let list = accounts.iter().map(|account| db::Value::from(*account)).collect();
    tx.rows_in(BY_ACCOUNT, args![], list).await?.into_iter().map(|row| from_row(&row, sealing)).collect()
}

/// Writes a patient; account and INS of a known one stay. The caller bumps the generation.
pub(crate) async fn save(tx: &mut Tx, sealing: &Sealing, patient: &Patient) -> Result<(), Error> {
    let life = &patient.life;
    let row = args![
        patient.id,
        patient.account,
        sealing.ins_hash(&patient.traits.ins),
        sealing.seal(Sealed::Traits, patient.id.0, &encode(&patient.traits)?),
        life.recorded.code(),
        life.announced,
        life.created,
        life.activated,
        life.opposed,
        life.closed,
        patient.time_zone.as_str(),
        life.due,
        life.erase,
        own_identity(sealing, &patient.traits)
    ];
    tx.execute(SAVE, row).await?;
    Ok(())
}

/// What finds somebody by birth name, first name and date of birth, however they are spelt.
pub(super) fn identity_hash(sealing: &Sealing, birth_name: &str, given_name: &str, born: Date) -> [u8; 32] {
    let plain = |name: &str| names::fold(name).replace(' ', "");
    sealing.identity_hash(&format!("{}|{}|{born}", plain(birth_name), plain(given_name)))
}

fn own_identity(sealing: &Sealing, traits: &Traits) -> [u8; 32] {
    let given = traits.given_names.first().map_or("", String::as_str);
    identity_hash(sealing, &traits.birth_name, given, traits.birth_date)
}

/// Moves a profile on; refused when its state does not allow it. The caller bumps the generation.
pub(crate) async fn apply_event(
    tx: &mut Tx,
    sealing: &Sealing,
    patient: PatientId,
    event: ProfileEvent,
    now: Timestamp,
) -> Result<Patient, Error> {
    let found = find(tx, sealing, &[patient]).await?.pop();
    let mut patient = found.ok_or(Error::Unknown("patient"))?;
    patient.life = patient.life.after(event, now)?;
    save(tx, sealing, &patient).await?;
    Ok(patient)
}

/// Writes down the creations that six weeks have brought; answers how many. Nothing depends on when
/// this runs: [`ProfileLife::state`] already counts the days.
pub async fn record_creations(tx: &mut Tx, now: Timestamp) -> Result<u64, db::Error> {
    tx.execute(FALL_DUE, args![now]).await
}

fn from_row(row: &Row, sealing: &Sealing) -> Result<Patient, Error> {
    let id = PatientId(row.int(0)?);
    let traits = decode(&sealing.open(Sealed::Traits, id.0, row.bytes(2)?)?)?;
    let recorded = ProfileState::from_code(&row.text(3)?).ok_or(Error::Corrupt("profile state"))?;
    let life = ProfileLife {
        recorded,
        announced: row.maybe_time(4)?,
        created: row.maybe_time(5)?,
        activated: row.maybe_time(6)?,
        opposed: row.maybe_time(7)?,
        closed: row.maybe_time(8)?,
        due: row.maybe_time(10)?,
        erase: row.maybe_time(11)?,
    };
    Ok(Patient { id, account: AccountId(row.int(1)?), traits, life, time_zone: row.text(9)? })
}

/// Traits as they are sealed. Fields are only ever added at the end.
#[derive(Serialize, Deserialize)]
struct StoredTraits {
    ins: Ins,
    birth_name: String,
    used_name: Option<String>,
    given_names: Vec<String>,
    used_given_name: Option<String>,
    birth_date: (i16, i8, i8),
    sex: Sex,
    email: Option<String>,
    phone: Option<String>,
}

/// What was added since the first rows were written.
#[derive(Default, Serialize, Deserialize)]
struct Later {
    postal: Vec<String>,
}

/// And since then.
#[derive(Default, Serialize, Deserialize)]
struct Latest {
    birth_place: Option<String>,
}

fn encode(traits: &Traits) -> Result<Vec<u8>, Error> {
    let traits = traits.clone();
    let birth = traits.birth_date;
    let stored = StoredTraits {
        ins: traits.ins,
        birth_name: traits.birth_name,
        used_name: traits.used_name,
        given_names: traits.given_names,
        used_given_name: traits.used_given_name,
        birth_date: (birth.year(), birth.month(), birth.day()),
        sex: traits.sex,
        email: traits.email,
        phone: traits.phone,
    };
    let stored = (stored, Later { postal: traits.postal }, Latest { birth_place: traits.birth_place });
    postcard::to_stdvec(&stored).map_err(|_| Error::Corrupt("patient's traits"))
}

fn decode(bytes: &[u8]) -> Result<Traits, Error> {
    let corrupt = Error::Corrupt("patient's traits");
    let Ok((stored, rest)) = postcard::take_from_bytes::<StoredTraits>(bytes) else { return Err(corrupt) };
    // Rows of before end here.
    let Some((later, rest)) = or_default::<Later>(rest) else { return Err(corrupt) };
    let Some((latest, _)) = or_default::<Latest>(rest) else { return Err(corrupt) };
    let (year, month, day) = stored.birth_date;
    let Ok(birth_date) = Date::new(year, month, day) else { return Err(corrupt) };
    Ok(Traits {
        ins: stored.ins,
        birth_name: stored.birth_name,
        used_name: stored.used_name,
        given_names: stored.given_names,
        used_given_name: stored.used_given_name,
        birth_date,
        birth_place: latest.birth_place,
        sex: stored.sex,
        email: stored.email,
        phone: stored.phone,
        postal: later.postal,
    })
}

/// What follows, and what is behind it; nothing follows in rows of before it was added.
fn or_default<'a, T: Default + Deserialize<'a>>(rest: &'a [u8]) -> Option<(T, &'a [u8])> {
    if rest.is_empty() { Some((T::default(), rest)) } else { postcard::take_from_bytes(rest).ok() }
}
