//! Where entries come from.

use std::future::Future;

use names::{Address, Timestamp};
use register::{Error, Listing, Mailbox, Page, Query, Register, Token};

/// One page of holders.
#[derive(Clone, Debug, Default)]
pub struct Leaf {
    /// Who answers the question.
    pub listings: Vec<Listing>,
    /// Where the next page begins.
    pub next: Option<Token>,
}

/// The register, as far as this room needs it.
pub trait Source: Clone + Send + Sync + 'static {
    /// The holders that answer a question, page by page.
    fn search(
        &self,
        query: &Query,
        page: &Page,
        now: Timestamp,
    ) -> impl Future<Output = Result<Leaf, Error>> + Send;

    /// The holder of a mailbox.
    fn by_address(
        &self,
        address: &Address,
    ) -> impl Future<Output = Result<Option<(Listing, Mailbox)>, Error>> + Send;
}

/// As the public sees it: that is how a register is opened.
impl Source for Register {
    async fn search(&self, query: &Query, page: &Page, now: Timestamp) -> Result<Leaf, Error> {
        let found = Register::search(self, query, page, now).await?;
        Ok(Leaf { listings: found.listings, next: found.next })
    }

    async fn by_address(&self, address: &Address) -> Result<Option<(Listing, Mailbox)>, Error> {
        Register::by_address(self, address).await
    }
}
