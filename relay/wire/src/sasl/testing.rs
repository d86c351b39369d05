//! What the stages write of a sign-in.

use super::Attempt;

/// `PLAIN dr "password" for boss`, `XOAUTH2 dr token "…"`, `EXTERNAL`, `SCRAM-SHA-256-PLUS dr bound to 32`.
pub(crate) fn show(attempt: &Attempt, binding: Option<&[u8]>) -> String {
    let text = |secret: &super::Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    let other =
        |authzid: &Option<String>| authzid.iter().map(|other| format!(" for {other}")).collect::<String>();
    match attempt {
        Attempt::Password { mechanism, login, authzid, secret } => {
            format!("{} {login} {:?}{}", mechanism.as_str(), text(secret), other(authzid))
        }
        Attempt::Token { mechanism, login, token } => {
            let login = login.as_deref().unwrap_or("nobody");
            format!("{} {login} token {:?}", mechanism.as_str(), text(token))
        }
        Attempt::External { authzid } => format!("EXTERNAL{}", other(authzid)),
        Attempt::Scram { plus: true, first } => {
            let bound = binding.map_or_else(|| "nothing".to_owned(), |bytes| bytes.len().to_string());
            format!("SCRAM-SHA-256-PLUS {} bound to {bound}{}", first.login, other(&first.authzid))
        }
        Attempt::Scram { plus: false, first } => {
            format!("SCRAM-SHA-256 {}{}", first.login, other(&first.authzid))
        }
    }
}
