//! Patients' sign-in: identifier and password, then six digits sent outside.
//!
//! Step one always answers the same shape, whatever was wrong: nobody learns who exists nor which
//! factor failed (RELIABILITY A-02; ANSSI PG-078 R14). The caller words it so: "if identifier and
//! password are right, a code was just sent to c•••@•••.example".

use audit::{Act, Actor, Chain, Entry, Line};
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use names::{AccountId, PatientId, SessionId, Timestamp};

use crate::one_time_code::{self, Book, Dispatch, NewCode, Try};
use crate::sealing::Sealing;
use crate::sessions::{self, Assurance, NewSession, SignedIn};
use crate::users::{Contact, User};
use crate::{Channel, ClosedSpace, Directory, Error, UserId, limits, mandates, passwords, patients, users};

/// A sign-in that waits for its code; the token goes into the browser's pending cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct Pending {
    /// 256 bits, for [`Directory::check_code`].
    pub token: String,
    /// Where a code would have gone, masked: `c•••@•••.fr`, `•• •• •• •• 78`.
    pub destination: String,
}

/// A code the caller sends at once.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeToSend {
    /// How.
    pub channel: Channel,
    /// Whole address or number.
    pub destination: String,
    /// Six digits.
    pub code: String,
}

/// Answer of step one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Started {
    /// For the browser; always there.
    pub pending: Pending,
    /// For the outside; only when the first factor was right and no limit holds.
    pub code: Option<CodeToSend>,
}

/// Answer of step two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CheckedCode {
    /// Signed in.
    SignedIn(SignedIn),
    /// Not the right code (or the first factor was wrong): another try is left.
    Wrong,
    /// Used, expired, tried too often, or never there: back to step one.
    Over,
    /// Everything was right, and no profile is open to this user; their own is closed, and they may open it
    /// again.
    Closed(ClosedSpace),
    /// Everything was right, but no profile is open to this user any more.
    NoProfile,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Pending(…)")
    }
}

impl std::fmt::Debug for CodeToSend {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "CodeToSend({:?}, …)", self.channel)
    }
}

impl Directory {
    /// Step one: identifier and password.
    pub async fn start_sign_in(&self, login: &str, password: &str, now: Timestamp) -> Result<Started, Error> {
        let user = {
            let mut tx = self.db().read().await?;
            users::find_by_logins(&mut tx, self.sealing(), &[login]).await?.pop()
        };
        let right = self.is_password(password, user.as_ref().map(|user| user.password.clone())).await?;
        let masked = match &user {
            Some(user) => mask(&user.contact),
            None => invented_mask(self.sealing(), login),
        };
        let (token, pending) = fresh_token(self);
        let code = six_digits(self);
        let id = self.db().id(now);
        let holder = user.as_ref().filter(|_| right).map(|user| user.id.0);
        let new = NewCode { id, pending, holder, code: self.sealing().code_hash(id, &code), now };
        // A refusal is told wherever it belongs; an unknown login costs the same line as a known one.
        let refused_of =
            if right { Refused::Nobody } else { Refused::Login(user.as_ref().map(|user| user.id)) };
        let unit = (self.clone(), new, refused_of);
        let dispatch = self
            .db()
            .write(db::unit("start a sign-in", unit, |(directory, new, refused_of), tx| {
                Box::pin(async move {
                    let dispatch = one_time_code::start(tx, Book::Patients, new).await?;
                    match refused_of {
                        Refused::Nobody => {}
                        Refused::Login(user) => {
                            refused(tx, directory, *user, "factor=password", new.now).await?;
                        }
                    }
                    Ok::<_, Error>(dispatch)
                })
            }))
            .await?;
        let code = match (dispatch, user) {
            (Dispatch::Send, Some(User { contact, .. })) => {
                Some(CodeToSend { channel: contact.channel, destination: contact.destination, code })
            }
            (Dispatch::Send, None) | (Dispatch::Keep, _) => None,
        };
        Ok(Started { pending: Pending { token, destination: masked }, code })
    }

