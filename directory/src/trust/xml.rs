//! The small part of XML a national list may be written in. Lists and signatures are read through this
//! one reader, so that what is checked is what is believed.
//!
//! Refused before anything is believed: a DOCTYPE (so there are no entities but the five of XML itself,
//! and no bomb, RELIABILITY M-07), processing instructions, another encoding than UTF-8, depth and
//! attributes without bound, prefixes without declaration, a document without its end.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use crate::limits;

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// Longer than any list.
    #[error("the file is longer than {} octets", limits::TRUST_LIST_OCTETS)]
    TooLong,
    /// Not UTF-8.
    #[error("the file is not UTF-8")]
    Encoding,
    /// It declares a document type: the way in for entities and files from elsewhere.
    #[error("the file declares a DOCTYPE; nothing of it is read")]
    Doctype,
    /// A processing instruction.
    #[error("the file holds a processing instruction")]
    Instruction,
    /// An entity that XML does not have by itself.
    #[error("the file uses an entity that it cannot have declared")]
    Entity,
    /// Elements inside each other without bound.
    #[error("elements are inside each other more than {} deep", limits::TRUST_LIST_DEPTH)]
    Depth,
    /// Attributes without bound.
    #[error("an element has more than {} attributes", limits::TRUST_LIST_ATTRIBUTES)]
    Attributes,
    /// A prefix stands for no namespace, or a declaration is not allowed.
    #[error("a namespace is not declared as it must be")]
    Namespace,
    /// A character that XML does not allow, or a control character in an attribute.
    #[error("the file holds a character that is not allowed")]
    Character,
    /// It is cut off.
    #[error("the file ends before its last element is closed: it is cut off")]
    Truncated,
    /// Something stands beside the one root element.
    #[error("something stands outside the root element")]
    Outside,
    /// Not well formed.
    #[error("the file is not well-formed XML near octet {0}")]
    Malformed(u64),
}

/// One element's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) prefix: String,
    pub(super) local: String,
    /// Empty when there is none.
    pub(super) namespace: String,
    /// Namespaces declared here: prefix (empty for the default) and name.
    pub(super) declared: Vec<(String, String)>,
    pub(super) attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) prefix: String,
    pub(super) local: String,
    pub(super) namespace: String,
    pub(super) value: String,
}

impl Element {
    pub(super) fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }
}

/// What comes next in a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Open(Element),
    /// Character data with references resolved and line ends as XML 1.0 §2.11 wants; one text may come
    /// in several pieces.
    Text(Cow<'a, str>),
    Close,
    End,
}

/// The namespaces in scope: depth, prefix, name.
pub(super) type Scope = Vec<(usize, String, String)>;

/// Reads a document piece by piece.
pub(super) struct Reader<'a> {
    inner: quick_xml::Reader<&'a [u8]>,
    depth: usize,
    scope: Scope,
    root_closed: bool,
    /// An empty element was opened and is to be closed.
    owed: bool,
}

