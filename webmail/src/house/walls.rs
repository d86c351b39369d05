//! What attackers try.

use super::*;

/// Every page of the application that a signed-in patient with one letter can see, and what changes
/// something.
struct Routes {
    pages: Vec<String>,
    forms: Vec<(String, bool)>,
}

async fn routes(browser: &mut Browser<'_>) -> Routes {
    let (conversation, page) = browser.first_conversation().await;
    let answer = page.all("<a class=\"bouton principal\" href=\"").remove(0);
    let choose = browser.get("/messages/nouveau").await;
    let anew = choose.all("<h3><a href=\"").remove(0);
    let search = browser.get("/pharmacies?q=lilas").await;
    let pharmacy = format!("/pharmacies/{}", search.all("<a href=\"/pharmacies/").remove(0));
    let attachment = format!("/pieces/{}", page.all("href=\"/pieces/").remove(0));
    let whole = format!("/lettres/{}", page.all("href=\"/lettres/").remove(0));
    let documents = browser.get("/documents").await;
    let document = format!("/documents/{}", documents.all("href=\"/documents/").remove(0));
    let mut pages: Vec<String> = [
        "/",
        "/connexion",
        "/connexion/code",
        "/au-revoir",
        "/profils",
        "/messages",
        "/messages/nouveau",
        "/pharmacies",
        "/pharmacies?q=lilas",
        "/documents",
        "/historique",
        "/boite-exterieure",
        "/absent",
        "/deconnexion",
        "/icone.svg",
    ]
    .map(str::to_owned)
    .into();
    pages.extend([crate::assets::style_path(), attachment, whole, document]);
    pages.extend([conversation, answer.clone(), anew.clone(), pharmacy.clone()]);
    let forms = vec![
        ("/connexion".to_owned(), false),
        ("/connexion/code".to_owned(), false),
        ("/deconnexion".to_owned(), false),
        ("/profils".to_owned(), false),
        (answer, true),
        (anew, true),
        (pharmacy, true),
    ];
    Routes { pages, forms }
}

