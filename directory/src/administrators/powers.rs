//! Who may do what, and where: one pure question.

use std::collections::BTreeSet;

use audit::Actor;
use names::OrganisationId;

/// What somebody is trusted with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Mailboxes, members, delegations, passwords of professionals; in their organisations or everywhere.
    /// Everywhere: the queue, the trust list and the settings too.
    Directory,
    /// Patients' profiles, and why a letter was refused.
    Support,
    /// Looks, exports, checks the chains; changes nothing.
    Auditor,
}

impl Role {
    /// Every role, for tables of texts and tests.
    pub const ALL: [Self; 3] = [Self::Directory, Self::Support, Self::Auditor];

    /// The code kept in the database and typed at the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Support => "support",
            Self::Auditor => "auditor",
        }
    }

    /// The role a code stands for.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

/// The roles of one administrator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// These.
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().copied().collect())
    }

    /// Every role, as the command line has.
    #[must_use]
    pub fn all() -> Self {
        Self::of(&Role::ALL)
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One by one.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// The codes, parted by spaces.
    pub(crate) fn codes(&self) -> String {
        self.0.iter().map(|role| role.code()).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn from_codes(codes: &str) -> Option<Self> {
        codes.split_ascii_whitespace().map(Role::from_code).collect::<Option<_>>().map(Self)
    }
}

/// Where the role of the directory counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// In every organisation, and in the house itself.
    Everywhere,
    /// In these.
    Only(BTreeSet<OrganisationId>),
}

impl Reach {
    /// Whether an organisation is within it; what belongs to none is so only everywhere.
    #[must_use]
    pub fn holds(&self, organisation: Option<OrganisationId>) -> bool {
        match (self, organisation) {
            (Self::Everywhere, _) => true,
            (Self::Only(some), Some(organisation)) => some.contains(&organisation),
            (Self::Only(_), None) => false,
        }
    }
}

/// What may be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Power {
    /// See mailboxes, their holders and members, the red list included.
    LookAtEntries,
    /// Create, describe, suspend, reopen, close mailboxes.
    ChangeMailboxes,
    /// Say who uses a mailbox: members and delegations.
    ChangeMembers,
    /// Issue and withdraw passwords, invite, reset factors.
    ChangeCredentials,
    /// Carry out a departure.
    Depart,
    /// Figures of mailboxes.
    LookAtFigures,
    /// Why a letter was refused.
    ExplainLetters,
    /// See the queue, the trust list, the settings.
    LookAtHouse,
    /// Steer the queue, load a trust list, change settings.
    ChangeHouse,
    /// Find a patient and see their profile's state.
    LookAtPatients,
    /// Announce, oppose, close, reopen, represent, intervene.
    ChangePatients,
    /// Read and export the trail, check the chains.
    ReadTrail,
}

impl Power {
    /// Every power, for tables of tests.
    pub const ALL: [Self; 12] = [
        Self::LookAtEntries,
        Self::ChangeMailboxes,
        Self::ChangeMembers,
        Self::ChangeCredentials,
        Self::Depart,
        Self::LookAtFigures,
        Self::ExplainLetters,
        Self::LookAtHouse,
        Self::ChangeHouse,
        Self::LookAtPatients,
        Self::ChangePatients,
        Self::ReadTrail,
    ];
}

/// Who asks, and with what right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authority {
    actor: Actor,
    roles: Roles,
    reach: Reach,
}

impl Authority {
    /// Somebody with these roles, there.
    #[must_use]
    pub fn new(actor: Actor, roles: Roles, reach: Reach) -> Self {
        Self { actor, roles, reach }
    }

    /// Whoever sits at the command line: the machine is theirs.
    #[must_use]
    pub fn operator() -> Self {
        Self::new(Actor::Operator, Roles::all(), Reach::Everywhere)
    }

    /// Who, for the trail.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// Where.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Whether they may, on what belongs to this organisation (none: to no organisation, or the house).
    /// Patients belong to the house whole: the organisation does not count for them.
    #[must_use]
    pub fn may(&self, power: Power, organisation: Option<OrganisationId>) -> bool {
        let directory = self.roles.has(Role::Directory);
        let (here, everywhere) =
            (directory && self.reach.holds(organisation), directory && self.reach == Reach::Everywhere);
        let (support, auditor) = (self.roles.has(Role::Support), self.roles.has(Role::Auditor));
        match power {
            Power::LookAtEntries | Power::ExplainLetters => here || support || auditor,
            Power::LookAtFigures => here || auditor,
            Power::ChangeMailboxes | Power::ChangeMembers | Power::ChangeCredentials | Power::Depart => here,
            Power::LookAtHouse => everywhere || auditor,
            Power::ChangeHouse => everywhere,
            Power::LookAtPatients | Power::ChangePatients => support,
            Power::ReadTrail => auditor,
        }
    }

