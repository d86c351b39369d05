//! A mailbox: what it is, who uses it, its life.

use askama::Template;

use super::{Device, Frame, ProofField, When};

/// The page of a mailbox.
#[derive(Template, Clone, Debug)]
#[template(path = "console/mailbox.html")]
pub struct Mailbox {
    /// What surrounds it.
    pub frame: Frame,
    /// Its name, as correspondents see it.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its page.
    pub href: String,
    /// Facts: label and value.
    pub facts: Vec<(&'static str, String)>,
    /// The page of its holder, with their name.
    pub holder: Option<(String, String)>,
    /// The page of its organisation, with its name.
    pub organisation: Option<(String, String)>,
    /// Who uses it beside its holder.
    pub members: Vec<MemberLine>,
    /// Whether it has members or delegates at all: a machine has none.
    pub has_members: bool,
    /// Whether it is a person's: then others act for its holder.
    pub personal: bool,
    /// What may be done.
    pub may: May,
    /// What the directory says, as the form shows it.
    pub entry: EntryForm,
    /// What was typed for a new member.
    pub to: String,
    /// The first day typed for them.
    pub from: String,
    /// The last day typed for them.
    pub until: String,
    /// Why they were not let in.
    pub member_error: Option<String>,
    /// Why the entry was not changed.
    pub entry_error: Option<String>,
    /// Application passwords in use: a machine's.
    pub devices: Vec<Device>,
    /// Last acts, newest first.
    pub acts: Vec<ActLine>,
}

/// What may be done with a mailbox by whoever looks, in its state.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct May {
    /// Change what the directory says.
    pub describe: bool,
    /// Change who uses it.
    pub admit: bool,
    /// Make and withdraw its passwords: a machine's.
    pub passwords: bool,
    /// Moves between its states: label and address.
    pub moves: Vec<(&'static str, String)>,
}

/// What the directory says of a mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EntryForm {
    /// What it is for.
    pub description: String,
    /// Service.
    pub service: String,
    /// Who answers for it.
    pub responsible: String,
    /// 1 is the preferred one.
    pub rank: String,
    /// Whether no search shows it.
    pub red_list: bool,
}

/// Somebody who uses a mailbox.
#[derive(Clone, Debug)]
pub struct MemberLine {
    /// Their name.
    pub name: String,
    /// Their page.
    pub href: String,
    /// What they may do, in words.
    pub rights: &'static str,
    /// The same as the form's value.
    pub code: &'static str,
    /// From when, if that is to come, and until when, in words.
    pub until: String,
    /// Their identifier, for the forms.
    pub identifier: String,
}

/// One act of the trail.
#[derive(Clone, Debug)]
pub struct ActLine {
    /// When.
    pub when: When,
    /// What.
    pub what: &'static str,
    /// Who.
    pub who: String,
}

/// A grave act that waits for confirmation.
#[derive(Template, Clone, Debug)]
#[template(path = "console/confirm.html")]
pub struct Confirm {
    /// What surrounds it.
    pub frame: Frame,
    /// What is asked.
    pub heading: String,
    /// What will happen, one by one.
    pub effects: Vec<String>,
    /// Where the form goes.
    pub action: String,
    /// What its button says.
    pub button: &'static str,
    /// Where one goes instead.
    pub back: String,
    /// The second factor, when it must be shown again.
    pub proof: ProofField,
    /// Ways to do it, of which one is chosen: value and words; the first is chosen.
    pub choices: Vec<(&'static str, String)>,
    /// Why it was not done.
    pub error: Option<String>,
}

/// The form of a new mailbox.
#[derive(Template, Clone, Debug)]
#[template(path = "console/new_mailbox.html")]
pub struct NewMailbox {
    /// What surrounds it.
    pub frame: Frame,
    /// What was typed, by field.
    pub typed: Typed,
    /// Organisations to choose from: number and name.
    pub organisations: Vec<(String, String)>,
    /// Whether a mailbox of no organisation may be made.
    pub may_be_free: bool,
    /// Why it was not made, and the field that it is about.
    pub error: Option<(&'static str, String)>,
}

impl NewMailbox {
    /// The fault of a field, if it has one.
    #[must_use]
    pub fn fault(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(name, _)| *name == field).map(|(_, words)| words.as_str())
    }
}

/// What was typed for a new mailbox.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Typed {
    /// PER, ORG, APP, CAB.
    pub kind: String,
    /// Its address.
    pub address: String,
    /// Number of the organisation.
    pub organisation: String,
    /// Identifier of the professional.
    pub person: String,
    /// For somebody new.
    pub civility: String,
    /// For somebody new.
    pub given_name: String,
    /// For somebody new.
    pub family_name: String,
    /// What it is for.
    pub description: String,
    /// Service.
    pub service: String,
    /// Who answers for it.
    pub responsible: String,
}
