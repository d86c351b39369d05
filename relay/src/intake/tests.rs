//! Stories of letters, below the doors, on both engines.

use crate::testing::{CARDIOLOGIST, DOCTOR, House, NOON, PHARMACY, SECRETARIAT, address, houses};
use crate::{Opened, Outcome, Source, Written};
use mailstore::Viewer;
use policy::Refusal;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const CLAIRE: &str = "285059900010125@patient.mssante.example";
const JEAN: &str = "167029900040424@patient.mssante.example";
const LUCIE: &str = "296129900070759@patient.mssante.example";
const KARIM: &str = "190019900060637@patient.mssante.example";
const HELENE: &str = "274089900050514@patient.mssante.example";
const YANIS: &str = "193079900080875@patient.mssante.example";

fn letter(from: &str, to: &str, subject: &str) -> String {
    format!(
        "From: Dr <{from}>\nTo: {to}\nSubject: {subject}\nDate: Sun, 22 Nov 2026 12:00:00 +0100\n\
         Message-ID: <{subject}@x.example>\nBcc: hidden@x.example\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nBonjour.\n\
         --b\nContent-Type: application/pdf; name=\"20261120_compte rendu.pdf\"\n\
         Content-Disposition: attachment; filename=\"20261120_compte rendu.pdf\"\n\
         Content-Transfer-Encoding: base64\n\nJVBERi0xLjQKJSVFT0YK\n--b--\n"
    )
}

fn refusal(outcome: Outcome) -> Option<Refusal> {
    match outcome {
        Outcome::Accepted { .. } => None,
        Outcome::Refused { refusal, .. } => Some(refusal),
    }
}

fn accepted(outcome: Outcome) -> names::QueueId {
    match outcome {
        Outcome::Accepted { queue } => queue,
        Outcome::Refused { refusal, .. } => panic!("refused: {refusal:?}"),
    }
}

