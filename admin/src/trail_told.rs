//! The trail in words for the terminal.

use crate::trail::{TrailCommand, TrailPage};
use crate::{Admin, Done, Error};
use audit::Actor;
use names::Timestamp;
use std::fmt::Write as _;

impl Admin {
    pub(crate) async fn tell_trail(
        &self,
        command: &TrailCommand,
        by: Actor,
        now: Timestamp,
    ) -> Result<Done, Error> {
        match command {
            TrailCommand::Show { whose, lines } => {
                let chain = self.chain_of(whose, now).await?;
                Ok(Done::complete(told(&self.trail_page(chain, None, *lines, by, now).await?)))
            }
            TrailCommand::Export { whose, from, until, form } => {
                let chain = self.chain_of(whose, now).await?;
                Ok(Done::complete(self.export_trail(chain, *from..*until, *form, by, now).await?))
            }
            TrailCommand::Check { whose } => {
                let chain = match whose {
                    Some(whose) => Some(self.chain_of(whose, now).await?),
                    None => None,
                };
                let proof = self.prove_trail(chain, by, now).await?;
                let mut text = format!("{} chains, {} lines.\n", proof.chains, proof.lines);
                for broken in &proof.broken {
                    let _ = writeln!(text, "! {broken}");
                }
                text.push_str(if proof.broken.is_empty() {
                    "All of it holds.\n"
                } else {
                    "It does not hold: keep a copy of the data folder, and compare with the exported checkpoints.\n"
                });
                Ok(Done { text, complete: proof.broken.is_empty() })
            }
        }
    }
}

/// Lines of a chain, newest first.
pub(crate) fn told(page: &TrailPage) -> String {
    let mut text = String::new();
    for written in &page.lines {
        let _ = match &written.line {
            None => writeln!(text, "{:>6}  (erased)", written.seq),
            Some(line) => {
                let for_whom = line.for_whom.map(|whom| format!(" for {whom}")).unwrap_or_default();
                let (at, act) = (line.at.rfc3339(), line.act.code());
                writeln!(text, "{:>6}  {at}  {}{for_whom}  {act}  {}", written.seq, line.actor, line.detail)
            }
        };
    }
    if page.lines.is_empty() {
        text.push_str("Nothing has happened here yet.\n");
    }
    text
}
