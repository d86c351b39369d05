//! Which parts of a letter go into the patient's dossier, and under what name (DESIGN §2.5 Filing).
//!
//! Real attachments of the accepted types and XDM archives are filed; what belongs to the letter's
//! own dress (its text, pictures in it, signatures, invitations) is not. Nothing is lost by leaving
//! a part: it stays in the letter, and the patient may file it by a click when [`accepted`] allows.

mod category;
mod date;
mod sniff;
mod title;

use names::{Redacted, Timestamp};

pub use category::Category;
pub use date::ActDate;
pub use sniff::{MediaKind, sniff};

use crate::limits::{DOCUMENT_SIZE_MAX, LOGO_OCTETS, LOGO_PIXELS};

/// What filing needs to know of a letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterContent {
    /// `Subject`, decoded.
    pub subject: Redacted<String>,
    /// The codes of `X-MSS-CODECDA`, as written between its commas.
    pub document_codes: Vec<String>,
    /// When it came in: no document is of a later day.
    pub received_at: Timestamp,
    /// Every leaf part, and every `message/rfc822`, in order.
    pub parts: Vec<PartFacts>,
}

/// What filing needs to know of a part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartFacts {
    /// `Content-Type` without parameters; `text/plain` when the part has none (RFC 2045 §5.2).
    pub declared: String,
    /// What its first octets, decoded, look like.
    pub sniffed: MediaKind,
    /// `Content-Disposition`.
    pub disposition: Disposition,
    /// `filename`, else `name`, decoded (RFC 2231, RFC 2047), otherwise as written.
    pub filename: Redacted<Option<String>>,
    /// Whether the part has a `Content-ID` or `Content-Location`, and the letter's HTML points to it.
    pub reference: Reference,
    /// The multiparts around it, outermost first.
    pub inside: Vec<Multipart>,
    /// Whether it stands in the letter itself.
    pub layer: Layer,
    /// Octets, decoded.
    pub size: u64,
    /// Width and height of an image, when known.
    pub pixels: Option<(u32, u32)>,
}

/// `Content-Disposition` (RFC 2183).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Disposition {
    /// None is given.
    Unsaid,
    /// `inline`.
    Inline,
    /// `attachment`, or a word we do not know (RFC 2183 §2.8).
    Attachment,
}

/// Whether the letter's HTML shows a part.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reference {
    /// It cannot: the part has no `Content-ID`.
    Nameless,
    /// It could, and does not.
    Unused,
    /// It does (`cid:`).
    Shown,
}

/// A multipart around a part.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Multipart {
    /// `multipart/mixed`, and any subtype we do not know (RFC 2046 §5.1.7).
    Mixed,
    /// `multipart/related`.
    Related,
    /// `multipart/alternative`.
    Alternative,
    /// `multipart/signed`.
    Signed,
    /// `multipart/report`.
    Report,
}

/// Where a part stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Layer {
    /// In the letter itself.
    Letter,
    /// In a letter that this one forwards.
    Forwarded,
}

/// What to do with a part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PartDecision {
    /// File it as a document.
    FileAs(Entry),
    /// File the archive as one document, and know that it is one (DOMAIN §5.1).
    Xdm(Entry),
    /// Leave it in the letter.
    Leave(Reason),
}

/// A document as it will stand in the dossier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Where patients look for it.
    pub category: Category,
    /// Its title, at most [`crate::limits::TITLE_CHARS_MAX`] characters.
    pub title: Redacted<String>,
    /// The day of the act, if its name says; else take the day the letter came.
    pub acted_on: Option<ActDate>,
    /// What it really is; it is served as this and nothing else.
    pub media: MediaKind,
}

