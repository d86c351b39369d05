//! CONDSTORE and QRESYNC (RFC 7162): what a client that comes back asks, and what it is told.

use std::sync::Arc;

use super::command::By;
use super::enabled::Extension;
use super::fetch_items::{FetchItem, FetchItems};
use super::notify::After;
use super::reply::Completion;
use super::returns::{self, Window};
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Phase, Server, Task};
use super::set::{Bound, SequenceSet};
use super::{Ask, MarkSeen, Refusal, Since, UidSet, limits};

/// What SELECT and EXAMINE ask beyond the folder (RFC 7162 §3.1.8, §3.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    Nothing,
    CondStore,
    QResync(Remembered),
}

/// What a client remembers of a folder (RFC 7162 §3.2.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remembered {
    uid_validity: u32,
    modseq: u64,
    /// Messages it knows; all that could be when it does not say.
    uids: Option<UidSet>,
    /// Some numbers, and the UIDs they had (§3.2.5.2), both ascending.
    pairs: Vec<(u32, u32)>,
}

/// `CHANGEDSINCE`, and perhaps `VANISHED` (RFC 7162 §3.1.4.1, §3.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChangedSince {
    pub modseq: u64,
    pub gone: TellGone,
}

/// What a FETCH says behind its items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modifiers {
    pub since: Option<ChangedSince>,
    /// `PARTIAL`: which of the messages, as a page of them.
    pub page: Option<Window>,
}

/// Whether messages gone are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TellGone {
    Yes,
    No,
}

/// A question about the past that the world answers before rows are fetched.
#[derive(Debug)]
pub(super) struct Catching {
    pub tag: String,
    /// Of these messages, those changed are fetched.
    uids: UidSet,
    /// Messages that the client knew and may have lost; none when it did not ask.
    known: UidSet,
    items: Arc<FetchItems>,
    seen: MarkSeen,
    by: By,
    end: End,
}

/// How a command that fetches rows ends.
#[derive(Debug)]
pub(super) enum End {
    /// As FETCH does.
    Fetch,
    /// With these words, and no news in between: SELECT (RFC 7162 §3.2.5).
    With(Completion),
    /// Nothing was asked: new messages that NOTIFY shows (RFC 5465 §5.2).
    Shown(After),
}

/// `mod-sequence-valzer` (RFC 7162 §7).
fn modseq(c: &mut Cursor<'_>) -> Parsed<u64> {
    c.number63()
}

/// `[SP "(" select-param *(SP select-param) ")"]`
pub(super) fn select_parameters(c: &mut Cursor<'_>) -> Parsed<Sync> {
    let mut sync = Sync::Nothing;
    let mut ahead = *c;
    if !ahead.take(b' ') || ahead.at_end() {
        return Ok(sync);
    }
    c.space()?;
    c.expect(b'(', "a list of parameters was expected")?;
    loop {
        match (c.word().as_str(), &sync) {
            ("CONDSTORE", Sync::Nothing) => sync = Sync::CondStore,
            // It says nothing that QRESYNC does not.
            ("CONDSTORE", Sync::CondStore | Sync::QResync(_)) => {}
            ("QRESYNC", Sync::Nothing | Sync::CondStore) => sync = Sync::QResync(remembered(c)?),
            _ => return Err(Fault::Syntax("an unknown parameter")),
        }
        if !c.take(b' ') {
            break;
        }
    }
    c.expect(b')', "the list of parameters is not closed")?;
    Ok(sync)
}

