//! Row identifiers: 63 bits, made by `db`, never shown in a URL.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> i64 {
                id.0
            }
        }
    )+};
}

ids! {
    /// A mailbox of the trade (BAL): a professional's, an organisation's, or a patient's.
    AccountId,
    /// An IMAP mailbox inside an account.
    FolderId,
    /// A message body, stored once however many local recipients.
    BodyId,
    /// The header block as one recipient, or all of them, may see it.
    HeadId,
    /// A message's place in a folder.
    EntryId,
    /// A local account or a remote address, as one side of a contact.
    PartyId,
    /// A patient's thread of letters.
    ConversationId,
    /// A document of a patient's dossier.
    DocumentId,
    /// A professional known to the directory.
    PersonId,
    /// An organisation known to the directory.
    OrganisationId,
    /// A patient known to the directory.
    PatientId,
    /// Somebody who signs in to the console.
    AdministratorId,
    /// A program's key to the directory.
    ApiKeyId,
    /// Something a person proves who they are with.
    CredentialId,
    /// A signed-in browser.
    SessionId,
    /// An alert waiting to leave, or gone.
    AlertId,
    /// One recipient of one letter waiting for another operator.
    OutboundId,
}

/// One passage of a letter through the house. Shown in the `250` and in every refusal, so that a
/// person on the telephone can read it out: thirteen characters of Crockford base 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct QueueId(pub i64);

impl From<QueueId> for i64 {
    fn from(id: QueueId) -> i64 {
        id.0
    }
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl std::fmt::Display for QueueId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for shift in (0..13).rev() {
            let digit = (self.0 >> (shift * 5)) & 31;
            write!(out, "{}", CROCKFORD[digit as usize] as char)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for QueueId {
    type Err = QueueIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 13 {
            return Err(QueueIdError);
        }
        let mut id: i64 = 0;
        for byte in text.bytes() {
            let byte = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let digit = CROCKFORD.iter().position(|&c| c == byte).ok_or(QueueIdError)?;
            id = id.checked_mul(32).and_then(|id| id.checked_add(digit as i64)).ok_or(QueueIdError)?;
        }
        Ok(Self(id))
    }
}

/// The text is not a queue id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a queue id (thirteen characters, digits and capitals)")]
pub struct QueueIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_id_reads_back_even_when_dictated_badly() {
        let id = QueueId(1_763_000_000_123_456);
        assert_eq!(id.to_string().parse(), Ok(id));
        let dictated = id.to_string().to_lowercase().replace('1', "l").replace('0', "o");
        assert_eq!(dictated.parse(), Ok(id));
        assert_eq!("ZZZZZZZZZZZZZ".parse::<QueueId>(), Err(QueueIdError));
    }
}
