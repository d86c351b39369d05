//! What goes before a letter, and how it is said.

use super::Capabilities;
use crate::smtp::{ByMode, Notify, NotifyWhen, Ret};
use names::Address;

/// One transaction: from whom, to whom, and what is asked of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The return path; `None` is the null path of reports.
    pub sender: Option<Address>,
    /// At least one. More than [`Capabilities::most_recipients`] are sent with the next letter.
    pub recipients: Vec<EnvelopeRecipient>,
    /// Octets of the letter as stored (RFC 1870 §3: before dot-stuffing).
    pub size: u64,
    /// What the letter is made of.
    pub content: ContentKind,
    /// RET (RFC 3461 §4.3).
    pub ret: Option<Ret>,
    /// ENVID, not encoded (RFC 3461 §4.4).
    pub envelope_id: Option<String>,
    /// Whether the sender wants TLS all the way (RFC 8689).
    pub require_tls: bool,
    /// What is left of the time the sender gave (RFC 2852 §4.1).
    pub deliver_by: Option<TimeLeft>,
}

/// BY, as it is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLeft {
    /// Seconds; none left, or less, when it is late already.
    pub seconds: i64,
    /// What happens then.
    pub mode: ByMode,
}

/// One recipient of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeRecipient {
    /// Where to.
    pub address: Address,
    /// NOTIFY (RFC 3461 §4.1).
    pub notify: Option<Notify>,
    /// ORCPT, not encoded, as `rfc822;someone@there.example` (RFC 3461 §4.2).
    pub original: Option<String>,
}

/// What octets a letter is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentKind {
    /// ASCII only.
    #[default]
    SevenBit,
    /// 8-bit octets in its body (RFC 6152).
    EightBit,
    /// UTF-8 in its heads too (RFC 6531).
    Utf8,
}

impl Envelope {
    /// Whether the peer must take UTF-8 in the letter's heads or in an address.
    pub(super) fn needs_utf8(&self) -> bool {
        self.content == ContentKind::Utf8 || self.has_utf8_address()
    }

    pub(super) fn has_utf8_address(&self) -> bool {
        self.sender
            .iter()
            .chain(self.recipients.iter().map(|recipient| &recipient.address))
            .any(Address::needs_utf8)
    }

    /// MAIL, with what the peer understands of what is asked.
    pub(super) fn mail(&self, peer: &Capabilities, out: &mut Vec<u8>) {
        let sender = self.sender.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut line = format!("MAIL FROM:<{sender}>");
        if peer.size.is_some() {
            line.push_str(&format!(" SIZE={}", self.size)); // RFC 1870 §5
        }
        if peer.eight_bit && self.content != ContentKind::SevenBit {
            line.push_str(" BODY=8BITMIME"); // RFC 6152 §2
        }
        if peer.utf8 && self.needs_utf8() {
            line.push_str(" SMTPUTF8"); // RFC 6531 §3.4
        }
        if peer.dsn {
            match self.ret {
                Some(Ret::Full) => line.push_str(" RET=FULL"),
                Some(Ret::Headers) => line.push_str(" RET=HDRS"),
                None => {}
            }
            if let Some(id) = &self.envelope_id {
                line.push_str(" ENVID=");
                xtext(id, &mut line);
            }
        }
        if peer.require_tls && self.require_tls {
            line.push_str(" REQUIRETLS"); // RFC 8689 §2
        }
        if let (Some(_), Some(left)) = (peer.deliver_by, self.deliver_by) {
            // RFC 2852 §4: nine figures at most.
            let seconds = left.seconds.clamp(-999_999_999, 999_999_999);
            let mode = match left.mode {
                ByMode::Return => 'R',
                ByMode::Notify => 'N',
            };
            line.push_str(&format!(" BY={seconds};{mode}"));
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

impl EnvelopeRecipient {
    /// RCPT, with what the peer understands of what is asked.
    pub(super) fn rcpt(&self, peer: &Capabilities, out: &mut Vec<u8>) {
        let mut line = format!("RCPT TO:<{}>", self.address);
        if peer.dsn {
            match self.notify {
                None => {}
                Some(Notify::Never) => line.push_str(" NOTIFY=NEVER"),
                Some(Notify::When(NotifyWhen { success, failure, delay })) => {
                    let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
                    let words: Vec<&str> =
                        words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
                    // None of them would be no parameter at all (RFC 3461 §4.1).
                    line.push_str(" NOTIFY=");
                    line.push_str(&if words.is_empty() { "NEVER".to_owned() } else { words.join(",") });
                }
            }
            if let Some((kind, address)) =
                self.original.as_deref().and_then(|original| original.split_once(';'))
            {
                line.push_str(" ORCPT=");
                xtext(kind, &mut line);
                line.push(';');
                xtext(address, &mut line);
            }
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// RFC 3461 §4: printable ASCII but `+` and `=` as it is, everything else as `+` and two hexadecimal
/// digits. So nothing here can end a line or begin another parameter.
fn xtext(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'+' | b'=' => out.push_str(&format!("+{byte:02X}")),
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("+{byte:02X}")),
        }
    }
}
