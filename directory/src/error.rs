//! What can go wrong in the directory. Refusals of people are answers, not errors.

use crate::{IllegalMove, WeakPassword};

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The floor below failed.
    #[error("the directory's database failed")]
    Database {
        /// Why.
        #[source]
        cause: db::Error,
    },
    /// The register failed.
    #[error("the register failed")]
    Register {
        /// Why.
        #[source]
        cause: register::Error,
    },
    /// A sealed value does not open: wrong master key, or damage.
    #[error("a sealed {what} of the directory does not open")]
    Unseal {
        /// Which kind of value.
        what: &'static str,
        /// Why.
        #[source]
        cause: seal::Tampered,
    },
    /// A stored value is not what its column promises.
    #[error("a stored {0} of the directory is not readable")]
    Corrupt(&'static str),
    /// Hashing a password failed inside the library.
    #[error("cannot hash a password: {0}")]
    Hash(argon2::password_hash::Error),
    /// A blocking task was stopped by shutdown.
    #[error("password hashing was interrupted")]
    Interrupted,
    /// The new password breaks the rules.
    #[error("the password is refused")]
    Password(#[source] WeakPassword),
    /// The profile's state does not allow this.
    #[error("the profile's state does not allow this")]
    State(#[source] IllegalMove),
    /// Somebody has it already.
    #[error("this {0} is taken")]
    Taken(&'static str),
    /// There is no such thing.
    #[error("there is no such {0}")]
    Unknown(&'static str),
}

impl From<db::Error> for Error {
    fn from(cause: db::Error) -> Self {
        Self::Database { cause }
    }
}

impl From<register::Error> for Error {
    fn from(cause: register::Error) -> Self {
        match cause {
            register::Error::Db(cause) => Self::Database { cause },
            cause => Self::Register { cause },
        }
    }
}

impl From<IllegalMove> for Error {
    fn from(cause: IllegalMove) -> Self {
        Self::State(cause)
    }
}
