//! The directory over LDAP, asked by programs that are not ours: ldapsearch and its relatives, Python's ldap3,
//! and Thunderbird when somebody types the beginning of a name.

use crate::people::{MARIE, PAUL, with_people};
use certs::{Authority, OperatorName};
use kit::{Engine, Guide, House, Outside, Plan, Ports, Ran, Thunderbird, Tool, now};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const BASE: &str = "ou=bal,o=mssante,c=fr";
const LABORATORY: &str = "laboratoire_auto@hopital-saint-roch.mssante.example";

/// How a program comes in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Clear,
    StartTls,
    Implicit,
}

/// By its number: these programs take `localhost` for the machine's own name.
fn program(house: &House, name: &str, door: Door) -> Tool {
    let tool =
        Tool::new(name).env("LDAPTLS_CACERT", house.path("tls/root.pem")).env("LDAPTLS_REQCERT", "demand");
    match door {
        Door::Clear => tool.args(["-H", &format!("ldap://127.0.0.1:{}", house.ports.ldap)]),
        Door::StartTls => tool.args(["-ZZ", "-H", &format!("ldap://127.0.0.1:{}", house.ports.ldap)]),
        Door::Implicit => tool.args(["-H", &format!("ldaps://127.0.0.1:{}", house.ports.ldaps)]),
    }
}

/// `ldapsearch` as Marie, below the base.
fn search(house: &House, more: &[&str]) -> Ran {
    program(house, "ldapsearch", Door::Implicit)
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-D", MARIE.address, "-w", MARIE.password, "-b", BASE])
        .args(more)
        .run()
}

