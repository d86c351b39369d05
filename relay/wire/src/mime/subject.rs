//! The base subject: what a subject says once marks of answering and forwarding are taken off
//! (RFC 5256 §2.1).

/// What a subject says, and whether anything was taken off it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseSubject<'a> {
    /// The subject without `Re:`, `Fwd:`, `(fwd)`, `[list]` and the like.
    pub text: &'a str,
    /// Whether the letter answers or passes on another: it had a `subj-refwd` or a `subj-trailer`.
    pub answers: bool,
}

/// Takes off what RFC 5256 §2.1 says. The subject is decoded already; it may be folded in case, which
/// changes nothing: all that is looked for is compared without regard to case.
///
/// ```abnf
/// subj-refwd   = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
/// subj-blob    = "[" *BLOBCHAR "]" *WSP
/// subj-leader  = (*subj-blob subj-refwd) / WSP
/// subj-trailer = "(fwd)" / WSP
/// subj-fwd     = "[fwd:" subject "]"
/// ```
#[must_use]
pub fn base_subject(subject: &str) -> BaseSubject<'_> {
    let (mut text, mut answers) = (subject, false);
    loop {
        // (2) trailers
        loop {
            text = text.trim_end_matches(WSP);
            match strip_end(text, "(fwd)") {
                Some(before) => (text, answers) = (before, true),
                None => break,
            }
        }
        // (3), (4), (5): leaders; then blobs, as long as something is left. After blobs that no "re:"
        // follows there is nothing for (3) to find again, so this stays linear.
        loop {
            text = text.trim_start_matches(WSP);
            let mut after = text;
            while let Some(rest) = blob(after) {
                after = rest;
            }
            match refwd(after) {
                Some(rest) => (text, answers) = (rest, true),
                None => break,
            }
        }
        while let Some(rest) = blob(text).filter(|rest| !rest.is_empty()) {
            text = rest;
        }
        // (6)
        match strip_start(text, "[fwd:").and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => (text, answers) = (inner, true),
            None => return BaseSubject { text, answers },
        }
    }
}

const WSP: [char; 2] = [' ', '\t'];

fn strip_start<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_end<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (before, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(before)
}

/// What follows a blob.
fn blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    inner[end..].strip_prefix(']').map(|rest| rest.trim_start_matches(WSP))
}

/// What follows a `Re:` or `Fwd:`.
fn refwd(text: &str) -> Option<&str> {
    let word = ["re", "fwd", "fw"].into_iter().find_map(|word| strip_start(text, word))?;
    let rest = word.trim_start_matches(WSP);
    blob(rest).unwrap_or(rest).strip_prefix(':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_of_answering_and_forwarding_are_taken_off() {
        for (subject, text, answers) in [
            ("", "", false),
            ("Bilan", "Bilan", false),
            ("Re: Bilan", "Bilan", true),
            ("RE : Bilan", "Bilan", true),
            ("re[2]: Bilan", "Bilan", true),
            ("Re [2] : Bilan", "Bilan", true),
            ("Fw: fwd: re: Bilan", "Bilan", true),
            ("[liste] Bilan", "Bilan", false),
            ("[liste] Re: [liste] Bilan", "Bilan", true),
            ("[a][b] Bilan", "Bilan", false),
            ("[seul]", "[seul]", false),
            ("[a] [seul]", "[seul]", false),
            ("Bilan (fwd)", "Bilan", true),
            ("Bilan (FWD) (fwd) ", "Bilan", true),
            ("[Fwd: Bilan]", "Bilan", true),
            ("[fwd: [fwd: Re: Bilan] (fwd)]", "Bilan", true),
            ("Re:", "", true),
            ("(fwd)", "", true),
            ("Report: Bilan", "Report: Bilan", false),
            ("Rénale", "Rénale", false),
            ("[ouvert", "[ouvert", false),
            ("[fwd:]", "", true),
        ] {
            assert_eq!(base_subject(subject), BaseSubject { text, answers }, "{subject}");
        }
    }

    #[test]
    fn a_monstrous_subject_takes_linear_time() {
        // A quadratic reading of 64 KB of blobs would take minutes here.
        for piece in ["[a]", "[", "re:", "[fwd:", "(fwd)", "[]", "re[a]"] {
            let long = piece.repeat(64 * 1024 / piece.len());
            assert!(base_subject(&long).text.len() <= long.len());
        }
    }

    /// The steps of RFC 5256 §2.1, one after another, each until it finds nothing more.
    fn by_the_letter(subject: &str) -> (String, bool) {
        let mut text = subject.to_owned();
        let mut answers = false;
        loop {
            while let Some(rest) = text.strip_suffix(' ').map(str::to_owned).or_else(|| {
                let lower = text.to_ascii_lowercase();
                let found = lower.ends_with("(fwd)");
                answers |= found;
                found.then(|| text[..text.len() - 5].to_owned())
            }) {
                text = rest;
            }
            loop {
                let before = text.clone();
                if let Some(rest) = text.strip_prefix(' ') {
                    text = rest.to_owned();
                } else {
                    let mut after = text.as_str();
                    while let Some(rest) = blob(after) {
                        after = rest;
                    }
                    if let Some(rest) = refwd(after) {
                        answers = true;
                        text = rest.to_owned();
                    } else if let Some(rest) = blob(&text).filter(|rest| !rest.is_empty()) {
                        text = rest.to_owned();
                    }
                }
                if text == before {
                    break;
                }
            }
            let lower = text.to_ascii_lowercase();
            if lower.starts_with("[fwd:") && lower.ends_with(']') {
                answers = true;
                text = text[5..text.len() - 1].to_owned();
            } else {
                return (text, answers);
            }
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_finds_what_the_steps_of_the_rfc_find(
            pieces in prop::collection::vec(prop::sample::select(
                &["re", "Fwd", "fw", ":", "[", "]", "[a]", " ", "(fwd)", "[fwd:", "x", "é"][..]), 0..14)
        ) {
            let subject = pieces.concat();
            let (text, answers) = by_the_letter(&subject);
            let quick = base_subject(&subject);
            prop_assert_eq!((quick.text, quick.answers), (text.as_str(), answers));
        }
    }
}
