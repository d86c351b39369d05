//! Refusals as SMTP says them: the only file of this crate with three-digit codes.

use crate::Refusal;

/// A reply to RCPT or to the end of DATA.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Basic code (RFC 5321 §4.2).
    pub code: u16,
    /// Enhanced code (RFC 3463).
    pub enhanced: (u8, u8, u16),
    /// One line of printable ASCII, ending with the rule id in brackets.
    pub text: String,
}

/// The SMTP reply of a refusal.
#[must_use]
pub fn reply(refusal: Refusal) -> Reply {
    let (code, enhanced) = codes(refusal);
    Reply { code, enhanced, text: format!("{} [{}]", refusal.english(), refusal.id()) }
}

/// DOMAIN §1.4 and §2.5 where they name one; else the nearest of RFC 3463 §3. The five ways in
/// which a patient cannot receive differ in their codes, so that practice software can tell them
/// apart without reading English.
fn codes(refusal: Refusal) -> (u16, (u8, u8, u16)) {
    match refusal {
        Refusal::SenderOutsideTrust
        | Refusal::SenderSuspended
        | Refusal::SenderClosed
        | Refusal::SenderProfileInactive
        | Refusal::RecipientOutsideTrust
        | Refusal::LettersBlocked
        | Refusal::PatientToPatient
        | Refusal::NeverContacted
        | Refusal::ExchangeEnded
        | Refusal::AnswerForbidden
        | Refusal::AnswerTooLate
        | Refusal::PharmacyNotKnown
        | Refusal::PharmacyNotFirst
        | Refusal::MandateMissing
        | Refusal::MandateNotAccepted
        | Refusal::MandateNotYet
        | Refusal::MandateOver
        | Refusal::MandateMajority
        | Refusal::ReplyToOutsideTrust
        | Refusal::ReplyToPatient
        | Refusal::SecrecyNotKept
        | Refusal::NotAReport
        | Refusal::ReportUnmatched => (550, (5, 7, 1)),
        // Unable to route, and no number of tries finds a way.
        Refusal::OperatorUnreachable => (550, (5, 4, 4)),
        Refusal::RecipientUnknown | Refusal::PatientUnknown => (550, (5, 1, 1)),
        Refusal::PatientAddressInvalid => (553, (5, 1, 3)),
        Refusal::NameMismatch => (550, (5, 1, 4)),
        Refusal::RecipientClosed | Refusal::PatientClosed => (550, (5, 1, 6)),
        Refusal::SenderUnknown | Refusal::ReplyToUnknown => (550, (5, 1, 8)),
        Refusal::PatientAnnounced => (550, (5, 2, 0)),
        Refusal::RecipientSuspended | Refusal::PatientOpposed => (550, (5, 2, 1)),
        Refusal::AmbiguousContent | Refusal::SecrecyUnreadable => (554, (5, 6, 0)),
        Refusal::OnlyTnef => (554, (5, 6, 1)),
        Refusal::TooManyLettersInHour | Refusal::TooManyLettersInDay | Refusal::TooManyPatientsInDay => {
            (452, (4, 7, 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Longest reply line (RFC 5321 §4.5.3.1.5), less code, enhanced code, spaces and CRLF.
    const TEXT_MAX: usize = 512 - 16;

    #[test]
    fn every_reply_is_one_ascii_line_whose_codes_agree_and_that_names_its_rule() {
        for refusal in Refusal::ALL {
            let Reply { code, enhanced: (class, ..), text } = reply(refusal);
            assert!(matches!(code, 400..=599), "{refusal:?} is no refusal: {code}");
            assert_eq!(code / 100, u16::from(class), "{refusal:?}: the two codes disagree");
            assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)), "{refusal:?}: {text}");
            assert!(text.ends_with(&format!("[{}]", refusal.id())) && text.len() <= TEXT_MAX, "{text}");
        }
    }

    #[test]
    fn the_ways_in_which_a_patient_cannot_receive_have_a_distinct_5xx_each() {
        let five = [
            Refusal::PatientAnnounced,
            Refusal::PatientOpposed,
            Refusal::PatientClosed,
            Refusal::PatientUnknown,
            Refusal::PatientAddressInvalid,
        ];
        let replies: HashSet<_> = five.map(codes).into();
        assert_eq!(replies.len(), five.len());
        assert!(replies.iter().all(|(code, _)| code / 100 == 5));
    }
}
