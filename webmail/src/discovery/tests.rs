//! Every dialect, as its programs ask.

use super::*;

const NOON: Timestamp = Timestamp(1_795_348_800_000);

fn discovery() -> Discovery {
    Discovery::new(Setup {
        domains: vec![Domain::parse("cabinet.example").unwrap(), Domain::parse("clinique.example").unwrap()],
        doors: MailDoors {
            host: "mail.pli.example".to_owned(),
            imap_implicit: Some(993),
            imap_starttls: Some(143),
            submission_implicit: Some(465),
            submission_starttls: Some(587),
        },
        space: Some("https://pro.pli.example".to_owned()),
    })
}

async fn ask(method: &str, host: &str, path: &str, body: &str) -> Option<(StatusCode, String)> {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
    let response = discovery().answer(host, request, NOON).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    Some((status, String::from_utf8(body.to_vec()).unwrap()))
}

/// The texts of the elements of this name, in order.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn thunderbird_and_k9_are_told_with_and_without_an_address_in_both_places() {
    for (host, path, login) in [
        ("autoconfig.cabinet.example", "/mail/config-v1.1.xml", "%EMAILADDRESS%"),
        (
            "autoconfig.cabinet.example",
            "/mail/config-v1.1.xml?emailaddress=jeanne.martin%40cabinet.example",
            "jeanne.martin@cabinet.example",
        ),
        ("cabinet.example", "/.well-known/autoconfig/mail/config-v1.1.xml", "%EMAILADDRESS%"),
        (
            "cabinet.example:8443",
            "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=",
            "%EMAILADDRESS%",
        ),
    ] {
        let (status, xml) = ask("GET", host, path, "").await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_eq!(texts(&xml, "domain"), ["cabinet.example"], "{path}");
        assert_eq!(texts(&xml, "port"), ["993", "143", "465", "587"]);
        assert_eq!(texts(&xml, "socketType"), ["SSL", "STARTTLS", "SSL", "STARTTLS"]);
        assert_eq!(texts(&xml, "username"), [login; 4]);
        assert_eq!(texts(&xml, "hostname"), ["mail.pli.example"; 4]);
        assert!(xml.contains("https://pro.pli.example"));
    }
}

#[tokio::test]
async fn names_that_are_not_ours_hear_nothing() {
    for host in
        ["autoconfig.other.example", "other.example", "autoconfig.autoconfig.cabinet.example", "", ":"]
    {
        assert!(ask("GET", host, "/mail/config-v1.1.xml", "").await.is_none(), "{host}");
    }
    let elsewhere = "/mail/config-v1.1.xml?emailaddress=a@other.example";
    let (status, _) = ask("GET", "autoconfig.cabinet.example", elsewhere, "").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND, "the settings of another operator's mailbox");
    let (status, _) = ask("GET", "cabinet.example", "/connexion", "").await.unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

fn question(address: &str, schema: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Autodiscover xmlns=\"http://schemas.microsoft.com/\
         exchange/autodiscover/outlook/requestschema/2006\"><Request><EMailAddress>{address}</EMailAddress>\
         <AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    )
}

const OUTLOOK: &str = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

#[tokio::test]
async fn outlook_is_told_in_any_case_of_its_path_and_with_a_dot_at_the_end_of_the_name() {
    let asked = question("jeanne.martin@cabinet.example", OUTLOOK);
    for (host, path) in [
        ("autodiscover.cabinet.example", "/autodiscover/autodiscover.xml"),
        ("autodiscover.cabinet.example.", "/Autodiscover/Autodiscover.xml"),
        ("cabinet.example", "/AutoDiscover/AutoDiscover.xml"),
    ] {
        let (status, xml) = ask("POST", host, path, &asked).await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert_eq!(texts(&xml, "Type"), ["IMAP", "IMAP", "SMTP", "SMTP"], "{host}");
        assert_eq!(texts(&xml, "Port"), ["993", "143", "465", "587"]);
        assert_eq!(texts(&xml, "Encryption"), ["SSL", "TLS", "SSL", "TLS"]);
        assert_eq!(texts(&xml, "LoginName"), ["jeanne.martin@cabinet.example"; 4]);
    }
}

