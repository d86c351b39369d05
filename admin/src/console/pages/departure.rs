//! A professional leaves.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use directory::{AdministratorSession, Left, PersonSheet};
use names::Timestamp;
use walls::Visitor;
use walls::page::{Form, html};

use super::person::{href, sheet};
use super::{Page, form_with, frame};
use crate::console::console::Console;
use crate::console::errors::Trouble;
use crate::console::factors::Proof;
use crate::console::texts;
use crate::console::views::{Confirm, Departed, Place, ProofField};

/// `GET /personnes/{reference}/depart`
pub(super) async fn ask(
    State(app): State<Console>,
    headers: HeaderMap,
    Path(reference): Path<String>,
) -> Page {
    let now = app.now();
    let session = app.session(&headers, now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let proof = ProofField { needed: !session.is_fresh(now), error: None };
    asking(&app, &session, &found, proof, now).await
}

async fn asking(
    app: &Console,
    session: &AdministratorSession,
    found: &PersonSheet,
    proof: ProofField,
    now: Timestamp,
) -> Page {
    let by = session.administrator.authority();
    let planned = app.admin().directory.departure_of(found.person.id, &by, now).await?;
    let planned = planned.map_err(|_| Trouble::NotFound)?;
    let (here, name) = (href(app, session, found.person.id), found.person.display_name());
    let status = if proof.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut page = html(&Confirm {
        frame: frame(session, Place::Directory).under("Annuaire", "/").under(&name, &here),
        heading: format!("Départ de {name}"),
        effects: texts::departure(&planned),
        action: format!("{here}/depart"),
        button: "Enregistrer le départ",
        back: here,
        proof,
        choices: vec![
            ("fermer", "Les fermer pour toujours".to_owned()),
            ("suspendre", "Les suspendre\u{a0}: la personne peut revenir".to_owned()),
        ],
        error: None,
    });
    *page.status_mut() = status;
    Ok(page)
}

/// `POST /personnes/{reference}/depart`
pub(super) async fn carry_out(
    State(app): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Path(reference): Path<String>,
    form: Form,
) -> Page {
    let now = app.now();
    let (session, fields) = form_with(&app, &headers, form, &["jeton", "choix", "code"], now).await?;
    let found = sheet(&app, &session, &reference, now).await?;
    let left = match fields.field("choix") {
        "fermer" => Left::Closed,
        "suspendre" => Left::Suspended,
        _ => return Err(Trouble::Form.into()),
    };
    let proof = app.prove(&session, &fields, visitor.address, now).await?;
    if proof != Proof::Enough {
        let field = ProofField { needed: true, error: texts::proof(proof) };
        return asking(&app, &session, &found, field, now).await;
    }
    let by = session.administrator.authority();
    let departed = app.admin().directory.depart(found.person.id, left, &by, now).await?;
    let departed = departed.map_err(|_| Trouble::NotFound)?;
    Ok(html(&Departed {
        frame: frame(&session, Place::Directory).under("Annuaire", "/"),
        name: found.person.display_name(),
        effects: texts::departure(&departed),
        href: href(&app, &session, found.person.id),
    }))
}
