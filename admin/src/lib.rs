//! What administrators do: typed commands in, text out. Every command leaves a line in the trail.
//!
//! The command line hands a [`Command`] to the running server over its control socket, or runs it
//! itself when no server holds the store; both end in [`Admin::run`].
#![warn(missing_docs)]

mod accounts;
mod administrators;
mod api_keys;
mod command;
pub mod console;
pub mod days;
mod error;
mod followed;
mod history;
mod idle;
mod import;
mod invitations;
mod last_acts;
mod mailboxes;
pub mod mask;
mod members;
mod national;
mod passwords;
mod patient_import;
pub mod patients;
pub mod patients_told;
mod profiles;
mod publishing;
pub mod queue;
mod queue_told;
mod search;
mod settings;
pub mod statistics;
pub mod statistics_tables;
pub mod table;
#[cfg(test)]
mod testing;
pub mod trail;
mod trail_told;
pub mod trust;
pub mod why;

pub use api_keys::ApiKeyCommand;
pub use command::{
    AdministratorCommand, CodesTo, Command, Days, Done, DropNotice, Import, MailboxCommand, MemberCommand,
    PasswordOwner, PersonName, QueueCommand, QueueFilter, SeedText, TrustList,
};
pub use error::Error;
pub use national::{Means, NationalCommand};
pub use patient_import::{Entering, List, PatientMeans, PatientsCommand, Steps};
pub use publishing::{MailboxChange, MailboxHolder, NotPublished};
pub use trust::tell as tell_trust;

use audit::{Act, Actor, Chain, Entry, Line};
use directory::{Directory, Left};
use mailstore::Mailstore;
use names::{Entropy, Timestamp};
use register::Register;
use relay::Relay;
use std::sync::Arc;

/// The rooms administrators work in. Cheap to clone.
#[derive(Clone)]
pub struct Admin {
    /// Who is who.
    pub directory: Directory,
    /// What we keep.
    pub mailstore: Mailstore,
    /// The way of letters, and what waits for other operators.
    pub relay: Relay,
    /// What is published, as administrators search it.
    pub register: Register,
    /// Chance, for the salts of lines.
    pub entropy: Entropy,
    /// How trust lists are judged.
    pub trust: Arc<directory::trust::Settings>,
    /// What the checkpoints of the trail are verified with; any key when empty.
    pub trail_key: Arc<[u8]>,
}

impl Admin {
    /// Does what is asked. A refusal that the administrator can mend is an [`Error::Refused`].
    pub async fn run(&self, command: &Command, now: Timestamp) -> Result<Done, Error> {
        // Whoever holds the command line is the operator; pages name the administrator.
        let by = Actor::Operator;
        match command {
            Command::Import { files, how } => self.import(files, *how, now).await,
            Command::EnterPatients { file, at_once } => self.enter_patients(file, *at_once, now).await,
            Command::Announcements => self.announcements(now).await,
            Command::LettersPosted { letters } => self.letters_posted(letters, now).await,
            Command::Why { queue, reason } => self.why(queue, *reason, by, now).await,
            Command::Queue(command) => self.queue(command, by, now).await,
            Command::ApiKey(command) => self.api_key(command, now).await,
            Command::Follow { address, followed } => self.follow(address, *followed, now).await,
            Command::Indicators { days } => self.indicators(*days, now).await,
            Command::Statistics(asked) => self.tell_statistics(asked, by, now).await,
            Command::IdleMailboxes { months } => self.idle_mailboxes(*months, now).await,
            Command::Accounts => self.accounts(now).await,
            Command::Trail(command) => self.tell_trail(command, by, now).await,
            Command::Patient(command) => self.patient(command, now).await,
            Command::Settings => self.settings(now).await,
            Command::History { address, lines } => self.history(address, *lines, now).await,
            Command::IssuePassword { owner, label } => self.tell_password(owner, label, now).await,
            Command::Passwords { owner } => self.passwords(owner, now).await,
            Command::RevokePassword { owner, credential } => {
                self.revoke_password(owner, *credential, now).await
            }
            Command::InviteProfessional { person, codes } => self.invite(person, codes.as_ref(), now).await,
            Command::TrustShow => self.trust_show(by, now).await,
            Command::TrustDiff { list } => self.trust_diff(list, by, now).await,
            Command::TrustLoad { list, brake } => trust::tell(&self.load_trust(list, *brake, by, now).await?),
            Command::WhoMaySend { domain } => self.who_may_send(domain, by, now).await,
            Command::Administrator(command) => self.administrator(command, now).await,
            Command::Mailbox(command) => self.mailbox(command, now).await,
            Command::Member(command) => self.member(command, now).await,
            Command::Departure { person, suspend, how } => {
                let left = if *suspend { Left::Suspended } else { Left::Closed };
                self.departure(person, left, *how, now).await
            }
        }
    }

    /// Writes down that somebody at the command line looked.
    async fn looked(&self, chain: Chain, detail: String, now: Timestamp) -> Result<(), Error> {
        self.looked_by(Actor::Operator, chain, detail, now).await
    }

    /// Writes down that an administrator looked.
    pub(crate) async fn looked_by(
        &self,
        by: Actor,
        chain: Chain,
        detail: String,
        now: Timestamp,
    ) -> Result<(), Error> {
        let line = Line { at: now, actor: by, for_whom: None, act: Act::AdminLooked, detail };
        let entry = Entry::new(chain, line, &self.entropy);
        self.mailstore
            .db()
            .write(db::unit("note a look", entry, |entry, tx| {
                Box::pin(
                    async move { audit::append(tx, std::slice::from_ref(entry)).await.map_err(Error::from) },
                )
            }))
            .await
    }
}