    /// Step two: the six digits. Exactly one request signs in with a code, and a new session begins
    /// on the user's own profile, or the first they may open.
    pub async fn check_code(&self, pending: &str, code: &str, now: Timestamp) -> Result<CheckedCode, Error> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
        let (token, token_hash) = fresh_token(self);
        let csrf = URL_SAFE_NO_PAD.encode(self.entropy().bytes::<32>());
        let unit = CheckCode {
            directory: self.clone(),
            pending: sha256(pending.as_bytes()),
            digits,
            session: SessionId(self.db().id(now)),
            token_hash,
            csrf: csrf.clone(),
            now,
        };
        Ok(match self.db().write(unit).await? {
            Checked::Session => CheckedCode::SignedIn(SignedIn { token, csrf }),
            Checked::Wrong => CheckedCode::Wrong,
            Checked::Over => CheckedCode::Over,
            Checked::Closed(space) => CheckedCode::Closed(space),
            Checked::NoProfile => CheckedCode::NoProfile,
        })
    }

    /// Checks the password a signed-in user types again before a sensitive change.
    pub async fn confirm_password(&self, user: UserId, password: &str) -> Result<bool, Error> {
        let user = {
            let mut tx = self.db().read().await?;
            users::find(&mut tx, self.sealing(), user).await?
        };
        self.is_password(password, user.map(|user| user.password)).await
    }

    /// Gives a user another password, if it follows the rules, and ends all their sessions.
    pub async fn set_password(&self, user: UserId, password: &str, now: Timestamp) -> Result<(), Error> {
        let (known, personal) = {
            let mut tx = self.db().read().await?;
            let known = users::find(&mut tx, self.sealing(), user).await?.ok_or(Error::Unknown("user"))?;
            let patient = crate::patients::find(&mut tx, self.sealing(), &[known.patient]).await?.pop();
            let mut personal = vec![known.contact.login.clone(), known.contact.destination.clone()];
            if let Some(patient) = patient {
                personal.extend(patient.names());
                personal.push(patient.traits.birth_date.to_string());
            }
            (known, personal)
        };
        passwords::check(password, &personal).map_err(Error::Password)?;
        let hashed = self.hash_password(password).await?;
        let unit = (self.clone(), User { password: hashed, ..known }, now);
        self.db()
            .write(db::unit("set a patient's password", unit, |(directory, user, now), tx| {
                Box::pin(async move {
                    users::save(tx, directory.sealing(), user, *now).await?;
                    sessions::end_all(tx, user.id, None).await
                })
            }))
            .await
    }

    /// Argon2id of a new password, where blocking is allowed and few run at once.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String, Error> {
        let (password, entropy) = (zeroize::Zeroizing::new(password.to_owned()), self.entropy().clone());
        self.slow(move || passwords::hash(&password, &entropy)).await
    }

    /// Whether it is the password behind `stored`; without any it costs the same and says no.
    pub(crate) async fn is_password(&self, password: &str, stored: Option<String>) -> Result<bool, Error> {
        // Longer ones are nobody's; a shortened one keeps the time of an ordinary wrong password.
        let end = password.floor_char_boundary(limits::PASSWORD_OCTETS);
        let whole = end == password.len();
        let given = zeroize::Zeroizing::new(password[..end].to_owned());
        let right = self.slow(move || passwords::verify(&given, stored.as_deref())).await?;
        Ok(right && whole)
    }
}

/// Whether a first factor was refused, and whose.
enum Refused {
    Nobody,
    Login(Option<UserId>),
}

const OWN_ACCOUNT: &str = "SELECT p.id, p.account FROM patient_user u JOIN patient p ON p.id = u.patient
    WHERE u.id = $1";

/// The chain that tells of a user's sign-ins, and who they are in it.
async fn own_chain(tx: &mut db::Tx, user: UserId) -> Result<(Chain, Actor), db::Error> {
    let row = tx.row(OWN_ACCOUNT, db::args![user]).await?;
    Ok((Chain::Account(AccountId(row.int(1)?)), Actor::Patient(PatientId(row.int(0)?))))
}

