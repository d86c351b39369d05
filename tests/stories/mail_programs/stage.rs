//! A house with one mailbox for each program, and the ear in front of it.

use crate::people::with_people;
use crate::transcripts::{RECEIVED, furnish, short};
use kit::{Engine, House, Outside, Plan, Recorder, Tool, setting};
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

/// Each has a mailbox of its name and a recorded dialogue.
pub const RECORDED: [&str; 9] = [
    "curl",
    "fetchmail",
    "getmail",
    "imapflow",
    "imaplib",
    "mbsync",
    "neomutt",
    "offlineimap",
    "thunderbird",
];

/// Each mailbox has its own: a machine's password is nobody else's.
pub fn password(program: &str) -> String {
    format!("mot-de-passe-de-{program}")
}

/// The folder of the dialogues.
pub fn dialogues() -> PathBuf {
    Outside::repository("tests/transcripts/imap/clients")
}

pub fn address(program: &str) -> String {
    format!("{program}@cabinet.example")
}

/// A house where every program has its mailbox.
pub fn house() -> House {
    let mut people = "\n[[domains]]\ndomain = \"cabinet.example\"\nplace = \"local\"\n".to_owned();
    for program in RECORDED {
        let address = address(program);
        let _ = write!(
            people,
            "[[mailboxes]]\naddress = \"{address}\"\nkind = \"APP\"\norganisation = \"990000010\"\n\
             [[passwords]]\nmailbox = \"{address}\"\nlabel = \"{program}\"\npassword = \"{}\"\n",
            password(program)
        );
    }
    // An ear has its own TLS: nothing can be bound to the house's.
    let settings = "[sign_in]\nchannel_binding = false\n".to_owned();
    let domains = vec!["cabinet.example".to_owned()];
    House::build(Plan { settings, domains, ..with_people(Plan::demo(Engine::Sqlite), &people) })
}

/// What happens in a mailbox while its program is connected, on the stage and when it is played again.
pub fn happen(house: &House, program: &str, what: &str) -> io::Result<()> {
    let mut client = house.reader(&address(program), &password(program))?;
    match what.split_once(' ') {
        Some(("deliver", number)) => {
            client.append_at("INBOX", RECEIVED, &short(number.parse().map_err(io::Error::other)?))
        }
        Some(("run", command)) => client.run(command).map(drop),
        Some(_) | None => Err(io::Error::other(format!("nothing like this happens: {what}"))),
    }
}

/// A program's mailbox, the house around it, the ear in front.
pub struct Stage {
    pub house: House,
    pub recorder: Recorder,
    program: &'static str,
    setup: Vec<String>,
}

impl Stage {
    /// `setup` as in other transcripts: `inbox 3`, `letter mixed`, `folder Suivi`.
    pub fn open(program: &'static str, setup: &[&str]) -> Self {
        assert!(RECORDED.contains(&program), "{program} has no mailbox");
        let house = house();
        let setup: Vec<String> = setup.iter().map(|&line| line.to_owned()).collect();
        furnish(&house, &setup, &address(program), &password(program)).unwrap();
        let recorder = house.recorder();
        Self { house, recorder, program, setup }
    }

    pub fn login(&self) -> String {
        address(self.program)
    }

    pub fn root(&self) -> String {
        self.house.path("tls/root.pem").to_string_lossy().into_owned()
    }

    /// The program, told where it connects.
    pub fn tool(&self, tool: Tool) -> Tool {
        tool.env("ROOT", self.root())
            .env("PORT", self.recorder.port().to_string())
            .env("LOGIN", self.login())
            .env("PASSWORD", password(self.program))
            .env("HOME", self.house.path(""))
    }

    /// Writes a settings file; its path.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.house.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Lets something happen in the mailbox, and notes it.
    pub fn happen(&self, what: &str) {
        self.recorder.note(what);
        happen(&self.house, self.program, what).unwrap();
    }

    /// Nothing was called wrong; with `PLI_RECORD` set the dialogue is written down.
    pub fn close(&self) {
        let dialogue = self.recorder.dialogue();
        let text = dialogue.text();
        assert_eq!(dialogue.complaints(), Vec::<String>::new(), "{}\n{text}", self.program);
        assert!(text.contains("C: a1 "), "{} did not come through the ear", self.program);
        let Some(_) = setting("PLI_RECORD") else { return };
        let mut whole = format!("# What {} says to a house. Recorded: see tests/README.md.\n", self.program);
        for line in &self.setup {
            let _ = writeln!(whole, "Setup: {line}");
        }
        std::fs::create_dir_all(dialogues()).unwrap();
        std::fs::write(dialogues().join(format!("{}.txt", self.program)), whole + &text).unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("what {} said:\n{}", self.program, self.recorder.dialogue().text());
        }
    }
}
