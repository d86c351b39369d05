//! The second parent (DOMAIN §6.1): invited by the first, who types a name and a date of birth, or added by
//! support on proof. Whoever invites learns nothing: an invitation that reaches nobody looks like one that
//! waits (RELIABILITY D-01).

use audit::{Act, Actor, Chain, Entry};
use db::{Row, Tx, Value, args};
use jiff::civil::Date;
use names::{DAY, PatientId, ProfileState, Timestamp};

use super::patient::identity_hash;
use super::{Ground, NoticeKind, notices};
use crate::mandates::{self, Mandate};
use crate::sealing::{Sealed, Sealing};
use crate::users::{self, User};
use crate::{Directory, Error, Patient, Relation, Session, UserId, limits, patients};

/// Whom a parent invites.
#[derive(Clone, PartialEq, Eq)]
pub struct Invited {
    /// Name at birth.
    pub birth_name: String,
    /// First name.
    pub given_name: String,
    /// Date of birth.
    pub birth_date: Date,
}

impl std::fmt::Debug for Invited {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Invited(…)")
    }
}

/// Where an invitation stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RepresentationState {
    /// No answer yet.
    Waiting,
    /// Accepted: both represent the child.
    Accepted,
    /// Declined.
    Refused,
    /// Nobody answered in time.
    Expired,
}

impl RepresentationState {
    fn code(self) -> &'static str {
        match self {
            Self::Waiting | Self::Expired => "waiting",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// An invitation, as one of its two sides sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepresentationLine {
    /// Row id.
    pub id: i64,
    /// The child's name.
    pub child: String,
    /// The other side: whom I invited, as I typed it; or who invites me.
    pub other: String,
    /// Where it stands.
    pub state: RepresentationState,
    /// Since when.
    pub created: Timestamp,
    /// Until when it may be answered.
    pub expires: Timestamp,
}

/// Why somebody does not represent a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RepresentativeRefusal {
    /// Whoever asks does not represent this child.
    NotYours,
    /// The person is of age, or their space is not open.
    NoChild,
    /// The representative has no activated space of their own, or is a minor.
    NoSpace,
    /// They represent the child already, or it is themselves.
    Already,
    /// Too many invitations wait for this child.
    TooMany,
}

const INSERT: &str =
    "INSERT INTO representation (id, child, asked_by, invited, sealed_name, state, created_at,
    expires_at) VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7)";
const WAITING: &str =
    "SELECT COUNT(*) FROM representation WHERE child = $1 AND state = 'waiting' AND expires_at > $2";
const ASKED: &str =
    "SELECT id, child, asked_by, sealed_name, state, created_at, expires_at FROM representation
    WHERE asked_by = $1 ORDER BY created_at DESC, id DESC LIMIT 50";
const RECEIVED: &str =
    "SELECT id, child, asked_by, sealed_name, state, created_at, expires_at FROM representation
    WHERE invited = $1 AND state = 'waiting' AND expires_at > $2 ORDER BY created_at DESC, id DESC LIMIT 50";
const MINE: &str = "SELECT child, asked_by FROM representation
    WHERE id = $1 AND invited = $2 AND state = 'waiting' AND expires_at > $3 {FOR UPDATE}";
const ANSWER: &str = "UPDATE representation SET state = $2, answered_at = $3 WHERE id = $1";
const HOMONYMS: &str = "SELECT u.id, p.id FROM patient p JOIN patient_user u ON u.patient = p.id
    WHERE p.identity_hash = $1 LIMIT 2";
const END_MANDATE: &str = "UPDATE mandate SET ends_at = $3 WHERE patient = $1 AND ends_at IS NULL
    AND holder IN (SELECT id FROM patient_user WHERE patient = $2)";

/// A yes or a no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Accept,
    Refuse,
}

