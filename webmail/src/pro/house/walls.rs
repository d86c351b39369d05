//! What attackers try.

use super::*;

const PAGES: [&str; 14] = [
    "/",
    "/connexion",
    "/connexion/code",
    "/connexion/fournisseur",
    "/connexion/retour",
    "/invitation",
    "/au-revoir",
    "/mots-de-passe",
    "/delegations",
    "/sessions",
    "/journal",
    "/absent",
    "/deconnexion",
    "/icone.svg",
];
const FORMS: [&str; 11] = [
    "/connexion",
    "/connexion/code",
    "/connexion/certificat",
    "/invitation",
    "/deconnexion",
    "/mots-de-passe",
    "/mots-de-passe/retirer",
    "/delegations",
    "/delegations/fin",
    "/sessions/fin",
    "/sessions/fin-des-autres",
];

#[tokio::test]
async fn nothing_changes_without_a_token_or_from_another_site() {
    for house in houses().await {
        let mut paul = Browser::of(&house, PAUL).await;
        let mut second = Browser::of(&house, PAUL).await;
        let right = paul.get("/mots-de-passe").await.token();
        let stranger = Browser::of(&house, MARIE).await.get("/mots-de-passe").await.token();
        let ours = format!("http://{SPACE}");
        let ours = ours.as_str();
        for path in FORMS {
            for (case, token, fields) in [
                ("no token", "", vec![("origin", ours)]),
                ("a wrong token", "AAAA", vec![("origin", ours)]),
                ("somebody else's token", &stranger, vec![("origin", ours)]),
                ("another site", &right, vec![("origin", "https://evil.example")]),
                ("another site, by its own word", &right, vec![("sec-fetch-site", "cross-site")]),
                (
                    "the patients' pages",
                    &right,
                    vec![("origin", "http://localhost:8080"), ("sec-fetch-site", "same-site")],
                ),
                ("null origin", &right, vec![("origin", "null")]),
                (
                    "right origin said twice",
                    &right,
                    vec![("origin", ours), ("origin", "https://evil.example")],
                ),
            ] {
                let mut request =
                    Request::post(path).header("content-type", "application/x-www-form-urlencoded");
                for (name, value) in fields {
                    request = request.header(name, value);
                }
                let body = format!("jeton={token}&envoi=m&appareil=x&identifiant={PAUL}&personne={ANNE}");
                let answer = paul.send(request, Body::from(body)).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}: {path}: {case}", house.engine);
            }
        }
        assert_eq!(second.get("/").await.status, StatusCode::OK, "{}: still signed in", house.engine);
        let list = paul.get("/mots-de-passe").await.text();
        assert!(list.contains("Outlook de l&#39;hôpital") && !list.contains("<h3>x</h3>"), "{list}");
    }
}

#[tokio::test]
async fn every_answer_carries_its_headers_and_sets_no_cookie_of_the_patients() {
    for house in houses().await {
        for signed_in in [true, false] {
            let mut browser = if signed_in { Browser::of(&house, PAUL).await } else { Browser::new(&house) };
            let style = crate::assets::style_path();
            for path in PAGES.into_iter().chain([style.as_str()]) {
                let answer = browser.get(path).await;
                assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
                let policy = answer.header("content-security-policy");
                for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
                    assert!(policy.contains(part), "{path}: {policy}");
                }
                assert!(!policy.contains("unsafe-inline") && !policy.contains("script-src"), "{path}");
                assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
                let asset = path.ends_with(".css") || path.ends_with(".svg");
                assert_eq!(answer.header("cache-control") == "no-store", !asset, "{path}");
                let private =
                    ["/", "/mots-de-passe", "/delegations", "/sessions", "/journal"].contains(&path);
                if private && !signed_in {
                    assert_eq!(answer.header("location"), "/connexion", "{path}");
                    assert!(answer.body.is_empty(), "{path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cookie_of_the_patients_pages_and_a_doubled_one_open_nothing() {
    let house = houses().await.remove(0);
    let browser = Browser::of(&house, PAUL).await;
    let token = browser.cookie("__Host-pli-pro").unwrap();
    for (case, cookies) in [
        ("the patients' name", vec![("__Host-pli", token.as_str())]),
        ("thrown beside it", vec![("__Host-pli-pro", token.as_str()), ("__Host-pli-pro", "x")]),
        ("cut", vec![("__Host-pli-pro", &token[1..])]),
    ] {
        let cookies = cookies.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut thief = Browser { cookies, ..Browser::new(&house) };
        assert_eq!(thief.get("/").await.header("location"), "/connexion", "{case}");
    }
    for host in ["localhost:8081", "localhost:8080", "evil.example", "pro.localhost"] {
        let request = Request::get("/connexion").header("host", host);
        let answer = Browser::new(&house).send(request, Body::empty()).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(answer.body.is_empty(), "{host}");
    }
}

#[tokio::test]
async fn mail_programs_find_their_settings_under_the_names_they_try() {
    let house = houses().await.swap_remove(0);
    let ask = async |host: &str, path: &str| {
        let request = Request::builder().uri(path).header("host", host).body(Body::empty()).unwrap();
        let visitor = Visitor { address: "192.0.2.7".parse().unwrap(), certificate: None };
        house.space.answer(request, visitor).await
    };
    let settings = ask("autoconfig.cabinet.example", "/mail/config-v1.1.xml").await;
    assert_eq!(settings.status(), 200);
    assert_eq!(settings.headers()["content-type"], "text/xml; charset=utf-8");
    let profile = ask(SPACE, "/mail/apple.mobileconfig?address=a@cabinet.example").await;
    assert_eq!(profile.headers()["content-type"], "application/x-apple-aspen-config");
    assert_eq!(ask("autoconfig.elsewhere.example", "/mail/config-v1.1.xml").await.status(), 421);
    assert_eq!(ask(SPACE, "/mail/apple.mobileconfig?address=a@elsewhere.example").await.status(), 404);
}
