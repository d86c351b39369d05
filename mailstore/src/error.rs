//! What can go wrong in the store.

use std::path::PathBuf;

use names::{AccountId, BodyId, FolderId};

/// A failure of the store. No text holds anything sealed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("the database failed")]
    Db {
        /// How.
        #[source]
        cause: db::Error,
    },
    /// A blob cannot be written, read or removed.
    #[error("cannot {doing} the blob {path}")]
    Blob {
        /// What we were doing.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The disk is almost full: nothing new is taken, reading goes on.
    #[error("the disk has {free} octets free, less than the reserve of {reserve}")]
    Full {
        /// Octets free.
        free: u64,
        /// Octets kept free.
        reserve: u64,
    },
    /// A sealed value does not open.
    #[error("{what} number {id} does not open")]
    Sealed {
        /// What it is.
        what: &'static str,
        /// Its row.
        id: i64,
    },
    /// A stored code means nothing to this version.
    #[error("{what} number {id} holds a value this version does not know")]
    Unreadable {
        /// What it is.
        what: &'static str,
        /// Its row.
        id: i64,
    },
    /// The row of a body was to be written before the body is on disk: a fault of ours.
    #[error("body {} is not on disk yet", .0.0)]
    NotOnDisk(BodyId),
    /// The account has no key: never made, or destroyed.
    #[error("account {} has no key", .0.0)]
    NoKey(AccountId),
    /// There is no such account.
    #[error("there is no account {}", .0.0)]
    NoAccount(AccountId),
    /// The account has no such folder.
    #[error("there is no such folder")]
    NoFolder,
    /// A folder has that name already.
    #[error("a folder has that name already")]
    FolderExists,
    /// The folder is one of those every account has.
    #[error("a folder with a special use cannot be removed")]
    FolderKept(FolderId),
    /// The account has as many annotations as it may.
    #[error("the account has as many annotations as it may")]
    AnnotationsFull,
    /// A message would have more keywords than it may.
    #[error("a message would have more keywords than it may")]
    TooManyKeywords,
    /// Another folder has that use.
    #[error("folder {} has that use already", .0.0)]
    RoleTaken(FolderId),
    /// The account would hold more than it may.
    #[error("account {} would hold more than it may", .0.0)]
    OverQuota(AccountId),
    /// The account has as many folders as it may.
    #[error("the account has as many folders as it may")]
    FoldersFull,
    /// The account does not own that body, or it is gone.
    #[error("body {} is not this account's, or is gone", .0.0)]
    NoBody(BodyId),
    /// A folder gave its last uid.
    #[error("folder {} gave its last uid", .0.0)]
    UidsSpent(FolderId),
}

impl Error {
    /// Whether room on the disk is what is missing: the sender should try again later.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::Blob { cause, .. } => cause.kind() == std::io::ErrorKind::StorageFull,
            Self::Db { cause } => cause.is_full(),
            Self::Sealed { .. }
            | Self::Unreadable { .. }
            | Self::NotOnDisk(_)
            | Self::NoKey(_)
            | Self::NoAccount(_)
            | Self::NoFolder
            | Self::FolderExists
            | Self::FolderKept(_)
            | Self::AnnotationsFull
            | Self::TooManyKeywords
            | Self::RoleTaken(_)
            | Self::OverQuota(_)
            | Self::FoldersFull
            | Self::NoBody(_)
            | Self::UidsSpent(_) => false,
        }
    }
}

impl From<db::Error> for Error {
    fn from(cause: db::Error) -> Self {
        Self::Db { cause }
    }
}
