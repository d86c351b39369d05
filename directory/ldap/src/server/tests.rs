//! The machine as a client sees it: whole, cut at every byte, and from people who mean harm.

use std::sync::atomic::Ordering;

use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapAddRequest, LdapBindCred, LdapBindRequest, LdapCompareRequest, LdapExtendedRequest,
    LdapModifyDNRequest, LdapModifyRequest, LdapMsg, LdapOp, LdapResultCode as Code, LdapSearchScope as In,
    SaslCredentials,
};
use proptest::prelude::*;
use wire::{Input, TlsFacts};

use super::*;
use crate::ber::Writer;
use crate::message::{CANCEL, STARTTLS, WHO_AM_I};
use crate::testing::{
    BASE, Bench, HOLDERS, LOGIN, PASSWORD, Start, bind, changed, code, encoded, names, read_all, search,
};

fn extended(name: &str, value: Option<Vec<u8>>) -> LdapMsg {
    LdapMsg::new(7, LdapOp::ExtendedRequest(LdapExtendedRequest { name: name.to_owned(), value }))
}

fn compare(dn: &str, name: &str, value: &[u8]) -> LdapMsg {
    let request = LdapCompareRequest { dn: dn.to_owned(), atype: name.to_owned(), val: value.to_vec() };
    LdapMsg::new(8, LdapOp::CompareRequest(request))
}

fn sasl(mechanism: &str, credentials: &str) -> LdapMsg {
    let cred = LdapBindCred::SASL(SaslCredentials {
        mechanism: mechanism.to_owned(),
        credentials: credentials.as_bytes().to_vec(),
    });
    LdapMsg::new(9, LdapOp::BindRequest(LdapBindRequest { version: 3, dn: String::new(), cred }))
}

/// The values of an attribute of the only entry found.
fn values(found: &[LdapMsg], name: &str) -> Vec<String> {
    let LdapOp::SearchResultEntry(entry) = &found[0].op else { panic!("{found:?}") };
    let attribute = entry.attributes.iter().find(|attribute| attribute.atype == name);
    attribute.map_or_else(Vec::new, |attribute| {
        attribute.vals.iter().map(|value| String::from_utf8(value.clone()).unwrap()).collect()
    })
}

#[tokio::test]
async fn a_mailbox_and_its_application_password_open_the_directory() {
    let named = format!("mail={LOGIN},{BASE}");
    let wide = format!("UID={}, OU=Bal , O=MSSante, C=FR", LOGIN.to_uppercase());
    for (case, start, name, password, want) in [
        ("address", Start::Secured, LOGIN, PASSWORD, Code::Success),
        ("name of the entry", Start::Secured, &named, PASSWORD, Code::Success),
        ("the same in another layout", Start::Secured, &wide, PASSWORD, Code::Success),
        ("wrong password", Start::Secured, LOGIN, "x", Code::InvalidCredentials),
        ("unknown login", Start::Secured, "nobody@x.example", PASSWORD, Code::InvalidCredentials),
        ("no address", Start::Secured, "*)(uid=*", PASSWORD, Code::InvalidCredentials),
        ("too many guesses", Start::Secured, "impatient", "x", Code::Busy),
        ("no password", Start::Secured, LOGIN, "", Code::UnwillingToPerform),
        ("nobody", Start::Secured, "", "", Code::Success),
        ("in the clear", Start::Clear, LOGIN, PASSWORD, Code::ConfidentialityRequired),
    ] {
        let mut bench = Bench::new(start).await;
        assert_eq!(bench.bind(name, password).await, want, "{case}");
        let (_, after) = bench.search("(sn=martin)").await;
        let may = match (case, start) {
            (_, Start::Clear) => Code::ConfidentialityRequired,
            _ if want == Code::Success && !name.is_empty() => Code::Success,
            _ => Code::InsufficentAccessRights,
        };
        assert_eq!(after, may, "{case}: what may be read after it");
    }
}

