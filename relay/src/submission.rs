//! The submission door: what the SMTP machine asks, for professionals' mail programs.

use crate::intake::{Draft, Relay, Source, Verdict, Wishes};
use crate::letter::{Fault, Incoming};
use crate::sign_in::{Entrance, SignIn, SignInRefusal, SignedIn, Step, tell_signed_in};
use crate::{identity, replies};
use bytes::Bytes;
use directory::{Login, MaySendAs, Resolved};
use names::{Address, QueueId};
use net::{ConnInfo, World};
use std::sync::Arc;
use wire::sasl;
use wire::smtp::{Accepted, Answer, Ask, MailParameters, Origin, RcptParameters, Reply, Server, Trace};

/// This door's name in the trail.
const DOOR: &str = "submission";

/// One mail program's session.
pub struct SubmissionWorld {
    relay: Relay,
    sign_in: SignIn,
    signed_in: Option<SignedIn>,
    transaction: Option<Transaction>,
}

/// What one MAIL began.
struct Transaction {
    queue: QueueId,
    sender: MaySendAs,
    recipients: Vec<Address>,
    wishes: Wishes,
    letter: Option<(Incoming, Trace)>,
}

impl SubmissionWorld {
    /// The world of one connection.
    #[must_use]
    pub fn new(relay: Relay, entrance: impl Into<Entrance>, connection: &ConnInfo) -> Self {
        let sign_in = SignIn::new(relay.clone(), entrance.into(), DOOR, connection.peer.ip());
        Self { relay, sign_in, signed_in: None, transaction: None }
    }

    async fn authenticate(&mut self, attempt: sasl::Attempt, binding: Option<Vec<u8>>) -> Answer {
        let now = self.relay.now();
        // Boxed: once in a session, and the session lives long.
        let step = Box::pin(self.sign_in.attempt(attempt, binding.as_deref(), now)).await;
        self.step(step).await
    }

    async fn respond(&mut self, answer: sasl::Secret) -> Answer {
        let now = self.relay.now();
        let step = Box::pin(self.sign_in.respond(answer, now)).await;
        self.step(step).await
    }

    async fn step(&mut self, step: Result<Step, SignInRefusal>) -> Answer {
        match step {
            Ok(Step::Challenge(challenge)) => Answer::Challenge(challenge),
            Ok(Step::In(signed_in)) => Answer::Authenticated(self.enter(signed_in).await),
            Err(refusal) => Answer::Authenticated(Err(replies::sign_in(&refusal))),
        }
    }

    async fn enter(&mut self, signed_in: SignedIn) -> Result<(), Reply> {
        // The one write of a session beside its letters.
        let told = tell_signed_in(&self.relay, signed_in.login(), DOOR, self.relay.now()).await;
        told.map_err(|cause| {
            replies::failure(&crate::Error::Database { what: "telling of a sign-in", cause })
        })?;
        self.signed_in = Some(signed_in);
        Ok(())
    }

    /// The login as it stands now: a mail program may keep its connection for hours, a revoked
    /// password counts from the next letter on (RELIABILITY A-15).
    async fn login(&mut self) -> Result<Arc<Login>, Reply> {
        let now = self.relay.now();
        let signed_in = self.signed_in.as_mut().ok_or_else(Reply::sign_in_failed)?;
        let renewed = signed_in.renew(self.relay.directory(), now).await.map_err(|cause| {
            replies::failure(&crate::Error::Directory { what: "looking at a login again", cause })
        })?;
        renewed.ok_or_else(|| {
            self.signed_in = None;
            Reply::signed_out("this login no longer counts, please sign in again")
        })
    }

    async fn sender(&mut self, path: Option<Address>, mail: MailParameters) -> Result<(), Reply> {
        if self.signed_in.as_ref().is_some_and(|signed_in| signed_in.is_over(self.relay.now())) {
            self.signed_in = None;
            return Err(Reply::signed_out("your token has expired, please sign in with a new one"));
        }
        let login = self.login().await?;
        let sender = path.as_ref().and_then(|path| login.sends_as(path)).cloned();
        let sender = sender
            .ok_or_else(|| Reply::not_yours("the sender must be an address this login may write as"))?;
        self.relay.check_room().map_err(|error| replies::failure(&error))?;
        let queue = self.relay.queue_id(self.relay.now());
        let wishes = Wishes { mail, recipients: Vec::new() };
        self.transaction = Some(Transaction { queue, sender, recipients: Vec::new(), wishes, letter: None });
        Ok(())
    }

