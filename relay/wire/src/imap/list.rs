//! LIST and LSUB (RFC 3501 §6.3.8, §6.3.9), LIST as it was extended (RFC 5258, RFC 9051 §6.3.9) and with
//! counters (RFC 5819).
//!
//! Attributes of children and uses are told whether or not they were asked for: they cost nothing here,
//! and Apple's programs ask for neither (PEERS §4.2).

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;

use super::acl;
use super::command::Command;
use super::enabled::Strings;
use super::name::{self, DELIMITER, Role};
use super::pattern::Pattern;
use super::reply::{self, Completion};
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Server, Task};
use super::session::Expunges;
use super::status::{self, StatusItem};
use super::{Ask, Folder, FolderKind, FolderName, Refusal, Subscription, limits};

/// A LIST or LSUB as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    form: Form,
    selection: Vec<Selection>,
    reference: Vec<u8>,
    patterns: Vec<Vec<u8>>,
    /// `RETURN (SUBSCRIBED)`, which selecting by it implies (RFC 5258 §3.1).
    subscriptions: Subscriptions,
    /// `RETURN (MYRIGHTS)` (RFC 8440)
    rights: Rights,
    /// `RETURN (STATUS (…))`
    pub(super) status: Vec<StatusItem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As in RFC 3501.
    Plain,
    Lsub,
    /// With selection options, several patterns or return options.
    Extended,
}

/// Selection options (RFC 5258 §3.1, RFC 6154 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selection {
    Subscribed,
    /// Folders of other servers as well; there are none.
    Remote,
    RecursiveMatch,
    SpecialUse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subscriptions {
    Told,
    Untold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    Told,
    Untold,
}

/// `"LSUB" SP mailbox SP list-mailbox`
pub(super) fn parse_lsub(c: &mut Cursor<'_>) -> Parsed<Command> {
    c.space()?;
    let reference = c.astring()?;
    c.space()?;
    let patterns = vec![c.pattern()?];
    listing(Listing {
        form: Form::Lsub,
        selection: Vec::new(),
        reference,
        patterns,
        subscriptions: Subscriptions::Untold,
        rights: Rights::Untold,
        status: Vec::new(),
    })
}

/// `"LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]` (RFC 5258 §6)
pub(super) fn parse(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mut form = Form::Plain;
    c.space()?;
    let selection = if c.peek() == Some(b'(') {
        form = Form::Extended;
        let selection = selection(c)?;
        c.space()?;
        selection
    } else {
        Vec::new()
    };
    let reference = c.astring()?;
    c.space()?;
    let patterns = if c.take(b'(') {
        form = Form::Extended;
        patterns(c)?
    } else {
        vec![c.pattern()?]
    };
    let subscriptions = match selection.contains(&Selection::Subscribed) {
        true => Subscriptions::Told,
        false => Subscriptions::Untold,
    };
    let (rights, status) = (Rights::Untold, Vec::new());
    let mut read = Listing { form, selection, reference, patterns, subscriptions, rights, status };
    let mut ahead = *c;
    if ahead.take(b' ') && !ahead.at_end() {
        *c = ahead;
        read.form = Form::Extended;
        returned(c, &mut read)?;
    }
    listing(read)
}

fn listing(listing: Listing) -> Parsed<Command> {
    let octets: usize = listing.patterns.iter().map(|pattern| listing.reference.len() + pattern.len()).sum();
    if octets > limits::PATTERN {
        return Err(Fault::Limit("the pattern is too long"));
    }
    Ok(Command::List(listing))
}

/// `list-select-opts`
fn selection(c: &mut Cursor<'_>) -> Parsed<Vec<Selection>> {
    let mut all = Vec::new();
    c.expect(b'(', "selection options were expected")?;
    while !c.take(b')') {
        if !all.is_empty() {
            c.space()?;
        }
        let option = match c.word().as_str() {
            "SUBSCRIBED" => Selection::Subscribed,
            "REMOTE" => Selection::Remote,
            "RECURSIVEMATCH" => Selection::RecursiveMatch,
            "SPECIAL-USE" => Selection::SpecialUse,
            _ => return Err(Fault::Syntax("an unknown selection option")),
        };
        all.push(option);
        if all.len() > limits::PATTERNS {
            return Err(Fault::Limit("too many selection options"));
        }
    }
    // RFC 5258 §3.1: RECURSIVEMATCH says how, another option must say what.
    let says_what = |option: &Selection| matches!(option, Selection::Subscribed | Selection::SpecialUse);
    if all.contains(&Selection::RecursiveMatch) && !all.iter().any(says_what) {
        return Err(Fault::Syntax("RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it"));
    }
    Ok(all)
}

