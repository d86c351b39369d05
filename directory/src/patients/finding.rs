//! How support finds a patient: by the whole of an identity, one at a time, so many times a day. There is no
//! list, no search by a part of a name.

use audit::Actor;
use db::{Tx, args};
use names::{DAY, Timestamp};

use super::patient::identity_hash;
use crate::{Directory, Error, Invited, Patient, limits, patients};

const BY_IDENTITY: &str = "SELECT id FROM patient WHERE identity_hash = $1 ORDER BY id LIMIT 5";
const LOOK: &str = "INSERT INTO patient_look (actor, day, looks) VALUES ($1, $2, 1)
    ON CONFLICT (actor, day) DO UPDATE SET looks = patient_look.looks + 1";
const LOOKS: &str = "SELECT looks FROM patient_look WHERE actor = $1 AND day = $2";
const FORGET: &str = "DELETE FROM patient_look WHERE day < $1";

impl Directory {
    /// The patients of this birth name, first name and date of birth, all three; spelling does not count.
    /// Looking is itself an act that the caller writes down.
    pub async fn patients_by_identity(&self, whom: &Invited) -> Result<Vec<Patient>, Error> {
        let hash = identity_hash(self.sealing(), &whom.birth_name, &whom.given_name, whom.birth_date);
        let mut tx = self.db().read().await?;
        let rows = tx.rows(BY_IDENTITY, args![hash]).await?;
        let ids: Vec<_> =
            rows.iter().map(|row| row.int(0).map(names::PatientId)).collect::<Result<_, db::Error>>()?;
        patients::find(&mut tx, self.sealing(), &ids).await
    }

    /// Counts a look of somebody into the patients' room; false when they have had all of this day.
    pub async fn count_patient_look(&self, by: Actor, now: Timestamp) -> Result<bool, Error> {
        let unit = db::unit("count a look", (by.to_string(), now.0.div_euclid(DAY)), |(actor, day), tx| {
            Box::pin(count(tx, actor, *day))
        });
        Ok(self.db().write(unit).await? <= limits::PATIENT_LOOKS_A_DAY)
    }
}

async fn count(tx: &mut Tx, actor: &str, day: i64) -> Result<i64, db::Error> {
    tx.execute(FORGET, args![day - limits::PATIENT_LOOKS_KEPT]).await?;
    tx.execute(LOOK, args![actor, day]).await?;
    tx.row(LOOKS, args![actor, day]).await?.int(0)
}
