//! The house keeps its plan: arrows, purity, one place for each kind of thing, true documents.
//!
//! Manifests and sources are read as text. What a rule forbids is shown with its file and line.

mod source;

use source::{Source, files, product, root};
use std::collections::{BTreeMap, BTreeSet};

/// Every room and the rooms it may use. An arrow that is not here is a decision: write an ADR.
const ARROWS: [(&str, &[&str]); 19] = [
    ("names", &[]),
    ("policy", &["names"]),
    ("wire", &["names"]),
    ("seal", &["names"]),
    ("db", &["names"]),
    ("certs", &["names"]),
    ("audit", &["names", "db"]),
    ("net", &["names", "certs", "wire"]),
    ("register", &["names", "db"]),
    // `wire` for the trait of machines that `net` pumps, and nothing of mail.
    ("ldap", &["names", "net", "register", "wire"]),
    ("fhir", &["names", "net", "register"]),
    ("directory", &["names", "seal", "db", "audit", "register"]),
    ("mailstore", &["names", "seal", "db", "audit"]),
    ("tokens", &["names", "net"]),
    ("walls", &["names", "audit", "certs", "net"]),
    (
        "relay",
        &[
            "names",
            "policy",
            "wire",
            "seal",
            "db",
            "audit",
            "certs",
            "net",
            "tokens",
            "directory",
            "mailstore",
        ],
    ),
    (
        "webmail",
        &[
            "names",
            "policy",
            "wire",
            "seal",
            "db",
            "audit",
            "certs",
            "net",
            "directory",
            "mailstore",
            "tokens",
            "relay",
            "walls",
        ],
    ),
    (
        "admin",
        &[
            "names",
            "policy",
            "wire",
            "seal",
            "db",
            "audit",
            "certs",
            "net",
            "register",
            "directory",
            "mailstore",
            "relay",
            "walls",
        ],
    ),
    (
        "pli",
        &[
            "names",
            "policy",
            "wire",
            "seal",
            "db",
            "audit",
            "certs",
            "net",
            "register",
            "ldap",
            "fhir",
            "directory",
            "mailstore",
            "tokens",
            "relay",
            "walls",
            "webmail",
            "admin",
        ],
    ),
];

/// Rooms that compute and do nothing else: purity is a missing dependency.
const PURE: [&str; 4] = ["names", "policy", "wire", "seal"];

/// What would let a pure room wait, reach out, draw lots or keep rows.
const IMPURE: [&str; 13] = [
    "tokio",
    "sqlx",
    "rusqlite",
    "rand",
    "getrandom",
    "hyper",
    "axum",
    "reqwest",
    "lettre",
    "rustls",
    "tokio-rustls",
    "futures-util",
    "rustix",
];

/// A manifest, as far as the arrows need it.
struct Manifest {
    path: String,
    /// `wire` for `pli-wire`.
    name: String,
    dependencies: BTreeSet<String>,
    dev_dependencies: BTreeSet<String>,
    text: String,
}

fn manifests() -> Vec<Manifest> {
    let read = |(path, text): (String, String)| {
        let mut section = String::new();
        let mut name = String::new();
        let (mut dependencies, mut dev_dependencies) = (BTreeSet::new(), BTreeSet::new());
        for line in text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[') {
                section = header.trim_end_matches(']').to_owned();
                // `[dependencies.x]` would be a dependency too; nobody writes it so here.
                assert!(!section.starts_with("dependencies."), "{path}: write `x = {{ … }}` instead");
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            let key = key.trim().trim_end_matches(".workspace").to_owned();
            match section.as_str() {
                "package" if key == "name" => name = value.trim().trim_matches('"').to_owned(),
                "dependencies" | "build-dependencies" => drop(dependencies.insert(key)),
                "dev-dependencies" => drop(dev_dependencies.insert(key)),
                _ => {}
            }
        }
        let name = name.trim_start_matches("pli-").to_owned();
        Manifest { path, name, dependencies, dev_dependencies, text }
    };
    files("Cargo.toml").into_iter().map(read).collect()
}

