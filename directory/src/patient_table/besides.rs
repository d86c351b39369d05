//! Who has a profile and does not stand in a file that says it names everybody. An import ends nobody's profile
//! (DESIGN §2.5): they are counted, and named for whoever asks.

use std::collections::HashSet;

use db::args;
use names::{Ins, PatientId, ProfileState};

use crate::{Directory, Error, patients};

/// Those whom a list does not name.
#[derive(Clone, Default, Debug)]
pub struct Besides {
    /// Profiles that are announced, created or activated.
    pub living: u64,
    /// Of these, whom the list does not name.
    pub absent: Vec<PatientId>,
}

/// Rows looked at by one statement.
const AT_ONCE: i64 = 5_000;
const NEXT: &str = "SELECT id, state FROM patient WHERE id > $1 ORDER BY id LIMIT $2";

impl Directory {
    /// Whom a list that names these people does not name.
    pub async fn patients_besides(&self, named: &HashSet<PatientId>) -> Result<Besides, Error> {
        let mut besides = Besides::default();
        let mut last = i64::MIN;
        loop {
            // A view for each: none stays open for the time of the whole walk.
            let rows = self.db().read().await?.rows(NEXT, args![last, AT_ONCE]).await?;
            for row in &rows {
                last = row.int(0)?;
                let state = ProfileState::from_code(&row.text(1)?).ok_or(Error::Corrupt("profile state"))?;
                let living = match state {
                    ProfileState::Announced | ProfileState::Created | ProfileState::Activated => true,
                    ProfileState::Opposed | ProfileState::Closed => false,
                };
                besides.living += u64::from(living);
                if living && !named.contains(&PatientId(last)) {
                    besides.absent.push(PatientId(last));
                }
            }
            if rows.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
                return Ok(besides);
            }
        }
    }

    /// The numbers and states of some patients. Take care where these go.
    pub async fn patients_named(&self, ids: &[PatientId]) -> Result<Vec<(Ins, ProfileState)>, Error> {
        let mut tx = self.db().read().await?;
        let found = patients::find(&mut tx, self.sealing(), ids).await?;
        Ok(found.into_iter().map(|known| (known.traits.ins, known.life.recorded)).collect())
    }
}
