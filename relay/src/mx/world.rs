//! What the SMTP machine asks when another operator's server speaks.

use super::identity::{self, Checked, Fault as IdentityFault};
use super::limits::{HOPS, OWN_TRACES};
use super::watch::{Strike, Watch};
use crate::intake::{Draft, Outcome, Peer, Relay, Source, Verdict, Wishes};
use crate::letter::{Fault, Incoming};
use crate::{Error, replies};
use bytes::Bytes;
use certs::PeerInfo;
use directory::{Resolved, trust};
use names::{Address, DistinguishedName, Domain, QueueId, Timestamp};
use net::{ConnInfo, World};
use policy::Refusal;
use std::net::IpAddr;
use std::sync::Arc;
use wire::smtp::{Accepted, Answer, Ask, MailParameters, Origin, RcptParameters, Reply, Server, Trace};

/// One session of another operator's server.
pub struct MxWorld {
    relay: Relay,
    watch: Watch,
    address: IpAddr,
    certificate: Option<Certificate>,
    transaction: Option<Transaction>,
}

/// The certificate it showed.
struct Certificate {
    info: PeerInfo,
    /// What the list said, and of which generation of the directory.
    known: Option<(i64, Arc<Peer>)>,
}

/// What one MAIL began.
struct Transaction {
    queue: QueueId,
    peer: Arc<Peer>,
    /// None is the null sender.
    sender: Option<Address>,
    recipients: Vec<Address>,
    wishes: Wishes,
    letter: Option<(Incoming, Trace)>,
}

impl Transaction {
    /// The source as it is known before the letter.
    fn source(&self) -> Source<'_> {
        let sender = self.sender.as_ref();
        Source::Peer { peer: &self.peer, sender, return_path: sender }
    }
}

impl MxWorld {
    /// The world of one connection. `watch` is shared by all of the house.
    #[must_use]
    pub fn new(relay: Relay, watch: Watch, connection: &ConnInfo) -> Self {
        Self { relay, watch, address: connection.peer.ip(), certificate: None, transaction: None }
    }

    /// Who speaks, as the list says now: asked again at each MAIL, answered from memory while the
    /// directory is the same.
    async fn peer(&mut self, now: Timestamp) -> Result<Arc<Peer>, Reply> {
        let directory = self.relay.directory().clone();
        let Some(certificate) = &mut self.certificate else {
            tracing::warn!(door = "mx", peer = %self.address, "no client certificate");
            return Err(Reply::no_peer("a client certificate of the trust space is required"));
        };
        let generation = directory.generation().known();
        if let Some((known, peer)) = &certificate.known
            && *known == generation
        {
            return Ok(Arc::clone(peer));
        }
        let subject = &certificate.info.subject;
        let name = DistinguishedName::parse(subject).map_err(|error| {
            tracing::warn!(door = "mx", peer = %self.address, subject, %error, "a certificate's name cannot be read");
            Reply::no_peer("the name of this certificate cannot be read")
        })?;
        if certificate.known.is_none() {
            match directory.note_key(&certificate.info.spki, &name, now).await {
                Ok(None) => {}
                Ok(Some(shared)) => tracing::error!(door = "mx", %shared, "one public key has two holders"),
                Err(error) => tracing::error!(%error, "a peer's key could not be noted"),
            }
        }
        let domains = domains_of(&self.relay, &name).await.map_err(|cause| {
            // Neither trusted nor refused for good (DOMAIN §1.4).
            let error = Error::Database { what: "asking the trust list", cause };
            tracing::error!(error = error.chain(), "no trust list");
            Reply::no_trust_now()
        })?;
        if domains.is_empty() {
            tracing::warn!(
                door = "mx",
                peer = %self.address,
                certificate = name.key(),
                "this certificate's name is not on the list"
            );
            return Err(Reply::no_peer("the name of this certificate is not on the trust list"));
        }
        let peer = Arc::new(Peer { name, domains });
        certificate.known = Some((generation, Arc::clone(&peer)));
        Ok(peer)
    }