/// `SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"`
fn remembered(c: &mut Cursor<'_>) -> Parsed<Remembered> {
    c.space()?;
    c.expect(b'(', "UIDVALIDITY and a modification sequence were expected")?;
    let uid_validity = c.positive()?;
    c.space()?;
    let mut remembered = Remembered { uid_validity, modseq: modseq(c)?, uids: None, pairs: Vec::new() };
    if c.take(b' ') {
        if c.peek() != Some(b'(') {
            remembered.uids = Some(without_star(c)?);
        }
        if remembered.uids.is_none() || c.take(b' ') {
            c.expect(b'(', "numbers and their UIDs were expected")?;
            let numbers = without_star(c)?;
            c.space()?;
            let uids = without_star(c)?;
            c.expect(b')', "numbers and their UIDs were expected")?;
            if numbers.len() != uids.len() {
                return Err(Fault::Syntax("as many UIDs as numbers were expected"));
            }
            if numbers.len() > limits::RANGES as u64 {
                return Err(Fault::Limit("too many numbers and UIDs"));
            }
            remembered.pairs = numbers.iter().zip(uids.iter()).collect();
        }
    }
    c.expect(b')', "the parameters of QRESYNC are not closed")?;
    Ok(remembered)
}

/// A set in which `*` has no place (RFC 7162 §7 `known-uids`).
fn without_star(c: &mut Cursor<'_>) -> Parsed<UidSet> {
    let set = c.sequence_set()?;
    if set.is_saved() {
        return Err(Fault::Syntax("$ has no meaning here"));
    }
    match set.0.iter().any(|(a, b)| [a, b].contains(&&Bound::Star)) {
        true => Err(Fault::Syntax("* has no meaning here")),
        false => Ok(set.resolve(0)),
    }
}

/// `[SP "(" fetch-modifier *(SP fetch-modifier) ")"]`
pub(super) fn fetch_modifiers(c: &mut Cursor<'_>) -> Parsed<Modifiers> {
    let mut ahead = *c;
    if !ahead.take(b' ') || ahead.at_end() {
        return Ok(Modifiers::default());
    }
    c.space()?;
    c.expect(b'(', "a list of modifiers was expected")?;
    let (mut since, mut gone, mut page) = (None, TellGone::No, None);
    loop {
        match c.word().as_str() {
            "CHANGEDSINCE" if since.is_none() => {
                c.space()?;
                since = Some(modseq(c)?);
            }
            "VANISHED" => gone = TellGone::Yes,
            // RFC 9394 §3.3
            "PARTIAL" if page.is_none() => {
                c.space()?;
                page = Some(returns::window(c)?);
            }
            _ => return Err(Fault::Syntax("an unknown modifier of FETCH")),
        }
        if !c.take(b' ') {
            break;
        }
    }
    c.expect(b')', "the list of modifiers is not closed")?;
    match (since, gone) {
        (Some(modseq), gone) => Ok(Modifiers { since: Some(ChangedSince { modseq, gone }), page }),
        (None, TellGone::No) => Ok(Modifiers { since: None, page }),
        // RFC 7162 §3.2.6
        (None, TellGone::Yes) => Err(Fault::Syntax("VANISHED goes with CHANGEDSINCE")),
    }
}

/// `["(" store-modifier *(SP store-modifier) ")" SP]`
pub(super) fn store_modifiers(c: &mut Cursor<'_>) -> Parsed<Option<u64>> {
    if !c.take(b'(') {
        return Ok(None);
    }
    if c.word() != "UNCHANGEDSINCE" {
        return Err(Fault::Syntax("an unknown modifier of STORE"));
    }
    c.space()?;
    let since = modseq(c)?;
    c.expect(b')', "the list of modifiers is not closed")?;
    c.space()?;
    Ok(Some(since))
}

impl Server {
    /// From now on every FETCH that shows flags shows the modification sequence as well (RFC 7162 §3.1),
    /// and a client that began in an open folder is told from where it counts.
    pub(super) fn enable_condstore(&mut self, out: &mut Out) {
        if self.enabled.has(Extension::CondStore) {
            return;
        }
        self.enabled.switch_on(Extension::CondStore);
        if let Some(selection) = self.selection.as_ref() {
            let code = format!("HIGHESTMODSEQ {}", selection.highest);
            out.send(Completion::ok("told so far").with(code).line("*").as_bytes());
        }
    }

