//! `pli admin mailbox`, `member` and `departure`: the mailboxes of the trade and who uses them.

use admin::{Command, Days, Import, MailboxCommand, MemberCommand, PersonName};
use clap::{Args, Subcommand, ValueEnum};

/// What is done with mailboxes of professionals.
#[derive(Subcommand)]
pub(super) enum Mailbox {
    /// Makes one: of a person (PER), a team (ORG), a machine (APP) or a practice (CAB). Address and type are for
    /// ever; an address is given once.
    Create(Box<New>),
    /// Says anew what the directory says of it. What is not given stays; an empty text goes.
    Describe {
        /// Its address.
        address: String,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
        /// Service it is attached to.
        #[arg(long)]
        service: Option<String>,
        /// Who answers for it: for administrators only.
        #[arg(long)]
        responsible: Option<String>,
        /// Whether no search shows it.
        #[arg(long)]
        red_list: Option<Switch>,
        /// 1 is the holder's preferred one.
        #[arg(long)]
        rank: Option<i64>,
    },
    /// Stops it for a time: nobody signs in, letters are refused for now.
    Suspend {
        /// Its address.
        address: String,
    },
    /// Lets a suspended one be used again.
    Reopen {
        /// Its address.
        address: String,
    },
    /// Stops it for good; the address is never given again.
    Close {
        /// Its address.
        address: String,
    },
    /// Tells what it is and who uses it.
    Show {
        /// Its address.
        address: String,
    },
    /// Tells which mailboxes were neither signed in to nor wrote for some months, and what is recommended then: to tell
    /// their holders, to suspend, to close. It does nothing to them: the server does, as `[mailboxes]` says.
    Idle {
        /// How many months.
        #[arg(long, default_value_t = 12)]
        months: u16,
    },
    /// Says whether a mailbox hears what becomes of its letters to patients: delivered, and not opened after
    /// some days. Without it only a mail program that asks hears.
    Visibility {
        /// Its address.
        address: String,
        /// `on` or `off`.
        visibility: Switch,
    },
}

#[derive(Args)]
pub(super) struct New {
    /// Its address, for ever.
    address: String,
    /// `PER`, `ORG`, `APP` or `CAB`.
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    /// National identifier of its professional (PER, CAB): RPPS, ADELI, structure/number.
    #[arg(long)]
    person: Option<String>,
    /// Last name, when the professional is new here.
    #[arg(long, requires = "given_name", requires = "person")]
    family_name: Option<String>,
    /// First name, when the professional is new here.
    #[arg(long, requires = "family_name")]
    given_name: Option<String>,
    /// `Dr`, `Pr`, `Mme`, `M.`, when the professional is new here.
    #[arg(long, requires = "family_name")]
    civility: Option<String>,
    /// Speciality, when the professional is new here.
    #[arg(long, requires = "family_name")]
    specialty: Option<String>,
    /// FINESS or SIRET of its organisation, or of where the person works.
    #[arg(long)]
    organisation: Option<String>,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// Service it is attached to.
    #[arg(long)]
    service: Option<String>,
    /// Who answers for it: for administrators only.
    #[arg(long)]
    responsible: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

/// Who uses a mailbox beside its holder.
#[derive(Subcommand)]
pub(super) enum Member {
    /// Lets somebody use it: a member of a team, or who acts for a person.
    Add(Given),
    /// Gives them other rights.
    Change(Given),
    /// Takes all rights from them.
    Remove {
        /// Address of the mailbox.
        mailbox: String,
        /// National identifier, or the address of a mailbox of their own.
        person: String,
    },
}

#[derive(Args)]
pub(super) struct Given {
    /// Address of the mailbox.
    mailbox: String,
    /// National identifier, or the address of a mailbox of their own.
    person: String,
    /// `read`, `write` or `manage`.
    #[arg(long, default_value = "write")]
    rights: String,
    /// The first day (UTC), as 2026-12-01; at once when not given.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day (UTC), which counts whole; until it is ended when not given. A change without days leaves
    /// those that were given.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
}

/// Ends everything of a professional who leaves: mailboxes, memberships, delegations, passwords, sessions.
#[derive(Args)]
pub(super) struct Departure {
    /// National identifier: RPPS, ADELI, structure/number.
    person: String,
    /// Suspends their mailboxes instead of closing them: they may come back.
    #[arg(long)]
    suspend: bool,
    /// Print what would end, end nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Mailbox {
    pub(super) fn command(self) -> Command {
        Command::Mailbox(match self {
            Self::Create(new) => new.command(),
            Self::Describe { address, description, service, responsible, red_list, rank } => {
                let red_list = red_list.map(|red_list| red_list == Switch::On);
                MailboxCommand::Describe { address, description, service, responsible, red_list, rank }
            }
            Self::Suspend { address } => MailboxCommand::Suspend { address },
            Self::Reopen { address } => MailboxCommand::Reopen { address },
            Self::Close { address } => MailboxCommand::Close { address },
            Self::Show { address } => MailboxCommand::Show { address },
            Self::Idle { months } => return Command::IdleMailboxes { months },
            Self::Visibility { address, visibility } => {
                return Command::Follow { address, followed: visibility == Switch::On };
            }
        })
    }
}

impl New {
    fn command(self) -> MailboxCommand {
        let Self { address, kind, person, organisation, description, service, responsible, .. } = self;
        let (civility, specialty) = (self.civility, self.specialty);
        let name = self.family_name.zip(self.given_name);
        let name =
            name.map(|(family_name, given_name)| PersonName { civility, given_name, family_name, specialty });
        MailboxCommand::Create {
            address,
            kind,
            person,
            name,
            organisation,
            description,
            service,
            responsible,
        }
    }
}

impl Member {
    pub(super) fn command(self) -> Command {
        Command::Member(match self {
            Self::Add(Given { mailbox, person, rights, from, until }) => {
                MemberCommand::Add { mailbox, person, rights, days: Days { from, until } }
            }
            Self::Change(Given { mailbox, person, rights, from, until }) => {
                MemberCommand::Change { mailbox, person, rights, days: Days { from, until } }
            }
            Self::Remove { mailbox, person } => MemberCommand::Remove { mailbox, person },
        })
    }
}

impl Departure {
    pub(super) fn command(self) -> Command {
        let how = if self.dry_run { Import::DryRun } else { Import::Apply };
        Command::Departure { person: self.person, suspend: self.suspend, how }
    }
}