/// Those of the workspace: all but the benches, which stand outside.
fn members() -> Vec<Manifest> {
    manifests().into_iter().filter(|manifest| !manifest.path.starts_with("benches/")).collect()
}

fn arrows() -> BTreeMap<&'static str, &'static [&'static str]> {
    ARROWS.into_iter().collect()
}

/// Says all that is wrong at once.
fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

#[test]
fn arrows_between_rooms_only_go_down() {
    let allowed = arrows();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for manifest in members() {
        // What starts whole servers stands above the house.
        if manifest.path.starts_with("tests/") {
            continue;
        }
        let Some(may_use) = allowed.get(manifest.name.as_str()) else {
            wrong.push(format!("{}: a room without a place in the table", manifest.path));
            continue;
        };
        seen.insert(manifest.name.clone());
        let rooms = |used: &BTreeSet<String>| -> Vec<String> {
            used.iter().filter(|used| allowed.contains_key(used.as_str())).cloned().collect()
        };
        for used in rooms(&manifest.dependencies) {
            if !may_use.contains(&used.as_str()) {
                wrong.push(format!("{}: {} → {used}", manifest.path, manifest.name));
            }
        }
        // A room's tests may open a database (or itself with a feature), and nothing above it.
        for used in rooms(&manifest.dev_dependencies) {
            let own = used == manifest.name || used == "db";
            if !own && !may_use.contains(&used.as_str()) {
                wrong.push(format!("{}: tests of {} → {used}", manifest.path, manifest.name));
            }
        }
    }
    for (room, _) in ARROWS {
        if !seen.contains(room) {
            wrong.push(format!("{room} stands in the table and nowhere else"));
        }
    }
    none(&wrong, "arrows that the table does not know");
}

#[test]
fn the_table_of_arrows_has_no_circle() {
    let allowed = arrows();
    for (room, _) in ARROWS {
        let mut waiting: Vec<&str> = allowed[room].to_vec();
        let mut reached = BTreeSet::new();
        while let Some(next) = waiting.pop() {
            assert_ne!(next, room, "{room} reaches itself");
            if reached.insert(next) {
                waiting.extend(allowed[next]);
            }
        }
    }
    assert!(
        !allowed["mailstore"].contains(&"directory") && !allowed["directory"].contains(&"mailstore"),
        "a rule that needs both is a policy over a snapshot"
    );
}

#[test]
fn pure_rooms_list_nothing_that_waits_or_reaches_out() {
    let mut wrong = Vec::new();
    for manifest in members().iter().filter(|manifest| PURE.contains(&manifest.name.as_str())) {
        let all = manifest.dependencies.iter().chain(&manifest.dev_dependencies);
        for used in all.filter(|used| IMPURE.contains(&used.as_str())) {
            wrong.push(format!("{} lists {used}", manifest.path));
        }
    }
    none(&wrong, "purity is a missing dependency");
}

#[test]
fn pure_rooms_open_no_file_and_no_socket() {
    // `seal` reads the file of master keys, and nothing else: that is its one exception.
    let doors = ["std::fs", "std::net::Tcp", "std::net::Udp", "std::thread", "std::env", "Instant::now"];
    let mut wrong = Vec::new();
    for source in product() {
        let pure = ["directory/names", "relay/policy", "relay/wire", "mailstore/seal"];
        if !pure.contains(&source.room()) || source.path == "mailstore/seal/src/master.rs" {
            continue;
        }
        for door in doors {
            wrong.extend(places(&source, door));
        }
    }
    none(&wrong, "pure rooms compute");
}

#[test]
fn only_the_floor_knows_the_database_driver() {
    let mut wrong = Vec::new();
    for manifest in manifests() {
        let all = manifest.dependencies.iter().chain(&manifest.dev_dependencies);
        if manifest.name != "db" && all.into_iter().any(|used| used == "sqlx" || used == "rusqlite") {
            wrong.push(manifest.path);
        }
    }
    none(&wrong, "a driver is listed outside db");
}

