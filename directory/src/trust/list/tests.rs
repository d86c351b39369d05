use std::time::Instant;

use super::*;
use crate::trust::invented::{entries, entry, list};

const DATE: &str = "2026-11-20T06:00:00Z";
const DN: &str = "CN=mx.a.example,O=A,C=FR";

fn read(text: &str) -> Result<List, ListFault> {
    List::read(text.as_bytes())
}

fn domains(list: &List) -> Vec<&str> {
    list.domains.keys().map(Domain::as_str).collect()
}

#[test]
fn the_layouts_of_the_national_list_are_read() {
    let text = include_str!("../fixtures/rsa-exclusive.xml");
    let list = read(text).unwrap();
    assert_eq!(list.version.rfc3339(), "2026-11-22T08:00:00Z");
    assert_eq!((list.entries, list.left_out.len()), (2, 0));
    assert_eq!(domains(&list), ["clinique-lilas.mssante.example"], "one domain in two entries, two cases");
    let names = list.domains.values().next().unwrap();
    let texts: Vec<String> = names.keys().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "CN=mx.operateur.example,OU=318310021300028,O=GIP DONNÉES SANTÉ,ST=Bouches-du-Rhône (13),C=FR",
            "CN=smtp.voisin.example,OU=110000000001,O=VOISIN & FILS\\, SARL,ST=Rhône (69),C=FR",
        ]
    );
    let details = names.values().next().unwrap();
    assert_eq!(details.description, "Clinique des Lilas & associés");
    assert_eq!(details.contact, "\"+33 1 00 00 00 01, responsable@operateur.example \"");
}

#[test]
fn elements_of_others_are_passed_over() {
    let extra = "<x:Nom xmlns:x=\"urn:x\">evil.example</x:Nom><Nouveau><Nom>evil.example</Nom></Nouveau>";
    let text = list(DATE, &entry("a.example", DN).replace("<Nom>", &format!("{extra}<Nom>")));
    let text =
        text.replace("</ListeBlancheMSSante>", "<Suite><ListeDomaines/></Suite></ListeBlancheMSSante>");
    assert_eq!(domains(&read(&text).unwrap()), ["a.example"]);
}

#[test]
fn a_comment_in_a_value_does_not_cut_it() {
    let list = read(&list(DATE, &entry("a<!-- x -->.b.example<!-- y -->", DN))).unwrap();
    assert_eq!(domains(&list), ["a.b.example"]);
}

#[test]
fn an_entry_that_cannot_be_read_is_left_out_and_told() {
    let good = entry("good.example", DN);
    for (case, bad, words) in [
        ("no name", good.replace("<Nom>good.example</Nom>", ""), "entry 2: Nom is missing"),
        ("two names", good.replace("<Nom>", "<Nom>x.example</Nom><Nom>"), "Nom stands there more than once"),
        ("a name that is none", entry("good_example", DN), "the part after the @ is not a domain name"),
        ("an element in a name", entry("good<b/>.example", DN), "Nom is not a text"),
        (
            "no distinguished name",
            good.replace(&format!("<DNCertificatOperateur>{DN}</DNCertificatOperateur>"), ""),
            "entry 2 (good.example): DNCertificatOperateur is missing",
        ),
        ("an empty one", entry("good.example", ""), "the name is empty"),
        ("a bare comma", entry("good.example", "CN=a,O=A, SARL,C=FR"), "a part has no equals sign"),
        ("one too long", entry("good.example", &format!("CN={}", "a".repeat(9000))), "is not a text"),
    ] {
        let list = read(&list(DATE, &format!("{}{bad}", entry("other.example", DN)))).unwrap();
        assert_eq!(domains(&list), ["other.example"], "{case}");
        assert_eq!(list.entries, 2, "{case}");
        let told = list.left_out[0].to_string();
        assert!(told.contains(words), "{case}: {told}");
    }
}

