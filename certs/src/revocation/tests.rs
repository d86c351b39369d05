//! Lists: what is taken, what is not, what is kept.

use super::*;
use crate::testing::{NOW, Space, invented_authority};
use crate::{Authority, LIST_GRACE, ListOrder};
use names::{DAY, HOUR, MINUTE};

fn list(authority: &Authority, order: &ListOrder<'_>) -> Vec<u8> {
    authority.revocation_list(order).unwrap().der
}

fn lists(authority: &Authority) -> Arc<RevocationLists> {
    RevocationLists::new(Anchors::from_pem(authority.certificate_pem()).unwrap(), LIST_GRACE)
}

#[test]
fn a_list_is_taken_as_der_or_as_pem_and_once() {
    let authority = invented_authority();
    let lists = lists(&authority);
    let published = authority.revocation_list(&ListOrder::daily(&["4a", "01"], NOW)).unwrap();
    let Installed::New(state) = lists.install(&published.der, NOW).unwrap() else { panic!("not new") };
    assert_eq!(state.issuer, "CN=Autorité inventée,O=Pli (développement),C=FR");
    assert_eq!(state.list.unwrap().entries, 2);
    let again = lists.install(published.pem.as_bytes(), NOW).unwrap();
    assert_eq!(again, Installed::Unchanged(state));
    assert_eq!(lists.states(NOW).len(), 1);
}

#[test]
fn what_no_authority_of_ours_vouches_for_is_not_taken() {
    let authority = invented_authority();
    let good = ListOrder::daily(&[], NOW);
    let ours = list(&authority, &good);
    let stranger = Authority::new("Another authority", NOW).unwrap();
    let ahead = ListOrder::daily(&[], NOW.plus(10 * MINUTE));
    let mut bent = ours.clone();
    *bent.last_mut().unwrap() ^= 1;
    let followed = [ours.as_slice(), b"x"].concat();
    let huge = vec![0x30; crate::LIST_SIZE + 1];
    for (case, bytes, want) in [
        ("nothing", Vec::new(), "cannot be read"),
        ("a page that says sorry", b"<html>503</html>".to_vec(), "cannot be read"),
        ("an armour without content", b"-----BEGIN X509 CRL-----".to_vec(), "cannot be read"),
        ("a certificate", authority.certificate_pem().as_bytes().to_vec(), "cannot be read"),
        ("followed by something", followed, "cannot be read"),
        ("too long", huge, "longer than"),
        ("of a stranger", list(&stranger, &good), "no configured authority"),
        ("of a forger with our name", list(&invented_authority(), &good), "wrong signature"),
        ("with a bent signature", bent, "wrong signature"),
        ("from the future", list(&authority, &ahead), "to come"),
    ] {
        let lists = lists(&authority);
        let error = lists.install(&bytes, NOW).expect_err(case).to_string();
        assert!(error.contains(want), "{case}: {error}");
        assert_eq!(lists.states(NOW)[0].freshness, Freshness::Missing, "{case}");
    }
    // Cut at every byte: never taken, never a panic.
    let lists = lists(&authority);
    for end in 0..ours.len() {
        assert!(lists.install(&ours[..end], NOW).is_err(), "cut at {end}");
    }
    assert!(lists.install(&ours, NOW).is_ok());
}

#[test]
fn an_old_list_played_again_changes_nothing() {
    let authority = invented_authority();
    let order = |number, this_update: Timestamp| ListOrder {
        revoked: &[],
        number,
        this_update,
        next_update: this_update.plus(DAY),
    };
    let have = order(700, NOW);
    for (case, offered, taken) in [
        ("higher number, later", order(701, NOW.plus(HOUR)), true),
        ("the same number, later", order(700, NOW.plus(HOUR)), true),
        ("more digits, later", order(70_000, NOW.plus(HOUR)), true),
        ("lower number, later", order(699, NOW.plus(HOUR)), false),
        ("fewer digits, later", order(8, NOW.plus(HOUR)), false),
        ("higher number, earlier", order(701, NOW.plus(-HOUR)), false),
    ] {
        let lists = lists(&authority);
        lists.install(&list(&authority, &have), NOW).unwrap();
        let outcome = lists.install(&list(&authority, &offered), NOW.plus(HOUR));
        assert_eq!(outcome.is_ok(), taken, "{case}: {outcome:?}");
        let kept = lists.states(NOW)[0].list.unwrap().this_update;
        assert_eq!(kept, if taken { offered.this_update } else { have.this_update }, "{case}");
    }
}

