//! Keys of programs that ask the directory over HTTPS: issued, shown once, revocable.

use audit::{Act, Actor, Chain, Entry, Line};
use db::{Row, Tx, args};
use names::{ApiKeyId, NationalStructureId, Timestamp};
use zeroize::Zeroizing;

use crate::credentials::{canonical, spell};
use crate::{Directory, Error};

/// A key as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKey {
    /// Its row.
    pub id: ApiKeyId,
    /// The program it was made for.
    pub label: String,
    /// Structures whose mailboxes it may publish; none for a key that only reads.
    pub publishes: Vec<NationalStructureId>,
    /// When it was made.
    pub created: Timestamp,
    /// When it stopped counting.
    pub revoked: Option<Timestamp>,
}

/// A key just made. Nobody can show it again.
pub struct IssuedApiKey {
    /// Its row, for revoking.
    pub id: ApiKeyId,
    /// The secret, as `xxxx-xxxx-xxxx-xxxx-xxxx-xxxx-xx`.
    pub secret: Zeroizing<String>,
}

impl std::fmt::Debug for IssuedApiKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "IssuedApiKey({:?}, …)", self.id)
    }
}

const INSERT: &str =
    "INSERT INTO api_key (id, label, lookup, created_at, revoked_at) VALUES ($1, $2, $3, $4, NULL)";
const INSERT_STRUCTURES: &str = "INSERT INTO api_key_structure (api_key, structure) VALUES";
const BY_LOOKUP: &str = "SELECT id, label, created_at, revoked_at FROM api_key
    WHERE lookup = $1 AND revoked_at IS NULL";
const ALL: &str = "SELECT id, label, created_at, revoked_at FROM api_key ORDER BY id";
const STRUCTURES: &str = "SELECT structure FROM api_key_structure WHERE api_key = $1 ORDER BY structure";
const REVOKE: &str = "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

impl Directory {
    /// Makes a key for a program and shows it this once. `by` asked for it.
    pub async fn issue_api_key(
        &self,
        label: &str,
        publishes: &[NationalStructureId],
        by: Actor,
        now: Timestamp,
    ) -> Result<IssuedApiKey, Error> {
        let secret = Zeroizing::new(spell(&self.entropy().bytes()));
        let id = ApiKeyId(self.db().id(now));
        let mut structures: Vec<String> = publishes.iter().map(|own| own.0.clone()).collect();
        structures.sort();
        structures.dedup();
        let told = self.about_key(id, Act::CredentialIssued, by, now);
        let unit = (id, label.to_owned(), self.sealing().secret_hash(&secret), structures, now, told);
        self.db()
            .write(db::unit("issue a key of a program", unit, |unit, tx| {
                Box::pin(async move {
                    let (id, label, lookup, structures, now, told) = unit;
                    tx.execute(INSERT, args![id.0, label.as_str(), lookup, *now]).await?;
                    let rows: Vec<_> = structures.iter().map(|own| args![id.0, own.as_str()]).collect();
                    if !rows.is_empty() {
                        tx.insert_rows(INSERT_STRUCTURES, "", rows).await?;
                    }
                    audit::append(tx, std::slice::from_ref(told)).await
                })
            }))
            .await?;
        Ok(IssuedApiKey { id, secret })
    }

    /// The standing key with this secret.
    pub async fn api_key(&self, secret: &str) -> Result<Option<ApiKey>, Error> {
        let lookup = self.sealing().secret_hash(&canonical(secret));
        let mut tx = self.db().read().await?;
        match tx.maybe_row(BY_LOOKUP, args![lookup]).await? {
            Some(row) => Ok(Some(key(&mut tx, &row).await?)),
            None => Ok(None),
        }
    }