    /// Whether they may anywhere at all: what a menu shows.
    #[must_use]
    pub fn may_somewhere(&self, power: Power) -> bool {
        match &self.reach {
            Reach::Everywhere => self.may(power, None),
            Reach::Only(some) => {
                self.may(power, None) || some.first().is_some_and(|one| self.may(power, Some(*one)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::AdministratorId;

    const OURS: OrganisationId = OrganisationId(1);
    const THEIRS: OrganisationId = OrganisationId(2);

    /// For each power: whom it is given, on an organisation of theirs, on another, on the house. A letter
    /// for each of: directory administrator of one organisation, of all, support agent, auditor.
    const TABLE: [(Power, &str, &str, &str); 12] = [
        (Power::LookAtEntries, "oesa", "esa", "esa"),
        (Power::ChangeMailboxes, "oe", "e", "e"),
        (Power::ChangeMembers, "oe", "e", "e"),
        (Power::ChangeCredentials, "oe", "e", "e"),
        (Power::Depart, "oe", "e", "e"),
        (Power::LookAtFigures, "oea", "ea", "ea"),
        (Power::ExplainLetters, "oesa", "esa", "esa"),
        (Power::LookAtHouse, "ea", "ea", "ea"),
        (Power::ChangeHouse, "e", "e", "e"),
        (Power::LookAtPatients, "s", "s", "s"),
        (Power::ChangePatients, "s", "s", "s"),
        (Power::ReadTrail, "a", "a", "a"),
    ];

    fn who(letter: char) -> Authority {
        let only = Reach::Only(BTreeSet::from([OURS]));
        let (role, reach) = match letter {
            'o' => (Role::Directory, only),
            'e' => (Role::Directory, Reach::Everywhere),
            's' => (Role::Support, Reach::Everywhere),
            _ => (Role::Auditor, Reach::Everywhere),
        };
        Authority::new(Actor::Administrator(AdministratorId(7)), Roles::of(&[role]), reach)
    }

    #[test]
    fn every_power_is_given_to_those_of_the_table_and_nobody_else() {
        let listed: Vec<Power> = TABLE.iter().map(|row| row.0).collect();
        assert_eq!(listed, Power::ALL);
        for (power, ours, theirs, house) in TABLE {
            for letter in "oesa".chars() {
                for (place, organisation, given) in
                    [("ours", Some(OURS), ours), ("theirs", Some(THEIRS), theirs), ("the house", None, house)]
                {
                    let may = who(letter).may(power, organisation);
                    assert_eq!(may, given.contains(letter), "{power:?} for {letter} on {place}");
                }
            }
            let nobody = Authority::new(Actor::System, Roles::default(), Reach::Everywhere);
            assert!(!nobody.may(power, None) && !nobody.may(power, Some(OURS)), "{power:?} for nobody");
            assert!(Authority::operator().may(power, None), "{power:?} at the command line");
        }
    }

    #[test]
    fn an_auditor_changes_nothing_anywhere() {
        let changes = |power: &Power| format!("{power:?}").starts_with("Change") || *power == Power::Depart;
        let auditor = who('a');
        assert!(Power::ALL.iter().filter(|power| changes(power)).all(|power| !auditor.may_somewhere(*power)));
    }

    #[test]
    fn a_menu_shows_what_is_possible_somewhere() {
        assert!(who('o').may_somewhere(Power::ChangeMailboxes));
        assert!(!who('o').may_somewhere(Power::LookAtHouse));
        let nowhere = Reach::Only(BTreeSet::new());
        let nobody = Authority::new(Actor::System, Roles::of(&[Role::Directory]), nowhere);
        assert!(!nobody.may_somewhere(Power::ChangeMailboxes));
    }

    #[test]
    fn roles_are_kept_by_their_codes() {
        let two = Roles::of(&[Role::Support, Role::Directory]);
        assert_eq!(two.codes(), "directory support");
        assert_eq!(Roles::from_codes("support directory"), Some(two));
        assert_eq!(Roles::from_codes("root"), None);
    }
}
