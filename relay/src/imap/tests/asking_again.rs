//! What a search found out is kept for the next one: the same few questions, asked again and again while letters
//! come, go, move and are copied, answer what the letters say. So do two at once, and a session that began anew.

use std::rc::Rc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Drawing, RngAlgorithm, TestRng, TestRunner};

use super::oracle::{Ask, Written, ask, numbers, written};
use super::*;

const FOLDERS: [&str; 2] = ["Archive", "Projet"];
/// Beyond what makes gists worth asking.
const LETTERS: usize = 2 * limits::GIST_WORTH;
const STEPS: usize = 90;
const QUESTIONS: usize = 4;

/// A folder as it should be.
#[derive(Default)]
struct Model {
    letters: Vec<(u32, Rc<Written>)>,
    last: u32,
}

impl Model {
    fn add(&mut self, letter: Rc<Written>) {
        self.last += 1;
        self.letters.push((self.last, letter));
    }

    fn found(&self, ask: &Ask) -> Vec<u32> {
        self.letters.iter().filter(|(uid, letter)| ask.of(letter, *uid)).map(|(uid, _)| *uid).collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Ask(usize),
    Append,
    Expunge(usize),
    Move(usize),
    Copy(usize),
    Anew,
    MakeAnew,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => (0..QUESTIONS).prop_map(Act::Ask),
        3 => Just(Act::Append),
        2 => (0..LETTERS).prop_map(Act::Expunge),
        2 => (0..LETTERS).prop_map(Act::Move),
        1 => (0..LETTERS).prop_map(Act::Copy),
        1 => Just(Act::Anew),
        1 => Just(Act::MakeAnew),
    ]
}

async fn place(client: &mut Client, folder: &str, letter: &Written) {
    let how = format!("{folder} ({}) \"{:02}-Nov-2026 12:00:00 +0000\"", letter.flags.join(" "), letter.came);
    let said = appending::append(client, &how, &letter.raw).await;
    assert!(said.contains("x OK"), "{said}");
}

#[tokio::test]
async fn the_same_questions_answer_what_the_letters_say_whatever_happens_between() {
    for home in homes().await {
        let engine = home.house.engine;
        let mut drawn =
            TestRunner::new_with_rng(Drawing::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let mut clients = Vec::new();
        for _ in FOLDERS {
            clients.push(Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await);
        }
        clients[0].ok(&format!("CREATE {}", FOLDERS[1])).await;
        let mut models = [Model::default(), Model::default()];
        for at in 0..2 * LETTERS {
            let letter = Rc::new(written().new_tree(&mut drawn).unwrap().current());
            place(&mut clients[0], FOLDERS[at % 2], &letter).await;
            models[at % 2].add(letter);
        }
        for (client, folder) in clients.iter_mut().zip(FOLDERS) {
            client.ok(&format!("SELECT {folder}")).await;
        }
        let mut questions = vec![Ask::Text("bilan".to_owned()), Ask::Body("cœur".to_owned())];
        questions.resize_with(QUESTIONS, || ask().new_tree(&mut drawn).unwrap().current());
        for step in 0..STEPS {
            let act = act().new_tree(&mut drawn).unwrap().current();
            let here = step % 2;
            let (there, client) = (1 - here, &mut clients[here]);
            let count = models[here].letters.len();
            match act {
                Act::Ask(question) => {
                    let ask = &questions[question];
                    for at in [here, there] {
                        // What has no number yet is not told of.
                        clients[at].ok("NOOP").await;
                        let said = clients[at].ok(&format!("UID SEARCH CHARSET UTF-8 {}", ask.keys())).await;
                        let want = models[at].found(ask);
                        assert_eq!(numbers(&said, "SEARCH"), want, "{engine} {step} {} {ask:?}", FOLDERS[at]);
                    }
                }
                Act::Append => {
                    let letter = Rc::new(written().new_tree(&mut drawn).unwrap().current());
                    place(client, FOLDERS[here], &letter).await;
                    models[here].add(letter);
                }
                Act::Expunge(at) if count > 0 => {
                    let (uid, _) = models[here].letters.remove(at % count);
                    client.ok(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)")).await;
                    client.ok(&format!("UID EXPUNGE {uid}")).await;
                }
                Act::Move(at) if count > 0 => {
                    let (uid, letter) = models[here].letters.remove(at % count);
                    client.ok(&format!("UID MOVE {uid} {}", FOLDERS[there])).await;
                    models[there].add(letter);
                }
                Act::Copy(at) if count > 0 => {
                    let (uid, letter) = models[here].letters[at % count].clone();
                    client.ok(&format!("UID COPY {uid} {}", FOLDERS[there])).await;
                    models[there].add(letter);
                }
                Act::Expunge(_) | Act::Move(_) | Act::Copy(_) => {}
                Act::Anew => {
                    *client = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
                    client.ok(&format!("SELECT {}", FOLDERS[here])).await;
                }
                // Another folder of the same name, whose letters count from one again.
                Act::MakeAnew => {
                    clients[1].ok("CLOSE").await;
                    clients[1].ok(&format!("DELETE {}", FOLDERS[1])).await;
                    clients[1].ok(&format!("CREATE {}", FOLDERS[1])).await;
                    let letters = std::mem::take(&mut models[1]).letters;
                    for (_, letter) in letters.into_iter().rev().take(LETTERS) {
                        place(&mut clients[1], FOLDERS[1], &letter).await;
                        models[1].add(letter);
                    }
                    clients[1].ok(&format!("SELECT {}", FOLDERS[1])).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn letters_asked_before_are_not_opened_again_and_the_answer_goes_with_the_last_session() {
    for home in homes().await {
        let subjects: Vec<String> = (0..LETTERS).map(|number| format!("numero {number}")).collect();
        home.deliver_plain(&subjects.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let mut client = Client::doctor(&home.door).await;
        let asked = "UID SEARCH BODY \"cholesterol\"";
        let all = numbers(&client.ok(asked).await, "SEARCH");
        assert_eq!(all.len(), LETTERS);
        // Without its key no body opens: who is asked again is not there.
        home.alter("DELETE FROM body_key WHERE body < (SELECT MAX(body) FROM body_key)").await;
        assert_eq!(numbers(&client.ok(asked).await, "SEARCH"), all, "{}", home.house.engine);
        let mut second = Client::doctor(&home.door).await;
        assert_eq!(numbers(&second.ok("UID SEARCH NOT BODY \"cholesterol\"").await, "SEARCH"), [0_u32; 0]);
        assert_eq!(numbers(&second.ok("UID SEARCH BODY \"cholesterol est\"").await, "SEARCH").len(), 1);
        drop((client, second));
        let mut third = Client::doctor(&home.door).await;
        assert_eq!(numbers(&third.ok(asked).await, "SEARCH").len(), 1, "{}", home.house.engine);
    }
}
