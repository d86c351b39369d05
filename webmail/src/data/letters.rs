//! Conversations, letters, their texts and files.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use directory::{Mailbox, Profile, Resolved};
use mailstore::{BodyReader, Conversation, Hidden, LetterRow, Party, Viewer};
use names::{AccountId, Address, ConversationId, DocumentId, EntryId, PartyId, Timestamp};
use wire::mime::{Content, Decoder, Encoding, Head, Part, Summary, text_of};

use super::{Doing, Failure, Rooms, viewer};
use crate::limits::{HTML_MAX, PLAIN_MAX};

/// Somebody, as the directory shows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// Their name.
    pub name: String,
    /// What they do, and where; may be empty.
    pub role: String,
    /// Where they are written to.
    pub address: Option<Address>,
    /// Whether it is a pharmacy one may write to first.
    pub is_pharmacy: bool,
}

impl Who {
    fn nobody() -> Self {
        Self {
            name: "Correspondant inconnu".to_owned(),
            role: String::new(),
            address: None,
            is_pharmacy: false,
        }
    }

    fn remote(address: &Address) -> Self {
        Self {
            name: address.to_string(),
            role: String::new(),
            address: Some(address.clone()),
            is_pharmacy: false,
        }
    }
}

/// A letter with all that a page shows of it.
pub struct OneLetter {
    /// Its place and marks.
    pub row: LetterRow,
    /// What was computed when it came.
    pub summary: Summary,
    /// Its header block.
    pub head: Head,
}

impl OneLetter {
    /// Whether this space wrote it.
    pub fn is_ours(&self) -> bool {
        self.row.entry.origin == mailstore::Origin::Sent
    }

    /// Whether it reports on a letter of this space: shown as an event, never answered (DESIGN §2.4).
    pub fn is_report(&self) -> bool {
        self.row.entry.origin == mailstore::Origin::Report
    }

    /// Whether it forbids its own answer (DESIGN §2.5).
    pub fn forbids_answer(&self) -> bool {
        let mut facts = policy::Letter::ordinary(self.head.subject());
        facts.mss_mes = self.head.x_mss("MES");
        if self.summary.root.is("multipart", "report") {
            facts.kind = policy::LetterKind::Report(policy::ReportMatch::Unmatched);
        }
        facts.forbids_answer()
    }

    /// Whether it ends the exchange: shown as an event.
    pub fn ends_exchange(&self) -> bool {
        let mut facts = policy::Letter::ordinary(self.head.subject());
        facts.mss_mes = self.head.x_mss("MES");
        facts.ends_exchange()
    }

    /// Files for the reader, with their place in the list of all.
    pub fn files(&self) -> impl Iterator<Item = (u32, &wire::mime::Attachment)> {
        (0u32..).zip(&self.summary.attachments).filter(|(_, attachment)| !attachment.inline)
    }

    /// The parts to read, in order: of alternatives the richest we show.
    pub fn readable(&self) -> Vec<&Part> {
        let mut parts = Vec::new();
        readable(&self.summary.root, &mut parts);
        parts
    }

    /// About how many characters tall it is to read: a picture counts as a paragraph, markup as text,
    /// because it stands for blocks and rows.
    pub fn length(&self) -> usize {
        const PICTURE: u64 = 400;
        let text: u64 = self.readable().into_iter().map(|part| part.decoded_len).sum();
        let pictures = self.summary.attachments.iter().filter(|attachment| attachment.inline).count() as u64;
        usize::try_from(text + pictures * PICTURE).unwrap_or(usize::MAX)
    }
}

/// What there is to read in a letter, decoded; not yet harmless.
pub enum Bodies {
    /// Plain text.
    Plain(String),
    /// Markup.
    Html(String),
}

/// A file on its way: its first octets are known, the rest is read as it is sent.
pub struct Stream {
    /// The name its sender gave it.
    pub name: String,
    /// First decoded octets.
    pub first: Bytes,
    reader: BodyReader,
    rest: Range<u64>,
    decoder: Option<Decoder>,
}

impl Stream {
    async fn open(
        name: String,
        reader: BodyReader,
        range: Range<u64>,
        encoding: Encoding,
    ) -> Result<Self, Failure> {
        let decoder = Some(Decoder::new(encoding));
        let mut stream = Self { name, first: Bytes::new(), reader, rest: range, decoder };
        // A part's first frame is far longer than any magic number; an empty part has none.
        while stream.first.is_empty() {
            match stream.next().await? {
                Some(piece) => stream.first = piece,
                None => break,
            }
        }
        Ok(stream)
    }