#[tokio::test]
async fn a_certificate_opens_it_by_external() {
    for (case, start, message, want) in [
        ("the only mailbox", Start::Shown, sasl("EXTERNAL", ""), Code::Success),
        ("by login", Start::Shown, sasl("EXTERNAL", "u:labo@hopital.example"), Code::Success),
        (
            "by name",
            Start::Shown,
            sasl("EXTERNAL", "dn:mail=labo@hopital.example,ou=bal,o=mssante,c=fr"),
            Code::Success,
        ),
        ("somebody else's", Start::Shown, sasl("EXTERNAL", "u:a@b.example"), Code::InvalidCredentials),
        ("an identity of no kind", Start::Shown, sasl("EXTERNAL", "a@b.example"), Code::InvalidCredentials),
        ("no certificate", Start::Secured, sasl("EXTERNAL", ""), Code::InappropriateAuthentication),
        ("in the clear", Start::Clear, sasl("EXTERNAL", ""), Code::InappropriateAuthentication),
        ("another mechanism", Start::Shown, sasl("PLAIN", "x"), Code::AuthMethodNotSupported),
        ("no mechanism", Start::Shown, sasl("", ""), Code::AuthMethodNotSupported),
    ] {
        let mut bench = Bench::new(start).await;
        assert_eq!(code(&bench.ask(message).await), want, "{case}");
    }
}

#[tokio::test]
async fn a_failed_or_empty_bind_ends_what_was_before() {
    for (name, password) in [(LOGIN, "x"), ("", ""), (LOGIN, "")] {
        let mut bench = Bench::new(Start::In).await;
        assert_eq!(bench.search("(sn=martin)").await.1, Code::Success);
        bench.bind(name, password).await;
        assert_eq!(bench.search("(sn=martin)").await.1, Code::InsufficentAccessRights, "{name}");
        let who = bench.ask(extended(WHO_AM_I, None)).await;
        let LdapOp::ExtendedResponse(who) = &who[0].op else { panic!() };
        assert_eq!(who.value.as_deref(), Some(&b""[..]));
    }
}

/// RELIABILITY A-15.
#[tokio::test]
async fn a_login_that_ends_reads_nothing_more() {
    let mut bench = Bench::new(Start::In).await;
    assert_eq!(bench.search("(sn=martin)").await.1, Code::Success);
    bench.doorman.revoked.store(true, Ordering::SeqCst);
    assert_eq!(bench.search("(sn=martin)").await, (Vec::new(), Code::InsufficentAccessRights));
    let dn = format!("mail={LOGIN},{BASE}");
    assert_eq!(code(&bench.ask(compare(&dn, "sn", b"x")).await), Code::InsufficentAccessRights);
}

#[tokio::test]
async fn three_wrong_passwords_end_the_connection() {
    let mut bench = Bench::new(Start::Secured).await;
    for _ in 0..2 {
        assert_eq!(bench.bind(LOGIN, "x").await, Code::InvalidCredentials);
        assert!(!bench.closed);
    }
    let last = bench.ask(bind(LOGIN, "x")).await;
    assert_eq!(code(&last), Code::StrongerAuthRequired, "a notice of disconnection");
    assert_eq!(last[1].msgid, 0);
    assert!(bench.closed);
}

#[tokio::test]
async fn anybody_reads_the_root_and_the_schema_even_in_the_clear() {
    for start in [Start::Clear, Start::Secured, Start::Shown] {
        let mut bench = Bench::new(start).await;
        let root = bench.ask(search("", In::Base, "(objectClass=*)", &["*", "+"])).await;
        assert_eq!(values(&root, "namingContexts"), [BASE]);
        assert_eq!(values(&root, "supportedLDAPVersion"), ["3"]);
        assert_eq!(values(&root, "supportedSASLMechanisms").is_empty(), start != Start::Shown);
        let tls = values(&root, "supportedExtension").contains(&STARTTLS.to_owned());
        assert_eq!(tls, start == Start::Clear, "StartTLS is offered while it can be had");
        let schema = bench
            .ask(search(
                "cn=subschema",
                In::Base,
                "(objectClass=subschema)",
                &["attributeTypes", "objectClasses"],
            ))
            .await;
        assert!(values(&schema, "attributeTypes").iter().any(|text| text.contains("'pliRpps'")));
        assert!(values(&schema, "objectClasses").iter().any(|text| text.contains("'pliMailbox'")));
        assert_eq!(code(&schema), Code::Success);
    }
}

#[tokio::test]
async fn whoever_reaches_the_door_may_read_when_the_operator_says_so() {
    let open = Settings { readers: Readers::Everybody, ..crate::testing::settings() };
    let mut bench = Bench::with(Start::Secured, crate::testing::bank(), open, 0).await;
    assert_eq!(bench.search("(sn=lefevre)").await.1, Code::Success);
}

