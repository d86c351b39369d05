//! The control socket: commands of administrators to the running server.
//!
//! A Unix socket in the data folder, mode 0600. A client sends one frame (a [`Question`]) and reads
//! frames ([`Told`]) until the last, which carries the exit code. A frame is a length (4 octets, big
//! endian) and that many octets of postcard. The client and the server must be the same version of
//! Pli; anything else is told so before anything is read further.

mod client;
mod frames;
mod keeper;
mod socket;

pub use client::{Reached, ask};
pub use keeper::Keeper;
pub(crate) use keeper::answer;
pub use socket::Socket;

use directory::trust::Brake;
use serde::{Deserialize, Serialize};

/// What a client wants.
#[derive(Clone, Serialize, Deserialize)]
pub enum Question {
    /// A command of administrators.
    Admin(admin::Command),
    /// A command on the national entries: it may take minutes and says how far it is.
    National(admin::NationalCommand),
    /// A large table of patients: it may take minutes and says how far it is.
    Patients(admin::PatientsCommand),
    /// Read the certificates again.
    Reload,
    /// Sign the trail now.
    Checkpoint,
    /// Fetch the national list from its configured origin now.
    RefreshTrust(Brake),
    /// Prove the store and the trail.
    Verify(Proof),
}

/// How much is proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Proof {
    /// Rows, counters, the presence of every blob, the trail.
    Rows,
    /// And every sealed octet is opened.
    Contents,
}

/// What the server says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Told {
    /// Something on the way, for people who wait.
    Progress(String),
    /// How far a long command is: a bar on a terminal.
    Step {
        /// What is being done.
        what: String,
        /// How much of it.
        done: u64,
        /// Of how much; zero when that is not known.
        total: u64,
    },
    /// The end.
    End {
        /// For standard output, or standard error when it failed.
        text: String,
        /// Whether it was done.
        done: bool,
    },
}

impl Told {
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self::End { text: text.into(), done: true }
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::End { text: text.into(), done: false }
    }
}

/// This version of the program, which both ends must be.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests;
