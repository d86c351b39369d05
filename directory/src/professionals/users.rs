//! The rows of professionals who sign in with a password: where their codes go, the hash of the password.

use db::{Tx, args};
use names::{Address, PersonId, Timestamp};

use crate::sealing::{Sealed, Sealing};
use crate::users::Contact;
use crate::{Error, mailboxes, people, person_reference};

/// A professional with what signing in by password needs.
pub(super) struct ProfessionalUser {
    pub(super) person: PersonId,
    pub(super) contact: Contact,
    /// Argon2id, as a PHC string; none until an invitation was used.
    pub(super) password: Option<String>,
}

const FIND: &str = "SELECT contact, password FROM professional_user WHERE person = $1";
const SAVE_CONTACT: &str = "INSERT INTO professional_user (person, contact, password, password_since)
    VALUES ($1, $2, NULL, NULL) ON CONFLICT (person) DO UPDATE SET contact = excluded.contact";
const SET_PASSWORD: &str =
    "UPDATE professional_user SET password = $2, password_since = $3 WHERE person = $1";

/// Whom an identifier means: a national identifier (RPPS, ADELI, structure/number), or the address of a
/// mailbox of one's own.
pub(super) async fn person_of(tx: &mut Tx, login: &str) -> Result<Option<PersonId>, db::Error> {
    let login = login.trim();
    if let Ok(national) = person_reference(login) {
        return Ok(people::find_by_national_ids(tx, &[national]).await?.pop().map(|person| person.id));
    }
    let Ok(address) = Address::parse(login) else { return Ok(None) };
    let mailbox = mailboxes::find_by_addresses(tx, &[&address]).await?.pop();
    Ok(mailbox.and_then(|mailbox| mailbox.person).map(|person| person.id))
}

pub(super) async fn find(
    tx: &mut Tx,
    sealing: &Sealing,
    person: PersonId,
) -> Result<Option<ProfessionalUser>, Error> {
    let Some(row) = tx.maybe_row(FIND, args![person]).await? else { return Ok(None) };
    let contact = sealing.open(Sealed::ProfessionalContact, person.0, row.bytes(0)?)?;
    let contact = postcard::from_bytes(&contact).map_err(|_| Error::Corrupt("contact of a professional"))?;
    let password = match row.maybe_bytes(1)? {
        None => None,
        Some(sealed) => {
            let password = sealing.open(Sealed::ProfessionalPassword, person.0, sealed)?;
            Some(String::from_utf8(password).map_err(|_| Error::Corrupt("password of a professional"))?)
        }
    };
    Ok(Some(ProfessionalUser { person, contact, password }))
}

pub(super) async fn save_contact(
    tx: &mut Tx,
    sealing: &Sealing,
    person: PersonId,
    contact: &Contact,
) -> Result<(), Error> {
    let plain = postcard::to_stdvec(contact).map_err(|_| Error::Corrupt("contact of a professional"))?;
    let sealed = sealing.seal(Sealed::ProfessionalContact, person.0, &plain);
    tx.execute(SAVE_CONTACT, args![person, sealed]).await?;
    Ok(())
}

pub(super) async fn set_password(
    tx: &mut Tx,
    sealing: &Sealing,
    person: PersonId,
    hashed: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let sealed = sealing.seal(Sealed::ProfessionalPassword, person.0, hashed.as_bytes());
    tx.execute(SET_PASSWORD, args![person, sealed, now]).await?;
    Ok(())
}
