//! Whole handshakes: who is believed, who is not, and why.

use super::*;
use crate::testing::{NOW, Space, Watch, identity, invented_authority, invented_operator, shake_hands};
use crate::{
    Alternatives, Authority, ClientAuth, Identity, Issued, LIST_GRACE, OperatorName, Order, Purposes,
    RevocationLists, ServerIdentity, Service, client_config, outgoing_config, server_config,
};
use names::{Clock, DAY, MINUTE};
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, HandshakeKind, ServerConfig};
use std::io::{Read as _, Write as _};

fn stopped() -> Clock {
    Watch::new().clock()
}

/// The MX door of an operator of the space.
fn door(space: &Space, trust: PeerTrust, clock: Clock) -> Arc<ServerConfig> {
    let shown = identity(&space.issuing.server(&["localhost"], NOW).unwrap(), NOW);
    let config =
        server_config(ServerIdentity::fixed(vec![shown]), Service::Mx, ClientAuth::Required(trust), clock);
    Arc::new(config.unwrap())
}

fn caller(space: &Space, shown: Option<&Identity>) -> Arc<ClientConfig> {
    Arc::new(client_config(space.lists.anchors().roots(), shown, stopped()).unwrap())
}

/// `None` when the handshake was accepted.
fn refusal(server: &Arc<ServerConfig>, client: &Arc<ClientConfig>, name: &str) -> Option<Refused> {
    let error = shake_hands(server, client, name).err()?;
    let refusal = Refusal::of(&error).unwrap_or_else(|| panic!("not a refusal of ours: {error:?}"));
    Some(refusal.reason)
}

#[test]
fn every_bad_client_certificate_is_refused_for_its_reason() {
    let space = Space::new();
    let operator = invented_operator();
    let good = Order::operator(&operator, NOW);
    let from = |authority: &Authority, order: &Order<'_>| Some(authority.issue(order).unwrap());
    let stranger = Authority::new("Another authority", NOW).unwrap();
    let forger = invented_authority(); // the same name, another key
    let below = space.root.intermediate("Retired", None, NOW).unwrap();
    let revoked = space.issuing.issue(&good).unwrap();
    space.publish(&space.issuing, &[&revoked], NOW);
    let past = NOW.plus(-400 * DAY);
    let future = NOW.plus(2 * DAY);
    let wrong = Order { purposes: Purposes::Server, ..good.clone() };
    let client_only = Order { purposes: Purposes::Client, ..good.clone() };
    let unsaid = Order { purposes: Purposes::Unsaid, ..good.clone() };
    let nameless = Order { names: Alternatives::None, ..good.clone() };
    let alone = |issued: Issued| {
        let end = issued.chain_pem.find("-----END CERTIFICATE-----\n").unwrap() + 26;
        Some(Issued { chain_pem: issued.chain_pem[..end].to_owned(), key_pem: issued.key_pem })
    };
    let cases = [
        ("good", from(&space.issuing, &good), None),
        ("good, for clients only", from(&space.issuing, &client_only), None),
        ("good, without purpose", from(&space.issuing, &unsaid), None),
        ("good, without alternative names", from(&space.issuing, &nameless), None),
        ("good, straight from the root", from(&space.root, &good), None),
        ("good, sent without its chain", alone(space.issuing.issue(&good).unwrap()), None),
        ("none", None, Some(Refused::NoCertificate)),
        ("self-signed", Some(good.self_signed().unwrap()), Some(Refused::SelfSigned)),
        ("of another authority", from(&stranger, &good), Some(Refused::UnknownIssuer)),
        ("of a forger of our authority", from(&forger, &good), Some(Refused::BadSignature)),
        ("for servers only", from(&space.issuing, &wrong), Some(Refused::WrongPurpose)),
        (
            "expired",
            from(&space.issuing, &Order { from: past, until: NOW.plus(-1_000), ..good.clone() }),
            Some(Refused::Expired),
        ),
        (
            "not yet valid",
            from(&space.issuing, &Order { from: NOW.plus(2_000), until: future.plus(DAY), ..good.clone() }),
            Some(Refused::NotYet),
        ),
        ("revoked", Some(revoked), Some(Refused::Revoked)),
        ("of an authority without a list", from(&below, &good), Some(Refused::RevocationUnknown)),
    ];
    for (case, shown, want) in &cases {
        // An Identity is checked when it is loaded, so it is loaded when its time has come.
        let shown = shown.as_ref().map(|shown| match want {
            Some(Refused::Expired) => identity(shown, past),
            Some(Refused::NotYet) => identity(shown, future),
            _ => identity(shown, NOW),
        });
        let server = door(&space, space.trust(), stopped());
        assert_eq!(refusal(&server, &caller(&space, shown.as_ref()), "localhost"), *want, "{case}");
    }
}

