//! What people are told outside about their profile: rows written with the act they tell, leased by a worker
//! (`relay/src/announce`), settled once. A temporary code stands in its row sealed, and only until it left.

use audit::{Act, Actor, Chain, Entry, Line};
use db::{Row, Tx, args};
use names::{MINUTE, PatientId, Timestamp};
use zeroize::Zeroizing;

use super::{Ground, codes};
use crate::sealing::Sealed;
use crate::{Directory, Error, Patient, patients};

/// What the workers of other processes are told: notices are due.
pub(crate) const WAKE: &str = "profile notices";

/// How long a worker may keep a notice before another takes it over.
const LEASE: i64 = 5 * MINUTE;

/// What is told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoticeKind {
    /// A space will be opened; with the code, and until when one may oppose.
    Announced,
    /// A space is open at once (birth, new affiliation); with the code.
    Opened,
    /// Somebody of the support changed something in the profile.
    Intervened,
    /// The opposition is noted.
    Opposed,
    /// It is withdrawn.
    OppositionWithdrawn,
    /// The space is closed.
    Closed,
    /// It is open again.
    Reopened,
    /// Another parent wants to represent a child with you.
    RepresentationAsked,
    /// Somebody may act for this profile from now on.
    Represented,
}

impl NoticeKind {
    /// Every kind, for tables of texts and tests.
    pub const ALL: [Self; 9] = [
        Self::Announced,
        Self::Opened,
        Self::Intervened,
        Self::Opposed,
        Self::OppositionWithdrawn,
        Self::Closed,
        Self::Reopened,
        Self::RepresentationAsked,
        Self::Represented,
    ];

    /// The stored code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Opened => "opened",
            Self::Intervened => "intervened",
            Self::Opposed => "opposed",
            Self::OppositionWithdrawn => "opposition-withdrawn",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::RepresentationAsked => "representation-asked",
            Self::Represented => "represented",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether it carries a code: such a one goes by post when there is no other way.
    #[must_use]
    pub fn is_welcome(self) -> bool {
        match self {
            Self::Announced | Self::Opened => true,
            Self::Intervened
            | Self::Opposed
            | Self::OppositionWithdrawn
            | Self::Closed
            | Self::Reopened
            | Self::RepresentationAsked
            | Self::Represented => false,
        }
    }
}

/// How it travels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoticeWay {
    /// To an ordinary mailbox.
    Email,
    /// To a mobile phone.
    Sms,
    /// Printed, by post.
    Letter,
}

impl NoticeWay {
    /// The stored code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Letter => "letter",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Email, Self::Sms, Self::Letter].into_iter().find(|way| way.code() == code)
    }
}

/// A notice that a worker holds.
#[derive(Clone, Debug)]
pub struct LeasedNotice {
    /// Row id.
    pub id: i64,
    /// About whom, with where it goes.
    pub patient: Patient,
    /// What is told.
    pub kind: NoticeKind,
    /// How.
    pub way: NoticeWay,
    /// The temporary code, of a kind that carries one.
    pub code: Option<Zeroizing<String>>,
    /// How often it was tried, this time among them.
    pub attempts: u32,
    /// When it was written.
    pub created: Timestamp,
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoticeOutcome {
    /// It has left the house.
    Left,
    /// A letter stands in the folder of letters to print.
    Spooled,
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Why it did not leave.
        why: String,
    },
    /// This way is no way: it goes by post.
    ByPost {
        /// Why.
        why: String,
    },
    /// Given up.
    Failed {
        /// Why.
        why: String,
    },
}

/// Whether letters may be taken: only where there is a folder for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spooling {
    /// They may.
    Yes,
    /// They wait.
    No,
}

/// A letter in the folder of letters to print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpooledLetter {
    /// Its number.
    pub id: i64,
    /// The name of its file, which tells nothing.
    pub file: String,
    /// Since when it lies there.
    pub since: Timestamp,
}

const INSERT: &str =
    "INSERT INTO profile_notice (id, patient, kind, way, state, sealed_code, due_at, created_at,
    lease_until, attempts) VALUES ($1, $2, $3, $4, 'waiting', $5, $6, $6, 0, 0)";
