//! From whom a letter is hidden (DESIGN §2.5, DOMAIN §5.5).
//!
//! Secrecy follows the letter: entry, conversation, counters, alert, search and history are hidden
//! from those concerned, not only the documents.

use serde::{Deserialize, Serialize};

/// The header by which any mail program or gateway may ask for secrecy: one or both codes,
/// separated by commas. Documented in `docs/`.
pub const HEADER: &str = "X-Pli-Secrecy";
/// Hidden from the patient until an announcement consultation (JDV_J08).
pub const INVISIBLE_PATIENT: &str = "INVISIBLE_PATIENT";
/// Hidden from a minor's legal representatives (JDV_J08).
pub const INVISIBLE_REPRESENTATIVES: &str = "INVISIBLE_REPRESENTANTS_LEGAUX";
/// Hidden from professionals other than its author, by the patient's wish (JDV_J08).
pub const MASKED_FROM_PROFESSIONALS: &str = "MASQUE_PS";

/// From whom a letter or a document is hidden.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Secrecy {
    /// From nobody.
    #[default]
    Open,
    /// From the patient, and so from everybody who sees with their eyes.
    FromPatient,
    /// From those who act for the patient.
    FromRepresentatives,
    /// Both marks: lifting the first leaves the second.
    FromBoth,
}

impl Secrecy {
    /// Every value, for tables of tests.
    pub const ALL: [Self; 4] = [Self::Open, Self::FromPatient, Self::FromRepresentatives, Self::FromBoth];

    /// Both wishes together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Open, wish) | (wish, Self::Open) => wish,
            (Self::FromBoth, _) | (_, Self::FromBoth) => Self::FromBoth,
            (Self::FromPatient, Self::FromPatient) => Self::FromPatient,
            (Self::FromRepresentatives, Self::FromRepresentatives) => Self::FromRepresentatives,
            (Self::FromPatient, Self::FromRepresentatives)
            | (Self::FromRepresentatives, Self::FromPatient) => Self::FromBoth,
        }
    }

    /// What remains after the announcement consultation: the patient may now see it.
    #[must_use]
    pub fn announced(self) -> Self {
        match self {
            Self::Open | Self::FromPatient => Self::Open,
            Self::FromRepresentatives | Self::FromBoth => Self::FromRepresentatives,
        }
    }

    /// The number kept in the database.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::FromPatient => 1,
            Self::FromRepresentatives => 2,
            Self::FromBoth => 3,
        }
    }

    /// The value a number stands for.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|secrecy| secrecy.code() == code)
    }
}

/// Who looks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Viewer {
    /// The patient.
    Owner,
    /// A parent or guardian.
    LegalRepresentative,
    /// A helper.
    Helper,
    /// A professional who has access for other reasons: the sender, the author, the care team.
    Professional,
}

impl Viewer {
    /// Everybody, for tables of tests.
    pub const ALL: [Self; 4] = [Self::Owner, Self::LegalRepresentative, Self::Helper, Self::Professional];
}

/// Whether `viewer` may know that this exists.
///
/// Whoever acts for the patient sees no more than the patient, and a helper no more than a parent:
/// a helper of a minor was chosen by the parents.
#[must_use]
pub fn visible_to(viewer: Viewer, secrecy: Secrecy) -> bool {
    match (viewer, secrecy) {
        (Viewer::Professional, _) | (_, Secrecy::Open) => true,
        (Viewer::Owner, Secrecy::FromRepresentatives) => true,
        (Viewer::Owner, Secrecy::FromPatient | Secrecy::FromBoth) => false,
        (
            Viewer::LegalRepresentative | Viewer::Helper,
            Secrecy::FromPatient | Secrecy::FromRepresentatives | Secrecy::FromBoth,
        ) => false,
    }
}

/// A mark that asks for secrecy in words we do not know. The letter must not be shown as if it had
/// none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable;

/// Reads codes of the value set JDV_J08, as XDM metadata holds them. Other codes (`N`, `R`, `V`,
/// `MASQUE_PS`) say nothing about the patient's side; one that begins like a mark and is none is
/// unreadable, not ignored.
pub fn from_codes<'a>(codes: impl IntoIterator<Item = &'a str>) -> Result<Secrecy, Unreadable> {
    let marks = codes.into_iter().map(str::trim).filter(|code| begins_like_a_mark(code));
    marks.map(|code| mark(code).ok_or(Unreadable)).try_fold(Secrecy::Open, |all, one| Ok(all.and(one?)))
}

/// Reads the value of [`HEADER`]. Every word of it must be known.
pub fn from_header(value: &str) -> Result<Secrecy, Unreadable> {
    let words = value.split(',').map(str::trim);
    words.map(|word| mark(word).ok_or(Unreadable)).try_fold(Secrecy::Open, |all, one| Ok(all.and(one?)))
}

