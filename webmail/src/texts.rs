//! Every French sentence composed in code: one function each, typed arguments, plural handled here.
//!
//! What a page always says stands in its template; what depends on a number, a date, a name or a
//! state is composed here. Spaces that must not break are U+00A0, as French typography asks.

pub use walls::texts::{SOMEBODY, act, actor, called, clock, count, day, moment, named, wait_for_sign_in};

/// As "3 messages".
pub fn messages(number: u64) -> String {
    count(number, "message", "messages")
}

/// As "2 nouveaux messages", "1 nouveau message", "Aucun nouveau message".
pub fn new_messages(number: u64) -> String {
    match number {
        0 => "Aucun nouveau message".to_owned(),
        n => count(n, "nouveau message", "nouveaux messages"),
    }
}

/// As "1 pièce jointe".
pub fn attachments(number: u64) -> String {
    count(number, "pièce jointe", "pièces jointes")
}

/// As "3 pharmacies trouvées", "Aucune pharmacie trouvée".
pub fn pharmacies_found(number: u64, query: &str) -> String {
    match number {
        0 => format!("Aucune pharmacie trouvée pour «\u{a0}{query}\u{a0}»."),
        n => format!("{} pour «\u{a0}{query}\u{a0}».", count(n, "pharmacie trouvée", "pharmacies trouvées")),
    }
}

/// As "312 octets", "48 Ko", "1,4 Mo" (decimal units, as the limits are announced).
pub fn size(octets: u64) -> String {
    match octets {
        0..1_000 => count(octets, "octet", "octets"),
        1_000..1_000_000 => format!("{}\u{a0}Ko", octets.div_ceil(1_000).min(999)),
        _ => {
            let tenths = octets.div_ceil(100_000);
            match tenths % 10 {
                0 => format!("{}\u{a0}Mo", tenths / 10),
                tenth => format!("{},{tenth}\u{a0}Mo", tenths / 10),
            }
        }
    }
}

/// Why, or that, one may write. The screen's words for what `policy` decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The contact is open.
    MayWrite,
    /// A pharmacy: it may be written to at any time.
    MayWritePharmacy,
    /// The correspondent ended the exchange.
    Ended,
    /// The last letter asks for no answer; a new message may still be possible.
    NoAnswerWanted,
    /// The correspondent never wrote to this patient.
    NeverWrote,
    /// The pharmacies' door is closed by the operator, or this pharmacy never wrote (mode "known").
    PharmacyClosed,
    /// The correspondent's mailbox is closed, or no longer trusted.
    Gone,
    /// The person signed in may read but not write for this profile.
    ReadOnly,
    /// The profile itself cannot send (closed).
    ProfileClosed,
}

impl Standing {
    /// Whether the buttons are lit.
    pub fn may_write(self) -> bool {
        match self {
            Self::MayWrite | Self::MayWritePharmacy => true,
            Self::Ended
            | Self::NoAnswerWanted
            | Self::NeverWrote
            | Self::PharmacyClosed
            | Self::Gone
            | Self::ReadOnly
            | Self::ProfileClosed => false,
        }
    }

    /// Every case, for tables of tests and the gallery.
    #[cfg(test)]
    pub const ALL: [Self; 9] = [
        Self::MayWrite,
        Self::MayWritePharmacy,
        Self::Ended,
        Self::NoAnswerWanted,
        Self::NeverWrote,
        Self::PharmacyClosed,
        Self::Gone,
        Self::ReadOnly,
        Self::ProfileClosed,
    ];
}

/// After a message was sent.
pub const SENT: &str = "Votre message est envoyé.";
/// After sign-out.
pub const GOODBYE: &str = "Sur un ordinateur partagé, fermez aussi la fenêtre.";
/// A sign-in form with an empty field.
pub const FILL_BOTH: &str = "Saisissez votre identifiant et votre mot de passe.";
/// After what is allowed in an emergency was changed.
pub const CONSENTS_SAVED: &str = "Votre réponse est enregistrée. Vous pouvez la changer à tout moment.";
/// A helper, or somebody who represents the person no more.
pub const CONSENTS_NOT_YOURS: &str = "Cette réponse appartient à la personne, ou à son représentant légal.";
/// A right sign-in of somebody whose spaces are all closed.
pub const NO_PROFILE: &str = "Votre espace santé n’est pas ouvert. Pour l’ouvrir, appelez le 3422.";
/// Beside a document hidden from professionals.
pub const MASKED: &str = "Masqué aux professionnels de santé.";
/// A letter without any text to show.
pub const NO_TEXT: &str = "Ce message ne contient pas de texte. Voyez ses pièces jointes.";
/// When writing to a pharmacy (DOMAIN §2.2).
pub const BRING_THE_PAPER: &str = "Si vous envoyez une ordonnance, apportez aussi l’original à la pharmacie quand vous venez chercher vos médicaments.";