/// Why a part stays in the letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// It is the letter's text.
    Body,
    /// It belongs to a forwarded letter, or is one.
    Forwarded,
    /// It is part of a report.
    Report,
    /// It is a cryptographic signature.
    Signature,
    /// It is an invitation.
    Calendar,
    /// It is a visiting card.
    Card,
    /// It is Outlook's private format.
    Tnef,
    /// It is a picture in the letter's text.
    InlineImage,
    /// It is the picture of somebody's signature block.
    Logo,
    /// Its type is not accepted.
    Type,
    /// It is not what it claims to be.
    FalseType,
    /// It is empty.
    Empty,
    /// It is larger than 5 MB.
    TooLarge,
}

impl Reason {
    /// What a patient reads in place of the button "Ranger dans mes documents".
    #[must_use]
    pub fn french(self) -> &'static str {
        match self {
            Self::Body => "C’est le texte de la lettre.",
            Self::Forwarded => "Cette pièce fait partie d’une lettre transférée.",
            Self::Report => "C’est un accusé, pas un document.",
            Self::Signature => "C’est une signature électronique, pas un document.",
            Self::Calendar => "C’est une invitation, pas un document.",
            Self::Card => "C’est une carte de visite, pas un document.",
            Self::Tnef => "Ce format ne peut pas être lu ici (winmail.dat).",
            Self::InlineImage => "Cette image fait partie du texte de la lettre.",
            Self::Logo => "Cette image fait partie de la signature de la lettre.",
            Self::Type => {
                "Ce type de fichier n’est pas accepté. Types acceptés : PDF, JPEG, PNG, TIFF, texte et RTF."
            }
            Self::FalseType => "Ce fichier n’est pas ce que son nom annonce.",
            Self::Empty => "Ce fichier est vide.",
            Self::TooLarge => "Ce fichier dépasse 5 Mo.",
        }
    }
}

/// One decision per part, in order.
#[must_use]
pub fn file(letter: &LetterContent) -> Vec<PartDecision> {
    letter.parts.iter().map(|part| decide_part(letter, part)).collect()
}

/// Whether a part may be filed by a click, and as what: type and size only.
pub fn accepted(part: &PartFacts) -> Result<MediaKind, Reason> {
    match part.size {
        0 => Err(Reason::Empty),
        size if size > DOCUMENT_SIZE_MAX => Err(Reason::TooLarge),
        _ if is_xdm(part) => Ok(MediaKind::Zip),
        _ => accepted_kind(part),
    }
}

/// What an XDM archive's metadata says of its documents, the first of them first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Described {
    /// Its title.
    pub title: Redacted<Option<String>>,
    /// Its type code (JDV_J07).
    pub type_code: Option<String>,
    /// Its class code (TRE_A03).
    pub class_code: Option<String>,
    /// The day of the act.
    pub acted_on: Option<ActDate>,
}

/// Whether a part calls itself an XDM archive (`IHE_XDM.zip` in any case, also as a browser numbers it
/// when it was saved twice), wherever it stands and whatever it is: its metadata
/// may ask for secrecy even when the part is not filed.
#[must_use]
pub fn claims_xdm(part: &PartFacts) -> bool {
    let named = title::stem(part).is_some_and(|stem| stem == "ihe xdm" || stem.starts_with("ihe xdm "));
    named && has_extension(part, &["zip"])
}

impl Entry {
    /// This entry as the archive's own metadata describes it: its author knows better than the name of
    /// a file.
    #[must_use]
    pub fn described(self, by: &Described, received_at: Timestamp) -> Self {
        let by_type = by.type_code.as_deref().and_then(Category::of_document_code);
        let by_class = || by.class_code.as_deref().and_then(Category::of_class_code);
        let category = by_type.or_else(by_class).unwrap_or(self.category);
        let title = by.title.0.as_deref().and_then(title::given);
        let acted_on = by.acted_on.filter(|day| !title::is_after(received_at, *day)).or(self.acted_on);
        Self { category, title: title.map_or(self.title, Redacted), acted_on, media: self.media }
    }
}

