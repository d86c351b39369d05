//! `pli admin`: commands for administrators.

mod administrator;
mod announcements;
mod api_key;
pub(crate) mod directory;
mod generate;
mod mailbox;

use super::progress::Shown;
use super::{ConfigFile, Ending, complain, say};
use crate::assembly::{self, House};
use crate::config::Config;
use crate::control::{self, Question, Reached, Told};
use ::directory::trust::Brake;
use admin::why::Reason;
use admin::{CodesTo, Command, Import, PasswordOwner, SeedText, TrustList};
use anyhow::Context as _;
use certs::Identity;
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

mod asked;
mod patient;
mod patients;
mod statistics;
mod trail;

/// Administers: by the running server, or directly when none runs.
#[derive(Args)]
pub struct Admin {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    command: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Brings people, mailboxes and patients in from TOML or CSV files. Doing it again changes only what differs.
    Import {
        /// `people.toml`, or tables as `people.csv`, `mailboxes.csv`, `patients.csv`.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print what would be written, write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Tells what was decided on a letter and by which rule. The number stands in the 250 and in every refusal.
    Why {
        /// Thirteen letters and digits.
        #[arg(value_name = "QUEUE_ID")]
        queue: String,
        /// Why you look; the trail keeps it: sender-asks, recipient-asks, operator-asks, incident, check.
        #[arg(long, default_value = "check", value_parser = reason)]
        reason: Reason,
    },
    /// Accounts.
    #[command(subcommand)]
    Account(Account),
    /// Mailboxes of professionals.
    #[command(subcommand)]
    Mailbox(mailbox::Mailbox),
    /// Who uses a mailbox beside its holder.
    #[command(subcommand)]
    Member(mailbox::Member),
    /// Ends everything of a professional who leaves: mailboxes, memberships, delegations, passwords, sessions.
    Departure(mailbox::Departure),
    /// What people are told about their profiles, and the letters to print.
    #[command(subcommand)]
    Announcements(announcements::Announcements),
    /// Counts letters by day, door and software (X-MSS-NIL), as a table for spreadsheets. Numbers only.
    Indicators {
        /// Of the last days, today among them.
        #[arg(long, default_value_t = 31)]
        days: u32,
    },
    /// Tells what mailboxes and domains did in a month, or writes it for spreadsheets.
    Statistics(statistics::Statistics),
    /// Patients: announce, open at once; by INS read from standard input: look, oppose, close, reopen, represent.
    #[command(subcommand)]
    Patient(patient::Patient),
    /// The table of everybody, as a large CSV file.
    #[command(subcommand)]
    Patients(patients::Patients),
    /// Tells the settings that decide about letters, among them which sectors are pharmacies, and where to change
    /// them.
    Settings,
    /// The trail: read it, take lines out, prove that none was changed.
    #[command(subcommand)]
    Trail(trail::Trail),
    /// Application passwords of professionals and machines.
    #[command(subcommand)]
    Password(Password),
    /// Keys of programs that ask the directory over FHIR.
    #[command(subcommand)]
    ApiKey(api_key::ApiKey),
    /// Makes a single-use code with which a professional chooses a password for the professional space; it lives
    /// seven days. Also for a password that was lost.
    InviteProfessional {
        /// National identifier: RPPS, ADELI, structure/number.
        person: String,
        /// Ordinary e-mail address that sign-in codes go to; as before when neither is given.
        #[arg(long, conflicts_with = "phone")]
        email: Option<String>,
        /// Mobile number that sign-in codes go to.
        #[arg(long)]
        phone: Option<String>,
    },
    /// The national directory of professionals, organisations and mailboxes.
    #[command(subcommand)]
    Directory(directory::Directory),
    /// Writes invented people, structures, mailboxes and patients, in the files that imports read.
    Generate(generate::Generate),
    /// The list of domains we trust, and whose certificates speak for them.
    #[command(subcommand)]
    Trust(Trust),
    /// Who comes in by the console. There is nobody until one is added here.
    #[command(subcommand)]
    Administrator(administrator::Administrator),
    /// Makes the running server read its certificates again.
    Reload,
    /// Signs the trail now; the server does it every day.
    Checkpoint,
}

#[derive(Subcommand)]
enum Trust {
    /// Tells which national list is in force, how lists are judged, and what happened to it, alarms included.
    Show,
    /// Tells what another national list would change; ends with 1 when it would be refused.
    Diff {
        /// The other list.
        file: PathBuf,
    },
    /// Puts a national list in force: that of a file, or the newest of the configured origin.
    Load {
        /// The list; the origin that [trust] names when absent.
        file: Option<PathBuf>,
        /// Lets more domains vanish than the brake allows. Look at `diff` first.
        #[arg(long)]
        force: bool,
    },
    /// Tells whose certificates may send letters from a domain, who says so, and when each was last seen.
    WhoMaySend {
        /// As clinique.mssante.example.
        domain: String,
    },
}

#[derive(Subcommand)]
enum Account {
    /// Lists professionals' mailboxes; patients are only counted.
    List,
    /// What the trail knows of one account, newest first.
    History {
        /// Its address.
        address: String,
        /// How many lines at most: up to 100,000, more by `pli admin trail export`.
        #[arg(long, default_value_t = 50, value_parser = trail::lines())]
        lines: u32,
    },
}

#[derive(Subcommand)]
enum Password {
    /// Makes one and shows it this once.
    Issue {
        #[command(flatten)]
        owner: Owner,
        /// The device it is for, as «Thunderbird of the front desk».
        #[arg(long)]
        label: String,
    },
    /// Lists them, revoked ones included.
    List {
        #[command(flatten)]
        owner: Owner,
    },
    /// Stops one at once.
    Revoke {
        #[command(flatten)]
        owner: Owner,
        /// Its number in the list.
        #[arg(long)]
        number: i64,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Owner {
    /// Address of the mailbox: its professional, or the machine behind it.
    mailbox: Option<String>,
    /// National identifier of a professional (RPPS, ADELI, structure/number).
    #[arg(long)]
    person: Option<String>,
}

impl Owner {
    fn named(self) -> anyhow::Result<PasswordOwner> {
        let person = self.person.map(PasswordOwner::Person);
        person.or(self.mailbox.map(PasswordOwner::Mailbox)).context("an address, or --person")
    }
}

/// Does it, here or there.
pub async fn run(admin: Admin) -> anyhow::Result<Ending> {
    if let Act::Generate(generate) = &admin.command {
        return generate.run();
    }
    let question = question(admin.command)?;
    put(&admin.file.load()?, &question).await
}

fn question(act: Act) -> anyhow::Result<Question> {
    Ok(Question::Admin(match act {
        Act::Import { files, dry_run } => Command::Import {
            files: files.iter().map(|file| read(file)).collect::<anyhow::Result<_>>()?,
            how: if dry_run { Import::DryRun } else { Import::Apply },
        },
        Act::Why { queue, reason } => Command::Why { queue, reason },
        Act::Mailbox(mailbox) => mailbox.command(),
        Act::Member(member) => member.command(),
        Act::Departure(departure) => departure.command(),
        Act::Announcements(announcements) => announcements.command(),
        Act::Indicators { days } => Command::Indicators { days },
        Act::Statistics(statistics) => statistics.command(),
        Act::Patient(patient) => patient.command()?,
        Act::Settings => Command::Settings,
        Act::Trail(trail) => trail.command()?,
        Act::Account(Account::List) => Command::Accounts,
        Act::Account(Account::History { address, lines }) => Command::History { address, lines },
        Act::Password(Password::Issue { owner, label }) => {
            Command::IssuePassword { owner: owner.named()?, label }
        }
        Act::Password(Password::List { owner }) => Command::Passwords { owner: owner.named()? },
        Act::Password(Password::Revoke { owner, number }) => {
            Command::RevokePassword { owner: owner.named()?, credential: number }
        }
        Act::ApiKey(key) => Command::ApiKey(key.command()),
        Act::InviteProfessional { person, email, phone } => {
            let codes = email.map(CodesTo::Email).or(phone.map(CodesTo::Phone));
            Command::InviteProfessional { person, codes }
        }
        Act::Administrator(administrator) => administrator.command(),
        Act::Trust(trust) => return trust_question(trust),
        Act::Directory(directory) => return directory.question(),
        Act::Patients(patients) => return patients.question(),
        Act::Generate(_) => anyhow::bail!("no server is asked to invent"),
        Act::Reload => return Ok(Question::Reload),
        Act::Checkpoint => return Ok(Question::Checkpoint),
    }))
}

fn trust_question(trust: Trust) -> anyhow::Result<Question> {
    let list = |path: &Path| -> anyhow::Result<TrustList> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(TrustList { name: path.display().to_string(), bytes })
    };
    Ok(match trust {
        Trust::Show => Question::Admin(Command::TrustShow),
        Trust::Diff { file } => Question::Admin(Command::TrustDiff { list: list(&file)? }),
        Trust::Load { file, force } => {
            let brake = if force { Brake::Released } else { Brake::Holds };
            match file {
                Some(file) => Question::Admin(Command::TrustLoad { list: list(&file)?, brake }),
                None => Question::RefreshTrust(brake),
            }
        }
        Trust::WhoMaySend { domain } => Question::Admin(Command::WhoMaySend { domain }),
    })
}

fn reason(code: &str) -> Result<Reason, String> {
    Reason::from_code(code).ok_or_else(|| format!("one of {}", Reason::ALL.map(Reason::code).join(", ")))
}

fn read(path: &Path) -> anyhow::Result<SeedText> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    // The name of a CSV file says which table it is; its folder says nothing.
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(SeedText { name, text })
}

/// Asks the running server, or answers here when there is none, and prints what is told.
pub(super) async fn put(config: &Config, question: &Question) -> anyhow::Result<Ending> {
    let mut shown = Shown::default();
    let reached = control::ask(&config.server.data, question, |told| shown.show(told)).await?;
    let (text, done) = match reached {
        Reached::Server { text, done } => (text, done),
        Reached::Nobody => directly(config, question, &mut shown).await?,
    };
    shown.end();
    if done {
        say(&text)
    } else {
        complain(&text)
    }
    Ok(Ending::from(done))
}

async fn directly(config: &Config, question: &Question, shown: &mut Shown) -> anyhow::Result<(String, bool)> {
    if !config.server.data.exists() {
        anyhow::bail!("there is no data in {} yet: `pli serve` makes it", config.server.data.display());
    }
    let house = House::open(config, assembly::clock(), assembly::entropy()).await?;
    let (progress, mut heard) = mpsc::channel::<Told>(16);
    let listen = async {
        while let Some(told) = heard.recv().await {
            shown.show(told);
        }
    };
    let checkpoints = assembly::checkpoints(config);
    let (told, ()) = tokio::join!(control::answer(&house, &checkpoints, question, progress), listen);
    match told {
        Told::End { text, done } => Ok((text, done)),
        Told::Progress(text) => Ok((text, true)),
        Told::Step { what, .. } => Ok((what, true)),
    }
}

/// The certificates now shown.
pub(crate) fn identities(identities: &[Identity]) -> String {
    let mut text = String::new();
    for identity in identities {
        let until = identity.not_after.rfc3339();
        let _ = writeln!(text, "{}, until {until}, serial {}", identity.names.join(", "), identity.serial);
    }
    text
}
