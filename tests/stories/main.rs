//! The stories: the whole server from outside, met at its doors by programs that are not ours.

mod architecture;
mod early_bytes;
mod first_letter;
mod foreign_clients;
mod killed;
mod on_disk_first;
mod one_letter;
mod operations;
mod people;
mod refusals;
mod transcripts;
