//! The places where the two engines differ, side by side.
//!
//! Nine words in braces, and nothing else: every other SQL text is the same on both.

use crate::Engine;
use std::borrow::Cow;

/// What each word in braces becomes: (word, SQLite, PostgreSQL).
const WORDS: [(&str, &str, &str); 9] = [
    ("{ID}", "INTEGER PRIMARY KEY NOT NULL", "BIGINT PRIMARY KEY NOT NULL"),
    ("{INT}", "INTEGER", "BIGINT"),
    ("{TEXT}", "TEXT", "TEXT"),
    ("{BYTES}", "BLOB", "BYTEA"),
    ("{BOOL}", "INTEGER", "BOOLEAN"),
    ("{STRICT}", "STRICT", ""),
    // A table that *is* its primary key's index: one tree to write instead of two.
    ("{CLUSTERED}", "STRICT, WITHOUT ROWID", ""),
    // SQLite has one writer, so a row read in a unit is locked already.
    ("{FOR UPDATE}", "", "FOR UPDATE"),
    ("{SKIP LOCKED}", "", "SKIP LOCKED"),
];

/// The words that take locks; a view may share its texts with a unit, and then says nothing for them.
const LOCKS: [&str; 2] = ["{FOR UPDATE}", "{SKIP LOCKED}"];

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// One consistent view: it locks nothing.
    Reading,
    /// A unit of work.
    Writing,
}

/// The text for one engine.
pub(crate) fn render(sql: &'static str, engine: Engine, mode: Mode) -> Cow<'static, str> {
    if !sql.contains('{') {
        return Cow::Borrowed(sql);
    }
    let mut text = sql.to_owned();
    for (word, sqlite, postgres) in WORDS {
        let becomes = match (engine, mode) {
            (Engine::Sqlite, _) => sqlite,
            (Engine::Postgres, Mode::Reading) if LOCKS.contains(&word) => "",
            (Engine::Postgres, _) => postgres,
        };
        if text.contains(word) {
            text = text.replace(word, becomes);
        }
    }
    Cow::Owned(text)
}

/// `text` with `{}` replaced by places for `count` values, which stand after `before` others; and
/// whether the list's values come first among the parameters.
///
/// On SQLite the places are bare `?`: a numbered place is looked up by its name among all others when
/// it is bound, which makes a list of a thousand cost a million comparisons. Bare places count for
/// themselves from 1, so the others are numbered behind them.
pub(crate) fn list(text: &str, engine: Engine, before: usize, count: usize) -> (String, ListFirst) {
    match engine {
        Engine::Sqlite => {
            let mut text = text.to_owned();
            for place in (1..=before).rev() {
                text = renumbered(&text, place, place + count);
            }
            (text.replacen("{}", &vec!["?"; count].join(", "), 1), ListFirst::Yes)
        }
        Engine::Postgres => {
            let places: Vec<String> =
                (before + 1..=before + count).map(|place| format!("${place}")).collect();
            (text.replacen("{}", &places.join(", "), 1), ListFirst::No)
        }
    }
}

/// Where the values of a list stand among the parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ListFirst {
    /// Before the others.
    Yes,
    /// After them.
    No,
}

/// `text` with `$from` as `$to`; `$12` is not `$1`.
fn renumbered(text: &str, from: usize, to: usize) -> String {
    let place = format!("${from}");
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find(&place) {
        let after = &rest[at + place.len()..];
        out.push_str(&rest[..at]);
        if after.starts_with(|c: char| c.is_ascii_digit()) {
            out.push_str(&place);
        } else {
            out.push_str(&format!("${to}"));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `insert`, `rows` groups of `columns` places, `suffix`. Places are bare on SQLite, see [`list`].
pub(crate) fn values(insert: &str, suffix: &str, engine: Engine, columns: usize, rows: usize) -> String {
    let mut text = String::with_capacity(insert.len() + suffix.len() + rows * columns * 6);
    text.push_str(insert);
    for row in 0..rows {
        text.push_str(if row == 0 { " (" } else { ", (" });
        for column in 1..=columns {
            if column > 1 {
                text.push_str(", ");
            }
            match engine {
                Engine::Sqlite => text.push('?'),
                Engine::Postgres => {
                    text.push('$');
                    text.push_str(&(row * columns + column).to_string());
                }
            }
        }
        text.push(')');
    }
    text.push(' ');
    text.push_str(suffix);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_what_each_engine_says() {
        let sql = "SELECT 1 FROM t WHERE a = $1 {FOR UPDATE}";
        assert_eq!(render(sql, Engine::Sqlite, Mode::Writing), "SELECT 1 FROM t WHERE a = $1 ");
        assert_eq!(render(sql, Engine::Postgres, Mode::Writing), "SELECT 1 FROM t WHERE a = $1 FOR UPDATE");
        assert_eq!(render(sql, Engine::Postgres, Mode::Reading), "SELECT 1 FROM t WHERE a = $1 ");
        let insert = "INSERT INTO t (a, b) VALUES";
        assert_eq!(values(insert, "", Engine::Postgres, 2, 2), format!("{insert} ($1, $2), ($3, $4) "));
        assert_eq!(values(insert, "", Engine::Sqlite, 2, 2), format!("{insert} (?, ?), (?, ?) "));
    }

    #[test]
    fn a_list_stands_behind_the_others_or_before_them() {
        let sql = "a = $1 AND c = $11 AND b IN ({}) AND d = $2 AND e = $1";
        assert_eq!(
            list(sql, Engine::Postgres, 11, 2),
            ("a = $1 AND c = $11 AND b IN ($12, $13) AND d = $2 AND e = $1".to_owned(), ListFirst::No)
        );
        assert_eq!(
            list(sql, Engine::Sqlite, 11, 2),
            ("a = $3 AND c = $13 AND b IN (?, ?) AND d = $4 AND e = $3".to_owned(), ListFirst::Yes)
        );
    }
}