/// The subject as the page shows it.
pub fn subject(subject: &str) -> String {
    let subject = wire::mime::clean(subject);
    if subject.trim().is_empty() { "Sans sujet".to_owned() } else { subject }
}

/// Whether a letter's subject is its conversation's, "Re:" and "Fwd:" aside.
pub fn same_subject(one: &str, other: &str) -> bool {
    let base = |subject: &str| {
        let mut rest = names::fold(subject);
        for prefix in ["re ", "tr ", "fwd ", "fw "] {
            while let Some(shorter) = rest.strip_prefix(prefix) {
                rest = shorter.to_owned();
            }
        }
        rest
    };
    base(one) == base(other)
}

/// As "Dr Claire MARTIN", "Dr Claire MARTIN et 2 autres personnes".
pub fn people(names: &[&str]) -> String {
    match names {
        [] => "Correspondant inconnu".to_owned(),
        [one] => (*one).to_owned(),
        [first, others @ ..] => {
            format!("{first} et {}", count(others.len() as u64, "autre personne", "autres personnes"))
        }
    }
}

/// As "12 rue des Écoles, 69007 Lyon".
pub fn place(street: &str, postal_code: &str, town: &str) -> String {
    let town = format!("{postal_code} {town}");
    [street, town.trim()].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
}

/// A report in a conversation: what happened to a letter of this space.
pub const REPORTED: &str = "Un avis est arrivé au sujet de votre message.";
/// Who reports, whatever the report calls itself.
pub const REPORTER: &str = "Service de messagerie";

/// The event in a conversation.
pub fn ended_by(who: &str) -> String {
    format!("{} a mis fin à l’échange.", named(who))
}

/// Under a letter whose author asked to hear of its opening.
pub fn receipt_sent(who: &str) -> String {
    format!("Un accusé de lecture a été envoyé à {}.", named(who))
}

/// The state of an exchange, in words, as "Le Dr Claire MARTIN a mis fin à l'échange."
pub fn standing(standing: Standing, correspondent: &str) -> String {
    let who = named(correspondent);
    match standing {
        Standing::MayWrite => "Vous pouvez répondre.".to_owned(),
        Standing::MayWritePharmacy => "Vous pouvez écrire à cette pharmacie.".to_owned(),
        Standing::Ended => {
            format!("{who} a mis fin à l’échange. Vous pourrez répondre s’il vous écrit de nouveau.")
        }
        Standing::NoAnswerWanted => format!("{who} n’attend pas de réponse à ce message."),
        Standing::NeverWrote => {
            format!("{who} ne vous a pas encore écrit. C’est le professionnel de santé qui écrit en premier.")
        }
        Standing::PharmacyClosed => "Vous ne pouvez pas écrire en premier à cette pharmacie.".to_owned(),
        Standing::Gone => {
            format!("{who} n’utilise plus cette messagerie. Vos messages ne lui parviendraient pas.")
        }
        Standing::ReadOnly => "Vous pouvez lire ces messages, mais pas y répondre.".to_owned(),
        Standing::ProfileClosed => {
            "Cet espace est fermé\u{a0}: il ne peut plus envoyer de messages.".to_owned()
        }
    }
}

/// Who a letter of this space is from; who of its people wrote it stands at the end of its text.
pub fn sent_from(owner: &str, own: bool) -> String {
    if own { "Envoyé de votre espace".to_owned() } else { format!("Envoyé de l’espace de {owner}") }
}

/// The line every letter written for somebody else carries, told before it is sent.
pub fn will_say_for(author: &str, owner: &str) -> String {
    format!("Votre message indiquera qu’il est écrit par {author} pour {owner}.")
}

