//! Foreign programs, with a time limit.

use crate::limits::PROGRAM;
use crate::until::{Limit, until};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a program did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
    what: String,
}

impl Ran {
    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// Itself, when the program was content.
    ///
    /// # Panics
    /// With all it said, when it was not.
    pub fn ok(self) -> Self {
        assert!(
            self.code == Some(0),
            "{} ended with {:?}\n{}\n{}",
            self.what,
            self.code,
            self.text(),
            self.err
        );
        self
    }
}

/// A program about to run.
pub struct Tool {
    command: Command,
    input: Vec<u8>,
    limit: Duration,
    what: String,
}

impl Tool {
    /// A program by name or path. It finds nothing of the user's own settings.
    #[must_use]
    pub fn new(program: impl AsRef<Path>) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
        command.env_remove("http_proxy").env_remove("https_proxy").env_remove("HTTP_PROXY");
        command.env_remove("HTTPS_PROXY").env_remove("ALL_PROXY").env_remove("all_proxy");
        let what = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { command, input: Vec::new(), limit: PROGRAM, what }
    }

    /// A Python program, given as text.
    #[must_use]
    pub fn python(program: &str) -> Self {
        Self::new("python3").arg("-c").arg(program)
    }

    /// One argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Several arguments.
    #[must_use]
    pub fn args<A: AsRef<std::ffi::OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Where it runs.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What it reads.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// How long it may take, when that is more than programs usually need.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started or does not end in time.
    pub fn run(mut self) -> Ran {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.what));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let input = self.input;
        let feeding = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
        let out = std::thread::spawn(move || read(stdout));
        let err = std::thread::spawn(move || read(stderr));
        let (what, limit) = (self.what, self.limit);
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(Limit(limit, "a program to end"), || child.try_wait().expect("our own child"))
        }));
        let Ok(ended) = ended else {
            let _ = child.kill();
            let _ = child.wait();
            let said = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
            panic!(
                "{what} did not end: {}\n{}",
                String::from_utf8_lossy(&said.0),
                String::from_utf8_lossy(&said.1)
            );
        };
        let _ = feeding.join();
        let err = String::from_utf8_lossy(&err.join().unwrap_or_default()).into_owned();
        Ran { code: ended.code(), out: out.join().unwrap_or_default(), err, what }
    }
}

fn read(from: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // What came until it broke is worth showing.
        let _ = from.read_to_end(&mut bytes);
    }
    bytes
}