    /// All keys, revoked ones included.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        let mut tx = self.db().read().await?;
        let mut keys = Vec::new();
        for row in tx.rows(ALL, args![]).await? {
            keys.push(key(&mut tx, &row).await?);
        }
        Ok(keys)
    }

    /// Stops a key; answers whether there was one to stop.
    pub async fn revoke_api_key(&self, id: ApiKeyId, by: Actor, now: Timestamp) -> Result<bool, Error> {
        let told = self.about_key(id, Act::CredentialRevoked, by, now);
        let stopped = self
            .db()
            .write(db::unit("revoke a key of a program", (id, now, told), |(id, now, told), tx| {
                Box::pin(async move {
                    let stopped = tx.execute(REVOKE, args![id.0, *now]).await?;
                    if stopped == 1 {
                        audit::append(tx, std::slice::from_ref(told)).await?;
                    }
                    Ok::<_, db::Error>(stopped)
                })
            }))
            .await?;
        Ok(stopped == 1)
    }

    fn about_key(&self, id: ApiKeyId, act: Act, by: Actor, now: Timestamp) -> Entry {
        let line = Line { at: now, actor: by, for_whom: None, act, detail: format!("api_key={}", id.0) };
        Entry::new(Chain::System, line, self.entropy())
    }
}

async fn key(tx: &mut Tx, row: &Row) -> Result<ApiKey, Error> {
    let id = row.int(0)?;
    let structures = tx.rows(STRUCTURES, args![id]).await?;
    let publishes = structures.iter().map(|row| row.text(0).map(NationalStructureId));
    Ok(ApiKey {
        id: ApiKeyId(id),
        label: row.text(1)?,
        publishes: publishes.collect::<Result<_, _>>()?,
        created: row.time(2)?,
        revoked: row.maybe_time(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, empty_houses, reopened};

    fn structure(number: &str) -> NationalStructureId {
        NationalStructureId(number.to_owned())
    }

    #[tokio::test]
    async fn a_key_opens_until_it_is_revoked() {
        for house in empty_houses().await {
            let engine = house.engine;
            let rights = [structure("1690000002"), structure("1690000001"), structure("1690000002")];
            let publisher =
                house.directory.issue_api_key("GAP", &rights, Actor::Operator, NOW).await.unwrap();
            let reader = house.directory.issue_api_key("LPS", &[], Actor::Operator, NOW).await.unwrap();
            for directory in [house.directory.clone(), reopened(&house).await] {
                let found = directory.api_key(&publisher.secret).await.unwrap().unwrap();
                assert_eq!(found.publishes, [structure("1690000001"), structure("1690000002")], "{engine}");
                // As it may come out of a form.
                let typed = publisher.secret.to_uppercase().replace('-', " ");
                assert_eq!(directory.api_key(&typed).await.unwrap(), Some(found), "{engine}");
                let found = directory.api_key(&reader.secret).await.unwrap().unwrap();
                assert_eq!((found.label.as_str(), found.publishes.len()), ("LPS", 0), "{engine}");
                for wrong in ["", "x", "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aa"] {
                    assert_eq!(directory.api_key(wrong).await.unwrap(), None, "{engine}: {wrong:?}");
                }
            }
            let directory = &house.directory;
            assert!(directory.revoke_api_key(reader.id, Actor::Operator, NOW).await.unwrap(), "{engine}");
            assert!(!directory.revoke_api_key(reader.id, Actor::Operator, NOW).await.unwrap(), "{engine}");
            assert_eq!(directory.api_key(&reader.secret).await.unwrap(), None, "{engine}");
            let states: Vec<_> = directory.api_keys().await.unwrap().iter().map(|key| key.revoked).collect();
            assert_eq!(states, [None, Some(NOW)], "{engine}");
        }
    }

    #[tokio::test]
    async fn the_secret_is_nowhere_in_the_tables() {
        for house in empty_houses().await {
            let issued = house.directory.issue_api_key("LPS", &[], Actor::Operator, NOW).await.unwrap();
            let mut tx = house.db.read().await.unwrap();
            let kept = tx.row("SELECT lookup FROM api_key", args![]).await.unwrap().bytes(0).unwrap();
            let compact = issued.secret.replace('-', "");
            for form in [issued.secret.as_str(), &compact] {
                assert!(!kept.windows(form.len().min(kept.len())).any(|part| part == form.as_bytes()));
            }
            assert_eq!(kept.len(), 32, "{}", house.engine);
        }
    }
}
