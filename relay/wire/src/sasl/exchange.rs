//! One sign-in as a conversation: the same for AUTH of SMTP and AUTHENTICATE of IMAP.

use super::bearer::{self, BearerHint};
use super::scram::ClientFirst;
use super::{Attempt, Mechanism, SaslError, Secret, external, limits, login, plain};
use zeroize::Zeroizing;

/// An exchange under way. Its messages are octets; the machines wrap them in base64.
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    offered: Vec<Mechanism>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nothing has come yet.
    First,
    /// LOGIN's second prompt was sent.
    Password(String),
    /// The world's challenge was sent.
    World,
}

/// What follows from what the client said.
#[derive(Debug)]
pub enum Step {
    /// Send this challenge, and read an answer.
    Challenge(Vec<u8>),
    /// Ask the world about this attempt.
    Attempt(Attempt),
    /// Hand the world this answer to its challenge.
    Respond(Secret),
}

impl Exchange {
    /// Begins an exchange. `offered` are the mechanisms the client was shown in this state.
    #[must_use]
    pub fn begin(mechanism: Mechanism, offered: &[Mechanism]) -> Self {
        Self { mechanism, offered: offered.to_vec(), stage: Stage::First }
    }

    /// The challenge for a client that sent no initial response.
    #[must_use]
    pub fn invitation(&self) -> &'static [u8] {
        match self.mechanism {
            Mechanism::Login => login::USERNAME,
            Mechanism::Plain
            | Mechanism::ScramSha256
            | Mechanism::ScramSha256Plus
            | Mechanism::XOAuth2
            | Mechanism::OAuthBearer
            | Mechanism::External => b"",
        }
    }

    /// Takes what the client said.
    pub fn respond(&mut self, message: Result<Zeroizing<Vec<u8>>, SaslError>) -> Result<Step, SaslError> {
        match std::mem::replace(&mut self.stage, Stage::First) {
            Stage::First => self.first(&message?),
            Stage::Password(name) => login::password(name, &message?).map(Step::Attempt),
            Stage::World => {
                let message = message?;
                if message.len() > limits::RESPONSE {
                    return Err(SaslError::Shape);
                }
                Ok(Step::Respond(Secret::new(message.to_vec())))
            }
        }
    }

    fn first(&mut self, message: &[u8]) -> Result<Step, SaslError> {
        let attempt = match self.mechanism {
            Mechanism::Plain => plain::read(message)?,
            Mechanism::Login => {
                self.stage = Stage::Password(login::name(message)?);
                return Ok(Step::Challenge(login::PASSWORD.to_vec()));
            }
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                let first = ClientFirst::parse(message)?;
                first.accords(self.mechanism, &self.offered)?;
                Attempt::Scram { plus: self.mechanism == Mechanism::ScramSha256Plus, first }
            }
            Mechanism::XOAuth2 => bearer::read_xoauth2(message)?,
            Mechanism::OAuthBearer => bearer::read_oauthbearer(message)?,
            Mechanism::External => external::read(message)?,
        };
        Ok(Step::Attempt(attempt))
    }

    /// The world challenges: what the client answers next is the world's.
    pub fn challenged(&mut self) {
        self.stage = Stage::World;
    }

    /// What a client is told before its refused token is refused; `None` for mechanisms without
    /// such a step. Whatever the client answers to it, even `*`, the refusal follows (RFC 7628 §3.2.3).
    #[must_use]
    pub fn fault(&self, hint: &BearerHint) -> Option<Vec<u8>> {
        self.mechanism.is_bearer().then(|| bearer::fault(self.mechanism, hint))
    }
}
