//! Parameters of statements: four types, each of which may be absent.

use names::Timestamp;

/// One parameter. An absent value keeps its type, which PostgreSQL wants to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A 64-bit integer: numbers, ids, instants.
    Int(Option<i64>),
    /// Text in UTF-8.
    Text(Option<String>),
    /// A truth value.
    Bool(Option<bool>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// The parameters of one statement, or one row of a multi-row insert.
pub type Args = Vec<Value>;

/// Builds [`Args`] from values of any accepted type: `args![id, name, Some(7_i64), now]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::Value::from($value)),*] };
}

macro_rules! from {
    ($($type:ty => $variant:ident, |$value:ident| $convert:expr);+ $(;)?) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                Self::$variant(Some($convert))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|$value| $convert))
            }
        }
    )+};
}

from! {
    i64 => Int, |value| value;
    i32 => Int, |value| i64::from(value);
    u32 => Int, |value| i64::from(value);
    u16 => Int, |value| i64::from(value);
    u8 => Int, |value| i64::from(value);
    Timestamp => Int, |value| value.0;
    names::AccountId => Int, |value| value.0;
    names::FolderId => Int, |value| value.0;
    names::BodyId => Int, |value| value.0;
    names::HeadId => Int, |value| value.0;
    names::EntryId => Int, |value| value.0;
    names::PartyId => Int, |value| value.0;
    names::ConversationId => Int, |value| value.0;
    names::DocumentId => Int, |value| value.0;
    names::PersonId => Int, |value| value.0;
    names::OrganisationId => Int, |value| value.0;
    names::PatientId => Int, |value| value.0;
    names::CredentialId => Int, |value| value.0;
    names::SessionId => Int, |value| value.0;
    names::AlertId => Int, |value| value.0;
    names::OutboundId => Int, |value| value.0;
    names::QueueId => Int, |value| value.0;
    bool => Bool, |value| value;
    String => Text, |value| value;
    &str => Text, |value| value.to_owned();
    &String => Text, |value| value.clone();
    Vec<u8> => Bytes, |value| value;
    &[u8] => Bytes, |value| value.to_vec();
    &Vec<u8> => Bytes, |value| value.clone();
    [u8; 16] => Bytes, |value| value.to_vec();
    [u8; 32] => Bytes, |value| value.to_vec();
    &[u8; 16] => Bytes, |value| value.to_vec();
    &[u8; 32] => Bytes, |value| value.to_vec();
}