    async fn sender(&mut self, path: Option<Address>, mail: MailParameters) -> Result<(), Reply> {
        let now = self.relay.now();
        let peer = self.peer(now).await?;
        if let Some(path) = &path {
            self.may_send(&peer, path, now).await?;
        }
        self.relay.check_room().map_err(|error| replies::failure(&error))?;
        let queue = self.relay.queue_id(now);
        let wishes = Wishes { mail, recipients: Vec::new() };
        let transaction =
            Transaction { queue, peer, sender: path, recipients: Vec::new(), wishes, letter: None };
        self.transaction = Some(transaction);
        Ok(())
    }

    /// A member may not forge another member's domain, nor ours (RELIABILITY T-06).
    async fn may_send(&self, peer: &Peer, path: &Address, now: Timestamp) -> Result<(), Reply> {
        let what = "looking a sender up";
        let found = self.relay.directory().resolve(std::slice::from_ref(path), now).await;
        let found = found.map_err(|cause| replies::failure(&Error::Directory { what, cause }))?.pop();
        let theirs = matches!(found, Some(Resolved::Remote { trusted: true, .. }));
        if theirs && peer.domains.contains(path.domain()) {
            return Ok(());
        }
        let listed = names_of(&self.relay, path.domain()).await.unwrap_or_default();
        tracing::warn!(
            door = "mx",
            domain = %path.domain(),
            certificate = peer.name.key(),
            listed = listed.join(" | "),
            "the list does not let this certificate speak for the sender's domain"
        );
        Err(Reply::not_yours("this certificate may not speak for the sender's domain"))
    }

    async fn recipient(&mut self, recipient: Address, asked: RcptParameters) -> Result<(), Reply> {
        let now = self.relay.now();
        let Some(transaction) = self.transaction.as_mut() else { return Err(Reply::local_error()) };
        if let Some(wait) = self.watch.wait(&transaction.peer.name, now) {
            return Err(Reply::slow_down(u64::try_from(wait).unwrap_or(0).div_ceil(1_000)));
        }
        if transaction.sender.is_none() && !transaction.recipients.is_empty() {
            return Err(Reply::not_yours("a report has one recipient"));
        }
        match self.relay.may_receive(&transaction.source(), &recipient, now).await {
            Ok(Verdict::Pass) => {
                if !transaction.recipients.contains(&recipient) {
                    transaction.wishes.recipients.push((recipient.clone(), asked));
                    transaction.recipients.push(recipient);
                }
                Ok(())
            }
            Ok(Verdict::Refused(refusal, queue)) => {
                let guessed = matches!(
                    refusal,
                    Refusal::RecipientUnknown | Refusal::PatientUnknown | Refusal::PatientAddressInvalid
                );
                if guessed {
                    let peer = Arc::clone(&transaction.peer);
                    self.strike(&peer, now);
                }
                Err(replies::refusal(refusal, queue))
            }
            Err(error) => Err(replies::failure(&error)),
        }
    }

    fn strike(&self, peer: &Peer, now: Timestamp) {
        match self.watch.strike(&peer.name, now) {
            Strike::Counted => {}
            Strike::Alarm => tracing::error!(
                door = "mx",
                certificate = peer.name.key(),
                "this operator asks for many that nobody has; it waits"
            ),
        }
    }

    fn data(&mut self, trace: Trace) -> Result<(), Reply> {
        self.relay.check_room().map_err(|error| replies::failure(&error))?;
        let incoming = self.relay.begin_letter(self.relay.now());
        let transaction = self.transaction.as_mut().ok_or_else(Reply::local_error)?;
        transaction.letter = Some((incoming, trace));
        Ok(())
    }

