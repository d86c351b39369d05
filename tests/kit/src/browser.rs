//! Chromium, driven through `tests/browser/driver.mjs`: one line of JSON for each step and its answer.

use crate::limits::BROWSER;
use crate::outside::Outside;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// Whether pages may run scripts. Ours have none; some visitors refuse them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// As browsers do.
    Allowed,
    /// As careful people do.
    Refused,
}

/// A new, empty browser window.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// In CSS pixels.
    pub width: u32,
    /// Whether pages may run scripts.
    pub scripts: Scripts,
}

/// A running browser with one window.
pub struct Browser {
    node: Child,
    said: ChildStdin,
    answers: Receiver<Value>,
}

impl Browser {
    /// Starts Chromium with an empty profile.
    ///
    /// # Panics
    /// When Node or Chromium cannot be started.
    #[must_use]
    pub fn start(window: Window) -> Self {
        let folder = Outside::repository("tests/browser");
        let mut command = Command::new("node");
        command.arg("driver.mjs").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = command.spawn().expect("node runs (scripts/test installs what is missing)");
        let said = node.stdin.take().expect("piped above");
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
        let mut browser = Self { node, said, answers };
        browser.window(window);
        browser
    }

    /// Closes the window with all it knew, and opens another.
    pub fn window(&mut self, window: Window) {
        let scripts = window.scripts == Scripts::Allowed;
        self.step(&json!({"do": "window", "width": window.width, "scripts": scripts}));
    }

    /// Opens an address; the response's status and headers.
    pub fn open(&mut self, address: &str) -> Value {
        self.step(&json!({"do": "open", "address": address}))
    }

    /// Fills the field with this label.
    pub fn fill(&mut self, label: &str, text: &str) {
        self.step(&json!({"do": "fill", "label": label, "text": text}));
    }

    /// Ticks the box, or chooses the one of several, with this label.
    pub fn tick(&mut self, label: &str) {
        self.step(&json!({"do": "tick", "label": label}));
    }

    /// Chooses files in the field with this label.
    pub fn choose(&mut self, label: &str, files: &[&Path]) {
        let files: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
        self.step(&json!({"do": "choose", "label": label, "files": files}));
    }

    /// Chooses in the list with this label the line that reads so.
    pub fn select(&mut self, label: &str, text: &str) {
        self.step(&json!({"do": "select", "label": label, "text": text}));
    }

    /// Presses the button of this name and waits for the page behind it.
    pub fn press(&mut self, name: &str) {
        self.step(&json!({"do": "click", "role": "button", "name": name}));
    }

    /// Follows the link whose name holds this, and waits for the page behind it.
    pub fn follow(&mut self, name: &str) {
        self.step(&json!({"do": "click", "role": "link", "name": name}));
    }

    /// Whether there is a link whose name holds this.
    pub fn has_link(&mut self, name: &str) -> bool {
        self.step(&json!({"do": "count", "role": "link", "name": name}))["count"].as_u64() > Some(0)
    }

    /// Where the links whose name holds this lead.
    pub fn links(&mut self, name: &str) -> Vec<String> {
        let links = self.step(&json!({"do": "links", "name": name}));
        let links = links["links"].as_array().cloned().unwrap_or_default();
        links.iter().filter_map(|link| link.as_str().map(str::to_owned)).collect()
    }

    /// What the page says.
    pub fn text(&mut self) -> String {
        self.word(&json!({"do": "text"}), "text")
    }

    /// The page's address.
    pub fn address(&mut self) -> String {
        self.word(&json!({"do": "address"}), "address")
    }

    /// What stands in the frames of the page.
    pub fn frames(&mut self) -> Vec<(String, String)> {
        let frames = self.step(&json!({"do": "frames"}));
        let frames = frames["frames"].as_array().cloned().unwrap_or_default();
        let text = |frame: &Value, key: &str| frame[key].as_str().unwrap_or_default().to_owned();
        frames.iter().map(|frame| (text(frame, "address"), text(frame, "text"))).collect()
    }

    /// Follows the link whose name holds `name` and keeps what comes in `path`; the name proposed.
    pub fn download(&mut self, name: &str, path: &Path) -> String {
        self.word(&json!({"do": "download", "name": name, "path": path.to_string_lossy()}), "name")
    }

    /// What axe-core finds wrong on the page and in its frames.
    pub fn axe(&mut self) -> Vec<String> {
        let found = self.step(&json!({"do": "axe"}));
        let found = found["violations"].as_array().cloned().unwrap_or_default();
        found.iter().map(Value::to_string).collect()
    }

    /// Widths of the page and of the window, and every control smaller than 44 by 44 pixels, every
    /// text smaller than 18.
    pub fn measure(&mut self) -> Value {
        self.step(&json!({"do": "measure"}))
    }

    /// Changes the window's width.
    pub fn resize(&mut self, width: u32) {
        self.step(&json!({"do": "resize", "width": width}));
    }

    /// Keeps a picture of the whole page.
    pub fn picture(&mut self, path: &Path) {
        self.step(&json!({"do": "picture", "path": path.to_string_lossy()}));
    }

    /// Follows a link that opens a page of its own, and goes on there.
    pub fn follow_beside(&mut self, name: &str) {
        self.step(&json!({"do": "beside", "name": name}));
    }

    /// Closes the page that [`Browser::follow_beside`] opened, and goes on where it was left.
    pub fn back(&mut self) {
        self.step(&json!({"do": "back"}));
    }

    /// Forgets every cookie, as when a session has ended.
    pub fn forget(&mut self) {
        self.step(&json!({"do": "forget"}));
    }

    /// Knows again what [`Browser::forget`] took, as after signing in.
    pub fn remember(&mut self) {
        self.step(&json!({"do": "remember"}));
    }

    /// Every cookie the window holds.
    pub fn cookies(&mut self) -> Vec<Value> {
        self.step(&json!({"do": "cookies"}))["cookies"].as_array().cloned().unwrap_or_default()
    }

    /// Every request since the window opened: address, status, headers sent and received.
    pub fn requests(&mut self) -> Vec<Value> {
        self.step(&json!({"do": "requests"}))["requests"].as_array().cloned().unwrap_or_default()
    }

    fn word(&mut self, step: &Value, key: &str) -> String {
        self.step(step)[key].as_str().unwrap_or_default().to_owned()
    }

    fn step(&mut self, step: &Value) -> Value {
        let line = format!("{step}\n");
        self.said.write_all(line.as_bytes()).expect("the driver listens");
        let answer =
            self.answers.recv_timeout(BROWSER).unwrap_or_else(|_| panic!("the browser hangs at {step}"));
        assert!(answer["error"].is_null(), "{step}: {}", answer["error"].as_str().unwrap_or_default());
        answer
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver closes Chromium when its input ends; a second signal is for a driver that hangs.
        let _ = self.said.write_all(b"{\"do\":\"quit\"}\n");
        let _ = self.answers.recv_timeout(std::time::Duration::from_secs(10));
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}
