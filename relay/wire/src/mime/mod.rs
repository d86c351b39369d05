//! Structure of letters: header blocks, part trees, decoded text, and letters that we compose.
//!
//! A stored letter is `head` (its header block with the empty line) and `body` (all after it).
//!
//! - arriving: [`HeadReader`] cuts the stream into a [`Head`] and body bytes; a [`Scanner`] watches
//!   the body pass by and ends as a [`Structure`]; [`Summary::of`] makes of both what IMAP and the
//!   web pages need later, so that nobody parses the letter again (RELIABILITY M-03: one tree).
//! - reading: [`Summary::part`] finds a part's place, [`Decoder`] and [`text_of`] its content.
//! - writing: [`compose`] and [`report`]; reading reports of others: [`reported`].
//! - [`xdm`]: archives of documents, for what they ask to be hidden.

mod addresses;
mod charset;
pub mod compose;
mod decode;
mod describe;
mod encode;
mod envelope;
mod field;
mod head;
#[cfg(test)]
mod hostile;
mod leaf;
#[cfg(test)]
mod letters;
pub mod limits;
#[cfg(test)]
mod oracle;
mod params;
mod part;
mod parts;
mod preview;
mod reader;
pub mod report;
pub mod reported;
mod scan;
mod structure;
mod subject;
mod summary;
#[cfg(test)]
mod testing;
mod text;
mod words;
pub mod xdm;

pub use addresses::{AddressList, Mailbox, Refused};
pub use charset::Charset;
pub use decode::{Decoder, Encoding};
pub use envelope::{Envelope, EnvelopeAddress};
pub use field::Field;
pub use head::{AuthorFault, Head, HeadError, date_of, message_ids};
pub use part::{Content, Disposition, Part, PartPath};
pub use parts::{Attachment, Found, LeafView};
pub use reader::HeadReader;
pub use scan::Scanner;
pub use structure::{Ambiguity, Excerpt, Leaf, Refusal, Structure};
pub use subject::{BaseSubject, base_subject};
pub use summary::{Summary, SummaryError};
pub use text::{Text, text_of};
pub use words::{clean, decode as decode_words};
