//! The queue in words for the terminal.

use crate::command::{QueueCommand, QueueFilter};
use crate::mask::{Sight, shown};
use crate::queue::{QueueView, which};
use crate::{Admin, Done, Error};
use audit::Actor;
use names::{SECOND, Timestamp};
use relay::queue::{Care, Ended, State, Story, Waiting};
use std::fmt::Write as _;

/// Characters of a reason in a list.
const SHORT: usize = 60;

impl Admin {
    pub(crate) async fn queue(
        &self,
        command: &QueueCommand,
        by: Actor,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let care = match command {
            QueueCommand::List { filter, lines } => return self.queue_list(filter, *lines, by, now).await,
            QueueCommand::Show { what } => return self.queue_show(what, by, now).await,
            QueueCommand::Drop { which: text, notice } => {
                let rows = self.drop_from_queue(&which(text)?, *notice, by, now).await?;
                let mut text = format!("{rows} recipients dropped\n");
                if rows == 0 {
                    text.push_str(
                        "What a worker has in hand is not dropped: hold it first, and try again.\n",
                    );
                }
                return Ok(Done { text, complete: rows > 0 });
            }
            QueueCommand::Hold { which } => (which, Care::Hold, "held"),
            QueueCommand::Release { which } => (which, Care::Release, "released"),
            QueueCommand::Retry { which } => (which, Care::Retry, "tried at once"),
        };
        let (text, care, did) = care;
        let rows = self.care_for_queue(&which(text)?, care, by, now).await?;
        Ok(Done { text: format!("{rows} recipients {did}\n"), complete: rows > 0 })
    }

    async fn queue_list(
        &self,
        filter: &QueueFilter,
        lines: u32,
        by: Actor,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let list = self.queue_rows(&QueueView::read(filter)?, lines, by, now).await?;
        if list.found == 0 {
            return Ok(Done::complete("Nothing waits.\n".to_owned()));
        }
        let mut text: String = list.rows.iter().map(|row| line(row, now)).collect();
        let hidden = list.found - list.rows.len() as u64;
        if hidden > 0 {
            let _ = writeln!(text, "… and {hidden} more (--lines)");
        }
        text.push('\n');
        for total in &list.totals {
            let (count, state, domain) = (total.count, total.state, &total.domain);
            let _ = writeln!(text, "{count:>7}  {state:<11}  {domain}, the oldest for {}", age(total.oldest));
        }
        Ok(Done::complete(text))
    }

    async fn queue_show(&self, what: &str, by: Actor, now: Timestamp) -> Result<Done, Error> {
        let mut text = String::new();
        for letter in self.queue_letters(what, by, now).await? {
            let _ = writeln!(text, "letter     {}", letter.queue);
            letter.waiting.iter().for_each(|row| text.push_str(&told(row, now)));
            letter.ended.iter().for_each(|row| text.push_str(&told_end(row)));
            text.push('\n');
        }
        Ok(Done::complete(text))
    }
}

fn line(row: &Waiting, now: Timestamp) -> String {
    let why = row.last.as_ref().map_or_else(String::new, Story::shown);
    let why: String = why.chars().take(SHORT).collect();
    format!(
        "{}  {:<11}  {:>6}  {:>2} tries  {:<9}  {}  {why}\n",
        row.queue,
        row.state.code(),
        age(now.since(row.created_at)),
        row.attempts,
        next(row, now),
        recipient(row)
    )
}

fn told(row: &Waiting, now: Timestamp) -> String {
    let mut text = format!("\nrecipient  {}\n", recipient(row));
    let _ =
        writeln!(text, "state      {}, {} tries, {} strikes", row.state.code(), row.attempts, row.strikes);
    let _ =
        writeln!(text, "accepted   {} ({} ago)", row.created_at.rfc3339(), age(now.since(row.created_at)));
    let _ = writeln!(text, "next try   {}", next(row, now));
    let _ = writeln!(text, "given up   {}", row.expires_at.rfc3339());
    if let Some(story) = &row.last {
        text.push_str(&told_story(story));
    }
    text
}

fn told_end(row: &Ended) -> String {
    let address = row.story.as_ref().and_then(|story| story.recipient.as_ref());
    let address = address.map_or_else(|| format!("…@{}", row.domain), masked);
    let mut text = format!("\nrecipient  {address}\noutcome    {}, {} tries\n", row.outcome, row.attempts);
    if let Some(story) = &row.story {
        text.push_str(&told_story(story));
    }
    text
}

fn told_story(story: &Story) -> String {
    let mut text = format!("last       {}  {}\n", story.at.rfc3339(), story.status);
    if let Some(peer) = &story.peer {
        let _ = writeln!(text, "host       {peer}");
    }
    let _ = writeln!(text, "why        {}", story.shown());
    text
}

