//! Writes every page with invented words into a folder, for eyes and for axe:
//! `cargo run -p pli-webmail --example gallery -- FOLDER`.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use webmail::views::*;

fn when(words: &str) -> When {
    When { machine: "2026-11-22T03:34:27Z".into(), words: words.into() }
}

fn chrome(place: Place, child: bool) -> Chrome {
    Chrome {
        person: "Anne DURAND".into(),
        space: if child { "Léo DURAND".into() } else { "Anne DURAND".into() },
        acting: child.then(|| Acting { relation: "votre enfant".into() }),
        place,
        unread: 2,
        may_switch: true,
        csrf: "x".into(),
    }
}

fn letter(number: usize, ours: bool) -> Letter {
    Letter {
        number,
        author: if ours { "Vous, pour Léo DURAND".into() } else { "Dr Claire MARTIN".into() },
        role: if ours { String::new() } else { "Médecin généraliste, cabinet des Lilas".into() },
        ours,
        when: when(if ours { "hier à 18 h 20" } else { "aujourd’hui à 9 h 05" }),
        subject: String::new(),
        unread: !ours,
        frame: "letter.html".into(),
        height: if ours { 1 } else { 2 },
        whole: "letter.html".into(),
        receipt: String::new(),
        attachments: if ours {
            vec![]
        } else {
            vec![
                AttachedFile {
                    name: "Résultats d’analyse du 20 novembre.pdf".into(),
                    kind: "PDF",
                    size: "1,4 Mo".into(),
                    download: "#".into(),
                    view: Some("#".into()),
                    filed: "Classé dans Mes documents, rubrique « Résultats de biologie ».".into(),
                },
                AttachedFile {
                    name: "courrier.rtf".into(),
                    kind: "Texte",
                    size: "48 Ko".into(),
                    download: "#".into(),
                    view: None,
                    filed: String::new(),
                },
            ]
        },
        answer_href: None,
        state: String::new(),
    }
}

fn pager() -> Pager {
    Pager { first: Some("#".into()), next: Some("#".into()) }
}

fn conversation(ended: bool) -> Conversation {
    let mut items = vec![
        ThreadItem::Letter(Box::new(letter(1, false))),
        ThreadItem::Letter(Box::new(letter(2, true))),
        ThreadItem::Letter(Box::new(Letter { unread: false, height: 3, ..letter(3, false) })),
    ];
    if ended {
        let words = "Le Dr Claire MARTIN a mis fin à l’échange.".into();
        items.insert(0, ThreadItem::Event { words, when: when("aujourd’hui à 9 h 30") });
    }
    Conversation {
        chrome: chrome(Place::Messages, !ended),
        subject: "Résultats de la prise de sang".into(),
        notice: (!ended).then(|| "Votre message est envoyé.".into()),
        parties: vec![Party { name: "Dr Claire MARTIN".into(), role: "Médecin généraliste".into() }],
        answer_href: (!ended).then(|| "#".into()),
        state: "Le Dr Claire MARTIN a mis fin à l’échange. Vous pourrez répondre s’il vous écrit de nouveau."
            .into(),
        items,
        pager: Pager::default(),
    }
}

fn compose(standing: MayWrite, errors: Vec<FieldError>, subject: Option<String>) -> Compose {
    Compose {
        chrome: chrome(Place::Messages, true),
        heading: if subject.is_some() { "Nouveau message".into() } else { "Répondre".into() },
        back: "#".into(),
        correspondent: "Dr Claire MARTIN".into(),
        role: "Médecin généraliste, cabinet des Lilas".into(),
        standing,
        action: "#".into(),
        submission: "x".into(),
        subject,
        text: String::new(),
        mention: Some("Votre message indiquera qu’il est écrit par Anne DURAND pour Léo DURAND.".into()),
        hint: None,
        files_lost: !errors.is_empty(),
        errors,
    }
}

