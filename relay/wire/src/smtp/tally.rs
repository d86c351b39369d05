//! What a session has used up of our patience.

use super::Limits;

/// Counts since the last accepted letter; failed sign-ins and letters since the beginning.
#[derive(Debug, Default)]
pub struct Tally {
    errors: u32,
    idle: u32,
    refusals: u32,
    sign_in_failures: u32,
    letters: u32,
}

/// Each function counts one and says whether that was one too many.
impl Tally {
    /// A wrong command.
    pub fn error(&mut self, limits: &Limits) -> bool {
        self.errors += 1;
        self.errors >= limits.errors
    }

    /// A command that does nothing.
    pub fn idle(&mut self, limits: &Limits) -> bool {
        self.idle += 1;
        self.idle > limits.junk
    }

    /// A sender, recipient or letter that was refused.
    pub fn refused(&mut self, limits: &Limits) -> bool {
        self.refusals += 1;
        self.refusals > limits.refusals
    }

    /// A letter that MAIL begins.
    pub fn letter_begun(&mut self, limits: &Limits) -> bool {
        self.letters += 1;
        self.letters > limits.letters
    }

    /// A login or password that was wrong.
    pub fn sign_in_failed(&mut self, limits: &Limits) -> bool {
        self.sign_in_failures += 1;
        self.sign_in_failures >= limits.sign_in_failures
    }

    /// A client that delivers has earned some patience back.
    pub fn letter_accepted(&mut self) {
        self.errors = 0;
        self.idle = 0;
        self.refusals = 0;
    }
}