#[test]
fn a_refusal_says_whose_certificate_it_was() {
    let space = Space::new();
    let shown = identity(&invented_authority().operator(&invented_operator(), NOW).unwrap(), NOW);
    let server = door(&space, space.trust(), stopped());
    let error = shake_hands(&server, &caller(&space, Some(&shown)), "localhost").unwrap_err();
    let whose = Refusal::of(&error).unwrap().shown.unwrap();
    assert!(whose.subject.starts_with("CN=mx.operateur.example,OU=318310021300028,"), "{whose:?}");
    assert_eq!(whose.serial, shown.serial);
}

#[test]
fn the_whole_chain_is_looked_up_in_the_lists() {
    let operator = invented_operator();
    for (case, with_root, with_issuing, want) in [
        ("both lists", true, true, None),
        ("no list of the root", false, true, Some(Refused::RevocationUnknown)),
        ("no list of the issuer", true, false, Some(Refused::RevocationUnknown)),
        ("no list at all", false, false, Some(Refused::RevocationUnknown)),
    ] {
        let space = Space::without_lists();
        if with_root {
            space.publish(&space.root, &[], NOW);
        }
        if with_issuing {
            space.publish(&space.issuing, &[], NOW);
        }
        let shown = identity(&space.issuing.operator(&operator, NOW).unwrap(), NOW);
        let server = door(&space, space.trust(), stopped());
        assert_eq!(refusal(&server, &caller(&space, Some(&shown)), "localhost"), want, "{case}");
        let stranger = identity(&Authority::new("X", NOW).unwrap().operator(&operator, NOW).unwrap(), NOW);
        let stranger = refusal(&server, &caller(&space, Some(&stranger)), "localhost");
        assert_eq!(stranger, Some(Refused::UnknownIssuer), "{case}: a stranger is called one");
    }

    let space = Space::new();
    let below = Issued { chain_pem: space.issuing.chain_pem(), key_pem: String::new() };
    space.publish(&space.root, &[&below], NOW.plus(1_000));
    let shown = identity(&space.issuing.operator(&operator, NOW).unwrap(), NOW);
    let server = door(&space, space.trust(), stopped());
    let refused = refusal(&server, &caller(&space, Some(&shown)), "localhost");
    assert_eq!(refused, Some(Refused::Revoked), "the authority between was revoked");
}

/// T-08, first half.
#[test]
fn a_revoked_client_is_refused_once_the_list_is_there_and_an_open_session_stays() {
    let space = Space::new();
    let issued = space.issuing.operator(&invented_operator(), NOW).unwrap();
    let shown = identity(&issued, NOW);
    let server = door(&space, space.trust(), stopped());
    let client = caller(&space, Some(&shown));
    let (mut open, mut peer) = shake_hands(&server, &client, "localhost").unwrap();

    space.publish(&space.issuing, &[&issued], NOW.plus(1_000));
    // The same door, nothing rebuilt.
    assert_eq!(refusal(&server, &client, "localhost"), Some(Refused::Revoked));

    peer.writer().write_all(b"NOOP").unwrap();
    let mut wire = Vec::new();
    peer.write_tls(&mut wire).unwrap();
    open.read_tls(&mut wire.as_slice()).unwrap();
    open.process_new_packets().unwrap();
    let mut heard = [0; 4];
    open.reader().read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"NOOP", "the open session goes on");
}

/// T-08, second half.
#[test]
fn a_list_counts_until_the_end_of_its_grace_and_then_nobody_is_believed() {
    let space = Space::new(); // lists of NOW, next ones promised a day later
    let shown = identity(&space.issuing.operator(&invented_operator(), NOW).unwrap(), NOW);
    let watch = Watch::new();
    let server = door(&space, space.trust(), watch.clock());
    let client = caller(&space, Some(&shown));
    let promised = NOW.plus(DAY);
    for (case, now, want) in [
        ("fresh", NOW, None),
        ("the last moment before the next", promised, None),
        ("a minute in grace", promised.plus(MINUTE), None),
        ("the last minute of grace", promised.plus(LIST_GRACE - MINUTE), None),
        ("after grace", promised.plus(LIST_GRACE + MINUTE), Some(Refused::ListStale)),
    ] {
        watch.set(now);
        assert_eq!(refusal(&server, &client, "localhost"), want, "{case}");
    }
    space.publish(&space.root, &[], watch.now());
    assert_eq!(refusal(&server, &client, "localhost"), Some(Refused::ListStale), "one list of two");
    space.publish(&space.issuing, &[], watch.now());
    assert_eq!(refusal(&server, &client, "localhost"), None, "new lists, nothing rebuilt");
}

