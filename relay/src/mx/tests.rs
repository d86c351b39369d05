//! Another operator's server at the door, on both engines.

mod patients;

use super::limits::{HOPS, STRIKES};
use super::{MxWorld, Watch};
use crate::testing::{
    CARDIOLOGIST, DOCTOR, FAR_PATIENT, House, NOON, OTHER, OTHERS_DOCTOR, REGION, SURGEON, address,
    neighbourhoods,
};
use certs::PeerInfo;
use directory::trust::{self, Place};
use names::{DistinguishedName, Domain, QueueId};
use net::{ConnInfo, World};
use wire::smtp::{Answer, Ask, MailParameters, Notify, NotifyWhen, RcptParameters, Reply, Trace};

const CLAIRE: &str = "285059900010125@patient.mssante.example";
const LUCIE: &str = "296129900070759@patient.mssante.example";
const KARIM: &str = "190019900060637@patient.mssante.example";
const HELENE: &str = "274089900050514@patient.mssante.example";
const YANIS: &str = "193079900080875@patient.mssante.example";
/// A well-formed INS that nobody has.
const NOBODY: &str = "111119900010114@patient.mssante.example";

/// The neighbouring clinic of the demonstration, and its certificate.
const CLINIC: &str = "CN=mail.clinique-voisine.mssante.example,O=CLINIQUE VOISINE,C=FR";
const SECRETARY: &str = "secretariat@clinique-voisine.mssante.example";

/// A session with a certificate.
struct Session {
    world: MxWorld,
}

impl Session {
    fn of(house: &House, watch: &Watch, certificate: &str) -> Self {
        let peer = "192.0.2.25:40000".parse().unwrap();
        let connection = ConnInfo { peer, local: peer, door: "mx" };
        let mut world = MxWorld::new(house.relay.clone(), watch.clone(), &connection);
        let mut spki = [0; 32];
        spki.iter_mut().zip(certificate.bytes()).for_each(|(to, from)| *to = from);
        world.secured(&PeerInfo {
            subject: certificate.to_owned(),
            issuer: "CN=authority".to_owned(),
            serial: "01".to_owned(),
            names: vec!["mail.clinique-voisine.mssante.example".to_owned()],
            not_after: NOON.plus(names::DAY),
            spki,
            chain_length: 2,
        });
        Self { world }
    }

    async fn mail(&mut self, from: Option<&str>) -> Result<(), Reply> {
        let ask = Ask::Sender { path: from.map(address), parameters: MailParameters::default() };
        match self.world.answer(ask).await {
            Answer::Sender(said) => said,
            other => panic!("{other:?}"),
        }
    }

    async fn rcpt(&mut self, to: &str) -> Result<(), Reply> {
        self.rcpt_asking(to, RcptParameters::default()).await
    }

    async fn rcpt_asking(&mut self, to: &str, parameters: RcptParameters) -> Result<(), Reply> {
        match self.world.answer(Ask::Recipient { path: address(to), parameters }).await {
            Answer::Recipient(said) => said,
            other => panic!("{other:?}"),
        }
    }

    async fn data(&mut self, letter: &str) -> Result<QueueId, Reply> {
        match self.world.answer(Ask::Data(Trace::default())).await {
            Answer::Data(said) => said?,
            other => panic!("{other:?}"),
        }
        let octets = letter.replace('\n', "\r\n");
        self.world.push(octets.clone().into()).await;
        match self.world.answer(Ask::Finish { size: octets.len() as u64 }).await {
            Answer::Finished(said) => said.map(|accepted| accepted.queue),
            other => panic!("{other:?}"),
        }
    }

    /// A whole letter to one recipient.
    async fn letter(&mut self, from: &str, to: &str, letter: &str) -> Result<QueueId, Reply> {
        self.mail(Some(from)).await?;
        self.rcpt(to).await?;
        self.data(letter).await
    }
}

fn letter(from: &str, to: &str, subject: &str) -> String {
    format!(
        "From: <{from}>\nTo: {to}\nSubject: {subject}\nDate: Sun, 22 Nov 2026 12:00:00 +0100\n\
         Message-ID: <{}@far.example>\nX-MSS-NIL: DEV935997\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\nBonjour.\n",
        subject.replace(' ', "-")
    )
}

