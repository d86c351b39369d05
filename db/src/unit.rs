//! Units of work.

use crate::{Error, Tx};
use futures_util::future::BoxFuture;
use std::future::Future;

/// How strictly a unit is kept apart from others on PostgreSQL. SQLite has one writer, so every
/// unit is alone there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isolation {
    /// Row locks taken by the unit itself, in the fixed order contact, folder, chain head.
    ReadCommitted,
    /// As if alone; run again when PostgreSQL finds it was not.
    Serializable,
}

/// A named piece of work on the database that may be run again.
///
/// It must have no effect but on its `Tx`, read no clock and draw no chance: what it needs is in
/// its fields. An `Err` rolls everything back.
pub trait Unit: Send + 'static {
    /// For logs and errors: what it does.
    const NAME: &'static str;
    /// How strictly it is kept apart.
    const ISOLATION: Isolation = Isolation::ReadCommitted;
    /// What it gives back once committed.
    type Output: Send + 'static;
    /// Its own failures, and those of the floor.
    type Error: From<Error> + Send + 'static;

    /// Does the work. May be called more than once; only one run is ever kept.
    fn run(&mut self, tx: &mut Tx) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;

    /// The name shown; [`Unit::NAME`] unless the unit carries its own.
    fn name(&self) -> &'static str {
        Self::NAME
    }
}

/// A small unit made of parameters and a closure that captures nothing.
pub fn unit<P, T, E>(
    name: &'static str,
    parameters: P,
    body: for<'a> fn(&'a P, &'a mut Tx) -> BoxFuture<'a, Result<T, E>>,
) -> impl Unit<Output = T, Error = E>
where
    P: Send + Sync + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    SmallUnit { name, parameters, body }
}

type Body<P, T, E> = for<'a> fn(&'a P, &'a mut Tx) -> BoxFuture<'a, Result<T, E>>;

struct SmallUnit<P, T, E> {
    name: &'static str,
    parameters: P,
    body: Body<P, T, E>,
}

impl<P, T, E> Unit for SmallUnit<P, T, E>
where
    P: Send + Sync + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    const NAME: &'static str = "small unit";
    type Output = T;
    type Error = E;

    async fn run(&mut self, tx: &mut Tx) -> Result<T, E> {
        (self.body)(&self.parameters, tx).await
    }

    fn name(&self) -> &'static str {
        self.name
    }
}