#[tokio::test]
async fn only_the_chosen_attributes_are_given() {
    let mut bench = Bench::new(Start::In).await;
    for (chosen, has, has_not) in [
        (&[][..], &["cn", "mail", "objectClass", "pliRpps"][..], &["modifyTimestamp", "entryUUID"][..]),
        (&["*"], &["cn", "mail"], &["modifyTimestamp"]),
        (
            &["+"],
            &[
                "modifyTimestamp",
                "entryUUID",
                "entryDN",
                "subschemaSubentry",
                "structuralObjectClass",
                "hasSubordinates",
            ],
            &["cn", "mail"],
        ),
        (&["*", "+"], &["cn", "modifyTimestamp"], &[]),
        (&["1.1"], &[], &["cn", "mail", "modifyTimestamp"]),
        (&["MAIL", "2.5.4.4", "nothing"], &["mail", "sn"], &["cn"]),
        (&["mail", "modifyTimestamp"], &["mail", "modifyTimestamp"], &["cn", "entryUUID"]),
        (&["mail;lang-fr"], &[], &["mail", "cn"]),
    ] {
        let found = bench.ask(search(BASE, In::Subtree, "(sn=lefevre)", chosen)).await;
        assert_eq!(names(&found), [LOGIN]);
        for name in has {
            assert!(!values(&found, name).is_empty(), "{chosen:?}: {name} is missing");
        }
        for name in has_not {
            assert!(values(&found, name).is_empty(), "{chosen:?}: {name} was not asked for");
        }
    }
    let types = changed(
        search(BASE, In::Subtree, "(sn=lefevre)", &["mail"]),
        |request| request.typesonly = true,
        vec![],
    );
    let found = bench.ask(types).await;
    let LdapOp::SearchResultEntry(entry) = &found[0].op else { panic!() };
    assert_eq!((entry.attributes.len(), entry.attributes[0].vals.len()), (1, 0), "names without values");
}

#[tokio::test]
async fn an_entry_shows_what_the_directory_knows() {
    let mut bench = Bench::new(Start::In).await;
    let found = bench.ask(search(BASE, In::Subtree, "(sn=lefevre)", &["*", "+"])).await;
    for (name, want) in [
        ("cn", &["Hélène Lefèvre", "Lefèvre Hélène"][..]),
        ("displayName", &["Hélène Lefèvre"]),
        ("sn", &["Lefèvre"]),
        ("givenName", &["Hélène"]),
        ("personalTitle", &["Dr"]),
        ("mail", &[LOGIN]),
        ("uid", &[LOGIN]),
        ("title", &["Médecin"]),
        ("o", &["Cabinet des Lilas"]),
        ("l", &["Toulouse"]),
        ("st", &["31"]),
        ("postalCode", &["31000"]),
        ("street", &["1 rue de l’Église"]),
        ("postalAddress", &["1 rue de l’Église$31000 Toulouse"]),
        ("telephoneNumber", &["05 61 00 00 00"]),
        ("pliNationalId", &["810000000000"]),
        ("pliRpps", &["10000000000"]),
        ("pliProfession", &["10"]),
        ("pliSpeciality", &["Cardiologie"]),
        ("pliSpecialityCode", &["SM04"]),
        ("pliSector", &["SA07"]),
        ("pliMailboxKind", &["PER"]),
        ("pliRank", &["1"]),
        ("pliPaperless", &["TRUE"]),
        ("objectClass", &["inetOrgPerson", "organizationalPerson", "person", "top", "pliMailbox"]),
        ("structuralObjectClass", &["inetOrgPerson"]),
        ("modifyTimestamp", &["20261122120000Z"]),
        ("hasSubordinates", &["FALSE"]),
        ("description", &[]),
        ("ou", &[]),
    ] {
        assert_eq!(values(&found, name), want, "{name}");
    }
    let found = bench.ask(search(BASE, In::Subtree, "(mail=labo@hopital.example)", &["*"])).await;
    for (name, want) in [
        ("cn", &["Laboratoire, Hôpital Saint-Roch", "Hôpital Saint-Roch"][..]),
        ("ou", &["Laboratoire"]),
        ("o", &["Hôpital Saint-Roch"]),
        ("pliStructureId", &["1750000018"]),
        ("pliFiness", &["750000018"]),
        ("pliMailboxKind", &["APP"]),
        ("description", &["Boîte d’équipe"]),
        ("objectClass", &["organizationalRole", "top", "pliMailbox"]),
        ("sn", &[]),
    ] {
        assert_eq!(values(&found, name), want, "{name}");
    }
    let all = format!("{found:?}");
    assert!(!all.contains("responsable"), "who answers for a mailbox is for administrators");
}

