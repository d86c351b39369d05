//! Filters against what they say, and against another reading of the same words.

use ldap3_proto::proto::{LdapFilter, LdapMsg, LdapOp, LdapSearchScope, LdapSubstringFilter};
use proptest::prelude::*;

use super::*;
use crate::ber::Writer;
use crate::message::{self, Request};
use crate::schema::ARC;
use crate::testing::{BASE, Bench, HOLDERS, LOGIN, Start, bank, encoded, oracle, search, settings};

/// The filter as the machine reads it from the wire.
fn read_from(filter: &LdapFilter) -> Filter {
    let LdapMsg { op: LdapOp::SearchRequest(mut request), .. } =
        search(BASE, LdapSearchScope::Subtree, "(cn=x)", &[])
    else {
        panic!()
    };
    request.filter = filter.clone();
    let bytes = encoded(LdapMsg::new(1, LdapOp::SearchRequest(request)));
    let Ok(message) = message::read(&bytes, ARC) else { panic!("{filter:?}") };
    let Request::Search(search) = message.request else { panic!() };
    search.filter
}

#[tokio::test]
async fn each_form_of_filter_finds_whom_it_means() {
    let mut bench = Bench::new(Start::In).await;
    let martin = ["jp.martin@cabinet-lilas.example", "marie.martin@hopital.example"];
    for (filter, want) in [
        ("(sn=Martin)", &martin[..]),
        ("(SURNAME=MARTIN)", &martin),
        ("(2.5.4.4=martin)", &martin),
        ("(sn=lefevre)", &[LOGIN]),
        ("(givenName=hélene)", &[LOGIN]),
        ("(cn=Marie Martin)", &["marie.martin@hopital.example"]),
        ("(cn=martin marie)", &["marie.martin@hopital.example"]),
        ("(sn=d oeuvray)", &["anne.doeuvray@hopital.example"]),
        ("(sn=O'BRIEN)", &["zoe.o'brien@clinique.example"]),
        ("(mail=JP.Martin@cabinet-lilas.example)", &["jp.martin@cabinet-lilas.example"]),
        ("(uid=li.wu@clinique.example)", &["li.wu@clinique.example"]),
        ("(mail=li.wu)", &[]),
        ("(sn=mart*)", &["b.martinez@canal.example", martin[0], martin[1]]),
        ("(cn=jean*mart*)", &[martin[0]]),
        ("(cn=*fontaine)", &["mc.delafontaine@louvre.example"]),
        ("(mail=*@clinique.example)", &["li.wu@clinique.example", "zoe.o'brien@clinique.example"]),
        ("(mail=*li*cli*)", &["li.wu@clinique.example"]),
        ("(cn=*artin*art*)", &[]),
        ("(&(l=toulouse)(title=médecin)(pliSpecialityCode=SM53))", &["b.martinez@canal.example", martin[0]]),
        ("(|(sn=wu)(sn=benali))", &["karim.benali@pharmacie.example", "li.wu@clinique.example"]),
        ("(&(sn=martin)(!(l=paris)))", &[martin[0]]),
        (
            "(&(postalCode>=75000)(postalCode<=75999)(objectClass=person))",
            &["anne.doeuvray@hopital.example", martin[1], "mc.delafontaine@louvre.example"],
        ),
        (
            "(modifyTimestamp>=20261130120000Z)",
            &["b.martinez@canal.example", "mc.delafontaine@louvre.example"],
        ),
        ("(&(sn=*)(modifyTimestamp<=20261123120000Z))", &[LOGIN, martin[0]]),
        ("(sn~=martni)", &martin),
        ("(cn~=lefevr)", &[LOGIN]),
        ("(o~=bellvue)", &["li.wu@clinique.example", "zoe.o'brien@clinique.example"]),
        ("(anr=martin infirmier)", &["marie.martin@hopital.example"]),
        ("(anr=cardiologie)", &[LOGIN, "labo@hopital.example", "secretariat.cardio@hopital.example"]),
        ("(anr=benal)", &["karim.benali@pharmacie.example"]),
        ("(pliRpps=10000000003)", &["anne.doeuvray@hopital.example"]),
        ("(pliNationalId=810000000003)", &["anne.doeuvray@hopital.example"]),
        (
            "(&(pliStructureId=1750000018)(objectClass=pliMailbox))",
            &[
                "anne.doeuvray@hopital.example",
                "labo@hopital.example",
                "marie.martin@hopital.example",
                "secretariat.cardio@hopital.example",
            ],
        ),
        ("(&(pliFiness=750000018)(pliMailboxKind=ORG))", &["secretariat.cardio@hopital.example"]),
        ("(ou=secretariat*)", &["secretariat.cardio@hopital.example"]),
        ("(cn=laboratoire*)", &["labo@hopital.example"]),
        ("(telephoneNumber=0561000004)", &["karim.benali@pharmacie.example"]),
        ("(telephoneNumber=*6100*02)", &["marie.martin@hopital.example"]),
        ("(pliRank>=2)", &["labo@hopital.example"]),
    ] {
        let (mut found, _) = bench.search(filter).await;
        found.sort();
        assert_eq!(found, want, "{filter}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_neither_true_nor_false() {
    let mut bench = Bench::new(Start::In).await;
    for filter in [
        "(unknown=x)",
        "(!(unknown=x))",
        "(unknown=*)",
        "(!(unknown=*))",
        "(&(sn=martin)(unknown=x))",
        "(&(sn=martin)(!(unknown=x)))",
        "(modifyTimestamp=yesterday)",
        "(!(modifyTimestamp=yesterday))",
        "(pliRank>=first)",
        "(objectClass>=a)",
        "(modifyTimestamp=2026*)",
        "(cn:1.2.3.4:=x)",
    ] {
        assert!(bench.search(filter).await.0.is_empty(), "{filter}");
    }
    assert_eq!(bench.search("(|(sn=lefevre)(unknown=x))").await.0, [LOGIN]);
    assert_eq!(bench.search("(&(sn=lefevre)(!(&(sn=martin)(unknown=x))))").await.0, [LOGIN]);
}

/// RFC 4511 §4.5.1.7.7, written octet by octet: the text parser of the codec is not made for all of it.
#[test]
fn extensible_matches_follow_their_rule() {
    let entries = crate::entry::of_listing(&bank()[0], &settings());
    let entry = &entries[0];
    for (case, rule, name, value, names, want) in [
        ("by name", None, Some("sn"), "LEFEVRE", false, Some(true)),
        ("by rule", Some("caseIgnoreMatch"), Some("sn"), "lefèvre", false, Some(true)),
        ("by number of a rule", Some("2.5.13.2"), Some("sn"), "lefèvre", false, Some(true)),
        ("letter for letter", Some("caseExactMatch"), Some("sn"), "Lefèvre", false, Some(true)),
        ("letter for letter, not", Some("caseExactMatch"), Some("sn"), "lefèvre", false, Some(false)),
        ("any attribute", Some("caseIgnoreMatch"), None, "toulouse", false, Some(true)),
        ("any attribute, no", Some("caseIgnoreMatch"), None, "paris", false, Some(false)),
        ("a rule for others", Some("integerMatch"), Some("sn"), "1", false, Some(false)),
        ("a number", Some("integerMatch"), None, "1", false, Some(true)),
        ("a part of the name", None, Some("ou"), "BAL", true, Some(true)),
        ("not in the entry", None, Some("ou"), "BAL", false, Some(false)),
        ("any part of the name", Some("caseIgnoreMatch"), None, "mssante", true, Some(true)),
        ("not without the name", Some("caseIgnoreMatch"), None, "mssante", false, Some(false)),
        ("a country", Some("caseIgnoreMatch"), None, "FR", true, Some(true)),
        ("an unknown rule", Some("1.2.3"), Some("sn"), "x", false, None),
        ("an unknown attribute", None, Some("unknown"), "x", true, None),
        ("no value of the kind", Some("integerMatch"), None, "one", false, None),
    ] {
        let mut body = Writer::default();
        if let Some(rule) = rule {
            body = body.element(0x81, rule.as_bytes());
        }
        if let Some(name) = name {
            body = body.element(0x82, name.as_bytes());
        }
        body = body.element(0x83, value.as_bytes());
        if names {
            body = body.element(0x84, &[0xff]);
        }
        let bytes = Writer::default().element(0xa9, &body.bytes()).bytes();
        let filter = read(&mut crate::ber::Reader::new(&bytes), ARC).unwrap();
        assert_eq!(filter.matches(entry, None, &Heard::default(), ARC), want, "{case}");
    }
}

#[test]
fn empty_filters_are_true_and_false() {
    let entry = &crate::entry::of_listing(&bank()[0], &settings())[0];
    for (bytes, want) in [([0xa0_u8, 0x00], true), ([0xa1, 0x00], false)] {
        let filter = read(&mut crate::ber::Reader::new(&bytes), ARC).unwrap();
        assert_eq!(filter.matches(entry, None, &Heard::default(), ARC), Some(want));
    }
    for bytes in [[0xa2_u8, 0x00].as_slice(), &[0xa3, 0x00], &[0xa4, 0x00], &[0xa9, 0x00], &[0xaa, 0x00], &[]]
    {
        assert!(read(&mut crate::ber::Reader::new(bytes), ARC).is_err(), "{bytes:x?}");
    }
}

/// RELIABILITY D-09: what carries attacks elsewhere is a value here.
#[tokio::test]
async fn injected_filters_find_nobody_more() {
    let mut bench = Bench::new(Start::In).await;
    for value in ["*)(uid=*", "*", "\0", "martin)(|(cn=*", "\\2a", "a\\", "(", "))", "&", "%u", "' OR 1=1 --"]
    {
        let filter = LdapFilter::Equality("cn".into(), value.into());
        let LdapMsg { op: LdapOp::SearchRequest(mut request), .. } =
            search(BASE, LdapSearchScope::Subtree, "(cn=x)", &[])
        else {
            panic!()
        };
        request.filter = filter;
        let found = bench.ask(LdapMsg::new(5, LdapOp::SearchRequest(request))).await;
        assert_eq!(crate::testing::names(&found), Vec::<String>::new(), "{value}");
    }
}

/// What entries of the bank hold.
fn real_values() -> Vec<String> {
    let real = HOLDERS.iter().flat_map(|holder| {
        [holder.0, holder.1, holder.3.0, holder.3.1, holder.4.0, holder.5.0, holder.5.1, holder.6, holder.7]
    });
    let mut real: Vec<String> = real.filter(|value| !value.is_empty()).map(ToOwned::to_owned).collect();
    real.extend(
        [
            "Hôpital Saint-Roch",
            "Laboratoire",
            "1750000018",
            "750000018",
            "ORG",
            "PER",
            "inetOrgPerson",
            "organization",
            "810000000003",
        ]
        .map(ToOwned::to_owned),
    );
    real
}

fn value() -> impl Strategy<Value = String> {
    let cut = (
        proptest::sample::select(real_values()),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..4_u8,
    );
    cut.prop_map(|(value, from, to, how)| {
        let characters: Vec<char> = value.chars().collect();
        let (from, to) = (from.index(characters.len()), to.index(characters.len() + 1));
        match how {
            0 | 1 => value,
            2 => value.to_uppercase(),
            _ => characters[from.min(to)..to.max(from)].iter().collect(),
        }
    })
}

fn filter() -> impl Strategy<Value = LdapFilter> {
    let name = proptest::sample::select(vec![
        "cn",
        "sn",
        "givenName",
        "displayName",
        "mail",
        "uid",
        "title",
        "o",
        "ou",
        "l",
        "st",
        "postalCode",
        "street",
        "description",
        "pliProfession",
        "pliSpeciality",
        "pliSpecialityCode",
        "pliStructureId",
        "pliSector",
        "pliMailboxKind",
        "pliRpps",
        "pliNationalId",
        "pliFiness",
        "pliSiret",
        "objectClass",
        "nothing",
    ]);
    // Parts of codes are looked for by nobody, and class names have no parts.
    let parts = proptest::sample::select(vec![
        "cn",
        "sn",
        "givenName",
        "mail",
        "o",
        "ou",
        "l",
        "postalCode",
        "title",
        "street",
        "pliSpeciality",
        "nothing",
    ]);
    let texts = proptest::sample::select(vec!["cn", "sn", "o", "l", "postalCode", "title", "nothing"]);
    let leaf = prop_oneof![
        4 => (name.clone(), value()).prop_map(|(name, value)| LdapFilter::Equality(name.into(), value)),
        4 => (parts, proptest::option::of(value()), proptest::collection::vec(value(), 0..2), proptest::option::of(value()))
            .prop_filter("a part at least", |(_, initial, any, last)| initial.is_some() || !any.is_empty() || last.is_some())
            .prop_map(|(name, initial, any, final_)| LdapFilter::Substring(name.into(), LdapSubstringFilter { initial, any, final_ })),
        1 => name.prop_map(|name| LdapFilter::Present(name.into())),
        1 => (texts.clone(), value()).prop_map(|(name, value)| LdapFilter::GreaterOrEqual(name.into(), value)),
        1 => (texts, value()).prop_map(|(name, value)| LdapFilter::LessOrEqual(name.into(), value)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(LdapFilter::And),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(LdapFilter::Or),
            inner.prop_map(|inner| LdapFilter::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// The same words, read by another and judged by another.
    #[test]
    fn a_filter_means_what_the_oracle_says(filter in filter()) {
        let ours = read_from(&filter);
        for entry in bank().iter().flat_map(|listing| crate::entry::of_listing(listing, &settings())) {
            prop_assert_eq!(
                ours.matches(&entry, None, &Heard::default(), ARC),
                oracle(&filter, &entry),
                "{} {:?}", entry.dn, filter
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// The plan loses nobody: what is found through questions to the register is what a look at every
    /// entry finds.
    #[test]
    fn a_search_finds_all_that_the_filter_means(filter in filter()) {
        use crate::{Scope, Target};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let shelf = crate::testing::Shelf::new(bank());
        let settings = std::sync::Arc::new(settings());
        let mut walk = crate::walk::Walk::new(shelf, settings.clone(), Target::Base, Scope::Sub, read_from(&filter));
        let mut found = std::collections::BTreeSet::new();
        while let Some(entry) = runtime.block_on(walk.next(crate::testing::NOON)).unwrap() {
            prop_assert!(found.insert(entry.dn), "nobody is found twice");
        }
        let fixed = [crate::entry::base(&settings), crate::entry::structures(&settings)];
        let all = bank().iter().flat_map(|listing| crate::entry::of_listing(listing, &settings)).chain(fixed).collect::<Vec<_>>();
        let want: std::collections::BTreeSet<String> =
            all.into_iter().filter(|entry| oracle(&filter, entry) == Some(true)).map(|entry| entry.dn).collect();
        prop_assert_eq!(found, want);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// The same through the register itself: what it finds by its index is all that the plan counts on.
    #[test]
    fn the_register_finds_all_that_the_filter_means(filter in filter()) {
        use crate::{Scope, Target};
        let (runtime, register) = &*FILLED;
        let settings = std::sync::Arc::new(settings());
        let mut walk =
            crate::walk::Walk::new(register.clone(), settings.clone(), Target::Base, Scope::Sub, read_from(&filter));
        let mut found = std::collections::BTreeSet::new();
        while let Some(entry) = runtime.block_on(walk.next(crate::testing::NOON)).unwrap() {
            prop_assert!(found.insert(entry.dn), "nobody is found twice");
        }
        let fixed = [crate::entry::base(&settings), crate::entry::structures(&settings)];
        let all = bank().iter().flat_map(|listing| crate::entry::of_listing(listing, &settings)).chain(fixed).collect::<Vec<_>>();
        let want: std::collections::BTreeSet<String> =
            all.into_iter().filter(|entry| oracle(&filter, entry) == Some(true)).map(|entry| entry.dn).collect();
        prop_assert_eq!(found, want);
    }
}

/// Whole values as beginnings: also those with a particle in the middle, which the register does not have as a word.
#[test]
fn the_register_finds_everybody_by_what_their_values_begin_with() {
    use crate::{Scope, Target};
    let (runtime, register) = &*FILLED;
    let settings = std::sync::Arc::new(settings());
    let all =
        || bank().iter().flat_map(|listing| crate::entry::of_listing(listing, &settings)).collect::<Vec<_>>();
    for name in ["cn", "sn", "givenName", "o", "ou", "l", "street", "title", "mail"] {
        for value in real_values() {
            let parts = LdapSubstringFilter { initial: Some(value.clone()), any: Vec::new(), final_: None };
            let filter = LdapFilter::Substring(name.into(), parts);
            let mut walk = crate::walk::Walk::new(
                register.clone(),
                settings.clone(),
                Target::Base,
                Scope::Sub,
                read_from(&filter),
            );
            let mut found = std::collections::BTreeSet::new();
            while let Some(entry) = runtime.block_on(walk.next(crate::testing::NOON)).unwrap() {
                found.insert(entry.dn);
            }
            for entry in all().into_iter().filter(|entry| oracle(&filter, entry) == Some(true)) {
                assert!(found.contains(&entry.dn), "{name}={value}*: {}", entry.dn);
            }
        }
    }
}

/// A register with the bank in it.
static FILLED: std::sync::LazyLock<(tokio::runtime::Runtime, register::Register)> =
    std::sync::LazyLock::new(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let register = runtime.block_on(async {
            let floor = Box::leak(Box::new(db::testing::sqlite().await));
            floor.migrate(register::MIGRATIONS).await.unwrap();
            let publish = db::unit("publish", bank(), |listings, tx| {
                Box::pin(async move {
                    for listing in listings {
                        register::local::replace(tx, listing, crate::testing::NOON).await?;
                    }
                    Ok::<_, register::Error>(())
                })
            });
            floor.write(publish).await.unwrap();
            register::Register::open((*floor).clone())
        });
        (runtime, register)
    });
