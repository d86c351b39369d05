//! When a letter is tried again, when its sender hears that it is late, and when it is given up.

use super::envelope::{DeliverBy, Lateness, Occasion};
use super::limits;
use super::store::Leased;
use names::{Entropy, Timestamp};

/// What follows a try that did not succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// Another try, and perhaps a word to the sender before it.
    Again { at: Timestamp, tell: Tell },
    /// No more tries.
    GiveUp,
}

/// Whether the sender hears of the delay now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tell {
    /// A notice that it is late; sent once.
    Late,
    /// Nothing.
    Nothing,
}

/// Chance in the wait, in thousandths of it: from `-JITTER` to `JITTER`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Jitter(i64);

impl Jitter {
    /// Drawn anew for each wait: those who failed together shall not come back together.
    pub(super) fn draw(entropy: &Entropy) -> Self {
        let drawn = i64::from(u32::from_be_bytes(entropy.bytes()));
        Self(drawn % (2 * limits::JITTER + 1) - limits::JITTER)
    }
}

/// The last moment of a row: after it the letter is given up.
pub(super) fn deadline(row: &Leased) -> Timestamp {
    match deliver_by(row) {
        Some(DeliverBy { at, then: Lateness::Return }) => row.expires_at.min(at),
        Some(DeliverBy { then: Lateness::Notify, .. }) | None => row.expires_at,
    }
}

/// Whether a row that was just taken is to be given up without a try. One that was never tried is tried
/// once, however long the house was closed, unless its sender set the hour (RFC 2852 §4.1.4).
pub(super) fn is_over(row: &Leased, now: Timestamp) -> bool {
    let set_by_sender = deadline(row) < row.expires_at;
    now >= deadline(row) && (row.attempts > 0 || set_by_sender)
}

/// What follows the failure of the try that is now under way.
pub(super) fn after_failure(row: &Leased, jitter: Jitter, now: Timestamp) -> Next {
    let deadline = deadline(row);
    if now >= deadline {
        return Next::GiveUp;
    }
    let step = usize::try_from(row.attempts).unwrap_or(usize::MAX).min(limits::WAITS.len() - 1);
    let wait = limits::WAITS[step];
    let mut at = now.plus(wait + wait * jitter.0 / 1_000).min(deadline);
    let mut tell = Tell::Nothing;
    if let Some(late) = late_at(row) {
        if now >= late {
            tell = Tell::Late;
        } else {
            // The notice is not to wait for the next hour.
            at = at.min(late);
        }
    }
    Next::Again { at, tell }
}

/// When the sender is to hear that the letter is late; none when they have heard or do not want to.
fn late_at(row: &Leased) -> Option<Timestamp> {
    let envelope = row.envelope.as_ref()?;
    let told = row.told_late_at.is_some() || envelope.sender.is_none();
    if told || !envelope.wishes.wants(Occasion::Delay) {
        return None;
    }
    // What was to wait by its sender's wish (RFC 4865) is late only when it was let go long ago.
    let released = row.expires_at.plus(-limits::EXPIRY).max(row.created_at);
    let ours = released.plus(limits::TOLD_LATE);
    Some(match deliver_by(row) {
        Some(DeliverBy { at, then: Lateness::Notify }) => at.min(ours),
        Some(DeliverBy { then: Lateness::Return, .. }) | None => ours,
    })
}

fn deliver_by(row: &Leased) -> Option<DeliverBy> {
    row.envelope.as_ref().and_then(|envelope| envelope.deliver_by)
}

#[cfg(test)]
mod tests {
    use super::super::envelope::{Content, Envelope, Notify, Protection, Wishes};
    use super::*;
    use names::{Address, BodyId, Domain, HOUR, HeadId, MINUTE, OutboundId, QueueId};

    const NONE: Jitter = Jitter(0);

    fn row() -> Leased {
        let address = |text| Address::parse(text).unwrap();
        Leased {
            id: OutboundId(1),
            queue: QueueId(1),
            body: BodyId(1),
            head: HeadId(1),
            domain: Domain::parse("there.example").unwrap(),
            envelope: Some(Envelope {
                recipient: address("b@there.example"),
                sender: Some(address("a@here.example")),
                wishes: Wishes::default(),
                content: Content::SevenBit,
                protection: Protection::House,
                deliver_by: None,
            }),
            created_at: Timestamp(0),
            expires_at: super::super::expiry(Timestamp(0)),
            attempts: 0,
            strikes: 0,
            told_late_at: None,
        }
    }