impl Directory {
    /// Invites somebody to represent a child whom the signed-in user represents. The outer error is ours.
    pub async fn invite_representative(
        &self,
        session: &Session,
        child: PatientId,
        whom: &Invited,
        now: Timestamp,
    ) -> Result<Result<(), RepresentativeRefusal>, Error> {
        let unit = (self.clone(), session.clone(), child, whom.clone(), now);
        self.db()
            .write(db::unit("invite a representative", unit, |(directory, session, child, whom, now), tx| {
                Box::pin(invite(tx, directory, session, *child, whom, *now))
            }))
            .await
    }

    /// The invitations a user has sent, latest first.
    pub async fn representations_asked(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<RepresentationLine>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(ASKED, args![user]).await?;
        lines(&mut tx, self.sealing(), &rows, Side::Asked, now).await
    }

    /// The invitations that wait for a user's answer.
    pub async fn representations_received(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<RepresentationLine>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(RECEIVED, args![user, now]).await?;
        lines(&mut tx, self.sealing(), &rows, Side::Received, now).await
    }

    /// Accepts an invitation; false when none of this user's waits under that number.
    pub async fn accept_representation(
        &self,
        session: &Session,
        id: i64,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.answer_representation(session, id, Answer::Accept, now).await
    }

    /// Refuses an invitation; false when none of this user's waits under that number.
    pub async fn refuse_representation(
        &self,
        session: &Session,
        id: i64,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.answer_representation(session, id, Answer::Refuse, now).await
    }

    async fn answer_representation(
        &self,
        session: &Session,
        id: i64,
        answer: Answer,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let unit = (self.clone(), session.clone(), id, answer, now);
        self.db()
            .write(db::unit(
                "answer an invitation to represent a child",
                unit,
                |(directory, session, id, answer, now), tx| {
                    Box::pin(self::answer(tx, directory, session, *id, *answer, *now))
                },
            ))
            .await
    }

