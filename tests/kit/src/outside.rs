//! What the machine tells the stories.

/// An environment variable, when it is set and not empty.
#[must_use]
pub fn setting(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the stories are told their server and their lengths by scripts/test"
    )]
    let value = std::env::var(name).ok();
    value.filter(|value| !value.is_empty())
}

/// Where built programs and files of the repository are.
pub struct Outside;

impl Outside {
    /// A program of the workspace, beside the running test.
    ///
    /// # Panics
    /// When it has not been built.
    #[must_use]
    pub fn program(name: &str) -> std::path::PathBuf {
        let test = std::env::current_exe().expect("a running test has a path");
        let built = test.ancestors().nth(2).expect("tests run in target/<profile>/deps").join(name);
        assert!(
            built.exists(),
            "{} is not built: run `cargo build --workspace --bins` first",
            built.display()
        );
        built
    }

    /// What shifts the clock of a program it is loaded into (Debian's `faketime`).
    ///
    /// # Panics
    /// When it is not installed.
    #[must_use]
    pub fn shifted_clock() -> std::path::PathBuf {
        let folders = std::fs::read_dir("/usr/lib").expect("programs have libraries").flatten();
        let mut found = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
        found
            .find(|path| path.exists())
            .expect("faketime is installed (scripts/test installs what is missing)")
    }

    /// A path inside the repository.
    #[must_use]
    pub fn repository(path: &str) -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
    }
}
