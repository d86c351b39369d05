//! A letter while it streams in, and once it is whole: its head is known, its body is sealed.

use crate::Error;
use mailstore::{BodyWriter, Mailstore, SealedBody};
use names::Timestamp;
use std::sync::Arc;
use wire::mime::{Head, HeadError, HeadReader, Scanner, Structure};

/// A letter whose octets are still coming.
pub struct Incoming {
    stage: Stage,
    digest: Box<blake3::Hasher>,
}

enum Stage {
    Head { reader: HeadReader, body: BodyWriter },
    Body { head: Head, scanner: Box<Scanner>, body: BodyWriter },
    Failed(Fault),
}

/// Why a letter cannot be taken.
#[derive(Debug)]
pub enum Fault {
    /// Its header block is beyond the limits or broken: the sender's fault.
    Head(HeadError),
    /// The store failed: ours.
    Store(mailstore::Error),
}

/// A whole letter, ready to be judged. Its body is in memory when small, else sealed on disk.
pub struct Letter {
    /// Its header block, as it came.
    pub head: Head,
    /// Its part tree.
    pub structure: Structure,
    /// Its body, sealed.
    pub body: Arc<SealedBody>,
    /// BLAKE3 of every octet as it came, for telling a resubmission (ADR 0042).
    pub hash: [u8; 32],
    /// When those octets say they were written, before the house completes the head.
    pub written: Option<Timestamp>,
}

impl Incoming {
    /// Begins a letter.
    #[must_use]
    pub fn begin(mailstore: &Mailstore, now: Timestamp) -> Self {
        let stage = Stage::Head { reader: HeadReader::new(), body: mailstore.body_writer(now) };
        Self { stage, digest: Box::default() }
    }

    /// Takes more octets. A failure is kept and told at the end, so that the stream need not stop.
    pub async fn push(&mut self, octets: &[u8]) {
        self.digest.update(octets);
        let stage = std::mem::replace(&mut self.stage, Stage::Failed(Fault::Head(HeadError::TooLong)));
        self.stage = match advance(stage, octets).await {
            Ok(stage) => stage,
            Err(fault) => Stage::Failed(fault),
        };
    }

    /// Ends the letter: a long body is on disk when this answers.
    pub async fn finish(self) -> Result<Letter, Fault> {
        self.end(BodyWriter::finish).await
    }

    /// Ends the letter for the intake, which has the long bodies of a batch on disk by one sync, before their rows.
    pub async fn finish_written(self) -> Result<Letter, Fault> {
        self.end(BodyWriter::finish_written).await
    }

    async fn end<Ending>(self, end: impl FnOnce(BodyWriter) -> Ending) -> Result<Letter, Fault>
    where
        Ending: Future<Output = Result<SealedBody, mailstore::Error>>,
    {
        let (head, structure, body) = match self.stage {
            Stage::Failed(fault) => return Err(fault),
            Stage::Head { reader, body } => {
                let head = reader.finish().map_err(Fault::Head)?;
                let structure = Scanner::new(&head).finish();
                (head, structure, body)
            }
            Stage::Body { head, scanner, body } => (head, scanner.finish(), body),
        };
        let body = end(body).await.map_err(Fault::Store)?;
        let hash = self.digest.finalize().into();
        Ok(Letter { written: head.date(), head, structure, body: Arc::new(body), hash })
    }
}

async fn advance(stage: Stage, octets: &[u8]) -> Result<Stage, Fault> {
    match stage {
        Stage::Failed(fault) => Err(fault),
        Stage::Head { mut reader, body } => match reader.push(octets).map_err(Fault::Head)? {
            None => Ok(Stage::Head { reader, body }),
            Some((head, used)) => {
                let scanner = Box::new(Scanner::new(&head));
                pour(head, scanner, body, &octets[used..]).await
            }
        },
        Stage::Body { head, scanner, body } => pour(head, scanner, body, octets).await,
    }
}

async fn pour(
    head: Head,
    mut scanner: Box<Scanner>,
    mut body: BodyWriter,
    octets: &[u8],
) -> Result<Stage, Fault> {
    scanner.push(octets);
    body.push(octets).await.map_err(Fault::Store)?;
    Ok(Stage::Body { head, scanner, body })
}

impl Letter {
    /// A letter that the house itself composed.
    pub async fn composed(
        mailstore: &Mailstore,
        composed: &wire::mime::compose::Composed,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let mut incoming = Incoming::begin(mailstore, now);
        incoming.push(&composed.head).await;
        incoming.push(&composed.body).await;
        incoming.finish().await.map_err(|fault| match fault {
            Fault::Store(cause) => Error::Store { what: "keeping a composed letter", cause },
            Fault::Head(_) => Error::Store {
                what: "reading a letter we composed ourselves",
                cause: mailstore::Error::Unreadable { what: "composed head", id: 0 },
            },
        })
    }
}