fn said(reply: Result<impl std::fmt::Debug, Reply>) -> String {
    let reply = reply.expect_err("refused");
    let (class, subject, detail) = reply.enhanced().expect("an enhanced code");
    format!("{} {class}.{subject}.{detail}", reply.code())
}

#[tokio::test]
async fn a_letter_of_another_operator_reaches_a_patient_and_opens_the_exchange() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        let sent = letter(SURGEON, CLAIRE, "Compte rendu");
        session.letter(SURGEON, CLAIRE, &sent).await.unwrap();
        let [entry] = &house.inbox(CLAIRE).await[..] else { panic!("{}", house.engine) };
        let text = house.text(CLAIRE, entry).await;
        assert!(text.starts_with(&format!("Return-Path: <{SURGEON}>\r\nReceived: from ")), "{text}");
        assert!(text.contains("X-MSS-NIL: DEV935997\r\n"), "carried untouched: {text}");
        assert!(text.contains("\r\nX-Pli-Trace: "), "{text}");
        // The patient may answer, and the answer goes to the queue with what the patient keeps.
        let visitor = house.visitor(CLAIRE).await;
        let to = address(SURGEON);
        assert_eq!(house.relay.may_write(&visitor, &to, house.relay.now()).await.unwrap(), None);
        let written =
            crate::Written { to, to_name: "", subject: "Merci", text: "Merci", files: &[], answers: None };
        house.relay.write(&visitor, &written, house.relay.now()).await.unwrap().unwrap();
        let [row] = &house.queued().await[..] else { panic!("{}: one row", house.engine) };
        let envelope = row.envelope.as_ref().unwrap();
        assert_eq!((&envelope.recipient, &envelope.sender), (&address(SURGEON), &Some(address(CLAIRE))));
        let away = house.whole(mailstore::QUEUE, row.head, row.body).await;
        assert!(away.contains("Merci") && away.contains("X-Pli-Trace: "), "{away}");
        // [FIN] of the remote professional ends it.
        session.letter(SURGEON, CLAIRE, &letter(SURGEON, CLAIRE, "[FIN]")).await.unwrap();
        let refusal = house.relay.may_write(&visitor, &address(SURGEON), house.relay.now()).await.unwrap();
        assert_eq!(refusal, Some(policy::Refusal::ExchangeEnded), "{}", house.engine);
    }
}

/// DOMAIN §2.5: what a professional's program must tell apart, in session.
#[tokio::test]
async fn the_ways_in_which_a_letter_cannot_be_delivered_are_told_apart_in_session() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        for (name, to, expected) in [
            ("announced", KARIM, "550 5.2.0"),
            ("opposed", HELENE, "550 5.2.1"),
            ("closed", YANIS, "550 5.1.6"),
            ("unknown patient", NOBODY, "550 5.1.1"),
            ("no INS", "1234@patient.mssante.example", "553 5.1.3"),
            ("unknown professional", "nobody@cabinet-lilas.mssante.example", "550 5.1.1"),
        ] {
            session.mail(Some(SURGEON)).await.unwrap();
            assert_eq!(said(session.rcpt(to).await), expected, "{}: {name}", house.engine);
        }
        // Created and not activated: accepted and kept.
        session.letter(SURGEON, LUCIE, &letter(SURGEON, LUCIE, "x")).await.unwrap();
        // What only the letter tells.
        let wrong_name = letter(SURGEON, &format!("Zoe Quelquun <{CLAIRE}>"), "x");
        assert_eq!(said(session.letter(SURGEON, CLAIRE, &wrong_name).await), "550 5.1.4");
        let tnef = "From: <chirurgie@clinique-voisine.mssante.example>\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n";
        assert_eq!(said(session.letter(SURGEON, CLAIRE, tnef).await), "554 5.6.1");
        assert!(house.inbox(CLAIRE).await.is_empty());
    }
}

#[tokio::test]
async fn s_06_no_letter_passes_through_to_anybody_else() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        session.mail(Some(SURGEON)).await.unwrap();
        for to in [OTHERS_DOCTOR, FAR_PATIENT, SECRETARY, "x@outside.example", "x@mssante.example"] {
            assert_eq!(said(session.rcpt(to).await), "550 5.7.1", "{}: {to}", house.engine);
        }
        // Percent hacks, bang paths, quoted and routed paths are no addresses at all: the machine refuses
        // them before it asks.
        for trick in [
            "user%far.example@cabinet-lilas.mssante.example",
            "cabinet-lilas.mssante.example!user",
            "\"user@far.example\"@cabinet-lilas.mssante.example",
            "user@[192.0.2.1]",
            "user@cabinet-lilas.mssante.example.",
            "user@",
        ] {
            assert!(names::Address::parse(trick).is_err(), "{trick}");
        }
        assert!(house.queued().await.is_empty());
    }
}

