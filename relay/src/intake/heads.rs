//! Header blocks as each recipient may see them.

use names::{Address, Timestamp};
use wire::mime::compose::{Letter, Person};
use wire::mime::{AddressList, Head};

/// The field by which this house knows its letters again; a token of the house, and the passage.
pub(crate) const TRACE: &str = "X-Pli-Trace";

/// Puts a field that is already written and folded on top of a block.
pub(super) fn put_on_top(head: &mut Head, field: &str) {
    let bytes = [field.as_bytes(), head.bytes()].concat();
    // A block at its very limit keeps going without our trace field rather than being lost.
    if let Ok(whole) = Head::parse(bytes) {
        *head = whole;
    }
}

/// Says where reports on a letter go, as its final delivery does (RFC 5321 §4.4); the null sender's
/// letters have an empty path.
pub(crate) fn show_return_path(head: &mut Head, path: Option<&Address>) {
    put_on_top(head, &format!("Return-Path: <{}>\r\n", path.map(ToString::to_string).unwrap_or_default()));
}

/// The block as the patient at `own` may see it: of all addresses of patients, their own only (DESIGN
/// §2.3, DOMAIN §2.9). A patient of another operator is known by their domain or by the INS before the
/// `@`. None when the block may be shown as it is.
pub(super) fn for_patient(head: &Head, own: &Address) -> Option<Head> {
    let patient = |address: &Address| address.domain() == own.domain() || address.ins().is_ok();
    let other = |address: &Address| patient(address) && address != own;
    let mut shown = head.clone();
    let mut changed = false;
    for name in ["To", "Cc", "Resent-To", "Resent-Cc"] {
        let list = head.addresses(name);
        // What is no address we know how to read might hide one.
        if list.refused.is_empty() && !list.mailboxes.iter().any(|mailbox| other(&mailbox.address)) {
            continue;
        }
        changed = true;
        shown.remove(name);
        let value = rewritten(&list, |address| !other(address));
        match value {
            Some(value) => shown.append(name, &value),
            None if name == "To" => shown.append(name, "undisclosed-recipients:;"),
            None => {}
        }
    }
    changed.then_some(shown)
}

fn rewritten(list: &AddressList, keep: impl Fn(&Address) -> bool) -> Option<String> {
    let kept: Vec<Person<'_>> = list
        .mailboxes
        .iter()
        .filter(|mailbox| keep(&mailbox.address))
        .map(|mailbox| Person {
            name: mailbox.name.as_deref().unwrap_or_default(),
            address: &mailbox.address,
        })
        .collect();
    let first = kept.first()?;
    // The composer writes names as mail wants them; its To field is borrowed from a letter never sent.
    let letter = Letter {
        from: *first,
        sender: None,
        to: &kept,
        cc: &[],
        subject: "",
        message_id: "x@invalid",
        in_reply_to: None,
        references: &[],
        text: "",
        attachments: &[],
        fields: &[],
    };
    let composed = Head::parse(letter.compose(Timestamp(0)).head).ok()?;
    composed.field("To").map(|field| field.unfolded())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::parse(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn each_patient_sees_their_own_address_only() {
        let own = Address::parse("279035121518989@patient.example").unwrap();
        let sent = head(
            "From: a@b.example\r\nTo: Jeanne <279035121518989@patient.example>,\r\n =?utf-8?q?Ren=C3=A9?= <180012b12345619@patient.example>\r\nCc: 180012B12345619@PATIENT.example, Dr B <dr@b.example>\r\n\r\n",
        );
        let shown = for_patient(&sent, &own).unwrap();
        let text = String::from_utf8(shown.bytes().to_vec()).unwrap();
        assert!(!text.to_lowercase().contains("180012b"), "{text}");
        assert!(text.contains("279035121518989") && text.contains("dr@b.example"), "{text}");
        assert!(text.ends_with("\r\n\r\n"));
    }

    #[test]
    fn a_patient_of_another_operator_is_hidden_too() {
        let own = Address::parse("279035121518989@patient.example").unwrap();
        let sent =
            head("To: 279035121518989@patient.example, 285059900010125@far.example, dr@b.example\r\n\r\n");
        let text = String::from_utf8(for_patient(&sent, &own).unwrap().bytes().to_vec()).unwrap();
        assert!(!text.contains("285059900010125") && text.contains("dr@b.example"), "{text}");
    }

    #[test]
    fn a_letter_to_one_patient_is_shown_as_it_came() {
        let own = Address::parse("279035121518989@patient.example").unwrap();
        assert!(
            for_patient(&head("To: 279035121518989@patient.example, dr@b.example\r\n\r\n"), &own).is_none()
        );
    }

    #[test]
    fn a_blind_copy_learns_of_no_other_patient() {
        let own = Address::parse("279035121518989@patient.example").unwrap();
        let shown = for_patient(&head("To: 180012b12345619@patient.example\r\n\r\n"), &own).unwrap();
        assert_eq!(shown.field("To").unwrap().unfolded().trim(), "undisclosed-recipients:;");
    }
}
