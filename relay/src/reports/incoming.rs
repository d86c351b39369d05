//! Reports that come in: which letter of whom they speak of (DESIGN §2.4).

use crate::letter::Letter;
use crate::{Error, Relay};
use db::Tx;
use mailstore::BodyReader;
use names::{AccountId, QueueId};
use wire::mime::{Decoder, Part, limits, reported};

pub(crate) use wire::mime::reported::Reported;

impl Relay {
    /// What a letter says of the letter it reports on; none when it is no report.
    pub(crate) async fn reported(&self, letter: &Letter) -> Result<Option<Reported>, Error> {
        let Some(pieces) = reported::pieces(&letter.structure) else { return Ok(None) };
        let store = |cause| Error::Store { what: "reading a report", cause };
        let mut reader = self.mailstore().reader_of(&letter.body).map_err(store)?;
        let facts = piece(&mut reader, pieces.facts).await.map_err(store)?;
        let headers = piece(&mut reader, pieces.headers).await.map_err(store)?;
        Ok(Some(Reported::read(&facts, &headers, pieces.returned)))
    }

    /// The letter that `account` sent and the report speaks of.
    pub(crate) async fn reported_letter(
        &self,
        tx: &mut Tx,
        account: AccountId,
        reported: &Reported,
    ) -> Result<Option<QueueId>, Error> {
        if reported.is_empty() {
            return Ok(None);
        }
        let (ids, envelope_id) = (&reported.message_ids, reported.envelope_id.as_deref());
        let found = self.mailstore().sent_by(tx, account, ids, envelope_id).await;
        found.map_err(|cause| Error::Store { what: "finding the letter of a report", cause })
    }
}

/// The start of a part, decoded.
async fn piece(reader: &mut BodyReader, part: Option<&Part>) -> Result<Vec<u8>, mailstore::Error> {
    let Some(part) = part else { return Ok(Vec::new()) };
    let end = part.body_end.min(part.body_start + limits::REPORT_PIECE as u64);
    let octets = reader.range(part.body_start..end).await?;
    let mut decoded = Vec::with_capacity(octets.len());
    let mut decoder = Decoder::new(part.encoding);
    decoder.push(&octets, &mut decoded);
    decoder.finish(&mut decoded);
    Ok(decoded)
}
