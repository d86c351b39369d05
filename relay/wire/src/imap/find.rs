//! SEARCH, SORT, THREAD and their UID forms (RFC 3501 §6.4.4; RFC 5256 §3; RFC 4731; RFC 5267 §3),
//! streamed in one line.

use super::command::By;
use super::enabled::Extension;
use super::found::Writer;
use super::reply::Completion;
use super::returns::{self, Edge, Keep, Returns};
use super::scan::{Cursor, Fault, Parsed};
use super::search::{self, SearchKey, Written};
use super::server::{Out, Phase, Server, Task};
use super::session::Selection;
use super::sort::{self, SortKey};
use super::thread::{self, ThreadBy};
use super::{Answer, Ask, Refusal, UidSet, Wanted};

/// A command that looks for messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Find {
    pub by: By,
    pub kind: Kind,
    /// `RETURN (…)`
    pub returns: Option<Returns>,
    pub charset: Charset,
    pub key: Written,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Search,
    Sort(Vec<SortKey>),
    Thread(ThreadBy),
}

/// What was said of the charset of texts looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Unsaid,
    Known,
    Unknown,
}

/// A command whose results are coming.
#[derive(Debug)]
pub(super) struct Finding {
    tag: String,
    by: By,
    done: &'static str,
    writer: Writer,
    refusal: Option<Refusal>,
}

/// `"SEARCH" [search-return-opts] SP ["CHARSET" SP charset SP] search-key *(SP search-key)`
pub(super) fn search(cursor: &mut Cursor<'_>, by: By) -> Parsed<Find> {
    let returns = returns::parse(cursor)?;
    cursor.space()?;
    let mut ahead = *cursor;
    let mut read = Charset::Unsaid;
    if ahead.word() == "CHARSET" {
        ahead.space()?;
        read = charset(&mut ahead)?;
        *cursor = ahead;
    }
    Ok(Find { by, kind: Kind::Search, returns, charset: read, key: key(cursor, read)? })
}

/// `"SORT" [search-return-opts] SP sort-criteria SP charset 1*(SP search-key)`
pub(super) fn sorting(cursor: &mut Cursor<'_>, by: By) -> Parsed<Find> {
    let returns = returns::parse(cursor)?;
    cursor.space()?;
    let kind = Kind::Sort(sort::criteria(cursor)?);
    cursor.space()?;
    let read = charset(cursor)?;
    Ok(Find { by, kind, returns, charset: read, key: key(cursor, read)? })
}

/// `"THREAD" SP thread-alg SP charset 1*(SP search-key)`
pub(super) fn threading(cursor: &mut Cursor<'_>, by: By) -> Parsed<Find> {
    cursor.space()?;
    let kind = Kind::Thread(thread::algorithm(cursor)?);
    cursor.space()?;
    let read = charset(cursor)?;
    Ok(Find { by, kind, returns: None, charset: read, key: key(cursor, read)? })
}

fn charset(cursor: &mut Cursor<'_>) -> Parsed<Charset> {
    let name = cursor.astring()?;
    let known = ["UTF-8", "US-ASCII"].iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    cursor.space()?;
    Ok(if known { Charset::Known } else { Charset::Unknown })
}

/// What is written in a charset we do not read may be anything.
fn key(cursor: &mut Cursor<'_>, charset: Charset) -> Parsed<Written> {
    match charset {
        Charset::Unsaid | Charset::Known => search::parse(cursor),
        Charset::Unknown => {
            cursor.skip();
            Ok(Written::Key(SearchKey::Nothing))
        }
    }
}

