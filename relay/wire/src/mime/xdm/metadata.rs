//! METADATA.XML: ebRIM 3.0 as IHE and the French profile use it (DOMAIN §5.2).
//!
//! Elements are known by their local name in any case, whatever the name space: the official style
//! sheet itself writes `classification`.

use std::collections::HashMap;

use names::Redacted;
use roxmltree::{Document as Tree, Node, ParsingOptions};

use super::{Code, Document, PatientId, Xdm, XdmFault, guard};
use crate::mime::{limits, text_of, words};

const TYPE_CODE: &str = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983";
const CLASS_CODE: &str = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a";
const CONFIDENTIALITY: &str = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
const DOCUMENT_PATIENT: &str = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427";
const SET_PATIENT: &str = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446";
/// Characters kept of any value.
const VALUE_CHARS: usize = 256;

/// Reads one METADATA.XML.
pub(super) fn read(octets: &[u8]) -> Result<Xdm, XdmFault> {
    let text = decode(octets);
    guard::look(&text)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: limits::XML_NODES, ..Default::default() };
    let tree = Tree::parse_with_options(&text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => XdmFault::Doctype,
        roxmltree::Error::NodesLimitReached => XdmFault::XmlLimit,
        _ => XdmFault::Xml,
    })?;
    let elements = || tree.descendants().filter(|node| node.is_element());
    let objects: Vec<Node<'_, '_>> = elements().filter(|node| is(node, "ExtrinsicObject")).collect();
    if objects.len() > limits::XDM_DOCUMENTS {
        return Err(XdmFault::XmlLimit);
    }
    let mut documents: Vec<Document> = objects.iter().map(document).collect();
    let ids: HashMap<&str, usize> =
        objects.iter().enumerate().filter_map(|(at, one)| Some((attribute(one, "id")?, at))).collect();
    for node in elements().filter(|node| is(node, "Classification")) {
        let owner = match holder(&node) {
            // In the order of the text, which is that of their numbers.
            Holder::Document(object) => {
                objects.binary_search_by_key(&object.id().get(), |one| one.id().get()).ok()
            }
            Holder::Set => attribute(&node, "classifiedObject").and_then(|id| ids.get(id).copied()),
        };
        classify(&node, owner, &mut documents)?;
    }
    let mut identifiers = elements().filter(|node| is(node, "ExternalIdentifier"));
    let patient = identifiers.find_map(|node| match holder(&node) {
        Holder::Document(_) => None,
        Holder::Set => patient(&node, "XDSSubmissionSet.patientId", SET_PATIENT),
    });
    Ok(Xdm { patient, documents })
}

/// Octets to text: by byte order mark, else by what the XML declaration says, else UTF-8.
fn decode(octets: &[u8]) -> String {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(octets) {
        return encoding.decode(octets).0.into_owned();
    }
    let start = String::from_utf8_lossy(&octets[..octets.len().min(200)]);
    let declared =
        start.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).and_then(|(rest, _)| {
            let value = rest.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
            value.strip_prefix(['"', '\'']).and_then(|value| value.split(['"', '\'']).next())
        });
    text_of(octets, declared).text
}

fn document(node: &Node<'_, '_>) -> Document {
    let slot = |name: &str| {
        let slots = node.children().filter(|child| is(child, "Slot"));
        let mut named =
            slots.filter(|child| attribute(child, "name").is_some_and(|n| n.eq_ignore_ascii_case(name)));
        named.find_map(|slot| slot_value(&slot))
    };
    let mut identifiers = node.children().filter(|child| is(child, "ExternalIdentifier"));
    Document {
        uri: slot("URI"),
        title: Redacted(name_of(node)),
        created: slot("creationTime"),
        service_start: slot("serviceStartTime"),
        mime: attribute(node, "mimeType").map(short),
        size: slot("size").and_then(|size| size.parse().ok()),
        hash: slot("hash"),
        patient: identifiers.find_map(|id| patient(&id, "XDSDocumentEntry.patientId", DOCUMENT_PATIENT)),
        type_code: None,
        class_code: None,
        confidentiality: Vec::new(),
    }
}