/// `patterns`, its bracket behind the cursor
fn patterns(c: &mut Cursor<'_>) -> Parsed<Vec<Vec<u8>>> {
    let mut all = vec![c.pattern()?];
    while !c.take(b')') {
        c.space()?;
        all.push(c.pattern()?);
        if all.len() > limits::PATTERNS {
            return Err(Fault::Limit("too many patterns"));
        }
    }
    Ok(all)
}

/// `list-return-opts`
fn returned(c: &mut Cursor<'_>, read: &mut Listing) -> Parsed<()> {
    if c.word() != "RETURN" {
        return Err(Fault::Syntax("RETURN was expected"));
    }
    c.space()?;
    c.expect(b'(', "return options were expected")?;
    let mut options = 0;
    while !c.take(b')') {
        if options > 0 {
            c.space()?;
        }
        options += 1;
        if options > limits::PATTERNS {
            return Err(Fault::Limit("too many return options"));
        }
        match c.word().as_str() {
            "SUBSCRIBED" => read.subscriptions = Subscriptions::Told,
            "MYRIGHTS" => read.rights = Rights::Told,
            "CHILDREN" | "SPECIAL-USE" => {}
            "STATUS" => {
                c.space()?;
                read.status = status::items(c)?;
            }
            _ => return Err(Fault::Syntax("an unknown return option")),
        }
    }
    Ok(())
}

impl Listing {
    /// Whether it only asks for the delimiter (RFC 3501 §6.3.8); not in an extended form (RFC 5258 §3).
    fn asks_for_delimiter(&self) -> bool {
        self.form == Form::Plain && self.patterns.iter().all(Vec::is_empty)
    }

    /// A pattern after the reference (RFC 3501 §6.3.8).
    fn decoded(&self, pattern: &[u8], strings: Strings) -> Result<String, name::NameError> {
        let whole = name::text(&self.reference, strings)? + &name::text(pattern, strings)?;
        Ok(whole.nfc().collect())
    }

    fn word(&self) -> &'static str {
        match self.form {
            Form::Plain | Form::Extended => "LIST",
            Form::Lsub => "LSUB",
        }
    }

    /// What a name without a folder is called: clients of RFC 3501 do not know `\NonExistent`.
    fn absent(&self) -> &'static str {
        match self.form {
            Form::Plain | Form::Lsub => "\\Noselect",
            Form::Extended => "\\NonExistent",
        }
    }

    /// Whether a folder is one of those asked for, whatever its name.
    fn selects(&self, folder: &Folder) -> bool {
        let by_name = self.form == Form::Lsub || self.selection.contains(&Selection::Subscribed);
        (by_name || folder.kind != FolderKind::Absent)
            && (!by_name || folder.subscription == Subscription::On)
            && (!self.selection.contains(&Selection::SpecialUse) || folder.role.is_some())
    }

    /// Whether nothing is asked but that the folder is there.
    fn selects_all(&self) -> bool {
        self.selection.iter().all(|option| *option == Selection::Remote)
    }

    fn recurses(&self) -> bool {
        self.selection.contains(&Selection::RecursiveMatch)
    }

    /// `("CHILDINFO" ("SUBSCRIBED"))` (RFC 5258 §3.5)
    fn child_info(&self) -> String {
        let names = self.selection.iter().filter_map(|option| match option {
            Selection::Subscribed => Some("\"SUBSCRIBED\""),
            Selection::SpecialUse => Some("\"SPECIAL-USE\""),
            Selection::Remote | Selection::RecursiveMatch => None,
        });
        format!(" (\"CHILDINFO\" ({}))", names.collect::<Vec<_>>().join(" "))
    }
}

/// One line of the answer.
#[derive(Default)]
struct Row<'a> {
    attributes: Vec<&'static str>,
    /// What stands behind the name, if anything does.
    folder: Option<&'a Folder>,
    /// Folders below it were asked for.
    children: bool,
}