#[tokio::test]
async fn t_06_a_member_speaks_for_its_own_domains_only() {
    for house in neighbourhoods().await {
        let watch = Watch::default();
        let mut session = Session::of(&house, &watch, CLINIC);
        for (name, from) in [
            ("another member's", OTHERS_DOCTOR),
            ("ours", DOCTOR),
            ("our patients'", CLAIRE),
            ("outside", "x@outside.example"),
            ("a subdomain", "x@sub.clinique-voisine.mssante.example"),
        ] {
            assert_eq!(said(session.mail(Some(from)).await), "550 5.7.1", "{}: {name}", house.engine);
        }
        let forged = letter(OTHERS_DOCTOR, CLAIRE, "x");
        assert_eq!(said(session.letter(SURGEON, CLAIRE, &forged).await), "550 5.7.1");
        assert!(house.inbox(CLAIRE).await.is_empty());
        // The name is compared as RFC 4518 says, and one that is not on the list speaks for nobody.
        let mut spelt = Session::of(
            &house,
            &watch,
            "cn=Mail.Clinique-Voisine.mssante.example, o=Clinique  voisine, c=fr",
        );
        spelt.mail(Some(SURGEON)).await.unwrap();
        for unlisted in ["CN=mx.nobody.example,O=NOBODY,C=FR", "no name at all"] {
            let mut session = Session::of(&house, &watch, unlisted);
            assert_eq!(said(session.mail(Some(SURGEON)).await), "554 5.7.1", "{unlisted}");
            assert_eq!(said(session.mail(None).await), "554 5.7.1", "{unlisted}");
        }
    }
}

#[tokio::test]
async fn a_change_of_the_list_counts_at_the_next_letter_of_an_open_session() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), OTHER);
        session.letter(OTHERS_DOCTOR, DOCTOR, &letter(OTHERS_DOCTOR, DOCTOR, "one")).await.unwrap();
        let unit = house.relay.directory().generation().clone();
        let unit = db::unit("change hands", unit, |generation, tx| {
            Box::pin(async move {
                let domain = Domain::parse("autre.mssante.example").unwrap();
                let names = [DistinguishedName::parse(CLINIC).unwrap()];
                trust::save(tx, &domain, Place::Remote, &names, NOON).await?;
                generation.bump(tx).await
            })
        });
        house.data.write(unit).await.unwrap();
        assert_eq!(said(session.mail(Some(OTHERS_DOCTOR)).await), "554 5.7.1", "{}", house.engine);
        let mut clinic = Session::of(&house, &Watch::default(), CLINIC);
        clinic.mail(Some(OTHERS_DOCTOR)).await.unwrap();
    }
}

fn report_on(message_id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mail.clinique-voisine.mssante.example\nSubject: Undelivered\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n\
         Final-Recipient: rfc822; {SURGEON}\nAction: failed\nStatus: 5.1.1\n\n--b\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: <{message_id}>\n\n--b--\n"
    )
}

#[tokio::test]
async fn s_07_the_null_sender_brings_one_report_to_who_sent_the_letter() {
    for house in neighbourhoods().await {
        house.send(DOCTOR, &[SURGEON], &letter(DOCTOR, SURGEON, "sent")).await;
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        session.mail(None).await.unwrap();
        assert_eq!(said(session.rcpt("nobody@cabinet-lilas.mssante.example").await), "550 5.1.1");
        session.rcpt(DOCTOR).await.unwrap();
        assert_eq!(said(session.rcpt(CARDIOLOGIST).await), "550 5.7.1", "one recipient");
        session.data(&report_on("sent@far.example")).await.unwrap();
        let [entry] = &house.inbox(DOCTOR).await[..] else { panic!("{}", house.engine) };
        assert_eq!(entry.origin, mailstore::Origin::Report);
        assert!(house.text(DOCTOR, entry).await.starts_with("Return-Path: <>\r\n"));
        for (name, to, text) in [
            ("no letter of ours", DOCTOR, report_on("never@far.example")),
            ("somebody else's letter", CARDIOLOGIST, report_on("sent@far.example")),
            ("no report", DOCTOR, letter(SURGEON, DOCTOR, "x")),
        ] {
            session.mail(None).await.unwrap();
            session.rcpt(to).await.unwrap();
            assert_eq!(said(session.data(&text).await), "550 5.7.1", "{}: {name}", house.engine);
        }
        assert_eq!(house.inbox(DOCTOR).await.len(), 1);
        assert!(house.inbox(CARDIOLOGIST).await.is_empty());
        // A report is never reported on: the queue holds the one letter and nothing more.
        assert_eq!(house.queued().await.len(), 1);
    }
}

