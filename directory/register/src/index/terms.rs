//! What an entry is found by: its words, how they sound, and marks for what is asked exactly.
//!
//! All are keys of one map. A word stands as it is; the others begin with an octet that no word has:
//!
//! | key | stands for |
//! |---|---|
//! | `01` letter value | a mark: something that holds or not (see [`mark_key`]) |
//! | `02` sound | a word that sounds so |
//! | `03` letter | a name that begins with it |
//! | `04` stem | a word of this trade |

use names::{AccountKind, Timestamp};

use super::fields::{Field, Fields};
use crate::words::{initials, joined, plain, sound, stem, telling, words};
use crate::{Listing, Mailbox, Place, limits};

/// First octet of a mark.
const MARK: u8 = 1;
/// First octet of a sound.
const SOUND: u8 = 2;
/// First octet of an initial.
const INITIAL: u8 = 3;
/// First octet of a stem.
const STEM: u8 = 4;

/// Marks: what holds of an entry or not.
pub(crate) mod mark {
    /// National id of the structure, or of one the professional practises in.
    pub(crate) const STRUCTURE: &str = "s";
    /// Code of the sector.
    pub(crate) const SECTOR: &str = "c";
    /// Code of the profession.
    pub(crate) const PROFESSION: &str = "f";
    /// Code of a know-how.
    pub(crate) const KNOW_HOW: &str = "h";
    /// Code of a mode or role.
    pub(crate) const ROLE: &str = "m";
    /// A further number of a structure: SIRET, FINESS, SIREN.
    pub(crate) const NUMBER: &str = "i";
    /// FINESS of the legal entity a structure belongs to.
    pub(crate) const LEGAL: &str = "g";
    /// Day of the last change, before [`super::day`].
    pub(crate) const DAY: &str = "u";
    /// There is a value, before the letter of the criterion: see `search::plan`. Letters are lower case, for values
    /// are folded.
    pub(crate) const PRESENT: &str = "+";
}

/// The key of a mark.
pub(crate) fn mark_key(kind: &str, value: &str) -> Vec<u8> {
    let value = names::fold(value);
    let mut key = Vec::with_capacity(1 + kind.len() + value.len());
    key.push(MARK);
    key.extend_from_slice(kind.as_bytes());
    key.extend_from_slice(cut(&value).as_bytes());
    key
}

/// The key of a word.
pub(crate) fn word_key(word: &str) -> &[u8] {
    cut(word).as_bytes()
}

/// The key of how a word sounds.
pub(crate) fn sound_key(word: &str) -> Option<Vec<u8>> {
    (word.chars().count() >= limits::SOUND_LETTERS)
        .then(|| sound(cut(word)))
        .flatten()
        .map(|key| with(SOUND, &key))
}

/// The key of the stem of a word.
pub(crate) fn stem_key(word: &str) -> Vec<u8> {
    with(STEM, &stem(word).unwrap_or_else(|| cut(word).to_owned()))
}

/// The key of an initial.
pub(crate) fn initial_key(letter: char) -> Vec<u8> {
    with(INITIAL, letter.encode_utf8(&mut [0; 4]))
}

/// A day as marks order it.
pub(crate) fn day(time: Timestamp) -> String {
    format!("{:07}", time.0.max(0) / names::DAY)
}

fn with(first: u8, text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + text.len());
    key.push(first);
    key.extend_from_slice(text.as_bytes());
    key
}

/// At most so many characters of a word.
fn cut(word: &str) -> &str {
    word.char_indices().nth(limits::WORD_CHARACTERS).map_or(word, |(end, _)| &word[..end])
}

/// What holds of an entry or not, and is asked so often that every segment keeps it in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Flags(pub(crate) u16);

impl Flags {
    /// It is a professional.
    pub(crate) const PROFESSIONAL: Self = Self(1);
    /// It is a structure.
    pub(crate) const ORGANISATION: Self = Self(2);
    /// It has a mailbox that may be shown.
    pub(crate) const REACHABLE: Self = Self(4);
    /// It has a mailbox, red-listed or not.
    pub(crate) const HAS_MAILBOX: Self = Self(8);

