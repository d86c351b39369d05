//! Writers for tests: archives, honest and not, and metadata.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// One entry to write. What the headers say can be bent.
#[derive(Clone)]
pub struct Item {
    pub name: Vec<u8>,
    pub octets: Vec<u8>,
    pub deflated: bool,
    /// Sizes and checksum come after the data, as streaming writers do.
    pub streamed: bool,
    pub flags: u16,
    pub method: Option<u16>,
    pub size: Option<u32>,
    pub local_name: Option<Vec<u8>>,
    pub attributes: u32,
}

pub fn item(name: &str, octets: impl Into<Vec<u8>>) -> Item {
    Item {
        name: name.as_bytes().to_vec(),
        octets: octets.into(),
        deflated: true,
        streamed: false,
        flags: 0,
        method: None,
        size: None,
        local_name: None,
        attributes: 0,
    }
}

/// An archive of these entries.
pub fn zip(items: &[Item]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for item in items {
        let mut crc = Crc::new();
        crc.update(&item.octets);
        let packed = if item.deflated { deflated(&item.octets) } else { item.octets.clone() };
        let method = item.method.unwrap_or(if item.deflated { 8 } else { 0 });
        let flags = item.flags | if item.streamed { 8 } else { 0 };
        let size = item.size.unwrap_or(item.octets.len() as u32);
        let told = [crc.sum(), packed.len() as u32, size];
        let start = out.len() as u32;
        let local = item.local_name.as_ref().unwrap_or(&item.name);
        out.extend_from_slice(b"PK\x03\x04");
        shorts(&mut out, &[20, flags, method, 0, 0x5d76]);
        longs(&mut out, &if item.streamed { [0; 3] } else { told });
        shorts(&mut out, &[local.len() as u16, 0]);
        out.extend_from_slice(local);
        out.extend_from_slice(&packed);
        if item.streamed {
            out.extend_from_slice(b"PK\x07\x08");
            longs(&mut out, &told);
        }
        directory.extend_from_slice(b"PK\x01\x02");
        shorts(&mut directory, &[3 << 8 | 20, 20, flags, method, 0, 0x5d76]);
        longs(&mut directory, &told);
        shorts(&mut directory, &[item.name.len() as u16, 0, 0, 0, 0]);
        longs(&mut directory, &[item.attributes, start]);
        directory.extend_from_slice(&item.name);
    }
    end(out, &directory, items.len() as u16)
}

/// Puts a directory and its end behind the entries.
pub fn end(mut out: Vec<u8>, directory: &[u8], count: u16) -> Vec<u8> {
    let start = out.len() as u32;
    out.extend_from_slice(directory);
    out.extend_from_slice(b"PK\x05\x06");
    shorts(&mut out, &[0, 0, count, count]);
    longs(&mut out, &[directory.len() as u32, start]);
    shorts(&mut out, &[0]);
    out
}

fn deflated(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn shorts(out: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

fn longs(out: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

/// A document's entry in the metadata, as the French profile writes it.
pub fn object(title: &str, type_code: &str, class: &str, confidentiality: &[&str]) -> String {
    let marks: String = confidentiality
        .iter()
        .map(|mark| classification("f4f85eac-e6cb-4883-b524-f2705394840f", mark, "1.2.250.1.213.1.1.4.13"))
        .collect();
    format!(
        r#"<rim:ExtrinsicObject id="urn:uuid:aa" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1" mimeType="text/xml">
        {}{}{}{}{}{}
        <rim:Name><rim:LocalizedString xml:lang="FR" charset="UTF8" value="{title}"/></rim:Name>
        {marks}{}{}
        <rim:ExternalIdentifier identificationScheme="urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427" value="285059900010125^^^&amp;1.2.250.1.213.1.4.8&amp;ISO^NH">
          <rim:Name><rim:LocalizedString value="XDSDocumentEntry.patientId"/></rim:Name></rim:ExternalIdentifier>
        <rim:ExternalIdentifier identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab" value="1.2.3">
          <rim:Name><rim:LocalizedString value="XDSDocumentEntry.uniqueId"/></rim:Name></rim:ExternalIdentifier>
        </rim:ExtrinsicObject>"#,
        slot("creationTime", "20261120101500"),
        slot("serviceStartTime", "20261118"),
        slot("URI", "DOC0001.XML"),
        slot("size", "1234"),
        slot("hash", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        slot("languageCode", "fr-FR"),
        classification("f0306f51-975f-434e-a61c-c59651d33983", type_code, "2.16.840.1.113883.6.1"),
        classification("41a5887f-8865-4c09-adf7-e362475b143a", class, "1.2.250.1.213.1.1.4.1"),
    )
}

fn slot(name: &str, value: &str) -> String {
    format!(
        r#"<rim:Slot name="{name}"><rim:ValueList><rim:Value>{value}</rim:Value></rim:ValueList></rim:Slot>"#
    )
}

pub fn classification(scheme: &str, code: &str, coding: &str) -> String {
    format!(
        r#"<rim:Classification classificationScheme="urn:uuid:{scheme}" classifiedObject="urn:uuid:aa" nodeRepresentation="{code}">{}<rim:Name><rim:LocalizedString value="x"/></rim:Name></rim:Classification>"#,
        slot("codingScheme", coding)
    )
}

/// A whole METADATA.XML around these objects.
pub fn metadata(objects: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><rim:RegistryObjectList>
        <rim:RegistryPackage id="set"><rim:ExternalIdentifier identificationScheme="urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446" value="285059900010125^^^&amp;1.2.250.1.213.1.4.8&amp;ISO^NH"><rim:Name><rim:LocalizedString value="XDSSubmissionSet.patientId"/></rim:Name></rim:ExternalIdentifier></rim:RegistryPackage>
        {objects}</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"#
    )
}

/// An archive as IHE wants it, around this metadata.
pub fn archive(metadata: &str) -> Vec<u8> {
    zip(&[
        item("INDEX.HTM", "<html/>"),
        item("README.TXT", "XDM"),
        item("IHE_XDM/SUBSET01/METADATA.XML", metadata),
        item("IHE_XDM/SUBSET01/DOC0001.XML", "<ClinicalDocument/>"),
    ])
}
