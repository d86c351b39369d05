//! Canonical XML 1.0 and Exclusive XML Canonicalization 1.0 (W3C), both without comments, of a whole
//! document or of one element in it. What the reader refuses (processing instructions, entities,
//! control characters in attributes) and `xml:` attributes need no rule here.

use std::collections::BTreeSet;

use crate::trust::xml::{Element, Scope, resolve};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Every namespace in scope is written where it is declared.
    Inclusive,
    /// A namespace is written where it is used.
    Exclusive,
}

/// Writes elements in their canonical form, one after the other.
pub(super) struct Canonical<W: FnMut(&str)> {
    method: Method,
    scope: Scope,
    rendered: Scope,
    open: Vec<String>,
    write: W,
}

impl<W: FnMut(&str)> Canonical<W> {
    /// `outer` are the namespaces in scope around the first element.
    pub(super) fn new(method: Method, outer: &Scope, write: W) -> Self {
        let scope = outer.iter().map(|(_, prefix, name)| (0, prefix.clone(), name.clone())).collect();
        Self { method, scope, rendered: Vec::new(), open: Vec::new(), write }
    }

    pub(super) fn open(&mut self, element: &Element) {
        let depth = self.open.len() + 1;
        for (prefix, name) in &element.declared {
            self.scope.push((depth, prefix.clone(), name.clone()));
        }
        let name = qualified(&element.prefix, &element.local);
        (self.write)("<");
        (self.write)(&name);
        let prefixes: BTreeSet<&str> = match self.method {
            // Only at the first element do namespaces come from outside.
            Method::Inclusive if depth == 1 => {
                self.scope.iter().map(|(_, prefix, _)| prefix.as_str()).collect()
            }
            Method::Inclusive => element.declared.iter().map(|(prefix, _)| prefix.as_str()).collect(),
            Method::Exclusive => {
                let used = element.attributes.iter().map(|attribute| attribute.prefix.as_str());
                // An attribute without prefix is in no namespace.
                used.filter(|prefix| !prefix.is_empty()).chain([element.prefix.as_str()]).collect()
            }
        };
        let mut new = Vec::new();
        for prefix in prefixes.into_iter().filter(|prefix| *prefix != "xml") {
            let name = resolve(&self.scope, prefix).unwrap_or_default();
            let before = resolve(&self.rendered, prefix).unwrap_or_default();
            if name != before {
                new.push((depth, prefix.to_owned(), name.to_owned()));
            }
        }
        for (_, prefix, name) in &new {
            (self.write)(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            (self.write)(prefix);
            (self.write)("=\"");
            (self.write)(&in_attribute(name));
            (self.write)("\"");
        }
        self.rendered.extend(new);
        let mut attributes: Vec<_> = element.attributes.iter().collect();
        attributes.sort_by(|a, b| (&a.namespace, &a.local).cmp(&(&b.namespace, &b.local)));
        for attribute in attributes {
            (self.write)(" ");
            (self.write)(&qualified(&attribute.prefix, &attribute.local));
            (self.write)("=\"");
            (self.write)(&in_attribute(&attribute.value));
            (self.write)("\"");
        }
        (self.write)(">");
        self.open.push(name);
    }

    pub(super) fn text(&mut self, text: &str) {
        if !text.contains(['&', '<', '>', '\r']) {
            return (self.write)(text);
        }
        let text =
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;");
        (self.write)(&text);
    }

    pub(super) fn close(&mut self) {
        let depth = self.open.len();
        if let Some(name) = self.open.pop() {
            (self.write)("</");
            (self.write)(&name);
            (self.write)(">");
        }
        self.scope.retain(|(at, _, _)| *at < depth);
        self.rendered.retain(|(at, _, _)| *at < depth);
    }
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

/// The reader lets no tabulation or line end through in an attribute.
fn in_attribute(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
