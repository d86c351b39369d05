//! The whole truth table, against an oracle written as plain statements about the case.

use std::sync::Arc;

use names::{ProfileState, Timestamp};

use crate::invented::{NOW, Who, letter, report};
use crate::*;

/// What the head says, or that it is not known yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Head {
    AtRcpt,
    Plain,
    FinSubject,
    FinHeader,
    FinBoth,
    NearMiss,
    Matched,
    Unmatched,
}

impl Head {
    const ALL: [Self; 8] = [
        Self::AtRcpt,
        Self::Plain,
        Self::FinSubject,
        Self::FinHeader,
        Self::FinBoth,
        Self::NearMiss,
        Self::Matched,
        Self::Unmatched,
    ];

    fn act(self) -> Act {
        match self {
            Self::AtRcpt => Act::Recipient,
            Self::Plain => Act::Letter(letter("Vos résultats", None).into()),
            Self::FinSubject => Act::Letter(letter(" [FIN]\t", None).into()),
            Self::FinHeader => Act::Letter(letter("Vos résultats", Some(" FIN ")).into()),
            Self::FinBoth => Act::Letter(letter("[FIN]", Some("FIN")).into()),
            Self::NearMiss => Act::Letter(letter("Re: [FIN]", Some("fin")).into()),
            Self::Matched => Act::Letter(report(ReportMatch::Matched).into()),
            Self::Unmatched => Act::Letter(report(ReportMatch::Unmatched).into()),
        }
    }
}

/// The letter that is answered, if any. The last `[FIN]`, if any, counts from 1,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answers {
    Nothing,
    JustAfterFin,
    BeforeFin,
    Closed,
}

impl Answers {
    const ALL: [Self; 4] = [Self::Nothing, Self::JustAfterFin, Self::BeforeFin, Self::Closed];
}

const LIMIT: Timestamp = Timestamp(1_000);

#[derive(Clone, Copy, Debug)]
struct Case {
    sender: Who,
    recipient: Who,
    head: Head,
    contact: ContactState,
    blocks: Blocks,
    answers: Answers,
    mode: PharmacyMode,
    acquaintance: Acquaintance,
    remote: RemotePatient,
}

impl Case {
    fn correspondent(&self) -> Option<names::Address> {
        if self.sender.is_patient() { self.recipient.professional() } else { self.sender.professional() }
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::between(self.sender.party(), self.recipient.party());
        let settings = Arc::make_mut(&mut snapshot.settings);
        settings.pharmacy_mode = self.mode;
        settings.remote_patient = self.remote;
        snapshot.acquaintance = self.acquaintance;
        if let Some(correspondent) = self.correspondent() {
            let been_open = self.contact != ContactState::Never;
            snapshot.contacts.push(Contact {
                opened_by: been_open.then(|| correspondent.clone()),
                answerable_from: been_open.then_some(LIMIT),
                state: self.contact,
                blocks: self.blocks,
                correspondent: correspondent.clone(),
            });
            let received_at = match self.answers {
                Answers::Nothing => return snapshot,
                Answers::JustAfterFin | Answers::Closed => LIMIT,
                Answers::BeforeFin => LIMIT.plus(-1),
            };
            let no_answer =
                if self.answers == Answers::Closed { NoAnswer::Forbidden } else { NoAnswer::MayBeAnswered };
            snapshot.answered = Some(Answered { from: correspondent, received_at, no_answer });
        }
        snapshot
    }

    fn decide(&self) -> Decision {
        let request = Request { actor: Actor::Own, purpose: Purpose::Mail, act: self.head.act() };
        decide(&self.snapshot(), &request, NOW)
    }
}

/// Every combination but the heads, handed to `look` one by one.
fn every_case(mut look: impl FnMut(Case)) {
    let switches = [Switch::Off, Switch::On];
    let blocks = switches.map(|access| switches.map(|letters| Blocks { access, letters }));
    for (sender, recipient) in product(&Who::ALL, &Who::ALL) {
        for (contact, blocks) in product(&ContactState::ALL, blocks.as_flattened()) {
            for (answers, mode, acquaintance, remote) in questions(sender) {
                let head = Head::AtRcpt;
                look(Case { sender, recipient, head, contact, blocks, answers, mode, acquaintance, remote });
            }
        }
    }
}

/// What only a patient's letter is asked; others meet a few of them, to show that they do not matter.
fn questions(sender: Who) -> Vec<(Answers, PharmacyMode, Acquaintance, RemotePatient)> {
    use Acquaintance::{Known, Stranger};
    use RemotePatient::{Enforce, TrustOperator};
    if sender.is_patient() {
        let answered = product(&Answers::ALL, &PharmacyMode::ALL);
        let settings = product(&[Stranger, Known], &[TrustOperator, Enforce]);
        product(&answered, &settings).into_iter().map(|((a, b), (c, d))| (a, b, c, d)).collect()
    } else {
        vec![
            (Answers::Nothing, PharmacyMode::Any, Stranger, TrustOperator),
            (Answers::BeforeFin, PharmacyMode::Closed, Known, Enforce),
        ]
    }
}