const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl<'a> Reader<'a> {
    /// Looks at the whole for what is refused at sight.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, XmlFault> {
        if bytes.len() > limits::TRUST_LIST_OCTETS {
            return Err(XmlFault::TooLong);
        }
        // Before the parser sees it: nothing behind it is looked at.
        let doctype = |at: &[u8]| at.get(..9).is_some_and(|head| head.eq_ignore_ascii_case(b"<!doctype"));
        let mut rest = bytes;
        while let Some(place) = rest.iter().position(|byte| *byte == b'<') {
            rest = &rest[place..];
            if doctype(rest) {
                return Err(XmlFault::Doctype);
            }
            rest = &rest[1..];
        }
        let text = std::str::from_utf8(bytes).map_err(|_| XmlFault::Encoding)?;
        let mut inner = quick_xml::Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
        inner.config_mut().check_end_names = true;
        Ok(Self { inner, depth: 0, scope: Vec::new(), root_closed: false, owed: false })
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The namespaces in scope here.
    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn next(&mut self) -> Result<Piece<'a>, XmlFault> {
        if std::mem::take(&mut self.owed) {
            return Ok(self.close());
        }
        loop {
            let malformed = XmlFault::Malformed(self.inner.buffer_position());
            let event = self.inner.read_event().map_err(|_| malformed.clone())?;
            let text = match event {
                Event::Start(start) => return self.open(&start).map(Piece::Open),
                Event::Empty(start) => {
                    let element = self.open(&start)?;
                    self.owed = true;
                    return Ok(Piece::Open(element));
                }
                Event::End(_) => return Ok(self.close()),
                Event::Eof if self.depth > 0 || !self.root_closed => return Err(XmlFault::Truncated),
                Event::Eof => return Ok(Piece::End),
                Event::DocType(_) => return Err(XmlFault::Doctype),
                Event::PI(_) => return Err(XmlFault::Instruction),
                Event::Comment(_) => continue,
                Event::Decl(decl) => {
                    let utf8 = match decl.encoding() {
                        None => true,
                        Some(Ok(name)) => name.eq_ignore_ascii_case("utf-8"),
                        Some(Err(_)) => return Err(malformed),
                    };
                    if !utf8 {
                        return Err(XmlFault::Encoding);
                    }
                    continue;
                }
                Event::Text(text) => text.xml10_content(),
                Event::CData(text) if self.depth > 0 => text.xml10_content(),
                Event::CData(_) => return Err(XmlFault::Outside),
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref().map_err(|_| XmlFault::Entity)? {
                        Some(character) => character,
                        None => entity(&reference)?,
                    };
                    Cow::Owned(character.to_string())
                }
            };
            if !text.chars().all(is_allowed) {
                return Err(XmlFault::Character);
            }
            if self.depth > 0 {
                return Ok(Piece::Text(text));
            }
            if !text.chars().all(is_space) {
                return Err(XmlFault::Outside);
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<Element, XmlFault> {
        if self.root_closed {
            return Err(XmlFault::Outside);
        }
        if self.depth == limits::TRUST_LIST_DEPTH {
            return Err(XmlFault::Depth);
        }
        self.depth += 1;
        let malformed = XmlFault::Malformed(self.inner.buffer_position());
        let (mut declared, mut written) = (Vec::new(), Vec::new());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| malformed.clone())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| XmlFault::Entity)?;
            if value.chars().any(|character| character.is_control() || !is_allowed(character)) {
                return Err(XmlFault::Character);
            }
            if declared.len() + written.len() == limits::TRUST_LIST_ATTRIBUTES {
                return Err(XmlFault::Attributes);
            }
            match split(attribute.key.0)? {
                ("", "xmlns") => declared.push((String::new(), value.into_owned())),
                // Undeclaring a prefix is not XML 1.0; `xml` and `xmlns` are nobody's to give.
                ("xmlns", prefix) if value.is_empty() || matches!(prefix, "xml" | "xmlns") => {
                    return Err(XmlFault::Namespace);
                }
                ("xmlns", prefix) => declared.push((prefix.to_owned(), value.into_owned())),
                (prefix, local) => written.push((prefix.to_owned(), local.to_owned(), value.into_owned())),
            }
        }
        for (prefix, name) in &declared {
            self.scope.push((self.depth, prefix.clone(), name.clone()));
        }
        let mut attributes: Vec<Attribute> = Vec::with_capacity(written.len());
        for (prefix, local, value) in written {
            let namespace = if prefix.is_empty() { String::new() } else { self.namespace(&prefix)? };
            // The same name under two prefixes: two programs would take two values.
            if attributes.iter().any(|known| known.local == local && known.namespace == namespace) {
                return Err(malformed);
            }
            attributes.push(Attribute { prefix, local, namespace, value });
        }
        let name = start.name();
        let (prefix, local) = split(name.0)?;
        let namespace = self.namespace(prefix)?;
        Ok(Element { prefix: prefix.to_owned(), local: local.to_owned(), namespace, declared, attributes })
    }

    fn close(&mut self) -> Piece<'static> {
        let depth = self.depth;
        self.scope.retain(|(declared_at, _, _)| *declared_at < depth);
        self.depth = depth.saturating_sub(1);
        self.root_closed |= self.depth == 0;
        Piece::Close
    }

    fn namespace(&self, prefix: &str) -> Result<String, XmlFault> {
        if prefix == "xml" {
            return Ok(XML.to_owned());
        }
        match resolve(&self.scope, prefix) {
            Some(name) => Ok(name.to_owned()),
            None if prefix.is_empty() => Ok(String::new()),
            None => Err(XmlFault::Namespace),
        }
    }
}

/// What a prefix stands for.
pub(super) fn resolve<'s>(scope: &'s Scope, prefix: &str) -> Option<&'s str> {
    scope.iter().rev().find(|(_, known, _)| known == prefix).map(|(_, _, name)| name.as_str())
}

fn split(name: &str) -> Result<(&str, &str), XmlFault> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let right = !local.is_empty() && !local.contains(':') && (prefix.is_empty() != name.contains(':'));
    if right { Ok((prefix, local)) } else { Err(XmlFault::Namespace) }
}

fn entity(name: &str) -> Result<char, XmlFault> {
    match name {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(XmlFault::Entity),
    }
}

/// XML 1.0 §2.3 `S`.
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// XML 1.0 §2.2 `Char`.
fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => other >= ' ',
    }
}
