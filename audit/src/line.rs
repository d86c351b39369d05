//! What a line tells.

use names::{AccountId, AdministratorId, ApiKeyId, Entropy, PatientId, PersonId, Timestamp};
use std::fmt;

/// Which chain a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Chain {
    /// The house: settings, start and stop, administrators.
    System,
    /// An account: everything that touches what it keeps.
    Account(AccountId),
    /// A professional: their sign-ins, their passwords, what others let them do. Mailboxes change hands
    /// and are shared; this chain stays with the person.
    Person(PersonId),
}

impl Chain {
    /// Its key in the tables: 0 is the house, and no account has that id; ids are positive, so people
    /// stand below it.
    pub(crate) fn key(self) -> i64 {
        match self {
            Self::System => 0,
            Self::Account(account) => account.0,
            Self::Person(person) => -person.0,
        }
    }

    /// The chain that a key stands for.
    pub(crate) fn of_key(key: i64) -> Self {
        match key {
            0 => Self::System,
            account if account > 0 => Self::Account(AccountId(account)),
            person => Self::Person(PersonId(-person)),
        }
    }
}

/// Somebody, by id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor {
    /// The house itself: filing, alerts, retention.
    System,
    /// A professional.
    Person(PersonId),
    /// A patient, or somebody signed in as one.
    Patient(PatientId),
    /// A mailbox used by a machine.
    Account(AccountId),
    /// An administrator at the command line.
    Operator,
    /// An administrator in the console.
    Administrator(AdministratorId),
    /// A program that publishes mailboxes, by its key.
    Program(ApiKeyId),
}

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => out.write_str("system"),
            Self::Person(id) => write!(out, "person:{}", id.0),
            Self::Patient(id) => write!(out, "patient:{}", id.0),
            Self::Account(id) => write!(out, "account:{}", id.0),
            Self::Operator => out.write_str("operator"),
            Self::Administrator(id) => write!(out, "administrator:{}", id.0),
            Self::Program(id) => write!(out, "program:{}", id.0),
        }
    }
}

impl Actor {
    fn parse(text: &str) -> Option<Self> {
        let id = |text: &str| text.parse().ok();
        match text.split_once(':') {
            None if text == "system" => Some(Self::System),
            None if text == "operator" => Some(Self::Operator),
            Some(("person", text)) => id(text).map(|id| Self::Person(PersonId(id))),
            Some(("patient", text)) => id(text).map(|id| Self::Patient(PatientId(id))),
            Some(("account", text)) => id(text).map(|id| Self::Account(AccountId(id))),
            Some(("administrator", text)) => id(text).map(|id| Self::Administrator(AdministratorId(id))),
            Some(("program", text)) => id(text).map(|id| Self::Program(ApiKeyId(id))),
            _ => None,
        }
    }
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $code:literal),+ $(,)?) => {
        /// What was done. The code is stored, so a name here may change and a code may not.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Act { $($(#[$doc])* $name),+ }

        impl Act {
            /// Every act, for tables of texts and tests.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stored code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
        }
    };
}