/// Addresses of the entries found, in their order.
fn found(ran: &Ran) -> Vec<String> {
    let text = ran.text();
    let names = text.lines().filter_map(|line| line.strip_prefix("dn: mail="));
    names.map(|name| name.split(',').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn ldapsearch_finds_who_is_asked_for_on_sqlite() {
    tell(Engine::Sqlite);
}

#[test]
fn ldapsearch_finds_who_is_asked_for_on_postgresql() {
    tell(Engine::Postgres);
}

fn tell(engine: Engine) {
    let house = House::build(Plan::demo(engine));
    comes_in(&house);
    asks(&house);
    pages(&house);
    // What is known of the root, by whoever comes.
    let root = program(&house, "ldapsearch", Door::Clear)
        .args(["-x", "-LLL", "-s", "base", "-b", "", "namingContexts", "supportedExtension"])
        .run()
        .ok()
        .text();
    assert!(
        root.contains(&format!("namingContexts: {BASE}")) && root.contains("1.3.6.1.4.1.1466.20037"),
        "{root}"
    );
    let schema = program(&house, "ldapsearch", Door::Clear)
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", "cn=subschema", "attributeTypes"])
        .run()
        .ok()
        .text();
    assert!(schema.contains("NAME 'pliRpps'"), "{schema}");
    // The same sign-in, beside a search: who am I, and is it so.
    let signed = ["-x", "-D", MARIE.address, "-w", MARIE.password];
    let me = program(&house, "ldapwhoami", Door::StartTls).args(signed).run().ok().text();
    assert_eq!(me.trim(), format!("dn:mail={},{BASE}", MARIE.address));
    let name = format!("mail={},{BASE}", PAUL.address);
    let compare = |assertion: &str| {
        program(&house, "ldapcompare", Door::Implicit)
            .args(signed)
            .args([name.as_str(), assertion])
            .run()
            .code
    };
    assert_eq!((compare("sn:FERRAND"), compare("sn:Martin")), (Some(6), Some(5)));
    let change = format!("dn: {name}\nchangetype: delete\n");
    let changed = program(&house, "ldapmodify", Door::Implicit).args(signed).input(change).run();
    assert_eq!(changed.code, Some(53), "{}", changed.err);
}

/// Each row: how, as whom, with what, and the code that LDAP has for it.
fn comes_in(house: &House) {
    let named = format!("mail={},{BASE}", MARIE.address);
    for (case, door, login, password, want) in [
        ("StartTLS, by name", Door::StartTls, named.as_str(), MARIE.password, 0),
        ("StartTLS, by address", Door::StartTls, MARIE.address, MARIE.password, 0),
        ("LDAPS", Door::Implicit, MARIE.address, MARIE.password, 0),
        ("in the clear", Door::Clear, MARIE.address, MARIE.password, 13),
        ("a wrong password", Door::Implicit, MARIE.address, "rien", 49),
        ("nobody", Door::Implicit, "nobody@x.example", "rien", 49),
        ("a name without password", Door::Implicit, MARIE.address, "", 53),
        ("a stranger", Door::Implicit, "", "", 50),
    ] {
        let ran = program(house, "ldapsearch", door)
            .args(["-x", "-D", login, "-w", password, "-b", BASE, "(sn=ferrand)"])
            .run();
        assert_eq!(ran.code, Some(want), "{case}: {}{}", ran.text(), ran.err);
    }
}

fn asks(house: &House) {
    for (filter, want) in [
        ("(sn=ferrand)", &[PAUL.address][..]),
        ("(cn=ferrand paul)", &[PAUL.address]),
        (
            "(&(objectClass=inetOrgPerson)(|(cn=*lenoi*)(mail=*lenoi*)(givenName=*lenoi*)(sn=*lenoi*)))",
            &[MARIE.address],
        ),
        ("(&(title=médecin)(l=valmont*)(!(sn=lenoir)))", &[PAUL.address]),
        ("(sn~=lenior)", &[MARIE.address]),
        ("(pliSpeciality=CARDIOLOGIE)", &[PAUL.address]),
        ("(pliMailboxKind=APP)", &[LABORATORY]),
        (
            "(&(ou=cardio*)(o:caseIgnoreMatch:=hopital saint roch))",
            &["cardiologie@hopital-saint-roch.mssante.example"],
        ),
        ("(mail=laboratoire_auto@*)", &[LABORATORY]),
        ("(cn=claire moreau)", &[]),
        ("(mail=*@patient.mssante.example)", &[]),
    ] {
        let ran = search(house, &[filter, "mail"]).ok();
        assert_eq!(found(&ran), want, "{filter}");
    }
    let person = search(house, &["(sn=lenoir)"]).ok().text();
    for line in [
        "cn: Marie Lenoir",
        "displayName: Marie Lenoir",
        "pliRpps: 10099000019",
        "postalCode: 99100",
        "pliStructureId: 1990000028",
    ] {
        assert!(person.contains(line), "{line}: {person}");
    }
    for (case, arguments, want) in [
        ("the base alone", &["-s", "base"][..], 1),
        ("one level", &["-s", "one", "(mail=*)"], 7),
        ("all of it", &["-s", "sub", "(mail=*)"], 7),
    ] {
        let ran = search(house, arguments).ok();
        assert_eq!(ran.text().matches("dn: ").count(), want, "{case}");
    }
    // No attribute, all the operational ones, names without values.
    assert!(!search(house, &["(sn=lenoir)", "1.1"]).ok().text().contains("sn:"));
    assert!(search(house, &["(sn=lenoir)", "+"]).ok().text().contains("entryUUID: "));
    assert!(search(house, &["-A", "(sn=lenoir)", "sn"]).ok().text().contains("sn:\n"));
    let twisted = search(house, &["-E", "!1.2.3.4", "(sn=lenoir)"]);
    assert_eq!(twisted.code, Some(12), "a critical control that nobody knows");
}

fn pages(house: &House) {
    let all = found(&search(house, &["(mail=*)", "1.1"]).ok());
    assert_eq!(all.len(), 7, "{all:?}");
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    let paged = found(&search(house, &["-E", "pr=2/noprompt", "(mail=*)", "1.1"]).ok());
    assert_eq!(sorted(&paged), sorted(&all), "everybody, once");
    let limited = search(house, &["-z", "3", "(mail=*)", "1.1"]);
    assert_eq!(
        (limited.code, found(&limited).len()),
        (Some(4), 3),
        "as many as wanted, and that there are more"
    );
    let by_name = found(&search(house, &["-E", "sss=mail", "(mail=*)", "mail"]).ok());
    assert_eq!(by_name, sorted(&all));
    let backwards = found(&search(house, &["-E", "sss=-mail", "(mail=*)", "mail"]).ok());
    assert_eq!(backwards.iter().rev().cloned().collect::<Vec<_>>(), by_name);
    let nothing = search(house, &["-E", "!sss=nothing", "(mail=*)", "mail"]);
    assert_eq!(nothing.code, Some(12), "an order that cannot be had");
}

/// RELIABILITY D-11. `ldapsearch` asks for one window after the other as long as nobody stops it.
#[test]
fn who_leafs_through_the_directory_is_stopped_for_the_day() {
    let settings = "[limits]\ndirectory_entries = 60\n".to_owned();
    let mut house = House::build(Plan { settings, ..Plan::demo(Engine::Sqlite) });
    let by_name = found(&search(&house, &["-E", "sss=mail", "(mail=*)", "mail"]).ok());
    let windows = search(&house, &["-E", "sss=mail", "-E", "vlv=1/1/3/0", "(mail=*)", "mail"]);
    let seen = found(&windows);
    assert_eq!(seen[..3], by_name[1..4], "the window around the third");
    assert_eq!((windows.code, by_name.len() + seen.len()), (Some(11), 60), "{}", windows.err);
    let again = search(&house, &["(sn=ferrand)"]);
    assert_eq!((again.code, found(&again).len()), (Some(11), 0));
    house.kill();
    house.start();
    assert_eq!(search(&house, &["(sn=ferrand)"]).code, Some(11), "a restart gives nothing back");
    assert!(house.log().contains("very many entries"), "the operator hears of it");
}

/// What the figures have counted of refusals, by reason; reasons that never spoke are left out.
fn refusals(port: u16) -> BTreeMap<String, u64> {
    let page = Tool::new("curl").args(["--silent", "--fail", &format!("http://127.0.0.1:{port}/metrics")]);
    let page = page.run().ok().text();
    for word in [MARIE.address, "lenoir", "cabinet-lilas", "ferrand", "127.0.0.1"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
    let told = page.lines().filter_map(|line| {
        let (reason, count) = line.strip_prefix("pli_ldap_refused_total{reason=\"")?.split_once("\"} ")?;
        Some((reason.to_owned(), count.parse().ok()?))
    });
    told.filter(|(_, count)| *count > 0).collect()
}

/// RELIABILITY D-09: strangers know the root and the schema, and no entry. Each row: how, with what, the code
/// that LDAP has for it, and the reason that the figures then count.
#[test]
fn strangers_read_the_root_and_no_entry_and_every_refusal_is_counted() {
    let port = Ports::find().web;
    let settings = format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\n[limits]\ndirectory_entries = 20\n");
    let house = House::build(Plan { settings, ..Plan::demo(Engine::Sqlite) });
    let stranger = ["-x"].as_slice();
    let marie = ["-x", "-D", MARIE.address, "-w", MARIE.password].as_slice();
    let wrong = ["-x", "-D", MARIE.address, "-w", "rien"].as_slice();
    let nameless = ["-x", "-D", MARIE.address, "-w", ""].as_slice();
    let below = ["-b", BASE, "(sn=ferrand)"].as_slice();
    let everybody = ["-b", BASE, "(mail=*)", "1.1"].as_slice();
    let mut counted = BTreeMap::new();
    for (case, door, who, what, want, reason) in [
        ("the root in the clear", Door::Clear, stranger, &["-s", "base", "-b", ""][..], 0, None),
        ("the root over TLS", Door::StartTls, stranger, &["-s", "base", "-b", ""], 0, None),
        ("the schema", Door::Clear, stranger, &["-s", "base", "-b", "cn=subschema"], 0, None),
        ("an entry in the clear", Door::Clear, stranger, below, 13, Some("clear")),
        ("a password before StartTLS", Door::Clear, marie, below, 13, Some("clear")),
        ("an entry after StartTLS", Door::StartTls, stranger, below, 50, Some("anonymous")),
        ("an entry over LDAPS", Door::Implicit, stranger, below, 50, Some("anonymous")),
        ("all below the root", Door::Implicit, stranger, &["-b", ""], 50, Some("anonymous")),
        (
            "whether a name exists",
            Door::Implicit,
            stranger,
            &["-b", "mail=x@y.example"],
            50,
            Some("anonymous"),
        ),
        ("a wrong password", Door::Implicit, wrong, below, 49, Some("credentials")),
        ("a name without password", Door::Implicit, nameless, below, 53, Some("credentials")),
        ("signed in", Door::StartTls, marie, below, 0, None),
        ("no such control", Door::Implicit, marie, &["-b", BASE, "-E", "!1.2.3.4"], 12, Some("control")),
        ("no name", Door::Implicit, marie, &["-b", "nothing"], 34, Some("malformed")),
        ("more than wanted", Door::Implicit, marie, &["-z", "3", "-b", BASE, "(mail=*)"], 4, Some("size")),
        ("most of the day", Door::Implicit, marie, everybody, 0, None),
        ("the whole day", Door::Implicit, marie, everybody, 0, None),
        ("more than the day has", Door::Implicit, marie, everybody, 11, Some("quota")),
    ] {
        let ran = program(&house, "ldapsearch", door).args(who).args(what).run();
        assert_eq!(ran.code, Some(want), "{case}: {}{}", ran.text(), ran.err);
        if want != 0 && want != 4 && want != 11 {
            assert!(found(&ran).is_empty(), "{case}: {}", ran.text());
        }
        if let Some(reason) = reason {
            *counted.entry(reason.to_owned()).or_insert(0) += 1;
        }
        assert_eq!(refusals(port), counted, "{case}");
    }
    let name = format!("mail={},{BASE}", PAUL.address);
    let compared = program(&house, "ldapcompare", Door::Implicit).args(["-x", &name, "sn:Ferrand"]).run();
    assert_eq!(compared.code, Some(50), "{}", compared.err);
    let change = format!("dn: {name}\nchangetype: delete\n");
    let changed = program(&house, "ldapmodify", Door::Implicit).args(stranger).input(change).run();
    assert_eq!(changed.code, Some(53), "{}", changed.err);
    *counted.entry("anonymous".to_owned()).or_insert(0) += 1;
    counted.insert("write".to_owned(), 1);
    assert_eq!(refusals(port), counted);
}

/// Where the house lets them, strangers read what any mailbox reads, over TLS alone, and all of one network
/// share one day.
#[test]
fn where_the_house_lets_them_strangers_read_as_much_as_one_mailbox_a_day() {
    let settings = "anonymous = true\n".to_owned();
    let limits = "[limits]\ndirectory_entries = 20\n";
    let house =
        House::build(Plan { ldap: settings, settings: limits.to_owned(), ..Plan::demo(Engine::Sqlite) });
    let ask = |door: Door, more: &[&str]| {
        program(&house, "ldapsearch", door)
            .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-b", BASE])
            .args(more)
            .run()
    };
    assert_eq!(ask(Door::Clear, &["(sn=ferrand)"]).code, Some(13), "TLS comes first all the same");
    for door in [Door::StartTls, Door::Implicit] {
        assert_eq!(found(&ask(door, &["(sn=ferrand)"]).ok()), [PAUL.address]);
    }
    // Nothing of a patient, nothing that is for administrators.
    assert!(found(&ask(Door::Implicit, &["(mail=*@patient.mssante.example)"]).ok()).is_empty());
    let all = found(&ask(Door::Implicit, &["(mail=*)", "1.1"]).ok());
    let paged = found(&ask(Door::StartTls, &["-E", "pr=2/noprompt", "(mail=*)", "1.1"]).ok());
    assert_eq!((all.len(), paged.len()), (7, 7));
    let last = ask(Door::Implicit, &["(mail=*)", "1.1"]);
    assert_eq!((last.code, found(&last).len()), (Some(11), 20 - 2 - 14), "{}", last.err);
    assert_eq!(ask(Door::StartTls, &["(sn=ferrand)"]).code, Some(11), "another connection, the same day");
    assert_eq!(found(&search(&house, &["(sn=ferrand)"]).ok()), [PAUL.address], "a mailbox has its own day");
    assert!(house.log().contains("very many entries"), "the operator hears of it");
}

#[test]
fn a_machine_of_an_organisation_asks_by_certificate() {
    let authority = Authority::new("AC Organisations inventée", now()).expect("an authority can be made");
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("machines.pem");
    std::fs::write(&roots, authority.certificate_pem()).unwrap();
    let settings = format!("[machines]\nclient_roots = \"{}\"\nlists = \"off\"\n", roots.display());
    let house = House::build(Plan { settings, ..Plan::demo(Engine::Sqlite) });
    for (structure, want) in [("1990000010", 0), ("1990000028", 49)] {
        let name = OperatorName {
            common_name: "machine.example".to_owned(),
            structure: structure.to_owned(),
            organisation: "STRUCTURE INVENTÉE".to_owned(),
            department: "Bouches-du-Rhône (13)".to_owned(),
        };
        let machine = authority.client(&name, now()).expect("a certificate can be made");
        let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        let _ = std::fs::remove_file(&key);
        machine.write(&chain, &key).expect("certificates can be written");
        for door in [Door::StartTls, Door::Implicit] {
            let ran = program(&house, "ldapsearch", door)
                .env("LDAPTLS_CERT", &chain)
                .env("LDAPTLS_KEY", &key)
                .args([
                    "-Y",
                    "EXTERNAL",
                    "-Q",
                    "-LLL",
                    "-o",
                    "ldif-wrap=no",
                    "-b",
                    BASE,
                    "(sn=ferrand)",
                    "mail",
                ])
                .run();
            assert_eq!(ran.code, Some(want), "{structure}: {}{}", ran.text(), ran.err);
            assert_eq!(found(&ran).len(), usize::from(want == 0));
        }
    }
}

/// Fifty patients whose names stand nowhere else.
fn canaries() -> (String, Vec<String>) {
    let (mut people, mut names) = (String::new(), Vec::new());
    for number in 0..50_u64 {
        // A woman born abroad in 1970; the key as DOMAIN §4.6 computes it.
        let matricule = 2_700_199_980_000 + number;
        let ins = format!("{matricule}{:02}", 97 - matricule % 97);
        let name = format!("Kanarivogel{}", ('a'..='z').cycle().nth(number as usize).unwrap_or('a'))
            + &"z".repeat(number as usize / 26);
        let _ = write!(
            people,
            "[[patients]]\nins = \"{ins}\"\nbirth_name = \"{name}\"\ngiven_names = [\"Serinus\"]\n\
             birth_date = 1970-01-01\nsex = \"F\"\nemail = \"{}@courriel.example\"\nstate = \"activated\"\nsince = \"-200d\"\n",
            name.to_lowercase()
        );
        names.extend([name, ins]);
    }
    (people, names)
}

#[test]
fn ldap3_reads_everything_and_a_thousand_hostile_searches_find_no_patient() {
    let (people, names) = canaries();
    let house = House::build(with_people(Plan::demo(Engine::Sqlite), &people));
    let script = Outside::repository("tests/clients/with_ldap3.py");
    let ran = Tool::new(Outside::repository("target/ldap3/bin/python"))
        .arg(script)
        .env("ROOT", house.path("tls/root.pem"))
        .env("PORT", house.ports.ldap.to_string())
        .env("LOGIN", MARIE.address)
        .env("PASSWORD", MARIE.password)
        .env("HOSTILE", "1000")
        .env("CANARIES", names.join(","))
        .within(std::time::Duration::from_secs(240))
        .run()
        .ok();
    println!("{}", ran.text().trim());
    assert!(!house.log().contains("panicked"), "{}", house.log());
}

#[test]
fn thunderbird_completes_an_address_from_the_directory() {
    let house = House::build(Plan::demo(Engine::Sqlite));
    let guide = Guide::open(&[]);
    let folder = house.path("thunderbird");
    let mut thunderbird = Thunderbird::start(&folder, &house.path("tls/root.pem"), &guide);
    // What docs/annuaire.md has a secretary type, and the password she lets it remember.
    let uri = format!("ldaps://localhost:{}/{BASE}??sub?(objectclass=*)", house.ports.ldaps);
    let _ = thunderbird.script(&format!(
        "const {{MailServices}} = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
         const name = MailServices.ab.newAddressBook('Annuaire', {uri}, Ci.nsIAbManager.LDAP_DIRECTORY_TYPE);
         Services.prefs.setStringPref(name + '.auth.dn', {login});
         Services.prefs.setBoolPref('ldap_2.autoComplete.useDirectory', true);
         Services.prefs.setStringPref('ldap_2.autoComplete.directoryServer', name);
         const book = MailServices.ab.getDirectory('moz-abldapdirectory://' + name)
           .QueryInterface(Ci.nsIAbLDAPDirectory);
         const remembered = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo);
         remembered.init(book.lDAPURL.prePath, null, book.lDAPURL.spec, '', {password}, '', '');
         win.kept = false;
         Services.logins.addLoginAsync(remembered).then(() => {{ win.kept = true; }});
         const identity = MailServices.accounts.createIdentity();
         identity.email = {login}; identity.fullName = 'Marie Lenoir';
         const mine = MailServices.accounts.createAccount();
         mine.incomingServer = MailServices.accounts.createIncomingServer('marie', 'localhost', 'none');
         mine.addIdentity(identity);",
        uri = json!(uri),
        login = json!(MARIE.address),
        password = json!(MARIE.password),
    ));
    thunderbird.wait("the password", "return win.kept");
    let _ = thunderbird.script("win.MsgNewMessage(null)");
    let compose = "const compose = Services.wm.getMostRecentWindow('msgcompose');
                   const field = compose?.document.getElementById('toAddrInput');";
    thunderbird.wait(
        "the window of a new letter",
        &format!("{compose} return Boolean(field?.controller) && compose.document.readyState == 'complete'"),
    );
    for (typed, want) in [
        ("ferr", "Paul Ferrand <paul.ferrand@hopital-saint-roch.mssante.example>"),
        ("lenoir", "Marie Lenoir <marie.lenoir@cabinet-lilas.mssante.example>"),
        ("cardiol", "<cardiologie@hopital-saint-roch.mssante.example>"),
    ] {
        let _ = thunderbird.script(&format!(
            "{compose} compose.focus(); field.focus(); field.value = {typed};
             field.dispatchEvent(new compose.InputEvent('input', {{bubbles: true, composed: true, data: {typed}}}));
             field.controller.startSearch({typed});",
            typed = json!(typed)
        ));
        // Behind what was typed stands what it will become.
        thunderbird.wait(
            "the completion",
            &format!("{compose} return field.value.includes({want})", want = json!(want)),
        );
    }
    let _ = thunderbird.script(&format!("{compose} compose.close()"));
    thunderbird.quit();
}
