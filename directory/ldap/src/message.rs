//! Requests from the wire (RFC 4511 §4.1.1).
//!
//! Answers are written by `ldap3_proto`. Requests are read here, because its reader gives up the
//! connection where one request should be answered (a filter value that is no text, a control that is
//! faulty), forgets whether pages and order were critical, cuts message numbers to 32 bits, reads the
//! first half of a message again with each piece that arrives, and tells a log of the lowest level the
//! octets of a bind, password and all. The tests hold the two against each other.

use crate::ber::{self, Broken, Depth, Reader};
use crate::controls::Wishes;
use crate::filter::{self, Filter, Unreadable};
use crate::limits;

/// StartTLS (RFC 4511 §4.14).
pub(crate) const STARTTLS: &str = "1.3.6.1.4.1.1466.20037";
/// Who am I? (RFC 4532)
pub(crate) const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";
/// Cancel (RFC 3909).
pub(crate) const CANCEL: &str = "1.3.6.1.1.8";

/// One request.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Message {
    pub(crate) id: i32,
    pub(crate) request: Request,
    pub(crate) controls: Vec<Control>,
}

/// A control as it came.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Control {
    pub(crate) oid: String,
    pub(crate) critical: bool,
    pub(crate) value: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Request {
    Bind(Bind),
    Unbind,
    Search(Box<Search>),
    Compare(Compare),
    Abandon(i32),
    Extended {
        name: String,
        value: Option<Vec<u8>>,
    },
    /// Something that would change the directory.
    Change(Reply),
}

#[derive(Clone, PartialEq)]
pub(crate) struct Bind {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) proof: Proof,
}

#[derive(Clone, PartialEq)]
pub(crate) enum Proof {
    Simple(Vec<u8>),
    Sasl { mechanism: String, credentials: Option<Vec<u8>> },
    Other,
}

/// Passwords stand in no log.
impl std::fmt::Debug for Bind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Bind(version {})", self.version)
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Proof")
    }
}

/// How far below the base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// It alone.
    Base,
    /// What stands directly under it.
    One,
    /// All of it.
    Sub,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Search {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) size: u32,
    pub(crate) seconds: u32,
    pub(crate) types_only: bool,
    pub(crate) filter: Filter,
    pub(crate) chosen: Vec<String>,
    pub(crate) wishes: Wishes,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Compare {
    pub(crate) entry: String,
    pub(crate) description: String,
    pub(crate) assertion: Filter,
}

/// Which answer a request gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    Bind,
    Search,
    Modify,
    Add,
    Delete,
    Rename,
    Compare,
    Extended,
}

/// Why there is no message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Unread {
    /// Nothing can be said to it: the connection ends (RFC 4511 §4.1.1).
    Lost(&'static str),
    /// The request can be answered, and the connection goes on.
    Faulty { id: i32, reply: Reply, why: Why },
}

/// What is wrong with one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    Protocol(&'static str),
    /// A value in a filter is not UTF-8.
    NotText,
    /// It asks for too much.
    TooMuch(&'static str),
}

impl From<Broken> for Why {
    fn from(broken: Broken) -> Self {
        Why::Protocol(match broken {
            Broken::Short => "an element is not complete",
            Broken::Indefinite => "a length in indefinite form",
            Broken::Long => "a length is too large",
            Broken::Kind => "an element of another kind was expected",
            Broken::Number => "a number is out of range",
            Broken::Text => "a text is not UTF-8",
        })
    }
}

impl From<Unreadable> for Why {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Broken(broken) => broken.into(),
            Unreadable::NotText => Why::NotText,
            Unreadable::TooWide => Why::TooMuch("the filter has too many tests"),
            Unreadable::TooLong => Why::TooMuch("a value in the filter is too long"),
        }
    }
}

/// Reads one whole message.
pub(crate) fn read(bytes: &[u8], arc: &str) -> Result<Message, Unread> {
    let lost = |_| Unread::Lost("the message is not LDAP");
    let mut inside = Reader::new(bytes).inside(ber::SEQUENCE).map_err(lost)?;
    let id = inside.integer().ok().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 0);
    let id = id.ok_or(Unread::Lost("the message has no number"))?;
    let request = inside.element().map_err(lost)?;
    let reply = match request.tag {
        0x60 => Reply::Bind,
        0x63 => Reply::Search,
        0x66 => Reply::Modify,
        0x68 => Reply::Add,
        0x4a => Reply::Delete,
        0x6c => Reply::Rename,
        0x6e => Reply::Compare,
        0x77 => Reply::Extended,
        0x42 => return Ok(Message { id, request: Request::Unbind, controls: Vec::new() }),
        0x50 => {
            let other = ber::integer(request.body).ok().and_then(|other| i32::try_from(other).ok());
            let other = other.ok_or(Unread::Lost("an abandon without a number"))?;
            return Ok(Message { id, request: Request::Abandon(other), controls: Vec::new() });
        }
        _ => return Err(Unread::Lost("a request of an unknown kind")),
    };
    let faulty = |why| Unread::Faulty { id, reply, why };
    match ber::check(bytes, limits::DEPTH) {
        Ok(()) => {}
        Err(Depth::TooDeep) => return Err(faulty(Why::TooMuch("the request is nested too deeply"))),
        // Lengths that do not fit: nobody knows where the next message begins to make sense.
        Err(Depth::Broken(_)) => return Err(Unread::Lost("the message is not LDAP")),
    }
    let controls = controls(inside).map_err(|broken| faulty(broken.into()))?;
    let request = of_kind(reply, request.body, arc).map_err(faulty)?;
    Ok(Message { id, request, controls })
}

