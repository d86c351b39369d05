//! A letter is addressed; what follows are chunks, and lies about them. However it is cut, the same
//! letters come out (RFC 3030, RELIABILITY S-03).
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::smtp::Role;

const ADDRESSED: &[u8] = b"EHLO mx.peer.example\r\nMAIL FROM:<a@peer.example>\r\nRCPT TO:<b@house.example>\r\n";

fuzz_target!(|data: &[u8]| {
    let Some((first, input)) = data.split_first() else { return };
    // DATA must wait for its 354, which depends on the reads.
    if input.windows(4).any(|four| four.eq_ignore_ascii_case(b"DATA")) {
        return;
    }
    let config = pli_fuzz::config(Role::Mx);
    let whole = pli_fuzz::play(&config, ADDRESSED, input, usize::MAX);
    let cut = pli_fuzz::play(&config, ADDRESSED, input, usize::from(*first));
    pli_fuzz::check(&whole);
    assert_eq!(whole, cut);
});
