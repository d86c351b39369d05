//! The second origin: where letters and files are shown, far from cookies and forms.
//!
//! Its addresses are sealed tickets (`opaque`): which session they were made for, which letter and
//! part, how it may be shown, until when. No cookie is read or set here; a ticket of an ended
//! session, of another host, or past its few minutes, opens nothing.

use axum::http::HeaderValue;
use directory::UserId;
use names::{AccountId, ConversationId, DocumentId, EntryId, SessionId, Timestamp};

use crate::Origin;
use crate::file_kind::FileKind;
use crate::limits::FILE_NAME_MAX;
use crate::opaque::{Opaque, Purpose};

/// What a ticket opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thing {
    /// The text of a letter.
    Letter(ConversationId, EntryId),
    /// One attachment of a letter, by its place in the list of them.
    Part(ConversationId, EntryId, u32),
    /// A document of the dossier.
    Document(DocumentId),
}

/// How it may be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    /// In a frame of the application.
    Framed,
    /// Alone in a tab, with author and date.
    Alone,
    /// As a picture inside a letter.
    Picture,
    /// In the browser, if its kind may.
    Open,
    /// To keep.
    Keep,
}

/// What an address of the second origin holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// The session it was made for; when that ends, so does this.
    pub session: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// The space it belongs to.
    pub account: AccountId,
    /// What it opens.
    pub thing: Thing,
    /// How it may be shown.
    pub show: Show,
    /// Until when.
    pub until: Timestamp,
}

/// Why an address opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stale {
    /// Not ours, or changed.
    Unknown,
    /// Too old.
    Expired,
}

/// Makes and reads tickets of one files host.
#[derive(Clone)]
pub struct Tickets {
    opaque: Opaque,
    files: Origin,
}

impl Tickets {
    /// Tickets of `files`.
    pub fn new(opaque: Opaque, files: Origin) -> Self {
        Self { opaque, files }
    }

    /// The whole address of `ticket`. `name` is the file's name as browsers will propose it.
    pub fn address(&self, ticket: &Ticket, name: &str) -> String {
        let sealed = self.opaque.hide(Purpose::File, self.files.authority().as_bytes(), &ticket.encode());
        match ticket.show {
            Show::Framed | Show::Alone => format!("{}/lettre/{sealed}", self.files),
            Show::Picture => format!("{}/image/{sealed}", self.files),
            Show::Open | Show::Keep => format!("{}/fichier/{sealed}/{}", self.files, percent(name)),
        }
    }

    /// The ticket sealed in the address, if it may still be used.
    pub fn read(&self, sealed: &str, now: Timestamp) -> Result<Ticket, Stale> {
        let content = self.opaque.reveal(Purpose::File, self.files.authority().as_bytes(), sealed);
        let ticket = content.as_deref().and_then(Ticket::decode).ok_or(Stale::Unknown)?;
        if now < ticket.until { Ok(ticket) } else { Err(Stale::Expired) }
    }
}

impl Ticket {
    fn encode(&self) -> Vec<u8> {
        let (thing, within, id, part) = match self.thing {
            Thing::Letter(conversation, id) => (0u8, conversation.0, id.0, 0),
            Thing::Part(conversation, id, part) => (1, conversation.0, id.0, part),
            Thing::Document(id) => (2, 0, id.0, 0),
        };
        let show = match self.show {
            Show::Framed => 0u8,
            Show::Alone => 1,
            Show::Picture => 2,
            Show::Open => 3,
            Show::Keep => 4,
        };
        let mut bytes = vec![thing, show];
        for number in [self.session.0, self.user.0, self.account.0, within, id, self.until.0] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&part.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[thing, show], rest) = bytes.split_first_chunk::<2>()?;
        let mut numbers = [0i64; 6];
        let mut rest = rest;
        for number in &mut numbers {
            let (bytes, more) = rest.split_first_chunk::<8>()?;
            *number = i64::from_be_bytes(*bytes);
            rest = more;
        }
        let part = u32::from_be_bytes(rest.try_into().ok()?);
        let [session, user, account, within, id, until] = numbers;
        let thing = match thing {
            0 => Thing::Letter(ConversationId(within), EntryId(id)),
            1 => Thing::Part(ConversationId(within), EntryId(id), part),
            2 => Thing::Document(DocumentId(id)),
            _ => return None,
        };
        let show = match show {
            0 => Show::Framed,
            1 => Show::Alone,
            2 => Show::Picture,
            3 => Show::Open,
            4 => Show::Keep,
            _ => return None,
        };
        Some(Self {
            session: SessionId(session),
            user: UserId(user),
            account: AccountId(account),
            thing,
            show,
            until: Timestamp(until),
        })
    }
}