fn conversations() -> Conversations {
    let line =
        |correspondent: &str, role: &str, subject: &str, words: &str, unread, attachments, state: &str| {
            ConversationLine {
                href: "#".into(),
                correspondent: correspondent.into(),
                role: role.into(),
                subject: subject.into(),
                when: when(words),
                unread,
                letters: 2,
                attachments,
                state: state.into(),
            }
        };
    Conversations {
        chrome: chrome(Place::Messages, false),
        notice: None,
        summary: "2 nouveaux messages.".into(),
        lines: vec![
            line(
                "Dr Claire MARTIN",
                "Médecin généraliste, cabinet des Lilas",
                "Résultats de la prise de sang",
                "aujourd’hui à 9 h 05",
                true,
                2,
                "Vous pouvez répondre.",
            ),
            line(
                "Hôpital Nord – Secrétariat de cardiologie",
                "Établissement de santé",
                "Convocation pour votre consultation du 12 décembre et consignes à suivre avant de venir",
                "hier à 18 h",
                true,
                1,
                "Hôpital Nord n’attend pas de réponse à ce message.",
            ),
            line(
                "Pharmacie de la Gare",
                "Pharmacie",
                "Ordonnance à préparer",
                "mardi 17 novembre à 11 h 40",
                false,
                0,
                "Vous pouvez écrire à cette pharmacie.",
            ),
            line(
                "Dr Paul NGUYEN",
                "Dermatologue",
                "Suivi",
                "3 mai 2025 à 8 h",
                false,
                0,
                "Le Dr Paul NGUYEN a mis fin à l’échange. Vous pourrez répondre s’il vous écrit de nouveau.",
            ),
        ],
        pager: pager(),
    }
}

fn dossier() -> Dossier {
    let paper = |title: &str, author: &str| Paper {
        title: title.into(),
        day: "20 novembre 2026".into(),
        kind: "PDF",
        size: "1,4 Mo".into(),
        author: author.into(),
        secrecy: String::new(),
        download: "#".into(),
        view: Some("#".into()),
        letter: Some("#".into()),
    };
    let category = |label: &str, current| Category { label: label.into(), href: "#".into(), current };
    Dossier {
        chrome: chrome(Place::Documents, false),
        categories: vec![
            category("Tous", true),
            category("Ordonnances et soins", false),
            category("Résultats de biologie", false),
            category("Radio, écho, scanner, IRM", false),
        ],
        groups: vec![
            Group {
                label: "Résultats de biologie".into(),
                documents: vec![paper("Bilan sanguin", "Dr Claire MARTIN, Médecin généraliste")],
            },
            Group {
                label: "Radio, écho, scanner, IRM".into(),
                documents: vec![paper("Radiographie du genou droit, face et profil", "Hôpital Nord")],
            },
        ],
        pager: Pager::default(),
    }
}

fn history() -> History {
    let line =
        |words: &str, who: &str, what: &str| Line { when: when(words), who: who.into(), what: what.into() };
    History {
        chrome: chrome(Place::History, false),
        days: vec![
            Day {
                label: "Aujourd’hui".into(),
                lines: vec![
                    line("9 h 12", "Vous", "avez lu un message du Dr Claire MARTIN."),
                    line("9 h 05", "Dr Claire MARTIN", "vous a écrit. Un document a été classé."),
                ],
            },
            Day {
                label: "17 novembre 2026".into(),
                lines: vec![line("11 h 40", "Vous", "avez écrit à Pharmacie de la Gare.")],
            },
        ],
        pager: pager(),
    }
}

