use super::*;
use proptest::prelude::*;

/// The layout of the national list (DOMAIN §1.1).
const LISTED: &str = "CN=mx.operateur.example,OU=318310021300028,O=GIP DONNÉES SANTÉ,\
                      ST=Bouches-du-Rhône (13),C=FR";

fn dn(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn layouts_of_one_name_are_equal() {
    for (what, text) in [
        (
            "spaces after commas",
            "CN=mx.operateur.example, OU=318310021300028, O=GIP DONNÉES SANTÉ, ST=Bouches-du-Rhône (13), C=FR",
        ),
        (
            "spaces around everything",
            " CN = mx.operateur.example , OU = 318310021300028 , O = GIP DONNÉES SANTÉ , ST = Bouches-du-Rhône (13) , C = FR ",
        ),
        (
            "line ends",
            "CN=mx.operateur.example,\n  OU=318310021300028,\r\n\tO=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR\n",
        ),
        (
            "semicolons",
            "CN=mx.operateur.example;OU=318310021300028; O=GIP DONNÉES SANTÉ;ST=Bouches-du-Rhône (13);C=FR",
        ),
        (
            "types in lower case",
            "cn=mx.operateur.example,ou=318310021300028,o=GIP DONNÉES SANTÉ,st=Bouches-du-Rhône (13),c=FR",
        ),
        (
            "other names of types",
            "2.5.4.3=mx.operateur.example,OID.2.5.4.11=318310021300028,O=GIP DONNÉES SANTÉ,S=Bouches-du-Rhône (13),C=FR",
        ),
        (
            "other case",
            "CN=MX.Operateur.Example,OU=318310021300028,O=gip données santé,ST=BOUCHES-DU-RHÔNE (13),C=fr",
        ),
        (
            "double spaces inside",
            "CN=mx.operateur.example,OU=318310021300028,O=GIP  DONNÉES   SANTÉ,ST=Bouches-du-Rhône  (13),C=FR",
        ),
        (
            "no-break space and tabulation",
            "CN=mx.operateur.example,OU=318310021300028,O=GIP\u{a0}DONNÉES\tSANTÉ,ST=Bouches-du-Rhône (13),C=FR",
        ),
        (
            "accents apart",
            "CN=mx.operateur.example,OU=318310021300028,O=GIP DONNE\u{301}ES SANTE\u{301},ST=Bouches-du-Rho\u{302}ne (13),C=FR",
        ),
        (
            "escaped accents",
            "CN=mx.operateur.example,OU=318310021300028,O=GIP DONN\\C3\\89ES SANT\\c3\\89,ST=Bouches-du-Rhône (13),C=FR",
        ),
        (
            "escaped spaces at the ends",
            "CN=mx.operateur.example,OU=318310021300028,O=\\ GIP DONNÉES SANTÉ\\ ,ST=Bouches-du-Rhône (13),C=FR",
        ),
        (
            "quotes",
            "CN=\"mx.operateur.example\",OU=318310021300028,O=\"GIP DONNÉES SANTÉ\" ,ST=Bouches-du-Rhône (13),C=FR",
        ),
        (
            "a PrintableString as bytes",
            "CN=mx.operateur.example,OU=#130F333138333130303231333030303238,O=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR",
        ),
        (
            "a soft hyphen",
            "CN=mx.opera\u{ad}teur.example,OU=318310021300028,O=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR",
        ),
    ] {
        assert_eq!(dn(text), dn(LISTED), "{what}");
        assert_eq!(dn(text).key(), dn(LISTED).key(), "{what}");
    }
}

#[test]
fn bytes_of_a_text_are_that_text() {
    for (what, text) in [
        ("UTF8String", "CN=#0C03C3A961"),
        ("UTF8String in lower-case digits", "CN=#0c03c3a961"),
        ("BMPString", "CN=#1E0400E90061"),
        ("UniversalString", "CN=#1C08000000E900000061"),
        ("a longer form of length", "CN=#0C8103C3A961"),
    ] {
        assert_eq!(dn(text), dn("CN=éa"), "{what}");
    }
    assert_eq!(dn("OU=#130133"), dn("OU=3"), "PrintableString");
    assert_eq!(dn("1.2.3.4=#0C0161"), dn("1.2.3.4=a"), "behind a numeric type");
    assert_ne!(dn("1.3.6.1.4.1.1466.0=#04024869"), dn("1.3.6.1.4.1.1466.0=Hi"), "no text");
    assert_ne!(dn("CN=\\#0C03C3A961"), dn("CN=éa"), "an escaped sign is a sign");
    assert_ne!(dn("CN=#1401E9"), dn("CN=é"), "Teletex beyond ASCII stays bytes");
}

#[test]
fn names_that_differ_are_not_equal() {
    for other in [
        "CN=mx2.operateur.example,OU=318310021300028,O=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR",
        "CN=mx.operateur.example,OU=318310021300028,O=GIP DONNEES SANTE,ST=Bouches-du-Rhône (13),C=FR",
        "CN=mx.operateur.example,OU=318310021300028,O=GIPDONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR",
        "CN=mx.operateur.example,OU=318310021300028,O=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13)",
        "C=FR,ST=Bouches-du-Rhône (13),O=GIP DONNÉES SANTÉ,OU=318310021300028,CN=mx.operateur.example",
        "CN=mx.operateur.example+OU=318310021300028,O=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR",
        "CN=mx.operateur.example\\,OU\\=318310021300028,O=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR",
    ] {
        assert_ne!(dn(other), dn(LISTED), "{other}");
    }
}

#[test]
fn a_key_cannot_be_forged_by_separators_in_a_value() {
    assert_ne!(dn("CN=a\\,O=b"), dn("CN=a,O=b"));
    assert_ne!(dn("CN=a\\+O=b"), dn("CN=a+O=b"));
    assert_ne!(dn("CN=\"a,O=b\""), dn("CN=a,O=b"));
    // A full-width comma becomes a comma by NFKC: it is escaped in the key all the same.
    assert_ne!(dn("CN=a\u{ff0c}O=b").key(), dn("CN=a,O=b").key());
}

#[test]
fn a_part_of_several_attributes_is_a_set() {
    assert_eq!(dn("CN=Ann + UID = 7,C=FR"), dn("uid=7+cn=ann,C=FR"));
    assert_ne!(dn("CN=Ann+UID=7"), dn("CN=Ann,UID=7"));
    assert_eq!(dn("CN=Ann+UID=7,C=FR").to_string(), "CN=Ann+UID=7,C=FR");
}

#[test]
fn folding_is_that_of_unicode_and_not_of_turkey() {
    assert_eq!(dn("O=STRASSE ΣΑΣ ﬁn"), dn("O=straße σας FIN"));
    assert_ne!(dn("O=ı"), dn("O=i"));
}

#[test]
fn what_is_no_name_is_refused() {
    use DistinguishedNameError as E;
    for (text, want) in [
        ("", E::Empty),
        (" \n ", E::Empty),
        ("CN", E::NoEquals),
        ("CN=a,", E::NoEquals),
        ("O=GIP Données, Santé,C=FR", E::NoEquals),
        ("=a", E::Kind),
        ("XYZ=a", E::Kind),
        ("2.05=a", E::Kind),
        ("CN=a\"b", E::Bare),
        ("CN=\"a", E::Bare),
        ("CN=\"a\"b", E::Bare),
        ("CN=a<b", E::Bare),
        ("CN=a\0b", E::Bare),
        ("CN=a\\", E::Escape),
        ("CN=a\\z", E::Escape),
        ("CN=a\\4", E::Escape),
        ("CN=a\\FF", E::Utf8),
        ("CN=#", E::Hexadecimal),
        ("CN=#0", E::Hexadecimal),
        ("CN=#0C0161 x", E::Bare),
        ("CN=a\u{fffd}", E::Prohibited(Prohibited('\u{fffd}'))),
        ("CN=a\u{e000}", E::Prohibited(Prohibited('\u{e000}'))),
        ("CN=a\u{378}", E::Prohibited(Prohibited('\u{378}'))),
        ("CN=a\u{fdd0}", E::Prohibited(Prohibited('\u{fdd0}'))),
    ] {
        assert_eq!(DistinguishedName::parse(text).map(|dn| dn.to_string()), Err(want), "{text:?}");
    }
    for (what, value) in
        [("as written", "a".repeat(5000)), ("as shown", format!("a{}a", "\u{85}".repeat(1000)))]
    {
        assert_eq!(DistinguishedName::parse(&format!("CN={value}")), Err(E::TooLong), "{what}");
    }
}

#[test]
fn a_name_is_shown_on_one_line_and_reads_back() {
    let name = dn("cn = a\\0D\\0AFrom: x ; o=\\ \\#1 \\\"\\, ");
    let shown = name.to_string();
    assert!(!shown.contains('\n') && !shown.contains('\r'), "{shown}");
    assert_eq!(dn(&shown).to_string(), shown);
    assert_eq!(dn(LISTED).to_string(), LISTED);
    assert_eq!(dn(LISTED).values("OU").collect::<Vec<_>>(), ["318310021300028"]);
    assert_eq!(dn(LISTED).prepared_values("O").collect::<Vec<_>>(), ["gip données santé"]);
}

/// Some name: types and values of any characters, written by [`written`].
fn names() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let kind = prop::sample::select(vec!["CN", "OU", "O", "ST", "L", "C", "1.3.6.1.4.1.1466.0"]);
    prop::collection::vec((kind, "[\\PC \t,;+\"<>#=\\\\]{0,12}"), 1..6)
}

