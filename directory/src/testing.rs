//! What the tests of this room share: a house with invented people, on each engine.

use db::testing::TestDb;
use names::{AccountId, Address, Entropy, PatientId, Timestamp};
use seal::MasterKeys;

use crate::{CheckedCode, Directory, Resolved, ResolvedPatient, Seed, SeedFile, Session, UserId};

/// The moment most tests play at: 22 November 2026, noon UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_348_800_000);

/// Invented people; every name of a patient is a canary that must not be found at rest.
pub(crate) const SEED: &str = include_str!("testing/seed.toml");

/// The mother: activated, signs in, acts for her child and her father.
pub(crate) const MOTHER: &str = "285059900010125";
/// Her child, eight years old at [`NOW`]: born on 23 April 2018.
pub(crate) const CHILD: &str = "118049900020240";
/// Her father, whom she helps.
pub(crate) const FATHER: &str = "152039900030303";
/// Her identifier and her password.
pub(crate) const MOTHER_SIGNS_IN: (&str, &str) = ("zelie.quintard", "Trois-Tulipes-29");

/// A directory over a fresh database.
pub(crate) struct House {
    pub(crate) engine: &'static str,
    pub(crate) directory: Directory,
    /// Keeps the database alive, and its folder to look into.
    pub(crate) db: TestDb,
}

/// An empty house on each engine.
pub(crate) async fn empty_houses() -> Vec<House> {
    let mut houses = Vec::new();
    for (engine, db) in db::testing::both().await {
        db.migrate(&[audit::MIGRATIONS, crate::MIGRATIONS].concat()).await.unwrap();
        let directory = Directory::open((*db).clone(), &keys(), entropy()).await.unwrap();
        houses.push(House { engine, directory, db });
    }
    houses
}

/// A house with the people of [`SEED`] on each engine.
pub(crate) async fn houses() -> Vec<House> {
    let houses = empty_houses().await;
    for house in &houses {
        let applied = house.directory.import(read(SEED), NOW).await.unwrap();
        assert_eq!(applied.faults, [], "{}", house.engine);
    }
    houses
}

/// The same house after a restart.
pub(crate) async fn reopened(house: &House) -> Directory {
    Directory::open((*house.db).clone(), &keys(), entropy()).await.unwrap()
}

pub(crate) fn read(toml: &str) -> Seed {
    read_files(&[("seed.toml", toml)])
}

pub(crate) fn read_files(files: &[(&str, &str)]) -> Seed {
    let file = |(name, text): &(&str, &str)| SeedFile { name: (*name).to_owned(), text: (*text).to_owned() };
    Seed::read(&files.iter().map(file).collect::<Vec<_>>(), NOW)
}

pub(crate) fn keys() -> MasterKeys {
    MasterKeys::parse(&format!("1 {}\n", "5a".repeat(32))).unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Chance for tests: a counter spread by a multiplication, never the same twice.
pub(crate) fn entropy() -> Entropy {
    let next = std::sync::atomic::AtomicU64::new(1);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed);
            let mixed = (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    })
}

impl House {
    pub(crate) async fn patient(&self, ins: &str, now: Timestamp) -> ResolvedPatient {
        let address = address(&format!("{ins}@patient.mssante.example"));
        match self.directory.resolve(&[address], now).await.unwrap().remove(0) {
            Resolved::Patient(patient) => patient,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn patient_id(&self, ins: &str) -> PatientId {
        self.patient(ins, NOW).await.patient
    }

    pub(crate) async fn account(&self, mailbox: &str) -> AccountId {
        self.directory.mailbox(&address(mailbox)).await.unwrap().unwrap().account
    }

    /// The mother signs in at `now`; the token of her cookie.
    pub(crate) async fn signed_in(&self, now: Timestamp) -> String {
        let (login, password) = MOTHER_SIGNS_IN;
        let started = self.directory.start_sign_in(login, password, now).await.unwrap();
        let code = started.code.expect("a code leaves").code;
        match self.directory.check_code(&started.pending.token, &code, now).await.unwrap() {
            CheckedCode::SignedIn(signed_in) => signed_in.token,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn session(&self, token: &str, now: Timestamp) -> Option<Session> {
        self.directory.session(token, now).await.unwrap()
    }

    pub(crate) async fn mother(&self) -> UserId {
        let mut tx = self.db.read().await.unwrap();
        let found =
            crate::users::find_by_logins(&mut tx, self.directory.sealing(), &[MOTHER_SIGNS_IN.0]).await;
        found.unwrap().pop().unwrap().id
    }
}