#[test]
fn sql_stands_only_in_the_rooms_that_keep_tables() {
    let mut wrong = Vec::new();
    for source in product() {
        let keeps = ["db", "audit", "directory", "directory/register", "mailstore"].contains(&source.room())
            || source.path.starts_with("relay/src/alerts/")
            || source.path.starts_with("relay/src/queue/")
            || source.path == "relay/src/sending/store.rs"
            || source.path.starts_with("relay/src/visible/");
        if keeps {
            continue;
        }
        for (line, literal) in &source.strings {
            let start = literal.trim_start();
            let shapes = [
                ("SELECT ", " FROM "),
                ("INSERT INTO ", " ("),
                ("UPDATE ", " SET "),
                ("DELETE FROM ", ""),
                ("CREATE TABLE ", ""),
            ];
            if shapes.iter().any(|(verb, then)| start.starts_with(verb) && start.contains(then)) {
                wrong.push(format!("{}:{line}: {}", source.path, start.lines().next().unwrap_or_default()));
            }
        }
    }
    none(&wrong, "SQL outside the rooms that keep tables");
}

#[test]
fn three_digit_codes_of_smtp_stand_only_in_reply_rs() {
    let mut wrong = Vec::new();
    for source in product() {
        let reply = ["relay/wire/src/smtp/reply.rs", "relay/policy/src/reply.rs"];
        // Pages answer with HTTP codes of their own.
        if reply.contains(&source.path.as_str()) || source.room() == "webmail" {
            continue;
        }
        for (line, literal) in &source.strings {
            let head = literal.as_bytes();
            let code = head.len() > 3
                && matches!(head[0], b'2' | b'4' | b'5')
                && head[1..3].iter().all(u8::is_ascii_digit)
                && matches!(head[3], b' ' | b'-');
            if code {
                wrong.push(format!("{}:{line}: \"{literal}\"", source.path));
            }
        }
        for call in ["Reply::new(", "code:"] {
            for (place, _) in source.code.match_indices(call) {
                let after = source.code[place + call.len()..].trim_start();
                if after.len() > 3 && after.as_bytes()[..3].iter().all(u8::is_ascii_digit) {
                    wrong.push(format!("{}:{}: {call}{}", source.path, source.line(place), &after[..3]));
                }
            }
        }
    }
    none(&wrong, "a rule is data; only a reply.rs turns it into a code");
}

#[test]
fn nobody_reads_the_clock_but_assembly() {
    let mut wrong = Vec::new();
    for source in product().iter().filter(|source| source.path != "src/assembly.rs") {
        for reading in ["SystemTime::now", "UNIX_EPOCH.elapsed", "Zoned::now", "jiff::Timestamp::now"] {
            wrong.extend(places(source, reading));
        }
    }
    none(&wrong, "time is an argument");
}

#[test]
fn nobody_draws_lots_but_assembly() {
    let mut wrong = Vec::new();
    for source in product().iter().filter(|source| source.path != "src/assembly.rs") {
        for draw in ["SystemRandom::new", "rand::fill", "rand::random", "thread_rng", "getrandom("] {
            wrong.extend(places(source, draw));
        }
    }
    none(&wrong, "chance is an argument");
}

/// Where French may stand in code: pages, words of ours for people, and what reads French letters.
const FRENCH: &[(&str, &str)] = &[
    ("webmail/", "the patient's pages"),
    ("admin/src/console/", "the administrators' pages"),
    ("relay/policy/src/refusal.rs", "a refusal has its sentence in both languages"),
    ("relay/policy/src/placing.rs", "a refusal has its sentence in both languages"),
    ("relay/policy/src/grant.rs", "so has what allows a letter"),
    ("relay/policy/src/decision.rs", "so has a warning"),
    ("relay/policy/src/filing/", "kinds of document by their French names; dates written in French"),
    ("relay/src/intake/", "reads the marks of French answers and forwards"),
    ("relay/wire/src/mime/compose.rs", "reads them too"),
    ("relay/wire/src/imap/alias.rs", "French names that mail programs have for the folders everybody has"),
    ("relay/src/alerts/email.rs", "the name that notices come from"),
    ("relay/src/announce/", "letters and e-mails about a patient's profile"),
    ("relay/src/web.rs", "the last line of a letter that somebody else wrote"),
    ("certs/src/authority.rs", "the name of the throwaway authority, shown by browsers"),
    ("src/demo", "the invented people, and how they are shown"),
    ("src/cmd/demo.rs", "the demonstration's own words"),
];

