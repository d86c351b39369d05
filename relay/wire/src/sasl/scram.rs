//! The grammar of SCRAM (RFC 5802) with SHA-256 (RFC 7677) and `tls-exporter` (RFC 9266).
//!
//! Nothing is hashed here. The world draws the nonce, knows salt, iterations and keys, and checks
//! the proof over [`ClientFinal::auth_message`]; that the client is bound to this TLS session, and
//! answers the messages that were sent, is checked here by [`ServerFirst::read`].
//!
//! ```text
//! C: n,,n=dr@a.example,r=fyko                     ClientFirst
//! S: r=fykoXYZ,s=c2FsdA==,i=4096                  ServerFirst::message
//! C: c=biws,r=fykoXYZ,p=…                         ServerFirst::read → ClientFinal
//! S: v=…                                          server_final
//! C:                                              empty, and the sign-in is done
//! ```

use super::{BASE64, Mechanism, SaslError, identity, limits};
use base64::Engine;

/// The one kind of channel binding we know (RFC 9266); it is also what TLS 1.3 makes usual.
const BINDING: &str = "tls-exporter";
/// Octets of a proof (SHA-256).
pub const PROOF: usize = 32;

/// The client's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFirst {
    /// The login: 1–255 octets, no control character.
    pub login: String,
    /// Another identity to act for; `None` when absent or equal to the login.
    pub authzid: Option<String>,
    /// Whether the client is bound to the channel.
    pub binding: Binding,
    /// The client's nonce: printable ASCII, no comma.
    pub nonce: String,
    /// The message up to and with its second comma, as sent.
    header: String,
    /// What follows.
    bare: String,
}

/// What a client says of channel binding (RFC 5802 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// `p=tls-exporter`: it is bound.
    Exporter,
    /// `y`: it could be, and believes that we cannot.
    NotOffered,
    /// `n`: it cannot be.
    Unsupported,
}

impl ClientFirst {
    /// Reads the message.
    ///
    /// ```abnf
    /// message = cbind "," ["a=" saslname] "," "n=" saslname ",r=" nonce ["," extensions]   ; RFC 5802 §7
    /// cbind   = "p=tls-exporter" / "n" / "y"
    /// ```
    pub fn parse(message: &[u8]) -> Result<Self, SaslError> {
        let text = std::str::from_utf8(message).map_err(|_| SaslError::Shape)?;
        let mut parts = text.splitn(3, ',');
        let (Some(flag), Some(other), Some(bare)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SaslError::Shape);
        };
        let binding = match flag {
            "n" => Binding::Unsupported,
            "y" => Binding::NotOffered,
            _ => match flag.strip_prefix("p=") {
                Some(BINDING) => Binding::Exporter,
                Some(_) => return Err(SaslError::Binding),
                None => return Err(SaslError::Shape),
            },
        };
        let mut fields = bare.split(',');
        let login = fields.next().and_then(|field| field.strip_prefix("n=")).ok_or(SaslError::Shape)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(SaslError::Shape)?;
        if !fields.all(is_extension) || !is_nonce(nonce) || nonce.len() > limits::NONCE {
            return Err(SaslError::Shape);
        }
        let login = identity(unescaped(login)?.as_bytes())?;
        let authzid = match other.strip_prefix("a=") {
            Some(other) => Some(identity(unescaped(other)?.as_bytes())?),
            None if other.is_empty() => None,
            None => return Err(SaslError::Shape),
        };
        Ok(Self {
            authzid: authzid.filter(|other| *other != login),
            login,
            binding,
            nonce: nonce.to_owned(),
            header: text[..text.len() - bare.len()].to_owned(),
            bare: bare.to_owned(),
        })
    }

    /// Whether what the client says of channel binding fits the mechanism it chose among those
    /// offered. One that believes us unable, although we are able, was lied to by somebody on the
    /// path (RFC 5802 §6).
    pub fn accords(&self, mechanism: Mechanism, offered: &[Mechanism]) -> Result<(), SaslError> {
        let plus = mechanism == Mechanism::ScramSha256Plus;
        let fits = match self.binding {
            Binding::Exporter => plus,
            Binding::NotOffered => !plus && !offered.contains(&Mechanism::ScramSha256Plus),
            Binding::Unsupported => !plus,
        };
        if fits { Ok(()) } else { Err(SaslError::Binding) }
    }
}

/// Our first message, and what is needed to judge the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFirst {
    /// `cbind-input`: the client's header, and the channel's own octets when it is bound.
    binding: Vec<u8>,
    bare: String,
    nonce: String,
    message: String,
}

impl ServerFirst {
    /// Answers `first` with our half of the nonce (random octets, 18 or more), and with salt and
    /// iterations of the login's verifier. `exporter` is the session's `tls-exporter`.
    pub fn new(
        first: &ClientFirst,
        nonce: &[u8],
        salt: &[u8],
        iterations: u32,
        exporter: Option<&[u8]>,
    ) -> Result<Self, SaslError> {
        let mut binding = first.header.clone().into_bytes();
        match (first.binding, exporter) {
            (Binding::Exporter, Some(exporter)) => binding.extend_from_slice(exporter),
            (Binding::Exporter, None) => return Err(SaslError::Binding),
            (Binding::NotOffered | Binding::Unsupported, _) => {}
        }
        let nonce = format!("{}{}", first.nonce, BASE64.encode(nonce));
        let message = format!("r={nonce},s={},i={iterations}", BASE64.encode(salt));
        Ok(Self { binding, bare: first.bare.clone(), nonce, message })
    }