fn product<A: Copy, B: Copy>(ones: &[A], others: &[B]) -> Vec<(A, B)> {
    ones.iter().flat_map(|&one| others.iter().map(move |&other| (one, other))).collect()
}

// The oracle: statements of DESIGN §2.5 in the order in which a person would be told.

fn expected_rule(case: &Case) -> &'static str {
    use Who::*;
    let Case { sender, recipient, head, contact, blocks, answers, mode, acquaintance, remote } = *case;
    let at_rcpt = head == Head::AtRcpt;
    let is_report = head == Head::Matched || head == Head::Unmatched;
    let from_professional = sender.professional().is_some();
    let to_professional = recipient.professional().is_some();
    let from_patient = sender.is_patient();
    let to_patient = recipient.is_patient();
    let exempt = sender == RemotePatient && remote == crate::RemotePatient::TrustOperator;
    let judged = from_patient && !exempt;
    let officine = matches!(recipient, Pharmacy | RemotePharmacy | SuspendedPharmacy);
    let never = contact == ContactState::Never;
    let open = contact == ContactState::Open;
    let known = acquaintance == Acquaintance::Known;
    let refusals = [
        (sender == Outside, "trust.sender"),
        (matches!(sender, UnknownMailbox | UnknownPatient | InvalidPatient), "sender.unknown"),
        (sender == SuspendedDoctor || sender == SuspendedPharmacy, "sender.suspended"),
        (sender == ClosedDoctor, "sender.closed"),
        (
            from_patient && sender != RemotePatient && sender != Mother(ProfileState::Activated),
            "sender.profile-inactive",
        ),
        (
            from_patient && (to_patient || matches!(recipient, UnknownPatient | InvalidPatient)),
            "conversation.patient-to-patient",
        ),
        (recipient == Outside, "trust.recipient"),
        (judged && matches!(recipient, UnknownMailbox | Nobody), "conversation.never-contacted"),
        (matches!(recipient, UnknownMailbox | Nobody), "recipient.unknown"),
        (recipient == InvalidPatient, "patient.address-invalid"),
        (recipient == UnknownPatient, "patient.unknown"),
        (recipient == Mother(ProfileState::Announced), "patient.announced"),
        (recipient == Mother(ProfileState::Opposed), "patient.opposed"),
        (recipient == Mother(ProfileState::Closed), "patient.closed"),
        (judged && contact == ContactState::Ended, "conversation.ended"),
        (judged && never && !officine, "conversation.never-contacted"),
        (judged && never && mode == PharmacyMode::Closed, "pharmacy.not-first"),
        (judged && never && mode == PharmacyMode::Known && !known, "pharmacy.not-known"),
        (judged && answers == Answers::Closed, "conversation.no-answer"),
        (judged && !never && answers == Answers::BeforeFin, "conversation.answer-too-late"),
        (matches!(recipient, SuspendedDoctor | SuspendedPharmacy), "recipient.suspended"),
        (recipient == ClosedDoctor, "recipient.closed"),
        (to_patient && from_professional && blocks.letters == Switch::On, "block.letters"),
        (sender == Nobody && !at_rcpt && !is_report, "report.only-reports"),
        (sender == Nobody && head == Head::Unmatched, "report.unmatched"),
        (from_professional && to_patient && head == Head::Unmatched, "report.unmatched"),
    ];
    if let Some((_, rule)) = refusals.iter().find(|(applies, _)| *applies) {
        return rule;
    }
    let grants = [
        (sender == Nobody, "report.matched"),
        (from_professional && to_professional, "trust.among-professionals"),
        (from_professional && head == Head::Matched, "report.matched"),
        (
            from_professional && matches!(head, Head::FinSubject | Head::FinBoth),
            "conversation.professional-ends",
        ),
        (from_professional && head == Head::FinHeader, "conversation.no-answer-wanted"),
        (from_professional, "conversation.professional-writes"),
        (exempt, "trust.patient-operator"),
        (open && answers != Answers::Nothing, "conversation.patient-answers"),
        (open, "conversation.patient-writes"),
        (officine, "pharmacy.first-letter"),
    ];
    grants.iter().find(|(applies, _)| *applies).map_or("nothing in the design lets it pass", |(_, rule)| rule)
}