    /// It has a mailbox of this kind: one that may be shown, and any.
    pub(crate) fn kind(kind: AccountKind) -> (Self, Self) {
        let bit = match kind {
            AccountKind::Personal => 0,
            AccountKind::Organisational => 1,
            AccountKind::Applicative => 2,
            AccountKind::Practice => 3,
            // Nobody has one.
            AccountKind::Patient => return (Self(1 << 15), Self(1 << 15)),
        };
        (Self(1 << (4 + bit)), Self(1 << (8 + bit)))
    }

    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `asked` hold.
    pub(crate) fn hold(self, asked: Self) -> bool {
        self.0 & asked.0 == asked.0
    }

    /// Those of an entry.
    pub(crate) fn of(listing: &Listing) -> Self {
        let kind = match listing {
            Listing::Professional(_) => Self::PROFESSIONAL,
            Listing::Organisation(_) => Self::ORGANISATION,
        };
        listing.mailboxes().filter(|mailbox| mailbox.kind.is_professional()).fold(kind, |flags, mailbox| {
            let (shown, any) = Self::kind(mailbox.kind);
            let flags = flags.and(Self::HAS_MAILBOX).and(any);
            if mailbox.is_shown() { flags.and(Self::REACHABLE).and(shown) } else { flags }
        })
    }
}

/// Tells every key an entry is found by, with the field; some more than once.
pub(crate) fn describe(listing: &Listing, tell: &mut impl FnMut(&[u8], Field)) {
    let mut out = Out(tell);
    let updated = match listing {
        Listing::Professional(professional) => {
            out.name(&professional.family_name, Field::Family, Field::FamilyPart, 'f');
            out.name(&professional.given_name, Field::Given, Field::GivenPart, 'g');
            if let Some(profession) = &professional.profession {
                out.coded(mark::PROFESSION, &profession.code, &profession.label, Field::Profession, 'p');
            }
            for know_how in &professional.know_how {
                out.coded(mark::KNOW_HOW, &know_how.code, &know_how.label, Field::KnowHow, 'k');
            }
            for situation in &professional.situations {
                for coded in situation.mode.iter().chain(&situation.role) {
                    out.coded(mark::ROLE, &coded.code, &coded.label, Field::Role, 'r');
                }
                if let Some(organisation) = &situation.organisation {
                    out.mark(mark::STRUCTURE, &organisation.0);
                }
                if let Some(sector) = &situation.sector {
                    out.coded(mark::SECTOR, &sector.0, "", Field::Mark, 's');
                }
                out.text(&situation.organisation_name, Field::Workplace, 'o');
                out.place(&situation.place);
                out.mailboxes(&situation.mailboxes);
            }
            out.mailboxes(&professional.mailboxes);
            professional.updated
        }
        Listing::Organisation(organisation) => {
            out.mark(mark::STRUCTURE, &organisation.national_id.0);
            if let Some(legal) = &organisation.finess_legal {
                out.mark(mark::LEGAL, legal.as_str());
            }
            // A SIREN is the beginning of its SIRET.
            let siren = organisation.siren.as_ref().filter(|_| organisation.siret.is_none());
            let finess = organisation.finess.as_ref().map(|finess| finess.as_str());
            for number in finess.into_iter().chain(organisation.siret.iter().chain(siren).map(String::as_str))
            {
                if organisation.national_id.0.get(1..) != Some(number) {
                    out.mark(mark::NUMBER, number);
                }
            }
            out.organisation_name(&organisation.name);
            out.organisation_name(&organisation.trade_name);
            if let Some(sector) = &organisation.sector {
                out.coded(mark::SECTOR, &sector.0, "", Field::Mark, 's');
            }
            out.place(&organisation.place);
            out.mailboxes(&organisation.mailboxes);
            organisation.updated
        }
    };
    out.mark(mark::DAY, &day(updated));
}

struct Out<'a, F>(&'a mut F);