impl Server {
    pub(super) fn list(&mut self, tag: &str, listing: Listing, out: &mut Out) {
        if listing.asks_for_delimiter() {
            out.send(format!("* LIST (\\Noselect) \"{DELIMITER}\" \"\"\r\n").as_bytes());
            return self.complete(tag, Completion::ok("LIST done"), Expunges::Told, out);
        }
        let strings = self.enabled.strings();
        let patterns: Result<Vec<String>, _> =
            listing.patterns.iter().map(|pattern| listing.decoded(pattern, strings)).collect();
        match patterns {
            Ok(patterns) => {
                self.uses_status(&listing.status, out);
                let count = status::count(&listing.status);
                let task = Task::List { tag: tag.to_owned(), listing: Box::new(listing), patterns };
                self.ask(Ask::Folders(count), task, out);
            }
            Err(error) => self.fail(tag, Completion::fault(Fault::Name(error)), out),
        }
    }

    pub(super) fn listed(
        &mut self,
        tag: &str,
        listing: &Listing,
        patterns: &[String],
        folders: Result<Vec<Folder>, Refusal>,
        out: &mut Out,
    ) {
        let folders = match folders {
            Ok(folders) => folders,
            Err(refusal) => return self.complete(tag, Completion::refused(refusal), Expunges::Told, out),
        };
        for (name, row) in rows(listing, patterns, &folders) {
            let (attributes, name) = (row.attributes.join(" "), self.folder_name(&name));
            let info = if row.children { listing.child_info() } else { String::new() };
            let line = format!("* {} ({attributes}) \"{DELIMITER}\" {name}{info}\r\n", listing.word());
            out.send(line.as_bytes());
            // RFC 5819 §2, RFC 8440 §4: right after its LIST line, and only of what can be selected.
            let Some(folder) = row.folder.filter(|folder| folder.kind == FolderKind::Selectable) else {
                continue;
            };
            if listing.rights == Rights::Told {
                out.send(acl::my_rights(&name, folder.rights).as_bytes());
            }
            if !listing.status.is_empty() {
                out.send(self.status_line(&name, &listing.status, &folder.status).as_bytes());
            }
        }
        let done = match listing.form {
            Form::Plain | Form::Extended => "LIST done",
            Form::Lsub => "LSUB done",
        };
        self.complete(tag, Completion::ok(done), Expunges::Told, out);
    }

    /// A folder's name as this session writes it.
    pub(super) fn folder_name(&self, name: &FolderName) -> String {
        reply::folder(name, self.enabled.strings())
    }
}

/// The folders to show, in order. Each name, and each name above one, is matched once.
fn rows<'a>(listing: &Listing, patterns: &[String], folders: &'a [Folder]) -> BTreeMap<FolderName, Row<'a>> {
    let written = patterns.iter().map(|pattern| Pattern::new(pattern));
    let of_inbox = patterns.iter().filter_map(|pattern| with_inbox(pattern));
    let matchers: Vec<Pattern> = written.chain(of_inbox.map(|pattern| Pattern::new(&pattern))).collect();
    let matches = |name: &FolderName| matchers.iter().any(|pattern| pattern.matches(name.as_str()));
    let parents = parents(folders);
    let known: BTreeMap<&FolderName, &Folder> = folders.iter().map(|folder| (&folder.name, folder)).collect();
    let describe = |name: &FolderName, folder: Option<&'a Folder>| {
        let mut attributes = Vec::new();
        match folder.map(|folder| folder.kind) {
            Some(FolderKind::Selectable) => {}
            Some(FolderKind::Container) => attributes.push("\\Noselect"),
            Some(FolderKind::Absent) | None => attributes.push(listing.absent()),
        }
        let subscribed = folder.is_some_and(|folder| folder.subscription == Subscription::On);
        if subscribed && listing.subscriptions == Subscriptions::Told {
            attributes.push("\\Subscribed");
        }
        // RFC 3348 §3
        attributes.push(if parents.contains(name) { "\\HasChildren" } else { "\\HasNoChildren" });
        attributes.extend(folder.and_then(|folder| folder.role).map(Role::as_str));
        Row { attributes, folder, children: false }
    };
    let mut rows: BTreeMap<FolderName, Row<'a>> = BTreeMap::new();
    let mut looked_at = BTreeSet::new();
    for folder in folders.iter().filter(|folder| listing.selects(folder)) {
        if matches(&folder.name) {
            rows.entry(folder.name.clone()).or_insert_with(|| describe(&folder.name, Some(folder)));
        }
        let mut above = folder.name.parent();
        while let Some(parent) = above {
            above = parent.parent();
            // What lies above it was looked at with it: the cost stays one look a name (RELIABILITY I-04).
            if !looked_at.insert(parent.clone()) {
                break;
            }
            let there = known.get(&parent).copied();
            // RFC 5258 §3.1: a parent of what was asked for is shown, with CHILDINFO.
            if listing.recurses() && matches(&parent) {
                let row = rows.entry(parent.clone()).or_insert_with(|| describe(&parent, there));
                row.children = true;
                continue;
            }
            // A parent that itself is not shown stands for what it holds (RFC 3501 §6.3.8, §6.3.9).
            let shown = there.is_some_and(|parent| listing.selects(parent));
            if listing.selects_all() && !shown && matches(&parent) {
                rows.entry(parent).or_insert_with(|| Row {
                    attributes: vec![listing.absent(), "\\HasChildren"],
                    ..Row::default()
                });
            }
        }
    }
    for (alias, folder) in aliases(listing, patterns, folders) {
        rows.entry(alias).or_insert_with(|| describe(&folder.name, Some(folder)));
    }
    rows
}

