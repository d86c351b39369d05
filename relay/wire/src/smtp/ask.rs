//! What the SMTP server asks the world, and what the world may say.

use super::{MailParameters, RcptParameters, Reply};
use crate::TlsFacts;
use crate::sasl::{Attempt, Secret};
use names::{Address, QueueId};

/// A question. One [`Answer`] of the variant of the same name follows.
///
/// A transaction ends for both sides with `Reset`, `Discard`, a refused `Data`, or `Finished`
/// either way. A session that simply ends leaves an open transaction behind: the world forgets it
/// when it is dropped.
pub enum Ask {
    /// May they come in? → [`Answer::Authenticated`], or [`Answer::Challenge`]
    Authenticate {
        /// What the client shows.
        attempt: Attempt,
        /// The session's `tls-exporter` (RFC 9266), when it has one.
        binding: Option<Vec<u8>>,
    },
    /// What the client answers to the last [`Answer::Challenge`]. → [`Answer::Authenticated`], or
    /// [`Answer::Challenge`]
    Respond(Secret),
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
    /// To a sign-in: send this, and [`Ask::Respond`] with what the client says.
    Challenge(Vec<u8>),
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
