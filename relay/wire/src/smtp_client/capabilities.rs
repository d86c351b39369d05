//! What a peer offers, as its answer to EHLO says (RFC 5321 §4.1.1.1).

use super::PeerReply;

/// What a peer offers on this connection.
///
/// CHUNKING is not among them: BDAT would save the search for dots and cost a second way for a letter
/// to end, each with its own half-sent states (RELIABILITY S-03); DATA carries all that we send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The name it gives itself.
    pub name: String,
    /// Commands may be sent in groups (RFC 2920).
    pub pipelining: bool,
    /// SIZE is understood (RFC 1870).
    pub size: Option<Size>,
    /// 8BITMIME (RFC 6152).
    pub eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// REQUIRETLS (RFC 8689).
    pub require_tls: bool,
    /// DELIVERBY (RFC 2852 §4): the fewest seconds it takes for what must come back, 0 when it says nothing.
    pub deliver_by: Option<u64>,
    /// STARTTLS (RFC 3207); under TLS it is not said.
    pub starttls: bool,
    /// Letters in one session (RFC 9422 MAILMAX).
    pub most_letters: Option<u64>,
    /// Recipients of one letter (RFC 9422 RCPTMAX).
    pub most_recipients: Option<u64>,
    /// Different domains among the recipients of one letter (RFC 9422 RCPTDOMAINMAX).
    pub most_domains: Option<u64>,
}

/// The largest letter (RFC 1870 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// No figure, or none that is fixed.
    Unsaid,
    /// So many octets.
    Octets(u64),
}

impl Capabilities {
    /// Reads the answer to EHLO. What is not understood is not offered.
    pub(super) fn read(reply: &PeerReply) -> Self {
        let mut lines = reply.text().split('\n');
        let first = lines.next().unwrap_or_default();
        let name = first.split(' ').next().unwrap_or_default().to_owned();
        let mut offered = Self { name, ..Self::default() };
        for line in lines {
            let mut words = line.split(' ').filter(|word| !word.is_empty());
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "PIPELINING" => offered.pipelining = true,
                "SIZE" => offered.size = Some(size(words.next())),
                "8BITMIME" => offered.eight_bit = true,
                "SMTPUTF8" => offered.utf8 = true,
                "DSN" => offered.dsn = true,
                "REQUIRETLS" => offered.require_tls = true,
                "DELIVERBY" => offered.deliver_by = Some(words.next().and_then(number).unwrap_or(0)),
                "STARTTLS" => offered.starttls = true,
                "LIMITS" => words.for_each(|word| offered.limit(word)),
                _ => {}
            }
        }
        // RFC 6531 §3.1: SMTPUTF8 stands on 8BITMIME.
        offered.eight_bit |= offered.utf8;
        offered
    }

    /// One `NAME=value` of LIMITS. RFC 9422 §4: 0 is no limit we could live with, so it says nothing.
    fn limit(&mut self, word: &str) {
        let Some((name, value)) = word.split_once('=') else { return };
        let Some(value) = number(value).filter(|value| *value > 0) else { return };
        match name.to_ascii_uppercase().as_str() {
            "MAILMAX" => self.most_letters = Some(value),
            "RCPTMAX" => self.most_recipients = Some(value),
            "RCPTDOMAINMAX" => self.most_domains = Some(value),
            _ => {}
        }
    }
}

/// RFC 1870 §4: no figure, or 0, says that there is no fixed maximum.
fn size(word: Option<&str>) -> Size {
    match word.and_then(number) {
        Some(0) | None => Size::Unsaid,
        Some(octets) => Size::Octets(octets),
    }
}

/// Digits; as many as overflow are as good as no limit.
fn number(word: &str) -> Option<u64> {
    let digits = (1..=20).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse().unwrap_or(u64::MAX))
}
