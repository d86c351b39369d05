//! One line for each thing that was looked at.

use std::fmt::Write as _;

/// What was found, in the order of a start.
#[derive(Default)]
pub(super) struct Report {
    pub(super) text: String,
    pub(super) wrong: usize,
    pub(super) attention: usize,
}

impl Report {
    /// As it should be.
    pub(super) fn ok(&mut self, what: &str, found: &str) {
        self.line("OK", what, found);
    }

    /// The server starts, and somebody should look.
    pub(super) fn attention(&mut self, what: &str, found: &str) {
        self.attention += 1;
        self.line("ATTENTION", what, found);
    }

    /// The server does not start, or letters do not pass.
    pub(super) fn wrong(&mut self, what: &str, found: &str) {
        self.wrong += 1;
        self.line("WRONG", what, found);
    }

    pub(super) fn note(&mut self, what: &str, found: Result<String, String>) {
        match found {
            Ok(found) => self.ok(what, &found),
            Err(found) => self.wrong(what, &found),
        }
    }

    fn line(&mut self, sign: &str, what: &str, found: &str) {
        let _ = writeln!(self.text, "{sign:<9}  {what:<14} {found}");
    }

    /// What a part of the look comes to.
    pub(super) fn conclude_part(&mut self) {
        let last = match self.wrong + self.attention {
            0 => "As it should be.\n".to_owned(),
            count => format!("{count} to look at; nothing was changed.\n"),
        };
        self.text.push_str(&last);
    }

    /// What all of it comes to.
    pub(super) fn conclude(&mut self) {
        let last = match (self.wrong, self.attention) {
            (0, 0) => "The server can start: pli serve\n".to_owned(),
            (0, attention) => format!("The server can start: pli serve. {attention} to look at.\n"),
            (wrong, _) => format!("{wrong} to mend; nothing was changed.\n"),
        };
        self.text.push_str(&last);
    }
}
