//! The one text inside a zip archive, as the national files are published: inflated as it is read.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use crate::limits;

/// A file to read from.
pub(crate) type Source = Box<dyn Read + Send>;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
/// Octets of the last record without its comment, and with the longest one.
const END_OCTETS: usize = 22;
const END_AT_MOST: u64 = END_OCTETS as u64 + 65_535;

/// The text in the archive, or the file itself when it is none.
pub(crate) fn opened(mut file: File) -> io::Result<Source> {
    let mut start = [0; 4];
    let length = file.read(&mut start)?;
    file.rewind()?;
    if length < 4 || start != *LOCAL {
        return Ok(Box::new(file));
    }
    let entry = the_text(&mut file)?;
    file.seek(SeekFrom::Start(entry.header))?;
    let mut header = [0; 30];
    file.read_exact(&mut header)?;
    let behind = i64::from(short(&header, 26)) + i64::from(short(&header, 28));
    file.seek(SeekFrom::Current(behind))?;
    let stored = file.take(entry.octets);
    match entry.method {
        0 => Ok(Box::new(stored)),
        8 => Ok(Box::new(flate2::read::DeflateDecoder::new(stored).take(limits::INFLATED_OCTETS))),
        _ => Err(wrong("is packed in a way that is not read here; unpack it")),
    }
}

struct Entry {
    header: u64,
    octets: u64,
    method: u16,
}

/// The only text that the archive holds.
fn the_text(file: &mut File) -> io::Result<Entry> {
    let size = file.seek(SeekFrom::End(0))?;
    let tail = size.min(END_AT_MOST);
    file.seek(SeekFrom::Start(size - tail))?;
    let mut end = Vec::new();
    file.take(tail).read_to_end(&mut end)?;
    let at = (0..=end.len().saturating_sub(END_OCTETS)).rev().find(|at| end[*at..].starts_with(END));
    let at = at.ok_or_else(|| wrong("is a damaged archive"))?;
    let end = end.get(at..at + END_OCTETS).ok_or_else(|| wrong("is a damaged archive"))?;
    file.seek(SeekFrom::Start(u64::from(long(end, 16))))?;
    let mut found = None;
    for _ in 0..short(end, 10) {
        let mut record = [0; 46];
        file.read_exact(&mut record)?;
        if record[..4] != *CENTRAL {
            return Err(wrong("is a damaged archive"));
        }
        let mut name = vec![0; usize::from(short(&record, 28))];
        file.read_exact(&mut name)?;
        file.seek(SeekFrom::Current(i64::from(short(&record, 30)) + i64::from(short(&record, 32))))?;
        let is_text = [&b".txt"[..], b".csv", b".TXT", b".CSV"].iter().any(|ending| name.ends_with(ending));
        if !is_text {
            continue;
        }
        if short(&record, 8) & 1 == 1 || long(&record, 20) == u32::MAX {
            return Err(wrong("is encrypted, or longer than this archive says; unpack it"));
        }
        let entry = Entry {
            header: u64::from(long(&record, 42)),
            octets: u64::from(long(&record, 20)),
            method: short(&record, 10),
        };
        if found.replace(entry).is_some() {
            return Err(wrong("holds several texts; unpack it"));
        }
    }
    found.ok_or_else(|| wrong("holds no text"))
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it {what}"))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// An archive with these files, packed as zip programs do it.
    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let (mut bytes, mut central) = (Vec::new(), Vec::new());
        for (name, text) in files {
            let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(text.as_bytes()).unwrap();
            let packed = packer.finish().unwrap();
            let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            common.extend((packed.len() as u32).to_le_bytes());
            common.extend((text.len() as u32).to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            common.extend([0, 0]);
            let header = bytes.len() as u32;
            bytes.extend(LOCAL.iter().chain(&common).chain(name.as_bytes()));
            bytes.extend(packed);
            central.extend(CENTRAL.iter().chain(&[20, 0]).chain(&common));
            central.extend([0; 10]);
            central.extend(header.to_le_bytes());
            central.extend(name.as_bytes());
        }
        let (start, count) = (bytes.len() as u32, files.len() as u16);
        let length = central.len() as u32;
        bytes.extend(central);
        bytes.extend(END);
        bytes.extend([0; 4]);
        bytes.extend(count.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    fn read(bytes: &[u8]) -> io::Result<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let mut text = String::new();
        opened(File::open(path).unwrap())?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn the_text_of_an_archive_is_read_and_other_files_as_they_are() {
        let long = "line|of|text\n".repeat(10_000);
        assert_eq!(read(&archive(&[("extract.txt", &long)])).unwrap(), long);
        assert_eq!(read(&archive(&[("README.md", "no"), ("in/extract.txt", "a|b")])).unwrap(), "a|b");
        assert_eq!(read(b"a|b\n").unwrap(), "a|b\n");
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn an_archive_that_cannot_be_read_is_refused() {
        let whole = archive(&[("extract.txt", "a|b")]);
        for (name, bytes) in [
            ("none", archive(&[("README.md", "no")])),
            ("several", archive(&[("a.txt", "a"), ("b.txt", "b")])),
            ("cut", whole[..whole.len() - 30].to_vec()),
            ("cut short", whole[..40].to_vec()),
        ] {
            assert!(read(&bytes).is_err(), "{name}");
        }
        let mut encrypted = whole.clone();
        let flags = whole.windows(4).position(|four| four == CENTRAL).unwrap() + 8;
        encrypted[flags] = 1;
        assert!(read(&encrypted).is_err());
    }
}
