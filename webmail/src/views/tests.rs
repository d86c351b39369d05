//! W-06: every stored string × every payload × every screen. The page must have the same tags and
//! attributes whatever the words are.

use super::*;
use crate::sanitize::sanitize;

pub(crate) const PAYLOADS: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "\" onfocus=\"alert(1)\" autofocus=\"",
    "<svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "<!--",
    "-->",
    "]]><script>",
    "{{ 7*7 }}",
    "{% include x %}",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "&quot;&gt;",
    "javascript:alert(1)",
    "</main></body></html><h1>x",
    "<a href=//evil>",
    "<base href=//evil>",
    "<style>*{display:none}</style>",
    "<p",
    "x\0<b>",
    "\u{2028}<b>",
    "＜script＞",
    "`${alert(1)}`",
    "=1+1",
    "%3Cscript%3E",
    "<iframe srcdoc=x>",
    "\r\n<b>",
    "<plaintext>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "\\u003cscript\\u003e",
];

/// Tags and attribute names of a page, in order.
pub(crate) fn skeleton(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let mut tag = String::new();
        let mut quoted = None;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            match (quoted, c) {
                (None, '>') => {
                    end = at;
                    break;
                }
                (None, '"' | '\'') => quoted = Some(c),
                (Some(quote), c) if quote == c => quoted = None,
                (Some(_), _) => {}
                (None, c) => tag.push(c),
            }
        }
        found.push(tag);
        rest = &rest[end..];
    }
    found
}

fn when(x: &str) -> When {
    When { machine: x.to_owned(), words: x.to_owned() }
}

fn chrome(x: &str) -> Chrome {
    Chrome {
        person: x.into(),
        space: x.into(),
        acting: Some(Acting { relation: x.into() }),
        place: Place::Messages,
        unread: 3,
        may_switch: true,
        csrf: x.into(),
    }
}

fn pager(x: &str) -> Pager {
    Pager { first: Some(x.into()), next: Some(x.into()) }
}

fn errors(x: &str) -> Vec<FieldError> {
    ["", "sujet", "texte", "fichiers"].map(|field| FieldError { field, words: x.into() }).into()
}

fn choice(x: &str, may: MayDecide, is_minor: bool) -> String {
    let s = || x.to_owned();
    let view = Choice {
        csrf: s(),
        given_name: s(),
        may,
        is_minor,
        signed_in: is_minor,
        phone: s(),
        error: Some(s()),
    };
    askama::Template::render(&view).unwrap()
}