    fn with(change: impl FnOnce(&mut Envelope)) -> Leased {
        let mut row = row();
        change(row.envelope.as_mut().unwrap());
        row
    }

    /// Runs a row to its end; the tries, and when the sender heard of the delay.
    fn life(mut row: Leased, jitter: Jitter) -> (Vec<i64>, Option<i64>, i64) {
        let (mut now, mut tries) = (row.expires_at.plus(-limits::EXPIRY), Vec::new());
        loop {
            if is_over(&row, now) {
                return (tries, row.told_late_at.map(|at| at.0), now.0);
            }
            tries.push(now.0);
            match after_failure(&row, jitter, now) {
                Next::GiveUp => return (tries, row.told_late_at.map(|at| at.0), now.0),
                Next::Again { at, tell } => {
                    assert!(at > now, "time goes on");
                    if tell == Tell::Late {
                        assert_eq!(row.told_late_at, None, "told once");
                        row.told_late_at = Some(now);
                    }
                    (now, row.attempts) = (at, row.attempts + 1);
                }
            }
        }
    }

    #[test]
    fn tries_come_after_1_5_15_30_60_minutes_then_hourly_until_two_days() {
        let (tries, told, end) = life(row(), NONE);
        let minutes: Vec<i64> = tries.iter().map(|at| at / MINUTE).collect();
        assert_eq!(minutes[..7], [0, 1, 6, 21, 51, 111, 171]);
        assert!(tries.windows(2).all(|two| two[1] - two[0] <= HOUR));
        assert_eq!(told, Some(4 * HOUR), "the notice comes once, after four hours");
        assert_eq!(end, 48 * HOUR);
        assert!(tries.len() < 60, "{} tries", tries.len());
    }

    #[test]
    fn chance_moves_a_wait_by_a_fifth_at_most_and_hits_all_of_it() {
        let entropy = crate::testing::entropy();
        let drawn: Vec<i64> = (0..2_000).map(|_| Jitter::draw(&entropy).0).collect();
        assert!(drawn.iter().all(|drawn| (-limits::JITTER..=limits::JITTER).contains(drawn)));
        assert!(drawn.iter().any(|drawn| *drawn < -150) && drawn.iter().any(|drawn| *drawn > 150));
        for (jitter, at) in [(-limits::JITTER, 48), (0, 60), (limits::JITTER, 72)] {
            let next = after_failure(&row(), Jitter(jitter), Timestamp(0));
            assert_eq!(next, Next::Again { at: Timestamp(at * 1_000), tell: Tell::Nothing });
        }
    }

    #[test]
    fn the_senders_own_hours_count() {
        let by = |at, then| Some(DeliverBy { at: Timestamp(at), then });
        for (name, row, told, end) in [
            ("a report", with(|envelope| envelope.sender = None), None, 48 * HOUR),
            ("never", with(|envelope| envelope.wishes.notify = Some(Notify::Never)), None, 48 * HOUR),
            (
                "failures only",
                with(|envelope| envelope.wishes.notify = Some(Notify::On(vec![Occasion::Failure]))),
                None,
                48 * HOUR,
            ),
            (
                "back by three o'clock",
                with(|envelope| envelope.deliver_by = by(3 * HOUR, Lateness::Return)),
                None,
                3 * HOUR,
            ),
            (
                "held until six o'clock",
                Leased { expires_at: super::super::expiry(Timestamp(6 * HOUR)), ..row() },
                Some(10 * HOUR),
                54 * HOUR,
            ),
            (
                "told at two o'clock",
                with(|envelope| envelope.deliver_by = by(2 * HOUR, Lateness::Notify)),
                Some(2 * HOUR),
                48 * HOUR,
            ),
        ] {
            let (_, was_told, ended) = life(row, NONE);
            assert_eq!((was_told, ended), (told, end), "{name}");
        }
    }

    #[test]
    fn a_letter_never_tried_is_tried_once_even_after_its_time() {
        let late = Timestamp(72 * HOUR);
        assert!(!is_over(&row(), late));
        assert_eq!(after_failure(&row(), NONE, late), Next::GiveUp);
        assert!(is_over(&Leased { attempts: 1, ..row() }, late));
        let by = DeliverBy { at: Timestamp(HOUR), then: Lateness::Return };
        let hurried = with(|envelope| envelope.deliver_by = Some(by));
        assert!(is_over(&hurried, Timestamp(2 * HOUR)), "too late is too late when the sender said so");
    }
}
