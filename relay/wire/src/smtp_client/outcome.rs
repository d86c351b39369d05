//! How a transaction ended, recipient by recipient.

use super::{Failure, PeerReply, Phase};

/// A transaction is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// One for each recipient of the envelope, in its order.
    pub outcomes: Vec<RecipientOutcome>,
    /// Whether the peer took over the duty to report (RFC 3461): it offers DSN and the parameters
    /// went with the letter. When not, and SUCCESS was asked for, we report `relayed` ourselves
    /// (RFC 3461 §5.2.2).
    pub dsn: bool,
    /// The connection ended before the peer answered anything to this transaction, as kept
    /// connections do when the peer grows tired. Worth one try at once, on a new connection.
    pub unheard: bool,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientOutcome {
    /// The peer has the letter and answers for it (RFC 5321 §6.1).
    Accepted {
        /// The reply to the end of the letter.
        reply: PeerReply,
    },
    /// It will never go there.
    Refused {
        /// Why.
        why: Why,
    },
    /// Try again later.
    Deferred {
        /// Why.
        why: Why,
    },
    /// The whole letter was sent and its last answer was lost. Try again later: the peer may get it
    /// twice, with the same Message-ID and the same octets (RFC 1047, RELIABILITY R-18).
    Unknown {
        /// What was lost, and how.
        why: Failure,
    },
}

/// Why a recipient did not get the letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The peer said so.
    #[error("{to} was answered {reply}")]
    Reply {
        /// To what.
        to: Phase,
        /// Its words.
        reply: PeerReply,
    },
    /// The session ended.
    #[error("{0}")]
    Session(Failure),
    /// We did not even try, or broke off.
    #[error("{0}")]
    Ours(Ours),
}

/// What we found ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ours {
    /// Larger than the peer's SIZE (RFC 1870 §6.1).
    #[error("the letter has {size} octets, the peer takes {limit}")]
    TooLarge {
        /// Octets of the letter.
        size: u64,
        /// Octets the peer takes.
        limit: u64,
    },
    /// The letter has 8-bit octets and the peer offers no 8BITMIME. It is not re-encoded: that
    /// would break its signatures (RFC 6152 §3 leaves us the choice to refuse).
    #[error("the letter has 8-bit octets and the peer takes 7-bit ones only")]
    EightBit,
    /// The letter's heads hold UTF-8 and the peer offers no SMTPUTF8 (RFC 6531 §3.2).
    #[error("the letter's heads hold UTF-8 and the peer does not take them")]
    Utf8Letter,
    /// An address of the envelope holds UTF-8 and the peer offers no SMTPUTF8 (RFC 6531 §3.2).
    #[error("an address of the envelope holds UTF-8 and the peer does not take it")]
    Utf8Address,
    /// The sender wants TLS on all the way and the peer does not promise it (RFC 8689 §4.2.1).
    #[error("the letter asks for REQUIRETLS and the peer does not offer it")]
    RequireTls,
    /// The letter must come back unless it arrives sooner than the peer promises (RFC 2852 §4).
    #[error("the letter must arrive within {left} seconds, the peer takes none under {least}")]
    TooSoon {
        /// Seconds left.
        left: i64,
        /// The peer's fewest.
        least: u64,
    },
    /// A CR or LF alone in the stored letter, at this octet (RELIABILITY S-02).
    #[error("the stored letter holds a CR or LF alone at octet {0}")]
    Unclean(u64),
    /// More recipients, or recipient domains, than the peer takes in one letter (RFC 9422): this one
    /// goes with the next.
    #[error("the peer takes fewer recipients in one letter")]
    TooMany,
    /// Our own store did not give the letter out.
    #[error("the letter could not be read here")]
    Unreadable,
}

impl RecipientOutcome {
    /// The enhanced status code for reports (RFC 3463).
    #[must_use]
    pub fn status(&self) -> (u8, u8, u16) {
        match self {
            RecipientOutcome::Accepted { reply } => reply.status(),
            RecipientOutcome::Refused { why } => {
                let (_, subject, detail) = why.status();
                (5, subject, detail)
            }
            RecipientOutcome::Deferred { why } => {
                let (_, subject, detail) = why.status();
                (4, subject, detail)
            }
            RecipientOutcome::Unknown { why } => why.status(),
        }
    }
}

impl Why {
    /// The enhanced status code (RFC 3463).
    #[must_use]
    pub fn status(&self) -> (u8, u8, u16) {
        match self {
            Why::Reply { reply, .. } => reply.status(),
            Why::Session(failure) => failure.status(),
            Why::Ours(ours) => ours.status(),
        }
    }

    /// What the peer said, for the `Diagnostic-Code` of a report (RFC 3464 §2.3.6).
    #[must_use]
    pub fn reply(&self) -> Option<&PeerReply> {
        match self {
            Why::Reply { reply, .. } => Some(reply),
            Why::Session(failure) => failure.reply(),
            Why::Ours(_) => None,
        }
    }

    /// Whether this recipient only stood too far down the list: it can go with another letter over
    /// the same connection, at once (RFC 5321 §4.5.3.1.10, RFC 9422).
    #[must_use]
    pub fn is_too_many(&self) -> bool {
        match self {
            Why::Reply { to: Phase::Rcpt, reply } => reply.is_too_many(),
            Why::Reply { .. } | Why::Session(_) => false,
            Why::Ours(ours) => *ours == Ours::TooMany,
        }
    }
}

impl Ours {
    /// The enhanced status code (RFC 3463; RFC 6531 §3.5, RFC 8689 §5 for theirs).
    #[must_use]
    pub fn status(&self) -> (u8, u8, u16) {
        match self {
            Ours::TooLarge { .. } => (5, 3, 4),
            Ours::EightBit => (5, 6, 3),
            Ours::Utf8Letter => (5, 6, 9),
            Ours::Utf8Address => (5, 6, 7),
            Ours::RequireTls => (5, 7, 30),
            Ours::TooSoon { .. } => (5, 4, 7),
            Ours::Unclean(_) => (5, 6, 0),
            Ours::TooMany => (4, 5, 3),
            Ours::Unreadable => (4, 3, 0),
        }
    }
}
