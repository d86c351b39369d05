//! Reads the house: its files, and Rust text with comments, strings and tests told apart.
//!
//! Not a parser of Rust: enough of its lexical grammar to know what is code, what is a string and what
//! is only compiled for tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are not ours to judge.
const ELSEWHERE: [&str; 4] = ["target", "node_modules", ".git", "fuzz"];

/// The top of the house.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the house").to_owned()
}

/// Every file with this ending, as (path from the top, text).
pub fn files(ending: &str) -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the house can be listed") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !ELSEWHERE.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                // A file that goes away meanwhile is somebody's temporary one.
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let path = path.strip_prefix(&root).expect("found below the top");
                found.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// A Rust file that goes into the product, read apart.
pub struct Source {
    /// Path from the top.
    pub path: String,
    /// The code: comments and the insides of strings are blank, tests are gone, lines are kept.
    pub code: String,
    /// String literals with their line, from 1.
    pub strings: Vec<(usize, String)>,
    /// The text as it stands.
    pub text: String,
}

impl Source {
    /// The line of a place in `code`, from 1.
    pub fn line(&self, place: usize) -> usize {
        1 + self.code[..place].matches('\n').count()
    }

    /// The crate's folder, as `relay/wire`; empty for the binary.
    pub fn room(&self) -> &str {
        self.path.split_once("src/").map_or("", |(room, _)| room.trim_end_matches('/'))
    }
}

/// All Rust files under some `src/` that are compiled outside tests.
pub fn product() -> Vec<Source> {
    let all: Vec<(String, String)> = files(".rs")
        .into_iter()
        .filter(|(path, _)| {
            let in_src = path.starts_with("src/") || path.contains("/src/");
            in_src && !path.starts_with("tests/") && !path.starts_with("benches/")
        })
        .collect();
    let mut for_tests: BTreeSet<String> = BTreeSet::new();
    let mut sources = Vec::new();
    for (path, text) in all {
        let (code, strings) = apart(&text);
        let (code, gone, modules) = without_tests(&code);
        let strings = strings.into_iter().filter(|(place, _)| !gone.iter().any(|span| span.contains(place)));
        let strings =
            strings.map(|(place, literal)| (1 + text[..place].matches('\n').count(), literal)).collect();
        for_tests.extend(modules.iter().map(|module| beside(&path, module)));
        sources.push(Source { path, code, strings, text });
    }
    sources.retain(|source| {
        !for_tests.iter().any(|module| {
            source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/"))
        })
    });
    sources
}

/// Where the module `name` of the file at `path` stands, without its ending.
fn beside(path: &str, name: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" | "mod.rs" => format!("{folder}/{name}"),
        file => format!("{folder}/{}/{name}", file.trim_end_matches(".rs")),
    }
}

/// Code with blanks for comments and insides of strings, and the strings by place. Byte places are kept.
fn apart(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"//") {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end);
            blank(&mut code[at..end]);
            at = end;
        } else if rest.starts_with(b"/*") {
            let end = text[at..].find("*/").map_or(bytes.len(), |end| at + end + 2);
            blank(&mut code[at..end]);
            at = end;
        } else if let Some((open, close)) = string_at(bytes, at) {
            let end = match close {
                None => plain_end(bytes, open),
                Some(hashes) => {
                    let close = format!("\"{}", "#".repeat(hashes));
                    text[open..].find(&close).map_or(bytes.len(), |end| open + end)
                }
            };
            strings.push((open, text[open..end].to_owned()));
            blank(&mut code[open..end]);
            at = end + 1;
        } else if bytes[at] == b'\'' {
            at = character_end(bytes, at);
        } else {
            at += 1;
        }
    }
    (String::from_utf8(code).expect("only whole characters were blanked"), strings)
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// A string that begins here: where its inside begins, and for a raw one its number of `#`.
fn string_at(bytes: &[u8], at: usize) -> Option<(usize, Option<usize>)> {
    if bytes[at] == b'"' {
        return Some((at + 1, None));
    }
    let word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if word || bytes[at] != b'r' {
        // `br"…"` is met again at its `r`, whose neighbour `b` is a word: allow exactly that.
        let byte_raw = bytes[at] == b'r' && at > 0 && bytes[at - 1] == b'b';
        if !byte_raw {
            return None;
        }
    }
    let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
    (bytes.get(at + 1 + hashes) == Some(&b'"')).then_some((at + 2 + hashes, Some(hashes)))
}

