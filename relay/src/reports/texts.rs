//! What reports say to people, in French and then in English.

use super::{Action, Cause, Fate};
use crate::visible::Notice;
use policy::Refusal;

/// The name reports come from.
pub(super) const FROM: &str = "Pli";

/// A report's subject; it tells nothing of the letter.
pub(super) fn subject(fate: &Fate) -> &'static str {
    if let Cause::Unopened(_) = fate.cause {
        return "Lettre pas encore ouverte / Letter not opened yet";
    }
    match fate.action {
        Action::Failed => "Lettre non remise / Letter not delivered",
        Action::Delayed => "Lettre retardée / Letter delayed",
        Action::Delivered => "Lettre remise / Letter delivered",
        Action::Relayed => "Lettre transmise / Letter relayed",
        Action::Expanded => "Lettre redirigée / Letter redirected",
    }
}

/// The whole text of a report.
pub(super) fn text(fates: &[Fate], reference: &str) -> String {
    let block = |words: fn(&Fate) -> &'static str, sentence: fn(&Fate) -> String, said: &str| {
        let mut text = String::new();
        let mut last = None;
        for fate in fates {
            if last != Some(words(fate)) {
                text.push_str(words(fate));
                text.push_str("\r\n\r\n");
                last = Some(words(fate));
            }
            let (class, subject, detail) = fate.status;
            text.push_str(&format!("  {}\r\n  {}", fate.recipient, sentence(fate)));
            text.push_str(&format!(" ({class}.{subject}.{detail})\r\n"));
            if let Cause::Said(reply) = &fate.cause {
                text.push_str(&format!("  {said}{}\r\n", reply.trim()));
            }
            text.push_str("\r\n");
        }
        text
    };
    let french = block(french_opening, french_sentence, "Réponse de l’autre serveur : ");
    let english = block(english_opening, english_sentence, "The other server said: ");
    format!(
        "{french}Ce message est automatique ; il ne faut pas y répondre. Référence : {reference}\r\n\r\n\
         -- \r\n\r\n{english}This message is automatic; please do not answer it. Reference: {reference}\r\n"
    )
}

fn french_opening(fate: &Fate) -> &'static str {
    if let Cause::Unopened(_) = fate.cause {
        return "Votre lettre a été remise, et personne ne l’a encore ouverte. Destinataires :";
    }
    match fate.action {
        Action::Failed => "Votre lettre n’a pas été remise à :",
        Action::Delayed => {
            "Votre lettre n’a pas encore pu être remise ; de nouveaux essais auront lieu. Il n’y a rien à faire. Destinataires :"
        }
        Action::Delivered => "Votre lettre a été remise à :",
        Action::Relayed => {
            "Votre lettre a été transmise au serveur d’un autre opérateur, qui n’envoie pas de confirmation. Destinataires :"
        }
        Action::Expanded => "Votre lettre a été redirigée vers d’autres adresses. Destinataires :",
    }
}

fn english_opening(fate: &Fate) -> &'static str {
    if let Cause::Unopened(_) = fate.cause {
        return "Your letter was delivered, and nobody has opened it yet. Recipients:";
    }
    match fate.action {
        Action::Failed => "Your letter was not delivered to:",
        Action::Delayed => {
            "Your letter could not be delivered yet; we keep trying. There is nothing to do. Recipients:"
        }
        Action::Delivered => "Your letter was delivered to:",
        Action::Relayed => {
            "Your letter was handed to another operator's server, which sends no confirmation. Recipients:"
        }
        Action::Expanded => "Your letter was redirected to other addresses. Recipients:",
    }
}

fn french_sentence(fate: &Fate) -> String {
    match &fate.cause {
        Cause::Rule(refusal) => refusal.french().to_owned(),
        Cause::Said(reply) => match rule_named(reply) {
            Some(refusal) => refusal.french().to_owned(),
            None => of_status(fate.action, fate.status).0.to_owned(),
        },
        Cause::Filed(1) => "Elle est dans la messagerie ; un document est classé.".to_owned(),
        Cause::Filed(documents @ 2..) => {
            format!("Elle est dans la messagerie ; {documents} documents sont classés.")
        }
        Cause::Unopened(notice) => unopened(*notice).0.to_owned(),
        Cause::Status | Cause::Filed(0) => of_status(fate.action, fate.status).0.to_owned(),
    }
}

