//! What can be asked.

use crate::ApiKeyCommand;
use directory::trust::Brake;
use serde::{Deserialize, Serialize};

/// One command with all it needs, so that it can be carried out by a server elsewhere.
#[derive(Clone, Serialize, Deserialize)]
pub enum Command {
    /// Brings seed files into the directory, and gives new accounts their place in the store.
    Import {
        /// The files, as the caller read them.
        files: Vec<SeedText>,
        /// Whether to write.
        how: Import,
    },
    /// Brings in patients who are told by us: announced, or with a space that is open at once.
    EnterPatients {
        /// The table of patients, as the caller read it.
        file: SeedText,
        /// Whether their space is open at once (births, new affiliations).
        at_once: bool,
    },
    /// Tells what people are still to be told about their profiles, and which letters wait to be printed.
    Announcements,
    /// Notes that letters were printed and posted, and removes their files.
    LettersPosted {
        /// Their numbers; all that wait when empty.
        letters: Vec<i64>,
    },
    /// Tells what was decided on a letter, and why.
    Why {
        /// The number in the `250` or in the refusal.
        queue: String,
        /// Why somebody wants to know.
        reason: crate::why::Reason,
    },
    /// Says whether a mailbox hears what becomes of its letters to patients.
    Follow {
        /// Its address.
        address: String,
        /// Whether it does.
        followed: bool,
    },
    /// Counts letters by day, door and software.
    Indicators {
        /// Of the last days, today among them.
        days: u32,
    },
    /// Tells the figures of a month.
    Statistics(crate::statistics_tables::StatisticsCommand),
    /// Lists the accounts.
    Accounts,
    /// Tells what the trail knows of an account, newest first.
    History {
        /// Its address.
        address: String,
        /// How many lines at most.
        lines: u32,
    },
    /// Looks at a patient's profile, or changes it.
    Patient(crate::patients_told::PatientCommand),
    /// Tells which mailboxes nobody has used for so many months.
    IdleMailboxes {
        /// Months without a sign-in or a letter sent.
        months: u16,
    },
    /// Tells the settings that decide about letters.
    Settings,
    /// Reads, takes out or proves lines of the trail.
    Trail(crate::trail::TrailCommand),
    /// Makes an application password and shows it this once.
    IssuePassword {
        /// For whom.
        owner: PasswordOwner,
        /// The device it is for.
        label: String,
    },
    /// Lists application passwords.
    Passwords {
        /// Whose.
        owner: PasswordOwner,
    },
    /// Stops an application password.
    RevokePassword {
        /// Whose.
        owner: PasswordOwner,
        /// Its number in the list.
        credential: i64,
    },
    /// Makes a code with which a professional chooses a password for the professional space.
    InviteProfessional {
        /// Their national identifier.
        person: String,
        /// Where their sign-in codes go from now on; as before when absent.
        codes: Option<CodesTo>,
    },
    /// Tells which national list is in force, and what happened to it.
    TrustShow,
    /// Tells what another national list would change.
    TrustDiff {
        /// The other.
        list: TrustList,
    },
    /// Puts a national list in force.
    TrustLoad {
        /// Which.
        list: TrustList,
        /// Whether it may shrink as much as it does.
        brake: Brake,
    },
    /// Tells whose certificates speak for a domain.
    WhoMaySend {
        /// Which.
        domain: String,
    },
    /// Looks at the queue for other operators, or steers it.
    Queue(QueueCommand),
    /// Says who administers.
    Administrator(AdministratorCommand),
    /// Keys of programs that ask the directory.
    ApiKey(ApiKeyCommand),
    /// Makes a mailbox, or changes what may change of one.
    Mailbox(MailboxCommand),
    /// Says who uses a mailbox.
    Member(MemberCommand),
    /// Ends everything of a professional who leaves.
    Departure {
        /// National identifier.
        person: String,
        /// Whether their mailboxes are suspended, not closed.
        suspend: bool,
        /// Whether it is done, or only told.
        how: Import,
    },
}

/// What is done with mailboxes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MailboxCommand {
    /// Makes one.
    Create {
        /// Its address, for ever.
        address: String,
        /// `PER`, `ORG`, `APP`, `CAB`.
        kind: String,
        /// National identifier of its professional.
        person: Option<String>,
        /// Who they are, when they are new here.
        name: Option<PersonName>,
        /// FINESS or SIRET of its organisation.
        organisation: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// Service it is attached to.
        service: Option<String>,
        /// Who answers for it.
        responsible: Option<String>,
    },
    /// Says anew what the directory says of it; what is absent stays, what is empty goes.
    Describe {
        /// Which.
        address: String,
        /// What it is for.
        description: Option<String>,
        /// Service it is attached to.
        service: Option<String>,
        /// Who answers for it.
        responsible: Option<String>,
        /// Whether no search shows it.
        red_list: Option<bool>,
        /// 1 is the holder's preferred one.
        rank: Option<i64>,
    },
    /// Stops it for a time.
    Suspend {
        /// Which.
        address: String,
    },
    /// Lets it be used again.
    Reopen {
        /// Which.
        address: String,
    },
    /// Stops it for good.
    Close {
        /// Which.
        address: String,
    },
    /// Tells what it is and who uses it.
    Show {
        /// Which.
        address: String,
    },
}