/// `Content-Disposition` (RFC 6266): opened or kept, under a name that any browser reads right.
pub fn disposition(show: Show, kind: FileKind, name: &str) -> HeaderValue {
    let way = match show {
        Show::Framed | Show::Alone | Show::Picture | Show::Open if kind.opens_in_browser() => "inline",
        Show::Framed | Show::Alone | Show::Picture | Show::Open | Show::Keep => "attachment",
    };
    let name = file_name(name, kind);
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_. ()".contains(c) { c } else { '_' })
        .collect();
    let text = format!("{way}; filename=\"{plain}\"; filename*=UTF-8''{}", percent(&name));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

/// A file name that is only a name (RELIABILITY W-16): no path, no control or direction character,
/// no leading dot, at most [`FILE_NAME_MAX`] characters, and an ending that its content deserves.
pub fn file_name(given: &str, kind: FileKind) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = last
        .chars()
        .map(|c| if c.is_control() || is_invisible(c) || "\"<>:|?*%;".contains(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    let cleaned = words.join(" ");
    let cleaned = cleaned.trim_matches(['.', ' ']);
    let (stem, ending) = match cleaned.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty()
                && (1..=8).contains(&ending.len())
                && ending.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            (stem, ending.to_ascii_lowercase())
        }
        Some(_) | None => (cleaned, String::new()),
    };
    let ending = match kind.endings() {
        [] => ending,
        endings if endings.contains(&ending.as_str()) => ending,
        endings => endings[0].to_owned(),
    };
    let stem: String = stem.chars().take(FILE_NAME_MAX - ending.len() - 1).collect();
    let stem = if stem.trim().is_empty() { "document".to_owned() } else { stem };
    if ending.is_empty() { stem } else { format!("{}.{ending}", stem.trim_end_matches(['.', ' '])) }
}

