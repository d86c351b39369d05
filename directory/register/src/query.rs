//! What can be asked of the directory.

use names::{AccountKind, Address, Finess, NationalPersonId, NationalStructureId, Timestamp};

use crate::ListingId;

/// A question: everything given must hold. An empty one lists everything, page by page.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Query {
    /// Free words, forgiving: names, profession, speciality, town, postal code, organisation, service, in any
    /// order. Best answers first when given; by row id otherwise.
    pub text: Option<String>,
    /// What else must hold.
    pub all: Vec<Criterion>,
    /// Which entries.
    pub wanted: Wanted,
    /// Only those with a mailbox that may be shown.
    pub reachable: bool,
}

/// Which kinds of entries are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Wanted {
    /// Both.
    #[default]
    Everything,
    /// People.
    Professionals,
    /// Structures.
    Organisations,
}

/// One thing that must hold of an entry. Values of one list are alternatives.
#[derive(Clone, PartialEq, Debug)]
pub enum Criterion {
    /// Last name.
    Family(Match),
    /// First name.
    Given(Match),
    /// Any part of a person's name, or any name of an organisation.
    Name(Match),
    /// Code of the profession (`10`), or its label.
    Profession(Match),
    /// Code of a know-how (`SM04`), or its label.
    KnowHow(Match),
    /// Code of the sector of activity (`SA33`).
    Sector(Match),
    /// Mode of practice (`L`, `S`, `B`) or role.
    Role(Match),
    /// Town.
    Town(Match),
    /// Postal code.
    PostalCode(Match),
    /// Any line of the postal address.
    Line(Match),
    /// Name of the organisation a professional practises in, or of the organisation itself.
    Organisation(Match),
    /// Service of a mailbox.
    Service(Match),
    /// Address of a mailbox; what the red list hides does not match.
    Address(Match),
    /// Kind of a mailbox.
    Kind(AccountKind),
    /// One of these professionals.
    Person(Vec<NationalPersonId>),
    /// One of these structures, or a professional who practises in one of them.
    Structure(Vec<NationalStructureId>),
    /// Any identifier: RPPS, FINESS, SIRET, SIREN, with or without the leading digit of its kind.
    Identifier(String),
    /// One of these rows.
    Row(Vec<ListingId>),
    /// Changed at this time or later.
    UpdatedSince(Timestamp),
    /// Changed before this time.
    UpdatedBefore(Timestamp),
    /// Holds exactly this mailbox.
    Mailbox(Address),
    /// A structure of the legal entity with this number.
    PartOf(Finess),
    /// One of these holds at least; none, and nothing answers.
    Any(Vec<Criterion>),
}

/// How a text is compared; case, accents and punctuation never count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Match {
    /// All of it.
    Exactly(String),
    /// A word, or the whole, begins so.
    Begins(String),
    /// It stands somewhere in it; at least three characters (RELIABILITY D-10).
    Contains(String),
    /// Forgiving: order, particles, one typing error, sound.
    Like(String),
    /// There is any value at all.
    Present,
}

/// A part of the answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many at most; cut to [`crate::limits::PAGE`].
    pub count: usize,
    /// Where the last one ended.
    pub after: Option<Token>,
}

/// Where a page ended: opaque, safe to show, refused when it does not belong to the question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token(pub String);