acts! {
    /// A letter arrived.
    LetterReceived = "letter.received",
    /// A letter was sent.
    LetterSent = "letter.sent",
    /// A letter was refused.
    LetterRefused = "letter.refused",
    /// A letter was handed to another operator.
    LetterRelayed = "letter.relayed",
    /// A letter was given up: it will not reach a recipient at another operator's.
    LetterUndelivered = "letter.undelivered",
    /// An operator changed what waits for other operators.
    QueueChanged = "queue.changed",
    /// A letter was opened.
    LetterRead = "letter.read",
    /// A letter was placed by IMAP APPEND.
    LetterAppended = "letter.appended",
    /// Letters were copied or moved.
    LetterCopied = "letter.copied",
    /// Letters were removed.
    LetterRemoved = "letter.removed",
    /// Flags of letters were changed.
    LetterFlagged = "letter.flagged",
    /// A letter was searched for.
    LettersSearched = "letters.searched",
    /// An exchange was opened.
    ContactOpened = "contact.opened",
    /// An exchange was ended.
    ContactEnded = "contact.ended",
    /// A correspondent was blocked or unblocked.
    ContactBlocked = "contact.blocked",
    /// A document was filed.
    DocumentFiled = "document.filed",
    /// A document was opened or downloaded.
    DocumentRead = "document.read",
    /// A document was masked, unmasked or its secrecy changed.
    DocumentMasked = "document.masked",
    /// A document was deleted.
    DocumentDeleted = "document.deleted",
    /// An alert was sent outside.
    AlertSent = "alert.sent",
    /// An alert came back or could not be sent.
    AlertFailed = "alert.failed",
    /// A read receipt was sent.
    ReceiptSent = "receipt.sent",
    /// Somebody signed in.
    SignedIn = "session.opened",
    /// Somebody failed to sign in.
    SignInRefused = "session.refused",
    /// Somebody signed out.
    SignedOut = "session.closed",
    /// Somebody went on to another profile.
    ProfileSwitched = "session.switched",
    /// A folder was made, renamed, subscribed to or removed.
    FolderChanged = "folder.changed",
    /// An account was made.
    AccountCreated = "account.created",
    /// An account's state changed.
    AccountChanged = "account.changed",
    /// A patient's space was announced to its person.
    ProfileAnnounced = "profile.announced",
    /// Somebody who knows the temporary code began to activate a space.
    ActivationBegun = "profile.identified",
    /// A space was activated.
    ProfileActivated = "profile.activated",
    /// A space was opposed.
    ProfileOpposed = "profile.opposed",
    /// A space was closed.
    ProfileClosed = "profile.closed",
    /// An opposition was withdrawn, or a closed space opened again.
    ProfileReopened = "profile.reopened",
    /// Support did something to a profile on its own ground.
    ProfileIntervened = "profile.intervened",
    /// A space was erased with all it held.
    ProfileErased = "profile.erased",
    /// What is allowed in an emergency was answered.
    ConsentChanged = "consent.changed",
    /// A second legal representative was invited.
    RepresentativeInvited = "representative.invited",
    /// A legal representative was added.
    RepresentativeAdded = "representative.added",
    /// An invitation to represent was refused.
    RepresentativeRefused = "representative.refused",
    /// The mandate of a representative ended.
    RepresentativeEnded = "representative.ended",
    /// A credential was issued.
    CredentialIssued = "credential.issued",
    /// A credential was revoked.
    CredentialRevoked = "credential.revoked",
    /// A professional was invited to the professional space.
    Invited = "professional.invited",
    /// An administrator was made, invited, or their roles or state changed.
    AdministratorChanged = "administrator.changed",
    /// A mailbox's entry in the directory was changed: what it is for, its red list, its rank.
    AccountDescribed = "account.described",
    /// A professional left: mailboxes, delegations, passwords and sessions ended at once.
    Departed = "professional.departed",
    /// Somebody's ways to sign in were reset by an administrator.
    FactorsReset = "factors.reset",
    /// Somebody chose a password of their own.
    PasswordChosen = "password.chosen",
    /// Somebody was allowed to use another's mailbox.
    DelegationGiven = "delegation.given",
    /// That ended.
    DelegationEnded = "delegation.ended",
    /// The directory was changed by an import.
    Imported = "directory.imported",
    /// An administrator looked something up.
    AdminLooked = "admin.looked",
    /// Lines of the trail were taken out.
    TrailExported = "trail.exported",
    /// The trail was proved.
    TrailChecked = "trail.checked",
    /// The server started.
    Started = "server.started",
    /// The server read its certificates again.
    Reloaded = "server.reloaded",
    /// The server stopped.
    Stopped = "server.stopped",
}

impl Act {
    fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|act| act.code() == code)
    }
}

/// One line of the trail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// For whom they acted, when it was not for themselves.
    pub for_whom: Option<Actor>,
    /// What was done.
    pub act: Act,
    /// Ids and codes that complete it, as `entry=7 rule=contact.opened`; no personal data.
    pub detail: String,
}

impl Line {
    /// The form that is committed to: fields parted by tabs.
    pub(crate) fn encode(&self) -> String {
        let for_whom = self.for_whom.map(|who| who.to_string()).unwrap_or_default();
        let detail = self.detail.replace(char::is_control, " ");
        format!("{}\t{}\t{for_whom}\t{}\t{detail}", self.at.0, self.actor, self.act.code())
    }

    /// Reads the stored form.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let mut fields = text.splitn(5, '\t');
        let at = Timestamp(fields.next()?.parse().ok()?);
        let actor = Actor::parse(fields.next()?)?;
        let for_whom = match fields.next()? {
            "" => None,
            text => Some(Actor::parse(text)?),
        };
        let act = Act::parse(fields.next()?)?;
        Some(Self { at, actor, for_whom, act, detail: fields.next()?.to_owned() })
    }
}

/// A line and where it goes. Made outside the unit of work, because it draws its salt.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) chain: Chain,
    pub(crate) line: Line,
    pub(crate) salt: [u8; 16],
}

impl Entry {
    /// A line for `chain`, with a fresh salt.
    #[must_use]
    pub fn new(chain: Chain, line: Line, entropy: &Entropy) -> Self {
        Self { chain, line, salt: entropy.bytes() }
    }

    /// The same line with what only the unit of work learned. The salt is drawn already, so a unit
    /// that is run again writes the same.
    #[must_use]
    pub fn telling(&self, detail: String) -> Self {
        let line = Line { detail, ..self.line.clone() };
        Self { chain: self.chain, line, salt: self.salt }
    }
}
