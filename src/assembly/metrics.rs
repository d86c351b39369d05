//! Figures for the operator, in the text format of Prometheus.
//!
//! Everything is read when somebody asks: rooms keep their own counters, the database is asked how much
//! waits. Labels are words of the program, names of our own certificates and of authorities: never a
//! patient, an address, an account.

use super::House;
use certs::{RevocationLists, ServerIdentity};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use names::Timestamp;
use net::{Accepted, Acceptor, Caps, Door, Gate, Listener, StopSignal, Tls};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use relay::queue::Counters;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// What a scraper is told the answer is.
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Scrapers connected at a time: one or two, and somebody with curl.
const SCRAPERS: usize = 16;
/// How long a scraper may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every metric with its meaning; docs/metrics.md says what to watch. Counters end with `_total` there.
pub(crate) const METRICS: [(&str, &str); 33] = [
    ("pli_build", "The version that runs"),
    ("pli_database_readable", "1 when the database answered this scrape"),
    ("pli_connections_open", "Connections open now at all doors"),
    ("pli_connections_refused", "Connections refused because there were too many"),
    ("pli_sessions", "Sessions that ended, by door and how"),
    ("pli_panics", "Connections ended by a fault of the program"),
    ("pli_tls_handshakes", "TLS handshakes by door, version and key exchange"),
    ("pli_tls_failures", "TLS handshakes that failed, by door and why"),
    ("pli_letters", "Letters by door and rule: accepted, or the id of the rule that refused"),
    ("pli_ldap", "What the directory's LDAP door did: searches, entries, searches cut short, days used up"),
    ("pli_ldap_refused", "Requests that the directory's LDAP door refused or answered in part, by reason"),
    ("pli_fhir", "What the directory's FHIR door did: requests answered, entries, patches"),
    ("pli_fhir_refused", "Requests that the directory's FHIR door refused, by reason"),
    ("pli_directory_alarms", "Times that an asker was shown half or all of a day's entries"),
    ("pli_sign_ins", "Attempts to sign in at the mail doors, by door, mechanism and outcome"),
    ("pli_queue_dropped_untold", "Recipients dropped from the queue of whom nobody could be told"),
    ("pli_sign_ins_failed", "Sign-ins that failed at any door, pages too"),
    ("pli_sign_ins_delayed", "Sign-ins that came too early after failures"),
    ("pli_sign_in_surges", "Times that failed sign-ins over all doors came to ten times the usual"),
    ("pli_queue_recipients", "Recipients with other operators whose letter waits, by state"),
    ("pli_queue_oldest_seconds", "Age of the oldest letter that waits for another operator"),
    ("pli_sends", "What became of tries to send to other operators"),
    ("pli_send_sessions", "Sessions with other operators that were begun"),
    ("pli_send_sessions_open", "Sessions with other operators open now"),
    ("pli_notices", "Notices to patients that are kept, by state"),
    ("pli_notices_oldest_seconds", "Age of the oldest notice that waits"),
    ("pli_revocation_list_state", "1 for the state each authority's list of revoked certificates is in"),
    ("pli_revocation_list_age_seconds", "Age of each authority's list of revoked certificates"),
    ("pli_trust_list_age_seconds", "Time since the trust list was last found to be the newest"),
    ("pli_trust_list_version_seconds", "Version of the trust list, as a Unix time"),
    ("pli_commits", "Commits of the database, and units of work they carried"),
    ("pli_disk_octets", "Octets free on the disk of letters, and those never filled"),
    ("pli_certificate_ends_seconds", "Time until each certificate of ours ends"),
];