/// Names asked for without a wildcard that are taken for folders of another name.
fn aliases<'a>(
    listing: &Listing,
    patterns: &[String],
    folders: &'a [Folder],
) -> Vec<(FolderName, &'a Folder)> {
    let mut aliases = Vec::new();
    for name in patterns.iter().filter_map(|pattern| FolderName::parse(pattern).ok()) {
        let meant = name.meant(folders.iter().map(|folder| (&folder.name, folder.role)));
        let folder = folders.iter().find(|folder| folder.name == meant && name != meant);
        aliases.extend(folder.filter(|folder| listing.selects(folder)).map(|folder| (name, folder)));
    }
    aliases
}

/// The names above folders that are there.
fn parents(folders: &[Folder]) -> BTreeSet<FolderName> {
    let mut parents = BTreeSet::new();
    for folder in folders.iter().filter(|folder| folder.kind != FolderKind::Absent) {
        let mut above = folder.name.parent();
        while let Some(parent) = above {
            above = parent.parent();
            if !parents.insert(parent) {
                break;
            }
        }
    }
    parents
}

/// The same with INBOX in capitals, of a pattern that names it in another case (RFC 3501 §5.1): `inbox*` means it,
/// and a folder `inboxes` too.
fn with_inbox(pattern: &str) -> Option<String> {
    let (first, rest) = (pattern.get(..5)?, pattern.get(5..)?);
    let whole = rest.chars().next().is_none_or(|next| matches!(next, DELIMITER | '*' | '%'));
    (whole && first != "INBOX" && first.eq_ignore_ascii_case("INBOX")).then(|| format!("INBOX{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed<Command> {
        let mut cursor = Cursor::new(text.as_bytes());
        parse(&mut cursor).and_then(|command| cursor.end().map(|()| command))
    }

    #[test]
    fn extended_forms_are_read_and_others_refused() {
        for text in [
            " \"\" *",
            " () \"\" *",
            " (SUBSCRIBED REMOTE recursivematch) \"\" *",
            " (SPECIAL-USE RECURSIVEMATCH) \"\" *",
            " \"\" (INBOX % \"a b/*\")",
            " \"\" % RETURN ()",
            " \"\" % return (CHILDREN SUBSCRIBED SPECIAL-USE STATUS (MESSAGES SIZE))",
            " (SUBSCRIBED) \"\" (a b) RETURN (CHILDREN)",
        ] {
            assert!(matches!(read(text), Ok(Command::List(_))), "{text}: {:?}", read(text));
        }
        for text in [
            " a",
            " (SUBSCRIBED)\"\" *",
            " (BOGUS) \"\" *",
            " (RECURSIVEMATCH) \"\" *",
            " (RECURSIVEMATCH REMOTE) \"\" *",
            " (SUBSCRIBED \"\" *",
            " \"\" ()",
            " \"\" (a b",
            " \"\" * RETURN",
            " \"\" * RETURN (BOGUS)",
            " \"\" * RETURN (STATUS)",
            " \"\" * RETURN (STATUS ())",
            " \"\" * CHILDREN",
        ] {
            assert!(matches!(read(text), Err(Fault::Syntax(_))), "{text}: {:?}", read(text));
        }
        let many = format!(" \"\" ({}a)", "a ".repeat(limits::PATTERNS));
        assert!(matches!(read(&many), Err(Fault::Limit(_))));
    }
}
