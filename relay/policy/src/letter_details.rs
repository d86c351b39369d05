//! Letters in detail: `Reply-To`, names, content, secrecy, mandates; what the big table leaves out.

use std::sync::Arc;

use names::{ProfileState, Timestamp};

use crate::invented::{NOW, Who, address, for_patient, for_professional, letter, mandate, open_contact};
use crate::*;

/// Nothing received before this instant may be answered.
const LIMIT: Timestamp = Timestamp(1_000);

fn to_mother(change: impl FnOnce(&mut Snapshot, &mut Letter)) -> Decision {
    let mut snapshot = Snapshot::between(Who::Doctor.party(), Who::Mother(ProfileState::Activated).party());
    let mut letter = letter("Vos résultats", None);
    change(&mut snapshot, &mut letter);
    let request = Request { actor: Actor::Own, purpose: Purpose::Mail, act: Act::Letter(letter.into()) };
    decide(&snapshot, &request, NOW)
}

#[test]
fn every_combination_of_a_letter_s_details_has_its_decision() {
    let reply_tos =
        [vec![], vec![Who::Hospital], vec![Who::Outside], vec![Who::Mother(ProfileState::Activated)]];
    let names = [None, Some("Mme CORSE"), Some("Maman"), Some("Jean PETIT")];
    let contents = [Content::Readable, Content::OnlyTnef, Content::Ambiguous];
    let headers = [None, Some("INVISIBLE_PATIENT"), Some("INVISIBLE_REPRESENTANTS_LEGAUX"), Some("SECRET")];
    for reply_to in &reply_tos {
        for name in names {
            for (content, ambiguous) in contents.into_iter().flat_map(|content| {
                [AmbiguousMime::Quarantine, AmbiguousMime::Refuse].map(|set| (content, set))
            }) {
                for header in headers {
                    for (mismatch, home) in
                        [NameMismatch::Refuse, NameMismatch::Warn].into_iter().flat_map(|set| {
                            [Who::Mother(ProfileState::Created), Who::RemotePatient].map(|who| (set, who))
                        })
                    {
                        for head in ["Résultats", "[FIN]"] {
                            let decision = to_mother(|snapshot, letter| {
                                snapshot.recipient = home.party();
                                snapshot.reply_to = reply_to.iter().map(|who| who.party()).collect();
                                Arc::make_mut(&mut snapshot.settings).name_mismatch = mismatch;
                                Arc::make_mut(&mut snapshot.settings).ambiguous_mime = ambiguous;
                                letter.subject.0 = head.to_owned();
                                letter.to_name.0 = name.map(str::to_owned);
                                letter.content = content;
                                letter.secrecy_header = header.map(str::to_owned);
                            });
                            let case = format!(
                                "{reply_to:?} {name:?} {content:?} {ambiguous:?} {header:?} {mismatch:?} {home:?} {head}"
                            );
                            let ours = home != Who::RemotePatient;
                            let stranger = name == Some("Jean PETIT") && ours;
                            let secret = header == Some("INVISIBLE_PATIENT");
                            let aside = content == Content::Ambiguous;
                            let refusals = [
                                (reply_to.contains(&Who::Outside), "identity.reply-to-outside-trust"),
                                (reply_to.iter().any(|who| who.is_patient()), "identity.reply-to-patient"),
                                (stranger && mismatch == NameMismatch::Refuse, "patient.name-mismatch"),
                                (content == Content::OnlyTnef, "content.tnef"),
                                (header == Some("SECRET"), "secrecy.unreadable"),
                                (header.is_some() && !ours, "secrecy.not-kept"),
                                (aside && ambiguous == AmbiguousMime::Refuse, "content.ambiguous"),
                            ];
                            let want = refusals.iter().find(|(applies, _)| *applies).map(|(_, rule)| *rule);
                            assert_eq!(decision.refusal().map(Refusal::id), want, "{case}");
                            let Some(delivery) = decision.delivery() else { continue };
                            let warned = ours && (stranger || name == Some("Maman"));
                            assert_eq!(delivery.warnings.contains(&Warning::NameMismatch), warned, "{case}");
                            assert_eq!(delivery.alert.is_some(), ours && !secret && !aside, "{case}");
                            assert_eq!(delivery.filing == Filing::Automatic, ours && !aside, "{case}");
                            assert_eq!(delivery.place == Place::Quarantine, aside, "{case}");
                            let touched = head == "[FIN]" || !secret && !aside;
                            assert_eq!(delivery.contacts.len(), usize::from(touched), "{case}");
                            let hidden = secrecy::visible_to(Viewer::Owner, delivery.secrecy);
                            assert_eq!(hidden, !secret, "{case}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_letter_opens_the_contact_of_each_reply_to_address_and_not_the_sender_s() {
    let opened = |decision: Decision| -> Vec<String> {
        let contacts = decision.delivery().map(|delivery| delivery.contacts.clone()).unwrap();
        assert!(contacts.iter().all(|change| change.opened_by == Some(address("martin@cabinet.example"))));
        contacts.iter().map(|change| change.correspondent.to_string()).collect()
    };
    let team = || [Who::Hospital, Who::Pharmacy, Who::Hospital].map(Who::party).to_vec();
    assert_eq!(opened(to_mother(|_, _| {})), ["martin@cabinet.example"]);
    let named = opened(to_mother(|snapshot, _| snapshot.reply_to = team()));
    assert_eq!(named, ["accueil@hopital.example", "officine@pharmacie.example"], "each once");
    let both =
        opened(to_mother(|snapshot, _| snapshot.reply_to = vec![Who::Doctor.party(), Who::Hospital.party()]));
    assert_eq!(both, ["accueil@hopital.example", "martin@cabinet.example"]);
}

#[test]
fn fin_ends_the_sender_s_contact_and_all_they_opened_and_no_other() {
    let decision = to_mother(|snapshot, letter| {
        letter.subject.0 = "[FIN]".to_owned();
        snapshot.contacts = vec![
            open_contact("accueil@hopital.example", "martin@cabinet.example"),
            open_contact("sih@hopital.example", "accueil@hopital.example"),
            open_contact("officine@pharmacie.example", "officine@pharmacie.example"),
            Contact {
                state: ContactState::Ended,
                ..open_contact("social@mairie.example", "martin@cabinet.example")
            },
        ];
    });
    let ended = decision.delivery().unwrap().contacts.clone();
    let addresses: Vec<_> = ended.iter().map(|change| change.correspondent.to_string()).collect();
    assert_eq!(addresses, ["martin@cabinet.example", "accueil@hopital.example"]);
    assert!(
        ended.iter().all(|change| change.state == ContactState::Ended && change.answerable_from > Some(NOW))
    );
}

#[test]
fn a_fin_of_the_author_leaves_their_letters_behind_even_when_the_answer_would_go_elsewhere() {
    let mut snapshot = Snapshot::between(Who::Mother(ProfileState::Activated).party(), Who::Hospital.party());
    snapshot.contacts = vec![
        open_contact("accueil@hopital.example", "accueil@hopital.example"),
        Contact { answerable_from: Some(LIMIT), ..Contact::never(address("sih@hopital.example")) },
    ];
    for (received_at, want) in [(999, Some(Refusal::AnswerTooLate)), (1_000, None)] {
        snapshot.answered = Some(Answered {
            from: address("sih@hopital.example"),
            received_at: Timestamp(received_at),
            no_answer: NoAnswer::MayBeAnswered,
        });
        let request = Request { actor: Actor::Own, purpose: Purpose::Mail, act: Act::Recipient };
        assert_eq!(decide(&snapshot, &request, NOW).refusal(), want, "received at {received_at}");
    }
}

#[test]
fn whoever_acts_for_somebody_else_needs_a_mandate_of_the_right_kind() {
    use MandateKind::{Delegate, Guardian, Helper, Parent};
    let child = Who::Mother(ProfileState::Activated);
    let parent = Parent { majority: NOW.plus(1) };
    let grown = Parent { majority: NOW };
    let accepted = MandateState::Accepted;
    for (case, sender, actor, mandate, want) in [
        ("herself", child, Actor::Own, None, None),
        ("a parent", child, for_patient(), Some(mandate(parent, accepted)), None),
        ("a guardian", child, for_patient(), Some(mandate(Guardian, accepted)), None),
        ("a helper", child, for_patient(), Some(mandate(Helper, accepted)), None),
        ("no mandate", child, for_patient(), None, Some(Refusal::MandateMissing)),
        (
            "a secretary",
            child,
            for_patient(),
            Some(mandate(Delegate, accepted)),
            Some(Refusal::MandateMissing),
        ),
        ("of age", child, for_patient(), Some(mandate(grown, accepted)), Some(Refusal::MandateMajority)),
        (
            "invited only",
            child,
            for_patient(),
            Some(mandate(Helper, MandateState::Pending)),
            Some(Refusal::MandateNotAccepted),
        ),
        (
            "sent away",
            child,
            for_patient(),
            Some(mandate(Helper, MandateState::Revoked)),
            Some(Refusal::MandateOver),
        ),
        ("a doctor's secretary", Who::Doctor, for_professional(), Some(mandate(Delegate, accepted)), None),
        (
            "a doctor's helper",
            Who::Doctor,
            for_professional(),
            Some(mandate(Helper, accepted)),
            Some(Refusal::MandateMissing),
        ),
    ] {
        let mut snapshot = Snapshot::between(sender.party(), Who::Hospital.party());
        snapshot.contacts = vec![open_contact("accueil@hopital.example", "accueil@hopital.example")];
        snapshot.mandate = mandate;
        let request =
            Request { actor, purpose: Purpose::Mail, act: Act::Letter(letter("Bonjour", None).into()) };
        let decision = decide(&snapshot, &request, NOW);
        assert_eq!(decision.refusal(), want, "{case}");
        if let Some(delivery) = decision.delivery() {
            let want = if actor == Actor::Own { Byline::Own } else { Byline::WrittenFor };
            assert_eq!(delivery.byline, want, "{case}");
        }
    }
}

#[test]
fn a_patient_who_muted_letter_notices_gets_none() {
    let decision = to_mother(|snapshot, _| {
        if let Party::Patient(patient) = &mut snapshot.recipient {
            patient.letter_notices_muted = Switch::On;
        }
    });
    assert_eq!(decision.delivery().unwrap().alert, None);
}

#[test]
fn a_mark_for_the_child_alone_alerts_the_child_alone() {
    let decision = to_mother(|_, letter| letter.xdm_secrecy = Ok(Secrecy::FromRepresentatives));
    let alert = Alert { kind: AlertKind::Letter, audience: Audience::OwnerOnly };
    assert_eq!(decision.delivery().unwrap().alert, Some(alert));
}

#[test]
fn an_archive_that_cannot_be_read_is_not_taken_for_one_without_marks() {
    for subject in ["Bonjour", "[FIN]", "[INVISIBLE_PATIENT] Bonjour"] {
        let decision = to_mother(|_, letter| {
            letter.subject.0 = subject.to_owned();
            letter.xdm_secrecy = Err(secrecy::Unreadable);
        });
        assert_eq!(decision.refusal(), Some(Refusal::SecrecyUnreadable), "{subject}");
    }
    let mut snapshot = Snapshot::between(Who::Doctor.party(), Who::Hospital.party());
    snapshot.mandate = None;
    let archive = Letter { xdm_secrecy: Err(secrecy::Unreadable), ..letter("Bonjour", None) };
    let request = Request { actor: Actor::Own, purpose: Purpose::Mail, act: Act::Letter(archive.into()) };
    assert_eq!(decide(&snapshot, &request, NOW).refusal(), None, "professionals read it themselves");
}

#[test]
fn marks_of_an_archive_and_of_the_letter_add_up() {
    let decision = to_mother(|_, letter| {
        letter.subject.0 = "[INVISIBLE_REP_LEGAUX] Bonjour".to_owned();
        letter.xdm_secrecy = Ok(Secrecy::FromPatient);
    });
    assert_eq!(decision.delivery().unwrap().secrecy, Secrecy::FromBoth);
}

#[test]
fn the_audit_line_tells_letters_ends_reports_and_refusals_apart() {
    let fin = to_mother(|_, letter| letter.subject.0 = "[FIN]".to_owned());
    let report = to_mother(|_, letter| letter.kind = LetterKind::Report(ReportMatch::Matched));
    let refused = to_mother(|snapshot, _| snapshot.sender = Party::OutsideTrust);
    let codes = [to_mother(|_, _| {}), fin, report, refused].map(|decision| decision.recorded().code());
    assert_eq!(codes, ["letter.delivered", "letter.exchange-ended", "letter.report", "letter.refused"]);
}
