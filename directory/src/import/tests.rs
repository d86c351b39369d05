use names::{AccountKind, DAY};

use crate::mailboxes;
use crate::testing::{NOW, SEED, empty_houses, houses, read, read_files};

#[tokio::test]
async fn a_second_import_changes_nothing_and_a_third_only_what_differs() {
    for house in empty_houses().await {
        let first = house.directory.import(read(SEED), NOW).await.unwrap();
        assert_eq!((first.faults.len(), first.changed, first.unchanged), (0, 0, 0), "{}", house.engine);
        let patients =
            first.accounts_created.iter().filter(|(_, kind)| *kind == AccountKind::Patient).count();
        assert_eq!((first.accounts_created.len(), patients), (18, 8), "{}", house.engine);
        let generation = house.directory.generation().known();

        let again = house.directory.import(read(SEED), NOW.plus(DAY)).await.unwrap();
        assert_eq!(
            (again.created, again.changed, again.unchanged),
            (0, 0, first.created),
            "{}",
            house.engine
        );
        assert_eq!(again.accounts_created, []);
        assert_eq!(house.directory.generation().known(), generation, "nothing changed, no cache grows old");

        let edited = SEED
            .replace("family_name = \"Benali\"", "family_name = \"Benali-Roux\"")
            .replace("zelie.quintard@courriel.example\"\nstate", "autre@courriel.example\"\nstate");
        let third = house.directory.import(read(&edited), NOW).await.unwrap();
        assert_eq!((third.created, third.changed), (0, 3), "{}: a name and two profiles", house.engine);
        assert!(house.directory.generation().known() > generation);
    }
}

