//! Mailboxes that follow their letters, and what operators count.

use crate::{Admin, Done, Error};
use audit::{Actor, Chain};
use names::{Address, DAY, Timestamp};
use relay::visible;
use std::fmt::Write as _;

impl Admin {
    /// Says whether a mailbox hears what becomes of its letters to patients.
    pub(crate) async fn follow(&self, address: &str, followed: bool, now: Timestamp) -> Result<Done, Error> {
        let parsed = Address::parse(address.trim());
        let parsed = parsed.map_err(|cause| Error::Refused(format!("«{address}» is no address: {cause}")))?;
        let changed = self.directory.follow_letters(&parsed, followed, Actor::Operator, now).await;
        let what = "following the letters of a mailbox";
        if !changed.map_err(|cause| Error::Directory { what, cause })? {
            return Err(Error::Refused(format!("{parsed} is no mailbox of a professional here")));
        }
        Ok(Done::complete(if followed {
            format!(
                "{parsed} hears from its next sign-in on that its letters to patients are delivered, and\n\
                 which of them nobody opened after some days\n"
            )
        } else {
            format!("{parsed} hears of its letters to patients only when it asks\n")
        }))
    }

    /// Letters a day by door and software, of the last days.
    pub(crate) async fn indicators(&self, days: u32, now: Timestamp) -> Result<Done, Error> {
        self.looked(Chain::System, format!("indicators days={days}"), now).await?;
        let since = now.plus(-DAY * (i64::from(days.max(1)) - 1));
        let mut tx = self.mailstore.db().read().await?;
        let lines = visible::indicators(&mut tx, since).await?;
        let mut text = "day,door,software,letters,to_patients,with_cda,qualified_ins\n".to_owned();
        for line in lines {
            let day = Timestamp(line.day * DAY).rfc3339();
            let day = day.split('T').next().unwrap_or_default();
            let visible::Counts { letters, to_patients, with_cda, qualified_ins } = line.counts;
            let (door, software) = (line.door, line.software);
            let _ =
                writeln!(text, "{day},{door},{software},{letters},{to_patients},{with_cda},{qualified_ins}");
        }
        Ok(Done::complete(text))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{NOON, full_houses};
    use crate::{Command, Error};
    use names::Address;

    const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";

    #[tokio::test]
    async fn a_mailbox_follows_its_letters_when_an_administrator_says_so_and_the_trail_knows() {
        for house in full_houses().await {
            let follow = |address: &str, followed| Command::Follow { address: address.to_owned(), followed };
            for followed in [true, false, true] {
                house.admin.run(&follow(DOCTOR, followed), NOON).await.unwrap();
                let found = house.admin.directory.mailbox(&Address::parse(DOCTOR).unwrap()).await.unwrap();
                assert_eq!(found.unwrap().followed, followed, "{}", house.engine);
            }
            let history = Command::History { address: DOCTOR.to_owned(), lines: 5 };
            let told = house.admin.run(&history, NOON).await.unwrap().text;
            assert!(told.contains("followed=true") && told.contains("followed=false"), "{told}");
            for nobody in ["nobody@cabinet-lilas.mssante.example", "no address"] {
                let error = house.admin.run(&follow(nobody, true), NOON).await.unwrap_err();
                assert!(matches!(error, Error::Refused(_)), "{nobody}: {error}");
            }
        }
    }
}
