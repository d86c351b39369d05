//! What a running server holds in memory.

use crate::until::{Limit, until};
use std::time::{Duration, Instant};

/// Octets within which memory counts as unmoved: pages come and go in a server at rest.
const STILL: u64 = 32 * 1024;

/// Octets of memory of its own (anonymous, resident) that a process holds.
fn own_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).expect("a line of own memory");
    let kilobytes = line.split_ascii_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
    1024 * kilobytes.expect("a number of kilobytes")
}

/// Octets of memory of its own that a process holds, once they have not moved for a second.
///
/// # Panics
/// When there is no such process, or its memory still moves after a minute.
#[must_use]
pub fn settled_memory(process: u32) -> u64 {
    let (mut last, mut since) = (0, Instant::now());
    until(Limit(Duration::from_secs(60), "memory that moves no longer"), || {
        let now = own_memory(process);
        if now.abs_diff(last) > STILL {
            (last, since) = (now, Instant::now());
        }
        (since.elapsed() > Duration::from_secs(1)).then_some(now)
    })
}