#[test]
fn french_stands_in_its_own_places() {
    let accented =
        |literal: &str| literal.chars().any(|letter| "àâäçéèêëîïôöùûüÿœæÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ".contains(letter));
    let mut wrong = Vec::new();
    for source in product() {
        let own_place = FRENCH.iter().any(|(place, _)| source.path.starts_with(place))
            || source.path.ends_with("/texts.rs");
        if own_place {
            continue;
        }
        for (line, literal) in source.strings.iter().filter(|(_, literal)| accented(literal)) {
            wrong.push(format!("{}:{line}: \"{literal}\"", source.path));
        }
    }
    none(&wrong, "sentences for people stand in texts.rs, templates and relay/texts");
}

#[test]
fn every_room_documents_what_it_offers_and_obeys_the_common_lints() {
    let mut wrong = Vec::new();
    for manifest in members() {
        if !manifest.text.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{}: no `[lints] workspace = true`", manifest.path));
        }
        let folder = manifest.path.trim_end_matches("Cargo.toml");
        let Ok(root_file) = std::fs::read_to_string(root().join(folder).join("src/lib.rs")) else {
            continue; // the stories have nothing to offer
        };
        if !root_file.starts_with("//! ") {
            wrong.push(format!("{folder}src/lib.rs does not say its duty in its first line"));
        }
        if !root_file.contains("#![warn(missing_docs)]") {
            wrong.push(format!("{folder}src/lib.rs does not ask for documentation"));
        }
    }
    none(&wrong, "rooms without rules");
}

#[test]
fn every_file_says_its_one_thing_in_its_first_line() {
    let wrong: Vec<String> = product()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path.clone())
        .collect();
    none(&wrong, "files that do not say what they are for");
}

// Documents.

const RFC_LIST: &str = "docs/rfc.md";

