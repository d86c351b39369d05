//! The signature of a national list: XML-DSig (W3C Recommendation "XML Signature Syntax and Processing"),
//! in one narrow shape (docs/adr/0016-trust-list-signature.md).
//!
//! One `Signature`, the last child of the root; in it one `Reference` to the whole document (`URI=""`)
//! with the transforms enveloped-signature and, at most, one canonicalization without comments; SHA-2;
//! RSA PKCS#1 v1.5 or ECDSA; a signer whose public key is pinned. All else is refused. Since the
//! reference is always the whole document, there is nothing to move into or out of what is signed.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use names::Timestamp;
use x509_parser::prelude::{FromDer as _, Pem, X509Certificate};

use crate::limits;
use crate::trust::canonical::{Canonical, Method};
use crate::trust::keys::hexadecimal;
use crate::trust::xml::{Element, Piece, Reader, Scope, XmlFault, is_space};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Whether a list must be signed.
#[derive(Debug, Clone, Default)]
pub enum SignaturePolicy {
    /// An unsigned list is refused.
    Required(Signers),
    /// A signature that is there must be right. Whoever changes a list on its way can take it out: the
    /// list must come from where only its publisher writes.
    IfPresent(Signers),
    /// Not looked at.
    #[default]
    Off,
}

/// Whose signatures are believed: public keys, not authorities.
#[derive(Debug, Clone, Default)]
pub struct Signers {
    certificates: Vec<Vec<u8>>,
    /// SHA-256 of each SubjectPublicKeyInfo.
    keys: BTreeSet<[u8; 32]>,
}

/// A configured signer cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signers' file holds something that is no certificate in PEM")]
pub struct SignersError;

impl Signers {
    /// Certificates in PEM, and SHA-256 hashes of public keys (SubjectPublicKeyInfo).
    pub fn new(pem: &[u8], keys: impl IntoIterator<Item = [u8; 32]>) -> Result<Self, SignersError> {
        let mut signers = Self { certificates: Vec::new(), keys: keys.into_iter().collect() };
        for block in Pem::iter_from_buffer(pem) {
            let block = block.map_err(|_| SignersError)?;
            let key = key(&block.contents).ok_or(SignersError)?;
            signers.keys.insert(key.spki);
            signers.certificates.push(block.contents);
        }
        Ok(signers)
    }

