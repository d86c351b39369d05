//! The trust list: what is in force, what another would change, putting one in force, who speaks for a
//! domain.

use crate::{Admin, Done, Error, TrustList};
use audit::{Actor, Chain};
use directory::trust::{
    self, Brake, Current, Diff, Event, Loaded, Outcome, Place, Refusal, Settings, SignaturePolicy, Speaker,
    Unreadable,
};
use names::{Domain, Timestamp};
use std::fmt::Write as _;
use std::sync::Arc;

/// Events shown at most.
const EVENTS: u32 = 20;

/// What is in force.
#[derive(Clone, Debug)]
pub struct TrustStanding {
    /// The national list, when there is one.
    pub current: Option<Current>,
    /// How many domains are what to us.
    pub domains: Vec<(Place, usize)>,
    /// What happened to it, newest first.
    pub events: Vec<Event>,
}

/// What another list would change.
#[derive(Clone, Debug)]
pub struct TrustDiff {
    /// The changes.
    pub diff: Diff,
    /// Entries that cannot be read, each with its reason.
    pub left_out: Vec<String>,
    /// Why it would not be put in force.
    pub refusal: Option<Refusal>,
}

/// Whose certificates speak for a domain.
#[derive(Clone, Debug)]
pub struct MaySend {
    /// The domain.
    pub domain: Domain,
    /// What it is to us; none when it is not trusted.
    pub place: Option<Place>,
    /// Who speaks for it.
    pub speakers: Vec<Speaker>,
}

impl Admin {
    /// Which national list is in force, and what happened to it.
    pub async fn trust_standing(&self, by: Actor, now: Timestamp) -> Result<TrustStanding, Error> {
        let mut tx = self.mailstore.db().read().await?;
        let current = trust::current(&mut tx).await?;
        let events = trust::events(&mut tx, EVENTS).await?;
        let mut domains = Vec::new();
        for place in Place::ALL {
            domains.push((place, trust::domains(&mut tx, place).await?.len()));
        }
        drop(tx);
        self.looked_by(by, Chain::System, "trust-list".to_owned(), now).await?;
        Ok(TrustStanding { current, domains, events })
    }

    /// What another national list would change; refused when it cannot be read as one.
    pub async fn compare_trust(
        &self,
        file: &TrustList,
        by: Actor,
        now: Timestamp,
    ) -> Result<TrustDiff, Error> {
        let failed = |cause| Error::Directory { what: "comparing trust lists", cause };
        let bytes = file.bytes.clone();
        let read = self.directory.read_trust_list(bytes, &file.name, &self.trust).await.map_err(failed)?;
        let offer = read.map_err(|refusal| Error::Refused(refusal.to_string()))?;
        let compared = self.directory.diff_trust_list(&offer, &self.trust, now).await;
        let (diff, refusal) = compared.map_err(failed)?;
        self.looked_by(by, Chain::System, "trust-list-diff".to_owned(), now).await?;
        let left_out = offer.list.left_out.iter().map(ToString::to_string).collect();
        Ok(TrustDiff { diff, left_out, refusal })
    }

    /// Puts a national list in force, unless it is refused.
    pub async fn load_trust(
        &self,
        file: &TrustList,
        brake: Brake,
        by: Actor,
        now: Timestamp,
    ) -> Result<Loaded, Error> {
        let bytes = file.bytes.clone();
        let loaded = self.directory.load_trust_list(bytes, &file.name, &self.trust, brake, by, now).await;
        loaded.map_err(|cause| Error::Directory { what: "loading a trust list", cause })
    }

    /// Whose certificates speak for a domain.
    pub async fn may_send(&self, domain: &str, by: Actor, now: Timestamp) -> Result<MaySend, Error> {
        let domain =
            Domain::parse(domain.trim()).map_err(|error| Error::Refused(format!("«{domain}»: {error}")))?;
        let mut tx = self.mailstore.db().read().await?;
        let place = trust::places(&mut tx, &[&domain]).await?.remove(&domain);
        let speakers = trust::who_may_send(&mut tx, &domain).await?;
        drop(tx);
        self.looked_by(by, Chain::System, format!("who-may-send={domain}"), now).await?;
        Ok(MaySend { domain, place, speakers })
    }

