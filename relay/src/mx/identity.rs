//! The last links of the identity chain between operators: domains of the certificate → envelope sender →
//! single `From` → `Sender`; `Reply-To` is the rules' to judge (DESIGN §2.4, RELIABILITY S-13, T-06).

use crate::intake::Peer;
use names::Address;
use wire::mime::{AuthorFault, Head, HeadError};
use wire::smtp::Reply;

/// Who wrote a letter, and where answers may go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) author: Address,
    pub(super) reply_to: Vec<Address>,
}

/// Why a letter does not say who it is from in a way that can be believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The header block itself is unusable.
    Head(HeadError),
    /// A field that may stand once stands twice.
    Repeated(&'static str),
    /// No From, several, or one that is not an address.
    Author(AuthorFault),
    /// From is of a domain that the list does not give to this operator, or is not tied to the envelope.
    ForeignFrom,
    /// So is Sender.
    ForeignSender,
    /// Reply-To holds something that is no address.
    ReplyTo,
}

impl Fault {
    pub(super) fn reply(&self) -> Reply {
        match self {
            Self::Head(error) => Reply::not_understood(&format!("the header cannot be read: {error}")),
            Self::Repeated(name) => Reply::not_understood(&format!("the field {name} stands more than once")),
            Self::Author(fault) => Reply::not_understood(&format!("the letter's author is unclear: {fault}")),
            Self::ForeignFrom => Reply::not_yours("From must be the envelope sender, or Sender must name it"),
            Self::ForeignSender => Reply::not_yours("Sender must be an address of this operator"),
            Self::ReplyTo => Reply::not_understood("Reply-To holds something that is no address"),
        }
    }
}

/// Checks what the header says of its author.
///
/// `From` is the envelope sender. It may be another address of the same domain when `Sender` names the
/// envelope sender, as a secretariat's server writes it (RFC 5322 §3.6.2). A report has no envelope sender:
/// its `From` is of a domain of this operator, or of the very host that its certificate names, because
/// servers sign their reports so.
pub(super) fn check(
    head: &Head,
    peer: &Peer,
    hosts: &[String],
    envelope: Option<&Address>,
) -> Result<Checked, Fault> {
    if let Some(name) = head.repeated().first() {
        return Err(Fault::Repeated(name));
    }
    let author = head.author().map_err(Fault::Author)?.address;
    let own = |address: &Address| peer.domains.contains(address.domain());
    let sender = head.sender();
    let tied = match envelope {
        None => own(&author) || hosts.iter().any(|host| host == author.domain().as_str()),
        Some(envelope) => {
            let named = matches!(&sender.mailboxes[..], [one] if one.address == *envelope);
            author.domain() == envelope.domain() && own(&author) && (author == *envelope || named)
        }
    };
    if !tied {
        return Err(Fault::ForeignFrom);
    }
    let foreign = envelope.is_some() && !sender.mailboxes.iter().all(|said| own(&said.address));
    if foreign || !sender.refused.is_empty() {
        return Err(Fault::ForeignSender);
    }
    let reply_to = head.reply_to();
    if !reply_to.refused.is_empty() {
        return Err(Fault::ReplyTo);
    }
    Ok(Checked { author, reply_to: reply_to.mailboxes.into_iter().map(|mailbox| mailbox.address).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{DistinguishedName, Domain};

    fn judge(head: &str, envelope: Option<&str>) -> Result<String, Fault> {
        let peer = Peer {
            name: DistinguishedName::parse("CN=mx,O=X,C=FR").unwrap(),
            domains: ["a.example", "b.example"].map(|domain| Domain::parse(domain).unwrap()).into(),
        };
        let head = Head::parse(format!("{head}\r\n\r\n").into_bytes()).map_err(Fault::Head)?;
        let envelope = envelope.map(|envelope| Address::parse(envelope).unwrap());
        let hosts = ["mx.host.example".to_owned()];
        check(&head, &peer, &hosts, envelope.as_ref()).map(|checked| checked.author.to_string())
    }

    /// RELIABILITY S-13, S-14 and the half of T-06 that stands in the letter.
    #[test]
    fn s_13_the_author_is_one_and_tied_to_the_envelope() {
        let from = Some("dr@a.example");
        let good = Ok("dr@a.example".to_owned());
        for (name, head, envelope, expected) in [
            ("the envelope sender", "From: Dr <dr@a.example>", from, good),
            (
                "a doctor, sent by the secretariat",
                "From: dr@a.example\r\nSender: sec@a.example",
                Some("sec@a.example"),
                Ok("dr@a.example".to_owned()),
            ),
            ("no From", "To: x@a.example", from, Err(Fault::Author(AuthorFault::Missing))),
            ("two From", "From: dr@a.example\r\nFrom: x@c.example", from, Err(Fault::Repeated("From"))),
            (
                "two addresses",
                "From: dr@a.example, x@c.example",
                from,
                Err(Fault::Author(AuthorFault::Count(2))),
            ),
            ("a group", "From: us: dr@a.example;", from, Err(Fault::Author(AuthorFault::Group))),
            ("another of the domain, unsaid", "From: boss@a.example", from, Err(Fault::ForeignFrom)),
            ("another domain of the peer", "From: dr@b.example", from, Err(Fault::ForeignFrom)),
            ("another member", "From: dr@c.example", from, Err(Fault::ForeignFrom)),
            (
                "another member with the envelope as Sender",
                "From: dr@c.example\r\nSender: dr@a.example",
                from,
                Err(Fault::ForeignFrom),
            ),
            ("a subdomain", "From: dr@x.a.example", from, Err(Fault::ForeignFrom)),
            (
                "another member's Sender",
                "From: dr@a.example\r\nSender: x@c.example",
                from,
                Err(Fault::ForeignSender),
            ),
            ("no address in Reply-To", "From: dr@a.example\r\nReply-To: oops", from, Err(Fault::ReplyTo)),
            ("a comment trick", "From: dr@a.example (x@c.example)", from, Ok("dr@a.example".to_owned())),
            ("a report", "From: MAILER-DAEMON@b.example", None, Ok("mailer-daemon@b.example".to_owned())),
            (
                "a report of the host itself",
                "From: MAILER-DAEMON@mx.host.example",
                None,
                Ok("mailer-daemon@mx.host.example".to_owned()),
            ),
            ("a report in another's name", "From: dr@c.example", None, Err(Fault::ForeignFrom)),
        ] {
            assert_eq!(judge(head, envelope), expected, "{name}");
        }
    }

    /// RELIABILITY S-14: what is encoded is never an address.
    #[test]
    fn s_14_an_encoded_word_is_no_address() {
        for from in [
            "=?utf-8?q?a=40c.example?=@a.example",
            "=?utf-8?q?dr=40a.example=3e?= <x@c.example>",
            "\"dr@a.example\" <x@c.example>",
            "=?utf-8?b?ZHJAYS5leGFtcGxl?=",
        ] {
            let judged = judge(&format!("From: {from}"), Some("dr@a.example"));
            assert!(matches!(judged, Err(Fault::Author(_) | Fault::ForeignFrom)), "{from}: {judged:?}");
        }
    }
}
