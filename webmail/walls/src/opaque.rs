//! References that say nothing: row ids are sealed before they stand in an address.
//!
//! AES-256-GCM-SIV with a fixed nonce: deterministic authenticated encryption (RFC 8452 §9 — what is
//! lost by repeating the nonce is only that equal references look equal, which links want). A
//! reference is bound to what it is for and to whom it was shown, so that one copied from another
//! space, or from another kind of page, opens nothing (RELIABILITY D-01); the rights are checked
//! again behind it all the same.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// What a reference may be used for. Part of what is authenticated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A conversation of the space.
    Conversation,
    /// One letter of the space.
    Letter,
    /// One part of a letter.
    Attachment,
    /// A correspondent who may be written to.
    Correspondent,
    /// A pharmacy of the directory.
    Pharmacy,
    /// A document of the dossier.
    Document,
    /// A profile one may act for.
    Profile,
    /// An invitation to represent a child.
    Representation,
    /// A closed space, to its person who just signed in.
    Reopening,
    /// Where a page of a list begins.
    Page,
    /// What the code's page says of where the code went.
    Destination,
    /// The second origin.
    File,
    /// An application password of a professional.
    Credential,
    /// A session of a professional.
    Session,
    /// A mailbox that a professional manages.
    Mailbox,
    /// A delegation: a mailbox and a person.
    Delegation,
    /// A sign-in that is at the identity provider.
    Provider,
    /// A professional, to an administrator.
    Person,
    /// An organisation, to an administrator.
    Organisation,
    /// A patient, to a support agent.
    Patient,
    /// A chain of the trail, to an auditor.
    Chain,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Conversation => b"conversation",
            Self::Letter => b"letter",
            Self::Attachment => b"attachment",
            Self::Correspondent => b"correspondent",
            Self::Pharmacy => b"pharmacy",
            Self::Document => b"document",
            Self::Profile => b"profile",
            Self::Representation => b"representation",
            Self::Reopening => b"reopening",
            Self::Page => b"page",
            Self::Destination => b"destination",
            Self::File => b"file",
            Self::Credential => b"credential",
            Self::Session => b"session",
            Self::Mailbox => b"mailbox",
            Self::Delegation => b"delegation",
            Self::Provider => b"provider",
            Self::Person => b"person",
            Self::Organisation => b"organisation",
            Self::Patient => b"patient",
            Self::Chain => b"chain",
        }
    }
}

/// Seals and opens references.
#[derive(Clone)]
pub struct Opaque(std::sync::Arc<LessSafeKey>);

/// Octets of a reference as text, at most: a longer one is not ours.
const TEXT_MAX: usize = 1_024;

impl Opaque {
    /// A key of its own, derived from the root key.
    pub fn new(root_key: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, root_key);
        let key = hmac::sign(&root, b"pli webmail references 1");
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.as_ref()).expect("HMAC-SHA-256 gives 32 octets");
        Self(std::sync::Arc::new(LessSafeKey::new(key)))
    }

    /// `content` as base64url, readable by us only, for `purpose` and `holder` only.
    pub fn hide(&self, purpose: Purpose, holder: &[u8], content: &[u8]) -> String {
        let mut sealed = content.to_vec();
        let sealing =
            self.0.seal_in_place_append_tag(nonce(), Aad::from(bound(purpose, holder)), &mut sealed);
        sealing.expect("a few octets are within the limits of the cipher");
        BASE64_URL_SAFE_NO_PAD.encode(&sealed)
    }

    /// What [`hide`](Self::hide) was given, if `text` is whole and was made for this use.
    pub fn reveal(&self, purpose: Purpose, holder: &[u8], text: &str) -> Option<Vec<u8>> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let mut sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let content = self.0.open_in_place(nonce(), Aad::from(bound(purpose, holder)), &mut sealed).ok()?;
        Some(content.to_vec())
    }

    /// Row ids, hidden.
    pub fn hide_ids(&self, purpose: Purpose, holder: &[u8], ids: &[i64]) -> String {
        let content: Vec<u8> = ids.iter().flat_map(|id| id.to_be_bytes()).collect();
        self.hide(purpose, holder, &content)
    }

    /// As many row ids, revealed.
    pub fn reveal_ids<const N: usize>(
        &self,
        purpose: Purpose,
        holder: &[u8],
        text: &str,
    ) -> Option<[i64; N]> {
        let content = self.reveal(purpose, holder, text)?;
        let (numbers, rest) = content.as_chunks::<8>();
        let ids: Vec<i64> = numbers.iter().map(|octets| i64::from_be_bytes(*octets)).collect();
        ids.try_into().ok().filter(|_| rest.is_empty())
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn bound(purpose: Purpose, holder: &[u8]) -> Vec<u8> {
    [purpose.label(), b"\0", holder].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOLDER: &[u8] = b"account 7";

    #[test]
    fn a_reference_opens_only_for_its_use_and_its_holder() {
        let opaque = Opaque::new(&[7; 32]);
        let text = opaque.hide_ids(Purpose::Letter, HOLDER, &[42]);
        assert_eq!(opaque.reveal_ids(Purpose::Letter, HOLDER, &text), Some([42]));
        assert_eq!(opaque.reveal_ids::<2>(Purpose::Letter, HOLDER, &text), None, "more than it holds");
        assert_eq!(opaque.reveal_ids::<1>(Purpose::Document, HOLDER, &text), None, "another purpose");
        assert_eq!(opaque.reveal_ids::<1>(Purpose::Letter, b"account 8", &text), None, "another holder");
        assert_eq!(
            Opaque::new(&[8; 32]).reveal_ids::<1>(Purpose::Letter, HOLDER, &text),
            None,
            "another key"
        );
        assert_eq!(opaque.reveal_ids::<1>(Purpose::Letter, HOLDER, &"A".repeat(1_025)), None, "too long");
        assert_eq!(
            opaque.hide_ids(Purpose::Letter, HOLDER, &[42]),
            text,
            "links do not change between visits"
        );
    }

    proptest! {
        #[test]
        fn what_is_hidden_is_revealed_and_any_change_is_noticed(
            content in prop::collection::vec(any::<u8>(), 0..100), place in any::<prop::sample::Index>(), flip in 1u8..64,
        ) {
            let opaque = Opaque::new(&[7; 32]);
            let text = opaque.hide(Purpose::File, HOLDER, &content);
            prop_assert_eq!(opaque.reveal(Purpose::File, HOLDER, &text), Some(content));
            let mut changed = text.into_bytes();
            let at = place.index(changed.len());
            changed[at] ^= flip;
            let changed = String::from_utf8_lossy(&changed).into_owned();
            prop_assert_eq!(opaque.reveal(Purpose::File, HOLDER, &changed), None);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,120}") {
            prop_assert_eq!(Opaque::new(&[7; 32]).reveal(Purpose::File, HOLDER, &text), None);
        }
    }
}
