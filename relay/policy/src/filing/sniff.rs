//! What a file really is, from its first octets. Names and labels lie; these are what a reader
//! program goes by.

/// What a file looks like.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum MediaKind {
    /// Nothing in it.
    Empty,
    /// Portable Document Format.
    Pdf,
    /// PNG image.
    Png,
    /// JPEG image.
    Jpeg,
    /// TIFF image.
    Tiff,
    /// GIF image.
    Gif,
    /// WebP image.
    Webp,
    /// HEIC or AVIF image, as newer telephones take them.
    Heic,
    /// Zip archive: XDM, and also every office format of today.
    Zip,
    /// OLE compound file: every office format of yesterday.
    Ole,
    /// Rich Text Format.
    Rtf,
    /// HTML.
    Html,
    /// XML, CDA and SVG among it.
    Xml,
    /// Plain text.
    Text,
    /// Something else.
    Unknown,
}

impl MediaKind {
    /// The media type under which it is served.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Zip => "application/zip",
            Self::Rtf => "application/rtf",
            Self::Text => "text/plain; charset=utf-8",
            // Never under a type a browser would run.
            Self::Empty | Self::Ole | Self::Html | Self::Xml | Self::Unknown => "application/octet-stream",
        }
    }

    /// The extension a downloaded copy gets.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Tiff => "tif",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Zip => "zip",
            Self::Rtf => "rtf",
            Self::Text => "txt",
            Self::Empty | Self::Ole | Self::Html | Self::Xml | Self::Unknown => "bin",
        }
    }

    /// Whether it is a picture.
    #[must_use]
    pub fn is_image(self) -> bool {
        match self {
            Self::Png | Self::Jpeg | Self::Tiff | Self::Gif | Self::Webp | Self::Heic => true,
            Self::Empty
            | Self::Pdf
            | Self::Zip
            | Self::Ole
            | Self::Rtf
            | Self::Html
            | Self::Xml
            | Self::Text
            | Self::Unknown => false,
        }
    }
}

/// What a file that begins with `octets` is; give it [`crate::limits::SNIFF_OCTETS`] or more.
#[must_use]
pub fn sniff(octets: &[u8]) -> MediaKind {
    const MAGIC: [(&[u8], MediaKind); 13] = [
        (b"\x89PNG\r\n\x1a\n", MediaKind::Png),
        (b"\xff\xd8\xff", MediaKind::Jpeg),
        (b"II*\0", MediaKind::Tiff),
        (b"MM\0*", MediaKind::Tiff),
        (b"II+\0", MediaKind::Tiff),
        (b"MM\0+", MediaKind::Tiff),
        (b"GIF87a", MediaKind::Gif),
        (b"GIF89a", MediaKind::Gif),
        (b"PK\x03\x04", MediaKind::Zip),
        (b"PK\x05\x06", MediaKind::Zip),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MediaKind::Ole),
        (b"{\\rtf", MediaKind::Rtf),
        (b"\x78\x9f\x3e\x22", MediaKind::Unknown), // TNEF
    ];
    if octets.is_empty() {
        return MediaKind::Empty;
    }
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| octets.starts_with(magic)) {
        return *kind;
    }
    match octets {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => return MediaKind::Webp,
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if is_heic(brand) => return MediaKind::Heic,
        _ => {}
    }
    let text = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets).trim_ascii_start();
    if text.starts_with(b"%PDF-") {
        MediaKind::Pdf
    } else if text.starts_with(b"{\\rtf") {
        MediaKind::Rtf
    } else if !is_text(octets) {
        MediaKind::Unknown
    } else if holds_html(text) {
        MediaKind::Html
    } else if text.starts_with(b"<?xml") || is_tag(text, b"<svg") || is_tag(text, b"<ClinicalDocument") {
        MediaKind::Xml
    } else {
        MediaKind::Text
    }
}

fn is_heic(brand: &[u8]) -> bool {
    [b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif"].iter().any(|known| brand.starts_with(*known))
}

/// No control octet but blanks, form feed and escape sequences' own; UTF-16 only with its mark.
fn is_text(octets: &[u8]) -> bool {
    if octets.starts_with(b"\xff\xfe") || octets.starts_with(b"\xfe\xff") {
        return octets.len().is_multiple_of(2);
    }
    octets.iter().all(|&octet| !matches!(octet, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f))
}

/// Anywhere in what we see, as browsers sniff (WHATWG MIME Sniffing §7.1), and a little stricter:
/// nobody writes `<script` in a plain letter.
fn holds_html(text: &[u8]) -> bool {
    const AT_START: [&[u8]; 12] = [
        b"<!doctype html",
        b"<html",
        b"<head",
        b"<body",
        b"<!--",
        b"<table",
        b"<div",
        b"<p",
        b"<font",
        b"<br",
        b"<title",
        b"<style",
    ];
    AT_START.iter().any(|tag| is_tag(text, tag))
        || (0..text.len()).any(|at| {
            let here = &text[at..];
            is_tag(here, b"<script") || is_tag(here, b"<iframe") || is_tag(here, b"<html")
        })
}

/// Whether `text` begins with `tag`, letter case aside, and the tag's name ends there.
fn is_tag(text: &[u8], tag: &[u8]) -> bool {
    let Some((start, rest)) = text.split_at_checked(tag.len()) else { return false };
    let ends = rest.first().is_none_or(|next| !next.is_ascii_alphanumeric());
    start.eq_ignore_ascii_case(tag) && ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn first_octets_tell_the_kind() {
        let heic = b"\0\0\0\x18ftypheic\0\0";
        for (octets, want) in [
            (b"".as_slice(), MediaKind::Empty),
            (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", MediaKind::Pdf),
            (b"\r\n%PDF-1.4", MediaKind::Pdf),
            (b"text before %PDF-1.4", MediaKind::Text),
            (b"\x89PNG\r\n\x1a\n\0\0", MediaKind::Png),
            (b"\xff\xd8\xff\xe0", MediaKind::Jpeg),
            (b"II*\0\x08", MediaKind::Tiff),
            (b"MM\0*\0", MediaKind::Tiff),
            (b"GIF89a", MediaKind::Gif),
            (b"RIFF\0\0\0\0WEBPVP8 ", MediaKind::Webp),
            (heic, MediaKind::Heic),
            (b"PK\x03\x04\x14", MediaKind::Zip),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", MediaKind::Ole),
            (b"{\\rtf1\\ansi", MediaKind::Rtf),
            (b"<!DOCTYPE HTML PUBLIC", MediaKind::Html),
            (b"  <Html lang=fr>", MediaKind::Html),
            (b"hello <SCRIPT>alert(1)", MediaKind::Html),
            (b"<pre-op", MediaKind::Text),
            (b"\xef\xbb\xbf<?xml version", MediaKind::Xml),
            (b"<svg xmlns", MediaKind::Xml),
            (b"Bonjour,\r\n", MediaKind::Text),
            (b"R\xe9sultats", MediaKind::Text),
            (b"\xff\xfeB\0o\0n\0", MediaKind::Text),
            (b"a\0b", MediaKind::Unknown),
            (b"\x78\x9f\x3e\x22\0", MediaKind::Unknown),
        ] {
            assert_eq!(sniff(octets), want, "{:?}", octets.escape_ascii().to_string());
        }
    }

    proptest! {
        #[test]
        fn any_octets_have_a_kind(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
            let kind = sniff(&octets);
            prop_assert_eq!(kind == MediaKind::Empty, octets.is_empty());
            prop_assert!(!kind.media_type().contains("html") && !kind.media_type().contains("xml"));
        }
    }
}
