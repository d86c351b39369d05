//! EXTERNAL (RFC 4422 appendix A): who it is was said by the certificate.

use super::{Attempt, SaslError, authzid};

/// Reads the message: empty, or the identity to act as.
pub(super) fn read(message: &[u8]) -> Result<Attempt, SaslError> {
    Ok(Attempt::External { authzid: authzid(message, None)? })
}