const STALE: &str = "UPDATE profile_notice SET state = 'failed', sealed_code = NULL, settled_at = $2,
    last_error = 'replaced by a newer one' WHERE patient = $1 AND sealed_code IS NOT NULL";
const TAKE: &str = "UPDATE profile_notice SET lease_until = $2, attempts = attempts + 1 WHERE id IN (
        SELECT id FROM profile_notice WHERE state = 'waiting' AND due_at <= $1 AND lease_until <= $1
        AND (way <> 'letter' OR $4) ORDER BY due_at LIMIT $3 {FOR UPDATE} {SKIP LOCKED})
    RETURNING id, patient, kind, way, sealed_code, attempts, created_at";
const NEXT: &str = "SELECT MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END)
    FROM profile_notice WHERE state = 'waiting' AND (way <> 'letter' OR $1)";
const SETTLE: &str =
    "UPDATE profile_notice SET state = $2, way = COALESCE($3, way), due_at = COALESCE($4, due_at),
    settled_at = $5, last_error = $6, lease_until = 0,
    sealed_code = CASE WHEN $2 = 'waiting' THEN sealed_code ELSE NULL END
    WHERE id = $1 AND state = 'waiting'";
const SPOOLED: &str =
    "SELECT id, settled_at FROM profile_notice WHERE state = 'spooled' ORDER BY id LIMIT $1";
const PRINTED: &str = "UPDATE profile_notice SET state = 'sent', settled_at = $2
    WHERE id = $1 AND state = 'spooled' RETURNING patient, kind";
const COUNTS: &str =
    "SELECT way, state, COUNT(*) FROM profile_notice GROUP BY way, state ORDER BY way, state";
const FORGET: &str = "DELETE FROM profile_notice WHERE id IN (SELECT id FROM profile_notice
    WHERE settled_at <= $1 AND state IN ('sent', 'failed') ORDER BY id LIMIT $2)";

/// Gives a profile a fresh code and writes the notice that carries it.
pub(crate) async fn welcome(
    tx: &mut Tx,
    directory: &Directory,
    patient: &Patient,
    kind: NoticeKind,
    now: Timestamp,
) -> Result<(), Error> {
    let code = codes::fresh(directory.entropy());
    codes::issue(tx, directory.sealing(), patient.id, &code, now).await?;
    tx.execute(STALE, args![patient.id, now]).await?;
    let way = if patient.traits.email.is_some() { NoticeWay::Email } else { NoticeWay::Letter };
    write(tx, directory, patient.id, kind, way, Some(&code), now).await
}

/// Writes a notice without a code, if there is anywhere to send it: the mail address of the profile, or else
/// its telephone.
pub(crate) async fn tell(
    tx: &mut Tx,
    directory: &Directory,
    patient: &Patient,
    kind: NoticeKind,
    now: Timestamp,
) -> Result<(), Error> {
    let way = match (&patient.traits.email, &patient.traits.phone) {
        (Some(_), _) => NoticeWay::Email,
        (None, Some(_)) => NoticeWay::Sms,
        (None, None) => return Ok(()),
    };
    write(tx, directory, patient.id, kind, way, None, now).await
}

async fn write(
    tx: &mut Tx,
    directory: &Directory,
    patient: PatientId,
    kind: NoticeKind,
    way: NoticeWay,
    code: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let id = tx.id(now);
    let sealed = code.map(|code| directory.sealing().seal(Sealed::TemporaryCode, id, code.as_bytes()));
    tx.execute(INSERT, args![id, patient, kind.code(), way.code(), sealed, now]).await?;
    let woken = std::sync::Arc::clone(directory.notices_due());
    tx.after_commit(move || woken.notify_one());
    tx.tell_others(WAKE);
    Ok(())
}

impl Directory {
    /// Takes up to `limit` notices that are due; no other worker gets them before the lease ends. The attempt
    /// is counted before the work, so that one that kills its worker does not return for ever.
    pub async fn lease_notices(
        &self,
        limit: u32,
        letters: Spooling,
        now: Timestamp,
    ) -> Result<Vec<LeasedNotice>, Error> {
        let unit = (self.clone(), limit, letters, now);
        self.db()
            .write(db::unit("lease notices about profiles", unit, |(directory, limit, letters, now), tx| {
                Box::pin(async move {
                    let letters = *letters == Spooling::Yes;
                    let taken = tx.rows(TAKE, args![*now, now.plus(LEASE), *limit, letters]).await?;
                    let mut leased = Vec::with_capacity(taken.len());
                    for row in &taken {
                        leased.extend(self::leased(tx, directory, row).await?);
                    }
                    Ok(leased)
                })
            }))
            .await
    }