fn english_sentence(fate: &Fate) -> String {
    match &fate.cause {
        Cause::Rule(refusal) => refusal.english().to_owned(),
        Cause::Said(reply) => match rule_named(reply) {
            Some(refusal) => refusal.english().to_owned(),
            None => of_status(fate.action, fate.status).1.to_owned(),
        },
        Cause::Filed(1) => "It is in the mailbox; one document is filed.".to_owned(),
        Cause::Filed(documents @ 2..) => format!("It is in the mailbox; {documents} documents are filed."),
        Cause::Unopened(notice) => unopened(*notice).1.to_owned(),
        Cause::Status | Cause::Filed(0) => of_status(fate.action, fate.status).1.to_owned(),
    }
}

/// The rule that another Pli names at the end of a refusal, as `[patient.announced]`.
fn rule_named(reply: &str) -> Option<Refusal> {
    reply.split('[').skip(1).find_map(|rest| Refusal::from_id(rest.split_once(']')?.0))
}

/// What the sender of an unopened letter hears of the notice outside. Never where it went.
fn unopened(notice: Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::Left => (
            "Un avis l’a annoncée. Si elle est importante, joignez cette personne autrement.",
            "A notice announced it. If it matters, reach this person in another way.",
        ),
        Notice::Failed => (
            "L’avis qui l’annonce n’a pas pu partir : cette personne ne sait sans doute pas qu’elle l’attend. Joignez-la autrement.",
            "The notice that announces it could not leave: this person probably does not know of it. Reach them in another way.",
        ),
        Notice::Waits | Notice::None => (
            "Aucun avis ne l’a annoncée. Si elle est importante, joignez cette personne autrement.",
            "No notice announced it. If it matters, reach this person in another way.",
        ),
    }
}