/// Who a new professional is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonName {
    /// `Dr`, `Pr`, `Mme`, `M.`.
    pub civility: Option<String>,
    /// First name in practice.
    pub given_name: String,
    /// Last name in practice.
    pub family_name: String,
    /// Know-how label.
    pub specialty: Option<String>,
}

/// What is done with who uses a mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MemberCommand {
    /// Lets somebody use it.
    Add {
        /// Its address.
        mailbox: String,
        /// National identifier, or the address of a mailbox of their own.
        person: String,
        /// `read`, `write`, `manage`.
        rights: String,
        /// From when until when.
        #[serde(default)]
        days: Days,
    },
    /// Gives them other rights.
    Change {
        /// Its address.
        mailbox: String,
        /// As before.
        person: String,
        /// As before.
        rights: String,
        /// From when until when; as it was, when no day is given.
        #[serde(default)]
        days: Days,
    },
    /// Takes all from them.
    Remove {
        /// Its address.
        mailbox: String,
        /// As before.
        person: String,
    },
}

/// Days as typed; no limit where there is none.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Days {
    /// The first day.
    pub from: Option<String>,
    /// The last day, which counts whole.
    pub until: Option<String>,
}

/// What is done with administrators.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AdministratorCommand {
    /// Makes one, with an invitation.
    Add {
        /// What they will type.
        login: String,
        /// How they are called.
        name: String,
        /// `directory`, `support`, `auditor`.
        roles: Vec<String>,
        /// FINESS or other national numbers of organisations they are limited to; everywhere when none.
        organisations: Vec<String>,
    },
    /// Lists them.
    List,
    /// Another invitation, for lost factors.
    Invite {
        /// Whose.
        login: String,
    },
    /// Stops one.
    Disable {
        /// Whom.
        login: String,
    },
    /// Says what one may do, and where.
    Roles {
        /// Whose.
        login: String,
        /// As for a new one.
        roles: Vec<String>,
        /// As for a new one.
        organisations: Vec<String>,
    },
}

/// Where a professional's sign-in codes go. No `Debug`: it is theirs.
#[derive(Clone, Serialize, Deserialize)]
pub enum CodesTo {
    /// To an ordinary mailbox.
    Email(String),
    /// To a mobile phone.
    Phone(String),
}

/// A national list, as the caller read it.
#[derive(Clone, Serialize, Deserialize)]
pub struct TrustList {
    /// Where from, for the history.
    pub name: String,
    /// Its octets.
    pub bytes: Vec<u8>,
}

/// What is done with the queue. `which` is a queue id, a domain, or `all`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum QueueCommand {
    /// Lists what waits.
    List {
        /// What of it.
        filter: QueueFilter,
        /// How many lines at most.
        lines: u32,
    },
    /// Tells all of a letter: what waits, what left, and why.
    Show {
        /// A queue id, a Message-ID, or the address of an account.
        what: String,
    },
    /// Tries at once.
    Retry {
        /// What.
        which: String,
    },
    /// Holds until released.
    Hold {
        /// What.
        which: String,
    },
    /// Lets go on, also what was put aside.
    Release {
        /// What.
        which: String,
    },
    /// Drops for good.
    Drop {
        /// What.
        which: String,
        /// Whether senders hear of it.
        notice: DropNotice,
    },
}

/// What of the queue is listed; all that is given must fit.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct QueueFilter {
    /// For this domain.
    pub domain: Option<String>,
    /// In this state: `waiting`, `under-way`, `held`, `quarantined`.
    pub state: Option<String>,
    /// Accepted at least so many milliseconds ago.
    pub older_than: Option<i64>,
}

/// Whether senders hear of a drop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DropNotice {
    /// They get a report.
    Report,
    /// Nobody is told.
    Silent,
}

/// Whether an import writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Import {
    /// Only says what it would do.
    DryRun,
    /// Does it.
    Apply,
}

/// A seed file. No `Debug`: it may hold passwords and patients.
#[derive(Clone, Serialize, Deserialize)]
pub struct SeedText {
    /// Its name: `people.toml`, `mailboxes.csv`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Whose passwords are meant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PasswordOwner {
    /// Whoever holds this mailbox: its professional, or the machine.
    Mailbox(String),
    /// The professional with this national identifier.
    Person(String),
}

/// What was done, in words for the terminal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The words, ending in a line end.
    pub text: String,
    /// Whether all of it was done; an import that left rows out was not.
    pub complete: bool,
}

impl Done {
    /// All of it was done.
    #[must_use]
    pub fn complete(text: String) -> Self {
        Self { text, complete: true }
    }
}
