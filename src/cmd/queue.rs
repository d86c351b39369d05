//! `pli queue`: letters for other operators that wait.

use super::{ConfigFile, Ending};
use crate::control::Question;
use admin::{Command, DropNotice, QueueCommand, QueueFilter};
use clap::{Args, Subcommand};

/// Looks at the letters that wait for other operators, and steers them.
#[derive(Args)]
pub struct Queue {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Lists what waits: letter, state, age, tries, next try, recipient (a patient's is hidden), last reason.
    List {
        /// Only for this domain.
        #[arg(long)]
        domain: Option<String>,
        /// Only in this state: waiting, under-way, held, quarantined.
        #[arg(long)]
        state: Option<String>,
        /// Only what was accepted at least so long ago, as 30s, 15m, 4h or 2d.
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Option<i64>,
        /// How many lines at most; the totals count all.
        #[arg(long, default_value_t = 100)]
        lines: u32,
    },
    /// Tells all of a letter: each recipient, what the other server said, when the next try is.
    Show {
        /// A queue id, a Message-ID, or the address of the account that sent it.
        #[arg(value_name = "LETTER")]
        what: String,
    },
    /// Tries at once instead of at the next due time.
    Retry(Which),
    /// Holds letters until they are released. A try under way is finished.
    Hold(Which),
    /// Lets held letters go on, and those that were put aside.
    Release(Which),
    /// Drops letters for good. Their senders get a report that says so.
    Drop {
        #[command(flatten)]
        which: Which,
        /// Yes, for good.
        #[arg(long, required = true)]
        yes: bool,
        /// Tell nobody: only for letters whose sender must not hear, as those of an attacker.
        #[arg(long)]
        silent: bool,
    },
}

#[derive(Args)]
struct Which {
    /// A queue id, a domain, or `all`.
    #[arg(value_name = "LETTER|DOMAIN|all")]
    which: String,
}

/// Does it, here or there.
pub async fn run(queue: Queue) -> anyhow::Result<Ending> {
    let question = Question::Admin(Command::Queue(command(queue.act)));
    super::admin::put(&queue.file.load()?, &question).await
}

fn command(act: Act) -> QueueCommand {
    match act {
        Act::List { domain, state, older_than, lines } => {
            QueueCommand::List { filter: QueueFilter { domain, state, older_than }, lines }
        }
        Act::Show { what } => QueueCommand::Show { what },
        Act::Retry(Which { which }) => QueueCommand::Retry { which },
        Act::Hold(Which { which }) => QueueCommand::Hold { which },
        Act::Release(Which { which }) => QueueCommand::Release { which },
        // Without --yes the command line was not understood, and nobody comes here.
        Act::Drop { which: Which { which }, yes: _, silent } => {
            let notice = if silent { DropNotice::Silent } else { DropNotice::Report };
            QueueCommand::Drop { which, notice }
        }
    }
}

/// `30s`, `15m`, `4h`, `2d` in milliseconds.
fn age(text: &str) -> Result<i64, String> {
    let wrong = || format!("«{text}» is no age: write 30s, 15m, 4h or 2d");
    let unit = match text.bytes().last() {
        Some(b's') => names::SECOND,
        Some(b'm') => names::MINUTE,
        Some(b'h') => names::HOUR,
        Some(b'd') => names::DAY,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(i64::from(number) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        queue: Queue,
    }

    fn parsed(words: &[&str]) -> Result<QueueCommand, clap::Error> {
        Line::try_parse_from([&["pli"], words].concat()).map(|line| command(line.queue.act))
    }

    #[test]
    fn what_is_typed_is_what_is_asked() {
        let which = || "there.example".to_owned();
        for (words, wanted) in [
            (
                &["list", "--state", "held", "--older-than", "4h", "--domain", "there.example"][..],
                QueueCommand::List {
                    filter: QueueFilter {
                        domain: Some(which()),
                        state: Some("held".to_owned()),
                        older_than: Some(4 * names::HOUR),
                    },
                    lines: 100,
                },
            ),
            (&["show", "<1@pli.example>"], QueueCommand::Show { what: "<1@pli.example>".to_owned() }),
            (&["retry", "all"], QueueCommand::Retry { which: "all".to_owned() }),
            (&["hold", "there.example"], QueueCommand::Hold { which: which() }),
            (&["release", "there.example"], QueueCommand::Release { which: which() }),
            (
                &["drop", "there.example", "--yes"],
                QueueCommand::Drop { which: which(), notice: DropNotice::Report },
            ),
            (
                &["drop", "there.example", "--yes", "--silent"],
                QueueCommand::Drop { which: which(), notice: DropNotice::Silent },
            ),
        ] {
            assert_eq!(parsed(words).unwrap(), wanted, "{words:?}");
        }
    }

    #[test]
    fn a_drop_without_yes_and_an_age_without_unit_are_not_understood() {
        for words in
            [&["drop", "all"][..], &["list", "--older-than", "4"], &["list", "--older-than", "é"], &["hold"]]
        {
            assert!(parsed(words).is_err(), "{words:?}");
        }
    }
}
