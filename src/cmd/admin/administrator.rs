//! `pli admin administrator`: who administers.

use admin::{AdministratorCommand, Command};
use clap::{Args, Subcommand};

/// What is done with administrators.
#[derive(Subcommand)]
pub(super) enum Administrator {
    /// Makes one and shows an invitation this once: they choose a password and enrol a telephone with it.
    Add {
        /// What they will type to sign in.
        login: String,
        /// How they are called, in the trail and on pages.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        given: Given,
    },
    /// Lists them.
    List,
    /// Makes another invitation, for a lost password or telephone.
    Invite {
        /// Whose.
        login: String,
    },
    /// Stops one at once: sessions end.
    Disable {
        /// Whom.
        login: String,
    },
    /// Says anew what one may do, and where.
    Roles {
        /// Whose.
        login: String,
        #[command(flatten)]
        given: Given,
    },
}

#[derive(Args)]
pub(super) struct Given {
    /// `directory`, `support` or `auditor`; may be given again.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// FINESS, SIRET or SIREN of an organisation they are limited to; may be given again. Everywhere without it.
    #[arg(long = "organisation")]
    organisations: Vec<String>,
}

impl Administrator {
    pub(super) fn command(self) -> Command {
        Command::Administrator(match self {
            Self::Add { login, name, given: Given { roles, organisations } } => {
                AdministratorCommand::Add { login, name, roles, organisations }
            }
            Self::List => AdministratorCommand::List,
            Self::Invite { login } => AdministratorCommand::Invite { login },
            Self::Disable { login } => AdministratorCommand::Disable { login },
            Self::Roles { login, given: Given { roles, organisations } } => {
                AdministratorCommand::Roles { login, roles, organisations }
            }
        })
    }
}
