//! ENABLE (RFC 5161): what this session has switched on.

use super::command::Command;
use super::limits;
use super::reply::Completion;
use super::scan::{Cursor, Fault, Parsed};
use super::server::{Out, Server};
use super::session::Expunges;

/// What changes the answers of a session once its client has asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// Modification sequences (RFC 7162 §3.1); also switched on by the commands that use them.
    CondStore,
    /// `VANISHED` in place of `EXPUNGE` (RFC 7162 §3.2); brings CONDSTORE along.
    QResync,
    /// UTF-8 in strings and folder names (RFC 6855 §3).
    Utf8Accept,
    /// The answers of RFC 9051.
    Rev2,
}

impl Extension {
    const ALL: [Extension; 4] = [Self::CondStore, Self::QResync, Self::Utf8Accept, Self::Rev2];

    fn as_str(self) -> &'static str {
        match self {
            Self::CondStore => "CONDSTORE",
            Self::QResync => "QRESYNC",
            Self::Utf8Accept => "UTF8=ACCEPT",
            Self::Rev2 => "IMAP4rev2",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Whether it works end to end: what does not is not enabled (RFC 5161 §3.1).
    fn is_implemented(self) -> bool {
        match self {
            Self::CondStore | Self::QResync | Self::Utf8Accept | Self::Rev2 => true,
        }
    }
}

/// What a session has switched on; nothing is ever switched off (RFC 5161 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Enabled(u8);

impl Enabled {
    /// Whether it is on.
    pub(super) fn has(self, extension: Extension) -> bool {
        self.0 & extension.bit() != 0
    }

    /// Switches it on, with what it brings along.
    pub(super) fn switch_on(&mut self, extension: Extension) {
        self.0 |= extension.bit();
        // RFC 7162 §3.2.3: QRESYNC is CONDSTORE and more.
        if extension == Extension::QResync {
            self.0 |= Extension::CondStore.bit();
        }
    }

    /// Whether strings and names may hold UTF-8, in both directions (RFC 6855 §3, RFC 9051 §5.1).
    pub(super) fn utf8(self) -> bool {
        self.has(Extension::Utf8Accept) || self.has(Extension::Rev2)
    }

    /// The same, for who reads and writes them.
    pub(super) fn strings(self) -> Strings {
        if self.utf8() { Strings::Utf8 } else { Strings::Ascii }
    }
}

/// How strings and folder names go over the wire, in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strings {
    /// Seven bits: names in modified UTF-7, header text in encoded words (RFC 3501 §5.1.3).
    #[default]
    Ascii,
    /// As they are (RFC 6855 §3, RFC 9051 §5.1).
    Utf8,
}

/// `"ENABLE" 1*(SP capability)`; names we do not know are passed over (RFC 5161 §3.1).
pub(super) fn parse(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mut wanted = Vec::new();
    let mut names = 0;
    c.space()?;
    loop {
        let name = c.atom()?;
        names += 1;
        if names > limits::ENABLED_NAMES {
            return Err(Fault::Limit("too many capabilities in ENABLE"));
        }
        let known = Extension::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name));
        wanted.extend(known.filter(|known| known.is_implemented() && !wanted.contains(known)));
        if !c.take(b' ') {
            return Ok(Command::Enable(wanted));
        }
    }
}

impl Server {
    /// RFC 5161 §3.2: the answer lists what this command switched on.
    pub(super) fn enable(&mut self, tag: &str, wanted: &[Extension], out: &mut Out) {
        let before = self.enabled;
        let new: Vec<Extension> = wanted.iter().copied().filter(|wanted| !before.has(*wanted)).collect();
        let names: String = new.iter().map(|extension| format!(" {}", extension.as_str())).collect();
        out.send(format!("* ENABLED{names}\r\n").as_bytes());
        for extension in new {
            match extension {
                Extension::CondStore => self.enable_condstore(out),
                Extension::QResync => {
                    self.enable_condstore(out);
                    self.enabled.switch_on(extension);
                }
                Extension::Utf8Accept | Extension::Rev2 => self.enabled.switch_on(extension),
            }
        }
        self.complete(tag, Completion::ok("ENABLE done"), Expunges::Told, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_stays_on_and_qresync_brings_condstore_along() {
        let mut enabled = Enabled::default();
        assert!(Extension::ALL.into_iter().all(|extension| !enabled.has(extension)) && !enabled.utf8());
        enabled.switch_on(Extension::QResync);
        assert!(enabled.has(Extension::QResync) && enabled.has(Extension::CondStore));
        assert!(!enabled.has(Extension::Rev2) && !enabled.utf8());
        enabled.switch_on(Extension::Rev2);
        assert!(enabled.utf8() && enabled.has(Extension::QResync));
    }
}