#[test]
fn what_is_no_list_is_refused() {
    let good = list(DATE, &entry("a.example", DN));
    let many = "<Domaine/>".repeat(limits::TRUST_LIST_ENTRIES + 1);
    let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
    let attributes: String = (0..40).map(|number| format!(" a{number}=\"\"")).collect();
    for (case, text, want) in [
        ("nothing", String::new(), ListFault::Xml(XmlFault::Truncated)),
        ("a page", "<html/>".to_owned(), ListFault::Root),
        ("another namespace", good.replace(NAMESPACE, "urn:x"), ListFault::Root),
        ("no namespace", good.replace(&format!(" xmlns=\"{NAMESPACE}\""), ""), ListFault::Root),
        (
            "no date",
            good.replace(&format!("<DateDeGeneration>{DATE}</DateDeGeneration>"), ""),
            ListFault::Once("DateDeGeneration"),
        ),
        (
            "two dates",
            good.replace(
                "<ListeDomaines>",
                &format!("<DateDeGeneration>{DATE}</DateDeGeneration><ListeDomaines>"),
            ),
            ListFault::Once("DateDeGeneration"),
        ),
        ("a date that is none", good.replace(DATE, "hier"), ListFault::Version),
        ("no domains", good.replace("ListeDomaines", "Liste"), ListFault::Once("ListeDomaines")),
        (
            "two lists",
            good.replace("</ListeDomaines>", "</ListeDomaines><ListeDomaines></ListeDomaines>"),
            ListFault::Once("ListeDomaines"),
        ),
        ("too many entries", list(DATE, &many), ListFault::Entries),
        ("too deep", list(DATE, &deep), ListFault::Xml(XmlFault::Depth)),
        (
            "attributes without end",
            list(DATE, &format!("<Domaine{attributes}/>")),
            ListFault::Xml(XmlFault::Attributes),
        ),
        ("an undeclared prefix", list(DATE, "<x:Domaine/>"), ListFault::Xml(XmlFault::Namespace)),
        ("an entity", list(DATE, &entry("&evil;.example", DN)), ListFault::Xml(XmlFault::Entity)),
        ("a NUL", list(DATE, &entry("a&#0;.example", DN)), ListFault::Xml(XmlFault::Entity)),
        ("a control character", list(DATE, &entry("a&#1;.example", DN)), ListFault::Xml(XmlFault::Character)),
        ("an instruction", list(DATE, "<?php x?>"), ListFault::Xml(XmlFault::Instruction)),
        ("another encoding", good.replace("UTF-8", "ISO-8859-1"), ListFault::Xml(XmlFault::Encoding)),
        ("something behind", format!("{good}<a/>"), ListFault::Xml(XmlFault::Outside)),
        ("words before", format!("x{}", &good[39..]), ListFault::Xml(XmlFault::Outside)),
    ] {
        assert_eq!(read(&text).map(|list| list.entries), Err(want), "{case}");
    }
    assert_eq!(List::read(b"<a>\xff</a>").err(), Some(ListFault::Xml(XmlFault::Encoding)));
    let huge = vec![b' '; limits::TRUST_LIST_OCTETS + 1];
    assert_eq!(List::read(&huge).err(), Some(ListFault::Xml(XmlFault::TooLong)));
}

/// RELIABILITY T-10, M-07
#[test]
fn t_10_a_doctype_is_refused_at_its_first_octet_and_a_bomb_does_nothing() {
    let good = list(DATE, &entry("a.example", DN));
    let inside = |dtd: &str| good.replacen("?>", &format!("?>{dtd}"), 1);
    let lol: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let bomb = format!("<!DOCTYPE a [<!ENTITY l0 \"lol\">{lol}{}]>", " ".repeat(64 * 1024));
    for (case, text) in [
        ("an external subset", inside("<!DOCTYPE a SYSTEM \"http://127.0.0.1:9/evil.dtd\">")),
        ("a parameter entity", inside("<!DOCTYPE a [<!ENTITY % x SYSTEM \"file:///etc/passwd\"> %x;]>")),
        ("billion laughs", inside(&bomb)),
        ("one that never ends", inside("<!DOCTYPE a [")),
        ("lower case", inside("<!doctype a>")),
        ("in the middle", good.replace("<ListeDomaines>", "<ListeDomaines><!DOCTYPE a>")),
        ("the first octets only", "<!DOCTYPE".to_owned()),
    ] {
        let began = Instant::now();
        assert_eq!(read(&text).err(), Some(ListFault::Xml(XmlFault::Doctype)), "{case}");
        assert!(began.elapsed().as_millis() < 500, "{case}: {:?}", began.elapsed());
    }
}

/// RELIABILITY T-10
#[test]
fn t_10_a_list_cut_anywhere_is_refused() {
    let text = list(DATE, &entry("é.example", DN));
    let text = text.trim_end();
    for end in 0..text.len() {
        let Some(cut) = text.get(..end) else { continue };
        assert!(read(cut).is_err(), "cut at octet {end} it is still a list");
    }
    assert!(read(text).is_ok());
}

#[test]
fn ten_thousand_entries_are_read_in_a_moment() {
    let text = list(DATE, &entries(10_000));
    let began = Instant::now();
    let list = read(&text).unwrap();
    let took = began.elapsed();
    assert_eq!((list.entries, list.left_out.len()), (10_000, 0), "{:?}", list.left_out.first());
    assert_eq!(list.domains.len(), 9_000);
    assert_eq!(list.domains.values().map(BTreeMap::len).sum::<usize>(), 10_000);
    // One second is the goal of a release build; tests run unoptimised, beside others.
    assert!(took.as_secs() < 10, "{} octets took {took:?}", text.len());
}
