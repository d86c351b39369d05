//! One search on its way through the register: entries one after the other, each tested by the filter.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use names::Timestamp;
use register::{Criterion, Listing, ListingId, Page, Query, Token, Wanted};

use crate::dn::{Nearest, Target};
use crate::entry::{self, Entry};
use crate::filter::{Filter, Heard};
use crate::message::Scope;
use crate::plan::{self, Plan, plan};
use crate::source::Source;
use crate::{Settings, limits};

/// Why a walk stops before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The base is no entry.
    NoSuchObject(Nearest),
    /// It has looked at too many.
    Examined,
    /// The register failed.
    Failed(register::Error),
}

impl From<register::Error> for Stop {
    fn from(error: register::Error) -> Self {
        Stop::Failed(error)
    }
}

/// Where a search goes.
pub(crate) struct Walk<S> {
    source: S,
    settings: Arc<Settings>,
    filter: Filter,
    heard: Option<Heard>,
    /// Entries to be tested that are not in the register, or are the base itself.
    fixed: VecDeque<Entry>,
    /// A leaf that must be looked up first, and whether it is itself an answer.
    leaf: Option<(Target, bool)>,
    mailboxes: bool,
    structures: bool,
    questions: VecDeque<Query>,
    token: Option<Token>,
    /// Tested, not given yet.
    ready: VecDeque<Entry>,
    /// Given: two questions may find the same.
    given: HashSet<String>,
    examined: usize,
}

impl<S: Source> Walk<S> {
    pub(crate) fn new(
        source: S,
        settings: Arc<Settings>,
        target: Target,
        scope: Scope,
        filter: Filter,
    ) -> Self {
        let mut fixed = VecDeque::new();
        let mut leaf = None;
        let (mut mailboxes, mut structures) = (false, false);
        match (&target, scope) {
            (Target::Base, Scope::Base) => fixed.push_back(entry::base(&settings)),
            (Target::Base, Scope::One) => {
                fixed.push_back(entry::structures(&settings));
                mailboxes = true;
            }
            (Target::Base, Scope::Sub) => {
                fixed.extend([entry::base(&settings), entry::structures(&settings)]);
                (mailboxes, structures) = (true, true);
            }
            (Target::Structures, Scope::Base) => fixed.push_back(entry::structures(&settings)),
            (Target::Structures, Scope::One) => structures = true,
            (Target::Structures, Scope::Sub) => {
                fixed.push_back(entry::structures(&settings));
                structures = true;
            }
            (Target::Mailbox(_) | Target::Structure(_), scope) => {
                leaf = Some((target.clone(), scope != Scope::One));
            }
            // The machine answers what these hold.
            (Target::Root | Target::Subschema | Target::Nowhere(_), _) => {}
        }
        let questions = if mailboxes || structures { questions(&filter, mailboxes) } else { VecDeque::new() };
        Self {
            source,
            settings,
            filter,
            heard: None,
            fixed,
            leaf,
            mailboxes,
            structures,
            questions,
            token: None,
            ready: VecDeque::new(),
            given: HashSet::new(),
            examined: 0,
        }
    }

    /// Forgets how much was looked at: another request begins.
    pub(crate) fn rest(&mut self) {
        self.examined = 0;
    }

    /// Gives an entry back, to be given again.
    pub(crate) fn put_back(&mut self, entry: Entry) {
        self.ready.push_front(entry);
    }

