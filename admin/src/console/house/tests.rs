use axum::http::{Request, StatusCode, header};
use directory::{MailboxState, Role};
use names::Address;

use super::*;

const PAULS: &str = "paul.ferrand@hopital-saint-roch.mssante.example";
const HOSPITAL: &str = "990000010";
const PRACTICE: &str = "990000028";

/// The page of the mailbox or person that a search finds first.
async fn found(browser: &mut Browser<'_>, words: &str) -> String {
    let page = browser.get(&format!("/?q={words}")).await;
    assert_eq!(page.status, StatusCode::OK);
    page.between("<h3><a href=\"", "\"")
}

async fn state(house: &House) -> MailboxState {
    let address = Address::parse(PAULS).unwrap();
    house.inner.admin.directory.mailbox(&address).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_invitation_a_telephone_and_nobody_comes_in_with_one_of_both() {
    for house in houses().await {
        let directory = &house.inner.admin.directory;
        let new = NewAdministrator {
            login: "claire.petit".to_owned(),
            name: "Claire Petit".to_owned(),
            roles: Roles::of(&[Role::Directory]),
            organisations: Vec::new(),
        };
        let invitation = directory.add_administrator(&new, audit::Actor::Operator, NOON).await.unwrap();
        let mut browser = Browser::new(&house);
        assert_eq!(browser.get("/").await.location(), "/connexion", "{}", house.engine());
        let typed = |password: &'static str, again: &'static str, code: &str| {
            [("identifiant", "claire.petit".to_owned()), ("invitation", code.to_owned())]
                .into_iter()
                .chain([("nouveau", password.to_owned()), ("encore", again.to_owned())])
                .collect::<Vec<_>>()
        };
        for (case, fields) in [
            ("a wrong code", typed(PASSWORD, PASSWORD, "aaaa-bbbb-cccc")),
            ("two passwords", typed(PASSWORD, "Neuf-Phares-52", &invitation.code)),
            ("a weak one", typed("phare", "phare", &invitation.code)),
        ] {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let refused = browser.submit("/invitation", "/invitation", &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {case}", house.engine());
        }
        let fields = typed(PASSWORD, PASSWORD, &invitation.code);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let begun = browser.submit("/invitation", "/invitation", &fields).await;
        assert_eq!(begun.location(), "/invitation/telephone", "{}", begun.text);
        let page = browser.get("/invitation/telephone").await;
        assert!(page.text.contains("<svg") && !page.text.contains("<?xml"), "{}", page.text);
        let secret = page.between("<code class=\"valeur\">", "</code>");
        let shown = code(&secret);
        let wrong =
            browser.submit("/invitation/telephone", "/invitation/telephone", &[("code", "000000")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let done =
            browser.submit("/invitation/telephone", "/invitation/telephone", &[("code", &shown)]).await;
        assert!(done.text.contains("Vos codes de secours"), "{}", done.text);
        let recovery = done.between("<li><code class=\"valeur\">", "</code>");
        assert_eq!(browser.get("/").await.status, StatusCode::OK, "{}", house.engine());

        // Another browser: the same code again, a wrong password with a right code, then both right.
        for (case, password, code, enters) in [
            ("replayed", PASSWORD, shown.as_str(), false),
            ("wrong", PASSWORD, "123456", false),
            ("wrong password", "Neuf-Phares-52", recovery.as_str(), false),
            ("both", PASSWORD, recovery.as_str(), true),
        ] {
            let mut browser = Browser::new(&house);
            let fields = [("identifiant", "claire.petit"), ("mot_de_passe", password)];
            let first = browser.submit("/connexion", "/connexion", &fields).await;
            assert_eq!(first.location(), "/connexion/code", "{case}: {}", first.text);
            assert_eq!(browser.get("/").await.location(), "/connexion", "the password alone");
            let second = browser.submit("/connexion/code", "/connexion/code", &[("code", code)]).await;
            assert_eq!(second.location() == "/", enters, "{}: {case}: {}", house.engine(), second.text);
            assert_eq!(browser.get("/").await.status == StatusCode::OK, enters, "{case}");
        }
    }
}

#[tokio::test]
async fn nothing_changes_without_the_pages_own_token_and_fields() {
    for house in houses().await {
        let holder = house.administrator("claire.petit", &[Role::Directory], &[]).await;
        let mut browser = Browser::of(&house, &holder);
        let mailbox = found(&mut browser, PAULS).await;
        let token = browser.get(&mailbox).await.token();
        let to = format!("{mailbox}/etat/suspendre");
        for (case, fields) in [
            ("no token", &[][..]),
            ("another's", &[("jeton", "x")]),
            ("one field more", &[("jeton", token.as_str()), ("etat", "closed")]),
            ("one twice", &[("jeton", token.as_str()), ("jeton", token.as_str())]),
        ] {
            let refused = browser.post(&to, fields).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}: {case}", house.engine());
        }
        let elsewhere = Request::post(&to).header(header::ORIGIN, "https://evil.example");
        let refused = browser.send(elsewhere, format!("jeton={token}")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(state(&house).await, MailboxState::Open, "{}", house.engine());
        let done = browser.post(&to, &[("jeton", &token)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        assert_eq!(state(&house).await, MailboxState::Suspended);
        assert!(browser.get(&done.location()).await.text.contains("La boîte est suspendue."));
    }
}

#[tokio::test]
async fn what_is_anothers_and_what_is_not_there_read_the_same() {
    for house in houses().await {
        let here = house.administrator("hopital.admin", &[Role::Directory], &[HOSPITAL]).await;
        let there = house.administrator("cabinet.admin", &[Role::Directory], &[PRACTICE]).await;
        let (mut ours, mut theirs) = (Browser::of(&house, &here), Browser::of(&house, &there));
        let mailbox = found(&mut ours, PAULS).await;
        let person = found(&mut ours, "ferrand").await;
        assert!(theirs.get(&format!("/?q={PAULS}")).await.text.contains("Aucune réponse"));
        let nothing = theirs.get("/boites/AAAAAAAAAAAAAAAA").await;
        assert_eq!(nothing.status, StatusCode::NOT_FOUND);
        // Their own references to what is not theirs, as if they had guessed the number.
        let session =
            house.inner.admin.directory.administrator_session(&there.token, NOON).await.unwrap().unwrap();
        let address = Address::parse(PAULS).unwrap();
        let found = house.inner.admin.directory.mailbox(&address).await.unwrap().unwrap();
        let guessed = house.console.hide(walls::opaque::Purpose::Mailbox, &session, &[found.account.0]);
        let holder = found.person.unwrap().id;
        let guessed_person = house.console.hide(walls::opaque::Purpose::Person, &session, &[holder.0]);
        for path in [
            mailbox,
            person,
            format!("/boites/{guessed}"),
            format!("/boites/{guessed}/etat/fermer"),
            format!("/personnes/{guessed_person}"),
            format!("/personnes/{guessed_person}/acces"),
            format!("/personnes/{guessed_person}/depart"),
            "/nulle-part".to_owned(),
        ] {
            let shown = theirs.get(&path).await;
            assert_eq!(
                (shown.status, &shown.text),
                (nothing.status, &nothing.text),
                "{}: {path}",
                house.engine()
            );
        }
        let own = theirs.get("/?q=lenoir").await.between("<h3><a href=\"", "\"");
        let token = theirs.get(&own).await.token();
        let jeton = ("jeton", token.as_str());
        for (path, fields) in [
            (format!("/boites/{guessed}/etat/fermer"), &[jeton][..]),
            (format!("/personnes/{guessed_person}/depart"), &[jeton, ("choix", "fermer")]),
        ] {
            let shown = theirs.post(&path, fields).await;
            let same = (shown.status, &shown.text) == (nothing.status, &nothing.text);
            assert!(same, "{}: {path}: {}", house.engine(), shown.text);
        }
        assert_eq!(state(&house).await, MailboxState::Open, "{}", house.engine());
        // A new mailbox under another's organisation is refused as under none.
        let fields = |structure| {
            [("type", "ORG"), ("adresse", "x@hopital-saint-roch.mssante.example"), ("structure", structure)]
        };
        let refused = theirs.submit("/boites/nouvelle", "/boites/nouvelle", &fields(HOSPITAL)).await;
        let unknown = theirs.submit("/boites/nouvelle", "/boites/nouvelle", &fields("990009999")).await;
        assert_eq!((refused.status, &refused.text), (unknown.status, &unknown.text), "{}", house.engine());
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn an_auditor_sees_and_changes_nothing() {
    for house in houses().await {
        let auditor = house.administrator("audit.interne", &[Role::Auditor], &[]).await;
        let mut browser = Browser::of(&house, &auditor);
        let mailbox = found(&mut browser, PAULS).await;
        let person = found(&mut browser, "ferrand").await;
        let page = browser.get(&mailbox).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.text.contains("Suspendre") && !page.text.contains("/fiche"), "{}", page.text);
        let token = page.token();
        for (path, fields) in [
            (format!("{mailbox}/fiche"), &[("rang", "2"), ("liste_rouge", "oui")][..]),
            (format!("{mailbox}/etat/fermer"), &[]),
            (format!("{mailbox}/membres"), &[("personne", "10099000035"), ("droits", "read")]),
            (format!("{mailbox}/membres/retirer"), &[("personne", "10099000035")]),
            (format!("{person}/depart"), &[("choix", "fermer")]),
            (format!("{person}/acces"), &[("appareils", "garder"), ("courriel", "x@courriel.example")]),
            ("/boites/nouvelle".to_owned(), &[("type", "PER")]),
        ] {
            let all: Vec<(&str, &str)> =
                [("jeton", token.as_str())].into_iter().chain(fields.to_vec()).collect();
            let refused = browser.post(&path, &all).await;
            let refuses = [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY];
            assert!(refuses.contains(&refused.status), "{}: {path}: {}", house.engine(), refused.status);
        }
        assert_eq!(state(&house).await, MailboxState::Open, "{}", house.engine());
        let shown =
            house.inner.admin.directory.mailbox(&Address::parse(PAULS).unwrap()).await.unwrap().unwrap();
        assert!(!shown.red_list && auditor.login == "audit.interne" && auditor.recovery.len() == 8);
    }
}

#[tokio::test]
async fn the_page_of_a_mailbox_says_when_it_was_used_and_what_the_house_did_about_that() {
    const SAID: [&str; 3] = ["aucune depuis son ouverture", "Avis d’inactivité", "Suspendue pour inactivité"];
    for house in houses().await {
        let auditor = house.administrator("audit.interne", &[Role::Auditor], &[]).await;
        let mut browser = Browser::of(&house, &auditor);
        let mailbox = found(&mut browser, PAULS).await;
        let (relay, rules) = (&house.inner.admin.relay, directory::InactivityRules::default());
        for (case, days, says) in [
            ("at first", 0, [true, false, false]),
            ("written to", 366, [true, true, false]),
            ("suspended", 366 + 185, [true, false, true]),
        ] {
            relay.keep_mailboxes(&rules, NOON.plus(days * names::DAY)).await.unwrap();
            let page = browser.get(&mailbox).await.text;
            assert!(page.contains("Dernière utilisation"), "{}: {case}: {page}", house.engine());
            assert_eq!(SAID.map(|words| page.contains(words)), says, "{}: {case}", house.engine());
        }
    }
}

#[tokio::test]
async fn an_application_password_is_made_shown_once_told_and_withdrawn() {
    for house in houses().await {
        let engine = house.engine();
        let holder = house.administrator("hopital.admin", &[Role::Directory], &[HOSPITAL]).await;
        let mut browser = Browser::of(&house, &holder);
        let person = found(&mut browser, "ferrand").await;
        let to = format!("{person}/mots-de-passe");
        let form = browser.get(&to).await;
        assert!(form.text.contains("s’affiche une seule fois"), "{engine}: {}", form.text);
        let (token, mark) = (form.token(), form.between("name=\"envoi\" value=\"", "\""));
        let fields = |label: &'static str| {
            [("jeton", token.clone()), ("envoi", mark.clone()), ("appareil", label.to_owned())]
        };
        let post = async |browser: &mut Browser<'_>, label| {
            let fields = fields(label);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.post(&to, &fields).await
        };
        let refused = post(&mut browser, "  ").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}: no name");
        let made = post(&mut browser, " Poste de  l’accueil ").await;
        let secret = made.between("<code class=\"valeur secret\">", "</code>");
        let directory = &house.inner.admin.directory;
        let address = Address::parse(PAULS).unwrap();
        let login = directory.verify_login(&address, &secret, NOON).await.unwrap().expect("it opens");
        let again = post(&mut browser, "Poste de l’accueil").await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}: a second click");
        assert!(again.text.contains("déjà été fait") && !again.text.contains(&secret));

        // The holder reads of it in their own mailbox, and the trail names who did it.
        let account = directory.mailbox(&address).await.unwrap().unwrap().account;
        let store = &house.inner.admin.mailstore;
        let inbox = store.folder(account, &mailstore::FolderName::parse("INBOX").unwrap()).await.unwrap();
        assert_eq!(inbox.messages, 1, "{engine}");
        let page = browser.get(&person).await;
        assert!(page.text.contains("Poste de l’accueil"), "{engine}: {}", page.text);
        assert!(page.text.contains("Moyen de connexion créé"), "{engine}: {}", page.text);
        // Behind the one that the people of the demonstration have from the beginning.
        let ours = page.text.split("Poste de l’accueil").nth(1).unwrap();
        let device = ours.split("name=\"appareil\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let gone = browser.submit(&person, &format!("{to}/retirer"), &[("appareil", device)]).await;
        assert!(browser.get(&gone.location()).await.text.contains("Le mot de passe est retiré"));
        assert!(directory.verify_login(&address, &secret, NOON).await.unwrap().is_none(), "{engine}");
        drop(login);

        let elsewhere = house.administrator("cabinet.admin", &[Role::Directory], &[PRACTICE]).await;
        let mut theirs = Browser::of(&house, &elsewhere);
        assert_eq!(theirs.get(&to).await.status, StatusCode::NOT_FOUND, "{engine}: another's");
    }
}

#[tokio::test]
async fn a_machine_gets_its_password_and_a_team_has_none() {
    for house in houses().await {
        let engine = house.engine();
        let holder = house.administrator("hopital.admin", &[Role::Directory], &[HOSPITAL]).await;
        let mut browser = Browser::of(&house, &holder);
        let app = "automate@hopital-saint-roch.mssante.example";
        let fields = [("type", "APP"), ("adresse", app), ("structure", "")];
        let page = browser.get("/boites/nouvelle").await;
        let structure = page.text.split("<option value=\"").find(|option| option.contains("Saint-Roch"));
        let structure = structure.unwrap().split('"').next().unwrap().to_owned();
        let mut fields = fields.to_vec();
        fields[2].1 = &structure;
        for name in ["personne", "civilite", "prenom", "nom", "description", "service", "responsable"] {
            fields.push((name, ""));
        }
        let made = browser.submit("/boites/nouvelle", "/boites/nouvelle", &fields).await;
        let mailbox = made.location().split('?').next().unwrap().to_owned();
        let to = format!("{mailbox}/mots-de-passe");
        let form = browser.get(&to).await;
        let (token, mark) = (form.token(), form.between("name=\"envoi\" value=\"", "\""));
        let fields = [("jeton", token.as_str()), ("envoi", &mark), ("appareil", "Laboratoire")];
        let shown = browser.post(&to, &fields).await;
        let secret = shown.between("<code class=\"valeur secret\">", "</code>");
        let directory = &house.inner.admin.directory;
        let address = Address::parse(app).unwrap();
        assert!(directory.verify_login(&address, &secret, NOON).await.unwrap().is_some(), "{engine}");
        let page = browser.get(&mailbox).await;
        let device = page.between("name=\"appareil\" value=\"", "\"");
        browser.submit(&mailbox, &format!("{to}/retirer"), &[("appareil", &device)]).await;
        assert!(directory.verify_login(&address, &secret, NOON).await.unwrap().is_none(), "{engine}");

        let team = found(&mut browser, "cardiologie@hopital-saint-roch.mssante.example").await;
        assert!(browser.get(&team).await.text.contains("chaque membre l’ouvre avec le sien"), "{engine}");
        let none = browser.get(&format!("{team}/mots-de-passe")).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{engine}");
    }
}

#[tokio::test]
async fn a_member_comes_for_a_time() {
    for house in houses().await {
        let engine = house.engine();
        let holder = house.administrator("hopital.admin", &[Role::Directory], &[HOSPITAL]).await;
        let mut browser = Browser::of(&house, &holder);
        let team = found(&mut browser, "cardiologie@hopital-saint-roch.mssante.example").await;
        let to = format!("{team}/membres");
        let marie = |from: &'static str, until: &'static str| {
            [("personne", "10099000019"), ("droits", "read"), ("debut", from), ("fin", until)]
        };
        for (case, from, until, words) in [
            ("no day", "demain", "", "31/12/2026"),
            ("over", "", "21/11/2026", "aujourd’hui ou plus tard"),
            ("the wrong way round", "02/12/2026", "01/12/2026", "pas avant le premier"),
        ] {
            let refused = browser.submit(&team, &to, &marie(from, until)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{engine}: {case}");
            assert!(refused.text.contains(words), "{engine}: {case}: {}", refused.text);
        }
        let done = browser.submit(&team, &to, &marie("01/12/2026", "31/12/2026")).await;
        let page = browser.get(&done.location()).await;
        let said = "à partir du 1er décembre 2026, jusqu’au 31 décembre 2026 inclus";
        assert!(page.text.contains(said), "{engine}: {}", page.text);
        let identifier = page.between("name=\"personne\" value=\"", "\"");
        let gone = browser.submit(&team, &format!("{to}/retirer"), &[("personne", &identifier)]).await;
        assert!(gone.location().ends_with("fait=retrait"), "{engine}: {}", gone.text);
    }
}
