//! What each page of the console shows, as plain values: made by the pages, rendered by the templates,
//! which escape every one of them.

mod entrance;
mod frame;
mod home;
mod mailbox;
mod person;

pub use entrance::{Code, FirstPassword, Goodbye, Oops, Recovery, SecondFactor, SignIn};
pub use frame::{Crumb, Entry, Frame, Place, ProofField};
pub use home::{Answer, Home};
pub use mailbox::{ActLine, Confirm, EntryForm, Mailbox, May, MemberLine, NewMailbox, Typed};
pub use person::{Departed, Device, NewPassword, Organisation, Person, ResetForm, Secret};

pub use walls::When;
