//! Comparison form of names typed by people.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Lower case, without accents; `œ` and `æ` opened; every other sign (hyphen, apostrophe,
/// underscore, stop) becomes one space. "D’Œuvray-LÉON" and "d oeuvray leon" fold alike.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase) {
        match c {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            c if c.is_alphanumeric() => folded.push(c),
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn accents_case_and_signs_do_not_count() {
        assert_eq!(fold("  D’Œuvray-LÉON "), "d oeuvray leon");
        assert_eq!(fold("Dr_Marie_MARTIN"), "dr marie martin");
        assert_eq!(fold("…"), "");
    }
}