fn recipient(row: &Waiting) -> String {
    let address = row.envelope.as_ref().map(|envelope| &envelope.recipient);
    address.map_or_else(|| format!("…@{} (the envelope does not open)", row.domain), masked)
}

/// An address, unless it is a patient's: that is an INS.
fn masked(address: &names::Address) -> String {
    shown(&address.to_string(), Sight::Domain)
}

fn next(row: &Waiting, now: Timestamp) -> String {
    match row.state {
        State::Held | State::Quarantined => "never".to_owned(),
        State::UnderWay => "now".to_owned(),
        State::Waiting => format!("in {}", age(row.due_at.since(now).max(0))),
    }
}

/// A time in words short enough for a column.
fn age(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / SECOND;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use crate::command::DropNotice;
    use crate::testing::{House, NOON, houses};
    use crate::{Command, Error, QueueCommand, QueueFilter};
    use names::{Address, BodyId, HOUR, HeadId, MINUTE, OutboundId, QueueId};
    use relay::queue::{Content, Envelope, NewOutbound, Protection, Wishes};

    const PATIENT: &str = "279035121518989@there.example";

    async fn enqueue(house: &House, queue: QueueId, recipient: &str) {
        let row = NewOutbound {
            id: OutboundId(house.admin.mailstore.db().id(NOON)),
            queue,
            body: BodyId(1),
            head: HeadId(1),
            envelope: Envelope {
                recipient: Address::parse(recipient).unwrap(),
                sender: None,
                wishes: Wishes::default(),
                content: Content::SevenBit,
                protection: Protection::House,
                deliver_by: None,
            },
            not_before: None,
            created_at: NOON,
            expires_at: relay::queue::expiry(NOON),
        };
        let parameters = (house.admin.relay.queue().clone(), row);
        let unit = db::unit("enqueue", parameters, |(queue, row), tx| {
            Box::pin(queue.enqueue(tx, std::slice::from_ref(row), NOON))
        });
        house.admin.mailstore.db().write(unit).await.unwrap();
    }

    #[tokio::test]
    async fn an_operator_sees_and_steers_the_queue_and_never_a_patient() {
        for house in houses().await {
            let (one, two) = (QueueId(7_000_001), QueueId(7_000_002));
            enqueue(&house, one, PATIENT).await;
            enqueue(&house, two, "nurse@elsewhere.example").await;
            let now = NOON.plus(3 * MINUTE);
            let run = async |command| house.admin.run(&Command::Queue(command), now).await;
            let list = |filter: QueueFilter| QueueCommand::List { filter, lines: 10 };
            let all = run(list(QueueFilter::default())).await.unwrap().text;
            for words in [&one.to_string(), "waiting", "3 min", "…@there.example", "nurse@elsewhere.example"]
            {
                assert!(all.contains(words), "{}: {words}: {all}", house.engine);
            }
            assert!(!all.contains("279035121518989"), "{all}");
            for (filter, found) in [
                (QueueFilter { domain: Some("there.example".to_owned()), ..QueueFilter::default() }, true),
                (QueueFilter { state: Some("held".to_owned()), ..QueueFilter::default() }, false),
                (QueueFilter { older_than: Some(2 * MINUTE), ..QueueFilter::default() }, true),
                (QueueFilter { older_than: Some(HOUR), ..QueueFilter::default() }, false),
            ] {
                let text = run(list(filter.clone())).await.unwrap().text;
                assert_eq!(text.contains(&one.to_string()), found, "{filter:?}: {text}");
            }
            let held = run(QueueCommand::Hold { which: "there.example".to_owned() }).await.unwrap();
            assert_eq!(held.text, "1 recipients held\n", "{}", house.engine);
            let shown = run(QueueCommand::Show { what: one.to_string() }).await.unwrap().text;
            assert!(shown.contains("state      held") && !shown.contains("279035121518989"), "{shown}");
            let which = || one.to_string();
            assert!(run(QueueCommand::Release { which: which() }).await.unwrap().complete);
            assert!(run(QueueCommand::Retry { which: "all".to_owned() }).await.unwrap().complete);
            let drop = || QueueCommand::Drop { which: which(), notice: DropNotice::Silent };
            assert!(run(drop()).await.unwrap().complete, "{}", house.engine);
            assert!(!run(drop()).await.unwrap().complete, "{}: it is gone", house.engine);
            let shown = run(QueueCommand::Show { what: one.to_string() }).await.unwrap().text;
            assert!(shown.contains("outcome    dropped") && !shown.contains("279035121518989"), "{shown}");
            for wrong in ["nowhere", "<unknown@there.example>"] {
                let error = run(QueueCommand::Show { what: wrong.to_owned() }).await.unwrap_err();
                assert!(matches!(error, Error::Refused(_)), "{wrong}: {error}");
            }
            let error = run(QueueCommand::Hold { which: "everything".to_owned() }).await.unwrap_err();
            assert!(matches!(error, Error::Refused(_)), "{error}");
        }
    }
}
