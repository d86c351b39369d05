//! One part of a letter: what its header says, and where it lies in the body block.

use serde::{Deserialize, Serialize};

use super::{decode::Encoding, envelope::Envelope};

/// A part's place: `[2, 1]` is `2.1` in IMAP (RFC 3501 §6.4.5). Empty: the letter itself.
pub type PartPath = Vec<u32>;

/// A part. Offsets are octets from the start of the letter's body block.
///
/// Of the root part `header_start == body_start == 0`: its header is the letter's head. Of the root
/// of a nested letter, the header is the nested letter's header block.
///
/// Its texts are its own, or lie where they were read from: `S` is `String` or `&str`, here and in all that
/// a [`Summary`](super::Summary) holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part<S = String> {
    /// Major type in lower case, as `text`. Refused structures say `application/octet-stream`.
    pub kind: S,
    /// Subtype in lower case, as `plain`.
    pub subtype: S,
    /// Content-Type parameters, names in lower case, RFC 2231 pieces undecoded, as IMAP shows them.
    pub parameters: Vec<(S, S)>,
    /// Content-ID as written, with angle brackets.
    pub id: Option<S>,
    /// Content-Description as written (RFC 2047 undecoded).
    pub description: Option<S>,
    /// Content-Transfer-Encoding.
    pub encoding: Encoding,
    /// Content-MD5 as written.
    pub md5: Option<S>,
    /// Content-Disposition.
    pub disposition: Option<Disposition<S>>,
    /// Content-Language tags.
    pub language: Vec<S>,
    /// Content-Location as written, white space removed.
    pub location: Option<S>,
    /// File name decoded (RFC 2231, RFC 2047) and made safe to show: one line, no path, no controls.
    pub filename: Option<S>,
    /// First octet of the part's header block.
    pub header_start: u64,
    /// First octet after the header block's empty line.
    pub body_start: u64,
    /// First octet after the body; the CRLF before a boundary belongs to the boundary.
    pub body_end: u64,
    /// CRLFs in the body.
    pub lines: u64,
    /// Octets of the body once its transfer encoding is undone.
    pub decoded_len: u64,
    /// What is inside.
    pub content: Content<S>,
}

/// What is inside a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content<S = String> {
    /// Nothing that we look into.
    Leaf,
    /// `multipart/*` with at least one part.
    Multipart(Vec<Part<S>>),
    /// `message/rfc822` or `message/global`: a nested letter.
    Message {
        /// Its header fields for IMAP.
        envelope: Box<Envelope<S>>,
        /// Its root part: header block and body of the nested letter.
        root: Box<Part<S>>,
    },
}

/// Content-Disposition (RFC 2183).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposition<S = String> {
    /// As `attachment`, in lower case.
    pub kind: S,
    /// Parameters, names in lower case, RFC 2231 pieces undecoded.
    pub parameters: Vec<(S, S)>,
}

impl<S: AsRef<str>> Part<S> {
    /// Octets of the body as transported.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.body_end - self.body_start
    }

    /// As `text/plain`.
    #[must_use]
    pub fn media_type(&self) -> String {
        format!("{}/{}", self.kind.as_ref(), self.subtype.as_ref())
    }

    /// Whether the type is this one.
    #[must_use]
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.as_ref() == kind && self.subtype.as_ref() == subtype
    }

    /// A Content-Type parameter as written.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n.as_ref() == name).map(|(_, v)| v.as_ref())
    }

    /// The `charset` parameter.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.parameter("charset")
    }

    /// Whether the disposition is `attachment`, or one that nobody knows (RFC 2183 §2.8).
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        self.disposition.as_ref().is_some_and(|d| d.kind.as_ref() != "inline")
    }

    /// The Content-ID without its brackets, as `cid:` references it (RFC 2392).
    #[must_use]
    pub fn cid(&self) -> Option<&str> {
        let id = self.id.as_ref()?.as_ref().trim();
        Some(id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id))
            .filter(|id| !id.is_empty())
    }

    /// Whether nothing of it is looked into: its transfer encoding is its own.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        matches!(self.content, Content::Leaf)
    }

    /// The children of a multipart; the root of a nested letter counts as its one child.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.content {
            Content::Leaf => &[],
            Content::Multipart(parts) => parts,
            Content::Message { root, .. } => std::slice::from_ref(root),
        }
    }
}