fn plain_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// Behind a character literal, or behind the quote of a lifetime.
fn character_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        let end = bytes[at + 3..].iter().position(|byte| *byte == b'\'').unwrap_or(0);
        return at + 4 + end;
    }
    // One character of up to four bytes, then a quote.
    (2..=5).find(|length| bytes.get(at + length) == Some(&b'\'')).map_or(at + 1, |length| {
        let inside = &bytes[at + 1..at + length];
        let one = std::str::from_utf8(inside).is_ok_and(|inside| inside.chars().count() == 1);
        if one { at + length + 1 } else { at + 1 }
    })
}

/// Code without what is compiled for tests only, where that was, and the modules it names.
fn without_tests(code: &str) -> (String, Vec<std::ops::Range<usize>>, Vec<String>) {
    let mut left = code.as_bytes().to_vec();
    let (mut gone, mut modules) = (Vec::new(), Vec::new());
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(") {
        let start = from + found;
        let end_of_attribute = start + code[start..].find(']').map_or(0, |end| end + 1);
        from = end_of_attribute;
        // Strings are blank here, so `feature = "testing"` is known by its word before the blank.
        let condition = &code[start..end_of_attribute];
        if !(condition.contains("test") || condition.contains("feature")) {
            continue;
        }
        let item = &code[end_of_attribute..];
        let open = item.find('{').unwrap_or(item.len());
        let semicolon = item.find(';').unwrap_or(item.len());
        let end = if semicolon < open {
            let words: Vec<&str> = item[..semicolon].split_whitespace().collect();
            if let [.., "mod", name] = words.as_slice() {
                modules.push((*name).to_owned());
            }
            end_of_attribute + semicolon + 1
        } else {
            end_of_attribute + open + closing(&item[open..])
        };
        blank(&mut left[start..end]);
        gone.push(start..end);
        from = end;
    }
    (String::from_utf8(left).expect("only whole characters were blanked"), gone, modules)
}

/// Behind the brace that closes the one at 0. Braces in strings are blank; those in characters balance
/// or are rare enough to be written `\u{7b}`.
fn closing(item: &str) -> usize {
    let mut depth = 0_usize;
    for (place, character) in item.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1;
                }
            }
            _ => {}
        }
    }
    item.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_strings_comments_and_tests_are_told_apart() {
        let text = concat!(
            "// \"not a string\"\n",
            "fn a<'x>(b: &'x str) -> char { let _ = \"one \\\" two\"; '\"' }\n",
            "const R: &str = r#\"raw \"inside\" it\"#; /* \"no\" */\n",
            "const B: &[u8] = b\"421 busy\";\n",
            "#[cfg(test)]\nmod tests { const T: &str = \"of a test\"; }\n",
            "#[cfg(test)]\nmod far;\n",
            "fn after() { let _ = \"kept\"; }\n",
        );
        let (code, strings) = apart(text);
        assert_eq!(code.len(), text.len());
        let (code, gone, modules) = without_tests(&code);
        let kept: Vec<&str> = strings
            .iter()
            .filter(|(place, _)| !gone.iter().any(|span| span.contains(place)))
            .map(|(_, literal)| literal.as_str())
            .collect();
        assert_eq!(kept, ["one \\\" two", "raw \"inside\" it", "421 busy", "kept"]);
        assert_eq!(modules, ["far"]);
        assert!(code.contains("fn after()") && !code.contains("mod tests"));
        assert_eq!(beside("a/src/lib.rs", "far"), "a/src/far");
        assert_eq!(beside("a/src/near.rs", "far"), "a/src/near/far");
    }
}
