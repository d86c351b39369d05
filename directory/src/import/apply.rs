//! Writing a plan.

use audit::{Act, Actor, Chain, Entry, Line};
use db::Tx;
use names::Timestamp;

use crate::credentials::{self, NewCredential};
use crate::import::plan::{Known, Plan, Step, Write};
use crate::import::{Applied, PreparedImport};
use crate::published::Touched;
use crate::users::{self, User};
use crate::{Directory, Error, delegations, mailboxes, mandates, organisations, patients, people, trust};

/// Writes every step, in the order planned: what is leant on comes first.
pub(crate) async fn apply(
    tx: &mut Tx,
    directory: &Directory,
    prepared: &PreparedImport,
    plan: Plan,
    now: Timestamp,
) -> Result<Applied, Error> {
    let mut applied = Applied {
        accounts_created: plan.accounts_created,
        created: 0,
        changed: 0,
        unchanged: plan.unchanged,
        faults: plan.faults,
    };
    let any = !plan.steps.is_empty();
    let mut touched = Touched::default();
    for step in plan.steps {
        touch(&mut touched, &step.write);
        match write(tx, directory, prepared, &step, now).await? {
            Written::Yes => match step.known {
                Known::New => applied.created += 1,
                Known::Differs => applied.changed += 1,
            },
            Written::NotReady => {
                applied.faults.push(step.at.fault("it changed while this import began: import again"));
            }
        }
    }
    if any {
        touched.publish(tx, now).await?;
        directory.generation().bump(tx).await?;
        let detail = format!("created={} changed={}", applied.created, applied.changed);
        let line = Line { at: now, actor: Actor::Operator, for_whom: None, act: Act::Imported, detail };
        audit::append(tx, &[Entry::new(Chain::System, line, directory.entropy())]).await?;
    }
    Ok(applied)
}

/// Whose published entries a step changes.
fn touch(touched: &mut Touched, write: &Write) {
    match write {
        Write::Organisation(organisation) => touched.organisation(organisation.id),
        Write::Person(person) => touched.person(person.id),
        Write::Mailbox { mailbox, .. } => touched.mailbox(mailbox),
        Write::Domain { .. }
        | Write::Member { .. }
        | Write::Delegation(_)
        | Write::Patient { .. }
        | Write::NewUser { .. }
        | Write::UserContact { .. }
        | Write::Mandate(_)
        | Write::Secret { .. } => {}
    }
}

enum Written {
    Yes,
    /// Somebody removed its like since the slow hashes were made.
    NotReady,
}

async fn write(
    tx: &mut Tx,
    directory: &Directory,
    prepared: &PreparedImport,
    step: &Step,
    now: Timestamp,
) -> Result<Written, Error> {
    match &step.write {
        Write::Domain { domain, place, names } => trust::save(tx, domain, *place, names, now).await?,
        Write::Organisation(organisation) => organisations::save(tx, organisation).await?,
        Write::Person(person) => people::save(tx, person).await?,
        Write::Mailbox { mailbox, new_state } => match (step.known, new_state) {
            (Known::New, _) => mailboxes::create(tx, mailbox, now).await?,
            (Known::Differs, None) => mailboxes::update(tx, mailbox, now).await?,
            (Known::Differs, Some(state)) => {
                mailboxes::update(tx, mailbox, now).await?;
                mailboxes::set_state(tx, mailbox.account, *state, now).await?;
            }
        },
        Write::Member { mailbox, person, rights } => {
            delegations::save_rights(tx, *mailbox, *person, *rights).await?;
        }
        Write::Delegation(delegation) => delegations::save(tx, delegation).await?,
        Write::Patient { patient, entrance } => {
            patients::save(tx, directory.sealing(), patient).await?;
            if let Some(entrance) = entrance {
                patients::welcome(tx, directory, patient, entrance.notice(), now).await?;
            }
        }
        Write::NewUser { id, patient, contact, .. } => {
            let Some(password) = prepared.hashes.get(&contact.login).cloned() else {
                return Ok(Written::NotReady);
            };
            let user = User { id: *id, patient: *patient, contact: contact.clone(), password };
            users::save(tx, directory.sealing(), &user, now).await?;
        }
        Write::UserContact { id, contact } => {
            users::save_contact(tx, directory.sealing(), *id, contact).await?;
        }
        Write::Mandate(mandate) => mandates::save(tx, mandate).await?,
        Write::Secret { id, owner, label, lookup, .. } => {
            let Some(verifier) = prepared.verifiers.get(lookup).cloned() else {
                return Ok(Written::NotReady);
            };
            let new = NewCredential {
                id: *id,
                owner: *owner,
                label: label.clone(),
                lookup: *lookup,
                verifier,
                now,
            };
            credentials::insert(tx, &new).await?;
        }
    }
    Ok(Written::Yes)
}
