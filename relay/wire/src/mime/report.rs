//! Reports: delivery status (RFC 3464) and read receipts (RFC 8098), both multipart/report (RFC 6522).

use names::{Address, Timestamp};

use super::{
    compose::{self, Composed, Person},
    encode,
};

/// What every report says of itself.
#[derive(Clone, Debug)]
pub struct Cover<'a> {
    /// Who reports.
    pub from: Person<'a>,
    /// To whom; its envelope sender is null (RFC 3464 §2, RFC 8098 §3).
    pub to: &'a Address,
    /// Subject for people.
    pub subject: &'a str,
    /// Message-ID without brackets.
    pub message_id: &'a str,
    /// Message-ID of the letter reported on, without brackets.
    pub original_message_id: Option<&'a str>,
    /// What happened, for people.
    pub text: &'a str,
    /// Header block of the letter reported on, given back as text/rfc822-headers; `None` for none.
    pub original_head: Option<&'a [u8]>,
}

/// What happened to one recipient (RFC 3464 §2.3).
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// The address that was tried.
    pub recipient: &'a Address,
    /// `ORCPT` as the sender gave it, type and address (RFC 3461 §4.2).
    pub original: Option<&'a str>,
    /// What became of it.
    pub action: Action,
    /// Enhanced status, as `(5, 1, 1)` (RFC 3463).
    pub status: (u8, u8, u16),
    /// The far server's reply, when one spoke.
    pub diagnostic: Option<&'a str>,
    /// The far server.
    pub remote: Option<&'a str>,
    /// When we give up, for [`Action::Delayed`].
    pub retry_until: Option<Timestamp>,
}

/// RFC 3464 §2.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It could not be delivered.
    Failed,
    /// Not yet.
    Delayed,
    /// It was, and the sender asked to hear.
    Delivered,
    /// Handed to a server that sends no such notices.
    Relayed,
    /// Sent on to other addresses.
    Expanded,
}

/// A read receipt (RFC 8098 §3.2).
#[derive(Clone, Debug)]
pub struct Receipt<'a> {
    /// The mailbox the letter was delivered to.
    pub recipient: &'a Address,
    /// The address the sender wrote, if another (`Original-Recipient` of the letter).
    pub original_recipient: Option<&'a str>,
    /// What was done.
    pub disposition: Disposition<'a>,
}

/// RFC 8098 §3.2.6, as far as Pli does such things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition<'a> {
    /// A person opened the letter; the house's rules send the receipt (DOMAIN §2.6).
    Displayed,
    /// A person threw it away unread.
    Deleted,
    /// A program took it in (DOMAIN §3.6).
    Processed,
    /// A program could not: code and label, as `902^patient inconnu`.
    ProcessedError(&'a str),
}

/// A delivery status report.
#[must_use]
pub fn delivery_status(
    cover: &Cover<'_>,
    reporting_host: &str,
    envelope_id: Option<&str>,
    arrived: Option<Timestamp>,
    deliveries: &[Delivery<'_>],
    now: Timestamp,
) -> Composed {
    let mut facts = encode::field("Reporting-MTA", &format!("dns; {reporting_host}"));
    if let Some(id) = envelope_id {
        facts.extend(encode::field("Original-Envelope-Id", id));
    }
    if let Some(arrived) = arrived {
        facts.extend(encode::field("Arrival-Date", &arrived.rfc5322()));
    }
    for delivery in deliveries {
        let (class, subject, detail) = delivery.status;
        facts.extend_from_slice(b"\r\n");
        if let Some(original) = delivery.original {
            facts.extend(encode::field("Original-Recipient", &ascii(original)));
        }
        facts.extend(encode::field("Final-Recipient", &typed(delivery.recipient)));
        facts.extend(encode::field("Action", delivery.action.as_str()));
        facts.extend(encode::field("Status", &format!("{class}.{subject}.{detail}")));
        if let Some(remote) = delivery.remote {
            facts.extend(encode::field("Remote-MTA", &format!("dns; {remote}")));
        }
        if let Some(text) = delivery.diagnostic {
            facts.extend(encode::field("Diagnostic-Code", &format!("smtp; {}", ascii(text))));
        }
        facts.extend(encode::field("Last-Attempt-Date", &now.rfc5322()));
        if let Some(until) = delivery.retry_until {
            facts.extend(encode::field("Will-Retry-Until", &until.rfc5322()));
        }
    }
    report(cover, "delivery-status", &facts, now)
}

/// A read receipt.
#[must_use]
pub fn receipt(cover: &Cover<'_>, reporting_host: &str, receipt: &Receipt<'_>, now: Timestamp) -> Composed {
    let mut facts = encode::field("Reporting-UA", &format!("{}; Pli", ascii(reporting_host)));
    if let Some(original) = receipt.original_recipient {
        facts.extend(encode::field("Original-Recipient", &ascii(original)));
    }
    facts.extend(encode::field("Final-Recipient", &typed(receipt.recipient)));
    if let Some(id) = cover.original_message_id {
        facts.extend(encode::field(
            "Original-Message-ID",
            &format!("<{}>", ascii(id).replace(['<', '>'], "")),
        ));
    }
    facts.extend(encode::field("Disposition", receipt.disposition.modes()));
    if let Disposition::ProcessedError(text) = receipt.disposition {
        facts.extend(encode::field("Error", &ascii(text)));
    }
    report(cover, "disposition-notification", &facts, now)
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

impl Disposition<'_> {
    fn modes(self) -> &'static str {
        match self {
            // A person acted; nobody asked them whether to tell (RFC 8098 §3.2.6.1).
            Self::Displayed => "manual-action/MDN-sent-automatically; displayed",
            Self::Deleted => "manual-action/MDN-sent-automatically; deleted",
            Self::Processed => "automatic-action/MDN-sent-automatically; processed",
            Self::ProcessedError(_) => "automatic-action/MDN-sent-automatically; processed/error",
        }
    }
}

