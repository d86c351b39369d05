//! What those who answer for an idle mailbox are told, in French.

use directory::InactivityStep;
use names::{Address, Timestamp};

const NOTICE: &str = include_str!("../../texts/boite-inutilisee.txt");
const SUSPENSION: &str = include_str!("../../texts/boite-suspendue.txt");
const CLOSING: &str = include_str!("../../texts/boite-fermee.txt");

/// What they are told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) mailbox: &'a Address,
    pub(super) step: InactivityStep,
    pub(super) idle_since: Timestamp,
    /// When it will be suspended, and when closed, if nobody does anything.
    pub(super) suspends: Option<Timestamp>,
    pub(super) closes: Option<Timestamp>,
}

/// Subject and text.
pub(super) fn letter(about: &About<'_>) -> (&'static str, String) {
    let whole = match about.step {
        InactivityStep::Notify => NOTICE,
        InactivityStep::Suspend => SUSPENSION,
        InactivityStep::Close => CLOSING,
    };
    let (subject, text) = whole.split_once("\n\n").unwrap_or((whole, ""));
    let mut next = String::new();
    if let Some(at) = about.suspends {
        next +=
            &format!("Si elle reste inutilisée, elle sera suspendue le {} : elle ne recevra plus\n", day(at));
        next += "de lettres, et personne ne pourra l’ouvrir.\n";
    }
    if let Some(at) = about.closes {
        next += &format!("Sans réouverture, elle sera fermée définitivement le {}.\n", day(at));
    }
    let text = text
        .replace("{suite}\n", &if next.is_empty() { next } else { format!("{next}\n") })
        .replace("{boite}", &about.mailbox.to_string())
        .replace("{depuis}", &day(about.idle_since));
    (subject.trim(), text)
}

/// As `01/02/2027`, in UTC.
fn day(at: Timestamp) -> String {
    let date = at.utc().date();
    format!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_say_which_mailbox_since_when_and_what_follows() {
        let mailbox = Address::parse("marie.lenoir@cabinet-lilas.mssante.example").unwrap();
        let at = |month| Timestamp::noon_utc(2027, month, 1);
        let of = |step, suspends, closes| {
            letter(&About { mailbox: &mailbox, step, idle_since: at(1), suspends, closes }).1
        };
        let all = of(InactivityStep::Notify, Some(at(7)), Some(at(12)));
        for word in
            ["marie.lenoir@", "depuis le 01/01/2027", "suspendue le 01/07/2027", "le 01/12/2027.\n\nPour"]
        {
            assert!(all.contains(word), "{word}: {all}");
        }
        let alone = of(InactivityStep::Notify, None, None);
        assert!(alone.contains("rien envoyé.\n\nPour la garder"), "{alone}");
        let suspended = of(InactivityStep::Suspend, None, Some(at(12)));
        assert!(suspended.contains("le 01/12/2027") && suspended.contains("rouvrir"), "{suspended}");
        let closed = of(InactivityStep::Close, None, None);
        for text in [all, alone, suspended, closed] {
            assert!(!text.contains('{') && text.lines().all(|line| line.chars().count() < 100), "{text}");
        }
    }
}
