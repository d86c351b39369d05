//! The queue of letters for other operators, as operators see it: no subject, no body, no patient.

use crate::command::{DropNotice, QueueCommand, QueueFilter};
use crate::{Admin, Done, Error};
use audit::{Actor, Chain};
use directory::Resolved;
use names::{Address, Domain, OutboundId, QueueId, SECOND, Timestamp};
use relay::queue::{Care, Ended, Notice, State, Story, Waiting, Which};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Rows read at a time.
const PAGE: u32 = 500;
/// Letters of an account or of a Message-ID that are shown.
const LETTERS: u32 = 20;
/// Characters of a reason in a list.
const SHORT: usize = 60;

impl Admin {
    pub(crate) async fn queue(&self, command: &QueueCommand, now: Timestamp) -> Result<Done, Error> {
        match command {
            QueueCommand::List { filter, lines } => self.queue_list(filter, *lines, now).await,
            QueueCommand::Show { what } => self.queue_show(what, now).await,
            QueueCommand::Hold { which } => self.queue_care(which, Care::Hold, now).await,
            QueueCommand::Release { which } => self.queue_care(which, Care::Release, now).await,
            QueueCommand::Retry { which } => self.queue_care(which, Care::Retry, now).await,
            QueueCommand::Drop { which, notice } => self.queue_drop(which, *notice, now).await,
        }
    }