/// A sentence for a status of RFC 3463, so that the failures of DOMAIN §2.5 can be told apart.
fn of_status(action: Action, (class, subject, detail): (u8, u8, u16)) -> (&'static str, &'static str) {
    match (class, subject, detail) {
        (2, ..) if action == Action::Relayed => {
            ("L’autre opérateur l’a acceptée.", "The other operator accepted it.")
        }
        (2, ..) => ("Elle est dans la boîte aux lettres.", "It is in the mailbox."),
        (_, 1, 1) => ("Cette adresse n’existe pas.", "This address does not exist."),
        (_, 1, 2) => (
            "Le domaine de cette adresse n’est pas joignable.",
            "The domain of this address cannot be reached.",
        ),
        (_, 1, 3) => ("Cette adresse n’est pas valide.", "This address is not valid."),
        (_, 1, 4) => (
            "Le nom du destinataire n’est pas celui du titulaire de cette adresse.",
            "The recipient's name is not that of the owner of this address.",
        ),
        (_, 1, 6) => ("Cette messagerie est fermée.", "This mailbox is closed."),
        (_, 2, 0) => ("Cette messagerie n’est pas encore ouverte.", "This mailbox is not open yet."),
        (_, 2, 1) => (
            "Le titulaire de cette adresse ne reçoit pas de lettres ici.",
            "The owner of this address does not receive letters here.",
        ),
        (_, 2, 2) => ("Cette messagerie est pleine.", "This mailbox is full."),
        (_, 2, 3) | (_, 3, 4) => ("La lettre est trop volumineuse.", "The letter is too large."),
        (_, 4, 6) => (
            "La lettre tourne en rond entre des serveurs.",
            "The letter is caught in a loop between servers.",
        ),
        (_, 4, 7) => ("L’autre serveur n’a pas répondu à temps.", "The other server did not answer in time."),
        (_, 6, _) => (
            "Le contenu de la lettre n’a pas pu être accepté.",
            "The content of the letter could not be accepted.",
        ),
        (_, 7, _) => (
            "L’autre opérateur n’accepte pas cette lettre.",
            "The other operator does not accept this letter.",
        ),
        (4, ..) => (
            "L’autre serveur n’est pas disponible pour le moment.",
            "The other server is not available at the moment.",
        ),
        _ => ("L’autre serveur a refusé la lettre.", "The other server refused the letter."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::Address;

    fn fate(action: Action, status: (u8, u8, u16), cause: Cause) -> Fate {
        let recipient = Address::parse("gone@far.example").unwrap();
        Fate { recipient, original: None, action, status, cause, remote: None, retry_until: None }
    }

    #[test]
    fn the_failures_a_professional_must_tell_apart_read_differently() {
        let failures =
            [(5, 1, 1), (5, 1, 3), (5, 1, 4), (5, 1, 6), (5, 2, 0), (5, 2, 1), (5, 3, 4), (4, 4, 7)];
        let said: std::collections::HashSet<_> =
            failures.iter().flat_map(|status| <[_; 2]>::from(of_status(Action::Failed, *status))).collect();
        assert_eq!(said.len(), 2 * failures.len());
    }

    #[test]
    fn the_refusal_of_another_pli_is_said_in_its_own_words_and_anything_else_is_quoted() {
        for refusal in [Refusal::PatientAnnounced, Refusal::PatientOpposed, Refusal::PatientClosed] {
            let words = refusal.english();
            let reply = format!("550 5.2.1 {words} [{}] ref 0F8V5ABCDEFGH", refusal.id());
            let said = text(&[fate(Action::Failed, (5, 2, 1), Cause::Said(reply.clone()))], "REF");
            assert!(said.contains(refusal.french()) && said.contains(words), "{said}");
            assert_eq!(said.matches(&reply).count(), 2, "the other server's text stands there too: {said}");
        }
        for reply in ["550 5.7.1 [no.such-rule] no", "550 go away [", "550 ] x [patient", "550 x"] {
            assert_eq!(rule_named(reply), None, "{reply}");
            let said = text(&[fate(Action::Failed, (5, 7, 1), Cause::Said(reply.to_owned()))], "REF");
            assert!(said.contains("L’autre opérateur n’accepte pas cette lettre.") && said.contains(reply));
        }
    }

    #[test]
    fn a_letter_that_nobody_opened_is_not_called_undelivered() {
        let unopened = |notice| fate(Action::Delayed, (4, 2, 0), Cause::Unopened(notice));
        for notice in [Notice::Left, Notice::Failed, Notice::Waits, Notice::None] {
            let said = text(&[unopened(notice)], "REF");
            assert!(said.contains("a été remise") && !said.contains("nouveaux essais"), "{said}");
        }
        assert_ne!(super::unopened(Notice::Left), super::unopened(Notice::Failed));
        let documents = |count| text(&[fate(Action::Delivered, (2, 1, 5), Cause::Filed(count))], "REF");
        assert!(documents(0).contains("dans la boîte aux lettres") && !documents(0).contains("classé"));
        assert!(documents(1).contains("un document est classé") && documents(3).contains("3 documents"));
    }

    #[test]
    fn a_report_speaks_both_languages_and_gives_the_other_servers_words() {
        let fates = [
            fate(Action::Failed, (5, 1, 1), Cause::Said("550 5.1.1 no such user\r\n".to_owned())),
            fate(Action::Failed, (5, 2, 1), Cause::Rule(policy::Refusal::PatientOpposed)),
        ];
        let text = text(&fates, "REF");
        assert_eq!(text.matches("550 5.1.1 no such user\r\n").count(), 2, "{text}");
        assert_eq!(text.matches("REF").count(), 2);
        assert!(text.contains(policy::Refusal::PatientOpposed.french()));
        assert!(text.contains(policy::Refusal::PatientOpposed.english()));
        assert_eq!(text.matches("n’a pas été remise à :").count(), 1);
    }
}
