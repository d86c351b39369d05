//! The trail, for auditors: a chain line by line, lines taken out for elsewhere, the proof that none was
//! changed. Each of these is an act with a line of its own.

use crate::table::Table;
use crate::{Admin, Error};
use audit::{Act, Actor, Broken, Chain, Entry, Line, Written};
use directory::{Resolved, mailboxes, people, person_reference};
use names::{AccountId, Address, AdministratorId, Ins, PersonId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Lines read at a time.
const PAGE: u32 = 2_000;
/// Lines of one answer: more is asked for by narrower dates.
pub const EXPORTED: usize = 100_000;
/// Lines that are proved while somebody waits; more is for `pli verify`.
pub const PROVED: u64 = 500_000;

/// Whose chain is meant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Whose {
    /// The house: settings, start and stop, administrators.
    House,
    /// A mailbox of professionals, by its address.
    Mailbox(String),
    /// A professional, by national identifier.
    Person(String),
    /// A patient's account.
    Patient(Ins),
}

/// Lines of a chain, in words where there are any.
#[derive(Clone, Debug)]
pub struct TrailPage {
    /// The chain.
    pub chain: Chain,
    /// Newest first.
    pub lines: Vec<Written>,
    /// Where older ones begin, when there are any.
    pub older: Option<i64>,
    /// Names of those the lines speak of, by how a line writes them; a patient has none.
    pub names: HashMap<String, String>,
}

/// As what lines leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ExportAs {
    /// One JSON object a line.
    JsonLines,
    /// A table for spreadsheets.
    Csv,
}

impl ExportAs {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::JsonLines, Self::Csv];

    /// Its word, and the end of a file's name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// The form of a word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.code() == code)
    }
}

/// What a proof found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrailProof {
    /// Chains looked at.
    pub chains: u64,
    /// Lines of all chains looked at; of one chain, its last number.
    pub lines: u64,
    /// What does not hold.
    pub broken: Vec<Broken>,
}

/// What is asked on the command line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TrailCommand {
    /// Tells the newest lines.
    Show {
        /// Of which chain.
        whose: Whose,
        /// How many.
        lines: u32,
    },
    /// Takes lines out.
    Export {
        /// Of which chain.
        whose: Whose,
        /// From this instant on.
        from: Timestamp,
        /// Before this one.
        until: Timestamp,
        /// As what.
        form: ExportAs,
    },
    /// Proves that no line was changed.
    Check {
        /// Of which chain; of all when absent.
        whose: Option<Whose>,
    },
}

impl Admin {
    /// The chain that is meant. Refused when there is nobody.
    pub async fn chain_of(&self, whose: &Whose, now: Timestamp) -> Result<Chain, Error> {
        let failed = |cause| Error::Directory { what: "looking an account up", cause };
        let nobody = |what: &str| Error::Refused(format!("no {what} here is known by that"));
        match whose {
            Whose::House => Ok(Chain::System),
            Whose::Mailbox(text) => {
                let unknown = || nobody("mailbox");
                let address = Address::parse(text.trim()).map_err(|_| unknown())?;
                let mailbox = self.directory.mailbox(&address).await.map_err(failed)?;
                mailbox.map(|mailbox| Chain::Account(mailbox.account)).ok_or_else(unknown)
            }
            Whose::Person(text) => {
                let id = person_reference(text).map_err(Error::Refused)?;
                let mut tx = self.mailstore.db().read().await?;
                let found = people::find_by_national_ids(&mut tx, &[id]).await?.pop();
                found.map(|person| Chain::Person(person.id)).ok_or_else(|| nobody("professional"))
            }
            Whose::Patient(ins) => {
                let unknown = || nobody("patient");
                let domain = self.directory.patient_domain().await.map_err(failed)?.ok_or_else(unknown)?;
                let address = Address::of_patient(ins, &domain);
                match self.directory.resolve(&[address], now).await.map_err(failed)?.pop() {
                    Some(Resolved::Patient(patient)) => Ok(Chain::Account(patient.account)),
                    Some(_) | None => Err(unknown()),
                }
            }
        }
    }

    /// The newest lines of a chain before a number; [`EXPORTED`] at most.
    pub async fn trail_page(
        &self,
        chain: Chain,
        before: Option<i64>,
        most: u32,
        by: Actor,
        now: Timestamp,
    ) -> Result<TrailPage, Error> {
        let most = most.clamp(1, EXPORTED as u32);
        let (mut lines, mut last) = (Vec::new(), before);
        loop {
            let wanted = PAGE.min(most - lines.len() as u32);
            let mut tx = self.mailstore.db().read().await?;
            let page = audit::history(&mut tx, chain, last, wanted).await?;
            last = page.last().map(|line| line.seq);
            let ends = (page.len() as u32) < wanted;
            lines.extend(page);
            if ends || lines.len() as u32 == most {
                break;
            }
        }
        self.looked_by(by, chain, format!("history lines={}", lines.len()), now).await?;
        let older = lines.last().map(|line| line.seq).filter(|seq| *seq > 1);
        let names = self.names_in(&lines).await?;
        Ok(TrailPage { chain, lines, older, names })
    }

