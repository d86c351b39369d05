//! What stands between operators: our certificate as they see it, lists of the revoked, the trust list.

use super::report::Report;
use crate::assembly;
use crate::config::{Config, Lists, Operators};
use certs::{Anchors, Freshness, Identity, PeerInfo, PeerTrust, Revocation, RevocationLists, ServerIdentity};
use directory::trust::{Offer, SignaturePolicy};
use names::{DAY, DistinguishedName, Domain, HOUR, Timestamp};
use std::path::Path;
use std::sync::Arc;

/// A trust list older than this is worth a word.
const OLD_LIST: i64 = 7 * DAY;

pub(super) fn look(config: &Config, doors: &Arc<ServerIdentity>, now: Timestamp, report: &mut Report) {
    let Some(settings) = &config.operators else {
        report.attention(
            "operators",
            "no [operators]: letters stay in this house, and those to other operators are refused",
        );
        return;
    };
    let anchors = match Anchors::load(&settings.roots) {
        Ok(anchors) => anchors,
        Err(error) => return report.wrong("operators", &format!("operators.roots: {}", chain(error))),
    };
    let shown = match assembly::shown_to_operators(settings, doors, now) {
        Ok(shown) => shown.current(),
        Err(error) => return report.wrong("operators", &format!("{error:#}")),
    };
    let hostname = config.server.hostname.as_str();
    let ours = shown.iter().find(|identity| super::covers(identity, hostname)).or_else(|| shown.first());
    let Some(ours) = ours else { return report.wrong("operators", "no certificate to show") };
    if !super::covers(ours, hostname) {
        let words = format!("the certificate shown to operators is not for {hostname}: they will refuse it");
        report.wrong("operators", &words);
    }
    let lists = lists(config, settings, &anchors, now, report);
    let revocation = lists.map_or(Revocation::Off, Revocation::Required);
    match PeerTrust::new(anchors, revocation).of_ours(ours, now) {
        Ok(()) => report.ok("operators", "our certificate passes as server and as client"),
        Err(refusal) => report.wrong(
            "operators",
            &format!(
                "another operator with the same authorities would refuse our certificate: {refusal}. It must come \
                 from operators.roots, with serverAuth and clientAuth, the chain complete in the file"
            ),
        ),
    }
    let name = name_of(ours);
    if let Some(name) = &name {
        report.ok("our name", &name.to_string());
    }
    trust_list(config, name.as_ref(), now, report);
}

fn name_of(identity: &Identity) -> Option<DistinguishedName> {
    let info = PeerInfo::from_chain(&identity.key.cert).ok()?;
    DistinguishedName::parse(&info.subject).ok()
}

/// The lists that an earlier run kept, or that were carried in. Nothing is fetched here.
fn lists(
    config: &Config,
    settings: &Operators,
    anchors: &Arc<Anchors>,
    now: Timestamp,
    report: &mut Report,
) -> Option<Arc<RevocationLists>> {
    match settings.revocation {
        Lists::Required => {}
        Lists::Off => {
            let words = "operators.revocation = \"off\": a revoked certificate still opens the door";
            report.attention("revoked", words);
            return None;
        }
    }
    let lists = RevocationLists::new(Arc::clone(anchors), i64::from(settings.grace_hours) * HOUR);
    let folder = config.server.data.join("revocation");
    for path in std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "crl")
            && let Ok(bytes) = std::fs::read(&path)
            && let Err(error) = lists.install(&bytes, now)
        {
            report.attention("revoked", &format!("{} is of no use: {error}", path.display()));
        }
    }
    for state in lists.states(now) {
        let until = state.list.map_or_else(String::new, |list| list.next_update.rfc3339());
        match state.freshness {
            Freshness::Fresh => report.ok("revoked", &format!("{}: list good until {until}", state.issuer)),
            Freshness::Grace { until: end } => report.attention(
                "revoked",
                &format!(
                    "{}: its list ended on {until} and counts until {}; see why no newer one comes",
                    state.issuer,
                    end.rfc3339()
                ),
            ),
            Freshness::Stale | Freshness::Missing => report.attention(
                "revoked",
                &format!(
                    "{}: {} list. It is fetched at the start; where no network reaches it, put the .crl file into {}. \
                     Until then operators of this authority are refused",
                    state.issuer,
                    state.freshness.word(),
                    folder.display()
                ),
            ),
        }
    }
    Some(lists)
}

fn trust_list(config: &Config, name: Option<&DistinguishedName>, now: Timestamp, report: &mut Report) {
    let settings = match assembly::trust_settings(config) {
        Ok(settings) => settings,
        Err(error) => return report.wrong("trust list", &format!("{error:#}")),
    };
    match settings.signature {
        SignaturePolicy::Required(_) => {}
        SignaturePolicy::IfPresent(_) | SignaturePolicy::Off => report.attention(
            "trust list",
            "unsigned lists are taken: set trust.signature = \"required\" once the publisher signs",
        ),
    }
    let Some(kept) = &settings.kept else { return };
    let path = config.trust.file.as_deref().unwrap_or(kept);
    let Ok(bytes) = std::fs::read(path) else { return no_list(config, path, report) };
    let offer = match Offer::read(bytes.into(), &path.display().to_string(), &settings) {
        Ok(offer) => offer,
        Err(refusal) => return report.wrong("trust list", &format!("{}: {refusal}", path.display())),
    };
    let (version, domains) = (offer.list.version, offer.list.domains.len());
    let words = format!("of {}, {domains} domains", version.rfc3339());
    match now.since(version) > OLD_LIST {
        true => report.attention("trust list", &format!("{words}: old; `pli admin trust refresh` says why")),
        false => report.ok("trust list", &words),
    }
    for domain in ours(config) {
        match (offer.list.domains.get(domain), name) {
            (None, _) => report.attention(
                "trust list",
                &format!("{domain} is not on it: other operators refuse its letters; have it listed"),
            ),
            (Some(names), Some(name)) if names.contains_key(name) => {
                report.ok("trust list", &format!("{domain} is on it under our name"));
            }
            (Some(_), _) => report.attention(
                "trust list",
                &format!(
                    "{domain} is on it, and not under the name of our certificate: other operators refuse what we \
                     bring; have the entry or the certificate changed"
                ),
            ),
        }
    }
}

fn no_list(config: &Config, path: &Path, report: &mut Report) {
    let trust = &config.trust;
    match (&trust.file, &trust.url) {
        (Some(_), _) => report.wrong("trust list", &format!("cannot read trust.file {}", path.display())),
        (None, Some(_)) => {
            report.attention("trust list", "none is kept yet; it is fetched at the first start")
        }
        (None, None) if trust.extra.is_empty() => report.attention(
            "trust list",
            "no trust.url, trust.file or [[trust.extra]]: no other operator is trusted, so no letter passes",
        ),
        (None, None) => report.attention(
            "trust list",
            &format!("no national list: only the {} [[trust.extra]] are trusted", trust.extra.len()),
        ),
    }
}

/// Domains whose mail is ours.
pub(super) fn ours(config: &Config) -> impl Iterator<Item = &Domain> {
    config.server.professional_domains.iter().chain(&config.server.patient_domain)
}

fn chain(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}