#[tokio::test]
async fn scopes_reach_as_far_as_they_say() {
    let mut bench = Bench::new(Start::In).await;
    let mailbox = format!("mail={LOGIN},{BASE}");
    let structures = format!("ou=structures,{BASE}");
    let structure = format!("pliStructureId=1750000018,{structures}");
    let shown = HOLDERS.iter().filter(|holder| !holder.8).count() + 3;
    for (base, scope, filter, want) in [
        (BASE, In::Base, "(objectClass=*)", Ok(1)),
        (BASE, In::OneLevel, "(objectClass=*)", Ok(shown + 1)),
        (BASE, In::Subtree, "(objectClass=*)", Ok(shown + 2 + 3)),
        (BASE, In::Subtree, "(objectClass=organization)", Ok(3)),
        (BASE, In::OneLevel, "(objectClass=organization)", Ok(0)),
        (&structures, In::Base, "(objectClass=*)", Ok(1)),
        (&structures, In::OneLevel, "(objectClass=*)", Ok(3)),
        (&structures, In::Subtree, "(objectClass=*)", Ok(4)),
        (&structure, In::Base, "(objectClass=*)", Ok(1)),
        (&structure, In::Subtree, "(pliSector=SA01)", Ok(1)),
        (&structure, In::OneLevel, "(objectClass=*)", Ok(0)),
        (&mailbox, In::Base, "(objectClass=*)", Ok(1)),
        (&mailbox, In::Base, "(sn=martin)", Ok(0)),
        (&mailbox, In::OneLevel, "(objectClass=*)", Ok(0)),
        (&mailbox, In::Subtree, "(objectClass=*)", Ok(1)),
        ("", In::Subtree, "(sn=lefevre)", Ok(1)),
        ("", In::OneLevel, "(objectClass=*)", Ok(1)),
        (
            "mail=nobody@x.example,ou=bal,o=mssante,c=fr",
            In::Base,
            "(objectClass=*)",
            Err((Code::NoSuchObject, BASE)),
        ),
        (
            "pliStructureId=1,ou=structures,ou=bal,o=mssante,c=fr",
            In::Base,
            "(objectClass=*)",
            Err((Code::NoSuchObject, structures.as_str())),
        ),
        ("dc=example,dc=org", In::Subtree, "(objectClass=*)", Err((Code::NoSuchObject, ""))),
        (
            "mail=paul.cache@cabinet-lilas.example,ou=bal,o=mssante,c=fr",
            In::Base,
            "(objectClass=*)",
            Err((Code::NoSuchObject, BASE)),
        ),
        ("not a name", In::Subtree, "(objectClass=*)", Err((Code::InvalidDNSyntax, ""))),
    ] {
        let found = bench.ask(search(base, scope.clone(), filter, &["1.1"])).await;
        let LdapOp::SearchResultDone(done) = &found.last().unwrap().op else { panic!() };
        let got = match done.code {
            Code::Success => Ok(names(&found).len()),
            _ => Err((done.code.clone(), done.matcheddn.as_str())),
        };
        assert_eq!(got, want, "{base} {scope:?} {filter}");
    }
}

#[tokio::test]
async fn a_comparison_says_true_false_or_why_neither() {
    let mut bench = Bench::new(Start::In).await;
    let dn = format!("mail={LOGIN},{BASE}");
    for (dn, name, value, want) in [
        (dn.as_str(), "sn", &b"LEFEVRE"[..], Code::CompareTrue),
        (&dn, "sn", b"martin", Code::CompareFalse),
        (&dn, "description", b"x", Code::NoSuchAttribute),
        (&dn, "unknown", b"x", Code::UndefinedAttributeType),
        (&dn, "modifyTimestamp", b"x", Code::UndefinedAttributeType),
        (&dn, "sn", b"\xff", Code::InvalidAttributeSyntax),
        ("mail=a@b.example,ou=bal,o=mssante,c=fr", "sn", b"x", Code::NoSuchObject),
        ("x", "sn", b"x", Code::InvalidDNSyntax),
        ("", "objectClass", b"top", Code::UnwillingToPerform),
        (BASE, "ou", b"BAL", Code::CompareTrue),
    ] {
        assert_eq!(code(&bench.ask(compare(dn, name, value)).await), want, "{name}");
    }
    let mut stranger = Bench::new(Start::Secured).await;
    assert_eq!(code(&stranger.ask(compare(&dn, "sn", b"lefevre")).await), Code::InsufficentAccessRights);
}

