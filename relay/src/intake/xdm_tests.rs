//! Stories of XDM archives: what their metadata asks for is obeyed, on both engines.

use crate::Outcome;
use crate::testing::{DOCTOR, House, NOON, SECRETARIAT, address, houses};
use mailstore::{Confidentiality, Viewer};
use policy::Refusal;
use std::sync::Arc;
use wire::mime::compose::{File, Letter, Person};

const CLAIRE: &str = "285059900010125@patient.mssante.example";
const LEO: &str = "119049900020288@patient.mssante.example";
const TITLE: &str = "Bilan lipidique";

/// A file of an archive.
type Item<'a> = (&'a str, &'a [u8]);

/// An archive of stored entries.
fn zip(items: &[Item<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let count = items.len() as u16;
    for (name, octets) in items {
        let size = octets.len() as u32;
        let start = out.len() as u32;
        let mut common = [0_u16, 0, 0, 0x5d76].map(u16::to_le_bytes).concat();
        common.extend([crc(octets), size, size].map(u32::to_le_bytes).concat());
        common.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        out.extend([b"PK\x03\x04\x14\0", &common[..], name.as_bytes(), octets].concat());
        let places = [[0; 6].as_slice(), &[0; 4], &start.to_le_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\0\x14\0", &common[..], &places, name.as_bytes()].concat());
    }
    let end = [directory.len() as u32, out.len() as u32].map(u32::to_le_bytes).concat();
    let counts = [0, 0, count, count].map(u16::to_le_bytes).concat();
    [&out[..], &directory, b"PK\x05\x06", &counts, &end, &[0, 0]].concat()
}

fn crc(octets: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256)
        .map(|n| (0..8).fold(n, |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))))
        .collect();
    !octets.iter().fold(!0, |crc, octet| table[usize::from(crc as u8 ^ octet)] ^ (crc >> 8))
}

fn metadata(marks: &[&str]) -> String {
    let classification = |scheme: &str, code: &str| {
        format!("<Classification classificationScheme='urn:uuid:{scheme}' nodeRepresentation='{code}'/>")
    };
    let marks: String =
        marks.iter().map(|mark| classification("f4f85eac-e6cb-4883-b524-f2705394840f", mark)).collect();
    format!(
        "<SubmitObjectsRequest><ExtrinsicObject><Slot name='serviceStartTime'><ValueList><Value>20261118103000\
         </Value></ValueList></Slot><Name><LocalizedString value='{TITLE}'/></Name>{marks}{}</ExtrinsicObject>\
         </SubmitObjectsRequest>",
        classification("f0306f51-975f-434e-a61c-c59651d33983", "11502-2"),
    )
}

fn archive(marks: &[&str], document: &[u8]) -> Vec<u8> {
    let metadata = metadata(marks);
    zip(&[("IHE_XDM/SUBSET01/METADATA.XML", metadata.as_bytes()), ("IHE_XDM/SUBSET01/DOC0001.XML", document)])
}

/// A letter with this archive and the same document as PDF.
fn letter(to: &str, archive: &[u8]) -> String {
    let (doctor, recipient) = (address(DOCTOR), address(to));
    let files = [
        File { name: "IHE_XDM.zip", media_type: "application/zip", content: archive },
        File { name: "x1.pdf", media_type: "application/pdf", content: b"%PDF-1.4\n%%EOF\n" },
    ];
    let letter = Letter {
        from: Person { name: "Dr", address: &doctor },
        sender: None,
        to: &[Person { name: "", address: &recipient }],
        cc: &[],
        subject: "XDM/1.0/DDM+",
        message_id: "xdm@x.example",
        in_reply_to: None,
        references: &[],
        text: "Bonjour.",
        attachments: &files,
        fields: &[],
    };
    let composed = letter.compose(NOON);
    String::from_utf8([composed.head, composed.body].concat()).unwrap().replace("\r\n", "\n")
}

