//! From failures of the house to the machine's answers (RFC 5530). Logged here, with their causes;
//! the peer hears a sentence that names nothing of ours.

use wire::imap::{Code, Refusal};

use crate::Error;
use crate::sign_in::SignInRefusal;

/// A failure of the store while `what` was done.
pub(super) fn store(what: &'static str) -> impl Fn(mailstore::Error) -> Refusal {
    move |error| of_store(what, error)
}

fn of_store(what: &'static str, error: mailstore::Error) -> Refusal {
    use mailstore::Error as E;
    match error {
        E::NoFolder => no_folder(),
        E::FolderExists => Refusal::new(Code::AlreadyExists, "a folder of this name exists"),
        E::AnnotationsFull => {
            Refusal::new(Code::TooManyAnnotations, "there are as many notes as there may be")
        }
        E::TooManyKeywords => too_many_keywords(),
        E::RoleTaken(_) => role_taken(),
        E::FolderKept(_) => Refusal::new(Code::Cannot, "this folder has a special use and stays as it is"),
        E::FoldersFull => {
            Refusal::new(Code::Limit, "there are as many folders as there may be, or one too deep")
        }
        E::UidsSpent(_) => {
            Refusal::new(Code::Limit, "the folder has given its last UID; please make another")
        }
        E::OverQuota(_) => over_quota(),
        E::NoKey(_) | E::NoAccount(_) => Refusal::new(Code::ContactAdmin, "this mailbox is closed"),
        error if error.is_full() => {
            logged(what, error);
            Refusal::new(Code::OverQuota, "the server has no room left; please try again later")
        }
        error @ (E::Sealed { .. } | E::Unreadable { .. } | E::NoBody(_)) => {
            logged(what, error);
            Refusal::new(Code::ServerBug, "what is stored cannot be read; the operator was told")
        }
        error @ (E::Db { .. } | E::Blob { .. } | E::Full { .. } | E::NotOnDisk(_)) => {
            logged(what, error);
            unavailable()
        }
    }
}

/// A failure of the database under a unit of ours.
pub(super) fn database(what: &'static str) -> impl Fn(db::Error) -> Refusal {
    move |cause| of_store(what, cause.into())
}

/// A failure of the directory.
pub(super) fn directory(what: &'static str, error: &directory::Error) -> Refusal {
    tracing::error!(door = "mailbox", what, %error, "the mailbox door failed");
    unavailable()
}

/// Logs a failure that nobody is refused for.
pub(super) fn logged(what: &'static str, cause: mailstore::Error) {
    tracing::error!(
        door = "mailbox",
        error = Error::Store { what, cause }.chain(),
        "the mailbox door failed"
    );
}

/// Nothing has that name.
pub(super) fn no_folder() -> Refusal {
    Refusal::new(Code::Nonexistent, "there is no such folder")
}

/// A message has as many keywords as it may.
pub(super) fn too_many_keywords() -> Refusal {
    let text =
        format!("a message may have {} keywords; please take one off first", mailstore::limits::KEYWORDS);
    Refusal::new(Code::Limit, text)
}

/// One folder a use.
pub(super) fn role_taken() -> Refusal {
    Refusal::new(Code::UseAttr, "another folder has this use")
}

/// The mailbox would hold more than it may.
pub(super) fn over_quota() -> Refusal {
    Refusal::new(Code::OverQuota, "the mailbox is full; please remove letters")
}

/// For now.
pub(super) fn unavailable() -> Refusal {
    Refusal::new(Code::Unavailable, "the server cannot do this now; please try again later")
}

/// The machine asked for what it cannot have asked.
pub(super) fn confused() -> Refusal {
    Refusal::new(Code::ServerBug, "an internal error; please come back")
}

/// The login may only read here.
pub(super) fn may_only_read() -> Refusal {
    Refusal::new(Code::NoPermission, "you may only read this mailbox")
}

/// The rights in a mailbox of another ended while its folder was open.
pub(super) fn no_longer_yours() -> Refusal {
    Refusal::new(Code::NoPermission, "you may no longer use this mailbox")
}

/// A sign-in that did not pass.
pub(super) fn sign_in(refusal: &SignInRefusal) -> Refusal {
    match refusal {
        SignInRefusal::Wrong => Refusal::new(Code::AuthenticationFailed, "wrong login or password"),
        // Nothing of the password was looked at: a program must not ask its user for another one.
        SignInRefusal::Wait(_) => {
            Refusal::new(Code::Unavailable, "too many failed sign-ins; please try again in a moment")
        }
        SignInRefusal::Unavailable => unavailable(),
    }
}