/// The three parts of RFC 6522 §3 under one head.
fn report(cover: &Cover<'_>, kind: &str, facts: &[u8], now: Timestamp) -> Composed {
    let boundary = compose::boundary(cover.message_id);
    let to = [Person { name: "", address: cover.to }];
    let mut head = compose::Letter {
        from: cover.from,
        sender: None,
        to: &to,
        cc: &[],
        subject: cover.subject,
        message_id: cover.message_id,
        in_reply_to: cover.original_message_id,
        references: &cover.original_message_id.map(str::to_owned).into_iter().collect::<Vec<_>>(),
        text: "",
        attachments: &[],
        fields: &[("Auto-Submitted", "auto-replied")],
    }
    .fields_only(now);
    head.extend(compose::content_type(
        "multipart/report",
        &[format!("report-type={kind}"), format!("boundary=\"{boundary}\"")],
    ));
    head.extend_from_slice(b"\r\n");

    let mut body = Vec::new();
    compose::open(&boundary, &mut body);
    compose::text_head(&mut body);
    encode::quoted_printable(cover.text, &mut body);
    compose::open(&boundary, &mut body);
    // Facts are ASCII unless an address is not (RFC 6533 would then say message/global-…).
    let utf8 = !facts.is_ascii();
    let media_type = if utf8 { format!("message/global-{kind}") } else { format!("message/{kind}") };
    body.extend(compose::content_type(&media_type, &[]));
    if utf8 {
        body.extend_from_slice(b"Content-Transfer-Encoding: 8bit\r\n");
    }
    body.extend_from_slice(b"\r\n");
    body.extend_from_slice(facts);
    // The CRLF before a delimiter is the delimiter's; the facts must end with one of their own.
    body.extend_from_slice(b"\r\n");
    if let Some(original) = cover.original_head {
        compose::open(&boundary, &mut body);
        if original.is_ascii() {
            body.extend(compose::content_type("text/rfc822-headers", &[]));
            body.extend_from_slice(b"\r\n");
            body.extend_from_slice(original);
        } else {
            body.extend(compose::content_type("text/rfc822-headers", &["charset=utf-8".to_owned()]));
            body.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
            encode::quoted_printable(&String::from_utf8_lossy(original), &mut body);
        }
        body.extend_from_slice(b"\r\n");
    }
    compose::end(&boundary, &mut body);
    Composed { head, body }
}

fn typed(address: &Address) -> String {
    let kind = if address.needs_utf8() { "utf-8" } else { "rfc822" };
    format!("{kind}; {address}")
}