    async fn finish(&mut self) -> Result<Accepted, Reply> {
        let mut transaction = self.transaction.take().ok_or_else(Reply::local_error)?;
        let Some((incoming, trace)) = transaction.letter.take() else { return Err(Reply::local_error()) };
        let now = self.relay.now();
        let mut letter = incoming.finish_written().await.map_err(|fault| match fault {
            Fault::Head(error) => IdentityFault::Head(error).reply(),
            Fault::Store(cause) => replies::failure(&Error::Store { what: "keeping a letter", cause }),
        })?;
        if letter.head.hops() > HOPS || self.relay.own_traces(&letter.head) > OWN_TRACES {
            tracing::warn!(door = "mx", queue = %transaction.queue, "a letter goes round in circles");
            return Err(Reply::looped());
        }
        let (peer, envelope) = (Arc::clone(&transaction.peer), transaction.sender.clone());
        let hosts = self.certificate.as_ref().map_or(&[][..], |certificate| &certificate.info.names);
        let checked = identity::check(&letter.head, &peer, hosts, envelope.as_ref());
        let Checked { author, reply_to } = checked.map_err(|fault| {
            tracing::warn!(door = "mx", queue = %transaction.queue, ?fault, "a letter's author is not believed");
            fault.reply()
        })?;
        let queue = transaction.queue;
        self.relay.receive_head(&mut letter.head, &trace, Origin::Shown(self.address), queue, now);
        let draft = Draft {
            queue,
            recipients: transaction.recipients,
            reply_to,
            letter,
            answering: None,
            wishes: transaction.wishes,
        };
        // Who writes is the author: the exchange that opens is theirs, not their secretariat's.
        let sender = envelope.is_some().then_some(&author);
        let source = Source::Peer { peer: &peer, sender, return_path: envelope.as_ref() };
        let seen = Seen::of(&draft);
        match self.relay.deliver(&source, draft, now).await {
            Ok(Outcome::Accepted { queue: taken }) => {
                let Seen { octets, recipients, mss } = seen;
                tracing::info!(door = "mx", %queue, %taken, octets, recipients, mss, "a letter was taken");
                Ok(Accepted { queue: taken })
            }
            Ok(Outcome::Refused { refusal, queue }) => {
                if refusal == Refusal::ReportUnmatched {
                    self.strike(&peer, now);
                }
                Err(replies::refusal(refusal, queue))
            }
            Err(error) => Err(replies::failure(&error)),
        }
    }
}

/// What the log tells of a letter that came in.
struct Seen {
    octets: u64,
    recipients: usize,
    /// Which of the trade's headers it has (DOMAIN §3.4), to be counted.
    mss: String,
}

impl Seen {
    fn of(draft: &Draft) -> Self {
        let head = &draft.letter.head;
        let found = ["NIL", "CODECDA", "INS", "MES"].into_iter().filter(|name| head.x_mss(name).is_some());
        Self {
            octets: head.len() as u64 + draft.letter.body.size(),
            recipients: draft.recipients.len(),
            mss: found.collect::<Vec<_>>().join(","),
        }
    }
}

/// The domains that the list gives to this name, those of other operators.
async fn domains_of(relay: &Relay, name: &DistinguishedName) -> Result<Vec<Domain>, db::Error> {
    let mut tx = relay.mailstore().db().read().await?;
    let mut domains = trust::domains_of(&mut tx, name).await?;
    // Nobody speaks for a domain of this house from outside it, whatever the list says.
    let places = trust::places(&mut tx, &domains.iter().collect::<Vec<_>>()).await?;
    domains.retain(|domain| places.get(domain).is_some_and(|place| !place.is_local()));
    Ok(domains)
}

/// Who may speak for a domain, for the log.
async fn names_of(relay: &Relay, domain: &Domain) -> Result<Vec<String>, db::Error> {
    let mut tx = relay.mailstore().db().read().await?;
    let names = trust::names_of(&mut tx, &[domain]).await?;
    Ok(names.iter().map(|(_, name)| name.key().to_owned()).collect())
}

impl World<Server> for MxWorld {
    async fn answer(&mut self, ask: Ask) -> Answer {
        match ask {
            // The machine offers no AUTH on this door (RELIABILITY S-11).
            Ask::Authenticate { .. } | Ask::Respond(_) => Answer::Authenticated(Err(Reply::sign_in_failed())),
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
                tracing::info!(door = "mx", ?why, "a letter was given up");
                self.transaction = None;
                Answer::Done
            }
            Ask::Reset => {
                self.transaction = None;
                Answer::Done
            }
        }
    }

    async fn push(&mut self, piece: Bytes) {
        if let Some((incoming, _)) =
            self.transaction.as_mut().and_then(|transaction| transaction.letter.as_mut())
        {
            incoming.push(&piece).await;
        }
    }

    fn secured(&mut self, peer: &PeerInfo) {
        self.certificate = Some(Certificate { info: peer.clone(), known: None });
    }
}
