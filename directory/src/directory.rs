//! The room as other rooms hold it: database, keys, chance and the caches, behind one cheap handle.

use std::sync::Arc;

use audit::{Act, Actor, Chain, Entry, Line};
use db::{Db, Tx};
use names::{AccountId, Address, Domain, Entropy, PatientId, Timestamp};
use seal::MasterKeys;
use tokio::sync::{Notify, Semaphore};

use crate::login_cache::LoginCache;
use crate::resolve::ResolveCache;
use crate::scram::Verifier;
use crate::sealing::Sealing;
use crate::trust::{self, Place};
use crate::{Error, Generation, Mailbox, Patient, ProfileEvent, ProfileRules, limits, mailboxes, patients};

/// Who is who and whom we trust. Cheap to clone; all clones share their caches.
#[derive(Clone)]
pub struct Directory(Arc<Inner>, Arc<ProfileRules>);

struct Inner {
    db: Db,
    sealing: Sealing,
    generation: Generation,
    logins: LoginCache,
    resolved: ResolveCache,
    /// Of all verifiers of application passwords.
    salt: [u8; limits::SCRAM_SALT],
    /// What unknown secrets are compared with: same work, never a match.
    nobody: Verifier,
    hashing: Arc<Semaphore>,
    /// Told after each commit that wrote a notice about a profile.
    notices_due: Arc<Notify>,
}

impl Directory {
    /// Opens the room over a database whose migrations ([`crate::MIGRATIONS`]) have run.
    pub async fn open(db: Db, keys: &MasterKeys, entropy: Entropy) -> Result<Self, Error> {
        let salt = salt(&db, &entropy).await?;
        let nobody = Verifier::of(&format!("{:?}", entropy.bytes::<16>()), salt);
        let inner = Inner {
            db,
            logins: LoginCache::new(&entropy),
            sealing: Sealing::new(keys, entropy),
            generation: Generation::default(),
            resolved: ResolveCache::default(),
            salt,
            nobody,
            hashing: Arc::new(Semaphore::new(limits::ARGON2_AT_ONCE)),
            notices_due: Arc::default(),
        };
        let directory = Self(Arc::new(inner), Arc::default());
        directory.notice_changes().await?;
        Ok(directory)
    }

    /// The same room under the operator's rules about profiles.
    #[must_use]
    pub fn under(self, rules: ProfileRules) -> Self {
        Self(self.0, Arc::new(rules))
    }

    /// The operator's rules about profiles.
    #[must_use]
    pub fn rules(&self) -> &ProfileRules {
        &self.1
    }

    /// Told after each commit of this process that wrote a notice about a profile; other processes hear the
    /// word [`Directory::NOTICES`].
    #[must_use]
    pub fn notices_due(&self) -> &Arc<Notify> {
        &self.0.notices_due
    }

    /// What the other processes are told when a notice about a profile was written.
    pub const NOTICES: &'static str = patients::WAKE;

    /// The number that grows with every change; hand it to functions that say "the caller bumps".
    #[must_use]
    pub fn generation(&self) -> &Generation {
        &self.0.generation
    }

    /// Hears of changes that other processes made: call it about once a second where several share
    /// one database. Changes of this process are heard of at their commit.
    pub async fn notice_changes(&self) -> Result<(), Error> {
        let mut tx = self.db().read().await?;
        self.generation().heard(Generation::read(&mut tx).await?);
        Ok(())
    }

    /// The domain our patients' addresses are at, if this house hosts patients.
    pub async fn patient_domain(&self) -> Result<Option<Domain>, Error> {
        let mut tx = self.db().read().await?;
        Ok(trust::domains(&mut tx, Place::LocalPatients).await?.into_iter().next())
    }

    /// The mailboxes of these accounts, as `tx` sees them.
    pub async fn mailboxes_in(&self, tx: &mut Tx, accounts: &[AccountId]) -> Result<Vec<Mailbox>, Error> {
        Ok(mailboxes::find(tx, accounts).await?)
    }

    /// One mailbox by its address.
    pub async fn mailbox(&self, address: &Address) -> Result<Option<Mailbox>, Error> {
        let mut tx = self.db().read().await?;
        Ok(mailboxes::find_by_addresses(&mut tx, &[address]).await?.pop())
    }

    /// The patients with these ids, as `tx` sees them; those unknown are left out.
    pub async fn patients_in(&self, tx: &mut Tx, ids: &[PatientId]) -> Result<Vec<Patient>, Error> {
        patients::find(tx, self.sealing(), ids).await
    }

    /// The patients who own these accounts, as `tx` sees them; those unknown are left out.
    pub async fn patients_by_account_in(
        &self,
        tx: &mut Tx,
        accounts: &[AccountId],
    ) -> Result<Vec<Patient>, Error> {
        patients::find_by_account(tx, self.sealing(), accounts).await
    }

