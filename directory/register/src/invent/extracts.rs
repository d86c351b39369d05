//! The two public extracts, written line by line.

use std::io::{self, Write};

use super::people::{Named, Sex, invented};
use super::structures::{self, Kind, Structure};
use super::{Dice, Words, luhn_digit};

/// How much is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Professionals: 1,500,000 make up some 2,200,000 activities and 1,000,000 mailboxes.
    pub professionals: u64,
    /// Lines that are wrong on purpose, in each of the two files.
    pub wrong_lines: u64,
    /// Another seed makes other people.
    pub seed: u64,
    /// Which day's extract: each later day differs from the one before in some hundredth of its lines.
    pub day: u64,
}

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Invented {
    /// Lines of mailboxes, wrong ones included.
    pub mailboxes: u64,
    /// Lines of activities, wrong ones included.
    pub activities: u64,
    /// Professionals whose number has a wrong check digit.
    pub wrong_digits: u64,
}

/// One professional in so many has a number whose check digit is wrong, as in official documents.
const WRONG_DIGITS: u64 = 1_000;
/// Domains of mailboxes for so many professionals.
const DOMAINS: u64 = 2_000;

/// Writes both extracts.
pub fn national(
    wanted: &Wanted,
    mailboxes: &mut impl Write,
    activities: &mut impl Write,
    mut progress: impl FnMut(u64, u64),
) -> io::Result<Invented> {
    let words = Words::new();
    let mut made = Invented::default();
    mailboxes.write_all(include_bytes!("../../data/mailboxes_header.txt"))?;
    activities.write_all(include_bytes!("../../data/activities_header.txt"))?;
    let mut writing = Writing { wanted, words: &words, all: structures::count(wanted.professionals) };
    // In rounds, so that activities of one person stand far apart, as in the national file.
    for round in 0..MOST_ACTIVITIES {
        for number in 0..wanted.professionals {
            if number.is_multiple_of(65_536) {
                progress(round * wanted.professionals + number, MOST_ACTIVITIES * wanted.professionals);
            }
            let dice = Dice::of(wanted.seed, "professional", number);
            writing.professional(number, round, dice, mailboxes, activities, &mut made)?;
        }
    }
    writing.structures(mailboxes, &mut made)?;
    for number in 0..wanted.wrong_lines {
        mailboxes.write_all(wrong_mailbox(number).as_bytes())?;
        writeln!(activities, "8|1{number}|wrong|line")?;
        made.mailboxes += 1;
        made.activities += 1;
    }
    Ok(made)
}

const MOST_ACTIVITIES: u64 = 4;

struct Writing<'a> {
    wanted: &'a Wanted,
    words: &'a Words,
    /// How many structures there are.
    all: u64,
}