    /// Whether nobody's signature would be believed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Why a signature is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Not XML that we read.
    #[error(transparent)]
    Xml(#[from] XmlFault),
    /// None where one is required.
    #[error("the list is not signed")]
    Missing,
    /// More than one, not the last child of the root, or parts of one elsewhere.
    #[error("the signature is not the one last element of the list")]
    Place,
    /// Not the shape we check.
    #[error("the signature has another shape than the one we check: {0}")]
    Shape(&'static str),
    /// An algorithm we do not use.
    #[error("the signature uses {0:?}, which we do not accept")]
    Algorithm(String),
    /// Nobody we know.
    #[error("the signer is not one of those configured{}", shown(.0))]
    Signer(Vec<[u8; 32]>),
    /// The list was changed after it was signed.
    #[error("the list is not the one that was signed")]
    Digest,
    /// The signature was not made with the signer's key.
    #[error("the signature does not verify")]
    Signature,
    /// The signer's certificate was not valid when the list was generated.
    #[error("the signer's certificate was not valid at the date of the list")]
    Expired,
}

fn shown(keys: &[[u8; 32]]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| hexadecimal(key)).collect();
    if keys.is_empty() { String::new() } else { format!(" (SHA-256 of its public key: {})", keys.join(", ")) }
}

/// Whose signature a list bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// SHA-256 of the signer's SubjectPublicKeyInfo.
    pub spki: [u8; 32],
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Signed {
    /// Whether the signer's certificate held then.
    pub fn held_at(&self, then: Timestamp) -> Result<(), SignatureFault> {
        if (self.not_before..=self.not_after).contains(&then) { Ok(()) } else { Err(SignatureFault::Expired) }
    }
}

/// Checks the signature of a list as the policy wants; says whose it is when one was checked.
pub fn check(bytes: &[u8], policy: &SignaturePolicy) -> Result<Option<Signed>, SignatureFault> {
    match policy {
        SignaturePolicy::Off => Ok(None),
        SignaturePolicy::Required(signers) => match find(bytes)? {
            Some(found) => verify(bytes, &found, signers).map(Some),
            None => Err(SignatureFault::Missing),
        },
        SignaturePolicy::IfPresent(signers) => {
            find(bytes)?.map(|found| verify(bytes, &found, signers)).transpose()
        }
    }
}

/// An element with what is in it, for the few that a signature has.
struct Node {
    element: Element,
    children: Vec<Child>,
}

enum Child {
    Node(Node),
    Text(String),
}

struct Found {
    signature: Node,
    /// Namespaces in scope around the signature.
    around: Scope,
}

/// The one signature, as the last child of the root; anything else of its namespace elsewhere is a fault.
fn find(bytes: &[u8]) -> Result<Option<Found>, SignatureFault> {
    let mut reader = Reader::new(bytes)?;
    let mut found = None;
    loop {
        match reader.next()? {
            Piece::End => return Ok(found),
            Piece::Open(_) if found.is_some() => return Err(SignatureFault::Place),
            Piece::Text(text) if found.is_some() && !text.chars().all(is_space) => {
                return Err(SignatureFault::Place);
            }
            Piece::Open(element) if element.is(DSIG, "Signature") && reader.depth() == 2 => {
                let around = reader.scope().iter().filter(|(depth, _, _)| *depth < 2).cloned().collect();
                let mut left = limits::TRUST_SIGNATURE_OCTETS;
                let signature = subtree(&mut reader, element, &mut left)?;
                found = Some(Found { signature, around });
            }
            Piece::Open(element) if element.namespace == DSIG => return Err(SignatureFault::Place),
            Piece::Open(_) | Piece::Text(_) | Piece::Close => {}
        }
    }
}

/// Depth is bounded by the reader.
fn subtree(reader: &mut Reader<'_>, element: Element, left: &mut usize) -> Result<Node, SignatureFault> {
    let mut children = Vec::new();
    loop {
        let spent = match reader.next()? {
            Piece::Open(inner) => {
                children.push(Child::Node(subtree(reader, inner, left)?));
                64
            }
            Piece::Text(text) => {
                let octets = text.len();
                children.push(Child::Text(text.into_owned()));
                octets
            }
            Piece::Close | Piece::End => return Ok(Node { element, children }),
        };
        *left = left.checked_sub(spent).ok_or(SignatureFault::Shape("it is too long"))?;
    }
}

impl Node {
    /// The elements inside; there is no text between them.
    fn elements(&self) -> Result<Vec<&Node>, SignatureFault> {
        let mut elements = Vec::new();
        for child in &self.children {
            match child {
                Child::Node(node) => elements.push(node),
                Child::Text(text) if text.chars().all(is_space) => {}
                Child::Text(_) => return Err(SignatureFault::Shape("text stands where none belongs")),
            }
        }
        Ok(elements)
    }

    fn is(&self, local: &str) -> bool {
        self.element.is(DSIG, local)
    }

    /// The octets that the text stands for.
    fn base64(&self) -> Result<Vec<u8>, SignatureFault> {
        let mut text = String::new();
        for child in &self.children {
            match child {
                Child::Text(more) => text.extend(more.chars().filter(|character| !is_space(*character))),
                Child::Node(_) => return Err(SignatureFault::Shape("an element stands in base64")),
            }
        }
        STANDARD.decode(text).map_err(|_| SignatureFault::Shape("a value is not base64"))
    }

    /// The algorithm it names, when it says nothing more.
    fn algorithm(&self) -> Result<&str, SignatureFault> {
        match (self.element.attributes.as_slice(), self.elements()?.as_slice()) {
            ([only], []) if only.prefix.is_empty() && only.local == "Algorithm" => Ok(&only.value),
            _ => Err(SignatureFault::Shape("an algorithm has parameters")),
        }
    }

    /// Attributes without which nothing changes.
    fn has_no_attribute_but_id(&self) -> Result<(), SignatureFault> {
        let plain = |name: &str| name == "Id";
        let bare = self.element.attributes.iter().all(|one| one.prefix.is_empty() && plain(&one.local));
        if bare { Ok(()) } else { Err(SignatureFault::Shape("an element has an attribute it needs not")) }
    }
}

/// What a signature says, in our narrow shape.
struct Profile<'f> {
    signed_info: &'f Node,
    signed_info_method: Method,
    document_method: Method,
    hash: &'static digest::Algorithm,
    digest: Vec<u8>,
    algorithm: &'static dyn VerificationAlgorithm,
    value: Vec<u8>,
    certificates: Vec<Vec<u8>>,
}

