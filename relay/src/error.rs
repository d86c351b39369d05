//! What can go wrong in the relay. Refusals of letters are answers, not errors.

/// A failure of the house while it carries a letter or a notice.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("the database failed while {what}")]
    Database {
        /// What we were doing.
        what: &'static str,
        /// Why.
        #[source]
        cause: db::Error,
    },
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
    /// The server stops and takes nothing more.
    #[error("the server is stopping")]
    Stopping,
}

impl Error {
    /// The whole chain on one line, for the log; written once, where the error ends.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl Error {
    /// Whether the work may have been kept all the same: the connection was lost during the commit.
    pub(crate) fn is_outcome_unknown(&self) -> bool {
        matches!(
            self,
            Self::Database { cause: db::Error::CommitUnknown { .. }, .. }
                | Self::Store { cause: mailstore::Error::Db { cause: db::Error::CommitUnknown { .. } }, .. }
        )
    }
}

impl From<db::Error> for Error {
    /// For units of work, whose failures below have no better name.
    fn from(cause: db::Error) -> Self {
        Self::Database { what: "running a unit of work", cause }
    }
}
