//! What the pages of all doors share: HTTP over the house's accept layer, cookies, form tokens, sealed
//! references, what answers say to browsers, dates in French, and the style.
//!
//! The patients' and the professionals' pages (`webmail`) and the administrators' console (`admin`) stand
//! behind the same walls, each with an origin, a listener, cookies and keys of its own.
#![warn(missing_docs)]

pub mod anchor;
pub mod assets;
pub mod cookie;
pub mod csrf;
pub mod days;
pub mod headers;
pub mod limits;
pub mod opaque;
mod origin;
pub mod page;
pub mod serve;
pub mod submissions;
pub mod texts;
mod when;

pub use origin::{Origin, OriginError};
pub use serve::Visitor;
pub use when::When;
