//! Sections proved against a naive splitter on letters made at random.

use proptest::prelude::*;

use super::fetch_items::{FetchItem, FetchItems};
use super::scan::Cursor;
use super::sections::{Block, Span, cut, filter};
use super::world::split;
use super::*;

/// A MIME tree and the octets it is written as, so that a naive reader knows every part.
#[derive(Clone, Debug)]
enum Tree {
    Text(String),
    Multi(Vec<Tree>),
    Message(Box<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = "[a-z ]{0,12}(\r\n[a-z]{1,5}){0,3}".prop_map(Tree::Text);
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::Multi),
            inner.prop_map(|inner| Tree::Message(Box::new(inner))),
        ]
    })
}

/// Header fields and body of a tree; fills `parts` with what each path should give.
fn write(tree: &Tree, counter: &mut u32) -> (String, String) {
    *counter += 1;
    let id = *counter;
    match tree {
        Tree::Text(text) => (format!("X-Id: {id}\r\nContent-Type: text/plain\r\n"), text.clone()),
        Tree::Multi(children) => {
            let mut body = String::from("preamble\r\n");
            for child in children {
                let (head, inner) = write(child, counter);
                body.push_str(&format!("--=_{id}_\r\n{head}\r\n{inner}\r\n"));
            }
            body.push_str(&format!("--=_{id}_--\r\n"));
            (format!("X-Id: {id}\r\nContent-Type: multipart/mixed; boundary=\"=_{id}_\"\r\n"), body)
        }
        Tree::Message(inner) => {
            let (head, body) = write(inner, counter);
            let nested = format!("Subject: nested\r\n{head}\r\n{body}");
            (format!("X-Id: {id}\r\nContent-Type: message/rfc822\r\n"), nested)
        }
    }
}

/// What BODY[path…] gives, by splitting the written text again and again: slow, plain, independent.
fn naive(letter: &str, tree: &Tree, path: &[u32], text: &SectionText) -> Option<String> {
    let (head, body) = letter.split_once("\r\n\r\n").map(|(h, b)| (format!("{h}\r\n\r\n"), b.to_owned()))?;
    match path.split_first() {
        None => match text {
            SectionText::Whole => Some(letter.to_owned()),
            SectionText::Header => Some(head),
            SectionText::Text => Some(body),
            _ => None,
        },
        Some((number, rest)) => {
            let (mime, inside, child) = child_of(&head, &body, tree, *number)?;
            part(&mime, &inside, child, rest, text)
        }
    }
}

fn child_of<'a>(head: &str, body: &str, tree: &'a Tree, number: u32) -> Option<(String, String, &'a Tree)> {
    match tree {
        Tree::Multi(children) => multi(head, body, children, number),
        Tree::Text(_) | Tree::Message(_) if number == 1 => Some((head.to_owned(), body.to_owned(), tree)),
        Tree::Text(_) | Tree::Message(_) => None,
    }
}

fn multi<'a>(
    head: &str,
    body: &str,
    children: &'a [Tree],
    number: u32,
) -> Option<(String, String, &'a Tree)> {
    let boundary = head.split("boundary=\"").nth(1)?.split('"').next()?;
    let child = children.get(number as usize - 1)?;
    let piece = format!("\r\n{body}").split(&format!("\r\n--{boundary}")).nth(number as usize)?.to_owned();
    let piece = piece.strip_prefix("\r\n")?;
    let (mime, inside) = piece.split_once("\r\n\r\n")?;
    Some((format!("{mime}\r\n\r\n"), inside.to_owned(), child))
}

fn part(mime: &str, inside: &str, tree: &Tree, path: &[u32], text: &SectionText) -> Option<String> {
    match (path.split_first(), tree) {
        (None, _) => match (text, tree) {
            (SectionText::Whole, _) => Some(inside.to_owned()),
            (SectionText::Mime, _) => Some(mime.to_owned()),
            (_, Tree::Message(inner)) => naive(inside, inner, &[], text),
            (_, Tree::Text(_) | Tree::Multi(_)) => None,
        },
        (Some(_), Tree::Message(inner)) => naive(inside, inner, path, text),
        (Some((number, rest)), Tree::Multi(children)) => {
            let (mime, inside, child) = multi(mime, inside, children, *number)?;
            part(&mime, &inside, child, rest, text)
        }
        (Some(_), Tree::Text(_)) => None,
    }
}

