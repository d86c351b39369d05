//! Bearer tokens: OAUTHBEARER (RFC 7628) and XOAUTH2, its elder that mail programs speak more often.
//!
//! A refused token is told in two steps (RFC 7628 §3.2.3): a challenge in JSON that says why, an
//! answer of the client's that says nothing, then the refusal. Without the challenge, clients show a
//! password prompt instead of fetching a fresh token.

use super::{Attempt, Mechanism, SaslError, Secret, authzid, identity, limits};

/// What parts the fields of a message (RFC 7628 §3.1).
const SEPARATOR: u8 = 0x01;

/// What a refused client is told of where tokens come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BearerHint {
    /// The scopes a token must have.
    pub scope: Option<String>,
    /// Where the identity provider describes itself (`…/.well-known/openid-configuration`).
    pub discovery: Option<String>,
}

/// Reads an XOAUTH2 message.
///
/// ```abnf
/// message = "user=" login %x01 "auth=Bearer" SP token %x01 %x01
/// ```
pub(super) fn read_xoauth2(message: &[u8]) -> Result<Attempt, SaslError> {
    let fields = message.strip_suffix(&[SEPARATOR, SEPARATOR]).ok_or(SaslError::Shape)?;
    let mut fields = fields.split(|&b| b == SEPARATOR);
    let (Some(user), Some(auth), None) = (fields.next(), fields.next(), fields.next()) else {
        return Err(SaslError::Shape);
    };
    let login = identity(user.strip_prefix(b"user=").ok_or(SaslError::Shape)?)?;
    Ok(Attempt::Token { mechanism: Mechanism::XOAuth2, login: Some(login), token: token(auth)? })
}

/// Reads an OAUTHBEARER message.
///
/// ```abnf
/// message = ("n" / "y") "," ["a=" login] "," %x01 *(key "=" value %x01) %x01   ; RFC 7628 §3.1
/// ```
///
/// `host` and `port` are what the client believes it speaks to; TLS has said that already.
pub(super) fn read_oauthbearer(message: &[u8]) -> Result<Attempt, SaslError> {
    let fields = message.strip_suffix(&[SEPARATOR, SEPARATOR]).ok_or(SaslError::Shape)?;
    let mut fields = fields.split(|&b| b == SEPARATOR);
    let header = std::str::from_utf8(fields.next().unwrap_or_default()).map_err(|_| SaslError::Shape)?;
    // No form of this mechanism binds to a channel, so that "y" is no lie here.
    let header = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,")).ok_or(SaslError::Shape)?;
    let name = header.strip_suffix(',').ok_or(SaslError::Shape)?;
    let login = match name.strip_prefix("a=") {
        Some(name) => authzid(super::scram::unescaped(name)?.as_bytes(), None)?,
        None if name.is_empty() => None,
        None => return Err(SaslError::Shape),
    };
    let mut found = None;
    for field in fields {
        let at = field.iter().position(|&b| b == b'=').ok_or(SaslError::Shape)?;
        let key = &field[..at];
        if key.is_empty() || !key.iter().all(u8::is_ascii_alphabetic) {
            return Err(SaslError::Shape);
        }
        if key == b"auth" && found.replace(token(field)?).is_some() {
            return Err(SaslError::Shape);
        }
    }
    let token = found.ok_or(SaslError::Shape)?;
    Ok(Attempt::Token { mechanism: Mechanism::OAuthBearer, login, token })
}

/// `auth=Bearer` and a token (RFC 6750 §2.1); the scheme's name is read in any case.
fn token(field: &[u8]) -> Result<Secret, SaslError> {
    let value = field.strip_prefix(b"auth=").ok_or(SaslError::Shape)?;
    let (scheme, token) = value.split_at_checked(7).ok_or(SaslError::Shape)?;
    if !scheme.eq_ignore_ascii_case(b"Bearer ") {
        return Err(SaslError::Shape);
    }
    let core = token.iter().rposition(|&b| b != b'=').map_or(0, |last| last + 1);
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(b);
    if core == 0 || token.len() > limits::TOKEN || !token[..core].iter().all(is_token) {
        return Err(SaslError::Secret);
    }
    Ok(Secret::new(token.to_vec()))
}

