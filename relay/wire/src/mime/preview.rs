//! The first words of a letter, for lists.

use super::{
    limits,
    structure::{Excerpt, Structure},
    text::text_of,
    words,
};

/// At most 200 characters of the text: quoted lines and what follows a signature mark left out; of
/// the HTML when there is no plain text.
pub(super) fn of(structure: &Structure) -> String {
    let plain = structure.text.as_ref().map(|excerpt| from_plain(&text(excerpt))).unwrap_or_default();
    let found = if plain.is_empty() {
        structure.html.as_ref().map(|excerpt| words::clean(&from_html(&text(excerpt)))).unwrap_or_default()
    } else {
        plain
    };
    words::cut(&found, limits::PREVIEW_CHARS)
}

fn text(excerpt: &Excerpt) -> String {
    text_of(&excerpt.bytes, excerpt.charset.as_deref()).text
}

fn from_plain(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        // RFC 3676 §4.3: "-- " begins the signature.
        if line == "-- " {
            break;
        }
        if !line.starts_with('>') {
            kept.push_str(line);
            kept.push(' ');
        }
        if kept.len() > limits::PREVIEW_CHARS * 8 {
            break;
        }
    }
    words::clean(&kept)
}

/// Text of HTML for a preview only: tags dropped, contents of style, script, head and title skipped.
/// The result is text, never markup: whoever shows it escapes it.
fn from_html(html: &str) -> String {
    const SKIPPED: [&str; 4] = ["style", "script", "head", "title"];
    let mut out = String::new();
    let mut skipping: Option<&str> = None;
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        if skipping.is_none() {
            out.push_str(&rest[..open]);
        }
        rest = &rest[open + 1..];
        if let Some(after) = rest.strip_prefix("!--") {
            rest = after.find("-->").map_or("", |end| &after[end + 3..]);
            continue;
        }
        let Some(close) = rest.find('>') else {
            rest = "";
            break;
        };
        let tag = &rest[..close];
        let (ending, tag) = tag.strip_prefix('/').map_or((false, tag), |t| (true, t));
        let name =
            tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
        match skipping {
            Some(skipped) if ending && skipped == name => skipping = None,
            Some(_) => {}
            None if !ending && !tag.ends_with('/') => {
                skipping = SKIPPED.into_iter().find(|skipped| *skipped == name);
            }
            None => {}
        }
        if skipping.is_none()
            && !matches!(name.as_str(), "b" | "i" | "em" | "strong" | "span" | "font" | "a" | "u")
        {
            out.push(' ');
        }
        rest = &rest[close + 1..];
        if out.len() > limits::PREVIEW_CHARS * 8 {
            rest = "";
            break;
        }
    }
    if skipping.is_none() {
        out.push_str(rest);
    }
    entities(&out)
}

fn entities(text: &str) -> String {
    const NAMED: [(&str, char); 16] = [
        ("nbsp", ' '),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("eacute", 'é'),
        ("egrave", 'è'),
        ("agrave", 'à'),
        ("ccedil", 'ç'),
        ("ecirc", 'ê'),
        ("ocirc", 'ô'),
        ("ugrave", 'ù'),
        ("rsquo", '’'),
        ("euro", '€'),
        ("amp", '&'),
        ("Eacute", 'É'),
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(10).position(|b| b == b';');
        let meant = end.and_then(|end| {
            let name = &rest[..end];
            let number = name.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => n.parse().ok(),
            });
            number
                .and_then(char::from_u32)
                .or_else(|| NAMED.iter().find(|(n, _)| *n == name).map(|(_, c)| *c))
        });
        match (meant, end) {
            (Some(c), Some(end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            _ => out.push('&'),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{lines, read},
        *,
    };

    #[test]
    fn the_first_words_of_a_letter() {
        for (case, letter, want) in [
            ("plain", "\n\nBonjour,\n\nvoici  les\tresultats.\n", "Bonjour, voici les resultats."),
            ("quotes and signature", "\n\nD'accord.\n> Bonjour\n>> x\nMerci\n-- \nDr X\n", "D'accord. Merci"),
            (
                "html only",
                "Content-Type: text/html\n\n<html><head><title>t</title><style>p{}</style></head><body><p>R&eacute;sultat&nbsp;: <b>5</b>&#233;&lt;b&gt;</p><!-- x --><script>y</script></body>",
                "Résultat : 5é<b>",
            ),
            (
                "charset",
                "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nr=E9sultat",
                "résultat",
            ),
            ("attachment is no text", "Content-Disposition: attachment; filename=x.txt\n\nsecret", ""),
            ("unclosed tag", "Content-Type: text/html\n\na<b", "a"),
            ("unclosed comment", "Content-Type: text/html\n\na<!-- b", "a"),
        ] {
            let (_, structure) = read(&lines(letter.trim_start_matches("\n\n\n")));
            assert_eq!(of(&structure), want, "{case}");
        }
    }

    #[test]
    fn a_preview_is_short_and_holds_no_control() {
        let (_, structure) = read(&lines(&format!("\n{}\u{202e}\u{7}", "é ".repeat(5_000))));
        let preview = of(&structure);
        assert!(preview.chars().count() <= limits::PREVIEW_CHARS && preview.ends_with('…'));
        assert!(!preview.chars().any(char::is_control));
    }
}
