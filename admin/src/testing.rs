//! What the tests share: the rooms on each engine, empty or with the people of the demonstration.

use crate::Admin;
use db::testing::TestDb;
use directory::{Directory, Seed, SeedFile};
use mailstore::{Mailstore, Parts, Reserve};
use names::{Entropy, Timestamp};
use seal::MasterKeys;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// 22 November 2026, noon UTC.
pub(crate) const NOON: Timestamp = Timestamp(1_795_348_800_000);
pub(crate) const PEOPLE: &str = include_str!("../../src/demo/people.toml");

pub(crate) struct House {
    pub(crate) engine: &'static str,
    pub(crate) admin: Admin,
    _databases: [TestDb; 2],
    _folder: tempfile::TempDir,
}

pub(crate) fn seed(text: &str) -> Seed {
    Seed::read(&[SeedFile { name: "people.toml".to_owned(), text: text.to_owned() }], NOON)
}

fn entropy() -> Entropy {
    let next = AtomicU64::new(1);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    })
}

pub(crate) async fn houses() -> Vec<House> {
    let mut houses = Vec::new();
    for ((engine, data), (_, keys)) in db::testing::both().await.into_iter().zip(db::testing::both().await) {
        data.migrate(
            &[audit::MIGRATIONS, directory::MIGRATIONS, mailstore::MIGRATIONS, relay::MIGRATIONS].concat(),
        )
        .await
        .unwrap();
        keys.migrate(mailstore::KEY_MIGRATIONS).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let masters = MasterKeys::parse(&format!("1 {}\n", "5a".repeat(32))).unwrap();
        let parts = Parts {
            db: (*data).clone(),
            keys: (*keys).clone(),
            masters: &masters,
            blobs: folder.path().join("blobs"),
            reserve: Reserve { octets: 0, share: 0 },
            entropy: entropy(),
        };
        let mailstore = Mailstore::open(parts, NOON).await.unwrap();
        let directory = Directory::open((*data).clone(), &masters, entropy()).await.unwrap();
        let relay = relay::Relay::new(relay::Parts {
            mailstore: mailstore.clone(),
            directory: directory.clone(),
            settings: policy::Settings::default(),
            hostname: names::Domain::parse("mail.pli.example").unwrap(),
            clock: names::Clock::new(|| NOON),
            entropy: entropy(),
            alerts: std::sync::Arc::default(),
            queue: relay::queue::Queue::new(&masters, entropy()),
            patients: relay::PatientHashes::new(&masters),
        });
        let register = register::Register::open((*data).clone());
        let admin = Admin {
            directory,
            register,
            mailstore,
            relay,
            entropy: entropy(),
            trust: Arc::default(),
            trail_key: Arc::default(),
        };
        houses.push(House { engine, admin, _databases: [data, keys], _folder: folder });
    }
    houses
}

pub(crate) async fn full_houses() -> Vec<House> {
    let houses = houses().await;
    for house in &houses {
        assert_eq!(house.admin.apply(seed(PEOPLE), NOON).await.unwrap().faults, []);
    }
    houses
}
