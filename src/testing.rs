//! What the tests share: the folder of a server that could start, on each engine.

use crate::assembly::{self, House, Listeners, Server};
use crate::cmd::init;
use crate::config::{Config, Doors};
use clap::Parser as _;
use names::Timestamp;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    init: init::Init,
}

/// A folder made by `pli init --dev`, with free ports.
pub(crate) struct Ground {
    pub(crate) engine: &'static str,
    pub(crate) config: Config,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let line = Line::parse_from(["init", path, "--hostname", "mail.pli.example", "--dev"]);
    init::make(&line.init).unwrap();
    let mut config = Config::load(&folder.path().join("pli.toml")).unwrap();
    let free = "127.0.0.1:0".parse().unwrap();
    config.submission = Doors { starttls: Some(free), implicit: Some(free) };
    config.imap = config.submission;
    (config.ldap.starttls, config.ldap.implicit) = (Some(free), Some(free));
    config.web.as_mut().unwrap().listen = free;
    config.limits.disk_reserve = Some(0);
    config.limits.drain_seconds = 1;
    Ground { engine: "SQLite", config, folder }
}

/// One ground on each engine.
pub(crate) fn grounds() -> Vec<Ground> {
    let mut postgres = ground();
    #[expect(clippy::disallowed_methods, reason = "tests are told their server by scripts/test")]
    let url = std::env::var("PLI_TEST_POSTGRES").expect("PLI_TEST_POSTGRES is set by scripts/test");
    let file = postgres.folder.path().join("keys/postgres-url");
    std::fs::write(&file, url).unwrap();
    postgres.engine = "PostgreSQL";
    postgres.config.database.postgres_url_file = Some(file);
    let unique: [u8; 8] = assembly::entropy().bytes();
    postgres.config.database.schema = Some(format!("p{:x}", u64::from_be_bytes(unique)));
    vec![ground(), postgres]
}

impl Ground {
    pub(crate) async fn house(&self) -> anyhow::Result<House> {
        House::open(&self.config, assembly::clock(), assembly::entropy()).await
    }

    /// The house once whoever held it has let go: the last of its tasks ends a moment after its stop.
    pub(crate) async fn house_again(&self) -> House {
        loop {
            match self.house().await {
                Ok(house) => return house,
                Err(error) if error.is::<assembly::HoldError>() => tokio::task::yield_now().await,
                Err(error) => panic!("{}: {error:#}", self.engine),
            }
        }
    }

    pub(crate) async fn server(&self) -> Server {
        let listeners = Listeners::bind(&self.config).unwrap();
        Server::start(self.house().await.unwrap(), &self.config, listeners, None).await.unwrap()
    }
}

pub(crate) fn now() -> Timestamp {
    assembly::clock().now()
}