fn pages() -> Vec<(&'static str, String)> {
    let page = |view: &dyn askama::DynTemplate| view.dyn_render().expect("the templates render");
    let wrong = Some("Identifiant ou mot de passe incorrect.".to_owned());
    let profile = |name: &str, relation: &str, unread, current| ProfileLine {
        name: name.into(),
        relation: relation.into(),
        unread,
        current,
        reference: "x".into(),
    };
    let correspondent = |name: &str, role: &str, href: Option<&str>, state: &str| Correspondent {
        name: name.into(),
        role: role.into(),
        href: href.map(Into::into),
        state: state.into(),
    };
    let pharmacy = |name: &str| Pharmacy {
        name: name.into(),
        place: "12 rue des Écoles, 69007 Lyon".into(),
        href: "#".into(),
    };
    let errors = vec![
        FieldError { field: "sujet", words: "Indiquez en quelques mots le sujet de votre message.".into() },
        FieldError { field: "fichiers", words: "Le fichier « vidéo.mov » ne peut pas être joint. Fichiers acceptés : PDF, photo JPEG ou PNG, TIFF, texte, RTF.".into() },
    ];
    vec![
        ("sign_in", page(&SignIn { csrf: "x".into(), login: String::new(), error: None })),
        ("sign_in_error", page(&SignIn { csrf: "x".into(), login: "anne.durand".into(), error: wrong })),
        ("code", page(&Code { csrf: "x".into(), action: "#".into(), destination: "a•••@•••.fr".into(), error: None, demo: true })),
        (
            "code_error",
            page(&Code {
                csrf: "x".into(),
                action: "#".into(),
                destination: "a•••@•••.fr".into(),
                error: Some("Ce code n’est pas le bon. Vérifiez-le et recommencez.".into()),
                demo: false,
            }),
        ),
        ("goodbye", page(&Goodbye { reason: "Sur un ordinateur partagé, fermez aussi la fenêtre.".into() })),
        (
            "profiles",
            page(&Profiles {
                chrome: chrome(Place::Profiles, true),
                profiles: vec![profile("Anne DURAND", "Mon espace", 0, false), profile("Léo DURAND", "Mon enfant", 2, true)],
                closed: false,
            }),
        ),
        ("conversations", page(&conversations())),
        ("conversation", page(&conversation(false))),
        ("conversation_ended", page(&conversation(true))),
        ("answer", page(&compose(MayWrite::Yes, vec![], None))),
        ("new_message_errors", page(&compose(MayWrite::Yes, errors, Some(String::new())))),
        ("refused", page(&compose(MayWrite::No { words: "Le Dr Claire MARTIN a mis fin à l’échange.".into() }, vec![], None))),
        (
            "correspondents",
            page(&Choose {
                chrome: chrome(Place::Messages, false),
                correspondents: vec![
                    correspondent("Dr Claire MARTIN", "Médecin généraliste", Some("#"), ""),
                    correspondent("Dr Paul NGUYEN", "Dermatologue", None, "Le Dr Paul NGUYEN a mis fin à l’échange."),
                ],
            }),
        ),
        (
            "pharmacies",
            page(&Pharmacies {
                chrome: chrome(Place::Messages, false),
                query: "Lyon".into(),
                found: Some("2 pharmacies trouvées pour « Lyon ».".into()),
                pharmacies: vec![pharmacy("Pharmacie de la Gare"), pharmacy("Pharmacie du Marché")],
                more: true,
            }),
        ),
        ("dossier", page(&dossier())),
        ("history", page(&history())),
        (
            "outside",
            page(&Outside {
                mails: vec![OutsideLine {
                    to: "anne.durand@courriel.example".into(),
                    subject: "Un message vous attend".into(),
                    text: "Bonjour,\n\nUn nouveau message vous attend dans votre espace santé.".into(),
                    when: when("aujourd’hui à 9 h 05"),
                }],
            }),
        ),
        (
            "error",
            page(&Oops {
                heading: "Cette page n’existe pas".into(),
                words: "Elle a peut-être été déplacée.".into(),
                href: "/messages".into(),
                action: "Revenir à mes messages".into(),
            }),
        ),
        (
            "letter",
            page(&LetterPage {
                heading: "Résultats".into(),
                head: None,
                instead: None,
                bodies: vec![LetterBody::Text(
                    "Bonjour Madame,\n\nVos résultats sont normaux. Continuez le traitement et revenez me voir en mars.\n\nBien cordialement,\nDr Claire Martin".into(),
                )],
            }),
        ),
    ]
}

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "gallery".to_owned()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join(webmail::gallery::style_path().trim_start_matches('/')),
        webmail::gallery::STYLE,
    )?;
    std::fs::write(
        folder.join(webmail::gallery::letter_style_path().trim_start_matches('/')),
        webmail::gallery::LETTER_STYLE,
    )?;
    for (name, page) in pages() {
        std::fs::write(folder.join(format!("{name}.html")), page)?;
        println!("{name}.html");
    }
    Ok(())
}
