//! PLAIN (RFC 4616).

use super::{Attempt, Mechanism, SaslError, authzid, identity, password_of};

/// Reads a PLAIN message.
///
/// ```abnf
/// message = [authzid] %x00 authcid %x00 passwd   ; RFC 4616 §2, none of them may hold a NUL
/// ```
pub(super) fn read(message: &[u8]) -> Result<Attempt, SaslError> {
    let mut parts = message.split(|&b| b == 0);
    let (Some(other), Some(login), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(SaslError::Shape);
    };
    let login = identity(login)?;
    let authzid = authzid(other, Some(&login))?;
    let secret = password_of(password)?;
    Ok(Attempt::Password { mechanism: Mechanism::Plain, login, authzid, secret })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_messages_are_read_and_tricks_refused() {
        let long = [b"\0dr\0".as_slice(), &[b'x'; 1_025]].concat();
        let longest = [b"\0dr\0".as_slice(), &[b'x'; 1_024]].concat();
        for (case, message, want) in [
            ("ordinary", b"\0dr\0pw".as_slice(), Ok(("dr", None))),
            ("authzid equal", b"dr\0dr\0pw", Ok(("dr", None))),
            ("authzid explicit", b"chef\0dr\0pw", Ok(("dr", Some("chef")))),
            ("longest password", &longest, Ok(("dr", None))),
            ("empty", b"", Err(SaslError::Shape)),
            ("one NUL", b"dr\0pw", Err(SaslError::Shape)),
            ("NUL in the password", b"\0dr\0pw\0admin", Err(SaslError::Shape)),
            ("empty login", b"\0\0pw", Err(SaslError::Identity)),
            ("control in login", b"\0dr\n\0pw", Err(SaslError::Identity)),
            ("not UTF-8", b"\0dr\xff\0pw", Err(SaslError::Identity)),
            ("empty password", b"\0dr\0", Err(SaslError::Secret)),
            ("password of 1,025", &long, Err(SaslError::Secret)),
        ] {
            let got = read(message);
            let got = match &got {
                Ok(Attempt::Password { mechanism: Mechanism::Plain, login, authzid, .. }) => {
                    Ok((login.as_str(), authzid.as_deref()))
                }
                Ok(other) => panic!("{case}: {other:?}"),
                Err(error) => Err(*error),
            };
            assert_eq!(got, want, "{case}");
        }
    }
}
