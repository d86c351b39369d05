//! Organisations: hospitals, practices, pharmacies, social structures.

use db::{Row, Tx, args};
use names::{Finess, NationalStructureId, OrganisationId, SectorCode, fold};

use crate::words;

/// An organisation as the directory knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organisation {
    /// Row id.
    pub id: OrganisationId,
    /// `1` + FINESS, `2` + SIREN, `3` + SIRET (DOMAIN §4.6).
    pub national_id: NationalStructureId,
    /// Number of the establishment.
    pub finess: Option<Finess>,
    /// Fourteen digits of the national business register.
    pub siret: Option<String>,
    /// Name on its door.
    pub name: String,
    /// Sector of activity; says which ones are pharmacies.
    pub sector: Option<SectorCode>,
    /// Number and street.
    pub street: String,
    /// Five digits.
    pub postal_code: String,
    /// Town.
    pub town: String,
}

const FIND_ALL: &str = "SELECT id, national_id, finess, siret, name, sector, street, postal_code, town
    FROM organisation WHERE national_id IN ({})";
const BY_ID: &str = "SELECT id, national_id, finess, siret, name, sector, street, postal_code, town
    FROM organisation WHERE id = $1";
const ALL: &str = "SELECT id, national_id, finess, siret, name, sector, street, postal_code, town
    FROM organisation ORDER BY folded_name, id";
const SAVE: &str =
    "INSERT INTO organisation (id, national_id, finess, siret, name, folded_name, sector, street,
    postal_code, town) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (id) DO UPDATE SET finess = excluded.finess, siret = excluded.siret, name = excluded.name,
    folded_name = excluded.folded_name, sector = excluded.sector, street = excluded.street,
    postal_code = excluded.postal_code, town = excluded.town";
const FORGET_WORDS: &str = "DELETE FROM organisation_word WHERE organisation = $1";
const ADD_WORDS: &str = "INSERT INTO organisation_word (word, organisation) VALUES";

/// The organisations with these national ids; those unknown are left out.
pub async fn find_by_national_ids(
    tx: &mut Tx,
    ids: &[NationalStructureId],
) -> Result<Vec<Organisation>, db::Error> {
    let list = ids.iter().map(|id| db::Value::from(id.0.as_str())).collect();
    let rows = tx.rows_in(FIND_ALL, args![], list).await?;
    let found: Result<Vec<_>, _> = rows.iter().map(|row| from_row(row, 0)).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The organisation with this id.
pub async fn find(tx: &mut Tx, id: OrganisationId) -> Result<Option<Organisation>, db::Error> {
    match tx.maybe_row(BY_ID, args![id]).await? {
        Some(row) => from_row(&row, 0),
        None => Ok(None),
    }
}

/// Every organisation of this house, by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Organisation>, db::Error> {
    let rows = tx.rows(ALL, args![]).await?;
    let found: Result<Vec<_>, _> = rows.iter().map(|row| from_row(row, 0)).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Writes an organisation and the words it is found by. The caller bumps the generation.
pub async fn save(tx: &mut Tx, organisation: &Organisation) -> Result<(), db::Error> {
    let row = args![
        organisation.id,
        organisation.national_id.0.as_str(),
        organisation.finess.as_ref().map(|finess| finess.as_str().to_owned()),
        organisation.siret.clone(),
        organisation.name.as_str(),
        fold(&organisation.name),
        organisation.sector.as_ref().map(|sector| sector.0.clone()),
        organisation.street.as_str(),
        organisation.postal_code.as_str(),
        organisation.town.as_str()
    ];
    tx.execute(SAVE, row).await?;
    tx.execute(FORGET_WORDS, args![organisation.id]).await?;
    let texts = [&organisation.name, &organisation.town, &organisation.postal_code];
    let mut found: Vec<String> = texts.into_iter().flat_map(|text| words::indexed(text)).collect();
    found.sort();
    found.dedup();
    let rows = found.into_iter().map(|word| args![word.into_bytes(), organisation.id]).collect();
    tx.insert_rows(ADD_WORDS, "", rows).await.map(drop)
}

/// Reads an organisation from nine columns that begin at `first`; none when an outer join found none.
pub(crate) fn from_row(row: &Row, first: usize) -> Result<Option<Organisation>, db::Error> {
    let Some(id) = row.maybe_int(first)? else { return Ok(None) };
    Ok(Some(Organisation {
        id: OrganisationId(id),
        national_id: NationalStructureId(row.text(first + 1)?),
        finess: row.maybe_text(first + 2)?.and_then(|finess| Finess::parse(&finess).ok()),
        siret: row.maybe_text(first + 3)?,
        name: row.text(first + 4)?,
        sector: row.maybe_text(first + 5)?.map(SectorCode),
        street: row.text(first + 6)?,
        postal_code: row.text(first + 7)?,
        town: row.text(first + 8)?,
    }))
}
