//! What a file is, decided from its first octets; never from what its sender called it.

/// Kinds we name. The closed list of what patients may join and of what may open in the browser.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// Portable document.
    Pdf,
    /// PNG picture.
    Png,
    /// JPEG picture.
    Jpeg,
    /// TIFF picture.
    Tiff,
    /// Text in UTF-8, without control characters.
    Text,
    /// Rich text.
    Rtf,
    /// A phone's HEIF picture: named only to say what to do instead.
    Heic,
    /// Anything else.
    Other,
}

/// Octets looked at to tell text from the rest.
const LOOK: usize = 64 * 1024;

impl FileKind {
    /// Looks at the start of a file (or all of it).
    pub fn of(start: &[u8]) -> Self {
        let has = |magic: &[u8]| start.starts_with(magic);
        if has(b"%PDF-") {
            Self::Pdf
        } else if has(b"\x89PNG\r\n\x1a\n") {
            Self::Png
        } else if has(b"\xff\xd8\xff") {
            Self::Jpeg
        } else if has(b"II*\0") || has(b"MM\0*") {
            Self::Tiff
        } else if has(b"{\\rtf") {
            Self::Rtf
        } else if start.get(4..8) == Some(b"ftyp")
            && start.get(8..12).is_some_and(|brand| {
                [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"].iter().any(|b| *b == brand)
            })
        {
            Self::Heic
        } else if is_text(start) {
            Self::Text
        } else {
            Self::Other
        }
    }

    /// The type announced to the browser: ours, never the sender's.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Text => "text/plain; charset=utf-8",
            Self::Rtf => "application/rtf",
            Self::Heic | Self::Other => "application/octet-stream",
        }
    }

    /// Whether it may open in the browser, on the second origin (RELIABILITY W-04).
    pub fn opens_in_browser(self) -> bool {
        match self {
            Self::Pdf | Self::Png | Self::Jpeg | Self::Text => true,
            Self::Tiff | Self::Rtf | Self::Heic | Self::Other => false,
        }
    }

    /// Whether it may be a picture inside a letter.
    pub fn is_picture(self) -> bool {
        match self {
            Self::Png | Self::Jpeg => true,
            Self::Pdf | Self::Tiff | Self::Text | Self::Rtf | Self::Heic | Self::Other => false,
        }
    }

    /// Whether a patient may join it (DOMAIN §5.7).
    pub fn may_be_joined(self) -> bool {
        match self {
            Self::Pdf | Self::Png | Self::Jpeg | Self::Tiff | Self::Text | Self::Rtf => true,
            Self::Heic | Self::Other => false,
        }
    }

    /// The ending a file of this kind carries, and others that are as right.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Tiff => &["tiff", "tif"],
            Self::Text => &["txt"],
            Self::Rtf => &["rtf"],
            Self::Heic => &["heic"],
            Self::Other => &[],
        }
    }

    /// The word on the page beside the file's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Png | Self::Jpeg | Self::Tiff | Self::Heic => "Image",
            Self::Text | Self::Rtf => "Texte",
            Self::Other => "Fichier",
        }
    }

    /// The kind a declared type and a name announce, for the list before the octets are looked at.
    pub fn announced(media_type: &str, name: &str) -> Self {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let kinds = [Self::Pdf, Self::Png, Self::Jpeg, Self::Tiff, Self::Text, Self::Rtf];
        let by = |wanted: &dyn Fn(&Self) -> bool| kinds.into_iter().find(|kind| wanted(kind));
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        by(&|kind| kind.media_type().split(';').next() == Some(essence.as_str()))
            .or_else(|| by(&|kind| kind.endings().contains(&ending.as_str())))
            .unwrap_or(Self::Other)
    }
}

fn is_text(start: &[u8]) -> bool {
    let look = &start[..start.len().min(LOOK)];
    let text = match std::str::from_utf8(look) {
        Ok(text) => text,
        // A character cut by the end of what we look at is not an error.
        Err(error) if look.len() - error.valid_up_to() < 4 && error.error_len().is_none() => {
            std::str::from_utf8(&look[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_octets_decide() {
        for (case, start, want) in [
            ("pdf", &b"%PDF-1.7\n"[..], FileKind::Pdf),
            ("png", b"\x89PNG\r\n\x1a\n\0\0", FileKind::Png),
            ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF", FileKind::Jpeg),
            ("tiff, little end first", b"II*\0\x08", FileKind::Tiff),
            ("tiff, big end first", b"MM\0*\0", FileKind::Tiff),
            ("rtf", b"{\\rtf1\\ansi", FileKind::Rtf),
            ("text with accents", "élan".as_bytes(), FileKind::Text),
            ("text cut inside a character", &"éé".as_bytes()[..3], FileKind::Text),
            ("latin-1 text", b"\xe9lan vital", FileKind::Other),
            ("html is text to us, and is announced as such", b"<html><script>", FileKind::Text),
            ("svg likewise", b"<svg xmlns=", FileKind::Text),
            ("heic", b"\0\0\0\x18ftypheic\0\0", FileKind::Heic),
            ("mp4", b"\0\0\0\x18ftypisom\0\0", FileKind::Other),
            ("zip", b"PK\x03\x04", FileKind::Other),
            ("a program", b"MZ\x90\0", FileKind::Other),
            ("gif", b"GIF89a\x01\0", FileKind::Other),
            ("escape characters", b"\x1b[2J", FileKind::Other),
            ("nothing", b"", FileKind::Other),
            ("pdf not at the start", b"\0\0%PDF-1.7", FileKind::Other),
        ] {
            assert_eq!(FileKind::of(start), want, "{case}");
        }
    }

    #[test]
    fn only_four_kinds_open_in_the_browser() {
        let open: Vec<_> = [
            FileKind::Pdf,
            FileKind::Png,
            FileKind::Jpeg,
            FileKind::Tiff,
            FileKind::Text,
            FileKind::Rtf,
            FileKind::Heic,
            FileKind::Other,
        ]
        .into_iter()
        .filter(|kind| kind.opens_in_browser())
        .collect();
        assert_eq!(open, [FileKind::Pdf, FileKind::Png, FileKind::Jpeg, FileKind::Text]);
    }

    #[test]
    fn a_declared_type_is_believed_for_words_only() {
        assert_eq!(FileKind::announced("application/pdf", "x"), FileKind::Pdf);
        assert_eq!(FileKind::announced("application/octet-stream", "cr.PDF"), FileKind::Pdf);
        assert_eq!(FileKind::announced("TEXT/PLAIN; charset=x", "x"), FileKind::Text);
        assert_eq!(FileKind::announced("text/html", "x.html"), FileKind::Other);
    }
}
