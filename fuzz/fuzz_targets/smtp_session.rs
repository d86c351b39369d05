//! A session of either door: the first octet says which, and how long the reads are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::smtp::Role;

fuzz_target!(|data: &[u8]| {
    let Some((first, input)) = data.split_first() else { return };
    let role = if first & 1 == 0 { Role::Mx } else { Role::Submission };
    let config = pli_fuzz::config(role);
    let played = pli_fuzz::play(&config, b"", input, usize::from(first >> 1));
    pli_fuzz::check(&played);
});
