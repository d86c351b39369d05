//! Messages of every mechanism, and SCRAM's final message for a first one that was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::sasl::{ClientFirst, Exchange, Mechanism, ServerFirst, initial, response};

fuzz_target!(|data: &[u8]| {
    for mechanism in Mechanism::ALL {
        let mut exchange = Exchange::begin(mechanism, &Mechanism::ALL);
        let _ = exchange.respond(initial(data));
        let _ = exchange.respond(response(data));
    }
    let (first, last) = data.split_at(data.len() / 2);
    if let Ok(first) = ClientFirst::parse(first) {
        let server = ServerFirst::new(&first, b"nonce", b"salt", 4096, Some(&[7; 32])).expect("an exporter is there");
        let _ = server.read(last);
    }
});
