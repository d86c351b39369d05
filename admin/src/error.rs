//! Why a command was not done.

/// A failure of a command, told to the administrator with its causes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked cannot be done as it was asked; the text says what to do instead.
    #[error("{0}")]
    Refused(String),
    /// The directory failed.
    #[error("the directory failed while {what}")]
    Directory {
        /// What we were doing.
        what: &'static str,
        /// Why.
        #[source]
        cause: directory::Error,
    },
    /// The store failed.
    #[error("the store failed while {what}")]
    Store {
        /// What we were doing.
        what: &'static str,
        /// Why.
        #[source]
        cause: mailstore::Error,
    },
    /// The relay failed.
    #[error("the relay failed while {what}")]
    Relay {
        /// What we were doing.
        what: &'static str,
        /// Why.
        #[source]
        cause: Box<relay::Error>,
    },
    /// The published directory failed.
    #[error("the published directory failed while {what}")]
    Register {
        /// What we were doing.
        what: &'static str,
        /// Why.
        #[source]
        cause: register::Error,
    },
    /// The database failed.
    #[error("the database failed")]
    Database {
        /// Why.
        #[source]
        cause: db::Error,
    },
}

impl From<db::Error> for Error {
    fn from(cause: db::Error) -> Self {
        Self::Database { cause }
    }
}
