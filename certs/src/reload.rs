//! What a door shows: chosen by the name the client asks for, replaced without dropping a session.

use crate::load::{Identity, KeyAccess, LoadError, load_identity};
use arc_swap::ArcSwap;
use names::Timestamp;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::PathBuf;
use std::sync::Arc;

/// Where one identity is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The chain, leaf first.
    pub chain: PathBuf,
    /// The leaf's private key.
    pub key: PathBuf,
}

/// The server's identities. Shared by all doors; [`ServerIdentity::reload`] changes all of them at
/// once, and the next handshake shows the new certificate.
#[derive(Debug)]
pub struct ServerIdentity {
    files: Vec<IdentityFiles>,
    access: KeyAccess,
    current: ArcSwap<Vec<Identity>>,
}

impl ServerIdentity {
    /// Reads the identities. The first is shown to clients that ask for no name, or for one that
    /// nobody has.
    pub fn load(
        files: Vec<IdentityFiles>,
        access: KeyAccess,
        now: Timestamp,
    ) -> Result<Arc<Self>, LoadError> {
        let current = read_all(&files, access, now)?;
        Ok(Arc::new(Self { files, access, current: ArcSwap::from_pointee(current) }))
    }

    /// Identities without files; [`ServerIdentity::reload`] then changes nothing.
    #[must_use]
    pub fn fixed(identities: Vec<Identity>) -> Arc<Self> {
        let current = ArcSwap::from_pointee(identities);
        Arc::new(Self { files: Vec::new(), access: KeyAccess::OwnerOnly, current })
    }

    /// Reads the files again. If one cannot be used, all of the old identities stay (RELIABILITY
    /// T-13).
    pub fn reload(&self, now: Timestamp) -> Result<(), LoadError> {
        Self::reload_all(&[self], now)
    }

    /// The same for several: all files are read before the first door shows anything new, so that one that
    /// cannot be used leaves every door as it is.
    pub fn reload_all(identities: &[&Self], now: Timestamp) -> Result<(), LoadError> {
        let fresh = identities.iter().map(|identity| read_all(&identity.files, identity.access, now));
        let fresh = fresh.collect::<Result<Vec<_>, _>>()?;
        for (shown, fresh) in identities.iter().zip(fresh).filter(|(_, fresh)| !fresh.is_empty()) {
            for identity in &fresh {
                let until = identity.not_after.rfc3339();
                tracing::info!(serial = identity.serial, until, "server certificate loaded");
            }
            shown.current.store(Arc::new(fresh));
        }
        Ok(())
    }

    /// What is shown now: serials for the operator, expiry for the alarm.
    #[must_use]
    pub fn current(&self) -> Arc<Vec<Identity>> {
        self.current.load_full()
    }
}

impl ResolvesServerCert for ServerIdentity {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let identities = self.current.load();
        let chosen = hello.server_name().and_then(|name| choose(&identities, name));
        chosen.or(identities.first()).map(|identity| Arc::clone(&identity.key))
    }
}

/// On our way out the first is shown, whatever authorities the peer hints at: a peer that does not
/// know ours would refuse us in any case.
impl ResolvesClientCert for ServerIdentity {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.current.load().first().map(|identity| Arc::clone(&identity.key))
    }

    fn has_certs(&self) -> bool {
        !self.current.load().is_empty()
    }
}

/// The identity for a name: exact before wildcard.
fn choose<'a>(identities: &'a [Identity], name: &str) -> Option<&'a Identity> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let has = |wanted: &str| {
        let wanted = wanted.to_owned();
        identities.iter().find(move |identity| identity.names.contains(&wanted))
    };
    // RFC 9525 §6.3: a wildcard stands for the whole left-most label and for nothing else.
    has(&name).or_else(|| name.split_once('.').and_then(|(_, parent)| has(&format!("*.{parent}"))))
}

