//! The store's words in the machine's, and back.

use mailstore::Marks;
use wire::imap::{Code, Flags, FolderName, Keyword, Refusal, Role, SystemFlag, UidSet};

const FLAGS: [(SystemFlag, mailstore::Flags); 5] = [
    (SystemFlag::Seen, mailstore::Flags::SEEN),
    (SystemFlag::Answered, mailstore::Flags::ANSWERED),
    (SystemFlag::Flagged, mailstore::Flags::FLAGGED),
    (SystemFlag::Deleted, mailstore::Flags::DELETED),
    (SystemFlag::Draft, mailstore::Flags::DRAFT),
];

/// The store's word for a system flag.
pub(super) fn flag(flag: SystemFlag) -> mailstore::Flags {
    FLAGS.into_iter().find(|known| known.0 == flag).map_or(mailstore::Flags::NONE, |known| known.1)
}

/// Marks as the machine shows them.
pub(super) fn flags(marks: &Marks) -> Flags {
    let mut flags = Flags::new();
    for (name, bit) in FLAGS {
        if marks.flags.has(bit) {
            flags.set(name);
        }
    }
    for keyword in marks.keywords().filter_map(Keyword::parse) {
        flags.set_keyword(keyword);
    }
    flags
}

/// The keyword of letters that were never delivered (ADR 0021).
pub(super) fn appended() -> Flags {
    let mut flags = Flags::new();
    Keyword::parse(mailstore::APPENDED).into_iter().for_each(|keyword| flags.set_keyword(keyword));
    flags
}

/// Flags as the store keeps them.
pub(super) fn marks(flags: &Flags) -> Marks {
    let system = FLAGS.into_iter().filter(|known| flags.has(known.0));
    let system = system.fold(mailstore::Flags::NONE, |all, known| all.with(known.1));
    let keywords: Vec<mailstore::Keyword> =
        flags.keywords().iter().filter_map(|keyword| mailstore::Keyword::parse(keyword.as_str())).collect();
    Marks::new(system, &keywords)
}

/// A folder's name as the store reads it; its rules are a little narrower than the wire's.
pub(super) fn name(name: &FolderName) -> Result<mailstore::FolderName, Refusal> {
    mailstore::FolderName::parse(name.as_str())
        .map_err(|_| Refusal::new(Code::Cannot, "a folder cannot have this name"))
}

/// A special use as LIST shows it; INBOX is known by its name.
pub(super) fn role(role: mailstore::Role) -> Option<Role> {
    match role {
        mailstore::Role::Inbox => None,
        mailstore::Role::Sent => Some(Role::Sent),
        mailstore::Role::Drafts => Some(Role::Drafts),
        mailstore::Role::Trash => Some(Role::Trash),
        mailstore::Role::Junk => Some(Role::Junk),
        mailstore::Role::Archive => Some(Role::Archive),
    }
}

/// A special use as the store keeps it.
pub(super) fn role_kept(role: Role) -> mailstore::Role {
    match role {
        Role::Archive => mailstore::Role::Archive,
        Role::Drafts => mailstore::Role::Drafts,
        Role::Junk => mailstore::Role::Junk,
        Role::Sent => mailstore::Role::Sent,
        Role::Trash => mailstore::Role::Trash,
    }
}

/// UIDs as the store wants them.
pub(super) fn uids(set: &UidSet) -> Vec<mailstore::Uid> {
    set.iter().map(mailstore::Uid).collect()
}

/// Runs of uids as the machine reads them.
pub(super) fn runs(runs: &[(mailstore::Uid, mailstore::Uid)]) -> UidSet {
    UidSet::from_ranges(runs.iter().map(|(first, last)| (first.0, last.0)).collect())
}

/// A modification sequence as the machine writes it.
pub(super) fn modseq(modseq: i64) -> u64 {
    u64::try_from(modseq).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_keywords_go_there_and_back() {
        let mut all = Flags::of(&SystemFlag::ALL);
        all.set_keyword(Keyword::parse("$Forwarded").unwrap());
        for shown in [Flags::new(), Flags::of(&[SystemFlag::Deleted]), all] {
            assert_eq!(flags(&marks(&shown)), shown);
        }
    }
}