/// Characters that show nothing or turn the line around: a name must read as it is.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// RFC 5987 `attr-char`s as they are, all else as `%XX`: right in a path and in `filename*`.
pub fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FILE_LIFE;

    fn tickets(host: &str) -> Tickets {
        Tickets::new(Opaque::new(&[3; 32]), Origin::parse(host).unwrap())
    }

    fn ticket(thing: Thing, show: Show) -> Ticket {
        Ticket {
            session: SessionId(11),
            user: UserId(33),
            account: AccountId(22),
            thing,
            show,
            until: Timestamp(FILE_LIFE),
        }
    }

    fn sealed(address: &str) -> &str {
        address.split('/').nth(4).unwrap()
    }

    #[test]
    fn every_ticket_reads_back() {
        let tickets = tickets("https://files.example.fr");
        for thing in [
            Thing::Letter(ConversationId(4), EntryId(5)),
            Thing::Part(ConversationId(4), EntryId(5), 7),
            Thing::Document(DocumentId(i64::MAX)),
        ] {
            for show in [Show::Framed, Show::Alone, Show::Picture, Show::Open, Show::Keep] {
                let ticket = ticket(thing, show);
                let address = tickets.address(&ticket, "ordonnance été.pdf");
                assert!(address.starts_with("https://files.example.fr/"), "{address}");
                assert_eq!(tickets.read(sealed(&address), Timestamp(0)), Ok(ticket), "{address}");
            }
        }
    }

    #[test]
    fn an_old_changed_or_foreign_address_opens_nothing() {
        let here = tickets("https://files.example.fr");
        let address = here.address(&ticket(Thing::Letter(ConversationId(4), EntryId(5)), Show::Framed), "");
        let text = sealed(&address);
        assert_eq!(here.read(text, Timestamp(FILE_LIFE - 1)).map(|t| t.account), Ok(AccountId(22)));
        assert_eq!(here.read(text, Timestamp(FILE_LIFE)), Err(Stale::Expired));
        assert_eq!(
            tickets("https://files.other.fr").read(text, Timestamp(0)),
            Err(Stale::Unknown),
            "another host"
        );
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(here.read(&changed, Timestamp(0)), Err(Stale::Unknown), "character {at}");
        }
        for hostile in ["", "A", "../../etc/passwd", "%00", &"A".repeat(10_000)] {
            assert_eq!(here.read(hostile, Timestamp(0)), Err(Stale::Unknown));
        }
    }

    #[test]
    fn an_address_names_no_row() {
        let address = tickets("https://f.fr")
            .address(&ticket(Thing::Letter(ConversationId(4), EntryId(1_234_567)), Show::Framed), "");
        assert!(!address.contains("1234567"));
    }

    #[test]
    fn only_the_four_kinds_open_and_only_when_asked() {
        for (show, kind, want) in [
            (Show::Open, FileKind::Pdf, "inline;"),
            (Show::Open, FileKind::Text, "inline;"),
            (Show::Open, FileKind::Other, "attachment;"),
            (Show::Open, FileKind::Tiff, "attachment;"),
            (Show::Keep, FileKind::Pdf, "attachment;"),
        ] {
            let value = disposition(show, kind, "x");
            assert!(value.to_str().unwrap().starts_with(want), "{show:?} {kind:?}: {value:?}");
        }
        assert_eq!(
            disposition(Show::Keep, FileKind::Pdf, "Résultats d’été.pdf").to_str().unwrap(),
            "attachment; filename=\"R_sultats d__t_.pdf\"; filename*=UTF-8''R%C3%A9sultats%20d%E2%80%99%C3%A9t%C3%A9.pdf"
        );
    }

    #[test]
    fn a_name_is_only_a_name() {
        for (case, given, kind, want) in [
            ("plain", "ordonnance.pdf", FileKind::Pdf, "ordonnance.pdf"),
            ("a path", "../../etc/passwd", FileKind::Other, "passwd"),
            ("a Windows path", "C:\\Users\\x\\photo.JPG", FileKind::Jpeg, "photo.jpg"),
            ("another ending than its content", "photo.html", FileKind::Jpeg, "photo.jpg"),
            ("two endings", "facture.pdf.exe", FileKind::Pdf, "facture.pdf.pdf"),
            ("turned around", "fdp\u{202e}gpj.exe", FileKind::Other, "fdp gpj.exe"),
            ("header injection", "a\r\nSet-Cookie: x=y\"; .pdf", FileKind::Pdf, "a Set-Cookie x=y.pdf"),
            ("markup", "<img src=x onerror=alert(1)>.png", FileKind::Png, "img src=x onerror=alert(1).png"),
            ("hidden file", ".htaccess", FileKind::Text, "htaccess.txt"),
            ("nothing", "", FileKind::Pdf, "document.pdf"),
            ("only dots", "...", FileKind::Other, "document"),
            ("zero width", "a\u{200b}b.pdf", FileKind::Pdf, "a b.pdf"),
            ("no ending", "Radio du genou", FileKind::Pdf, "Radio du genou.pdf"),
            ("a stop inside", "Dr. Martin", FileKind::Pdf, "Dr. Martin.pdf"),
        ] {
            assert_eq!(file_name(given, kind), want, "{case}");
        }
        let long = file_name(&format!("{}.pdf", "é".repeat(4_096)), FileKind::Pdf);
        assert_eq!(long.chars().count(), FILE_NAME_MAX);
        assert!(long.ends_with("é.pdf"));
    }
}