fn document(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Numbers after `RFC `, with the place of each.
fn rfc_numbers(text: &str) -> BTreeSet<u32> {
    let numbers = text.match_indices("RFC ").map(|(place, _)| {
        let rest = &text[place + 4..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse().ok()
    });
    numbers.flatten().collect()
}

/// Files that may cite: code, schemas, seeds and the written conversations.
fn citing() -> Vec<(String, String)> {
    let mut all = files(".rs");
    all.extend(files(".sql"));
    all.extend(files("people.toml"));
    all.extend(files(".txt").into_iter().filter(|(path, _)| path.starts_with("tests/transcripts/")));
    all
}

#[test]
fn the_list_of_rfcs_is_that_of_the_code() {
    let mut cited: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in citing() {
        for number in rfc_numbers(&text) {
            cited.entry(number).or_default().insert(path.clone());
        }
    }
    let mut wrong = Vec::new();
    let mut listed = BTreeSet::new();
    let list = document(RFC_LIST);
    for row in list.lines().filter(|line| line.starts_with("| RFC ") && !line.starts_with("| RFC |")) {
        let Some(number) = rfc_numbers(row).into_iter().next() else {
            wrong.push(format!("a row without a number: {row}"));
            continue;
        };
        if !listed.insert(number) {
            wrong.push(format!("RFC {number} is listed twice"));
        }
        let in_code = cited.get(&number).cloned().unwrap_or_default();
        if in_code.is_empty() {
            wrong.push(format!("RFC {number} is listed, and no code cites it"));
        }
        let named: BTreeSet<String> = quoted(row).into_iter().filter(|word| word.contains('/')).collect();
        if named.is_disjoint(&in_code) {
            wrong.push(format!("RFC {number}: none of the files of its row cites it"));
        }
    }
    for (number, paths) in &cited {
        if !listed.contains(number) {
            wrong.push(format!(
                "RFC {number} is cited in {} and not listed",
                paths.iter().next().expect("cited")
            ));
        }
    }
    none(&wrong, "docs/rfc.md is not true");
}

/// The rules of a file of `policy`: variant, id, French, English, in their order.
fn rules(source: &Source) -> Vec<(String, [&str; 3])> {
    let is_id = |text: &str| {
        text.contains('.') && text.bytes().all(|byte| byte.is_ascii_lowercase() || b".-".contains(&byte))
    };
    let strings: Vec<&str> = source.strings.iter().map(|(_, literal)| literal.as_str()).collect();
    let words = strings.windows(3).filter(|words| is_id(words[0]));
    let arms = source.code.match_indices("Self::").filter_map(|(place, start)| {
        let (variant, after) = source.code[place + start.len()..].split_once(" =>")?;
        let is_name = variant.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_name && after.trim_start().starts_with('(')).then(|| variant.to_owned())
    });
    arms.zip(words).map(|(variant, words)| (variant, [words[0], words[1], words[2]])).collect()
}

/// From variant to `550 5.7.1`, as the match of `policy::reply` says.
fn reply_codes(source: &Source) -> BTreeMap<String, String> {
    let numbers = |text: &str| -> Vec<String> {
        let digits = text.split(|letter: char| !letter.is_ascii_digit());
        digits.filter(|digits| !digits.is_empty()).map(str::to_owned).collect()
    };
    let segments: Vec<&str> = source.code.split("=>").collect();
    let mut codes = BTreeMap::new();
    for pair in segments.windows(2) {
        let says = pair[1].split("))").next().unwrap_or_default();
        let [code, class, subject, detail] = &numbers(says)[..] else { continue };
        // The arm's names stand behind the arm before it.
        let names = pair[0].rsplit("))").next().unwrap_or_default();
        for (place, start) in names.match_indices("Refusal::") {
            let name: String =
                names[place + start.len()..].chars().take_while(char::is_ascii_alphanumeric).collect();
            codes.insert(name, format!("{code} {class}.{subject}.{detail}"));
        }
    }
    codes
}

#[test]
fn the_page_of_refusals_is_that_of_the_rules() {
    let product = product();
    let of = |path: &str| product.iter().find(|source| source.path == path).expect("a file of policy");
    let codes = reply_codes(of("relay/policy/src/reply.rs"));
    let refusals = rules(of("relay/policy/src/refusal.rs"));
    let grants = rules(of("relay/policy/src/grant.rs"));
    let placing = rules(of("relay/policy/src/placing.rs"));
    assert!(refusals.len() > 30 && grants.len() > 5, "the rules are no longer found in the code");
    let row = |(variant, [id, french, english]): &(String, [&str; 3])| match codes.get(variant) {
        Some(code) => format!("| `{id}` | {code} | {english} | {french} |"),
        None => format!("| `{id}` | {english} | {french} |"),
    };
    let wanted: BTreeSet<String> = refusals.iter().chain(&placing).chain(&grants).map(row).collect();
    let page = document("docs/refusals.md");
    let written: BTreeSet<String> =
        page.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let mut wrong: Vec<String> =
        wanted.difference(&written).map(|row| format!("is not there: {row}")).collect();
    wrong.extend(written.difference(&wanted).map(|row| format!("is not so: {row}")));
    none(&wrong, "docs/refusals.md is not true");
}

/// RELIABILITY I-08: a search typed into a page reaches the store as a value. There is no IMAP text between them
/// into which a word could break out.
#[test]
fn i_08_the_pages_never_speak_imap() {
    let pages: Vec<Source> =
        product().into_iter().filter(|source| source.path.starts_with("webmail/")).collect();
    assert!(pages.len() > 20, "the pages are no longer found");
    let speaks = |source: &&Source| source.code.contains("imap::") || source.code.contains("ImapDoor");
    let wrong: Vec<String> = pages.iter().filter(speaks).map(|source| source.path.clone()).collect();
    none(&wrong, "pages call the store, not a mail protocol");
}

/// Words between back quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Documents that name files and functions of the house.
fn documents() -> Vec<(String, String)> {
    let all = files(".md").into_iter();
    all.filter(|(path, _)| !path.contains('/') || path.starts_with("docs/")).collect()
}

#[test]
fn documents_name_only_files_that_exist() {
    let tops: BTreeSet<String> = std::fs::read_dir(root())
        .expect("the house can be listed")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let mut wrong = Vec::new();
    for (path, text) in documents() {
        for word in quoted(&text) {
            let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
            let ours = word.split('/').next().is_some_and(|top| tops.contains(top));
            if plain && ours && word.contains('/') && !root().join(&word).exists() {
                wrong.push(format!("{path}: `{word}`"));
            }
        }
        // Links between documents.
        for (place, _) in text.match_indices("](") {
            let target = text[place + 2..].split([')', '#']).next().unwrap_or_default();
            let folder = root().join(&path).parent().expect("a document stands in a folder").to_owned();
            if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
                wrong.push(format!("{path}: link to {target}"));
            }
        }
    }
    none(&wrong, "documents name files that are not there");
}