    pub(crate) async fn trust_show(&self, by: Actor, now: Timestamp) -> Result<Done, Error> {
        let standing = self.trust_standing(by, now).await?;
        let mut text = String::new();
        match &standing.current {
            Some(current) => {
                let (version, loaded) = (current.version.rfc3339(), current.loaded_at.rfc3339());
                let _ = writeln!(text, "in force  list of {version}, {} entries", current.entries);
                let _ = writeln!(text, "from      {}, loaded {loaded}", current.source);
                let _ = writeln!(text, "looked    {}", current.checked_at.rfc3339());
                let _ = writeln!(text, "sha256    {}", hexadecimal(&current.sha256));
            }
            None => text.push_str(
                "in force  no national list yet: set [trust] in the configuration, or `pli admin trust load FILE`\n",
            ),
        }
        let counts: Vec<String> =
            standing.domains.iter().map(|(place, count)| format!("{count} {}", place.code())).collect();
        let _ = writeln!(text, "domains   {}", counts.join(", "));
        let _ = writeln!(text, "rules     {}", rules(&self.trust));
        for event in &standing.events {
            let alarm = if event.kind.is_alarm() { "ALARM " } else { "" };
            let again = match event.times {
                1 => String::new(),
                times => format!(" ({times} times since {})", event.first_at.rfc3339()),
            };
            let (at, kind) = (event.last_at.rfc3339(), event.kind.code());
            let _ = writeln!(text, "{at}  {alarm}{kind}: {}{again}", event.text);
        }
        Ok(Done::complete(text))
    }

    pub(crate) async fn trust_diff(
        &self,
        file: &TrustList,
        by: Actor,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let TrustDiff { diff, left_out, refusal } = self.compare_trust(file, by, now).await?;
        let mut text = diff.to_string();
        for left_out in &left_out {
            let _ = writeln!(text, "! left out: {left_out}");
        }
        if let Some(refusal) = &refusal {
            let _ = writeln!(text, "It would be refused: {refusal}");
        }
        Ok(Done { text, complete: refusal.is_none() })
    }

    pub(crate) async fn who_may_send(&self, domain: &str, by: Actor, now: Timestamp) -> Result<Done, Error> {
        let MaySend { domain, place, speakers } = self.may_send(domain, by, now).await?;
        let Some(place) = place else {
            return Err(Error::Refused(format!(
                "{domain} is not trusted: no letter of it is taken, none is sent there"
            )));
        };
        let mut text = format!("{domain} is {}\n", place.code());
        for speaker in &speakers {
            let since = match speaker.since {
                Timestamp(0) => "before the list kept dates".to_owned(),
                since => since.rfc3339(),
            };
            let seen = speaker.seen.map_or_else(|| "never".to_owned(), |seen| seen.rfc3339());
            let _ = writeln!(text, "{}", speaker.name);
            let _ = writeln!(
                text,
                "    by {} since {since}; certificate last seen: {seen}",
                speaker.source.code()
            );
            for (what, value) in [("contact", &speaker.contact), ("support", &speaker.support)] {
                if !value.is_empty() {
                    let _ = writeln!(text, "    {what} {value}");
                }
            }
        }
        if speakers.is_empty() {
            text.push_str("No distinguished name speaks for it: no other server may send from it.\n");
        }
        Ok(Done::complete(text))
    }
}

/// Octets as people compare them.
pub(crate) fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What became of a list, in words.
pub fn tell(loaded: &Loaded) -> Result<Done, Error> {
    let mut text = match &loaded.outcome {
        Outcome::Applied(diff) => format!("In force: {}\n", diff.summary()),
        Outcome::Unchanged => "This list is in force already.\n".to_owned(),
        Outcome::Refused(refusal) => return Err(Error::Refused(refusal.to_string())),
    };
    for warning in &loaded.warnings {
        let _ = writeln!(text, "! {warning}");
    }
    Ok(Done::complete(text))
}