/// The challenge that says why a token was refused (RFC 7628 §3.2.2).
pub(super) fn fault(mechanism: Mechanism, hint: &BearerHint) -> Vec<u8> {
    // XOAUTH2 speaks of HTTP's status, and its clients look for it.
    let mut json = match mechanism {
        Mechanism::XOAuth2 => String::from(r#"{"status":"401","schemes":"bearer""#),
        Mechanism::OAuthBearer
        | Mechanism::Plain
        | Mechanism::Login
        | Mechanism::ScramSha256
        | Mechanism::ScramSha256Plus
        | Mechanism::External => String::from(r#"{"status":"invalid_token""#),
    };
    for (key, value) in [("scope", &hint.scope), ("openid-configuration", &hint.discovery)] {
        if let Some(value) = value {
            json.push_str(&format!(r#","{key}":"{}""#, escaped(value)));
        }
    }
    json.push('}');
    json.into_bytes()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(attempt: Result<Attempt, SaslError>) -> Result<(Option<String>, Vec<u8>), SaslError> {
        attempt.map(|attempt| match attempt {
            Attempt::Token { login, token, .. } => (login, token.expose().to_vec()),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn xoauth2_is_read_strictly() {
        let dr = |token: &str| Ok((Some("dr@a.fr".to_owned()), token.as_bytes().to_vec()));
        for (case, message, want) in [
            ("ordinary", "user=dr@a.fr\x01auth=Bearer ya29.v-F_9~+/==\x01\x01", dr("ya29.v-F_9~+/==")),
            ("scheme in small letters", "user=dr@a.fr\x01auth=bearer t\x01\x01", dr("t")),
            ("no login", "user=\x01auth=Bearer t\x01\x01", Err(SaslError::Identity)),
            ("no end", "user=dr@a.fr\x01auth=Bearer t\x01", Err(SaslError::Shape)),
            ("a field more", "user=dr@a.fr\x01auth=Bearer t\x01x=y\x01\x01", Err(SaslError::Shape)),
            ("no token", "user=dr@a.fr\x01auth=Bearer \x01\x01", Err(SaslError::Secret)),
            ("padding only", "user=dr@a.fr\x01auth=Bearer ==\x01\x01", Err(SaslError::Secret)),
            ("a blank in the token", "user=dr@a.fr\x01auth=Bearer a b\x01\x01", Err(SaslError::Secret)),
            ("another scheme", "user=dr@a.fr\x01auth=Basic xxxxxxx\x01\x01", Err(SaslError::Shape)),
            ("nothing", "", Err(SaslError::Shape)),
        ] {
            assert_eq!(shown(read_xoauth2(message.as_bytes())), want, "{case}");
        }
        let long = format!("user=dr@a.fr\x01auth=Bearer {}\x01\x01", "t".repeat(limits::TOKEN + 1));
        assert_eq!(shown(read_xoauth2(long.as_bytes())), Err(SaslError::Secret));
    }

    #[test]
    fn oauthbearer_is_read_strictly() {
        let dr = |login: Option<&str>| Ok((login.map(str::to_owned), b"t".to_vec()));
        for (case, message, want) in [
            (
                "RFC 7628 §4.1",
                "n,a=dr@a.fr,\x01host=a\x01port=143\x01auth=Bearer t\x01\x01",
                dr(Some("dr@a.fr")),
            ),
            ("without login", "n,,\x01auth=Bearer t\x01\x01", dr(None)),
            ("binding thought absent", "y,,\x01auth=Bearer t\x01\x01", dr(None)),
            ("escaped login", "n,a=a=2Cb=3Dc,\x01auth=Bearer t\x01\x01", dr(Some("a,b=c"))),
            ("bound to a channel", "p=tls-exporter,,\x01auth=Bearer t\x01\x01", Err(SaslError::Shape)),
            ("two tokens", "n,,\x01auth=Bearer t\x01auth=Bearer u\x01\x01", Err(SaslError::Shape)),
            ("no token", "n,,\x01host=a\x01\x01", Err(SaslError::Shape)),
            ("empty login", "n,a=,\x01auth=Bearer t\x01\x01", Err(SaslError::Shape)),
            ("a bad escape", "n,a=a=2,\x01auth=Bearer t\x01\x01", Err(SaslError::Shape)),
            ("a field without name", "n,,\x01=x\x01auth=Bearer t\x01\x01", Err(SaslError::Shape)),
            ("only the answer to a fault", "\x01", Err(SaslError::Shape)),
        ] {
            assert_eq!(shown(read_oauthbearer(message.as_bytes())), want, "{case}");
        }
    }

    #[test]
    fn a_refused_client_learns_where_tokens_come_from() {
        let hint = BearerHint {
            scope: Some("openid \"mail\"".to_owned()),
            discovery: Some("https://id.example/.well-known/openid-configuration".to_owned()),
        };
        let text = |mechanism, hint| String::from_utf8(fault(mechanism, hint)).unwrap();
        assert_eq!(
            text(Mechanism::OAuthBearer, &hint),
            r#"{"status":"invalid_token","scope":"openid \"mail\"","openid-configuration":"https://id.example/.well-known/openid-configuration"}"#
        );
        assert_eq!(
            text(Mechanism::XOAuth2, &BearerHint::default()),
            r#"{"status":"401","schemes":"bearer"}"#
        );
    }
}
