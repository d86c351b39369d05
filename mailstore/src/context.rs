//! What each sealed value is bound to: its kind, its row, and the row it belongs to.

/// Kinds of sealed values. The number is part of what is authenticated: never reuse one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Frames of a body.
    Frames = 1,
    /// A message key, under an account key.
    BodyKey = 2,
    /// A header block, under the message key.
    Head = 3,
    /// A summary, under the message key.
    Summary = 4,
    /// A folder's name, under the account key.
    FolderName = 5,
    /// A conversation's subject, under the account key.
    Subject = 6,
    /// A document's title and names, under the account key.
    Document = 7,
    /// A remote address, under the master keys.
    Party = 8,
    /// What was decided on a letter, under the master keys.
    Trace = 9,
    /// An account key, under the master keys.
    AccountKey = 10,
    /// A subscribed name without a folder, under the account key.
    Subscription = 20,
    /// Name and value of an annotation, under the account key.
    Annotation = 21,
    /// Subjects, addresses and dates of a run of letters, under the account key; the owner is the run.
    GistOfHeaders = 30,
    /// Which texts may stand in a run of letters, likewise.
    GistOfTexts = 31,
}

/// The associated data of the value of `kind` in row `id`, which belongs to row `owner`.
#[must_use]
pub fn of(kind: Kind, id: impl Into<i64>, owner: impl Into<i64>) -> [u8; 17] {
    let mut context = [0; 17];
    context[0] = kind as u8;
    context[1..9].copy_from_slice(&id.into().to_be_bytes());
    context[9..].copy_from_slice(&owner.into().to_be_bytes());
    context
}