#[tokio::test]
async fn nothing_is_changed_here() {
    let mut bench = Bench::new(Start::In).await;
    let dn = format!("mail={LOGIN},{BASE}");
    for (id, op) in [
        LdapOp::AddRequest(LdapAddRequest { dn: dn.clone(), attributes: Vec::new() }),
        LdapOp::ModifyRequest(LdapModifyRequest { dn: dn.clone(), changes: Vec::new() }),
        LdapOp::DelRequest(dn.clone()),
        LdapOp::ModifyDNRequest(LdapModifyDNRequest {
            dn: dn.clone(),
            newrdn: "mail=a@b.example".to_owned(),
            deleteoldrdn: true,
            new_superior: None,
        }),
    ]
    .into_iter()
    .enumerate()
    {
        let id = id as i32 + 40;
        let answer = bench.ask(LdapMsg::new(id, op)).await;
        assert_eq!((answer[0].msgid, code(&answer)), (id, Code::UnwillingToPerform), "{answer:?}");
    }
}

#[tokio::test]
async fn extended_requests_are_answered_or_refused() {
    let mut bench = Bench::new(Start::In).await;
    let cancel = Writer::default().number(ber::INTEGER, 5).sequence();
    for (name, value, want) in [
        (WHO_AM_I, None, Code::Success),
        (CANCEL, Some(cancel), Code::NoSuchOperation),
        (CANCEL, None, Code::ProtocolError),
        (STARTTLS, None, Code::OperationsError),
        ("1.2.3.4", None, Code::ProtocolError),
    ] {
        assert_eq!(code(&bench.ask(extended(name, value)).await), want, "{name}");
    }
    let who = bench.ask(extended(WHO_AM_I, None)).await;
    let LdapOp::ExtendedResponse(who) = &who[0].op else { panic!() };
    assert_eq!(who.value.as_deref(), Some(format!("dn:mail={LOGIN},{BASE}").as_bytes()));
}

#[tokio::test]
async fn a_critical_control_that_is_not_known_refuses_its_request_alone() {
    let unknown = |criticality| LdapControl::Unknown { oid: "1.2.3.4".to_owned(), criticality, value: None };
    let mut bench = Bench::new(Start::In).await;
    let dn = format!("mail={LOGIN},{BASE}");
    for message in [
        search(BASE, In::Subtree, "(sn=martin)", &[]),
        compare(&dn, "sn", b"lefevre"),
        bind(LOGIN, PASSWORD),
        extended(WHO_AM_I, None),
    ] {
        let critical = LdapMsg { ctrl: vec![unknown(true)], ..message.clone() };
        let found = bench.ask(critical).await;
        assert_eq!((found.len(), code(&found)), (1, Code::UnavailableCriticalExtension), "{message:?}");
        let found = bench.ask(LdapMsg { ctrl: vec![unknown(false)], ..message.clone() }).await;
        assert!(matches!(code(&found), Code::Success | Code::CompareTrue), "{message:?}");
    }
    // The codec gives this one no criticality; the machine reads it all the same.
    let paged = LdapControl::Unknown {
        oid: controls_paged().to_owned(),
        criticality: true,
        value: Some(b"nothing".to_vec()),
    };
    let found =
        bench.ask(LdapMsg { ctrl: vec![paged], ..search(BASE, In::Subtree, "(sn=martin)", &[]) }).await;
    assert_eq!(code(&found), Code::ProtocolError);
}

fn controls_paged() -> &'static str {
    crate::controls::PAGED
}

