//! The judge of durability: reads what `strace` wrote, and says whether anything was acknowledged
//! before it was on disk.
//!
//! The trace is taken with `strace -f -yy -ttt`: one call a line, with paths and peers of its file
//! numbers and the instant in microseconds. Calls that other threads interrupt are written in two
//! lines. A sync or a rename counts where it *ended*, a write where it *began*: its octets may be with
//! the client before strace has seen its end.

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceLine {
    /// Seconds since 1970 where it counts.
    pub at: f64,
    /// The call.
    pub call: String,
    /// Its arguments and result, as strace writes them.
    pub rest: String,
}

/// An acknowledgement that came too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which letter, counted from 0.
    pub letter: usize,
    /// What should have ended before.
    pub missing: String,
}

/// The calls of a trace in the order in which they count.
#[must_use]
pub fn parse_trace(text: &str) -> Vec<TraceLine> {
    let mut begun: std::collections::HashMap<&str, (&str, &str)> = std::collections::HashMap::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ').filter(|word| !word.is_empty());
        let (Some(process), Some(rest)) =
            (words.next(), line.split_once(' ').map(|(_, rest)| rest.trim_start()))
        else {
            continue;
        };
        let Some((at, call)) = rest.split_once(' ') else { continue };
        let Ok(at) = at.parse::<f64>() else { continue };
        if let Some(resumed) = call.strip_prefix("<... ") {
            let Some((name, end)) = resumed.split_once(" resumed>") else { continue };
            if let Some((_, beginning)) = begun.remove(process).filter(|(begun, _)| *begun == name) {
                lines.push(TraceLine { at, call: name.to_owned(), rest: format!("{beginning}{end}") });
            }
            continue;
        }
        let Some((name, rest)) = call.split_once('(') else { continue };
        match rest.strip_suffix(" <unfinished ...>") {
            Some(beginning) if !is_write(name) => drop(begun.insert(process, (name, beginning))),
            Some(rest) => lines.push(TraceLine { at, call: name.to_owned(), rest: rest.to_owned() }),
            None => lines.push(TraceLine { at, call: name.to_owned(), rest: rest.to_owned() }),
        }
    }
    lines
}

fn is_write(call: &str) -> bool {
    matches!(call, "write" | "writev" | "sendto" | "sendmsg")
}

impl TraceLine {
    fn is_write_to(&self, client: u16) -> bool {
        is_write(&self.call) && self.first_argument().contains(&format!("->127.0.0.1:{client}]>"))
    }

    fn is_sync_of(&self, path_ends: &str) -> bool {
        matches!(self.call.as_str(), "fdatasync" | "fsync")
            && self.first_argument().contains(path_ends)
            && self.ok()
    }

    fn first_argument(&self) -> &str {
        self.rest.split(", ").next().unwrap_or_default()
    }

    fn ok(&self) -> bool {
        self.rest.rsplit_once("= ").is_some_and(|(_, result)| !result.starts_with('-'))
    }
}

/// Judges the letters of one client in lockstep. For each letter: the instant before its last dot was
/// sent, and the instant its `250` had come, by the clock of the same machine. Between the two the
/// server writes to that client once. Before that write all of `steps` must have ended, in order.
#[must_use]
pub fn judge_trace(
    trace: &[TraceLine],
    client: u16,
    letters: &[(f64, f64)],
    steps: &[&str],
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, (sent, heard)) in letters.iter().enumerate() {
        let mut waiting = steps;
        let mut acknowledged = false;
        for line in trace.iter().filter(|line| line.at >= *sent && line.at <= *heard) {
            if line.is_write_to(client) {
                acknowledged = true;
                break;
            }
            if let [first, rest @ ..] = waiting
                && is_step(line, first)
            {
                waiting = rest;
            }
        }
        if !acknowledged {
            let missing = "the write of its 250, which the trace does not show".to_owned();
            violations.push(Violation { letter: index, missing });
        }
        violations.extend(
            waiting.iter().map(|missing| Violation { letter: index, missing: (*missing).to_owned() }),
        );
    }
    violations
}

/// `sync <part of a path>` or `rename <part of a path>`.
fn is_step(line: &TraceLine, step: &str) -> bool {
    match step.split_once(' ') {
        Some(("sync", path)) => line.is_sync_of(path),
        Some(("rename", path)) => line.call.starts_with("rename") && line.rest.contains(path) && line.ok(),
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
100   10.000100 sendto(9<TCP:[127.0.0.1:2465->127.0.0.1:4000]>, "354", 3, 0, NULL, 0) = 3
101   10.500000 fdatasync(7</x/data/pli.db-wal> <unfinished ...>
102   10.600000 read(9<TCP:[127.0.0.1:2465->127.0.0.1:4000]>, "", 10) = 0
101   10.700000 <... fdatasync resumed>) = 0
100   10.800000 writev(9<TCP:[127.0.0.1:2465->127.0.0.1:4000]>, [{"250", 3}], 1) = 3
"#;

    #[test]
    fn an_acknowledgement_behind_the_sync_passes_and_any_other_does_not() {
        let steps = ["sync pli.db-wal"];
        let letters = [(10.2, 10.9)];
        let judge = |text: &str| judge_trace(&parse_trace(text), 4000, &letters, &steps);
        assert_eq!(judge(GOOD), []);
        let interrupted = GOOD.replace(", [{\"250\", 3}], 1) = 3", ", [{\"250\", 3}], 1 <unfinished ...>");
        assert_eq!(judge(&interrupted), [], "a write counts where it began");
        let early = GOOD.replace("10.800000 writev", "10.650000 writev");
        let mut lines: Vec<&str> = early.lines().collect();
        let last = lines.pop().unwrap();
        lines.insert(4, last);
        assert_eq!(judge(&lines.join("\n")).len(), 1, "the write came while the sync ran");
        assert_eq!(judge(&GOOD.replace("resumed>) = 0", "resumed>) = -1 EIO")).len(), 1, "the sync failed");
        assert_eq!(judge(&GOOD.replace("pli.db-wal", "other")).len(), 1, "another file was synced");
        assert_eq!(
            judge(&GOOD.replace("->127.0.0.1:4000", "->127.0.0.1:4001")).len(),
            1,
            "no write was seen"
        );
    }
}
