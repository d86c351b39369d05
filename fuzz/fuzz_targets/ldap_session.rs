//! A session of the directory's door: the first octet says how it begins and how long the reads are. Its messages,
//! filters, names and controls are read by our own reader; the answers are read back by another.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, input)) = data.split_first() else { return };
    let secured = first & 1 == 1;
    // Whole, and cut: what is behind a StartTLS or a search in the same read is another conversation.
    for read in [usize::MAX, usize::from(first >> 1)] {
        pli_fuzz::ldap::check(&pli_fuzz::ldap::play(secured, input, read));
    }
});