fn items(text: &str) -> FetchItems {
    FetchItems::parse(&mut Cursor::new(text.as_bytes())).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

/// What the machine would send for one content item; `None` for NIL.
fn resolved(raw: &[u8], ask: &str) -> Option<Vec<u8>> {
    let (head, body, summary) = split(raw);
    let items = items(ask);
    let [FetchItem::Content(content)] = items.items() else { panic!("one content item: {ask}") };
    let described = items.describe(head.len() as u64, body.len() as u64, Some(&summary), Strings::Ascii);
    if described.pieces[0].writing == super::sections::Writing::Nil {
        return None;
    }
    let octets = described.spans().into_iter().flat_map(|span| {
        let block = if span.block == Block::Head { &head } else { &body };
        block[span.start as usize..span.end as usize].to_vec()
    });
    let (mut picked, octets) = (Vec::new(), octets.collect::<Vec<u8>>());
    filter(&mut picked, &octets, content);
    Some(picked)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn sections_agree_with_a_naive_splitter(tree in tree(), paths in prop::collection::vec(prop::collection::vec(1u32..4, 0..6), 1..20)) {
        let (head, body) = write(&tree, &mut 0);
        let raw = format!("From: a@b.example\r\nSubject: outer\r\n{head}\r\n{body}");
        let whole = resolved(raw.as_bytes(), "BODY[]").unwrap();
        prop_assert_eq!(&whole, raw.as_bytes());
        for path in paths {
            for (word, text) in [
                ("", SectionText::Whole), ("HEADER", SectionText::Header), ("TEXT", SectionText::Text),
                ("MIME", SectionText::Mime),
            ] {
                if path.is_empty() && text == SectionText::Mime {
                    continue;
                }
                let mut steps: Vec<String> = path.iter().map(u32::to_string).collect();
                if !word.is_empty() { steps.push(word.to_owned()); }
                let ask = format!("BODY[{}]", steps.join("."));
                let got = resolved(raw.as_bytes(), &ask).map(|octets| String::from_utf8(octets).unwrap());
                prop_assert_eq!(got, naive(&raw, &tree, &path, &text), "{} of {:?}", ask, raw);
            }
        }
    }

    #[test]
    fn windows_laid_end_to_end_are_the_whole(size in 1u32..40, head in 0u64..50, body in 0u64..90) {
        let spans = [
            Span { block: Block::Head, start: 0, end: head },
            Span { block: Block::Body, start: 0, end: body },
        ];
        let mut read = 0;
        let mut start = 0u64;
        loop {
            let window = cut(&spans, start, u64::from(size));
            let octets: u64 = window.iter().map(Span::len).sum();
            prop_assert!(octets == u64::from(size) || start.min(head + body) + octets == head + body);
            if octets == 0 { break; }
            read += octets;
            start += u64::from(size);
        }
        prop_assert_eq!(read, head + body);
    }
}

/// A part's encoded text and what it means, as a writer makes it.
fn encoded() -> impl Strategy<Value = (&'static str, String, Vec<u8>)> {
    let base64 = (prop::collection::vec(any::<u8>(), 0..200), 1usize..5).prop_map(|(octets, lines)| {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(&octets);
        let lines: Vec<&str> =
            (0..text.len()).step_by(lines * 4).map(|at| &text[at..text.len().min(at + lines * 4)]).collect();
        ("base64", lines.join("\r\n"), octets)
    });
    let quoted = "[a-z =\u{e9}]{0,60}".prop_map(|text| {
        let written: String = text
            .bytes()
            .map(|byte| {
                if byte.is_ascii_lowercase() { char::from(byte).to_string() } else { format!("={byte:02X}") }
            })
            .collect();
        ("quoted-printable", written, text.into_bytes())
    });
    let plain =
        "[a-z ]{0,40}(\r\n[a-z]{1,9}){0,3}".prop_map(|text| ("8bit", text.clone(), text.into_bytes()));
    prop_oneof![base64, quoted, plain]
}

/// The octets of one literal, or the text of NIL.
fn literal(said: &[u8], name: &str) -> Vec<u8> {
    let at = said.windows(name.len()).position(|window| window == name.as_bytes()).expect(name) + name.len();
    let rest = &said[at..];
    let open = rest.iter().position(|byte| *byte == b'{').expect("a literal");
    let close = rest.iter().position(|byte| *byte == b'\n').expect("a line end");
    let length: usize = std::str::from_utf8(&rest[open + 1..close - 2]).unwrap().parse().unwrap();
    rest[close + 1..close + 1 + length].to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// JavaMail reads a part by windows until one comes back short or empty; MailKit asks for BINARY.
    #[test]
    fn windows_of_a_part_laid_end_to_end_are_the_part((encoding, written, meant) in encoded(), size in 1u32..70, chunk in 1usize..40) {
        let raw = format!(
            "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n\
             Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{written}\r\n--w--\r\n"
        );
        let post = super::world::Post::usual();
        post.deliver("INBOX", raw.as_bytes());
        let mut session = super::stage::Session::signed_in(&post);
        session.world.chunk = chunk;
        session.command("s SELECT INBOX");
        for (item, whole) in [("BODY[1]", written.as_bytes()), ("BINARY[1]", &meant), ("BODY[]", raw.as_bytes())] {
            let (mut read, mut start) = (Vec::new(), 0u32);
            loop {
                let peek = item.replace('[', ".PEEK[");
                session.bytes(format!("a FETCH 1 {peek}<{start}.{size}>\r\n").as_bytes());
                let said = std::mem::take(&mut session.sent);
                let window = literal(&said, &format!("{item}<{start}> "));
                prop_assert!(window.len() == size as usize || read.len() + window.len() == whole.len());
                read.extend_from_slice(&window);
                start += size;
                if window.is_empty() { break; }
            }
            prop_assert_eq!(&read[..], whole, "{} of {}", item, encoding);
        }
        session.bytes(b"b FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])\r\n");
        let said = std::mem::take(&mut session.sent);
        let size = format!("BINARY.SIZE[1] {} ", meant.len());
        prop_assert!(said.windows(size.len()).any(|window| window == size.as_bytes()), "{}", size);
        prop_assert_eq!(literal(&said, "BINARY[1] ~"), meant);
    }
}
