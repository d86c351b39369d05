//! The end of an account.

use names::DAY;

use crate::testing::{NOW, stores};
use crate::{AccountState, Depth, limits};

#[tokio::test]
async fn an_erased_account_leaves_its_number_and_its_correspondents_their_own_copies() {
    for store in stores().await {
        let (patient, doctor) = (store.patient().await, store.doctor().await);
        let long = vec![b'x'; limits::INLINE_BODY + 9_000];
        for body in [&b"court"[..], &long] {
            store.receive("sujet", body, patient).await;
            store.receive("sujet", body, doctor).await;
        }
        let erased = store.erase_account(patient, NOW).await.unwrap();
        assert_eq!(erased.entries, 2, "{}", store.engine);
        assert!(store.key(patient).await.is_err(), "{}: the key is destroyed", store.engine);
        let mut tx = store.db().read().await.unwrap();
        assert_eq!(store.account(&mut tx, patient).await.unwrap().state, AccountState::Erased);
        for sql in [
            "SELECT COUNT(*) FROM entries WHERE account = $1",
            "SELECT COUNT(*) FROM body_key WHERE account = $1",
            "SELECT COUNT(*) FROM folder WHERE account = $1",
            "SELECT COUNT(*) FROM conversation WHERE account = $1",
            "SELECT COUNT(*) FROM contact WHERE patient = $1",
        ] {
            let left = tx.row(sql, db::args![patient]).await.unwrap().int(0).unwrap();
            assert_eq!(left, 0, "{}: {sql}", store.engine);
        }
        drop(tx);
        let again = store.erase_account(patient, NOW).await.unwrap();
        assert_eq!(again.entries, 0, "{}: begun again, nothing is left to do", store.engine);
        let report = store.verify(Depth::Contents, NOW).await.unwrap();
        assert!(report.is_clean(), "{}: {:?}", store.engine, report.findings);
        assert_eq!(report.bodies, 2, "{}: the doctor's", store.engine);
        assert_eq!(store.destroyed_keys().await.unwrap(), [(patient, NOW)]);
        store.retain(NOW.plus(2 * DAY)).await.unwrap();
        store.assert_clean().await;
    }
}
