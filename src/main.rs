//! The program. All of it is in the library, for whole-server tests.

use clap::Parser as _;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A letter is some hundred small allocations on two threads; the system's allocator spends a tenth of the
/// server's time on them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // A page of 2 MiB stays as long as one small piece of it lives: a third of the memory, for no speed that shows.
    // A kernel without such pages refuses, and has none.
    _ = rustix::thread::disable_transparent_huge_pages(true);
    pli::cmd::run(pli::cmd::Cli::parse())
}
