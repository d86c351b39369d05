//! The line that says which certificate was refused, and why.

use crate::limits;
use certs::Refusal;
use std::fmt::Display;

/// One line with the reason and what the certificate says of itself, so that both operators can look
/// for the fault (RELIABILITY T-05). A warning when the fault is ours.
pub(crate) fn log(refusal: &Refusal, door: &str, peer: &dyn Display) {
    let shown = refusal.shown.as_ref();
    // Unverified, so as long as the peer likes; string fields are escaped.
    let subject = shown.map(|shown| clip(&shown.subject));
    let issuer = shown.map(|shown| clip(&shown.issuer));
    let serial = shown.map(|shown| clip(&shown.serial));
    let reason = refusal.reason.word();
    if refusal.reason.is_ours() {
        tracing::warn!(door, %peer, reason, subject, issuer, serial, "certificate refused: {refusal}");
    } else {
        tracing::info!(door, %peer, reason, subject, issuer, serial, "certificate refused: {refusal}");
    }
}

fn clip(text: &str) -> &str {
    let end = text.char_indices().nth(limits::LOGGED_NAME).map_or(text.len(), |(end, _)| end);
    &text[..end]
}

#[cfg(test)]
mod tests;