impl<F: FnMut(&[u8], Field)> Out<'_, F> {
    fn mark(&mut self, kind: &str, value: &str) {
        (self.0)(&mark_key(kind, value), Field::Mark);
    }

    fn present(&mut self, letter: char) {
        self.mark(mark::PRESENT, letter.encode_utf8(&mut [0; 4]));
    }

    /// One word and all it is found by.
    fn word(&mut self, word: &str, field: Field) {
        (self.0)(word_key(word), field);
        if Fields::HEARD.has(field)
            && let Some(key) = sound_key(word)
        {
            (self.0)(&key, field);
        }
        if Fields::TRADE.has(field) {
            (self.0)(&stem_key(word), field);
        }
    }

    /// A first or last name: its words, neighbours as one, initials.
    fn name(&mut self, text: &str, whole: Field, part: Field, present: char) {
        let words = words(text);
        let told = telling(&words);
        let field = if told.len() == 1 { whole } else { part };
        for word in &told {
            self.word(word, field);
            if let Some(letter) = word.chars().next() {
                (self.0)(&initial_key(letter), field);
            }
        }
        for word in joined(&words) {
            self.word(&word, field);
        }
        if let Some(initials) = initials(&words) {
            (self.0)(word_key(&initials), part);
        }
        if !words.is_empty() {
            self.present(present);
            self.present('n');
        }
    }

    fn organisation_name(&mut self, text: &str) {
        let words = words(text);
        let told = telling(&words);
        let field = match told.len() {
            0..=2 => Field::ShortName,
            3 | 4 => Field::Name,
            _ => Field::LongName,
        };
        for word in told {
            self.word(word, field);
        }
        for word in joined(&words) {
            (self.0)(word_key(&word), field);
        }
        if !words.is_empty() {
            self.short_forms(text, field);
            self.present('n');
            self.present('o');
        }
    }

    /// Short forms as they are written, beside what they mean.
    fn short_forms(&mut self, text: &str, field: Field) {
        for word in plain(text).iter().zip(words(text)).filter(|(short, whole)| *short != whole) {
            (self.0)(word_key(word.0), field);
        }
    }

    fn text(&mut self, text: &str, field: Field, present: char) {
        let words = words(text);
        for word in telling(&words) {
            self.word(word, field);
        }
        self.short_forms(text, field);
        if !words.is_empty() {
            self.present(present);
        }
    }

    fn coded(&mut self, kind: &str, code: &str, label: &str, field: Field, present: char) {
        self.mark(kind, code);
        self.present(present);
        for word in telling(&words(label)) {
            self.word(word, field);
        }
    }

    fn place(&mut self, place: &Place) {
        let town = words(&place.town);
        for word in telling(&town) {
            self.word(word, Field::Town);
        }
        for word in joined(&town) {
            self.word(&word, Field::Town);
        }
        self.short_forms(&place.town, Field::Town);
        if !town.is_empty() {
            self.present('t');
        }
        for (text, field, present) in
            [(&place.postal_code, Field::PostalCode, Some('c')), (&place.department, Field::Department, None)]
        {
            for word in words(text) {
                (self.0)(word_key(&word), field);
                present.into_iter().for_each(|letter| self.present(letter));
            }
        }
        for line in &place.lines {
            self.text(line, Field::Line, 'l');
        }
    }

    fn mailboxes(&mut self, mailboxes: &[Mailbox]) {
        for mailbox in mailboxes {
            // No patient is ever listed; should one be, nothing leads to them.
            if !mailbox.kind.is_professional() {
                continue;
            }
            let (address, service) = if mailbox.is_shown() {
                (Field::Address, Field::Service)
            } else {
                (Field::HiddenAddress, Field::HiddenService)
            };
            for word in words(&mailbox.address.to_string()) {
                (self.0)(word_key(&word), address);
            }
            if let Some(text) = &mailbox.service {
                for word in telling(&words(text)) {
                    self.word(word, service);
                }
                if mailbox.is_shown() {
                    self.present('v');
                }
                self.present('w');
            }
        }
    }
}