fn verify(bytes: &[u8], found: &Found, signers: &Signers) -> Result<Signed, SignatureFault> {
    let profile = profile(&found.signature)?;
    let candidates = candidates(&profile, signers)?;
    if document_digest(bytes, profile.document_method, profile.hash)?.as_ref() != profile.digest {
        return Err(SignatureFault::Digest);
    }
    let mut scope = found.around.clone();
    scope.extend(
        found.signature.element.declared.iter().map(|(prefix, name)| (1, prefix.clone(), name.clone())),
    );
    let mut signed = String::new();
    let mut canonical =
        Canonical::new(profile.signed_info_method, &scope, |text: &str| signed.push_str(text));
    write(&mut canonical, profile.signed_info);
    drop(canonical);
    for key in candidates {
        if UnparsedPublicKey::new(profile.algorithm, &key.public)
            .verify(signed.as_bytes(), &profile.value)
            .is_ok()
        {
            return Ok(Signed { spki: key.spki, not_before: key.not_before, not_after: key.not_after });
        }
    }
    Err(SignatureFault::Signature)
}

fn profile(signature: &Node) -> Result<Profile<'_>, SignatureFault> {
    signature.has_no_attribute_but_id()?;
    let elements = signature.elements()?;
    let (signed_info, value, key_info) = match elements.as_slice() {
        [info, value] if info.is("SignedInfo") && value.is("SignatureValue") => (*info, *value, None),
        [info, value, key] if info.is("SignedInfo") && value.is("SignatureValue") && key.is("KeyInfo") => {
            (*info, *value, Some(*key))
        }
        _ => return Err(SignatureFault::Shape("it is not SignedInfo, SignatureValue and KeyInfo")),
    };
    signed_info.has_no_attribute_but_id()?;
    value.has_no_attribute_but_id()?;
    let elements = signed_info.elements()?;
    let [canonicalization, method, reference] = elements.as_slice() else {
        return Err(SignatureFault::Shape("there is not exactly one Reference"));
    };
    if !(canonicalization.is("CanonicalizationMethod")
        && method.is("SignatureMethod")
        && reference.is("Reference"))
    {
        return Err(SignatureFault::Shape("SignedInfo is not what it must be"));
    }
    let whole = |one: &crate::trust::xml::Attribute| one.local == "URI" && one.value.is_empty();
    let (mut uris, others): (Vec<_>, Vec<_>) =
        reference.element.attributes.iter().partition(|one| one.prefix.is_empty() && one.local == "URI");
    if !uris.pop().is_some_and(whole) || others.iter().any(|one| !one.prefix.is_empty() || one.local != "Id")
    {
        return Err(SignatureFault::Shape("the Reference is not to the whole list"));
    }
    let elements = reference.elements()?;
    let [transforms, digest_method, digest_value] = elements.as_slice() else {
        return Err(SignatureFault::Shape("the Reference has no transforms"));
    };
    if !(transforms.is("Transforms") && digest_method.is("DigestMethod") && digest_value.is("DigestValue")) {
        return Err(SignatureFault::Shape("the Reference is not what it must be"));
    }
    Ok(Profile {
        signed_info,
        signed_info_method: canonicalization_method(canonicalization.algorithm()?)?,
        document_method: document_method(transforms)?,
        hash: hash(digest_method.algorithm()?)?,
        digest: digest_value.base64()?,
        algorithm: signature_method(method.algorithm()?)?,
        value: value.base64()?,
        certificates: key_info.map(certificates).transpose()?.unwrap_or_default(),
    })
}

fn document_method(transforms: &Node) -> Result<Method, SignatureFault> {
    let elements = transforms.elements()?;
    if !elements.iter().all(|one| one.is("Transform")) {
        return Err(SignatureFault::Shape("Transforms holds something else"));
    }
    let algorithms: Vec<&str> = elements.iter().map(|one| one.algorithm()).collect::<Result<_, _>>()?;
    match algorithms.as_slice() {
        // XML-DSig §4.4.3.2: what is still a document is made octets by the inclusive form.
        [ENVELOPED] => Ok(Method::Inclusive),
        [ENVELOPED, method] => canonicalization_method(method),
        _ => Err(SignatureFault::Shape("the transforms are not enveloped-signature and a canonical form")),
    }
}

