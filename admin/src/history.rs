//! What the trail knows of an account.

use crate::trail_told::told;
use crate::{Admin, Done, Error};
use audit::{Actor, Chain};
use directory::Resolved;
use names::{AccountId, Address, Timestamp};

impl Admin {
    pub(crate) async fn history(&self, address: &str, lines: u32, now: Timestamp) -> Result<Done, Error> {
        let account = self.account(address, now).await?;
        let chain = Chain::Account(account);
        let page = self.trail_page(chain, None, lines, Actor::Operator, now).await?;
        Ok(Done::complete(format!("account {}, newest first\n{}", account.0, told(&page))))
    }

    /// The account behind an address of ours.
    async fn account(&self, address: &str, now: Timestamp) -> Result<AccountId, Error> {
        let refused = || Error::Refused(format!("no account here has the address «{address}»"));
        let parsed = Address::parse(address).map_err(|_| refused())?;
        let failed = |cause| Error::Directory { what: "looking an address up", cause };
        match self.directory.resolve(&[parsed], now).await.map_err(failed)?.pop() {
            Some(Resolved::Professional(mailbox)) => Ok(mailbox.account),
            Some(Resolved::Patient(patient)) => Ok(patient.account),
            Some(_) | None => Err(refused()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{NOON, full_houses};
    use crate::{Command, Error, PasswordOwner};

    #[tokio::test]
    async fn an_account_tells_who_did_what_and_who_looked_before() {
        const MACHINE: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";
        for house in full_houses().await {
            let owner = PasswordOwner::Mailbox(MACHINE.to_owned());
            let issue = Command::IssuePassword { owner, label: "automate".to_owned() };
            house.admin.run(&issue, NOON).await.unwrap();
            let history = |address: &str| Command::History { address: address.to_owned(), lines: 20 };
            let first = house.admin.run(&history(MACHINE), NOON).await.unwrap().text;
            assert!(first.contains("operator") && first.contains("credential.issued"), "{first}");
            let second = house.admin.run(&history(MACHINE), NOON).await.unwrap().text;
            assert!(second.contains("admin.looked"), "{second}");
            for wrong in ["nobody@cabinet-lilas.mssante.example", "no address"] {
                let error = house.admin.run(&history(wrong), NOON).await.unwrap_err();
                assert!(matches!(error, Error::Refused(_)), "{wrong}");
            }
        }
    }
}
