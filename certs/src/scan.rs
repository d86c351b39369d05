//! RELIABILITY T-09: every suite there ever was is offered to every door, byte by byte.
//!
//! No TLS library offers what must be refused, so the ClientHello is written here.

use crate::testing::{NOW, invented_authority, server_identity, stopped_clock};
use crate::{ClientAuth, Identity, ServerIdentity, Service, server_config};
use rustls::{ServerConfig, ServerConnection};
use std::collections::BTreeSet;
use std::sync::Arc;

const SERVICES: [Service; 5] =
    [Service::Mx, Service::Submission, Service::Mailbox, Service::Directory, Service::Web];

/// RELIABILITY §3.1.
const TLS13_SUITES: [u16; 3] = [0x1301, 0x1302, 0x1303];
const ECDSA_SUITES: [u16; 3] = [0xC02B, 0xC02C, 0xCCA9];
const RSA_SUITES: [u16; 3] = [0xC02F, 0xC030, 0xCCA8];

const X25519: u16 = 0x001D;
const P256: u16 = 0x0017;
const P384: u16 = 0x0018;

/// What a client says first.
struct Hello<'a> {
    /// The field of old, and the extension of TLS 1.3 when it is not empty.
    legacy: u16,
    versions: &'a [u16],
    suites: &'a [u16],
    groups: &'a [u16],
    compressions: &'a [u8],
}

/// What the server says to it.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Hello { version: u16, suite: u16, compression: u8 },
    Alert(u8),
}

fn tls12(suites: &[u16]) -> Hello<'_> {
    Hello { legacy: 0x0303, versions: &[], suites, groups: &[X25519, P256, P384], compressions: &[0] }
}

fn tls13(suites: &[u16]) -> Hello<'_> {
    Hello { versions: &[0x0304], ..tls12(suites) }
}

impl Hello<'_> {
    /// One record. RFC 8446 §4.1.2, with what TLS 1.2 wants besides.
    fn record(&self) -> Vec<u8> {
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        let extension = |kind: u16, content: &[u8]| [&kind.to_be_bytes()[..], &sized::<2>(content)].concat();
        let signatures = [0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];
        let name = [&[0][..], &sized::<2>(b"localhost")].concat();
        let mut extensions = vec![
            extension(0, &sized::<2>(&name)),
            extension(10, &sized::<2>(&words(self.groups))),
            extension(11, &[1, 0]),
            extension(13, &sized::<2>(&words(&signatures))),
            extension(23, &[]),
            extension(0xFF01, &[0]),
        ];
        if !self.versions.is_empty() {
            let share = [&X25519.to_be_bytes()[..], &sized::<2>(&[9; 32])].concat();
            extensions.push(extension(43, &sized::<1>(&words(self.versions))));
            extensions.push(extension(45, &[1, 1]));
            extensions.push(extension(51, &sized::<2>(&share)));
        }
        let body = [
            &self.legacy.to_be_bytes()[..],
            &[7; 32],
            &[0],
            &sized::<2>(&words(self.suites)),
            &sized::<1>(self.compressions),
            &sized::<2>(&extensions.concat()),
        ];
        let handshake = [&[1][..], &sized::<3>(&body.concat())].concat();
        [&[22, 3, 1][..], &sized::<2>(&handshake)].concat()
    }
}

/// With its length in front, in `N` octets.
fn sized<const N: usize>(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[4 - N..], content].concat()
}

fn say(server: &Arc<ServerConfig>, hello: &Hello<'_>) -> Said {
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    server.read_tls(&mut hello.record().as_slice()).unwrap();
    let refused = server.process_new_packets().is_err();
    let mut wire = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut wire).unwrap();
    }
    match wire[0] {
        21 => {
            assert!(refused);
            Said::Alert(wire[6])
        }
        22 => {
            assert_eq!(wire[5], 2, "a ServerHello");
            let word = |place: usize| u16::from_be_bytes([wire[place], wire[place + 1]]);
            let after = 9 + 2 + 32 + 1 + usize::from(wire[9 + 2 + 32]);
            let (suite, compression) = (word(after), wire[after + 2]);
            let (mut place, end) = (after + 5, after + 5 + usize::from(word(after + 3)));
            let mut version = word(9);
            while place < end {
                if word(place) == 43 {
                    version = word(place + 4);
                }
                place += 4 + usize::from(word(place + 2));
            }
            Said::Hello { version, suite, compression }
        }
        other => panic!("a record of type {other}"),
    }
}

fn door(identity: &Identity, service: Service) -> Arc<ServerConfig> {
    let identity = ServerIdentity::fixed(vec![identity.clone()]);
    Arc::new(server_config(identity, service, ClientAuth::None, stopped_clock()).unwrap())
}