/// Every page with every string set to `x`.
fn pages(x: &str) -> Vec<(&'static str, String)> {
    let s = || x.to_owned();
    let letter = Letter {
        number: 1,
        author: s(),
        role: s(),
        ours: false,
        when: when(x),
        subject: s(),
        unread: true,
        frame: s(),
        height: 2,
        whole: s(),
        attachments: vec![AttachedFile {
            name: s(),
            kind: "PDF",
            size: s(),
            download: s(),
            view: Some(s()),
            filed: s(),
        }],
        answer_href: Some(s()),
        state: s(),
        receipt: s(),
    };
    let conversation = |answer_href| Conversation {
        chrome: chrome(x),
        subject: s(),
        notice: Some(s()),
        parties: vec![Party { name: s(), role: s() }],
        answer_href,
        state: s(),
        items: vec![
            ThreadItem::Event { words: s(), when: when(x) },
            ThreadItem::Letter(Box::new(letter.clone())),
            ThreadItem::Letter(Box::new(Letter { ours: true, role: String::new(), ..letter.clone() })),
        ],
        pager: pager(x),
    };
    let compose = |standing, subject| Compose {
        chrome: chrome(x),
        heading: s(),
        back: s(),
        correspondent: s(),
        role: s(),
        standing,
        action: s(),
        submission: s(),
        subject,
        text: s(),
        mention: Some(s()),
        hint: Some(s()),
        errors: errors(x),
        files_lost: true,
    };
    let clean = || LetterBody::Clean(sanitize("<p>Bonjour</p>", |_| None));
    let paper = Paper {
        title: s(),
        day: s(),
        kind: "PDF",
        size: s(),
        author: s(),
        secrecy: s(),
        download: s(),
        view: Some(s()),
        letter: Some(s()),
    };
    let rendered = |view: &dyn askama::DynTemplate| view.dyn_render().unwrap();
    vec![
        ("sign-in", rendered(&SignIn { csrf: s(), login: s(), error: Some(s()) })),
        ("code", rendered(&Code { csrf: s(), action: s(), destination: s(), error: Some(s()), demo: true })),
        ("goodbye", rendered(&Goodbye { reason: s() })),
        ("identify", rendered(&Identify { csrf: s(), birth_date: true, error: Some(s()), phone: s() })),
        ("choice-oppose", choice(x, MayDecide::OpposeUntil(s()), false)),
        ("choice-open", choice(x, MayDecide::Open, true)),
        ("choice-withdraw", choice(x, MayDecide::Withdraw, false)),
        ("choose-login", rendered(&ChooseLogin { csrf: s(), login: s(), error: Some(s()) })),
        ("give-contact", rendered(&GiveContact { csrf: s(), email: s(), mobile: s(), error: Some(s()) })),
        (
            "confirm-contact",
            rendered(&ConfirmContact {
                csrf: s(),
                email: Some(s()),
                mobile: Some(s()),
                error: Some(s()),
                demo: true,
            }),
        ),
        ("agreement", rendered(&Agreement { csrf: s(), child: Some(s()), error: Some(s()) })),
        ("terms", rendered(&Terms { text: s() })),
        ("decided", rendered(&Decided { heading: s(), words: vec![s(), s()] })),
        ("welcome", rendered(&Welcome { chrome: chrome(x) })),
        (
            "closing",
            rendered(&Closing { chrome: chrome(x), years: 10, days: 30, phone: s(), error: Some(s()) }),
        ),
        (
            "representatives",
            rendered(&Representatives {
                chrome: chrome(x),
                child: Some(s()),
                received: vec![ReceivedLine { words: s(), reference: s() }],
                asked: vec![s()],
                note: Some(s()),
                error: Some(s()),
                phone: s(),
            }),
        ),
        ("error", rendered(&Oops { heading: s(), words: s(), href: s(), action: s() })),
        (
            "profiles",
            rendered(&Profiles {
                chrome: chrome(x),
                profiles: [true, false]
                    .map(|current| ProfileLine {
                        name: s(),
                        relation: s(),
                        unread: 1,
                        current,
                        reference: s(),
                    })
                    .into(),
                closed: true,
            }),
        ),
        (
            "reopening",
            rendered(&Reopen { csrf: s(), until: s(), reference: None, phone: s(), error: Some(s()) }),
        ),
        (
            "reopening-by-code",
            rendered(&Reopen { csrf: s(), until: s(), reference: Some(s()), phone: s(), error: None }),
        ),
        (
            "emergency",
            rendered(&Emergency {
                chrome: chrome(x),
                of: Some(s()),
                may_change: true,
                samu: true,
                professionals: false,
                masked: false,
                answered: Some(s()),
                note: Some(s()),
                error: Some(s()),
            }),
        ),
        (
            "conversations",
            rendered(&Conversations {
                chrome: chrome(x),
                notice: Some(s()),
                summary: s(),
                lines: [true, false]
                    .map(|unread| ConversationLine {
                        href: s(),
                        correspondent: s(),
                        role: s(),
                        subject: s(),
                        when: when(x),
                        unread,
                        letters: 2,
                        attachments: 1,
                        state: s(),
                    })
                    .into(),
                pager: pager(x),
            }),
        ),
        ("conversation", rendered(&conversation(Some(s())))),
        ("ended conversation", rendered(&conversation(None))),
        ("answer", rendered(&compose(MayWrite::Yes, None))),
        ("new message", rendered(&compose(MayWrite::Yes, Some(s())))),
        ("kept letter", rendered(&Kept { action: s(), subject: Some(s()), text: s(), had_files: true })),
        ("refused answer", rendered(&compose(MayWrite::No { words: s() }, None))),
        (
            "correspondents",
            rendered(&Choose {
                chrome: chrome(x),
                correspondents: [Some(s()), None]
                    .map(|href| Correspondent { name: s(), role: s(), href, state: s() })
                    .into(),
            }),
        ),
        (
            "pharmacies",
            rendered(&Pharmacies {
                chrome: chrome(x),
                query: s(),
                found: Some(s()),
                pharmacies: vec![Pharmacy { name: s(), place: s(), href: s() }],
                more: true,
            }),
        ),
        (
            "dossier",
            rendered(&Dossier {
                chrome: chrome(x),
                categories: vec![Category { label: s(), href: s(), current: true }],
                groups: vec![Group { label: s(), documents: vec![paper] }],
                pager: pager(x),
            }),
        ),
        (
            "history",
            rendered(&History {
                chrome: chrome(x),
                days: vec![Day { label: s(), lines: vec![Line { when: when(x), who: s(), what: s() }] }],
                pager: pager(x),
            }),
        ),
        (
            "outside box",
            rendered(&Outside {
                mails: vec![OutsideLine { to: s(), subject: s(), text: s(), when: when(x) }],
            }),
        ),
        (
            "letter, as text",
            rendered(&LetterPage {
                heading: s(),
                head: Some(LetterHead { subject: s(), author: s(), role: s(), when: s() }),
                instead: Some(s()),
                bodies: vec![LetterBody::Text(s())],
            }),
        ),
        (
            "letter, as markup",
            rendered(&LetterPage {
                heading: s(),
                head: Some(LetterHead { subject: s(), author: s(), role: s(), when: s() }),
                instead: None,
                bodies: vec![clean()],
            }),
        ),
    ]
}

