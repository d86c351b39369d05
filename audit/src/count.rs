//! Counting acts, for what operators report.

use crate::line::{Act, Chain};
use db::{Error, Tx, args};
use names::Timestamp;
use std::ops::Range;

/// How many lines of this act each chain got between two instants. Every line of that time is looked at:
/// ask for an hour at a time. Lines older than the order of time (migration 0002) are not found.
pub async fn count(tx: &mut Tx, act: Act, times: Range<Timestamp>) -> Result<Vec<(Chain, i64)>, Error> {
    const COUNT: &str = "SELECT chain, COUNT(*) FROM audit_line
        WHERE id >= $1 AND id < $2 AND line LIKE $3 GROUP BY chain ORDER BY chain";
    // Fields are parted by tabs and hold none; a code has neither `%` nor `_`.
    let pattern = format!("%\t{}\t%", act.code());
    let rows = tx.rows(COUNT, args![db::first_id(times.start), db::first_id(times.end), pattern]).await?;
    rows.iter().map(|row| Ok((Chain::of_key(row.int(0)?), row.int(1)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Entry, Line, MIGRATIONS, append};
    use db::testing::both;
    use names::{AccountId, Entropy, HOUR, PersonId};

    #[test]
    fn a_code_means_itself_in_a_pattern() {
        for act in Act::ALL {
            assert!(!act.code().contains(['%', '_', '\t']), "{}", act.code());
        }
    }

    #[tokio::test]
    async fn acts_of_a_time_are_counted_by_chain() {
        const NOON: Timestamp = Timestamp(1_795_348_800_000);
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let (box_one, box_two) = (Chain::Account(AccountId(7)), Chain::Account(AccountId(8)));
        let person = Chain::Person(PersonId(9));
        let entry = |chain, act, at: Timestamp| {
            let detail = "door=imap session.opened".to_owned();
            Entry::new(chain, Line { at, actor: Actor::System, for_whom: None, act, detail }, &entropy)
        };
        // In the order of time: ids never step back.
        let entries = [
            (box_one, Act::SignedIn, NOON),
            (box_one, Act::SignedOut, NOON),
            (box_two, Act::SignInRefused, NOON),
            (person, Act::SignedIn, NOON.plus(5)),
            (box_one, Act::SignedIn, NOON.plus(HOUR - 1)),
            (box_one, Act::SignedIn, NOON.plus(HOUR)),
        ]
        .map(|(chain, act, at)| entry(chain, act, at));
        for (engine, db) in both().await {
            db.migrate(MIGRATIONS).await.unwrap();
            let unit = db::unit("lines", entries.to_vec(), |entries, tx| Box::pin(append(tx, entries)));
            let written: Result<(), Error> = db.write(unit).await;
            written.unwrap();
            let mut tx = db.read().await.unwrap();
            let hour = count(&mut tx, Act::SignedIn, NOON..NOON.plus(HOUR)).await.unwrap();
            assert_eq!(hour, [(person, 1), (box_one, 2)], "{engine}");
            let none = count(&mut tx, Act::SignedIn, NOON.plus(-HOUR)..NOON).await.unwrap();
            assert_eq!(none, [], "{engine}");
        }
    }
}
