//! The signer of these lists is another program: xmlsec1 1.2.37 over OpenSSL, with invented keys that were
//! thrown away.

use super::*;

struct Case {
    name: &'static str,
    list: &'static str,
    signer: &'static [u8],
}

const CASES: [Case; 3] = [
    Case {
        name: "RSA-SHA256, exclusive, with a prefix",
        list: include_str!("../fixtures/rsa-exclusive.xml"),
        signer: include_bytes!("../fixtures/rsa-exclusive.pem"),
    },
    Case {
        name: "ECDSA P-256 SHA-256, inclusive, SHA-512, default namespace",
        list: include_str!("../fixtures/ecdsa-inclusive.xml"),
        signer: include_bytes!("../fixtures/ecdsa-inclusive.pem"),
    },
    Case {
        name: "ECDSA P-384 SHA-384, enveloped-signature alone",
        list: include_str!("../fixtures/p384-default.xml"),
        signer: include_bytes!("../fixtures/p384-default.pem"),
    },
];

fn required(case: &Case) -> SignaturePolicy {
    SignaturePolicy::Required(Signers::new(case.signer, []).unwrap())
}

#[test]
fn lists_signed_by_another_program_verify() {
    for case in &CASES {
        let signed = check(case.list.as_bytes(), &required(case))
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let signed = signed.expect("it was checked");
        let pinned = SignaturePolicy::IfPresent(Signers::new(b"", [signed.spki]).unwrap());
        assert_eq!(check(case.list.as_bytes(), &pinned), Ok(Some(signed)), "{}: by its hash", case.name);
        assert_eq!(signed.held_at(Timestamp(0)), Err(SignatureFault::Expired));
    }
}

#[test]
fn a_signer_without_a_certificate_in_the_list_is_found_in_the_configuration() {
    for case in &CASES {
        let start = case.list.find("X509Certificate>").unwrap();
        let start = case.list[..start].rfind('<').unwrap();
        let end = case.list.rfind("X509Certificate>").unwrap() + "X509Certificate>".len();
        let bare = format!("{}{}", &case.list[..start], &case.list[end..]);
        assert!(check(bare.as_bytes(), &required(case)).is_ok(), "{}", case.name);
    }
}

#[test]
fn the_policy_decides_what_an_unsigned_list_is_worth() {
    let case = &CASES[0];
    let start = case.list.find("<ds:Signature ").unwrap();
    let end = case.list.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let bare = format!("{}{}", &case.list[..start], &case.list[end..]);
    let signers = Signers::new(case.signer, []).unwrap();
    assert_eq!(check(bare.as_bytes(), &required(case)), Err(SignatureFault::Missing));
    assert_eq!(check(bare.as_bytes(), &SignaturePolicy::IfPresent(signers.clone())), Ok(None));
    let evil = case.list.replace("voisin", "malice");
    assert_eq!(check(evil.as_bytes(), &SignaturePolicy::IfPresent(signers)), Err(SignatureFault::Digest));
    assert_eq!(check(evil.as_bytes(), &SignaturePolicy::Off), Ok(None));
}

#[test]
fn a_stranger_is_named_by_the_hash_of_the_key() {
    let stranger = required(&CASES[1]);
    match check(CASES[0].list.as_bytes(), &stranger) {
        Err(SignatureFault::Signer(keys)) => assert_eq!(keys.len(), 1),
        other => panic!("{other:?}"),
    }
    let nobody = SignaturePolicy::Required(Signers::default());
    assert!(matches!(check(CASES[0].list.as_bytes(), &nobody), Err(SignatureFault::Signer(_))));
}

#[test]
fn a_change_of_any_kind_is_seen() {
    for case in &CASES {
        let text = case.list;
        for (change, changed) in [
            ("a domain", text.replacen("Clinique-Lilas", "Clinique-Malice", 1)),
            ("a name", text.replacen("mx.operateur.example", "mx.malice.example", 1)),
            ("a space", text.replacen("</Nom>", " </Nom>", 1)),
            ("an attribute", text.replacen("annexe=", "annexe2=", 1)),
            (
                "a namespace nobody uses, at its element",
                text.replacen("<ListeDomaines>", "<ListeDomaines a=\"\">", 1),
            ),
            ("an element more", text.replacen("</ListeDomaines>", "<Domaine/></ListeDomaines>", 1)),
            ("the carriage return", text.replacen("&#13;", "", 1)),
        ] {
            assert_ne!(changed, text, "{}: {change}", case.name);
            assert_eq!(
                check(changed.as_bytes(), &required(case)),
                Err(SignatureFault::Digest),
                "{}: {change}",
                case.name
            );
        }
        let digest = text.find("DigestValue>").unwrap() + "DigestValue>".len();
        let mut forged = text.to_owned();
        let other = if &forged[digest..=digest] == "A" { "B" } else { "A" };
        forged.replace_range(digest..=digest, other);
        assert_eq!(check(forged.as_bytes(), &required(case)), Err(SignatureFault::Digest));
        let value = text.find("SignatureValue>").unwrap() + "SignatureValue>".len();
        let mut forged = text.to_owned();
        let other = if &forged[value..=value] == "A" { "B" } else { "A" };
        forged.replace_range(value..=value, other);
        assert_eq!(
            check(forged.as_bytes(), &required(case)),
            Err(SignatureFault::Signature),
            "{}",
            case.name
        );
    }
}

