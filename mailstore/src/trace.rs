//! What was decided on a letter, for `pli admin why <queue id>`: one sealed row a passage, refused
//! letters included.

use names::{AccountId, BodyId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::context::{self, Kind};
use crate::{Error, Flags, Mailstore};

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
    /// The envelope id its sender gave (RFC 3461 §4.4), kept the same way.
    pub envelope_id: Option<String>,
    /// Envelope sender.
    pub sender: String,
    /// What it claims of itself that operators report.
    pub claims: Claims,
    /// What became of each recipient.
    pub recipients: Vec<TracedRecipient>,
}

/// What a letter claims of itself that operators report (DOMAIN §1.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Claims(u8);

impl Claims {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// It holds a CDA (`X-MSS-CODECDA`).
    pub const CDA: Self = Self(1);
    /// The identity of its patient is qualified (`X-MSS-INS: O`).
    pub const QUALIFIED_INS: Self = Self(2);

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it claims all of `other`.
    #[must_use]
    pub fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
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

/// What an account keeps of a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Whether it was opened.
    pub seen: bool,
    /// How many documents of it are filed there.
    pub documents: u64,
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
        const INSERT: &str = "INSERT INTO letter (queue, at, door, account, body, size, message_hash, envelope_hash, sealed_trace, claims) VALUES";
        let rows = traces.iter().map(|trace| {
            let sealed = Sealed { sender: trace.sender.clone(), recipients: trace.recipients.clone() };
            let plain = postcard::to_stdvec(&sealed).expect("strings in memory always serialise");
            let sealed =
                self.vault().seal(&context::of(Kind::Trace, trace.queue.0, 0), &plain, self.entropy());
            let hash = trace.message_id.as_deref().map(|id| self.message_hash(id).to_vec());
            let envelope = trace.envelope_id.as_deref().map(|id| self.envelope_hash(id).to_vec());
            let size = trace.size as i64;
            let (queue, account, claims) = (trace.queue, trace.account, i64::from(trace.claims.0));
            db::args![queue, trace.at, &trace.door, account, trace.body, size, hash, envelope, sealed, claims]
        });
        tx.insert_rows(INSERT, "", rows.collect()).await?;
        Ok(())
    }

    /// What was decided on a letter.
    pub async fn why(&self, queue: QueueId) -> Result<Option<Trace>, Error> {
        const SELECT: &str =
            "SELECT queue, at, door, account, body, size, sealed_trace, claims FROM letter WHERE queue = $1";
        let row = self.db().read().await?.maybe_row(SELECT, db::args![queue]).await?;
        row.map(|row| self.traced(&row)).transpose()
    }

    /// The passages that began between two instants, in their order: those numbered after `after`, at
    /// most `limit`. For who counts: each is opened.
    pub async fn passages(
        &self,
        tx: &mut db::Tx,
        times: std::ops::Range<Timestamp>,
        after: Option<QueueId>,
        limit: u32,
    ) -> Result<Vec<Trace>, Error> {
        const SELECT: &str = "SELECT queue, at, door, account, body, size, sealed_trace, claims FROM letter
            WHERE queue >= $1 AND queue < $2 ORDER BY queue LIMIT $3";
        let first = after.map_or(db::first_id(times.start), |after| after.0.saturating_add(1));
        let rows = tx.rows(SELECT, db::args![first, db::first_id(times.end), limit]).await?;
        rows.iter().map(|row| self.traced(row)).collect()
    }

    /// When the oldest passage that is still known began.
    pub async fn first_passage(&self, tx: &mut db::Tx) -> Result<Option<Timestamp>, Error> {
        const OLDEST: &str = "SELECT at FROM letter ORDER BY queue LIMIT 1";
        let row = tx.maybe_row(OLDEST, db::args![]).await?;
        Ok(row.map(|row| row.time(0)).transpose()?)
    }

    fn traced(&self, row: &db::Row) -> Result<Trace, Error> {
        let queue = QueueId(row.int(0)?);
        let unreadable = || Error::Unreadable { what: "the trace of letter", id: queue.0 };
        let plain = self
            .vault()
            .open(&context::of(Kind::Trace, queue.0, 0), row.bytes(6)?)
            .map_err(|_| Error::Sealed { what: "the trace of letter", id: queue.0 })?;
        let sealed: Sealed = postcard::from_bytes(&plain).map_err(|_| unreadable())?;
        Ok(Trace {
            queue,
            at: row.time(1)?,
            door: row.text(2)?,
            account: row.maybe_int(3)?.map(AccountId),
            body: row.maybe_int(4)?.map(BodyId),
            size: u64::try_from(row.int(5)?).map_err(|_| unreadable())?,
            message_id: None,
            envelope_id: None,
            sender: sealed.sender,
            claims: Claims(u8::try_from(row.maybe_int(7)?.unwrap_or(0)).map_err(|_| unreadable())?),
            recipients: sealed.recipients,
        })
    }

    /// What an account keeps of the letter of a passage; none when it is not there any more. Reads one
    /// account's folders, for support.
    pub async fn kept_of(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        queue: QueueId,
    ) -> Result<Option<Kept>, Error> {
        const ENTRY: &str = "SELECT e.flags FROM entries e JOIN folder f ON f.id = e.folder
            WHERE f.account = $1 AND e.queue = $2 AND e.origin = 0 LIMIT 1";
        const DOCUMENTS: &str = "SELECT COUNT(*) FROM document WHERE account = $1 AND origin_queue = $2";
        let args = || db::args![account, queue];
        let Some(entry) = tx.maybe_row(ENTRY, args()).await? else { return Ok(None) };
        let seen = entry.int(0)? & i64::from(Flags::SEEN.0) != 0;
        let documents = tx.row(DOCUMENTS, args()).await?.int(0)?;
        Ok(Some(Kept { seen, documents: documents as u64 }))
    }

    /// The latest letter that `account` sent under one of these Message-IDs or this envelope id: the
    /// letter a report speaks of (DESIGN §2.4).
    pub async fn sent_by(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        message_ids: &[String],
        envelope_id: Option<&str>,
    ) -> Result<Option<QueueId>, Error> {
        const BY_MESSAGE: &str = "SELECT queue FROM letter WHERE account = $1 AND message_hash IN ({}) ORDER BY queue DESC LIMIT 1";
        const BY_ENVELOPE: &str =
            "SELECT queue FROM letter WHERE account = $1 AND envelope_hash = $2 ORDER BY queue DESC LIMIT 1";
        if let Some(id) = envelope_id {
            let args = db::args![account, self.envelope_hash(id).to_vec()];
            if let Some(row) = tx.maybe_row(BY_ENVELOPE, args).await? {
                return Ok(Some(QueueId(row.int(0)?)));
            }
        }
        if message_ids.is_empty() {
            return Ok(None);
        }
        let hashes = message_ids.iter().map(|id| db::Value::from(self.message_hash(id).to_vec())).collect();
        let rows = tx.rows_in(BY_MESSAGE, db::args![account], hashes).await?;
        let queues = rows.iter().map(|row| row.int(0).map(QueueId)).collect::<Result<Vec<_>, _>>()?;
        Ok(queues.into_iter().max())
    }

    /// The letters with this Message-ID that accounts of ours sent, newest first: for support.
    pub async fn letters_with_message_id(&self, message_id: &str, limit: u32) -> Result<Vec<QueueId>, Error> {
        const BY_MESSAGE: &str = "SELECT queue FROM letter WHERE account IS NOT NULL AND message_hash = $1
            ORDER BY queue DESC LIMIT $2";
        let args = db::args![self.message_hash(message_id).to_vec(), limit];
        self.letter_numbers(BY_MESSAGE, args).await
    }

    /// The letters that an account sent last, newest first: for support.
    pub async fn letters_sent_by(&self, account: AccountId, limit: u32) -> Result<Vec<QueueId>, Error> {
        const BY_ACCOUNT: &str = "SELECT queue FROM letter WHERE account = $1 ORDER BY queue DESC LIMIT $2";
        self.letter_numbers(BY_ACCOUNT, db::args![account, limit]).await
    }

    async fn letter_numbers(&self, sql: &'static str, args: db::Args) -> Result<Vec<QueueId>, Error> {
        let rows = self.db().read().await?.rows(sql, args).await?;
        Ok(rows.iter().map(|row| row.int(0).map(QueueId)).collect::<Result<_, _>>()?)
    }

    fn envelope_hash(&self, envelope_id: &str) -> [u8; 16] {
        self.hashes().short(format!("envelope {envelope_id}").as_bytes())
    }

    fn message_hash(&self, message_id: &str) -> [u8; 16] {
        self.hashes().short(format!("message {message_id}").as_bytes())
    }
}
