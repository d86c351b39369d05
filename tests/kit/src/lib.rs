//! What the stories need: a whole server as a child process on throwaway data, clients that speak
//! byte by byte, a mail server of the outside world, foreign programs, a browser, and judges.
//!
//! Everything here blocks and has a time limit: a story is a list of steps, read from top to bottom.
//! Nothing of the server is linked in. It is started as an operator would start it, and met at its
//! doors.
#![warn(missing_docs)]

mod browser;
mod canaries;
mod cutter;
mod dialogue;
mod guide;
mod house;
mod imap;
mod issuer;
mod judge;
mod letters;
mod liar;
mod limits;
mod live_transcript;
mod loopback;
mod marionette;
mod memory;
mod names_server;
mod outside;
mod postfix;
mod postgres;
mod programs;
mod publisher;
mod recorder;
mod replay;
mod sink;
mod smtp;
mod socket;
mod telephone;
mod thunderbird;
mod trust_space;
mod until;
mod volatile;
mod zone_server;

pub use browser::{Browser, Scripts, Window};
pub use canaries::{Canary, Sighting, look_for};
pub use cutter::{Cut, Cutter, How, Point, Way};
pub use dialogue::{Dialogue, Event, Speaker};
pub use guide::Guide;
pub use house::{Engine, House, Plan};
pub use imap::{Fetched, ImapClient};
pub use issuer::Issuer;
pub use judge::{TraceLine, Violation, judge_trace, parse_trace};
pub use letters::{Letter, jpeg, pdf};
pub use liar::{Fate, Heard, Liar, Lie, Occasion, Script, Session};
pub use live_transcript::{Playable, play_live, playable};
pub use loopback::{Ports, instant, now};
pub use memory::settled_memory;
pub use names_server::{NamesServer, Weather};
pub use outside::{Outside, setting};
pub use postfix::{Foreign, Postfix};
pub use postgres::Schema;
pub use programs::{Ran, Tool};
pub use publisher::Publisher;
pub use recorder::Recorder;
pub use replay::replay;
pub use sink::{Caught, Sink};
pub use smtp::{Answer, SmtpClient};
pub use socket::Socket;
pub use telephone::Telephone;
pub use thunderbird::Thunderbird;
pub use trust_space::{Member, Operator, Route, TrustSpace};
pub use until::{Limit, until};
pub use zone_server::ZoneServer;