/// Who failed to sign in.
pub const WITH_YOUR_IDENTIFIER: &str = "Une personne qui a saisi votre identifiant";
/// Where a filed attachment went.
pub fn filed_under(category: &str) -> String {
    format!("Classé dans Mes documents, rubrique «\u{a0}{category}\u{a0}».")
}

/// After a wrong code; the same when the password was wrong.
pub const WRONG_CODE: &str = "Ce code n’est pas le bon, ou votre identifiant ou votre mot de passe ne l’était pas. \
    Vérifiez le code, ou revenez à la connexion.";

/// After too many wrong codes, or one too old.
pub const CODE_OVER: &str = "Ce code n’est plus valable. Saisissez de nouveau votre identifiant et votre mot de passe pour en recevoir un autre.";

/// Of a letter written in a session that has ended, once its writer is signed in again.
pub const SEND_AGAIN: &str =
    "Votre session avait pris fin. Votre texte est là\u{a0}: relisez-le, puis appuyez sur Envoyer.";

/// Why a file was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileRefusal {
    /// Larger than one file may be.
    TooLarge,
    /// All files together are too large.
    TotalTooLarge,
    /// Too many files.
    TooMany,
    /// Nothing in it.
    Empty,
    /// A phone's HEIC picture: not readable by most programs.
    Heic,
    /// A kind of file we do not take.
    Kind,
}

/// The sentence about one refused file, with what to do instead.
pub fn file_refused(why: FileRefusal, name: &str) -> String {
    let file = format!("«\u{a0}{name}\u{a0}»");
    match why {
        FileRefusal::TooLarge => {
            format!("Le fichier {file} est trop lourd\u{a0}: 5\u{a0}Mo au plus par fichier.")
        }
        FileRefusal::TotalTooLarge => "Vos fichiers sont trop lourds ensemble\u{a0}: 18\u{a0}Mo au plus. \
             Envoyez-les en plusieurs messages."
            .to_owned(),
        FileRefusal::TooMany => {
            "Vous pouvez joindre 10\u{a0}fichiers au plus. Envoyez-les en plusieurs messages.".to_owned()
        }
        FileRefusal::Empty => format!("Le fichier {file} est vide."),
        FileRefusal::Heic => format!(
            "La photo {file} est au format HEIC, que tous les professionnels ne peuvent pas ouvrir. \
             Enregistrez-la au format JPEG, puis joignez-la de nouveau."
        ),
        FileRefusal::Kind => format!(
            "Le fichier {file} ne peut pas être joint. Fichiers acceptés\u{a0}: PDF, photo JPEG ou PNG, TIFF, texte, RTF."
        ),
    }
}

/// What an answer's form lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// No text.
    Text,
    /// The text is beyond the limit.
    TextTooLong,
    /// No subject on a new message.
    Subject,
    /// The subject is beyond the limit.
    SubjectTooLong,
}

/// The sentence beside the field.
pub fn missing(what: Missing) -> &'static str {
    match what {
        Missing::Text => "Écrivez votre message avant de l’envoyer.",
        Missing::TextTooLong => "Votre message est trop long\u{a0}: 50\u{a0}000\u{a0}caractères au plus.",
        Missing::Subject => "Indiquez en quelques mots le sujet de votre message.",
        Missing::SubjectTooLong => "Le sujet est trop long\u{a0}: 150\u{a0}caractères au plus.",
    }
}

/// A number that is no social security number.
pub const WRONG_NUMBER: &str =
    "Ce numéro de sécurité sociale n’est pas juste. Vérifiez les 15 chiffres, clé comprise.";
