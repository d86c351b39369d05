//! What the SMTP server asks the world, and what the world may say.

use super::Reply;
use crate::TlsFacts;
use crate::sasl::{Mechanism, Secret};
use names::{Address, QueueId};

/// A question. One [`Answer`] of the variant of the same name follows.
///
/// A transaction ends for both sides with `Reset`, `Discard`, a refused `Data`, or `Finished`
/// either way. A session that simply ends leaves an open transaction behind: the world forgets it
/// when it is dropped.
pub enum Ask {
    /// May this login come in? → [`Answer::Authenticated`]
    Authenticate {
        /// How the password came.
        mechanism: Mechanism,
        /// The login, as typed: 1–255 octets, no control character.
        login: String,
        /// Another identity the client wants to act for; `None` when absent or equal to the login.
        /// A world that grants no such right must refuse.
        authzid: Option<String>,
        /// The password: 1–1,024 octets, no NUL.
        secret: Secret,
    },
    /// May this sender write? → [`Answer::Sender`]
    Sender {
        /// The return path; `None` is the null path `<>`, which only the MX role lets through.
        path: Option<Address>,
        /// What else MAIL said.
        parameters: MailParameters,
    },
    /// May this recipient receive? → [`Answer::Recipient`]
    Recipient {
        /// The recipient.
        path: Address,
        /// What else RCPT said.
        parameters: RcptParameters,
    },
    /// May the letter begin? After `Data(Ok(()))` its bytes come as [`Push`](crate::Action::Push),
    /// then `Finish` or `Discard`. → [`Answer::Data`]
    Data(Trace),
    /// The letter is whole: commit it. → [`Answer::Finished`]
    Finish {
        /// Octets pushed.
        size: u64,
    },
    /// The letter is given up; what was pushed is to be forgotten. → [`Answer::Done`]
    Discard(Discard),
    /// The transaction is forgotten (RSET, a new EHLO, QUIT). → [`Answer::Done`]
    Reset,
}

/// What the world says.
#[derive(Debug)]
pub enum Answer {
    /// `Discard` and `Reset` are done.
    Done,
    /// The login may come in, or not.
    Authenticated(Result<(), Reply>),
    /// The sender may write, or not.
    Sender(Result<(), Reply>),
    /// The recipient may receive, or not.
    Recipient(Result<(), Reply>),
    /// The letter may begin, or not.
    Data(Result<(), Reply>),
    /// The letter is on disk, or not taken.
    Finished(Result<Accepted, Reply>),
}

/// The letter is ours now (RFC 5321 §6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The number a person can read out on the telephone.
    pub queue: QueueId,
}

/// Why a letter was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// A CR without LF, at this octet of the letter as sent.
    BareCr(u64),
    /// An LF without CR, at this octet.
    BareLf(u64),
    /// A NUL, at this octet.
    Nul(u64),
    /// A text line longer than the limit; the octet at which it passed it.
    LongLine(u64),
    /// More octets than the limit.
    TooLarge,
    /// The peer fell silent or took too long.
    TooSlow,
    /// The peer went away in the middle.
    Disconnect,
}

/// ESMTP parameters of MAIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParameters {
    /// Octets announced by SIZE (RFC 1870).
    pub size: Option<u64>,
    /// BODY (RFC 6152).
    pub body: Option<Body>,
    /// SMTPUTF8 (RFC 6531).
    pub utf8: bool,
}

/// The BODY parameter (RFC 6152).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// `7BIT`
    SevenBit,
    /// `8BITMIME`
    EightBitMime,
}

/// ESMTP parameters of RCPT. None is offered yet; the MX door brings DSN (RFC 3461).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RcptParameters {}

/// What the session knows for the Received field. See [`received`](super::received()).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The name the client gave in EHLO or HELO.
    pub client: String,
    /// How the letter came.
    pub protocol: Protocol,
    /// The TLS under it.
    pub tls: Option<TlsFacts>,
}

/// The `with` clause of Received (RFC 3848, RFC 6531 §4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// After HELO.
    #[default]
    Smtp,
    /// After EHLO, without TLS.
    Esmtp,
    /// With TLS.
    Esmtps,
    /// With TLS and a login.
    Esmtpsa,
    /// With SMTPUTF8 and TLS.
    Utf8Smtps,
    /// With SMTPUTF8, TLS and a login.
    Utf8Smtpsa,
}
