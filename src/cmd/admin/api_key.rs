//! `pli admin api-key`: keys of programs that ask the directory.

use admin::ApiKeyCommand;
use clap::Subcommand;

/// What is done with them.
#[derive(Subcommand)]
pub(super) enum ApiKey {
    /// Makes one and shows it this once.
    Add {
        /// The program it is for, as «GAP of the hospital».
        #[arg(long)]
        label: String,
        /// National number of a structure of ours whose mailboxes it may publish (1 and the FINESS, 3 and the
        /// SIRET); may be given again. Without it the key only reads.
        #[arg(long = "publish-for", value_name = "NUMBER")]
        publishes: Vec<String>,
    },
    /// Lists them, revoked ones included.
    List,
    /// Stops one at once.
    Revoke {
        /// Its number in the list.
        #[arg(long)]
        number: i64,
    },
}

impl ApiKey {
    pub(super) fn command(self) -> ApiKeyCommand {
        match self {
            Self::Add { label, publishes } => ApiKeyCommand::Add { label, publishes },
            Self::List => ApiKeyCommand::List,
            Self::Revoke { number } => ApiKeyCommand::Revoke { number },
        }
    }
}
