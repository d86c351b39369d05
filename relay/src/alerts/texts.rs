//! The words of notices, from the files in `texts/`: first line the subject.

use super::Destination;
use super::channel::Notice;
use policy::AlertKind;

const WAITING: &str = include_str!("../../texts/alerte.txt");
const WAITING_SMS: &str = include_str!("../../texts/alerte-sms.txt");
const ACCESS: &str = include_str!("../../texts/acces.txt");
const ACCESS_SMS: &str = include_str!("../../texts/acces-sms.txt");
const CODE: &str = include_str!("../../texts/code.txt");
const CODE_SMS: &str = include_str!("../../texts/code-sms.txt");

/// What a notice of this kind says. A letter, a filed document and a masked one read the same, so
/// that nobody outside can tell them apart.
pub(crate) fn alert(kind: AlertKind, destination: &Destination, origin: &str) -> Notice {
    let (mail, sms) = match kind {
        AlertKind::Letter | AlertKind::Filing | AlertKind::Masking => (WAITING, WAITING_SMS),
        AlertKind::Access | AlertKind::Emergency => (ACCESS, ACCESS_SMS),
    };
    notice(mail, sms, destination, "{origine}", origin)
}

/// What carries a sign-in code.
pub(crate) fn code(code: &str, destination: &Destination) -> Notice {
    notice(CODE, CODE_SMS, destination, "{code}", code)
}

fn notice(mail: &str, sms: &str, destination: &Destination, place: &str, value: &str) -> Notice {
    match destination {
        Destination::Email(_) => {
            let (subject, text) = mail.split_once("\n\n").unwrap_or((mail, ""));
            Notice { subject: subject.trim().to_owned(), text: text.replace(place, value) }
        }
        Destination::Phone(_) => Notice { subject: String::new(), text: sms.trim().replace(place, value) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_of_event_can_be_told_from_another() {
        let to = Destination::Email("a@b.example".to_owned());
        let said = [AlertKind::Letter, AlertKind::Filing, AlertKind::Masking]
            .map(|kind| alert(kind, &to, "https://x.example").text);
        assert_eq!(said[0], said[1]);
        assert_eq!(said[1], said[2]);
        assert!(said[0].contains("https://x.example"));
        assert_eq!(code("034567", &to).text.matches("034567").count(), 1);
        assert!(!code("034567", &to).subject.contains("034567"), "a subject shows on a locked screen");
    }

    #[test]
    fn a_text_message_fits_and_names_nothing() {
        let to = Destination::Phone("+33600000000".to_owned());
        for kind in AlertKind::ALL {
            let said = alert(kind, &to, "https://x.example").text;
            assert!(said.chars().count() <= 160, "{}", said.chars().count());
        }
        assert!(code("034567", &to).text.chars().count() <= 160);
    }
}
