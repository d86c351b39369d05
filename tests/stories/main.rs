//! The stories: the whole server from outside, met at its doors by programs that are not ours.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails where it stands")]
#![expect(clippy::print_stdout, reason = "some stories tell figures, shown with --nocapture")]

mod architecture;
mod bad_weather;
mod console;
mod console_desk;
mod costs;
mod crash_points;
mod deploy_example;
mod dns_records;
mod door_of_operators;
mod early_bytes;
mod fhir;
mod figures;
mod first_letter;
mod foreign_clients;
mod graceful_stop;
mod hostile_peers;
mod killed;
mod killed_sending;
mod ldap;
mod lost_answers;
mod machines;
mod mail_programs;
mod mailbox_life;
mod neighbours;
mod on_disk_first;
mod one_letter;
mod one_second;
mod operations;
mod pages;
mod people;
mod postfix;
mod pro_space;
mod profile_life;
mod refusals;
mod shared_mailboxes;
mod silent_readers;
mod tokens;
mod too_large;
mod transcripts;
mod two_operators;
mod two_processes;
