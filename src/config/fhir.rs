//! `[fhir]`: the directory for programs, over HTTPS.

use super::Config;
use serde::Deserialize;
use std::net::SocketAddr;

/// `[fhir]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fhir {
    /// Where it listens; a listener of its own.
    pub listen: SocketAddr,
    /// What stands before every address it gives, as `https://annuaire.example`.
    pub origin: String,
    /// The header that carries a program's key.
    #[serde(default = "key_header")]
    pub key_header: String,
}

/// That of the national directory (DOMAIN §4.1), so that programs need no change.
fn key_header() -> String {
    "ESANTE-API-KEY".to_owned()
}

impl Fhir {
    pub(super) fn check(&self, config: &Config) -> Result<(), String> {
        let Ok(origin) = webmail::Origin::parse(&self.origin) else {
            return Err(
                "fhir.origin looks like https://host or https://host:port (http:// for localhost only)"
                    .to_owned(),
            );
        };
        if !origin.is_secure() && !self.listen.ip().is_loopback() {
            return Err("without https the directory may listen on this machine only (127.0.0.1)".to_owned());
        }
        let token = self.key_header.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if self.key_header.is_empty() || !token {
            return Err("fhir.key_header is a name of letters, digits and hyphens".to_owned());
        }
        let web = config.web.iter().map(|web| web.listen);
        let others = web
            .chain(config.pro.iter().map(|pro| pro.listen))
            .chain(config.console.iter().map(|console| console.listen));
        if self.listen.port() != 0 && others.into_iter().any(|other| other == self.listen) {
            return Err("fhir.listen must be another address than those of the pages".to_owned());
        }
        Ok(())
    }
}
