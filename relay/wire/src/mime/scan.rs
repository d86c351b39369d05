//! The part tree of a letter, built while its body passes by (RFC 2045, 2046, 2183, 2231).
//!
//! One line at a time decides: a line that is exactly an open boundary (with transport padding) is a
//! delimiter; everything else is content. Readers that take a mere prefix for a delimiter (RFC 2046
//! §5.1.1 allows it) would see another letter: that is recorded as an [`Ambiguity`].

use memchr::memchr;

use super::{
    describe::{describe, is_nested, octets, opaque},
    envelope::Envelope,
    head::Head,
    leaf::LeafWatch,
    limits,
    part::{Content, Part, PartPath},
    structure::{Ambiguity, Excerpt, Leaf, Refusal, Structure},
};

/// Reads the body of a letter in chunks of any size and never holds more than [`Scanner::retained`].
#[derive(Debug)]
pub struct Scanner {
    /// Octets taken, and the CRLFs among them.
    at: u64,
    lines: u64,
    line_start: u64,
    /// A CR whose LF may come with the next chunk.
    cr: bool,
    /// The line may still be a delimiter; its octets so far are in `held`.
    undecided: bool,
    held: Vec<u8>,
    mode: Mode,
    open: Vec<Open>,
    multiparts: usize,
    parts: usize,
    /// Octets of strings in the tree so far.
    kept: usize,
    ambiguity: Option<Ambiguity>,
    refused: Option<Refusal>,
    root: Option<Part>,
    leaves: Vec<Leaf>,
    text: Option<Excerpt>,
    html: Option<Excerpt>,
    cids: Vec<String>,
}

#[derive(Debug)]
enum Mode {
    /// In the header block of a part that is about to open.
    Header { start: u64, raw: Vec<u8>, cut: bool },
    /// In the body of the innermost open part.
    Body,
    /// A limit was passed: only octets and lines are counted.
    Opaque,
}

/// A part whose end has not come.
#[derive(Debug)]
struct Open {
    part: Part,
    lines_before: u64,
    inside: Inside,
}

#[derive(Debug)]
enum Inside {
    Leaf(Box<LeafWatch>),
    Multipart { boundary: Vec<u8>, children: Vec<Part>, ended: bool },
    Message { envelope: Box<Envelope>, root: Option<Box<Part>> },
}

/// What a line that begins with `--` is.
enum Delimiter {
    Part(usize),
    End(usize),
}

impl Scanner {
    /// A scanner for the body that follows this head.
    #[must_use]
    pub fn new(head: &Head) -> Self {
        let mut scanner = Self {
            at: 0,
            lines: 0,
            line_start: 0,
            cr: false,
            undecided: true,
            held: Vec::new(),
            mode: Mode::Body,
            open: Vec::new(),
            multiparts: 0,
            parts: 0,
            kept: 0,
            ambiguity: None,
            refused: None,
            root: None,
            leaves: Vec::new(),
            text: None,
            html: None,
            cids: Vec::new(),
        };
        scanner.begin(head, 0);
        scanner
    }

    /// Takes the next octets of the body.
    pub fn push(&mut self, chunk: &[u8]) {
        if memchr(0, chunk).is_some() {
            self.note(Ambiguity::Nul);
        }
        let mut rest = chunk;
        if self.cr && !rest.is_empty() {
            self.cr = false;
            match rest.strip_prefix(b"\n") {
                Some(after) => {
                    self.line_end();
                    rest = after;
                }
                None => self.bare_cr(),
            }
        }
        while let Some(at) = memchr(b'\r', rest) {
            let after = self.file_lines(rest, at);
            if after.len() < rest.len() {
                rest = after;
                continue;
            }
            self.content(&rest[..at]);
            match rest.get(at + 1) {
                Some(b'\n') => {
                    self.line_end();
                    rest = &rest[at + 2..];
                }
                Some(_) => {
                    self.bare_cr();
                    rest = &rest[at + 1..];
                }
                None => {
                    self.cr = true;
                    return;
                }
            }
        }
        self.content(rest);
    }

