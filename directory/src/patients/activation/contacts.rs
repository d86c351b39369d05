//! The third step: an e-mail address, a mobile number, or both, each confirmed by six digits sent there.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use names::{Address, MINUTE, Timestamp};

use super::{ContactRefusal, Draft, DraftContact, live_of, save};
use crate::sign_in::{CodeToSend, sha256, six_digits};
use crate::{Channel, Directory, Error, limits};

impl Directory {
    /// Keeps where codes will go, and gives the codes to send there at once. The outer error is ours.
    pub async fn give_contacts(
        &self,
        token: &str,
        email: &str,
        phone: &str,
        now: Timestamp,
    ) -> Result<Result<Vec<CodeToSend>, ContactRefusal>, Error> {
        let wanted = match destinations(email, phone) {
            Ok(wanted) => wanted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let codes: Vec<CodeToSend> = wanted
            .into_iter()
            .map(|(channel, destination)| CodeToSend { channel, destination, code: six_digits(self) })
            .collect();
        let unit = (self.clone(), sha256(token.as_bytes()), codes, now);
        self.db()
            .write(db::unit("give contacts of an activation", unit, |(directory, token, codes, now), tx| {
                Box::pin(async move {
                    let Some(mut live) = live_of(tx, directory, token, *now).await? else {
                        return Ok(Err(ContactRefusal::Over));
                    };
                    if !may_send(&live.draft, *now) {
                        return Ok(Err(ContactRefusal::TooMany));
                    }
                    let sealing = directory.sealing();
                    live.draft.sent.push(now.0);
                    live.draft.contacts = codes
                        .iter()
                        .map(|code| DraftContact {
                            channel: code.channel,
                            destination: code.destination.clone(),
                            code: sealing.code_hash(live.id, &code.code),
                            sent_at: now.0,
                            tries: 0,
                            confirmed: false,
                        })
                        .collect();
                    save(tx, sealing, &live).await?;
                    Ok(Ok(codes.clone()))
                })
            }))
            .await
    }

    /// Checks the codes that came back, one for each destination. The outer error is ours.
    pub async fn confirm_contacts(
        &self,
        token: &str,
        given: &[(Channel, String)],
        now: Timestamp,
    ) -> Result<Result<(), ContactRefusal>, Error> {
        let digits = |text: &str| text.chars().filter(|c| !c.is_whitespace()).take(16).collect::<String>();
        let given: Vec<(Channel, String)> = given.iter().map(|(way, code)| (*way, digits(code))).collect();
        let unit = (self.clone(), sha256(token.as_bytes()), given, now);
        self.db()
            .write(db::unit(
                "confirm contacts of an activation",
                unit,
                |(directory, token, given, now), tx| {
                    Box::pin(async move {
                        let Some(mut live) = live_of(tx, directory, token, *now).await? else {
                            return Ok(Err(ContactRefusal::Over));
                        };
                        let (sealing, id) = (directory.sealing(), live.id);
                        let mut all = !live.draft.contacts.is_empty();
                        for contact in live.draft.contacts.iter_mut().filter(|contact| !contact.confirmed) {
                            let code = given.iter().find(|(way, _)| *way == contact.channel);
                            let code = code.map_or("", |(_, code)| code.as_str());
                            let fresh = now.since(Timestamp(contact.sent_at)) < limits::CODE_LIFE
                                && i64::from(contact.tries) < limits::CODE_TRIES;
                            contact.tries = contact.tries.saturating_add(1);
                            let right =
                                verify_slices_are_equal(&contact.code, &sealing.code_hash(id, code)).is_ok();
                            contact.confirmed = right && fresh;
                            all &= contact.confirmed;
                        }
                        save(tx, sealing, &live).await?;
                        Ok(if all { Ok(()) } else { Err(ContactRefusal::WrongCode) })
                    })
                },
            ))
            .await
    }
}

/// What was typed, as destinations.
fn destinations(email: &str, phone: &str) -> Result<Vec<(Channel, String)>, ContactRefusal> {
    let mut wanted = Vec::new();
    if !email.trim().is_empty() {
        let address = Address::parse(email.trim()).map_err(|_| ContactRefusal::Email)?;
        wanted.push((Channel::Email, address.to_string()));
    }
    if !phone.trim().is_empty() {
        wanted.push((Channel::Sms, number(phone).ok_or(ContactRefusal::Phone)?));
    }
    if wanted.is_empty() { Err(ContactRefusal::Nothing) } else { Ok(wanted) }
}

/// A telephone number with its country: ten digits from 0 are French.
fn number(text: &str) -> Option<String> {
    let compact: String =
        text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\u{a0}' | '(' | ')')).collect();
    let international = match compact.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => match compact.strip_prefix('0') {
            Some(rest) if compact.len() == 10 => format!("+33{rest}"),
            Some(_) | None => compact,
        },
    };
    let digits = international.strip_prefix('+')?;
    let shape = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    shape.then_some(international)
}

/// Whether codes may leave once more: not within the same minute, and a few times in all.
fn may_send(draft: &Draft, now: Timestamp) -> bool {
    let last = draft.sent.last().copied();
    let rested = last.is_none_or(|last| now.since(Timestamp(last)) >= MINUTE);
    rested && draft.sent.len() < limits::ACTIVATION_SENDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_with_their_country() {
        for (text, want) in [
            ("06 12 34 56 78", Some("+33612345678")),
            ("06.12.34.56.78", Some("+33612345678")),
            ("+33 6 12 34 56 78", Some("+33612345678")),
            ("0032 475 12 34 56", Some("+32475123456")),
            ("12", None),
            ("06 12 34 56", None),
            ("téléphone", None),
        ] {
            assert_eq!(number(text).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn one_destination_is_enough_and_none_is_not() {
        assert_eq!(destinations("", " "), Err(ContactRefusal::Nothing));
        assert_eq!(destinations("claire", ""), Err(ContactRefusal::Email));
        assert_eq!(destinations("", "abc"), Err(ContactRefusal::Phone));
        assert_eq!(destinations("a@b.example", "0612345678").unwrap().len(), 2);
    }
}