#[test]
fn without_a_way_out_only_letters_to_ours_pass() {
    let mut shut_out = 0_u32;
    every_case(|case| {
        let mut snapshot = case.snapshot();
        Arc::make_mut(&mut snapshot.settings).reach = Reach::OnlyOurs;
        let request = Request { actor: Actor::Own, purpose: Purpose::Mail, act: case.head.act() };
        let (open, shut) = (case.decide(), decide(&snapshot, &request, NOW));
        let theirs = match &snapshot.recipient {
            Party::Professional(mailbox) => mailbox.home == Home::Remote,
            Party::Patient(patient) => patient.home == PatientHome::Remote,
            _ => false,
        };
        if theirs && open.refusal().is_none() {
            shut_out += 1;
            assert_eq!(shut.rule(), "operator.unreachable", "{case:?}");
        } else {
            assert_eq!(shut, open, "{case:?}");
        }
    });
    assert!(shut_out > 10, "the table holds only {shut_out} letters to another operator");
}

#[test]
fn every_combination_is_decided_as_the_design_says() {
    let (mut cases, mut met) = (0_u32, std::collections::BTreeSet::new());
    every_case(|case| {
        let early = case.decide();
        the_preview_says_what_the_door_says(&case, &early);
        for head in Head::ALL {
            let case = Case { head, ..case };
            let decision = case.decide();
            assert_eq!(decision.rule(), expected_rule(&case), "{case:?}");
            // A refusal at RCPT is never premature, or a letter would be lost that might have passed.
            assert!(early.refusal().is_none() || decision == early, "{case:?}");
            if let Some(delivery) = decision.delivery() {
                no_patient_reaches_a_stranger(&case);
                has_the_effects_of_the_design(&case, delivery);
            }
            met.insert(decision.rule());
            cases += 1;
        }
    });
    assert!(cases > 600_000, "only {cases} combinations");
    assert!(met.len() > 30, "the table meets only {met:?}");
}

fn the_preview_says_what_the_door_says(case: &Case, early: &Decision) {
    let greyed = match preview(&case.snapshot(), Actor::Own, NOW) {
        Preview::Allowed => None,
        Preview::Greyed(refusal) => Some(refusal),
    };
    assert_eq!(greyed, early.refusal(), "{case:?}");
}

/// Property 1 on single letters; `histories` follows it through time.
fn no_patient_reaches_a_stranger(case: &Case) {
    let exempt = case.sender == Who::RemotePatient && case.remote == RemotePatient::TrustOperator;
    let officine = matches!(case.recipient, Who::Pharmacy | Who::RemotePharmacy);
    let configured = match case.mode {
        PharmacyMode::Any => true,
        PharmacyMode::Known => case.acquaintance == Acquaintance::Known,
        PharmacyMode::Closed => false,
    };
    let starts = case.contact == ContactState::Never && officine && configured;
    let judged = case.sender.is_patient() && !exempt;
    assert!(!judged || case.contact == ContactState::Open || starts, "{case:?}");
}

fn has_the_effects_of_the_design(case: &Case, delivery: &Delivery) {
    if case.head == Head::AtRcpt {
        return;
    }
    let to_patient = case.recipient.is_patient();
    let to_ours = matches!(case.recipient, Who::Mother(_));
    let is_report = matches!(case.head, Head::Matched | Head::Unmatched);
    let ends = to_patient && matches!(case.head, Head::FinSubject | Head::FinBoth);
    let informs = to_patient && case.head == Head::FinHeader;
    let opens = to_patient && !is_report && !ends && !informs;
    let refuses_back = case.sender.is_patient() && case.blocks.letters == Switch::On;
    let trusted = delivery.grant == Grant::OperatorTrusted;

    let states: Vec<_> = delivery.contacts.iter().map(|change| change.state).collect();
    let want = if ends { vec![ContactState::Ended] } else { vec![ContactState::Open; usize::from(opens)] };
    assert_eq!(states, want, "contacts: {case:?}");
    for change in &delivery.contacts {
        assert_eq!(Some(&change.correspondent), case.sender.professional().as_ref(), "{case:?}");
        let been_open = (case.contact != ContactState::Never).then_some(LIMIT);
        let limit = if ends { Some(NOW.plus(1)) } else { been_open };
        assert_eq!(change.answerable_from, limit, "{case:?}");
    }
    assert_eq!(delivery.event.is_some(), ends, "event: {case:?}");
    let answerable = !is_report && !ends && !informs;
    assert_eq!(delivery.answerable == Answerable::Yes, answerable, "answerable: {case:?}");
    assert_eq!(delivery.alert.is_some(), to_ours && !is_report, "alert: {case:?}");
    let files = to_ours && !is_report && case.blocks.access == Switch::Off;
    assert_eq!(delivery.filing == Filing::Automatic, files, "filing: {case:?}");
    assert_eq!(delivery.place, Place::Inbox, "{case:?}");
    assert_eq!(delivery.warnings.contains(&Warning::OwnBlock), refuses_back, "{case:?}");
    assert_eq!(delivery.warnings.contains(&Warning::OperatorTrusted), trusted, "{case:?}");
}
