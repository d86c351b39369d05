//! Finding parts by IMAP path, walking leaves, and facts about attachments.

use serde::{Deserialize, Serialize};

use super::{
    part::{Content, Part, PartPath},
    structure::Structure,
};

/// A part found by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The part.
    pub part: &'a Part,
    /// Its header is the letter's own head, not inside the body block.
    pub headed_by_letter: bool,
}

/// A file or picture of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where it is.
    pub path: PartPath,
    /// Declared type, as `application/pdf`. What it truly is, is for policy to judge.
    pub media_type: String,
    /// Name made safe to show, when it has one.
    pub filename: Option<String>,
    /// Octets once decoded.
    pub size: u64,
    /// A picture shown inside the text, or a signature: no file for the reader.
    pub inline: bool,
    /// Content-ID without brackets.
    pub cid: Option<String>,
    /// It lies in a nested letter.
    pub in_message: bool,
}

/// All that is known of a leaf when the letter arrives; policy's filing rules start from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafView<'a> {
    /// Where it is.
    pub path: PartPath,
    /// The part.
    pub part: &'a Part,
    /// Its first decoded octets, at most 512.
    pub first: &'a [u8],
    /// Subtypes of the multiparts around it, outermost first, as `["mixed", "related"]`; a nested
    /// letter shows as `rfc822`.
    pub parents: Vec<&'a str>,
    /// Its place among its parent's parts, from 0.
    pub position: usize,
    /// It lies in a nested letter.
    pub in_message: bool,
    /// An HTML part of the letter refers to it by `cid:`, or by its Content-Location or name.
    pub referenced_by_html: bool,
    /// It is the letter's text, in this or another form, not a file.
    pub is_body: bool,
}

impl Structure {
    /// The leaves with what was seen of each. A refused structure shows its one opaque part.
    #[must_use]
    pub fn leaf_views(&self) -> Vec<LeafView<'_>> {
        let mut views = Vec::new();
        walk(&self.root, &mut |place| {
            if !matches!(place.part.content, Content::Leaf) {
                return;
            }
            let first =
                self.leaves.iter().find(|leaf| leaf.path == place.path).map_or(&[][..], |leaf| &leaf.first);
            views.push(LeafView {
                path: place.path.clone(),
                part: place.part,
                first,
                parents: place.parents.clone(),
                position: place.position,
                in_message: place.parents.contains(&"rfc822"),
                referenced_by_html: self.is_referenced(place.part),
                is_body: is_body(place.part, &place.parents, place.position),
            });
        });
        views
    }

    fn is_referenced(&self, part: &Part) -> bool {
        part.cid().is_some_and(|cid| self.cid_references.iter().any(|reference| reference == cid))
    }
}

/// The part at an IMAP path (RFC 3501 §6.4.5). `[]` is the letter; `[1]` of a letter that is no
/// multipart is the letter's body.
pub(super) fn find<'a>(root: &'a Part, path: &[u32]) -> Option<Found<'a>> {
    let mut found = Found { part: root, headed_by_letter: true };
    let mut at_letter = true;
    for number in path {
        let index = (*number as usize).checked_sub(1)?;
        // A nested letter's number names its container; the next number enters its body.
        let inside = match &found.part.content {
            Content::Message { root, .. } if !at_letter => {
                found = Found { part: root, headed_by_letter: false };
                at_letter = true;
                &found.part.content
            }
            content => content,
        };
        match inside {
            Content::Multipart(parts) => {
                found = Found { part: parts.get(index)?, headed_by_letter: false };
                at_letter = false;
            }
            Content::Leaf | Content::Message { .. } if at_letter && index == 0 => at_letter = false,
            Content::Leaf | Content::Message { .. } => return None,
        }
    }
    Some(found)
}

/// All leaves with their paths, in order.
pub(super) fn leaves(root: &Part) -> Vec<(PartPath, &Part)> {
    let mut all = Vec::new();
    walk(root, &mut |place| {
        if matches!(place.part.content, Content::Leaf) {
            all.push((place.path.clone(), place.part));
        }
    });
    all
}

/// Files, pictures and nested letters, in order; the letter's own text is none.
pub(super) fn attachments(structure: &Structure) -> Vec<Attachment> {
    let mut all = Vec::new();
    walk(&structure.root, &mut |place| {
        let part = place.part;
        let nested = matches!(part.content, Content::Message { .. });
        if !nested
            && (!matches!(part.content, Content::Leaf) || is_body(part, &place.parents, place.position))
        {
            return;
        }
        let picture = part.kind == "image"
            && (structure.is_referenced(part)
                || (!part.is_attachment()
                    && part.cid().is_some()
                    && place.parents.last() == Some(&"related")));
        let signature = place.parents.last() == Some(&"signed") && place.position > 0;
        all.push(Attachment {
            path: place.path.clone(),
            media_type: part.media_type(),
            filename: part.filename.clone(),
            size: part.decoded_len,
            inline: picture || signature,
            cid: part.cid().map(str::to_owned),
            in_message: place.parents.contains(&"rfc822"),
        });
    });
    all
}

/// Whether a leaf is the letter's text: text without a file name, not marked as attachment.
fn is_body(part: &Part, parents: &[&str], position: usize) -> bool {
    let text =
        part.kind == "text" && matches!(part.subtype.as_str(), "plain" | "html" | "enriched" | "markdown");
    // Some mailers name even the alternatives of the text ("message.html").
    let alternative = parents.last() == Some(&"alternative");
    text && !part.is_attachment()
        && (part.filename.is_none() || alternative || (parents.is_empty() && position == 0))
}

pub(super) struct Place<'a> {
    pub path: PartPath,
    pub part: &'a Part,
    pub parents: Vec<&'a str>,
    pub position: usize,
}

/// Visits every part but the roots of nested letters that are multiparts (they share their
/// container's path).
pub(super) fn walk<'a>(root: &'a Part, visit: &mut dyn FnMut(&Place<'a>)) {
    let mut place = Place { path: Vec::new(), part: root, parents: Vec::new(), position: 0 };
    letter(root, &mut place, visit);
}

/// The root of a letter: a multipart has no number of its own, anything else is number 1.
fn letter<'a>(root: &'a Part, place: &mut Place<'a>, visit: &mut dyn FnMut(&Place<'a>)) {
    place.part = root;
    place.position = 0;
    if matches!(root.content, Content::Multipart(_)) {
        inside(root, place, visit);
    } else {
        place.path.push(1);
        visit(place);
        inside(root, place, visit);
        place.path.pop();
    }
}

fn inside<'a>(part: &'a Part, place: &mut Place<'a>, visit: &mut dyn FnMut(&Place<'a>)) {
    match &part.content {
        Content::Leaf => {}
        Content::Multipart(parts) => {
            place.parents.push(&part.subtype);
            for (position, child) in parts.iter().enumerate() {
                place.path.push(position as u32 + 1);
                (place.part, place.position) = (child, position);
                visit(place);
                inside(child, place, visit);
                place.path.pop();
            }
            place.parents.pop();
        }
        Content::Message { root, .. } => {
            place.parents.push("rfc822");
            letter(root, place, visit);
            place.parents.pop();
        }
    }
}
