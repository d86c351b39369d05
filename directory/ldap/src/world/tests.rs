//! Pages, order, windows, bounds and the day's quota, through the machine.

use std::sync::atomic::Ordering;

use ldap3_proto::control::{LdapControl, ServerSortRequet};
use ldap3_proto::proto::{LdapMsg, LdapOp, LdapResultCode as Code, LdapSearchScope as In};
use register::{Listing, ListingId};

use crate::ber::{self, Reader, Writer};
use crate::controls::{PAGED, VIEW};
use crate::limits;
use crate::testing::{BASE, Bench, LOGIN, PASSWORD, Start, bank, changed, code, names, search, settings};

fn paged(size: i64, cookie: &[u8]) -> LdapControl {
    LdapControl::SimplePagedResults { size, cookie: cookie.to_vec() }
}

fn sort(keys: &[(&str, bool)]) -> LdapControl {
    let key = |(name, reverse): &(&str, bool)| ServerSortRequet {
        attribute_name: (*name).to_owned(),
        ordering_rule: None,
        reverse_order: *reverse,
    };
    LdapControl::ServerSort { sort_requests: keys.iter().map(key).collect() }
}

/// An order that an answer must have: the codec cannot say so.
fn must_sort(name: &str) -> LdapControl {
    let key = Writer::default().element(ber::OCTETS, name.as_bytes()).sequence();
    let value = Writer::default().element(ber::SEQUENCE, &key).bytes();
    LdapControl::Unknown { oid: "1.2.840.113556.1.4.473".to_owned(), criticality: true, value: Some(value) }
}

fn view(before: i64, after: i64, target: &[u8], list: Option<&[u8]>) -> LdapControl {
    let mut value = Writer::default().number(ber::INTEGER, before).number(ber::INTEGER, after).bytes();
    value.extend_from_slice(target);
    if let Some(list) = list {
        value.extend(Writer::default().element(ber::OCTETS, list).bytes());
    }
    let value = Writer::default().element(ber::SEQUENCE, &value).bytes();
    LdapControl::Unknown { oid: VIEW.to_owned(), criticality: true, value: Some(value) }
}

fn at(offset: i64, count: i64) -> Vec<u8> {
    let place = Writer::default().number(ber::INTEGER, offset).number(ber::INTEGER, count).bytes();
    Writer::default().element(0xa0, &place).bytes()
}

fn all(controls: Vec<LdapControl>) -> LdapMsg {
    changed(search(BASE, In::Subtree, "(mail=*)", &["sn"]), |_| {}, controls)
}

/// The value of a control under an answer.
fn under<'a>(found: &'a [LdapMsg], oid: &str) -> Option<&'a LdapControl> {
    let is = |control: &&LdapControl| match control {
        LdapControl::SimplePagedResults { .. } => oid == PAGED,
        LdapControl::ServerSortResult { .. } => oid == "1.2.840.113556.1.4.474",
        LdapControl::Unknown { oid: found, .. } => found == oid,
        _ => false,
    };
    found.last().and_then(|last| last.ctrl.iter().find(is))
}

fn cookie(found: &[LdapMsg]) -> Vec<u8> {
    match under(found, PAGED) {
        Some(LdapControl::SimplePagedResults { cookie, .. }) => cookie.clone(),
        other => panic!("{other:?}"),
    }
}