#[tokio::test]
async fn a_patient_sees_a_report_in_the_conversation_of_the_letter_and_nothing_else_happens() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        session.letter(SURGEON, CLAIRE, &letter(SURGEON, CLAIRE, "Bonjour")).await.unwrap();
        let visitor = house.visitor(CLAIRE).await;
        let to = address(SURGEON);
        let written =
            crate::Written { to, to_name: "", subject: "Question", text: "?", files: &[], answers: None };
        house.relay.write(&visitor, &written, house.relay.now()).await.unwrap().unwrap();
        let row = house.queued().await.remove(0);
        let sent = house.whole(mailstore::QUEUE, row.head, row.body).await;
        let id = sent.split("Message-ID: <").nth(1).unwrap().split('>').next().unwrap().to_owned();
        let alerts = house.alerts().await;
        session.mail(None).await.unwrap();
        session.rcpt(CLAIRE).await.unwrap();
        session.data(&report_on(&id)).await.unwrap();
        let store = house.relay.mailstore();
        let conversations = store.conversations(visitor.account, visitor.viewer(), None, 10).await.unwrap();
        let question = conversations.iter().find(|conversation| conversation.subject == "Question").unwrap();
        let letters = store.letters(visitor.account, question.id, visitor.viewer()).await.unwrap();
        let origins: Vec<_> = letters.iter().map(|row| row.entry.origin).collect();
        assert_eq!(origins, [mailstore::Origin::Sent, mailstore::Origin::Report], "{}", house.engine);
        assert_eq!(house.alerts().await, alerts, "no notice outside");
        let state = house
            .relay
            .may_answer(&visitor, question.id, letters[1].entry.id, house.relay.now())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(state.refusal, Some(policy::Refusal::AnswerForbidden));
    }
}

#[tokio::test]
async fn s_08_recipients_refused_after_the_letter_are_told_of_in_one_report_to_the_envelope_sender() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        session.mail(Some(SURGEON)).await.unwrap();
        for to in [DOCTOR, CLAIRE] {
            session.rcpt(to).await.unwrap();
        }
        let mixed = letter(SURGEON, &format!("Zoe Quelquun <{CLAIRE}>, {DOCTOR}"), "mixed");
        let queue = session.data(&mixed).await.unwrap();
        assert_eq!(house.inbox(DOCTOR).await.len(), 1);
        assert!(house.inbox(CLAIRE).await.is_empty());
        let [row] = &house.queued().await[..] else { panic!("{}: one report", house.engine) };
        let envelope = row.envelope.as_ref().unwrap();
        assert_eq!((&envelope.recipient, &envelope.sender), (&address(SURGEON), &None));
        let report = house.whole(mailstore::QUEUE, row.head, row.body).await;
        assert!(
            report.contains(&format!("Final-Recipient: rfc822; {CLAIRE}\r\nAction: failed\r\nStatus: 5.1.4"))
        );
        assert!(!report.contains("Bonjour."), "the body is not given back");
        // The trace tells both.
        let trace = house.relay.mailstore().why(queue).await.unwrap().unwrap();
        let outcomes: Vec<_> = trace.recipients.iter().map(|traced| traced.outcome.as_str()).collect();
        assert_eq!(outcomes, ["delivered", "refused"]);
        // Handed in again: the same answer, no second copy, no second report.
        session.mail(Some(SURGEON)).await.unwrap();
        for to in [DOCTOR, CLAIRE] {
            session.rcpt(to).await.unwrap();
        }
        assert_eq!(session.data(&mixed).await.unwrap(), queue);
        assert_eq!((house.inbox(DOCTOR).await.len(), house.queued().await.len()), (1, 1));
    }
}

