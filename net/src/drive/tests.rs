//! The loop over real sockets.

use crate::testing::{House, ITEM, Note, PATIENCE, Pki};
use crate::{Tls, limits};
use certs::Service;
use std::time::Duration;
use tokio::net::TcpSocket;

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let house = House::open(Tls::Off);
    let mut client = house.plain().await;
    client.send("echo a\nask b\necho c\nask d\nquit\n").await;
    for want in ["hello plain", "a", "answer b", "c", "answer d", "bye", ""] {
        assert_eq!(client.line().await, want);
    }
    assert_eq!(house.served().await.accepted, 1);
}

#[tokio::test]
async fn starttls_upgrades_and_both_sides_know_the_same_channel() {
    let pki = Pki::new(Service::Submission);
    let house = House::open(Tls::StartTls(pki.server.clone()));
    let mut client = house.plain().await;
    assert_eq!(client.line().await, "hello plain");
    client.send("starttls\n").await;
    assert_eq!(client.line().await, "go");
    let mut client = client.secure(&pki.client()).await;
    let secured = client.line().await;
    let exporter = client
        .0
        .get_ref()
        .get_ref()
        .1
        .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
        .unwrap();
    let exporter: String = exporter.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(secured, format!("secured TLS1.3 TLS_AES_256_GCM_SHA384 certificate=false {exporter}"));
    client.send("echo again\nquit\n").await;
    assert_eq!(client.line().await, "again");
    assert_eq!(client.line().await, "bye");
    assert_eq!(client.line().await, "", "close_notify came, or reading would fail");
}

/// RELIABILITY T-01: commands in the clear after STARTTLS never reach the machine.
#[tokio::test]
async fn clear_text_after_starttls_is_never_seen() {
    let pki = Pki::new(Service::Submission);
    let mut house = House::open(Tls::StartTls(pki.server.clone()));
    let mut together = house.plain().await;
    together.send("starttls\necho injected\n").await;
    assert_eq!(together.line().await, "hello plain");
    assert_eq!(together.line().await, "injected");
    assert_eq!(together.line().await, "");
    assert_eq!(house.note().await, Note::Dropped);

    let mut later = house.plain().await;
    later.send("starttls\n").await;
    assert_eq!(later.line().await, "hello plain");
    assert_eq!(later.line().await, "go");
    later.send("ask injected\n").await;
    assert!(!later.line().await.contains("injected"));
    assert_eq!(house.note().await, Note::Gone, "the failed handshake ends the session");
}

#[tokio::test]
async fn implicit_tls_opens_with_its_facts_and_introduces_the_peer_first() {
    let pki = Pki::new(Service::Mx);
    let mut house = House::open(Tls::Implicit(pki.server.clone()));
    let mut known = house.tls(&pki.operator()).await;
    let hello = known.line().await;
    assert!(hello.starts_with("hello TLS1.3 TLS_AES_256_GCM_SHA384 certificate=true "), "{hello}");
    let subject = "CN=mx.operateur.example,OU=318310021300028,O=GIP Santé,ST=Haute-Garonne (31),C=FR";
    assert_eq!(house.note().await, Note::Secured(subject.into()));

    let mut unknown = house.tls(&pki.client()).await;
    assert!(unknown.line().await.contains("certificate=false"));
    unknown.send("quit\n").await;
    assert_eq!(house.note().await, Note::Dropped, "nobody was introduced");
}

/// RELIABILITY I-02. The clock jumps whenever everything waits, so the write deadline passes
/// as soon as the kernel's buffers are full.
#[tokio::test(start_paused = true)]
async fn a_pull_stops_when_the_peer_does_not_read_and_the_peer_is_given_up() {
    let mut house = House::open(Tls::Off);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    let stream = socket.connect(house.address).await.unwrap();
    stream.writable().await.unwrap();
    stream.try_write(b"pull 100000\n").unwrap();
    let mut pulled = 0;
    loop {
        match house.note().await {
            Note::Pulled => pulled += 1,
            Note::Gone => break,
            note => panic!("{note:?}"),
        }
    }
    // The kernel may hold some megabytes of a socket's output; we hold 64 KiB and an item.
    assert!(pulled * ITEM < 16 * 1024 * 1024, "{pulled} items pulled for a peer that took none");
    assert!(pulled * ITEM > limits::PENDING);
    drop(stream);
}

#[tokio::test]
async fn a_pull_reaches_a_peer_that_reads_whole_and_in_order() {
    let pki = Pki::new(Service::Mailbox);
    let house = House::open(Tls::Implicit(pki.server.clone()));
    let mut client = house.tls(&pki.client()).await;
    client.line().await;
    client.send("echo before\npull 300\necho after\n").await;
    assert_eq!(client.line().await, "before");
    for item in 0..300 {
        assert_eq!(client.line().await.len(), ITEM - 1, "item {item}");
    }
    assert_eq!(client.line().await, "end");
    assert_eq!(client.line().await, "after");
}

