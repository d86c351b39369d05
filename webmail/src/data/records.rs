//! The dossier, and who did what.

use std::collections::{HashMap, HashSet};

use audit::{Act, Actor, Chain, Line, Written};
use directory::{Profile, Session};
use mailstore::{Document, Party, Viewer};
use names::{DocumentId, PatientId, Timestamp};

use super::letters::is_hidden;
use super::{Doing, Failure, Rooms, viewer};
use crate::texts;

/// One line of the history, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Its number in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who, and for whom.
    pub who: String,
    /// What.
    pub what: &'static str,
}

impl Rooms {
    /// A page of documents, latest first.
    pub async fn documents(
        &self,
        profile: &Profile,
        category: Option<&str>,
        before: Option<(Timestamp, DocumentId)>,
        limit: u32,
    ) -> Result<Vec<Document>, Failure> {
        let store = self.relay.mailstore();
        let page = store.documents(profile.account, category, viewer(profile), before, limit).await;
        let mut page = page.doing("listing documents")?;
        page.retain(|document| !document.draft.confidentiality.from(Viewer::Patient));
        Ok(page)
    }

    /// A page of the history, newest first, before line `before`; and the number to go on from.
    pub async fn history(
        &self,
        session: &Session,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Vec<Told>, Option<i64>), Failure> {
        let what = "reading the history";
        let profile = &session.profile;
        let hidden = self.hidden_marks(profile).await?;
        let store = self.relay.mailstore();
        let mut tx = store.db().read().await.doing(what)?;
        let lines =
            audit::history(&mut tx, Chain::Account(profile.account), before, limit).await.doing(what)?;
        let next = lines
            .last()
            .filter(|_| lines.len() == limit as usize)
            .map(|line| line.seq)
            .filter(|seq| *seq > 1);
        let lines: Vec<(i64, Line)> =
            lines.into_iter().filter_map(|Written { seq, line }| Some((seq, line?))).collect();

        let mut patients = HashSet::new();
        let mut parties = HashSet::new();
        for actor in lines.iter().flat_map(|(_, line)| [Some(line.actor), line.for_whom]).flatten() {
            match actor {
                Actor::Patient(id) => drop(patients.insert(id)),
                Actor::Account(id) => drop(parties.insert(Party::of_account(id))),
                Actor::Person(_)
                | Actor::System
                | Actor::Operator
                | Actor::Administrator(_)
                | Actor::Program(_) => {}
            }
        }
        let ids: Vec<PatientId> = patients.into_iter().collect();
        let patients = self.relay.directory().patients_in(&mut tx, &ids).await.doing(what)?;
        let mut names: HashMap<String, String> = patients
            .iter()
            .map(|patient| (Actor::Patient(patient.id).to_string(), patient.display_name()))
            .collect();
        for (_, line) in &lines {
            if let Actor::Person(id) = line.actor
                && let Some(person) = directory::people::find(&mut tx, id).await.doing(what)?
            {
                names.insert(line.actor.to_string(), person.display_name());
            }
        }
        drop(tx);
        let parties: Vec<_> = parties.into_iter().collect();
        for (party, who) in self.who(&parties).await? {
            names.insert(Actor::Account(names::AccountId(party.0)).to_string(), who.name);
        }
        names.insert(Actor::Patient(session.own_patient).to_string(), "Vous".to_owned());

        let told =
            lines.iter().filter(|(_, line)| !hides(line, &hidden, viewer(profile))).map(|(seq, line)| Told {
                seq: *seq,
                at: line.at,
                who: who(line, &names),
                what: texts::act(line.act),
            });
        Ok((told.collect(), next))
    }

    /// Marks (`entry=…`, `queue=…`, `conversation=…`, `document=…`) of what is hidden from whoever
    /// looks: the history must not show what the lists hide (RELIABILITY D-02).
    async fn hidden_marks(&self, profile: &Profile) -> Result<HashSet<String>, Failure> {
        let what = "looking for hidden letters";
        let store = self.relay.mailstore();
        let mut marks = HashSet::new();
        let (mut seen, mut secret) = (HashSet::new(), HashSet::new());
        for folder in store.folders(profile.account).await.doing(what)? {
            let rows = store.all_entries(profile.account, folder.id).await.doing(what)?;
            for row in rows {
                if !is_hidden(row.hidden, viewer(profile)) {
                    seen.extend(row.conversation);
                    continue;
                }
                secret.extend(row.conversation);
                marks.insert(format!("entry={}", row.id.0));
                marks.extend(row.queue.map(|queue| format!("queue={queue}")));
            }
        }
        marks.extend(secret.difference(&seen).map(|id| format!("conversation={}", id.0)));
        if viewer(profile) == Viewer::Representative {
            // What the patient alone may open, only they can have opened.
            const PAGE: u32 = 500;
            let mut before = None;
            loop {
                let page = store.documents(profile.account, None, Viewer::Patient, before, PAGE).await;
                let page = page.doing(what)?;
                let Some(last) = page.last() else { break };
                before = Some((last.draft.act_date, last.id));
                let hidden = page
                    .iter()
                    .filter(|document| document.draft.confidentiality.from(Viewer::Representative));
                marks.extend(hidden.map(|document| format!("document={}", document.id.0)));
            }
        }
        Ok(marks)
    }
}

fn hides(line: &Line, hidden: &HashSet<String>, viewer: Viewer) -> bool {
    let of_hidden = line.detail.split(' ').any(|word| hidden.contains(word));
    // A notice for the owner alone would tell a parent that something came.
    let notice = matches!(line.act, Act::AlertSent | Act::AlertFailed) && viewer == Viewer::Representative;
    of_hidden || notice
}

/// Who acted, and for whom when that is somebody else. A refused sign-in is nobody's: only the
/// identifier is known.
fn who(line: &Line, names: &HashMap<String, String>) -> String {
    if line.act == Act::SignInRefused {
        return texts::WITH_YOUR_IDENTIFIER.to_owned();
    }
    let actor = texts::called(line.actor, names);
    let for_whom = line.for_whom.map(|whom| texts::called(whom, names)).filter(|whom| *whom != actor);
    texts::actor(&actor, for_whom.as_deref())
}
