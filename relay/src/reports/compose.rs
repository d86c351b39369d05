//! Writing a delivery status report.

use super::{Cause, Fate, Original, texts};
use names::{Address, Timestamp};
use wire::mime::compose::{Composed, Person};
use wire::mime::report::{self, Cover, Delivery};

/// The report on these fates, all of them of one letter. Its head alone is given back, never its body,
/// whatever RET asked for (RFC 3461 §4.3 lets a server give back less).
pub(super) fn status(
    from: &Address,
    to: &Address,
    host: &str,
    message_id: &str,
    original: &Original<'_>,
    fates: &[Fate],
    now: Timestamp,
) -> Composed {
    let reference = original.queue.to_string();
    let subject = fates.first().map_or("", texts::subject);
    let original_id = original.head.and_then(wire::mime::Head::message_id);
    let cover = Cover {
        from: Person { name: texts::FROM, address: from },
        to,
        subject,
        message_id,
        original_message_id: original_id.as_deref(),
        text: &texts::text(fates, &reference),
        original_head: original.head.map(wire::mime::Head::bytes),
    };
    let deliveries: Vec<Delivery<'_>> = fates.iter().map(delivery).collect();
    report::delivery_status(&cover, host, original.envelope_id, Some(original.arrived), &deliveries, now)
}

fn delivery(fate: &Fate) -> Delivery<'_> {
    let diagnostic = match &fate.cause {
        Cause::Said(reply) => Some(reply.as_str()),
        Cause::Rule(refusal) => Some(refusal.english()),
        Cause::Status | Cause::Filed(_) | Cause::Unopened(_) => None,
    };
    Delivery {
        recipient: &fate.recipient,
        original: fate.original.as_deref(),
        action: fate.action,
        status: fate.status,
        diagnostic,
        remote: fate.remote.as_deref(),
        retry_until: fate.retry_until,
    }
}
