//! Finding parts by IMAP path, walking leaves, and facts about attachments.

use serde::{Deserialize, Serialize};

use super::{
    part::{Content, Part, PartPath},
    structure::Structure,
};

/// A part found by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a, S = String> {
    /// The part.
    pub part: &'a Part<S>,
    /// Its header is the letter's own head, not inside the body block.
    pub headed_by_letter: bool,
}

/// A file or picture of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment<S = String> {
    /// Where it is.
    pub path: PartPath,
    /// Declared type, as `application/pdf`. What it truly is, is for policy to judge.
    pub media_type: S,
    /// Name made safe to show, when it has one.
    pub filename: Option<S>,
    /// Octets once decoded.
    pub size: u64,
    /// A picture shown inside the text, or a signature: no file for the reader.
    pub inline: bool,
    /// Content-ID without brackets.
    pub cid: Option<S>,
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
    /// An HTML part of the letter refers to it by `cid:` (RFC 2392).
    pub referenced_by_html: bool,
    /// It is the letter's text, in this or another form, not a file.
    pub is_body: bool,
}

impl Structure {
    /// The leaves with what was seen of each. A refused structure shows its one opaque part.
    #[must_use]
    pub fn leaf_views(&self) -> Vec<LeafView<'_>> {
        let mut views = Vec::new();
        // Both are in the order of the letter; a refused structure has a part nobody looked at.
        let mut seen = self.leaves.iter().peekable();
        walk(&self.root, &mut |place| {
            if !matches!(place.part.content, Content::Leaf) {
                return;
            }
            let first = seen.next_if(|leaf| leaf.path == place.path).map_or(&[][..], |leaf| &leaf.first);
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
pub(super) fn find<'a, S>(root: &'a Part<S>, path: &[u32]) -> Option<Found<'a, S>> {
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

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{lines, octets, read},
        *,
    };

    /// RFC 3501 §6.4.5's own example, with a body in each part.
    const EXAMPLE: &str = "\
From: a@b.fr
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/plain

one
--m
Content-Type: application/octet-stream

two
--m
Content-Type: message/rfc822

Subject: three
Content-Type: multipart/mixed; boundary=n

--n
Content-Type: text/plain

three.one
--n
Content-Type: application/octet-stream

three.two
--n--
--m
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: image/gif

four.one
--o
Content-Type: message/rfc822

Subject: four.two
Content-Type: multipart/mixed; boundary=p

--p
Content-Type: text/plain

four.two.one
--p
Content-Type: multipart/alternative; boundary=q

--q
Content-Type: text/plain

four.two.two.one
--q
Content-Type: text/richtext

four.two.two.two
--q--
--p--
--o--
--m--
";

    #[test]
    fn the_example_of_rfc_3501_has_its_numbers() {
        let letter = lines(EXAMPLE);
        let (head, structure) = read(&letter);
        let body = &letter[head.len()..];
        assert_eq!(structure.ambiguity, None);
        for (path, media, want) in [
            (&[1][..], "text/plain", "one"),
            (&[2], "application/octet-stream", "two"),
            (&[3, 1], "text/plain", "three.one"),
            (&[3, 2], "application/octet-stream", "three.two"),
            (&[4, 1], "image/gif", "four.one"),
            (&[4, 2, 1], "text/plain", "four.two.one"),
            (&[4, 2, 2, 1], "text/plain", "four.two.two.one"),
            (&[4, 2, 2, 2], "text/richtext", "four.two.two.two"),
        ] {
            let found = find(&structure.root, path).unwrap();
            assert_eq!(found.part.media_type(), media, "{path:?}");
            assert_eq!(String::from_utf8_lossy(octets(body, found.part)), want, "{path:?}");
            assert!(!found.headed_by_letter);
        }
        for (path, media) in [
            (&[][..], "multipart/mixed"),
            (&[3], "message/rfc822"),
            (&[4], "multipart/mixed"),
            (&[4, 2], "message/rfc822"),
            (&[4, 2, 2], "multipart/alternative"),
        ] {
            assert_eq!(find(&structure.root, path).unwrap().part.media_type(), media, "{path:?}");
        }
        for path in [&[0][..], &[5], &[1, 1], &[1, 1, 1], &[3, 3], &[4, 2, 2, 1, 1], &[4, 1, 1]] {
            assert_eq!(find(&structure.root, path), None, "{path:?}");
        }
        let paths: Vec<_> = leaves(&structure.root).into_iter().map(|(path, _)| path).collect();
        assert!(paths.iter().all(|path| find(&structure.root, path).is_some()));
        assert_eq!(paths.len(), 8);
        let Content::Message { envelope, root } = &find(&structure.root, &[4, 2]).unwrap().part.content
        else {
            panic!()
        };
        assert_eq!(envelope.subject.as_deref(), Some("four.two"));
        assert!(
            body[root.header_start as usize..root.body_start as usize].starts_with(b"Subject: four.two\r\n")
        );
        assert!(body[..root.body_start as usize].ends_with(b"\r\n\r\n"));
    }