/// RFC 4511 §4.1.11.
fn controls(mut inside: Reader<'_>) -> Result<Vec<Control>, Broken> {
    let Some(all) = inside.maybe(0xa0)? else { return Ok(Vec::new()) };
    let mut all = Reader::new(all);
    let mut controls = Vec::new();
    while !all.is_empty() {
        let mut one = all.inside(ber::SEQUENCE)?;
        let oid = one.text()?.to_owned();
        let critical = one.maybe(ber::BOOLEAN)?.map(ber::boolean).transpose()?.unwrap_or(false);
        let value = one.maybe(ber::OCTETS)?.map(<[u8]>::to_vec);
        if !one.is_empty() || controls.len() == limits::CONTROLS {
            return Err(Broken::Kind);
        }
        controls.push(Control { oid, critical, value });
    }
    Ok(controls)
}

fn of_kind(reply: Reply, body: &[u8], arc: &str) -> Result<Request, Why> {
    let mut inside = Reader::new(body);
    Ok(match reply {
        Reply::Bind => Request::Bind(bind(inside)?),
        Reply::Search => Request::Search(Box::new(search(inside, arc)?)),
        Reply::Compare => Request::Compare(compare(inside, arc)?),
        Reply::Extended => {
            let name = ber::text(inside.expect(0x80)?)?.to_owned();
            let value = inside.maybe(0x81)?.map(<[u8]>::to_vec);
            Request::Extended { name, value }
        }
        Reply::Modify | Reply::Add | Reply::Delete | Reply::Rename => Request::Change(reply),
    })
}

/// RFC 4511 §4.2.
fn bind(mut inside: Reader<'_>) -> Result<Bind, Why> {
    let version = inside.integer()?;
    let name = inside.text()?.to_owned();
    let proof = inside.element()?;
    let proof = match proof.tag {
        0x80 => Proof::Simple(proof.body.to_vec()),
        0xa3 => {
            let mut sasl = Reader::new(proof.body);
            let mechanism = sasl.text()?.to_owned();
            Proof::Sasl { mechanism, credentials: sasl.maybe(ber::OCTETS)?.map(<[u8]>::to_vec) }
        }
        _ => Proof::Other,
    };
    Ok(Bind { version, name, proof })
}

/// RFC 4511 §4.5.1.
fn search(mut inside: Reader<'_>, arc: &str) -> Result<Search, Why> {
    let base = inside.text()?.to_owned();
    let scope = match inside.enumerated()? {
        0 => Scope::Base,
        1 => Scope::One,
        2 => Scope::Sub,
        _ => return Err(Why::Protocol("a scope of an unknown kind")),
    };
    // There are no aliases to follow.
    if !(0..=3).contains(&inside.enumerated()?) {
        return Err(Why::Protocol("aliases of an unknown kind"));
    }
    let bound = |number: i64| u32::try_from(number).map_err(|_| Broken::Number);
    let size = bound(inside.integer()?)?;
    let seconds = bound(inside.integer()?)?;
    let types_only = inside.boolean()?;
    let filter = filter::read(&mut inside, arc)?;
    let mut list = inside.inside(ber::SEQUENCE)?;
    let mut chosen = Vec::new();
    while !list.is_empty() {
        if chosen.len() == limits::CHOSEN {
            return Err(Why::TooMuch("too many attributes are chosen"));
        }
        chosen.push(list.text()?.to_owned());
    }
    let wishes = Wishes::default();
    Ok(Search { base, scope, size, seconds, types_only, filter, chosen, wishes })
}

/// RFC 4511 §4.10.
fn compare(mut inside: Reader<'_>, arc: &str) -> Result<Compare, Why> {
    let entry = inside.text()?.to_owned();
    let mut assertion = inside.inside(ber::SEQUENCE)?;
    let description = assertion.text()?.to_owned();
    let value = assertion.expect(ber::OCTETS)?;
    if value.len() > limits::VALUE {
        return Err(Why::TooMuch("the value is too long"));
    }
    let value = std::str::from_utf8(value).map_err(|_| Why::NotText)?;
    let assertion = filter::assertion(&description, value, arc);
    Ok(Compare { entry, description, assertion })
}
