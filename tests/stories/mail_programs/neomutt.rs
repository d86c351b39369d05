//! neomutt reads, files and removes, its keys given beforehand.

use crate::mail_programs::stage::{Stage, password};
use kit::Tool;

#[test]
fn neomutt_reads_files_and_removes() {
    let stage = Stage::open("neomutt", &["inbox 4", "letter mixed", "folder Suivi"]);
    let copies = stage.house.path("copies");
    let settings = format!(
        "set ssl_ca_certificates_file=\"{root}\"\nset certificate_file=\"{root}\"\nset imap_user=\"{}\"\n\
         set imap_pass=\"{}\"\nset imap_authenticators=\"plain\"\nset folder=\"imaps://localhost:{port}/\"\n\
         set spoolfile=\"imaps://localhost:{port}/INBOX\"\nset tmpdir=\"{}\"\nset header_cache=\"\"\n\
         set message_cachedir=\"\"\nset wait_key=no\nset confirmappend=no\nset confirmcreate=no\nset move=no\n\
         set delete=yes\nset mark_old=no\nset sort=mailbox-order\nset mail_check=600\nset timeout=600\n\
         push \"<tag-pattern>~s letter<enter><tag-prefix><copy-message>{}<enter>\
         <untag-pattern>~A<enter><first-entry><save-message>=Suivi<enter>\
         <next-entry><delete-message><flag-message><sync-mailbox>\
         <search>~b Body<enter><change-folder>=Suivi<enter><display-message><exit><quit>\"\n",
        stage.login(),
        password("neomutt"),
        stage.house.path("").display(),
        copies.display(),
        port = stage.recorder.port(),
        root = stage.root(),
    );
    let rc = stage.file("neomuttrc", &settings);
    // It wants a terminal, if nobody sits there: `script` is one.
    let neomutt = format!("neomutt -n -F {}", rc.display());
    let script = Tool::new("script").args(["-qec", &neomutt, "/dev/null"]).env("TERM", "xterm");
    let _ = stage.tool(script).run().ok();
    let copies = std::fs::read_to_string(copies).unwrap();
    for number in 1..=4 {
        assert_eq!(copies.matches(&format!("Body {number}.")).count(), 1, "{copies}");
    }
    let mut client = stage.house.reader(&stage.login(), &password("neomutt")).unwrap();
    let inbox = client.run("UID FETCH 1:* FLAGS").unwrap();
    assert_eq!(inbox.len(), 3, "one was filed, one removed: {inbox:?}");
    client.run("SELECT Suivi").unwrap();
    assert!(client.letters().unwrap()[0].ends_with(b"Body 1.\r\n"));
    stage.close();
}
