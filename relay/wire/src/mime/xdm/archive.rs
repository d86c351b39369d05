//! A strict reader of ZIP archives in memory (PKWARE APPNOTE 6.3), by its central directory.
//!
//! Written here because the general readers forgive what must not be forgiven: entries of the same
//! name, octets between entries, directories that contradict the entries. Another program could
//! find other documents in such an archive, with other marks of confidentiality.

use std::collections::HashSet;
use std::ops::Range;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::XdmFault;
use crate::mime::limits;

/// An archive whose directory is sound.
pub(super) struct Archive<'a> {
    octets: &'a [u8],
    entries: Vec<Entry>,
}

/// One entry.
pub(super) struct Entry {
    /// With `/` between components, as written otherwise.
    name: String,
    method: Method,
    crc: u32,
    /// From its local header to the end of its packed octets.
    whole: Range<usize>,
    packed: Range<usize>,
    size: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflate,
}

const END: &[u8; 4] = b"PK\x05\x06";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const END_OCTETS: usize = 22;
/// The comment at the end has a length of 16 bits.
const COMMENT_MAX: usize = u16::MAX as usize;
/// A data descriptor may follow an entry (APPNOTE §4.3.9); nothing longer, no header hides there.
const GAP_MAX: usize = 24;
/// Flag bits (APPNOTE §4.4.4): encryption in its three forms, and sizes told after the data.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const SIZES_FOLLOW: u16 = 1 << 3;
/// Method of WinZip's encryption.
const METHOD_AES: u16 = 99;

impl<'a> Archive<'a> {
    /// Reads the directory and checks every entry against it.
    pub fn open(octets: &'a [u8]) -> Result<Self, XdmFault> {
        let (directory, count) = directory(octets)?;
        if count > limits::XDM_ENTRIES {
            return Err(XdmFault::TooLarge);
        }
        let mut fields = Fields { octets: &octets[..directory.end], at: directory.start };
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            entries.push(entry(octets, &mut fields, directory.start)?);
        }
        if fields.at != directory.end {
            return Err(XdmFault::Structure);
        }
        let archive = Self { octets, entries };
        archive.check_sizes()?;
        archive.check_names()?;
        archive.check_places(directory.start)?;
        Ok(archive)
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Unpacks an entry piece by piece. What comes out is counted here, whatever the headers say.
    pub fn unpack(&self, entry: &Entry, mut sink: impl FnMut(&[u8])) -> Result<(), XdmFault> {
        let packed = &self.octets[entry.packed.clone()];
        let mut crc = Crc::new();
        match entry.method {
            Method::Stored => {
                crc.update(packed);
                sink(packed);
            }
            Method::Deflate => inflate(packed, entry.size, |piece| {
                crc.update(piece);
                sink(piece);
            })?,
        }
        if crc.sum() == entry.crc { Ok(()) } else { Err(XdmFault::Lie) }
    }

    fn check_sizes(&self) -> Result<(), XdmFault> {
        let grows = |size: u64, packed: usize| {
            size > limits::XDM_RATIO_FROM && size > limits::XDM_RATIO.saturating_mul(packed as u64)
        };
        let mut all = 0_u64;
        for entry in &self.entries {
            all += entry.size;
            let stored = entry.method == Method::Stored;
            if stored && entry.size != entry.packed.len() as u64 {
                return Err(XdmFault::Lie);
            }
            if grows(entry.size, entry.packed.len()) {
                return Err(XdmFault::TooLarge);
            }
        }
        let beyond = all > limits::XDM_UNPACKED || grows(all, self.octets.len());
        if beyond { Err(XdmFault::TooLarge) } else { Ok(()) }
    }

    fn check_names(&self) -> Result<(), XdmFault> {
        let mut seen = HashSet::with_capacity(self.entries.len());
        for entry in &self.entries {
            let name = entry.name.strip_suffix('/').unwrap_or(&entry.name);
            if !name.split('/').all(is_component) {
                return Err(XdmFault::Name);
            }
            if !seen.insert(name.to_lowercase()) {
                return Err(XdmFault::Duplicate);
            }
        }
        Ok(())
    }

