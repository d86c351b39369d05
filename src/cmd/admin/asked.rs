//! What names a patient is asked for, never typed as an argument: arguments stand in the list of processes
//! and in the shell's history.

use anyhow::Context as _;
use names::Ins;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// Characters of one answer.
const LONGEST: usize = 200;

/// The INS on standard input: a question first when somebody sits there.
pub(super) fn ins() -> anyhow::Result<Ins> {
    let typed = line("INS (15 digits): ")?;
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    Ins::parse(&digits)
        .map_err(|_| anyhow::anyhow!("what was typed is no INS: 15 characters with a right key"))
}

/// One line of standard input, trimmed.
pub(super) fn line(question: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let mut error = std::io::stderr().lock();
        error.write_all(question.as_bytes()).and_then(|()| error.flush()).context("asking")?;
    }
    let mut typed = String::new();
    stdin.lock().read_line(&mut typed).context("reading standard input")?;
    let typed = typed.trim();
    anyhow::ensure!(!typed.is_empty(), "nothing was typed on standard input");
    anyhow::ensure!(typed.len() <= LONGEST, "what was typed is too long");
    Ok(typed.to_owned())
}