/// Reads the tags of a decoded subject: `[INVISIBLE_PATIENT] Résultats` and the like, anywhere in
/// it. A bracket that begins so and does not end so is unreadable, not ignored.
pub fn from_subject(subject: &str) -> Result<Secrecy, Unreadable> {
    let brackets =
        subject.split('[').skip(1).map(|after| after.split_once(']').map_or(after, |(tag, _)| tag));
    let tags = brackets.map(str::trim).filter(|tag| begins_like_a_mark(tag));
    tags.map(|tag| mark(tag).ok_or(Unreadable)).try_fold(Secrecy::Open, |all, one| Ok(all.and(one?)))
}

/// The subject without its secrecy tags, as it is shown.
#[must_use]
pub fn untagged(subject: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(subject.len()), subject);
    while let Some((before, after)) = rest.split_once('[') {
        shown.push_str(before);
        rest = match after.split_once(']') {
            Some((tag, after)) if mark(tag.trim()).is_some() => after.trim_start(),
            Some(_) | None => {
                shown.push('[');
                after
            }
        };
    }
    shown.push_str(rest);
    shown.trim().to_owned()
}

fn begins_like_a_mark(word: &str) -> bool {
    word.to_ascii_uppercase().starts_with("INVISIBLE")
}

fn mark(word: &str) -> Option<Secrecy> {
    let word = word.to_ascii_uppercase();
    // The HL7 gateway volume writes the shorter form (DOMAIN §3.6).
    match word.as_str() {
        INVISIBLE_PATIENT => Some(Secrecy::FromPatient),
        INVISIBLE_REPRESENTATIVES | "INVISIBLE_REP_LEGAUX" => Some(Secrecy::FromRepresentatives),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_what() {
        use Secrecy::{FromBoth, FromPatient, FromRepresentatives, Open};
        for (viewer, sees) in [
            (Viewer::Owner, [Open, FromRepresentatives].as_slice()),
            (Viewer::LegalRepresentative, &[Open]),
            (Viewer::Helper, &[Open]),
            (Viewer::Professional, &[Open, FromPatient, FromRepresentatives, FromBoth]),
        ] {
            for secrecy in Secrecy::ALL {
                assert_eq!(visible_to(viewer, secrecy), sees.contains(&secrecy), "{viewer:?} {secrecy:?}");
            }
        }
    }

    #[test]
    fn adding_a_wish_never_shows_more_to_anybody() {
        for (one, other) in Secrecy::ALL.into_iter().flat_map(|a| Secrecy::ALL.map(|b| (a, b))) {
            for viewer in Viewer::ALL {
                let both = visible_to(viewer, one) && visible_to(viewer, other);
                assert_eq!(visible_to(viewer, one.and(other)), both, "{viewer:?} {one:?} {other:?}");
            }
            assert_eq!(one.and(other), other.and(one));
        }
    }

    #[test]
    fn the_consultation_lifts_only_the_first_mark() {
        for secrecy in Secrecy::ALL {
            assert!(visible_to(Viewer::Owner, secrecy.announced()));
            assert_eq!(Secrecy::from_code(secrecy.code()), Some(secrecy));
        }
        assert_eq!(Secrecy::FromBoth.announced(), Secrecy::FromRepresentatives);
    }

    #[test]
    fn marks_are_read_and_a_misspelt_one_is_never_ignored() {
        for (subject, want) in [
            ("Résultats", Ok(Secrecy::Open)),
            ("[INVISIBLE_PATIENT] Résultats", Ok(Secrecy::FromPatient)),
            ("Résultats [invisible_representants_legaux]", Ok(Secrecy::FromRepresentatives)),
            ("[INVISIBLE_PATIENT][INVISIBLE_REP_LEGAUX] R", Ok(Secrecy::FromBoth)),
            ("[INVISIBLE_PATENT] R", Err(Unreadable)),
            ("[ Invisible_Patient ", Ok(Secrecy::FromPatient)),
            ("[invisible patient] R", Err(Unreadable)),
            ("[FIN]", Ok(Secrecy::Open)),
            ("invisible patient, sans crochet", Ok(Secrecy::Open)),
        ] {
            assert_eq!(from_subject(subject), want, "{subject}");
        }
        assert_eq!(from_header("INVISIBLE_PATIENT, invisible_rep_legaux"), Ok(Secrecy::FromBoth));
        assert_eq!(from_header("INVISIBLE_PATIENT, N"), Err(Unreadable));
        assert_eq!(from_header(""), Err(Unreadable));
        assert_eq!(from_codes(["N", "MASQUE_PS", "INVISIBLE_PATIENT"]), Ok(Secrecy::FromPatient));
        assert_eq!(
            from_codes(["INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_PATIENT"]),
            Ok(Secrecy::FromBoth)
        );
        assert_eq!(from_codes(["N", "INVISIBLE_PATIENTS"]), Err(Unreadable));
        assert_eq!(from_codes(["N"]), Ok(Secrecy::Open));
    }

    #[test]
    fn a_shown_subject_has_lost_its_tags_only() {
        for (subject, want) in [
            ("[INVISIBLE_PATIENT] Résultats [urgent]", "Résultats [urgent]"),
            ("a [b [INVISIBLE_REP_LEGAUX] c", "a [b c"),
            ("[FIN]", "[FIN]"),
            ("[", "["),
        ] {
            assert_eq!(untagged(subject), want);
        }
    }
}
