use std::path::PathBuf;

use super::{PatientBatch, PatientTable, Reading, TableError};
use crate::testing::{NOW, empty_houses};
use crate::{Entrance, invent_patients};

const PLAIN: Reading = Reading { entrance: None, behind: 0, batch: 4 };

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join("patients.csv");
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn batches(path: &std::path::Path, reading: Reading) -> Vec<PatientBatch> {
    let mut table = PatientTable::open(path, reading, NOW).unwrap();
    std::iter::from_fn(|| table.batch().unwrap()).collect()
}

const HEADER: &str = "ins,ins_oid,birth_name,given_names,birth_date,birth_place,sex,email,phone,postal_address,\
                      state,since,time_zone\n";
const GOOD: &str = "285059900010125,1.2.250.1.213.1.4.8,Quintard,Zélie;Anne,1985-05-12,99123,F,\
                    zelie@courriel.example,0639981234,1 rue des Lilas;01000 Bourg,created,-10d,Europe/Paris\n";

/// The good row with one field replaced.
fn with(field: &str, other: &str) -> String {
    assert!(GOOD.contains(field), "{field}");
    GOOD.replacen(field, other, 1)
}

#[test]
fn every_wrong_row_is_named_by_line_and_reason_and_the_good_ones_come() {
    let folder = Folder::new();
    let long = "x".repeat(1_001);
    let longer = "x".repeat(crate::limits::PATIENT_LINE);
    let cases: [(&str, Vec<u8>, &str); 26] = [
        ("too few fields", b"285059900010125,x\n".to_vec(), "as many fields"),
        ("too many fields", with("F,", "F,F,").into(), "as many fields"),
        ("no INS", with("285059900010125", "").into(), "ins must be given"),
        ("an INS of twelve", with("285059900010125", "285059900010").into(), "ins:"),
        ("a wrong key", with("285059900010125", "285059900010126").into(), "ins:"),
        ("an unknown authority", with(".4.8", ".4.2").into(), "ins_oid: is the OID"),
        ("no birth name", with("Quintard", " ").into(), "birth_name must be given"),
        ("no first name", with("Zélie;Anne", ";").into(), "given_names must be given"),
        ("no date of birth", with("1985-05-12", "").into(), "birth_date must be given"),
        ("a date of no calendar", with("1985-05-12", "1985-02-30").into(), "birth_date: is a date"),
        ("a date written otherwise", with("1985-05-12", "12/05/1985").into(), "birth_date: is a date"),
        ("born in the future", with("1985-05-12", "2026-11-24").into(), "birth_date: is in the future"),
        ("born at a postal code of four", with("99123", "1000").into(), "birth_place: is a code"),
        ("born in 2C", with("99123", "2C004").into(), "birth_place: is a code"),
        ("another sex code", with(",F,", ",W,").into(), "sex: is F, M or I"),
        ("no e-mail address", with("zelie@courriel.example", "zelie").into(), "email:"),
        ("no telephone number", with("0639981234", "06 soir").into(), "phone: is a telephone"),
        ("a state that is none", with("created", "sleeping").into(), "state: is announced"),
        ("an unreadable since", with("-10d", "last year").into(), "since: is a date"),
        ("a zone that is none", with("Europe/Paris", "Europe/Bourg").into(), "time_zone: is an IANA"),
        ("a control character", with("Quintard", "Quint\u{7}ard").into(), "control character"),
        ("a field too long", with("Quintard", &long).into(), "birth_name is too long"),
        ("a line too long", with("Quintard", &longer).into(), "the line is too long"),
        ("no UTF-8", b"285059900010125,,Quintard,Z\xe9lie,1985-05-12,,F,,,,,,\n".to_vec(), "not UTF-8"),
        ("a quote never closed", with("Quintard", "x").replacen("285", "\"285", 1).into(), "not closed"),
        ("text behind a quote", with("285059900010125", "\"285059900010125\"x").into(), "behind the quote"),
    ];
    let mut text = HEADER.as_bytes().to_vec();
    for (_, row, _) in &cases {
        text.extend(row);
    }
    text.extend(GOOD.as_bytes());
    text.extend(GOOD.as_bytes());
    let read = batches(&folder.file(&text), PLAIN);
    let faults: Vec<_> = read.iter().flat_map(|batch| &batch.faults).collect();
    for ((case, _, reason), (fault, line)) in cases.iter().zip(faults.iter().zip(2..)) {
        assert_eq!((fault.file.as_str(), fault.line), ("patients.csv", line), "{case}");
        assert!(fault.reason.contains(reason), "{case}: {}", fault.reason);
        for secret in ["285059900010125", "Quintard", "zelie"] {
            assert!(!fault.reason.contains(secret), "{case} repeats what the row says");
        }
    }
    assert_eq!(faults.len(), cases.len() + 1);
    let twice = faults.last().unwrap();
    assert_eq!((twice.line, twice.reason.as_str()), (29, "the same INS stands earlier in this file"));
    let good: Vec<_> = read.iter().flat_map(|batch| &batch.seed.patients).collect();
    assert_eq!(good.len(), 1);
    let traits = &good[0].row.traits;
    assert_eq!((good[0].at.line, traits.birth_place.as_deref()), (28, Some("99123")));
    assert_eq!(traits.postal, ["1 rue des Lilas", "01000 Bourg"]);
}

