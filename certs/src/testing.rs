//! Handshakes in memory, on a stopped clock.

use crate::{Anchors, Authority, Identity, OperatorName, PeerTrust, Revocation};
use names::{Clock, Timestamp};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use std::sync::Arc;

/// Sun, 22 Nov 2026.
pub(crate) const NOW: Timestamp = Timestamp(1_795_318_467_000);

pub(crate) fn stopped_clock() -> Clock {
    Clock::new(|| NOW)
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
