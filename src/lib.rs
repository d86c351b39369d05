//! Pli, a secure health-mail relay: what the binary is made of, for the binary and for whole-server
//! tests.
//!
//! [`assembly::House`] is everything below the doors, [`assembly::Server`] the doors over it; both are
//! built from a [`config::Config`]. `pli demo` is [`demo::Demo`], which tests may start too:
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let folder = std::path::Path::new("/tmp/pli-demo");
//! let demo = pli::demo::Demo::start(folder, pli::demo::Ports::Free).await?;
//! println!("{}", demo.story());
//! demo.stop().await;
//! # Ok(()) }
//! ```
#![warn(missing_docs)]

pub mod assembly;
pub mod cmd;
pub mod config;
pub mod control;
pub mod demo;
pub mod telemetry;
#[cfg(test)]
mod testing;
