//! Dossiers: documents filed in a patient's account. Their bytes stay where they came, in a kept body.

use std::collections::BTreeMap;
use std::ops::Range;

use names::{AccountId, BodyId, DocumentId, EntryId, PartyId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::context::Kind;
use crate::{AccountKey, BodyReader, Error, Mailstore, News, Viewer};

/// From whom a document is hidden.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Confidentiality(pub(crate) i64);

impl Confidentiality {
    /// From nobody.
    pub const NONE: Self = Self(0);
    /// From the patient, until a professional has told them.
    pub const PATIENT: Self = Self(1);
    /// From legal representatives.
    pub const REPRESENTATIVES: Self = Self(2);
    /// From professionals, by the patient's wish.
    pub const PROFESSIONALS: Self = Self(4);

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` hold.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it is hidden from `viewer`.
    #[must_use]
    pub fn from(self, viewer: Viewer) -> bool {
        self.0 & viewer.bit() != 0
    }
}

/// A document to file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentDraft {
    /// What the patient reads.
    pub title: String,
    /// Name of the file.
    pub file_name: String,
    /// Code of its category, as the caller defines them.
    pub category: String,
    /// Media type, as `application/pdf`.
    pub mime: String,
    /// Decoded octets.
    pub size: u64,
    /// Date of the act it speaks of.
    pub act_date: Timestamp,
    /// Who made it, when it is a party we know ...
    pub author: Option<PartyId>,
    /// ... and their name, as shown.
    pub author_name: String,
    /// Who put it there: the only one who may remove it ...
    pub publisher: PartyId,
    /// ... and their name.
    pub publisher_name: String,
    /// The entry of the letter that brought it.
    pub entry: EntryId,
    /// The passage of that letter.
    pub queue: Option<QueueId>,
    /// The body that holds it ...
    pub body: BodyId,
    /// ... where, relative to the body ...
    pub part: Range<u64>,
    /// ... and in which transfer encoding (`base64`, `quoted-printable`, `7bit`, `8bit`).
    pub encoding: String,
    /// From whom it is hidden.
    pub confidentiality: Confidentiality,
}

/// A document sealed, waiting for its row.
#[derive(Clone, Debug)]
pub struct NewDocument {
    account: AccountId,
    body: BodyId,
    row: db::Args,
    id: DocumentId,
}

impl NewDocument {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        self.id
    }
}

/// A document of a dossier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its number.
    pub id: DocumentId,
    /// When it was put there.
    pub filed_at: Timestamp,
    /// All else.
    pub draft: DocumentDraft,
}

/// Where a document's bytes come from: read `range` of `reader` and decode it.
#[derive(Debug)]
pub struct DocumentPart {
    /// The body.
    pub reader: BodyReader,
    /// The encoded part in it.
    pub range: Range<u64>,
    /// Its transfer encoding.
    pub encoding: String,
}

/// What is sealed of a document.
#[derive(Serialize, Deserialize)]
struct Details {
    title: String,
    file_name: String,
    author_name: String,
    publisher_name: String,
}

const PAGE: &str = "SELECT id, sealed_details, category, mime, size, act_date, filed_at, author, publisher,
    origin_entry, origin_queue, body, part_start, part_end, encoding, confidentiality FROM document
    WHERE account = $1 AND (act_date < $2 OR (act_date = $2 AND id < $3)) ORDER BY act_date DESC, id DESC LIMIT $4";
const PAGE_OF_CATEGORY: &str =
    "SELECT id, sealed_details, category, mime, size, act_date, filed_at, author, publisher,
    origin_entry, origin_queue, body, part_start, part_end, encoding, confidentiality FROM document
    WHERE account = $1 AND (act_date < $2 OR (act_date = $2 AND id < $3)) AND category = $5
    ORDER BY act_date DESC, id DESC LIMIT $4";
const ONE: &str = "SELECT id, sealed_details, category, mime, size, act_date, filed_at, author, publisher,
    origin_entry, origin_queue, body, part_start, part_end, encoding, confidentiality FROM document
    WHERE account = $1 AND id = $2";

impl Mailstore {
    /// Seals a document for the account of `key`, which owns the body or will with the same unit.
    #[must_use]
    pub fn new_document(&self, key: &AccountKey, draft: &DocumentDraft, now: Timestamp) -> NewDocument {
        let id = DocumentId(self.db().id(now));
        let details = Details {
            title: draft.title.clone(),
            file_name: draft.file_name.clone(),
            author_name: draft.author_name.clone(),
            publisher_name: draft.publisher_name.clone(),
        };
        let details = postcard::to_stdvec(&details).expect("strings in memory always serialise");
        let sealed = key.seal(Kind::Document, id, &details);
        let account = key.account();
        let row = db::args![
            id,
            account,
            sealed,
            &draft.category,
            &draft.mime,
            draft.size as i64,
            draft.act_date,
            now,
            draft.author,
            draft.publisher,
            draft.entry,
            draft.queue,
            draft.body,
            draft.part.start as i64,
            draft.part.end as i64,
            &draft.encoding,
            draft.confidentiality.0
        ];
        NewDocument { account, body: draft.body, row, id }
    }

    /// Files a document from a letter the account holds already: filing by click.
    pub async fn file(&self, tx: &mut db::Tx, document: &NewDocument) -> Result<DocumentId, Error> {
        const USES: &str = "UPDATE body_key SET uses = uses + 1 WHERE account = $1 AND body = $2";
        if tx.execute(USES, db::args![document.account, document.body]).await? == 0 {
            return Err(Error::NoBody(document.body));
        }
        self.insert_documents(tx, [document].into_iter()).await?;
        Ok(document.id)
    }

    /// Takes a document out of the dossier. Whether the asker may is policy's question.
    pub async fn unfile(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        document: DocumentId,
    ) -> Result<(), Error> {
        const DELETE: &str = "DELETE FROM document WHERE account = $1 AND id = $2 RETURNING body";
        let Some(row) = tx.maybe_row(DELETE, db::args![account, document]).await? else {
            return Err(Error::Unreadable { what: "document", id: document.0 });
        };
        let body = BodyId(row.int(0)?);
        self.release(tx, account, BTreeMap::from([(body, 1)])).await?;
        self.tell_after(tx, account, News { other: true, ..News::default() });
        Ok(())
    }

    /// Hides a document from others than now.
    pub async fn set_confidentiality(
        &self,
        tx: &mut db::Tx,
        account: AccountId,
        document: DocumentId,
        confidentiality: Confidentiality,
    ) -> Result<(), Error> {
        const UPDATE: &str = "UPDATE document SET confidentiality = $3 WHERE account = $1 AND id = $2";
        match tx.execute(UPDATE, db::args![account, document, confidentiality.0]).await? {
            0 => Err(Error::Unreadable { what: "document", id: document.0 }),
            _ => Ok(()),
        }
    }

    /// A page of a dossier, latest act first, after `before`; of one category or of all. What `viewer`
    /// may not see is left out, so a page may be shorter than `limit`.
    pub async fn documents(
        &self,
        account: AccountId,
        category: Option<&str>,
        viewer: Viewer,
        before: Option<(Timestamp, DocumentId)>,
        limit: u32,
    ) -> Result<Vec<Document>, Error> {
        let key = self.key(account).await?;
        let (at, id) = before.unwrap_or((Timestamp(i64::MAX), DocumentId(i64::MAX)));
        let mut tx = self.db().read().await?;
        let rows = match category {
            Some(category) => tx.rows(PAGE_OF_CATEGORY, db::args![account, at, id, limit, category]).await?,
            None => tx.rows(PAGE, db::args![account, at, id, limit]).await?,
        };
        let mut page = rows.iter().map(|row| document(&key, row)).collect::<Result<Vec<_>, _>>()?;
        page.retain(|document| !document.draft.confidentiality.from(viewer));
        Ok(page)
    }

    /// One document, if it is there and `viewer` may see it.
    pub async fn document(
        &self,
        account: AccountId,
        id: DocumentId,
        viewer: Viewer,
    ) -> Result<Option<Document>, Error> {
        let key = self.key(account).await?;
        let row = self.db().read().await?.maybe_row(ONE, db::args![account, id]).await?;
        let found = row.map(|row| document(&key, &row)).transpose()?;
        Ok(found.filter(|document| !document.draft.confidentiality.from(viewer)))
    }

    /// The raw bytes of a document, encoded as they came.
    pub async fn document_part(
        &self,
        account: AccountId,
        document: &Document,
    ) -> Result<DocumentPart, Error> {
        let reader = self.body(account, document.draft.body).await?;
        let (range, encoding) = (document.draft.part.clone(), document.draft.encoding.clone());
        Ok(DocumentPart { reader, range, encoding })
    }

    pub(crate) async fn insert_documents<'a>(
        &self,
        tx: &mut db::Tx,
        documents: impl Iterator<Item = &'a NewDocument>,
    ) -> Result<(), Error> {
        const INSERT: &str =
            "INSERT INTO document (id, account, sealed_details, category, mime, size, act_date,
            filed_at, author, publisher, origin_entry, origin_queue, body, part_start, part_end, encoding,
            confidentiality) VALUES";
        let documents: Vec<_> = documents.collect();
        let rows = documents.iter().map(|document| document.row.clone()).collect();
        tx.insert_rows(INSERT, "", rows).await?;
        for document in documents {
            self.tell_after(tx, document.account, News { other: true, ..News::default() });
        }
        Ok(())
    }
}

fn document(key: &AccountKey, row: &db::Row) -> Result<Document, Error> {
    let id = DocumentId(row.int(0)?);
    let unreadable = || Error::Unreadable { what: "document", id: id.0 };
    let details = key.open(Kind::Document, id, "document", row.bytes(1)?)?;
    let details: Details = postcard::from_bytes(&details).map_err(|_| unreadable())?;
    let octets = |column| -> Result<u64, Error> { u64::try_from(row.int(column)?).map_err(|_| unreadable()) };
    let draft = DocumentDraft {
        title: details.title,
        file_name: details.file_name,
        category: row.text(2)?,
        mime: row.text(3)?,
        size: octets(4)?,
        act_date: row.time(5)?,
        author: row.maybe_int(7)?.map(PartyId),
        author_name: details.author_name,
        publisher: PartyId(row.int(8)?),
        publisher_name: details.publisher_name,
        entry: EntryId(row.int(9)?),
        queue: row.maybe_int(10)?.map(QueueId),
        body: BodyId(row.int(11)?),
        part: octets(12)?..octets(13)?,
        encoding: row.text(14)?,
        confidentiality: Confidentiality(row.int(15)?),
    };
    Ok(Document { id, filed_at: row.time(6)?, draft })
}
