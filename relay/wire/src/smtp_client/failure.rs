//! Why a session came to nothing.

use super::PeerReply;
use super::reply::ReplyFault;
use crate::LinkFault;

/// What a session was at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before the greeting was read.
    Greeting,
    /// EHLO, before or after the handshake.
    Hello,
    /// STARTTLS and the handshake.
    StartTls,
    /// RSET, between two letters.
    Reset,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, until its 354.
    Data,
    /// The letter's octets.
    Content,
    /// After the end mark.
    Final,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Phase::Greeting => "the greeting",
            Phase::Hello => "EHLO",
            Phase::StartTls => "STARTTLS",
            Phase::Reset => "RSET",
            Phase::Mail => "MAIL",
            Phase::Rcpt => "RCPT",
            Phase::Data => "DATA",
            Phase::Content => "the letter",
            Phase::Final => "the end of the letter",
        })
    }
}

/// Why a session ended before its time. None of them says anything about a letter: they are about a
/// host, another one may do better, and all are worth another try (a greeting with 5yz too: RFC 5321
/// §3.1 lets a server say so for a day of repairs, and a letter must not be lost to that).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection, or no TLS on it.
    #[error("{0}")]
    Link(LinkFault),
    /// The peer's greeting was not 220.
    #[error("the greeting was {0}")]
    Greeting(PeerReply),
    /// EHLO was refused. There is no way back to HELO: without EHLO there is no STARTTLS.
    #[error("EHLO was answered {0}")]
    Hello(PeerReply),
    /// The peer offers no STARTTLS. A letter never goes in the clear.
    #[error("the peer offers no STARTTLS")]
    NoStartTls,
    /// The peer offers STARTTLS and refuses it.
    #[error("STARTTLS was answered {0}")]
    StartTlsRefused(PeerReply),
    /// Octets that nobody asked for lay before the handshake (RELIABILITY T-02).
    #[error("octets nobody asked for came in clear before the handshake")]
    Injected,
    /// RSET was refused.
    #[error("RSET was answered {0}")]
    Reset(PeerReply),
    /// What came is not a reply.
    #[error("after {at}: {fault}")]
    NotSmtp {
        /// At what.
        at: Phase,
        /// What is wrong with it.
        fault: ReplyFault,
    },
    /// A reply that answers nothing, or that cannot answer what was said.
    #[error("after {at}: a reply out of step")]
    OutOfStep {
        /// At what.
        at: Phase,
    },
    /// The peer closes (421) although nothing was asked of it, or at a command that has no outcome.
    #[error("after {at}: the peer closes with {reply}")]
    Farewell {
        /// At what.
        at: Phase,
        /// Its words.
        reply: PeerReply,
    },
    /// The peer did not answer in time.
    #[error("no answer in time after {at}")]
    TooSlow {
        /// To what.
        at: Phase,
    },
    /// The connection broke.
    #[error("the connection broke after {at}")]
    Gone {
        /// At what.
        at: Phase,
    },
    /// This house is closing; nothing was wrong with the peer.
    #[error("this house is closing")]
    Stopping,
}

impl Failure {
    /// The enhanced status code (RFC 3463), always of class 4.
    #[must_use]
    pub fn status(&self) -> (u8, u8, u16) {
        match self {
            Failure::Link(fault) => fault.status(),
            Failure::Greeting(reply)
            | Failure::Hello(reply)
            | Failure::StartTlsRefused(reply)
            | Failure::Reset(reply)
            | Failure::Farewell { reply, .. } => {
                let (_, subject, detail) = reply.status();
                (4, subject, detail)
            }
            Failure::NoStartTls => (4, 7, 4),
            Failure::Injected => (4, 7, 5),
            Failure::NotSmtp { .. } | Failure::OutOfStep { .. } => (4, 5, 0),
            Failure::TooSlow { .. } | Failure::Gone { .. } => (4, 4, 2),
            Failure::Stopping => (4, 3, 2),
        }
    }

    /// What the peer said, when that was the cause.
    #[must_use]
    pub fn reply(&self) -> Option<&PeerReply> {
        match self {
            Failure::Greeting(reply)
            | Failure::Hello(reply)
            | Failure::StartTlsRefused(reply)
            | Failure::Reset(reply)
            | Failure::Farewell { reply, .. } => Some(reply),
            Failure::Link(_)
            | Failure::NoStartTls
            | Failure::Injected
            | Failure::NotSmtp { .. }
            | Failure::OutOfStep { .. }
            | Failure::TooSlow { .. }
            | Failure::Gone { .. }
            | Failure::Stopping => None,
        }
    }
}
