//! The trace field that every letter gets on its way in (RFC 5321 §4.4).

use super::{Protocol, Trace};
use names::{Domain, QueueId, Timestamp};
use std::net::IpAddr;

/// What the `from` clause may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Another operator's server, or a mail program whose operator wants it shown: the name it gave
    /// and the address it came from.
    Shown(IpAddr),
    /// A professional's mail program: neither the name of their computer nor where they are
    /// (RFC 5321 §7.6). `client.invalid` stands in (RFC 2606 §2), for the clause may not be missing.
    Hidden,
}

/// Writes the field, folded, with its last CRLF.
///
/// ```abnf
/// Received: from <name> ([<ip>]) by <us> with <protocol> id <queue> tls <suite> (<version>); <date>
/// ```
///
/// There is no `for` clause: it would betray blind copies. `tls` is RFC 8314 §4.3.
#[must_use]
pub fn received(trace: &Trace, origin: Origin, by: &Domain, queue: QueueId, now: Timestamp) -> String {
    let from = match origin {
        Origin::Shown(IpAddr::V4(ip)) => format!("{} ([{ip}])", name(&trace.client)),
        Origin::Shown(IpAddr::V6(ip)) => format!("{} ([IPv6:{ip}])", name(&trace.client)),
        Origin::Hidden => "client.invalid".to_owned(),
    };
    let with = protocol(trace.protocol);
    let tls = match &trace.tls {
        Some(facts) => format!("\r\n\ttls {} ({})", name(&facts.cipher), name(&facts.version)),
        None => String::new(),
    };
    format!("Received: from {from}\r\n\tby {by} with {with} id {queue}{tls};\r\n\t{}\r\n", now.rfc5322())
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Smtp => "SMTP",
        Protocol::Esmtp => "ESMTP",
        Protocol::Esmtps => "ESMTPS",
        Protocol::Esmtpsa => "ESMTPSA",
        Protocol::Utf8Smtps => "UTF8SMTPS",
        Protocol::Utf8Smtpsa => "UTF8SMTPSA",
    }
}

/// A word that cannot break out of its place in the field, whatever the peer sent.
fn name(text: &str) -> String {
    let word: String =
        text.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(*c)).take(255).collect();
    if word.is_empty() { "unknown".to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TlsFacts;

    fn trace(client: &str) -> Trace {
        let tls = TlsFacts {
            version: "TLS1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            ..TlsFacts::default()
        };
        Trace { client: client.to_owned(), protocol: Protocol::Esmtpsa, tls: Some(tls) }
    }

    fn write(client: &str, origin: Origin) -> String {
        let by = Domain::parse("smtp.house.example").unwrap();
        received(&trace(client), origin, &by, QueueId(1), Timestamp(1_795_318_467_000))
    }

    #[test]
    fn a_professionals_computer_is_not_shown() {
        assert_eq!(
            write("PC-de-Marie", Origin::Hidden),
            "Received: from client.invalid\r\n\tby smtp.house.example with ESMTPSA id 0000000000001\r\n\
             \ttls TLS_AES_256_GCM_SHA384 (TLS1.3);\r\n\tSun, 22 Nov 2026 03:34:27 +0000\r\n"
        );
    }

    #[test]
    fn a_peer_is_shown_and_cannot_break_out() {
        let field = write("mx.peer.example)\r\nBcc: x", Origin::Shown("192.0.2.7".parse().unwrap()));
        assert!(field.starts_with("Received: from mx.peer.exampleBcc:x ([192.0.2.7])\r\n\tby "), "{field}");
        let field = write("", Origin::Shown("2001:db8::1".parse().unwrap()));
        assert!(field.starts_with("Received: from unknown ([IPv6:2001:db8::1])\r\n"), "{field}");
        assert!(field.lines().all(|line| line.len() <= 78));
    }
}
