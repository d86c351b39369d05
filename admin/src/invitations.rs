//! Codes with which professionals choose a password for the professional space: a first one, or another
//! when it was lost.

use crate::{Admin, CodesTo, Done, Error};
use audit::Actor;
use directory::Channel;
use names::{Address, Timestamp};

impl Admin {
    pub(crate) async fn invite(
        &self,
        person: &str,
        codes: Option<&CodesTo>,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let national = directory::person_reference(person).map_err(Error::Refused)?;
        let contact = codes.map(contact).transpose()?;
        let invited = self.directory.invite_professional(&national, contact, Actor::Operator, now).await;
        let invitation = match invited {
            Ok(invitation) => invitation,
            Err(directory::Error::Unknown("professional")) => {
                return Err(Error::Refused(format!("no professional here has the identifier {person}")));
            }
            Err(directory::Error::Unknown(_)) => {
                return Err(Error::Refused(
                    "where do this professional's sign-in codes go? Say it by --email or --phone".to_owned(),
                ));
            }
            Err(cause) => return Err(Error::Directory { what: "inviting a professional", cause }),
        };
        let text = format!(
            "code       {}\nends       {}\nIt is shown this once and serves once. Hand it over in person or by letter; \
             it is typed on the page «Choisir un mot de passe» of the professional space.\n",
            *invitation.code,
            invitation.ends.rfc3339()
        );
        Ok(Done::complete(text))
    }
}

fn contact(codes: &CodesTo) -> Result<(Channel, String), Error> {
    match codes {
        CodesTo::Email(address) => {
            let parsed = Address::parse(address)
                .map_err(|error| Error::Refused(format!("the address for codes: {error}")))?;
            Ok((Channel::Email, parsed.to_string()))
        }
        CodesTo::Phone(number) => {
            let refused =
                || Error::Refused("the number for codes is 8 to 15 digits, as +33612345678".to_owned());
            Ok((Channel::Sms, phone(number).ok_or_else(refused)?))
        }
    }
}

/// A mobile number without its ornaments, if it is one.
pub(crate) fn phone(number: &str) -> Option<String> {
    let compact: String = number.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    let digits = compact.strip_prefix('+').unwrap_or(&compact);
    let right = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    right.then_some(compact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{NOON, full_houses};
    use directory::Accepted;

    const PAUL: &str = "10099000027";

    #[tokio::test]
    async fn an_invitation_is_shown_once_and_chooses_a_password() {
        for house in full_houses().await {
            let codes = Some(CodesTo::Email("paul@courriel.example".to_owned()));
            let invite = |codes| Command::InviteProfessional { person: PAUL.to_owned(), codes };
            let text = house.admin.run(&invite(codes), NOON).await.unwrap().text;
            let code = text.lines().next().unwrap().strip_prefix("code").unwrap().trim();
            let chosen = house.admin.directory.accept_invitation(PAUL, code, "Deux-Canoes-31", NOON).await;
            assert_eq!(chosen.unwrap(), Accepted::Chosen, "{}", house.engine);
            house.admin.run(&invite(None), NOON).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_said() {
        for house in full_houses().await {
            for (case, person, codes, words) in [
                ("nobody", "10099999999", Some(CodesTo::Email("a@b.example".into())), "no professional"),
                ("not an identifier", "Paul", None, "RPPS"),
                ("no way for codes", PAUL, None, "--email"),
                ("a bad address", PAUL, Some(CodesTo::Email("paul".into())), "address for codes"),
                ("a bad number", PAUL, Some(CodesTo::Phone("12".into())), "number for codes"),
            ] {
                let invite = Command::InviteProfessional { person: person.to_owned(), codes };
                let error = house.admin.run(&invite, NOON).await.unwrap_err().to_string();
                assert!(error.contains(words), "{case}: {error}");
            }
        }
    }
}
