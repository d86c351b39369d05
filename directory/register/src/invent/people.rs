//! Names of people.

use super::{Dice, Words};

/// As the civil register has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sex {
    /// F
    Woman,
    /// M
    Man,
}

/// A name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Sex.
    pub sex: Sex,
    /// Given names, the first one first; one may be compound.
    pub given: Vec<String>,
    /// Family name at birth.
    pub birth: String,
    /// Family name in use when it is another: a husband's or a wife's, or both.
    pub used: Option<String>,
}

impl Named {
    /// The family name that is shown.
    #[must_use]
    pub fn family(&self) -> &str {
        self.used.as_deref().unwrap_or(&self.birth)
    }
}

/// Somebody's name.
#[must_use]
pub fn named(dice: &mut Dice) -> Named {
    invented(&Words::new(), dice)
}

/// Postal code and town.
#[must_use]
pub fn town(dice: &mut Dice) -> (&'static str, &'static str) {
    of_towns(&Words::new(), dice)
}

pub(super) fn of_towns(words: &Words, dice: &mut Dice) -> (&'static str, &'static str) {
    dice.one(&words.towns).split_once(' ').unwrap_or_default()
}

pub(super) fn invented(words: &Words, dice: &mut Dice) -> Named {
    let sex = if dice.once_in(560) { Sex::Woman } else { Sex::Man };
    let given_names = match sex {
        Sex::Woman => &words.women,
        Sex::Man => &words.men,
    };
    let mut first = dice.one(given_names).to_owned();
    if dice.once_in(70) && !first.contains('-') {
        let between = if dice.once_in(800) { '-' } else { ' ' };
        first = format!("{first}{between}{}", dice.one(given_names));
    }
    let mut given = vec![first];
    while given.len() < 3 && dice.once_in(450) {
        given.push(dice.one(given_names).to_owned());
    }
    let birth = family(words, dice);
    let used = (sex == Sex::Woman && dice.once_in(280) || dice.once_in(20)).then(|| {
        let other = family(words, dice);
        match dice.below(3) {
            0 => other,
            1 => format!("{birth}-{other}"),
            _ => format!("{birth} {other}"),
        }
    });
    Named { sex, given, birth, used }
}

fn family(words: &Words, dice: &mut Dice) -> String {
    let one = |dice: &mut Dice| {
        if dice.once_in(450) {
            dice.one(&words.family).to_owned()
        } else {
            format!("{}{}", dice.one(&words.stems), dice.one(&words.ends))
        }
    };
    let name = one(dice);
    match dice.below(100) {
        0..4 => format!("{}{name}", dice.one(&["de ", "de la ", "du ", "des ", "Le ", "La ", "van "])),
        4..5 if name.starts_with(|c: char| "AEIOUH\u{c9}\u{152}".contains(c)) => format!("d'{name}"),
        5..10 => format!("{name}-{}", one(dice)),
        _ => name,
    }
}