/// About a report nobody is ever told later (RFC 3464 §2): what calls itself one, and is refused for one of
/// two after the letter, is refused in the session for both, so that the operator who brings it hears of it.
#[tokio::test]
async fn s_08_a_report_refused_for_one_is_refused_while_its_operator_listens() {
    for house in neighbourhoods().await {
        let to_both = format!("Zoe Quelquun <{CLAIRE}>, {DOCTOR}");
        for (case, to, taken) in [("both", &[DOCTOR, CLAIRE][..], false), ("the-one", &[DOCTOR], true)] {
            let report = letter(SURGEON, &to_both, case).replace(
                "text/plain; charset=utf-8\n\nBonjour.",
                "multipart/report; boundary=b\n\n--b\n\nRead.\n--b--",
            );
            let mut session = Session::of(&house, &Watch::default(), CLINIC);
            session.mail(Some(SURGEON)).await.unwrap();
            for to in to {
                session.rcpt(to).await.unwrap();
            }
            assert_eq!(session.data(&report).await.is_ok(), taken, "{}: {case}", house.engine);
            assert_eq!(house.inbox(DOCTOR).await.len(), usize::from(taken), "{}: {case}", house.engine);
            assert!(house.inbox(CLAIRE).await.is_empty(), "{}: {case}", house.engine);
            assert!(house.queued().await.is_empty(), "{}: {case}: no report on a report", house.engine);
        }
    }
}

#[tokio::test]
async fn s_09_a_letter_that_goes_round_is_stopped() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        let hops = |count: usize| {
            "Received: from a by b; Sun, 22 Nov 2026 12:00:00 +0100\n".repeat(count)
                + &letter(SURGEON, DOCTOR, "x")
        };
        assert_eq!(said(session.letter(SURGEON, DOCTOR, &hops(HOPS + 1)).await), "554 5.4.6");
        session.letter(SURGEON, DOCTOR, &hops(HOPS)).await.unwrap();
        // Our own trace: a letter of ours that comes back once is somebody sending it on; twice is a loop.
        let first = house.text(DOCTOR, &house.inbox(DOCTOR).await[0]).await;
        let own = first.lines().find(|line| line.starts_with("X-Pli-Trace: ")).unwrap().to_owned();
        let traced = |count: usize| format!("{own}\n").repeat(count) + &letter(SURGEON, DOCTOR, "y");
        session.letter(SURGEON, DOCTOR, &traced(1)).await.unwrap();
        assert_eq!(said(session.letter(SURGEON, DOCTOR, &traced(2)).await), "554 5.4.6");
        let foreign = "X-Pli-Trace: 0011223344 1\n".repeat(3) + &letter(SURGEON, DOCTOR, "z");
        session.letter(SURGEON, DOCTOR, &foreign).await.unwrap();
    }
}

#[tokio::test]
async fn s_10_an_operator_that_guesses_addresses_waits_and_the_others_do_not() {
    for house in neighbourhoods().await {
        let watch = Watch::default();
        let mut session = Session::of(&house, &watch, CLINIC);
        session.mail(Some(SURGEON)).await.unwrap();
        for guess in 0..=STRIKES {
            let to = format!("guess{guess}@cabinet-lilas.mssante.example");
            assert_eq!(said(session.rcpt(&to).await), "550 5.1.1");
        }
        // Neither who exists nor who does not is told any more, on no connection of theirs.
        let mut again = Session::of(&house, &watch, CLINIC);
        again.mail(Some(SURGEON)).await.unwrap();
        for to in [DOCTOR, "guess@cabinet-lilas.mssante.example"] {
            assert_eq!(said(again.rcpt(to).await), "451 4.7.1", "{}", house.engine);
        }
        let mut other = Session::of(&house, &watch, OTHER);
        other.letter(OTHERS_DOCTOR, DOCTOR, &letter(OTHERS_DOCTOR, DOCTOR, "x")).await.unwrap();
    }
}