impl Writing<'_> {
    fn professional(
        &mut self,
        number: u64,
        round: u64,
        mut dice: Dice,
        mailboxes: &mut impl Write,
        activities: &mut impl Write,
        made: &mut Invented,
    ) -> io::Result<()> {
        let count = match dice.below(100) {
            0..62 => 1,
            62..92 => 2,
            92..99 => 3,
            _ => MOST_ACTIVITIES,
        };
        if round >= count {
            return Ok(());
        }
        let named = invented(self.words, &mut dice);
        let (profession, label) = self.profession(&mut dice);
        let body = format!("10{:08}", (number * 7 + 1_000) % 100_000_000);
        let right = luhn_digit(&body);
        let is_wrong = number % WRONG_DIGITS == WRONG_DIGITS - 1;
        let digit = if is_wrong { char::from(b'0' + (right as u8 - b'0' + 1) % 10) } else { right };
        let who = Who {
            rpps: format!("{body}{digit}"),
            title: match (profession, named.sex) {
                ("10" | "40", _) => "DR",
                _ => "",
            },
            civil: if named.sex == Sex::Woman { "MME" } else { "M" },
            family: shown(named.family(), &mut dice),
            given: named.given.first().cloned().unwrap_or_default(),
            profession,
            label,
            category: if dice.once_in(990) { "C" } else { "M" },
            know_how: if profession == "10" {
                dice.one(&self.words.know_how).split_once(';').unwrap_or_default()
            } else {
                ("", "")
            },
        };
        let has_mailbox = dice.once_in(550);
        let with_structure = dice.once_in(750);
        // What changes from day to day, without changing the throws of others.
        let mut of_day = Dice::of(self.wanted.seed, "day", number);
        let changes_on = of_day.below(100);
        let changed = (1..=self.wanted.day).any(|day| day % 100 == changes_on);
        let mut first = None;
        for at in 0..=round {
            let kind = Kind::for_profession(profession, &mut dice);
            let place = structures::structure(
                self.words,
                self.wanted.seed,
                structures::pick(kind, self.all, &mut dice),
                self.all,
            );
            if at == 0 {
                first = Some(place.clone());
            }
            if at == round {
                self.activity(&who, &place, round, changed, activities)?;
                made.activities += 1;
            }
        }
        if round == 0 {
            made.wrong_digits += u64::from(is_wrong);
            if let (true, Some(place)) = (has_mailbox, first) {
                let place = with_structure.then_some(&place);
                mailboxes.write_all(self.personal(number, &named, &who, place, changed).as_bytes())?;
                made.mailboxes += 1;
            }
        }
        Ok(())
    }

    fn profession(&self, dice: &mut Dice) -> (&'static str, &'static str) {
        let mut thrown = dice.below(1_000);
        for line in &self.words.professions {
            let mut fields = line.split(';');
            let (code, label) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            let share: u64 = fields.next().and_then(|share| share.parse().ok()).unwrap_or_default();
            if thrown < share {
                return (code, label);
            }
            thrown -= share;
        }
        ("60", "")
    }

    fn activity(
        &self,
        who: &Who,
        at: &Structure,
        round: u64,
        changed: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Who { rpps, title, civil, family, given, profession, label, category, know_how } = who;
        let (mode, mode_label) = match at.kind {
            Kind::Practice | Kind::GroupPractice | Kind::Pharmacy => ("L", "Lib.indep.artisan"),
            Kind::Hospital
            | Kind::Clinic
            | Kind::NursingHome
            | Kind::Laboratory
            | Kind::HealthCentre
            | Kind::HealthHouse => ("S", "Salari\u{e9}"),
        };
        let phone = if changed && round == 0 { format!("{}1", &at.phone[..9]) } else { at.phone.clone() };
        writeln!(
            out,
            "8|{rpps}|8{rpps}|{title}|{civil}|{family}|{given}|{profession}|{label}|{category}|{}|{}|{mode}|{mode_label}|\
             {}|{}|{}|{}|{}|{}|||{}||{}|{}||{}|{}|{}|France|{phone}|{}|{}||",
            know_how.0,
            know_how.1,
            at.siret,
            at.siren,
            at.finess,
            at.finess_legal,
            at.name,
            at.trade_name,
            at.number,
            at.way_kind,
            at.way,
            at.town.to_uppercase(),
            at.postal_code,
            at.town,
            at.department(),
            at.kind.sector(),
        )
    }

    fn personal(
        &self,
        number: u64,
        named: &Named,
        who: &Who,
        at: Option<&Structure>,
        changed: bool,
    ) -> String {
        let local = |text: &str| names::fold(text).replace(' ', "-");
        let given = named.given.first().map_or("", String::as_str);
        // Domain and counter together are the number: no two addresses are alike.
        let counter = match number / DOMAINS {
            0 => String::new(),
            counter => counter.to_string(),
        };
        let address =
            format!("{}.{}{counter}@{}", local(given), local(named.family()), domain(number % DOMAINS));
        let Who { rpps, title, family, given, profession, label, category, know_how, .. } = who;
        let of_category = if *category == "C" { "Civil" } else { "Militaire" };
        let paperless = if changed { "O" } else { "N" };
        let head = format!(
            "PER|{address}|8|{rpps}|8{rpps}|{}|{title}|{family}|{given}|{category}|{of_category}|{profession}|{label}|{}|{}|{paperless}",
            at.map_or_else(
                || "||".to_owned(),
                |at| {
                    let (kind, id) = at.identifier();
                    format!("{kind}|{id}|")
                }
            ),
            know_how.0,
            know_how.1,
        );
        format!("{head}|{}\n", at.map_or_else(|| "|".repeat(12), envelope))
    }

    /// Mailboxes of structures: pharmacies, laboratories and hospitals have one or many, others some.
    fn structures(&mut self, out: &mut impl Write, made: &mut Invented) -> io::Result<()> {
        for number in 0..self.all {
            let at = structures::structure(self.words, self.wanted.seed, number, self.all);
            let mut dice = Dice::of(self.wanted.seed, "mailboxes", number);
            let services = match at.kind {
                Kind::Hospital => 8 + dice.below(36),
                Kind::Clinic => 3 + dice.below(10),
                Kind::Pharmacy | Kind::Laboratory => 1,
                Kind::NursingHome | Kind::HealthCentre | Kind::HealthHouse => 1 + dice.below(2),
                Kind::GroupPractice => u64::from(dice.once_in(400)),
                Kind::Practice => u64::from(dice.once_in(60)),
            };
            for place in 0..services {
                let service = match at.kind {
                    Kind::Hospital | Kind::Clinic => self
                        .words
                        .services
                        .get(place as usize % self.words.services.len())
                        .copied()
                        .unwrap_or_default(),
                    _ => "",
                };
                let what = if service.is_empty() {
                    "contact".to_owned()
                } else {
                    names::fold(service).replace(' ', "-")
                };
                out.write_all(
                    owned("ORG", &format!("{what}.{place}@s{number}.mssante.example"), service, &at)
                        .as_bytes(),
                )?;
                made.mailboxes += 1;
            }
            if matches!(at.kind, Kind::Hospital | Kind::Laboratory) {
                out.write_all(
                    owned("APP", &format!("resultats@s{number}.mssante.example"), "", &at).as_bytes(),
                )?;
                made.mailboxes += 1;
            }
        }
        Ok(())
    }
}