#[test]
fn without_lists_the_throwaway_authority_is_believed_all_the_same() {
    let space = Space::without_lists();
    let trust = PeerTrust::new(Arc::clone(space.lists.anchors()), Revocation::Off);
    let shown = identity(&space.issuing.operator(&invented_operator(), NOW).unwrap(), NOW);
    let server = door(&space, trust, stopped());
    assert_eq!(refusal(&server, &caller(&space, Some(&shown)), "localhost"), None);
}

#[test]
fn the_host_we_call_must_be_the_one_we_meant() {
    let space = Space::new();
    let operator = |name: &str| OperatorName { common_name: name.into(), ..invented_operator() };
    let (mx, star) = (operator("mx.operateur.example"), operator("*.operateur.example"));
    let good = Order::operator(&mx, NOW);
    let cn_only = |subject| Order { names: Alternatives::None, ..Order::operator(subject, NOW) };
    let other = Order { names: Alternatives::These(&["other.example"]), ..good.clone() };
    let wild = Order { names: Alternatives::These(&["*.operateur.example"]), ..good.clone() };
    let address = Order { names: Alternatives::These(&["127.0.0.1"]), ..good.clone() };
    let client_only = Order { purposes: Purposes::Client, ..good.clone() };
    let unsaid = Order { purposes: Purposes::Unsaid, ..good.clone() };
    let from = |order: &Order<'_>| space.issuing.issue(order).unwrap();
    let revoked = from(&good);
    space.publish(&space.issuing, &[&revoked], NOW);
    let stranger = Authority::new("Another authority", NOW).unwrap();
    let name = "mx.operateur.example";
    for (case, shown, asked, want) in [
        ("by alternative name", from(&good), name, None),
        ("in capitals", from(&good), "MX.Operateur.example", None),
        ("by a wildcard", from(&wild), name, None),
        ("by CN without alternatives", from(&cn_only(&mx)), name, None),
        ("without purpose", from(&unsaid), name, None),
        ("CN right, alternatives others", from(&other), name, Some(Refused::WrongName)),
        ("CN right, alternative an address", from(&address), name, Some(Refused::WrongName)),
        ("CN of another host", from(&cn_only(&mx)), "mx2.operateur.example", Some(Refused::WrongName)),
        ("a wildcard in the CN", from(&cn_only(&star)), name, Some(Refused::WrongName)),
        ("for clients only", from(&client_only), name, Some(Refused::WrongPurpose)),
        ("revoked", revoked, name, Some(Refused::Revoked)),
        ("of another authority", stranger.issue(&good).unwrap(), name, Some(Refused::UnknownIssuer)),
        ("self-signed", good.self_signed().unwrap(), name, Some(Refused::SelfSigned)),
    ] {
        let server = ServerIdentity::fixed(vec![identity(&shown, NOW)]);
        let server = server_config(server, Service::Mx, ClientAuth::None, stopped()).unwrap();
        let own = ServerIdentity::fixed(Vec::new());
        let client = outgoing_config(space.trust(), own, stopped()).unwrap();
        assert_eq!(refusal(&Arc::new(server), &Arc::new(client), asked), want, "{case}");
    }
}

#[test]
fn on_our_way_out_we_show_what_is_current_and_resume_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let space = Space::new();
    let operator = invented_operator();
    let files = crate::IdentityFiles { chain: dir.path().join("o.pem"), key: dir.path().join("o.key") };
    let renew = || space.issuing.operator(&operator, NOW).unwrap().write(&files.chain, &files.key).unwrap();
    renew();
    let own = ServerIdentity::load(vec![files.clone()], crate::KeyAccess::OwnerOnly, NOW).unwrap();
    let server = door(&space, space.trust(), stopped());
    let client = Arc::new(outgoing_config(space.trust(), Arc::clone(&own), stopped()).unwrap());
    let mut serials = Vec::new();
    for _ in 0..2 {
        let (server, _) = shake_hands(&server, &client, "localhost").unwrap();
        assert_eq!(server.handshake_kind(), Some(HandshakeKind::Full));
        serials.push(crate::PeerInfo::from_chain(server.peer_certificates().unwrap()).unwrap().serial);
        renew();
        own.reload(NOW).unwrap();
    }
    assert_ne!(serials[0], serials[1], "the renewed certificate was shown");
}