fn rules(settings: &Arc<Settings>) -> String {
    let signature = match &settings.signature {
        SignaturePolicy::Required(_) => "required",
        SignaturePolicy::IfPresent(_) => "checked if present",
        SignaturePolicy::Off => "not checked",
    };
    let unreadable = match settings.unreadable {
        Unreadable::LeaveOut => "left out",
        Unreadable::Refuse => "refuse the list",
    };
    format!(
        "signature {signature}; {} % of the domains may vanish at once; unreadable entries {unreadable}",
        settings.max_shrink_percent
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::testing::{House, NOON, full_houses};

    fn list(day: u32, domains: std::ops::Range<u32>) -> TrustList {
        let entries: String = domains
            .map(|number| {
                format!(
                    "<Domaine><Nom>D{number}.example</Nom><DNCertificatOperateur>CN=mx.a.example, O=A\
                     </DNCertificatOperateur><SupportContact>aide@a.example</SupportContact></Domaine>"
                )
            })
            .collect();
        let text = format!(
            "<ListeBlancheMSSante xmlns=\"{}\"><DateDeGeneration>2026-11-{day:02}T06:00:00Z</DateDeGeneration>\
             <ListeDomaines>{entries}</ListeDomaines></ListeBlancheMSSante>",
            trust::NAMESPACE
        );
        TrustList { name: "list.xml".to_owned(), bytes: text.into_bytes() }
    }

    async fn run(house: &House, command: Command) -> Result<Done, Error> {
        house.admin.run(&command, NOON).await
    }

    #[tokio::test]
    async fn a_list_is_compared_loaded_shown_and_asked() {
        for house in full_houses().await {
            let none = run(&house, Command::TrustShow).await.unwrap().text;
            assert!(
                none.contains("no national list yet") && none.contains("signature not checked"),
                "{none}"
            );

            let diff = run(&house, Command::TrustDiff { list: list(1, 0..20) }).await.unwrap();
            assert!(diff.complete && diff.text.contains("+ d7.example\n"), "{}", diff.text);
            assert!(diff.text.contains("+ d7.example: CN=mx.a.example,O=A\n"), "{}", diff.text);
            assert!(run(&house, Command::WhoMaySend { domain: "d7.example".to_owned() }).await.is_err());

            let load = Command::TrustLoad { list: list(1, 0..20), brake: Brake::Holds };
            let loaded = run(&house, load.clone()).await.unwrap().text;
            assert!(loaded.starts_with("In force: domains +20 −0, names +20 −0"), "{loaded}");
            assert!(loaded.contains("! our domain "), "{}: {loaded}", house.engine);
            assert!(run(&house, load).await.unwrap().text.contains("already"));

            let shrunk = list(2, 0..18);
            let diff = run(&house, Command::TrustDiff { list: shrunk.clone() }).await.unwrap();
            assert!(
                !diff.complete && diff.text.contains("It would be refused: 2 of 20 domains"),
                "{}",
                diff.text
            );
            let held = Command::TrustLoad { list: shrunk.clone(), brake: Brake::Holds };
            let refused = run(&house, held).await.unwrap_err().to_string();
            assert!(refused.contains("--force"), "{refused}");
            let released = Command::TrustLoad { list: shrunk, brake: Brake::Released };
            assert!(run(&house, released).await.unwrap().text.contains("domains +0 −2"));

            let who =
                run(&house, Command::WhoMaySend { domain: "D7.Example".to_owned() }).await.unwrap().text;
            for words in [
                "d7.example is remote",
                "CN=mx.a.example,O=A",
                "by list since",
                "last seen: never",
                "support aide@",
            ] {
                assert!(who.contains(words), "{words}: {who}");
            }
            let shown = run(&house, Command::TrustShow).await.unwrap().text;
            for words in
                ["list of 2026-11-02T06:00:00Z, 18 entries", "ALARM refused: ", "the brake was released"]
            {
                assert!(shown.contains(words), "{words}: {shown}");
            }
            let unreadable = TrustList { name: "x".to_owned(), bytes: b"<!DOCTYPE x>".to_vec() };
            assert!(run(&house, Command::TrustDiff { list: unreadable }).await.is_err());
        }
    }
}