fn canonicalization_method(uri: &str) -> Result<Method, SignatureFault> {
    match uri {
        INCLUSIVE => Ok(Method::Inclusive),
        EXCLUSIVE => Ok(Method::Exclusive),
        other => Err(SignatureFault::Algorithm(other.to_owned())),
    }
}

fn hash(uri: &str) -> Result<&'static digest::Algorithm, SignatureFault> {
    match uri {
        "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(&digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(&digest::SHA384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(&digest::SHA512),
        other => Err(SignatureFault::Algorithm(other.to_owned())),
    }
}

fn signature_method(uri: &str) -> Result<&'static dyn VerificationAlgorithm, SignatureFault> {
    match uri {
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => Ok(&algorithms::RSA_PKCS1_2048_8192_SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => Ok(&algorithms::RSA_PKCS1_2048_8192_SHA384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => Ok(&algorithms::RSA_PKCS1_2048_8192_SHA512),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => Ok(&algorithms::ECDSA_P256_SHA256_FIXED),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => Ok(&algorithms::ECDSA_P384_SHA384_FIXED),
        other => Err(SignatureFault::Algorithm(other.to_owned())),
    }
}

/// Certificates only: what else `KeyInfo` says of the key is nobody's word.
fn certificates(key_info: &Node) -> Result<Vec<Vec<u8>>, SignatureFault> {
    let mut found = Vec::new();
    for data in key_info.elements()?.into_iter().filter(|one| one.is("X509Data")) {
        for certificate in data.elements()?.into_iter().filter(|one| one.is("X509Certificate")) {
            found.push(certificate.base64()?);
        }
    }
    Ok(found)
}

struct Key {
    spki: [u8; 32],
    public: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
}

fn key(certificate: &[u8]) -> Option<Key> {
    let (rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let info = certificate.public_key();
    let spki = digest::digest(&digest::SHA256, info.raw).as_ref().try_into().ok()?;
    let moment = |seconds: i64| Timestamp(seconds.saturating_mul(1000));
    let validity = certificate.validity();
    Some(Key {
        spki,
        public: info.subject_public_key.data.to_vec(),
        not_before: moment(validity.not_before.timestamp()),
        not_after: moment(validity.not_after.timestamp()),
    })
}

/// Keys that may have signed: pinned, and shown by the signature or known to us.
fn candidates(profile: &Profile<'_>, signers: &Signers) -> Result<Vec<Key>, SignatureFault> {
    let own = if profile.certificates.is_empty() { signers.certificates.as_slice() } else { &[] };
    let shown: Vec<Key> =
        profile.certificates.iter().chain(own).filter_map(|certificate| key(certificate)).collect();
    let (known, unknown): (Vec<Key>, Vec<Key>) =
        shown.into_iter().partition(|key| signers.keys.contains(&key.spki));
    if known.is_empty() {
        return Err(SignatureFault::Signer(unknown.into_iter().map(|key| key.spki).collect()));
    }
    Ok(known)
}

/// The digest of the whole document without its signature.
fn document_digest(
    bytes: &[u8],
    method: Method,
    hash: &'static digest::Algorithm,
) -> Result<digest::Digest, SignatureFault> {
    let mut context = digest::Context::new(hash);
    let mut reader = Reader::new(bytes)?;
    let mut canonical = Canonical::new(method, &Scope::new(), |text: &str| context.update(text.as_bytes()));
    let mut inside = false;
    loop {
        match reader.next()? {
            Piece::End => break,
            Piece::Open(element) => {
                if element.attributes.iter().any(|one| one.prefix == "xml") {
                    return Err(SignatureFault::Shape("the list has xml: attributes"));
                }
                inside |= reader.depth() == 2 && element.is(DSIG, "Signature");
                if !inside {
                    canonical.open(&element);
                }
            }
            Piece::Text(text) if !inside => canonical.text(&text),
            Piece::Close if !inside => canonical.close(),
            // The end of the signature itself.
            Piece::Close if reader.depth() == 1 => inside = false,
            Piece::Text(_) | Piece::Close => {}
        }
    }
    drop(canonical);
    Ok(context.finish())
}

fn write(canonical: &mut Canonical<impl FnMut(&str)>, node: &Node) {
    canonical.open(&node.element);
    for child in &node.children {
        match child {
            Child::Node(inner) => write(canonical, inner),
            Child::Text(text) => canonical.text(text),
        }
    }
    canonical.close();
}

#[cfg(test)]
mod tests;
