//! Text as it is compared by SEARCH, SORT and THREAD: without case and without accents, as people search in
//! French: `eleve` finds `Élève`, and SORT puts the one beside the other where i;unicode-casemap (RFC 5051)
//! would put it after `z`. Signs and spaces count (unlike `names::fold`, which is for names of people).

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
        let run = ascii_run(rest.as_bytes());
        let at = out.len();
        out.push_str(&rest[..run]);
        out[at..].make_ascii_lowercase();
        let mut chars = rest[run..].chars();
        let Some(c) = chars.next() else { return };
        fold_char(c, out);
        rest = chars.as_str();
    }
}

/// Octets before the first that is not ASCII, looked at by the line of memory.
fn ascii_run(bytes: &[u8]) -> usize {
    let whole = bytes.chunks(64).take_while(|chunk| chunk.is_ascii()).map(<[u8]>::len).sum::<usize>();
    whole + bytes[whole..].iter().take_while(|byte| byte.is_ascii()).count()
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

    #[test]
    fn accents_are_found_wherever_they_stand() {
        for before in [0, 1, 62, 63, 64, 65, 127, 128, 200] {
            let text = format!("{}É{}", "A".repeat(before), "B".repeat(70));
            assert_eq!(fold(&text), format!("{}e{}", "a".repeat(before), "b".repeat(70)), "{before}");
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
