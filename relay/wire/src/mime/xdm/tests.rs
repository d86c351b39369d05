//! What metadata says, in the shapes that real archives have.

use super::testing::{archive, classification, item, metadata, object, zip};
use super::*;
use crate::mime::limits;
use proptest::prelude::*;

const CONFIDENTIALITY: &str = "f4f85eac-e6cb-4883-b524-f2705394840f";

fn biology(marks: &[&str]) -> String {
    object("Bilan du 18 novembre", "11502-2", "10", marks)
}

fn marks(xml: &str) -> Result<Vec<Vec<String>>, XdmFault> {
    let read = read(&archive(xml))?;
    Ok(read.documents.into_iter().map(|document| document.confidentiality).collect())
}

#[test]
fn an_archive_as_ihe_wants_it_is_read_whole() {
    let xdm = read(&archive(&metadata(&biology(&["N", "INVISIBLE_PATIENT", "MASQUE_PS"])))).unwrap();
    let patient = PatientId {
        number: Redacted("285059900010125".into()),
        authority: Some("1.2.250.1.213.1.4.8".into()),
    };
    assert_eq!(xdm.patient, Some(patient.clone()));
    let [document] = &xdm.documents[..] else { panic!("{xdm:?}") };
    let code = |code: &str, scheme: &str| Some(Code { code: code.into(), scheme: Some(scheme.into()) });
    let want = Document {
        uri: Some("DOC0001.XML".into()),
        title: Redacted(Some("Bilan du 18 novembre".into())),
        type_code: code("11502-2", "2.16.840.1.113883.6.1"),
        class_code: code("10", "1.2.250.1.213.1.1.4.1"),
        confidentiality: ["N", "INVISIBLE_PATIENT", "MASQUE_PS"].map(str::to_owned).to_vec(),
        created: Some("20261120101500".into()),
        service_start: Some("20261118".into()),
        mime: Some("text/xml".into()),
        size: Some(1234),
        hash: Some("da39a3ee5e6b4b0d3255bfef95601890afd80709".into()),
        patient: Some(patient),
    };
    assert_eq!(document, &want);
    assert_eq!(document.day(), Some((2026, 11, 18)));
    let shown = format!("{xdm:?}");
    assert!(!shown.contains("2850599") && !shown.contains("Bilan"), "{shown}");
}

#[test]
fn archives_laid_out_otherwise_are_read_the_same() {
    let text = metadata(&biology(&["N", "INVISIBLE_PATIENT"]));
    let want = read(&archive(&text)).unwrap();
    let document = |folder: &str| item(&format!("{folder}DOC0001.XML"), "<ClinicalDocument/>");
    let streamed = zip(&[item("IHE_XDM/SUBSET01/METADATA.XML", text.clone()), document("IHE_XDM/SUBSET01/")]
        .map(|one| super::testing::Item { streamed: true, ..one }));
    let stored = zip(&[item("IHE_XDM/SUBSET01/METADATA.XML", text.clone()), document("IHE_XDM/SUBSET01/")]
        .map(|one| super::testing::Item { deflated: false, ..one }));
    let laid = |path: &str, folder: &str| zip(&[document(folder), item(path, text.clone())]);
    let folders = zip(&[
        super::testing::Item { deflated: false, ..item("IHE_XDM/", "") },
        super::testing::Item { deflated: false, ..item("IHE_XDM/SUBSET01/", "") },
        item("IHE_XDM/SUBSET01/METADATA.XML", text.clone()),
        document("IHE_XDM/SUBSET01/"),
    ]);
    let utf16: Vec<u8> =
        text.encode_utf16().fold(vec![0xff, 0xfe], |all, unit| [all, unit.to_le_bytes().to_vec()].concat());
    let at = "IHE_XDM/SUBSET01/METADATA.XML";
    for (case, octets) in [
        ("lower case", laid("ihe_xdm/subset01/metadata.xml", "ihe_xdm/subset01/")),
        ("subset in lower case, no index", laid("IHE_XDM/subset01/METADATA.XML", "IHE_XDM/subset01/")),
        ("metadata a level up", laid("IHE_XDM/METADATA.XML", "IHE_XDM/SUBSET01/")),
        ("metadata at the root", laid("METADATA.XML", "")),
        ("in a folder of its own", laid("Envoi/IHE_XDM/SUBSET01/METADATA.XML", "Envoi/IHE_XDM/SUBSET01/")),
        ("backslashes", laid("IHE_XDM\\SUBSET01\\METADATA.XML", "IHE_XDM\\SUBSET01\\")),
        ("another subset", laid("IHE_XDM/SUBSET02/METADATA.XML", "IHE_XDM/SUBSET02/")),
        ("sizes after the data", streamed),
        ("stored", stored),
        ("entries for folders", folders),
        ("elements in lower case", archive(&lower_case(&text))),
        ("no prefix", archive(&text.replace("rim:", "").replace("lcm:", ""))),
        ("byte order mark", zip(&[item(at, format!("\u{feff}{text}"))])),
        ("UTF-16", zip(&[item(at, utf16)])),
        (
            "the scheme of another identifier",
            archive(
                &text.replace("58a6f841-87b3-4a3e-92fd-a8ffeff98427", "2e82c1f6-a085-4c72-9da3-8640a32e42ab"),
            ),
        ),
        (
            "no names of identifiers",
            archive(&text.replace("<rim:LocalizedString value=\"XDSDocumentEntry.patientId\"/>", "")),
        ),
    ] {
        assert_eq!(read(&octets), Ok(want.clone()), "{case}");
    }
    let latin = text.replace("UTF-8", "ISO-8859-1").replace("Bilan", "Résultat");
    let latin: Vec<u8> = latin.chars().map(|c| c as u8).collect();
    let read = read(&zip(&[item(at, latin)])).unwrap();
    assert_eq!(read.documents[0].title.0.as_deref(), Some("Résultat du 18 novembre"));
}

