//! What the tests of this room share: a whole house below the doors, on each engine.

use crate::{Draft, Incoming, Outcome, Parts, Relay, Source, Visitor};
use db::testing::TestDb;
use directory::trust::{self, Place};
use directory::{Directory, Login, Resolved, Seed, SeedFile};
use mailstore::{Mailstore, Reserve};
use names::{Address, Clock, DistinguishedName, Domain, Entropy, Timestamp};
use seal::MasterKeys;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// 22 November 2026, noon UTC.
pub(crate) const NOON: Timestamp = Timestamp(1_795_348_800_000);

pub(crate) const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";
pub(crate) const CARDIOLOGIST: &str = "paul.ferrand@hopital-saint-roch.mssante.example";
pub(crate) const SECRETARIAT: &str = "cardiologie@hopital-saint-roch.mssante.example";
pub(crate) const PHARMACY: &str = "contact@pharmacie-lilas.mssante.example";

/// The neighbouring clinic of the demonstration is another operator's.
pub(crate) const SURGEON: &str = "chirurgie@clinique-voisine.mssante.example";
/// Another member, and an operator of patients.
pub(crate) const OTHER: &str = "CN=mx.autre.mssante.example,O=AUTRE,C=FR";
pub(crate) const OTHERS_DOCTOR: &str = "dr@autre.mssante.example";
pub(crate) const REGION: &str = "CN=mx.region.example,O=REGION,C=FR";
pub(crate) const FAR_PATIENT: &str = "152039900030303@patients.region.example";

/// Everything below the doors, with the people of the demonstration.
pub(crate) struct House {
    pub(crate) engine: &'static str,
    pub(crate) relay: Relay,
    pub(crate) data: Arc<TestDb>,
    pub(crate) clock: Arc<AtomicI64>,
    _folder: Arc<tempfile::TempDir>,
    _keys: Arc<TestDb>,
}

pub(crate) fn entropy() -> Entropy {
    let next = AtomicU64::new(1);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let word = next.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    })
}

pub(crate) fn master_keys() -> MasterKeys {
    MasterKeys::parse(&format!("1 {}\n", "5a".repeat(32))).unwrap()
}

/// A house on each engine.
pub(crate) async fn houses() -> Vec<House> {
    let mut houses = Vec::new();
    for ((engine, data), (_, keys)) in db::testing::both().await.into_iter().zip(db::testing::both().await) {
        houses.push(house(engine, data, keys).await);
    }
    houses
}

/// Houses that know the other members too.
pub(crate) async fn neighbourhoods() -> Vec<House> {
    let houses = houses().await;
    for house in &houses {
        let unit = house.relay.directory().generation().clone();
        let unit = db::unit("trust others", unit, |generation, tx| {
            Box::pin(async move {
                for (domain, place, name) in [
                    ("autre.mssante.example", Place::Remote, OTHER),
                    ("patients.region.example", Place::RemotePatients, REGION),
                ] {
                    let names = [DistinguishedName::parse(name).unwrap()];
                    trust::save(tx, &Domain::parse(domain).unwrap(), place, &names, NOON).await?;
                }
                generation.bump(tx).await
            })
        });
        house.data.write(unit).await.unwrap();
    }
    houses
}