    /// From the first octet to the directory, every octet belongs to one entry.
    fn check_places(&self, end: usize) -> Result<(), XdmFault> {
        let mut places: Vec<&Range<usize>> = self.entries.iter().map(|entry| &entry.whole).collect();
        places.sort_unstable_by_key(|place| place.start);
        let mut at = 0;
        for (number, place) in places.iter().enumerate() {
            let gap = place.start.checked_sub(at).ok_or(XdmFault::Overlap)?;
            if gap > if number == 0 { 0 } else { GAP_MAX } {
                return Err(XdmFault::Structure);
            }
            at = place.end;
        }
        let last = end.checked_sub(at).ok_or(XdmFault::Overlap)?;
        if last > GAP_MAX { Err(XdmFault::Structure) } else { Ok(()) }
    }
}

impl Entry {
    /// `METADATA.XML` in any case and any folder: `IHE_XDM/SUBSET01` is where it belongs, and not
    /// where every writer puts it. One that stands elsewhere may hold the mark that counts.
    pub fn is_metadata(&self) -> bool {
        self.name.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case("METADATA.XML"))
    }

    /// Octets unpacked, by the directory; [`Archive::unpack`] gives no more.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Where the central directory lies, and how many entries it has.
fn directory(octets: &[u8]) -> Result<(Range<usize>, usize), XdmFault> {
    let from = octets.len().saturating_sub(END_OCTETS + COMMENT_MAX);
    let mut ends = memchr::memmem::find_iter(&octets[from..], END).map(|at| from + at).filter(|at| {
        let comment =
            octets.get(at + 20..at + 22).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]])));
        comment.is_some_and(|comment| at + END_OCTETS + comment == octets.len())
    });
    let end = ends.next().ok_or(XdmFault::Structure)?;
    if ends.next().is_some() {
        return Err(XdmFault::Structure); // a second end in the comment of the first
    }
    let mut fields = Fields { octets, at: end + 4 };
    let (disk, first_disk) = (fields.short()?, fields.short()?);
    let (here, count) = (fields.short()?, fields.short()?);
    let (size, start) = (fields.long()? as usize, fields.long()? as usize);
    let whole = disk == 0 && first_disk == 0 && here == count;
    // An archive within our limits needs no ZIP64, whose fields would all be ones here.
    if !whole || start.checked_add(size) != Some(end) {
        return Err(XdmFault::Structure);
    }
    Ok((start..end, usize::from(count)))
}

/// One entry of the directory, and its local header (APPNOTE §4.3.7, §4.3.12).
fn entry(octets: &[u8], fields: &mut Fields<'_>, directory: usize) -> Result<Entry, XdmFault> {
    fields.signature(CENTRAL)?;
    let made_by = fields.short()?;
    fields.skip(2)?; // version needed
    let (flags, method) = (fields.short()?, fields.short()?);
    fields.skip(4)?; // time and date
    let (crc, packed, size) = (fields.long()?, fields.long()?, fields.long()?);
    let (name_octets, extra, comment) = (fields.short()?, fields.short()?, fields.short()?);
    let disk = fields.short()?;
    fields.skip(2)?; // internal attributes
    let (attributes, start) = (fields.long()?, fields.long()? as usize);
    let name = fields.take(usize::from(name_octets))?;
    fields.skip(usize::from(extra) + usize::from(comment))?;
    if flags & ENCRYPTED != 0 || method == METHOD_AES {
        return Err(XdmFault::Encrypted);
    }
    if disk != 0 {
        return Err(XdmFault::Structure);
    }
    // Made on Unix (3) or macOS (19), the high half is the file's mode: a link is no document.
    let linked = matches!(made_by >> 8, 3 | 19) && (attributes >> 16) & 0o170_000 == 0o120_000;
    if linked || name.len() > limits::XDM_NAME_OCTETS {
        return Err(XdmFault::Name);
    }
    let known = match method {
        0 => Method::Stored,
        8 => Method::Deflate,
        _ => return Err(XdmFault::Method),
    };
    let mut local = Fields { octets: octets.get(..directory).ok_or(XdmFault::Structure)?, at: start };
    local.signature(LOCAL)?;
    local.skip(2)?; // version needed
    let (local_flags, local_method) = (local.short()?, local.short()?);
    local.skip(4)?;
    let told = [local.long()?, local.long()?, local.long()?];
    let (local_name, local_extra) = (local.short()?, local.short()?);
    let same_name = local.take(usize::from(local_name))? == name;
    local.skip(usize::from(local_extra))?;
    let follow = local_flags & SIZES_FOLLOW != 0;
    let sizes = told.iter().zip([crc, packed, size]).all(|(told, is)| *told == is || (follow && *told == 0));
    if local_flags & ENCRYPTED != 0 {
        return Err(XdmFault::Encrypted);
    }
    if local_method != method || !same_name || !sizes {
        return Err(XdmFault::Lie);
    }
    let begin = local.at;
    local.skip(packed as usize)?;
    Ok(Entry {
        name: readable(name),
        method: known,
        crc,
        whole: start..local.at,
        packed: begin..local.at,
        size: u64::from(size),
    })
}

