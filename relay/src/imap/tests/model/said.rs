//! Words of answers, as a client reads them.

use super::book::Marks;

/// A FETCH line.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) uid: Option<u32>,
    pub(super) marks: Option<Marks>,
    pub(super) modseq: Option<u64>,
    /// The letter whose subject is shown.
    pub(super) content: Option<u32>,
}

/// A small letter, known again by its number.
pub(super) fn letter(content: u32) -> String {
    format!("Subject: lettre-{content}\r\n\r\nTexte.\r\n")
}

/// Lines; of the literals in them only the letter that they show.
pub(super) fn lines(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let (mut rest, mut lines, mut line) = (&text[..], Vec::new(), String::new());
    while !rest.is_empty() {
        let (piece, after) = rest.split_once("\r\n").unwrap_or((rest, ""));
        rest = after;
        let literal = piece.strip_suffix('}').and_then(|piece| piece.rsplit_once('{'));
        match literal.and_then(|(before, size)| Some((before, size.parse::<usize>().ok()?))) {
            Some((before, size)) => {
                line.push_str(before);
                let content = behind(&rest[..size], "lettre-").and_then(number);
                content.into_iter().for_each(|content| line.push_str(&format!("lettre-{content} ")));
                rest = &rest[size..];
            }
            None => {
                line.push_str(piece);
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    lines.retain(|line| !line.starts_with("+ "));
    lines
}

fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

fn behind<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.split_once(word).map(|(_, rest)| rest)
}

pub(super) fn row(line: &str) -> Option<Row> {
    let (number_text, items) = line.strip_prefix("* ")?.split_once(" FETCH (")?;
    let content = behind(items, "lettre-").and_then(number).map(|n| n as u32);
    let marks = behind(items, "FLAGS (").and_then(|rest| rest.split_once(')'));
    Some(Row {
        number: number_text.parse().ok()?,
        uid: behind(items, "UID ").and_then(number).map(|n| n as u32),
        marks: marks.map(|(marks, _)| marks.split_whitespace().map(str::to_owned).collect()),
        modseq: behind(items, "MODSEQ (").and_then(number),
        content,
    })
}

/// `* 5 EXISTS`
pub(super) fn numbered(line: &str, word: &str) -> Option<u32> {
    line.strip_prefix("* ")?.strip_suffix(word)?.strip_suffix(' ')?.parse().ok()
}

/// The words of a response code.
pub(super) fn word<'a>(line: &'a str, code: &str) -> Option<Vec<&'a str>> {
    let words = behind(line, &format!("[{code} "))?.split_once(']')?.0;
    Some(words.split(' ').collect())
}

/// The number of a response code.
pub(super) fn code(line: &str, name: &str) -> Option<u64> {
    word(line, name).and_then(|words| words[0].parse().ok())
}

pub(super) fn set(text: &str) -> Vec<u32> {
    let mut all = Vec::new();
    for range in text.split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        all.extend(first.parse::<u32>().expect("a number")..=last.parse::<u32>().expect("a number"));
    }
    all
}

pub(super) fn list(marks: &Marks) -> String {
    marks.iter().cloned().collect::<Vec<_>>().join(" ")
}

/// The search key of a mark.
pub(super) fn key(mark: &str) -> String {
    match mark.strip_prefix('\\') {
        Some(flag) => flag.to_uppercase(),
        None => format!("KEYWORD {mark}"),
    }
}

/// What a search found.
pub(super) fn found(line: &str) -> Option<Vec<u32>> {
    if let Some(words) = line.strip_prefix("* SEARCH") {
        let words = words.split_whitespace().take_while(|word| !word.starts_with('('));
        return words.map(|word| word.parse().ok()).collect();
    }
    let words = line.strip_prefix("* ESEARCH")?;
    Some(behind(words, " ALL ").map(|all| set(all.split(' ').next().unwrap_or_default())).unwrap_or_default())
}