    /// The body is over.
    #[must_use]
    pub fn finish(mut self) -> Structure {
        if std::mem::take(&mut self.cr) {
            self.bare_cr();
        }
        if self.undecided && !self.held.is_empty() {
            // A last delimiter needs no CRLF.
            let held = std::mem::take(&mut self.held);
            match self.delimiter(&held) {
                Some(delimiter) => self.divide(delimiter),
                None => self.data(&held),
            }
        }
        self.end_headers(self.at);
        if let Some(Open { inside: Inside::Leaf(leaf), .. }) = self.open.last_mut() {
            leaf.settle();
        }
        while !self.open.is_empty() {
            self.close(self.at, self.lines);
        }
        let root = self.root.take().filter(|_| self.refused.is_none()).unwrap_or_else(|| Part {
            body_end: self.at,
            lines: self.lines,
            decoded_len: self.at,
            ..opaque()
        });
        Structure {
            root,
            body_len: self.at,
            ambiguity: self.ambiguity,
            refused: self.refused,
            leaves: self.leaves,
            text: self.text,
            html: self.html,
            cid_references: self.cids,
        }
    }

    /// Octets held now, roughly: bounded by `limits`, whatever the letter.
    #[must_use]
    pub fn retained(&self) -> usize {
        let header = match &self.mode {
            Mode::Header { raw, .. } => raw.capacity(),
            Mode::Body | Mode::Opaque => 0,
        };
        let open: usize = self
            .open
            .iter()
            .map(|open| match &open.inside {
                Inside::Leaf(leaf) => leaf.retained(),
                Inside::Multipart { boundary, .. } => boundary.len(),
                Inside::Message { .. } => 0,
            })
            .sum();
        let excerpt = |e: &Option<Excerpt>| e.as_ref().map_or(0, |e| e.bytes.capacity());
        header
            + open
            + self.kept
            + self.parts * size_of::<Part>()
            + self.held.capacity()
            + self.leaves.iter().map(|leaf| leaf.first.capacity() + size_of::<Leaf>()).sum::<usize>()
            + excerpt(&self.text)
            + excerpt(&self.html)
            + self.cids.iter().map(String::len).sum::<usize>()
    }

    fn note(&mut self, ambiguity: Ambiguity) {
        // The least of the enum's order, so that no cut of the stream can change it.
        self.ambiguity = Some(self.ambiguity.map_or(ambiguity, |known| known.min(ambiguity)));
    }

    fn bare_cr(&mut self) {
        self.note(Ambiguity::BareNewline);
        self.content(b"\r");
    }

    /// Octets within a line.
    fn content(&mut self, piece: &[u8]) {
        let Some(first) = piece.first() else { return };
        if memchr(b'\n', piece).is_some() {
            self.note(Ambiguity::BareNewline);
        }
        self.at += piece.len() as u64;
        if !self.undecided {
            return self.data(piece);
        }
        if self.multiparts == 0 || (self.held.is_empty() && *first != b'-') {
            self.undecided = false;
            return self.data(piece);
        }
        let room = limits::DELIMITER_OCTETS + 1 - self.held.len();
        let (some, rest) = piece.split_at(piece.len().min(room));
        self.held.extend_from_slice(some);
        if self.held.len() > limits::DELIMITER_OCTETS
            || self.held.get(1).is_some_and(|second| *second != b'-')
        {
            self.undecided = false;
            let held = std::mem::take(&mut self.held);
            self.data(&held);
            self.data(rest);
            self.held = held;
            self.held.clear();
        }
    }