#[tokio::test]
async fn what_outlook_may_not_ask_has_the_code_that_it_knows() {
    let bomb =
        "<!DOCTYPE a [<!ENTITY b \"c\">]><Autodiscover><EMailAddress>&b;</EMailAddress></Autodiscover>";
    for (what, body, code) in [
        ("nothing", String::new(), "600"),
        ("no XML", "<<<".to_owned(), "600"),
        ("a document type", bomb.to_owned(), "600"),
        ("no address", question("nobody", OUTLOOK), "600"),
        ("another operator's address", question("a@other.example", OUTLOOK), "601"),
        ("a phone's ActiveSync", question("a@cabinet.example", "mobilesync/responseschema/2006"), "601"),
    ] {
        let at = ("autodiscover.cabinet.example", "/autodiscover/autodiscover.xml");
        let (status, xml) = ask("POST", at.0, at.1, &body).await.unwrap();
        assert_eq!((status, texts(&xml, "ErrorCode")), (StatusCode::OK, vec![code.to_owned()]), "{what}");
    }
    let long = "x".repeat(DISCOVERY_BODY + 1);
    let at = ("autodiscover.cabinet.example", "/autodiscover/autodiscover.xml");
    assert_eq!(ask("POST", at.0, at.1, &long).await.unwrap().0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(texts(&ask("GET", at.0, at.1, "").await.unwrap().1, "ErrorCode"), ["600"]);
}

#[tokio::test]
async fn the_signpost_leads_to_the_question() {
    let host = "autodiscover.cabinet.example";
    for path in [
        "/autodiscover/autodiscover.json?Email=a%40cabinet.example&Protocol=Autodiscoverv1",
        "/autodiscover/autodiscover.json/v1.0/a@cabinet.example?Protocol=AutodiscoverV1&RedirectCount=1",
    ] {
        let (status, json) = ask("GET", host, path, "").await.unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(status, StatusCode::OK);
        assert_eq!(json["Url"], "https://autodiscover.cabinet.example/autodiscover/autodiscover.xml");
    }
    let (status, json) = ask("GET", host, "/autodiscover/autodiscover.json?Protocol=Ews", "").await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(json.contains("InvalidProtocol"));
    assert_eq!(
        ask("GET", host, "/autodiscover/autodiscover.jsonx", "").await.unwrap().0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_profile_is_the_same_each_time_and_another_for_another() {
    let profile = async |who: &str| {
        let path = format!("/mail/apple.mobileconfig?address={who}");
        ask("GET", "autoconfig.cabinet.example", &path, "").await.unwrap().1
    };
    let jeanne = profile("jeanne.martin@cabinet.example").await;
    assert_eq!(jeanne, profile("jeanne.martin@cabinet.example").await);
    assert_ne!(jeanne, profile("paul.durand@cabinet.example").await);
    let numbers = texts(&jeanne, "integer");
    assert_eq!(numbers, ["993", "465", "1", "1"]);
    assert!(jeanne.contains("<key>EmailAddress</key><string>jeanne.martin@cabinet.example</string>"));
    let unknown = ask("GET", "autoconfig.cabinet.example", "/mail/apple.mobileconfig", "").await.unwrap().1;
    assert!(!unknown.contains("EmailAddress"), "the device asks");
}

#[tokio::test]
async fn what_is_asked_is_never_markup_of_the_answer() {
    let path = "/mail/config-v1.1.xml?emailaddress=%22%3Cx%3E%22%40cabinet.example";
    let (_, xml) = ask("GET", "autoconfig.cabinet.example", path, "").await.unwrap();
    assert!(!xml.contains("<x>"), "{xml}");
}

#[test]
fn escapes_are_read_and_what_is_none_stays() {
    for (text, means) in
        [("a%40b", "a@b"), ("a+b", "a+b"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%C3%A9", "é")]
    {
        assert_eq!(unescape(text), means);
    }
}
