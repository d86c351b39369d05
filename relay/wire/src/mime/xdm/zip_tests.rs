//! Archives that lie, and random ones.

use super::testing::{Item, archive, end, item, metadata, object, zip};
use super::*;
use crate::mime::limits;
use proptest::prelude::*;
use std::time::Instant;

const PLACE: &str = "IHE_XDM/SUBSET01/METADATA.XML";

fn good() -> Item {
    item(PLACE, metadata(&object("Bilan", "11502-2", "10", &["N"])))
}

fn with(other: Item) -> Vec<u8> {
    zip(&[good(), other])
}

#[test]
fn hostile_archives_are_refused_each_for_its_reason_and_fast() {
    let plain = archive(&metadata(&object("Bilan", "11502-2", "10", &["N"])));
    let zeros = |size: usize| item("BIG.XML", vec![0; size]);
    let many = |count: usize| {
        zip(&(0..count).map(|n| item(&format!("F{n}"), "")).chain([good()]).collect::<Vec<_>>())
    };
    let lie = |size: u32| Item { size: Some(size), ..item("DOC.XML", vec![b'x'; 50_000]) };
    let stored_lie = Item { deflated: false, size: Some(9), ..item("DOC.XML", "abc") };
    let mut flipped = plain.clone();
    let middle = flipped.windows(10).position(|w| w == b"README.TXT").unwrap() + 11;
    flipped[middle] ^= 0x40;
    let mut appended = plain.clone();
    appended.extend_from_slice(b"more");
    let prefixed = [b"MZ".as_slice(), &plain].concat();
    for (case, octets, want) in [
        ("nothing", vec![], XdmFault::Structure),
        ("no archive", b"%PDF-1.4".to_vec(), XdmFault::Structure),
        ("cut", plain[..plain.len() - 30].to_vec(), XdmFault::Structure),
        ("octets after the end", appended, XdmFault::Structure),
        ("a program in front", prefixed, XdmFault::Structure),
        ("no metadata", zip(&[item("INDEX.HTM", "")]), XdmFault::NoMetadata),
        ("empty", zip(&[]), XdmFault::NoMetadata),
        ("up and away", with(item("../../etc/passwd", "")), XdmFault::Name),
        ("up in the middle", with(item("IHE_XDM/../x", "")), XdmFault::Name),
        ("up by backslash", with(item("..\\..\\x", "")), XdmFault::Name),
        ("absolute", with(item("/etc/passwd", "")), XdmFault::Name),
        ("a drive", with(item("C:\\x", "")), XdmFault::Name),
        ("a stream", with(item("a.xml:b", "")), XdmFault::Name),
        ("a device", with(item("IHE_XDM/con.txt", "")), XdmFault::Name),
        ("a port", with(item("LPT1", "")), XdmFault::Name),
        ("no name", with(item("", "")), XdmFault::Name),
        ("two slashes", with(item("a//b", "")), XdmFault::Name),
        ("NUL", with(item("METADATA.XML\0.txt", "")), XdmFault::Name),
        ("a long name", with(item(&"x".repeat(limits::XDM_NAME_OCTETS + 1), "")), XdmFault::Name),
        ("a link", with(Item { attributes: 0o120_777 << 16, ..item("LINK", "/etc/passwd") }), XdmFault::Name),
        ("twice", with(good()), XdmFault::Duplicate),
        ("twice, by case", with(item("ihe_xdm/Subset01/metadata.xml", "<a/>")), XdmFault::Duplicate),
        ("twice, by slash", with(item("IHE_XDM\\SUBSET01\\METADATA.XML", "<a/>")), XdmFault::Duplicate),
        ("a file like a folder", with(item("IHE_XDM/SUBSET01/METADATA.XML/", "")), XdmFault::Duplicate),
        ("encrypted", with(Item { flags: 1, ..item("DOC.XML", "x") }), XdmFault::Encrypted),
        ("encrypted strongly", with(Item { flags: 1 << 6, ..item("DOC.XML", "x") }), XdmFault::Encrypted),
        ("encrypted directory", with(Item { flags: 1 << 13, ..item("DOC.XML", "x") }), XdmFault::Encrypted),
        ("WinZip's encryption", with(Item { method: Some(99), ..item("DOC.XML", "x") }), XdmFault::Encrypted),
        ("another method", with(Item { method: Some(12), ..item("DOC.XML", "x") }), XdmFault::Method),
        (
            "another name inside",
            with(Item { local_name: Some(b"DOC.XMM".to_vec()), ..item("DOC.XML", "x") }),
            XdmFault::Lie,
        ),
        ("says less than it is", with(lie(10)), XdmFault::Lie),
        ("says more than it is", with(lie(60_000)), XdmFault::Lie),
        ("says 4 GB", with(lie(u32::MAX)), XdmFault::TooLarge),
        ("stored, says more", with(stored_lie), XdmFault::Lie),
        ("damaged", flipped, XdmFault::Lie),
        ("a bomb", with(zeros(20_000_000)), XdmFault::TooLarge),
        (
            "a bomb that says it is small",
            with(Item { size: Some(1_000), ..zeros(20_000_000) }),
            XdmFault::Lie,
        ),
        (
            "small bombs, many",
            zip(&(0..100)
                .map(|n| item(&format!("F{n}"), vec![0; 900_000]))
                .chain([good()])
                .collect::<Vec<_>>()),
            XdmFault::TooLarge,
        ),
        ("501 entries", many(limits::XDM_ENTRIES), XdmFault::TooLarge),
        ("overlap", overlap(), XdmFault::Overlap),
        ("an entry nobody lists", hidden(), XdmFault::Structure),
        ("a second end in the comment", two_ends(&plain), XdmFault::Structure),
    ] {
        let begun = Instant::now();
        assert_eq!(read(&octets), Err(want), "{case}");
        let took = begun.elapsed();
        assert!(took.as_millis() < 500, "{case} took {took:?}");
    }
    assert!(read(&many(limits::XDM_ENTRIES - 1)).is_ok());
    assert!(read(&plain).is_ok());
}

