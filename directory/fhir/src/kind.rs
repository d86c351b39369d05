//! The types of resources this door knows.

/// A type of resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Somebody.
    Practitioner,
    /// Somebody somewhere: a situation of practice.
    PractitionerRole,
    /// A legal or geographic entity.
    Organization,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Practitioner, Self::PractitionerRole, Self::Organization];

    /// As FHIR calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Practitioner => "Practitioner",
            Self::PractitionerRole => "PractitionerRole",
            Self::Organization => "Organization",
        }
    }

    /// The type a name stands for; capitals count.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}
