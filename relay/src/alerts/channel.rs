//! The ways out of the house.

use super::{EmailChannel, SmsChannel};
use names::Timestamp;
use std::sync::Arc;

/// Where a notice goes. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub enum Destination {
    /// An ordinary mail address.
    Email(String),
    /// A telephone number, with its country.
    Phone(String),
}

impl Destination {
    /// The bytes that stand for it in the keyed hash of destinations already reached.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Email(address) => format!("email:{address}").into_bytes(),
            Self::Phone(number) => format!("phone:{number}").into_bytes(),
        }
    }
}

/// One way out.
pub enum Channel {
    /// A mail server of the outside world, over TLS.
    Email(EmailChannel),
    /// A gateway for text messages, over HTTP.
    Sms(SmsChannel),
}

/// The ways out that are configured.
#[derive(Clone, Default)]
pub struct Channels {
    email: Option<Arc<Channel>>,
    sms: Option<Arc<Channel>>,
}

/// A notice did not leave.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// No channel of this kind is configured.
    #[error("no channel is configured for this destination")]
    NotConfigured,
    /// The channel's own settings are unusable.
    #[error("the channel cannot be set up: {what}")]
    SetUp {
        /// What is wrong.
        what: String,
    },
    /// It may pass later: no connection, a temporary refusal.
    #[error("the notice did not leave for now: {what}")]
    Temporary {
        /// Why, without the destination.
        what: String,
    },
    /// It will never pass: the destination was refused.
    #[error("the notice was refused for good: {what}")]
    Permanent {
        /// Why, without the destination.
        what: String,
    },
}

/// What is said: the text is the same for everybody, whatever happened inside.
pub(crate) struct Notice {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Channels {
    /// The configured ways out; either may be missing.
    #[must_use]
    pub fn new(email: Option<EmailChannel>, sms: Option<SmsChannel>) -> Self {
        Self {
            email: email.map(|channel| Arc::new(Channel::Email(channel))),
            sms: sms.map(|channel| Arc::new(Channel::Sms(channel))),
        }
    }

    pub(crate) async fn send(
        &self,
        destination: &Destination,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<(), ChannelError> {
        let channel = match destination {
            Destination::Email(_) => &self.email,
            Destination::Phone(_) => &self.sms,
        };
        match (channel.as_deref(), destination) {
            (Some(Channel::Email(channel)), Destination::Email(address)) => {
                channel.send(address, notice, now).await
            }
            (Some(Channel::Sms(channel)), Destination::Phone(number)) => {
                channel.send(number, &notice.text).await
            }
            (Some(_) | None, _) => Err(ChannelError::NotConfigured),
        }
    }
}
