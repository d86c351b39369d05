//! LOGIN: two prompts, the expired draft that mail programs still speak.

use super::{Attempt, Mechanism, SaslError, identity, password_of};

/// The challenge that asks for the login.
pub(super) const USERNAME: &[u8] = b"Username:";
/// The challenge that asks for the password.
pub(super) const PASSWORD: &[u8] = b"Password:";

/// Reads the answer to the first prompt.
pub(super) fn name(message: &[u8]) -> Result<String, SaslError> {
    identity(message)
}

/// Reads the answer to the second.
pub(super) fn password(login: String, message: &[u8]) -> Result<Attempt, SaslError> {
    let secret = password_of(message)?;
    Ok(Attempt::Password { mechanism: Mechanism::Login, login, authzid: None, secret })
}
