//! Random histories: decisions applied one after another to a small model, judged from the log of
//! what people did, not from contact rows.

use names::{Address, ProfileState, Timestamp};
use proptest::prelude::*;

use crate::invented::{Who, letter, mother, report};
use crate::*;

const PEOPLE: [Who; 5] = [Who::Doctor, Who::Hospital, Who::Machine, Who::Pharmacy, Who::RemoteDoctor];
const MODES: [PharmacyMode; 3] = PharmacyMode::ALL;

/// One thing somebody does. Numbers choose among [`PEOPLE`] or among the letters so far.
#[derive(Clone, Debug)]
enum Step {
    Writes { who: usize, reply_to: Vec<usize>, head: Head, secret: bool },
    NewLetter { to: usize },
    Answer { letter: usize, to: usize },
    Mode { mode: usize, known: bool },
    Block { who: usize, on: bool },
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Head {
    Plain,
    Fin,
    NoAnswer,
    Report,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE.len();
    let head = prop_oneof![5 => Just(Head::Plain), 2 => Just(Head::Fin), 1 => Just(Head::NoAnswer), 1 => Just(Head::Report)];
    let named = prop_oneof![3 => Just(vec![]), 2 => proptest::collection::vec(who.clone(), 1..3)];
    prop_oneof![
        6 => (who.clone(), named, head, proptest::bool::weighted(0.1))
            .prop_map(|(who, reply_to, head, secret)| Step::Writes { who, reply_to, head, secret }),
        3 => who.clone().prop_map(|to| Step::NewLetter { to }),
        5 => (0..40_usize, who.clone()).prop_map(|(letter, to)| Step::Answer { letter, to }),
        1 => (0..MODES.len(), any::<bool>()).prop_map(|(mode, known)| Step::Mode { mode, known }),
        1 => (who, any::<bool>()).prop_map(|(who, on)| Step::Block { who, on }),
    ]
}

/// What was done, as people would remember it.
#[derive(Clone, Debug)]
struct Written {
    at: Timestamp,
    from: usize,
    /// Who may be written to because of it.
    names: Vec<usize>,
    head: Head,
    secret: bool,
}

struct Model {
    contacts: Vec<Contact>,
    kept: Vec<(Answered, usize)>,
    log: Vec<Written>,
    settings: Settings,
    acquaintance: Acquaintance,
}

impl Model {
    fn new() -> Self {
        Self {
            contacts: PEOPLE.map(|who| Contact::never(at(who))).into(),
            kept: Vec::new(),
            log: Vec::new(),
            settings: Settings::default(),
            acquaintance: Acquaintance::Stranger,
        }
    }

    fn judge(
        &self,
        sender: Party,
        recipient: Party,
        reply_to: Vec<Party>,
        answered: Option<Answered>,
        letter: Letter,
        now: Timestamp,
    ) -> Decision {
        let snapshot = Snapshot {
            contacts: self.contacts.clone(),
            settings: self.settings.clone().into(),
            acquaintance: self.acquaintance,
            reply_to,
            answered,
            ..Snapshot::between(sender, recipient)
        };
        decide(
            &snapshot,
            &Request { actor: Actor::Own, purpose: Purpose::Mail, act: Act::Letter(letter.into()) },
            now,
        )
    }

    fn professional_writes(
        &mut self,
        who: usize,
        reply_to: &[usize],
        head: Head,
        secret: bool,
        now: Timestamp,
    ) {
        let mut letter = match head {
            Head::Plain => letter("Bonjour", None),
            Head::Fin => letter("[FIN]", None),
            Head::NoAnswer => letter("Bonjour", Some("FIN")),
            Head::Report => report(ReportMatch::Matched),
        };
        letter.secrecy_header =
            (secret && head != Head::Report).then(|| secrecy::INVISIBLE_PATIENT.to_owned());
        let named: Vec<Party> = reply_to.iter().map(|&who| PEOPLE[who].party()).collect();
        let decision = self.judge(
            PEOPLE[who].party(),
            Party::Patient(mother(ProfileState::Activated)),
            named,
            None,
            letter,
            now,
        );
        let blocked = self.contacts[who].blocks.letters == Switch::On;
        assert_eq!(decision.refusal(), blocked.then_some(Refusal::LettersBlocked));
        let Decision::Deliver(delivery) = decision else { return };
        if head == Head::Report {
            assert!(
                delivery.contacts.is_empty() && delivery.alert.is_none() && delivery.filing == Filing::Never
            );
        }
        for change in &delivery.contacts {
            let place = self
                .contacts
                .iter()
                .position(|contact| contact.correspondent == change.correspondent)
                .unwrap();
            self.contacts[place] = self.contacts[place].clone().with(change);
        }
        let no_answer = match delivery.answerable {
            Answerable::Yes => NoAnswer::MayBeAnswered,
            Answerable::Never => NoAnswer::Forbidden,
        };
        self.kept.push((Answered { from: at(PEOPLE[who]), received_at: now, no_answer }, self.log.len()));
        let names = if reply_to.is_empty() { vec![who] } else { reply_to.to_vec() };
        self.log.push(Written { at: now, from: who, names, head, secret });
    }