async fn house(engine: &'static str, data: TestDb, keys: TestDb) -> House {
    let all = [audit::MIGRATIONS, directory::MIGRATIONS, mailstore::MIGRATIONS, crate::MIGRATIONS].concat();
    data.migrate(&all).await.unwrap();
    keys.migrate(mailstore::KEY_MIGRATIONS).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let masters = master_keys();
    let parts = mailstore::Parts {
        db: (*data).clone(),
        keys: (*keys).clone(),
        masters: &masters,
        blobs: folder.path().join("blobs"),
        reserve: Reserve { octets: 0, share: 0 },
        entropy: entropy(),
    };
    let mailstore = Mailstore::open(parts, NOON).await.unwrap();
    let directory = Directory::open((*data).clone(), &masters, entropy()).await.unwrap();
    let file = SeedFile {
        name: "people.toml".to_owned(),
        text: include_str!("../../src/demo/people.toml").to_owned(),
    };
    let applied = directory.import(Seed::read(&[file], NOON), NOON).await.unwrap();
    assert_eq!(applied.faults, []);
    for (account, kind) in applied.accounts_created {
        mailstore.ensure_account(account, kind, NOON).await.unwrap();
    }
    let clock = Arc::new(AtomicI64::new(NOON.0));
    let ticking = Arc::clone(&clock);
    let relay = Relay::new(Parts {
        mailstore,
        directory,
        settings: policy::Settings::default(),
        hostname: Domain::parse("mail.pli.example").unwrap(),
        clock: Clock::new(move || Timestamp(ticking.fetch_add(1, Ordering::SeqCst))),
        entropy: entropy(),
        alerts: Arc::default(),
        queue: crate::queue::Queue::new(&masters, entropy()),
        patients: crate::PatientHashes::new(&masters),
    });
    House { engine, relay, data: Arc::new(data), clock, _folder: Arc::new(folder), _keys: Arc::new(keys) }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

impl House {
    /// The same house under other settings.
    pub(crate) fn with(&self, settings: policy::Settings) -> Self {
        let ticking = Arc::clone(&self.clock);
        let relay = Relay::new(Parts {
            mailstore: self.relay.mailstore().clone(),
            directory: self.relay.directory().clone(),
            queue: self.relay.queue().clone(),
            settings,
            hostname: Domain::parse("mail.pli.example").unwrap(),
            clock: Clock::new(move || Timestamp(ticking.fetch_add(1, Ordering::SeqCst))),
            entropy: entropy(),
            alerts: Arc::default(),
            patients: crate::PatientHashes::new(&master_keys()),
        });
        Self {
            engine: self.engine,
            relay,
            data: Arc::clone(&self.data),
            clock: Arc::clone(&self.clock),
            _folder: Arc::clone(&self._folder),
            _keys: Arc::clone(&self._keys),
        }
    }

    /// The same house as another process on the same databases and folder has it.
    pub(crate) async fn beside(&self) -> Self {
        let next = AtomicU64::new(0x5151_0000_0000_0001);
        let entropy = Entropy::new(move |bytes| {
            for chunk in bytes.chunks_mut(8) {
                let word = next.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
                let mixed = (word ^ (word >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
                chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
            }
        });
        let masters = master_keys();
        let parts = mailstore::Parts {
            db: (**self.data).clone(),
            keys: (**self._keys).clone(),
            masters: &masters,
            blobs: self._folder.path().join("blobs"),
            reserve: Reserve { octets: 0, share: 0 },
            entropy: entropy.clone(),
        };
        let mailstore = Mailstore::open(parts, NOON).await.unwrap();
        let ticking = Arc::clone(&self.clock);
        let relay = Relay::new(Parts {
            mailstore,
            directory: self.relay.directory().clone(),
            queue: self.relay.queue().clone(),
            settings: policy::Settings::default(),
            hostname: Domain::parse("mail.pli.example").unwrap(),
            clock: Clock::new(move || Timestamp(ticking.fetch_add(1, Ordering::SeqCst))),
            entropy,
            alerts: Arc::default(),
            patients: crate::PatientHashes::new(&masters),
        });
        Self {
            engine: self.engine,
            relay,
            data: Arc::clone(&self.data),
            clock: Arc::clone(&self.clock),
            _folder: Arc::clone(&self._folder),
            _keys: Arc::clone(&self._keys),
        }
    }

    /// The store of keys.
    pub(crate) fn keys(&self) -> &db::Db {
        &self._keys
    }

    /// How many notices are due or gone.
    pub(crate) async fn alerts(&self) -> i64 {
        let mut tx = self.data.read().await.unwrap();
        tx.row("SELECT COUNT(*) FROM alert", db::args![]).await.unwrap().int(0).unwrap()
    }

    /// A login as the door would have it, without its password.
    pub(crate) async fn login(&self, mailbox: &str) -> Login {
        let mailbox = self.relay.directory().mailbox(&address(mailbox)).await.unwrap().unwrap();
        let sends = directory::MaySendAs {
            account: mailbox.account,
            address: mailbox.address.clone(),
            display_name: mailbox.display_name(),
            followed: mailbox.followed,
        };
        Login {
            account: mailbox.account,
            address: mailbox.address.clone(),
            kind: mailbox.kind,
            display_name: mailbox.display_name(),
            person: mailbox.person.as_ref().map(|person| person.id),
            person_name: None,
            means: directory::Means::Password(names::CredentialId(1)),
            rights: directory::Rights::Manage,
            may_send_as: vec![sends],
            others: Vec::new(),
            look_again: None,
        }
    }

    /// Sends a letter by the road of the submission door.
    pub(crate) async fn send(&self, from: &str, to: &[&str], letter: &str) -> Outcome {
        let queue = self.relay.queue_id(self.relay.now());
        self.send_as(queue, from, to, letter).await
    }

    /// The same under a given number: what follows a commit whose outcome was lost.
    pub(crate) async fn send_as(
        &self,
        queue: names::QueueId,
        from: &str,
        to: &[&str],
        letter: &str,
    ) -> Outcome {
        let login = self.login(from).await;
        let source = Source::Submission { login: &login, sender: &login.may_send_as[0] };
        let draft = self.draft(queue, &login, to, letter).await;
        self.relay.deliver(&source, draft, self.relay.now()).await.unwrap()
    }

    /// A letter as the submission door hands it in.
    pub(crate) async fn draft(
        &self,
        queue: names::QueueId,
        login: &Login,
        to: &[&str],
        letter: &str,
    ) -> Draft {
        let now = self.relay.now();
        let mut incoming: Incoming = self.relay.begin_letter(now);
        let octets = letter.replace('\n', "\r\n");
        for piece in octets.as_bytes().chunks(1_000) {
            incoming.push(piece).await;
        }
        let mut letter = incoming.finish().await.unwrap();
        let reply_to = crate::identity::check(&letter.head, login, &login.may_send_as[0]).unwrap();
        let trace = wire::smtp::Trace::default();
        self.relay.complete_head(&mut letter.head, &trace, wire::smtp::Origin::Hidden, queue, now);
        let recipients = to.iter().map(|to| address(to)).collect();
        Draft { queue, recipients, reply_to, letter, answering: None, wishes: crate::Wishes::default() }
    }

    /// Somebody at the pages in their own profile.
    pub(crate) async fn visitor(&self, patient: &str) -> Visitor {
        let found = self.relay.directory().resolve(&[address(patient)], self.relay.now()).await.unwrap();
        let [Resolved::Patient(patient)] = &found[..] else { panic!("{patient} is no patient: {found:?}") };
        Visitor {
            account: patient.account,
            address: patient.address.clone(),
            patient: patient.patient,
            name: patient.display_name.clone(),
            actor: patient.patient,
            actor_name: patient.display_name.clone(),
            mandate: None,
        }
    }

    /// The letters in a mailbox's INBOX.
    pub(crate) async fn inbox(&self, mailbox: &str) -> Vec<mailstore::EntryRow> {
        let account = self.account(mailbox).await;
        let inbox = self.relay.mailstore().role_folder_of(account, mailstore::Role::Inbox).await.unwrap();
        self.relay.mailstore().all_entries(account, inbox.id).await.unwrap()
    }

    /// A letter of a mailbox, whole.
    pub(crate) async fn text(&self, mailbox: &str, entry: &mailstore::EntryRow) -> String {
        let account = self.account(mailbox).await;
        self.whole(account, entry.head, entry.body).await
    }

    /// A letter of an account, or of the queue, whole.
    pub(crate) async fn whole(
        &self,
        account: names::AccountId,
        head: names::HeadId,
        body: names::BodyId,
    ) -> String {
        let store = self.relay.mailstore();
        let head = store.header_blocks(account, &[head]).await.unwrap().remove(0).unwrap();
        let mut reader = store.body(account, body).await.unwrap();
        let octets = reader.range(0..u64::MAX).await.unwrap();
        String::from_utf8([&head[..], &octets[..]].concat()).unwrap()
    }

    /// What waits in the queue, in order.
    pub(crate) async fn queued(&self) -> Vec<crate::queue::Leased> {
        let mut tx = self.data.read().await.unwrap();
        self.relay.queue().all(&mut tx).await.unwrap()
    }

    pub(crate) async fn account(&self, mailbox: &str) -> names::AccountId {
        match &self.relay.directory().resolve(&[address(mailbox)], self.relay.now()).await.unwrap()[0] {
            Resolved::Professional(mailbox) => mailbox.account,
            Resolved::Patient(patient) => patient.account,
            other => panic!("{other:?}"),
        }
    }
}
