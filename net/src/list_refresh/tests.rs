//! Lists from a server on loopback to a running door.

use super::*;
use crate::Tls;
use crate::testing::{House, NOW, Pki, Space, stopped_clock};
use certs::{Authority, Identity, LIST_GRACE, ListOrder, Order, Service};
use names::{DAY, HOUR};
use std::sync::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What the authority publishes now: a status and a body, whose version is their tag.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<(u16, Vec<u8>, u32)>>);

impl Shelf {
    fn put(&self, status: u16, body: &[u8]) {
        let mut shelf = self.0.lock().unwrap();
        let version = shelf.2 + 1;
        *shelf = (status, body.to_vec(), version);
    }

    fn list(&self, authority: &Authority, revoked: &[&str], now: Timestamp) {
        self.put(200, &authority.revocation_list(&ListOrder::daily(revoked, now)).unwrap().der);
    }

    async fn open(&self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/list.crl", listener.local_addr().unwrap());
        let shelf = self.clone();
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                let mut asked = String::new();
                while !asked.ends_with("\r\n\r\n") {
                    asked.push(char::from(tcp.read_u8().await.unwrap()));
                }
                let (status, body, version) = shelf.0.lock().unwrap().clone();
                let tag = format!("\"{version}\"");
                let same = status == 200 && asked.contains(&format!("if-none-match: {tag}\r\n"));
                let (status, body) = if same { (304, Vec::new()) } else { (status, body) };
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\netag: {tag}\r\ncontent-length: {length}\r\n\r\n");
                tcp.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
            }
        });
        Url::parse(&url, Clear::Loopback).unwrap()
    }
}

fn refresh(space: &Space, urls: Vec<Url>) -> ListRefresh {
    let fetcher = Fetcher::new(Pki::new(Service::Web).client());
    ListRefresh::new(Arc::clone(&space.lists), fetcher, urls)
}

