//! What MAIL and RCPT may say beside an address.

use names::Timestamp;

/// ESMTP parameters of MAIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// Octets announced by SIZE (RFC 1870).
    pub size: Option<u64>,
    /// BODY (RFC 6152).
    pub body: Option<Body>,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
    /// What reports the sender wants, and how to recognise them (RFC 3461).
    pub dsn: MailDsn,
    /// REQUIRETLS: never to be sent on without TLS and a checked certificate (RFC 8689).
    pub require_tls: bool,
    /// DELIVERBY: useless or late after this (RFC 2852). Submission only.
    pub deliver_by: Option<DeliverBy>,
    /// HOLDFOR or HOLDUNTIL: not to be delivered before (RFC 4865). Submission only.
    pub hold: Option<Hold>,
}

/// The BODY parameter (RFC 6152).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// `7BIT`
    SevenBit,
    /// `8BITMIME`
    EightBitMime,
}

/// RET and ENVID (RFC 3461 §4.3, §4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailDsn {
    /// How much of the letter a failure report brings back.
    pub ret: Option<Ret>,
    /// The sender's own name for this transaction, decoded: printable ASCII, at most 100 octets.
    pub envelope_id: Option<String>,
}

/// The RET parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// `FULL`
    Full,
    /// `HDRS`
    Headers,
}

/// The BY parameter (RFC 2852 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    /// When it should have been delivered. May be past already in mode N.
    pub by: Timestamp,
    /// What is to be done when it was not.
    pub mode: ByMode,
    /// `T`: each relay is asked to report.
    pub trace: bool,
}

/// What is to be done with a late letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByMode {
    /// `R`: give it up, with a report.
    Return,
    /// `N`: tell the sender, and keep trying.
    Notify,
}

/// A letter that must wait (RFC 4865).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Until then.
    pub until: Timestamp,
}

/// ESMTP parameters of RCPT (RFC 3461).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParameters {
    /// NOTIFY: about what the sender wants to hear.
    pub notify: Option<Notify>,
    /// ORCPT: for whom the letter was before it was forwarded.
    pub original: Option<OriginalRecipient>,
}

/// The NOTIFY parameter (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// `NEVER`
    Never,
    /// At least one of them.
    When(NotifyWhen),
}

/// `SUCCESS`, `FAILURE`, `DELAY`: those that were named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotifyWhen {
    /// It was delivered.
    pub success: bool,
    /// It could not be.
    pub failure: bool,
    /// It takes its time.
    pub delay: bool,
}

/// The ORCPT parameter (RFC 3461 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalRecipient {
    /// The kind of address: `rfc822`, `utf-8`, in small letters.
    pub kind: String,
    /// The address, decoded: printable ASCII (RFC 3461), or UTF-8 without control characters.
    pub address: String,
}
