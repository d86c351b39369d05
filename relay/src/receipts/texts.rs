//! What a read receipt says to people.

/// A receipt's subject; it tells nothing of the letter.
pub(super) const SUBJECT: &str = "Lettre ouverte / Letter opened";

/// The whole text, in French and then in English. RFC 8098 §3 wants it to promise no more than that.
pub(super) fn text(name: &str, reference: &str) -> String {
    format!(
        "Votre lettre a été ouverte dans la messagerie de :\r\n\r\n  {name}\r\n\r\n\
         Cela ne dit pas qu’elle a été lue en entier, ni comprise.\r\n\
         Ce message est automatique ; il ne faut pas y répondre. Référence : {reference}\r\n\r\n\
         -- \r\n\r\n\
         Your letter was opened in the mailbox of:\r\n\r\n  {name}\r\n\r\n\
         This does not tell that it was read to the end, nor understood.\r\n\
         This message is automatic; please do not answer it. Reference: {reference}\r\n"
    )
}
