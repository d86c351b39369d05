//! Lines of the trail that this door writes: one a command, with a UID set (DESIGN §2.3, Audit).

use audit::{Act, Actor, Chain, Entry, Line};
use names::{AccountId, FolderId, Timestamp};
use wire::imap::UidSet;

use super::limits;
use super::session::Session;
use crate::Relay;

impl Session {
    /// A line in the chain of the account acted on: who acted, and for whose mailbox.
    pub(super) fn line(
        &self,
        relay: &Relay,
        of: AccountId,
        act: Act,
        detail: String,
        now: Timestamp,
    ) -> Entry {
        let actor = self.login().person.map_or(Actor::Account(self.login().account), Actor::Person);
        let for_whom = Some(Actor::Account(of)).filter(|whom| *whom != actor);
        let line = Line { at: now, actor, for_whom, act, detail };
        Entry::new(Chain::Account(of), line, &relay.inner().entropy)
    }
}

/// Which messages of which folder, as a line tells it. Ids and UIDs only.
pub(super) fn messages(folder: FolderId, uids: &UidSet) -> String {
    let set = uids.to_string();
    if set.len() <= limits::LINE_UIDS {
        return format!("folder={} uids={set}", folder.0);
    }
    let ends = uids.ranges().first().map_or(0, |range| range.0)..uids.last().unwrap_or(0);
    format!("folder={} uids={}:{} count={}", folder.0, ends.start, ends.end, uids.len())
}

/// Writes lines on their own: for acts that change nothing else.
pub(super) async fn write(db: &db::Db, lines: Vec<Entry>) -> Result<(), db::Error> {
    db.write(db::unit("tell the trail", lines, |lines, tx| {
        Box::pin(async move { audit::append(tx, lines).await })
    }))
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_set_is_told_by_its_ends_and_its_count() {
        let few: UidSet = [1, 2, 9].into_iter().collect();
        assert_eq!(messages(FolderId(7), &few), "folder=7 uids=1:2,9");
        let many: UidSet = (1..2_000).map(|n| n * 2).collect();
        assert_eq!(messages(FolderId(7), &many), "folder=7 uids=2:3998 count=1999");
    }
}