#[test]
fn the_state_of_every_authority_is_told_the_worst_first() {
    let space = Space::without_lists();
    space.publish(&space.issuing, &[], NOW.plus(-HOUR));
    let at = |now| -> Vec<(Freshness, Option<i64>)> {
        let states = space.lists.states(now);
        states.iter().map(|state| (state.freshness, state.list.map(|list| list.age / HOUR))).collect()
    };
    let promised = NOW.plus(23 * HOUR);
    let until = promised.plus(LIST_GRACE);
    assert_eq!(at(NOW), [(Freshness::Missing, None), (Freshness::Fresh, Some(1))]);
    assert_eq!(at(promised.plus(1)), [(Freshness::Missing, None), (Freshness::Grace { until }, Some(24))]);
    assert_eq!(at(until.plus(1)), [(Freshness::Missing, None), (Freshness::Stale, Some(48))]);
    space.publish(&space.root, &[], until);
    let states = space.lists.states(until.plus(1));
    assert_eq!(states[0].freshness, Freshness::Stale);
    assert_eq!(states[1].freshness, Freshness::Fresh);
    assert!(states[0].issuer.contains("organisations"), "{states:?}");
    assert_eq!(space.lists.next_update(), Some(promised));
}

#[test]
fn lists_survive_a_restart_and_what_is_damaged_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("crl");
    let space = Space::without_lists();
    let anchors = || Arc::clone(space.lists.anchors());
    let open = |now| RevocationLists::open(anchors(), &folder, LIST_GRACE, now).unwrap();
    let first = open(NOW);
    for authority in [&space.root, &space.issuing] {
        first.install(&list(authority, &ListOrder::daily(&["4a"], NOW)), NOW).unwrap();
        let newer = ListOrder::daily(&["4a", "4b"], NOW.plus(HOUR));
        first.install(&list(authority, &newer), NOW.plus(HOUR)).unwrap();
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "one file each, nothing left beside");

    let again = open(NOW.plus(2 * HOUR));
    assert_eq!(again.states(NOW), first.states(NOW));
    assert!(again.states(NOW).iter().all(|state| state.list.unwrap().entries == 2));

    std::fs::write(folder.join("half.new"), b"half a list").unwrap();
    let damaged = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let damaged = damaged.filter(|path| path.extension().unwrap() == "crl").min().unwrap();
    std::fs::write(&damaged, b"nonsense").unwrap();
    let after = open(NOW.plus(2 * HOUR)).states(NOW.plus(2 * HOUR));
    assert_eq!(after[0].freshness, Freshness::Missing);
    assert_eq!(after[1].freshness, Freshness::Fresh);
}

#[test]
fn a_list_carried_in_by_hand_counts_after_a_reload() {
    let dir = tempfile::tempdir().unwrap();
    let authority = invented_authority();
    let anchors = Anchors::from_pem(authority.certificate_pem()).unwrap();
    let lists = RevocationLists::open(anchors, dir.path(), LIST_GRACE, NOW).unwrap();
    lists.install(&list(&authority, &ListOrder::daily(&[], NOW)), NOW).unwrap();
    let carried = authority.revocation_list(&ListOrder::daily(&["4a"], NOW.plus(HOUR))).unwrap();
    carried.write(&dir.path().join("carried.crl")).unwrap();
    lists.reload(NOW.plus(HOUR)).unwrap();
    assert_eq!(lists.states(NOW.plus(HOUR))[0].list.unwrap().entries, 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let anchors = Anchors::from_pem(invented_authority().certificate_pem()).unwrap();
    let error = RevocationLists::open(anchors, &file.path().join("crl"), LIST_GRACE, NOW).unwrap_err();
    assert!(error.to_string().contains("crl"), "{error}");
}