    /// What the client is sent.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// Reads the client's final message: right nonce, right channel; the proof is for the caller.
    ///
    /// ```abnf
    /// message = "c=" base64 ",r=" nonce ["," extensions] ",p=" base64   ; RFC 5802 §7
    /// ```
    pub fn read(&self, message: &[u8]) -> Result<ClientFinal, SaslError> {
        let text = std::str::from_utf8(message).map_err(|_| SaslError::Shape)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(SaslError::Shape)?;
        let mut fields = without_proof.split(',');
        let binding = fields.next().and_then(|field| field.strip_prefix("c=")).ok_or(SaslError::Shape)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(SaslError::Shape)?;
        if !fields.all(is_extension) {
            return Err(SaslError::Shape);
        }
        let binding = BASE64.decode(binding).map_err(|_| SaslError::Base64)?;
        if binding != self.binding {
            return Err(SaslError::Binding);
        }
        if nonce != self.nonce {
            return Err(SaslError::Shape);
        }
        let proof = BASE64.decode(proof).map_err(|_| SaslError::Base64)?;
        let proof = proof.try_into().map_err(|_| SaslError::Shape)?;
        let auth_message = format!("{},{},{without_proof}", self.bare, self.message).into_bytes();
        Ok(ClientFinal { auth_message, proof })
    }
}

/// The client's final message: what its proof is a proof of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFinal {
    /// `AuthMessage` of RFC 5802 §3, to be signed with `StoredKey` and `ServerKey`.
    pub auth_message: Vec<u8>,
    /// `ClientProof`.
    pub proof: [u8; PROOF],
}

/// Our last message: `signature` is `HMAC(ServerKey, AuthMessage)`, by which the client knows us.
#[must_use]
pub fn server_final(signature: &[u8]) -> Vec<u8> {
    format!("v={}", BASE64.encode(signature)).into_bytes()
}

/// An attribute we do not know and may pass over; `m=` may not be passed over (RFC 5802 §5.1).
fn is_extension(field: &str) -> bool {
    let mut bytes = field.bytes();
    let name = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() && b != b'm');
    name && bytes.next() == Some(b'=') && bytes.next().is_some() && !field.contains('\0')
}

