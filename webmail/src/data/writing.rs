//! To whom one may write, and writing.

use directory::{Pharmacy, Profile, Relation, Session};
use mailstore::{Contact, ContactState, Party, Viewer};
use names::{AccountId, Address, ConversationId, EntryId, PartyId, Timestamp};
use policy::{Mandate, MandateKind, MandateState, Refusal};
use relay::{Opened, Outcome, Visitor, Written};
use wire::mime::compose::File;

use super::letters::{OneLetter, Who};
use super::{Doing, Failure, Rooms, viewer};
use crate::limits::PHARMACIES_MAX;
use crate::texts::{self, Standing};
use crate::upload::JoinedFile;

/// Whether one may write, and if not, why, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Permission {
    /// One may.
    Yes,
    /// One may not.
    No(String),
}

/// Somebody to write to.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// As the directory shows them.
    pub who: Who,
    /// Where the letter goes.
    pub recipient: Address,
}

/// A letter that a patient's side wrote.
pub struct Message<'a> {
    /// To whom.
    pub to: &'a Chosen,
    /// Its subject; empty on an answer.
    pub subject: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Its files.
    pub files: &'a [JoinedFile],
    /// What it answers.
    pub answers: Option<(ConversationId, EntryId)>,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// On disk and on its way.
    Yes,
    /// Not sent, and why.
    No(String),
}

impl Rooms {
    /// Everybody who ever wrote to this space, in the order of their names.
    pub async fn correspondents(
        &self,
        profile: &Profile,
    ) -> Result<Vec<(PartyId, Who, Permission)>, Failure> {
        let contacts = self.contacts(profile).await?;
        let parties: Vec<_> = contacts.iter().map(|contact| contact.correspondent).collect();
        let who = self.who(&parties).await?;
        let mut lines: Vec<_> = contacts
            .iter()
            .filter(|contact| contact.state != ContactState::Never)
            .filter_map(|contact| {
                let who = who.get(&contact.correspondent)?.clone();
                let permission = by_contact(contact, &who);
                Some((contact.correspondent, who, permission))
            })
            .collect();
        lines.sort_by_cached_key(|(id, who, _)| (names::fold(&who.name), *id));
        Ok(lines)
    }

    /// The states of the exchanges of this space, for the words of a list; the page of one exchange
    /// asks the rules themselves ([`may_write`](Self::may_write)). Who acts for the patient hears of no
    /// correspondent whose letters are all hidden from them (DESIGN §2.5, Secrecy).
    pub async fn contacts(&self, profile: &Profile) -> Result<Vec<Contact>, Failure> {
        let what = "listing exchanges";
        let store = self.relay.mailstore();
        let mut tx = store.db().read().await.doing(what)?;
        let mut contacts =
            store.contacts_of(&mut tx, Party::of_account(profile.account)).await.doing(what)?;
        if viewer(profile) == Viewer::Representative {
            let seen = store.correspondents_seen(&mut tx, profile.account, Viewer::Representative).await;
            let seen = seen.doing(what)?;
            let known = |contact: &Contact| {
                seen.contains(&contact.correspondent)
                    || contact.opened_by.is_some_and(|opener| seen.contains(&opener))
            };
            contacts.retain(known);
        }
        Ok(contacts)
    }

    /// A correspondent known to this space.
    pub async fn correspondent(&self, profile: &Profile, party: PartyId) -> Result<Option<Chosen>, Failure> {
        let known = self.contacts(profile).await?.iter().any(|contact| contact.correspondent == party);
        if !known {
            return Ok(None);
        }
        let who = self.who(&[party]).await?.remove(&party);
        Ok(who.and_then(|who| Some(Chosen { recipient: who.address.clone()?, who })))
    }

    /// Pharmacies by name or town; one more than shown, to know whether there are more.
    pub async fn pharmacies(&self, query: &str) -> Result<Vec<Pharmacy>, Failure> {
        let sectors = &self.relay.settings().pharmacy_sectors;
        let limit = PHARMACIES_MAX as usize + 1;
        self.relay.directory().find_pharmacies(query, sectors, limit).await.doing("searching pharmacies")
    }