async fn answer(house: &House, patient: &str, text: &str) -> Result<Outcome, Option<Refusal>> {
    let visitor = house.visitor(patient).await;
    let store = house.relay.mailstore();
    let conversations = store.conversations(visitor.account, visitor.viewer(), None, 10).await.unwrap();
    for conversation in conversations {
        let letters = store.letters(visitor.account, conversation.id, Viewer::Patient).await.unwrap();
        let received = letters.iter().find(|row| row.entry.origin == mailstore::Origin::Received);
        let Some(row) = received else { continue };
        let now = house.relay.now();
        let state =
            house.relay.may_answer(&visitor, conversation.id, row.entry.id, now).await.unwrap().unwrap();
        let Some(to) = state.to.filter(|_| state.refusal.is_none()) else { return Err(state.refusal) };
        let written = Written {
            to,
            to_name: "",
            subject: "",
            text,
            files: &[],
            answers: Some((conversation.id, row.entry.id)),
        };
        return Ok(house.relay.write(&visitor, &written, now).await.unwrap().unwrap());
    }
    Err(None)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_professional_writes_the_patient_answers_the_professional_ends() {
    for house in houses().await {
        let engine = house.engine;
        let sent = house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "Resultats")).await;
        accepted(sent);
        assert_eq!(house.inbox(CLAIRE).await.len(), 1, "{engine}");

        let answered = answer(&house, CLAIRE, "Merci docteur.").await;
        accepted(answered.unwrap());
        let inbox = house.inbox(DOCTOR).await;
        assert_eq!(inbox.len(), 1, "{engine}");
        let doctor = house.account(DOCTOR).await;
        let heads = house.relay.mailstore().header_blocks(doctor, &[inbox[0].head]).await.unwrap();
        let head = String::from_utf8(heads[0].clone().unwrap().to_vec()).unwrap();
        assert!(head.contains("Subject: Re: Resultats\r\n"), "{engine}: {head}");
        assert!(head.contains("In-Reply-To: <Resultats@x.example>\r\n"), "{engine}: {head}");
        assert!(head.contains("Claire Moreau"), "{engine}: {head}");

        accepted(house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "[FIN]")).await);
        assert_eq!(answer(&house, CLAIRE, "Encore ?").await, Err(Some(Refusal::ExchangeEnded)), "{engine}");
        let visitor = house.visitor(CLAIRE).await;
        let may = house.relay.may_write(&visitor, &address(DOCTOR), house.relay.now()).await.unwrap();
        assert_eq!(may, Some(Refusal::ExchangeEnded), "{engine}");

        accepted(house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "Encore un mot")).await);
        let may = house.relay.may_write(&visitor, &address(DOCTOR), house.relay.now()).await.unwrap();
        assert_eq!(may, None, "{engine}: a new letter opens the exchange again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_this_door_is_given_and_found_again() {
    for house in houses().await {
        let named = "Paul Machin <285059900010125@patient.mssante.example>";
        let patient = "279035121518989@patient.mssante.example";
        for (case, to, header_to, want) in [
            ("announced", KARIM, KARIM, Refusal::PatientAnnounced),
            ("opposed", HELENE, HELENE, Refusal::PatientOpposed),
            ("closed", YANIS, YANIS, Refusal::PatientClosed),
            ("unknown patient", patient, patient, Refusal::PatientUnknown),
            ("no INS", "dr@patient.mssante.example", "x", Refusal::PatientAddressInvalid),
            ("no mailbox", "x@cabinet-lilas.mssante.example", "x", Refusal::RecipientUnknown),
            ("outside", "x@example.org", "x", Refusal::RecipientOutsideTrust),
            ("another name", CLAIRE, named, Refusal::NameMismatch),
        ] {
            let outcome = house.send(DOCTOR, &[to], &letter(DOCTOR, header_to, case)).await;
            let Outcome::Refused { refusal, queue } = outcome else {
                panic!("{case} passed on {}", house.engine)
            };
            assert_eq!(refusal, want, "{case}");
            let traced = house.relay.mailstore().why(queue).await.unwrap().unwrap();
            assert_eq!(traced.recipients[0].rule, want.id(), "{case}");
            assert!(traced.recipients[0].reply.starts_with('5'), "{case}: {}", traced.recipients[0].reply);
        }
        let visitor = house.visitor(JEAN).await;
        let now = house.relay.now();
        for (to, want) in [
            (DOCTOR, Some(Refusal::NeverContacted)),
            (CLAIRE, Some(Refusal::PatientToPatient)),
            (PHARMACY, None),
        ] {
            assert_eq!(house.relay.may_write(&visitor, &address(to), now).await.unwrap(), want, "{to}");
        }
        assert_eq!(house.inbox(CLAIRE).await.len(), 0, "{}: a refused letter was kept", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identical_resubmission_is_kept_once() {
    for house in houses().await {
        let text = letter(DOCTOR, LUCIE, "Une fois");
        let first = accepted(house.send(DOCTOR, &[LUCIE], &text).await);
        let second = accepted(house.send(DOCTOR, &[LUCIE], &text).await);
        assert_eq!(first, second, "{}", house.engine);
        assert_eq!(house.inbox(LUCIE).await.len(), 1, "{}", house.engine);
        let other = accepted(house.send(DOCTOR, &[LUCIE], &text.replace("Bonjour", "Bonsoir")).await);
        assert_ne!(first, other, "{}: another text is another letter", house.engine);
        house.clock.fetch_add(names::HOUR + 1, Ordering::SeqCst);
        let later = accepted(house.send(DOCTOR, &[LUCIE], &text).await);
        assert_ne!(first, later, "{}: an hour later it is sent on purpose", house.engine);
    }
}

/// RELIABILITY lesson 5: a connection lost during the commit leaves the letter kept or not; handed in
/// again under its own number it is kept once, and never refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_commit_outcome_was_lost_is_kept_once() {
    for house in houses().await {
        let text = letter(DOCTOR, LUCIE, "Perdu");
        let queue = house.relay.queue_id(house.relay.now());
        for time in ["first", "again"] {
            let outcome = house.send_as(queue, DOCTOR, &[LUCIE], &text).await;
            assert_eq!(outcome, Outcome::Accepted { queue }, "{time} {}", house.engine);
        }
        assert_eq!(house.inbox(LUCIE).await.len(), 1, "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_named_twice_by_alias_gets_one_letter() {
    for house in houses().await {
        let alias = format!("{}@patient.mssante.example", &CLAIRE[..13]);
        let text = letter(DOCTOR, &alias, "Alias");
        accepted(house.send(DOCTOR, &[CLAIRE, &alias], &text).await);
        assert_eq!(house.inbox(CLAIRE).await.len(), 1, "{}", house.engine);
        let stranger = text.replace("To: ", "To: Paul Machin ").replace(&alias, &format!("<{alias}>"));
        let outcome = house.send(DOCTOR, &[&alias], &stranger).await;
        assert_eq!(refusal(outcome), Some(Refusal::NameMismatch), "{}", house.engine);
        accepted(answer(&house, CLAIRE, "Merci").await.unwrap());
    }
}

/// One who has the letter and one who is refused by now: the reply speaks of the one who is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_handed_in_again_is_judged_for_those_who_do_not_have_it() {
    for house in houses().await {
        let text = letter(DOCTOR, SECRETARIAT, "again");
        let first = accepted(house.send(DOCTOR, &[SECRETARIAT, CARDIOLOGIST], &text).await);
        assert_eq!(accepted(house.send(DOCTOR, &[CARDIOLOGIST], &text).await), first, "{}", house.engine);
        let outcome = house.send(DOCTOR, &[SECRETARIAT, "nobody@cabinet.mssante.example"], &text).await;
        assert!(refusal(outcome).is_some(), "{}", house.engine);
        let more = accepted(house.send(DOCTOR, &[SECRETARIAT, PHARMACY], &text).await);
        assert_ne!(more, first);
        assert_eq!(accepted(house.send(DOCTOR, &[PHARMACY, CARDIOLOGIST], &text).await), first);
        for who in [SECRETARIAT, CARDIOLOGIST, PHARMACY] {
            assert_eq!(house.inbox(who).await.len(), 1, "{}: {who}", house.engine);
        }
    }
}

/// A resubmission, and a letter prepared for something that is over, leave no mark on those that
/// share their unit: the answer behind a repeated opening letter is judged by the contact as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_letter_reopens_nothing_for_the_letters_of_its_unit() {
    for house in houses().await {
        let opening = letter(DOCTOR, CLAIRE, "Ouverture");
        let first = accepted(house.send(DOCTOR, &[CLAIRE], &opening).await);
        let login = house.login(DOCTOR).await;
        let visitor = house.visitor(CLAIRE).await;
        let source = Source::Web {
            account: visitor.account,
            address: &visitor.address,
            patient: visitor.patient,
            actor: visitor.actor,
            mandate: None,
        };
        let mut note = house.draft(house.relay.queue_id(NOON), &login, &[DOCTOR], &opening).await;
        note.letter.hash = [7; 32];
        let answer = house.relay.prepared(&source, &note).await;
        accepted(house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "[FIN]")).await);
        let source = Source::Submission { login: &login, sender: &login.may_send_as[0] };
        let again = house.draft(house.relay.queue_id(NOON), &login, &[CLAIRE], &opening).await;
        let again = house.relay.prepared(&source, &again).await;
        let commit = super::unit::Commit {
            queue: house.relay.queue().clone(),
            mailstore: house.relay.mailstore().clone(),
            directory: house.relay.directory().clone(),
            settings: Arc::new(house.relay.settings().clone()),
            alerts: Arc::default(),
        };
        let unit = db::unit("together", (commit, [again, answer].map(Arc::new)), |(commit, jobs), tx| {
            Box::pin(mailstore::Work::run(commit, tx, jobs))
        });
        let answers = house.data.write(unit).await.unwrap();
        let want = [super::unit::Committed::Repeat(first), super::unit::Committed::Changed];
        assert_eq!(answers, want, "{}", house.engine);
        assert!(house.inbox(DOCTOR).await.is_empty(), "{}: an answer passed after [FIN]", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_filed_and_one_notice_waits() {
    for house in houses().await {
        accepted(house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "Un")).await);
        accepted(house.send(CARDIOLOGIST, &[CLAIRE], &letter(CARDIOLOGIST, CLAIRE, "Deux")).await);
        let account = house.account(CLAIRE).await;
        let store = house.relay.mailstore();
        let documents = store.documents(account, None, Viewer::Patient, None, 10).await.unwrap();
        assert_eq!(documents.len(), 2, "{}", house.engine);
        let document = &documents[0];
        assert_eq!(
            (document.draft.category.as_str(), document.draft.mime.as_str()),
            ("CPT_REND", "application/pdf")
        );
        assert!(
            documents.iter().any(|document| document.draft.author_name.contains("Lenoir")),
            "{documents:?}"
        );
        let mut part = store.document_part(account, document).await.unwrap();
        let octets = part.reader.range(part.range.clone()).await.unwrap();
        assert_eq!(octets, "JVBERi0xLjQKJSVFT0YK", "{}", house.engine);
        let mut tx = house.data.read().await.unwrap();
        let waiting =
            tx.row("SELECT COUNT(*) FROM alert WHERE state = 'waiting'", db::args![]).await.unwrap();
        assert_eq!(waiting.int(0).unwrap(), 1, "{}: two letters, one waiting notice", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_patients_never_see_each_other_and_share_one_body() {
    for house in houses().await {
        let to = format!("{CLAIRE}, {JEAN}, {SECRETARIAT}");
        accepted(house.send(DOCTOR, &[CLAIRE, JEAN, SECRETARIAT], &letter(DOCTOR, &to, "Groupe")).await);
        let mut bodies = Vec::new();
        for (recipient, sees, not) in
            [(CLAIRE, &CLAIRE[..15], &JEAN[..15]), (JEAN, &JEAN[..15], &CLAIRE[..15])]
        {
            let inbox = house.inbox(recipient).await;
            bodies.push(inbox[0].body);
            let account = house.account(recipient).await;
            let heads = house.relay.mailstore().header_blocks(account, &[inbox[0].head]).await.unwrap();
            let head = String::from_utf8(heads[0].clone().unwrap().to_vec()).unwrap();
            assert!(head.contains(sees) && !head.contains(not), "{}: {head}", house.engine);
            let top = format!("Return-Path: <{DOCTOR}>\r\nReceived: ");
            assert!(head.starts_with(&top) && !head.contains("Bcc"), "{}: {head}", house.engine);
        }
        bodies.push(house.inbox(SECRETARIAT).await[0].body);
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{}: the body was stored more than once", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refused_recipient_keeps_the_letter_from_all() {
    for house in houses().await {
        let to = format!("{CLAIRE}, Quelqu'un D'autre <{JEAN}>");
        let outcome = house.send(DOCTOR, &[CLAIRE, JEAN], &letter(DOCTOR, &to, "Mauvais nom")).await;
        assert_eq!(refusal(outcome), Some(Refusal::NameMismatch), "{}", house.engine);
        assert!(house.inbox(CLAIRE).await.is_empty(), "{}: half a letter was kept", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_is_where_the_answer_goes() {
    for house in houses().await {
        let text = letter(DOCTOR, CLAIRE, "Secretariat")
            .replace("Subject:", &format!("Reply-To: {SECRETARIAT}\nSubject:"));
        accepted(house.send(DOCTOR, &[CLAIRE], &text).await);
        accepted(answer(&house, CLAIRE, "A qui de droit").await.unwrap());
        assert_eq!(house.inbox(SECRETARIAT).await.len(), 1, "{}", house.engine);
        assert!(house.inbox(DOCTOR).await.is_empty(), "{}", house.engine);
    }
}

/// DESIGN §2.5, Secrecy; RELIABILITY D-02: the answer to a hidden letter would tell what it hides.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_from_parents_stays_so_when_the_patient_answers() {
    for house in houses().await {
        let text = letter(DOCTOR, CLAIRE, "Contraception")
            .replace("Subject:", "X-Pli-Secrecy: INVISIBLE_REPRESENTANTS_LEGAUX\nSubject:");
        accepted(house.send(DOCTOR, &[CLAIRE], &text).await);
        accepted(answer(&house, CLAIRE, "Merci docteur.").await.unwrap());
        let (account, store) = (house.account(CLAIRE).await, house.relay.mailstore());
        for (viewer, letters) in [(Viewer::Patient, &[2][..]), (Viewer::Representative, &[])] {
            let page = store.conversations(account, viewer, None, 10).await.unwrap();
            let counts: Vec<_> = page.iter().map(|line| line.letters).collect();
            assert_eq!(counts, letters, "{viewer:?} {}", house.engine);
        }
        assert_eq!(store.unread(account, Viewer::Representative).await.unwrap(), (0, 0), "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_lose_nothing_and_the_store_stays_whole() {
    for house in houses().await {
        let house = std::sync::Arc::new(house);
        let sends = (0..24).map(|n| {
            let house = std::sync::Arc::clone(&house);
            tokio::spawn(async move {
                let from = [DOCTOR, CARDIOLOGIST, SECRETARIAT][n % 3];
                let to = [CLAIRE, JEAN, LUCIE, DOCTOR][n % 4];
                accepted(house.send(from, &[to], &letter(from, to, &format!("N{n}"))).await);
            })
        });
        for send in sends.collect::<Vec<_>>() {
            send.await.unwrap();
        }
        let mut kept = 0;
        for mailbox in [CLAIRE, JEAN, LUCIE, DOCTOR] {
            kept += house.inbox(mailbox).await.len();
        }
        assert_eq!(kept, 24, "{}", house.engine);
        let report = house.relay.mailstore().verify(mailstore::Depth::Contents, NOON).await.unwrap();
        assert!(report.is_clean(), "{}: {report:?}", house.engine);
        let mut tx = house.data.read().await.unwrap();
        assert_eq!(audit::verify(&mut tx, None).await.unwrap(), [], "{}", house.engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_is_written_down_and_clears_the_count() {
    for house in houses().await {
        accepted(house.send(DOCTOR, &[CLAIRE], &letter(DOCTOR, CLAIRE, "A lire")).await);
        let visitor = house.visitor(CLAIRE).await;
        let store = house.relay.mailstore();
        assert_eq!(
            store.unread(visitor.account, visitor.viewer()).await.unwrap(),
            (1, 1),
            "{}",
            house.engine
        );
        let conversation =
            store.conversations(visitor.account, visitor.viewer(), None, 1).await.unwrap().remove(0);
        house.relay.open_conversation(&visitor, conversation.id, house.relay.now()).await.unwrap();
        assert_eq!(
            store.unread(visitor.account, visitor.viewer()).await.unwrap(),
            (0, 0),
            "{}",
            house.engine
        );
        let document =
            store.documents(visitor.account, None, Viewer::Patient, None, 1).await.unwrap().remove(0);
        let now = house.relay.now();
        house.relay.note_document_read(&visitor, Opened::Document(document.id), now).await.unwrap();
        let mut tx = house.data.read().await.unwrap();
        let chain = audit::Chain::Account(visitor.account);
        let lines = audit::history(&mut tx, chain, None, 10).await.unwrap();
        let acts: Vec<_> = lines.into_iter().filter_map(|line| line.line).map(|line| line.act).collect();
        assert_eq!(acts[..2], [audit::Act::DocumentRead, audit::Act::LetterRead], "{}", house.engine);
        assert!(
            acts.contains(&audit::Act::DocumentFiled) && acts.contains(&audit::Act::ContactOpened),
            "{acts:?}"
        );
    }
}
