//! W-06 for the professional space: every stored string × every payload × every screen.

use super::*;
use crate::views::tests::{PAYLOADS, skeleton};

fn when(x: &str) -> When {
    When { machine: x.to_owned(), words: x.to_owned() }
}

fn frame(x: &str, place: Place) -> Frame {
    Frame { person: x.into(), role: x.into(), place, csrf: x.into() }
}

fn rendered(view: &impl Template) -> String {
    view.render().unwrap()
}

/// Every page with every string set to `x`.
fn pages(x: &str) -> Vec<(&'static str, String)> {
    let s = || x.to_owned();
    let some = || Some(x.to_owned());
    let door = || DoorLine { host: s(), port: s(), security: "STARTTLS" };
    let delegation = || DelegationView {
        mailbox: s(),
        address: s(),
        person: s(),
        rights: "Lire",
        since: Some(when(x)),
        until: s(),
        reference: s(),
    };
    let passwords = |mark| Passwords {
        frame: frame(x, Place::Passwords),
        notice: some(),
        error: some(),
        mark,
        label: s(),
        devices: vec![Device { label: s(), created: when(x), used: s(), reference: s() }],
        mailboxes: vec![s(), s()],
    };
    let delegations = |fresh| Delegations {
        frame: frame(x, Place::Delegations),
        notice: some(),
        error: some(),
        fresh,
        mailboxes: vec![Choice { reference: s(), address: s() }],
        to: s(),
        from: s(),
        until: s(),
        given: vec![delegation()],
        received: vec![delegation()],
    };
    let session = |reference| SessionView { proof: "certificat", began: when(x), seen: when(x), reference };
    vec![
        (
            "sign-in",
            rendered(&SignIn {
                csrf: s(),
                after: s(),
                again: some(),
                login: s(),
                error: some(),
                notice: some(),
                provider: some(),
                certificates: true,
            }),
        ),
        (
            "code",
            rendered(&Code { csrf: s(), action: s(), destination: s(), error: some(), outside: some() }),
        ),
        ("invitation", rendered(&FirstPassword { csrf: s(), login: s(), code: s(), error: some() })),
        (
            "home",
            rendered(&Home {
                frame: frame(x, Place::Home),
                mailboxes: vec![MailboxLine { name: s(), address: s(), how: s(), rights: "Lire" }],
                reading: vec![door(), door()],
                writing: vec![door()],
            }),
        ),
        ("passwords", rendered(&passwords(some()))),
        ("passwords, old sign-in", rendered(&passwords(None))),
        (
            "new password",
            rendered(&NewPassword {
                frame: frame(x, Place::Passwords),
                label: s(),
                secret: s(),
                mailboxes: vec![s()],
            }),
        ),
        ("delegations", rendered(&delegations(true))),
        ("delegations, old sign-in", rendered(&delegations(false))),
        (
            "sessions",
            rendered(&Sessions {
                frame: frame(x, Place::Sessions),
                notice: some(),
                sessions: vec![session(None), session(some())],
            }),
        ),
        (
            "journal",
            rendered(&Journal {
                frame: frame(x, Place::Journal),
                days: vec![Day {
                    label: s(),
                    lines: vec![Line { when: when(x), what: "Connexion", who: s(), place: s(), more: s() }],
                }],
            }),
        ),
        ("goodbye", rendered(&Goodbye { words: s() })),
        ("trouble", rendered(&Oops { heading: s(), words: s() })),
    ]
}

#[test]
fn no_stored_word_becomes_markup_on_any_screen() {
    let plain = pages("mot");
    for payload in PAYLOADS {
        for ((name, page), (_, reference)) in pages(payload).iter().zip(&plain) {
            assert_eq!(skeleton(page), skeleton(reference), "{name} with {payload:?}");
        }
    }
}

#[test]
fn every_page_has_a_language_a_title_one_first_heading_and_landmarks() {
    for (name, page) in pages("mot") {
        for part in ["<html lang=\"fr\">", "<title>", "<main", "class=\"evitement\" href=\"#contenu\""] {
            assert!(page.contains(part), "{name} lacks {part}");
        }
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        assert!(page.matches("bouton principal").count() <= 1, "{name}: one thing to do on a page");
        assert_eq!(page.contains("class=\"menu\""), page.contains("Espace professionnel de"), "{name}");
    }
}

#[test]
fn no_page_holds_script_inline_style_or_anything_from_elsewhere() {
    for (name, page) in pages("mot") {
        for word in ["<script", " style=", "<style", "javascript:", "http://", "https://", "onclick"] {
            assert!(!page.contains(word), "{name} holds {word}");
        }
    }
}

#[test]
fn every_form_carries_its_token_first() {
    for (name, page) in pages("mot") {
        for form in page.split("<form method=\"post\"").skip(1) {
            let fields = form.split_once('>').unwrap().1.trim_start();
            assert!(
                fields.starts_with("<input type=\"hidden\" name=\"jeton\" value=\"mot\">"),
                "{name}: {form:.120}"
            );
        }
    }
}
