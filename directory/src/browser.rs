//! What the sessions of all browsers have in common, whoever sits there: the cookie holds 256 random bits and only
//! their SHA-256 is kept; forms send another 256 back; a session is noted as in use at most once a minute.

use db::{Tx, args};
use names::{SessionId, Timestamp};

use crate::sessions::SignedIn;
use crate::sign_in::{fresh_token, sha256};
use crate::{Directory, Error, limits};

/// A session about to begin: what is kept of its secrets.
pub(crate) struct Fresh {
    pub(crate) id: SessionId,
    pub(crate) token: [u8; 32],
    replaced: Option<[u8; 32]>,
    pub(crate) csrf: String,
    pub(crate) now: Timestamp,
}

/// The statements of one kind of sessions that make room for another.
pub(crate) struct Room {
    /// Of `now` and the last moment that counts as in use.
    pub(crate) forget_dead: &'static str,
    /// Of the token of the session this browser had before.
    pub(crate) replace: &'static str,
}

impl Fresh {
    /// With fresh secrets: what is kept, and what the browser gets once it is written.
    pub(crate) fn new(directory: &Directory, replaced: Option<&str>, now: Timestamp) -> (Self, SignedIn) {
        let (token, hash) = fresh_token(directory);
        let (csrf, _) = fresh_token(directory);
        let fresh = Self {
            id: SessionId(directory.db().id(now)),
            token: hash,
            replaced: replaced.map(|token| sha256(token.as_bytes())),
            csrf: csrf.clone(),
            now,
        };
        (fresh, SignedIn { token, csrf })
    }

    /// Forgets the one before it and those that are over.
    pub(crate) async fn make_room(&self, tx: &mut Tx, room: &Room) -> Result<(), db::Error> {
        tx.execute(room.forget_dead, args![self.now, self.now.plus(-limits::SESSION_IDLE)]).await?;
        if let Some(replaced) = &self.replaced {
            tx.execute(room.replace, args![replaced]).await?;
        }
        Ok(())
    }
}

/// Whether a form's token is the session's; compared in constant time.
pub(crate) fn is_csrf(token: &str, of_session: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(token.as_bytes(), of_session.as_bytes()).is_ok()
}

/// Writes down with `sql` that a session is in use; at most once a minute, so pages stay reads.
pub(crate) async fn touch(
    directory: &Directory,
    sql: &'static str,
    (id, seen): (SessionId, Timestamp),
    now: Timestamp,
) -> Result<(), Error> {
    if now.since(seen) < limits::SESSION_TOUCH {
        return Ok(());
    }
    let touch = db::unit("touch a session", (sql, id, now), |(sql, id, now), tx| {
        Box::pin(async move { tx.execute(sql, args![*id, *now]).await.map(drop) })
    });
    Ok(directory.db().write(touch).await?)
}