/// Elements as the official style sheet writes some of them.
fn lower_case(xml: &str) -> String {
    ["Classification", "ExternalIdentifier", "Slot", "Name", "LocalizedString", "ExtrinsicObject"]
        .iter()
        .fold(xml.to_owned(), |xml, name| {
            xml.replace(&format!("rim:{name}"), &format!("rim:{}", name.to_lowercase()))
        })
}

/// An archive that Python's `zipfile` wrote: a writer that knows nothing of this reader.
#[test]
fn an_archive_of_another_writer_is_read() {
    let octets = include_bytes!("python-zipfile.zip");
    let xdm = read(octets).unwrap();
    assert_eq!(xdm.documents[0].title.0.as_deref(), Some("Compte rendu d’imagerie"));
    assert_eq!(xdm.documents[0].confidentiality, ["N", "INVISIBLE_PATIENT"]);
}

#[test]
fn no_mark_of_confidentiality_is_lost() {
    let two = [biology(&["N"]), biology(&["R", "INVISIBLE_PATIENT"]).replace("urn:uuid:aa", "urn:uuid:bb")];
    let aside = |scheme: &str, code: &str| {
        classification(scheme, code, "x").replace("rim:Classification ", "rim:Classification id=\"c\" ")
    };
    let normal = biology(&["N"]);
    for (case, objects, want) in [
        ("none", biology(&[]), vec![vec![]]),
        ("several", two.concat(), vec![vec!["N"], vec!["R", "INVISIBLE_PATIENT"]]),
        (
            "beside its document",
            normal.clone() + &aside(CONFIDENTIALITY, "INVISIBLE_PATIENT"),
            vec![vec!["N", "INVISIBLE_PATIENT"]],
        ),
        (
            "beside two, of neither",
            two.concat() + &aside(CONFIDENTIALITY, "MASQUE_PS").replace("urn:uuid:aa", "urn:uuid:zz"),
            vec![vec!["N", "MASQUE_PS"], vec!["R", "INVISIBLE_PATIENT", "MASQUE_PS"]],
        ),
        (
            "under a wrong scheme",
            normal.clone() + &aside("x", "INVISIBLE_REPRESENTANTS_LEGAUX"),
            vec![vec!["N", "INVISIBLE_REPRESENTANTS_LEGAUX"]],
        ),
        ("with blanks", biology(&[" INVISIBLE_PATIENT\n"]), vec![vec!["INVISIBLE_PATIENT"]]),
        ("with references", biology(&["INVISIBLE&#x5f;PATIENT"]), vec![vec!["INVISIBLE_PATIENT"]]),
        (
            "scheme in capitals",
            biology(&["INVISIBLE_PATIENT"]).replace(CONFIDENTIALITY, &CONFIDENTIALITY.to_uppercase()),
            vec![vec!["INVISIBLE_PATIENT"]],
        ),
    ] {
        let want: Vec<Vec<String>> =
            want.iter().map(|one| one.iter().map(|mark| (*mark).to_owned()).collect()).collect();
        assert_eq!(marks(&metadata(&objects)), Ok(want), "{case}");
    }
    let subsets = zip(&[
        item("IHE_XDM/SUBSET01/METADATA.XML", metadata(&normal)),
        item("IHE_XDM/SUBSET02/METADATA.XML", metadata(&biology(&["INVISIBLE_PATIENT"]))),
    ]);
    let all: Vec<_> =
        read(&subsets).unwrap().documents.into_iter().flat_map(|one| one.confidentiality).collect();
    assert_eq!(all, ["N", "INVISIBLE_PATIENT"]);
}

