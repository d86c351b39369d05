//! Why something was refused, for whoever counts refusals: a closed set, in which nobody is named.

use ldap3_proto::proto::LdapResultCode as Code;

/// Why a request was refused, or answered in part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Nobody signed in, and the house shows nothing to strangers.
    Anonymous,
    /// What is asked for is not said, or heard, without TLS.
    Clear,
    /// The login or what proves it is wrong.
    Credentials,
    /// Too many wrong guesses lately.
    Wait,
    /// A way to sign in that this door does not have.
    Mechanism,
    /// The login counted once, and does no more.
    Withdrawn,
    /// The asker's day has no more entries (RELIABILITY D-11).
    Quota,
    /// There were more answers than one answer holds, or than were wanted.
    Size,
    /// It took longer than it may, or than was wanted.
    Time,
    /// No index narrows the question, and too much would have to be looked at.
    Unindexed,
    /// A critical control that is not known, or cannot be carried out.
    Control,
    /// Something should be changed, which is done elsewhere.
    Write,
    /// What cannot be read.
    Malformed,
    /// What can be read and is not done: more of it than allowed, or a page that is gone.
    Unwilling,
    /// The directory, or the sign-in, cannot answer now.
    Unavailable,
}

impl Reason {
    /// Each of them.
    pub const ALL: [Reason; 15] = [
        Reason::Anonymous,
        Reason::Clear,
        Reason::Credentials,
        Reason::Wait,
        Reason::Mechanism,
        Reason::Withdrawn,
        Reason::Quota,
        Reason::Size,
        Reason::Time,
        Reason::Unindexed,
        Reason::Control,
        Reason::Write,
        Reason::Malformed,
        Reason::Unwilling,
        Reason::Unavailable,
    ];

    /// Its word in the figures.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Reason::Anonymous => "anonymous",
            Reason::Clear => "clear",
            Reason::Credentials => "credentials",
            Reason::Wait => "wait",
            Reason::Mechanism => "mechanism",
            Reason::Withdrawn => "withdrawn",
            Reason::Quota => "quota",
            Reason::Size => "size",
            Reason::Time => "time",
            Reason::Unindexed => "unindexed",
            Reason::Control => "control",
            Reason::Write => "write",
            Reason::Malformed => "malformed",
            Reason::Unwilling => "unwilling",
            Reason::Unavailable => "unavailable",
        }
    }

    /// What a result code says of itself; where one code has several reasons, whoever refuses names it.
    pub(crate) fn of(code: &Code) -> Option<Reason> {
        Some(match code {
            Code::InsufficentAccessRights => Reason::Anonymous,
            Code::ConfidentialityRequired => Reason::Clear,
            Code::InvalidCredentials => Reason::Credentials,
            Code::Busy => Reason::Wait,
            Code::AuthMethodNotSupported | Code::InappropriateAuthentication => Reason::Mechanism,
            Code::SizeLimitExceeded => Reason::Size,
            Code::TimeLimitExceeded => Reason::Time,
            Code::AdminLimitExceeded => Reason::Unindexed,
            Code::UnavailableCriticalExtension | Code::VirtualListViewError => Reason::Control,
            Code::ProtocolError
            | Code::OperationsError
            | Code::InvalidDNSyntax
            | Code::InvalidAttributeSyntax => Reason::Malformed,
            Code::UnwillingToPerform => Reason::Unwilling,
            Code::Unavailable => Reason::Unavailable,
            // An answer, if not the one hoped for.
            _ => return None,
        })
    }
}
