//! What these pages show, as plain values.

use askama::Template;

pub use super::plot::Plot;
use crate::console::views::{Frame, ProofField, When};

/// A line of a list to choose from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// As it reads.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A name and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// What.
    pub name: String,
    /// How much, or which.
    pub value: String,
}

/// Something by its name, with what is known of it.
pub type Described = (String, Vec<Fact>);

/// A table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    /// Its title.
    pub title: String,
    /// Over each column.
    pub headings: Vec<String>,
    /// How many columns, from the left, hold words; the others hold numbers.
    pub words: usize,
    /// Line by line.
    pub lines: Vec<Vec<String>>,
    /// What is left out, in words.
    pub more: Option<String>,
}

/// A file to keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Download {
    /// Where it is.
    pub href: String,
    /// What it holds.
    pub label: String,
}

/// Figures of a month.
#[derive(Template, Clone, Debug)]
#[template(path = "console/statistics.html")]
pub struct Statistics {
    /// What surrounds it.
    pub frame: Frame,
    /// As "Chiffres de novembre 2026".
    pub heading: String,
    /// Up to when, in words.
    pub until: String,
    /// Months to choose from.
    pub months: Vec<Choice>,
    /// The mailbox that was asked for.
    pub mailbox: String,
    /// Why it is not shown.
    pub error: Option<String>,
    /// The sums.
    pub facts: Vec<Fact>,
    /// Plots, each followed by its table.
    pub plots: Vec<(Plot, Grid)>,
    /// Tables without a plot.
    pub grids: Vec<Grid>,
    /// The same for spreadsheets.
    pub downloads: Vec<Download>,
}

/// Which letter.
#[derive(Template, Clone, Debug)]
#[template(path = "console/letters.html")]
pub struct Letters {
    /// What surrounds it.
    pub frame: Frame,
    /// What was typed.
    pub queue: String,
    /// Reasons to choose from.
    pub reasons: Vec<Choice>,
    /// Why nothing is told.
    pub error: Option<String>,
    /// What is told.
    pub letter: Option<Letter>,
}

/// A letter explained.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its number.
    pub queue: String,
    /// When it came.
    pub at: When,
    /// The rest of what is known of it.
    pub facts: Vec<Fact>,
    /// What became of it, recipient by recipient.
    pub recipients: Vec<Recipient>,
}

/// What became of a letter for one recipient.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Their address; a patient's is hidden.
    pub address: String,
    /// As "Refusée".
    pub outcome: &'static str,
    /// Why, in a sentence.
    pub why: String,
    /// The rest.
    pub facts: Vec<Fact>,
}

/// The queue.
#[derive(Template, Clone, Debug)]
#[template(path = "console/queue.html")]
pub struct Queue {
    /// What surrounds it.
    pub frame: Frame,
    /// The domain asked for.
    pub domain: String,
    /// States to choose from.
    pub states: Vec<Choice>,
    /// A letter's number, a Message-ID or an address that was typed.
    pub letter: String,
    /// Why nothing is shown.
    pub error: Option<String>,
    /// How much waits, in words.
    pub found: String,
    /// By domain and state.
    pub totals: Option<Grid>,
    /// Letters, with the address of their page.
    pub rows: Vec<QueueRow>,
    /// Whether this administrator may steer.
    pub may_change: bool,
}

/// A recipient that waits.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// The letter's number.
    pub queue: String,
    /// Its page.
    pub href: String,
    /// Who; a patient is hidden.
    pub recipient: String,
    /// As "En attente", since when, next try.
    pub state: String,
    /// Why it waits.
    pub why: String,
}

/// A letter for other operators.
#[derive(Template, Clone, Debug)]
#[template(path = "console/queue_letter.html")]
pub struct QueueLetter {
    /// What surrounds it.
    pub frame: Frame,
    /// Its number.
    pub queue: String,
    /// Each recipient with what is known.
    pub recipients: Vec<Described>,
    /// Whether anything of it waits.
    pub waits: bool,
    /// Whether this administrator may steer.
    pub may_change: bool,
}

/// A drop that waits for its confirmation.
#[derive(Template, Clone, Debug)]
#[template(path = "console/queue_drop.html")]
pub struct QueueDrop {
    /// What surrounds it.
    pub frame: Frame,
    /// What would go: a letter's number, a domain, `all`.
    pub which: String,
    /// The same in words.
    pub words: String,
    /// The second factor.
    pub proof: ProofField,
}