#[tokio::test]
async fn nothing_changes_without_a_token_or_from_another_site() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Votre bilan", "<p>Bonjour</p>")).await;
    let mut browser = Browser::claire(&house).await;
    let routes = routes(&mut browser).await;
    let right = browser.get("/messages").await.token();
    let stranger =
        Browser::signed_in(&house, "jean.petit", "Quatre-Bateaux-47").await.get("/messages").await.token();
    let ours = format!("http://{APP}");
    let ours = ours.as_str();
    let cases = [
        ("no token", "", vec![("origin", ours)]),
        ("a wrong token", "AAAA", vec![("origin", ours)]),
        ("somebody else's token", &stranger, vec![("origin", ours)]),
        ("another site", &right, vec![("origin", "https://evil.example")]),
        ("another site, by its own word", &right, vec![("sec-fetch-site", "cross-site")]),
        (
            "the second origin",
            &right,
            vec![("origin", "http://files.localhost:8080"), ("sec-fetch-site", "same-site")],
        ),
        ("a sandboxed letter", &right, vec![("origin", "null")]),
        ("right origin said twice", &right, vec![("origin", ours), ("origin", "https://evil.example")]),
        ("another port", &right, vec![("origin", "http://localhost:9999")]),
    ];
    for (path, is_letter) in &routes.forms {
        for (case, token, fields) in &cases {
            let mut request = Request::post(path);
            for (name, value) in fields {
                request = request.header(*name, *value);
            }
            let (kind, body) = if *is_letter {
                let body = format!(
                    "--B\r\nContent-Disposition: form-data; name=\"jeton\"\r\n\r\n{token}\r\n\
                     --B\r\nContent-Disposition: form-data; name=\"sujet\"\r\n\r\nx\r\n\
                     --B\r\nContent-Disposition: form-data; name=\"texte\"\r\n\r\nx\r\n--B--\r\n"
                );
                ("multipart/form-data; boundary=B", body)
            } else {
                (
                    "application/x-www-form-urlencoded",
                    format!("jeton={token}&identifiant=a&mot_de_passe=b&code=1&profil=x"),
                )
            };
            let answer = browser.send(request.header("content-type", kind), Body::from(body)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {case}");
        }
        let bare =
            browser.send(Request::post(path).header("origin", ours), Body::from("{\"jeton\":1}")).await;
        assert_eq!(bare.status, StatusCode::FORBIDDEN, "{path}: JSON as nothing");
    }
    assert!(house.inbox(DOCTOR).await.is_empty() && house.inbox(PHARMACY).await.is_empty());
    assert_eq!(browser.get("/messages").await.status, StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Votre bilan", "<p>Bonjour</p>")).await;
    let mut browser = Browser::claire(&house).await;
    let routes = routes(&mut browser).await;
    for path in &routes.pages {
        let answer = browser.get(path).await;
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.status);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("form-action 'self'") && !policy.contains("unsafe-inline"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let asset = path.ends_with(".css") || path.ends_with(".svg");
        assert_eq!(answer.header("cache-control") == "no-store", !asset, "{path}");
        if answer.status == StatusCode::OK && !asset {
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        }
    }
    let (_, page) = browser.first_conversation().await;
    let frame = page.frame();
    let letter = browser.get(&frame).await;
    assert!(letter.header("content-security-policy").starts_with("sandbox allow-popups"), "{frame}");
    assert!(letter.header("content-security-policy").contains(&format!("frame-ancestors http://{APP}")));
    for path in ["/lettre/x", "/image/x", "/fichier/x/y", "/absent", "/messages"] {
        let answer = browser.get(&format!("http://{FILES}{path}")).await;
        assert!(answer.status.is_client_error(), "{path}");
        assert!(answer.header("content-security-policy").contains("sandbox"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn pages_ask_for_a_session_and_strangers_see_nothing() {
    let house = House::new().await;
    house.send(DOCTOR, CLAIRE, &letter("Votre bilan", "<p>Bonjour</p>")).await;
    let mut claire = Browser::claire(&house).await;
    let routes = routes(&mut claire).await;
    let mut nobody = Browser::new(&house);
    let mut jean = Browser::signed_in(&house, "jean.petit", "Quatre-Bateaux-47").await;
    for path in routes.pages.iter().filter(|path| path.len() > 40 && !path.ends_with(".css")) {
        assert_eq!(nobody.get(path).await.header("location"), "/connexion", "{path}");
        let hers = jean.get(path).await;
        assert_eq!(hers.status, StatusCode::NOT_FOUND, "{path}");
        let absent = jean.get(&path.replace(&path[20..30], "AAAAAAAAAA")).await;
        assert_eq!(hers.text().len(), absent.text().len(), "{path}: not yours and not there look the same");
    }
}

#[tokio::test]
async fn a_host_that_is_not_ours_gets_nothing() {
    let house = House::new().await;
    let mut browser = Browser::new(&house);
    for host in ["evil.example", "localhost", "localhost:8081", "127.0.0.1:8080", "a.localhost:8080"] {
        let answer = browser.get(&format!("http://{host}/connexion")).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(answer.body.is_empty(), "{host}");
    }
}

#[tokio::test]
async fn a_form_too_large_or_broken_is_refused_in_words() {
    let house = House::new().await;
    let mut browser = Browser::claire(&house).await;
    let huge = "x=".to_owned() + &"a".repeat(crate::limits::FORM_MAX + 1);
    let request = Request::post("/profils").header("content-type", "application/x-www-form-urlencoded");
    let answer = browser.send(request, Body::from(huge)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("Votre demande n’a pas été prise en compte"));
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = browser.send(Request::builder().method(method).uri("/messages"), Body::empty()).await;
        assert!(answer.status.is_client_error(), "{method}: {}", answer.status);
    }
}