/// An RSA key, as most certificates of the trust space have.
fn rsa_identity() -> Identity {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key);
    Identity::from_pem(&certificate.unwrap().pem(), &key.serialize_pem(), NOW).unwrap()
}

#[test]
fn only_the_suites_of_our_list_answer_at_any_door() {
    // All that IANA ever gave out, and the ranges between.
    let ranges = [
        0x0000..=0x00FF,
        0x1300..=0x13FF,
        0x5600..=0x5600,
        0xC000..=0xC0FF,
        0xCC00..=0xCCFF,
        0xD000..=0xD0FF,
        0xFE00..=0xFEFF,
    ];
    let all: Vec<u16> = ranges.into_iter().flatten().collect();
    let ecdsa = server_identity(&invented_authority(), "localhost");
    let rsa = rsa_identity();
    for service in SERVICES {
        for (kind, identity, suites) in [("ECDSA", &ecdsa, ECDSA_SUITES), ("RSA", &rsa, RSA_SUITES)] {
            let server = door(identity, service);
            for (version, want) in [(0x0303, suites), (0x0304, TLS13_SUITES)] {
                let mut answered = BTreeSet::new();
                for suite in &all {
                    let offered = [*suite];
                    let hello = if version == 0x0303 { tls12(&offered) } else { tls13(&offered) };
                    match say(&server, &hello) {
                        Said::Alert(_) => {}
                        Said::Hello { version: chosen, suite: taken, compression } => {
                            assert_eq!(
                                (chosen, taken, compression),
                                (version, *suite, 0),
                                "{service:?} {kind}"
                            );
                            answered.insert(taken);
                        }
                    }
                }
                assert_eq!(answered, BTreeSet::from(want), "{service:?} {kind} {version:#06x}");
            }
        }
    }
}

#[test]
fn versions_before_1_2_are_refused_at_every_door() {
    const PROTOCOL_VERSION: u8 = 70;
    let identity = server_identity(&invented_authority(), "localhost");
    let suites = [TLS13_SUITES, ECDSA_SUITES].concat();
    for service in SERVICES {
        let server = door(&identity, service);
        let new = say(&server, &Hello { versions: &[0x0304, 0x0303], ..tls12(&suites) });
        assert!(matches!(new, Said::Hello { version: 0x0304, .. }), "{service:?}: {new:?}");
        let old = say(&server, &tls12(&suites));
        assert!(matches!(old, Said::Hello { version: 0x0303, .. }), "{service:?}: {old:?}");
        for (case, hello) in [
            ("SSL 3", Hello { legacy: 0x0300, ..tls12(&suites) }),
            ("TLS 1.0", Hello { legacy: 0x0301, ..tls12(&suites) }),
            ("TLS 1.1", Hello { legacy: 0x0302, ..tls12(&suites) }),
            ("TLS 1.1 as the extension says it", Hello { versions: &[0x0302, 0x0301], ..tls12(&suites) }),
        ] {
            assert_eq!(say(&server, &hello), Said::Alert(PROTOCOL_VERSION), "{service:?}, {case}");
        }
    }
}

#[test]
fn weak_groups_and_compression_are_refused_at_every_door() {
    let identity = server_identity(&invented_authority(), "localhost");
    for service in SERVICES {
        let server = door(&identity, service);
        for (case, groups) in [
            ("P-192", &[0x0013][..]),
            ("P-224", &[0x0015]),
            ("binary curves", &[0x0001, 0x0009, 0x000E]),
            ("finite fields", &[0x0100, 0x0101, 0x0104]),
        ] {
            let said = say(&server, &Hello { groups, ..tls12(&ECDSA_SUITES) });
            assert!(matches!(said, Said::Alert(_)), "{service:?}, {case}: {said:?}");
        }
        let offered = say(&server, &Hello { compressions: &[1, 0], ..tls12(&ECDSA_SUITES) });
        assert!(matches!(offered, Said::Hello { compression: 0, .. }), "{service:?}: {offered:?}");
        let only = say(&server, &Hello { compressions: &[1], ..tls12(&ECDSA_SUITES) });
        assert!(matches!(only, Said::Alert(_)), "{service:?}: {only:?}");
    }
}

#[test]
fn tickets_live_less_than_a_day_and_carry_no_early_data() {
    let identity = server_identity(&invented_authority(), "localhost");
    for service in SERVICES {
        let server = door(&identity, service);
        assert_eq!(server.max_early_data_size, 0, "{service:?}");
        let lifetime = server.ticketer.enabled().then(|| server.ticketer.lifetime());
        match service {
            Service::Mx => assert_eq!(lifetime, None, "nothing is resumed between operators"),
            Service::Submission | Service::Mailbox | Service::Directory | Service::Web => {
                assert!(lifetime.is_some_and(|seconds| seconds <= 86_400), "{service:?}: {lifetime:?}");
            }
        }
    }
}
