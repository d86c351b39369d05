//! The list as other rooms ask it.

use names::{DAY, DistinguishedName, Domain};

use super::*;
use crate::testing::{House, NOW, empty_houses};

pub(super) fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

pub(super) fn dn(text: &str) -> DistinguishedName {
    DistinguishedName::parse(text).unwrap()
}

async fn write<T: Send + 'static>(
    house: &House,
    act: impl for<'a> Fn(&'a mut Tx) -> std::pin::Pin<Box<dyn Future<Output = Result<T, db::Error>> + Send + 'a>>
    + Send
    + Sync
    + 'static,
) -> T {
    house.db.write(db::unit("a test", act, |act, tx| act(tx))).await.unwrap()
}

#[tokio::test]
async fn names_are_found_in_any_layout() {
    for house in empty_houses().await {
        write(&house, |tx| {
            Box::pin(async move {
                let names = [dn("CN=mx.voisin.example,O=GIP Données\\, Santé,C=FR")];
                save(tx, &domain("voisin.example"), Place::Remote, &names, NOW).await
            })
        })
        .await;
        let mut tx = house.db.read().await.unwrap();
        let layout = dn("cn = MX.voisin.example; o=\"GIP  DONNE\u{301}ES, santé\" , c=fr");
        assert_eq!(
            domains_of(&mut tx, &layout).await.unwrap(),
            [domain("voisin.example")],
            "{}",
            house.engine
        );
        assert_eq!(domains_of(&mut tx, &dn("CN=mx.voisin.example")).await.unwrap(), []);
    }
}

#[tokio::test]
async fn what_the_configuration_no_longer_names_is_no_longer_trusted() {
    for house in empty_houses().await {
        let configured = |names: &[&str]| -> Vec<Configured> {
            let one = |name: &&str| Configured {
                domain: domain(name),
                place: Place::Local,
                names: vec![dn("CN=mx.us.example")],
            };
            names.iter().map(one).collect()
        };
        let (first, second) = (configured(&["a.example", "b.example"]), configured(&["b.example"]));
        assert!(set(&house, first.clone()).await);
        assert!(!set(&house, first).await, "the second time nothing changes");
        write(&house, |tx| {
            Box::pin(async move { save(tx, &domain("b.example"), Place::Remote, &[], NOW).await })
        })
        .await;
        let b = domain("b.example");
        let place = |house: &House| {
            let db = (*house.db).clone();
            let b = b.clone();
            async move { places(&mut db.read().await.unwrap(), &[&b]).await.unwrap().get(&b).copied() }
        };
        assert_eq!(place(&house).await, Some(Place::Local), "the configuration wins");
        assert!(set(&house, second).await);
        let mut tx = house.db.read().await.unwrap();
        assert!(!is_trusted(&mut tx, &domain("a.example")).await.unwrap(), "{}", house.engine);
        assert_eq!(domains_of(&mut tx, &dn("CN=MX.us.example")).await.unwrap(), std::slice::from_ref(&b));
        drop(tx);
        assert!(set(&house, Vec::new()).await);
        assert_eq!(place(&house).await, Some(Place::Remote), "what was entered by hand stays");
    }
}

async fn set(house: &House, wanted: Vec<Configured>) -> bool {
    house
        .db
        .write(db::unit("configure", wanted, |wanted, tx| Box::pin(configure(tx, wanted, NOW))))
        .await
        .unwrap()
}

async fn shown(house: &House, spki: u8, name: &str, now: names::Timestamp) -> Option<SharedKey> {
    house
        .db
        .write(db::unit("note a key", (dn(name), [spki; 32], now), |(name, spki, now), tx| {
            Box::pin(note_key(tx, spki, name, *now))
        }))
        .await
        .unwrap()
}

/// RELIABILITY T-07
#[tokio::test]
async fn t_07_one_public_key_under_two_holders_is_an_alarm() {
    for house in empty_houses().await {
        let caisse = "CN=mx1.caisse.example,OU=318310021300028,O=CAISSE,C=FR";
        assert_eq!(shown(&house, 7, caisse, NOW).await, None);
        assert_eq!(shown(&house, 7, caisse, NOW.plus(1)).await, None, "the same again");
        let second = "CN=mx2.caisse.example,OU=318310021300028,O=Caisse,C=FR";
        assert_eq!(shown(&house, 7, second, NOW).await, None, "a second server of the same holder");
        assert_eq!(shown(&house, 8, "CN=mx,OU=9,O=AUTRE", NOW).await, None, "another key");
        let alarm = shown(&house, 7, "CN=mx,OU=9,O=AUTRE", NOW).await.expect("an alarm");
        assert_eq!(alarm.holders.len(), 2, "{}: {alarm}", house.engine);
        assert!(alarm.to_string().contains("O=autre,OU=9 and to O=caisse"), "{alarm}");
        assert!(shown(&house, 7, caisse, NOW.plus(2 * DAY)).await.is_some(), "the first holder hears it too");
        let again = house.directory.note_key(&[7; 32], &dn(caisse), NOW.plus(2 * DAY)).await.unwrap();
        assert_eq!(again.map(|shared| shared.holders), Some(alarm.holders), "without a write");
        assert_eq!(house.directory.note_key(&[9; 32], &dn(caisse), NOW).await.unwrap(), None);
        let mut tx = house.db.read().await.unwrap();
        let events = events(&mut tx, 10).await.unwrap();
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(events.iter().all(|event| event.kind == EventKind::SharedKey && event.kind.is_alarm()));
    }
}

#[tokio::test]
async fn who_may_send_tells_source_date_and_last_sight() {
    for house in empty_houses().await {
        write(&house, |tx| {
            Box::pin(async move {
                let names = [dn("CN=a,O=X"), dn("CN=b,O=X")];
                save(tx, &domain("voisin.example"), Place::Remote, &names, NOW).await?;
                save(tx, &domain("voisin.example"), Place::Remote, &names[..1], NOW.plus(DAY)).await
            })
        })
        .await;
        shown(&house, 1, "cn=A, o=x", NOW.plus(5)).await;
        let mut tx = house.db.read().await.unwrap();
        let found = who_may_send(&mut tx, &domain("voisin.example")).await.unwrap();
        assert_eq!(found.len(), 1, "{}: {found:?}", house.engine);
        assert_eq!(
            (found[0].source, found[0].since, found[0].seen),
            (Source::Manual, NOW, Some(NOW.plus(5)))
        );
    }
}
