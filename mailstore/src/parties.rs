//! Parties: the sides of a contact. A local account's party has the account's own number; a remote
//! address gets one of its own, sealed and found by keyed hash.

use std::collections::HashMap;

use names::{AccountId, Address, PartyId, Timestamp};

use crate::context::{self, Kind};
use crate::{Error, Mailstore};

/// Who a party is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Party {
    /// An account of this house.
    Account(AccountId),
    /// An address elsewhere.
    Remote(Address),
}

impl Party {
    /// The party of a local account: no question to ask.
    #[must_use]
    pub fn of_account(account: AccountId) -> PartyId {
        PartyId(account.0)
    }
}

impl Mailstore {
    /// The parties of remote addresses that have one already.
    pub async fn parties_of(
        &self,
        tx: &mut db::Tx,
        addresses: &[Address],
    ) -> Result<HashMap<Address, PartyId>, Error> {
        let hashes: Vec<_> = addresses.iter().map(|address| self.address_hash(address)).collect();
        self.parties_by_hash(tx, addresses, &hashes).await
    }

    /// The parties of remote addresses, made when missing.
    pub async fn ensure_parties(
        &self,
        tx: &mut db::Tx,
        addresses: &[Address],
        now: Timestamp,
    ) -> Result<HashMap<Address, PartyId>, Error> {
        let hashes: Vec<_> = addresses.iter().map(|address| self.address_hash(address)).collect();
        let known = self.parties_by_hash(tx, addresses, &hashes).await?;
        let mut missing: Vec<_> =
            addresses.iter().zip(&hashes).filter(|(address, _)| !known.contains_key(*address)).collect();
        if missing.is_empty() {
            return Ok(known);
        }
        missing.sort();
        missing.dedup();
        let rows = missing.into_iter().map(|(address, hash)| {
            let id = PartyId(self.db().id(now));
            let context = context::of(Kind::Party, id, 0);
            let sealed = self.vault().seal(&context, address.to_string().as_bytes(), self.entropy());
            db::args![id, *hash, sealed]
        });
        const INSERT: &str = "INSERT INTO party (id, address_hash, sealed_address) VALUES";
        tx.insert_rows(INSERT, "ON CONFLICT DO NOTHING", rows.collect()).await?;
        self.parties_by_hash(tx, addresses, &hashes).await
    }

    /// Who these parties are.
    pub async fn who(&self, tx: &mut db::Tx, parties: &[PartyId]) -> Result<HashMap<PartyId, Party>, Error> {
        const SELECT: &str = "SELECT id, account, sealed_address FROM party WHERE id IN ({})";
        let list = parties.iter().map(|party| db::Value::from(*party)).collect();
        let mut found = HashMap::with_capacity(parties.len());
        for row in tx.rows_in(SELECT, db::args![], list).await? {
            let id = PartyId(row.int(0)?);
            let unreadable = || Error::Unreadable { what: "party", id: id.0 };
            let party = match row.maybe_int(1)? {
                Some(account) => Party::Account(AccountId(account)),
                None => {
                    let sealed = row.maybe_bytes(2)?.ok_or_else(unreadable)?;
                    let text = self
                        .vault()
                        .open(&context::of(Kind::Party, id, 0), sealed)
                        .map_err(|_| Error::Sealed { what: "party", id: id.0 })?;
                    let text = String::from_utf8(text).map_err(|_| unreadable())?;
                    Party::Remote(Address::parse(&text).map_err(|_| unreadable())?)
                }
            };
            found.insert(id, party);
        }
        Ok(found)
    }

    fn address_hash(&self, address: &Address) -> [u8; 16] {
        self.hashes().short(format!("address {address}").as_bytes())
    }

    async fn parties_by_hash(
        &self,
        tx: &mut db::Tx,
        addresses: &[Address],
        hashes: &[[u8; 16]],
    ) -> Result<HashMap<Address, PartyId>, Error> {
        const SELECT: &str = "SELECT address_hash, id FROM party WHERE address_hash IN ({})";
        let list = hashes.iter().map(|hash| db::Value::from(*hash)).collect();
        let mut by_hash = HashMap::new();
        for row in tx.rows_in(SELECT, db::args![], list).await? {
            by_hash.insert(row.bytes(0)?, PartyId(row.int(1)?));
        }
        let found = addresses.iter().zip(hashes);
        Ok(found.filter_map(|(address, hash)| Some((address.clone(), *by_hash.get(&hash[..])?))).collect())
    }
}