#[test]
fn the_lives_of_letters_name_only_code_that_exists() {
    let mut words: BTreeSet<String> = BTreeSet::new();
    // For each type, every word of the files that define it or hang something on it.
    let mut about: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, text) in files(".rs").into_iter().chain(files(".sql")).chain(files(".html")) {
        let identifiers = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let identifiers: Vec<&str> = identifiers.filter(|word| !word.is_empty()).collect();
        let own: BTreeSet<String> = identifiers.iter().map(|word| (*word).to_owned()).collect();
        for pair in identifiers.windows(2) {
            if ["struct", "enum", "trait", "impl", "for", "mod"].contains(&pair[0]) {
                about.entry(pair[1].to_owned()).or_default().extend(own.iter().cloned());
            }
        }
        words.extend(own);
    }
    let mut wrong = Vec::new();
    for path in ["ARCHITECTURE.md", "docs/stolen-dump.md", "docs/secrecy-marks.md", "docs/glossaire.md"] {
        for word in quoted(&document(path)) {
            let name = word.trim_end_matches("()");
            let identifier = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte))
                && (name.contains('_') || name.contains("::") || word.ends_with("()"));
            if !identifier {
                continue;
            }
            let parts: Vec<&str> = name.split(':').filter(|part| !part.is_empty()).collect();
            for part in parts.iter().filter(|part| !words.contains(**part)) {
                wrong.push(format!("{path}: `{word}`: nothing is called {part}"));
            }
            for pair in
                parts.windows(2).filter(|pair| pair[0].starts_with(|first: char| first.is_uppercase()))
            {
                if !about.get(pair[0]).is_some_and(|words| words.contains(pair[1])) {
                    wrong.push(format!("{path}: `{word}`: {} knows no {}", pair[0], pair[1]));
                }
            }
        }
    }
    none(&wrong, "documents name code that is not there");
}

#[test]
fn nothing_written_names_the_machine_it_was_written_on() {
    // Built from pieces, so that this file does not name them.
    let paths = [["/wo", "rk/"].concat(), ["/ho", "me/"].concat(), ["/ro", "ot/"].concat()];
    let mut wrong = Vec::new();
    for ending in [".rs", ".md", ".toml", ".sql", ".html", ".txt", ".yml", ".sh"] {
        for (path, text) in files(ending) {
            for (number, line) in text.lines().enumerate() {
                if paths.iter().any(|machine| line.contains(machine)) {
                    wrong.push(format!("{path}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    none(&wrong, "paths of a machine");
}

/// Each place of `needle` in the code of a file, as `path:line: needle`.
fn places(source: &Source, needle: &str) -> Vec<String> {
    let found = source.code.match_indices(needle);
    found.map(|(place, _)| format!("{}:{}: {needle}", source.path, source.line(place))).collect()
}
