//! These pages without a browser: who reaches what, what is told, what is refused. On both engines.

use std::net::Ipv4Addr;

use audit::Actor;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use directory::{Begun, Finished, NewAdministrator, Role, Roles, structure_reference};
use jiff::tz::TimeZone;
use mailstore::{Claims, Trace, TracedRecipient};
use names::{Address, QueueId, SECOND};
use policy::Refusal;
use totp_rs::{Builder, Secret};
use walls::{Origin, Visitor};

use crate::console::{Console, Settings};
use crate::testing::{House, NOON, full_houses};

const HOST: &str = "console.pli.example";
const CLAIRE: &str = "285059900010125";
const DOCTOR: &str = "marie.lenoir@cabinet-lilas.mssante.example";
const LILAS: &str = "990000028";
const HOSPITAL: &str = "990000010";

/// Somebody at the console.
struct Desk {
    console: Console,
    cookie: String,
    csrf: String,
}

/// What came back.
struct Shown {
    status: StatusCode,
    location: String,
    page: String,
}

fn console(house: &House) -> Console {
    let settings = Settings {
        origin: Origin::parse(&format!("https://{HOST}")).unwrap(),
        root_key: [7; 32],
        zone: TimeZone::get("Europe/Paris").unwrap(),
        house: "Pli".to_owned(),
        outside: None,
    };
    Console::new(settings, house.admin.clone(), net::Gate::new(net::Caps::default()))
}

async fn desk(house: &House, login: &str, roles: &[Role], organisations: &[&str]) -> Desk {
    let rooms = &house.admin.directory;
    let new = NewAdministrator {
        login: login.to_owned(),
        name: "Dominique Le Goff".to_owned(),
        roles: Roles::of(roles),
        organisations: organisations.iter().map(|one| structure_reference(one).unwrap()).collect(),
    };
    let invitation = rooms.add_administrator(&new, Actor::Operator, NOON).await.unwrap();
    let begun = rooms.begin_enrolment(login, &invitation.code, "Sept-Marees-58", NOON).await.unwrap();
    let Begun::Begun(token) = begun else { panic!("{begun:?}") };
    let secret = rooms.enrolling(&token, "Pli", NOON).await.unwrap().unwrap().secret;
    let telephone = Builder::new().with_secret(Secret::try_from_base32(&secret).unwrap()).build().unwrap();
    let code = telephone.generate(u64::try_from(NOON.0 / SECOND).unwrap()).to_string();
    let Finished::Enrolled(signed_in, _) = rooms.finish_enrolment(&token, &code, NOON).await.unwrap() else {
        panic!("{login} is not enrolled")
    };
    let cookie = format!("{}={}", walls::cookie::Cookie::Console.name(), signed_in.token);
    Desk { console: console(house), cookie, csrf: signed_in.csrf }
}