    /// The next decoded octets, after [`first`](Self::first).
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let Some(decoder) = &mut self.decoder else { return Ok(None) };
            let mut decoded = Vec::new();
            match self.reader.next(&mut self.rest).await.doing("reading a file")? {
                Some(piece) => decoder.push(&piece, &mut decoded),
                None => {
                    if let Some(decoder) = self.decoder.take() {
                        decoder.finish(&mut decoded);
                    }
                    return Ok((!decoded.is_empty()).then(|| decoded.into()));
                }
            }
            if !decoded.is_empty() {
                return Ok(Some(decoded.into()));
            }
        }
    }
}

/// Whether a letter is hidden from whoever looks. Who acts for the patient sees no more than the
/// patient (`policy::secrecy::visible_to`).
pub(super) fn is_hidden(hidden: Hidden, viewer: Viewer) -> bool {
    hidden.from(viewer) || hidden.from(Viewer::Patient)
}

impl Rooms {
    /// A page of conversations, latest first.
    pub async fn conversations(
        &self,
        profile: &Profile,
        before: Option<(Timestamp, ConversationId)>,
        limit: u32,
    ) -> Result<Vec<Conversation>, Failure> {
        let page =
            self.relay.mailstore().conversations(profile.account, viewer(profile), before, limit).await;
        page.doing("listing conversations")
    }

    /// One conversation of this space.
    pub async fn conversation(
        &self,
        profile: &Profile,
        id: ConversationId,
    ) -> Result<Option<Conversation>, Failure> {
        self.relay
            .mailstore()
            .conversation(profile.account, viewer(profile), id)
            .await
            .doing("reading a conversation")
    }

    /// Its letters, newest first.
    pub async fn letters(&self, profile: &Profile, id: ConversationId) -> Result<Vec<OneLetter>, Failure> {
        let store = self.relay.mailstore();
        let rows = store.letters(profile.account, id, viewer(profile)).await.doing("reading letters")?;
        let mut letters = self.complete(profile, rows).await?;
        letters.reverse();
        Ok(letters)
    }

    /// One letter of one conversation.
    pub async fn letter(
        &self,
        profile: &Profile,
        conversation: ConversationId,
        letter: EntryId,
    ) -> Result<Option<OneLetter>, Failure> {
        let store = self.relay.mailstore();
        let row = store.letter(profile.account, conversation, letter, viewer(profile)).await;
        let row = row.doing("reading a letter")?;
        Ok(self.complete(profile, row.into_iter().collect()).await?.pop())
    }

    async fn complete(&self, profile: &Profile, mut rows: Vec<LetterRow>) -> Result<Vec<OneLetter>, Failure> {
        rows.retain(|row| !is_hidden(row.entry.hidden, viewer(profile)));
        let heads: Vec<_> = rows.iter().map(|row| row.entry.head).collect();
        let blocks =
            self.relay.mailstore().header_blocks(profile.account, &heads).await.doing("reading letters")?;
        let mut letters = Vec::with_capacity(rows.len());
        for (row, block) in rows.into_iter().zip(blocks) {
            let Some(block) = block else { continue };
            let summary = Summary::decode(&row.summary).doing("reading a summary")?;
            let head = Head::parse(block.to_vec()).doing("reading a head")?;
            letters.push(OneLetter { row, summary, head });
        }
        Ok(letters)
    }

    /// The text of a letter, part by part.
    pub async fn bodies(&self, account: AccountId, letter: &OneLetter) -> Result<Vec<Bodies>, Failure> {
        let reader =
            self.relay.mailstore().body(account, letter.row.entry.body).await.doing("opening a body")?;
        let mut bodies = Vec::new();
        for part in letter.readable() {
            let html = part.subtype == "html";
            let most = if html { HTML_MAX } else { PLAIN_MAX } as u64;
            // Base64 and quoted-printable only shrink: what fits encoded fits decoded.
            let range = part.body_start..part.body_end.min(part.body_start + most);
            let encoded = reader.clone().range(range).await.doing("reading a body")?;
            let mut decoded = Vec::with_capacity(encoded.len());
            let mut decoder = Decoder::new(part.encoding);
            decoder.push(&encoded, &mut decoded);
            decoder.finish(&mut decoded);
            let text = text_of(&decoded, part.charset()).text;
            bodies.push(if html { Bodies::Html(text) } else { Bodies::Plain(text) });
        }
        Ok(bodies)
    }

    /// One attachment of a letter, by its place in the list of all.
    pub async fn attachment(
        &self,
        account: AccountId,
        letter: &OneLetter,
        place: u32,
    ) -> Result<Option<Stream>, Failure> {
        let Some(attachment) = letter.summary.attachments.get(place as usize) else { return Ok(None) };
        let Some(found) = letter.summary.part(&attachment.path) else { return Ok(None) };
        let reader =
            self.relay.mailstore().body(account, letter.row.entry.body).await.doing("opening a body")?;
        let range = found.part.body_start..found.part.body_end;
        let name = attachment.filename.clone().unwrap_or_default();
        Stream::open(name, reader, range, found.part.encoding).await.map(Some)
    }

