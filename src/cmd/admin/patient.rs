//! `pli admin patient`: what support does for somebody. The INS comes by standard input.

use super::announcements::Table;
use super::asked;
use admin::Command;
use admin::patients::PatientAct;
use admin::patients_told::PatientCommand;
use clap::{Args, Subcommand};

/// Patients who come in, from a table, and one by INS. An INS is read from a file or from standard input (or
/// asked for), never typed as an argument.
#[derive(Subcommand)]
pub(super) enum Patient {
    /// Announces people from a table: each is told, by e-mail or by a letter to print, with a code of their own,
    /// and has six weeks to oppose.
    Announce(Table),
    /// Opens the spaces of people of a table at once: births, new affiliations. They are told, with a code.
    Create(Table),
    #[command(flatten)]
    One(One),
}

/// One patient, by INS.
#[derive(Subcommand)]
pub(super) enum One {
    /// Tells the state of a profile, and who acts for it.
    Show,
    /// Notes that somebody opposes their space: letters are refused from now on.
    Oppose(Ground),
    /// Notes that an opposition is withdrawn.
    Withdraw(Ground),
    /// Closes a space; it is archived for the time of the law, or deleted on request.
    Close {
        #[command(flatten)]
        ground: Ground,
        /// They ask for deletion.
        #[arg(long)]
        delete: bool,
    },
    /// Opens a closed space again, with all that was in it.
    Reopen(Ground),
    /// Writes down that something else was done to a profile, and tells its person outside.
    Intervene(Ground),
    /// Makes a second parent represent a child, on proof: the child's INS on the first line of standard input,
    /// the parent's on the second.
    AddRepresentative(Ground),
}

/// On what ground.
#[derive(Args)]
pub(super) struct Ground {
    /// Why: telephone, writing, representative, correction, malfunction, fraud, order, death.
    #[arg(long)]
    reason: String,
    /// The number of the case, and of its proof, in the support's books. Letters, digits and hyphens.
    #[arg(long)]
    case: Option<String>,
}

impl Patient {
    pub(super) fn command(self) -> anyhow::Result<Command> {
        match self {
            Self::Announce(table) => table.entering(false),
            Self::Create(table) => table.entering(true),
            Self::One(one) => one.command(),
        }
    }
}

impl One {
    fn command(self) -> anyhow::Result<Command> {
        let ins = asked::ins()?;
        let (act, ground) = match self {
            Self::Show => {
                let (reason, case) = (String::new(), None);
                return Ok(Command::Patient(PatientCommand { ins, act: None, reason, case }));
            }
            Self::Oppose(ground) => (PatientAct::Oppose, ground),
            Self::Withdraw(ground) => (PatientAct::Withdraw, ground),
            Self::Close { ground, delete: true } => (PatientAct::CloseAndDelete, ground),
            Self::Close { ground, delete: false } => (PatientAct::Close, ground),
            Self::Reopen(ground) => (PatientAct::Reopen, ground),
            Self::Intervene(ground) => (PatientAct::Intervene, ground),
            Self::AddRepresentative(ground) => (PatientAct::AddRepresentative(asked::ins()?), ground),
        };
        let Ground { reason, case } = ground;
        Ok(Command::Patient(PatientCommand { ins, act: Some(act), reason, case }))
    }
}
