use crate::testing::read_files;

#[test]
fn wrong_rows_are_named_by_file_line_and_reason_and_stop_nobody() {
    let toml = "\
[[domains]]
domain = \"cabinet.mssante.example\"
place = \"local\"

[[people]]
id = \"123\"
given_name = \"A\"
family_name = \"B\"
[[people]]
id = \"10099000019\"
given_name = \"Marie\"
family_name = \"Lenoir\"
surname = \"x\"
[[people]]
id = \"10099000019\"
given_name = \"Marie\"

[[mailboxes]]
address = \"marie@cabinet.mssante.example\"
kind = \"PER\"
[[mailboxes]]
address = \"not an address\"
kind = \"PER\"

[[cats]]
name = \"Félix\"
";
    let seed = read_files(&[("seed.toml", toml)]);
    let faults: Vec<String> = seed.faults.iter().map(ToString::to_string).collect();
    assert_eq!(seed.domains.len(), 1);
    for want in [
        "seed.toml:5: id: is an RPPS, an ADELI, or structure/number",
        "seed.toml:9: there is no field \"surname\" in this table",
        "seed.toml:14: family_name must be given",
        "seed.toml:18: a PER has a person",
        "seed.toml:21: address: ",
        "seed.toml:25: no table is called \"cats\"",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(want)), "{want:?} is missing from {faults:#?}");
    }
    assert_eq!(faults.len(), 6, "{faults:#?}");
}

#[test]
fn csv_tables_say_the_same_as_toml() {
    let people = "\u{feff}id;civility;given_name;family_name;profession;profession_label\r\n\
        10099000019;Dr;Marie;Lenoir;10;Médecin\r\n\
        10099000027;Dr;\"Paul;Émile\";Ferrand;10;Médecin\r\n\
        10099000035;Mme;Anne\r\n\
        \r\n\
        bad;Mme;Anne;Dubreuil;;\r\n";
    let patients = "ins,birth_name,given_names,birth_date,sex,state,since\n\
        285059900010125,Fontaine,Claire; Jeanne,1985-05-12,F,created,-3d\n\
        285059900010126,Secretissime,Claire,1985-05-12,F,created,\n\
        285059900010125,Fontaine,Claire,1985-13-12,F,created,\n\
        285059900010125,Fontaine,Claire,1985-05-12,F,asleep,\n";
    let seed = read_files(&[
        ("in/people.csv", people),
        ("patients.csv", patients),
        ("dogs.csv", "a\n"),
        ("x.txt", ""),
    ]);
    assert_eq!(seed.people.len(), 2);
    assert_eq!(seed.people[1].row.given_name, "Paul;Émile");
    assert_eq!(seed.patients.len(), 1);
    assert_eq!(seed.patients[0].row.traits.given_names, ["Claire", "Jeanne"]);
    let since = crate::testing::NOW.plus(-3 * names::DAY);
    assert_eq!(seed.patients[0].row.life.created, Some(since));
    let faults: Vec<String> = seed.faults.iter().map(ToString::to_string).collect();
    let want = [
        "in/people.csv:4: 3 fields where the header has 6",
        "in/people.csv:6: id: is an RPPS, an ADELI, or structure/number",
        "patients.csv:3: ins: the check digits of the identifier are wrong",
        "patients.csv:4: birth_date: is a date like 1984-05-17",
        "patients.csv:5: state: is announced, created, activated, opposed or closed",
        "dogs.csv:1: no table is called \"dogs\"",
        "x.txt:1: a seed file is called something.toml or TABLE.csv",
    ];
    assert_eq!(faults, want);
    assert!(!faults.concat().contains("Secretissime"), "a fault quotes nobody");
}

#[test]
fn a_file_that_is_not_toml_is_one_fault_at_its_line() {
    let seed = read_files(&[("seed.toml", "[[people]]\nid = \"1\"\nname = = 2\n")]);
    assert_eq!(seed.faults.len(), 1);
    assert_eq!((seed.faults[0].line, seed.faults[0].reason.starts_with("not TOML")), (3, true));
    let seed = read_files(&[("seed.toml", "people = 3\n[domains]\nx = 1\n")]);
    assert_eq!(seed.faults.len(), 2, "{:?}", seed.faults);
}
