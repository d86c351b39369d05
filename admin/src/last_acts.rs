//! The last lines of a chain, with who acted by name.

use crate::{Admin, Error};
use audit::{Act, Actor, Chain, Line, Written};
use std::collections::HashMap;

/// Lines that are read for each one shown.
const READ: u32 = 8;

impl Admin {
    /// The last acts told in a chain, newest first; looks of administrators are left out. Names are by the text
    /// of an actor.
    pub(crate) async fn last_acts(
        &self,
        chain: Chain,
        most: u32,
    ) -> Result<(Vec<Line>, HashMap<String, String>), Error> {
        let read = {
            let mut tx = self.mailstore.db().read().await?;
            audit::history(&mut tx, chain, None, READ * most).await?
        };
        let told = |written: &Written| written.line.as_ref().is_some_and(|line| line.act != Act::AdminLooked);
        let shown: Vec<Written> = read.into_iter().filter(told).take(most as usize).collect();
        let mut names = self.names_in(&shown).await?;
        let lines: Vec<Line> = shown.into_iter().filter_map(|written| written.line).collect();
        // Collected before anything is awaited: an adapter that is held across it is not `Send` enough.
        let actors: Vec<Actor> =
            lines.iter().flat_map(|line| [Some(line.actor), line.for_whom]).flatten().collect();
        for actor in actors {
            if let Actor::Administrator(id) = actor
                && !names.contains_key(&actor.to_string())
            {
                let failed = |cause| Error::Directory { what: "naming an administrator", cause };
                let found = self.directory.administrator(id).await.map_err(failed)?;
                names.extend(found.map(|one| (actor.to_string(), one.name)));
            }
        }
        Ok((lines, names))
    }
}
