//! Text as it is compared: without case and without accents, as people search in French. Signs and
//! spaces count (unlike `names::fold`, which is for names of people).

/// The folded form of a text.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Folds `text` onto the end of `out`. Runs of ASCII, most of any letter, are taken whole.
pub(super) fn fold_into(text: &str, out: &mut String) {
    let mut rest = text;
    loop {
        let run = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let at = out.len();
        out.push_str(&rest[..run]);
        out[at..].make_ascii_lowercase();
        let mut chars = rest[run..].chars();
        let Some(c) = chars.next() else { return };
        fold_char(c, out);
        rest = chars.as_str();
    }
}

fn fold_char(c: char, out: &mut String) {
    match c {
        'à'..='å' | 'À'..='Å' => out.push('a'),
        'ç' | 'Ç' => out.push('c'),
        'è'..='ë' | 'È'..='Ë' => out.push('e'),
        'ì'..='ï' | 'Ì'..='Ï' => out.push('i'),
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' => out.push('o'),
        'ù'..='ü' | 'Ù'..='Ü' => out.push('u'),
        'œ' | 'Œ' => out.push_str("oe"),
        '\u{a0}' | '\u{202f}' | '\u{2009}' => out.push(' '),
        '‘' | '’' | 'ʼ' => out.push('\''),
        // Combining marks, soft hyphens and joiners are not seen.
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{feff}' => {}
        c if c.is_alphanumeric() => {
            let mut buffer = [0; 4];
            out.push_str(&names::fold(c.encode_utf8(&mut buffer)));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_and_accents_do_not_count_and_signs_do() {
        for (text, folded) in [
            ("Résultats d’ANALYSE", "resultats d'analyse"),
            ("CŒUR, Straße; Łódź", "coeur, strasse; lodz"),
            ("e\u{301}te\u{301}", "ete"),
            ("a.b@C-d.example", "a.b@c-d.example"),
            ("1\u{a0}234,50\u{202f}€", "1 234,50 €"),
            ("ΑΘΉΝΑ", "αθηνα"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_in_pieces_is_folding_the_whole(a in ".{0,20}", b in ".{0,20}") {
            let mut pieces = fold(&a);
            fold_into(&b, &mut pieces);
            prop_assert_eq!(pieces, fold(&format!("{a}{b}")));
        }
    }
}