    async fn recipient(&mut self, recipient: Address, asked: RcptParameters) -> Result<(), Reply> {
        let login = self.signed_in.as_ref().map(SignedIn::login);
        let (Some(login), Some(transaction)) = (login, self.transaction.as_mut()) else {
            return Err(Reply::local_error());
        };
        let source = Source::Submission { login, sender: &transaction.sender };
        let now = self.relay.now();
        match self.relay.may_receive(&source, &recipient, now).await {
            // Better refused than forgotten: what is delivered here is delivered at once (RFC 4865).
            Ok(Verdict::Pass)
                if transaction.wishes.mail.hold.is_some() && lives_here(&self.relay, &recipient).await? =>
            {
                Err(Reply::wish_not_granted("letters are held on their way to other operators only"))
            }
            Ok(Verdict::Pass) => {
                let account = transaction.sender.account;
                let may = self.relay.may_send(login, account, &recipient, &transaction.recipients, now).await;
                if let Err(exhausted) = may.map_err(|error| replies::failure(&error))? {
                    let queue = self.relay.queue_id(now);
                    let refused = [(recipient, exhausted.refusal)];
                    let traced = self.relay.trace_refusal(&source, queue, &refused, now).await;
                    traced.map_err(|error| replies::failure(&error))?;
                    return Err(replies::exhausted(&exhausted, queue));
                }
                if !transaction.recipients.contains(&recipient) {
                    transaction.wishes.recipients.push((recipient.clone(), asked));
                    transaction.recipients.push(recipient);
                }
                Ok(())
            }
            Ok(Verdict::Refused(refusal, queue)) => Err(replies::refusal(refusal, queue)),
            Err(error) => Err(replies::failure(&error)),
        }
    }

    fn data(&mut self, trace: Trace) -> Result<(), Reply> {
        self.relay.check_room().map_err(|error| replies::failure(&error))?;
        let now = self.relay.now();
        let incoming = self.relay.begin_letter(now);
        let transaction = self.transaction.as_mut().ok_or_else(Reply::local_error)?;
        transaction.letter = Some((incoming, trace));
        Ok(())
    }

    async fn finish(&mut self) -> Result<Accepted, Reply> {
        let transaction = self.transaction.take().ok_or_else(Reply::local_error)?;
        let login = self.login().await?;
        if login.sends_as(&transaction.sender.address).is_none() {
            return Err(Reply::not_yours("the sender must be an address this login may write as"));
        }
        let Some((incoming, trace)) = transaction.letter else { return Err(Reply::local_error()) };
        let now = self.relay.now();
        let letter = incoming.finish_written().await.map_err(|fault| match fault {
            Fault::Head(error) => identity::IdentityFault::Head(error).reply(),
            Fault::Store(cause) => replies::failure(&crate::Error::Store { what: "keeping a letter", cause }),
        })?;
        let reply_to =
            identity::check(&letter.head, &login, &transaction.sender).map_err(|fault| fault.reply())?;
        let mut letter = letter;
        self.relay.complete_head(&mut letter.head, &trace, Origin::Hidden, transaction.queue, now);
        let draft = Draft {
            queue: transaction.queue,
            recipients: transaction.recipients,
            reply_to,
            letter,
            answering: None,
            wishes: transaction.wishes,
        };
        let source = Source::Submission { login: &login, sender: &transaction.sender };
        match self.relay.deliver(&source, draft, now).await {
            Ok(crate::intake::Outcome::Accepted { queue }) => Ok(Accepted { queue }),
            Ok(crate::intake::Outcome::Refused { refusal, queue }) => Err(replies::refusal(refusal, queue)),
            Err(error) => Err(replies::failure(&error)),
        }
    }
}

/// Whether a letter to this address is delivered here.
async fn lives_here(relay: &Relay, address: &Address) -> Result<bool, Reply> {
    let resolved = relay.directory().resolve(std::slice::from_ref(address), relay.now()).await;
    let resolved = resolved.map_err(|cause| {
        replies::failure(&crate::Error::Directory { what: "looking for a recipient", cause })
    })?;
    Ok(matches!(resolved[..], [Resolved::Professional(_) | Resolved::Patient(_)]))
}

