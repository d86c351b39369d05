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

/// `text` with `{}` replaced by `count` placeholders that follow `before` earlier ones.
pub(crate) fn list(text: &str, before: usize, count: usize) -> String {
    let places: Vec<String> = (before + 1..=before + count).map(|place| format!("${place}")).collect();
    text.replacen("{}", &places.join(", "), 1)
}

/// `insert`, `rows` groups of `columns` placeholders, `suffix`.
pub(crate) fn values(insert: &str, suffix: &str, columns: usize, rows: usize) -> String {
    let mut text = String::with_capacity(insert.len() + suffix.len() + rows * columns * 6);
    text.push_str(insert);
    for row in 0..rows {
        text.push_str(if row == 0 { " (" } else { ", (" });
        for column in 1..=columns {
            if column > 1 {
                text.push_str(", ");
            }
            text.push('$');
            text.push_str(&(row * columns + column).to_string());
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
        assert_eq!(list("a = $1 AND b IN ({})", 1, 3), "a = $1 AND b IN ($2, $3, $4)");
        assert_eq!(
            values("INSERT INTO t (a, b) VALUES", "", 2, 2),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) "
        );
    }
}