struct Who {
    rpps: String,
    title: &'static str,
    civil: &'static str,
    family: String,
    given: String,
    profession: &'static str,
    label: &'static str,
    category: &'static str,
    know_how: (&'static str, &'static str),
}

/// In capitals, as the national files mostly have it; some keep their accents.
fn shown(family: &str, dice: &mut Dice) -> String {
    if dice.once_in(300) {
        family.to_uppercase()
    } else {
        names::fold(family).to_uppercase().replace(' ', if family.contains('-') { "-" } else { " " })
    }
}

fn owned(kind: &str, address: &str, service: &str, at: &Structure) -> String {
    let (of, id) = at.identifier();
    format!("{kind}|{address}||||{of}|{id}|{service}||||||||||N|{}\n", envelope(at))
}

/// Columns 19 to 31.
fn envelope(at: &Structure) -> String {
    format!(
        "{}|{}|||{}||{}|{}|{}|{} {}|{}|{}|France",
        at.name,
        at.trade_name,
        at.number,
        at.way_kind,
        at.way,
        at.hamlet,
        at.postal_code,
        at.town.to_uppercase(),
        at.postal_code,
        at.department()
    )
}

fn domain(number: u64) -> String {
    match number % 4 {
        0 => format!("cabinet{number}.mssante.example"),
        1 => format!("pro{number}.mssante.example"),
        2 => format!("ch{number}.region.mssante.example"),
        _ => format!("sante{number}.example"),
    }
}

/// Wrong in one of several ways.
fn wrong_mailbox(number: u64) -> String {
    match number % 4 {
        0 => format!("PER|wrong{number}@x.example|8|1|81\n"),
        1 => format!("XXX|wrong{number}@x.example{}\n", "|".repeat(29)),
        2 => format!("PER|no address {number}{}\n", "|".repeat(29)),
        _ => format!("ORG|wrong{number}@x.example||||FINESS|12|{}\n", "|".repeat(23)),
    }
}
