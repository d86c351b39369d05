//! The directory's LDAP door, opened as configured: the register behind it, the sign-in of the mail doors
//! before it.

use super::doors::Opening;
use certs::{ClientAuth, Service};
use ldap::{Caller, Credentials, Gatekeeper, House, LdapWorld, Refused, Server};
use names::Timestamp;
use net::{ConnInfo, Listener, PeerInfo};
use relay::{Reader, ReadingDoor, SignInRefusal};
use std::sync::Arc;

/// This door's name in logs, metrics and the trail.
const DOOR: &str = "directory";

impl Opening<'_> {
    pub(super) fn ldap(
        &mut self,
        starttls: Option<Listener>,
        implicit: Option<Listener>,
        clients: ClientAuth,
    ) -> anyhow::Result<()> {
        let settings = Arc::new(self.config.ldap.settings());
        let house = House {
            source: self.house.register.clone(),
            settings: Arc::clone(&settings),
            quota: self.house.quota.clone(),
            tally: self.ldap.clone(),
            clock: self.house.clock.clone(),
        };
        let reading = ReadingDoor::new(self.house.relay.clone(), self.entrance(), DOOR);
        let tls = self.tls_for(Service::Directory, clients)?;
        for (listener, door) in self.pair(DOOR, tls, ldap::BUSY, starttls, implicit) {
            let (settings, house, reading) = (Arc::clone(&settings), house.clone(), reading.clone());
            let make = move |connection: &ConnInfo| {
                let peer = connection.peer.ip();
                let world = LdapWorld::new(house.clone(), Porter(reading.reader(peer)), peer);
                (Server::new(Arc::clone(&settings), house.tally.clone()), world)
            };
            self.serve("the directory door", net::serve(listener, door, self.signal.clone(), make));
        }
        Ok(())
    }
}

/// The sign-in of the mail doors, as the directory's door asks it.
struct Porter(Reader);

impl Gatekeeper for Porter {
    fn secured(&mut self, peer: &PeerInfo) {
        self.0.secured(peer);
    }

    async fn enter(&mut self, credentials: Credentials, now: Timestamp) -> Result<Caller, Refused> {
        let login = match credentials {
            Credentials::Password { login, secret } => self.0.by_password(login, secret, now).await,
            Credentials::Certificate(mailbox) => self.0.by_certificate(mailbox, now).await,
        };
        let login = login.map_err(refused)?;
        Ok(Caller { address: login.address.clone(), asker: format!("account:{}", login.account.0) })
    }

    async fn remains(&mut self, now: Timestamp) -> Result<(), Refused> {
        self.0.remains(now).await.map_err(refused)
    }

    fn leave(&mut self) {
        self.0.leave();
    }
}

fn refused(refusal: SignInRefusal) -> Refused {
    match refusal {
        SignInRefusal::Wait(wait) => Refused::Wait(wait),
        SignInRefusal::Wrong => Refused::Wrong,
        SignInRefusal::Unavailable => Refused::Unavailable,
    }
}
