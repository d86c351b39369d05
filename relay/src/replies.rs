//! From refusals and failures to SMTP replies; codes themselves stand in `policy` and `wire`.

use crate::Error;
use crate::sending::Exhausted;
use crate::sign_in::SignInRefusal;
use names::QueueId;
use policy::Refusal;
use wire::smtp::Reply;

/// A refusal of the rules: its sentence, its rule id, and a reference for the telephone.
pub(crate) fn refusal(refusal: Refusal, queue: QueueId) -> Reply {
    let said = policy::reply::reply(refusal);
    Reply::new(said.code, said.enhanced, &format!("{} ref {queue}", said.text))
}

/// An allowance that is used up: its rule id, when there will be room again, and a reference.
pub(crate) fn exhausted(exhausted: &Exhausted, queue: QueueId) -> Reply {
    let said = policy::reply::reply(exhausted.refusal);
    tracing::warn!(rule = exhausted.refusal.id(), %queue, "a mailbox has used its allowance up");
    let text = format!("{} try again after {} ref {queue}", said.text, exhausted.until.rfc3339());
    Reply::new(said.code, said.enhanced, &text)
}

/// A failure of ours: logged here with its causes, told without them.
pub(crate) fn failure(error: &Error) -> Reply {
    tracing::error!(error = error.chain(), "a letter could not be taken");
    match error {
        Error::Store { cause: mailstore::Error::Full { .. }, .. } => Reply::no_room(),
        Error::Store { .. } | Error::Database { .. } | Error::Directory { .. } => Reply::local_error(),
        Error::Stopping => Reply::local_error(),
    }
}

/// A sign-in that did not pass.
pub(crate) fn sign_in(refusal: &SignInRefusal) -> Reply {
    match refusal {
        SignInRefusal::Wrong => Reply::sign_in_failed(),
        SignInRefusal::Wait(time) => Reply::sign_in_wait(time.as_secs().max(1)),
        SignInRefusal::Unavailable => Reply::sign_in_unavailable(),
    }
}
