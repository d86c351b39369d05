use super::*;

const GOOD: &str = r#"
    [server]
    hostname = "mail.pli.example"
    data = "data"
    master_keys = "keys/master"
    postmaster = "postmaster@pli.example"
    patient_domain = "patient.example"
    [tls]
    chain = "tls/chain.pem"
    key = "tls/key.pem"
    [imap]
    implicit = "0.0.0.0:993"
    [web]
    listen = "0.0.0.0:443"
    origin = "https://messagerie.example"
    files_origin = "https://pieces.example"
"#;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pli.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path)
}

#[test]
fn a_small_file_is_enough() {
    let config = load(GOOD).unwrap();
    assert_eq!(config.imap.implicit.unwrap().port(), 993);
    assert!(config.server.data.is_absolute());
    assert_eq!(config.policy, policy::Settings::default());
}

/// What operators begin with is a whole one: every door is in it, and it is read.
#[test]
fn the_example_that_operators_copy_is_read() {
    let config = load(include_str!("../../deploy/pli.toml")).unwrap();
    assert!(config.ldap.doors().implicit.is_some() && config.mx.is_some() && config.metrics.is_some());
    assert_eq!(config.mailboxes.rules(), Ok(directory::InactivityRules::default()));
    assert!(config.console.is_some() && config.fhir.is_some() && config.pro.is_some());
}

#[test]
fn keys_inside_the_data_are_found_through_links_and_detours() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("data/secret")).unwrap();
    std::os::unix::fs::symlink(at("data/secret"), at("keys")).unwrap();
    for (case, keys) in [("a link", "keys/master"), ("a detour", "tls/../data/secret/master")] {
        std::fs::create_dir_all(at("tls")).unwrap();
        std::fs::write(at("pli.toml"), GOOD.replacen("keys/master", keys, 1)).unwrap();
        let error = Config::load(&at("pli.toml")).unwrap_err().to_string();
        assert!(error.contains("inside server.data"), "{case}: {error}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (case, from, to, words) in [
        ("an unknown key", "[imap]", "[imap]\nimplict = \"x\"", "implict"),
        ("keys inside the data", "keys/master", "data/master", "inside server.data"),
        ("one origin for both", "https://pieces.example", "https://messagerie.example", "another host name"),
        ("an origin with a path", "https://pieces.example", "https://pieces.example/x", "look like"),
        (
            "the professionals' pages at the patients' host",
            "[web]",
            "[pro]\nlisten = \"0.0.0.0:8443\"\norigin = \"https://messagerie.example:8443\"\n[web]",
            "another host name",
        ),
        (
            "a provider that is nobody",
            "[web]",
            "[pro]\nlisten = \"0.0.0.0:8443\"\norigin = \"https://pro.example\"\nprovider = \"https://x.example\"\n[web]",
            "no issuer",
        ),
        (
            "one listener for both",
            "[web]",
            "[pro]\nlisten = \"0.0.0.0:443\"\norigin = \"https://pro.example\"\n[web]",
            "another address",
        ),
        (
            "the console at the patients' host",
            "[web]",
            "[console]\nlisten = \"0.0.0.0:8444\"\norigin = \"https://messagerie.example:8444\"\n[web]",
            "another host name",
        ),
        (
            "one listener for pages and console",
            "[web]",
            "[console]\nlisten = \"0.0.0.0:443\"\norigin = \"https://admin.example\"\n[web]",
            "another address",
        ),
        (
            "the console in the clear for others",
            "[web]",
            "[console]\nlisten = \"0.0.0.0:8444\"\norigin = \"http://admin.localhost:8444\"\n[web]",
            "this machine only",
        ),
        (
            "the directory in the clear for others",
            "[web]",
            "[fhir]\nlisten = \"0.0.0.0:8445\"\norigin = \"http://annuaire.localhost:8445\"\n[web]",
            "this machine only",
        ),
        (
            "a key in no header",
            "[web]",
            "[fhir]\nlisten = \"0.0.0.0:8445\"\norigin = \"https://annuaire.example\"\nkey_header = \"a b\"\n[web]",
            "key_header",
        ),
        (
            "one listener for pages and directory",
            "[web]",
            "[fhir]\nlisten = \"0.0.0.0:443\"\norigin = \"https://annuaire.example\"\n[web]",
            "another address",
        ),
        (
            "figures for everybody",
            "[web]",
            "[metrics]\nlisten = \"0.0.0.0:9580\"\n[web]",
            "metrics.open_to_others",
        ),
        (
            "a mailbox closed before it is suspended",
            "[web]",
            "[mailboxes]\nclosing_months = 15\n[web]",
            "mailboxes.closing_months",
        ),
        ("a bad domain", "patient.example", "patient", "domain name"),
        ("a bad address", "postmaster@pli.example", "postmaster", "no @"),
    ] {
        let error = load(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(words), "{case}: {error}");
    }
    assert!(Config::load(Path::new("nowhere/pli.toml")).unwrap_err().to_string().contains("pli init"));
}
