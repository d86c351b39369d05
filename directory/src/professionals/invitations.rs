//! First passwords, and lost ones: an administrator gives a code that serves once.
//!
//! The code proves nothing by itself for long: where sign-in codes go was written by the administrator,
//! so that whoever finds the paper still lacks the second factor (RELIABILITY A-11).

use audit::{Act, Actor};
use db::{Tx, args};
use names::{NationalPersonId, PersonId, Timestamp};

use super::users;
use crate::sealing::Sealing;
use crate::users::Contact;
use crate::{Channel, Directory, Error, WeakPassword, limits, passwords, people};

/// An invitation just made. Nobody can show it again.
pub struct Invitation {
    /// Twelve characters as `xxxx-xxxx-xxxx`.
    pub code: zeroize::Zeroizing<String>,
    /// When it stops counting.
    pub ends: Timestamp,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Invitation(…, {:?})", self.ends)
    }
}

/// What became of an invitation that somebody used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// The password counts from now on; every session before it has ended.
    Chosen,
    /// Identifier or code are not right, or the code is used or too old: one answer for all.
    Refused,
    /// The password breaks the rules; the code is not used up.
    Weak(WeakPassword),
}

/// Base 32 of RFC 4648 §6 in small letters: no 0, 1, 8 or 9 to mistake.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

const RETIRE: &str = "UPDATE professional_invitation SET used = TRUE WHERE person = $1 AND used = FALSE";
const INSERT: &str = "INSERT INTO professional_invitation (id, person, code, created_at, expires_at, used)
    VALUES ($1, $2, $3, $4, $5, FALSE)";
const WIN: &str = "UPDATE professional_invitation SET used = TRUE
    WHERE person = $1 AND code = $2 AND used = FALSE AND expires_at > $3";
const WAITS: &str = "SELECT id FROM professional_invitation
    WHERE person = $1 AND code = $2 AND used = FALSE AND expires_at > $3";

impl Directory {
    /// Invites a professional to choose a password; an invitation before this one stops counting. Where
    /// codes go may be left out when it is known from before.
    pub async fn invite_professional(
        &self,
        national: &NationalPersonId,
        contact: Option<(Channel, String)>,
        by: Actor,
        now: Timestamp,
    ) -> Result<Invitation, Error> {
        let person = {
            let mut tx = self.db().read().await?;
            people::find_by_national_ids(&mut tx, std::slice::from_ref(national)).await?.pop()
        };
        let person = person.ok_or(Error::Unknown("professional"))?.id;
        let (invitation, row) = self.draw_invitation(person, now);
        let unit = Invite {
            directory: self.clone(),
            contact: contact.map(|(channel, destination)| Contact {
                login: national.0.clone(),
                channel,
                destination,
            }),
            row,
            by,
            now,
        };
        self.db().write(unit).await?;
        Ok(invitation)
    }

    /// A fresh code, and what is kept of it.
    pub(crate) fn draw_invitation(&self, person: PersonId, now: Timestamp) -> (Invitation, Row) {
        let code = zeroize::Zeroizing::new(spell(&self.entropy().bytes()));
        let hash = self.sealing().secret_hash(&canonical(&code));
        let row = Row { id: self.db().id(now), person, code: hash, now };
        (Invitation { code, ends: now.plus(limits::INVITATION_LIFE) }, row)
    }

