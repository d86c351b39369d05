//! Master keys: a small file outside the data folder, one line per epoch.
//!
//! ```text
//! # comment
//! 1 00112233…  (64 hexadecimal digits)
//! 2 8899aabb…
//! ```
//! The highest epoch seals; the others still open. The file is readable by its owner only.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use names::Entropy;
use zeroize::Zeroizing;

use crate::{HashKey, Key, Vault, limits};

/// A generation of the master key. Grows; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch(pub u32);

/// Why the master keys cannot be used. No message holds a key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read.
    #[error("cannot read the master keys {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the master keys {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Somebody else may read the file.
    #[error("the master keys {path} are open to others (mode {mode:03o}): chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line is not `epoch hex`.
    #[error("line {line} of the master keys is not an epoch and 64 hexadecimal digits")]
    Line {
        /// Its number, from one.
        line: usize,
    },
    /// An epoch stands there twice.
    #[error("epoch {} stands twice in the master keys", epoch.0)]
    Twice {
        /// Which.
        epoch: Epoch,
    },
    /// No key at all, or too many to be a file of keys.
    #[error("the master keys hold {found} epochs; from 1 to {} are expected", limits::EPOCHS)]
    Count {
        /// How many.
        found: usize,
    },
}

/// The master keys, by epoch.
pub struct MasterKeys {
    epochs: BTreeMap<Epoch, Key>,
}

impl MasterKeys {
    /// Loads the file; refuses one that others may read.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let read = |cause| MasterKeyError::Read { path: path.to_owned(), cause };
        let file = fs::File::open(path).map_err(read)?;
        let mode = file.metadata().map_err(read)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Open { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(limits::MASTER_FILE).read_to_string(&mut text).map_err(read)?;
        Self::parse(&text)
    }

    /// Makes the file with a first epoch. Never overwrites one: that would lose every letter.
    pub fn create(path: &Path, entropy: &Entropy) -> Result<Self, MasterKeyError> {
        let keys = Self { epochs: BTreeMap::from([(Epoch(1), Key::random(entropy))]) };
        write_new(path, &keys.text())
            .map_err(|cause| MasterKeyError::Write { path: path.to_owned(), cause })?;
        Ok(keys)
    }

    /// Adds an epoch to the file at `path`, which holds these keys; it becomes the current one.
    pub fn add_epoch(mut self, path: &Path, entropy: &Entropy) -> Result<Self, MasterKeyError> {
        let write = |cause| MasterKeyError::Write { path: path.to_owned(), cause };
        if self.epochs.len() == limits::EPOCHS {
            return Err(MasterKeyError::Count { found: self.epochs.len() + 1 });
        }
        self.epochs.insert(Epoch(self.current().0 + 1), Key::random(entropy));
        let beside = path.with_extension("new");
        write_new(&beside, &self.text()).map_err(write)?;
        fs::rename(&beside, path).and_then(|()| sync_folder(path)).map_err(write)?;
        Ok(self)
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let mut epochs = BTreeMap::new();
        for (line, content) in text.lines().enumerate() {
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (epoch, key) = parse_line(content).ok_or(MasterKeyError::Line { line: line + 1 })?;
            if epochs.insert(epoch, key).is_some() {
                return Err(MasterKeyError::Twice { epoch });
            }
        }
        match epochs.len() {
            1..=limits::EPOCHS => Ok(Self { epochs }),
            found => Err(MasterKeyError::Count { found }),
        }
    }

    /// The epoch that seals now: the highest.
    #[must_use]
    pub fn current(&self) -> Epoch {
        *self.epochs.last_key_value().expect("there is at least one epoch").0
    }

    /// The vault of one purpose: seals under the current epoch, opens under all.
    #[must_use]
    pub fn vault(&self, purpose: &str) -> Vault {
        let ciphers = self.epochs.iter().map(|(&epoch, key)| (epoch, key.derive(purpose).cipher()));
        Vault::new(ciphers.collect())
    }

    /// The key of keyed hashes for one purpose. It comes from the first epoch, which must stay in
    /// the file as long as anything is found by its hashes.
    #[must_use]
    pub fn hash_key(&self, purpose: &str) -> HashKey {
        let (_, first) = self.epochs.first_key_value().expect("there is at least one epoch");
        HashKey::new(&first.derive(&format!("hash: {purpose}")))
    }

    /// [`MasterKeys::hash_key`] for one value; keep the key when many follow.
    #[must_use]
    pub fn keyed_hash(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        self.hash_key(purpose).hash(bytes)
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(limits::MASTER_FILE as usize));
        text.push_str("# Master keys of Pli: epoch and key. Losing this file loses every letter. Keep it apart from the data.\n");
        for (epoch, key) in &self.epochs {
            text.push_str(&epoch.0.to_string());
            text.push(' ');
            for byte in key.bytes() {
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from_digit(u32::from(digit), 16).expect("a half byte is one digit"));
                }
            }
            text.push('\n');
        }
        text
    }
}

impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "MasterKeys({:?})", self.epochs.keys())
    }
}

fn parse_line(line: &str) -> Option<(Epoch, Key)> {
    let (epoch, hex) = line.split_once(char::is_whitespace)?;
    let hex = hex.trim().as_bytes();
    if hex.len() != 2 * limits::KEY {
        return None;
    }
    let mut bytes = Zeroizing::new([0; limits::KEY]);
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some((Epoch(epoch.parse().ok()?), Key::from_bytes(*bytes)))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting_entropy;
    use std::os::unix::fs::PermissionsExt;

    fn line(epoch: &str) -> String {
        format!("{epoch} {}\n", "0a".repeat(32))
    }

    #[test]
    fn a_file_made_is_private_and_loads_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.keys");
        let entropy = counting_entropy();
        let made = MasterKeys::create(&path, &entropy).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let sealed = made.vault("titles").seal(b"1", b"plain", &entropy);
        let loaded = MasterKeys::load(&path).unwrap();
        assert_eq!(loaded.vault("titles").open(b"1", sealed).unwrap(), b"plain");
        assert_eq!(loaded.keyed_hash("ins", b"x"), made.keyed_hash("ins", b"x"));
        assert!(
            matches!(MasterKeys::create(&path, &entropy), Err(MasterKeyError::Write { .. })),
            "overwritten"
        );
    }

    #[test]
    fn a_file_others_may_read_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.keys");
        MasterKeys::create(&path, &counting_entropy()).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = MasterKeys::load(&path).unwrap_err();
            assert!(matches!(error, MasterKeyError::Open { mode: seen, .. } if seen == mode), "{mode:o}");
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn a_new_epoch_seals_while_the_old_one_still_opens_and_hashes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.keys");
        let entropy = counting_entropy();
        let first = MasterKeys::create(&path, &entropy).unwrap();
        let old = first.vault("titles").seal(b"1", b"old", &entropy);
        let hash = first.keyed_hash("ins", b"x");
        first.add_epoch(&path, &entropy).unwrap();
        let both = MasterKeys::load(&path).unwrap();
        assert_eq!(both.current(), Epoch(2));
        let new = both.vault("titles").seal(b"1", b"new", &entropy);
        assert_eq!((Vault::epoch_of(&old), Vault::epoch_of(&new)), (Some(Epoch(1)), Some(Epoch(2))));
        assert_eq!(both.vault("titles").open(b"1", old.clone()).unwrap(), b"old");
        assert_eq!(both.keyed_hash("ins", b"x"), hash);
        assert!(both.vault("other").open(b"1", old.clone()).is_err(), "purposes are apart");
        let mut relabelled = old;
        relabelled[old_epoch_at(&new)..].copy_from_slice(&2u32.to_be_bytes());
        assert!(both.vault("titles").open(b"1", relabelled).is_err());
        assert!(both.vault("titles").open(b"1", vec![0; 3]).is_err());
    }

    fn old_epoch_at(sealed: &[u8]) -> usize {
        sealed.len() - 4
    }

    #[test]
    fn hashes_differ_by_purpose_and_value() {
        let keys = MasterKeys::parse(&line("1")).unwrap();
        assert_ne!(keys.keyed_hash("ins", b"a"), keys.keyed_hash("ins", b"b"));
        assert_ne!(keys.keyed_hash("ins", b"a"), keys.keyed_hash("address", b"a"));
        assert_eq!(keys.hash_key("ins").short(b"a")[..], keys.keyed_hash("ins", b"a")[..16]);
    }

    #[test]
    fn bad_files_are_refused_with_their_line() {
        let one = line("1");
        for (case, text, want) in [
            ("empty", String::new(), "hold 0 epochs"),
            ("only comments", "# nothing\n".into(), "hold 0 epochs"),
            ("short key", format!("{one}2 0a0b\n"), "line 2"),
            ("not hexadecimal", format!("\n# c\n1 {}\n", "zz".repeat(32)), "line 3"),
            ("not a number", line("x"), "line 1"),
            ("no key", "1\n".into(), "line 1"),
            ("twice", format!("{one}{one}"), "epoch 1 stands twice"),
            ("too many", (0..=limits::EPOCHS).map(|e| line(&e.to_string())).collect(), "hold 129 epochs"),
            ("not ASCII", format!("1 {}\n", "é".repeat(32)), "line 1"),
        ] {
            let error = MasterKeys::parse(&text).unwrap_err().to_string();
            assert!(error.contains(want), "{case}: {error}");
        }
        assert!(matches!(MasterKeys::load(Path::new("/nonexistent/keys")), Err(MasterKeyError::Read { .. })));
    }

    #[test]
    fn debug_shows_epochs_only() {
        let shown = format!("{:?}", MasterKeys::parse(&line("3")).unwrap());
        assert!(shown.contains('3') && !shown.contains("0a0a"), "{shown}");
    }
}