    async fn queue_list(&self, filter: &QueueFilter, lines: u32, now: Timestamp) -> Result<Done, Error> {
        let domain = filter.domain.as_deref().map(domain).transpose()?;
        let state = filter.state.as_deref().map(state).transpose()?;
        let fits = |row: &Waiting| {
            domain.as_ref().is_none_or(|domain| row.domain == *domain)
                && state.is_none_or(|state| row.state == state)
                && filter.older_than.is_none_or(|age| now.since(row.created_at) >= age)
        };
        let mut text = String::new();
        let (mut shown, mut found, mut after) = (0, 0_u64, OutboundId(0));
        let mut totals = BTreeMap::<(String, &'static str), (u64, i64)>::new();
        loop {
            let mut tx = self.mailstore.db().read().await?;
            let page = self.relay.queue().page(&mut tx, after, PAGE, now).await?;
            drop(tx);
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page.iter().filter(|row| fits(row)) {
                found += 1;
                let total = totals.entry((row.domain.to_string(), row.state.code())).or_default();
                *total = (total.0 + 1, total.1.max(now.since(row.created_at)));
                if shown < lines {
                    shown += 1;
                    text.push_str(&line(row, now));
                }
            }
        }
        self.looked(Chain::System, format!("queue list rows={found}"), now).await?;
        if found == 0 {
            return Ok(Done::complete("Nothing waits.\n".to_owned()));
        }
        if u64::from(shown) < found {
            let _ = writeln!(text, "… and {} more (--lines)", found - u64::from(shown));
        }
        text.push('\n');
        for ((domain, state), (count, oldest)) in totals {
            let _ = writeln!(text, "{count:>7}  {state:<11}  {domain}, the oldest for {}", age(oldest));
        }
        Ok(Done::complete(text))
    }

    async fn queue_show(&self, what: &str, now: Timestamp) -> Result<Done, Error> {
        let letters = self.letters_of(what.trim(), now).await?;
        self.looked(Chain::System, format!("queue show letters={}", letters.len()), now).await?;
        let mut text = String::new();
        for queue in letters {
            let mut tx = self.mailstore.db().read().await?;
            let waiting = self.relay.queue().of_letter(&mut tx, queue, now).await?;
            let ended = self.relay.queue().ended(&mut tx, queue).await?;
            drop(tx);
            if waiting.is_empty() && ended.is_empty() {
                continue;
            }
            let _ = writeln!(text, "letter     {queue}");
            waiting.iter().for_each(|row| text.push_str(&told(row, now)));
            ended.iter().for_each(|row| text.push_str(&told_end(row)));
            text.push('\n');
        }
        if text.is_empty() {
            return Err(Error::Refused(format!(
                "nothing of «{}» waits for another operator or went to one; `pli admin why` tells what was decided",
                what.trim()
            )));
        }
        Ok(Done::complete(text))
    }

    /// The letters of a queue id, of a Message-ID, or those an account of ours sent last.
    async fn letters_of(&self, what: &str, now: Timestamp) -> Result<Vec<QueueId>, Error> {
        if let Ok(queue) = what.parse() {
            return Ok(vec![queue]);
        }
        let failed = |cause| Error::Store { what: "looking for a letter", cause };
        let account = match Address::parse(what) {
            Ok(address) => {
                let failed = |cause| Error::Directory { what: "looking an address up", cause };
                match self.directory.resolve(&[address], now).await.map_err(failed)?.pop() {
                    Some(Resolved::Professional(mailbox)) => Some(mailbox.account),
                    Some(Resolved::Patient(patient)) => Some(patient.account),
                    Some(_) | None => None,
                }
            }
            Err(_) => None,
        };
        match account {
            Some(account) => self.mailstore.letters_sent_by(account, LETTERS).await.map_err(failed),
            None => {
                let id = what.trim_start_matches('<').trim_end_matches('>');
                self.mailstore.letters_with_message_id(id, LETTERS).await.map_err(failed)
            }
        }
    }

    async fn queue_care(&self, which: &str, care: Care, now: Timestamp) -> Result<Done, Error> {
        let which = parse_which(which)?;
        let failed = |cause| Error::Relay { what: "changing the queue", cause: Box::new(cause) };
        let rows = self.relay.care_for_queue(&which, care, Actor::Operator, now).await.map_err(failed)?;
        let did = match care {
            Care::Hold => "held",
            Care::Release => "released",
            Care::Retry => "tried at once",
        };
        Ok(Done { text: format!("{rows} recipients {did}\n"), complete: rows > 0 })
    }

    async fn queue_drop(&self, which: &str, notice: DropNotice, now: Timestamp) -> Result<Done, Error> {
        let which = parse_which(which)?;
        let notice = match notice {
            DropNotice::Report => Notice::Report,
            DropNotice::Silent => Notice::Silent,
        };
        let failed = |cause| Error::Relay { what: "dropping letters", cause: Box::new(cause) };
        let mut rows = 0;
        loop {
            let dropped = self.relay.drop_from_queue(&which, notice, Actor::Operator, now).await;
            let dropped = dropped.map_err(failed)?;
            rows += dropped;
            if dropped < u64::from(relay::queue::limits::SHOWN) {
                break;
            }
        }
        let mut text = format!("{rows} recipients dropped\n");
        if rows == 0 {
            text.push_str("What a worker has in hand is not dropped: hold it first, and try again.\n");
        }
        Ok(Done { text, complete: rows > 0 })
    }
}

fn parse_which(text: &str) -> Result<Which, Error> {
    let text = text.trim();
    if text == "all" {
        return Ok(Which::All);
    }
    // A queue id has no dot and a domain has one.
    if text.contains('.') {
        return domain(text).map(Which::Domain);
    }
    text.parse().map(Which::Letter).map_err(|_| {
        Error::Refused(format!(
            "«{text}» is neither a queue id (thirteen letters and digits), a domain, nor `all`"
        ))
    })
}

fn domain(text: &str) -> Result<Domain, Error> {
    Domain::parse(text).map_err(|_| Error::Refused(format!("«{text}» is not a domain")))
}

fn state(text: &str) -> Result<State, Error> {
    let states = State::ALL.map(State::code).join(", ");
    State::from_code(text).ok_or_else(|| Error::Refused(format!("«{text}» is not a state: {states}")))
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
fn masked(address: &Address) -> String {
    let digits = address.local().bytes().filter(u8::is_ascii_digit).count();
    if address.ins().is_ok() || digits >= 10 { format!("{address:?}") } else { address.to_string() }
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
    use super::*;
    use crate::Command;
    use crate::testing::{House, NOON, houses};
    use names::{BodyId, HOUR, HeadId, MINUTE};
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
