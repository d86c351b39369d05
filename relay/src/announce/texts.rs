//! The words of what people are told about their profile, from the files in `texts/`.

use crate::alerts::Notice;
use directory::{LeasedNotice, NoticeKind, NoticeWay, ProfileRules};
use jiff::tz::TimeZone;
use names::Timestamp;

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

const SMS: &str = include_str!("../../texts/espace-sms.txt");
const LETTER: &str = include_str!("../../texts/lettre-annonce.txt");
const OPEN_LETTER: &str = include_str!("../../texts/lettre-ouverture.txt");

/// The text of a kind: first line the subject.
fn mail(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Announced => include_str!("../../texts/annonce.txt"),
        NoticeKind::Opened => include_str!("../../texts/ouverture.txt"),
        NoticeKind::Intervened => include_str!("../../texts/intervention.txt"),
        NoticeKind::Opposed => include_str!("../../texts/opposition.txt"),
        NoticeKind::OppositionWithdrawn => include_str!("../../texts/opposition-retiree.txt"),
        NoticeKind::Closed => include_str!("../../texts/fermeture.txt"),
        NoticeKind::Reopened => include_str!("../../texts/reouverture.txt"),
        NoticeKind::RepresentationAsked => include_str!("../../texts/representation.txt"),
        NoticeKind::Represented => include_str!("../../texts/represente.txt"),
    }
}

/// What leaves by mail or text message.
pub(super) fn notice(notice: &LeasedNotice, rules: &ProfileRules, now: Timestamp) -> Notice {
    match notice.way {
        NoticeWay::Sms => Notice { subject: String::new(), text: filled(SMS.trim(), notice, rules, now) },
        NoticeWay::Email | NoticeWay::Letter => {
            let text = mail(notice.kind);
            let (subject, text) = text.split_once("\n\n").unwrap_or((text, ""));
            Notice { subject: subject.trim().to_owned(), text: filled(text, notice, rules, now) }
        }
    }
}

/// The lines of a printed letter: `#` a heading, `!` the code, `*` an address to type.
pub(super) fn letter(notice: &LeasedNotice, rules: &ProfileRules, now: Timestamp) -> String {
    let text = match notice.kind {
        NoticeKind::Announced => LETTER,
        NoticeKind::Opened
        | NoticeKind::Intervened
        | NoticeKind::Opposed
        | NoticeKind::OppositionWithdrawn
        | NoticeKind::Closed
        | NoticeKind::Reopened
        | NoticeKind::RepresentationAsked
        | NoticeKind::Represented => OPEN_LETTER,
    };
    filled(text, notice, rules, now)
}

fn filled(text: &str, notice: &LeasedNotice, rules: &ProfileRules, now: Timestamp) -> String {
    let zone = notice.patient.zone();
    // Somebody who is told again has the days of the first time.
    let until = notice.patient.life.due.unwrap_or_else(|| now.plus(rules.opposition()));
    let known = notice.patient.life.due.map(|due| format!(", le {}", day(due, &zone)));
    let code = notice.code.as_ref().map_or_else(String::new, |code| grouped(code));
    text.replace("{jusquau}", &day(until, &zone))
        .replace("{avant}", known.as_deref().unwrap_or_default())
        .replace("{code}", &code)
        .replace("{origine}", &rules.origin)
        .replace("{telephone}", &rules.support_phone)
        .replace("{emetteur}", &rules.sender)
}

/// As "22 novembre 2026", "1er mai 2027".
pub(super) fn day(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.at(zone);
    let number = if at.day() == 1 { "1er".to_owned() } else { at.day().to_string() };
    format!("{number} {} {}", MONTHS[usize::from(at.month().unsigned_abs()) - 1], at.year())
}

/// Three groups of four are read aloud and copied without a mistake.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
