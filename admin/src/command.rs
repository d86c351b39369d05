//! What can be asked.

use directory::trust::Brake;
use serde::{Deserialize, Serialize};

/// One command with all it needs, so that it can be carried out by a server elsewhere.
#[derive(Clone, Serialize, Deserialize)]
pub enum Command {
    /// Brings seed files into the directory, and gives new accounts their place in the store.
    Import {
        /// The files, as the caller read them.
        files: Vec<SeedText>,
        /// Whether to write.
        how: Import,
    },
    /// Tells what was decided on a letter, and why.
    Why {
        /// The number in the `250` or in the refusal.
        queue: String,
    },
    /// Lists the accounts.
    Accounts,
    /// Tells what the trail knows of an account, newest first.
    History {
        /// Its address.
        address: String,
        /// How many lines at most.
        lines: u32,
    },
    /// Makes an application password and shows it this once.
    IssuePassword {
        /// For whom.
        owner: PasswordOwner,
        /// The device it is for.
        label: String,
    },
    /// Lists application passwords.
    Passwords {
        /// Whose.
        owner: PasswordOwner,
    },
    /// Stops an application password.
    RevokePassword {
        /// Whose.
        owner: PasswordOwner,
        /// Its number in the list.
        credential: i64,
    },
    /// Makes a code with which a professional chooses a password for the professional space.
    InviteProfessional {
        /// Their national identifier.
        person: String,
        /// Where their sign-in codes go from now on; as before when absent.
        codes: Option<CodesTo>,
    },
    /// Tells which national list is in force, and what happened to it.
    TrustShow,
    /// Tells what another national list would change.
    TrustDiff {
        /// The other.
        list: TrustList,
    },
    /// Puts a national list in force.
    TrustLoad {
        /// Which.
        list: TrustList,
        /// Whether it may shrink as much as it does.
        brake: Brake,
    },
    /// Tells whose certificates speak for a domain.
    WhoMaySend {
        /// Which.
        domain: String,
    },
}

/// Where a professional's sign-in codes go. No `Debug`: it is theirs.
#[derive(Clone, Serialize, Deserialize)]
pub enum CodesTo {
    /// To an ordinary mailbox.
    Email(String),
    /// To a mobile phone.
    Phone(String),
}

/// A national list, as the caller read it.
#[derive(Clone, Serialize, Deserialize)]
pub struct TrustList {
    /// Where from, for the history.
    pub name: String,
    /// Its octets.
    pub bytes: Vec<u8>,
}

/// Whether an import writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Import {
    /// Only says what it would do.
    DryRun,
    /// Does it.
    Apply,
}

/// A seed file. No `Debug`: it may hold passwords and patients.
#[derive(Clone, Serialize, Deserialize)]
pub struct SeedText {
    /// Its name: `people.toml`, `mailboxes.csv`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Whose passwords are meant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PasswordOwner {
    /// Whoever holds this mailbox: its professional, or the machine.
    Mailbox(String),
    /// The professional with this national identifier.
    Person(String),
}

/// What was done, in words for the terminal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The words, ending in a line end.
    pub text: String,
    /// Whether all of it was done; an import that left rows out was not.
    pub complete: bool,
}

impl Done {
    /// All of it was done.
    #[must_use]
    pub fn complete(text: String) -> Self {
        Self { text, complete: true }
    }
}
