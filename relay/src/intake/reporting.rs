//! Reports in and out as the intake sees them: which letter one speaks of, and what the sender of a
//! letter hears at once.

use super::making::Made;
use super::prepare::Judged;
use super::snapshot::Known;
use super::{Draft, Relay, Sharing, Source, outbound};
use crate::Error;
use crate::queue::Occasion;
use crate::reports::{Action, Cause, Fate, Original, PreparedReport, Reported};
use db::Tx;
use names::{Address, ConversationId, Timestamp};
use policy::ReportMatch;

/// What was found for a report and one recipient.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    about: Option<About>,
    /// Where a patient of ours sees it.
    pub(super) conversation: Option<ConversationId>,
}

#[derive(Clone, Copy)]
enum About {
    /// A letter that this recipient sent.
    Sent,
    /// The recipient lives elsewhere: their operator knows what they sent.
    TheirsToMatch,
}

impl Place {
    pub(super) fn matched(self) -> ReportMatch {
        match self.about {
            Some(About::Sent | About::TheirsToMatch) => ReportMatch::Matched,
            None => ReportMatch::Unmatched,
        }
    }
}

impl Relay {
    /// Finds the letter a report speaks of, among those that `recipient` sent.
    pub(super) async fn place_report(
        &self,
        tx: &mut Tx,
        reported: &Reported,
        known: &Known,
        recipient: &Address,
    ) -> Result<Place, Error> {
        let Some(account) = known.account(recipient) else {
            return Ok(Place { about: Some(About::TheirsToMatch), conversation: None });
        };
        let Some(queue) = self.reported_letter(tx, account, reported).await? else {
            return Ok(Place::default());
        };
        let mut conversation = None;
        if known.is_patient(recipient) {
            let found = self.mailstore().conversation_of_sent(tx, account, queue).await;
            let what = "finding the conversation of a report";
            conversation = found.map_err(|cause| Error::Store { what, cause })?;
        }
        Ok(Place { about: Some(About::Sent), conversation })
    }

    /// What the sender of a letter hears in the unit that takes it: recipients whom a rule refused after
    /// the others were taken (ADR 0017), and recipients of ours for whom they asked to hear of success
    /// (RFC 3461 §4.1).
    pub(super) async fn report_on(
        &self,
        source: &Source<'_>,
        draft: &Draft,
        judged: &Judged,
        made: &Made,
        now: Timestamp,
    ) -> Result<Option<PreparedReport>, Error> {
        let Some(to) = source.return_path() else { return Ok(None) };
        let mut fates = Vec::new();
        for recipient in &judged.recipients {
            let mut wishes = outbound::wishes(&draft.wishes, &recipient.given);
            let followed = source.follower().is_some() && judged.known.is_patient(&recipient.address);
            if followed {
                wishes = outbound::of_follower(wishes);
            }
            let fate = |action, status, cause| Fate {
                recipient: recipient.given.clone(),
                original: wishes.original.clone(),
                action,
                status,
                cause,
                remote: None,
                retry_until: None,
            };
            match recipient.decision.refusal() {
                Some(refusal) if source.sharing() == Sharing::EachAlone => {
                    if wishes.wants(Occasion::Failure) {
                        let status = policy::reply::reply(refusal).enhanced;
                        fates.push(fate(Action::Failed, status, Cause::Rule(refusal)));
                    }
                }
                Some(_) => {}
                None => {
                    let account = judged.account(&recipient.address);
                    if let Some(account) = account.filter(|_| wishes.wants(Occasion::Success)) {
                        let filed = made.deliveries.iter().filter(|made| made.key.account() == account);
                        let filed = filed.map(|made| made.documents.len() as u64).sum();
                        let cause = if followed { Cause::Filed(filed) } else { Cause::Status };
                        fates.push(fate(Action::Delivered, DELIVERED, cause));
                    }
                }
            }
        }
        if fates.is_empty() {
            return Ok(None);
        }
        // Bad news first.
        fates.sort_by_key(|fate| fate.action != Action::Failed);
        let envelope_id = outbound::envelope_id(&draft.wishes);
        let original = Original {
            queue: draft.queue,
            head: Some(&draft.letter.head),
            envelope_id: envelope_id.as_deref(),
            arrived: now,
        };
        self.status_report(to, &original, &fates, now).await
    }
}

/// "Destination address valid" (RFC 3463 §3.2): it is in the mailbox.
const DELIVERED: (u8, u8, u16) = (2, 1, 5);
