//! What was decided on a letter, for `pli admin why <queue id>`: one sealed row a passage, refused
//! letters included.

use names::{AccountId, BodyId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::context::{self, Kind};
use crate::{Error, Mailstore};

/// One passage of a letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// Its number.
    pub queue: QueueId,
    /// When.
    pub at: Timestamp,
    /// By which door: `submission`, `mx`, `web`.
    pub door: String,
    /// The account that sent it, if one of ours.
    pub account: Option<AccountId>,
    /// Its body, if it was kept.
    pub body: Option<BodyId>,
    /// Octets as on the wire.
    pub size: u64,
    /// Its Message-ID, kept as a keyed hash only: empty when read back.
    pub message_id: Option<String>,
    /// Envelope sender.
    pub sender: String,
    /// What became of each recipient.
    pub recipients: Vec<TracedRecipient>,
}

/// What was decided for one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TracedRecipient {
    /// Its address.
    pub address: String,
    /// The stable id of the rule.
    pub rule: String,
    /// `delivered`, `queued`, `refused`, …
    pub outcome: String,
    /// The reply given.
    pub reply: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    sender: String,
    recipients: Vec<TracedRecipient>,
}

impl Mailstore {
    /// Writes what was decided on these letters. Sealing here, inside the unit, is on purpose: the
    /// decision is made inside the unit too.
    pub async fn write_traces(&self, tx: &mut db::Tx, traces: &[Trace]) -> Result<(), Error> {
        const INSERT: &str =
            "INSERT INTO letter (queue, at, door, account, body, size, message_hash, sealed_trace) VALUES";
        let rows = traces.iter().map(|trace| {
            let sealed = Sealed { sender: trace.sender.clone(), recipients: trace.recipients.clone() };
            let plain = postcard::to_stdvec(&sealed).expect("strings in memory always serialise");
            let sealed =
                self.vault().seal(&context::of(Kind::Trace, trace.queue.0, 0), &plain, self.entropy());
            let hash = trace.message_id.as_deref().map(|id| self.message_hash(id).to_vec());
            let size = trace.size as i64;
            db::args![trace.queue, trace.at, &trace.door, trace.account, trace.body, size, hash, sealed]
        });
        tx.insert_rows(INSERT, "", rows.collect()).await?;
        Ok(())
    }

    /// What was decided on a letter.
    pub async fn why(&self, queue: QueueId) -> Result<Option<Trace>, Error> {
        const SELECT: &str =
            "SELECT at, door, account, body, size, sealed_trace FROM letter WHERE queue = $1";
        let Some(row) = self.db().read().await?.maybe_row(SELECT, db::args![queue]).await? else {
            return Ok(None);
        };
        let unreadable = || Error::Unreadable { what: "the trace of letter", id: queue.0 };
        let plain = self
            .vault()
            .open(&context::of(Kind::Trace, queue.0, 0), row.bytes(5)?)
            .map_err(|_| Error::Sealed { what: "the trace of letter", id: queue.0 })?;
        let sealed: Sealed = postcard::from_bytes(&plain).map_err(|_| unreadable())?;
        Ok(Some(Trace {
            queue,
            at: row.time(0)?,
            door: row.text(1)?,
            account: row.maybe_int(2)?.map(AccountId),
            body: row.maybe_int(3)?.map(BodyId),
            size: u64::try_from(row.int(4)?).map_err(|_| unreadable())?,
            message_id: None,
            sender: sealed.sender,
            recipients: sealed.recipients,
        }))
    }

    fn message_hash(&self, message_id: &str) -> [u8; 16] {
        self.hashes().short(format!("message {message_id}").as_bytes())
    }
}