fn read_all(files: &[IdentityFiles], access: KeyAccess, now: Timestamp) -> Result<Vec<Identity>, LoadError> {
    files.iter().map(|files| load_identity(&files.chain, &files.key, access, now)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, invented_authority, server_identity, shake_hands, stopped_clock};
    use crate::{ClientAuth, PeerInfo, Service, client_config, roots_from_pem, server_config};
    use names::DAY;
    use rustls::{ClientConfig, ServerConfig};

    fn shown(server: &Arc<ServerConfig>, client: &Arc<ClientConfig>, name: &str) -> PeerInfo {
        let (_, client) = shake_hands(server, client, name).unwrap();
        PeerInfo::from_chain(client.peer_certificates().unwrap()).unwrap()
    }

    #[test]
    fn a_reload_shows_the_new_serial_on_the_next_connection_and_a_bad_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let files = IdentityFiles { chain: dir.path().join("s.pem"), key: dir.path().join("s.key") };
        let authority = invented_authority();
        let fresh =
            || authority.server(&["localhost"], NOW).unwrap().write(&files.chain, &files.key).unwrap();
        fresh();
        let identity = ServerIdentity::load(vec![files.clone()], KeyAccess::OwnerOnly, NOW).unwrap();
        let server =
            server_config(Arc::clone(&identity), Service::Mailbox, ClientAuth::None, stopped_clock())
                .unwrap();
        let roots = roots_from_pem(authority.certificate_pem()).unwrap();
        let client = Arc::new(client_config(roots, None, stopped_clock()).unwrap());
        let server = Arc::new(server);
        let first = shown(&server, &client, "localhost").serial;

        fresh();
        assert_eq!(shown(&server, &client, "localhost").serial, first, "not before the reload");
        identity.reload(NOW).unwrap();
        let client = Arc::new(client_config_again(&client));
        let second = shown(&server, &client, "localhost").serial;
        assert_ne!(second, first);
        assert_eq!(identity.current()[0].serial, second);

        let stranger = invented_authority().server(&["localhost"], NOW).unwrap();
        std::fs::write(&files.key, stranger.key_pem).unwrap();
        assert!(matches!(identity.reload(NOW), Err(LoadError::WrongKey { .. })));
        assert_eq!(shown(&server, &client, "localhost").serial, second, "the old one stays");
    }

    #[test]
    fn several_are_reloaded_together_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let authority = invented_authority();
        let files = |name: &str| IdentityFiles {
            chain: dir.path().join(format!("{name}.pem")),
            key: dir.path().join(format!("{name}.key")),
        };
        let write = |files: &IdentityFiles| {
            authority.server(&["localhost"], NOW).unwrap().write(&files.chain, &files.key).unwrap();
        };
        let pairs = [files("doors"), files("operators")];
        let identities = pairs.each_ref().map(|files| {
            write(files);
            ServerIdentity::load(vec![files.clone()], KeyAccess::OwnerOnly, NOW).unwrap()
        });
        let fixed = ServerIdentity::fixed(identities[0].current().to_vec());
        let all = [&*identities[0], &*fixed, &*identities[1]];
        let shown = || all.map(|identity| identity.current()[0].serial.clone());
        let before = shown();
        write(&pairs[0]);
        std::fs::write(&pairs[1].chain, "no certificate").unwrap();
        assert!(ServerIdentity::reload_all(&all, NOW).is_err());
        assert_eq!(shown(), before, "the first was read well, and is not shown");
        write(&pairs[1]);
        ServerIdentity::reload_all(&all, NOW).unwrap();
        let after = shown();
        assert!(after[0] != before[0] && after[1] == before[1] && after[2] != before[2]);
    }

    /// T-13: whatever is wrong with the new pair, the old one is shown on.
    #[test]
    fn no_bad_pair_takes_the_place_of_a_good_one() {
        use std::os::unix::fs::PermissionsExt;
        let authority = invented_authority();
        let fresh = || authority.server(&["localhost"], NOW).unwrap();
        let later = NOW.plus(200 * DAY);
        let other = fresh();
        type Spoil<'a> = Box<dyn Fn(&IdentityFiles) + 'a>;
        let cases: [(&str, Spoil<'_>, &str); 6] = [
            (
                "another's key",
                Box::new(|at| std::fs::write(&at.key, &other.key_pem).unwrap()),
                "does not belong",
            ),
            (
                "nonsense",
                Box::new(|at| std::fs::write(&at.chain, "nonsense").unwrap()),
                "holds no certificate",
            ),
            (
                "half a file",
                Box::new(|at| std::fs::write(&at.chain, &fresh().chain_pem[..400]).unwrap()),
                "damaged",
            ),
            ("no file", Box::new(|at| std::fs::remove_file(&at.key).unwrap()), "cannot read"),
            (
                "a key for everybody",
                Box::new(|at| {
                    std::fs::set_permissions(&at.key, std::fs::Permissions::from_mode(0o644)).unwrap();
                }),
                "chmod 600",
            ),
            (
                "an expired one",
                Box::new(|at| {
                    let past = authority.server(&["localhost"], NOW.plus(-300 * DAY)).unwrap();
                    past.write(&at.chain, &at.key).unwrap();
                }),
                "expired on",
            ),
        ];
        for (case, spoil, want) in cases {
            let dir = tempfile::tempdir().unwrap();
            let files = IdentityFiles { chain: dir.path().join("s.pem"), key: dir.path().join("s.key") };
            fresh().write(&files.chain, &files.key).unwrap();
            let identity = ServerIdentity::load(vec![files.clone()], KeyAccess::OwnerOnly, NOW).unwrap();
            let before = identity.current()[0].serial.clone();
            spoil(&files);
            let error = identity.reload(later).expect_err(case).to_string();
            assert!(error.contains(want), "{case}: {error}");
            assert_eq!(identity.current()[0].serial, before, "{case}");
        }
    }

    /// The same client without tickets: a resumed session shows no certificate at all.
    fn client_config_again(client: &ClientConfig) -> ClientConfig {
        let mut client = client.clone();
        client.resumption = rustls::client::Resumption::disabled();
        client
    }

    #[test]
    fn the_name_a_client_asks_for_chooses_the_certificate() {
        let authority = invented_authority();
        let identities = ["mail.example", "web.example", "*.web.example", "special.web.example"]
            .map(|name| server_identity(&authority, name));
        for (asked, want) in [
            ("web.example", Some("web.example")),
            ("WEB.example.", Some("web.example")),
            ("files.web.example", Some("*.web.example")),
            ("special.web.example", Some("special.web.example")),
            ("a.b.web.example", None),
            ("stranger.example", None),
        ] {
            let chosen = choose(&identities, asked).map(|identity| identity.names[0].as_str());
            assert_eq!(chosen, want, "{asked}");
        }
    }
}
