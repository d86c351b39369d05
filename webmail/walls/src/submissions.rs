//! A second click on "Envoyer" sends nothing twice.
//!
//! Each form carries a fresh mark. The second request with the same mark waits for the first and
//! takes its outcome; if the first failed, the second tries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// Marks remembered; the oldest half goes when there are more.
const KEPT: usize = 10_000;

/// Marks of forms already sent.
#[derive(Default)]
pub struct Submissions(Mutex<Known>);

#[derive(Default)]
struct Known {
    marks: HashMap<String, (u64, Arc<tokio::sync::Mutex<bool>>)>,
    count: u64,
}

/// The turn of one request with a mark. Others with it wait until this is dropped.
pub struct Turn(OwnedMutexGuard<bool>);

impl Submissions {
    /// Waits for the turn of `mark`.
    pub async fn turn(&self, mark: String) -> Turn {
        let lock = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.count += 1;
            let count = known.count;
            if known.marks.len() >= KEPT {
                known
                    .marks
                    .retain(|_, (at, lock)| count - *at < KEPT as u64 / 2 || Arc::strong_count(lock) > 1);
            }
            Arc::clone(&known.marks.entry(mark).or_insert_with(|| (count, Arc::default())).1)
        };
        Turn(lock.lock_owned().await)
    }
}

impl Turn {
    /// Whether an earlier request with this mark was sent.
    pub fn is_sent(&self) -> bool {
        *self.0
    }

    /// Remembers that it is.
    pub fn sent(mut self) {
        *self.0 = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_many_clicks_one_sends() {
        let submissions = Arc::new(Submissions::default());
        let clicks = (0..20).map(|_| {
            let submissions = Arc::clone(&submissions);
            tokio::spawn(async move {
                let turn = submissions.turn("mark".to_owned()).await;
                let first = !turn.is_sent();
                tokio::task::yield_now().await;
                turn.sent();
                first
            })
        });
        let mut sent = 0;
        for click in clicks.collect::<Vec<_>>() {
            sent += u32::from(click.await.unwrap());
        }
        assert_eq!(sent, 1);
    }

    #[tokio::test]
    async fn after_a_failure_the_next_click_tries_again() {
        let submissions = Submissions::default();
        drop(submissions.turn("mark".to_owned()).await);
        assert!(!submissions.turn("mark".to_owned()).await.is_sent());
    }

    #[tokio::test]
    async fn marks_do_not_pile_up() {
        let submissions = Submissions::default();
        for number in 0..3 * KEPT {
            submissions.turn(number.to_string()).await.sent();
        }
        assert!(submissions.0.lock().unwrap().marks.len() <= KEPT);
    }
}
