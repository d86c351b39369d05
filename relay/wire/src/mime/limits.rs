//! Every bound of the MIME readers, with unit and source.

/// Octets in a header block (RELIABILITY S-17).
pub const HEAD_OCTETS: usize = 100 * 1024;
/// Octets in one header field, folded lines included (RELIABILITY M-01).
pub const FIELD_OCTETS: usize = 64 * 1024;
/// Fields in a header block.
pub const FIELDS: usize = 1_000;
/// Mailboxes read from one address field; the rest is dropped (a letter has at most 100 recipients).
pub const MAILBOXES: usize = 1_000;
/// Message-IDs read from `References`: the last ones count (RFC 5322 §3.6.4).
pub const REFERENCES: usize = 100;

/// Parts in a letter, containers and nested letters included (RELIABILITY M-01).
pub const PARTS: usize = 1_000;
/// Containers (multipart, message/rfc822) inside one another (RELIABILITY M-01).
pub const DEPTH: usize = 32;
/// Octets in the header block of a part; a nested letter's block counts as one.
pub const PART_HEAD_OCTETS: usize = 64 * 1024;
/// Octets of strings kept for all parts together, envelopes of nested letters included.
pub const STRUCTURE_OCTETS: usize = 512 * 1024;
/// Parameters kept of one Content-Type or Content-Disposition.
pub const PARAMETERS: usize = 64;
/// Octets of a boundary. RFC 2046 §5.1.1 says 70; some gateways write more.
pub const BOUNDARY_OCTETS: usize = 200;
/// Octets of a delimiter line, transport padding included (RFC 5322 §2.1.1 line length).
pub const DELIMITER_OCTETS: usize = 998;

/// Decoded octets of each leaf kept to recognise its true type.
pub const FIRST_OCTETS: usize = 512;
/// Decoded octets of the first text/plain and the first text/html kept for the preview.
pub const EXCERPT_OCTETS: usize = 64 * 1024;
/// `cid:` references remembered from HTML parts.
pub const CID_REFERENCES: usize = 256;
/// Octets of one Content-ID.
pub const CID_OCTETS: usize = 256;

/// Characters of a preview.
pub const PREVIEW_CHARS: usize = 200;
/// Characters of a file name shown to people (RELIABILITY W-16).
pub const FILENAME_CHARS: usize = 120;
/// Characters of a display name.
pub const NAME_CHARS: usize = 200;
/// Characters of a subject.
pub const SUBJECT_CHARS: usize = 500;

/// Octets of a report's facts, or of the header block it returns, that are read for the letter it is
/// about: a header block may be 100 KB, what names the letter stands early. (ours)
pub const REPORT_PIECE: usize = 64 * 1024;

/// Entries of an XDM archive (RELIABILITY M-05).
pub const XDM_ENTRIES: usize = 500;
/// Octets of an XDM archive unpacked, all entries together (RELIABILITY M-05).
pub const XDM_UNPACKED: u64 = 200_000_000;
/// How many times its packed size an entry may unpack to (RELIABILITY M-05) ...
pub const XDM_RATIO: u64 = 100;
/// ... once it unpacks to more than this many octets; the same for the archive as a whole.
pub const XDM_RATIO_FROM: u64 = 1_000_000;
/// Octets of all METADATA.XML of an archive together. (ours)
pub const XDM_METADATA: u64 = 4_000_000;
/// Documents that the metadata of one archive describes: no more than it may hold.
pub const XDM_DOCUMENTS: usize = XDM_ENTRIES;
/// Different marks of confidentiality of one document; the value set has six. (ours)
pub const XDM_MARKS: usize = 32;
/// Octets of an entry's name. IHE asks for 8.3. (ours)
pub const XDM_NAME_OCTETS: usize = 512;
/// Elements inside one another in METADATA.XML (RELIABILITY M-08).
pub const XML_DEPTH: usize = 128;
/// Attributes of one element; the parser compares each with all before it (RELIABILITY M-08).
pub const XML_ATTRIBUTES: usize = 64;
/// Name space declarations of a document; the parser copies those in scope (RELIABILITY M-08).
pub const XML_NAMESPACES: usize = 10_000;
/// Nodes of a document: elements, texts, comments.
pub const XML_NODES: u32 = 400_000;