/// The trust list.
#[derive(Template, Clone, Debug)]
#[template(path = "console/trust.html")]
pub struct Trust {
    /// What surrounds it.
    pub frame: Frame,
    /// The list in force.
    pub facts: Vec<Fact>,
    /// The domain asked for.
    pub domain: String,
    /// Why its answer is none.
    pub domain_error: Option<String>,
    /// What the domain is to us, and whose certificates speak for it.
    pub speakers: Option<(String, Vec<Described>)>,
    /// What happened, newest first: whether it is an alarm, when, what.
    pub events: Vec<(bool, When, String)>,
    /// What became of the list that was brought: heading, words, whether it went wrong.
    pub outcome: Option<Outcome>,
    /// Whether this administrator may load one.
    pub may_change: bool,
    /// The second factor.
    pub proof: ProofField,
}

/// What became of something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// In a few words.
    pub heading: String,
    /// Line by line.
    pub lines: Vec<String>,
    /// Whether it was not done.
    pub wrong: bool,
}

/// Whose trail.
#[derive(Template, Clone, Debug)]
#[template(path = "console/trail_choose.html")]
pub struct TrailChoose {
    /// What surrounds it.
    pub frame: Frame,
    /// Whose chains there are.
    pub kinds: Vec<Choice>,
    /// What was typed.
    pub typed: String,
    /// Why nothing is shown.
    pub error: Option<String>,
}

/// A chain of the trail.
#[derive(Template, Clone, Debug)]
#[template(path = "console/trail.html")]
pub struct Trail {
    /// What surrounds it.
    pub frame: Frame,
    /// Whose.
    pub heading: String,
    /// The address of this chain's pages.
    pub href: String,
    /// The lines.
    pub lines: Vec<TrailLine>,
    /// Where older ones are.
    pub older: Option<String>,
    /// The dates typed for an export.
    pub dates: (String, String),
    /// Why there is none.
    pub error: Option<String>,
    /// What a proof found.
    pub proof: Option<Outcome>,
}

/// A line of the trail.
#[derive(Clone, Debug)]
pub struct TrailLine {
    /// Its number.
    pub seq: i64,
    /// When; none for one that was erased.
    pub at: Option<When>,
    /// Who did what.
    pub words: String,
    /// Ids and codes.
    pub detail: String,
}

/// The settings.
#[derive(Template, Clone, Debug)]
#[template(path = "console/settings.html")]
pub struct Settings {
    /// What surrounds it.
    pub frame: Frame,
    /// Sector codes that count as pharmacies.
    pub sectors: Vec<String>,
    /// The others.
    pub facts: Vec<Fact>,
}

/// Whom to find.
#[derive(Template, Clone, Debug)]
#[template(path = "console/patients.html")]
pub struct Patients {
    /// What surrounds it.
    pub frame: Frame,
    /// Why nobody is shown. What was typed is not shown again.
    pub error: Option<String>,
}

/// A patient's profile, as support may see it.
#[derive(Template, Clone, Debug)]
#[template(path = "console/patient.html")]
pub struct Patient {
    /// What surrounds it.
    pub frame: Frame,
    /// Their name.
    pub name: String,
    /// What is known.
    pub facts: Vec<Fact>,
    /// What can be done, with the address of its page.
    pub acts: Vec<Choice>,
}

/// An act on a profile that waits for its ground.
#[derive(Template, Clone, Debug)]
#[template(path = "console/patient_act.html")]
pub struct PatientForm {
    /// What surrounds it.
    pub frame: Frame,
    /// What is done.
    pub heading: String,
    /// What follows from it.
    pub words: String,
    /// Where the form goes.
    pub action: String,
    /// To whom it is done.
    pub name: String,
    /// Reasons to choose from.
    pub reasons: Vec<Choice>,
    /// The case number that was typed.
    pub case: String,
    /// Whether deletion may be asked for.
    pub asks_deletion: bool,
    /// Whether the INS of a representative is asked for.
    pub asks_ins: bool,
    /// Why it was not done.
    pub error: Option<String>,
    /// The second factor.
    pub proof: ProofField,
}
