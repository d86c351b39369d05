//! When gists are written (ADR 0032): not while somebody searches, whose line of the trail would wait for the same
//! disk. Nothing waits for them: they are written once it is quiet, or the last session that searched has gone.

use std::time::Duration;

use tokio::sync::watch;

use crate::imap::limits;

/// Gists that wait to be written. Clones are one.
#[derive(Clone, Default)]
pub(in crate::imap) struct Keeper(watch::Sender<Waiting>);

#[derive(Default)]
struct Waiting {
    /// Counts the searches: as many as before means that it is quiet.
    searches: u64,
    /// Counts the parcels; those up to the second number wait no longer.
    begun: u64,
    hurried: u64,
    left: usize,
    octets: usize,
}

/// Some gists on their way; over when dropped.
pub(super) struct Parcel {
    keeper: Keeper,
    number: u64,
    octets: usize,
}

impl Keeper {
    /// Somebody searches.
    pub(super) fn searched(&self) {
        self.0.send_if_modified(|waiting| {
            waiting.searches += 1;
            false
        });
    }

    /// Gists of so many octets are to be written; when too many wait, all go.
    pub(super) fn parcel(&self, octets: usize) -> Parcel {
        let mut number = 0;
        self.0.send_modify(|waiting| {
            waiting.begun += 1;
            number = waiting.begun;
            waiting.left += 1;
            waiting.octets += octets;
            if waiting.octets > limits::GISTS_WAITING {
                waiting.hurried = waiting.begun;
            }
        });
        Parcel { keeper: self.clone(), number, octets }
    }

    /// What waits now is written now.
    pub(super) fn hurry(&self) {
        self.0.send_modify(|waiting| waiting.hurried = waiting.begun);
    }

    /// Waits until all is written, at once.
    #[cfg(test)]
    pub(in crate::imap) async fn rest(&self) {
        self.hurry();
        let mut waiting = self.0.subscribe();
        waiting.wait_for(|waiting| waiting.left == 0).await.expect("the keeper is there");
    }
}

impl Parcel {
    /// Waits until nobody searched for a while, or somebody says that it is time.
    pub(super) async fn may_go(&self) {
        self.may_go_after(limits::GISTS_QUIET).await;
    }

    async fn may_go_after(&self, quiet: Duration) {
        let mut state = self.keeper.0.subscribe();
        for _ in 0..limits::GISTS_PUT_OFF {
            let before = state.borrow().searches;
            tokio::select! {
                _ = state.wait_for(|waiting| waiting.hurried >= self.number) => return,
                () = tokio::time::sleep(quiet) => {}
            }
            if state.borrow().searches == before {
                return;
            }
        }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.keeper.0.send_modify(|waiting| {
            waiting.left -= 1;
            waiting.octets -= self.octets;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody waits so long in a test.
    const FOR_EVER: Duration = Duration::from_secs(1_000_000);

    #[tokio::test]
    async fn gists_go_once_nobody_searches_and_are_not_put_off_for_ever() {
        let keeper = Keeper::default();
        let parcel = keeper.parcel(1);
        parcel.may_go_after(Duration::from_millis(1)).await;
        let busy = keeper.clone();
        let searching = tokio::spawn(async move {
            loop {
                busy.searched();
                tokio::task::yield_now().await;
            }
        });
        parcel.may_go_after(Duration::from_millis(1)).await;
        searching.abort();
    }

    #[tokio::test]
    async fn gists_go_at_once_when_they_are_told_to_or_too_many() {
        let keeper = Keeper::default();
        let first = keeper.parcel(1);
        keeper.hurry();
        first.may_go_after(FOR_EVER).await;
        let second = keeper.parcel(1);
        assert!(tokio::time::timeout(Duration::ZERO, second.may_go_after(FOR_EVER)).await.is_err());
        let third = keeper.parcel(limits::GISTS_WAITING);
        second.may_go_after(FOR_EVER).await;
        third.may_go_after(FOR_EVER).await;
        drop((first, second, third));
        let fourth = keeper.parcel(1);
        let waits = tokio::time::timeout(Duration::ZERO, fourth.may_go_after(FOR_EVER)).await.is_err();
        assert!(waits, "what was written weighs no more");
        drop(fourth);
        keeper.rest().await;
    }
}
