//! Words of ours that people read in their mail programs.

/// Above the mailboxes of other people, and a second one of one's own.
pub(super) const OTHERS: &str = "Autres boîtes";
/// Above the mailboxes of teams and practices.
pub(super) const SHARED: &str = "Partagés";
