//! What is kept, sealed, beside each letter: computed once at delivery, read by IMAP and the web.

use serde::{Deserialize, Serialize};

use super::{
    envelope::Envelope,
    head::{self, Head},
    part::{Part, PartPath},
    parts::{self, Attachment, Found},
    preview,
    structure::{Ambiguity, Refusal, Structure},
};

/// First octet of an encoded summary. Each version is the one before with more at its end, so that what
/// was sealed years ago stays readable: 1 is [`Summary`] without what serde skips, 2 adds the references.
const FIRST: u8 = 1;
const VERSION: u8 = 2;

/// What IMAP FETCH and the web pages need of a letter without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary<S = String> {
    /// Octets of the header block, empty line included.
    pub head_len: u64,
    /// Octets of the body block.
    pub body_len: u64,
    /// CRLFs in the body block.
    pub body_lines: u64,
    /// IMAP's ENVELOPE.
    pub envelope: Envelope<S>,
    /// IMAP's BODYSTRUCTURE, with offsets into the body block.
    pub root: Part<S>,
    /// Start of the text, at most 200 characters, white space folded, quoted lines left out.
    pub preview: S,
    /// Files and pictures, in order. See [`Attachment::inline`].
    pub attachments: Vec<Attachment<S>>,
    /// Why the letter could be read in two ways.
    pub ambiguity: Option<Ambiguity>,
    /// Set when the structure passed a limit: the letter is one opaque part.
    pub refused: Option<Refusal>,
    /// The Message-IDs of `References` as [`Head::references`] reads them, for THREAD (RFC 5256 §3);
    /// `None` in a summary of version 1, whose header block must be asked.
    #[serde(skip)]
    pub references: Option<Vec<S>>,
}

/// Why an encoded summary cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// Written by a version we do not know, or empty.
    #[error("the summary has version {found:?}, which is not from {FIRST} to {VERSION}")]
    Version {
        /// The version octet.
        found: Option<u8>,
    },
    /// Damaged.
    #[error("cannot decode the summary")]
    Damaged {
        /// What postcard says.
        #[source]
        cause: postcard::Error,
    },
}

impl Summary {
    /// Sums up a letter.
    #[must_use]
    pub fn of(head: &Head, structure: &Structure) -> Self {
        Self {
            head_len: head.len() as u64,
            body_len: structure.body_len,
            body_lines: structure.root.lines,
            envelope: Envelope::of(head),
            root: structure.root.clone(),
            preview: preview::of(structure),
            attachments: parts::attachments(structure),
            ambiguity: structure.ambiguity,
            refused: structure.refused,
            references: Some(head.references()),
        }
    }

    /// Whether there is a file that is not merely a picture inside the text.
    #[must_use]
    pub fn has_attachments(&self) -> bool {
        self.attachments.iter().any(|a| !a.inline)
    }

    /// All leaves, in order, with their paths.
    #[must_use]
    pub fn leaves(&self) -> Vec<(PartPath, &Part)> {
        parts::leaves(&self.root)
    }

    /// As bytes, for sealing.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        const WHY: &str = "a Vec takes all and the types are plain";
        match &self.references {
            None => postcard::to_extend(self, vec![FIRST]).expect(WHY),
            Some(references) => {
                let bytes = postcard::to_extend(self, vec![VERSION]).expect(WHY);
                postcard::to_extend(references, bytes).expect(WHY)
            }
        }
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, SummaryError> {
        decoded(bytes)
    }

    /// Only the ENVELOPE, from the bytes of a whole summary: what SEARCH asks of ten thousand letters.
    pub fn envelope_of(bytes: &[u8]) -> Result<Envelope, SummaryError> {
        type Begin = (u64, u64, u64, Envelope);
        let (_, rest) = version(bytes)?;
        let begin = postcard::take_from_bytes::<Begin>(rest);
        begin.map(|((_, _, _, envelope), _)| envelope).map_err(damaged)
    }

    /// Only the part tree: what SEARCH asks of a letter whose text it looks into. The envelope is read over,
    /// without a copy of its texts.
    pub fn root_of(bytes: &[u8]) -> Result<Part, SummaryError> {
        type Begin<'a> = (u64, u64, u64, Envelope<&'a str>, Part);
        let (_, rest) = version(bytes)?;
        let begin = postcard::take_from_bytes::<Begin<'_>>(rest);
        begin.map(|((_, _, _, _, root), _)| root).map_err(damaged)
    }
}

impl<'a> Summary<&'a str> {
    /// From bytes, without a copy of its texts: they lie where they were.
    pub fn borrowed(bytes: &'a [u8]) -> Result<Self, SummaryError> {
        decoded(bytes)
    }
}

impl<S: AsRef<str>> Summary<S> {
    /// The Message-ID that the letter's thread began with, as far as the letter says: the first of its
    /// references, else what it answers, else its own.
    #[must_use]
    pub fn thread_root(&self) -> Option<String> {
        let first = |field: &Option<S>| {
            field.as_ref().and_then(|field| head::message_ids(field.as_ref()).into_iter().next())
        };
        let referred = self.references.as_ref().and_then(|references| references.first());
        let referred = referred.map(|reference| reference.as_ref().to_owned());
        referred.or_else(|| first(&self.envelope.in_reply_to)).or_else(|| first(&self.envelope.message_id))
    }