    /// The next entry. A call that is given up half way loses nothing.
    pub(crate) async fn next(&mut self, now: Timestamp) -> Result<Option<Entry>, Stop> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Some(entry));
            }
            if self.heard.is_none() {
                self.heard = Some(self.hear(now).await?);
            }
            if let Some(entry) = self.fixed.pop_front() {
                self.offer(entry, None);
                continue;
            }
            if let Some((target, itself)) = self.leaf.clone() {
                let found = entry_at(&self.source, &self.settings, &target, now).await?;
                self.leaf = None;
                let (entry, holder) = found.ok_or(Stop::NoSuchObject(nearest(&target)))?;
                if itself {
                    self.offer(entry, holder);
                }
                continue;
            }
            let Some(question) = self.questions.front() else { return Ok(None) };
            if self.examined >= limits::EXAMINED {
                return Err(Stop::Examined);
            }
            let page = Page { count: register::limits::PAGE, after: self.token.clone() };
            let leaf = self.source.search(question, &page, now).await?;
            self.examined += leaf.listings.len().max(1);
            self.token = leaf.next;
            if self.token.is_none() {
                self.questions.pop_front();
            }
            for listing in &leaf.listings {
                self.take(listing);
            }
        }
    }

    fn take(&mut self, listing: &Listing) {
        let holder = id(listing);
        for entry in entry::of_listing(listing, &self.settings) {
            let mailbox = !entry.values(crate::schema::Attribute::Mail).is_empty();
            if if mailbox { self.mailboxes } else { self.structures } {
                self.offer(entry, Some(holder));
            }
        }
    }

    fn offer(&mut self, entry: Entry, holder: Option<ListingId>) {
        let nothing = Heard::default();
        let heard = self.heard.as_ref().unwrap_or(&nothing);
        let meant = self.filter.matches(&entry, holder, heard, &self.settings.arc) == Some(true);
        if meant && self.given.insert(entry.dn.clone()) {
            self.ready.push_back(entry);
        }
    }

    /// Asks the register whom the forgiving comparisons mean.
    async fn hear(&self, now: Timestamp) -> Result<Heard, Stop> {
        let mut asked = Vec::new();
        self.filter.forgiving(&mut asked);
        let mut heard = Heard::default();
        for (attribute, like) in asked.into_iter().filter(|(_, like)| like.asked.is_some()) {
            let question = plan::forgiving(attribute, &like.text);
            let mut found = HashSet::new();
            let mut after = None;
            while found.len() < limits::FORGIVEN {
                let page = Page { count: register::limits::PAGE, after };
                let leaf = self.source.search(&question, &page, now).await?;
                found.extend(leaf.listings.iter().map(id));
                after = leaf.next;
                if after.is_none() {
                    break;
                }
            }
            heard.push(found);
        }
        Ok(heard)
    }
}

/// Mailboxes are what is searched: structures without one are asked for only when they are in scope.
fn questions(filter: &Filter, mailboxes: bool) -> VecDeque<Query> {
    let everything = match mailboxes {
        true => Query::default(),
        false => Query { wanted: Wanted::Organisations, ..Query::default() },
    };
    match plan(filter) {
        Plan::Nothing => VecDeque::new(),
        Plan::Everything => VecDeque::from([everything]),
        Plan::Questions(questions) => questions.into(),
    }
}

/// The entry of a name, with its holder.
pub(crate) async fn entry_at<S: Source>(
    source: &S,
    settings: &Settings,
    target: &Target,
    now: Timestamp,
) -> Result<Option<(Entry, Option<ListingId>)>, register::Error> {
    match target {
        Target::Base => Ok(Some((entry::base(settings), None))),
        Target::Structures => Ok(Some((entry::structures(settings), None))),
        Target::Mailbox(address) => {
            let found = source.by_address(address).await?;
            Ok(found.and_then(|(listing, _)| {
                entry::mailbox_of(&listing, address, settings).map(|entry| (entry, Some(id(&listing))))
            }))
        }
        Target::Structure(structure) => {
            let question = Query {
                all: vec![Criterion::Structure(vec![structure.clone()])],
                wanted: Wanted::Organisations,
                ..Query::default()
            };
            let page = Page { count: register::limits::PAGE, after: None };
            let leaf = source.search(&question, &page, now).await?;
            let dn = settings.base.structure(structure);
            let found = leaf.listings.iter().find_map(|listing| {
                let entry = entry::of_listing(listing, settings).into_iter().find(|entry| entry.dn == dn);
                entry.map(|entry| (entry, Some(id(listing))))
            });
            Ok(found)
        }
        Target::Root | Target::Subschema | Target::Nowhere(_) => Ok(None),
    }
}

pub(crate) fn nearest(target: &Target) -> Nearest {
    match target {
        Target::Structure(_) => Nearest::Structures,
        Target::Mailbox(_) | Target::Base | Target::Structures => Nearest::Base,
        Target::Nowhere(nearest) => *nearest,
        Target::Root | Target::Subschema => Nearest::None,
    }
}

fn id(listing: &Listing) -> ListingId {
    match listing {
        Listing::Professional(person) => person.id,
        Listing::Organisation(organisation) => organisation.id,
    }
}
