//! Mailboxes as ContactPoints, as DOMAIN §4.1 shows them.

use register::Mailbox;
use serde_json::{Value, json};

use crate::systems;

/// Whether what outsiders are not told is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Restricted {
    /// To everybody else.
    Hidden,
    /// To administrators of the mailbox's structure.
    Shown,
}

/// The mailboxes that may be shown, the preferred first.
pub(super) fn mailboxes(mailboxes: &[Mailbox], restricted: Restricted) -> Vec<Value> {
    let mut shown: Vec<&Mailbox> = mailboxes.iter().filter(|mailbox| mailbox.is_shown()).collect();
    shown.sort_by_key(|mailbox| mailbox.rank);
    shown.into_iter().map(|own| mailbox(own, restricted)).collect()
}

fn mailbox(mailbox: &Mailbox, restricted: Restricted) -> Value {
    let text = |url: &str, value: &Option<String>| {
        let value = value.as_ref().filter(|text| !text.trim().is_empty())?;
        Some(json!({"url": url, "valueString": value}))
    };
    let kind = json!({"coding": [{"system": systems::MAILBOX_TYPE, "code": mailbox.kind.code()}]});
    let mut told = vec![json!({"url": "type", "valueCodeableConcept": kind})];
    told.extend(text("description", &mailbox.description));
    if restricted == Restricted::Shown {
        told.extend(text("responsible", &mailbox.responsible));
    }
    told.extend(text("service", &mailbox.service));
    told.push(json!({"url": "digitization", "valueBoolean": mailbox.paperless}));
    told.push(json!({"url": "listeRouge", "valueBoolean": mailbox.red_list}));
    let secure = json!({"system": systems::EMAIL_TYPE, "code": "MSSANTE"});
    json!({
        "extension": [
            {"url": systems::EMAIL_TYPE_EXTENSION, "valueCoding": secure},
            {"url": systems::MAILBOX, "extension": told},
        ],
        "system": "email",
        "value": mailbox.address.to_string(),
        // FHIR counts ranks from 1.
        "rank": mailbox.rank.max(1),
    })
}
