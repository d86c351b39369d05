//! Keys of programs that ask the directory over HTTPS (docs/fhir.md).

use std::fmt::Write as _;

use audit::{Actor, Chain};
use directory::organisations;
use names::{ApiKeyId, NationalStructureId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Admin, Done, Error};

/// What is done with keys of programs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ApiKeyCommand {
    /// Makes one and shows it this once.
    Add {
        /// The program it is for.
        label: String,
        /// National numbers of the structures whose mailboxes it may publish.
        publishes: Vec<String>,
    },
    /// Lists them.
    List,
    /// Stops one.
    Revoke {
        /// Its number in the list.
        number: i64,
    },
}

/// Octets of the name of a program.
const LABEL: usize = 100;

impl Admin {
    pub(crate) async fn api_key(&self, command: &ApiKeyCommand, now: Timestamp) -> Result<Done, Error> {
        match command {
            ApiKeyCommand::Add { label, publishes } => self.add_api_key(label, publishes, now).await,
            ApiKeyCommand::List => self.list_api_keys(now).await,
            ApiKeyCommand::Revoke { number } => {
                let revoked = self.directory.revoke_api_key(ApiKeyId(*number), Actor::Operator, now).await;
                if revoked.map_err(|cause| Error::Directory { what: "revoking a key", cause })? {
                    Ok(Done::complete("Revoked: the next request with it is refused.\n".to_owned()))
                } else {
                    let text = format!("{number} is no key in use; `pli admin api-key list` shows them");
                    Err(Error::Refused(text))
                }
            }
        }
    }

    async fn add_api_key(&self, label: &str, publishes: &[String], now: Timestamp) -> Result<Done, Error> {
        if label.trim().is_empty() || label.len() > LABEL {
            return Err(Error::Refused(format!("the label must have 1 to {LABEL} characters")));
        }
        let structures: Vec<_> = publishes.iter().map(|own| NationalStructureId(own.clone())).collect();
        let mut tx = self.mailstore.db().read().await?;
        let known = organisations::find_by_national_ids(&mut tx, &structures).await?;
        drop(tx);
        let unknown = structures.iter().find(|own| !known.iter().any(|known| known.national_id == **own));
        if let Some(NationalStructureId(number)) = unknown {
            return Err(Error::Refused(format!(
                "no organisation here has the national number {number}: 1 and the FINESS, 3 and the SIRET"
            )));
        }
        let issued = self.directory.issue_api_key(label.trim(), &structures, Actor::Operator, now).await;
        let issued = issued.map_err(|cause| Error::Directory { what: "issuing a key", cause })?;
        let mut text = format!("key        {}\nnumber     {}\n", *issued.secret, issued.id.0);
        for own in &known {
            let _ = writeln!(text, "publishes  {}  {}", own.national_id.0, own.name);
        }
        let _ = writeln!(text, "It is shown this once. The program «{}» sends it in a header.", label.trim());
        Ok(Done::complete(text))
    }

    async fn list_api_keys(&self, now: Timestamp) -> Result<Done, Error> {
        let keys = self.directory.api_keys().await;
        let keys = keys.map_err(|cause| Error::Directory { what: "listing keys", cause })?;
        self.looked(Chain::System, format!("api_keys={}", keys.len()), now).await?;
        let mut text = String::new();
        for key in &keys {
            let state =
                key.revoked.map_or_else(|| "in use".to_owned(), |at| format!("revoked {}", at.rfc3339()));
            let rights = match key.publishes.as_slice() {
                [] => "reads".to_owned(),
                some => {
                    let numbers: Vec<_> = some.iter().map(|own| own.0.as_str()).collect();
                    format!("publishes for {}", numbers.join(", "))
                }
            };
            let made = key.created.rfc3339();
            let _ = writeln!(text, "{}  {made}  {state:<28}  {rights}  {}", key.id.0, key.label);
        }
        if keys.is_empty() {
            text.push_str("No key yet: `pli admin api-key add` makes one.\n");
        }
        Ok(Done::complete(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{NOON, full_houses};

    fn add(label: &str, publishes: &[&str]) -> Command {
        let publishes = publishes.iter().map(|own| (*own).to_owned()).collect();
        Command::ApiKey(ApiKeyCommand::Add { label: label.to_owned(), publishes })
    }

    #[tokio::test]
    async fn a_key_is_shown_once_listed_and_revoked() {
        for house in full_houses().await {
            let known = {
                let mut tx = house.admin.mailstore.db().read().await.unwrap();
                let row = tx.row("SELECT national_id FROM organisation ORDER BY id LIMIT 1", db::args![]);
                row.await.unwrap().text(0).unwrap()
            };
            let issued = house.admin.run(&add("GAP de l'hôpital", &[&known]), NOON).await.unwrap().text;
            let field = |name: &str| {
                let line = issued.lines().find(|line| line.starts_with(name)).unwrap();
                line[name.len()..].trim().to_owned()
            };
            let (secret, number) = (field("key"), field("number"));
            assert!(issued.contains(&format!("publishes  {known}")), "{issued}");
            assert!(house.admin.directory.api_key(&secret).await.unwrap().is_some());

            let list = Command::ApiKey(ApiKeyCommand::List);
            let listed = house.admin.run(&list, NOON).await.unwrap().text;
            assert!(listed.contains("GAP de l'hôpital") && !listed.contains(&secret), "{listed}");

            let revoke = Command::ApiKey(ApiKeyCommand::Revoke { number: number.parse().unwrap() });
            house.admin.run(&revoke, NOON).await.unwrap();
            assert!(house.admin.directory.api_key(&secret).await.unwrap().is_none());
            assert!(house.admin.run(&revoke, NOON).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_key_publishes_for_structures_of_this_house_only() {
        for house in full_houses().await {
            for (case, command) in [
                ("unknown", add("x", &["1999999999"])),
                ("no label", add(" ", &[])),
                ("long", add(&"x".repeat(101), &[])),
            ] {
                assert!(house.admin.run(&command, NOON).await.is_err(), "{case}");
            }
        }
    }
}