    /// The lines of a chain between two instants, oldest first, in one text. Refused when they are too
    /// many: nothing is left out in silence.
    pub async fn export_trail(
        &self,
        chain: Chain,
        times: Range<Timestamp>,
        form: ExportAs,
        by: Actor,
        now: Timestamp,
    ) -> Result<String, Error> {
        let mut kept = Vec::new();
        let mut before = None;
        loop {
            let mut tx = self.mailstore.db().read().await?;
            let page = audit::history(&mut tx, chain, before, PAGE).await?;
            drop(tx);
            let Some(last) = page.last() else { break };
            before = Some(last.seq);
            // What was erased keeps its number and tells no time.
            let too_old = page.iter().rev().find_map(|line| line.line.as_ref().map(|line| line.at));
            let fits = |line: &Written| line.line.as_ref().is_none_or(|line| times.contains(&line.at));
            kept.extend(page.into_iter().filter(fits));
            if kept.len() > EXPORTED {
                return Err(Error::Refused(format!(
                    "more than {EXPORTED} lines: ask for a shorter time, and again for the rest"
                )));
            }
            if too_old.is_some_and(|at| at < times.start) {
                break;
            }
        }
        kept.reverse();
        let detail = format!(
            "chain={} from={} until={} lines={} form={}",
            chain_word(chain),
            times.start.rfc3339(),
            times.end.rfc3339(),
            kept.len(),
            form.code()
        );
        self.told_of_trail(by, Act::TrailExported, chain, detail, now).await?;
        Ok(match form {
            ExportAs::JsonLines => kept.iter().map(|line| json(chain, line)).collect(),
            ExportAs::Csv => csv(chain, &kept),
        })
    }

    /// Proves one chain, or all of them when they are not too many to wait for.
    pub async fn prove_trail(
        &self,
        chain: Option<Chain>,
        by: Actor,
        now: Timestamp,
    ) -> Result<TrailProof, Error> {
        let key = (!self.trail_key.is_empty()).then_some(&*self.trail_key);
        let mut tx = self.mailstore.db().read().await?;
        let proof = match chain {
            Some(chain) => {
                let newest = audit::history(&mut tx, chain, None, 1).await?;
                let lines = newest.first().map_or(0, |line| line.seq as u64);
                TrailProof { chains: 1, lines, broken: audit::verify_chain_of(&mut tx, chain, key).await? }
            }
            None => {
                let (chains, lines) = audit::size(&mut tx).await?;
                if lines > PROVED {
                    return Err(Error::Refused(format!(
                        "the trail has {lines} lines: `pli verify --quick` proves it while the server runs"
                    )));
                }
                TrailProof { chains, lines, broken: audit::verify(&mut tx, key).await? }
            }
        };
        drop(tx);
        let what = chain.map_or_else(|| "all".to_owned(), chain_word);
        let detail = format!("chain={what} lines={} broken={}", proof.lines, proof.broken.len());
        self.told_of_trail(by, Act::TrailChecked, chain.unwrap_or(Chain::System), detail, now).await?;
        Ok(proof)
    }

    /// A line in the chain it is about, and in the one of the house, where acts of auditors stand together.
    async fn told_of_trail(
        &self,
        by: Actor,
        act: Act,
        chain: Chain,
        detail: String,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut chains = vec![chain, Chain::System];
        chains.dedup();
        let entry = |chain: Chain| {
            let line = Line { at: now, actor: by, for_whom: None, act, detail: detail.clone() };
            Entry::new(chain, line, &self.entropy)
        };
        let entries: Vec<Entry> = chains.into_iter().map(entry).collect();
        let unit = db::unit("note an act on the trail", entries, |entries, tx| {
            Box::pin(async move { audit::append(tx, entries).await.map_err(Error::from) })
        });
        self.mailstore.db().write(unit).await
    }

