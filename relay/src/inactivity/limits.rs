//! Bounds of the look at mailboxes that nobody uses.

/// Lines of a mailbox's trail read at a time.
pub(super) const LINES: u32 = 500;
/// Lines that a page of an administrator looks back for the last use.
pub(super) const SHOWN: u32 = 500;