    #[test]
    fn a_letter_that_is_no_multipart_is_its_own_part_one() {
        let (_, structure) = read(&lines("From: a@b.fr\n\nhello\n"));
        let found = find(&structure.root, &[1]).unwrap();
        assert!(found.headed_by_letter);
        assert_eq!((found.part.body_start, found.part.body_end, found.part.lines), (0, 7, 1));
        assert_eq!(find(&structure.root, &[1, 1]), None);
        assert_eq!(find(&structure.root, &[2]), None);
    }

    #[test]
    fn a_nested_letter_that_is_no_multipart_has_its_own_part_one() {
        let (_, structure) = read(&lines("Content-Type: message/rfc822\n\nSubject: in\n\nhello\n"));
        assert_eq!(find(&structure.root, &[1]).unwrap().part.media_type(), "message/rfc822");
        let inner = find(&structure.root, &[1, 1]).unwrap();
        assert_eq!(
            (inner.part.media_type().as_str(), inner.part.header_start, inner.part.body_start),
            ("text/plain", 0, 15)
        );
        assert_eq!(leaves(&structure.root)[0].0, [1, 1]);
        assert_eq!(structure.leaves[0].path, [1, 1]);
    }

    #[test]
    fn files_pictures_and_signatures_are_told_apart() {
        let letter = lines(
            "Content-Type: multipart/signed; boundary=s

--s
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html

<img src='cid:logo%40x'><p>
--r
Content-Type: image/png
Content-ID: <logo@x>
Content-Disposition: attachment; filename=logo.png

x
--r--
--m
Content-Type: application/pdf; name=a.pdf
Content-Disposition: inline

x
--m
Content-Type: text/plain; name=notes.txt

x
--m
Content-Type: message/rfc822

Content-Type: application/pdf; name=b.pdf

x
--m--
--s
Content-Type: application/pkcs7-signature; name=smime.p7s

x
--s--
",
        );
        let (_, structure) = read(&letter);
        let told: Vec<_> = attachments(&structure)
            .into_iter()
            .map(|a| {
                format!(
                    "{:?} {} {} inline={} nested={}",
                    a.path,
                    a.media_type,
                    a.filename.unwrap_or_default(),
                    a.inline,
                    a.in_message
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "[1, 1, 2] image/png logo.png inline=true nested=false",
                "[1, 2] application/pdf a.pdf inline=false nested=false",
                "[1, 3] text/plain notes.txt inline=false nested=false",
                "[1, 4] message/rfc822  inline=false nested=false",
                "[1, 4, 1] application/pdf b.pdf inline=false nested=true",
                "[2] application/pkcs7-signature smime.p7s inline=true nested=false",
            ]
        );
        let views = structure.leaf_views();
        assert_eq!(views[0].parents, ["signed", "mixed", "related"]);
        assert!(views[0].is_body && views[1].referenced_by_html && !views[1].is_body);
        assert_eq!(views[4].parents, ["signed", "mixed", "rfc822"]);
        assert_eq!(views[4].first, b"x");
    }
}