    /// Names of professionals, mailboxes and administrators that lines speak of. Patients have none here.
    pub(crate) async fn names_in(&self, lines: &[Written]) -> Result<HashMap<String, String>, Error> {
        let (mut persons, mut accounts) = (HashSet::<PersonId>::new(), HashSet::<AccountId>::new());
        let mut administrators = HashSet::<AdministratorId>::new();
        let told = lines.iter().filter_map(|line| line.line.as_ref());
        for actor in told.flat_map(|line| [Some(line.actor), line.for_whom]).flatten() {
            match actor {
                Actor::Person(person) => drop(persons.insert(person)),
                Actor::Account(account) => drop(accounts.insert(account)),
                Actor::Administrator(id) => drop(administrators.insert(id)),
                Actor::System | Actor::Patient(_) | Actor::Operator | Actor::Program(_) => {}
            }
        }
        let mut names = HashMap::new();
        for id in administrators {
            let found = self.directory.administrator(id).await;
            let found = found.map_err(|cause| Error::Directory { what: "naming an administrator", cause })?;
            names.extend(found.map(|one| (Actor::Administrator(id).to_string(), one.name)));
        }
        let mut tx = self.mailstore.db().read().await?;
        for person in persons {
            if let Some(found) = people::find(&mut tx, person).await? {
                names.insert(Actor::Person(person).to_string(), found.display_name());
            }
        }
        let accounts: Vec<AccountId> = accounts.into_iter().collect();
        for mailbox in mailboxes::find(&mut tx, &accounts).await? {
            names.insert(Actor::Account(mailbox.account).to_string(), mailbox.address.to_string());
        }
        Ok(names)
    }
}

/// How a chain is written in lines and files.
#[must_use]
pub fn chain_word(chain: Chain) -> String {
    match chain {
        Chain::System => "house".to_owned(),
        Chain::Account(account) => format!("account:{}", account.0),
        Chain::Person(person) => format!("person:{}", person.0),
    }
}

/// One line as an object; what was erased has its number only.
fn json(chain: Chain, written: &Written) -> String {
    let chain = chain_word(chain);
    let object = match &written.line {
        Some(line) => serde_json::json!({
            "chain": chain,
            "seq": written.seq,
            "at": line.at.rfc3339(),
            "actor": line.actor.to_string(),
            "for": line.for_whom.map(|whom| whom.to_string()),
            "act": line.act.code(),
            "detail": line.detail,
        }),
        None => serde_json::json!({ "chain": chain, "seq": written.seq, "erased": true }),
    };
    format!("{object}\n")
}