impl Desk {
    async fn ask(&self, method: &str, path: &str, kind: &str, body: String) -> Shown {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, HOST)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .unwrap();
        let visitor = Visitor { address: Ipv4Addr::LOCALHOST.into(), certificate: None };
        let response = self.console.answer(request, visitor).await;
        let location = response.headers().get(header::LOCATION);
        let location = location.map_or(String::new(), |to| to.to_str().unwrap().to_owned());
        let status = response.status();
        let octets = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Shown { status, location, page: String::from_utf8(octets.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Shown {
        self.ask("GET", path, "text/plain", String::new()).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let fields = [("jeton", self.csrf.as_str())].into_iter().chain(fields.iter().copied());
        let body = fields.map(|(name, value)| {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            format!("{name}={value}")
        });
        let body = body.collect::<Vec<_>>().join("&");
        self.ask("POST", path, "application/x-www-form-urlencoded", body).await
    }
}

/// A letter of the doctor to a patient that was refused.
async fn refused(house: &House) -> QueueId {
    let store = &house.admin.mailstore;
    let doctor = house.admin.directory.mailbox(&Address::parse(DOCTOR).unwrap()).await.unwrap().unwrap();
    let queue = QueueId(store.db().id(NOON));
    let trace = Trace {
        queue,
        at: NOON,
        door: "submission".to_owned(),
        account: Some(doctor.account),
        body: None,
        size: 0,
        message_id: None,
        envelope_id: None,
        sender: DOCTOR.to_owned(),
        claims: Claims::NONE,
        recipients: vec![TracedRecipient {
            address: format!("{CLAIRE}@patient.mssante.example"),
            rule: Refusal::PatientAnnounced.id().to_owned(),
            outcome: "refused".to_owned(),
            reply: "5.2.0 not open yet".to_owned(),
        }],
    };
    let unit = db::unit("trace", (store.clone(), trace), |(store, trace), tx| {
        Box::pin(store.write_traces(tx, std::slice::from_ref(trace)))
    });
    store.db().write(unit).await.unwrap();
    queue
}

#[tokio::test]
async fn every_role_reaches_its_pages_and_no_others() {
    let pages = ["/statistiques", "/lettres", "/file", "/confiance", "/patients", "/journal", "/reglages"];
    for house in full_houses().await {
        for (login, role, structures, reached) in [
            ("chef", Role::Directory, &[][..], [true, true, true, true, false, false, true]),
            ("lilas", Role::Directory, &[LILAS], [true, true, false, false, false, false, false]),
            ("support", Role::Support, &[], [false, true, false, false, true, false, false]),
            ("audit", Role::Auditor, &[], [true, true, true, true, false, true, true]),
        ] {
            let desk = desk(&house, login, &[role], structures).await;
            for (page, reached) in pages.into_iter().zip(reached) {
                let shown = desk.get(page).await;
                let wanted = if reached { StatusCode::OK } else { StatusCode::NOT_FOUND };
                assert_eq!(shown.status, wanted, "{}: {login} at {page}: {}", house.engine, shown.page);
                let in_menu = desk.get("/").await.page.contains(&format!("href=\"{page}\""));
                assert_eq!(in_menu, reached, "{}: {login} and the menu: {page}", house.engine);
            }
        }
    }
}

#[tokio::test]
async fn who_may_look_and_not_act_hears_so_and_nothing_is_changed() {
    for house in full_houses().await {
        let audit = desk(&house, "audit", &[Role::Auditor], &[]).await;
        let held = audit.post("/file", &[("quoi", "all"), ("geste", "retenir")]).await;
        assert_eq!(held.status, StatusCode::FORBIDDEN, "{}", house.engine);
        assert!(held.page.contains("Vous pouvez regarder, pas agir"), "{}", held.page);
        let list = format!(
            "--B\r\nContent-Disposition: form-data; name=\"jeton\"\r\n\r\n{}\r\n--B\r\nContent-Disposition: form-data; \
             name=\"geste\"\r\n\r\ncharger\r\n--B\r\nContent-Disposition: form-data; name=\"liste\"; filename=\"l.xml\"\
             \r\n\r\n<x/>\r\n--B--\r\n",
            audit.csrf
        );
        let kind = "multipart/form-data; boundary=B";
        let loaded = audit.ask("POST", "/confiance/liste", kind, list.clone()).await;
        assert_eq!(loaded.status, StatusCode::FORBIDDEN, "{}: {}", house.engine, loaded.page);
        let stranger = audit.ask("POST", "/confiance/liste", kind, list.replace(&audit.csrf, "x")).await;
        assert_eq!(stranger.status, StatusCode::FORBIDDEN, "{}", house.engine);
        assert!(
            stranger.page.contains("trop longtemps"),
            "{}: another's token: {}",
            house.engine,
            stranger.page
        );

        let chef = desk(&house, "chef", &[Role::Directory], &[]).await;
        let list = list.replace(&audit.csrf, &chef.csrf).replace("charger", "comparer");
        let compared = chef.ask("POST", "/confiance/liste", kind, list).await;
        assert_eq!(compared.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", house.engine);
        assert!(compared.page.contains("La liste est refusée"), "{}", compared.page);
        let find = chef.post("/patients", &[("ins", CLAIRE)]).await;
        assert_eq!(find.status, StatusCode::NOT_FOUND, "{}: a patient is no directory's", house.engine);
    }
}

#[tokio::test]
async fn a_refused_letter_is_explained_to_those_concerned_and_the_patient_is_hidden() {
    for house in full_houses().await {
        let number = refused(&house).await.to_string();
        for (login, role, structures, told, digits) in [
            ("support", Role::Support, &[][..], true, true),
            ("audit", Role::Auditor, &[], true, false),
            ("lilas", Role::Directory, &[LILAS], true, false),
            ("hopital", Role::Directory, &[HOSPITAL], false, false),
        ] {
            let desk = desk(&house, login, &[role], structures).await;
            let shown = desk.post("/lettres", &[("numero", &number), ("motif", "incident")]).await;
            let case = format!("{}: {login}: {}", house.engine, shown.page);
            assert_eq!(shown.page.contains("patient.announced"), told, "{case}");
            assert_eq!(shown.page.contains("0125@"), digits, "{case}");
            assert!(!shown.page.contains(CLAIRE), "{case}");
            let without = desk.post("/lettres", &[("numero", &number), ("motif", "")]).await;
            assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
            assert!(!without.page.contains("patient.announced"), "{case}");
        }
    }
}

#[tokio::test]
async fn support_finds_acts_and_is_bound_to_a_typed_ground() {
    for house in full_houses().await {
        let support = desk(&house, "support", &[Role::Support], &[]).await;
        for (case, fields) in [
            ("no INS", &[("ins", "28505990001012")][..]),
            ("a part of the identity", &[("nom", "Moreau"), ("prenom", ""), ("naissance", "05/05/1985")]),
            ("no date", &[("nom", "Moreau"), ("prenom", "Claire"), ("naissance", "1985")]),
        ] {
            let shown = support.post("/patients", fields).await;
            assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {case}", house.engine);
        }
        let found = support.post("/patients", &[("ins", "2 85 05 99 000 101 25")]).await;
        assert_eq!(found.status, StatusCode::SEE_OTHER, "{}: {}", house.engine, found.page);
        assert!(!found.location.contains(CLAIRE), "{}", found.location);
        let sheet = support.get(&found.location).await;
        assert!(sheet.page.contains("Claire Moreau") && sheet.page.contains("activé"), "{}", sheet.page);
        for secret in [CLAIRE, "courriel.example"] {
            assert!(!sheet.page.contains(secret), "{}: {secret}", house.engine);
        }
        let close = format!("{}/close", found.location);
        for (case, reason, number) in
            [("no reason", "", "SUP-1"), ("its own", "own", "SUP-1"), ("a name", "telephone", "Mme Moreau")]
        {
            let shown = support.post(&close, &[("motif", reason), ("dossier", number)]).await;
            assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY, "{}: {case}", house.engine);
        }
        let ground = [("motif", "telephone"), ("dossier", "SUP-1"), ("suppression", "oui")];
        let closed = support.post(&close, &ground).await;
        assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}: {}", house.engine, closed.page);
        let sheet = support.get(&closed.location).await;
        for words in ["Sa suppression est prévue", "fermé", "Rouvrir l’espace", "Sera détruit le"] {
            assert!(sheet.page.contains(words), "{}: {words}: {}", house.engine, sheet.page);
        }
        // What one agent was shown opens nothing to another.
        let other = desk(&house, "other", &[Role::Support], &[]).await;
        assert_eq!(other.get(&found.location).await.status, StatusCode::NOT_FOUND, "{}", house.engine);
    }
}

#[tokio::test]
async fn figures_and_the_trail_are_shown_and_leave_as_files() {
    for house in full_houses().await {
        let audit = desk(&house, "audit", &[Role::Auditor], &[]).await;
        let figures = audit.get("/statistiques?mois=2026-11").await;
        assert!(figures.page.contains("Chiffres de novembre 2026"), "{}", figures.page);
        let table = audit.get("/statistiques/boites.csv?mois=2026-11").await;
        assert!(table.page.starts_with("\u{feff}\"mois\";"), "{}", table.page);
        assert_eq!(audit.get("/statistiques/autre.csv").await.status, StatusCode::NOT_FOUND);
        let lilas = desk(&house, "lilas", &[Role::Directory], &[LILAS]).await;
        let own = lilas.get("/statistiques/boites.csv?mois=2026-11").await.page;
        assert!(own.contains(DOCTOR) && !own.contains("hopital-saint-roch"), "{}: {own}", house.engine);

        let opened = audit.post("/journal", &[("chaine", "patient"), ("qui", CLAIRE)]).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}: {}", house.engine, opened.page);
        assert!(!opened.location.contains(CLAIRE), "{}", opened.location);
        let chain = audit.get(&opened.location).await;
        assert!(chain.status == StatusCode::OK && !chain.page.contains(CLAIRE), "{}", chain.page);
        let again = audit.get(&opened.location).await.page;
        assert!(again.contains("Consultation par un administrateur\u{a0}: Dominique Le Goff"), "{again}");
        let export = format!("{}/export", opened.location);
        let dates = [("du", "01/11/2026"), ("au", "30/11/2026"), ("forme", "csv")];
        let taken = audit.post(&export, &dates).await.page;
        assert!(taken.starts_with("\u{feff}\"chaine\";\"numero\""), "{}: {taken}", house.engine);
        let wrong = [("du", "30/11/2026"), ("au", "01/11/2026"), ("forme", "csv")];
        assert_eq!(audit.post(&export, &wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let proof = audit.post(&format!("{}/preuve", opened.location), &[("quoi", "tout")]).await;
        assert!(proof.page.contains("aucune n’a été changée"), "{}: {}", house.engine, proof.page);
        let nobody = audit.post("/journal", &[("chaine", "boite"), ("qui", "personne@x.example")]).await;
        assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", house.engine);
    }
}