    /// One pharmacy of the directory.
    pub async fn pharmacy(&self, account: AccountId) -> Result<Option<Chosen>, Failure> {
        let party = Party::of_account(account);
        let who = self.who(&[party]).await?.remove(&party).filter(|who| who.is_pharmacy);
        Ok(who.and_then(|who| Some(Chosen { recipient: who.address.clone()?, who })))
    }

    /// Where the answer to a letter goes (its Reply-To, else its author), and whether one may answer now.
    pub async fn answer(
        &self,
        session: &Session,
        conversation: ConversationId,
        letter: &OneLetter,
        now: Timestamp,
    ) -> Result<Option<(Chosen, Permission)>, Failure> {
        let Some(visitor) = self.visitor(session).await? else { return Ok(None) };
        let state = self.relay.may_answer(&visitor, conversation, letter.row.entry.id, now).await;
        let Some(state) = state.doing("asking whether a letter may be answered")? else { return Ok(None) };
        let Some(recipient) = state.to else { return Ok(None) };
        // Who will read it, not who asked: a Reply-To may name somebody else.
        let who = self.who_at(&recipient, now).await?;
        let permission = match state.refusal {
            None => Permission::Yes,
            Some(refusal) => Permission::No(refused(refusal, &who.name)),
        };
        Ok(Some((Chosen { who, recipient }, permission)))
    }

    /// Whether this session may write to them first, as the rules say now.
    pub async fn may_write(
        &self,
        session: &Session,
        to: &Chosen,
        now: Timestamp,
    ) -> Result<Permission, Failure> {
        let Some(visitor) = self.visitor(session).await? else {
            return Ok(Permission::No(texts::standing(Standing::ProfileClosed, &to.who.name)));
        };
        let refusal = self.relay.may_write(&visitor, &to.recipient, now).await.doing("asking the rules")?;
        Ok(match refusal {
            None => Permission::Yes,
            Some(refusal) => Permission::No(refused(refusal, &to.who.name)),
        })
    }

    /// Composes and delivers. When this says yes, it is on disk.
    pub async fn send(
        &self,
        session: &Session,
        message: &Message<'_>,
        now: Timestamp,
    ) -> Result<Sent, Failure> {
        let gone = || Ok(Sent::No(texts::standing(Standing::ProfileClosed, &message.to.who.name)));
        let Some(visitor) = self.visitor(session).await? else { return gone() };
        let files: Vec<File<'_>> = message
            .files
            .iter()
            .map(|file| File { name: &file.name, media_type: file.kind.media_type(), content: &file.content })
            .collect();
        let written = Written {
            to: message.to.recipient.clone(),
            to_name: &message.to.who.name,
            subject: message.subject,
            text: message.text,
            files: &files,
            answers: message.answers,
        };
        Ok(match self.relay.write(&visitor, &written, now).await.doing("sending a letter")? {
            Some(Outcome::Accepted { .. }) => Sent::Yes,
            Some(Outcome::Refused { refusal, .. }) => Sent::No(refused(refusal, &message.to.who.name)),
            None => return gone(),
        })
    }

    /// Marks a conversation as read and writes down who opened it, for whom.
    pub async fn opened(
        &self,
        session: &Session,
        conversation: ConversationId,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(visitor) = self.visitor(session).await? else { return Ok(()) };
        self.relay.open_conversation(&visitor, conversation, now).await.doing("opening a conversation")
    }

    /// For which of these letters a read receipt left.
    pub async fn receipts_sent(&self, letters: &[EntryId]) -> Result<Vec<EntryId>, Failure> {
        self.relay.receipts_sent(letters).await.doing("looking for receipts that left")
    }

    /// Writes down that somebody opened or took a file.
    pub async fn took(&self, session: &Session, what: Opened, now: Timestamp) -> Result<(), Failure> {
        let Some(visitor) = self.visitor(session).await? else { return Ok(()) };
        self.relay.note_document_read(&visitor, what, now).await.doing("noting a file taken")
    }