/// RELIABILITY T-01.
#[tokio::test]
async fn what_was_sent_behind_starttls_is_never_looked_at() {
    let mut bench = Bench::new(Start::Clear).await;
    let mut sent = encoded(extended(STARTTLS, None));
    sent.extend(encoded(search("", In::Base, "(objectClass=*)", &[])));
    sent.extend(&encoded(bind(LOGIN, PASSWORD))[..10]);
    bench.hear(&sent).await;
    let answers = bench.answers();
    assert_eq!((answers.len(), code(&answers)), (1, Code::Success));
    assert!(bench.securing);
    bench.step(Input::Secured(TlsFacts::default())).await;
    assert!(bench.answers().is_empty(), "what came in the clear is gone");
    assert_eq!(bench.bind(LOGIN, PASSWORD).await, Code::Success, "and TLS begins anew");
    let again = bench.ask(extended(STARTTLS, None)).await;
    assert_eq!(code(&again), Code::OperationsError);
}

#[tokio::test]
async fn a_search_that_is_abandoned_behind_it_is_not_begun() {
    let mut bench = Bench::new(Start::In).await;
    bench.shelf.asked.lock().unwrap().clear();
    let mut sent = Vec::new();
    for id in 10..60 {
        sent.extend(encoded(LdapMsg { msgid: id, ..search(BASE, In::Subtree, "(sn=martin)", &[]) }));
        if id % 2 == 0 {
            sent.extend(encoded(LdapMsg::new(100 + id, LdapOp::AbandonRequest(id))));
        }
    }
    bench.hear(&sent).await;
    let mut answered: Vec<i32> = bench.answers().iter().map(|answer| answer.msgid).collect();
    answered.dedup();
    assert_eq!(answered, (10..60).filter(|id| id % 2 == 1).collect::<Vec<_>>());
    assert_eq!(bench.shelf.asked.lock().unwrap().len(), 25);
}

#[tokio::test]
async fn unbind_closes_without_a_word() {
    let mut bench = Bench::new(Start::In).await;
    let mut sent = encoded(LdapMsg::new(3, LdapOp::UnbindRequest));
    sent.extend(encoded(search(BASE, In::Subtree, "(sn=martin)", &[])));
    bench.hear(&sent).await;
    assert!(bench.closed && bench.sent.is_empty());
}

#[tokio::test]
async fn silence_and_stop_are_said_before_the_end() {
    for input in [Input::Silence, Input::Stopping] {
        let mut bench = Bench::new(Start::In).await;
        bench.step(input).await;
        let said = bench.answers();
        assert_eq!((said[0].msgid, code(&said)), (0, Code::Unavailable));
        assert!(bench.closed);
    }
    let mut gone = Bench::new(Start::In).await;
    gone.step(Input::Gone).await;
    assert!(gone.sent.is_empty(), "nobody hears it");
}

/// A value that is not UTF-8 costs one answer, not the connection.
#[tokio::test]
async fn a_value_that_is_not_utf_8_is_an_error_of_its_request() {
    let mut bench = Bench::new(Start::In).await;
    for (tag, body) in [(0xa3_u8, vec![]), (0xa5, vec![]), (0xa6, vec![]), (0xa8, vec![])] {
        let body: Vec<u8> = body;
        let item = Writer::default().element(ber::OCTETS, b"cn").element(ber::OCTETS, b"\xff\xfe").bytes();
        let filter = Writer::default().element(tag, &[body, item].concat()).bytes();
        bench.hear(&raw_search(11, &filter)).await;
        let found = bench.answers();
        assert_eq!((found[0].msgid, code(&found)), (11, Code::InvalidAttributeSyntax), "{tag:x}");
    }
    let pieces = Writer::default().element(0x80, b"\xc3").sequence();
    let item = [Writer::default().element(ber::OCTETS, b"cn").bytes(), pieces].concat();
    bench.hear(&raw_search(12, &Writer::default().element(0xa4, &item).bytes())).await;
    assert_eq!(code(&bench.answers()), Code::InvalidAttributeSyntax);
    assert_eq!(bench.search("(sn=lefevre)").await.0, [LOGIN], "and the next request is answered");
}

/// A search with this filter, written octet by octet.
fn raw_search(id: i64, filter: &[u8]) -> Vec<u8> {
    let body = Writer::default()
        .element(ber::OCTETS, BASE.as_bytes())
        .number(ber::ENUMERATED, 2)
        .number(ber::ENUMERATED, 0)
        .number(ber::INTEGER, 0)
        .number(ber::INTEGER, 0)
        .element(ber::BOOLEAN, &[0])
        .bytes();
    let body = [&body[..], filter, &[ber::SEQUENCE, 0]].concat();
    Writer::default().number(ber::INTEGER, id).element(0x63, &body).sequence()
}