    /// When the next notice is due; none when nothing waits.
    pub async fn next_notice(&self, letters: Spooling) -> Result<Option<Timestamp>, Error> {
        let mut tx = self.db().read().await?;
        Ok(tx.row(NEXT, args![letters == Spooling::Yes]).await?.maybe_time(0)?)
    }

    /// Ends the lease with what became of the notice. The time to oppose begins when an announcement left.
    pub async fn settle_notice(
        &self,
        notice: &LeasedNotice,
        outcome: NoticeOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        let unit = (self.clone(), notice.id, notice.patient.id, notice.kind, outcome, now);
        self.db()
            .write(db::unit(
                "settle a notice about a profile",
                unit,
                |(directory, id, patient, kind, outcome, now), tx| {
                    Box::pin(settle(tx, directory, (*id, *patient, *kind), outcome, *now))
                },
            ))
            .await
    }

    /// The letters that wait in the folder to be printed, oldest first.
    pub async fn spooled_letters(&self, limit: u32) -> Result<Vec<SpooledLetter>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(SPOOLED, args![limit]).await?;
        rows.iter()
            .map(|row| {
                let id = row.int(0)?;
                let since = row.maybe_time(1)?.unwrap_or_default();
                Ok(SpooledLetter { id, file: self.letter_file(id), since })
            })
            .collect()
    }

    /// Notes that these letters were printed and posted: for those who are announced the time to oppose
    /// begins. Answers those that were waiting, whose files are to be removed.
    pub async fn letters_posted(
        &self,
        letters: &[i64],
        ground: &Ground,
        now: Timestamp,
    ) -> Result<Vec<SpooledLetter>, Error> {
        let unit = (self.clone(), letters.to_vec(), ground.clone(), now);
        self.db()
            .write(db::unit("note letters as posted", unit, |(directory, letters, ground, now), tx| {
                Box::pin(async move {
                    let mut posted = Vec::new();
                    for id in letters {
                        let Some(row) = tx.maybe_row(PRINTED, args![*id, *now]).await? else { continue };
                        let patient = PatientId(row.int(0)?);
                        let kind = kind_in(&row, 1)?;
                        left(tx, directory, (*id, patient, kind), ground.by, *now).await?;
                        posted.push(SpooledLetter { id: *id, file: directory.letter_file(*id), since: *now });
                    }
                    if !posted.is_empty() {
                        directory.generation().bump(tx).await?;
                    }
                    Ok(posted)
                })
            }))
            .await
    }

    /// How many notices about profiles are kept, by way and state.
    pub async fn notice_counts(&self) -> Result<Vec<(String, String, i64)>, Error> {
        let mut tx = self.db().read().await?;
        let rows = tx.rows(COUNTS, args![]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?, row.int(2)?))).collect()
    }

    /// Forgets notices settled at `before` or earlier, a page of them; answers how many.
    pub async fn forget_notices(&self, before: Timestamp, page: u32) -> Result<u64, Error> {
        self.db()
            .write(db::unit("forget old notices about profiles", (before, page), |(before, page), tx| {
                Box::pin(async move { Ok(tx.execute(FORGET, args![*before, *page]).await?) })
            }))
            .await
    }

    /// The name of the file of a letter: the same each time it is written, and telling nothing.
    #[must_use]
    pub fn letter_file(&self, id: i64) -> String {
        let hash = self.sealing().code_hash(id, "file of a letter");
        let name: String = hash[..10].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{name}.pdf")
    }
}

