//! The program. All of it is in the library, for whole-server tests.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    pli::cmd::run(pli::cmd::Cli::parse())
}
