//! Finding a pharmacy by name or town, and the card of a correspondent.

use db::{Row, Tx, Value};
use names::{AccountId, Address, SectorCode, fold};

use crate::{Directory, Error, Mailbox, limits, mailboxes, words};

/// What a patient is shown of a correspondent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    /// Name as the directory knows it.
    pub display_name: String,
    /// Profession and know-how, or the service of a team; may be empty.
    pub role: String,
    /// Name of the organisation.
    pub organisation: Option<String>,
    /// Its town.
    pub town: Option<String>,
}

impl From<&Mailbox> for Card {
    fn from(mailbox: &Mailbox) -> Self {
        let organisation = mailbox.organisation.as_ref();
        Self {
            display_name: mailbox.display_name(),
            role: mailbox.role(),
            organisation: organisation.map(|organisation| organisation.name.clone()),
            town: organisation.map(|organisation| organisation.town.clone()).filter(|town| !town.is_empty()),
        }
    }
}

/// A pharmacy a patient may write to first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pharmacy {
    /// The account in the store.
    pub account: AccountId,
    /// Its address.
    pub address: Address,
    /// Name on its door.
    pub name: String,
    /// Number and street.
    pub street: String,
    /// Five digits.
    pub postal_code: String,
    /// Town.
    pub town: String,
}

/// Every asked word must begin a word of the organisation. The first range enters the index; an
/// unused slot is the range of all words.
const SEARCH: &str = "SELECT m.account, m.address, o.name, o.street, o.postal_code, o.town, o.folded_name
    FROM organisation o JOIN mailbox m ON m.organisation = o.id
    WHERE o.id IN (SELECT organisation FROM organisation_word WHERE word >= $1 AND word < $2)
    AND EXISTS (SELECT 1 FROM organisation_word w WHERE w.organisation = o.id AND w.word >= $3 AND w.word < $4)
    AND EXISTS (SELECT 1 FROM organisation_word w WHERE w.organisation = o.id AND w.word >= $5 AND w.word < $6)
    AND EXISTS (SELECT 1 FROM organisation_word w WHERE w.organisation = o.id AND w.word >= $7 AND w.word < $8)
    AND EXISTS (SELECT 1 FROM organisation_word w WHERE w.organisation = o.id AND w.word >= $9 AND w.word < $10)
    AND EXISTS (SELECT 1 FROM organisation_word w WHERE w.organisation = o.id AND w.word >= $11 AND w.word < $12)
    AND m.kind = 'ORG' AND m.state = 'open' AND m.red_list = FALSE AND o.sector IN ({})
    ORDER BY CASE WHEN o.folded_name = $13 THEN 0 ELSE 1 END, o.folded_name, m.rank, m.account LIMIT 200";

impl Directory {
    /// Open pharmacies whose name, town or postal code begin with every word asked; exact names
    /// first, at most `limit` of them. `sectors` says which organisations count as pharmacies.
    pub async fn find_pharmacies(
        &self,
        text: &str,
        sectors: &[SectorCode],
        limit: usize,
    ) -> Result<Vec<Pharmacy>, Error> {
        let text: String = text.chars().take(limits::SEARCH_CHARACTERS).collect();
        let asked = words::asked(&text, limits::SEARCH_WORDS);
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.db().read().await?;
        search(&mut tx, &fold(&text), &asked, sectors, limit.min(limits::SEARCH_RESULTS)).await
    }

    /// What patients are shown of these correspondents, in their order; none for an account that is
    /// not a mailbox of the trade.
    pub async fn correspondents(&self, accounts: &[AccountId]) -> Result<Vec<Option<Card>>, Error> {
        let mut tx = self.db().read().await?;
        let found = mailboxes::find(&mut tx, accounts).await?;
        let card =
            |account: &AccountId| found.iter().find(|mailbox| mailbox.account == *account).map(Card::from);
        Ok(accounts.iter().map(card).collect())
    }

    /// What patients are shown of one correspondent.
    pub async fn correspondent(&self, account: AccountId) -> Result<Option<Card>, Error> {
        Ok(self.correspondents(&[account]).await?.pop().flatten())
    }
}

async fn search(
    tx: &mut Tx,
    folded: &str,
    asked: &[String],
    sectors: &[SectorCode],
    limit: usize,
) -> Result<Vec<Pharmacy>, Error> {
    let mut parameters = Vec::with_capacity(2 * limits::SEARCH_WORDS + 1);
    for slot in 0..limits::SEARCH_WORDS {
        let start = asked.get(slot).map_or(Vec::new(), |word| word.clone().into_bytes());
        let mut end = start.clone();
        // No UTF-8 text holds this byte: everything that begins with the word sorts below.
        end.push(0xff);
        parameters.extend([Value::from(start), Value::from(end)]);
    }
    parameters.push(Value::from(folded));
    let sectors = sectors.iter().map(|sector| Value::from(sector.0.as_str())).collect();
    let rows = tx.rows_in(SEARCH, parameters, sectors).await?;
    let found: Result<Vec<(Pharmacy, String)>, Error> = rows.iter().map(from_row).collect();
    let mut found = found?;
    found.sort_by_cached_key(|(pharmacy, name)| (rank(name, folded, asked), name.clone(), pharmacy.account));
    Ok(found.into_iter().take(limit).map(|(pharmacy, _)| pharmacy).collect())
}

/// 0 for the very name, 1 when the name begins so, 2 when whole words agree, 3 otherwise.
fn rank(name: &str, folded: &str, asked: &[String]) -> u8 {
    let of_name = words::indexed(name);
    if name == folded {
        0
    } else if name.starts_with(folded) {
        1
    } else if asked.iter().all(|word| of_name.contains(word)) {
        2
    } else {
        3
    }
}

fn from_row(row: &Row) -> Result<(Pharmacy, String), Error> {
    let address = Address::parse(&row.text(1)?).map_err(|_| Error::Corrupt("mailbox address"))?;
    let pharmacy = Pharmacy {
        account: AccountId(row.int(0)?),
        address,
        name: row.text(2)?,
        street: row.text(3)?,
        postal_code: row.text(4)?,
        town: row.text(5)?,
    };
    Ok((pharmacy, row.text(6)?))
}

#[cfg(test)]
mod tests;