/// Facts for machines are ASCII; other characters become a question mark.
fn ascii(text: &str) -> String {
    encode::one_line(text).chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{octets, read},
        *,
    };

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn cover<'a>(from: &'a Address, to: &'a Address, original: Option<&'a [u8]>) -> Cover<'a> {
        Cover {
            from: Person { name: "Pli", address: from },
            to,
            subject: "Lu : vos résultats",
            message_id: "1@pli",
            original_message_id: Some("orig@cabinet.fr"),
            text: "Votre message a été lu.",
            original_head: original,
        }
    }

    /// The types of the three parts and the octets of the second.
    fn taken_apart(composed: &Composed) -> (Vec<String>, String) {
        let (head, structure) = read(&[&composed.head[..], &composed.body].concat());
        assert_eq!(structure.ambiguity, None);
        assert_eq!(head.auto_submitted().as_deref(), Some("auto-replied"));
        assert_eq!(head.in_reply_to(), ["orig@cabinet.fr"]);
        let parts = structure.root.children();
        let facts = String::from_utf8_lossy(octets(&composed.body, &parts[1])).into_owned();
        (parts.iter().map(super::super::Part::media_type).collect(), facts)
    }

    #[test]
    fn a_read_receipt() {
        let (from, to) = (address("p@patient.fr"), address("dr@cabinet.fr"));
        let composed = receipt(
            &cover(&from, &to, Some(b"Subject: x\r\nMessage-ID: <orig@cabinet.fr>\r\n\r\n")),
            "patient.fr",
            &Receipt { recipient: &from, original_recipient: None, disposition: Disposition::Displayed },
            Timestamp(0),
        );
        let (types, facts) = taken_apart(&composed);
        assert_eq!(types, ["text/plain", "message/disposition-notification", "text/rfc822-headers"]);
        assert_eq!(
            facts,
            "Reporting-UA: patient.fr; Pli\r\nFinal-Recipient: rfc822; p@patient.fr\r\nOriginal-Message-ID: <orig@cabinet.fr>\r\n\
             Disposition: manual-action/MDN-sent-automatically; displayed\r\n"
        );
        assert!(String::from_utf8_lossy(&composed.head).contains("report-type=disposition-notification;"));
    }

    #[test]
    fn a_program_that_failed_says_why() {
        let (from, to) = (address("p@patient.fr"), address("dr@cabinet.fr"));
        let kind = Disposition::ProcessedError("902^patient\r\ninconnu");
        let composed = receipt(
            &cover(&from, &to, None),
            "x",
            &Receipt { recipient: &from, original_recipient: Some("rfc822; q@x.fr"), disposition: kind },
            Timestamp(0),
        );
        let (types, facts) = taken_apart(&composed);
        assert_eq!(types.len(), 2);
        assert!(facts.contains("Original-Recipient: rfc822; q@x.fr\r\n"));
        assert!(facts.ends_with("processed/error\r\nError: 902^patient inconnu\r\n"));
    }

    #[test]
    fn a_delivery_status_has_a_block_for_each_recipient() {
        let (from, to, gone) =
            (address("postmaster@pli.fr"), address("dr@cabinet.fr"), address("gone@far.fr"));
        let failed = Delivery {
            recipient: &gone,
            original: Some("rfc822;parti@far.fr"),
            action: Action::Failed,
            status: (5, 1, 1),
            diagnostic: Some("550 5.1.1 inconnu é"),
            remote: Some("mx.far.fr"),
            retry_until: None,
        };
        let delayed = Delivery {
            original: None,
            action: Action::Delayed,
            status: (4, 4, 1),
            diagnostic: None,
            remote: None,
            retry_until: Some(Timestamp(0)),
            ..failed.clone()
        };
        let composed = delivery_status(
            &cover(&from, &to, Some("Subject: é\r\n\r\n".as_bytes())),
            "pli.fr",
            Some("env1"),
            Some(Timestamp(0)),
            &[failed, delayed],
            Timestamp(0),
        );
        let (types, facts) = taken_apart(&composed);
        assert_eq!(types, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
        let epoch = "Thu, 01 Jan 1970 00:00:00 +0000";
        assert_eq!(
            facts,
            format!(
                "Reporting-MTA: dns; pli.fr\r\nOriginal-Envelope-Id: env1\r\nArrival-Date: {epoch}\r\n\r\n\
                 Original-Recipient: rfc822;parti@far.fr\r\nFinal-Recipient: rfc822; gone@far.fr\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.far.fr\r\n\
                 Diagnostic-Code: smtp; 550 5.1.1 inconnu ?\r\nLast-Attempt-Date: {epoch}\r\n\r\n\
                 Final-Recipient: rfc822; gone@far.fr\r\nAction: delayed\r\nStatus: 4.4.1\r\nLast-Attempt-Date: {epoch}\r\n\
                 Will-Retry-Until: {epoch}\r\n"
            )
        );
    }

    #[test]
    fn an_address_beyond_ascii_makes_the_report_global() {
        let (from, to) = (address("hélène@patient.fr"), address("dr@cabinet.fr"));
        let composed = receipt(
            &cover(&to, &to, None),
            "x",
            &Receipt { recipient: &from, original_recipient: None, disposition: Disposition::Displayed },
            Timestamp(0),
        );
        let (types, facts) = taken_apart(&composed);
        assert_eq!(types[1], "message/global-disposition-notification");
        assert!(facts.contains("Final-Recipient: utf-8; hélène@patient.fr\r\n"));
    }
}