impl Server {
    pub(super) fn find(&mut self, tag: &str, mut find: Find, out: &mut Out) {
        // RFC 6855 §3: who speaks UTF-8 must not name a charset.
        let named = find.kind == Kind::Search && find.charset != Charset::Unsaid;
        if named && self.enabled.has(Extension::Utf8Accept) {
            let completion = Completion::bad("UTF8=ACCEPT is on: the charset is UTF-8, and is not said");
            return self.fail(tag, completion.with("CLIENTBUG"), out);
        }
        // RFC 9051 §6.4.4: its answer to SEARCH is ESEARCH.
        if find.kind == Kind::Search && find.returns.is_none() && self.enabled.has(Extension::Rev2) {
            find.returns = Some(Returns::all());
        }
        let Some(selection) = self.selection.as_mut() else { return };
        if find.charset == Charset::Unknown {
            // RFC 5182 §2.1: a NO empties what was saved, a BAD leaves it.
            selection.forget(find.returns.as_ref());
            return self.fail(tag, Completion::fault(Fault::Charset), out);
        }
        let Some(key) = find.key.resolve(selection) else { return self.no_such_number(tag, out) };
        let asks_changes = key.asks_changes();
        let all = selection.view.present(&UidSet::range(1..=u32::MAX));
        let (ask, done, writer) = match (find.kind, find.returns) {
            (Kind::Search, None) => {
                let writer = Writer::line("SEARCH", find.by, asks_changes);
                (Ask::Search { key, wanted: Wanted::All }, "SEARCH done", writer)
            }
            (Kind::Search, Some(returns)) => {
                let (key, wanted) = match returns.enough() {
                    // Only what the client knows of counts, or the last one found could be one it does not.
                    Some((edge, count)) => {
                        (SearchKey::And(vec![SearchKey::Uids(all), key]), edge.wanted(count))
                    }
                    None => (key, Wanted::All),
                };
                (
                    Ask::Search { key, wanted },
                    "SEARCH done",
                    Writer::extended(tag, find.by, returns, asks_changes),
                )
            }
            (Kind::Sort(by), None) => {
                (Ask::Sort { key, by }, "SORT done", Writer::line("SORT", find.by, asks_changes))
            }
            (Kind::Sort(by), Some(returns)) => {
                (Ask::Sort { key, by }, "SORT done", Writer::extended(tag, find.by, returns, asks_changes))
            }
            (Kind::Thread(by), _) => {
                // A message without a number would leave a hole in its thread.
                let key = SearchKey::And(vec![SearchKey::Uids(all), key]);
                (Ask::Thread { key, by }, "THREAD done", Writer::threads(find.by))
            }
        };
        if asks_changes {
            // RFC 7162 §3.1: to ask for modification sequences is to switch them on.
            self.enable_condstore(out);
        }
        let finding = Finding { tag: tag.to_owned(), by: find.by, done, writer, refusal: None };
        self.pull(ask, Task::Find(finding), out);
    }

    pub(super) fn found(&mut self, mut finding: Finding, answer: Answer, out: &mut Out) {
        // A message that the client has not heard of yet has no number, and is not shown by UID either:
        // what a SEARCH finds must be there to FETCH.
        let Some(selection) = self.selection.as_ref() else { return };
        let fine = match answer {
            Answer::Found(found) => finding.writer.found(&found, &selection.view, out),
            Answer::Threads(places) => finding.writer.threaded(&places, &selection.view, out),
            Answer::Refused(refusal) => {
                finding.refusal = Some(refusal);
                true
            }
            _ => false,
        };
        if !fine {
            return self.bye("SERVERBUG", "an internal error; please come back", out);
        }
        self.phase = Phase::Waiting(Task::Find(finding));
    }

    pub(super) fn find_ended(&mut self, finding: Finding, out: &mut Out) {
        let returns = finding.writer.returns().cloned();
        let completion = match finding.refusal {
            Some(refusal) => {
                finding.writer.break_off(out);
                if let Some(selection) = self.selection.as_mut() {
                    selection.forget(returns.as_ref());
                }
                Completion::refused(refusal)
            }
            None => {
                let saved = finding.writer.finish(out);
                if let Some((selection, saved)) = self.selection.as_mut().zip(saved) {
                    selection.saved = saved;
                }
                Completion::ok(finding.done)
            }
        };
        self.complete_messages(&finding.tag, finding.by, completion, out);
    }
}

impl Edge {
    fn wanted(self, count: u32) -> Wanted {
        match self {
            Self::First => Wanted::First(count),
            Self::Last => Wanted::Last(count),
        }
    }
}

impl Selection {
    /// Empties `$` when what was to fill it was refused.
    fn forget(&mut self, returns: Option<&Returns>) {
        if returns.is_some_and(|returns| returns.keep() != Keep::Nothing) {
            self.saved = UidSet::new();
        }
    }
}