    /// Adds a legal representative on proof: what support does. Both are told. The outer error is ours.
    pub async fn add_representative(
        &self,
        child: PatientId,
        representative: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Result<(), RepresentativeRefusal>, Error> {
        let unit = (self.clone(), child, representative, ground.clone(), now);
        self.db()
            .write(db::unit(
                "add a legal representative",
                unit,
                |(directory, child, representative, ground, now), tx| {
                    Box::pin(async move {
                        let child = directory.known_patient(tx, *child).await?;
                        if !is_represented(directory, &child, *now) {
                            return Ok(Err(RepresentativeRefusal::NoChild));
                        }
                        let holder = holder_of(tx, directory, *representative, *now).await?;
                        let Some((holder, own)) = holder else {
                            return Ok(Err(RepresentativeRefusal::NoSpace));
                        };
                        if own.id == child.id || represents(tx, holder.id, child.id, *now).await? {
                            return Ok(Err(RepresentativeRefusal::Already));
                        }
                        give(tx, directory, (&holder, &own), &child, ground, *now).await?;
                        Ok(Ok(()))
                    })
                },
            ))
            .await
    }

    /// Ends the mandate of a legal representative on proof; false when they have none.
    pub async fn remove_representative(
        &self,
        child: PatientId,
        representative: PatientId,
        ground: &Ground,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let unit = (self.clone(), child, representative, ground.clone(), now);
        self.db()
            .write(db::unit(
                "end the mandate of a representative",
                unit,
                |(directory, child, representative, ground, now), tx| {
                    Box::pin(async move {
                        let child = directory.known_patient(tx, *child).await?;
                        if tx.execute(END_MANDATE, args![child.id, *representative, *now]).await? == 0 {
                            return Ok(false);
                        }
                        directory.told_move(tx, &child, Act::RepresentativeEnded, ground, *now).await?;
                        Ok(true)
                    })
                },
            ))
            .await
    }
}

async fn invite(
    tx: &mut Tx,
    directory: &Directory,
    session: &Session,
    child: PatientId,
    whom: &Invited,
    now: Timestamp,
) -> Result<Result<(), RepresentativeRefusal>, Error> {
    let sealing = directory.sealing();
    if child == session.own_patient || !represents(tx, session.user, child, now).await? {
        return Ok(Err(RepresentativeRefusal::NotYours));
    }
    let child = directory.known_patient(tx, child).await?;
    if !is_represented(directory, &child, now) {
        return Ok(Err(RepresentativeRefusal::NoChild));
    }
    if tx.row(WAITING, args![child.id, now]).await?.int(0)? >= limits::REPRESENTATIONS_WAITING {
        return Ok(Err(RepresentativeRefusal::TooMany));
    }
    let hash = identity_hash(sealing, &whom.birth_name, &whom.given_name, whom.birth_date);
    let found = tx.rows(HOMONYMS, args![hash]).await?;
    // Two of one name and birthday: nobody can tell whom is meant, so nobody is asked.
    let mut invited = None;
    if let [one] = &found[..] {
        let (user, patient) = (UserId(one.int(0)?), PatientId(one.int(1)?));
        let holder = holder_of(tx, directory, patient, now).await?;
        let fits = holder.filter(|_| patient != session.own_patient && patient != child.id);
        if let Some((_, own)) = fits
            && !represents(tx, user, child.id, now).await?
        {
            invited = Some((user, own));
        }
    }
    let id = tx.id(now);
    let name = format!("{} {}", whom.given_name, whom.birth_name);
    let sealed = sealing.seal(Sealed::InvitedName, id, name.as_bytes());
    let expires = now.plus(directory.rules().invitation_days * DAY);
    let user = invited.as_ref().map(|(user, _)| user.0);
    tx.execute(INSERT, args![id, child.id, session.user, user, sealed, now, expires]).await?;
    if let Some((_, own)) = &invited {
        notices::tell(tx, directory, own, NoticeKind::RepresentationAsked, now).await?;
    }
    let by = Actor::Patient(session.own_patient);
    let line = directory.line(by, child.id, Act::RepresentativeInvited, format!("representation={id}"), now);
    audit::append(tx, &[Entry::new(Chain::Account(child.account), line, directory.entropy())]).await?;
    Ok(Ok(()))
}

async fn answer(
    tx: &mut Tx,
    directory: &Directory,
    session: &Session,
    id: i64,
    answer: Answer,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(row) = tx.maybe_row(MINE, args![id, session.user, now]).await? else { return Ok(false) };
    let (child, asked_by) = (PatientId(row.int(0)?), UserId(row.int(1)?));
    let child = directory.known_patient(tx, child).await?;
    // What held when the invitation was written must hold now: the child is one, and whoever asked may ask.
    let holds = is_represented(directory, &child, now) && represents(tx, asked_by, child.id, now).await?;
    if !holds {
        return Ok(false);
    }
    let (state, act) = match answer {
        Answer::Accept => (RepresentationState::Accepted, Act::RepresentativeAdded),
        Answer::Refuse => (RepresentationState::Refused, Act::RepresentativeRefused),
    };
    tx.execute(ANSWER, args![id, state.code(), now]).await?;
    match answer {
        Answer::Accept => {
            let Some((holder, own)) = holder_of(tx, directory, session.own_patient, now).await? else {
                return Ok(false);
            };
            give(tx, directory, (&holder, &own), &child, &Ground::own(session.own_patient), now).await?;
        }
        Answer::Refuse => {
            let by = Actor::Patient(session.own_patient);
            let line = directory.line(by, child.id, act, format!("representation={id}"), now);
            audit::append(tx, &[Entry::new(Chain::Account(child.account), line, directory.entropy())])
                .await?;
        }
    }
    Ok(true)
}

/// Writes the mandate, and tells child and representative.
async fn give(
    tx: &mut Tx,
    directory: &Directory,
    (holder, own): (&User, &Patient),
    child: &Patient,
    ground: &Ground,
    now: Timestamp,
) -> Result<(), Error> {
    let mandate = Mandate {
        holder: holder.id,
        patient: child.id,
        relation: Relation::LegalRepresentative,
        starts: now,
        ends: None,
    };
    mandates::save(tx, &mandate).await?;
    for told in [child, own] {
        notices::tell(tx, directory, told, NoticeKind::Represented, now).await?;
    }
    directory.generation().bump(tx).await?;
    let detail = format!("representative={} {}", own.id.0, ground.detail());
    let line = directory.line(ground.by, child.id, Act::RepresentativeAdded, detail, now);
    audit::append(tx, &[Entry::new(Chain::Account(child.account), line, directory.entropy())]).await?;
    Ok(())
}

/// Whether this is a child whose space somebody may act in.
fn is_represented(directory: &Directory, child: &Patient, now: Timestamp) -> bool {
    let open = match child.life.state(now) {
        ProfileState::Created | ProfileState::Activated => true,
        ProfileState::Announced | ProfileState::Opposed | ProfileState::Closed => false,
    };
    open && child.birthday(directory.rules().majority) > now
}

/// The user of an adult whose own space is activated.
async fn holder_of(
    tx: &mut Tx,
    directory: &Directory,
    patient: PatientId,
    now: Timestamp,
) -> Result<Option<(User, Patient)>, Error> {
    let Some(own) = patients::find(tx, directory.sealing(), &[patient]).await?.pop() else { return Ok(None) };
    let fits =
        own.life.state(now) == ProfileState::Activated && own.birthday(directory.rules().majority) <= now;
    let user = users::find_by_patients(tx, directory.sealing(), &[patient]).await?.pop();
    Ok(user.filter(|_| fits).map(|user| (user, own)))
}

async fn represents(tx: &mut Tx, user: UserId, child: PatientId, now: Timestamp) -> Result<bool, Error> {
    let held = mandates::held(tx, &[user]).await?;
    Ok(held.iter().any(|mandate| {
        mandate.patient == child
            && mandate.relation == Relation::LegalRepresentative
            && mandate.starts <= now
            && mandate.ends.is_none_or(|ends| now < ends)
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Asked,
    Received,
}

async fn lines(
    tx: &mut Tx,
    sealing: &Sealing,
    rows: &[Row],
    side: Side,
    now: Timestamp,
) -> Result<Vec<RepresentationLine>, Error> {
    const OWNERS: &str = "SELECT id, patient FROM patient_user WHERE id IN ({})";
    let askers: Vec<Value> =
        rows.iter().map(|row| Ok(row.int(2)?.into())).collect::<Result<_, db::Error>>()?;
    let owners = tx.rows_in(OWNERS, args![], askers).await?;
    let owner_of = |user: i64| owners.iter().find(|row| row.int(0).is_ok_and(|id| id == user));
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let (id, child) = (row.int(0)?, PatientId(row.int(1)?));
        let child = patients::find(tx, sealing, &[child]).await?.pop();
        let other = match side {
            Side::Asked => {
                let name = sealing.open(Sealed::InvitedName, id, row.bytes(3)?)?;
                String::from_utf8(name).map_err(|_| Error::Corrupt("name of somebody invited"))?
            }
            Side::Received => match owner_of(row.int(2)?) {
                Some(owner) => {
                    let own = patients::find(tx, sealing, &[PatientId(owner.int(1)?)]).await?.pop();
                    own.map(|own| own.display_name()).unwrap_or_default()
                }
                None => String::new(),
            },
        };
        let expires = row.time(6)?;
        let state = match row.text(4)?.as_str() {
            "accepted" => RepresentationState::Accepted,
            "refused" => RepresentationState::Refused,
            "waiting" if expires > now => RepresentationState::Waiting,
            "waiting" => RepresentationState::Expired,
            _ => return Err(Error::Corrupt("state of an invitation")),
        };
        lines.push(RepresentationLine {
            id,
            child: child.map(|child| child.display_name()).unwrap_or_default(),
            other,
            state,
            created: row.time(5)?,
            expires,
        });
    }
    Ok(lines)
}
