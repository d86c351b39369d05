//! The professionals of the demonstration choose their passwords for the professional space, by the road
//! that anybody takes: an invitation.

use audit::Actor;
use directory::{Accepted, Channel, Directory};
use names::Timestamp;

/// Who signs in to the professional space, and how.
#[derive(Clone, Copy, Debug)]
pub struct SpacePassword {
    /// Who.
    pub who: &'static str,
    /// Identifier: an RPPS, or a number inside a structure.
    pub login: &'static str,
    /// Password; the code arrives in the outside box.
    pub password: &'static str,
}

/// Everybody who has a password there.
pub const SPACE: [SpacePassword; 4] = [
    of("Dr Marie Lenoir", "10099000019", "Trois-Lilas-61"),
    of("Dr Paul Ferrand", "10099000027", "Deux-Canoes-31"),
    of("Mme Anne Dubreuil", "10099000035", "Cinq-Nuages-84"),
    of("M. Thomas Morel", "10099000043", "Six-Mouettes-52"),
];

const fn of(who: &'static str, login: &'static str, password: &'static str) -> SpacePassword {
    SpacePassword { who, login, password }
}

/// Invites everybody and accepts for them, all at once: hashing takes the time.
pub(super) async fn enrol(directory: &Directory, now: Timestamp) -> anyhow::Result<()> {
    let [marie, paul, anne, thomas] = SPACE.map(|person| enrol_one(directory, person, now));
    tokio::try_join!(marie, paul, anne, thomas).map(drop)
}

async fn enrol_one(directory: &Directory, person: SpacePassword, now: Timestamp) -> anyhow::Result<()> {
    let national = directory::person_reference(person.login).map_err(anyhow::Error::msg)?;
    let words = person.who.to_lowercase();
    let name: Vec<&str> = words.split(' ').skip(1).collect();
    let contact = (Channel::Email, format!("{}@courriel.example", name.join(".")));
    let invited = directory.invite_professional(&national, Some(contact), Actor::Operator, now).await?;
    let accepted = directory.accept_invitation(person.login, &invited.code, person.password, now).await;
    anyhow::ensure!(accepted? == Accepted::Chosen, "the password of {} is refused", person.who);
    Ok(())
}
