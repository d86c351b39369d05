//! Rows of the queue: what a letter for another operator carries along.

use super::{Draft, Relay, Source, Wishes};
use crate::queue::{
    self, Content, DeliverBy, Envelope, GiveBack, Lateness, NewOutbound, Occasion, Protection, expiry,
};
use mailstore::SealedLetter;
use names::{Address, OutboundId, Timestamp};
use wire::mime::{Encoding, Part};
use wire::smtp::{ByMode, Notify, Ret};

/// The row of one recipient elsewhere.
pub(super) fn row(
    relay: &Relay,
    source: &Source<'_>,
    draft: &Draft,
    recipient: &Address,
    letter: &SealedLetter,
    now: Timestamp,
) -> NewOutbound {
    let asked = &draft.wishes.mail;
    let not_before = asked.hold.map(|hold| hold.until);
    let envelope = Envelope {
        recipient: recipient.clone(),
        sender: source.return_path().cloned(),
        wishes: wishes(&draft.wishes, recipient),
        content: content(draft, recipient, source.return_path()),
        protection: if asked.require_tls { Protection::RequireTls } else { Protection::House },
        deliver_by: asked.deliver_by.map(|asked| DeliverBy {
            at: asked.by,
            then: match asked.mode {
                ByMode::Return => Lateness::Return,
                ByMode::Notify => Lateness::Notify,
            },
        }),
    };
    NewOutbound {
        id: OutboundId(relay.mailstore().db().id(now)),
        queue: draft.queue,
        body: letter.body.id(),
        head: letter.head.id(),
        envelope,
        not_before,
        created_at: now,
        // A letter that was held begins to wait when it is let go (RFC 4865 §3).
        expires_at: expiry(not_before.map_or(now, |at| at.max(now))),
    }
}

/// What the sender asked to hear of this recipient.
pub(super) fn wishes(asked: &Wishes, recipient: &Address) -> queue::Wishes {
    let of_recipient =
        asked.recipients.iter().find(|(address, _)| address == recipient).map(|(_, asked)| asked);
    let notify = of_recipient.and_then(|asked| asked.notify).map(|notify| match notify {
        Notify::Never => queue::Notify::Never,
        Notify::When(when) => {
            let occasions = [
                (when.success, Occasion::Success),
                (when.failure, Occasion::Failure),
                (when.delay, Occasion::Delay),
            ];
            queue::Notify::On(occasions.into_iter().filter(|(named, _)| *named).map(|(_, on)| on).collect())
        }
    });
    let original = of_recipient.and_then(|asked| asked.original.as_ref());
    queue::Wishes {
        notify,
        original: original.map(|original| format!("{};{}", original.kind, original.address)),
        give_back: asked.mail.dsn.ret.map(|ret| match ret {
            Ret::Full => GiveBack::Full,
            Ret::Headers => GiveBack::Headers,
        }),
        envelope_id: envelope_id(asked),
    }
}

/// What is told of a letter to a patient when its sender follows such letters and said nothing else:
/// everything.
pub(super) fn of_follower(mut wishes: queue::Wishes) -> queue::Wishes {
    let everything = || queue::Notify::On(vec![Occasion::Success, Occasion::Failure, Occasion::Delay]);
    wishes.notify = Some(wishes.notify.unwrap_or_else(everything));
    wishes
}

/// ENVID, when the sender gave one.
pub(super) fn envelope_id(asked: &Wishes) -> Option<String> {
    asked.mail.dsn.envelope_id.clone()
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

#[cfg(test)]
mod tests {
    use super::*;
    use wire::smtp::{MailDsn, MailParameters, NotifyWhen, OriginalRecipient, RcptParameters};

    #[test]
    fn what_the_sender_asked_goes_with_the_recipient_it_was_asked_for() {
        let [one, other] = ["a@far.example", "b@far.example"].map(|text| Address::parse(text).unwrap());
        let when = NotifyWhen { success: true, failure: false, delay: true };
        let original = OriginalRecipient { kind: "rfc822".to_owned(), address: "old@far.example".to_owned() };
        let asked = Wishes {
            mail: MailParameters {
                dsn: MailDsn { ret: Some(Ret::Full), envelope_id: Some("E1".to_owned()) },
                ..MailParameters::default()
            },
            recipients: vec![(
                one.clone(),
                RcptParameters { notify: Some(Notify::When(when)), original: Some(original) },
            )],
        };
        let of_one = wishes(&asked, &one);
        assert_eq!(of_one.notify, Some(queue::Notify::On(vec![Occasion::Success, Occasion::Delay])));
        assert_eq!(of_one.original.as_deref(), Some("rfc822;old@far.example"));
        let of_other = wishes(&asked, &other);
        assert_eq!((of_other.notify, of_other.original), (None, None));
        assert_eq!(of_other.envelope_id.as_deref(), Some("E1"));
        assert_eq!(of_other.give_back, Some(GiveBack::Full));
    }
}
