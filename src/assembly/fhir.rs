//! The directory over FHIR, opened as configured, and what it needs of the house.

use super::doors::{Opening, named};
use anyhow::Context as _;
use certs::Service;
use directory::Directory;
use fhir::{Cause, Change, Client, Denied, Fhir, Gatekeeper, Holder, Publisher, Refused, Settings};
use names::Timestamp;
use net::{Gate, Listener, Tls};
use register::{Alarm, Quota};
use std::net::IpAddr;

/// Characters of a key that the limiter of failed attempts tells keys apart by.
const KEY_BEGINS: usize = 9;

/// Keys, quota and mailboxes, as the door asks for them.
struct Keys {
    directory: Directory,
    gate: Gate,
    quota: Quota,
}

impl Opening<'_> {
    pub(super) fn fhir(&mut self, listener: Option<Listener>) -> anyhow::Result<()> {
        let (Some(listener), Some(settings)) = (listener, &self.config.fhir) else { return Ok(()) };
        let secure = settings.origin.starts_with("https:");
        let tls = if secure { Tls::Implicit(self.tls(Service::Web)?) } else { Tls::Off };
        let key_header = settings.key_header.parse().context("fhir.key_header")?;
        let settings = Settings { base: settings.origin.trim_end_matches('/').to_owned(), key_header };
        let house = self.house;
        let keys = Keys {
            directory: house.relay.directory().clone(),
            gate: self.gate.clone(),
            quota: house.quota.clone(),
        };
        let door = self.door("fhir", tls, b"");
        let fhir = Fhir::new(settings, &house.register, keys, house.clock.clone());
        self.tasks.spawn(named("the directory over FHIR", fhir.serve(listener, door, self.signal.clone())));
        Ok(())
    }
}

impl Gatekeeper for Keys {
    async fn admit(&self, key: &str, from: IpAddr, now: Timestamp) -> Result<Client, Denied> {
        // Whoever guesses keys is slowed down at every door; whoever holds one is not slowed by them.
        let begins: String = key.chars().take(KEY_BEGINS).collect();
        let account = format!("api-key:{begins}");
        self.gate.check_auth(&account, from, now).map_err(|wait| Denied::Wait(wait.0))?;
        match self.directory.api_key(key).await {
            Ok(Some(key)) => {
                self.gate.succeeded(&account, from, now);
                Ok(Client { key: key.id.0, label: key.label, publishes: key.publishes })
            }
            Ok(None) => {
                self.gate.failed(&account, from, now);
                Err(Denied::Unknown)
            }
            Err(error) => Err(Denied::Failed(error.into())),
        }
    }

    async fn spend(&self, client: &Client, entries: u64, now: Timestamp) -> Result<bool, Cause> {
        let granted = self.quota.take(&format!("api-key:{}", client.key), entries, now).await?;
        match granted.alarm {
            Some(Alarm::Half) => tracing::warn!(
                key = client.key,
                label = client.label,
                "half of a day's entries of the directory have been shown to this key"
            ),
            Some(Alarm::All) => tracing::error!(
                key = client.key,
                label = client.label,
                "all of a day's entries of the directory have been shown to this key: somebody copies it"
            ),
            None => {}
        }
        Ok(granted.entries == entries)
    }
}

impl Publisher for Keys {
    async fn publish(
        &self,
        _client: &Client,
        _holder: Holder,
        _changes: Vec<Change>,
        _version: Option<Timestamp>,
        _now: Timestamp,
    ) -> Result<(), Refused> {
        Err(Refused::Rule("mailboxes are not published here yet".to_owned()))
    }
}
