//! The contents of one letter on their way out, piece by piece.

use std::ops::Range;

use bytes::Bytes;
use mailstore::{BodyReader, Error};
use wire::imap::{Block, Span};

use crate::imap::limits;

/// The contents of one row on their way out.
pub(super) struct Streaming {
    spans: std::vec::IntoIter<Span>,
    head: Bytes,
    body: Option<BodyReader>,
    rest: Range<u64>,
    waiting: Bytes,
}

impl Streaming {
    pub(super) fn new(spans: Vec<Span>, head: Bytes, body: Option<BodyReader>) -> Self {
        Self { spans: spans.into_iter(), head, body, rest: 0..0, waiting: Bytes::new() }
    }

    /// Whether all its octets were given.
    pub(super) fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.rest.is_empty() && self.spans.as_slice().is_empty()
    }

    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.fill().await?;
        let most = self.waiting.len().min(limits::CHUNK);
        Ok((most > 0).then(|| self.waiting.split_to(most)))
    }

    /// Has octets waiting, unless there are none to come.
    pub(super) async fn fill(&mut self) -> Result<(), Error> {
        while self.waiting.is_empty() {
            if self.rest.is_empty() {
                let Some(span) = self.spans.next() else { return Ok(()) };
                match span.block {
                    Block::Head => {
                        let range = span.start as usize..span.end as usize;
                        let short = Error::Unreadable {
                            what: "a header block of octets",
                            id: self.head.len() as i64,
                        };
                        let found = self.head.get(range.clone()).is_some();
                        self.waiting = if found { self.head.slice(range) } else { return Err(short) };
                        continue;
                    }
                    Block::Body => self.rest = span.start..span.end,
                }
            }
            let Some(body) = self.body.as_mut() else {
                return Err(Error::Unreadable {
                    what: "a body that was not opened, octets",
                    id: self.rest.end as i64,
                });
            };
            let wanted = self.rest.end;
            match body.next(&mut self.rest).await? {
                Some(piece) if self.rest.end == wanted => self.waiting = piece,
                // Shorter than its summary says: never pad, never shift what follows.
                Some(_) | None => return Err(Error::Unreadable { what: "body", id: body.id().0 }),
            }
        }
        Ok(())
    }
}