#[tokio::test]
async fn a_plan_says_what_would_be_done_and_does_nothing() {
    for house in empty_houses().await {
        let plan = house.directory.plan_import(&read(SEED), NOW).await.unwrap();
        let shown = plan.to_string();
        assert!(
            shown.contains("+ mailbox PER marie.lenoir@cabinet-lilas.mssante.example (seed.toml:"),
            "{shown}"
        );
        assert!(shown.contains("+ patient, activated (seed.toml:"));
        for secret in ["Quintard", "2850599", "courriel.example", "Tulipes", "demo-marie"] {
            assert!(!shown.contains(secret), "{secret} is shown");
        }
        let mut tx = house.db.read().await.unwrap();
        assert_eq!(mailboxes::all_accounts(&mut tx).await.unwrap(), [], "{}", house.engine);
        drop(tx);
        house.directory.import(read(SEED), NOW).await.unwrap();
        let mut tx = house.db.read().await.unwrap();
        assert_eq!(mailboxes::all_accounts(&mut tx).await.unwrap().len(), plan.accounts_created.len());
        drop(tx);
        assert!(house.directory.plan_import(&read(SEED), NOW).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn rows_that_lean_on_nothing_or_break_a_rule_are_reported_and_the_others_go_in() {
    const MAILBOX: &str = "kind = \"PER\"\nperson = \"10099000019\"\norganisation = \"990000028\"\n";
    for house in houses().await {
        let cases = [
            (
                "unknown person",
                "[[mailboxes]]\naddress = \"a@cabinet-lilas.mssante.example\"\nkind = \"PER\"\nperson = \"10099000050\"\n",
                "no such professional",
            ),
            (
                "foreign domain",
                &format!("[[mailboxes]]\naddress = \"a@clinique-voisine.mssante.example\"\n{MAILBOX}"),
                "not at a domain of ours",
            ),
            (
                "patients' domain",
                &format!("[[mailboxes]]\naddress = \"a@patient.mssante.example\"\n{MAILBOX}"),
                "not at a domain of ours",
            ),
            (
                "kind changed",
                "[[mailboxes]]\naddress = \"marie.lenoir@cabinet-lilas.mssante.example\"\nkind = \"ORG\"\norganisation = \"990000028\"\n",
                "kind of a mailbox never changes",
            ),
            (
                "holder changed",
                "[[mailboxes]]\naddress = \"marie.lenoir@cabinet-lilas.mssante.example\"\nkind = \"PER\"\nperson = \"10099000027\"\norganisation = \"990000028\"\n",
                "holder of a mailbox never changes",
            ),
            (
                "member of a PER",
                "[[members]]\nmailbox = \"marie.lenoir@cabinet-lilas.mssante.example\"\nperson = \"10099000027\"\n",
                "only an ORG or a CAB",
            ),
            (
                "delegate of a machine",
                "[[delegations]]\nmailbox = \"auto@pharmacie-lilas.mssante.example\"\nperson = \"10099000027\"\n",
                "nobody acts for a machine",
            ),
            (
                "user of nobody",
                "[[users]]\nlogin = \"un.inconnu\"\nins = \"279035121518989\"\nemail = \"a@b.example\"\npassword = \"Trois-Tulipes-29\"\n",
                "no such patient",
            ),
            (
                "second user",
                "[[users]]\nlogin = \"autre.login\"\nins = \"285059900010125\"\nemail = \"a@b.example\"\npassword = \"Trois-Tulipes-29\"\n",
                "already belongs",
            ),
            (
                "weak password",
                "[[users]]\nlogin = \"lucie.garnier\"\nins = \"296129900070759\"\nemail = \"a@b.example\"\npassword = \"Garnier-29-x\"\n",
                "password: a password must not hold",
            ),
            (
                "own mandate",
                "[[mandates]]\nlogin = \"zelie.quintard\"\npatient = \"285059900010125\"\nrelation = \"helper\"\n",
                "nobody needs a mandate",
            ),
            (
                "password of a team",
                "[[passwords]]\nmailbox = \"contact@pharmacie-lilas.mssante.example\"\nlabel = \"x\"\npassword = \"demo-pharmacie\"\n",
                "no such professional or no such APP",
            ),
        ];
        for (case, row, want) in cases {
            let good = "[[domains]]\ndomain = \"clinique-voisine.mssante.example\"\nplace = \"remote\"\nnames = [\"CN=x\"]\n";
            let applied = house.directory.import(read(&format!("{row}{good}")), NOW).await.unwrap();
            assert_eq!(applied.faults.len(), 1, "{}: {case}: {:?}", house.engine, applied.faults);
            assert!(applied.faults[0].reason.contains(want), "{case}: {}", applied.faults[0]);
            assert_eq!(applied.faults[0].line, 1);
        }
        let twice = "[[domains]]\ndomain = \"a.example\"\nplace = \"remote\"\n".repeat(2);
        let applied = house.directory.import(read(&twice), NOW).await.unwrap();
        assert_eq!((applied.created, applied.faults.len(), applied.faults[0].line), (1, 1, 4));
    }
}

#[tokio::test]
async fn the_state_of_a_known_profile_and_mailbox_is_theirs_unless_written() {
    use crate::ProfileEvent;
    for house in houses().await {
        let child = house.patient(crate::testing::CHILD, NOW).await;
        let by = audit::Actor::Operator;
        house.directory.change_profile(child.patient, ProfileEvent::Closed, by, NOW).await.unwrap();
        house.directory.import(read(SEED), NOW).await.unwrap();
        let state = house.patient(crate::testing::CHILD, NOW).await.state;
        assert_eq!(state, names::ProfileState::Closed, "{}", house.engine);
        let edit = "[[mailboxes]]\naddress = \"contact@pharmacie-lilas.mssante.example\"\nkind = \"ORG\"\n\
            organisation = \"990000036\"\nstate = \"suspended\"\n";
        assert_eq!(house.directory.import(read(edit), NOW).await.unwrap().changed, 1);
        assert_eq!(house.directory.import(read(SEED), NOW).await.unwrap().changed, 0);
        let address = crate::testing::address("contact@pharmacie-lilas.mssante.example");
        let mailbox = house.directory.mailbox(&address).await.unwrap().unwrap();
        assert_eq!(mailbox.state, crate::MailboxState::Suspended, "{}", house.engine);
    }
}

#[tokio::test]
async fn domains_and_their_names_are_the_trust_list() {
    use crate::trust;
    for house in houses().await {
        let domain = |text: &str| names::Domain::parse(text).unwrap();
        let dn = |text: &str| names::DistinguishedName::parse(text).unwrap();
        let remote_name = dn("CN=mail.clinique-voisine.mssante.example,O=CLINIQUE VOISINE,C=FR");
        let mut tx = house.db.read().await.unwrap();
        for (text, want) in [
            ("clinique-voisine.mssante.example", true),
            ("patient.mssante.example", true),
            ("sub.clinique-voisine.mssante.example", false),
            ("mssante.example", false),
        ] {
            assert_eq!(trust::is_trusted(&mut tx, &domain(text)).await.unwrap(), want, "{text}");
        }
        let remote = domain("clinique-voisine.mssante.example");
        assert_eq!(trust::domains_of(&mut tx, &remote_name).await.unwrap(), std::slice::from_ref(&remote));
        assert_eq!(trust::domains_of(&mut tx, &dn("CN=other")).await.unwrap(), []);
        assert_eq!(trust::names_of(&mut tx, &[&remote]).await.unwrap(), [(remote.clone(), remote_name)]);
        drop(tx);
        let patients = house.directory.patient_domain().await.unwrap();
        assert_eq!(patients, Some(domain("patient.mssante.example")), "{}", house.engine);
    }
}

#[tokio::test]
async fn the_people_of_the_demonstration_go_in_whole() {
    let demo = include_str!("../../../src/demo/people.toml");
    for house in empty_houses().await {
        let seed = read_files(&[("people.toml", demo)]);
        let applied = house.directory.import(seed, NOW).await.unwrap();
        assert_eq!(applied.faults, [], "{}", house.engine);
        let kinds = |kind| applied.accounts_created.iter().filter(|(_, of)| *of == kind).count();
        assert!(kinds(AccountKind::Personal) >= 3 && kinds(AccountKind::Applicative) == 1);
        let started = house.directory.start_sign_in("claire.moreau", "Trois-Tulipes-29", NOW).await.unwrap();
        assert!(started.code.is_some(), "the mother signs in");
    }
}

/// What names a patient, as the seed writes it.
const CANARIES: [&str; 16] = [
    "Quintard",
    "Zélie",
    "Philomène",
    "Ouvrardin",
    "Timothélan",
    "Anselme",
    "zelie.quintard",
    "anselme.ouvrardin",
    "courriel.example",
    "285059900010125",
    "2850599000101",
    "118049900020240",
    "Trois-Tulipes-29",
    "1985-05-12",
    "$argon2id$",
    "demo-marie-lenoir",
];

#[tokio::test]
async fn nothing_that_names_a_patient_stands_in_the_files_of_the_database() {
    for house in houses().await {
        let token = house.signed_in(NOW).await;
        let Some(folder) = house.db.folder() else { continue };
        let mut raw = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            raw.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        let found = |text: &str| raw.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(found("Lenoir") && found("Pharmacie des Lilas"), "the files are the right ones");
        for canary in CANARIES.into_iter().chain([token.as_str()]) {
            assert!(!found(canary), "{canary} stands in the database in clear");
        }
    }
}

#[tokio::test]
async fn nothing_that_names_a_patient_stands_in_any_column_on_postgresql() {
    const TABLES: [&str; 6] = [
        "SELECT CAST(t AS TEXT) FROM patient t",
        "SELECT CAST(t AS TEXT) FROM patient_user t",
        "SELECT CAST(t AS TEXT) FROM mandate t",
        "SELECT CAST(t AS TEXT) FROM one_time_code t",
        "SELECT CAST(t AS TEXT) FROM session t",
        "SELECT CAST(t AS TEXT) FROM audit_line t",
    ];
    for house in houses().await.into_iter().filter(|house| house.engine == "PostgreSQL") {
        let token = house.signed_in(NOW).await;
        let mut tx = house.db.read().await.unwrap();
        let mut all = String::new();
        for table in TABLES {
            for row in tx.rows(table, db::args![]).await.unwrap() {
                all.push_str(&row.text(0).unwrap());
            }
        }
        assert!(all.contains("activated"), "the rows are the right ones");
        // Bytes print in hexadecimal.
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        for canary in CANARIES.into_iter().chain([token.as_str()]) {
            assert!(!all.contains(canary) && !all.contains(&hex(canary)), "{canary} stands in clear");
        }
    }
}
