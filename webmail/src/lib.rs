//! The patients' and the professionals' pages: French, rendered by the server, without a line of
//! JavaScript.
//!
//! Two origins, one listener. The *application* origin holds forms, cookies and words of ours; the
//! *files* origin shows what correspondents wrote and attached, knows no cookie
//! and answers only to short-lived sealed addresses. What a stranger wrote is never markup on the
//! first, and can reach nothing from the second (RELIABILITY §2.6: three walls).
//!
//! Professionals have pages of their own ([`pro`]): another origin, another listener, other cookies; they
//! share walls and style with the patients', and nothing else.
//!
//! Mail programs that set themselves up from an address are answered at the same listeners, under the names
//! they try ([`Discovery`]).
//!
//! The binary builds a [`Webmail`] and lets it [`serve`](Webmail::serve); `data` holds every question the
//! pages ask the rooms below, so that the seam is one folder.
#![warn(missing_docs)]

mod data;
mod discovery;
mod errors;
mod file_kind;
#[cfg(test)]
mod house;
mod limits;
mod pages;
pub mod pro;
mod sanitize;
mod second_origin;
mod settings;
mod texts;
mod upload;
pub mod views;
mod webmail;

pub use data::{Codes, Failure, Rooms};
pub use discovery::{Discovery, Setup};
pub use settings::{OutsideBox, OutsideMail, Settings};
pub use walls::{Origin, OriginError};
pub use webmail::Webmail;

pub(crate) use walls::{assets, cookie, csrf, headers, opaque, serve, submissions};

/// The style sheets, for the example that draws every page.
#[doc(hidden)]
pub mod gallery {
    pub use walls::assets::{LETTER_STYLE, STYLE, letter_style_path, style_path};
}