#[test]
fn no_stored_word_becomes_markup_on_any_screen() {
    assert!(PAYLOADS.len() >= 30);
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
        assert!(page.contains("<html lang=\"fr\">"), "{name}");
        assert!(page.contains("<title>"), "{name}");
        assert!(page.contains("<main"), "{name}");
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        if !name.starts_with("letter") {
            assert!(
                page.contains("class=\"evitement\" href=\"#contenu\"") && page.contains("id=\"contenu\""),
                "{name}"
            );
            assert!(page.contains("<a href=\"tel:15\">appelez le 15</a>"), "{name}");
        }
    }
}

#[test]
fn no_page_holds_script_inline_style_or_anything_from_elsewhere() {
    for (name, page) in pages("mot") {
        for word in
            ["<script", " style=", "<style", "javascript:", "http://", "https://", "onclick", "onload"]
        {
            assert!(!page.contains(word), "{name} holds {word}");
        }
    }
}

#[test]
fn a_page_has_at_most_one_primary_action() {
    for (name, page) in pages("mot") {
        assert!(page.matches("bouton principal").count() <= 1, "{name}");
    }
}

#[test]
fn every_form_that_changes_something_carries_its_token_first() {
    for (name, page) in pages("mot") {
        // Nobody is signed in there: that form only gives its words back, on a page that has a token.
        let token = if name == "kept letter" { "" } else { "mot" };
        for form in page.split("<form method=\"post\"").skip(1) {
            let fields = form.split_once('>').unwrap().1.trim_start();
            assert!(
                fields.starts_with(&format!("<input type=\"hidden\" name=\"jeton\" value=\"{token}\">")),
                "{name}: {form:.120}"
            );
        }
    }
}

#[test]
fn errors_are_tied_to_their_fields() {
    let (_, page) = pages("mot").into_iter().find(|(name, _)| *name == "new message").unwrap();
    for field in ["sujet", "texte", "fichiers"] {
        assert!(page.contains(&format!("href=\"#{field}\"")), "{field}");
        assert!(page.contains(&format!("id=\"faute-{field}\"")), "{field}");
    }
    assert!(page.contains("aria-describedby=\"aide-fichiers faute-fichiers\""));
}

#[test]
fn who_acts_for_another_sees_it_on_every_page() {
    for (name, page) in pages("mot").iter().filter(|(_, page)| page.contains("class=\"menu\"")) {
        assert!(page.contains("Vous agissez pour une autre personne"), "{name}");
    }
}