/// Gives a classification to its document. One of confidentiality that belongs to no document
/// belongs to all; one whose code cannot be told is a fault, for it may be the one that hides.
fn classify(node: &Node<'_, '_>, owner: Option<usize>, documents: &mut [Document]) -> Result<(), XdmFault> {
    let scheme = attribute(node, "classificationScheme").unwrap_or_default().trim().to_ascii_lowercase();
    let code = attribute(node, "nodeRepresentation").map(short).filter(|code| !code.is_empty());
    let upper = code.as_deref().unwrap_or_default().to_ascii_uppercase();
    // A mark under a wrong scheme is a mark.
    let confidential =
        scheme == CONFIDENTIALITY || upper.starts_with("INVISIBLE") || upper.starts_with("MASQUE");
    if confidential {
        let code = code.ok_or(XdmFault::Metadata)?;
        let concerned = match owner {
            Some(owner) => &mut documents[owner..=owner],
            None => documents,
        };
        return concerned.iter_mut().try_for_each(|document| mark(document, &code));
    }
    let (Some(owner), Some(code)) = (owner, code) else { return Ok(()) };
    let coding = node.children().filter(|child| is(child, "Slot")).find_map(|slot| slot_value(&slot));
    let code = Code { code, scheme: coding };
    match scheme.as_str() {
        TYPE_CODE => documents[owner].type_code = Some(code),
        CLASS_CODE => documents[owner].class_code = Some(code),
        _ => {}
    }
    Ok(())
}

fn mark(document: &mut Document, code: &str) -> Result<(), XdmFault> {
    let marks = &mut document.confidentiality;
    if marks.iter().any(|known| known == code) {
        return Ok(());
    }
    if marks.len() == limits::XDM_MARKS {
        return Err(XdmFault::XmlLimit);
    }
    marks.push(code.to_owned());
    Ok(())
}

/// What an element stands in.
enum Holder<'a, 'input> {
    Document(Node<'a, 'input>),
    /// The submission set, or the list of everything.
    Set,
}

fn holder<'a, 'input>(node: &Node<'a, 'input>) -> Holder<'a, 'input> {
    let object = node.ancestors().find(|ancestor| is(ancestor, "ExtrinsicObject"));
    object.map_or(Holder::Set, Holder::Document)
}

/// A patient's number. The name decides, for the official style sheet writes the scheme of another
/// identifier; the scheme counts when there is no name.
fn patient(node: &Node<'_, '_>, name: &str, scheme: &str) -> Option<PatientId> {
    let is_patient = match name_of(node) {
        Some(told) => told.eq_ignore_ascii_case(name),
        None => attribute(node, "identificationScheme")
            .is_some_and(|told| told.trim().eq_ignore_ascii_case(scheme)),
    };
    let value = attribute(node, "value").filter(|_| is_patient)?;
    let mut fields = value.trim().split('^');
    let number = fields.next().filter(|number| !number.is_empty())?;
    let authority = fields.nth(2).and_then(|authority| authority.split('&').nth(1));
    let authority = authority.map(short).filter(|authority| !authority.is_empty());
    Some(PatientId { number: Redacted(short(number)), authority })
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name().eq_ignore_ascii_case(name)
}

fn attribute<'a>(node: &Node<'a, '_>, name: &str) -> Option<&'a str> {
    let mut attributes = node.attributes().filter(|attribute| attribute.name().eq_ignore_ascii_case(name));
    attributes.next().map(|attribute| attribute.value())
}

/// `Name/LocalizedString@value`.
fn name_of(node: &Node<'_, '_>) -> Option<String> {
    let name = node.children().find(|child| is(child, "Name"))?;
    let value = name.children().filter(|child| is(child, "LocalizedString"));
    let value = value.filter_map(|string| attribute(&string, "value")).map(short);
    value.into_iter().find(|value| !value.is_empty())
}

/// The first `ValueList/Value`.
fn slot_value(slot: &Node<'_, '_>) -> Option<String> {
    let values = slot.descendants().filter(|node| is(node, "Value"));
    values.filter_map(|value| value.text().map(short)).find(|value| !value.is_empty())
}

fn short(value: &str) -> String {
    words::clean(value).chars().take(VALUE_CHARS).collect()
}