async fn send(house: &House, to: &str, archive: &[u8]) -> Option<Refusal> {
    match house.send(DOCTOR, &[to], &letter(to, archive)).await {
        Outcome::Accepted { .. } => None,
        Outcome::Refused { refusal, .. } => Some(refusal),
    }
}

/// What a viewer sees of an account: conversations, letters not read, titles of documents.
async fn seen(house: &House, patient: &str, viewer: Viewer) -> (usize, u64, Vec<String>) {
    let (store, account) = (house.relay.mailstore(), house.account(patient).await);
    let conversations = store.conversations(account, viewer, None, 10).await.unwrap();
    let documents = store.documents(account, None, viewer, None, 10).await.unwrap();
    let mut titles: Vec<_> = documents.into_iter().map(|document| document.draft.title).collect();
    titles.sort();
    (conversations.len(), store.unread(account, viewer).await.unwrap().0, titles)
}

async fn count(house: &House, sql: &'static str) -> i64 {
    house.data.read().await.unwrap().row(sql, db::args![]).await.unwrap().int(0).unwrap()
}

const NOTICES: &str = "SELECT COUNT(*) FROM alert";
const NOTICES_TO_OTHERS: &str = "SELECT COUNT(*) FROM alert WHERE audience <> 'owner'";
const DOCUMENTS: &str = "SELECT COUNT(*) FROM document";

