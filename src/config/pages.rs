//! The pages of patients and of professionals.

use super::{Config, Lists};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[web]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where the pages listen; both origins share it.
    pub listen: SocketAddr,
    /// What a browser shows for the pages, as `https://messagerie.example`.
    pub origin: String,
    /// The second origin, for letters and files, as `https://pieces.example`.
    pub files_origin: String,
    /// The zone of dates, for profiles that name none.
    #[serde(default = "paris")]
    pub zone: String,
}

pub(super) fn paris() -> String {
    "Europe/Paris".to_owned()
}

/// `[pro]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pro {
    /// Where the pages listen; never the patients' listener.
    pub listen: SocketAddr,
    /// What a browser shows for them, as `https://pro.example`: another host name than the patients'.
    pub origin: String,
    /// The zone of dates.
    #[serde(default = "paris")]
    pub zone: String,
    /// The issuer of `[[oidc]]` that professionals may sign in by.
    #[serde(default)]
    pub provider: Option<String>,
    /// How people call it.
    #[serde(default = "provider_name")]
    pub provider_name: String,
    /// People's certificates; without it nobody is asked for one.
    #[serde(default)]
    pub certificates: Option<People>,
}

/// `[pro.certificates]`: who signs in by a certificate of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// Roots, and intermediates, of the authority that names people in certificates.
    pub client_roots: PathBuf,
    /// Part of the subject that holds the national identifier.
    #[serde(default = "common_name")]
    pub attribute: String,
    /// Whether its lists of revoked certificates must be at hand.
    #[serde(default)]
    pub lists: Lists,
    /// Where lists are, beside what the certificates say.
    #[serde(default)]
    pub list_urls: Vec<String>,
}

fn provider_name() -> String {
    webmail::pro::PROVIDER.to_owned()
}

fn common_name() -> String {
    "CN".to_owned()
}

impl Web {
    pub(super) fn check(&self) -> Result<(), String> {
        let (pages, files) = (host_of(&self.origin), host_of(&self.files_origin));
        let read = |text: &str| webmail::Origin::parse(text).map(|origin| origin.is_secure());
        let (Ok(secure), Ok(files_secure)) = (read(&self.origin), read(&self.files_origin)) else {
            return Err("web.origin and web.files_origin look like https://host or https://host:port \
                        (http:// for localhost only)"
                .to_owned());
        };
        if secure != files_secure {
            return Err("web.origin and web.files_origin must both be https".to_owned());
        }
        if !secure && !self.listen.ip().is_loopback() {
            return Err("without https the pages may listen on this machine only (127.0.0.1)".to_owned());
        }
        if jiff::tz::TimeZone::get(&self.zone).is_err() {
            return Err(format!("web.zone «{}» is not the name of a time zone, as Europe/Paris", self.zone));
        }
        if pages == files {
            return Err(
                "web.files_origin must be another host name than web.origin: letters are shown apart \
                        from the pages"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

pub(super) fn check_pro(config: &Config, pro: &Pro) -> Result<(), String> {
    let Ok(origin) = webmail::Origin::parse(&pro.origin) else {
        return Err(
            "pro.origin looks like https://host or https://host:port (http:// for localhost only)".to_owned()
        );
    };
    if !origin.is_secure() && !pro.listen.ip().is_loopback() {
        return Err(
            "without https the professionals' pages may listen on this machine only (127.0.0.1)".to_owned()
        );
    }
    if !origin.is_secure() && pro.certificates.is_some() {
        return Err("pro.certificates asks for certificates, which needs an https pro.origin".to_owned());
    }
    if jiff::tz::TimeZone::get(&pro.zone).is_err() {
        return Err(format!("pro.zone «{}» is not the name of a time zone, as Europe/Paris", pro.zone));
    }
    if let Some(web) = &config.web {
        let host = host_of(&pro.origin);
        if host == host_of(&web.origin) || host == host_of(&web.files_origin) {
            return Err("pro.origin must be another host name than web.origin and web.files_origin: \
                        browsers part cookies by host"
                .to_owned());
        }
        if web.listen == pro.listen && web.listen.port() != 0 {
            return Err("pro.listen must be another address than web.listen".to_owned());
        }
    }
    let readable = |attribute: &str| names::DistinguishedName::parse(&format!("{attribute}=x")).is_ok();
    if pro.certificates.as_ref().is_some_and(|people| !readable(&people.attribute)) {
        return Err("pro.certificates.attribute is a part of a subject, as CN or UID".to_owned());
    }
    match &pro.provider {
        Some(provider) if !config.oidc.iter().any(|issuer| issuer.issuer == *provider) => {
            Err(format!("pro.provider «{provider}» is no issuer of [[oidc]]"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The host of `scheme://host[:port]`.
pub(crate) fn host_of(origin: &str) -> Option<&str> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let host = rest.split(':').next().filter(|host| !host.is_empty())?;
    (!rest.contains('/')).then_some(host)
}
