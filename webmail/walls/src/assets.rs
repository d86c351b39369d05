//! The style sheets: part of the binary, named after their content, so that browsers keep them.

/// The application's style sheet.
pub const STYLE: &str = include_str!("../assets/style.css");
/// The style sheet of letters on the second origin.
pub const LETTER_STYLE: &str = include_str!("../assets/letter.css");
/// The small picture of a browser's tab.
pub const ICON: &str = include_str!("../assets/icon.svg");

/// The mark of the house, to stand inside a page.
pub const MARK: &str = include_str!("../../templates/mark.svg");

/// Where the application's style sheet stands: its name changes when it does.
pub fn style_path() -> String {
    format!("/style-{:016x}.css", mark(STYLE))
}

/// Where the letters' style sheet stands.
pub fn letter_style_path() -> String {
    format!("/lettre-{:016x}.css", mark(LETTER_STYLE))
}

/// FNV-1a: a name, not a proof.
const fn mark(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut mark = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        mark = (mark ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_sheets_fetch_nothing() {
        for sheet in [STYLE, LETTER_STYLE] {
            for word in ["url(", "@import", "@font-face", "expression"] {
                assert!(!sheet.contains(word), "{word}");
            }
        }
        assert_ne!(style_path(), letter_style_path());
    }
}
