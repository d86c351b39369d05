//! Routes: the table, and answers of a server of DNS that says what a test wants.

use super::*;
use crate::testing::{NOON, entropy};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::net::UdpSocket;

/// What the server says of a name.
#[derive(Clone, Debug)]
enum Zone {
    /// Preference and host.
    Mx(Vec<(u16, &'static str)>),
    A(Vec<[u8; 4]>),
    /// The name is there and has no such record.
    Nothing,
    NxDomain,
    ServFail,
}

type Answers = dyn Fn(&str, u16) -> Zone + Send + Sync;

const A: u16 = 1;
const MX_TYPE: u16 = 15;

/// A server of DNS on a port of its own; every answer is to be forgotten at once.
async fn dns(answers: impl Fn(&str, u16) -> Zone + Send + Sync + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let answers: Arc<Answers> = Arc::new(answers);
    tokio::spawn(async move {
        let mut query = [0; 1_500];
        while let Ok((read, from)) = socket.recv_from(&mut query).await {
            let reply = reply(&query[..read], &*answers);
            let _ = socket.send_to(&reply, from).await;
        }
    });
    address
}

/// By hand: the header, the question as it came, the answers.
fn reply(query: &[u8], answers: &Answers) -> Vec<u8> {
    let (mut at, mut name) = (12, String::new());
    while query[at] != 0 {
        let length = usize::from(query[at]);
        name.push_str(&String::from_utf8_lossy(&query[at + 1..at + 1 + length]).to_lowercase());
        name.push('.');
        at += length + 1;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let question = &query[12..at + 5];
    let zone = answers(name.trim_end_matches('.'), kind);
    let records: Vec<Vec<u8>> = match (&zone, kind) {
        (Zone::Mx(hosts), MX_TYPE) => hosts
            .iter()
            .map(|(preference, host)| [&preference.to_be_bytes()[..], &labels(host)].concat())
            .collect(),
        (Zone::A(addresses), A) => addresses.iter().map(|address| address.to_vec()).collect(),
        _ => Vec::new(),
    };
    let code = match zone {
        Zone::NxDomain => 3,
        Zone::ServFail => 2,
        Zone::Mx(_) | Zone::A(_) | Zone::Nothing => 0,
    };
    let mut out = vec![query[0], query[1], 0x85, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0];
    out.extend_from_slice(question);
    for record in records {
        // The name of the question, class IN, no time to live.
        out.extend_from_slice(&[0xc0, 12]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0, 0]);
        out.extend_from_slice(&(record.len() as u16).to_be_bytes());
        out.extend_from_slice(&record);
    }
    out
}

fn labels(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn routes(dns: SocketAddr, fixed: &[(&str, &[&str])]) -> Routes {
    let hosts = |hosts: &[&str]| hosts.iter().map(|host| host.parse().unwrap()).collect();
    Routes::new(RouteParts {
        fixed: fixed.iter().map(|(name, to)| (domain(name), hosts(to))).collect(),
        dns: Some(dns),
        port: Some(2_525),
        hostname: domain("mail.pli.example"),
        own: vec!["127.0.0.9:2525".parse().unwrap()],
        entropy: entropy(),
    })
    .unwrap()
}

/// Hosts as `name/address`.
fn shown(found: &Result<Vec<Host>, RouteFault>) -> Vec<String> {
    let hosts = found.as_ref().unwrap();
    hosts.iter().flat_map(|host| host.addresses.iter().map(|at| format!("{}/{at}", host.name))).collect()
}

fn world(name: &str, kind: u16) -> Zone {
    match (name, kind) {
        ("two.example", MX_TYPE) => Zone::Mx(vec![(20, "b.two.example"), (10, "a.two.example")]),
        ("a.two.example", A) => Zone::A(vec![[192, 0, 2, 1], [192, 0, 2, 2]]),
        ("b.two.example", A) => Zone::A(vec![[192, 0, 2, 3]]),
        ("equal.example", MX_TYPE) => Zone::Mx(vec![(10, "a.two.example"), (10, "b.two.example")]),
        ("alone.example", A) => Zone::A(vec![[192, 0, 2, 4]]),
        ("null.example", MX_TYPE) => Zone::Mx(vec![(0, ".")]),
        ("gone.example", _) => Zone::NxDomain,
        ("ill.example" | "mx.ill.example", _) => Zone::ServFail,
        ("half.example", MX_TYPE) => Zone::Mx(vec![(10, "mx.ill.example"), (20, "b.two.example")]),
        ("sick.example", MX_TYPE) => Zone::Mx(vec![(10, "mx.ill.example")]),
        ("backup.example", MX_TYPE) => {
            Zone::Mx(vec![(30, "b.two.example"), (20, "mail.pli.example"), (10, "a.two.example")])
        }
        ("ours.example", MX_TYPE) => Zone::Mx(vec![(10, "mail.pli.example"), (20, "b.two.example")]),
        ("hidden.example", MX_TYPE) => Zone::Mx(vec![(10, "alias.example")]),
        ("alias.example", A) => Zone::A(vec![[127, 0, 0, 9]]),
        ("nowhere.example", MX_TYPE) => Zone::Mx(vec![(10, "empty.example")]),
        _ => Zone::Nothing,
    }
}

#[tokio::test]
async fn hosts_come_by_preference_and_our_own_place_in_the_list_ends_it() {
    let routes = routes(dns(world).await, &[]);
    for (name, wanted) in [
        (
            "two.example",
            &["a.two.example/192.0.2.1:2525", "a.two.example/192.0.2.2:2525", "b.two.example/192.0.2.3:2525"]
                [..],
        ),
        ("alone.example", &["alone.example/192.0.2.4:2525"]),
        ("half.example", &["b.two.example/192.0.2.3:2525"]),
        ("backup.example", &["a.two.example/192.0.2.1:2525", "a.two.example/192.0.2.2:2525"]),
    ] {
        assert_eq!(shown(&routes.of(&domain(name), NOON).await), wanted, "{name}");
    }
}

#[tokio::test]
async fn hosts_of_equal_preference_take_turns() {
    let routes = routes(dns(world).await, &[]);
    let mut first = HashSet::new();
    for _ in 0..40 {
        first.insert(shown(&routes.of(&domain("equal.example"), NOON).await).remove(0));
    }
    assert_eq!(first.len(), 2, "{first:?}");
}

#[tokio::test]
async fn only_null_mx_and_a_loop_are_for_good() {
    let routes = routes(dns(world).await, &[]);
    for (name, outlook, status) in [
        ("null.example", Outlook::WillStay, (5, 1, 10)),
        ("ours.example", Outlook::WillStay, (5, 4, 6)),
        ("hidden.example", Outlook::WillStay, (5, 4, 6)),
        ("gone.example", Outlook::MayPass, (4, 1, 2)),
        ("ill.example", Outlook::MayPass, (4, 4, 3)),
        ("sick.example", Outlook::MayPass, (4, 4, 3)),
        ("nowhere.example", Outlook::MayPass, (4, 4, 4)),
        ("nothing.example", Outlook::MayPass, (4, 4, 4)),
    ] {
        let fault = routes.of(&domain(name), NOON).await.unwrap_err();
        assert_eq!((fault.outlook(), fault.status()), (outlook, status), "{name}: {fault}");
    }
}

#[tokio::test]
async fn the_last_good_way_stands_in_for_a_day_when_dns_fails() {
    let ill = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let state = Arc::clone(&ill);
    let server =
        dns(
            move |name, kind| {
                if state.load(std::sync::atomic::Ordering::SeqCst) {
                    Zone::ServFail
                } else {
                    world(name, kind)
                }
            },
        );
    let routes = routes(server.await, &[]);
    let name = domain("alone.example");
    let found = routes.of(&name, NOON).await;
    ill.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(routes.of(&name, NOON.plus(limits::STALE_ROUTE - 1)).await, found);
    let late = routes.of(&name, NOON.plus(limits::STALE_ROUTE)).await;
    assert!(matches!(late, Err(RouteFault::NoAnswer(..))), "{late:?}");
}

#[tokio::test]
async fn the_operators_table_goes_before_dns() {
    let table: &[(&str, &[&str])] = &[
        ("gone.example", &["mx.there.example@192.0.2.7:2626", "b.two.example:26"]),
        ("back.example", &["mx.there.example@127.0.0.9:2525"]),
    ];
    let routes = routes(dns(world).await, table);
    let found = routes.of(&domain("gone.example"), NOON).await;
    assert_eq!(shown(&found), ["mx.there.example/192.0.2.7:2626", "b.two.example/192.0.2.3:26"]);
    let back = routes.of(&domain("back.example"), NOON).await;
    assert_eq!(back, Err(RouteFault::Loop(domain("back.example"))));
}

#[test]
fn a_route_is_a_host_with_its_port() {
    for good in ["mx.there.example:25", "mx.there.example@192.0.2.7:25", "mx.there.example@[2001:db8::1]:25"]
    {
        assert!(good.parse::<FixedHost>().is_ok(), "{good}");
    }
    for bad in ["", "mx.there.example", "mx:25", "mx.there.example:port", "a@b@192.0.2.7:25", "@1.2.3.4:5"] {
        assert_eq!(bad.parse::<FixedHost>(), Err(FixedHostError), "{bad}");
    }
}
