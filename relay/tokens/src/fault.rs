//! Why a token is not believed.

/// Why a token is not believed. None of these texts holds anything of the token.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// Longer than any honest one.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url JSON, or a claim of the wrong type.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// `typ` says it is something else than an access or ID token.
    #[error("the token is of another type")]
    Type,
    /// `alg` is not one we allow: `none`, a symmetric one, or one the operator switched off.
    #[error("the token's algorithm is not allowed")]
    Algorithm,
    /// `crit` demands an extension we do not know (RFC 7515 §4.1.11).
    #[error("the token demands an extension")]
    Critical,
    /// No configured issuer made it.
    #[error("the token's issuer is not one of ours")]
    Issuer,
    /// The issuer publishes no such key.
    #[error("the token's key is unknown")]
    Key,
    /// The signature does not hold.
    #[error("the token's signature is wrong")]
    Signature,
    /// Made for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// `exp` is past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies ahead.
    #[error("the token is not valid yet")]
    NotYet,
    /// The person did not sign in as strongly as asked.
    #[error("the token's sign-in was not strong enough")]
    Assurance,
    /// The issuer says that it does not count (RFC 7662 §2.2), any more or at all.
    #[error("the issuer says that the token does not count")]
    Inactive,
    /// It does not say whose it is.
    #[error("the token holds no national id")]
    Nameless,
    /// The claims of the user are somebody else's (OpenID Connect Core §5.3.2).
    #[error("the issuer's claims are about somebody else")]
    Subject,
    /// What came back from the issuer's page does not belong to what was begun.
    #[error("this sign-in was not begun here, or too long ago")]
    Pending,
    /// The person or the issuer's page gave up.
    #[error("the issuer refused the sign-in")]
    Refused,
    /// The issuer could not be asked: not the token's fault, and not the person's.
    #[error("the issuer cannot be asked: {what}")]
    Unreachable {
        /// What we asked for.
        what: &'static str,
        /// Why.
        #[source]
        cause: Option<net::fetch::FetchError>,
    },
}

impl TokenFault {
    /// Whether the same token may pass later: it is not counted as a wrong guess.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