async fn leased(tx: &mut Tx, directory: &Directory, row: &Row) -> Result<Option<LeasedNotice>, Error> {
    let (id, patient) = (row.int(0)?, PatientId(row.int(1)?));
    let Some(patient) = patients::find(tx, directory.sealing(), &[patient]).await?.pop() else {
        return Ok(None);
    };
    let way = NoticeWay::from_code(&row.text(3)?).ok_or(Error::Corrupt("way of a notice"))?;
    let sealed = row.maybe_bytes(4)?;
    let opened =
        sealed.map(|sealed| directory.sealing().open(Sealed::TemporaryCode, id, sealed)).transpose()?;
    let code = opened.map(|code| String::from_utf8(code).map(Zeroizing::new)).transpose();
    Ok(Some(LeasedNotice {
        id,
        patient,
        kind: kind_in(row, 2)?,
        way,
        code: code.map_err(|_| Error::Corrupt("temporary code"))?,
        attempts: u32::try_from(row.int(5)?).unwrap_or(u32::MAX),
        created: row.time(6)?,
    }))
}

fn kind_in(row: &Row, column: usize) -> Result<NoticeKind, Error> {
    NoticeKind::from_code(&row.text(column)?).ok_or(Error::Corrupt("kind of a notice"))
}

async fn settle(
    tx: &mut Tx,
    directory: &Directory,
    notice: (i64, PatientId, NoticeKind),
    outcome: &NoticeOutcome,
    now: Timestamp,
) -> Result<(), Error> {
    let (id, patient, kind) = notice;
    let (state, way, due, settled, error) = match outcome {
        NoticeOutcome::Left => ("sent", None, None, Some(now), None),
        NoticeOutcome::Spooled => ("spooled", None, None, Some(now), None),
        NoticeOutcome::Again { at, why } => ("waiting", None, Some(*at), None, Some(why.as_str())),
        NoticeOutcome::ByPost { why } => {
            ("waiting", Some(NoticeWay::Letter.code()), Some(now), None, Some(why.as_str()))
        }
        NoticeOutcome::Failed { why } => ("failed", None, None, Some(now), Some(why.as_str())),
    };
    if tx.execute(SETTLE, args![id, state, way, due, settled, error]).await? != 1 {
        return Ok(());
    }
    match outcome {
        NoticeOutcome::Left => {
            left(tx, directory, notice, Actor::System, now).await?;
            directory.generation().bump(tx).await.map_err(Error::from)
        }
        NoticeOutcome::Failed { .. } => {
            let Some(known) = patients::find(tx, directory.sealing(), &[patient]).await?.pop() else {
                return Ok(());
            };
            let detail = format!("notice={id} kind={}", kind.code());
            let line = Line { at: now, actor: Actor::System, for_whom: None, act: Act::AlertFailed, detail };
            let entry = Entry::new(Chain::Account(known.account), line, directory.entropy());
            audit::append(tx, &[entry]).await.map_err(Error::from)
        }
        NoticeOutcome::ByPost { .. } => {
            let woken = std::sync::Arc::clone(directory.notices_due());
            tx.after_commit(move || woken.notify_one());
            Ok(())
        }
        NoticeOutcome::Spooled | NoticeOutcome::Again { .. } => Ok(()),
    }
}

/// A notice has left the house: it is told in the chain, and an announced profile counts its days.
async fn left(
    tx: &mut Tx,
    directory: &Directory,
    (id, patient, kind): (i64, PatientId, NoticeKind),
    by: Actor,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(mut known) = patients::find(tx, directory.sealing(), &[patient]).await?.pop() else {
        return Ok(());
    };
    let act = match kind {
        NoticeKind::Announced => {
            let told = known.life.told(now, directory.rules().opposition());
            if told != known.life {
                known.life = told;
                patients::save(tx, directory.sealing(), &known).await?;
            }
            Act::ProfileAnnounced
        }
        NoticeKind::Opened
        | NoticeKind::Intervened
        | NoticeKind::Opposed
        | NoticeKind::OppositionWithdrawn
        | NoticeKind::Closed
        | NoticeKind::Reopened
        | NoticeKind::RepresentationAsked
        | NoticeKind::Represented => Act::AlertSent,
    };
    let detail = format!("notice={id} kind={}", kind.code());
    let line = directory.line(by, patient, act, detail, now);
    let entry = Entry::new(Chain::Account(known.account), line, directory.entropy());
    audit::append(tx, &[entry]).await.map_err(Error::from)
}
