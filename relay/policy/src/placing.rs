//! What may be put into a mailbox without being delivered to it: IMAP's APPEND and REPLACE (PEERS §4.2).
//!
//! Such a letter passed no door, so nobody vouches for a word of it. It may be kept where its owner wants it,
//! also among received letters, because mail programs put local mail back there; but it can never pass for a
//! received letter: it carries a mark that no client can take off, and the fields that only an operator may
//! write are taken their meaning (ADR 0021). No contact, no filing, no notice follows from it.

/// What is to be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placing {
    /// Whose mailbox it is.
    pub owner: Owner,
    /// What the login may do there.
    pub rights: Rights,
    /// The folder.
    pub shelf: Shelf,
}

/// Whose mailbox it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A professional, a team, a machine of theirs.
    Professional,
    /// A patient: what stands in their mailbox is what was written to them or by them.
    Patient,
}

/// What the login may do there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rights {
    /// Put letters in.
    Insert,
    /// Look only.
    Look,
}

/// The folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shelf {
    /// Where letters arrive.
    Inbox,
    /// Copies of what was sent.
    Sent,
    /// What is being written.
    Drafts,
    /// Any other.
    Other,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlacingDecision {
    /// It is kept, like this.
    Keep(Keeping),
    /// It is not.
    Refuse(PlacingRefusal),
}

/// How it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keeping {
    /// What tells it from a received letter.
    pub mark: Mark,
    /// What becomes of the fields that only an operator may write (docs/headers.md).
    pub claims: Claims,
}

/// What tells a letter from a received one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// The keyword that no client sets or takes off.
    Appended,
}

/// What becomes of the fields that only an operator may write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claims {
    /// They lose their names, and keep their places and their values.
    Disowned,
}

/// Why it is not kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PlacingRefusal {
    /// The login may only read.
    LookOnly,
    /// A patient's mailbox is filled by letters alone.
    PatientsMailbox,
}

/// Decides on one letter; every letter of a command is judged alike.
#[must_use]
pub fn place(placing: &Placing) -> PlacingDecision {
    match (placing.owner, placing.rights) {
        (Owner::Patient, Rights::Insert | Rights::Look) => {
            PlacingDecision::Refuse(PlacingRefusal::PatientsMailbox)
        }
        (Owner::Professional, Rights::Look) => PlacingDecision::Refuse(PlacingRefusal::LookOnly),
        (Owner::Professional, Rights::Insert) => match placing.shelf {
            // One rule for every folder: what is marked in Sent stays marked when it is moved to the INBOX.
            Shelf::Inbox | Shelf::Sent | Shelf::Drafts | Shelf::Other => {
                PlacingDecision::Keep(Keeping { mark: Mark::Appended, claims: Claims::Disowned })
            }
        },
    }
}

impl PlacingRefusal {
    /// Every refusal, for tables.
    pub const ALL: [Self; 2] = [Self::LookOnly, Self::PatientsMailbox];

    /// The rule's id, which never changes, and its words.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::LookOnly => (
                "append.look-only",
                "Vous pouvez seulement lire cette messagerie.",
                "You may only read this mailbox.",
            ),
            Self::PatientsMailbox => (
                "append.patient-mailbox",
                "Une lettre entre dans l’espace d’un patient seulement si elle lui a été envoyée.",
                "A letter enters a patient's space only by being sent there.",
            ),
        }
    }

    /// The stable id of the rule.
    #[must_use]
    pub fn rule(self) -> &'static str {
        self.words().0
    }

    /// One sentence in French.
    #[must_use]
    pub fn french(self) -> &'static str {
        self.words().1
    }

    /// One sentence in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        self.words().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNERS: [Owner; 2] = [Owner::Professional, Owner::Patient];
    const RIGHTS: [Rights; 2] = [Rights::Insert, Rights::Look];
    const SHELVES: [Shelf; 4] = [Shelf::Inbox, Shelf::Sent, Shelf::Drafts, Shelf::Other];

    #[test]
    fn the_whole_truth_table_of_placing() {
        let mut cases = 0;
        for owner in OWNERS {
            for rights in RIGHTS {
                for shelf in SHELVES {
                    let decision = place(&Placing { owner, rights, shelf });
                    let refused = match decision {
                        PlacingDecision::Refuse(refusal) => Some(refusal),
                        PlacingDecision::Keep(keeping) => {
                            let want = Keeping { mark: Mark::Appended, claims: Claims::Disowned };
                            assert_eq!(keeping, want, "{owner:?} {shelf:?}: it could pass for received");
                            None
                        }
                    };
                    let want = if owner == Owner::Patient {
                        Some(PlacingRefusal::PatientsMailbox)
                    } else if rights == Rights::Look {
                        Some(PlacingRefusal::LookOnly)
                    } else {
                        None
                    };
                    assert_eq!(refused, want, "{owner:?} {rights:?} {shelf:?}");
                    cases += 1;
                }
            }
        }
        assert_eq!(cases, 16);
    }

    #[test]
    fn every_refusal_has_an_id_and_two_sentences() {
        for refusal in PlacingRefusal::ALL {
            assert!(refusal.rule().starts_with("append."));
            assert!(refusal.english().ends_with('.') && refusal.french().ends_with('.'));
            assert!(refusal.english().is_ascii(), "it stands on an IMAP line");
        }
    }
}
