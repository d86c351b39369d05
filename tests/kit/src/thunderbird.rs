//! Thunderbird on a screen that nobody sees, driven by scripts in its own windows.

use crate::guide::Guide;
use crate::limits::{BROWSER, DOORS};
use crate::marionette::Marionette;
use crate::programs::Tool;
use crate::until::{Limit, until};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running Thunderbird with an empty profile.
pub struct Thunderbird {
    screen: Child,
    display: String,
    program: Child,
    marionette: Marionette,
}

/// What keeps it at home, and quiet: every name is this machine, the web is the guide.
fn preferences(guide: &Guide) -> String {
    let quiet = [
        "app.update.enabled",
        "app.normandy.enabled",
        "datareporting.policy.dataSubmissionEnabled",
        "toolkit.telemetry.enabled",
        "mail.shell.checkDefaultClient",
        "mailnews.start_page.enabled",
        "network.captive-portal-service.enabled",
        "network.connectivity-service.enabled",
        "browser.safebrowsing.malware.enabled",
        "browser.safebrowsing.phishing.enabled",
        "extensions.update.enabled",
        "network.dns.disablePrefetchFromHTTPS",
        "mail.server.default.autosync_offline_stores",
        "mail.server.default.offline_download",
    ];
    let numbers = [
        ("marionette.port", 0),
        ("mail.rights.version", 1),
        ("network.proxy.type", 1),
        ("network.proxy.ssl_port", guide.port()),
        ("network.proxy.http_port", guide.port()),
        ("mail.server.default.max_cached_connections", 1),
    ];
    let words = [
        ("network.proxy.ssl", "127.0.0.1"),
        ("network.proxy.http", "127.0.0.1"),
        ("network.dns.forceResolve", "127.0.0.1"),
    ];
    let mut text = String::from("user_pref(\"mail.spotlight.firstRunDone\", true);\n");
    let mut set = |name: &str, value: Value| text.push_str(&format!("user_pref(\"{name}\", {value});\n"));
    quiet.into_iter().for_each(|name| set(name, json!(false)));
    numbers.into_iter().for_each(|(name, number)| set(name, json!(number)));
    words.into_iter().for_each(|(name, word)| set(name, json!(word)));
    text
}

/// What every script knows: the window, its panes, and elements in whatever shadows they stand.
const KNOWN: &str = "
const win = Services.wm.getMostRecentWindow('mail:3pane');
const tabs = win.document.getElementById('tabmail');
const pane = tabs.currentAbout3Pane;
const within = (root, wanted) => [...root.querySelectorAll(wanted)].concat(
  [...root.querySelectorAll('*')].filter((one) => one.shadowRoot).flatMap((one) => within(one.shadowRoot, wanted)));
const account = () => ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs')
  .MailServices.accounts.allServers.find((server) => server.type == 'imap');
const seen = (wanted) => within(win.document, wanted).find((one) => one.checkVisibility() && !one.disabled);
";

impl Thunderbird {
    /// Starts it in `folder`, trusting this root; `guide` is all the web it knows.
    ///
    /// # Panics
    /// When it, its screen or its certificates cannot be set up.
    #[must_use]
    pub fn start(folder: &Path, root: &Path, guide: &Guide) -> Self {
        let profile = folder.join("profile");
        std::fs::create_dir_all(&profile).expect("a folder can be made");
        let database = format!("sql:{}", profile.display());
        let certutil =
            |arguments: &[&str]| Tool::new("certutil").args(["-d", &database]).args(arguments).run().ok();
        let _ = certutil(&["-N", "--empty-password"]);
        let _ = certutil(&["-A", "-n", "stories", "-t", "CT,,", "-i", &root.to_string_lossy()]);
        std::fs::write(profile.join("user.js"), preferences(guide)).expect("a profile can be written");

        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
        screen.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut screen = screen.spawn().expect("Xvfb runs (scripts/test installs what is missing)");
        let mut number = String::new();
        let said = screen.stdout.take().expect("piped above");
        let _ = BufReader::new(said).read_line(&mut number).expect("Xvfb says its number");
        let display = format!(":{}", number.trim());

        let mut program = Command::new("thunderbird");
        program
            .args(["--marionette", "--remote-allow-system-access", "--no-remote", "--profile"])
            .arg(&profile);
        program
            .env("HOME", folder)
            .env("DISPLAY", &display)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("DBUS_SESSION_BUS_ADDRESS");
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let program = program.spawn().expect("thunderbird runs (scripts/test installs what is missing)");
        let port = until(Limit(DOORS, "Thunderbird to start"), || {
            std::fs::read_to_string(profile.join("MarionetteActivePort")).ok()?.trim().parse().ok()
        });
        let marionette = Marionette::connect(port).expect("it can be driven");
        let mut thunderbird = Self { screen, display, program, marionette };
        thunderbird.wait("its window", "return Boolean(pane?.folderTree)");
        thunderbird
    }

    /// Runs a script that knows `win`, `tabs`, `pane`, `account()` and `seen('selector')`; what it returns.
    ///
    /// # Panics
    /// When the script fails.
    pub fn script(&mut self, script: &str) -> Value {
        let whole = format!("{KNOWN}{script}");
        self.marionette.script(&whole, &json!([])).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a script returns true.
    ///
    /// # Panics
    /// When it does not in time.
    pub fn wait(&mut self, what: &'static str, script: &str) {
        until(Limit(BROWSER, what), || (self.script(script) == json!(true)).then_some(()));
    }

    /// Waits for a field that can be seen, and types into it.
    pub fn fill(&mut self, field: &str, text: &str) {
        self.wait("a field", &format!("return Boolean(seen({}))", json!(field)));
        let _ = self.script(&format!(
            "const field = seen({}); field.focus(); field.value = {};
             field.dispatchEvent(new win.InputEvent('input', {{bubbles: true, composed: true}}));
             field.dispatchEvent(new win.Event('change', {{bubbles: true}}));",
            json!(field),
            json!(text)
        ));
    }

    /// Waits for something that can be pressed, and presses it.
    pub fn press(&mut self, button: &str) {
        self.wait("a button", &format!("return Boolean(seen({}))", json!(button)));
        let _ = self.script(&format!("seen({}).click()", json!(button)));
    }

    /// Keeps a picture of the whole screen, once what the letter says is painted.
    pub fn picture(&mut self, path: &Path) {
        let _ = self.script(
            "const shown = tabs.currentAboutMessage?.getMessagePaneBrowser()?.contentWindow ?? win;
             win.painted = false;
             shown.requestAnimationFrame(() => shown.requestAnimationFrame(() => { win.painted = true; }));",
        );
        self.wait("the picture", "return win.painted");
        let _ =
            Tool::new("import").env("DISPLAY", &self.display).args(["-window", "root"]).arg(path).run().ok();
    }

    /// Closes it as a person would, and waits for its end.
    pub fn quit(mut self) {
        self.marionette.quit().expect("it can be closed");
        let program = &mut self.program;
        let _ = until(Limit(DOORS, "Thunderbird to end"), || program.try_wait().expect("our own child"));
    }
}

impl Drop for Thunderbird {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What a person would have seen.
            let path: PathBuf = std::env::temp_dir().join(format!("thunderbird-{}.png", self.program.id()));
            let _ = Command::new("import")
                .env("DISPLAY", &self.display)
                .args(["-window", "root"])
                .arg(path)
                .status();
        }
        for child in [&mut self.program, &mut self.screen] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