impl World<Server> for SubmissionWorld {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Authenticate { attempt, binding } => self.authenticate(attempt, binding).await,
            Ask::Respond(answer) => self.respond(answer).await,
            Ask::Sender { path, parameters } => Answer::Sender(self.sender(path, parameters).await),
            Ask::Recipient { path, parameters } => Answer::Recipient(self.recipient(path, parameters).await),
            Ask::Data(trace) => {
                let may = self.data(trace);
                if may.is_err() {
                    self.transaction = None;
                }
                Answer::Data(may)
            }
            Ask::Finish { .. } => Answer::Finished(self.finish().await),
            Ask::Discard(why) => {
                tracing::info!(door = "submission", ?why, "a letter was given up");
                self.transaction = None;
                Answer::Done
            }
            Ask::Reset => {
                self.transaction = None;
                Answer::Done
            }
        }
    }

    fn secured(&mut self, peer: &certs::PeerInfo) {
        self.sign_in.secured(peer);
    }

    async fn push(&mut self, piece: Bytes) {
        if let Some((incoming, _)) =
            self.transaction.as_mut().and_then(|transaction| transaction.letter.as_mut())
        {
            incoming.push(&piece).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CARDIOLOGIST, DOCTOR, address, houses};
    use audit::{Act, Chain};
    use net::{Caps, Gate};
    use wire::smtp::Hold;

    #[tokio::test]
    async fn a_session_is_told_once_however_much_is_done_in_it() {
        for house in houses().await {
            let peer = "192.0.2.7:50000".parse().unwrap();
            let connection = ConnInfo { peer, local: peer, door: "submission" };
            let mut world =
                SubmissionWorld::new(house.relay.clone(), Gate::new(Caps::default()), &connection);
            let attempt = sasl::Attempt::Password {
                mechanism: sasl::Mechanism::Plain,
                login: DOCTOR.to_owned(),
                authzid: None,
                secret: sasl::Secret::new(b"demo-marie-lenoir".to_vec()),
            };
            assert!(matches!(world.authenticate(attempt, None).await, Answer::Authenticated(Ok(()))));
            for _ in 0..2 {
                let sender =
                    Ask::Sender { path: Some(address(DOCTOR)), parameters: MailParameters::default() };
                assert!(matches!(world.answer(sender).await, Answer::Sender(Ok(()))));
                world.answer(Ask::Reset).await;
            }
            let chain = Chain::Account(house.account(DOCTOR).await);
            let mut tx = house.data.read().await.unwrap();
            let told = audit::history(&mut tx, chain, None, 10).await.unwrap();
            let told: Vec<_> = told.into_iter().filter_map(|line| line.line).collect();
            let [line] = &told[..] else { panic!("{}: {told:?}", house.engine) };
            assert!(line.act == Act::SignedIn && line.detail.starts_with("door=submission "), "{line:?}");
        }
    }

    /// RFC 4865: a wish that cannot be granted is refused before the letter is written.
    #[tokio::test]
    async fn a_letter_to_somebody_here_is_not_held() {
        for house in houses().await {
            let peer = "192.0.2.7:50000".parse().unwrap();
            let connection = ConnInfo { peer, local: peer, door: "submission" };
            let mut world =
                SubmissionWorld::new(house.relay.clone(), Gate::new(Caps::default()), &connection);
            let attempt = sasl::Attempt::Password {
                mechanism: sasl::Mechanism::Plain,
                login: DOCTOR.to_owned(),
                authzid: None,
                secret: sasl::Secret::new(b"demo-marie-lenoir".to_vec()),
            };
            assert!(matches!(world.authenticate(attempt, None).await, Answer::Authenticated(Ok(()))));
            let held = Some(Hold { until: house.relay.now().plus(names::MINUTE) });
            for (hold, refused) in [(None, false), (held, true)] {
                let parameters = MailParameters { hold, ..MailParameters::default() };
                world.answer(Ask::Sender { path: Some(address(DOCTOR)), parameters }).await;
                let path = address(CARDIOLOGIST);
                let said = world.answer(Ask::Recipient { path, parameters: RcptParameters::default() }).await;
                let Answer::Recipient(said) = said else { panic!("{said:?}") };
                assert_eq!(said.is_err(), refused, "{}: {said:?}", house.engine);
                world.answer(Ask::Reset).await;
            }
        }
    }
}