/// A date that is none.
pub const WRONG_DATE: &str = "Cette date n’est pas lisible. Écrivez-la comme 03/07/1958.";
/// Whatever was wrong, when the shapes were right.
pub const NOT_RECOGNISED: &str = "Ces informations ne vont pas ensemble, ou le code a déjà servi. Vérifiez-les toutes, puis recommencez. Pour un nouveau code, appelez le support.";
/// Two passwords that differ.
pub const NOT_THE_SAME: &str = "Les deux mots de passe ne sont pas les mêmes. Saisissez-les de nouveau.";
/// Somebody has this login id.
pub const LOGIN_TAKEN: &str = "Cet identifiant est déjà pris. Choisissez-en un autre.";
/// No contact.
pub const NO_CONTACT: &str = "Indiquez une adresse e-mail ou un téléphone mobile.";
/// No mail address.
pub const BAD_EMAIL: &str = "Cette adresse e-mail n’est pas juste. Elle ressemble à nom@exemple.fr";
/// No telephone number.
pub const BAD_PHONE: &str = "Ce numéro de téléphone n’est pas juste. Écrivez-le comme 06 12 34 56 78.";
/// Codes left too often.
pub const TOO_MANY_CODES: &str = "Un code vient de partir. Attendez une minute avant d’en demander un autre.";
/// A code that is wrong or too old.
pub const WRONG_CODES: &str =
    "Un code n’est pas le bon, ou n’est plus valable. Vérifiez-le, ou demandez-en un autre.";
/// The box of the representative is not ticked.
pub const DECLARE: &str = "Cochez la case où vous déclarez être le représentant légal de l’enfant.";
/// The box of the terms is not ticked.
pub const ACCEPT_TERMS: &str = "Cochez la case des conditions d’utilisation pour ouvrir l’espace.";
/// An adult, or oneself.
pub const NOT_YOUR_CHILD: &str = "Cet espace ne peut pas être ouvert depuis le vôtre. Appelez le support.";
/// The heading after an opposition.
pub const OPPOSED: &str = "Votre opposition est enregistrée";
/// What follows from closing was not chosen.
pub const CHOOSE_WHAT_FOLLOWS: &str = "Choisissez ce que deviennent vos messages et vos documents.";
/// The password typed again is not the one.
pub const WRONG_PASSWORD: &str = "Ce mot de passe n’est pas le bon.";
/// A space that cannot be closed.
pub const NOT_OPEN: &str = "Cet espace est déjà fermé.";
/// The heading after closing.
pub const CLOSED: &str = "Votre espace est fermé";
/// A form with an empty field.
pub const FILL_ALL: &str = "Remplissez tous les champs.";

/// What follows from an opposition.
pub fn opposed(phone: &str) -> Vec<String> {
    vec![
        "Cet espace ne sera pas ouvert, et aucun message ne pourra y être reçu.".to_owned(),
        format!("Vous pouvez changer d’avis à tout moment, avec le même code sur cette page, ou au {phone}."),
    ]
}

/// What follows from closing.
pub fn closed(wish: directory::ClosingWish, day: &str, phone: &str) -> Vec<String> {
    let fate = match wish {
        directory::ClosingWish::Archive => {
            format!("Vos messages et vos documents sont gardés jusqu’au {day}, puis détruits.")
        }
        directory::ClosingWish::Delete => {
            format!(
                "Vos messages et vos documents seront supprimés le {day}. D’ici là, vous pouvez changer d’avis."
            )
        }
    };
    vec![
        fate,
        format!("Pour rouvrir votre espace, connectez-vous comme d’habitude, ou appelez le {phone}."),
        GOODBYE.to_owned(),
    ]
}

/// Why a login id is not taken.
pub fn bad_login(error: directory::users::LoginError) -> &'static str {
    use directory::users::LoginError;
    match error {
        LoginError::Length => "Un identifiant a de 8 à 100 caractères.",
        LoginError::Characters => {
            "Un identifiant n’a que des petites lettres sans accent, des chiffres, des points, des tirets."
        }
        LoginError::Number => {
            "Un identifiant n’est ni un numéro de sécurité sociale, ni un numéro de compte en banque."
        }
    }
}

/// Why a password is not taken.
pub fn weak_password(weak: directory::WeakPassword) -> &'static str {
    use directory::WeakPassword;
    match weak {
        WeakPassword::TooShort => "Ce mot de passe est trop court : 9 caractères au moins.",
        WeakPassword::TooLong => "Ce mot de passe est trop long.",
        WeakPassword::Kinds => {
            "Il manque au mot de passe une petite lettre, une grande lettre, un chiffre ou un signe."
        }
        WeakPassword::Personal => {
            "Ce mot de passe contient votre nom, votre date de naissance ou votre identifiant."
        }
        WeakPassword::Guessable => "Ce mot de passe est trop facile à deviner.",
    }
}