/// The first entry claims the beginning of the second as its own, in both of its headers.
fn overlap() -> Vec<u8> {
    let mut octets = with(item("DOC.XML", "x".repeat(50)));
    let central = octets.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    for field in [18, central + 20] {
        let mut packed = [0; 4];
        packed.copy_from_slice(&octets[field..field + 4]);
        octets[field..field + 4].copy_from_slice(&(u32::from_le_bytes(packed) + 10).to_le_bytes());
    }
    octets
}

/// A local header that the directory does not know: a program that reads from the front finds it.
fn hidden() -> Vec<u8> {
    let both = zip(&[good(), item("HIDDEN.XML", "x".repeat(50))]);
    let directory = both.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let one = zip(&[good()]);
    let split = one.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    end(both[..directory].to_vec(), &one[split..one.len() - 22], 1)
}

fn two_ends(plain: &[u8]) -> Vec<u8> {
    let mut octets = plain.to_vec();
    let comment = octets.len() - 2;
    octets[comment..].copy_from_slice(&22_u16.to_le_bytes());
    octets.extend_from_slice(&zip(&[]));
    octets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&octets).is_err());
    }

    #[test]
    fn an_archive_changed_anywhere_is_read_alike_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = archive(&metadata(&object("Bilan", "11502-2", "10", &["N", "INVISIBLE_PATIENT"])));
        let mut octets = whole.clone();
        for (at, value) in changes {
            octets[at.index(whole.len())] = value;
        }
        if let Ok(found) = read(&octets) {
            // Nothing that still reads has lost the mark: checksums hold the metadata.
            prop_assert!(found.documents.iter().all(|one| one.confidentiality.len() == 2));
        }
        prop_assert!(read(&whole[..cut.index(whole.len())]).is_err());
    }
}