type Labels = Vec<(&'static str, String)>;

/// What is looked at.
#[derive(Clone)]
pub(super) struct Metrics {
    pub(super) house: Arc<House>,
    pub(super) gate: Gate,
    pub(super) identity: Arc<ServerIdentity>,
    /// Lists of revoked certificates, and whose: `operators`, `machines`.
    pub(super) lists: Vec<(&'static str, Arc<RevocationLists>)>,
    /// What the way out counts, when there is one.
    pub(super) sent: Option<Counters>,
    /// What the directory's door counts.
    pub(super) ldap: ldap::Tally,
    pub(super) fhir: fhir::Tally,
}

/// One answer being written.
#[derive(Default)]
struct Page(Registry);

impl Page {
    fn gauges(&mut self, name: &'static str, rows: impl IntoIterator<Item = (Labels, f64)>) {
        let family = Family::<Labels, Gauge<f64, AtomicU64>>::default();
        for (labels, value) in rows {
            family.get_or_create(&labels).set(value);
        }
        self.0.register(name, help(name), family);
    }

    fn gauge(&mut self, name: &'static str, value: f64) {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        self.0.register(name, help(name), gauge);
    }

    fn counters(&mut self, name: &'static str, rows: impl IntoIterator<Item = (Labels, u64)>) {
        let family = Family::<Labels, Counter>::default();
        for (labels, value) in rows {
            family.get_or_create(&labels).inc_by(value);
        }
        self.0.register(name, help(name), family);
    }

    fn counter(&mut self, name: &'static str, value: u64) {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        self.0.register(name, help(name), counter);
    }
}

fn help(name: &str) -> &'static str {
    METRICS.iter().find(|(known, _)| *known == name).map_or("", |(_, help)| help)
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows doubles only")]
fn float(count: u64) -> f64 {
    count as f64
}

/// Seconds from `earlier` to `later`; below zero when it is the other way round.
#[expect(clippy::cast_precision_loss, reason = "Prometheus knows doubles only")]
fn seconds(later: Timestamp, earlier: Timestamp) -> f64 {
    later.since(earlier) as f64 / 1_000.0
}

impl Metrics {
    /// Everything, now.
    pub(super) async fn page(&self, now: Timestamp) -> Result<String, std::fmt::Error> {
        let mut page = Page::default();
        page.gauges("pli_build", [(label("version", env!("CARGO_PKG_VERSION")), 1.0)]);
        self.doors(&mut page);
        self.letters(&mut page);
        self.sends(&mut page);
        self.directory(&mut page);
        let readable = match self.database(&mut page, now).await {
            Ok(()) => 1.0,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "figures could not be read");
                0.0
            }
        };
        page.gauge("pli_database_readable", readable);
        self.vouchers(&mut page, now);
        self.store(&mut page);
        let mut text = String::new();
        encode(&mut text, &page.0)?;
        Ok(text)
    }

    fn doors(&self, page: &mut Page) {
        let counts = self.gate.counts();
        page.gauge("pli_connections_open", float(counts.open));
        page.counter("pli_connections_refused", counts.crowded);
        page.counter("pli_panics", counts.panicked);
        page.counter("pli_sign_ins_failed", counts.failed);
        page.counter("pli_sign_ins_delayed", counts.delayed);
        page.counter("pli_sign_in_surges", counts.surges);
        let doors = self.gate.doors();
        let two = |door: &str, name, value: &str| vec![("door", door.to_owned()), (name, value.to_owned())];
        let ended = doors.sessions.iter().map(|row| (two(row.door, "end", row.end.word()), row.count));
        page.counters("pli_sessions", ended);
        let agreed = doors.handshakes.iter().map(|row| {
            let mut labels = two(row.door, "version", row.version);
            labels.push(("group", row.group.to_owned()));
            (labels, row.count)
        });
        page.counters("pli_tls_handshakes", agreed);
        let failed = doors.failures.iter().map(|row| (two(row.door, "why", row.group), row.count));
        page.counters("pli_tls_failures", failed);
    }

    fn letters(&self, page: &mut Page) {
        let counts = self.house.relay.counts();
        let letters = counts
            .letters
            .iter()
            .map(|row| (vec![("door", row.door.to_owned()), ("rule", row.rule.to_owned())], row.count));
        page.counters("pli_letters", letters);
        let sign_ins = counts.sign_ins.iter().map(|row| {
            let words = [("door", row.door), ("mechanism", row.mechanism), ("outcome", row.outcome)];
            (words.map(|(name, word)| (name, word.to_owned())).to_vec(), row.count)
        });
        page.counters("pli_sign_ins", sign_ins);
        page.counter("pli_queue_dropped_untold", counts.dropped_untold);
    }

    fn sends(&self, page: &mut Page) {
        let Some(sent) = &self.sent else { return };
        let counts = sent.look();
        let outcomes = [
            ("delivered", counts.delivered),
            ("failed", counts.failed),
            ("expired", counts.expired),
            ("deferred", counts.deferred),
            ("unknown", counts.unknown_outcomes),
            ("quarantined", counts.quarantined),
            ("distrusted", counts.distrusted),
            ("session-failed", counts.sessions_failed),
        ];
        page.counters("pli_sends", outcomes.map(|(word, count)| (label("outcome", word), count)));
        page.counter("pli_send_sessions", counts.sessions);
        page.gauge("pli_send_sessions_open", float(counts.open_sessions));
    }

    fn directory(&self, page: &mut Page) {
        let counts = self.ldap.counts();
        let rows = [
            ("searches", counts.searches),
            ("entries", counts.entries),
            ("cut", counts.cut),
            ("exhausted", counts.exhausted),
        ];
        page.counters("pli_ldap", rows.map(|(what, count)| (label("what", what), count)));
        let refused = counts.refused.into_iter();
        page.counters("pli_ldap_refused", refused.map(|(why, count)| (label("reason", why), count)));
        page.counter("pli_directory_alarms", counts.alarms);
        let counts = self.fhir.counts();
        let rows = [("answered", counts.answered), ("entries", counts.entries), ("patches", counts.patches)];
        page.counters("pli_fhir", rows.map(|(what, count)| (label("what", what), count)));
        let refused = counts.refused.into_iter();
        page.counters("pli_fhir_refused", refused.map(|(why, count)| (label("reason", why), count)));
    }

    async fn database(&self, page: &mut Page, now: Timestamp) -> Result<(), db::Error> {
        let relay = &self.house.relay;
        let mut tx = self.house.data.read().await?;
        let depth = relay.queue().depth(&mut tx).await?;
        let notices = relay::alerts::notices(&mut tx).await?;
        let list = directory::trust::current(&mut tx).await?;
        drop(tx);
        let states = [("waiting", depth.waiting), ("held", depth.held), ("quarantined", depth.quarantined)];
        page.gauges("pli_queue_recipients", states.map(|(word, n)| (label("state", word), float(n))));
        let age = |oldest: Option<Timestamp>| oldest.map_or(0.0, |oldest| seconds(now, oldest));
        page.gauge("pli_queue_oldest_seconds", age(depth.oldest));
        let kept = notices.iter().map(|row| (label("state", &row.state), float(row.count)));
        page.gauges("pli_notices", kept);
        let waiting = notices.iter().find(|row| row.state == "waiting").and_then(|row| row.oldest);
        page.gauge("pli_notices_oldest_seconds", age(waiting));
        if let Some(list) = list {
            page.gauge("pli_trust_list_age_seconds", seconds(now, list.checked_at));
            page.gauge("pli_trust_list_version_seconds", seconds(list.version, Timestamp(0)));
        }
        Ok(())
    }

    /// Certificates, and the lists that vouch for others'.
    fn vouchers(&self, page: &mut Page, now: Timestamp) {
        let (mut states, mut ages) = (Vec::new(), Vec::new());
        for (whose, lists) in &self.lists {
            for state in lists.states(now) {
                let labels = vec![("of", (*whose).to_owned()), ("authority", state.issuer.clone())];
                if let Some(list) = state.list {
                    ages.push((labels.clone(), seconds(now, list.this_update)));
                }
                let word = vec![("state", state.freshness.word().to_owned())];
                states.push(([labels, word].concat(), 1.0));
            }
        }
        page.gauges("pli_revocation_list_state", states);
        page.gauges("pli_revocation_list_age_seconds", ages);
        let identities = self.identity.current();
        let ends = identities.iter().map(|identity| {
            let name = identity.names.first().map_or("", String::as_str);
            let labels = vec![("name", name.to_owned()), ("serial", identity.serial.clone())];
            (labels, seconds(identity.not_after, now))
        });
        page.gauges("pli_certificate_ends_seconds", ends);
    }

    fn store(&self, page: &mut Page) {
        let mut rows = Vec::new();
        for (database, db) in [("data", &self.house.data), ("keys", &self.house.keys)] {
            let (commits, units) = db.commits_and_units();
            for (what, count) in [("commits", commits), ("units", units)] {
                rows.push((vec![("database", database.to_owned()), ("what", what.to_owned())], count));
            }
        }
        page.counters("pli_commits", rows);
        match self.house.relay.mailstore().room() {
            Ok(room) => page.gauges(
                "pli_disk_octets",
                [("free", room.free), ("reserve", room.reserve)]
                    .map(|(what, octets)| (label("what", what), float(octets))),
            ),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the disk does not answer")
            }
        }
    }

    /// Answers scrapers until the stop. They take no connection of anybody's mail.
    pub(super) async fn serve(self, listener: Listener, stop: StopSignal) {
        let gate = Gate::new(Caps { total: SCRAPERS, per_address: SCRAPERS });
        let clock = self.house.clock.clone();
        let door = Door { name: "metrics", tls: Tls::Off, gate, clock, busy: b"", drain: PATIENCE };
        let mut acceptor = Acceptor::new(listener, door, stop);
        while let Some(accepted) = acceptor.accept().await {
            tokio::spawn(self.clone().converse(accepted));
        }
    }

    async fn converse(self, accepted: Accepted) {
        let Ok(connection) = accepted.finish().await else { return };
        let service = service_fn(move |request| {
            let metrics = self.clone();
            async move { Ok::<_, Infallible>(metrics.answer(&request).await) }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
        if let Err(error) = http.serve_connection(TokioIo::new(connection), service).await {
            tracing::debug!(%error, "a scraper left");
        }
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let page = match (request.method(), request.uri().path()) {
            (&Method::GET, "/metrics") => self.page(self.house.clock.now()).await.ok(),
            (_, _) => return plain(StatusCode::NOT_FOUND, "figures are at /metrics\n"),
        };
        let Some(page) = page else {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "the figures could not be written\n");
        };
        let mut response = plain(StatusCode::OK, page);
        response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(FORMAT));
        response
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;
