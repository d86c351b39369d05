//! Where a word stands in an entry.

/// A place in an entry. The number is kept in segments: never change one, add.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub(crate) enum Field {
    /// The only word of the last name.
    Family = 0,
    /// A word of a last name of several.
    FamilyPart = 1,
    /// The only word of the first name.
    Given = 2,
    /// A word of a first name of several.
    GivenPart = 3,
    /// A word of an organisation's name of at most two.
    ShortName = 4,
    /// ... of three or four.
    Name = 5,
    /// ... of five and more.
    LongName = 6,
    /// The name of a place of practice.
    Workplace = 7,
    /// Label of the profession.
    Profession = 8,
    /// Label of a know-how.
    KnowHow = 9,
    /// Label of a mode of practice or a role.
    Role = 10,
    /// Town.
    Town = 11,
    /// Postal code.
    PostalCode = 12,
    /// Code of the département.
    Department = 13,
    /// A line of a postal address.
    Line = 14,
    /// Service of a mailbox that may be shown.
    Service = 15,
    /// A part of an address that may be shown.
    Address = 16,
    /// Service of a red-listed mailbox.
    HiddenService = 17,
    /// A part of a red-listed address.
    HiddenAddress = 18,
    /// Not a word: a mark (see `terms`).
    Mark = 19,
}

/// Some fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fields(u32);

impl Field {
    /// Every field, in the order of its number.
    pub(crate) const ALL: [Self; 20] = [
        Self::Family,
        Self::FamilyPart,
        Self::Given,
        Self::GivenPart,
        Self::ShortName,
        Self::Name,
        Self::LongName,
        Self::Workplace,
        Self::Profession,
        Self::KnowHow,
        Self::Role,
        Self::Town,
        Self::PostalCode,
        Self::Department,
        Self::Line,
        Self::Service,
        Self::Address,
        Self::HiddenService,
        Self::HiddenAddress,
        Self::Mark,
    ];

    /// How much a word here says about who is meant.
    pub(crate) fn weight(self) -> f32 {
        match self {
            Self::Family => 1.0,
            Self::ShortName => 0.96,
            Self::FamilyPart | Self::Name => 0.92,
            Self::LongName => 0.88,
            Self::Given => 0.86,
            Self::GivenPart => 0.82,
            Self::PostalCode => 0.7,
            Self::Town => 0.65,
            Self::Profession | Self::KnowHow | Self::Service | Self::HiddenService => 0.6,
            Self::Workplace => 0.55,
            Self::Department => 0.5,
            Self::Address | Self::HiddenAddress => 0.45,
            Self::Line => 0.35,
            Self::Role => 0.3,
            Self::Mark => 0.0,
        }
    }
}

impl Fields {
    /// Last names.
    pub(crate) const FAMILY: Self = Self::of(&[Field::Family, Field::FamilyPart]);
    /// First names.
    pub(crate) const GIVEN: Self = Self::of(&[Field::Given, Field::GivenPart]);
    /// Names of people and of organisations.
    pub(crate) const NAMES: Self = Self::of(&[
        Field::Family,
        Field::FamilyPart,
        Field::Given,
        Field::GivenPart,
        Field::ShortName,
        Field::Name,
        Field::LongName,
    ]);
    /// Names of organisations and of places of practice.
    pub(crate) const ORGANISATION: Self =
        Self::of(&[Field::ShortName, Field::Name, Field::LongName, Field::Workplace]);
    /// Names that are heard: a typing error in them is often one of hearing.
    pub(crate) const HEARD: Self = Self::of(&[
        Field::Family,
        Field::FamilyPart,
        Field::Given,
        Field::GivenPart,
        Field::ShortName,
        Field::Name,
        Field::LongName,
        Field::Workplace,
        Field::Town,
    ]);
    /// Words of a trade.
    pub(crate) const TRADE: Self =
        Self::of(&[Field::Profession, Field::KnowHow, Field::Role, Field::Service, Field::HiddenService]);
    /// Those of whose texts the index has no particles, not even joined to the word beside them.
    pub(crate) const WITHOUT_PARTICLES: Self = Self::of(&[
        Field::Workplace,
        Field::Profession,
        Field::KnowHow,
        Field::Role,
        Field::Line,
        Field::Service,
        Field::HiddenService,
    ]);
    /// Marks.
    pub(crate) const MARK: Self = Self::of(&[Field::Mark]);
    /// What the red list hides.
    pub(crate) const HIDDEN: Self = Self::of(&[Field::HiddenService, Field::HiddenAddress]);
    /// All that free text looks at.
    pub(crate) const TEXT: Self = Self((1 << (Field::Mark as u32)) - 1);

    /// These fields.
    pub(crate) const fn of(fields: &[Field]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < fields.len() {
            bits |= 1 << fields[at] as u32;
            at += 1;
        }
        Self(bits)
    }

    /// Whether a field is among them.
    pub(crate) const fn has(self, field: Field) -> bool {
        self.0 & (1 << field as u32) != 0
    }

    /// Whether one of others is among them.
    pub(crate) const fn meet(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// These and others.
    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// These without others.
    pub(crate) const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_known_by_its_number() {
        for (number, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, number);
            assert_eq!(Fields::TEXT.has(field), field != Field::Mark);
        }
    }
}
