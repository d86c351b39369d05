//! The example of two operators on one machine does what it says.

use kit::{Outside, Tool};
use std::net::TcpListener;

/// A base with this many free ports after it, below the range that the system lends.
fn base() -> u16 {
    let start = 20_000 + (std::process::id() % 400) as u16 * 20;
    (start..32_000)
        .step_by(20)
        .find(|base| {
            (0..14).map(|step| TcpListener::bind(("127.0.0.1", base + step))).all(|bound| bound.is_ok())
        })
        .unwrap()
}

#[test]
fn a_letter_crosses_from_one_operator_to_the_other_as_the_example_says() {
    let folder = tempfile::tempdir().unwrap();
    let base = base();
    let script = Outside::repository("deploy/two-operators/run");
    let run = Tool::new("bash").arg(script).arg(folder.path()).env("PLI", Outside::program("pli"));
    let ran = run.env("NORTH", base.to_string()).env("SOUTH", (base + 10).to_string()).run().ok();
    let out = ran.text();
    for words in ["Bonjour Paul.", "Subject: Entre deux operateurs", "delivered", "a letter was taken"] {
        assert!(out.contains(words), "no «{words}» in {out}\n{}", ran.err);
    }
    assert!(!out.contains("WRONG"), "{out}");
}
