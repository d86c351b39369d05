//! The recorded dialogues, played again: the house answers as it did, but for what it chooses freely.

use crate::mail_programs::stage::{RECORDED, address, dialogues, happen, house, password};
use crate::transcripts::furnish;
use kit::replay;

#[test]
fn what_mail_programs_said_is_answered_as_it_was() {
    let house = house();
    let mut wrong = Vec::new();
    for program in RECORDED {
        let path = dialogues().join(format!("{program}.txt"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{program}: {error}"));
        let setup = text.lines().filter_map(|line| line.strip_prefix("Setup: ")).map(str::to_owned);
        furnish(&house, &setup.collect::<Vec<_>>(), &address(program), &password(program)).unwrap();
        let connect = || house.secure(house.ports.imaps);
        if let Err(why) = replay(&text, connect, |what| happen(&house, program, what)) {
            wrong.push(format!("{program}.txt: {why}"));
        }
    }
    assert!(wrong.is_empty(), "see tests/README.md to record anew:\n{}", wrong.join("\n"));
}
