//! Thunderbird, told an address and a password and nothing else: it finds the doors, shows the folders, reads
//! a letter, hears of the next one by itself, and throws one away.

use crate::mail_programs::stage::{Stage, password};
use kit::{Guide, Thunderbird, setting};
use serde_json::json;

#[test]
fn thunderbird_needs_an_address_only_and_shows_the_letter() {
    let stage = Stage::open("thunderbird", &["inbox 3", "letter mixed", "folder Suivi"]);
    let guide = Guide::open(&[("autoconfig.cabinet.example", stage.house.ports.web)]);
    let folder = stage.house.path("thunderbird");
    let mut thunderbird = Thunderbird::start(&folder, &stage.house.path("tls/root.pem"), &guide);

    thunderbird.fill("#realName", "Dr A");
    thunderbird.fill("#email", &stage.login());
    thunderbird.press("#forward");
    // What it found, to be agreed with.
    thunderbird.wait("the settings it found", "return Boolean(seen('#editConfiguration'))");
    picture(&stage, &mut thunderbird, "found");
    thunderbird.press("#forward");
    thunderbird.fill("input[type=password]", &password("thunderbird"));
    thunderbird.press("#forward");
    thunderbird.wait("the account", "return Boolean(seen('#accountHubSignatureLink'))");
    let doors = thunderbird.script(
        "const server = account(); return [server.hostname, server.port, server.socketType, server.username]",
    );
    assert_eq!(doors, json!(["mail.pli.example", stage.house.ports.imaps, 3, stage.login()]));
    // It has found the door by itself. From here on the ear listens, in front of the same door.
    let _ = thunderbird.script(&format!(
        "const server = account(); server.closeCachedConnections(); server.port = {};",
        stage.recorder.port()
    ));
    thunderbird.press("#forward");

    let names = "[...pane.folderTree.querySelectorAll('.name')].map((one) => one.textContent)";
    thunderbird.wait("the folders", &format!("return {names}.includes('Suivi')"));
    let shown = thunderbird.script(&format!("return {names}.slice(0, 8)"));
    assert_eq!(
        shown,
        json!([stage.login(), "Inbox", "Drafts", "Sent", "Archives", "Spam", "Trash", "Suivi"])
    );
    // It goes to the account by itself once it is set up: whoever comes too early is sent there again.
    thunderbird.wait(
        "the inbox",
        "if (pane.gFolder?.URI.endsWith('/INBOX')) return true;
         const inbox = [...pane.folderTree.querySelectorAll('li')].find(
           (row) => row.querySelector('.name').textContent == 'Inbox');
         if (inbox && pane.folderTree.selectedRow != inbox) inbox.querySelector('.name').click();
         return false;",
    );
    let rows = |count: usize| format!("return pane.gDBView?.rowCount == {count}");
    thunderbird.wait("four letters", &rows(4));
    show(&mut thunderbird, "letter 1", "Body 1.");
    picture(&stage, &mut thunderbird, "letter");
    assert_eq!(search(&mut thunderbird, "Subject", "résultats"), json!(["Résultats"]));
    assert_eq!(search(&mut thunderbird, "Body", "été"), json!([]));
    stage
        .recorder
        .wait("IDLE", |text| text.rsplit_once(" IDLE\n").is_some_and(|(_, after)| after.contains("S: + ")));
    stage.happen("deliver 900");
    thunderbird.wait("the letter that came", &rows(5));
    show(&mut thunderbird, "letter 900", "Body 900.");
    let _ = thunderbird
        .script("pane.threadTree.table.body.focus(); pane.commandController.doCommand('cmd_delete')");
    thunderbird.wait("one letter less", &rows(4));
    stage.recorder.wait("it is thrown away", |text| text.contains("[COPYUID "));
    thunderbird.quit();
    assert!(guide.asked().iter().any(|line| line.starts_with("CONNECT autoconfig.cabinet.example:443 ")));
    stage.close();
}

/// Selects the letter with this subject and reads what stands on the screen.
fn show(thunderbird: &mut Thunderbird, subject: &str, text: &str) {
    thunderbird.wait(
        "the letter on the screen",
        &format!(
            "const message = tabs.currentAboutMessage;
             const subject = message?.document.getElementById('expandedsubjectBox')?.textContent ?? '';
             const text = message?.getMessagePaneBrowser()?.contentDocument?.body?.textContent ?? '';
             if (subject.includes({subject}) && text.includes({text})) return true;
             const rows = [...Array(pane.gDBView.rowCount).keys()];
             const row = rows.find((row) => pane.gDBView.getMsgHdrAt(row).subject == {subject});
             if (row >= 0 && pane.threadTree.selectedIndex != row) pane.threadTree.selectedIndex = row;
             return false;",
            subject = json!(subject),
            text = json!(text)
        ),
    );
}

/// Has the server search the inbox, as the window "Search Messages" does with "Run search on server"; the
/// subjects it shows.
fn search(thunderbird: &mut Thunderbird, place: &str, word: &str) -> serde_json::Value {
    let _ = thunderbird.script(&format!(
        "win.hits = []; win.searched = false;
         win.search = Cc['@mozilla.org/messenger/searchSession;1'].createInstance(Ci.nsIMsgSearchSession);
         win.search.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, pane.gFolder);
         const term = win.search.createTerm();
         const value = term.value;
         value.attrib = Ci.nsMsgSearchAttrib.{place}; value.str = {word};
         term.value = value;
         term.attrib = Ci.nsMsgSearchAttrib.{place}; term.op = Ci.nsMsgSearchOp.Contains;
         win.search.appendTerm(term);
         win.search.registerListener({{
           onSearchHit(letter) {{ win.hits.push(letter.mime2DecodedSubject); }},
           onSearchDone() {{ win.searched = true; }},
           onNewSearch() {{}},
         }});
         win.search.search(null);",
        word = json!(word),
    ));
    thunderbird.wait("what it found", "return win.searched");
    thunderbird.script("return [...win.hits]")
}

/// Pictures for people, in the folder of `PLI_PICTURES` when it is set.
fn picture(stage: &Stage, thunderbird: &mut Thunderbird, name: &str) {
    let path = stage.house.path(&format!("thunderbird-{name}.png"));
    thunderbird.picture(&path);
    if let Some(folder) = setting("PLI_PICTURES") {
        std::fs::copy(&path, std::path::Path::new(&folder).join(format!("thunderbird-{name}.png"))).unwrap();
    }
}
