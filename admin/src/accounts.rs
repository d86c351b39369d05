//! Who has an account. Patients are counted by state; their names and numbers are nobody's here.

use crate::{Admin, Done, Error};
use audit::Chain;
use directory::mailboxes;
use names::{AccountId, AccountKind, Timestamp};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Accounts looked up at a time.
const PAGE: usize = 500;

impl Admin {
    pub(crate) async fn accounts(&self, now: Timestamp) -> Result<Done, Error> {
        let failed = |cause| Error::Directory { what: "listing accounts", cause };
        let mut tx = self.mailstore.db().read().await?;
        let all = mailboxes::all_accounts(&mut tx).await?;
        let (mut lines, mut patients) = (Vec::new(), BTreeMap::<&'static str, u64>::new());
        for page in all.chunks(PAGE) {
            let accounts = |is_patient: bool| -> Vec<AccountId> {
                let of_kind = page.iter().filter(|(_, kind)| (*kind == AccountKind::Patient) == is_patient);
                of_kind.map(|(account, _)| *account).collect()
            };
            for mailbox in self.directory.mailboxes_in(&mut tx, &accounts(false)).await.map_err(failed)? {
                lines.push((
                    mailbox.address.to_string(),
                    format!(
                        "{:<4} {:<9} {:<56} {}",
                        mailbox.kind.code(),
                        mailbox.state.code(),
                        mailbox.address,
                        mailbox.display_name()
                    ),
                ));
            }
            let of_patients = self.directory.patients_by_account_in(&mut tx, &accounts(true)).await;
            for patient in of_patients.map_err(failed)? {
                *patients.entry(patient.life.recorded.code()).or_default() += 1;
            }
        }
        drop(tx);
        self.looked(Chain::System, format!("accounts={}", all.len()), now).await?;
        lines.sort();
        let mut text = String::new();
        for (_, line) in &lines {
            let _ = writeln!(text, "{line}");
        }
        for (state, count) in &patients {
            let _ = writeln!(text, "PAT  {state:<9} {count} patients");
        }
        if all.is_empty() {
            text.push_str("There is no account yet: `pli admin import FILE` brings people in.\n");
        }
        Ok(Done::complete(text))
    }
}

#[cfg(test)]
mod tests {
    use crate::Command;
    use crate::testing::{NOON, PEOPLE, full_houses};

    #[tokio::test]
    async fn the_list_names_professionals_and_only_counts_patients() {
        for house in full_houses().await {
            let text = house.admin.run(&Command::Accounts, NOON).await.unwrap().text;
            assert!(text.contains("PER  open      marie.lenoir@cabinet-lilas.mssante.example"), "{text}");
            assert!(text.contains("PAT  activated 4 patients"), "{text}");
            for secret in ["Fontaine", "Moreau", "285059900010125"] {
                assert!(PEOPLE.contains(secret) && !text.contains(secret), "{secret} is told");
            }
        }
    }
}
