//! What was found, on its way out: `* SEARCH`, `* SORT` (RFC 3501 §7.2.5, RFC 5256 §4), `* ESEARCH`
//! (RFC 4731 §3), `* THREAD` (RFC 5256 §4). Written as it comes; only what an answer must end with, or
//! what is saved, is held.

use std::collections::VecDeque;

use super::command::By;
use super::returns::{Edge, Keep, Return, Returns, Window};
use super::server::Out;
use super::view::View;
use super::{Match, Threaded, UidSet, reply};

/// Writes one answer.
#[derive(Debug)]
pub(super) enum Writer {
    Line(Line),
    Extended(Box<Extended>),
    Threads(ThreadLine),
}

/// `* SEARCH 2 3 6 (MODSEQ 917162500)`
#[derive(Debug)]
pub(super) struct Line {
    name: &'static str,
    by: By,
    asks_changes: bool,
    progress: Progress,
    modseq: u64,
}

/// Whether the beginning of the line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Nothing,
    Begun,
}

/// `* ESEARCH (TAG "a") UID MIN 7 ALL 7,9:12 MAX 12 COUNT 5`
#[derive(Debug)]
pub(super) struct Extended {
    head: String,
    by: By,
    returns: Returns,
    asks_changes: bool,
    progress: Progress,
    runs: Runs,
    count: u32,
    first: Option<Hit>,
    last: Option<Hit>,
    /// The last ones found, for a page counted from the end.
    tail: VecDeque<Hit>,
    saved: Vec<u32>,
    /// The highest of all found, and of those that are told one by one.
    modseq: u64,
    told_modseq: u64,
}

/// `* THREAD (2)(3 6 (4 23)(44 7 96))`
#[derive(Debug)]
pub(super) struct ThreadLine {
    by: By,
    progress: Progress,
    /// Of each fork still open, how many of its branches are not yet written.
    forks: Vec<u32>,
    place: Place,
}

/// Where the next number of a thread is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a thread of its own.
    Between,
    /// Behind an opening parenthesis.
    Opened,
    /// Behind another number.
    Inside,
}

/// A message found that the client knows.
#[derive(Clone, Copy, Debug)]
struct Hit {
    uid: u32,
    shown: u32,
    modseq: u64,
}

/// Numbers as a `sequence-set`, written as soon as a run ends. Sorted answers keep their order: a run only
/// grows upwards (RFC 5267 §3.2).
#[derive(Debug, Default)]
struct Runs {
    run: Option<(u32, u32)>,
    comma: &'static str,
}

impl Writer {
    pub(super) fn line(name: &'static str, by: By, asks_changes: bool) -> Self {
        Self::Line(Line { name, by, asks_changes, progress: Progress::Nothing, modseq: 0 })
    }

    pub(super) fn extended(tag: &str, by: By, returns: Returns, asks_changes: bool) -> Self {
        let uid = match by {
            By::Number => "",
            By::Uid => " UID",
        };
        // RFC 4466 §2.6.2: the correlator is first.
        let head = format!("* ESEARCH (TAG {}){uid}", reply::quoted(tag));
        Self::Extended(Box::new(Extended {
            head,
            by,
            returns,
            asks_changes,
            progress: Progress::Nothing,
            runs: Runs::default(),
            count: 0,
            first: None,
            last: None,
            tail: VecDeque::new(),
            saved: Vec::new(),
            modseq: 0,
            told_modseq: 0,
        }))
    }

    pub(super) fn threads(by: By) -> Self {
        Self::Threads(ThreadLine {
            by,
            progress: Progress::Nothing,
            forks: Vec::new(),
            place: Place::Between,
        })
    }

    pub(super) fn returns(&self) -> Option<&Returns> {
        match self {
            Self::Extended(extended) => Some(&extended.returns),
            Self::Line(_) | Self::Threads(_) => None,
        }
    }