    /// One document of the dossier.
    pub async fn document(&self, profile: &Profile, id: DocumentId) -> Result<Option<Stream>, Failure> {
        let store = self.relay.mailstore();
        let document =
            store.document(profile.account, id, viewer(profile)).await.doing("finding a document")?;
        let Some(document) =
            document.filter(|document| !document.draft.confidentiality.from(Viewer::Patient))
        else {
            return Ok(None);
        };
        let part = store.document_part(profile.account, &document).await.doing("opening a document")?;
        let encoding = Encoding::parse(&part.encoding);
        let name = document.draft.file_name.clone();
        Stream::open(name, part.reader, part.range, encoding).await.map(Some)
    }

    /// Who these parties are, from the directory.
    pub async fn who(&self, parties: &[PartyId]) -> Result<HashMap<PartyId, Who>, Failure> {
        let what = "naming correspondents";
        let store = self.relay.mailstore();
        let mut tx = store.db().read().await.doing(what)?;
        let known = store.who(&mut tx, parties).await.doing(what)?;
        let accounts: Vec<AccountId> = known
            .values()
            .filter_map(|party| match party {
                Party::Account(account) => Some(*account),
                Party::Remote(_) => None,
            })
            .collect();
        let mailboxes = self.relay.directory().mailboxes_in(&mut tx, &accounts).await.doing(what)?;
        let named = |party: &Party| match party {
            Party::Remote(address) => Who::remote(address),
            Party::Account(account) => {
                let mailbox = mailboxes.iter().find(|mailbox| mailbox.account == *account);
                mailbox.map_or_else(Who::nobody, |mailbox| self.shown(mailbox))
            }
        };
        Ok(known.iter().map(|(id, party)| (*id, named(party))).collect())
    }

    /// Who is behind an address, from the directory.
    pub async fn who_at(&self, address: &Address, now: Timestamp) -> Result<Who, Failure> {
        let found = self.relay.directory().resolve(std::slice::from_ref(address), now).await;
        Ok(match found.doing("naming a correspondent")?.pop() {
            Some(Resolved::Professional(mailbox)) => self.shown(&mailbox),
            Some(Resolved::Patient(patient)) => Who {
                name: patient.display_name,
                role: String::new(),
                address: Some(patient.address),
                is_pharmacy: false,
            },
            Some(
                Resolved::UnknownLocal { .. } | Resolved::InvalidPatientAddress | Resolved::Remote { .. },
            )
            | None => Who::remote(address),
        })
    }

    fn shown(&self, mailbox: &Mailbox) -> Who {
        let name = mailbox.display_name();
        let organisation = mailbox.organisation.as_ref().map(|organisation| organisation.name.clone());
        let organisation = organisation.filter(|organisation| !name.contains(organisation.as_str()));
        let words = [
            Some(mailbox.role()).filter(|role| !role.is_empty() && !name.contains(role.as_str())),
            organisation,
        ];
        let sector = mailbox.sector();
        let pharmacies = &self.relay.settings().pharmacy_sectors;
        Who {
            role: words.into_iter().flatten().collect::<Vec<_>>().join(", "),
            is_pharmacy: mailbox.kind == names::AccountKind::Organisational
                && sector.is_some_and(|code| pharmacies.contains(code)),
            address: Some(mailbox.address.clone()),
            name,
        }
    }
}

/// Text of the letter itself: not of nested letters, not of files.
fn readable<'a>(part: &'a Part, found: &mut Vec<&'a Part>) {
    match &part.content {
        Content::Message { .. } => {}
        Content::Leaf => {
            let text = part.kind == "text" && matches!(part.subtype.as_str(), "plain" | "html");
            if text && !part.is_attachment() && part.filename.is_none() {
                found.push(part);
            }
        }
        Content::Multipart(children) if part.subtype == "alternative" => {
            // The last one that we can show is the richest (RFC 2046 §5.1.4).
            let mut forms = children.iter().rev().map(|child| {
                let mut inside = Vec::new();
                readable(child, &mut inside);
                // Some mailers name even the alternatives of the text.
                if inside.is_empty()
                    && matches!(child.content, Content::Leaf)
                    && child.kind == "text"
                    && matches!(child.subtype.as_str(), "plain" | "html")
                    && !child.is_attachment()
                {
                    inside.push(child);
                }
                inside
            });
            found.extend(forms.find(|inside| !inside.is_empty()).unwrap_or_default());
        }
        // Beside the text stand pictures of it (related) or a signature (signed): the first is the text.
        Content::Multipart(children) if matches!(part.subtype.as_str(), "related" | "signed") => {
            children.iter().take(1).for_each(|child| readable(child, found));
        }
        Content::Multipart(children) => children.iter().for_each(|child| readable(child, found)),
    }
}
