//! Words that must not be found: in notices outside, in logs, on the disk, in a dump.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use memchr::memmem;
use std::path::{Path, PathBuf};

/// A word planted in a letter, with every form in which a store might show it.
#[derive(Clone, Debug)]
pub struct Canary {
    /// The word itself.
    pub word: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

/// A canary that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The word.
    pub word: String,
    /// How it was written.
    pub form: &'static str,
    /// Where.
    pub place: PathBuf,
    /// At which octet.
    pub at: usize,
}

impl Canary {
    /// A canary of this word. Forms: as it is and folded to small letters, UTF-16 in both orders,
    /// Latin-1, hexadecimal, base64 at each of its three positions, quoted-printable.
    #[must_use]
    pub fn new(word: &str) -> Self {
        let lower = word.to_lowercase();
        let utf16 =
            |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        let hexadecimal: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![
            ("as it is", word.as_bytes().to_vec()),
            ("in small letters", lower.as_bytes().to_vec()),
            ("UTF-16LE", utf16(word, u16::to_le_bytes)),
            ("UTF-16BE", utf16(word, u16::to_be_bytes)),
            ("hexadecimal", hexadecimal.clone().into_bytes()),
            ("hexadecimal, capitals", hexadecimal.to_uppercase().into_bytes()),
        ];
        if !word.is_ascii() && word.chars().all(|c| u32::from(c) < 256) {
            forms.push(("Latin-1", word.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()));
            forms.push(("quoted-printable", quoted(word)));
        }
        for (skipped, name) in [(0, "base64"), (1, "base64, second position"), (2, "base64, third position")]
        {
            forms.push((name, base64_at(word.as_bytes(), skipped)));
        }
        forms.dedup_by(|a, b| a.1 == b.1);
        Self { word: word.to_owned(), forms }
    }

    /// Every place in `octets` where it shows; at most one for each form.
    #[must_use]
    pub fn seen_in(&self, octets: &[u8], place: &Path) -> Vec<Sighting> {
        let found = self.forms.iter().filter_map(|(form, bytes)| {
            let at = memmem::find(octets, bytes)?;
            Some(Sighting { word: self.word.clone(), form, place: place.to_owned(), at })
        });
        found.collect()
    }
}

/// What base64 makes of `bytes` when `skipped` octets stand in front of them in their group, less
/// the characters that depend on neighbours.
fn base64_at(bytes: &[u8], skipped: usize) -> Vec<u8> {
    let mut whole = vec![0; skipped];
    whole.extend_from_slice(bytes);
    let encoded = BASE64_STANDARD.encode(&whole);
    let first = (skipped * 8).div_ceil(6);
    let last = whole.len() * 8 / 6;
    encoded.as_bytes()[first..last].to_vec()
}

fn quoted(word: &str) -> Vec<u8> {
    let quoted = word
        .bytes()
        .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("={byte:02X}") });
    quoted.collect::<String>().into_bytes()
}

/// Looks into every file under `folder`, and counts them.
///
/// # Panics
/// When a folder cannot be read. Files may vanish while we look.
#[must_use]
pub fn look_for(canaries: &[Canary], folder: &Path) -> (usize, Vec<Sighting>) {
    let mut files = 0;
    let mut seen = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(octets) = std::fs::read(&path) {
                files += 1;
                seen.extend(canaries.iter().flat_map(|canary| canary.seen_in(&octets, &path)));
            }
        }
    }
    (files, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_seen_however_it_is_written() {
        let canary = Canary::new("Orchidée");
        let utf16: Vec<u8> = "xOrchidée".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let latin = b"xOrchid\xe9e".to_vec();
        let base64 = |text: &str| BASE64_STANDARD.encode(text).into_bytes();
        for (case, octets) in [
            ("plain", "une Orchidée blanche".as_bytes().to_vec()),
            ("folded", "une orchidée blanche".as_bytes().to_vec()),
            ("UTF-16", utf16),
            ("Latin-1", latin),
            ("quoted", b"Orchid=C3=A9e".to_vec()),
            ("base64 at 0", base64("Orchidée!")),
            ("base64 at 1", base64("xOrchidée!")),
            ("base64 at 2", base64("xxOrchidée!")),
            (
                "hexadecimal",
                b"00 4f726368 69".iter().chain(b"4f726368 4f7263686964c3a965").copied().collect(),
            ),
        ] {
            assert!(!canary.seen_in(&octets, Path::new("x")).is_empty(), "{case}");
        }
        assert!(canary.seen_in(b"une orchidee blanche", Path::new("x")).is_empty());
    }
}
