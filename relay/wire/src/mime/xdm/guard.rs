//! A first look at XML, in one pass without memory, for what would make a parser suffer.

use memchr::{memchr, memmem};

use super::XdmFault;
use crate::mime::limits;

/// Refuses document types, and depth, attributes and name spaces beyond the limits.
///
/// The tags of well-formed XML are found exactly; of anything else the parser reads no further than
/// where this look is exact too.
pub(super) fn look(xml: &str) -> Result<(), XdmFault> {
    let xml = xml.as_bytes();
    if memmem::find_iter(xml, b"xmlns").count() > limits::XML_NAMESPACES {
        return Err(XdmFault::XmlLimit);
    }
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(next) = memchr(b'<', &xml[at..]) {
        let tag = &xml[at + next..];
        let length = if tag.starts_with(b"<!--") {
            until(tag, 4, b"-->")?
        } else if tag.starts_with(b"<![CDATA[") {
            until(tag, 9, b"]]>")?
        } else if tag.starts_with(b"<?") {
            until(tag, 2, b"?>")?
        } else if tag.starts_with(b"<!") {
            return Err(XdmFault::Doctype);
        } else if tag.starts_with(b"</") {
            depth = depth.saturating_sub(1);
            until(tag, 2, b">")?
        } else {
            let (length, empty) = start_tag(tag)?;
            depth += usize::from(!empty);
            if depth > limits::XML_DEPTH {
                return Err(XdmFault::XmlLimit);
            }
            length
        };
        at += next + length;
    }
    Ok(())
}

fn until(tag: &[u8], from: usize, end: &[u8]) -> Result<usize, XdmFault> {
    let found = memmem::find(&tag[from..], end).ok_or(XdmFault::Xml)?;
    Ok(from + found + end.len())
}

/// The length of a start tag, and whether it is an empty element.
fn start_tag(tag: &[u8]) -> Result<(usize, bool), XdmFault> {
    let (mut at, mut attributes) = (1, 0);
    while let Some(&octet) = tag.get(at) {
        match octet {
            b'>' => return Ok((at + 1, tag[at - 1] == b'/')),
            b'"' | b'\'' => at += 1 + memchr(octet, &tag[at + 1..]).ok_or(XdmFault::Xml)?,
            b'=' => {
                attributes += 1;
                if attributes > limits::XML_ATTRIBUTES {
                    return Err(XdmFault::XmlLimit);
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err(XdmFault::Xml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_parser_suffer_is_seen_before_it() {
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        let wide = |n: usize| format!("<a {}/>", (0..n).map(|i| format!("a{i}='>' ")).collect::<String>());
        for (case, xml, want) in [
            (
                "plain",
                "<?xml version='1.0'?><a b='1'><!-- <!DOCTYPE > --><c/><![CDATA[<!x]]></a>".into(),
                Ok(()),
            ),
            ("document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>".into(), Err(XdmFault::Doctype)),
            ("document type inside", "<a><!doctype></a>".into(), Err(XdmFault::Doctype)),
            ("depth at the limit", deep(limits::XML_DEPTH), Ok(())),
            ("too deep", deep(limits::XML_DEPTH + 1), Err(XdmFault::XmlLimit)),
            ("side by side", "<a></a>".repeat(10_000), Ok(())),
            ("attributes at the limit", wide(limits::XML_ATTRIBUTES), Ok(())),
            ("too many attributes", wide(limits::XML_ATTRIBUTES + 1), Err(XdmFault::XmlLimit)),
            ("an open comment", "<a><!-- ".into(), Err(XdmFault::Xml)),
            ("an open tag", "<a b='>".into(), Err(XdmFault::Xml)),
            ("name spaces", "<a xmlns='b'/>".repeat(limits::XML_NAMESPACES + 1), Err(XdmFault::XmlLimit)),
        ] {
            assert_eq!(look(&xml), want, "{case}");
        }
    }
}
