//! A letter as PDF: one page, large type, the person's name and address in the window of the envelope.

use super::texts;
use directory::{LeasedNotice, ProfileRules};
use krilla::Document;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::text::{Font, TextDirection};
use names::Timestamp;

/// DejaVu Sans, Latin part (relay/fonts/LICENSE).
const PLAIN: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/DejaVuSans-Bold.ttf");

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// Left edge of the text.
const LEFT: f32 = 68.0;
/// Where the address begins: the window of a French envelope is on the right.
const WINDOW: (f32, f32) = (312.0, 140.0);
/// Where the text begins.
const TOP: f32 = 262.0;

/// The letter cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a letter cannot be drawn: {0}")]
pub(super) struct LetterError(String);

/// Draws it.
pub(super) fn pdf(
    notice: &LeasedNotice,
    rules: &ProfileRules,
    now: Timestamp,
) -> Result<Vec<u8>, LetterError> {
    let font = |octets: &'static [u8], name: &str| {
        Font::new(octets.into(), 0).ok_or_else(|| LetterError(format!("the font {name} cannot be read")))
    };
    let (plain, bold) = (font(PLAIN, "plain")?, font(BOLD, "bold")?);
    let size = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| LetterError("no page".to_owned()))?;
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title("Courrier".to_owned()).language("fr".to_owned()));
    let mut page = document.start_page_with(size);
    let mut surface = page.surface();
    let mut draw = |(x, y): (f32, f32), font: &Font, size: f32, text: &str| {
        surface.draw_text(Point::from_xy(x, y), font.clone(), size, text, false, TextDirection::LeftToRight);
    };
    let mut from = 62.0;
    draw((LEFT, from), &bold, 12.0, &rules.sender);
    for line in &rules.sender_address {
        from += 15.0;
        draw((LEFT, from), &plain, 10.0, line);
    }
    let mut to = WINDOW.1;
    for line in std::iter::once(notice.patient.display_name()).chain(notice.patient.traits.postal.clone()) {
        draw((WINDOW.0, to), &plain, 12.0, &line);
        to += 16.0;
    }
    draw((WINDOW.0, 232.0), &plain, 11.0, &format!("Le {}", texts::day(now, &notice.patient.zone())));
    let mut at = TOP;
    for line in texts::letter(notice, rules, now).lines() {
        at += match line.split_once(' ') {
            Some(("#", text)) => {
                draw((LEFT, at + 4.0), &bold, 14.0, text);
                22.0
            }
            Some(("!", code)) => {
                draw((LEFT + 40.0, at + 10.0), &bold, 26.0, code);
                34.0
            }
            Some(("*", address)) => {
                draw((LEFT + 40.0, at), &bold, 12.5, address);
                16.5
            }
            Some(_) | None if line.is_empty() => 9.0,
            Some(_) | None => {
                draw((LEFT, at), &plain, 12.5, line);
                16.5
            }
        };
    }
    surface.finish();
    page.finish();
    document.finish().map_err(|error| LetterError(format!("{error:?}")))
}