/// Writes a name with every separator padded, values escaped byte by byte where `hard`.
fn written(parts: &[(&str, String)], [comma, pad]: [&str; 2], hard: bool, lower: bool) -> String {
    let part = |(kind, value): &(&str, String)| {
        let mut text = String::new();
        if hard {
            value.bytes().for_each(|byte| text.push_str(&format!("\\{byte:02x}")));
        } else {
            escape(value, &mut text).unwrap();
        }
        let kind = if lower { kind.to_lowercase() } else { (*kind).to_owned() };
        format!("{kind}{pad}={pad}{text}")
    };
    parts.iter().map(part).collect::<Vec<_>>().join(&format!("{pad}{comma}{pad}"))
}

proptest! {
    #[test]
    fn what_parses_prints_and_parses_again(text in "\\PC{0,60}") {
        if let Ok(name) = DistinguishedName::parse(&text) {
            let again = DistinguishedName::parse(&name.to_string()).unwrap();
            prop_assert_eq!(again.to_string(), name.to_string());
            prop_assert_eq!(again.key(), name.key());
        }
    }

    #[test]
    fn parse_after_display_is_identity(parts in names()) {
        if let Ok(name) = DistinguishedName::parse(&written(&parts, [",", ""], false, false)) {
            let shown = name.to_string();
            let again = DistinguishedName::parse(&shown).unwrap();
            prop_assert_eq!(again.to_string(), shown);
            prop_assert_eq!(&again, &name);
            // The key is a name too, and its own key.
            let key = DistinguishedName::parse(name.key()).unwrap();
            prop_assert_eq!(key.key(), name.key());
            prop_assert_eq!(name.values(parts[0].0).next(), Some(parts[0].1.as_str()));
        }
    }

    #[test]
    fn equality_does_not_see_the_layout(
        parts in names(), comma in prop::sample::select(vec![",", ";"]),
        pad in prop::sample::select(vec!["", " ", "\n  ", "\t"]), hard: bool, lower: bool,
    ) {
        let plain = DistinguishedName::parse(&written(&parts, [",", ""], false, false));
        let other = DistinguishedName::parse(&written(&parts, [comma, pad], hard, lower));
        prop_assert_eq!(plain, other);
    }

    #[test]
    fn preparation_is_done_once(value in "\\PC{0,20}") {
        if let Ok(once) = prepare::prepare(&value) {
            prop_assert_eq!(prepare::prepare(&once), Ok(once.clone()));
        }
    }
}