    /// The end of SELECT for a client that remembers the folder: what went, then what changed (RFC 7162
    /// §3.2.5.1). What it says of another life of the folder counts for nothing.
    pub(super) fn resync(
        &mut self,
        tag: &str,
        remembered: &Remembered,
        uid_validity: u32,
        completion: Completion,
        out: &mut Out,
    ) {
        let Some(selection) = self.selection.as_ref().filter(|_| remembered.uid_validity == uid_validity)
        else {
            out.send(completion.line(tag).as_bytes());
            self.phase = Phase::Ready;
            return;
        };
        let all = || UidSet::range(1..=selection.uid_next.saturating_sub(1).max(1));
        let known = remembered.uids.clone().unwrap_or_else(all);
        // A number that still has its UID: nothing before it is lost (RFC 7162 §3.2.5.2).
        let view = &selection.view;
        let whole = remembered.pairs.iter().rev().find(|(number, uid)| view.number(*uid) == Some(*number));
        let known = match whole {
            Some((_, uid)) => known.difference(&UidSet::range(1..=*uid)),
            None => known,
        };
        let uids = match &remembered.uids {
            // Those it never saw it will fetch as new ones.
            Some(uids) => view.present(uids),
            None => view.uids(),
        };
        let items = [FetchItem::Uid, FetchItem::Flags, FetchItem::ModSeq].to_vec();
        let catching = Catching {
            tag: tag.to_owned(),
            uids,
            known,
            items: Arc::new(FetchItems::of(items)),
            seen: MarkSeen::No,
            by: By::Uid,
            end: End::With(completion),
        };
        self.ask(Ask::Since(remembered.modseq), Task::Catch(Box::new(catching)), out);
    }

    /// FETCH with CHANGEDSINCE (RFC 7162 §3.1.4.1); with VANISHED, messages gone are told (§3.2.6).
    pub(super) fn fetch_since(
        &mut self,
        tag: &str,
        (by, set, uids): (By, &SequenceSet, UidSet),
        (items, seen): (Arc<FetchItems>, MarkSeen),
        since: ChangedSince,
        out: &mut Out,
    ) {
        let known = match since.gone {
            TellGone::No => UidSet::new(),
            TellGone::Yes => {
                // `*` is the greatest UID that the client could know, gone or not.
                let top = self.selection.as_ref().map_or(0, |selection| selection.uid_next.saturating_sub(1));
                set.resolve(top).intersection(&UidSet::range(1..=top.max(1)))
            }
        };
        let catching = Catching { tag: tag.to_owned(), uids, known, items, seen, by, end: End::Fetch };
        self.ask(Ask::Since(since.modseq), Task::Catch(Box::new(catching)), out);
    }

    pub(super) fn caught(&mut self, catching: Catching, since: Result<Since, Refusal>, out: &mut Out) {
        let Catching { tag, uids, known, items, seen, by, end } = catching;
        let (since, refusal) = match since {
            Ok(since) => (since, None),
            // Nothing was told: the folder is open, and the client compares for itself.
            Err(refusal) => (Since { changed: UidSet::new(), gone: Some(UidSet::new()) }, Some(refusal)),
        };
        if let Some(selection) = self.selection.as_ref() {
            // What has a number is not gone for this client: VANISHED or EXPUNGE will tell it in its turn.
            let missing = known.difference(&selection.view.uids());
            let gone = since.gone.map_or(missing.clone(), |gone| missing.intersection(&gone));
            vanished("* VANISHED (EARLIER)", &gone, out);
        }
        let fetching = self.fetching(tag, (by, Arc::clone(&items)), refusal, end);
        let uids = uids.intersection(&since.changed);
        if uids.is_empty() {
            return self.fetch_ended(*fetching, out);
        }
        self.pull(
            Ask::Fetch { uids, items, seen, strings: self.enabled.strings() },
            Task::Fetch(fetching),
            out,
        );
    }
}

/// Lines of `VANISHED` (RFC 7162 §3.2.10), none of them endless.
pub(super) fn vanished(word: &str, uids: &UidSet, out: &mut Out) {
    for ranges in uids.ranges().chunks(limits::VANISHED_RANGES) {
        let set = UidSet::from_ranges(ranges.to_vec());
        out.send(format!("{word} {set}\r\n").as_bytes());
    }
}
