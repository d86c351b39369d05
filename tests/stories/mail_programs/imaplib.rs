//! Python's imaplib.

use crate::mail_programs::stage::Stage;
use kit::{Outside, Tool};

#[test]
fn imaplib_reads_marks_files_and_is_refused_politely() {
    let stage = Stage::open("imaplib", &["inbox 3", "letter mixed", "folder Suivi"]);
    let python = Tool::new("python3").arg("with_imaplib.py").folder(&Outside::repository("tests/clients"));
    let _ = stage.tool(python).run().ok();
    stage.close();
}
