//! What each page of the console shows, as plain values: made by the pages, rendered by the templates,
//! which escape every one of them.

mod entrance;
mod frame;
mod home;

pub use entrance::{Code, FirstPassword, Goodbye, Oops, Recovery, SecondFactor, SignIn};
pub use frame::{Crumb, Entry, Frame, Place, ProofField};
pub use home::{Answer, Home};

pub use walls::When;
