//! npm's imapflow: IDLE, MOVE, UIDPLUS, CONDSTORE, QRESYNC.

use crate::mail_programs::stage::Stage;
use kit::{Outside, Tool};

#[test]
fn imapflow_reads_files_waits_and_comes_back_with_what_it_remembers() {
    let stage = Stage::open("imapflow", &["inbox 4", "letter mixed"]);
    let imapflow = || {
        let node = Tool::new("node").arg("imapflow.mjs");
        stage.tool(node.folder(&Outside::repository("tests/clients")))
    };
    let first = imapflow();
    let visit = std::thread::spawn(move || first.run().ok());
    stage.recorder.wait("it waits in IDLE", |text| {
        text.split_once(" IDLE\n").is_some_and(|(_, after)| after.contains("S: + "))
    });
    stage.happen("deliver 900");
    let remembered = visit.join().unwrap().text();
    stage.happen("run UID STORE 1 +FLAGS (\\Flagged)");
    stage.happen("run UID STORE 4 +FLAGS.SILENT (\\Deleted)");
    stage.happen("run EXPUNGE");
    let _ = imapflow().arg(remembered.trim()).run().ok();
    stage.close();
}
