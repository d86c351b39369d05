//! What somebody wants to do, and who they are.

use std::sync::Arc;

use names::{PatientId, PersonId, Redacted};

use crate::Secrecy;
use crate::secrecy::Unreadable;

/// One act that a rule must judge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who acts.
    pub actor: Actor,
    /// What for.
    pub purpose: Purpose,
    /// The act itself.
    pub act: Act,
}

/// Who acts, and for whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Actor {
    /// The owner of the sending mailbox, or a member of its team, or the machine it belongs to.
    Own,
    /// A parent, guardian or helper acts for the patient who owns the sending mailbox; the
    /// snapshot's mandate says whether they may.
    ForPatient {
        /// Who acts.
        actor: PatientId,
        /// For whom.
        patient: PatientId,
    },
    /// A secretary or colleague acts for the professional who owns the sending mailbox, by delegation.
    ForProfessional {
        /// Who acts.
        actor: PersonId,
        /// For whom.
        professional: PersonId,
    },
    /// Another operator vouches for the sender.
    Peer,
    /// The house itself (reports, receipts).
    House,
}

/// What an act is for. Access to a dossier, ordinary or in an emergency, will stand here beside it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Purpose {
    /// Correspondence.
    Mail,
}

/// The act. Doors to come (reading a dossier) add their own variant, and the compiler then shows
/// every rule that must say something about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// RCPT, or a button not yet pressed: the letter's head is not known. A refusal here means that
    /// no letter at all would pass.
    Recipient,
    /// The whole letter is known: the decision that counts.
    Letter(Arc<Letter>),
}

/// Facts of a letter that matter to the rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// `Subject`, decoded (RFC 2047), untrimmed.
    pub subject: Redacted<String>,
    /// `X-MSS-MES`, as written.
    pub mss_mes: Option<String>,
    /// `X-Pli-Secrecy` ([`crate::secrecy::HEADER`]), as written.
    pub secrecy_header: Option<String>,
    /// What the metadata of its XDM archives asks for. An archive that cannot be read may hold a
    /// mark, and is never taken for one that holds none.
    pub xdm_secrecy: Result<Secrecy, Unreadable>,
    /// The display name that `To` or `Cc` gives to this recipient's address, decoded.
    pub to_name: Redacted<Option<String>>,
    /// An ordinary letter or a report.
    pub kind: LetterKind,
    /// What there is to read in it.
    pub content: Content,
}

impl Letter {
    /// An ordinary letter with this subject and nothing special about it.
    #[must_use]
    pub fn ordinary(subject: impl Into<String>) -> Self {
        Self {
            subject: Redacted(subject.into()),
            mss_mes: None,
            secrecy_header: None,
            xdm_secrecy: Ok(Secrecy::Open),
            to_name: Redacted(None),
            kind: LetterKind::Ordinary,
            content: Content::Readable,
        }
    }

    /// Whether its subject ends the exchange.
    #[must_use]
    pub fn ends_exchange(&self) -> bool {
        fin_by_subject(&self.subject.0)
    }

    /// Whether its header forbids an answer to it.
    #[must_use]
    pub fn forbids_answer(&self) -> bool {
        self.mss_mes.as_deref().is_some_and(fin_by_header)
    }
}

/// Whether a decoded subject is exactly `[FIN]`, same case, blanks around it aside (DOMAIN §2.3).
#[must_use]
pub fn fin_by_subject(subject: &str) -> bool {
    subject.trim() == "[FIN]"
}

/// Whether the value of `X-MSS-MES` is `FIN`, three capitals (DOMAIN §2.3).
#[must_use]
pub fn fin_by_header(value: &str) -> bool {
    value.trim() == "FIN"
}

/// What sort of letter it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LetterKind {
    /// Somebody wrote it.
    Ordinary,
    /// A machine reports on a letter: DSN (RFC 3464) or MDN (RFC 8098), `multipart/report`.
    Report(ReportMatch),
}

/// Whether a report belongs to a letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReportMatch {
    /// Its envelope id or Message-ID is that of a letter that **this recipient** sent.
    Matched,
    /// It is not.
    Unmatched,
}

/// What there is to read in a letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Content {
    /// Text, HTML or files.
    Readable,
    /// Nothing but Outlook's private format (TNEF, `winmail.dat`).
    OnlyTnef,
    /// Two mail programs would read two different letters in it.
    Ambiguous,
}
