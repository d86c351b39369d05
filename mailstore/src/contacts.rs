//! Contacts: what a patient's account and a correspondent are to each other (DESIGN §2.5).
//!
//! Kept here, decided in `policy`: this room loads the state of many pairs at once and writes what
//! was decided, whole rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use names::{PartyId, Timestamp};

use crate::{Error, Mailstore};

/// Whether the patient may write.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ContactState {
    /// The correspondent never opened it.
    Never,
    /// Open.
    Open,
    /// Ended by who had opened it.
    Ended,
}

impl ContactState {
    fn code(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Open => "open",
            Self::Ended => "ended",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Never, Self::Open, Self::Ended].into_iter().find(|state| state.code() == code)
    }
}

/// A patient and a correspondent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// The patient's party.
    pub patient: PartyId,
    /// The other side.
    pub correspondent: PartyId,
    /// Whether the patient may write.
    pub state: ContactState,
    /// Who opened it: `[FIN]` of that sender ends it.
    pub opened_by: Option<PartyId>,
    /// Letters before this instant are never answered again.
    pub answerable_from: Option<Timestamp>,
    /// The patient's switch: no access, nothing filed.
    pub no_access: bool,
    /// The patient's switch: letters refused.
    pub refuse_letters: bool,
}

impl Contact {
    /// Two who have never met.
    #[must_use]
    pub fn never(patient: PartyId, correspondent: PartyId) -> Self {
        Self {
            patient,
            correspondent,
            state: ContactState::Never,
            opened_by: None,
            answerable_from: None,
            no_access: false,
            refuse_letters: false,
        }
    }
}

const OF_PATIENT: &str = "SELECT patient, correspondent, state, opened_by, answerable_from, no_access,
    refuse_letters FROM contact WHERE patient = $1 AND correspondent IN ({}) ORDER BY patient, correspondent {FOR UPDATE}";
const OF_CORRESPONDENT: &str = "SELECT patient, correspondent, state, opened_by, answerable_from, no_access,
    refuse_letters FROM contact WHERE correspondent = $1 AND patient IN ({}) ORDER BY patient, correspondent {FOR UPDATE}";
const ALL_OF_PATIENT: &str = "SELECT patient, correspondent, state, opened_by, answerable_from, no_access,
    refuse_letters FROM contact WHERE patient = $1 ORDER BY patient, correspondent {FOR UPDATE}";

impl Mailstore {
    /// The contacts of these (patient, correspondent) pairs, locked for the rest of the unit; a pair
    /// without a row is [`Contact::never`]. One statement for each patient or for each correspondent,
    /// whichever are fewer.
    pub async fn load_contacts(
        &self,
        tx: &mut db::Tx,
        pairs: &[(PartyId, PartyId)],
    ) -> Result<HashMap<(PartyId, PartyId), Contact>, Error> {
        let patients: BTreeSet<_> = pairs.iter().map(|pair| pair.0).collect();
        let correspondents: BTreeSet<_> = pairs.iter().map(|pair| pair.1).collect();
        let by_patient = patients.len() <= correspondents.len();
        let mut groups: BTreeMap<PartyId, BTreeSet<PartyId>> = BTreeMap::new();
        for &(patient, correspondent) in pairs {
            let (one, other) = if by_patient { (patient, correspondent) } else { (correspondent, patient) };
            groups.entry(one).or_default().insert(other);
        }
        let sql = if by_patient { OF_PATIENT } else { OF_CORRESPONDENT };
        let mut found = HashMap::with_capacity(pairs.len());
        for (one, others) in groups {
            let list = others.into_iter().map(db::Value::from).collect();
            for row in tx.rows_in(sql, db::args![one], list).await? {
                let contact = contact(&row)?;
                found.insert((contact.patient, contact.correspondent), contact);
            }
        }
        for &(patient, correspondent) in pairs {
            found.entry((patient, correspondent)).or_insert_with(|| Contact::never(patient, correspondent));
        }
        Ok(found)
    }

    /// Every contact of a patient, locked for the rest of the unit when asked inside one.
    pub async fn contacts_of(&self, tx: &mut db::Tx, patient: PartyId) -> Result<Vec<Contact>, Error> {
        tx.rows(ALL_OF_PATIENT, db::args![patient]).await?.iter().map(contact).collect()
    }

    /// Writes these contacts as they are given; of a pair given twice the last counts.
    ///
    /// `answerable_from` never moves back: a row that did not exist could not be locked, and another
    /// process may have written it with a `[FIN]` since.
    pub async fn write_contacts(
        &self,
        tx: &mut db::Tx,
        contacts: &[Contact],
        now: Timestamp,
    ) -> Result<(), Error> {
        const INSERT: &str = "INSERT INTO contact (patient, correspondent, state, opened_by, answerable_from,
            no_access, refuse_letters, changed_at) VALUES";
        const UPDATE: &str = "ON CONFLICT (patient, correspondent) DO UPDATE SET state = excluded.state,
            opened_by = excluded.opened_by, answerable_from = CASE WHEN excluded.answerable_from IS NULL
            OR contact.answerable_from > excluded.answerable_from THEN contact.answerable_from
            ELSE excluded.answerable_from END,
            no_access = excluded.no_access, refuse_letters = excluded.refuse_letters, changed_at = excluded.changed_at";
        // In order of key: two units that write the same contacts lock them in the same order.
        let last: BTreeMap<_, _> =
            contacts.iter().map(|contact| ((contact.patient, contact.correspondent), contact)).collect();
        let rows = last.into_values().map(|contact| {
            let state = contact.state.code();
            let switches = (contact.no_access, contact.refuse_letters);
            db::args![
                contact.patient,
                contact.correspondent,
                state,
                contact.opened_by,
                contact.answerable_from,
                switches.0,
                switches.1,
                now
            ]
        });
        tx.insert_rows(INSERT, UPDATE, rows.collect()).await?;
        Ok(())
    }
}

fn contact(row: &db::Row) -> Result<Contact, Error> {
    let patient = PartyId(row.int(0)?);
    let state = ContactState::from_code(&row.text(2)?);
    Ok(Contact {
        patient,
        correspondent: PartyId(row.int(1)?),
        state: state.ok_or(Error::Unreadable { what: "a contact of party", id: patient.0 })?,
        opened_by: row.maybe_int(3)?.map(PartyId),
        answerable_from: row.maybe_time(4)?,
        no_access: row.bool(5)?,
        refuse_letters: row.bool(6)?,
    })
}
