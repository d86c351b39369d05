//! Machines without sockets, and the grammar of mail.
//!
//! Bytes, answers and silences go in; bytes to send, questions, TLS upgrades and close come out.
//! Nothing here reads a clock, draws a random number, opens a file or waits. `net` pumps any
//! [`Machine`] over a socket; the tests pump the same machine from a transcript, whole and cut at
//! every byte.
//!
//! - [`machine`]: what a machine is.
//! - [`clean`], [`lines`]: what a line is; commands and replies cut into lines.
//! - [`stuffing`], [`verbatim`]: the letter in DATA and in BDAT.
//! - [`sasl`]: the exchanges of AUTH and AUTHENTICATE.
//! - [`smtp`]: the SMTP server (submission and MX).
//! - [`smtp_client`]: the SMTP client (towards other operators).
//! - [`imap`]: the IMAP server.
//! - [`transcript`]: conversations written down, and the stage that plays them.
//! - [`mime`]: structure of a letter, decoded parts, letters and reports that we compose.
#![warn(missing_docs)]

pub mod clean;
pub mod imap;
pub mod lines;
pub mod machine;
pub mod mime;
pub mod sasl;
pub mod smtp;
pub mod smtp_client;
pub mod stuffing;
pub mod transcript;
pub mod verbatim;

pub use machine::{Action, Actions, Input, LinkFault, Machine, TlsFacts, TlsFault};
