//! SMTP smuggling (RELIABILITY S-01): whatever stands where the end of a letter should be, the house
//! sees one letter or none, never two.

use crate::people::{MARIE, PAUL};
use kit::{Engine, House};

/// Where a careless server might see an end of data, by name.
fn false_ends() -> Vec<(String, Vec<u8>)> {
    let ends = [("CRLF", "\r\n"), ("LF", "\n"), ("CR", "\r")];
    let mut forms = Vec::new();
    for (before_name, before) in ends {
        for (after_name, after) in ends {
            forms.push((format!("{before_name}.{after_name}"), format!("{before}.{after}").into_bytes()));
        }
    }
    for (name, bytes) in [
        ("CRLF.CRCRLF", "\r\n.\r\r\n"),
        ("CRCRLF.CRCRLF", "\r\r\n.\r\r\n"),
        ("CRLF NUL.CRLF", "\r\n\0.\r\n"),
        ("CRLF.NULCRLF", "\r\n.\0\r\n"),
        ("LF.CR then CRLF", "\n.\r\r\n"),
        ("CR.CRLF then LF", "\r.\r\n\n"),
        ("CRLF..CRLF", "\r\n..\r\n"),
        ("CRLF. CRLF", "\r\n. \r\n"),
        ("LFLF.LFLF", "\n\n.\n\n"),
    ] {
        forms.push((name.to_owned(), bytes.as_bytes().to_vec()));
    }
    forms
}

#[test]
fn no_false_end_of_data_makes_two_letters_of_one() {
    let house = House::open(Engine::Sqlite);
    let mut told = Vec::new();
    let mut played = 0;
    for (style, end_of_line) in [("CRLF", "\r\n"), ("LF", "\n"), ("CR", "\r")] {
        for (name, false_end) in false_ends() {
            // The true end, followed by well-formed commands, is two letters by right (RFC 2920).
            if name == "CRLF.CRLF" && style == "CRLF" {
                continue;
            }
            played += 1;
            let case = format!("{name}, smuggled with {style}");
            let said = smuggle(&house, played, &false_end, end_of_line);
            let mut reader = house.reader(PAUL.address, PAUL.password).unwrap();
            let letters: Vec<String> = reader
                .letters()
                .unwrap()
                .iter()
                .map(|letter| String::from_utf8_lossy(letter).into_owned())
                .collect();
            let of_this = letters
                .iter()
                .filter(|letter| letter.contains(&format!("Subject: Honest {played}\r\n")))
                .count();
            let head = |letter: &String| letter.split("\r\n\r\n").next().unwrap_or_default().to_owned();
            if letters.iter().any(|letter| head(letter).contains("\r\nSubject: Smuggled")) {
                told.push(format!("{case}: the smuggled letter was delivered"));
            }
            let accepted = said.lines().filter(|line| line.ends_with(" accepted")).count();
            if accepted != of_this || accepted > 1 {
                told.push(format!("{case}: {accepted} letters accepted, {of_this} stored; {said:?}"));
            }
            if accepted == 0 && !said.contains("\r\n550 5.6.0 ") {
                told.push(format!("{case}: neither accepted nor refused; {said:?}"));
            }
        }
    }
    assert!(played >= 27, "{played} forms");
    assert_eq!(told, Vec::<String>::new());
}

/// One session: an honest letter, the false end, a whole transaction behind it, the true end. All
/// that the server said after the sign-in.
fn smuggle(house: &House, number: usize, false_end: &[u8], end_of_line: &str) -> String {
    let mut client = house.sender(MARIE.address, MARIE.password).unwrap();
    assert_eq!(client.envelope(MARIE.address, &[PAUL.address]).unwrap(), None);
    let (from, to) = (MARIE.address, PAUL.address);
    let mut bytes =
        format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: Honest {number}\r\n\r\nHonest.").into_bytes();
    bytes.extend_from_slice(false_end);
    let smuggled = [
        format!("MAIL FROM:<{from}>"),
        format!("RCPT TO:<{to}>"),
        "DATA".to_owned(),
        format!("From: <{from}>"),
        "Subject: Smuggled".to_owned(),
        String::new(),
        "Smuggled.".to_owned(),
    ];
    bytes.extend_from_slice(smuggled.join(end_of_line).as_bytes());
    bytes.extend_from_slice(b"\r\n.\r\nQUIT\r\n");
    client.0.send(&bytes).unwrap();
    let said = client.0.rest().unwrap();
    format!("\r\n{}", String::from_utf8_lossy(&said))
}
