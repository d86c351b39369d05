//! The administrators' console, opened as configured.

use super::doors::{Opening, named};
use admin::console::{Console, Settings};
use anyhow::Context as _;
use certs::Service;
use jiff::tz::TimeZone;
use net::{Listener, Tls};
use webmail::Origin;

impl Opening<'_> {
    pub(super) fn console(&mut self, listener: Option<Listener>, has_outside: bool) -> anyhow::Result<()> {
        let (Some(listener), Some(console)) = (listener, &self.config.console) else { return Ok(()) };
        let origin = Origin::parse(&console.origin)?;
        let tls = match origin.is_secure() {
            true => Tls::Implicit(self.tls(Service::Web)?),
            false => Tls::Off,
        };
        let outside = self.config.web.as_ref().filter(|_| has_outside);
        let settings = Settings {
            origin,
            root_key: self.house.masters.keyed_hash("console", b"root key"),
            zone: TimeZone::get(&console.zone).context("console.zone")?,
            house: format!("Pli {}", self.config.server.hostname),
            outside: outside.map(|web| format!("{}/boite-exterieure", web.origin)),
        };
        let pages = Console::new(settings, self.house.admin(), self.gate.clone());
        let door = self.door("console", tls, b"");
        self.tasks.spawn(named("the console", pages.serve(listener, door, self.signal.clone())));
        Ok(())
    }
}