#[tokio::test]
async fn a_pushed_body_arrives_whole_and_in_order_in_the_clear_and_under_tls() {
    let pki = Pki::new(Service::Submission);
    let body: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
    let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
    let want = format!("body 1000000 {sum}");
    let mut message = b"body 1000000\n".to_vec();
    message.extend_from_slice(&body);
    message.extend_from_slice(b"echo next\n");

    let mut house = House::open(Tls::Off);
    let mut client = house.plain().await;
    client.line().await;
    client.send(&message).await;
    assert_eq!(client.line().await, want);
    assert_eq!(client.line().await, "next");
    assert_eq!(pushed(&mut house, body.len()).await, body);

    let mut house = House::open(Tls::Implicit(pki.server.clone()));
    let mut client = house.tls(&pki.client()).await;
    client.line().await;
    client.send(&message).await;
    assert_eq!(client.line().await, want);
    assert_eq!(client.line().await, "next");
    assert_eq!(pushed(&mut house, body.len()).await, body);
}

async fn pushed(house: &mut House, length: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < length {
        match house.note().await {
            Note::Pushed(piece) => body.extend(piece),
            note => panic!("{note:?}"),
        }
    }
    body
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session() {
    let house = House::open(Tls::Off);
    let mut client = house.plain().await;
    assert_eq!(client.line().await, "hello plain");
    let began = tokio::time::Instant::now();
    assert_eq!(client.line().await, "silence");
    let waited = began.elapsed();
    assert!(waited >= PATIENCE && waited < PATIENCE * 2, "{waited:?}");
    assert_eq!(client.line().await, "");
}

/// RELIABILITY S-16: patience is a total, not per byte.
#[tokio::test(start_paused = true)]
async fn a_byte_now_and_then_buys_no_time() {
    for (case, first) in [("a command", ""), ("a body", "body 100\n")] {
        let house = House::open(Tls::Off);
        let mut client = house.plain().await;
        assert_eq!(client.line().await, "hello plain");
        let began = tokio::time::Instant::now();
        client.send(first).await;
        let (mut reader, mut writer) = tokio::io::split(client.0.into_inner());
        let dripping = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(10)).await;
                if tokio::io::AsyncWriteExt::write_all(&mut writer, b"x").await.is_err() {
                    break;
                }
            }
        });
        let mut said = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut said).await;
        assert_eq!(said, b"silence\n", "{case}");
        assert!(began.elapsed() < PATIENCE * 2, "{case}: lived {:?}", began.elapsed());
        dripping.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_but_steady_body_is_waited_for() {
    let house = House::open(Tls::Off);
    let mut client = house.plain().await;
    assert_eq!(client.line().await, "hello plain");
    client.send("body 122880\n").await;
    let began = tokio::time::Instant::now();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        client.send([1; 2048]).await;
    }
    assert!(began.elapsed() >= PATIENCE * 2);
    assert_eq!(client.line().await, "body 122880 122880");
}

#[tokio::test]
async fn events_are_heard_only_while_listening() {
    let house = House::open(Tls::Off);
    let mut client = house.plain().await;
    client.send("echo 1\n").await;
    assert_eq!(client.line().await, "hello plain");
    assert_eq!(client.line().await, "1");
    house.events.send_replace(7);
    client.send("echo 2\n").await;
    assert_eq!(client.line().await, "2", "not listening: the event waits");
    client.send("listen\n").await;
    assert_eq!(client.line().await, "listening");
    assert_eq!(client.line().await, "event 7", "and is told when listening begins");
    house.events.send_replace(8);
    assert_eq!(client.line().await, "event 8");
    client.send("done\n").await;
    assert_eq!(client.line().await, "done");
}

/// Our own words do not prove that the peer lives.
#[tokio::test(start_paused = true)]
async fn events_do_not_lengthen_patience() {
    let house = House::open(Tls::Off);
    let mut client = house.plain().await;
    client.send("listen\n").await;
    assert_eq!(client.line().await, "hello plain");
    assert_eq!(client.line().await, "listening");
    let began = tokio::time::Instant::now();
    for event in 1..6 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        house.events.send_replace(event);
        assert_eq!(client.line().await, format!("event {event}"));
    }
    assert_eq!(client.line().await, "silence");
    assert!(began.elapsed() < PATIENCE + Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_peer_that_leaves_is_told_to_the_machine_once() {
    let mut house = House::open(Tls::Off);
    let mut client = house.plain().await;
    client.send("body 100\nhalf of it").await;
    assert_eq!(client.line().await, "hello plain");
    drop(client);
    assert_eq!(house.note().await, Note::Pushed(b"half of it".to_vec()));
    assert_eq!(house.note().await, Note::Gone);
    assert_eq!(house.note().await, Note::Dropped);
}

/// A socket closed with unread input is reset, and on some systems a reset destroys what the
/// peer has not read yet.
#[tokio::test]
async fn a_peer_that_goes_on_talking_hears_our_last_words_and_is_not_reset() {
    let house = House::open(Tls::Off);
    let mut client = house.plain().await;
    client.line().await;
    let mut talk = b"quit\n".to_vec();
    talk.extend(std::iter::repeat_n(*b"echo x\n", 5_000).flatten());
    client.send(talk).await;
    assert_eq!(client.line().await, "bye");
    assert_eq!(client.line().await, "");
    client.send("are you still there?\n").await;
    assert!(client.0.get_ref().take_error().unwrap().is_none());
}