/// What a canonical form must not see: line ends, quotes, order of attributes, empty elements, comments.
#[test]
fn writing_the_same_document_differently_changes_nothing() {
    for case in &CASES {
        let same = case
            .list
            .replace("\r\n", "\n")
            .replace('\n', "\r\n")
            .replace("<Description/>", "<Description></Description>")
            .replacen("b:z=\"1\" a=\"&quot;2&quot;\"", "a='\"2\"'   b:z = '1'", 1)
            .replace("<ListeDomaines>", "<ListeDomaines><!-- rien -->");
        assert_ne!(same, case.list);
        check(same.as_bytes(), &required(case)).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}

#[test]
fn signatures_cannot_be_wrapped() {
    let case = &CASES[0];
    let text = case.list;
    let start = text.find("<ds:Signature ").unwrap();
    let end = text.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let (before, signature, after) = (&text[..start], &text[start..end], &text[end..]);
    let root = before.find("<ListeBlancheMSSante").unwrap();
    let whole = &before[root..];
    let forged = whole.replace("mx.operateur.example", "mx.malice.example");
    let head = whole.find('>').unwrap() + 1;
    let place = |text: String| (text, SignatureFault::Place);
    for (attack, (text, want)) in [
        ("the signature twice", place(format!("{before}{signature}{signature}{after}"))),
        ("the signature first", place(format!("{}{signature}{}{after}", &whole[..head], &whole[head..]))),
        (
            "the signed list inside a forged one",
            (format!("{forged}<Original>{whole}</ListeBlancheMSSante></Original>{signature}{after}"), SignatureFault::Digest),
        ),
        (
            "the signature deeper",
            place(format!("{before}<Suite>{signature}</Suite>{after}")),
        ),
        ("something behind the signature", place(format!("{before}{signature}<Domaine/>{after}"))),
        ("words behind the signature", place(format!("{before}{signature}x{after}"))),
        (
            "a SignedInfo elsewhere",
            place(format!("{before}<ds:SignedInfo xmlns:ds=\"{DSIG}\"/>{signature}{after}")),
        ),
        (
            "an object inside the signature",
            (
                text.replace("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object><ListeDomaines/></ds:Object>"),
                SignatureFault::Shape("it is not SignedInfo, SignatureValue and KeyInfo"),
            ),
        ),
        (
            "a second reference",
            (
                text.replace("</ds:Reference>", "</ds:Reference><ds:Reference URI=\"\"/>"),
                SignatureFault::Shape("there is not exactly one Reference"),
            ),
        ),
        (
            "a reference to a part",
            (text.replace("URI=\"\"", "URI=\"#a\""), SignatureFault::Shape("the Reference is not to the whole list")),
        ),
        (
            "a reference without address",
            (text.replace(" URI=\"\"", ""), SignatureFault::Shape("the Reference is not to the whole list")),
        ),
        (
            "a reference of a type",
            (
                text.replace("URI=\"\"", "URI=\"\" Type=\"urn:x\""),
                SignatureFault::Shape("the Reference is not to the whole list"),
            ),
        ),
        (
            "a transform that selects",
            (
                text.replacen(&format!("\"{EXCLUSIVE}\"/></ds:Transforms>"), "\"http://www.w3.org/TR/1999/REC-xpath-19991116\"/></ds:Transforms>", 1),
                SignatureFault::Algorithm("http://www.w3.org/TR/1999/REC-xpath-19991116".to_owned()),
            ),
        ),
        (
            "a transform with parameters",
            (
                text.replacen(
                    &format!("\"{EXCLUSIVE}\"/></ds:Transforms>"),
                    &format!("\"{EXCLUSIVE}\"><e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE}\" PrefixList=\"x\"/></ds:Transform></ds:Transforms>"),
                    1,
                ),
                SignatureFault::Shape("an algorithm has parameters"),
            ),
        ),
        (
            "no enveloped-signature",
            (
                text.replacen(ENVELOPED, EXCLUSIVE, 1),
                SignatureFault::Shape("the transforms are not enveloped-signature and a canonical form"),
            ),
        ),
        (
            "a weak digest",
            (
                text.replace("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
                SignatureFault::Algorithm("http://www.w3.org/2000/09/xmldsig#sha1".to_owned()),
            ),
        ),
        (
            "a keyed hash in place of a signature",
            (
                text.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256"),
                SignatureFault::Algorithm("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256".to_owned()),
            ),
        ),
        (
            "text between the parts",
            (
                text.replace("<ds:SignedInfo>", "x<ds:SignedInfo>"),
                SignatureFault::Shape("text stands where none belongs"),
            ),
        ),
        (
            "a comment in the signature value's place of a digest",
            (text.replacen("<ds:DigestValue>", "<ds:DigestValue>AAAA<!-- -->", 1), SignatureFault::Digest),
        ),
    ] {
        assert_eq!(check(text.as_bytes(), &required(case)), Err(want), "{attack}");
    }
}

#[test]
fn a_changed_signed_info_does_not_verify() {
    // The algorithm is the same document's inclusive form: all that changes is SignedInfo.
    let text = CASES[0].list.replacen("<ds:Reference URI", "<ds:Reference Id=\"a\" URI", 1);
    assert_eq!(check(text.as_bytes(), &required(&CASES[0])), Err(SignatureFault::Signature));
}

#[test]
fn a_signature_without_end_is_refused() {
    let endless = format!("<ds:SignatureValue>{}", " ".repeat(limits::TRUST_SIGNATURE_OCTETS));
    let text = CASES[0].list.replacen("<ds:SignatureValue>", &endless, 1);
    assert_eq!(check(text.as_bytes(), &required(&CASES[0])), Err(SignatureFault::Shape("it is too long")));
}

#[test]
fn signers_that_are_no_certificates_are_refused() {
    assert_eq!(
        Signers::new(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", []).err(),
        Some(SignersError)
    );
    assert!(Signers::new(b"", []).unwrap().is_empty());
}
