//! Letters as their rows stand: read by the page in one statement, opened part by part and only as far
//! as asked, on whatever thread asks. For a search, which looks at thousands of letters once: nothing of
//! them is kept in memory for the next.

use std::collections::HashMap;
use std::sync::Arc;

use names::{AccountId, BodyId, HeadId};
use seal::{Cipher, Key};

use crate::body::layout;
use crate::context::{self, Kind};
use crate::fetch::Where;
use crate::{AccountKey, BodyReader, Error, Mailstore, limits};

/// Which of its parts a letter is read with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadWith {
    /// Summary and body.
    Body,
    /// Header block, summary and body.
    BlockAndBody,
}

const BODIES: &str =
    "SELECT h.id, h.body, k.wrapped, b.size, COALESCE(b.inline_frames, f.frames), b.blob, b.segment, b.place,
    b.cuts, h.sealed_summary
    FROM head h JOIN body_key k ON k.body = h.body AND k.account = $1
    JOIN body b ON b.id = h.body LEFT JOIN head f ON f.id = b.id WHERE h.id IN ({})";
const LETTERS: &str =
    "SELECT h.id, h.body, k.wrapped, b.size, COALESCE(b.inline_frames, f.frames), b.blob, b.segment, b.place,
    b.cuts, h.sealed_summary, h.sealed_block
    FROM head h JOIN body_key k ON k.body = h.body AND k.account = $1
    JOIN body b ON b.id = h.body LEFT JOIN head f ON f.id = b.id WHERE h.id IN ({})";

/// A letter that was read and not opened.
pub struct ClosedLetter {
    store: Mailstore,
    account: Arc<AccountKey>,
    head: HeadId,
    body: BodyId,
    row: db::Row,
    with: ReadWith,
    /// Its message key, once something was opened.
    opened: Option<(Key, Cipher)>,
}

impl Mailstore {
    /// These letters by their heads, in their order; `None` for one this account does not own or that is
    /// gone. Ask for a page (`limits::BODY_PAGE`) at a time: short bodies are in memory then.
    pub async fn closed_letters(
        &self,
        account: AccountId,
        heads: &[HeadId],
        with: ReadWith,
    ) -> Result<Vec<Option<ClosedLetter>>, Error> {
        let key = self.key(account).await?;
        let sql = match with {
            ReadWith::Body => BODIES,
            ReadWith::BlockAndBody => LETTERS,
        };
        let mut letters = HashMap::with_capacity(heads.len());
        for page in heads.chunks(limits::BODY_PAGE) {
            let list = page.iter().map(|head| db::Value::from(*head)).collect();
            for row in self.db().read().await?.rows_in(sql, db::args![account], list).await? {
                let (head, body) = (HeadId(row.int(0)?), BodyId(row.int(1)?));
                let (store, account) = (self.clone(), Arc::clone(&key));
                letters.insert(head, ClosedLetter { store, account, head, body, row, with, opened: None });
            }
        }
        Ok(heads.iter().map(|head| letters.remove(head)).collect())
    }
}

impl ClosedLetter {
    /// Its summary.
    pub fn summary(&mut self) -> Result<Vec<u8>, Error> {
        self.part(Kind::Summary, 9, "the summary of head")
    }

    /// Its header block; none when it was read without.
    pub fn block(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.with {
            ReadWith::Body => Ok(None),
            ReadWith::BlockAndBody => self.part(Kind::Head, 10, "the header block of head").map(Some),
        }
    }

    /// A reader of its body.
    pub fn body(&mut self) -> Result<BodyReader, Error> {
        let (store, body, stands) = (self.store.clone(), self.body, Where::of(&self.row, 4)?);
        let layout = layout(body.0, self.row.int(3)?, self.row.maybe_bytes(8)?.as_deref())?;
        store.stored_body(&self.message()?.0, body, layout, stands)
    }

    fn part(&mut self, kind: Kind, column: usize, what: &'static str) -> Result<Vec<u8>, Error> {
        let (head, sealed) = (self.head, self.row.bytes(column)?);
        let place = context::of(kind, head, self.body);
        self.message()?.1.open(&place, sealed).map_err(|_| Error::Sealed { what, id: head.0 })
    }

    fn message(&mut self) -> Result<&(Key, Cipher), Error> {
        if self.opened.is_none() {
            let key = self.account.message_key(self.body, &self.row.bytes(2)?)?;
            let cipher = key.cipher();
            self.opened = Some((key, cipher));
        }
        self.opened.as_ref().ok_or(Error::NoBody(self.body))
    }
}

impl std::fmt::Debug for ClosedLetter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ClosedLetter({:?} of {:?})", self.head, self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stores;

    #[tokio::test]
    async fn a_letter_read_once_opens_part_by_part_and_only_for_its_owner() {
        for store in stores().await {
            let (doctor, other) = (store.doctor().await, store.doctor().await);
            let long = vec![b'x'; limits::INLINE_BODY + 5_000];
            for body in [&b"court"[..], &long] {
                store.receive("sujet", body, doctor).await;
            }
            let folder = store.receive("autre", b"y", other).await;
            assert_eq!(folder.account, other);
            let mut tx = store.db().read().await.unwrap();
            let ids = tx.rows("SELECT id FROM head ORDER BY id", db::args![]).await.unwrap();
            drop(tx);
            let ids: Vec<HeadId> = ids.iter().map(|row| HeadId(row.int(0).unwrap())).collect();
            let mut letters = store.closed_letters(doctor, &ids, ReadWith::BlockAndBody).await.unwrap();
            assert!(letters[2].is_none(), "{}: a letter of somebody else", store.engine);
            for (letter, body) in letters.iter_mut().zip([&b"court"[..], &long]) {
                let letter = letter.as_mut().unwrap();
                assert_eq!(letter.summary().unwrap(), b"summary of sujet");
                assert_eq!(letter.block().unwrap().unwrap(), b"Subject: sujet\r\n\r\n");
                let mut reader = letter.body().unwrap();
                let (mut rest, mut whole) = (0..u64::MAX, Vec::new());
                while let Some(piece) = reader.next_here(&mut rest).unwrap() {
                    whole.extend_from_slice(&piece);
                }
                assert_eq!(whole, body, "{}", store.engine);
            }
            let mut without = store.closed_letters(doctor, &ids[..1], ReadWith::Body).await.unwrap();
            let letter = without[0].as_mut().unwrap();
            assert_eq!(
                (letter.block().unwrap(), letter.summary().unwrap()),
                (None, b"summary of sujet".to_vec())
            );
            store.damage("UPDATE head SET sealed_summary = sealed_block").await;
            let mut damaged = store.closed_letters(doctor, &ids[..1], ReadWith::Body).await.unwrap();
            assert!(matches!(damaged[0].as_mut().unwrap().summary(), Err(Error::Sealed { .. })));
        }
    }
}