fn is_nonce(nonce: &str) -> bool {
    !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

/// `saslname` (RFC 5802 §7): `=2C` is a comma, `=3D` an equals sign, and no other equals sign stands.
pub(super) fn unescaped(name: &str) -> Result<String, SaslError> {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('=') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        out.push(match rest.get(..3) {
            Some("=2C") => ',',
            Some("=3D") => '=',
            Some(_) | None => return Err(SaslError::Shape),
        });
        rest = &rest[3..];
    }
    out.push_str(rest);
    if out.is_empty() { Err(SaslError::Shape) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUS: [Mechanism; 2] = [Mechanism::ScramSha256, Mechanism::ScramSha256Plus];

    #[test]
    fn the_example_of_rfc_7677_is_read_and_written() {
        let first = ClientFirst::parse(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
        assert_eq!((first.login.as_str(), first.binding), ("user", Binding::Unsupported));
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let server = ServerFirst {
            nonce: "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".to_owned(),
            message: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
                .to_owned(),
            ..ServerFirst::new(&first, b"ours", &salt, 4096, None).unwrap()
        };
        let last = server
            .read(
                b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                  p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            )
            .unwrap();
        assert_eq!(BASE64.encode(last.proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        // The message over which `directory::scram` proves the signature of the same example.
        assert_eq!(
            String::from_utf8(last.auth_message).unwrap(),
            "n=user,r=rOprNGfwEbeRWgbNEkqO,\
             r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
             c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        );
        assert_eq!(server_final(&[0; 3]), b"v=AAAA");
    }

    #[test]
    fn first_messages_are_read_strictly() {
        for (case, message, want) in [
            ("ordinary", "n,,n=dr@a.fr,r=abc", Ok(("dr@a.fr", None, Binding::Unsupported))),
            ("bound", "p=tls-exporter,,n=dr,r=abc", Ok(("dr", None, Binding::Exporter))),
            ("able", "y,,n=dr,r=abc", Ok(("dr", None, Binding::NotOffered))),
            ("for another", "n,a=boss,n=dr,r=abc", Ok(("dr", Some("boss"), Binding::Unsupported))),
            ("for itself", "n,a=dr,n=dr,r=abc", Ok(("dr", None, Binding::Unsupported))),
            ("escaped", "n,,n=a=2Cb=3Dc,r=abc", Ok(("a,b=c", None, Binding::Unsupported))),
            ("an extension", "n,,n=dr,r=abc,t=later", Ok(("dr", None, Binding::Unsupported))),
            ("a mandatory extension", "n,,m=x,n=dr,r=abc", Err(SaslError::Shape)),
            ("a mandatory extension behind", "n,,n=dr,r=abc,m=x", Err(SaslError::Shape)),
            ("another binding", "p=tls-unique,,n=dr,r=abc", Err(SaslError::Binding)),
            ("no header", "n=dr,r=abc", Err(SaslError::Shape)),
            ("no login", "n,,n=,r=abc", Err(SaslError::Shape)),
            ("no nonce", "n,,n=dr,r=", Err(SaslError::Shape)),
            ("blank in the nonce", "n,,n=dr,r=a b", Err(SaslError::Shape)),
            ("order", "n,,r=abc,n=dr", Err(SaslError::Shape)),
            ("bad escape", "n,,n=a=2cb,r=abc", Err(SaslError::Shape)),
            ("cut escape", "n,,n=a=,r=abc", Err(SaslError::Shape)),
            ("control in login", "n,,n=a\x07b,r=abc", Err(SaslError::Identity)),
            ("empty other", "n,a=,n=dr,r=abc", Err(SaslError::Shape)),
            ("empty", "", Err(SaslError::Shape)),
        ] {
            let got = ClientFirst::parse(message.as_bytes());
            let got = got.as_ref().map(|f| (f.login.as_str(), f.authzid.as_deref(), f.binding));
            assert_eq!(got.map_err(|error| *error), want, "{case}");
        }
        assert_eq!(ClientFirst::parse(b"n,,n=\xff,r=abc"), Err(SaslError::Shape));
    }

    #[test]
    fn a_client_that_was_lied_to_about_channel_binding_is_refused() {
        for (case, flag, mechanism, offered, want) in [
            ("cannot", "n", Mechanism::ScramSha256, &PLUS[..], Ok(())),
            ("bound", "p=tls-exporter", Mechanism::ScramSha256Plus, &PLUS[..], Ok(())),
            ("truly not offered", "y", Mechanism::ScramSha256, &PLUS[..1], Ok(())),
            ("downgraded", "y", Mechanism::ScramSha256, &PLUS[..], Err(SaslError::Binding)),
            (
                "bound without -PLUS",
                "p=tls-exporter",
                Mechanism::ScramSha256,
                &PLUS[..],
                Err(SaslError::Binding),
            ),
            ("-PLUS unbound", "n", Mechanism::ScramSha256Plus, &PLUS[..], Err(SaslError::Binding)),
            ("-PLUS thought absent", "y", Mechanism::ScramSha256Plus, &PLUS[..], Err(SaslError::Binding)),
        ] {
            let first = ClientFirst::parse(format!("{flag},,n=dr,r=abc").as_bytes()).unwrap();
            assert_eq!(first.accords(mechanism, offered), want, "{case}");
        }
    }

    #[test]
    fn a_final_message_holds_for_one_channel_and_one_exchange() {
        let exporter = [7_u8; 32];
        let first = ClientFirst::parse(b"p=tls-exporter,,n=dr,r=abc").unwrap();
        let server = ServerFirst::new(&first, b"ours!!", b"salt", 4096, Some(&exporter)).unwrap();
        assert_eq!(server.message(), b"r=abcb3VycyEh,s=c2FsdA==,i=4096");
        let bound = BASE64.encode([b"p=tls-exporter,,".as_slice(), &exporter].concat());
        let elsewhere = BASE64.encode([b"p=tls-exporter,,".as_slice(), &[8; 32]].concat());
        let proof = BASE64.encode([1; 32]);
        for (case, message, want) in [
            ("right", format!("c={bound},r=abcb3VycyEh,p={proof}"), Ok(())),
            ("an extension", format!("c={bound},r=abcb3VycyEh,t=x,p={proof}"), Ok(())),
            ("another channel", format!("c={elsewhere},r=abcb3VycyEh,p={proof}"), Err(SaslError::Binding)),
            ("no channel", format!("c=biws,r=abcb3VycyEh,p={proof}"), Err(SaslError::Binding)),
            ("another nonce", format!("c={bound},r=abcb3VycyEi,p={proof}"), Err(SaslError::Shape)),
            ("the client's nonce only", format!("c={bound},r=abc,p={proof}"), Err(SaslError::Shape)),
            ("a short proof", format!("c={bound},r=abcb3VycyEh,p=AAAA"), Err(SaslError::Shape)),
            ("no proof", format!("c={bound},r=abcb3VycyEh"), Err(SaslError::Shape)),
            ("not base64", format!("c=***,r=abcb3VycyEh,p={proof}"), Err(SaslError::Base64)),
            ("mandatory extension", format!("c={bound},r=abcb3VycyEh,m=x,p={proof}"), Err(SaslError::Shape)),
        ] {
            assert_eq!(server.read(message.as_bytes()).map(drop), want, "{case}");
        }
        assert_eq!(ServerFirst::new(&first, b"ours!!", b"salt", 4096, None), Err(SaslError::Binding));
    }
}