/// What one round with one address gave, in a word.
async fn round(refresh: &mut ListRefresh) -> String {
    let mut round = refresh.once(NOW).await;
    assert_eq!(round.len(), 1);
    match round.remove(0).outcome {
        Ok(Some(Installed::New(state))) => format!("new, {} entries", state.list.unwrap().entries),
        Ok(Some(Installed::Unchanged(_))) => "the same".to_owned(),
        Ok(None) => "not sent again".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_list_is_fetched_once_and_again_when_it_changes() {
    let (space, shelf) = (Space::new(), Shelf::default());
    shelf.list(&space.authority, &[], NOW.plus(-HOUR));
    let mut refresh = refresh(&space, vec![shelf.open().await]);
    assert_eq!(round(&mut refresh).await, "new, 0 entries");
    assert_eq!(round(&mut refresh).await, "not sent again");
    shelf.list(&space.authority, &["4a"], NOW);
    assert_eq!(round(&mut refresh).await, "new, 1 entries");
    shelf.list(&space.authority, &["4a"], NOW.plus(-DAY));
    assert!(round(&mut refresh).await.contains("older than the one we have"));
    assert_eq!(space.lists.states(NOW)[0].list.unwrap().entries, 1);
}

#[tokio::test]
async fn what_is_no_list_is_asked_for_again_until_it_is_one() {
    let (space, shelf) = (Space::new(), Shelf::default());
    let url = shelf.open().await;
    let mut refresh = refresh(&space, vec![url]);
    let stranger = Authority::new("Another authority", NOW).unwrap();
    for (status, body, want) in [
        (404, Vec::new(), "the answer is 404"),
        (200, b"<html>sorry</html>".to_vec(), "cannot be read"),
        (302, Vec::new(), "a redirection"),
        (200, stranger.revocation_list(&ListOrder::daily(&[], NOW)).unwrap().der, "no configured authority"),
    ] {
        shelf.put(status, &body);
        for _ in 0..2 {
            let said = round(&mut refresh).await;
            assert!(said.contains(want), "{said}");
        }
        assert_eq!(space.lists.states(NOW)[0].freshness, Freshness::Missing);
    }
    shelf.list(&space.authority, &[], NOW);
    assert_eq!(round(&mut refresh).await, "new, 0 entries");
}

/// T-08 from the authority's server to the door.
#[tokio::test]
async fn a_published_revocation_shuts_a_running_door_and_leaves_open_sessions() {
    let (space, shelf) = (Space::new(), Shelf::default());
    shelf.list(&space.authority, &[], NOW);
    let mut refresh = refresh(&space, vec![shelf.open().await]);
    refresh.once(NOW).await;
    let issued = space.authority.operator(&space.operator, NOW).unwrap();
    let shown = Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap();
    let house = House::open(Tls::Implicit(space.config()));
    let mut open = house.tls(&space.client(Some(&shown))).await;
    assert!(open.line().await.starts_with("hello TLS1.3"));

    shelf.list(&space.authority, &[&issued.serial().unwrap()], NOW.plus(1_000));
    refresh.once(NOW.plus(2_000)).await;
    let mut late = house.tls(&space.client(Some(&shown))).await;
    assert_eq!(late.line().await, "", "the alert comes instead of a greeting");
    open.send("echo still here\n").await;
    assert_eq!(open.line().await, "still here");
}

#[tokio::test]
async fn where_no_network_reaches_the_authority_lists_are_carried_into_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mut space = Space::new();
    let anchors = Arc::clone(space.lists.anchors());
    space.lists = RevocationLists::open(anchors, dir.path(), LIST_GRACE, NOW).unwrap();
    let mut refresh = refresh(&space, Vec::new());
    refresh.once(NOW).await;
    assert_eq!(space.lists.states(NOW)[0].freshness, Freshness::Missing);
    let carried = space.authority.revocation_list(&ListOrder::daily(&[], NOW)).unwrap();
    carried.write(&dir.path().join("carried.crl")).unwrap();
    refresh.once(NOW).await;
    assert_eq!(space.lists.states(NOW)[0].freshness, Freshness::Fresh);
}

#[tokio::test]
async fn the_first_round_is_at_once_and_the_stop_ends_it() {
    let (space, shelf) = (Space::new(), Shelf::default());
    shelf.list(&space.authority, &[], NOW);
    let refresh = refresh(&space, vec![shelf.open().await]);
    let (stop, signal) = crate::Stop::new();
    let entropy = Entropy::new(|bytes| bytes.fill(0));
    let running = tokio::spawn(refresh.run(stopped_clock(), entropy, signal));
    while space.lists.states(NOW)[0].freshness != Freshness::Fresh {
        tokio::task::yield_now().await;
    }
    stop.stop();
    running.await.unwrap();
}

#[test]
fn the_next_round_is_soon_enough() {
    let at = |minutes: i64| Some(NOW.plus(minutes * names::MINUTE));
    for (case, failed, next_update, chance, want) in [
        ("regular, earliest", false, None, 0, 480),
        ("regular, latest", false, None, u16::MAX, 720),
        ("after a failure, earliest", true, None, 0, 96),
        ("after a failure, latest", true, None, u16::MAX, 144),
        ("a list that lives long", false, at(600), u16::MAX, 720),
        ("a list that ends soon", false, at(3), 0, 180),
        ("a list that ends soon, spread", false, at(3), u16::MAX, 210),
        ("a list that ends now", false, at(0), 0, 1),
        ("a list that has ended", false, at(-1), 0, 480),
    ] {
        let got = wait(failed, next_update, NOW, chance);
        assert_eq!(got.as_secs(), want, "{case}");
        // The promise of T-08: from publication to refusal, one fetch included.
        assert!(got + limits::LIST_TIME <= Duration::from_secs(15 * 60), "{case}");
    }
}

#[test]
fn addresses_come_from_certificates_and_configuration_without_doubles() {
    let root = Authority::new("Root", NOW).unwrap();
    let issuing = root.intermediate("Issuing", Some("http://crl.example/root.crl"), NOW).unwrap();
    let anchors = Anchors::from_pem(&issuing.chain_pem()).unwrap();
    let operator = Space::new().operator;
    let issue = |url| {
        let order = Order { list_url: Some(url), ..Order::operator(&operator, NOW) };
        let issued = issuing.issue(&order).unwrap();
        Identity::from_pem(&issued.chain_pem, &issued.key_pem, NOW).unwrap()
    };
    let own = [issue("http://crl.example/issuing.crl"), issue("ldap://ldap.example/cn=list")];
    let own = ServerIdentity::fixed(own.to_vec());
    let configured = [
        Url::parse("https://mirror.example/x.crl", Clear::Never).unwrap(),
        Url::parse("http://crl.example/root.crl", Clear::Anywhere).unwrap(),
    ];
    let urls = list_urls(&anchors, &own, &configured);
    let issuing = Url::parse("http://crl.example/issuing.crl", Clear::Anywhere).unwrap();
    assert_eq!(urls, [configured[0].clone(), configured[1].clone(), issuing]);
    let lists = RevocationLists::new(anchors, LIST_GRACE);
    assert_eq!(lists.states(NOW).len(), 2, "and each of the two authorities is waited for");
}
