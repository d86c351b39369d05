//! What a [`Scanner`](super::Scanner) found.

use serde::{Deserialize, Serialize};

use super::part::{Part, PartPath};

/// The part tree of a letter and what was seen of its parts while they passed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// The letter's root part.
    pub root: Part,
    /// Octets of the body block.
    pub body_len: u64,
    /// A reason why two readers could see two letters here (RELIABILITY M-03).
    pub ambiguity: Option<Ambiguity>,
    /// Set when a limit was passed: the letter is then one opaque part (RELIABILITY M-01).
    pub refused: Option<Refusal>,
    /// What was seen of each leaf, in order.
    pub leaves: Vec<Leaf>,
    /// Start of the first text/plain that is not an attachment, decoded from its transfer encoding.
    pub text: Option<Excerpt>,
    /// Start of the first text/html that is not an attachment.
    pub html: Option<Excerpt>,
    /// Content-IDs that HTML parts refer to (`cid:`), percent-decoded, without brackets.
    pub cid_references: Vec<String>,
}

/// What was seen of a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Where it is.
    pub path: PartPath,
    /// Its first decoded octets, at most 512.
    pub first: Vec<u8>,
}

/// The decoded start of a text part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Where it is.
    pub path: PartPath,
    /// Its `charset` parameter.
    pub charset: Option<String>,
    /// At most 64 KiB, transfer encoding undone, charset not.
    pub bytes: Vec<u8>,
}

/// Why a letter could be read in two ways. Of several reasons the first in this order is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ambiguity {
    /// A Content-* field that may stand once stands twice in one header block.
    RepeatedField,
    /// A parameter stands twice (`boundary` plain and RFC 2231 included).
    RepeatedParameter,
    /// Content-Type or its parameters do not follow the grammar of RFC 2045 §5.1.
    MalformedContentType,
    /// A comment inside a content field where readers differ.
    Comment,
    /// Content-Transfer-Encoding is none of RFC 2045 §6.
    UnknownEncoding,
    /// base64 or quoted-printable on a multipart or nested letter (RFC 2045 §6.4).
    EncodedContainer,
    /// A base64 part holds other characters, or data after its padding.
    Base64Junk,
    /// A multipart has no usable boundary.
    NoBoundary,
    /// A multipart's boundary never appears.
    NoParts,
    /// A multipart ends without its end mark.
    NoEndMark,
    /// A delimiter appears again after the end mark.
    AfterEndMark,
    /// A line begins with an open boundary and goes on, or fits two open boundaries.
    BoundaryPrefix,
    /// A line of a part's header block is no header field.
    MalformedHeader,
    /// A part's header block is longer than the limit.
    HeaderTooLong,
    /// A NUL octet.
    Nul,
    /// CR or LF alone.
    BareNewline,
}

/// Which limit was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// More than 1,000 parts.
    Parts,
    /// More than 32 containers inside one another.
    Depth,
    /// The part headers together are too long.
    Headers,
}