    /// The person at the pages, as the relay sees them; none when the open space has no address.
    async fn visitor(&self, session: &Session) -> Result<Option<Visitor>, Failure> {
        let what = "finding a patient's address";
        let directory = self.relay.directory();
        let domain = directory.patient_domain().await.doing(what)?;
        let patient = directory.patient_by_account(session.profile.account).await.doing(what)?;
        let Some((patient, domain)) = patient.zip(domain) else { return Ok(None) };
        Ok(Some(Visitor {
            account: session.profile.account,
            address: patient.address(&domain),
            patient: session.profile.patient,
            name: session.profile.display_name.clone(),
            actor: session.own_patient,
            actor_name: session.user_name.clone(),
            mandate: mandate(&session.profile),
        }))
    }
}

/// The mandate behind an open profile. The directory gave the profile because it holds now; the rules
/// look at its end again.
fn mandate(profile: &Profile) -> Option<Mandate> {
    let until = profile.until;
    let kind = match profile.relation {
        Relation::Own => return None,
        Relation::LegalRepresentative => match until {
            Some(majority) => MandateKind::Parent { majority },
            None => MandateKind::Guardian,
        },
        Relation::Helper => MandateKind::Helper,
    };
    Some(Mandate { kind, state: MandateState::Accepted, from: Timestamp(0), until })
}

/// What the state of a contact says, for lists.
pub fn by_contact(contact: &Contact, who: &Who) -> Permission {
    let standing = match contact.state {
        _ if who.is_pharmacy => Standing::MayWritePharmacy,
        ContactState::Open => Standing::MayWrite,
        ContactState::Ended => Standing::Ended,
        ContactState::Never => Standing::NeverWrote,
    };
    if standing.may_write() { Permission::Yes } else { Permission::No(texts::standing(standing, &who.name)) }
}

/// A refusal in the words of the page; names the correspondent where that helps.
fn refused(refusal: Refusal, who: &str) -> String {
    let standing = match refusal {
        Refusal::ExchangeEnded => Standing::Ended,
        Refusal::NeverContacted => Standing::NeverWrote,
        Refusal::AnswerForbidden => Standing::NoAnswerWanted,
        Refusal::PharmacyNotKnown | Refusal::PharmacyNotFirst => Standing::PharmacyClosed,
        Refusal::RecipientClosed
        | Refusal::RecipientSuspended
        | Refusal::RecipientUnknown
        | Refusal::RecipientOutsideTrust => Standing::Gone,
        Refusal::MandateMissing
        | Refusal::MandateNotAccepted
        | Refusal::MandateNotYet
        | Refusal::MandateOver
        | Refusal::MandateMajority => Standing::ReadOnly,
        Refusal::SenderProfileInactive => Standing::ProfileClosed,
        Refusal::SenderOutsideTrust
        | Refusal::OperatorUnreachable
        | Refusal::SenderUnknown
        | Refusal::SenderSuspended
        | Refusal::SenderClosed
        | Refusal::PatientAddressInvalid
        | Refusal::PatientUnknown
        | Refusal::PatientAnnounced
        | Refusal::PatientOpposed
        | Refusal::PatientClosed
        | Refusal::LettersBlocked
        | Refusal::PatientToPatient
        | Refusal::AnswerTooLate
        | Refusal::ReplyToOutsideTrust
        | Refusal::ReplyToUnknown
        | Refusal::ReplyToPatient
        | Refusal::NameMismatch
        | Refusal::OnlyTnef
        | Refusal::AmbiguousContent
        | Refusal::SecrecyUnreadable
        | Refusal::SecrecyNotKept
        | Refusal::NotAReport
        | Refusal::ReportUnmatched
        | Refusal::TooManyLettersInHour
        | Refusal::TooManyLettersInDay
        | Refusal::TooManyPatientsInDay => return refusal.french().to_owned(),
    };
    texts::standing(standing, who)
}