#[test]
fn another_header_is_refused_before_anybody_comes_and_is_not_repeated() {
    let folder = Folder::new();
    for (case, header, reason) in [
        ("nothing", "", "the file is empty"),
        ("no header", GOOD, "column 1 of the first row is none of ins"),
        ("a column missing", "ins,birth_name,given_names,sex\n", "no column birth_date"),
        ("a column twice", "ins,ins,birth_name,given_names,sex,birth_date\n", "ins stands there twice"),
        ("a column we do not know", "ins,birth_name,given_names,birth_date,sex,fax\n", "column 6"),
    ] {
        match PatientTable::open(&folder.file(header), PLAIN, NOW) {
            Err(TableError::Header { reason: told, .. }) => {
                assert!(told.contains(reason) && !told.contains("2850599"), "{case}: {told}");
            }
            Err(TableError::File { .. }) | Ok(_) => panic!("{case} is taken"),
        }
    }
    let absent = PatientTable::open(&folder.0.path().join("absent.csv"), PLAIN, NOW);
    assert!(matches!(absent, Err(TableError::File { .. })));
}

#[test]
fn columns_stand_in_any_order_and_rows_behind_a_checkpoint_are_given_to_nobody() {
    let folder = Folder::new();
    let text = "\u{feff}Sex;INS;Birth_Name;given_names;birth_date;postal_address\r\n\
                F;285059900010125;Quintard;\"Zélie;Anne\";1985-05-12;\"1 rue des Lilas\n01000 Bourg\"\r\n\
                M;118049900020240;Quintard;Jules;2018-04-23;\r\n";
    let path = folder.file(text);
    let all = batches(&path, Reading { entrance: Some(Entrance::AtOnce), ..PLAIN });
    let rows: Vec<_> = all.iter().flat_map(|batch| &batch.seed.patients).collect();
    assert_eq!(rows[0].row.traits.given_names, ["Zélie", "Anne"]);
    assert_eq!(rows[0].row.traits.postal, ["1 rue des Lilas", "01000 Bourg"]);
    assert_eq!(rows.iter().map(|row| row.at.line).collect::<Vec<_>>(), [2, 4]);
    assert!(rows.iter().all(|row| row.row.entrance == Some(Entrance::AtOnce)));
    let rest = batches(&path, Reading { behind: 2, ..PLAIN });
    let lines: Vec<_> = rest.iter().flat_map(|batch| &batch.seed.patients).map(|row| row.at.line).collect();
    assert_eq!(lines, [4]);
    assert_ne!(
        PatientTable::digest(&path, None).unwrap(),
        PatientTable::digest(&path, Some(Entrance::AtOnce)).unwrap()
    );
}

#[tokio::test]
async fn invented_people_round_trip_in_batches_and_the_checkpoint_holds() {
    for house in empty_houses().await {
        let folder = Folder::new();
        let mut out = Vec::new();
        invent_patients(23, 3, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap().replacen(",activated,", ",closed,", 1);
        let path = folder.file(text);
        let digest = PatientTable::digest(&path, None).unwrap();
        let mut import = house.directory.begin_patient_import(digest, "patients.csv", NOW).await.unwrap();
        let read = batches(&path, Reading { batch: 5, ..PLAIN });
        assert_eq!(read.iter().map(|batch| batch.rows).collect::<Vec<_>>(), [5, 5, 5, 5, 3]);
        for batch in read {
            let applied = house.directory.import(batch.seed, NOW).await.unwrap();
            assert_eq!((applied.created as u64, applied.faults.len()), (batch.rows, 0), "{}", house.engine);
            let behind = import.line;
            import.line = batch.through;
            import.added += batch.rows;
            let step = (import, behind);
            let advance = || {
                house.directory.db().write(db::unit("advance", step, |(import, behind), tx| {
                    Box::pin(async move { import.advance(tx, *behind).await })
                }))
            };
            advance().await.unwrap();
            assert!(advance().await.is_err(), "{}: two imports of one file", house.engine);
        }
        let resumed = house.directory.begin_patient_import(digest, "patients.csv", NOW).await.unwrap();
        assert_eq!((resumed.line, resumed.added), (24, 23), "{}", house.engine);
        for batch in batches(&path, PLAIN) {
            let plan = house.directory.plan_import(&batch.seed, NOW).await.unwrap();
            assert!(plan.is_empty(), "{}: {plan}", house.engine);
        }
        let living = house.directory.patients_besides(&std::collections::HashSet::new()).await.unwrap();
        assert_eq!(living.living, living.absent.len() as u64);
        assert!((15..=22).contains(&living.living), "{}", living.living);
        let named = living.absent.iter().skip(1).copied().collect();
        let besides = house.directory.patients_besides(&named).await.unwrap();
        assert_eq!(besides.absent, living.absent[..1]);
        assert_eq!(house.directory.patients_named(&besides.absent).await.unwrap().len(), 1);
    }
}
