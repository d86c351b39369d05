//! What can go wrong in this room.

/// Why a question or a load failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] db::Error),
    /// What was read back is not what was written.
    #[error("the directory holds a damaged row: {0}")]
    Corrupt(&'static str),
    /// The page asked for does not belong to this question, or the directory has moved on since.
    #[error("this page cannot be given any more; ask from the beginning")]
    StaleToken,
    /// The question would look at too much.
    #[error("the question is too wide: {0}")]
    TooWide(&'static str),
}