    /// Takes matches; `false` when they are no answer to what was asked.
    pub(super) fn found(&mut self, found: &[Match], view: &View, out: &mut Out) -> bool {
        // Some numbers of five digits and what stands between them.
        let mut text = String::with_capacity(found.len() * 6);
        let by = self.by();
        let hits = found.iter().filter_map(|found| Hit::of(*found, by, view));
        match self {
            Self::Line(line) => hits.for_each(|hit| line.add(hit, &mut text)),
            Self::Extended(extended) => hits.for_each(|hit| extended.add(hit, &mut text)),
            Self::Threads(_) => return false,
        }
        out.send(text.as_bytes());
        true
    }

    /// Takes places of threads; `false` when they cannot be written.
    pub(super) fn threaded(&mut self, places: &[Threaded], view: &View, out: &mut Out) -> bool {
        let Self::Threads(line) = self else { return false };
        let mut text = String::new();
        let fine = places.iter().all(|place| line.add(*place, view, &mut text));
        out.send(text.as_bytes());
        fine
    }

    fn by(&self) -> By {
        match self {
            Self::Line(line) => line.by,
            Self::Extended(extended) => extended.by,
            Self::Threads(line) => line.by,
        }
    }

    /// Ends the answer; what is to be saved, if anything is.
    pub(super) fn finish(self, out: &mut Out) -> Option<UidSet> {
        let mut text = String::new();
        let saved = match self {
            Self::Line(line) => {
                line.finish(&mut text);
                None
            }
            Self::Extended(extended) => extended.finish(&mut text),
            Self::Threads(line) => {
                line.finish(&mut text);
                None
            }
        };
        out.send(text.as_bytes());
        saved
    }

    /// Ends the line because the command failed; what has not begun is not written at all.
    pub(super) fn break_off(self, out: &mut Out) {
        let mut text = String::new();
        match self {
            Self::Line(Line { progress: Progress::Begun, .. }) => text.push_str("\r\n"),
            Self::Extended(extended) if extended.progress == Progress::Begun => {
                drop(extended.finish(&mut text))
            }
            Self::Threads(line) if line.progress == Progress::Begun => line.finish(&mut text),
            Self::Line(_) | Self::Extended(_) | Self::Threads(_) => {}
        }
        out.send(text.as_bytes());
    }
}

