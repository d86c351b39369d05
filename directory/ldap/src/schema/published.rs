//! The schema as programs read it (RFC 4512 §4.1, §4.2).

use super::classes::{SHAPES, Sort};
use super::{Attribute, KINDS, Syntax, Usage};

/// Values of `attributeTypes` and of `objectClasses`.
pub(crate) fn published(arc: &str) -> (Vec<String>, Vec<String>) {
    (KINDS.iter().map(|kind| attribute_type(kind.attribute, arc)).collect(), classes(arc))
}

fn attribute_type(attribute: Attribute, arc: &str) -> String {
    let kind = attribute.kind();
    let mut text = format!("( {} NAME {}", kind.oid.text(arc), quoted(kind.names));
    let (equality, ordering, substrings) = kind.syntax.rules();
    text.push_str(&format!(" EQUALITY {equality}"));
    if let Some(rule) = ordering {
        text.push_str(&format!(" ORDERING {rule}"));
    }
    if let Some(rule) = substrings {
        text.push_str(&format!(" SUBSTR {rule}"));
    }
    let syntax = match attribute {
        // RFC 4512 §4.2.1, §4.2.2: descriptions have syntaxes of their own.
        Attribute::AttributeTypes => "1.3.6.1.4.1.1466.115.121.1.3",
        Attribute::ObjectClasses => "1.3.6.1.4.1.1466.115.121.1.37",
        other => other.syntax().oid(),
    };
    text.push_str(&format!(" SYNTAX {syntax}"));
    if kind.single {
        text.push_str(" SINGLE-VALUE");
    }
    match kind.usage {
        Usage::User => {}
        Usage::Operational if kind.syntax == Syntax::Opaque => text.push_str(" USAGE directoryOperation"),
        Usage::Operational => text.push_str(" NO-USER-MODIFICATION USAGE directoryOperation"),
        Usage::Root => text.push_str(" USAGE dSAOperation"),
    }
    text.push_str(" )");
    text
}

fn classes(arc: &str) -> Vec<String> {
    let class = |shape: &super::classes::Shape| {
        let mut text = format!("( {} NAME '{}'", shape.number(arc), shape.name);
        if let Some(above) = shape.above {
            text.push_str(&format!(" SUP {above}"));
        }
        text.push_str(match shape.sort {
            Sort::Abstract => " ABSTRACT",
            Sort::Structural => " STRUCTURAL",
            Sort::Auxiliary => " AUXILIARY",
        });
        for (word, attributes) in [("MUST", shape.must), ("MAY", shape.may)] {
            let names: Vec<&str> = attributes.iter().map(|attribute| attribute.name()).collect();
            match names.as_slice() {
                [] => {}
                [one] => text.push_str(&format!(" {word} {one}")),
                many => text.push_str(&format!(" {word} ( {} )", many.join(" $ "))),
            }
        }
        text.push_str(" )");
        text
    };
    SHAPES.iter().map(class).collect()
}

fn quoted(names: &[&str]) -> String {
    match names {
        [one] => format!("'{one}'"),
        many => format!("( {} )", many.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_read_as_rfc_4512_writes_them() {
        let (attributes, classes) = published("1.2.3");
        for want in [
            "( 2.5.4.3 NAME ( 'cn' 'commonName' ) EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
            "( 1.2.3.1.13 NAME 'pliRank' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
            "( 2.5.18.2 NAME 'modifyTimestamp' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )",
        ] {
            assert!(attributes.iter().any(|text| text == want), "{want}\n{}", attributes.join("\n"));
        }
        for want in [
            "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
            "( 1.2.3.2.2 NAME 'pliStructure' SUP top AUXILIARY MUST pliStructureId MAY ( pliFiness $ pliSiret $ pliSector ) )",
        ] {
            assert!(classes.iter().any(|text| text == want), "{want}\n{}", classes.join("\n"));
        }
    }
}