#[tokio::test]
async fn a_filter_nested_without_end_is_refused_by_its_number() {
    let leaf = Writer::default().element(0x87, b"objectClass").bytes();
    for (depth, want) in [
        (0, Code::Success),
        (40, Code::Success),
        (100, Code::UnwillingToPerform),
        (3_000, Code::UnwillingToPerform),
    ] {
        let mut bench = Bench::new(Start::In).await;
        let filter =
            (0..depth).fold(leaf.clone(), |inner, _| Writer::default().element(0xa2, &inner).bytes());
        bench.hear(&raw_search(21, &filter)).await;
        let found = bench.answers();
        assert_eq!((found.last().unwrap().msgid, code(&found)), (21, want), "{depth} nots");
        assert!(!bench.closed);
    }
    // Wide is refused as deep is.
    let mut bench = Bench::new(Start::In).await;
    let filter = Writer::default().element(0xa1, &leaf.repeat(1_000)).bytes();
    bench.hear(&raw_search(22, &filter)).await;
    assert_eq!(code(&bench.answers()), Code::UnwillingToPerform);
}

#[tokio::test]
async fn what_is_not_ldap_is_told_so_and_closed() {
    let long_form = |octets: usize| {
        // The same search, its lengths written with leading zeros.
        let whole = encoded(search("", In::Base, "(objectClass=*)", &[]));
        let mut padded = vec![0x30, 0x80 | octets as u8];
        padded.extend(std::iter::repeat_n(0, octets - 1));
        padded.push(whole[1]);
        padded.extend(&whole[2..]);
        padded
    };
    for octets in [1, 2, 4, 8] {
        let mut bench = Bench::new(Start::Clear).await;
        bench.hear(&long_form(octets)).await;
        assert_eq!(code(&bench.answers()), Code::Success, "{octets} octets of length");
    }
    for (case, bytes) in [
        ("indefinite length", vec![0x30, 0x80, 0x02, 0x01, 0x01, 0x00, 0x00]),
        ("an inner indefinite length", vec![0x30, 0x05, 0x02, 0x01, 0x01, 0x63, 0x80]),
        ("a giant", vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
        ("a length of nine octets", vec![0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        ("a TLS handshake", vec![0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
        ("number 0", vec![0x30, 0x05, 0x02, 0x01, 0x00, 0x42, 0x00]),
        ("a negative number", vec![0x30, 0x05, 0x02, 0x01, 0xff, 0x42, 0x00]),
        ("a number beyond 31 bits", vec![0x30, 0x09, 0x02, 0x05, 0x01, 0, 0, 0, 1, 0x42, 0x00]),
        ("no number", vec![0x30, 0x02, 0x42, 0x00]),
        ("nothing", vec![0x30, 0x00]),
        (
            "an answer",
            vec![0x30, 0x0c, 0x02, 0x01, 0x01, 0x61, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00],
        ),
        ("an unknown kind", vec![0x30, 0x05, 0x02, 0x01, 0x01, 0x7e, 0x00]),
        ("an inner length too long", vec![0x30, 0x05, 0x02, 0x01, 0x01, 0x63, 0x7f]),
    ] {
        let mut bench = Bench::new(Start::Clear).await;
        bench.hear(&bytes).await;
        let said = bench.answers();
        assert_eq!((said.len(), said[0].msgid, code(&said)), (1, 0, Code::ProtocolError), "{case}");
        assert!(bench.closed, "{case}");
    }
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_answered_and_the_next_one_too() {
    let mut bench = Bench::new(Start::In).await;
    for (case, body) in [
        ("an empty search", vec![]),
        (
            "a scope of an unknown kind",
            Writer::default().element(ber::OCTETS, b"").number(ber::ENUMERATED, 9).bytes(),
        ),
        ("a base that is not UTF-8", Writer::default().element(ber::OCTETS, b"\xff").bytes()),
        (
            "a negative size",
            Writer::default()
                .element(ber::OCTETS, b"")
                .number(ber::ENUMERATED, 0)
                .number(ber::ENUMERATED, 0)
                .number(ber::INTEGER, -1)
                .bytes(),
        ),
    ] {
        let message = Writer::default().number(ber::INTEGER, 31).element(0x63, &body).sequence();
        bench.hear(&message).await;
        let said = bench.answers();
        assert_eq!((said[0].msgid, code(&said)), (31, Code::ProtocolError), "{case}");
    }
    assert_eq!(bench.search("(sn=lefevre)").await.1, Code::Success);
    // Not for ever.
    let faulty = Writer::default().number(ber::INTEGER, 31).element(0x63, &[]).sequence();
    for _ in 0..limits::FAULTS {
        bench.hear(&faulty).await;
    }
    assert!(bench.closed);
}

/// A whole conversation, cut in two at every byte, and byte by byte.
#[tokio::test]
async fn a_conversation_reads_the_same_however_it_is_cut() {
    let dn = format!("mail={LOGIN},{BASE}");
    let parts = [
        search("", In::Base, "(objectClass=*)", &["*", "+"]),
        bind("", ""),
        bind(LOGIN, PASSWORD),
        search(
            BASE,
            In::Subtree,
            "(&(objectClass=inetOrgPerson)(|(cn=mart*)(sn=mart*)(mail=*martin*)))",
            &["cn", "mail"],
        ),
        compare(&dn, "sn", b"lefevre"),
        extended(WHO_AM_I, None),
        LdapMsg::new(60, LdapOp::AbandonRequest(99)),
        LdapMsg::new(61, LdapOp::DelRequest(dn)),
        search(BASE, In::OneLevel, "(!(sn=martin))", &["1.1"]),
        LdapMsg::new(62, LdapOp::UnbindRequest),
    ];
    let sent: Vec<u8> = parts.into_iter().flat_map(encoded).collect();
    let play = async |cuts: &[usize]| {
        let mut bench = Bench::new(Start::Secured).await;
        let mut from = 0;
        for &to in cuts.iter().chain([&sent.len()]) {
            if to > from {
                bench.hear(&sent[from..to]).await;
            }
            from = to;
        }
        assert!(bench.closed);
        bench.sent
    };
    let whole = play(&[]).await;
    let answered: Vec<i32> = read_all(&whole).iter().map(|answer| answer.msgid).collect();
    let all = [2, 2, 1, 1, 2, 2, 2, 2, 8, 7, 61].into_iter().chain([2; 12]).collect::<Vec<i32>>();
    assert_eq!(answered, all, "every request is answered in its turn");
    for cut in 1..sent.len() {
        assert_eq!(play(&[cut]).await, whole, "cut at {cut}");
    }
    let every: Vec<usize> = (1..sent.len()).collect();
    assert_eq!(play(&every).await, whole, "byte by byte");
}

#[test]
fn the_words_for_a_crowd_are_a_notice() {
    let said = read_all(crate::BUSY);
    assert_eq!((said.len(), said[0].msgid, code(&said)), (1, 0, Code::Unavailable));
    let LdapOp::ExtendedResponse(notice) = &said[0].op else { panic!() };
    assert_eq!(notice.name.as_deref(), Some("1.3.6.1.4.1.1466.20036"));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Nothing that is sent makes the machine fall, and it never sends half an answer.
    #[test]
    fn whatever_is_sent_is_survived(pieces in proptest::collection::vec(hostile(), 1..12)) {
        let mut bench = runtime().block_on(async {
            let mut bench = Bench::new(Start::In).await;
            for piece in &pieces {
                bench.hear(piece).await;
            }
            bench
        });
        bench.answers();
    }
}

/// Noise, and real messages with some octets changed.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let honest = prop_oneof![
        Just(encoded(search(BASE, In::Subtree, "(&(cn=a*b*c)(|(sn=x)(mail>=b))(!(uid=*)))", &["*"]))),
        Just(encoded(bind(LOGIN, "x"))),
        Just(encoded(extended(STARTTLS, None))),
        Just(encoded(LdapMsg {
            ctrl: vec![LdapControl::SimplePagedResults { size: 10, cookie: vec![1, 2] }],
            ..search(BASE, In::Subtree, "(cn=x)", &[])
        })),
        Just(encoded(compare("mail=a@b.example,ou=bal,o=mssante,c=fr", "cn", b"x"))),
    ];
    let broken = (honest, proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4));
    let broken = broken.prop_map(|(mut bytes, changes)| {
        for (place, octet) in changes {
            let place = place.index(bytes.len());
            bytes[place] = octet;
        }
        bytes
    });
    prop_oneof![proptest::collection::vec(any::<u8>(), 1..64), broken]
}
