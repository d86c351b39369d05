//! Answers, written by `ldap3_proto`.

use bytes::BytesMut;
use ldap3_proto::LdapCodec;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapBindResponse, LdapExtendedResponse, LdapMsg, LdapOp, LdapPartialAttribute, LdapResult,
    LdapResultCode as Code, LdapSearchResultEntry,
};
use tokio_util::codec::Encoder as _;

use crate::entry::Entry;
use crate::message::Reply;
use crate::reason::Reason;
use crate::schema::{Attribute, Usage};

/// Notice of disconnection (RFC 4511 §4.4.1).
const NOTICE: &str = "1.3.6.1.4.1.1466.20036";

/// What a connection over the cap reads before it is closed: a notice of disconnection, "unavailable".
pub const BUSY: &[u8] = &[
    0x30, 0x24, 0x02, 0x01, 0x00, 0x78, 0x1f, 0x0a, 0x01, 0x34, 0x04, 0x00, 0x04, 0x00, 0x8a, 0x16, b'1',
    b'.', b'3', b'.', b'6', b'.', b'1', b'.', b'4', b'.', b'1', b'.', b'1', b'4', b'6', b'6', b'.', b'2',
    b'0', b'0', b'3', b'6',
];

/// How a request ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// The result code.
    pub code: Code,
    /// For people; English, and nothing that the asker did not know.
    pub text: String,
    /// The nearest entry that exists.
    pub matched: String,
    /// Why not, for whoever counts; nothing when it is as asked.
    pub reason: Option<Reason>,
}

impl Outcome {
    /// Without more words.
    #[must_use]
    pub fn plain(code: Code) -> Self {
        Self::new(code, "")
    }

    /// With a sentence.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        let reason = Reason::of(&code);
        Self { code, text: text.into(), matched: String::new(), reason }
    }

    /// Where the code alone does not say why.
    #[must_use]
    pub fn because(self, reason: Reason) -> Self {
        Self { reason: Some(reason), ..self }
    }

    fn result(self) -> LdapResult {
        LdapResult { code: self.code, matcheddn: self.matched, message: self.text, referral: Vec::new() }
    }
}

/// Appends the answer to a request.
pub(crate) fn outcome(
    out: &mut Vec<u8>,
    id: i32,
    reply: Reply,
    outcome: Outcome,
    controls: Vec<LdapControl>,
) {
    let result = outcome.result();
    let op = match reply {
        Reply::Bind => LdapOp::BindResponse(LdapBindResponse { res: result, saslcreds: None }),
        Reply::Search => LdapOp::SearchResultDone(result),
        Reply::Modify => LdapOp::ModifyResponse(result),
        Reply::Add => LdapOp::AddResponse(result),
        Reply::Delete => LdapOp::DelResponse(result),
        Reply::Rename => LdapOp::ModifyDNResponse(result),
        Reply::Compare => LdapOp::CompareResult(result),
        Reply::Extended => {
            LdapOp::ExtendedResponse(LdapExtendedResponse { res: result, name: None, value: None })
        }
    };
    write(out, LdapMsg { msgid: id, op, ctrl: controls });
}

/// Appends the answer to an extended request.
pub(crate) fn extended(
    out: &mut Vec<u8>,
    id: i32,
    outcome: Outcome,
    name: Option<&str>,
    value: Option<Vec<u8>>,
) {
    let response = LdapExtendedResponse { res: outcome.result(), name: name.map(ToOwned::to_owned), value };
    write(out, LdapMsg::new(id, LdapOp::ExtendedResponse(response)));
}

/// Appends the notice that the connection ends.
pub(crate) fn notice(out: &mut Vec<u8>, code: Code, text: &str) {
    extended(out, 0, Outcome::new(code, text), Some(NOTICE), None);
}

/// Which attributes of entries are given (RFC 4511 §4.5.1.8).
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Choice {
    user: bool,
    operational: bool,
    named: Vec<(Attribute, String)>,
    types_only: bool,
}

impl Choice {
    pub(crate) fn new(chosen: &[String], types_only: bool, arc: &str) -> Self {
        let mut choice = Self { user: chosen.is_empty(), operational: false, named: Vec::new(), types_only };
        for text in chosen {
            match text.trim() {
                "*" => choice.user = true,
                "+" => choice.operational = true,
                // `1.1` is no attribute: chosen alone, it chooses none.
                text => {
                    choice.named.extend(Attribute::named(text, arc).map(|found| (found, text.to_owned())))
                }
            }
        }
        choice
    }

    fn gives(&self, attribute: Attribute, root: bool) -> bool {
        let named = self.named.iter().any(|(named, _)| *named == attribute);
        named
            || match attribute.kind().usage {
                Usage::User => self.user,
                // RFC 4512 §5.1 makes them operational; who reads the root without a list wants them.
                Usage::Root => self.operational || self.user && root,
                Usage::Operational => self.operational,
            }
    }
}

/// Appends one entry.
pub(crate) fn entry(out: &mut Vec<u8>, id: i32, entry: &Entry, choice: &Choice) {
    let root = entry.dn.is_empty();
    let given = entry.attributes().filter(|(attribute, _)| choice.gives(*attribute, root));
    let attributes = given.map(|(attribute, values)| LdapPartialAttribute {
        atype: attribute.name().to_owned(),
        vals: match choice.types_only {
            true => Vec::new(),
            false => values.iter().map(|value| value.clone().into_bytes()).collect(),
        },
    });
    let found = LdapSearchResultEntry { dn: entry.dn.clone(), attributes: attributes.collect() };
    write(out, LdapMsg::new(id, LdapOp::SearchResultEntry(found)));
}

fn write(out: &mut Vec<u8>, message: LdapMsg) {
    let mut bytes = BytesMut::new();
    match LdapCodec::default().encode(message, &mut bytes) {
        Ok(()) => out.extend_from_slice(&bytes),
        // It writes into memory: there is nothing that could fail.
        Err(error) => tracing::error!(%error, "an answer could not be written"),
    }
}
