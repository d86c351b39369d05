//! Professionals: health professionals, and social workers known by their structure only.

use db::{Row, Tx, args};
use names::{NationalPersonId, PersonId, Profession, Rpps};

/// A professional as the directory knows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Row id.
    pub id: PersonId,
    /// `8` + RPPS, `0` + ADELI, `3` + structure/local number for those who have neither (DOMAIN §4.6).
    pub national_id: NationalPersonId,
    /// `Dr`, `Pr`, `Mme`, `M.`, or empty.
    pub civility: String,
    /// First name in practice.
    pub given_name: String,
    /// Last name in practice.
    pub family_name: String,
    /// Profession, when it is one of the national value set.
    pub profession: Option<Profession>,
    /// Know-how label, as `Cardiologie`.
    pub specialty: Option<String>,
}

impl Person {
    /// The name patients are shown: `Dr Marie Martin`.
    #[must_use]
    pub fn display_name(&self) -> String {
        let words = [self.civility.as_str(), &self.given_name, &self.family_name];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The role patients are shown: `Médecin, Cardiologie`; empty when the directory has none.
    #[must_use]
    pub fn role(&self) -> String {
        let profession = self.profession.as_ref().map(|profession| profession.label.as_str());
        let parts = [profession, self.specialty.as_deref()];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// The RPPS number, of those who have one.
    #[must_use]
    pub fn rpps(&self) -> Option<Rpps> {
        self.national_id.0.strip_prefix('8').and_then(|digits| Rpps::parse(digits).ok())
    }
}

/// Columns of a person, as [`from_row`] reads them.
pub(crate) const COLUMNS: usize = 8;

const FIND: &str = "SELECT id, national_id, civility, given_name, family_name, profession_code,
    profession_label, specialty FROM person WHERE id = $1";
const FIND_ALL: &str = "SELECT id, national_id, civility, given_name, family_name, profession_code,
    profession_label, specialty FROM person WHERE national_id IN ({})";
const SAVE: &str = "INSERT INTO person (id, national_id, civility, given_name, family_name, profession_code,
    profession_label, specialty) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET civility = excluded.civility, given_name = excluded.given_name,
    family_name = excluded.family_name, profession_code = excluded.profession_code,
    profession_label = excluded.profession_label, specialty = excluded.specialty";

/// The person with this id.
pub async fn find(tx: &mut Tx, id: PersonId) -> Result<Option<Person>, db::Error> {
    Ok(match tx.maybe_row(FIND, args![id]).await? {
        Some(row) => from_row(&row, 0)?,
        None => None,
    })
}

/// The people with these national ids; those unknown are left out.
pub async fn find_by_national_ids(tx: &mut Tx, ids: &[NationalPersonId]) -> Result<Vec<Person>, db::Error> {
    let list = ids.iter().map(|id| db::Value::from(id.0.as_str())).collect();
    let rows = tx.rows_in(FIND_ALL, args![], list).await?;
    let people: Result<Vec<_>, _> = rows.iter().map(|row| from_row(row, 0)).collect();
    Ok(people?.into_iter().flatten().collect())
}

/// Writes a person; the national id of a known one stays. The caller bumps the generation.
pub async fn save(tx: &mut Tx, person: &Person) -> Result<(), db::Error> {
    let (code, label) = match &person.profession {
        Some(profession) => (Some(profession.code.clone()), Some(profession.label.clone())),
        None => (None, None),
    };
    let row = args![
        person.id,
        person.national_id.0.as_str(),
        person.civility.as_str(),
        person.given_name.as_str(),
        person.family_name.as_str(),
        code,
        label,
        person.specialty.clone()
    ];
    tx.execute(SAVE, row).await.map(drop)
}

/// Reads a person from `COLUMNS` columns that begin at `first`; none when an outer join found none.
pub(crate) fn from_row(row: &Row, first: usize) -> Result<Option<Person>, db::Error> {
    let Some(id) = row.maybe_int(first)? else { return Ok(None) };
    let profession = match (row.maybe_text(first + 5)?, row.maybe_text(first + 6)?) {
        (Some(code), Some(label)) => Some(Profession { code, label }),
        (Some(_), None) | (None, Some(_)) | (None, None) => None,
    };
    Ok(Some(Person {
        id: PersonId(id),
        national_id: NationalPersonId(row.text(first + 1)?),
        civility: row.text(first + 2)?,
        given_name: row.text(first + 3)?,
        family_name: row.text(first + 4)?,
        profession,
        specialty: row.maybe_text(first + 7)?,
    }))
}
