//! getmail takes what came and removes it; fetchmail takes what is unread and leaves it.

use crate::mail_programs::stage::{Stage, password};
use kit::Tool;

fn kept(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(stage.house.path(name)).unwrap_or_default()
}

#[test]
fn getmail_takes_each_letter_once_and_removes_it() {
    let stage = Stage::open("getmail", &["inbox 3"]);
    let settings = format!(
        "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = localhost\nport = {}\nusername = {}\npassword = {}\n\
         ca_certs = {}\nmailboxes = (\"INBOX\",)\n\n[destination]\ntype = MDA_external\npath = /usr/bin/tee\n\
         arguments = (\"-a\", \"{}\")\nallow_root_commands = true\n\n\
         [options]\ndelete = true\nread_all = false\nverbose = 1\n",
        stage.recorder.port(),
        stage.login(),
        password("getmail"),
        stage.root(),
        stage.house.path("got").display(),
    );
    let rc = stage.file("getmailrc", &settings);
    let getmail = || {
        let folder = format!("--getmaildir={}", stage.house.path("").display());
        let ran =
            stage.tool(Tool::new("getmail").arg(folder).arg(format!("--rcfile={}", rc.display()))).run().ok();
        assert!(!ran.text().contains("rror"), "{}", ran.text());
        ran.text()
    };
    assert!(getmail().contains("3 messages"));
    stage.happen("deliver 4");
    assert!(getmail().contains("1 messages"));
    let got = kept(&stage, "got");
    for number in 1..=4 {
        assert_eq!(got.matches(&format!("Subject: letter {number}\n")).count(), 1, "{got}");
        assert_eq!(got.matches(&format!("Body {number}.")).count(), 1, "{got}");
    }
    let mut client = stage.house.reader(&stage.login(), &password("getmail")).unwrap();
    assert_eq!(client.letters().unwrap().len(), 0, "taken, hence removed");
    stage.close();
}

#[test]
fn fetchmail_takes_what_is_unread_and_leaves_it_read() {
    let stage = Stage::open("fetchmail", &["inbox 3", "letter mixed"]);
    stage.happen("run UID STORE 2 +FLAGS.SILENT (\\Seen)");
    let settings = format!(
        "poll localhost protocol IMAP port {} auth password user \"{}\" password \"{}\" ssl sslcertck \
         sslcertfile \"{}\" keep mda \"/usr/bin/tee -a {}\"\n",
        stage.recorder.port(),
        stage.login(),
        password("fetchmail"),
        stage.root(),
        stage.house.path("got").display(),
    );
    let rc = stage.file("fetchmailrc", &settings);
    // It reads its settings only when nobody else can.
    let _ = Tool::new("chmod").arg("600").arg(&rc).run().ok();
    let fetchmail = || {
        let fetchmail = Tool::new("fetchmail").arg("-f").arg(&rc).arg("--nosyslog");
        stage.tool(fetchmail).env("FETCHMAILHOME", stage.house.path("")).run()
    };
    assert_eq!(fetchmail().ok().err.matches("rror").count(), 0);
    let got = kept(&stage, "got");
    for (number, times) in [(1, 1), (2, 0), (3, 1)] {
        assert_eq!(got.matches(&format!("Body {number}.")).count(), times, "{got}");
    }
    assert_eq!(fetchmail().code, Some(1), "1 is its word for: nothing is new");
    let mut client = stage.house.reader(&stage.login(), &password("fetchmail")).unwrap();
    let unread = client.run("UID SEARCH UNSEEN").unwrap();
    assert!(unread.iter().any(|line| line.line == "* SEARCH"), "{unread:?}");
    stage.close();
}