    /// Chooses a password with an invitation. The work is the same whoever the identifier means.
    pub async fn accept_invitation(
        &self,
        login: &str,
        code: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        if let Err(weak) = passwords::check(password, &[]) {
            return Ok(Accepted::Weak(weak));
        }
        let hash = self.sealing().secret_hash(&canonical(code));
        let (person, personal) = {
            let mut tx = self.db().read().await?;
            // No row has id 0: the same statements run for a person who does not exist.
            let person = users::person_of(&mut tx, login).await?.unwrap_or(PersonId(0));
            let waits = tx.maybe_row(WAITS, args![person, hash, now]).await?.is_some();
            let found = people::find(&mut tx, person).await?;
            // Only who holds the code is told that a password names its owner.
            let personal = found.filter(|_| waits).map_or_else(Vec::new, |person| {
                vec![person.given_name, person.family_name, person.national_id.0]
            });
            (person, personal)
        };
        if let Err(weak) = passwords::check(password, &personal) {
            return Ok(Accepted::Weak(weak));
        }
        let hashed = self.hash_password(password).await?;
        let unit = Accept { directory: self.clone(), person, code: hash, hashed, now };
        Ok(if self.db().write(unit).await? { Accepted::Chosen } else { Accepted::Refused })
    }
}

/// What is kept of an invitation.
pub(crate) struct Row {
    id: i64,
    person: PersonId,
    code: [u8; 32],
    now: Timestamp,
}

/// Writes an invitation; those before it stop counting. False when it is not known where codes go.
pub(crate) async fn invite(
    tx: &mut Tx,
    sealing: &Sealing,
    contact: Option<&Contact>,
    row: &Row,
) -> Result<bool, Error> {
    match contact {
        Some(contact) => users::save_contact(tx, sealing, row.person, contact).await?,
        None if users::find(tx, sealing, row.person).await?.is_none() => return Ok(false),
        None => {}
    }
    tx.execute(RETIRE, args![row.person]).await?;
    let ends = row.now.plus(limits::INVITATION_LIFE);
    tx.execute(INSERT, args![row.id, row.person, row.code, row.now, ends]).await?;
    Ok(true)
}

struct Invite {
    directory: Directory,
    contact: Option<Contact>,
    row: Row,
    by: Actor,
    now: Timestamp,
}

impl db::Unit for Invite {
    const NAME: &'static str = "invite a professional";
    type Output = ();
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        if !invite(tx, self.directory.sealing(), self.contact.as_ref(), &self.row).await? {
            return Err(Error::Unknown("address or number for this professional's codes"));
        }
        let detail = format!("invitation={} contact={}", self.row.id, self.contact.is_some());
        let line = self.directory.told_of_person(self.row.person, self.by, Act::Invited, detail, self.now);
        audit::append(tx, &[line]).await?;
        Ok(())
    }
}

struct Accept {
    directory: Directory,
    person: PersonId,
    code: [u8; 32],
    hashed: String,
    now: Timestamp,
}

impl db::Unit for Accept {
    const NAME: &'static str = "accept an invitation";
    type Output = bool;
    type Error = Error;

    async fn run(&mut self, tx: &mut Tx) -> Result<bool, Error> {
        // Of many at once, one finds it unused.
        if tx.execute(WIN, args![self.person, self.code, self.now]).await? != 1 {
            return Ok(false);
        }
        let by = Actor::Person(self.person);
        users::set_password(tx, self.directory.sealing(), self.person, &self.hashed, self.now).await?;
        super::sessions::end_all(tx, self.person, None).await?;
        let line =
            self.directory.told_of_person(self.person, by, Act::PasswordChosen, String::new(), self.now);
        audit::append(tx, &[line]).await?;
        Ok(true)
    }
}

/// Eight octets as three groups of four letters; sixty of their bits are used.
pub(crate) fn spell(bytes: &[u8; 8]) -> String {
    let number = u64::from_be_bytes(*bytes);
    let mut text = String::with_capacity(limits::INVITATION_CHARACTERS + 2);
    for place in 0..limits::INVITATION_CHARACTERS {
        if place > 0 && place % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[(number >> (5 * place) & 31) as usize]));
    }
    text
}

/// The form an invitation is compared in: as typed from paper, without hyphens, spaces and capitals.
pub(crate) fn canonical(code: &str) -> String {
    let kept = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    // Parted from application passwords, which are hashed with the same key.
    format!("invitation:{}", kept.take(64).collect::<String>())
}
