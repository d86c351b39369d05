//! An issuer of tokens that is not ours: npm's `oidc-provider`, driven through `tests/oidc/provider.mjs`,
//! one line of JSON for each order and its answer.

use crate::limits::BROWSER;
use crate::outside::Outside;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A running issuer on a free port of the loopback.
pub struct Issuer {
    node: Child,
    orders: ChildStdin,
    answers: Receiver<Value>,
    name: String,
}

impl Issuer {
    /// Starts it.
    ///
    /// # Panics
    /// When Node or the provider cannot be started.
    #[must_use]
    pub fn start() -> Self {
        Self::start_for(None)
    }

    /// Starts it, for people who come back to this address of ours.
    ///
    /// # Panics
    /// When Node or the provider cannot be started.
    #[must_use]
    pub fn start_for(redirect: Option<&str>) -> Self {
        let mut command = Command::new("node");
        command.arg("provider.mjs").args(redirect).current_dir(Outside::repository("tests/oidc"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut node = command.spawn().expect("node runs (scripts/test installs what is missing)");
        let orders = node.stdin.take().expect("piped above");
        let out = node.stdout.take().expect("piped above");
        let (answered, answers) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            for answer in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if answered.send(answer).is_err() {
                    return;
                }
            }
        });
        let mut issuer = Self { node, orders, answers, name: String::new() };
        let first = issuer.answer();
        issuer.name =
            first["issuer"].as_str().unwrap_or_else(|| panic!("the issuer said {first}")).to_owned();
        issuer
    }

    /// As in `iss`, and where it answers.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An access token for this audience that names this person.
    #[must_use]
    pub fn token(&mut self, national_id: &str, audience: &str) -> String {
        let order = json!({"token": {"SubjectNameID": national_id}, "audience": audience});
        writeln!(self.orders, "{order}").expect("the issuer listens");
        let answer = self.answer();
        answer["token"].as_str().unwrap_or_else(|| panic!("the issuer said {answer}")).to_owned()
    }

    /// Whoever signs in by a browser from now on is this person.
    ///
    /// # Panics
    /// When the provider does not listen.
    pub fn becomes(&mut self, national_id: &str) {
        writeln!(self.orders, "{}", json!({"person": national_id})).expect("the issuer listens");
        let answer = self.answer();
        assert!(answer["error"].is_null(), "the issuer said {answer}");
    }

    fn answer(&self) -> Value {
        self.answers.recv_timeout(BROWSER).expect("the issuer answers")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // Whether it had ended already does not matter.
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}
