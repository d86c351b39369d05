//! `[console]`: the administrators' pages.

use super::{Config, host_of};
use serde::Deserialize;
use std::net::SocketAddr;

/// `[console]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// Where the pages listen; a listener of their own, best not reached from the Internet.
    pub listen: SocketAddr,
    /// What a browser shows for them, as `https://admin.example:8444`: another host name than other pages.
    pub origin: String,
    /// The zone of dates.
    #[serde(default = "super::pages::paris")]
    pub zone: String,
}

impl Console {
    pub(super) fn check(&self, config: &Config) -> Result<(), String> {
        let Ok(origin) = webmail::Origin::parse(&self.origin) else {
            return Err(
                "console.origin looks like https://host or https://host:port (http:// for localhost only)"
                    .to_owned(),
            );
        };
        if !origin.is_secure() && !self.listen.ip().is_loopback() {
            return Err(
                "without https the administrators' pages may listen on this machine only (127.0.0.1)"
                    .to_owned(),
            );
        }
        if jiff::tz::TimeZone::get(&self.zone).is_err() {
            return Err(format!(
                "console.zone «{}» is not the name of a time zone, as Europe/Paris",
                self.zone
            ));
        }
        let web =
            config.web.iter().flat_map(|web| [(web.listen, &web.origin), (web.listen, &web.files_origin)]);
        let pro = config.pro.iter().map(|pro| (pro.listen, &pro.origin));
        for (listen, other) in web.chain(pro) {
            if host_of(&self.origin) == host_of(other) {
                return Err(
                    "console.origin must be another host name than those of web and pro: browsers part \
                            cookies by host"
                        .to_owned(),
                );
            }
            if listen == self.listen && listen.port() != 0 {
                return Err(
                    "console.listen must be another address than web.listen and pro.listen".to_owned()
                );
            }
        }
        Ok(())
    }
}