    /// The patient who owns an account: where their alerts go, how they are called.
    pub async fn patient_by_account(&self, account: AccountId) -> Result<Option<Patient>, Error> {
        let mut tx = self.db().read().await?;
        Ok(patients::find_by_account(&mut tx, self.sealing(), &[account]).await?.pop())
    }

    /// Moves a patient's profile on (opposition, closing, reopening…), or says that its state forbids it.
    /// `by` asked for it.
    pub async fn change_profile(
        &self,
        patient: PatientId,
        event: ProfileEvent,
        by: Actor,
        now: Timestamp,
    ) -> Result<Patient, Error> {
        let unit = (self.clone(), patient, event, by, now);
        self.db()
            .write(db::unit(
                "change the state of a profile",
                unit,
                |(directory, patient, event, by, now), tx| {
                    Box::pin(async move {
                        let sealing = directory.sealing();
                        let changed = patients::apply_event(tx, sealing, *patient, *event, *now).await?;
                        directory.generation().bump(tx).await?;
                        let detail = format!("state={}", changed.life.recorded.code());
                        let line = directory.line(*by, changed.id, Act::AccountChanged, detail, *now);
                        let entry = Entry::new(Chain::Account(changed.account), line, directory.entropy());
                        audit::append(tx, &[entry]).await?;
                        Ok(changed)
                    })
                },
            ))
            .await
    }

    /// Says whether a mailbox hears of every letter it sends to a patient: delivered, and not opened after
    /// some days. Whether there is such a mailbox.
    pub async fn follow_letters(
        &self,
        address: &Address,
        followed: bool,
        by: Actor,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let unit = (self.clone(), address.clone(), followed, by, now);
        self.db()
            .write(db::unit(
                "follow the letters of a mailbox",
                unit,
                |(directory, address, followed, by, now), tx| {
                    Box::pin(async move {
                        let found = mailboxes::find_by_addresses(tx, &[&*address]).await?.pop();
                        let Some(mailbox) = found else { return Ok(false) };
                        mailboxes::set_followed(tx, mailbox.account, *followed).await?;
                        directory.generation().bump(tx).await?;
                        let detail = format!("followed={followed}");
                        let line =
                            Line { at: *now, actor: *by, for_whom: None, act: Act::AccountChanged, detail };
                        let entry = Entry::new(Chain::Account(mailbox.account), line, directory.entropy());
                        audit::append(tx, &[entry]).await?;
                        Ok(true)
                    })
                },
            ))
            .await
    }

    /// A line about a patient's space, told with both people when they are two.
    pub(crate) fn line(&self, by: Actor, of: PatientId, act: Act, detail: String, now: Timestamp) -> Line {
        let for_whom = Some(Actor::Patient(of)).filter(|whom| *whom != by);
        Line { at: now, actor: by, for_whom, act, detail }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn sealing(&self) -> &Sealing {
        &self.0.sealing
    }

    pub(crate) fn entropy(&self) -> &Entropy {
        self.0.sealing.entropy()
    }

    pub(crate) fn logins(&self) -> &LoginCache {
        &self.0.logins
    }

    pub(crate) fn resolved(&self) -> &ResolveCache {
        &self.0.resolved
    }

    pub(crate) fn salt(&self) -> [u8; limits::SCRAM_SALT] {
        self.0.salt
    }

    pub(crate) fn nobody(&self) -> &Verifier {
        &self.0.nobody
    }

    /// Runs a slow hash where blocking is allowed; few at once, the others wait their turn.
    pub(crate) async fn slow<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.0.hashing).acquire_owned().await.map_err(|_| Error::Interrupted)?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(|_| Error::Interrupted)?
    }
}

const SALT: &str = "SELECT salt FROM scram_salt WHERE id = 1";
const DRAW_SALT: &str = "INSERT INTO scram_salt (id, salt) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";

/// The salt of this house, drawn the first time it is opened (docs/adr/0019-one-salt.md).
async fn salt(db: &Db, entropy: &Entropy) -> Result<[u8; limits::SCRAM_SALT], Error> {
    let kept = db.read().await?.maybe_row(SALT, db::args![]).await?;
    let row = match kept {
        Some(row) => row,
        None => {
            let drawn: [u8; limits::SCRAM_SALT] = entropy.bytes();
            let unit = db::unit("draw the salt of the house", drawn, |drawn, tx| {
                Box::pin(async move {
                    tx.execute(DRAW_SALT, db::args![drawn.to_vec()]).await?;
                    tx.row(SALT, db::args![]).await
                })
            });
            db.write(unit).await?
        }
    };
    row.bytes(0)?.try_into().map_err(|_| Error::Corrupt("salt"))
}
