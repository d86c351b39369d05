//! Handshakes in memory, on a stopped clock.

use crate::{
    Anchors, Authority, Identity, Issued, LIST_GRACE, ListOrder, OperatorName, PeerTrust, Revocation,
    RevocationLists,
};
use names::{Clock, Timestamp};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Sun, 22 Nov 2026.
pub(crate) const NOW: Timestamp = Timestamp(1_795_318_467_000);

pub(crate) fn stopped_clock() -> Clock {
    Clock::new(|| NOW)
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct Watch(Arc<AtomicI64>);

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW.0)))
    }

    pub(crate) fn clock(&self) -> Clock {
        let watch = self.clone();
        Clock::new(move || watch.now())
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

/// A root, an authority below it that issues, and their lists of one day.
pub(crate) struct Space {
    pub(crate) root: Authority,
    pub(crate) issuing: Authority,
    pub(crate) lists: Arc<RevocationLists>,
}

impl Space {
    pub(crate) fn new() -> Self {
        let space = Self::without_lists();
        for authority in [&space.root, &space.issuing] {
            space.publish(authority, &[], NOW);
        }
        space
    }

    pub(crate) fn without_lists() -> Self {
        let root = invented_authority();
        let issuing = root.intermediate("Autorité inventée, organisations", None, NOW).unwrap();
        let anchors = Anchors::from_pem(&issuing.chain_pem()).unwrap();
        Self { root, issuing, lists: RevocationLists::new(anchors, LIST_GRACE) }
    }

    pub(crate) fn publish(&self, authority: &Authority, revoked: &[&Issued], now: Timestamp) {
        let serials: Vec<String> = revoked.iter().map(|issued| issued.serial().unwrap()).collect();
        let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
        let list = authority.revocation_list(&ListOrder::daily(&serials, now)).unwrap();
        self.lists.install(&list.der, now).unwrap();
    }

    pub(crate) fn trust(&self) -> PeerTrust {
        let anchors = Arc::clone(self.lists.anchors());
        PeerTrust::new(anchors, Revocation::Required(Arc::clone(&self.lists)))
    }
}

pub(crate) fn identity(issued: &Issued, now: Timestamp) -> Identity {
    Identity::from_pem(&issued.chain_pem, &issued.key_pem, now).unwrap()
}

pub(crate) fn invented_authority() -> Authority {
    Authority::new("Autorité inventée", NOW).unwrap()
}

pub(crate) fn trusting(authority: &Authority, revocation: Revocation) -> PeerTrust {
    PeerTrust::new(Anchors::from_pem(authority.certificate_pem()).unwrap(), revocation)
}

pub(crate) fn invented_operator() -> OperatorName {
    OperatorName {
        common_name: "mx.operateur.example".into(),
        structure: "318310021300028".into(),
        organisation: "GIP Données, Santé".into(),
        department: "Bouches-du-Rhône (13)".into(),
    }
}

pub(crate) fn server_identity(authority: &Authority, name: &str) -> Identity {
    let issued = authority.server(&[name], NOW).unwrap();
    Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap()
}

/// Both ends after a handshake, or the error of whoever refused.
pub(crate) fn shake_hands(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
    name: &str,
) -> Result<(ServerConnection, ClientConnection), rustls::Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    for _ in 0..8 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(!server.is_handshaking() && !client.is_handshaking());
    Ok((server, client))
}