fn sort_result(found: &[LdapMsg]) -> Option<i64> {
    match under(found, "1.2.840.113556.1.4.474") {
        Some(LdapControl::ServerSortResult { sort_result }) => Some(sort_result.result_code.clone() as i64),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

/// Position, count, code and list of a window.
fn window(found: &[LdapMsg]) -> (i64, i64, i64, Vec<u8>) {
    let Some(LdapControl::Unknown { value: Some(value), .. }) = under(found, "2.16.840.1.113730.3.4.10")
    else {
        panic!("{found:?}")
    };
    let mut inside = Reader::new(value).inside(ber::SEQUENCE).unwrap();
    let (position, count) = (inside.integer().unwrap(), inside.integer().unwrap());
    let code = inside.enumerated().unwrap();
    (position, count, code, inside.maybe(ber::OCTETS).unwrap().unwrap_or_default().to_vec())
}

/// The bank, many times over, under other addresses.
fn crowd(times: i64) -> Vec<Listing> {
    let one = |copy: i64| {
        bank().into_iter().map(move |mut listing| {
            let renamed = |mailboxes: &mut Vec<register::Mailbox>| {
                for mailbox in mailboxes {
                    mailbox.address = names::Address::parse(&format!("c{copy}.{}", mailbox.address)).unwrap();
                }
            };
            match &mut listing {
                Listing::Professional(person) => {
                    person.id = ListingId(person.id.0 + copy * 1_000);
                    person.situations.iter_mut().for_each(|situation| renamed(&mut situation.mailboxes));
                }
                Listing::Organisation(organisation) => {
                    organisation.id = ListingId(organisation.id.0 + copy * 1_000);
                    renamed(&mut organisation.mailboxes);
                }
            }
            listing
        })
    };
    (0..times).flat_map(one).collect()
}

/// Mailboxes that a copy of the bank shows.
const SHOWN: usize = 12;

#[tokio::test]
async fn an_answer_holds_a_hundred_entries_and_says_that_there_are_more() {
    for (size, want, result) in [
        (0, limits::ENTRIES, Code::SizeLimitExceeded),
        (5, 5, Code::SizeLimitExceeded),
        (1_000, limits::ENTRIES, Code::SizeLimitExceeded),
    ] {
        let mut bench = Bench::with(Start::In, crowd(10), settings(), 0).await;
        let found = bench.ask(changed(all(vec![]), |request| request.sizelimit = size, vec![])).await;
        assert_eq!((names(&found).len(), code(&found)), (want, result), "{size}");
    }
    let mut bench = Bench::new(Start::In).await;
    let exact = changed(all(vec![]), |request| request.sizelimit = SHOWN as i32, vec![]);
    let found = bench.ask(exact).await;
    assert_eq!((names(&found).len(), code(&found)), (SHOWN, Code::Success), "as many as there are");
}

#[tokio::test]
async fn pages_give_everybody_once() {
    for (sorted, size) in [(false, 7), (true, 7), (false, 100), (true, 1_000), (false, 0)] {
        let mut bench = Bench::with(Start::In, crowd(20), settings(), 0).await;
        let controls = |cookie: &[u8]| {
            let order = sorted.then(|| sort(&[("sn", false), ("mail", false)]));
            std::iter::once(paged(size, cookie)).chain(order).collect::<Vec<_>>()
        };
        let (mut seen, mut next) = (Vec::new(), Vec::new());
        if size == 0 {
            // Microsoft's programs begin so: it is a page like any other.
            let found = bench.ask(all(controls(&[]))).await;
            assert_eq!(code(&found), Code::Success);
            next = cookie(&found);
            let end = bench.ask(all(controls(&next))).await;
            assert!(
                names(&end).is_empty() && cookie(&end).is_empty(),
                "a page of no entries gives the rest up"
            );
            let late = bench.ask(all(vec![paged(7, &next)])).await;
            assert_eq!(code(&late), Code::UnwillingToPerform, "it was given up");
            continue;
        }
        loop {
            let found = bench.ask(all(controls(&next))).await;
            assert_eq!(code(&found), Code::Success);
            let page = names(&found);
            assert!(page.len() <= (size as usize).min(limits::ENTRIES));
            if sorted {
                assert_eq!(sort_result(&found), Some(0));
            }
            seen.extend(page);
            next = cookie(&found);
            if next.is_empty() {
                break;
            }
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!((seen.len(), once.len()), (20 * SHOWN, 20 * SHOWN), "sorted {sorted}, {size} a page");
    }
}

#[tokio::test]
async fn the_client_s_bound_counts_over_all_pages() {
    for sorted in [false, true] {
        let mut bench = Bench::new(Start::In).await;
        let order = || sorted.then(|| sort(&[("sn", false)]));
        let page = |cookie: &[u8]| {
            let controls = std::iter::once(paged(4, cookie)).chain(order()).collect();
            changed(all(vec![]), |request| request.sizelimit = 6, controls)
        };
        let first = bench.ask(page(&[])).await;
        assert_eq!((names(&first).len(), code(&first)), (4, Code::Success));
        let second = bench.ask(page(&cookie(&first))).await;
        assert_eq!((names(&second).len(), code(&second)), (2, Code::SizeLimitExceeded), "sorted {sorted}");
        assert!(cookie(&second).is_empty());
    }
}

#[tokio::test]
async fn a_cookie_belongs_to_its_search_and_its_connection() {
    let mut bench = Bench::with(Start::In, crowd(5), settings(), 0).await;
    let first = bench.ask(all(vec![paged(5, &[])])).await;
    let next = cookie(&first);
    let other = changed(search(BASE, In::Subtree, "(sn=*)", &[]), |_| {}, vec![paged(5, &next)]);
    assert_eq!(code(&bench.ask(other).await), Code::UnwillingToPerform, "another search");
    for wrong in [&b"x"[..], &[0; 8], &[255; 8], &[1; 400]] {
        assert_eq!(code(&bench.ask(all(vec![paged(5, wrong)])).await), Code::UnwillingToPerform);
    }
    // Who comes in anew has no lists.
    let first = bench.ask(all(vec![paged(5, &[])])).await;
    bench.bind(LOGIN, crate::testing::PASSWORD).await;
    assert_eq!(code(&bench.ask(all(vec![paged(5, &cookie(&first))])).await), Code::UnwillingToPerform);
    // The oldest of many gives way.
    let first = bench.ask(all(vec![paged(5, &[])])).await;
    for _ in 0..limits::KEPT {
        bench.ask(all(vec![paged(5, &[])])).await;
    }
    assert_eq!(code(&bench.ask(all(vec![paged(5, &cookie(&first))])).await), Code::UnwillingToPerform);
}

#[tokio::test]
async fn answers_stand_in_the_order_asked_for() {
    let mut bench = Bench::new(Start::In).await;
    let people = "(objectClass=person)";
    for (case, filter, keys, first, last) in [
        ("by name", people, &[("sn", false)][..], "karim.benali@pharmacie.example", "li.wu@clinique.example"),
        (
            "the last first",
            people,
            &[("sn", true)],
            "li.wu@clinique.example",
            "karim.benali@pharmacie.example",
        ),
        (
            "by two keys",
            "(sn=martin*)",
            &[("sn", false), ("givenName", true)],
            "marie.martin@hopital.example",
            "b.martinez@canal.example",
        ),
        ("by time", people, &[("modifyTimestamp", true)], "b.martinez@canal.example", LOGIN),
        (
            "who has no value stands last",
            "(mail=*)",
            &[("sn", false), ("mail", false)],
            "karim.benali@pharmacie.example",
            "secretariat.cardio@hopital.example",
        ),
        (
            "and first in reverse",
            "(mail=*)",
            &[("sn", true), ("mail", false)],
            "labo@hopital.example",
            "karim.benali@pharmacie.example",
        ),
    ] {
        let found =
            bench.ask(changed(search(BASE, In::Subtree, filter, &[]), |_| {}, vec![sort(keys)])).await;
        let found = (names(&found), sort_result(&found), code(&found));
        assert_eq!(
            (found.0.first().unwrap().as_str(), found.0.last().unwrap().as_str()),
            (first, last),
            "{case}"
        );
        assert_eq!((found.1, found.2), (Some(0), Code::Success), "{case}");
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_had_is_said() {
    let mut bench = Bench::with(Start::In, crowd(2), settings(), 0).await;
    let found = bench.ask(all(vec![sort(&[("nothing", false)])])).await;
    assert_eq!(
        (names(&found).len(), sort_result(&found), code(&found)),
        (2 * SHOWN, Some(16), Code::Success)
    );
    let found = bench.ask(all(vec![must_sort("nothing")])).await;
    assert_eq!(
        (names(&found).len(), sort_result(&found), code(&found)),
        (0, Some(16), Code::UnavailableCriticalExtension)
    );
    let rule = LdapControl::ServerSort {
        sort_requests: vec![ServerSortRequet {
            attribute_name: "sn".into(),
            ordering_rule: Some("1.2.3".into()),
            reverse_order: false,
        }],
    };
    assert_eq!(sort_result(&bench.ask(all(vec![rule])).await), Some(18));
    let mut many =
        Bench::with(Start::In, crowd(limits::SORTED as i64 / SHOWN as i64 + 2), settings(), 0).await;
    let found = many.ask(all(vec![sort(&[("sn", false)])])).await;
    assert_eq!(
        (names(&found).len(), sort_result(&found), code(&found)),
        (limits::ENTRIES, Some(11), Code::SizeLimitExceeded)
    );
    let found = many.ask(all(vec![must_sort("sn")])).await;
    assert_eq!(
        (names(&found).len(), sort_result(&found), code(&found)),
        (0, Some(11), Code::UnavailableCriticalExtension)
    );
}

#[tokio::test]
async fn a_window_shows_its_part_of_the_list() {
    let mut bench = Bench::new(Start::In).await;
    let sorted = bench.ask(all(vec![sort(&[("mail", false)])])).await;
    let list = names(&sorted);
    assert_eq!(list.len(), SHOWN);
    let value = |text: &str| Writer::default().element(0x81, text.as_bytes()).bytes();
    for (case, before, after, target, range, position) in [
        ("the beginning", 0, 2, at(1, 0), 0..3, 1),
        ("the middle", 1, 1, at(5, 0), 3..6, 5),
        ("the end", 2, 5, at(12, 12), 9..12, 12),
        ("beyond the end", 0, 0, at(99, 0), 11..12, 12),
        ("half of what the client believes", 0, 0, at(50, 100), 5..6, 6),
        ("the end of what the client believes", 0, 0, at(100, 100), 11..12, 12),
        ("more before than there is", 50, 0, at(2, 0), 0..2, 2),
        ("all of it", 1_000, 1_000, at(6, 0), 0..12, 6),
        ("by value", 0, 1, value("li."), 6..8, 7),
        ("by value before all", 0, 0, value("a"), 0..1, 1),
    ] {
        let found = bench.ask(all(vec![sort(&[("mail", false)]), view(before, after, &target, None)])).await;
        assert_eq!(names(&found), list[range], "{case}");
        let (place, count, result, _) = window(&found);
        assert_eq!(
            (place, count, result, code(&found)),
            (position, SHOWN as i64, 0, Code::Success),
            "{case}"
        );
    }
    // Behind the last there is nothing, and the place says so.
    let found = bench.ask(all(vec![sort(&[("mail", false)]), view(0, 3, &value("zzz"), None)])).await;
    assert_eq!((names(&found).len(), window(&found).0), (0, SHOWN as i64 + 1));
    // The list is kept for the next window.
    let found = bench.ask(all(vec![sort(&[("mail", false)]), view(0, 0, &at(1, 0), None)])).await;
    bench.shelf.asked.lock().unwrap().clear();
    let (.., number) = window(&found);
    let found = bench.ask(all(vec![sort(&[("mail", false)]), view(0, 0, &at(2, 12), Some(&number))])).await;
    assert_eq!(names(&found), list[1..2]);
    assert!(bench.shelf.asked.lock().unwrap().is_empty(), "nobody was asked again");
    let found =
        bench.ask(all(vec![sort(&[("mail", false)]), view(0, 0, &at(2, 12), Some(b"unknown"))])).await;
    assert_eq!(names(&found), list[1..2], "a list that is gone is made again");
}

#[tokio::test]
async fn a_window_without_order_or_with_pages_is_refused() {
    let mut bench = Bench::new(Start::In).await;
    assert_eq!(code(&bench.ask(all(vec![view(0, 0, &at(1, 0), None)])).await), Code::VirtualListViewError);
    let both = vec![sort(&[("sn", false)]), view(0, 0, &at(1, 0), None), paged(5, &[])];
    assert_eq!(code(&bench.ask(all(both)).await), Code::UnwillingToPerform);
    let found = bench.ask(all(vec![sort(&[("sn", false)]), view(0, 0, &at(0, 0), None)])).await;
    assert_eq!(
        (window(&found).2, code(&found)),
        (61, Code::VirtualListViewError),
        "a place before the first"
    );
    let twice = vec![paged(5, &[]), paged(5, &[])];
    assert_eq!(code(&bench.ask(all(twice)).await), Code::ProtocolError);
    for negative in [paged(-1, &[]), view(-1, 0, &at(1, 0), None)] {
        assert_eq!(code(&bench.ask(all(vec![negative])).await), Code::ProtocolError);
    }
}

/// RELIABILITY D-11.
#[tokio::test]
async fn a_day_has_so_many_entries_whatever_is_asked() {
    let mut bench = Bench::with(Start::In, crowd(20), settings(), 100).await;
    let mut shown = 0;
    let mut next = Vec::new();
    let last = loop {
        let found = bench.ask(all(vec![paged(30, &next)])).await;
        shown += names(&found).len();
        if code(&found) != Code::Success {
            break code(&found);
        }
        next = cookie(&found);
    };
    assert_eq!((shown, last), (100, Code::AdminLimitExceeded));
    let found = bench.ask(all(vec![])).await;
    assert_eq!((names(&found).len(), code(&found)), (0, Code::AdminLimitExceeded));
    assert_eq!(bench.tally.counts().alarms, 2, "half and all of the day");
    assert_eq!(bench.tally.counts().entries, 100);
    bench.time.fetch_add(names::DAY, Ordering::SeqCst);
    assert_eq!(names(&bench.ask(all(vec![])).await).len(), 100, "tomorrow is another day");
}

/// RELIABILITY D-09: whatever the register does, the search ends.
#[tokio::test(start_paused = true)]
async fn a_search_that_takes_too_long_ends() {
    let mut bench = Bench::new(Start::In).await;
    bench.shelf.stuck.store(true, Ordering::SeqCst);
    let began = tokio::time::Instant::now();
    assert_eq!(code(&bench.ask(all(vec![])).await), Code::TimeLimitExceeded);
    assert_eq!(began.elapsed().as_secs(), limits::SEARCH.as_secs());
    let began = tokio::time::Instant::now();
    let hasty = changed(all(vec![sort(&[("sn", false)])]), |request| request.timelimit = 1, vec![]);
    assert_eq!(code(&bench.ask(hasty).await), Code::TimeLimitExceeded);
    assert_eq!(began.elapsed().as_secs(), 1);
    bench.shelf.stuck.store(false, Ordering::SeqCst);
    assert_eq!(code(&bench.ask(all(vec![])).await), Code::Success, "and the next one works");
}

#[tokio::test]
async fn a_question_that_no_index_narrows_looks_at_so_many_and_no_more() {
    let mut bench = Bench::with(Start::In, crowd(limits::EXAMINED as i64 / 13 + 2), settings(), 0).await;
    let (found, result) = bench.search("(description=nothing like it)").await;
    assert_eq!((found.len(), result), (0, Code::AdminLimitExceeded));
    let asked = bench.shelf.asked.lock().unwrap().len();
    assert_eq!(asked, limits::EXAMINED / register::limits::PAGE);
}

#[tokio::test]
async fn a_register_that_fails_is_an_answer() {
    let mut bench = Bench::new(Start::In).await;
    bench.shelf.broken.store(true, Ordering::SeqCst);
    for controls in [vec![], vec![paged(5, &[])], vec![sort(&[("sn", false)])]] {
        let found = bench.ask(all(controls)).await;
        let LdapOp::SearchResultDone(done) = &found.last().unwrap().op else { panic!() };
        assert_eq!((names(&found).len(), &done.code), (0, &Code::Unavailable));
        assert!(!done.message.contains("shelf"), "what failed is for the log");
    }
}

/// What was counted since the last look, by reason.
fn counted(bench: &Bench, before: &mut Vec<(&'static str, u64)>) -> Vec<(&'static str, u64)> {
    let now = bench.tally.counts().refused;
    let told = now.iter().map(|(word, count)| {
        let earlier = before.iter().find(|(other, _)| other == word).map_or(0, |(_, count)| *count);
        (*word, count - earlier)
    });
    let told = told.filter(|(_, count)| *count > 0).collect();
    *before = now;
    told
}

#[tokio::test]
async fn each_refusal_is_counted_once_by_its_reason() {
    let mut before = Vec::new();
    let crowd = crowd(limits::EXAMINED as i64 / 13 + 2);
    let mut bench = Bench::with(Start::Secured, crowd, settings(), 300).await;
    let _ = bench.search("(sn=martin)").await;
    assert_eq!(counted(&bench, &mut before), [("anonymous", 1)]);
    let _ = bench.bind(LOGIN, "x").await;
    assert_eq!(counted(&bench, &mut before), [("credentials", 1)]);
    let _ = bench.bind("impatient", "x").await;
    assert_eq!(counted(&bench, &mut before), [("wait", 1)]);
    let _ = bench.bind(LOGIN, PASSWORD).await;
    assert_eq!(counted(&bench, &mut before), [], "who comes in is no refusal");
    let _ = bench.search("(description=nothing like it)").await;
    assert_eq!(counted(&bench, &mut before), [("unindexed", 1)]);
    assert_eq!(bench.tally.counts().exhausted, 0, "a question too wide uses no day up");
    let _ = bench.ask(all(vec![])).await;
    assert_eq!(counted(&bench, &mut before), [("size", 1)]);
    bench.shelf.stuck.store(true, Ordering::SeqCst);
    tokio::time::pause();
    let _ = bench.ask(all(vec![])).await;
    tokio::time::resume();
    assert_eq!(counted(&bench, &mut before), [("time", 1)]);
    bench.shelf.stuck.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        let _ = bench.ask(all(vec![])).await;
    }
    assert_eq!(counted(&bench, &mut before), [("quota", 1), ("size", 2)]);
    assert_eq!(bench.tally.counts().exhausted, 1);
    bench.shelf.broken.store(true, Ordering::SeqCst);
    let _ = bench.ask(all(vec![])).await;
    assert_eq!(counted(&bench, &mut before), [("unavailable", 1)]);
}
