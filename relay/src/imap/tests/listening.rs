//! IDLE.

use super::*;
use std::future::Future;
use std::task::{Context, Poll, Waker};

#[tokio::test]
async fn an_idle_session_hears_of_a_delivery_of_flags_and_of_removals() {
    for home in homes().await {
        let mut idle = Client::doctor(&home.door).await;
        let mut busy = Client::doctor(&home.door).await;
        idle.write(b"i IDLE\r\n").await;
        assert_eq!(idle.heard(), "+ idling\r\n");
        home.deliver_plain(&["un"]).await;
        assert_eq!(idle.news().await, "* 1 EXISTS\r\n");
        assert_eq!(busy.ok("NOOP").await, "* 1 EXISTS");
        busy.ok("STORE 1 +FLAGS.SILENT \\Deleted").await;
        assert_eq!(idle.news().await, "* 1 FETCH (UID 1 FLAGS (\\Deleted))\r\n");
        busy.ok("EXPUNGE").await;
        assert_eq!(idle.news().await, "* 1 EXPUNGE\r\n");
        idle.write(b"DONE\r\n").await;
        assert_eq!(idle.heard(), "i OK IDLE done\r\n");
    }
}

#[tokio::test]
async fn news_that_came_while_the_peer_spoke_is_not_lost() {
    for home in homes().await {
        let mut idle = Client::doctor(&home.door).await;
        idle.write(b"i IDLE\r\n").await;
        idle.heard();
        home.deliver_plain(&["un"]).await;
        // The driver begins to wait for an event and gives it up at once, because bytes came.
        let begun = std::pin::pin!(idle.world().event()).poll(&mut Context::from_waker(Waker::noop()));
        let told = match begun {
            Poll::Pending => idle.news().await,
            // The store was quicker than one look.
            Poll::Ready(answer) => {
                idle.step(Input::Event(answer)).await;
                idle.heard()
            }
        };
        assert_eq!(told, "* 1 EXISTS\r\n");
        idle.write(b"DONE\r\n").await;
        idle.heard();
        // And news heard of before a command is told at its end.
        home.deliver_plain(&["deux"]).await;
        assert_eq!(idle.ok("NOOP").await, "* 2 EXISTS");
    }
}

#[tokio::test]
async fn what_happens_elsewhere_in_the_account_wakes_nobody() {
    for home in homes().await {
        let mut idle = Client::doctor(&home.door).await;
        idle.write(b"i IDLE\r\n").await;
        idle.heard();
        let mut busy = Client::signed_in(&home.door, DOCTOR, DOCTORS_PASSWORD).await;
        let letter = b"Subject: brouillon\r\n\r\n";
        super::appending::append(&mut busy, "Drafts", letter).await;
        busy.ok("CREATE Autre").await;
        home.deliver_plain(&["un"]).await;
        assert_eq!(idle.news().await, "* 1 EXISTS\r\n");
    }
}