fn csv(chain: Chain, lines: &[Written]) -> String {
    let mut table = Table::new(["chaine", "numero", "date", "acteur", "pour", "acte", "detail"]);
    let chain = chain_word(chain);
    for written in lines {
        let seq = written.seq.to_string();
        match &written.line {
            Some(line) => {
                let whom = line.for_whom.map(|whom| whom.to_string()).unwrap_or_default();
                let (at, actor) = (line.at.rfc3339(), line.actor.to_string());
                table.row([&chain, &seq, &at, &actor, &whom, line.act.code(), &line.detail]);
            }
            None => table.row([&chain, &seq, "", "", "", "", ""]),
        }
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{House, NOON, full_houses};
    use crate::{Command, PasswordOwner};
    use names::{DAY, HOUR};

    const MACHINE: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";
    const PATIENT: &str = "285059900010125";

    async fn act(house: &House, label: &str, now: Timestamp) {
        let owner = PasswordOwner::Mailbox(MACHINE.to_owned());
        let issue = Command::IssuePassword { owner, label: label.to_owned() };
        house.admin.run(&issue, now).await.unwrap();
    }

    async fn last_of(house: &House, chain: Chain) -> Line {
        let mut tx = house.admin.mailstore.db().read().await.unwrap();
        audit::history(&mut tx, chain, None, 1).await.unwrap().remove(0).line.unwrap()
    }

    #[tokio::test]
    async fn more_lines_than_are_read_at_a_time_are_told_in_one_answer() {
        for house in full_houses().await {
            let (chain, by) = (Chain::System, Actor::Operator);
            let line = |number: u32| {
                let line = Line {
                    at: NOON,
                    actor: by,
                    for_whom: None,
                    act: Act::AdminLooked,
                    detail: format!("n={number}"),
                };
                Entry::new(chain, line, &house.admin.entropy)
            };
            let entries: Vec<Entry> = (0..PAGE + 9).map(line).collect();
            let unit = db::unit("many lines", entries, |entries, tx| {
                Box::pin(async move { audit::append(tx, entries).await.map_err(Error::from) })
            });
            house.admin.mailstore.db().write(unit).await.unwrap();
            for most in [PAGE - 1, PAGE, PAGE + 1, PAGE + 9] {
                let page = house.admin.trail_page(chain, None, most, by, NOON).await.unwrap();
                let numbers: Vec<i64> = page.lines.iter().map(|line| line.seq).collect();
                assert_eq!(numbers.len() as u32, most, "{}", house.engine);
                assert!(numbers.is_sorted_by(|newer, older| *newer == older + 1), "{}: {most}", house.engine);
            }
            let all = house.admin.trail_page(chain, None, u32::MAX, by, NOON).await.unwrap();
            assert_eq!(
                (all.lines.last().map(|line| line.seq), all.older),
                (Some(1), None),
                "{}",
                house.engine
            );
        }
    }

    #[tokio::test]
    async fn an_auditor_reads_takes_out_and_proves_a_chain_and_each_is_a_line_of_its_own() {
        for house in full_houses().await {
            for day in 0..4 {
                act(&house, "automate", NOON.plus(day * DAY)).await;
            }
            let by = Actor::Operator;
            let now = NOON.plus(4 * DAY);
            let chain = house.admin.chain_of(&Whose::Mailbox(MACHINE.to_owned()), now).await.unwrap();
            let page = house.admin.trail_page(chain, None, 2, by, now).await.unwrap();
            assert_eq!(page.lines.len(), 2, "{}", house.engine);
            let older = house.admin.trail_page(chain, page.older, 2, by, now).await.unwrap();
            assert_eq!(older.lines[0].seq + 1, page.lines[1].seq, "{}", house.engine);

            let times = NOON.plus(DAY)..NOON.plus(3 * DAY);
            for (form, lines, words) in [
                (ExportAs::JsonLines, 2, "\"act\":\"credential.issued\""),
                (ExportAs::Csv, 3, "\"credential.issued\""),
            ] {
                let text = house.admin.export_trail(chain, times.clone(), form, by, now).await.unwrap();
                assert_eq!(text.lines().count(), lines, "{}: {text}", house.engine);
                assert!(text.contains(words), "{}: {text}", house.engine);
                for chain in [chain, Chain::System] {
                    let line = last_of(&house, chain).await;
                    assert_eq!(line.act, Act::TrailExported, "{}", house.engine);
                    assert!(line.detail.contains("lines=2"), "{}", line.detail);
                }
            }
            for chain in [Some(chain), None] {
                let proof = house.admin.prove_trail(chain, by, now).await.unwrap();
                assert_eq!(proof.broken, [], "{}", house.engine);
                assert_eq!(last_of(&house, Chain::System).await.act, Act::TrailChecked, "{}", house.engine);
            }
        }
    }

    #[tokio::test]
    async fn what_was_changed_shows_and_what_was_erased_keeps_its_place() {
        for house in full_houses().await {
            act(&house, "automate", NOON).await;
            act(&house, "automate", NOON.plus(HOUR)).await;
            let chain = house.admin.chain_of(&Whose::Mailbox(MACHINE.to_owned()), NOON).await.unwrap();
            let erase = db::unit("erase", chain, |chain, tx| Box::pin(audit::erase(tx, *chain, 1)));
            let erased: Result<bool, db::Error> = house.admin.mailstore.db().write(erase).await;
            assert!(erased.unwrap());
            let by = Actor::Operator;
            let text = house.admin.export_trail(chain, NOON..NOON.plus(DAY), ExportAs::JsonLines, by, NOON);
            let text = text.await.unwrap();
            assert!(text.lines().next().unwrap().contains("\"erased\":true"), "{}: {text}", house.engine);
            assert_eq!(house.admin.prove_trail(Some(chain), by, NOON).await.unwrap().broken, []);
            let damage = db::unit("damage", (), |(), tx| {
                Box::pin(
                    tx.execute("UPDATE audit_line SET line = 'x' WHERE line LIKE '%credential%'", vec![]),
                )
            });
            let damaged: Result<u64, db::Error> = house.admin.mailstore.db().write(damage).await;
            assert!(damaged.unwrap() > 0);
            for chain in [Some(chain), None] {
                let proof = house.admin.prove_trail(chain, by, NOON).await.unwrap();
                assert_ne!(proof.broken, [], "{}", house.engine);
            }
        }
    }

    #[tokio::test]
    async fn chains_are_named_by_address_by_number_and_by_ins() {
        for house in full_houses().await {
            let rpps = "10099000027".to_owned();
            for whose in [
                Whose::House,
                Whose::Mailbox(MACHINE.to_owned()),
                Whose::Person(rpps),
                Whose::Patient(Ins::parse(PATIENT).unwrap()),
            ] {
                assert!(house.admin.chain_of(&whose, NOON).await.is_ok(), "{}: {whose:?}", house.engine);
            }
            for nobody in [
                Whose::Mailbox("nobody@cabinet-lilas.mssante.example".to_owned()),
                Whose::Mailbox("no address".to_owned()),
                // A patient's chain is not come by through an address.
                Whose::Mailbox(format!("{PATIENT}@patient.mssante.example")),
                Whose::Person("10000000001".to_owned()),
                Whose::Patient(Ins::parse("279035121518989").unwrap()),
            ] {
                let error = house.admin.chain_of(&nobody, NOON).await.unwrap_err();
                assert!(matches!(error, Error::Refused(_)), "{}: {nobody:?}", house.engine);
            }
        }
    }
}