/// RELIABILITY S-10: how long RCPT takes does not tell who exists. Asked by turns, medians compared.
#[tokio::test]
async fn s_10_the_time_an_answer_takes_tells_nothing() {
    const TRIES: usize = 150;
    for house in neighbourhoods().await {
        let mut times = [Vec::with_capacity(TRIES), Vec::with_capacity(TRIES)];
        for turn in 0..TRIES {
            // A watch of its own each time: what is measured is the answer, not the wait.
            let mut session = Session::of(&house, &Watch::default(), CLINIC);
            session.mail(Some(SURGEON)).await.unwrap();
            let unknown = format!("guess{turn}@cabinet-lilas.mssante.example");
            for (times, to) in times.iter_mut().zip([DOCTOR, &unknown]) {
                let begun = std::time::Instant::now();
                let answered = session.rcpt(to).await;
                times.push(begun.elapsed());
                assert_eq!(answered.is_ok(), to == DOCTOR);
            }
        }
        let [known, unknown] = times.map(|mut times| {
            times.sort_unstable();
            times[TRIES / 2]
        });
        let apart = known.abs_diff(unknown);
        println!("{}: known {known:?}, unknown {unknown:?}", house.engine);
        assert!(apart.as_millis() < 5, "{}: known {known:?}, unknown {unknown:?}", house.engine);
    }
}

#[tokio::test]
async fn s_13_a_letter_with_no_author_or_two_is_refused() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        let good = letter(SURGEON, DOCTOR, "x");
        for (name, sent) in [
            ("no From", good.replace(&format!("From: <{SURGEON}>\n"), "")),
            ("two From", format!("From: {OTHERS_DOCTOR}\n{good}")),
            ("two authors", good.replace(&format!("<{SURGEON}>"), &format!("{SURGEON}, {OTHERS_DOCTOR}"))),
        ] {
            assert_eq!(said(session.letter(SURGEON, DOCTOR, &sent).await), "554 5.6.0", "{name}");
        }
        let outside = format!("Reply-To: x@outside.example\n{good}");
        assert_eq!(said(session.letter(SURGEON, DOCTOR, &outside).await), "550 5.7.1", "{}", house.engine);
        assert!(house.inbox(DOCTOR).await.is_empty());
    }
}

/// RELIABILITY S-15: a patient reads the address of a stranger, never the name it gives itself.
#[tokio::test]
async fn s_15_the_name_a_letter_gives_itself_is_not_shown_to_a_patient() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        let named = letter(SURGEON, CLAIRE, "x")
            .replace(&format!("<{SURGEON}>"), &format!("\"\u{202e}Dr Marie Lenoir\" <{SURGEON}>"));
        session.letter(SURGEON, CLAIRE, &named).await.unwrap();
        let visitor = house.visitor(CLAIRE).await;
        let store = house.relay.mailstore();
        let conversations = store.conversations(visitor.account, visitor.viewer(), None, 10).await.unwrap();
        let mut tx = house.data.read().await.unwrap();
        let who = store.who(&mut tx, &conversations[0].participants).await.unwrap();
        let shown: Vec<_> = who.into_values().collect();
        assert_eq!(shown, [mailstore::Party::Remote(address(SURGEON))], "{}", house.engine);
        for domain in ["pаypal.example", "xn--80ak6aa92e.example\u{200b}"] {
            assert!(names::Domain::parse(domain).is_err(), "{domain}");
        }
    }
}

#[tokio::test]
async fn s_20_a_session_played_again_brings_nothing_twice() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        let sent = letter(SURGEON, CLAIRE, "once");
        let first = session.letter(SURGEON, CLAIRE, &sent).await.unwrap();
        let alerts = house.alerts().await;
        assert_eq!(alerts, 1);
        let watch = Watch::default();
        for days in [0, 6] {
            house
                .clock
                .store(NOON.plus(days * names::DAY + names::MINUTE).0, std::sync::atomic::Ordering::SeqCst);
            let mut again = Session::of(&house, &watch, CLINIC);
            assert_eq!(again.letter(SURGEON, CLAIRE, &sent).await.unwrap(), first, "{} {days}", house.engine);
        }
        assert_eq!((house.inbox(CLAIRE).await.len(), house.alerts().await), (1, alerts));
        house.clock.store(NOON.plus(8 * names::DAY).0, std::sync::atomic::Ordering::SeqCst);
        assert_ne!(session.letter(SURGEON, CLAIRE, &sent).await.unwrap(), first, "seven days are over");
    }
}