#[tokio::test(flavor = "multi_thread")]
async fn what_an_archive_hides_from_the_patient_is_kept_and_not_shown() {
    for house in houses().await {
        let long = vec![b'x'; 40_000];
        let forwarded = letter(CLAIRE, &archive(&["INVISIBLE_PATIENT"], b"<a/>"));
        let forwarded = format!(
            "From: Dr <{DOCTOR}>\nTo: {CLAIRE}\nSubject: Tr\nMIME-Version: 1.0\n\
             Content-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: message/rfc822\n\n{forwarded}\n\
             --outer--\n"
        );
        let large = vec![b'x'; 6_000_000];
        for (case, text, filed) in [
            ("short", letter(CLAIRE, &archive(&["N", "INVISIBLE_PATIENT"], b"<a/>")), 2),
            ("on disk", letter(CLAIRE, &archive(&["N", "INVISIBLE_PATIENT"], &long)), 2),
            (
                "both marks",
                letter(CLAIRE, &archive(&["INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"], b"")),
                2,
            ),
            ("too large for the dossier", letter(CLAIRE, &archive(&["INVISIBLE_PATIENT"], &large)), 1),
            ("in a forwarded letter", forwarded, 0),
        ] {
            let before = count(&house, DOCUMENTS).await;
            let letters = house.inbox(CLAIRE).await.len();
            let outcome = house.send(DOCTOR, &[CLAIRE], &text).await;
            assert!(matches!(outcome, Outcome::Accepted { .. }), "{case}: {outcome:?}");
            assert_eq!(house.inbox(CLAIRE).await.len(), letters + 1, "{case}: it is kept");
            assert_eq!(count(&house, DOCUMENTS).await - before, filed, "{case}: filed for later");
            for viewer in [Viewer::Patient, Viewer::Representative] {
                assert_eq!(seen(&house, CLAIRE, viewer).await, (0, 0, vec![]), "{case} {viewer:?}");
            }
            assert_eq!(count(&house, NOTICES).await, 0, "{case}: a notice would tell");
        }
        let visitor = house.visitor(CLAIRE).await;
        let may = house.relay.may_write(&visitor, &address(DOCTOR), house.relay.now()).await.unwrap();
        assert_eq!(may, Some(Refusal::NeverContacted), "{}: an open contact would tell", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_archive_hides_from_parents_is_the_child_s_alone() {
    for house in houses().await {
        let marked = archive(&["N", "INVISIBLE_REPRESENTANTS_LEGAUX"], b"<a/>");
        assert_eq!(send(&house, LEO, &marked).await, None, "{}", house.engine);
        let mut mother = house.visitor(LEO).await;
        mother.actor = house.visitor(CLAIRE).await.patient;
        assert_eq!(mother.viewer(), Viewer::Representative);
        assert_eq!(seen(&house, LEO, mother.viewer()).await, (0, 0, vec![]), "{}", house.engine);
        let (conversations, unread, titles) = seen(&house, LEO, Viewer::Patient).await;
        assert_eq!((conversations, unread, titles.len()), (1, 1, 2), "{}: {titles:?}", house.engine);
        assert_eq!(count(&house, NOTICES_TO_OTHERS).await, 0, "{}", house.engine);
        assert_eq!(seen(&house, CLAIRE, Viewer::Patient).await, (0, 0, vec![]), "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_filed_under_the_words_of_its_author() {
    for house in houses().await {
        for (marks, professionals) in [(&["N"][..], false), (&["N", "MASQUE_PS"], true)] {
            assert_eq!(send(&house, CLAIRE, &archive(marks, marks.concat().as_bytes())).await, None);
            let (store, account) = (house.relay.mailstore(), house.account(CLAIRE).await);
            let documents =
                store.documents(account, Some("BIOLOGIE"), Viewer::Patient, None, 10).await.unwrap();
            let newest = documents.iter().max_by_key(|document| document.id).unwrap();
            let draft = &newest.draft;
            assert_eq!((draft.title.as_str(), draft.mime.as_str()), (TITLE, "application/zip"));
            assert_eq!(draft.act_date, names::Timestamp::noon_utc(2026, 11, 18), "{}", house.engine);
            assert_eq!(draft.confidentiality.has(Confidentiality::PROFESSIONALS), professionals);
            assert!(!draft.confidentiality.from(Viewer::Patient), "{}", house.engine);
        }
        assert_eq!(count(&house, NOTICES).await, 1, "{}: two letters, one notice", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_cannot_be_read_stops_the_letter_to_a_patient_only() {
    for house in houses().await {
        let whole = archive(&["N"], b"<a/>");
        let mut encrypted = whole.clone();
        let central = encrypted.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
        encrypted[central + 8] |= 1;
        let misspelt = archive(&["INVISIBLE_PATIENTE"], b"<a/>");
        for (case, octets) in [
            ("cut", whole[..whole.len() - 9].to_vec()),
            ("no archive at all", b"bonjour".to_vec()),
            ("encrypted", encrypted),
            ("no metadata", zip(&[("INDEX.HTM", b"<a/>")])),
            ("a document type", zip(&[("METADATA.XML", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")])),
            ("a mark nobody knows", misspelt),
        ] {
            assert_eq!(send(&house, CLAIRE, &octets).await, Some(Refusal::SecrecyUnreadable), "{case}");
            assert_eq!(house.inbox(CLAIRE).await.len(), 0, "{case}: {}", house.engine);
            assert_eq!(send(&house, SECRETARIAT, &octets).await, None, "{case}: theirs to read");
        }
        let huge = archive(&["N"], &vec![b'x'; 7_600_000]);
        assert_eq!(send(&house, CLAIRE, &huge).await, Some(Refusal::SecrecyUnreadable), "too large");
        assert_eq!(send(&house, CLAIRE, &whole).await, None, "{}: corrected and sent again", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_archives_at_once_wait_for_each_other_and_all_pass() {
    for house in houses().await {
        let house = Arc::new(house);
        let sends = (0..8).map(|n: u8| {
            let house = Arc::clone(&house);
            tokio::spawn(async move { send(&house, CLAIRE, &archive(&["N"], &[n; 30_000])).await })
        });
        for sent in sends.collect::<Vec<_>>() {
            assert_eq!(sent.await.unwrap(), None, "{}", house.engine);
        }
        assert_eq!(house.inbox(CLAIRE).await.len(), 8, "{}", house.engine);
    }
}
