//! What has been written before the newcomer comes, and the letter they send.

use super::pdf;
use anyhow::Context as _;
use names::{Address, Timestamp};
use net::{ConnInfo, Gate, World as _};
use relay::{Relay, SubmissionWorld};
use std::net::SocketAddr;
use std::path::Path;
use wire::mime::compose::{Composed, File, Letter, Person};
use wire::sasl::{Attempt, Mechanism, Secret};
use wire::smtp::{Answer, Ask, MailParameters, Protocol, RcptParameters, Trace};

/// File name of the sample letter in the folder of the demonstration.
pub(super) const SAMPLE: &str = "lettre.eml";

pub(super) const MARIE: (&str, &str) = ("Dr Marie Lenoir", "marie.lenoir@cabinet-lilas.mssante.example");
const PAUL: (&str, &str) = ("Dr Paul Ferrand", "paul.ferrand@hopital-saint-roch.mssante.example");
pub(super) const CLAIRE: (&str, &str) = ("Claire Moreau", "285059900010125@patient.mssante.example");
const JEAN: (&str, &str) = ("Jean Petit", "167029900040424@patient.mssante.example");

/// A letter of the story.
struct Written<'a> {
    from: (&'a str, &'a str),
    password: &'a str,
    to: (&'a str, &'a str),
    subject: &'a str,
    text: &'a str,
    file: Option<(&'a str, Vec<u8>)>,
}

/// The letters that are there at the first start; they come in by the road of the submission door.
pub(super) async fn first(relay: &Relay) -> anyhow::Result<()> {
    let letters = [
        Written {
            from: PAUL,
            password: "demo-paul-ferrand",
            to: MARIE,
            subject: "Votre patiente Mme Moreau",
            text: "Chère consœur,\r\n\r\nJ'ai vu Mme Moreau ce matin : l'examen est rassurant. Le compte rendu lui \
                   parvient dans son espace.\r\n\r\nBien confraternellement,\r\nPaul Ferrand",
            file: None,
        },
        Written {
            from: PAUL,
            password: "demo-paul-ferrand",
            to: CLAIRE,
            subject: "Compte rendu de votre consultation",
            text: "Bonjour Madame,\r\n\r\nVous trouverez ci-joint le compte rendu de notre consultation. Vous \
                   pouvez me répondre ici si vous avez une question.\r\n\r\nDr Paul Ferrand",
            file: Some((
                "compte-rendu.pdf",
                pdf::page(&[
                    "Compte rendu de consultation",
                    "Hôpital Saint-Roch, cardiologie",
                    "Patiente inventée pour la démonstration.",
                    "Examen sans particularité. Prochain contrôle dans un an.",
                ]),
            )),
        },
        Written {
            from: MARIE,
            password: "demo-marie-lenoir",
            to: JEAN,
            subject: "Votre prochain rendez-vous",
            text: "Bonjour Monsieur,\r\n\r\nVotre rendez-vous est confirmé. Écrivez-moi ici si l'horaire ne vous \
                   convient pas.\r\n\r\nDr Marie Lenoir",
            file: None,
        },
    ];
    for (number, letter) in letters.iter().enumerate() {
        let id = format!("demo-{number}-{}", relay.now().0);
        submit(relay, letter, &letter.compose(&id, relay.now())?).await.context(letter.subject.to_owned())?;
    }
    Ok(())
}

/// Writes the letter that the first command sends.
pub(super) fn write_sample(folder: &Path, now: Timestamp) -> anyhow::Result<()> {
    let letter = Written {
        from: MARIE,
        password: "",
        to: CLAIRE,
        subject: "Vos résultats d'analyses",
        text: "Bonjour Madame,\r\n\r\nVos résultats sont bons ; vous les trouverez ci-joints. À bientôt.\r\n\r\n\
               Dr Marie Lenoir",
        file: Some((
            "resultats.pdf",
            pdf::page(&[
                "Résultats d'analyses",
                "Laboratoire inventé",
                "Glycémie à jeun : 0,92 g/L (normale)",
            ]),
        )),
    };
    let path = folder.join(SAMPLE);
    let Composed { head, body } = letter.compose(&format!("demo-lettre-{}", now.0), now)?;
    std::fs::write(&path, [head, body].concat()).with_context(|| path.display().to_string())
}

impl Written<'_> {
    fn compose(&self, id: &str, now: Timestamp) -> anyhow::Result<Composed> {
        let (from, to) = (address(self.from.1)?, address(self.to.1)?);
        let file =
            self.file.as_ref().map(|(name, content)| File { name, media_type: "application/pdf", content });
        let letter = Letter {
            from: Person { name: self.from.0, address: &from },
            sender: None,
            to: &[Person { name: self.to.0, address: &to }],
            cc: &[],
            subject: self.subject,
            message_id: &format!("{id}@{}", from.domain()),
            in_reply_to: None,
            references: &[],
            text: self.text,
            attachments: file.as_slice(),
            fields: &[],
        };
        Ok(letter.compose(now))
    }
}

/// What the door says to a doctor who writes to this address.
#[cfg(test)]
pub(super) async fn said_of(relay: &Relay, to: &'static str) -> anyhow::Result<()> {
    let to = ("", to);
    let letter =
        Written { from: MARIE, password: "demo-marie-lenoir", to, subject: "Essai", text: "…", file: None };
    submit(relay, &letter, &letter.compose(&format!("essai-{}", relay.now().0), relay.now())?).await
}

fn address(text: &str) -> anyhow::Result<Address> {
    Address::parse(text).with_context(|| text.to_owned())
}

/// Speaks to the submission door's world as its machine does.
async fn submit(relay: &Relay, letter: &Written<'_>, composed: &Composed) -> anyhow::Result<()> {
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let connection = ConnInfo { peer: here, local: here, door: "submission" };
    let mut world = SubmissionWorld::new(relay.clone(), Gate::new(net::Caps::default()), &connection);
    let trace = Trace { client: "demo".to_owned(), protocol: Protocol::default(), tls: None };
    let size = composed.head.len() + composed.body.len();
    let asks = [
        Ask::Authenticate {
            attempt: Attempt::Password {
                mechanism: Mechanism::Plain,
                login: letter.from.1.to_owned(),
                authzid: None,
                secret: Secret::new(letter.password.as_bytes().to_vec()),
            },
            binding: None,
        },
        Ask::Sender { path: Some(address(letter.from.1)?), parameters: MailParameters::default() },
        Ask::Recipient { path: address(letter.to.1)?, parameters: RcptParameters::default() },
        Ask::Data(trace),
    ];
    for ask in asks {
        taken(world.answer(ask).await)?;
    }
    world.push(composed.head.clone().into()).await;
    world.push(composed.body.clone().into()).await;
    taken(world.answer(Ask::Finish { size: size as u64 }).await)
}

fn taken(answer: Answer) -> anyhow::Result<()> {
    let answer = match answer {
        Answer::Done => Ok(()),
        Answer::Challenge(_) => anyhow::bail!("a challenge to a password"),
        Answer::Authenticated(answer)
        | Answer::Sender(answer)
        | Answer::Recipient(answer)
        | Answer::Data(answer) => answer,
        Answer::Finished(answer) => answer.map(drop),
    };
    answer.map_err(|reply| anyhow::anyhow!("{} {}", reply.code(), reply.text()))
}