#[test]
fn metadata_that_must_not_be_guessed_is_a_fault() {
    let normal = biology(&["N"]);
    let bomb: String = (0..64).fold("<!ENTITY a0 'ha'>".to_owned(), |all, n| {
        format!("{all}<!ENTITY a{} '{}'>", n + 1, format!("&a{n};").repeat(10))
    });
    for (case, xml, want) in [
        ("no document", metadata(""), XdmFault::Metadata),
        ("a mark without its code", metadata(&biology(&[""])), XdmFault::Metadata),
        ("not XML", "bonjour".to_owned(), XdmFault::Xml),
        ("nothing", String::new(), XdmFault::Xml),
        ("cut", metadata(&normal)[..900].to_owned(), XdmFault::Xml),
        ("an unknown entity", metadata(&biology(&["&invisible;"])), XdmFault::Xml),
        ("laughs", format!("<!DOCTYPE a [{bomb}]><a>&a64;</a>"), XdmFault::Doctype),
        (
            "a file",
            "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>".to_owned(),
            XdmFault::Doctype,
        ),
        ("an address", "<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>".to_owned(), XdmFault::Doctype),
        (
            "a parameter entity",
            "<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://127.0.0.1:1/'> %b;]><a/>".to_owned(),
            XdmFault::Doctype,
        ),
        ("depth", metadata(&"<a>".repeat(100_000)), XdmFault::XmlLimit),
        (
            "attributes",
            format!("<a {}/>", (0..50_000).map(|n| format!("a{n}='' ")).collect::<String>()),
            XdmFault::XmlLimit,
        ),
        ("nodes", metadata(&"<a/>".repeat(limits::XML_NODES as usize + 1)), XdmFault::XmlLimit),
        ("size", metadata(&" ".repeat(limits::XDM_METADATA as usize)), XdmFault::TooLarge),
    ] {
        // Stored, or these would be refused as bombs before they are looked at.
        let entry = super::testing::Item { deflated: false, ..item("METADATA.XML", xml) };
        assert_eq!(read(&zip(&[entry])), Err(want), "{case}");
    }
}

#[test]
fn metadata_of_many_documents_and_marks_costs_little() {
    let begun = std::time::Instant::now();
    let objects = |count: usize| "<ExtrinsicObject id='a'/>".repeat(count);
    let marks = |count: usize| {
        let mark = |n| format!("<Classification classifiedObject='z' nodeRepresentation='INVISIBLE_{n}'/>");
        (0..count).map(mark).collect::<String>()
    };
    let plain = "<Classification classifiedObject='z' nodeRepresentation='N'/>".repeat(50_000);
    for (case, xml, want) in [
        (
            "at the limits",
            objects(limits::XDM_DOCUMENTS) + &marks(limits::XDM_MARKS),
            Ok(limits::XDM_DOCUMENTS),
        ),
        ("one document more", objects(limits::XDM_DOCUMENTS + 1), Err(XdmFault::XmlLimit)),
        ("one mark more", objects(1) + &marks(limits::XDM_MARKS + 1), Err(XdmFault::XmlLimit)),
        ("the same again", objects(limits::XDM_DOCUMENTS) + &plain, Ok(limits::XDM_DOCUMENTS)),
        ("the same mark again", objects(1) + &marks(1).repeat(30_000), Ok(1)),
    ] {
        let entry = super::testing::Item { deflated: false, ..item("METADATA.XML", format!("<a>{xml}</a>")) };
        assert_eq!(read(&zip(&[entry])).map(|xdm| xdm.documents.len()), want, "{case}");
    }
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[test]
fn the_day_of_an_act_is_read_or_not() {
    let mut document = read(&archive(&metadata(&biology(&[])))).unwrap().documents.remove(0);
    for (start, created, want) in [
        (Some("202611182230+0100"), None, Some((2026, 11, 18))),
        (Some("2026"), Some("20261120"), Some((2026, 11, 20))),
        (Some("éééé"), None, None),
        (None, None, None),
    ] {
        (document.service_start, document.created) = (start.map(str::to_owned), created.map(str::to_owned));
        assert_eq!(document.day(), want, "{start:?} {created:?}");
    }
}

proptest! {
    #[test]
    fn any_metadata_is_read_or_refused(pieces in prop::collection::vec(prop::sample::select(&[
        "<rim:ExtrinsicObject>", "</rim:ExtrinsicObject>", "<Classification nodeRepresentation='", "INVISIBLE_PATIENT",
        "'>", "'/>", "</Classification>", "<Name><LocalizedString value=\"", "\"/></Name>", "<Slot name='URI'>", "</Slot>",
        "<Value>", "</Value>", "&amp;", "&#0;", "<![CDATA[", "]]>", "<!--", "-->", "^^^&", "é",
    ][..]), 0..30)) {
        let _ = read(&archive(&metadata(&pieces.concat())));
        let _ = read(&archive(&pieces.concat()));
    }
}