/// The `250` was lost, and by the next try one recipient is refused at RCPT, or one more stands in the
/// envelope: it is the same letter all the same, and goes to exactly those who do not have it (RFC 1047).
#[tokio::test]
async fn s_20_a_letter_that_comes_again_with_other_recipients_goes_to_those_who_do_not_have_it() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        let sent = letter(SURGEON, CLAIRE, "once");
        session.mail(Some(SURGEON)).await.unwrap();
        session.rcpt(CLAIRE).await.unwrap();
        session.rcpt(DOCTOR).await.unwrap();
        let first = session.data(&sent).await.unwrap();
        let count = async |who: &str| house.inbox(who).await.len();
        assert_eq!(session.letter(SURGEON, CLAIRE, &sent).await.unwrap(), first, "{}: fewer", house.engine);
        assert_eq!((count(CLAIRE).await, count(DOCTOR).await, house.alerts().await), (1, 1, 1));
        for round in 0..2 {
            session.mail(Some(SURGEON)).await.unwrap();
            for who in [CLAIRE, CARDIOLOGIST] {
                session.rcpt(who).await.unwrap();
            }
            let queue = session.data(&sent).await.unwrap();
            assert_eq!(queue == first, round == 1, "{}: a passage for the one more, no other", house.engine);
            let have = (count(CLAIRE).await, count(DOCTOR).await, count(CARDIOLOGIST).await);
            assert_eq!((have, house.alerts().await), ((1, 1, 1), 1), "{} {round}", house.engine);
        }
    }
}

#[tokio::test]
async fn who_asked_to_hear_of_success_hears_of_it_with_their_own_words() {
    for house in neighbourhoods().await {
        let mut session = Session::of(&house, &Watch::default(), CLINIC);
        session.mail(Some(SURGEON)).await.unwrap();
        let when = NotifyWhen { success: true, failure: false, delay: false };
        let asking = RcptParameters { notify: Some(Notify::When(when)), original: None };
        session.rcpt_asking(DOCTOR, asking).await.unwrap();
        session.rcpt(CARDIOLOGIST).await.unwrap();
        session.data(&letter(SURGEON, DOCTOR, "asked")).await.unwrap();
        let [row] = &house.queued().await[..] else { panic!("{}: one report", house.engine) };
        let report = house.whole(mailstore::QUEUE, row.head, row.body).await;
        assert!(
            report.contains(&format!(
                "Final-Recipient: rfc822; {DOCTOR}\r\nAction: delivered\r\nStatus: 2.1.5"
            ))
        );
        assert!(!report.contains(CARDIOLOGIST), "{report}");
    }
}

#[tokio::test]
async fn a_patient_of_another_operator_may_write_on_its_word_or_not_as_the_operator_chooses() {
    for house in neighbourhoods().await {
        for (name, setting, expected) in [
            ("trusted", policy::RemotePatient::TrustOperator, None),
            ("enforced", policy::RemotePatient::Enforce, Some("550 5.7.1")),
        ] {
            let settings = policy::Settings { remote_patient: setting, ..policy::Settings::default() };
            let house = house.with(settings);
            let mut session = Session::of(&house, &Watch::default(), REGION);
            let said = match session.letter(FAR_PATIENT, DOCTOR, &letter(FAR_PATIENT, DOCTOR, name)).await {
                Ok(queue) => {
                    let trace = house.relay.mailstore().why(queue).await.unwrap().unwrap();
                    assert_eq!(trace.recipients[0].rule, "trust.patient-operator", "flagged");
                    None
                }
                Err(reply) => Some(said(Err::<(), _>(reply))),
            };
            assert_eq!(said.as_deref(), expected, "{}: {name}", house.engine);
        }
        // Once a professional of ours has written to them, they may answer under either setting.
        house.send(DOCTOR, &[FAR_PATIENT], &letter(DOCTOR, FAR_PATIENT, "bonjour")).await;
        let settings = policy::Settings {
            remote_patient: policy::RemotePatient::Enforce,
            ..policy::Settings::default()
        };
        let house = house.with(settings);
        let mut session = Session::of(&house, &Watch::default(), REGION);
        session.letter(FAR_PATIENT, DOCTOR, &letter(FAR_PATIENT, DOCTOR, "merci")).await.unwrap();
    }
}
