//! What surrounds every page of an administrator who is signed in.

use directory::{Authority, Power};

/// Who, where, and the menu.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Who is signed in: who acts is always shown.
    pub name: String,
    /// What they may do, in words.
    pub roles: String,
    /// The menu, as far as they may.
    pub menu: Vec<Entry>,
    /// The way from the first page to this one, which is not in it.
    pub crumbs: Vec<Crumb>,
    /// The token of this page's forms.
    pub csrf: String,
    /// What was just done.
    pub notice: Option<String>,
}

impl Frame {
    /// The same with a page on the way to this one.
    #[must_use]
    pub fn under(mut self, label: &str, href: &str) -> Self {
        self.crumbs.push(Crumb { label: label.to_owned(), href: href.to_owned() });
        self
    }

    /// The same with words on what was just done.
    #[must_use]
    pub fn noting(mut self, notice: Option<String>) -> Self {
        self.notice = notice;
        self
    }
}

/// A page on the way to this one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crumb {
    /// Its title.
    pub label: String,
    /// Its address.
    pub href: String,
}

/// A line of the menu.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// As it reads.
    pub label: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Whether one is there.
    pub current: bool,
}

/// The parts of the console.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Search, mailboxes, members, passwords, departures.
    Directory,
    /// A new mailbox.
    NewMailbox,
    /// Figures of a month.
    Statistics,
    /// Why a letter was refused.
    Letters,
    /// What waits for other operators.
    Queue,
    /// The trust list.
    Trust,
    /// Patients' profiles.
    Patients,
    /// The trail.
    Trail,
    /// The settings.
    Settings,
    /// None of the menu.
    Elsewhere,
}

impl Place {
    /// Those of the menu, in its order.
    pub const MENU: [Self; 9] = [
        Self::Directory,
        Self::NewMailbox,
        Self::Patients,
        Self::Letters,
        Self::Statistics,
        Self::Queue,
        Self::Trust,
        Self::Trail,
        Self::Settings,
    ];

    /// As the menu reads, where it leads, and the power that shows it.
    #[must_use]
    pub fn entry(self) -> (&'static str, &'static str, Power) {
        match self {
            Self::Directory | Self::Elsewhere => ("Annuaire", "/", Power::LookAtEntries),
            Self::Statistics => ("Statistiques", "/statistiques", Power::LookAtFigures),
            Self::Letters => ("Messages refusés", "/lettres", Power::ExplainLetters),
            Self::Queue => ("File d’attente", "/file", Power::LookAtHouse),
            Self::Trust => ("Confiance", "/confiance", Power::LookAtHouse),
            Self::Patients => ("Patients", "/patients", Power::LookAtPatients),
            Self::Trail => ("Journal", "/journal", Power::ReadTrail),
            Self::Settings => ("Réglages", "/reglages", Power::LookAtHouse),
            Self::NewMailbox => ("Nouvelle boîte", "/boites/nouvelle", Power::ChangeMailboxes),
        }
    }

    /// The menu of somebody who is here.
    #[must_use]
    pub fn menu(self, authority: &Authority) -> Vec<Entry> {
        Self::MENU
            .into_iter()
            .map(|place| (place, place.entry()))
            .filter(|(_, (_, _, power))| authority.may_somewhere(*power))
            .map(|(place, (label, href, _))| Entry { label, href, current: place == self })
            .collect()
    }
}

/// The field of the second factor in the form of a grave act.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProofField {
    /// Whether a code must be given.
    pub needed: bool,
    /// Why the last one was not taken.
    pub error: Option<String>,
}
