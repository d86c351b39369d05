//! What a letter in the queue carries for one recipient. It is sealed: an address may be an INS.

use names::{Address, BodyId, HeadId, OutboundId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};

/// One recipient of one letter for another operator, to be written in the unit that accepts the letter.
#[derive(Clone, Debug)]
pub struct NewOutbound {
    /// Its number.
    pub id: OutboundId,
    /// The letter's passage through the house.
    pub queue: QueueId,
    /// Its body, held for [`mailstore::QUEUE`] once for each row.
    pub body: BodyId,
    /// Its head as this recipient may see it, Received line written: no octet changes between tries.
    pub head: HeadId,
    /// The envelope.
    pub envelope: Envelope,
    /// Not before this instant (RFC 4865); at once when none.
    pub not_before: Option<Timestamp>,
    /// When the letter was accepted.
    pub created_at: Timestamp,
    /// When it is given up: [`super::expiry`] mostly.
    pub expires_at: Timestamp,
}

/// The envelope for one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// To whom.
    pub recipient: Address,
    /// From whom; none for reports, about which nothing is ever reported (RFC 5321 §6.1).
    pub sender: Option<Address>,
    /// What the sender wants to hear (RFC 3461).
    pub wishes: Wishes,
    /// What octets the letter is made of.
    pub content: Content,
    /// What protection the sender asked for on the way.
    pub protection: Protection,
    /// By when it must be there (RFC 2852).
    pub deliver_by: Option<DeliverBy>,
}

/// What the sender wants to hear of this recipient (RFC 3461 §4).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// NOTIFY; none when the sender said nothing (failure and delay are told, success is not).
    pub notify: Option<Notify>,
    /// ORCPT, as `rfc822;someone@there.example`.
    pub original: Option<String>,
    /// RET, as the sender wrote it: what the *next* server may give back. Ours gives back headers only.
    pub give_back: Option<GiveBack>,
    /// ENVID.
    pub envelope_id: Option<String>,
}

/// NOTIFY (RFC 3461 §4.1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Notify {
    /// Nothing is to be told.
    Never,
    /// These are to be told.
    On(Vec<Occasion>),
}

/// An occasion to tell the sender (RFC 3461 §4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Occasion {
    /// It arrived.
    Success,
    /// It was given up.
    Failure,
    /// It is late.
    Delay,
}

/// RET (RFC 3461 §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum GiveBack {
    /// The whole letter.
    Full,
    /// Its head.
    Headers,
}

/// What octets a letter is made of: what the next server must be able to carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Content {
    /// ASCII only.
    SevenBit,
    /// Octets above 127 in the body (RFC 6152).
    EightBit,
    /// UTF-8 in head or addresses (RFC 6531).
    International,
}

/// What protection was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Protection {
    /// The house's own rule: always TLS with a peer that the list names.
    House,
    /// The sender asked for it in so many words (RFC 8689): passed on to the next server.
    RequireTls,
}

/// DELIVERBY (RFC 2852 §4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliverBy {
    /// By when.
    pub at: Timestamp,
    /// What happens then.
    pub then: Lateness,
}

/// What happens to a letter that is late (RFC 2852 §4.1.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Lateness {
    /// It goes back to the sender.
    Return,
    /// It goes on, and the sender is told.
    Notify,
}

impl Wishes {
    /// Whether the sender wants to be told on this occasion.
    #[must_use]
    pub fn wants(&self, occasion: Occasion) -> bool {
        match (&self.notify, occasion) {
            (Some(Notify::Never), _) => false,
            (Some(Notify::On(occasions)), _) => occasions.contains(&occasion),
            // RFC 3461 §4.1: without NOTIFY the server's habit rules; ours tells bad news only.
            (None, Occasion::Success) => false,
            (None, Occasion::Failure | Occasion::Delay) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_news_is_told_unless_the_sender_said_otherwise() {
        use Occasion::{Delay, Failure, Success};
        let on = |occasions: &[Occasion]| Some(Notify::On(occasions.to_vec()));
        for (name, notify, told) in [
            ("nothing said", None, [false, true, true]),
            ("never", Some(Notify::Never), [false, false, false]),
            ("success", on(&[Success]), [true, false, false]),
            ("failure", on(&[Failure]), [false, true, false]),
            ("all", on(&[Success, Failure, Delay]), [true, true, true]),
        ] {
            let wishes = Wishes { notify, ..Wishes::default() };
            assert_eq!([Success, Failure, Delay].map(|occasion| wishes.wants(occasion)), told, "{name}");
        }
    }
}
