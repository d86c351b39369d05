//! What a page may offer: the same judgement, before anything is written.

use names::Timestamp;

use crate::{Act, Actor, Decision, Purpose, Refusal, Request, Snapshot, decide};

/// Whether a button works, and if not, the sentence to show in its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Preview {
    /// It does.
    Allowed,
    /// It does not, for this reason.
    Greyed(Refusal),
}

/// Whether `actor` may write to the snapshot's recipient now, or answer the snapshot's `answered`
/// letter. What the letter will contain is not known yet, so it may still be refused for that.
#[must_use]
pub fn preview(snapshot: &Snapshot, actor: Actor, now: Timestamp) -> Preview {
    let request = Request { actor, purpose: Purpose::Mail, act: Act::Recipient };
    match decide(snapshot, &request, now) {
        Decision::Deliver(_) => Preview::Allowed,
        Decision::Refuse(refusal) => Preview::Greyed(refusal),
    }
}