/// Writes a number as it is: an answer may hold a hundred thousand.
fn digits(number: u32, text: &mut String) {
    let (mut written, mut at, mut rest) = ([b'0'; 10], 10, number);
    loop {
        at -= 1;
        written[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.push_str(std::str::from_utf8(&written[at..]).unwrap_or_default());
}

impl Hit {
    fn of(found: Match, by: By, view: &View) -> Option<Self> {
        let number = view.number(found.uid)?;
        let shown = match by {
            By::Number => number,
            By::Uid => found.uid,
        };
        Some(Self { uid: found.uid, shown, modseq: found.modseq })
    }
}

impl Line {
    fn begin(&mut self, text: &mut String) {
        if self.progress == Progress::Nothing {
            self.progress = Progress::Begun;
            text.push_str("* ");
            text.push_str(self.name);
        }
    }

    fn add(&mut self, hit: Hit, text: &mut String) {
        self.begin(text);
        text.push(' ');
        digits(hit.shown, text);
        self.modseq = self.modseq.max(hit.modseq);
    }

    fn finish(mut self, text: &mut String) {
        let found = self.progress == Progress::Begun;
        self.begin(text);
        // RFC 7162 §3.1.5: only with results.
        if found && self.asks_changes {
            text.push_str(&format!(" (MODSEQ {})", self.modseq));
        }
        text.push_str("\r\n");
    }
}

impl Extended {
    fn add(&mut self, hit: Hit, text: &mut String) {
        self.count += 1;
        self.modseq = self.modseq.max(hit.modseq);
        if self.first.is_none() {
            self.first = Some(hit);
            self.begin(text);
        }
        self.last = Some(hit);
        if self.returns.has(Return::All) {
            self.tell(hit, " ALL ", text);
        }
        if let Some(window) = self.returns.window() {
            let (from, to) = window.range();
            match window.edge {
                Edge::First if (from..=to).contains(&self.count) => self.tell_page(hit, window, text),
                Edge::First => {}
                Edge::Last => {
                    self.tail.push_back(hit);
                    if self.tail.len() > to as usize {
                        self.tail.pop_front();
                    }
                }
            }
        }
        if self.returns.keep() == Keep::Everything {
            self.saved.push(hit.uid);
        }
    }

    fn begin(&mut self, text: &mut String) {
        if self.progress == Progress::Nothing && self.returns.tells() {
            self.progress = Progress::Begun;
            text.push_str(&self.head);
            if let Some(first) = self.first.filter(|_| self.returns.has(Return::Min)) {
                text.push_str(&format!(" MIN {}", first.shown));
            }
        }
    }

    /// Writes one of a list that begins with `before`.
    fn tell(&mut self, hit: Hit, before: &str, text: &mut String) {
        if self.runs.is_empty() {
            text.push_str(before);
        }
        self.runs.add(hit.shown, text);
        self.told_modseq = self.told_modseq.max(hit.modseq);
    }

    fn tell_page(&mut self, hit: Hit, window: Window, text: &mut String) {
        self.tell(hit, &format!(" PARTIAL ({window} "), text);
        if self.returns.keep() == Keep::Returned {
            self.saved.push(hit.uid);
        }
    }

    fn finish(mut self, text: &mut String) -> Option<UidSet> {
        self.begin(text);
        if let Some(window) = self.returns.window() {
            if window.edge == Edge::Last {
                let (from, to) = window.range();
                let tail = std::mem::take(&mut self.tail);
                let page = tail.len().saturating_sub(from as usize - 1);
                let skipped = tail.len().saturating_sub(to as usize);
                tail.into_iter().take(page).skip(skipped).for_each(|hit| self.tell_page(hit, window, text));
            }
            // RFC 9394 §3.1: NIL when there is nothing on the page.
            if self.runs.is_empty() {
                text.push_str(&format!(" PARTIAL ({window} NIL)"));
            } else {
                self.runs.end(text);
                text.push(')');
            }
        } else {
            self.runs.end(text);
        }
        let max = self.last.filter(|_| self.returns.has(Return::Max));
        if let Some(last) = max {
            text.push_str(&format!(" MAX {}", last.shown));
        }
        if self.returns.has(Return::Count) {
            text.push_str(&format!(" COUNT {}", self.count));
        }
        let min = self.first.filter(|_| self.returns.has(Return::Min));
        let ends = [min, max].into_iter().flatten();
        if self.asks_changes && self.count > 0 && self.returns.tells() {
            // RFC 4731 §3.2: of MIN and MAX alone, theirs; with ALL or COUNT, the highest of all.
            let all = self.returns.has(Return::All) || self.returns.has(Return::Count);
            let told = ends.clone().map(|hit| hit.modseq).fold(self.told_modseq, u64::max);
            text.push_str(&format!(" MODSEQ {}", if all { self.modseq } else { told }));
        }
        if self.returns.tells() {
            text.push_str("\r\n");
        }
        match self.returns.keep() {
            Keep::Nothing => None,
            Keep::Everything => Some(self.saved.into_iter().collect()),
            Keep::Returned => Some(self.saved.into_iter().chain(ends.map(|hit| hit.uid)).collect()),
        }
    }
}

impl Runs {
    fn is_empty(&self) -> bool {
        self.run.is_none() && self.comma.is_empty()
    }

    fn add(&mut self, number: u32, text: &mut String) {
        match &mut self.run {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => {
                self.end(text);
                self.run = Some((number, number));
            }
        }
    }

    fn end(&mut self, text: &mut String) {
        let Some((first, last)) = self.run.take() else { return };
        text.push_str(self.comma);
        self.comma = ",";
        digits(first, text);
        if last > first {
            text.push_str(&format!(":{last}"));
        }
    }
}

impl ThreadLine {
    /// Writes one place, and the parentheses it opens or closes; `false` for a message without a number,
    /// or an empty place with nothing under it.
    fn add(&mut self, place: Threaded, view: &View, text: &mut String) -> bool {
        if self.place == Place::Between {
            text.push_str(if self.progress == Progress::Nothing { "* THREAD (" } else { "(" });
            (self.progress, self.place) = (Progress::Begun, Place::Opened);
        }
        match place.uid {
            Some(uid) => {
                let Some(number) = view.number(uid) else { return false };
                let shown = match self.by {
                    By::Number => number,
                    By::Uid => uid,
                };
                if self.place == Place::Inside {
                    text.push(' ');
                }
                digits(shown, text);
                self.place = Place::Inside;
            }
            None if place.children == 0 => return false,
            None => {}
        }
        match place.children {
            0 => self.close(text),
            // The next one follows in the same list.
            1 => {}
            branches => {
                self.forks.push(branches);
                if self.place == Place::Inside {
                    text.push(' ');
                }
                text.push('(');
                self.place = Place::Opened;
            }
        }
        true
    }

    /// Ends a branch, and with the last branch of a fork the list that forked.
    fn close(&mut self, text: &mut String) {
        text.push(')');
        while let Some(left) = self.forks.last_mut() {
            *left -= 1;
            if *left > 0 {
                text.push('(');
                self.place = Place::Opened;
                return;
            }
            self.forks.pop();
            text.push(')');
        }
        self.place = Place::Between;
    }

    fn finish(self, text: &mut String) {
        if self.progress == Progress::Nothing {
            text.push_str("* THREAD");
        }
        if self.place != Place::Between {
            text.push_str(&")".repeat(self.forks.len() + 1));
        }
        text.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(places: &[(Option<u32>, u32)]) -> String {
        let view = View::new(&UidSet::range(1..=200));
        let Writer::Threads(mut line) = Writer::threads(By::Uid) else { unreachable!() };
        let mut text = String::new();
        for (uid, children) in places {
            assert!(line.add(Threaded { uid: *uid, children: *children }, &view, &mut text));
        }
        line.finish(&mut text);
        text
    }

    #[test]
    fn threads_are_written_as_the_examples_of_the_rfc() {
        let some = |uid, children| (Some(uid), children);
        for (places, line) in [
            (vec![], "* THREAD\r\n"),
            (
                vec![
                    some(2, 0),
                    some(3, 1),
                    some(6, 2),
                    some(4, 1),
                    some(23, 0),
                    some(44, 1),
                    some(7, 1),
                    some(96, 0),
                ],
                "* THREAD (2)(3 6 (4 23)(44 7 96))\r\n",
            ),
            (vec![(None, 2), some(3, 0), some(5, 0)], "* THREAD ((3)(5))\r\n"),
            (
                vec![some(1, 2), some(2, 0), some(3, 2), some(4, 0), some(5, 0), some(6, 0)],
                "* THREAD (1 (2)(3 (4)(5)))(6)\r\n",
            ),
        ] {
            assert_eq!(threads(&places), line);
        }
    }

    #[test]
    fn a_message_without_a_number_cannot_be_written() {
        let view = View::new(&UidSet::range(1..=2));
        for place in [Threaded { uid: Some(3), children: 0 }, Threaded { uid: None, children: 0 }] {
            let Writer::Threads(mut line) = Writer::threads(By::Number) else { unreachable!() };
            assert!(!line.add(place, &view, &mut String::new()));
        }
    }

    #[test]
    fn runs_only_grow_upwards() {
        let (mut runs, mut text) = (Runs::default(), String::new());
        for number in [5, 6, 7, 3, 2, 1, 9, u32::MAX, 1] {
            runs.add(number, &mut text);
        }
        runs.end(&mut text);
        assert_eq!(text, "5:7,3,2,1,9,4294967295,1");
    }
}
