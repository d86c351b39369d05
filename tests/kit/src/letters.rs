//! Letters and files for the stories.

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// A letter as a mail program would write it.
#[derive(Clone, Debug)]
pub struct Letter {
    fields: Vec<(String, String)>,
    text: String,
    html: Option<String>,
    files: Vec<(String, &'static str, Vec<u8>)>,
}

impl Letter {
    /// A short text.
    #[must_use]
    pub fn new(from: &str, to: &str, subject: &str, text: &str) -> Self {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![field("From", from), field("To", to), field("Subject", subject)];
        Self { fields, text: text.to_owned(), html: None, files: Vec::new() }
    }

    /// One more header field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same in HTML.
    #[must_use]
    pub fn html(mut self, html: &str) -> Self {
        self.html = Some(html.to_owned());
        self
    }

    /// An attachment.
    #[must_use]
    pub fn file(mut self, name: &str, kind: &'static str, octets: Vec<u8>) -> Self {
        self.files.push((name.to_owned(), kind, octets));
        self
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let mut out = String::new();
        for (name, value) in &self.fields {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("MIME-Version: 1.0\r\n");
        let text = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n", self.text);
        let text = match &self.html {
            None => text,
            Some(html) => format!(
                "Content-Type: multipart/alternative; boundary=either\r\n\r\n--either\r\n{text}--either\r\n\
                 Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--either--\r\n"
            ),
        };
        if self.files.is_empty() {
            out.push_str(&text);
            return out.into_bytes();
        }
        out.push_str("Content-Type: multipart/mixed; boundary=all\r\n\r\n--all\r\n");
        out.push_str(&text);
        for (name, kind, octets) in &self.files {
            out.push_str(&format!(
                "--all\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n"
            ));
            let encoded = BASE64_STANDARD.encode(octets);
            for line in encoded.as_bytes().chunks(76) {
                out.push_str(&String::from_utf8_lossy(line));
                out.push_str("\r\n");
            }
        }
        out.push_str("--all--\r\n");
        out.into_bytes()
    }
}

/// A small PDF that says `words`, in every octet sequence of its own a program might disturb.
#[must_use]
pub fn pdf(words: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let page = format!("BT /F1 18 Tf 60 760 Td ({words}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    // All octets there are, in a comment: bare CR and LF, NUL, dots at line starts.
    out.extend_from_slice(b"%");
    out.extend((0..=255u8).filter(|byte| !matches!(byte, b'\n' | b'\r')));
    out.extend_from_slice(b"\r%\n%\r\n.\r\n..\n");
    let start = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for place in places {
        out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let trailer =
        format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    out.extend_from_slice(trailer.as_bytes());
    out
}

/// A photo of one grey dot (baseline JPEG, made by hand), with `words` in a comment segment and
/// `padding` octets of noise in others, as cameras add them.
#[must_use]
pub fn jpeg(words: &str, padding: usize) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    segment(&mut out, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    segment(&mut out, 0xfe, words.as_bytes());
    let mut state = 0x2545_f491_u32;
    let noise: Vec<u8> = (0..padding)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[0]
        })
        .collect();
    for piece in noise.chunks(60_000) {
        segment(&mut out, 0xed, piece);
    }
    let mut table = vec![0];
    table.extend([1; 64]);
    segment(&mut out, 0xdb, &table);
    segment(&mut out, 0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    // Huffman tables with one code each: category 0, and end of block.
    for class in [0x00, 0x10] {
        let mut table = vec![class, 1];
        table.extend([0; 15]);
        table.push(0);
        segment(&mut out, 0xc4, &table);
    }
    segment(&mut out, 0xda, &[1, 1, 0, 0, 63, 0]);
    // DC difference 0, end of block, then ones to the octet's end.
    out.extend([0x3f, 0xff, 0xd9]);
    out
}

fn segment(out: &mut Vec<u8>, marker: u8, content: &[u8]) {
    out.extend([0xff, marker]);
    let length = u16::try_from(content.len() + 2).expect("segments are short");
    out.extend(length.to_be_bytes());
    out.extend_from_slice(content);
}
