//! Letters shaped as mailers and gateways shape them, read by us and by two others: mail-parser
//! here, Python's `email` package when `expected.tsv` was written.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Decoder, Head, Structure, oracle,
    testing::{octets, read, read_in},
};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/letters").join(name)
}

fn letters(of: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder(of)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "eml") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            all.insert(name, std::fs::read(path).unwrap());
        }
    }
    assert!(all.len() >= 30, "only {} letters", all.len());
    all
}

/// One line a leaf, as in `expected.tsv`.
fn described(letter: &[u8], head: &Head, structure: &Structure) -> Vec<String> {
    let body = &letter[head.len()..];
    let describe = |view: super::LeafView<'_>| {
        let mut decoder = Decoder::new(view.part.encoding);
        let mut decoded = Vec::new();
        decoder.push(octets(body, view.part), &mut decoded);
        decoder.finish(&mut decoded);
        assert_eq!(decoded.len() as u64, view.part.decoded_len);
        let path: Vec<String> = view.path.iter().map(u32::to_string).collect();
        let sum: u64 = decoded.iter().map(|octet| u64::from(*octet)).sum();
        format!(
            "{}\t{}\t{}\t{}\t{}",
            path.join("."),
            view.part.media_type(),
            view.part.filename.as_deref().unwrap_or("-"),
            decoded.len(),
            sum % 65_521
        )
    };
    structure.leaf_views().into_iter().map(describe).collect()
}

#[test]
fn letters_of_mailers_have_the_parts_that_other_readers_see() {
    let expected = std::fs::read_to_string(folder("structure").join("expected.tsv")).unwrap();
    let mut wrong = Vec::new();
    for (name, letter) in letters("structure") {
        let (head, structure) = read(&letter);
        assert_eq!((structure.ambiguity, structure.refused), (None, None), "{name}");
        let want: Vec<String> = expected
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("{name}\t")))
            .map(str::to_owned)
            .collect();
        let got = described(&letter, &head, &structure);
        if got != want {
            wrong.push(format!("{name}\n  got {got:#?}\n  want {want:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where mail-parser is wrong: it finds no parameter with a space before its `=`, and it shows a file
/// name with the mark that turns its letters round.
const JUDGED: [&str; 2] = ["odd-case-and-folds", "213-rtl-name"];

#[test]
fn letters_of_mailers_look_the_same_to_mail_parser() {
    let wrong: Vec<String> = letters("structure")
        .into_iter()
        .filter(|(name, _)| !JUDGED.contains(&name.as_str()))
        .filter_map(|(name, letter)| oracle::compare(&letter).err().map(|why| format!("{name}: {why}")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn letters_of_mailers_are_the_same_in_any_cut() {
    for (name, letter) in letters("structure") {
        let whole = read(&letter);
        for size in [1, 2, 3, 7, 64, 1_000] {
            let cuts: Vec<usize> = (1..letter.len() / size).map(|i| i * size).collect();
            assert_eq!(read_in(&letter, &cuts), whole, "{name} in pieces of {size}");
        }
    }
}

/// The decisions themselves are the relay's and policy's to prove; here: every part they judge is
/// found where the table says, by two readers.
#[test]
fn letters_of_the_filing_corpus_have_the_parts_of_its_table() {
    let expected = std::fs::read_to_string(folder("filing").join("expected.tsv")).unwrap();
    let letters = letters("filing");
    assert!(letters.len() >= 200);
    for (name, letter) in letters {
        let (_, structure) = read(&letter);
        assert_eq!((structure.ambiguity, structure.refused), (None, None), "{name}");
        let path =
            |view: &super::LeafView<'_>| view.path.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        let mut got: Vec<String> = structure.leaf_views().iter().map(path).collect();
        got.sort_unstable();
        let mut want: Vec<String> = expected
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("{name}\t")))
            .map(|rest| rest.split('\t').next().unwrap_or_default().to_owned())
            .collect();
        want.sort_unstable();
        assert_eq!(got, want, "{name}");
        if !JUDGED.contains(&name.as_str()) {
            assert_eq!(oracle::compare(&letter), Ok(()), "{name}");
        }
    }
}
