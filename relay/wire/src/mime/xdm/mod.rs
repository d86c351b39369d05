//! IHE XDM archives: what `METADATA.XML` says of the documents inside (DOMAIN §5.1, §5.2).
//!
//! Reading is tolerant where real archives differ (names in lower case, metadata a level up, elements
//! in lower case) and strict where a doubt could show a patient what they must hear from somebody
//! first: an archive that two programs could read differently is a fault, never a guess.

mod archive;
mod guard;
mod metadata;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod zip_tests;

use names::Redacted;

use archive::Archive;

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xdm {
    /// The patient of the whole set.
    pub patient: Option<PatientId>,
    /// Its documents, in the order of the metadata; at least one.
    pub documents: Vec<Document>,
}

/// What the metadata says of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its file, relative to the metadata. Never a path to open.
    pub uri: Option<String>,
    /// Its title, one line.
    pub title: Redacted<Option<String>>,
    /// `typeCode`, as `11502-2` of LOINC.
    pub type_code: Option<Code>,
    /// `classCode`, as `31`.
    pub class_code: Option<Code>,
    /// Every `confidentialityCode`, as `N` and `INVISIBLE_PATIENT`.
    pub confidentiality: Vec<String>,
    /// When it was made, as written (HL7 DTM).
    pub created: Option<String>,
    /// When the act began, as written (HL7 DTM).
    pub service_start: Option<String>,
    /// Its media type, as `text/xml`.
    pub mime: Option<String>,
    /// Its octets.
    pub size: Option<u64>,
    /// Its SHA-1 in hexadecimal, as written. Not checked: the letter's own road is sealed.
    pub hash: Option<String>,
    /// Whose document it is.
    pub patient: Option<PatientId>,
}

/// A code and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Its coding scheme, when told: an OID.
    pub scheme: Option<String>,
}

/// A patient's number with its authority, from `<number>^^^&<OID>&ISO^NH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientId {
    /// The number: an INS when the authority says so.
    pub number: Redacted<String>,
    /// OID of the authority.
    pub authority: Option<String>,
}

/// Why an archive cannot be read. None of the words names a patient or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XdmFault {
    /// Not a ZIP archive, cut, of several volumes, ZIP64, or with octets nobody accounts for.
    #[error("the archive is damaged, or of a kind that is not read here")]
    Structure,
    /// An entry says something else than the directory, or unpacks to something else than it says.
    #[error("an entry of the archive is not what the directory says")]
    Lie,
    /// Entries share octets.
    #[error("entries of the archive overlap")]
    Overlap,
    /// A name that leaves the archive, or that some system takes for something else.
    #[error("an entry of the archive has a name that is not allowed")]
    Name,
    /// Two entries whose names differ by case at most.
    #[error("two entries of the archive have the same name")]
    Duplicate,
    /// Encrypted.
    #[error("the archive is encrypted")]
    Encrypted,
    /// Packed by another method than stored or deflate.
    #[error("an entry of the archive is packed by a method that is not read here")]
    Method,
    /// More entries, octets or growth than allowed.
    #[error("the archive is beyond the limits")]
    TooLarge,
    /// No METADATA.XML.
    #[error("the archive has no METADATA.XML")]
    NoMetadata,
    /// METADATA.XML with a document type declaration.
    #[error("METADATA.XML has a document type declaration")]
    Doctype,
    /// METADATA.XML deeper or wider than allowed.
    #[error("METADATA.XML is beyond the limits")]
    XmlLimit,
    /// METADATA.XML that is no XML.
    #[error("METADATA.XML is not well-formed")]
    Xml,
    /// METADATA.XML describes no document, or says something we must not guess.
    #[error("METADATA.XML does not describe the documents")]
    Metadata,
}

/// Reads an archive.
///
/// Every entry is unpacked once, into nothing, so that sizes and checksums are known to be true;
/// only `METADATA.XML` is kept. Archives inside it are not opened. All subsets count together.
pub fn read(zip: &[u8]) -> Result<Xdm, XdmFault> {
    let archive = Archive::open(zip)?;
    let (mut described, mut octets) = (Vec::new(), 0);
    for entry in archive.entries() {
        if entry.is_metadata() {
            octets += entry.size();
            if octets > super::limits::XDM_METADATA {
                return Err(XdmFault::TooLarge);
            }
            let mut text = Vec::with_capacity(entry.size() as usize);
            archive.unpack(entry, |piece| text.extend_from_slice(piece))?;
            described.push(text);
        } else {
            archive.unpack(entry, |_| {})?;
        }
    }
    if described.is_empty() {
        return Err(XdmFault::NoMetadata);
    }
    let mut whole = Xdm { patient: None, documents: Vec::new() };
    for text in described {
        let subset = metadata::read(&text)?;
        whole.patient = whole.patient.or(subset.patient);
        whole.documents.extend(subset.documents);
    }
    if whole.documents.is_empty() { Err(XdmFault::Metadata) } else { Ok(whole) }
}

impl Document {
    /// The day of the act, as year, month and day: of `serviceStartTime`, else of `creationTime`.
    ///
    /// It is the day as written: IHE wants UTC, French software writes local time.
    #[must_use]
    pub fn day(&self) -> Option<(u16, u8, u8)> {
        let day = |text: &String| {
            let digits = text.get(..8).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
            Some((digits[..4].parse().ok()?, digits[4..6].parse().ok()?, digits[6..].parse().ok()?))
        };
        let times = [&self.service_start, &self.created];
        times.into_iter().flatten().find_map(day)
    }
}
