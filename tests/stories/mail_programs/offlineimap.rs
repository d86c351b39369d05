//! OfflineIMAP keeps folders of files and the house alike, both ways.

use crate::mail_programs::near::{Near, far};
use crate::mail_programs::stage::{Stage, password};
use kit::Tool;

#[test]
fn offlineimap_carries_letters_flags_and_folders_both_ways() {
    let stage = Stage::open("offlineimap", &["inbox 3", "letter mixed", "folder Suivi"]);
    let mail = stage.house.path("mail");
    std::fs::create_dir_all(&mail).unwrap();
    let settings = format!(
        "[general]\naccounts = pli\nmetadata = {}\nmaxsyncaccounts = 1\n\n\
         [Account pli]\nlocalrepository = near\nremoterepository = far\n\n\
         [Repository near]\ntype = Maildir\nlocalfolders = {}\nsep = /\n\n\
         [Repository far]\ntype = IMAP\nremotehost = localhost\nremoteport = {}\nremoteuser = {}\nremotepass = {}\n\
         ssl = yes\nsslcacertfile = {}\nauth_mechanisms = PLAIN\nmaxconnections = 1\n",
        stage.house.path("offlineimap").display(),
        mail.display(),
        stage.recorder.port(),
        stage.login(),
        password("offlineimap"),
        stage.root(),
    );
    let rc = stage.file("offlineimaprc", &settings);
    let sync = || {
        let ran = stage.tool(Tool::new("offlineimap").arg("-c").arg(&rc).args(["-u", "basic"])).run().ok();
        assert!(!ran.err.contains("ERROR"), "{}", ran.err);
    };
    sync();
    let near = Near(&mail);
    near.mark("INBOX", 0..1, 'S');
    near.discard("INBOX", 1..2);
    near.place("Suivi", 7, "S");
    stage.happen("run UID STORE 3 +FLAGS (\\Flagged)");
    stage.happen("run CREATE Loin");
    stage.happen("deliver 9");
    sync();
    sync();
    let mut client = stage.house.reader(&stage.login(), &password("offlineimap")).unwrap();
    let (near, far) = (near.all(), far(&mut client));
    assert_eq!(near, far);
    let count = |folder: &str| far.get(folder).map(std::collections::BTreeMap::len);
    assert_eq!((count("INBOX"), count("Suivi"), count("Loin")), (Some(4), Some(1), Some(0)));
    stage.close();
}