    /// Octets of the whole letter (RFC822.SIZE).
    #[must_use]
    pub fn size(&self) -> u64 {
        self.head_len + self.body_len
    }

    /// The part at an IMAP path (`[1]` of a single-part letter is its body); see [`Found`].
    #[must_use]
    pub fn part(&self, path: &[u32]) -> Option<Found<'_, S>> {
        parts::find(&self.root, path)
    }
}

fn decoded<'a, S: Default + Deserialize<'a>>(bytes: &'a [u8]) -> Result<Summary<S>, SummaryError> {
    match version(bytes)? {
        (FIRST, rest) => postcard::from_bytes(rest).map_err(damaged),
        (_, rest) => {
            let (mut summary, rest): (Summary<S>, _) = postcard::take_from_bytes(rest).map_err(damaged)?;
            summary.references = Some(postcard::from_bytes(rest).map_err(damaged)?);
            Ok(summary)
        }
    }
}

/// The version octet, one that we know, and what is behind it.
fn version(bytes: &[u8]) -> Result<(u8, &[u8]), SummaryError> {
    match bytes.split_first() {
        Some((version @ FIRST..=VERSION, rest)) => Ok((*version, rest)),
        found => Err(SummaryError::Version { found: found.map(|(v, _)| *v) }),
    }
}

fn damaged(cause: postcard::Error) -> SummaryError {
    SummaryError::Damaged { cause }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::testing::{lines, node, read},
        *,
    };

    #[test]
    fn a_summary_comes_back_from_its_bytes() {
        let letter = lines(
            "From: =?utf-8?Q?H?= <a@b.fr>\nTo: c@d.fr\nSubject: =?utf-8?Q?x?=\nDate: d\nMessage-ID: <i@b.fr>\n\nBonjour\n",
        );
        let (head, structure) = read(&letter);
        let summary = Summary::of(&head, &structure);
        assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary);
        assert_eq!(summary.size(), letter.len() as u64);
        assert_eq!(summary.preview, "Bonjour");
        assert_eq!(summary.envelope.subject.as_deref(), Some("=?utf-8?Q?x?="));
        assert_eq!(summary.envelope.from[0].name.as_deref(), Some("=?utf-8?Q?H?="));
        assert_eq!(summary.envelope.sender, summary.envelope.from);
        assert_eq!(summary.envelope.reply_to, summary.envelope.from);
        assert!(!summary.has_attachments());
        assert!(summary.encode().len() < 250, "{}", summary.encode().len());
    }

    #[test]
    fn a_summary_of_version_one_is_read_and_its_references_are_unknown() {
        let (head, structure) = read(b"From: a@b.fr\r\nReferences: <1@b.fr>\r\n\t<2@b.fr>\r\n\r\nx");
        let summary = Summary::of(&head, &structure);
        assert_eq!(summary.references.as_deref(), Some(&["1@b.fr".to_owned(), "2@b.fr".to_owned()][..]));
        assert_eq!(Summary::decode(&summary.encode()).unwrap(), summary);
        let old = Summary { references: None, ..summary.clone() };
        assert_eq!(old.encode()[0], 1);
        assert_eq!(summary.encode()[0], 2);
        assert_eq!(Summary::decode(&old.encode()).unwrap(), old);
        for bytes in [old.encode(), summary.encode()] {
            assert_eq!(Summary::envelope_of(&bytes).unwrap(), summary.envelope);
        }
        assert!(matches!(Summary::envelope_of(&[]), Err(SummaryError::Version { found: None })));
        assert!(matches!(Summary::envelope_of(&[1, 0]), Err(SummaryError::Damaged { .. })));
    }

    #[test]
    fn other_versions_and_damage_are_errors() {
        let (head, structure) = read(b"From: a@b.fr\r\n\r\nx");
        let bytes = Summary::of(&head, &structure).encode();
        assert!(matches!(Summary::decode(&[]), Err(SummaryError::Version { found: None })));
        assert!(matches!(Summary::decode(&[9, 1]), Err(SummaryError::Version { found: Some(9) })));
        assert!(matches!(Summary::decode(&bytes[..bytes.len() / 2]), Err(SummaryError::Damaged { .. })));
    }

    proptest! {
        #[test]
        fn any_structure_survives_its_encoding(node in node()) {
            let (head, structure) = read(&node.letter());
            let summary = Summary::of(&head, &structure);
            prop_assert_eq!(&Summary::root_of(&summary.encode()).unwrap(), &summary.root);
            let bytes = summary.encode();
            let borrowed = Summary::borrowed(&bytes).unwrap();
            prop_assert_eq!(format!("{borrowed:?}"), format!("{summary:?}"));
            prop_assert_eq!(Summary::decode(&bytes).unwrap(), summary);
        }
    }
}
