//! The administrators' console: pages in French, rendered by the server, without a line of JavaScript.
//!
//! It has an origin, a listener, cookies and keys of its own. Nobody comes in without a second factor, and
//! there is no account until somebody at the command line makes one. What an administrator may do is asked
//! of [`directory::Authority`] again inside each act; pages ask it only to know what to show. What is not
//! theirs and what is not there are one answer (RELIABILITY D-01).

#[expect(clippy::module_inception, reason = "the console is the value that the module is about")]
mod console;
mod desk;
mod errors;
mod factors;
#[cfg(test)]
mod house;
mod limits;
mod pages;
mod settings;
mod texts;
pub mod views;

pub use console::Console;
pub use settings::Settings;
