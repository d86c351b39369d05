//! The rules, as pure functions over a snapshot
