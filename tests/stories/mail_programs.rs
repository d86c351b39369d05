//! The mail programs of the trade judge the mailbox door. Each speaks through an ear that notes the whole
//! dialogue: nothing it says may be called wrong, and what was recorded once (`tests/transcripts/imap/clients`,
//! see `tests/README.md`) is played again on a running server.

mod again;
mod curl;
mod fetching;
mod imapflow;
mod imaplib;
mod near;
mod neomutt;
mod offlineimap;
mod stage;
mod synced;
mod thunderbird;
