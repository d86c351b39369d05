//! The directory over FHIR, opened as configured, and what it needs of the house.

use super::doors::{Opening, named};
use admin::{Admin, MailboxChange, MailboxHolder, NotPublished};
use anyhow::Context as _;
use audit::Actor;
use certs::Service;
use directory::{Authority, MailboxEntry, MailboxRefusal, Reach, Role, Roles, organisations};
use fhir::{
    Cause, Change, Client, Denied, Description, Fhir, Gatekeeper, Holder, Publisher, Refused, Settings,
};
use names::{Address, ApiKeyId, Timestamp};
use net::{Gate, Listener, Tls};
use register::{Alarm, Quota};
use std::net::IpAddr;

/// Characters of a key that the limiter of failed attempts tells keys apart by.
const KEY_BEGINS: usize = 9;

/// Keys, quota and mailboxes, as the door asks for them.
struct Keys {
    admin: Admin,
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
        let keys = Keys { admin: house.admin(), gate: self.gate.clone(), quota: house.quota.clone() };
        let door = self.door("fhir", tls, b"");
        let fhir = Fhir::new(settings, &house.register, keys, self.fhir.clone(), house.clock.clone());
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
        match self.admin.directory.api_key(key).await {
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
        client: &Client,
        holder: Holder,
        seen: Option<Timestamp>,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let by = self.authority(client).await.map_err(|cause| Refused::Failed(cause.into()))?;
        let addresses: Vec<Address> = changes.iter().map(|change| address(change).clone()).collect();
        let changes = changes.into_iter().map(understood).collect::<Result<Vec<_>, _>>()?;
        let holder = match holder {
            Holder::Person { person, at } => MailboxHolder::Person { person, at },
            Holder::Structure(structure) => MailboxHolder::Structure(structure),
        };
        self.admin.publish(holder, seen, changes, &by, now).await.map_err(|undone| match undone {
            NotPublished::Refused(number, refusal) => {
                let what = addresses.get(number).map_or_else(String::new, ToString::to_string);
                why(refusal, addresses.get(number), &what)
            }
            NotPublished::Changed => Refused::Changed,
            NotPublished::Failed(error) => Refused::Failed(error.into()),
        })
    }
}

impl Keys {
    /// A directory administrator of the structures of a key, and of nothing else.
    async fn authority(&self, client: &Client) -> Result<Authority, db::Error> {
        let mut tx = self.admin.mailstore.db().read().await?;
        let structures = organisations::find_by_national_ids(&mut tx, &client.publishes).await?;
        let reach = Reach::Only(structures.into_iter().map(|own| own.id).collect());
        Ok(Authority::new(Actor::Program(ApiKeyId(client.key)), Roles::of(&[Role::Directory]), reach))
    }
}

fn address(change: &Change) -> &Address {
    match change {
        Change::Create { address, .. } | Change::Describe { address, .. } | Change::Close { address } => {
            address
        }
    }
}

/// A change as the house knows it.
fn understood(change: Change) -> Result<MailboxChange, Refused> {
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(match change {
        Change::Create { address, kind, description: told } => {
            paper(&told)?;
            let entry = MailboxEntry {
                description: said(told.description),
                service: said(told.service),
                responsible: said(told.responsible),
                red_list: told.red_list.unwrap_or(false),
                rank: told.rank.unwrap_or(1),
            };
            MailboxChange::Create { address, kind, entry }
        }
        Change::Describe { address, description: told } => {
            paper(&told)?;
            let Description { description, service, responsible, red_list, rank, paperless: _ } = told;
            MailboxChange::Describe { address, description, service, responsible, red_list, rank }
        }
        Change::Close { address } => MailboxChange::Close { address },
    })
}

/// Mailboxes of this house do not say whether their holders want paper beside.
fn paper(told: &Description) -> Result<(), Refused> {
    match told.paperless {
        Some(true) => Err(Refused::Rule("digitization is not kept for mailboxes of this house".to_owned())),
        Some(false) | None => Ok(()),
    }
}

fn why(refusal: MailboxRefusal, address: Option<&Address>, what: &str) -> Refused {
    let rule = |text: &str| Refused::Rule(format!("{what}: {text}"));
    match refusal {
        MailboxRefusal::NotFound => match address {
            Some(address) => Refused::NoMailbox(address.clone()),
            None => Refused::NotYours,
        },
        MailboxRefusal::Organisation => Refused::NotYours,
        MailboxRefusal::Taken => rule("this address has been given once and is never given again"),
        MailboxRefusal::Domain => rule("this address is not under a domain of this house"),
        MailboxRefusal::Holder => rule("a mailbox of this type has another kind of holder"),
        MailboxRefusal::Person => rule("this professional is not known in this house yet"),
        MailboxRefusal::TooLong => rule("a text is longer than the directory takes, or the rank is none"),
        MailboxRefusal::State => rule("the state of this mailbox does not allow it"),
    }
}
