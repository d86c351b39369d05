//! The first wall around a letter's HTML: what is not on the list does not pass.
//!
//! The parser is a browser's (html5ever, through ammonia); nothing edits the text afterwards
//! (RELIABILITY W-02). No style, no class, no id, no picture from outside, no link but `https:` and
//! `mailto:`. What gets through is shown by the second origin, sandboxed, under a policy that loads
//! nothing (the other two walls).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ammonia::{Builder, Url, UrlRelative};

use crate::limits::HTML_COST_MAX;

/// Elements that carry reading matter.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "b",
    "bdi",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// Elements dropped with all they hold: what is inside is not reading matter, or would be read by
/// another grammar than ours (the root of mutation attacks, RELIABILITY W-03).
const DROPPED_WHOLE: &[&str] = &[
    "script",
    "style",
    "title",
    "head",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "frame",
    "frameset",
    "object",
    "embed",
    "applet",
    "audio",
    "video",
    "canvas",
    "textarea",
    "select",
    "option",
    "button",
    "noembed",
    "noframes",
    "xmp",
    "plaintext",
    "datalist",
    "dialog",
    "map",
    "portal",
    "slot",
];

/// Markup that passed `sanitize`; nothing else makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CleanHtml(String);

impl CleanHtml {
    /// The markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CleanHtml {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// Passes before a page that never settles is read as words.
const PASSES: usize = 6;

/// `html` made harmless. `picture` says where the part with a Content-ID may be fetched, if the
/// letter has it.
///
/// Removing an element can leave a tree that no text writes down (a title in a title, once the form
/// between them is gone), and a browser would read another one from it: the text is cleaned again
/// until it stays as it is (RELIABILITY W-03), or given up as markup.
pub fn sanitize(html: &str, picture: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> CleanHtml {
    let words_only = || CleanHtml(ammonia::clean_text(&flatten(html)));
    if cost(html) > HTML_COST_MAX {
        return words_only();
    }
    let picture = Arc::new(picture);
    let known = Arc::clone(&picture);
    let settling = builder(move |id| known(id).map(|_| format!("cid:{id}")));
    let mut text = settling.clean(html).to_string();
    for _ in 0..PASSES {
        if cost(&text) > HTML_COST_MAX {
            return words_only();
        }
        let again = settling.clean(&text).to_string();
        if without_first_line_ends(&again) == without_first_line_ends(&text) {
            // The same tree; only the addresses of pictures change in this last pass.
            return CleanHtml(builder(move |id| picture(id)).clean(&again).to_string());
        }
        text = again;
    }
    words_only()
}

/// A `pre` loses one line end each time it is read; that is no other tree.
fn without_first_line_ends(html: &str) -> String {
    let mut pieces = html.split("<pre>");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + "<pre>" + piece.trim_start_matches('\n'))
}

fn builder(picture: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Builder<'static> {
    let spans = HashSet::from(["colspan", "rowspan"]);
    let attributes: HashMap<&str, HashSet<&str>> = HashMap::from([
        ("a", HashSet::from(["href"])),
        ("img", HashSet::from(["src", "alt"])),
        ("td", spans.clone()),
        ("th", spans.union(&HashSet::from(["scope"])).copied().collect()),
        ("ol", HashSet::from(["start"])),
    ]);
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(DROPPED_WHOLE.iter().copied().collect())
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["dir", "lang"]))
        .url_schemes(HashSet::from(["https", "mailto", "cid"]))
        .url_relative(UrlRelative::Deny)
        .set_tag_attribute_value("a", "target", "_blank")
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true)
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("a", "target" | "rel") => Some(value.into()),
            ("a", "href") => outside_link(value).map(Cow::Owned),
            ("img", "src") => value.strip_prefix("cid:").and_then(&picture).map(Cow::Owned),
            ("img", "alt") => Some(value.into()),
            (_, "dir") => matches!(value, "ltr" | "rtl" | "auto").then(|| value.into()),
            (_, "lang") => is_language(value).then(|| value.into()),
            ("td" | "th", "colspan" | "rowspan") => small_number(value, 100).then(|| value.into()),
            ("th", "scope") => matches!(value, "row" | "col" | "rowgroup" | "colgroup").then(|| value.into()),
            ("ol", "start") => small_number(value, 9_999).then(|| value.into()),
            (_, _) => None,
        });
    builder
}

/// A link in the one form browsers will read it: host in Punycode, no user part before it (the page
/// shows the address beside the link, host first: RELIABILITY W-10).
fn outside_link(value: &str) -> Option<String> {
    let url = Url::parse(value).ok()?;
    match url.scheme() {
        "https" if url.username().is_empty() && url.password().is_none() && url.host_str().is_some() => {
            Some(url.to_string())
        }
        "mailto" => {
            // A recipient only: `?body=` and `?attach=` write in the reader's name.
            let recipient = url.path();
            (!recipient.is_empty()).then(|| format!("mailto:{recipient}"))
        }
        _ => None,
    }
}

fn is_language(value: &str) -> bool {
    value.len() <= 16 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn small_number(value: &str, most: u32) -> bool {
    value.bytes().all(|b| b.is_ascii_digit()) && value.parse().is_ok_and(|number: u32| number <= most)
}

/// An upper bound on the work of building the tree: tags, times the most elements open at once. A
/// closing tag counts against its own name only, so unmatched ones hide nothing.
fn cost(html: &str) -> usize {
    let bytes = html.as_bytes();
    let mut open: HashMap<Vec<u8>, usize> = HashMap::new();
    let (mut tags, mut depth, mut deepest) = (0usize, 0usize, 1usize);
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'<') {
        let closing = bytes.get(at + 1) == Some(&b'/');
        let rest = &bytes[at + 1 + usize::from(closing)..];
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        tags += 1;
        let name: Vec<u8> = rest
            .iter()
            .take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'>' | b'/'))
            .take(32)
            .map(u8::to_ascii_lowercase)
            .collect();
        if ENDS_BY_ITSELF.iter().any(|tag| name == tag.as_bytes()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !closing {
            *count += 1;
            depth += 1;
            deepest = deepest.max(depth);
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
    }
    tags.saturating_mul(deepest)
}

/// Elements that never hold others, or that end by themselves when the next one opens.
const ENDS_BY_ITSELF: [&str; 14] =
    ["br", "img", "hr", "meta", "link", "input", "col", "p", "li", "td", "tr", "th", "dd", "dt"];

/// The words of a letter whose markup is not worth reading.
fn flatten(html: &str) -> String {
    let mut words = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        words.push_str(&rest[..at]);
        words.push(' ');
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    words.push_str(rest);
    words
}

#[cfg(test)]
mod tests;
