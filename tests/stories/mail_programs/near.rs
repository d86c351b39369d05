//! A mailbox on both sides of mbsync: folders of files near, a house far.

use kit::{House, ImapClient};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Of each folder, of each letter by its Message-ID: the flags, as letters of Maildir.
pub type Mailbox = BTreeMap<String, BTreeMap<String, BTreeSet<char>>>;

/// Settings of mbsync, in the house's folder: everything goes both ways.
pub fn settings(house: &House, port: u16, login: &str, password: &str) -> PathBuf {
    let mail = house.path("mail");
    std::fs::create_dir_all(&mail).unwrap();
    let text = format!(
        "IMAPAccount pli\nHost localhost\nPort {port}\nUser {login}\nPass {password}\nSSLType IMAPS\n\
         AuthMechs PLAIN\nCertificateFile {}\n\nIMAPStore far\nAccount pli\n\n\
         MaildirStore near\nSubFolders Verbatim\nPath {mail}/\nInbox {mail}/INBOX\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSync All\n\
         SyncState *\n",
        house.path("tls/root.pem").display(),
        mail = mail.display(),
    );
    let path = house.path(&format!("mbsyncrc-{port}"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A letter with this number, as it goes over the wire.
pub fn letter(number: usize) -> Vec<u8> {
    format!(
        "From: Dr A <a@cabinet.example>\r\nTo: b@hopital.example\r\nSubject: lettre {number}\r\n\
         Date: Sat, 31 Jan 2026 09:00:00 +0100\r\nMessage-ID: <{number}@pres.example>\r\n\r\nCorps {number}.\r\n"
    )
    .into_bytes()
}

/// What mbsync knew of a folder that is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The folder is as new to it.
    Forgotten,
    /// It goes with the folder.
    Kept,
}

/// The side of the files.
pub struct Near<'a>(pub &'a Path);

impl Near<'_> {
    pub fn place(&self, folder: &str, number: usize, flags: &str) {
        let folder = self.0.join(folder);
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        let text = String::from_utf8(letter(number)).unwrap().replace("\r\n", "\n");
        std::fs::write(folder.join(format!("cur/1700000000.{number}.poste:2,{flags}")), text).unwrap();
    }

    /// Adds a flag to so many letters of a folder, in the order of their Message-IDs.
    pub fn mark(&self, folder: &str, which: std::ops::Range<usize>, flag: char) {
        for (_, path) in self.sorted(folder).drain(which) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (base, old) = name.split_once(":2,").unwrap_or((&name, ""));
            let flags: BTreeSet<char> = old.chars().chain([flag]).collect();
            let flags: String = flags.into_iter().collect();
            std::fs::rename(&path, self.0.join(folder).join(format!("cur/{base}:2,{flags}"))).unwrap();
        }
    }

    /// Removes letters of a folder, as a reader does who needs no trash.
    pub fn discard(&self, folder: &str, which: std::ops::Range<usize>) {
        for (_, path) in self.sorted(folder).drain(which) {
            std::fs::remove_file(path).unwrap();
        }
    }

    fn sorted(&self, folder: &str) -> Vec<(String, PathBuf)> {
        let files = files(&self.0.join(folder)).into_iter();
        let mut files: Vec<_> = files.map(|path| (id(&path), path)).collect();
        files.sort();
        files
    }

    pub fn rename(&self, from: &str, to: &str, state: State) {
        let to = self.0.join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(self.0.join(from), &to).unwrap();
        if state == State::Forgotten {
            for name in [".mbsyncstate", ".uidvalidity"] {
                std::fs::remove_file(to.join(name)).unwrap();
            }
            for path in files(&to) {
                // Its UIDs stand in the names.
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let (start, end) = (name.find(",U="), name.find(':').unwrap_or(name.len()));
                let plain = start.map_or(name.clone(), |start| format!("{}{}", &name[..start], &name[end..]));
                std::fs::rename(&path, path.with_file_name(plain)).unwrap();
            }
        }
    }

    pub fn remove(&self, folder: &str) {
        std::fs::remove_dir_all(self.0.join(folder)).unwrap();
    }

    pub fn all(&self) -> Mailbox {
        let mut mailbox = Mailbox::new();
        self.walk(self.0, &mut mailbox);
        mailbox
    }

    fn walk(&self, folder: &Path, mailbox: &mut Mailbox) {
        for entry in std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
            match entry.file_name().to_string_lossy().as_ref() {
                "cur" => {
                    let name = folder.strip_prefix(self.0).unwrap().to_string_lossy().into_owned();
                    let letters = files(folder).iter().map(|path| (id(path), flags(path))).collect();
                    mailbox.insert(name, letters);
                }
                "new" | "tmp" => {}
                _ => self.walk(&entry.path(), mailbox),
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let parts = ["new", "cur"].iter().filter_map(|part| std::fs::read_dir(folder.join(part)).ok());
    parts.flat_map(|entries| entries.flatten().map(|entry| entry.path())).collect()
}

fn id(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("its Message-ID").to_owned()
}

fn flags(path: &Path) -> BTreeSet<char> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    name.split_once(":2,").map_or_else(BTreeSet::new, |(_, flags)| flags.chars().collect())
}

/// The same of the house.
pub fn far(client: &mut ImapClient) -> Mailbox {
    let mut mailbox = Mailbox::new();
    // Whatever happened since stands between the answers.
    let listed = client.run("LIST \"\" *").unwrap().into_iter();
    for listed in listed.filter(|line| line.line.starts_with("* LIST ")) {
        let name = listed.line.rsplit_once("\"/\" ").expect("a folder's name").1.trim_matches('"').to_owned();
        client.run(&format!("EXAMINE \"{name}\"")).unwrap();
        let lines = client.run("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])").unwrap();
        let letters = lines.into_iter().filter(|line| !line.literals.is_empty()).map(|line| {
            let head = String::from_utf8_lossy(&line.literals[0]).into_owned();
            let id = head.trim().strip_prefix("Message-ID: ").expect("its Message-ID").to_owned();
            let marks =
                [("Draft", 'D'), ("Flagged", 'F'), ("Answered", 'R'), ("Seen", 'S'), ("Deleted", 'T')];
            let marks = marks.iter().filter(|(mark, _)| line.line.contains(&format!("\\{mark}")));
            (id, marks.map(|(_, letter)| *letter).collect())
        });
        mailbox.insert(name, letters.collect());
    }
    mailbox
}
