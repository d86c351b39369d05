//! Whether a letter's opening is to be told to its sender.

use names::Address;
use wire::mime::Head;

/// Fields of lists: nobody there waits for one reader (RFC 2919 §3, RFC 2369 §3).
const LIST: [&str; 4] = ["List-Id", "List-Post", "List-Unsubscribe", "List-Help"];

/// Who hears that this letter was opened: whoever its Disposition-Notification-To names, and only when
/// that is where the letter came from. RFC 8098 §2.1 wants a person's consent otherwise; patients are
/// not asked (DOMAIN §2.6), so none leaves (DOMAIN §3.6). Nothing is answered by machine to a report, a
/// list, or what a machine sent (RFC 8098 §3, RFC 3834 §2).
pub(crate) fn owed_to(head: &Head, return_path: Option<&Address>) -> Option<Address> {
    let asking = asking(head)?;
    (return_path == Some(&asking)).then_some(asking)
}

/// The same of a letter whose return path was compared when it came.
pub(super) fn asking(head: &Head) -> Option<Address> {
    // Asked first: most letters ask for nothing.
    head.field("Disposition-Notification-To")?;
    let list = head.disposition_notification_to();
    let ([mailbox], [], []) = (&list.mailboxes[..], &list.refused[..], &list.groups[..]) else { return None };
    let bulk = |field: wire::mime::Field<'_>| {
        let word = field.unfolded().trim().to_ascii_lowercase();
        ["bulk", "list", "junk"].contains(&word.as_str())
    };
    let from_machine = crate::reports::is_report(head)
        || head.auto_submitted().is_some()
        || LIST.iter().any(|name| head.field(name).is_some())
        || head.field("Precedence").is_some_and(bulk);
    (!from_machine && !wants_more(head)).then(|| mailbox.address.clone())
}

/// Whether the sender wants no receipt from those who do not know an option: we know none
/// (RFC 8098 §2.2).
fn wants_more(head: &Head) -> bool {
    head.field("Disposition-Notification-Options")
        .is_some_and(|field| field.unfolded().to_ascii_lowercase().replace(' ', "").contains("=required"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCTOR: &str = "dr@cabinet.mssante.example";

    /// RELIABILITY §3.6, row 8098.
    #[test]
    fn a_receipt_is_owed_to_the_return_path_that_asked_and_to_nobody_else() {
        let ask = format!("Disposition-Notification-To: Dr <{DOCTOR}>\r\n");
        let elsewhere = "Disposition-Notification-To: other@cabinet.mssante.example\r\n";
        let two = format!("Disposition-Notification-To: {DOCTOR}, x@cabinet.mssante.example\r\n");
        let report = "Content-Type: multipart/report; report-type=disposition-notification\r\n";
        let path = Some(DOCTOR);
        for (name, fields, path, owed) in [
            ("asked", ask.clone(), path, true),
            ("written in capitals", ask.to_uppercase(), path, true),
            ("Auto-Submitted: no is a person", format!("{ask}Auto-Submitted: no\r\n"), path, true),
            (
                "an option one may ignore",
                format!("{ask}Disposition-Notification-Options: a=optional,b\r\n"),
                path,
                true,
            ),
            ("not asked", "Subject: x\r\n".to_owned(), path, false),
            ("asked for somebody else", elsewhere.to_owned(), path, false),
            ("asked for two", two, path, false),
            ("asked for no address", "Disposition-Notification-To: Dr\r\n".to_owned(), path, false),
            ("the null sender", ask.clone(), None, false),
            ("another return path", ask.clone(), Some("list@cabinet.mssante.example"), false),
            ("a receipt about a receipt", format!("{ask}{report}"), path, false),
            ("from a machine", format!("{ask}Auto-Submitted: auto-generated\r\n"), path, false),
            ("through a list", format!("{ask}List-Id: <l.cabinet.mssante.example>\r\n"), path, false),
            ("in bulk", format!("{ask}Precedence: Bulk\r\n"), path, false),
            (
                "an option we do not know",
                format!("{ask}Disposition-Notification-Options: a = required, x\r\n"),
                path,
                false,
            ),
        ] {
            let head = Head::parse(format!("{fields}From: {DOCTOR}\r\n\r\n").into_bytes()).unwrap();
            let path = path.map(|path| Address::parse(path).unwrap());
            assert_eq!(owed_to(&head, path.as_ref()).is_some(), owed, "{name}");
        }
    }
}
