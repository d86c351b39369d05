//! The stories: the whole server from outside, met at its doors by programs that are not ours.

mod architecture;
mod early_bytes;
mod first_letter;
mod killed;
mod on_disk_first;
mod one_letter;
mod people;
mod refusals;
mod transcripts;