/// T-07, the part that certificates show.
#[test]
fn one_key_in_two_certificates_has_one_hash() {
    let space = Space::new();
    let (ours, theirs) = (invented_operator(), OperatorName { structure: "1".into(), ..invented_operator() });
    let first = space.issuing.operator(&ours, NOW).unwrap();
    let stolen = Order { key_pem: Some(&first.key_pem), ..Order::operator(&theirs, NOW) };
    let second = space.issuing.issue(&stolen).unwrap();
    let third = space.issuing.operator(&theirs, NOW).unwrap();
    let [first, second, third] = [first, second, third].map(|issued| {
        let server = door(&space, space.trust(), stopped());
        let client = caller(&space, Some(&identity(&issued, NOW)));
        let (server, _) = shake_hands(&server, &client, "localhost").unwrap();
        crate::PeerInfo::from_chain(server.peer_certificates().unwrap()).unwrap()
    });
    assert_eq!(first.spki, second.spki);
    assert_ne!((&first.subject, &first.serial), (&second.subject, &second.serial));
    assert_ne!(first.spki, third.spki);
}

/// Certificates made with openssl: our provider makes no such keys.
#[test]
fn short_keys_and_keys_that_may_not_sign_are_refused() {
    let all: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(include_bytes!("fixtures/weak/leaves.pem"))
            .map(Result::unwrap)
            .collect();
    let [weak, strong, wrapping] = all.try_into().unwrap();
    let trust =
        PeerTrust::new(Anchors::from_pem(include_str!("fixtures/weak/root.pem")).unwrap(), Revocation::Off);
    let now =
        UnixTime::since_unix_epoch(std::time::Duration::from_millis(NOW.plus(2 * DAY).0.unsigned_abs()));
    for (case, leaf, want) in [
        ("RSA, 2048 bits", strong, Ok(())),
        ("RSA, 1024 bits", weak, Err(Refused::WeakKey)),
        ("a key for wrapping keys", wrapping, Err(Refused::WrongPurpose)),
    ] {
        let judged = trust.judge(&leaf, &[], Purpose::Client, now).map_err(|refusal| refusal.reason);
        assert_eq!(judged, want, "{case}");
    }
    let nonsense = CertificateDer::from(vec![0x30, 0x82, 0xff]);
    let judged = trust.judge(&nonsense, &[], Purpose::Client, now).unwrap_err();
    assert_eq!((judged.reason, judged.shown), (Refused::Unreadable, None));
}

/// An authority with RSA keys and lists made with openssl: what the trust space has.
#[test]
fn certificates_and_lists_of_another_tool_with_rsa_are_judged_alike() {
    let anchors = Anchors::from_pem(include_str!("fixtures/rsa/authorities.pem")).unwrap();
    assert_eq!((anchors.roots().len(), anchors.intermediates().len()), (1, 1));
    assert_eq!(anchors.distribution_points(), ["http://crl.example/root.crl"]);
    let now = NOW.plus(2 * DAY);
    let lists = RevocationLists::new(Arc::clone(&anchors), LIST_GRACE);
    lists.install(include_bytes!("fixtures/rsa/root.crl.pem"), now).unwrap();
    lists.install(include_bytes!("fixtures/rsa/issuing.crl.pem"), now).unwrap();
    let trust = PeerTrust::new(anchors, Revocation::Required(lists));
    let leaves: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(include_bytes!("fixtures/rsa/leaves.pem"))
            .map(Result::unwrap)
            .collect();
    let [good, gone] = leaves.try_into().unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_millis(now.0.unsigned_abs()));
    for (case, leaf, want) in [("good", good, Ok(())), ("revoked", gone, Err(Refused::Revoked))] {
        for purpose in [Purpose::Client, Purpose::Server] {
            let judged = trust.judge(&leaf, &[], purpose, now).map_err(|refusal| refusal.reason);
            assert_eq!(judged, want, "{case}, {purpose:?}");
        }
    }

    let mute = Anchors::from_pem(include_str!("fixtures/rsa/mute.pem")).unwrap();
    let lists = RevocationLists::new(mute, LIST_GRACE);
    let error = lists.install(include_bytes!("fixtures/rsa/mute.crl.pem"), NOW.plus(2 * DAY)).unwrap_err();
    assert!(matches!(error, crate::ListError::NotSigner { .. }), "{error}");
}

#[test]
fn clients_are_told_every_authority_they_may_come_from() {
    let space = Space::new();
    let verifier = crate::verifiers::ClientVerifier::new(space.trust(), crate::verifiers::Presence::Required);
    use rustls::server::danger::ClientCertVerifier as _;
    let hinted: Vec<&[u8]> = verifier.root_hint_subjects().iter().map(AsRef::as_ref).collect();
    let issuers: Vec<&[u8]> =
        space.lists.anchors().issuers().iter().map(|issuer| issuer.raw.as_slice()).collect();
    assert_eq!(hinted, issuers, "DER names with their outer sequence");
    assert_eq!(hinted.len(), 2);
}
