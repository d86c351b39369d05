//! The program. All of it is in the library, for whole-server tests.

use clap::Parser as _;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A letter is some hundred small allocations on two threads; the system's allocator spends a tenth of the
/// server's time on them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    pli::cmd::run(pli::cmd::Cli::parse())
}