fn decide_part(letter: &LetterContent, part: &PartFacts) -> PartDecision {
    let set_apart = by_place(part).or_else(|| by_type(part)).or_else(|| body(part)).or_else(|| dress(part));
    match set_apart.map_or_else(|| accepted(part), Err) {
        Err(reason) => PartDecision::Leave(reason),
        Ok(media) if is_xdm(part) => PartDecision::Xdm(entry(letter, part, media)),
        Ok(media) => PartDecision::FileAs(entry(letter, part, media)),
    }
}

fn by_place(part: &PartFacts) -> Option<Reason> {
    match part.layer {
        Layer::Forwarded => Some(Reason::Forwarded),
        Layer::Letter if is_declared(part, &["message/rfc822", "message/global"]) => Some(Reason::Forwarded),
        Layer::Letter if part.inside.contains(&Multipart::Report) => Some(Reason::Report),
        Layer::Letter if part.declared.to_ascii_lowercase().starts_with("message/") => Some(Reason::Report),
        Layer::Letter => None,
    }
}

/// Types that are never documents, by what they say or how they are called: gateways send many of
/// them as `application/octet-stream`.
fn by_type(part: &PartFacts) -> Option<Reason> {
    const SIGNATURES: [&str; 5] = [
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/pgp-signature",
    ];
    const CALENDARS: [&str; 3] = ["text/calendar", "application/ics", "text/x-vcalendar"];
    const CARDS: [&str; 4] = ["text/vcard", "text/x-vcard", "text/directory", "application/vcard"];
    const TNEF: [&str; 2] = ["application/ms-tnef", "application/vnd.ms-tnef"];
    if is_declared(part, &SIGNATURES) || has_extension(part, &["p7s", "p7m", "asc", "sig"]) {
        Some(Reason::Signature)
    } else if is_declared(part, &CALENDARS) || has_extension(part, &["ics", "vcs"]) {
        Some(Reason::Calendar)
    } else if is_declared(part, &CARDS) || has_extension(part, &["vcf"]) {
        Some(Reason::Card)
    } else if is_declared(part, &TNEF) || is_called(part, &["winmail", "win"], &["dat"]) {
        Some(Reason::Tnef)
    } else {
        None
    }
}

/// Text is the letter's own unless it comes as a file. Exchange and list software add small text
/// files of their own.
fn body(part: &PartFacts) -> Option<Reason> {
    let text = is_declared(part, &["text/plain", "text/html", "text/enriched"]);
    let named = part.filename.0.as_deref().is_some_and(|name| !name.trim().is_empty());
    let comes_as_file = named || part.disposition == Disposition::Attachment;
    let stem = title::stem(part).unwrap_or_default();
    let own =
        is_added_by_software(&stem) || (is_named_body(&stem) && part.disposition != Disposition::Attachment);
    (text && (!comes_as_file || own)).then_some(Reason::Body)
}

/// Gateways give the letter's own text a name.
fn is_named_body(stem: &str) -> bool {
    ["body", "corps", "corps du message", "mail", "message", "part", "text", "texte"].contains(&stem)
}

/// `ATT00001.txt` and the like.
fn is_added_by_software(stem: &str) -> bool {
    let numbered = stem.strip_prefix("att").is_some_and(|rest| rest.len() >= 4 && is_number(rest));
    numbered || ["disclaimer", "avertissement", "footer"].contains(&stem)
}

/// Pictures that dress the letter.
fn dress(part: &PartFacts) -> Option<Reason> {
    if !part.sniffed.is_image() {
        return None;
    }
    let in_related = part.inside.last() == Some(&Multipart::Related);
    let placed = in_related && part.disposition != Disposition::Attachment;
    if part.reference == Reference::Shown || placed {
        Some(Reason::InlineImage)
    } else if is_tiny(part) || is_named_like_a_logo(part) {
        Some(Reason::Logo)
    } else {
        None
    }
}

