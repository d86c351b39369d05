//! curl, one command at a time.

use crate::mail_programs::stage::{Stage, password};
use kit::Tool;

#[test]
fn curl_lists_fetches_appends_and_marks() {
    let stage = Stage::open("curl", &["inbox 2", "letter mixed", "folder Suivi"]);
    let at = |path: &str| format!("imaps://localhost:{}/{path}", stage.recorder.port());
    let curl = |arguments: &[&str]| {
        let curl = Tool::new("curl").args(["--silent", "--show-error", "--cacert", &stage.root()]);
        let user = format!("{}:{}", stage.login(), password("curl"));
        stage.tool(curl.args(["--user", &user]).args(arguments)).run().ok().text()
    };
    assert!(curl(&[&at("")]).contains("Suivi"));
    assert!(curl(&[&at("INBOX;MAILINDEX=1")]).ends_with("Body 1.\r\n"));
    assert!(curl(&[&at("INBOX;UID=2;SECTION=HEADER.FIELDS%20(SUBJECT)")]).starts_with("Subject: letter 2"));
    assert_eq!(curl(&[&at("INBOX"), "--request", "SEARCH SUBJECT \"letter 2\""]), "* SEARCH 2\r\n");
    assert!(curl(&[&at("INBOX"), "--request", "FETCH 3 BODYSTRUCTURE"]).to_uppercase().contains("\"MIXED\""));
    assert!(curl(&[&at("INBOX"), "--request", "STORE 1 +FLAGS (\\Flagged)"]).contains("\\Flagged"));
    let letter =
        stage.file("letter.eml", "Subject: de curl\r\nMessage-ID: <1@curl.example>\r\n\r\nTexte.\r\n");
    curl(&["--upload-file", &letter.to_string_lossy(), &at("Suivi")]);
    assert!(curl(&[&at("Suivi;UID=1")]).ends_with("Texte.\r\n"));
    assert!(curl(&[&at(""), "--request", "STATUS Suivi (MESSAGES UNSEEN)"]).contains("MESSAGES 1"));
    stage.close();
}