/// A name as text. Only ASCII matters to us; other octets need only stay distinct.
fn readable(name: &[u8]) -> String {
    let text = match std::str::from_utf8(name) {
        Ok(text) => text.to_owned(),
        Err(_) => name.iter().map(|octet| char::from(*octet)).collect(),
    };
    text.replace('\\', "/") // as Windows programs write, against APPNOTE §4.4.17
}

/// Whether a component of a name may stand. Names are never used as paths here; they will be by
/// whoever unpacks the archive at home.
fn is_component(component: &str) -> bool {
    const DEVICES: [&str; 4] = ["con", "nul", "aux", "prn"];
    let stem = component.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().any(|port| {
        stem.strip_prefix(port).is_some_and(|n| n.len() == 1 && n.bytes().all(|n| n.is_ascii_digit()))
    });
    let dots = component.bytes().all(|octet| octet == b'.');
    let strange = component.chars().any(|c| c.is_control() || c == ':');
    !(dots || strange || numbered || DEVICES.contains(&stem.as_str()))
}

/// Inflates exactly `size` octets out of exactly `packed`.
fn inflate(packed: &[u8], size: u64, mut sink: impl FnMut(&[u8])) -> Result<(), XdmFault> {
    let mut inflater = Decompress::new(false);
    let mut piece = vec![0; 32 * 1024];
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let rest = &packed[before_in as usize..];
        let status = inflater.decompress(rest, &mut piece, FlushDecompress::None);
        let status = status.map_err(|_| XdmFault::Structure)?;
        let out = inflater.total_out();
        if out > size {
            return Err(XdmFault::Lie);
        }
        sink(&piece[..(out - before_out) as usize]);
        match status {
            Status::StreamEnd => {
                let exact = out == size && inflater.total_in() == packed.len() as u64;
                return if exact { Ok(()) } else { Err(XdmFault::Lie) };
            }
            Status::Ok | Status::BufError if inflater.total_in() == before_in && out == before_out => {
                return Err(XdmFault::Structure); // cut short
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

/// Little-endian numbers, one after the other.
struct Fields<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], XdmFault> {
        let end = self.at.checked_add(length).ok_or(XdmFault::Structure)?;
        let taken = self.octets.get(self.at..end).ok_or(XdmFault::Structure)?;
        self.at = end;
        Ok(taken)
    }

    fn skip(&mut self, length: usize) -> Result<(), XdmFault> {
        self.take(length).map(|_| ())
    }

    fn signature(&mut self, wanted: &[u8; 4]) -> Result<(), XdmFault> {
        if self.take(4)? == wanted { Ok(()) } else { Err(XdmFault::Structure) }
    }

    fn short(&mut self) -> Result<u16, XdmFault> {
        let two = self.take(2)?;
        Ok(u16::from_le_bytes([two[0], two[1]]))
    }

    fn long(&mut self) -> Result<u32, XdmFault> {
        let four = self.take(4)?;
        Ok(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
    }
}