    fn patient_writes(&self, to: usize, answered: Option<usize>, now: Timestamp) -> Decision {
        let answered = answered.map(|place| self.kept[place].0.clone());
        let sender = Party::Patient(mother(ProfileState::Activated));
        self.judge(sender, PEOPLE[to].party(), Vec::new(), answered, letter("Bonjour", None), now)
    }

    /// From the log alone: has `who` been named, by whom, and since when has it been over.
    fn remembered(&self, who: usize) -> Memory {
        let mut memory = Memory { open: false, by: None, ended_at: None };
        for written in &self.log {
            let opens = written.head == Head::Plain && !written.secret && written.names.contains(&who);
            if opens && (written.from == who || !memory.open) {
                memory.by = Some(written.from);
            }
            memory.open |= opens;
            let theirs = written.from == who || (memory.open && memory.by == Some(written.from));
            if written.head == Head::Fin && theirs {
                memory.open = false;
                memory.ended_at = Some(written.at);
            }
        }
        memory
    }

    fn pharmacy_may_be_first(&self, who: usize) -> bool {
        let configured = match self.settings.pharmacy_mode {
            PharmacyMode::Any => true,
            PharmacyMode::Known => self.acquaintance == Acquaintance::Known,
            PharmacyMode::Closed => false,
        };
        PEOPLE[who] == Who::Pharmacy && configured && self.remembered(who).ended_at.is_none()
    }
}

#[derive(Debug)]
struct Memory {
    open: bool,
    by: Option<usize>,
    ended_at: Option<Timestamp>,
}

fn at(who: Who) -> Address {
    who.professional().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_history_leads_a_patient_to_somebody_who_never_wrote_or_has_ended(
        steps in proptest::collection::vec((step(), 0..3_i64), 1..40),
    ) {
        let (mut model, mut now) = (Model::new(), Timestamp(1_000));
        for (step, pause) in steps {
            // Several things may happen in one millisecond.
            now = now.plus(pause);
            match step {
                Step::Mode { mode, known } => {
                    model.settings.pharmacy_mode = MODES[mode];
                    model.acquaintance = if known { Acquaintance::Known } else { Acquaintance::Stranger };
                }
                Step::Block { who, on } => {
                    model.contacts[who].blocks.letters = if on { Switch::On } else { Switch::Off };
                }
                Step::Writes { who, reply_to, head, secret } => {
                    model.professional_writes(who, &reply_to, head, secret, now);
                }
                Step::NewLetter { to } => {
                    let delivered = model.patient_writes(to, None, now).refusal().is_none();
                    let memory = model.remembered(to);
                    let may = memory.open || model.pharmacy_may_be_first(to);
                    prop_assert_eq!(delivered, may, "to {:?}: {:?} after {:#?}", PEOPLE[to], memory, model.log);
                }
                Step::Answer { letter, to } => {
                    if model.kept.is_empty() { continue; }
                    let place = letter % model.kept.len();
                    let delivered = model.patient_writes(to, Some(place), now).refusal().is_none();
                    let answered = &model.log[model.kept[place].1];
                    let memory = model.remembered(to);
                    let past = |who: usize| model.remembered_fin(who).is_some_and(|fin| answered.at <= fin);
                    let over = memory.ended_at.is_some_and(|fin| answered.at <= fin);
                    let may = (memory.open || model.pharmacy_may_be_first(to))
                        && answered.head == Head::Plain
                        && !past(answered.from)
                        && !over;
                    // What the design forbids never passes; what it allows does, unless the author's
                    // own contact was ended by somebody who had opened it.
                    prop_assert!(!delivered || may, "to {:?} after {:#?}", PEOPLE[to], model.log);
                    let author = model.remembered(answered.from).ended_at.is_some_and(|fin| answered.at <= fin);
                    prop_assert_eq!(delivered, may && !author, "to {:?} after {:#?}", PEOPLE[to], model.log);
                }
            }
        }
    }
}

impl Model {
    /// When `who` last said `[FIN]` themselves.
    fn remembered_fin(&self, who: usize) -> Option<Timestamp> {
        self.log
            .iter()
            .filter(|written| written.from == who && written.head == Head::Fin)
            .map(|written| written.at)
            .next_back()
    }
}