fn is_tiny(part: &PartFacts) -> bool {
    match part.pixels {
        Some((width, height)) => width < LOGO_PIXELS || height < LOGO_PIXELS,
        None => part.size > 0 && part.size < LOGO_OCTETS,
    }
}

/// Names that mail programs and people give to the pictures of a signature block: `image001.png`
/// (Outlook; only with the `Content-ID` Outlook gives it, a scanner may use the name too), `logo`,
/// `signature`.
fn is_named_like_a_logo(part: &PartFacts) -> bool {
    const WORDS: [&str; 9] =
        ["logo", "logos", "signature", "banniere", "bandeau", "banner", "facebook", "linkedin", "twitter"];
    let Some(stem) = title::stem(part) else { return false };
    let outlook = stem.strip_prefix("image").is_some_and(|number| number.len() == 3 && is_number(number));
    (outlook && part.reference != Reference::Nameless) || stem.split(' ').any(|word| WORDS.contains(&word))
}

/// The type we file it as. What it says and what it is must not contradict each other in a way that
/// could fool somebody; a wrong label among accepted types is common and harmless.
fn accepted_kind(part: &PartFacts) -> Result<MediaKind, Reason> {
    let claims_accepted = is_declared(
        part,
        &[
            "application/pdf",
            "image/png",
            "image/jpeg",
            "image/jpg",
            "image/tiff",
            "application/rtf",
            "text/rtf",
        ],
    );
    match part.sniffed {
        MediaKind::Pdf | MediaKind::Png | MediaKind::Jpeg | MediaKind::Tiff | MediaKind::Rtf => {
            Ok(part.sniffed)
        }
        MediaKind::Text if claims_accepted => Err(Reason::FalseType),
        MediaKind::Text if is_plain_text(part) => Ok(MediaKind::Text),
        MediaKind::Empty => Err(Reason::Empty),
        MediaKind::Html | MediaKind::Xml if claims_accepted || is_declared(part, &["text/plain"]) => {
            Err(Reason::FalseType)
        }
        MediaKind::Gif
        | MediaKind::Webp
        | MediaKind::Heic
        | MediaKind::Zip
        | MediaKind::Ole
        | MediaKind::Unknown
            if claims_accepted =>
        {
            Err(Reason::FalseType)
        }
        MediaKind::Text
        | MediaKind::Html
        | MediaKind::Xml
        | MediaKind::Gif
        | MediaKind::Webp
        | MediaKind::Heic
        | MediaKind::Zip
        | MediaKind::Ole
        | MediaKind::Unknown => Err(Reason::Type),
    }
}

fn is_plain_text(part: &PartFacts) -> bool {
    let unsaid = is_declared(part, &["application/octet-stream"]) && has_extension(part, &["txt", "text"]);
    let misnamed = has_extension(part, &["htm", "html", "xml", "svg", "csv", "eml", "js"]);
    (is_declared(part, &["text/plain"]) || unsaid) && !misnamed
}

fn is_xdm(part: &PartFacts) -> bool {
    claims_xdm(part) && part.sniffed == MediaKind::Zip
}

fn entry(letter: &LetterContent, part: &PartFacts, media: MediaKind) -> Entry {
    let named = title::of(letter, part);
    let category = category::guess(letter, part);
    let title = if named.text.is_empty() { category.label().to_owned() } else { named.text };
    Entry { category, title: Redacted(title), acted_on: named.acted_on, media }
}

fn is_declared(part: &PartFacts, types: &[&str]) -> bool {
    types.iter().any(|one| part.declared.trim().eq_ignore_ascii_case(one))
}

fn has_extension(part: &PartFacts, extensions: &[&str]) -> bool {
    title::extension(part).is_some_and(|extension| extensions.contains(&extension.as_str()))
}

fn is_called(part: &PartFacts, stems: &[&str], extensions: &[&str]) -> bool {
    has_extension(part, extensions) && title::stem(part).is_some_and(|stem| stems.contains(&stem.as_str()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
