//! Rows of the queue: what a letter for another operator carries along.

use super::{Draft, Relay, Source, Wishes};
use crate::queue::{self, Content, Envelope, NewOutbound, Protection, expiry};
use mailstore::SealedLetter;
use names::{Address, OutboundId, Timestamp};
use wire::mime::{Encoding, Part};

/// The row of one recipient elsewhere.
pub(super) fn row(
    relay: &Relay,
    source: &Source<'_>,
    draft: &Draft,
    recipient: &Address,
    letter: &SealedLetter,
    now: Timestamp,
) -> NewOutbound {
    let envelope = Envelope {
        recipient: recipient.clone(),
        sender: source.return_path().cloned(),
        wishes: wishes(&draft.wishes, recipient),
        content: content(draft, recipient, source.return_path()),
        protection: Protection::House,
        deliver_by: None,
    };
    NewOutbound {
        id: OutboundId(relay.mailstore().db().id(now)),
        queue: draft.queue,
        body: letter.body.id(),
        head: letter.head.id(),
        envelope,
        not_before: None,
        created_at: now,
        expires_at: expiry(now),
    }
}

/// What the sender asked to hear of this recipient.
pub(super) fn wishes(_asked: &Wishes, _recipient: &Address) -> queue::Wishes {
    queue::Wishes::default()
}

/// ENVID, when the sender gave one.
pub(super) fn envelope_id(_asked: &Wishes) -> Option<String> {
    None
}

/// What the next server must be able to carry: an address beyond ASCII or a head beyond ASCII asks for
/// SMTPUTF8 (RFC 6531), a part beyond ASCII for 8BITMIME.
fn content(draft: &Draft, recipient: &Address, return_path: Option<&Address>) -> Content {
    let addresses = std::iter::once(recipient).chain(return_path).any(Address::needs_utf8);
    if addresses || !draft.letter.head.bytes().is_ascii() {
        Content::International
    } else if beyond_seven_bits(&draft.letter.structure.root) {
        Content::EightBit
    } else {
        Content::SevenBit
    }
}

/// Whether a part says so: nobody reads a whole letter again for it. Mail programs declare 8bit
/// truthfully, and a letter that says nothing is 7bit (RFC 2045 §6.1).
fn beyond_seven_bits(part: &Part) -> bool {
    matches!(part.encoding, Encoding::EightBit | Encoding::Binary)
        || part.children().iter().any(beyond_seven_bits)
}
