//! How far a long command is: a bar on a terminal, plain lines elsewhere. All on standard error.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use super::complain;
use crate::control::Told;

/// What is shown while one waits.
#[derive(Default)]
pub(super) struct Shown {
    what: String,
    tenths: u64,
    bar: Option<ProgressBar>,
}

impl Shown {
    /// Shows what was told.
    pub(super) fn show(&mut self, told: Told) {
        match told {
            Told::Progress(text) => complain(&text),
            Told::Step { what, done, total } => self.step(what, done, total),
            Told::End { .. } => {}
        }
    }

    fn step(&mut self, what: String, done: u64, total: u64) {
        let is_new = what != self.what;
        if is_new {
            self.end();
            self.what.clone_from(&what);
            if std::io::stderr().is_terminal() {
                self.bar = Some(bar(&what, total));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_length(total.max(done));
            return bar.set_position(done);
        }
        // Without a terminal: the beginning of each phase, and every tenth of it.
        let tenths = (done * 10).checked_div(total).unwrap_or(0);
        if is_new {
            complain(&format!("{what}…\n"));
        } else if tenths > self.tenths {
            complain(&format!("{what}: {} %\n", tenths * 10));
        }
        self.tenths = tenths;
    }

    /// Takes the bar away.
    pub(super) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.tenths = 0;
    }
}

fn bar(what: &str, total: u64) -> ProgressBar {
    let template = if total == 0 {
        "{spinner} {msg} {human_pos}"
    } else {
        "{msg} [{wide_bar}] {percent} % ({eta} left)"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style.progress_chars("=> ")).with_message(what.to_owned())
}
