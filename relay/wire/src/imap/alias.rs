//! Names that mail programs have for the folders that every mailbox has.
//!
//! Apple Mail makes "Sent Messages", Outlook "Deleted Items", others "Spam", each beside the folder
//! that is there for it (PEERS §4.2). Such a name is taken for the folder with that use:
//!
//! | command | what an alias does |
//! |---|---|
//! | SELECT, EXAMINE, STATUS, APPEND, COPY, MOVE, SUBSCRIBE, UNSUBSCRIBE | reaches the folder with that use |
//! | CREATE | `OK`, as if it had been made |
//! | RENAME to it | `NO [ALREADYEXISTS]`, but for the folder with that use, which may be called so |
//! | RENAME from it, DELETE | `NO [NONEXISTENT]`: only a folder's own name gives it up |
//! | LIST, LSUB with a wildcard | is not shown: one folder, one row |
//! | LIST of exactly this name | is shown as the folder it means: JavaMail asks so whether a folder is there |
//!
//! A folder that really has such a name is that folder: the user's own names win. What lies under such a
//! name is no alias: a program that keeps two sides alike (mbsync) must find each folder under the name it
//! made, or it carries every letter twice.

use super::name::{DELIMITER, FolderName, Role};

/// Names, in small letters, and their uses: what Apple Mail, Outlook, Thunderbird, Gmail, K-9, Exchange
/// and their French versions call these folders, and what we call them ourselves.
const ALIASES: &[(&str, Role)] = &[
    ("sent", Role::Sent),
    ("sent messages", Role::Sent),
    ("sent items", Role::Sent),
    ("sent mail", Role::Sent),
    ("sent-mail", Role::Sent),
    ("envoyés", Role::Sent),
    ("messages envoyés", Role::Sent),
    ("éléments envoyés", Role::Sent),
    ("trash", Role::Trash),
    ("deleted", Role::Trash),
    ("deleted messages", Role::Trash),
    ("deleted items", Role::Trash),
    ("bin", Role::Trash),
    ("corbeille", Role::Trash),
    ("messages supprimés", Role::Trash),
    ("éléments supprimés", Role::Trash),
    ("drafts", Role::Drafts),
    ("draft", Role::Drafts),
    ("brouillons", Role::Drafts),
    ("brouillon", Role::Drafts),
    ("junk", Role::Junk),
    ("spam", Role::Junk),
    ("bulk mail", Role::Junk),
    ("junk e-mail", Role::Junk),
    ("junk email", Role::Junk),
    ("junk mail", Role::Junk),
    ("indésirables", Role::Junk),
    ("courrier indésirable", Role::Junk),
    ("pourriel", Role::Junk),
    ("archive", Role::Archive),
    ("archives", Role::Archive),
];

impl FolderName {
    /// What this name stands for among these folders: itself, unless it is an alias and no folder is called
    /// so. The folder meant need not exist, as when one is to be made.
    #[must_use]
    pub fn meant<'a>(&self, folders: impl Iterator<Item = (&'a FolderName, Option<Role>)>) -> FolderName {
        let Some(role) = alias(self.as_str()) else { return self.clone() };
        let mut home = None;
        for (name, use_) in folders {
            let is_there = name.as_str().strip_prefix(self.as_str());
            if is_there.is_some_and(|rest| rest.is_empty() || rest.starts_with(DELIMITER)) {
                return self.clone();
            }
            if use_ == Some(role) {
                home = Some(name);
            }
        }
        home.unwrap_or(self).clone()
    }
}

fn alias(name: &str) -> Option<Role> {
    let name = name.to_lowercase();
    ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, role)| *role)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FolderName {
        FolderName::parse(text).unwrap()
    }

    #[test]
    fn names_of_other_programs_mean_the_folders_that_are_there() {
        let ours = [
            (name("INBOX"), None),
            (name("Envois"), Some(Role::Sent)),
            (name("Trash"), Some(Role::Trash)),
            (name("Divers/Drafts"), Some(Role::Drafts)),
            (name("Spam/2019"), None),
            (name("Junk"), Some(Role::Junk)),
        ];
        for (said, meant) in [
            ("Sent Messages", "Envois"),
            ("SENT ITEMS", "Envois"),
            ("\u{c9}l\u{e9}ments envoy\u{e9}s", "Envois"),
            ("Sent Items/2024", "Sent Items/2024"), // no alias
            ("Deleted Messages", "Trash"),
            ("Trash", "Trash"),
            ("Drafts", "Divers/Drafts"),
            ("Junk E-mail", "Junk"),
            ("Spam", "Spam"),       // theirs: a folder lies under it
            ("Archive", "Archive"), // no folder has that use
            ("Sent Messagesx", "Sent Messagesx"),
            ("INBOX/Sent Messages", "INBOX/Sent Messages"),
            ("inbox", "INBOX"),
        ] {
            let folders = ours.iter().map(|(name, role)| (name, *role));
            assert_eq!(name(said).meant(folders), name(meant), "{said}");
        }
    }

    #[test]
    fn a_folder_that_really_has_the_name_is_that_folder() {
        let ours = [(name("Envois"), Some(Role::Sent)), (name("Sent Items"), None)];
        let folders = || ours.iter().map(|(name, role)| (name, *role));
        assert_eq!(name("Sent Items").meant(folders()), name("Sent Items"));
        assert_eq!(name("Sent Items/a").meant(folders()), name("Sent Items/a"));
        assert_eq!(name("Sent Messages").meant(folders()), name("Envois"));
    }

    #[test]
    fn every_alias_is_written_as_it_is_compared() {
        for (alias, _) in ALIASES {
            assert_eq!(*alias, alias.to_lowercase());
            assert_eq!(name(alias).as_str(), *alias, "an alias is a name in NFC");
        }
    }
}