/// Who invites whom to represent whom.
pub fn invited_to_represent(who: &str, child: &str) -> String {
    format!(
        "{who} vous invite à représenter {child} avec elle ou avec lui. Vous pourrez lire ses messages et y répondre."
    )
}

/// An invitation one has sent.
pub fn representation_asked(
    whom: &str,
    child: &str,
    state: directory::RepresentationState,
    until: &str,
) -> String {
    use directory::RepresentationState;
    let stands = match state {
        RepresentationState::Waiting => format!("en attente jusqu’au {until}"),
        RepresentationState::Accepted => "acceptée".to_owned(),
        RepresentationState::Refused => "refusée".to_owned(),
        RepresentationState::Expired => "sans réponse, terminée".to_owned(),
    };
    format!("{whom}, pour {child}\u{a0}: {stands}.")
}

/// Why an invitation did not leave.
pub fn representative_refused(refusal: directory::RepresentativeRefusal) -> &'static str {
    use directory::RepresentativeRefusal;
    match refusal {
        RepresentativeRefusal::NotYours => "Ouvrez d’abord l’espace de l’enfant que vous représentez.",
        RepresentativeRefusal::NoChild => "Cet espace n’est pas celui d’un enfant, ou n’est pas ouvert.",
        RepresentativeRefusal::NoSpace | RepresentativeRefusal::Already => {
            "Cette personne ne peut pas être invitée. Appelez le support."
        }
        RepresentativeRefusal::TooMany => "Trois invitations attendent déjà une réponse pour cet enfant.",
    }
}

/// What was just done with an invitation.
pub fn representation_done(what: &str) -> Option<&'static str> {
    match what {
        "invite" => Some(
            "Votre invitation est enregistrée. Si cette personne a un espace santé, elle est prévenue et peut accepter ou refuser.",
        ),
        "accepte" => {
            Some("Vous représentez maintenant cet enfant. Son espace est dans la liste des profils.")
        }
        "refuse" => Some("Vous avez refusé cette invitation."),
        "passe" => Some("Cette invitation n’attend plus de réponse."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_one_are_singular() {
        for (number, want) in [(0, "0\u{a0}message"), (1, "1\u{a0}message"), (2, "2\u{a0}messages")] {
            assert_eq!(messages(number), want);
        }
        assert_eq!(new_messages(0), "Aucun nouveau message");
        assert_eq!(new_messages(1), "1\u{a0}nouveau message");
        assert_eq!(new_messages(12), "12\u{a0}nouveaux messages");
        assert_eq!(attachments(1), "1\u{a0}pièce jointe");
        assert_eq!(pharmacies_found(0, "x"), "Aucune pharmacie trouvée pour «\u{a0}x\u{a0}».");
        assert_eq!(pharmacies_found(1, "x"), "1\u{a0}pharmacie trouvée pour «\u{a0}x\u{a0}».");
    }

    #[test]
    fn sizes_never_show_less_than_the_file_weighs() {
        for (octets, want) in [
            (0, "0\u{a0}octet"),
            (1, "1\u{a0}octet"),
            (999, "999\u{a0}octets"),
            (1_000, "1\u{a0}Ko"),
            (47_001, "48\u{a0}Ko"),
            (999_999, "999\u{a0}Ko"),
            (1_000_000, "1\u{a0}Mo"),
            (1_400_000, "1,4\u{a0}Mo"),
            (4_999_999, "5\u{a0}Mo"),
            (25_000_000, "25\u{a0}Mo"),
        ] {
            assert_eq!(size(octets), want, "{octets}");
        }
    }

    #[test]
    fn only_an_open_exchange_lights_the_buttons_and_every_state_has_its_words() {
        for case in Standing::ALL {
            let words = standing(case, "Dr Claire MARTIN");
            assert!(words.ends_with('.'), "{case:?}: {words}");
            assert_eq!(
                case.may_write(),
                words.starts_with("Vous pouvez répondre.") || words.starts_with("Vous pouvez écrire")
            );
        }
        assert!(standing(Standing::Ended, "Dr Claire MARTIN").starts_with("Le Dr Claire MARTIN a mis fin"));
        assert!(standing(Standing::Ended, "Hôpital Nord").starts_with("Hôpital Nord a mis fin"));
    }
}