/// Tells of a refused sign-in: in the user's chain, or the house's when there is no such user.
async fn refused(
    tx: &mut db::Tx,
    directory: &Directory,
    user: Option<UserId>,
    detail: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let (chain, actor) = match user {
        Some(user) => own_chain(tx, user).await?,
        None => (Chain::System, Actor::System),
    };
    let line = Line { at: now, actor, for_whom: None, act: Act::SignInRefused, detail: detail.to_owned() };
    audit::append(tx, &[Entry::new(chain, line, directory.entropy())]).await?;
    Ok(())
}

struct CheckCode {
    directory: Directory,
    pending: [u8; 32],
    digits: String,
    session: SessionId,
    token_hash: [u8; 32],
    csrf: String,
    now: Timestamp,
}

enum Checked {
    Session,
    Wrong,
    Over,
    Closed(ClosedSpace),
    NoProfile,
}

impl db::Unit for CheckCode {
    const NAME: &'static str = "check a one-time code";
    type Output = Checked;
    type Error = Error;

    async fn run(&mut self, tx: &mut db::Tx) -> Result<Checked, Error> {
        let sealing = self.directory.sealing();
        let tried =
            one_time_code::check(tx, Book::Patients, sealing, &self.pending, &self.digits, self.now).await?;
        let user = match tried {
            Try::Right(user) => UserId(user),
            Try::Wrong(holder) => {
                refused(tx, &self.directory, holder.map(UserId), "factor=code", self.now).await?;
                return Ok(Checked::Wrong);
            }
            Try::Over => return Ok(Checked::Over),
        };
        let profiles = mandates::profiles_of(tx, &self.directory, user, self.now).await?;
        let Some(profile) = profiles.first() else {
            let closed = patients::closed_space(tx, &self.directory, user, self.now).await?;
            return Ok(closed.map_or(Checked::NoProfile, Checked::Closed));
        };
        let session = NewSession {
            id: self.session,
            token: self.token_hash,
            holder: user,
            acting: profile.patient,
            csrf: self.csrf.clone(),
            assurance: Assurance::PasswordAndCode,
            now: self.now,
        };
        sessions::insert(tx, &session).await?;
        let (chain, by) = own_chain(tx, user).await?;
        let detail = format!("session={}", self.session.0);
        let line = Line { at: self.now, actor: by, for_whom: None, act: Act::SignedIn, detail };
        audit::append(tx, &[Entry::new(chain, line, self.directory.entropy())]).await?;
        Ok(Checked::Session)
    }
}

/// 256 fresh bits for a browser, and what is kept of them.
pub(crate) fn fresh_token(directory: &Directory) -> (String, [u8; 32]) {
    let token = URL_SAFE_NO_PAD.encode(directory.entropy().bytes::<32>());
    let hash = sha256(token.as_bytes());
    (token, hash)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Six digits, each value equally likely: 2^64 is so much more than a million that the remainder's
/// bias is below one in 10^13.
pub(crate) fn six_digits(directory: &Directory) -> String {
    format!("{:06}", u64::from_be_bytes(directory.entropy().bytes()) % 1_000_000)
}

/// First letter and country of an address; last two digits of a number.
pub(crate) fn mask(contact: &Contact) -> String {
    match contact.channel {
        Channel::Email => {
            let first = contact.destination.chars().next().unwrap_or('•');
            let country = contact.destination.rsplit('.').next().unwrap_or("");
            format!("{first}•••@•••.{country}")
        }
        Channel::Sms => {
            let digits: Vec<char> = contact.destination.chars().filter(char::is_ascii_digit).collect();
            let last: String = digits[digits.len().saturating_sub(2)..].iter().collect();
            format!("•• •• •• •• {last}")
        }
    }
}

/// A mask for a login nobody has: always the same one for the same login, of the usual shapes.
pub(crate) fn invented_mask(sealing: &Sealing, login: &str) -> String {
    let hash = sealing.login_hash(login);
    let first = char::from(b'a' + hash[0] % 26);
    match hash[1] % 8 {
        0..=3 => format!("{first}•••@•••.fr"),
        4..=6 => format!("{first}•••@•••.com"),
        _ => format!("•• •• •• •• {:02}", hash[2] % 100),
    }
}

#[cfg(test)]
mod tests;