    /// Takes the whole lines of a file, of `width` octets each, at the beginning of `rest`, if a line begins there and
    /// each of them could only be counted: most of a letter with a document is such lines. Answers what follows them.
    fn file_lines<'a>(&mut self, rest: &'a [u8], width: usize) -> &'a [u8] {
        if self.at != self.line_start || !self.held.is_empty() || !matches!(self.mode, Mode::Body) {
            return rest;
        }
        let Some(Open { inside: Inside::Leaf(leaf), .. }) = self.open.last_mut() else { return rest };
        let lines = leaf.lines(rest, width);
        self.at += lines.octets as u64;
        self.lines += lines.count;
        self.line_start = self.at;
        &rest[lines.octets..]
    }

    /// CRLF.
    fn line_end(&mut self) {
        let empty = self.at == self.line_start;
        let delimiter = if self.undecided && self.held.len() > 2 {
            let held = std::mem::take(&mut self.held);
            let found = self.delimiter(&held);
            self.held = held;
            found
        } else {
            None
        };
        match delimiter {
            Some(delimiter) => {
                let after = self.at + 2;
                self.divide(delimiter);
                if let Mode::Header { start, .. } = &mut self.mode {
                    *start = after;
                }
                self.at = after;
            }
            None => {
                if self.undecided && !self.held.is_empty() {
                    let held = std::mem::take(&mut self.held);
                    self.data(&held);
                    self.held = held;
                }
                self.at += 2;
                self.data_line_end(empty);
            }
        }
        self.held.clear();
        self.lines += 1;
        self.line_start = self.at;
        self.undecided = true;
    }

    /// Octets that are no delimiter.
    fn data(&mut self, piece: &[u8]) {
        match &mut self.mode {
            Mode::Opaque => {}
            Mode::Header { raw, cut, .. } => {
                let room = limits::HEAD_OCTETS.saturating_sub(raw.len());
                raw.extend_from_slice(&piece[..piece.len().min(room)]);
                *cut |= piece.len() > room;
            }
            Mode::Body => {
                if let Some(Open { inside: Inside::Leaf(leaf), .. }) = self.open.last_mut() {
                    leaf.content(piece);
                }
            }
        }
    }

    fn data_line_end(&mut self, empty: bool) {
        match &mut self.mode {
            Mode::Opaque => {}
            Mode::Header { raw, .. } => {
                raw.extend_from_slice(b"\r\n");
                if empty {
                    self.end_header(self.at);
                }
            }
            Mode::Body => {
                if let Some(Open { inside: Inside::Leaf(leaf), .. }) = self.open.last_mut() {
                    leaf.line_end();
                }
            }
        }
    }

    /// Which open boundary a line is: the innermost that fits.
    fn delimiter(&mut self, line: &[u8]) -> Option<Delimiter> {
        let rest = line.strip_prefix(b"--")?;
        let padding = rest.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let trimmed = &rest[..rest.len() - padding];
        let (mut found, mut others, mut stale, mut prefix) = (None, false, false, false);
        for (i, open) in self.open.iter().enumerate().rev() {
            let Inside::Multipart { boundary, ended, .. } = &open.inside else { continue };
            let fits = if trimmed == boundary {
                Some(Delimiter::Part(i))
            } else if trimmed.strip_suffix(b"--") == Some(boundary) {
                Some(Delimiter::End(i))
            } else {
                prefix |= rest.starts_with(boundary);
                None
            };
            match fits {
                Some(_) if *ended => stale = true,
                Some(_) if found.is_some() => others = true,
                Some(delimiter) => found = Some(delimiter),
                None => {}
            }
        }
        if stale {
            self.note(Ambiguity::AfterEndMark);
        }
        if others || (prefix && found.is_none()) {
            self.note(Ambiguity::BoundaryPrefix);
        }
        found
    }

    /// A delimiter line begins at `line_start`.
    fn divide(&mut self, delimiter: Delimiter) {
        let (Delimiter::Part(index) | Delimiter::End(index)) = delimiter;
        self.end_headers(self.line_start);
        if matches!(self.mode, Mode::Opaque) {
            return;
        }
        while self.open.len() > index + 1 {
            // The CRLF before a delimiter belongs to it (RFC 2046 §5.1.1).
            self.close(self.line_start.saturating_sub(2), self.lines.saturating_sub(1));
        }
        self.mode = match delimiter {
            Delimiter::Part(_) => Mode::Header { start: self.at, raw: Vec::new(), cut: false },
            Delimiter::End(_) => {
                if let Some(Open { inside: Inside::Multipart { ended, .. }, .. }) = self.open.last_mut() {
                    *ended = true;
                }
                Mode::Body
            }
        };
    }

    /// A header block is cut short; a nested letter's empty one follows its container's.
    fn end_headers(&mut self, body_start: u64) {
        while matches!(self.mode, Mode::Header { .. }) {
            self.end_header(body_start);
        }
    }

    /// The header block in hand is over; its part, or its nested letter's root, opens at `body_start`.
    fn end_header(&mut self, body_start: u64) {
        let Mode::Header { start, raw, cut } = std::mem::replace(&mut self.mode, Mode::Body) else { return };
        let (head, malformed) = Head::parse_part(raw);
        if malformed {
            self.note(Ambiguity::MalformedHeader);
        }
        let nested = matches!(self.open.last(), Some(Open { inside: Inside::Message { .. }, .. }));
        if cut || (!nested && head.len() > limits::PART_HEAD_OCTETS) {
            self.note(Ambiguity::HeaderTooLong);
        }
        if let Some(Open { inside: Inside::Message { envelope, .. }, .. }) = self.open.last_mut() {
            **envelope = Envelope::of(&head);
            self.kept += envelope.octets();
        }
        // An empty part has no body at all: its header ends where the delimiter begins.
        self.begin_at(&head, start, body_start.max(start));
    }

    fn begin(&mut self, head: &Head, at: u64) {
        self.begin_at(head, at, at);
    }

    /// Opens a part whose header is known.
    fn begin_at(&mut self, head: &Head, header_start: u64, body_start: u64) {
        let digest = match self.open.last() {
            Some(Open { part, inside: Inside::Multipart { .. }, .. }) => part.subtype == "digest",
            _ => false,
        };
        let (part, boundary, ambiguity) = describe(head, digest);
        if let Some(ambiguity) = ambiguity {
            self.note(ambiguity);
        }
        self.parts += 1;
        self.kept += octets(&part);
        let part = Part { header_start, body_start, body_end: body_start, ..part };
        let container = boundary.is_some() || is_nested(&part);
        let depth = self.open.iter().filter(|open| !matches!(open.inside, Inside::Leaf(_))).count();
        if self.parts > limits::PARTS {
            return self.refuse(Refusal::Parts);
        }
        if self.kept > limits::STRUCTURE_OCTETS {
            return self.refuse(Refusal::Headers);
        }
        if container && depth >= limits::DEPTH {
            return self.refuse(Refusal::Depth);
        }
        // Lines before the body: a part that opens at the end of a header line has that line behind it.
        let lines_before = self.lines + u64::from(body_start > self.line_start);
        let inside = if let Some(boundary) = boundary {
            self.multiparts += 1;
            Inside::Multipart { boundary: boundary.into_bytes(), children: Vec::new(), ended: false }
        } else if is_nested(&part) {
            self.mode = Mode::Header { start: body_start, raw: Vec::new(), cut: false };
            Inside::Message { envelope: Box::default(), root: None }
        } else {
            let plain_text = part.kind == "text" && !part.is_attachment() && part.filename.is_none();
            let in_letter = !self.open.iter().any(|open| matches!(open.inside, Inside::Message { .. }));
            let wanted = (part.subtype == "plain" && self.text.is_none())
                || (part.subtype == "html" && self.html.is_none());
            let html = part.kind == "text" && part.subtype == "html";
            Inside::Leaf(Box::new(LeafWatch::new(part.encoding, plain_text && in_letter && wanted, html)))
        };
        self.open.push(Open { part, lines_before, inside });
    }

    /// A limit is passed: forget the tree, go on counting.
    fn refuse(&mut self, refusal: Refusal) {
        self.refused.get_or_insert(refusal);
        self.mode = Mode::Opaque;
        self.open.clear();
        self.multiparts = 0;
        self.kept = 0;
        self.parts = 0;
        self.leaves = Vec::new();
        self.cids = Vec::new();
        (self.text, self.html, self.root) = (None, None, None);
    }

    /// Closes the innermost open part where its body ends.
    fn close(&mut self, end: u64, lines: u64) {
        let path = self.path();
        let Some(Open { mut part, lines_before, inside }) = self.open.pop() else { return };
        if end > part.body_start {
            part.body_end = end;
            part.lines = lines.saturating_sub(lines_before);
        }
        part.decoded_len = part.size();
        match inside {
            Inside::Leaf(mut leaf) => {
                if leaf.close() {
                    self.note(Ambiguity::Base64Junk);
                }
                part.decoded_len = leaf.decoded_len;
                self.keep(&part, path, *leaf);
            }
            Inside::Multipart { children, ended, .. } => {
                self.multiparts -= 1;
                if children.is_empty() {
                    self.note(Ambiguity::NoParts);
                    (part.kind, part.subtype) = ("application".into(), "octet-stream".into());
                    part.parameters.clear();
                } else {
                    if !ended {
                        self.note(Ambiguity::NoEndMark);
                    }
                    part.content = Content::Multipart(children);
                }
            }
            Inside::Message { envelope, root: Some(root) } => {
                part.content = Content::Message { envelope, root }
            }
            // A nested letter's header block always ends before its container does.
            Inside::Message { root: None, .. } => {}
        }
        match self.open.last_mut().map(|open| &mut open.inside) {
            Some(Inside::Multipart { children, .. }) => children.push(part),
            Some(Inside::Message { root, .. }) => *root = Some(Box::new(part)),
            Some(Inside::Leaf(_)) | None => self.root = Some(part),
        }
    }

    /// Keeps what was seen of a leaf.
    fn keep(&mut self, part: &Part, path: PartPath, leaf: LeafWatch) {
        if let Some(bytes) = leaf.excerpt {
            let excerpt = Excerpt { path: path.clone(), charset: part.charset().map(str::to_owned), bytes };
            *(if part.subtype == "html" { &mut self.html } else { &mut self.text }) = Some(excerpt);
        }
        if let Some(mut cids) = leaf.cids {
            cids.end();
            for cid in cids.found {
                if self.cids.len() < limits::CID_REFERENCES && !self.cids.contains(&cid) {
                    self.cids.push(cid);
                }
            }
        }
        let mut first = leaf.first;
        first.shrink_to_fit();
        self.leaves.push(Leaf { path, first });
    }

    /// The IMAP path of the innermost open part.
    fn path(&self) -> PartPath {
        let mut path = Vec::new();
        let mut parent: Option<&Inside> = None;
        for open in &self.open {
            match parent {
                Some(Inside::Multipart { children, .. }) => path.push(children.len() as u32 + 1),
                _ if !matches!(open.inside, Inside::Multipart { .. }) => path.push(1),
                _ => {}
            }
            parent = Some(&open.inside);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            decode::Encoding,
            testing::{drawn, lines, read, read_in},
        },
        *,
    };

    /// Whole lines of a file are counted together, which octet by octet never happens.
    #[test]
    fn a_long_file_is_counted_alike_at_once_and_octet_by_octet() {
        let line = |width: usize| format!("{}\r\n", "Ab0+/z9A".repeat(20).split_at(width).0);
        for between in [
            "",
            "\r\n",
            "Ab0*Ab0+\r\n",
            "Ab0+ \r\n",
            "Ab0\r\n",
            "QQ==\r\n",
            "Ab0+\nAb0+\r\n",
            "Ab0+\rAb0+\r\n",
            "--bb\r\n",
            "-\r\n",
            "--b--\r\nepilogue\r\n--b\r\n\r\n",
            "--b\r\nContent-Type: text/plain\r\n\r\n",
        ] {
            for (before, after) in [(76, 76), (76, 72), (75, 76), (4, 4), (64, 0)] {
                let (before, after) = (line(before).repeat(120), line(after).repeat(120));
                let letter = format!(
                    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n\
                     Content-Transfer-Encoding: base64\r\n\r\n{before}{between}{after}--b--\r\n"
                );
                let every: Vec<usize> = (1..letter.len()).collect();
                let slowly = read_in(letter.as_bytes(), &every);
                assert_eq!(read(letter.as_bytes()), slowly, "{between:?}");
                assert!(slowly.1.leaves[0].first.len() == limits::FIRST_OCTETS || before.len() < 1_000);
            }
        }
    }

    #[test]
    fn what_two_readers_could_see_differently_is_told() {
        let multi = |rest: &str| format!("Content-Type: multipart/mixed; boundary=b\n\n{rest}");
        for (case, letter, want) in [
            (
                "two types",
                "Content-Type: text/plain\nContent-Type: text/html\n\nx".into(),
                Some(Ambiguity::RepeatedField),
            ),
            (
                "two encodings",
                "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\nx".into(),
                Some(Ambiguity::RepeatedField),
            ),
            (
                "two boundaries",
                "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\n\nx\n--a--\n".into(),
                Some(Ambiguity::RepeatedParameter),
            ),
            (
                "plain and RFC 2231 boundary",
                "Content-Type: multipart/mixed; boundary=a; boundary*0=b\n\n--a\n\nx\n--a--\n".into(),
                Some(Ambiguity::RepeatedParameter),
            ),
            (
                "commented boundary",
                "Content-Type: multipart/mixed; boundary(x)=a\n\n--a\n\nx\n--a--\n".into(),
                Some(Ambiguity::Comment),
            ),
            ("no type", "Content-Type: text\n\nx".into(), Some(Ambiguity::MalformedContentType)),
            (
                "unknown encoding",
                "Content-Transfer-Encoding: x-uuencode\n\nx".into(),
                Some(Ambiguity::UnknownEncoding),
            ),
            (
                "encoded multipart",
                multi("--b\n\nx\n--b--\n")
                    .replace("\n\n--b\n", "\nContent-Transfer-Encoding: base64\n\n--b\n"),
                Some(Ambiguity::EncodedContainer),
            ),
            (
                "encoded nested letter",
                "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA0KDQo="
                    .into(),
                Some(Ambiguity::EncodedContainer),
            ),
            (
                "junk in base64",
                "Content-Transfer-Encoding: base64\n\nYQ*==\n".into(),
                Some(Ambiguity::Base64Junk),
            ),
            ("no boundary", "Content-Type: multipart/mixed\n\nx".into(), Some(Ambiguity::NoBoundary)),
            (
                "endless boundary",
                format!("Content-Type: multipart/mixed; boundary={}\n\nx", "b".repeat(300)),
                Some(Ambiguity::NoBoundary),
            ),
            ("no parts", multi("nothing here\n"), Some(Ambiguity::NoParts)),
            ("end mark only", multi("--b--\n"), Some(Ambiguity::NoParts)),
            ("no end mark", multi("--b\n\nx\n"), Some(Ambiguity::NoEndMark)),
            (
                "delimiter after the end",
                multi("--b\n\nx\n--b--\n--b\n\ny\n--b--\n"),
                Some(Ambiguity::AfterEndMark),
            ),
            ("boundary goes on", multi("--b\n\nx\n--bc\ny\n--b--\n"), Some(Ambiguity::BoundaryPrefix)),
            ("end mark goes on", multi("--b\n\nx\n--b--c\ny\n--b--\n"), Some(Ambiguity::BoundaryPrefix)),
            (
                "same boundary inside",
                multi("--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b--\n"),
                Some(Ambiguity::AfterEndMark),
            ),
            ("no header line", multi("--b\nnonsense\n\nx\n--b--\n"), Some(Ambiguity::MalformedHeader)),
            ("NUL", "\n\0".into(), Some(Ambiguity::Nul)),
            (
                "longer boundary inside",
                multi("--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--bb--\n--b--\n"),
                None,
            ),
            (
                "dashes in the text",
                multi("--b\n\n-- \nDr X\n----- Message d'origine -----\n--\n--b--\n"),
                None,
            ),
            ("padding after the boundary", multi("--b \t\n\nx\n--b--  \n"), None),
            ("last end mark without CRLF", multi("--b\n\nx\n--b--"), None),
            ("preamble and epilogue", multi("hello\n--b\n\nx\n--b--\nbye\n"), None),
        ] {
            let letter = letter.trim_start_matches('\n');
            let letter =
                if letter.starts_with("Content") { letter.to_owned() } else { format!("\n{letter}") };
            assert_eq!(read(&lines(&letter)).1.ambiguity, want, "{case}");
        }
        for bytes in [&b"\r\na\nb"[..], b"\r\na\rb", b"\r\na\r"] {
            assert_eq!(read(bytes).1.ambiguity, Some(Ambiguity::BareNewline));
        }
    }

    #[test]
    fn the_crlf_before_a_delimiter_is_not_content() {
        for (body, want) in [
            ("--b\n\nx\n--b--", "1 text/plain - \"x\"\n"),
            ("--b\n\nx\n\n--b--", "1 text/plain - \"x\\r\\n\"\n"),
            ("--b\n\n--b--", "1 text/plain - \"\"\n"),
            ("--b\n--b--", "1 text/plain - \"\"\n"),
            ("--b\nContent-Type: image/png\n--b--", "1 image/png - \"\"\n"),
            ("--b\nContent-Type: message/rfc822\n--b--", "1.1 text/plain - \"\"\n"),
            ("--b\n\nx\n--b\n\ny\n--b--\n", "1 text/plain - \"x\"\n2 text/plain - \"y\"\n"),
            ("--b\n\nx", "1 text/plain - \"x\"\n"),
            ("--b\n\nx\n", "1 text/plain - \"x\\r\\n\"\n"),
            (
                "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--b\n\ny\n--b--",
                "1.1 text/plain - \"x\"\n2 text/plain - \"y\"\n",
            ),
        ] {
            let letter = lines(&format!("Content-Type: multipart/mixed; boundary=b\n\n{body}"));
            assert_eq!(drawn(&letter), want, "{body}");
        }
    }

    #[test]
    fn lines_are_counted_as_imap_wants_them() {
        let letter = lines(
            "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\n1\n2\n--b\n\n1\n2\n\n--b\nContent-Type: message/rfc822\n\nSubject: s\n\n1\n2\n--b--\n",
        );
        let (_, structure) = read(&letter);
        let parts = structure.root.children();
        assert_eq!(parts[0].lines, 1);
        assert_eq!(parts[1].lines, 2);
        assert_eq!((parts[2].lines, parts[2].children()[0].lines), (3, 1));
        assert_eq!(structure.root.lines, 18);
    }

    #[test]
    fn all_that_bodystructure_wants_is_kept() {
        let letter = lines(
            "Content-Type: Application/PDF; name=\"a.pdf\"; X=\"Y Z\"\nContent-ID: <i@x>\nContent-Description: =?utf-8?Q?d?=\nContent-MD5: abc=\n\
             Content-Disposition: Inline; FileName*=utf-8''%C3%A9.pdf; size=3\nContent-Language: fr, en\nContent-Location: http://x/\n y\nContent-Transfer-Encoding: BASE64\n\nYWJj\n",
        );
        let part = read(&letter).1.root;
        assert!(part.is("application", "pdf"));
        assert_eq!(part.parameters, [("name".into(), "a.pdf".into()), ("x".into(), "Y Z".into())]);
        assert_eq!((part.id.as_deref(), part.cid()), (Some("<i@x>"), Some("i@x")));
        assert_eq!(part.description.as_deref(), Some("=?utf-8?Q?d?="));
        assert_eq!(part.md5.as_deref(), Some("abc="));
        let disposition = part.disposition.as_ref().unwrap();
        assert_eq!(disposition.kind, "inline");
        assert_eq!(
            disposition.parameters,
            [("filename*".into(), "utf-8''%C3%A9.pdf".into()), ("size".into(), "3".into())]
        );
        assert_eq!(part.language, ["fr", "en"]);
        assert_eq!(part.location.as_deref(), Some("http://x/y"));
        assert_eq!(part.filename.as_deref(), Some("é.pdf"));
        assert_eq!((part.encoding, part.size(), part.decoded_len, part.lines), (Encoding::Base64, 6, 3, 1));
    }

    #[test]
    fn a_digest_holds_letters_by_default() {
        let letter = lines("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b--\n");
        let (_, structure) = read(&letter);
        assert!(structure.root.children()[0].is("message", "rfc822"));
        assert_eq!(drawn(&letter), "1.1 text/plain - \"x\"\n");
    }

    #[test]
    fn partial_and_external_bodies_are_files() {
        for kind in
            ["message/partial; id=x; number=1", "message/external-body; access-type=URL; URL=\"http://x\""]
        {
            let letter = lines(&format!("Content-Type: {kind}\n\nContent-Type: text/html\n\nx\n"));
            assert!(matches!(read(&letter).1.root.content, Content::Leaf), "{kind}");
        }
    }

    #[test]
    fn the_first_texts_are_kept_for_the_preview_and_references_are_found() {
        let letter = lines(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n\
             r=E9su=\nltat\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<img src=3D\"ci=\nd:a%40b\"><a style=3D'x:url(CID:c)'>acid:rain cid:a@b\n--b--\n",
        );
        let structure = read(&letter).1;
        let text = structure.text.unwrap();
        assert_eq!(
            (text.path.as_slice(), text.charset.as_deref(), text.bytes.as_slice()),
            (&[1][..], Some("iso-8859-1"), &b"r\xe9sultat"[..])
        );
        assert_eq!(structure.html.unwrap().path, [2]);
        assert_eq!(structure.cid_references, ["a@b", "c", "rain"]);
    }
}
