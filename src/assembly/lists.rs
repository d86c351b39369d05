//! Lists of revoked certificates: kept in a folder of the data, fetched again and again.

use crate::config::Lists;
use anyhow::Context as _;
use certs::{Anchors, Revocation, RevocationLists, ServerIdentity};
use names::Timestamp;
use net::fetch::{Clear, Fetcher, Url};
use net::{ListRefresh, list_urls};
use std::path::Path;
use std::sync::Arc;

/// One kind of peers' lists.
pub(super) struct Kept {
    /// Whether they count.
    pub(super) revocation: Revocation,
    /// The lists, when they count.
    pub(super) lists: Option<Arc<RevocationLists>>,
    /// What keeps them new.
    pub(super) refresh: Option<ListRefresh>,
}

/// What the configuration says of them.
pub(super) struct Wanted<'a> {
    /// Its section, for messages.
    pub(super) section: &'a str,
    pub(super) count: Lists,
    /// How long one counts after its promised end, in ms.
    pub(super) grace: i64,
    /// Places beside those that certificates name.
    pub(super) urls: &'a [String],
}

/// Opens the kept lists of these authorities; `own` is our certificate, which may name places too.
pub(super) fn open(
    wanted: &Wanted<'_>,
    anchors: &Arc<Anchors>,
    own: &ServerIdentity,
    folder: &Path,
    fetcher: Fetcher,
    now: Timestamp,
) -> anyhow::Result<Kept> {
    match wanted.count {
        Lists::Off => return Ok(Kept { revocation: Revocation::Off, lists: None, refresh: None }),
        Lists::Required => {}
    }
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let lists = RevocationLists::open(Arc::clone(anchors), folder, wanted.grace, now);
    let lists = lists.with_context(|| folder.display().to_string())?;
    let section = wanted.section;
    let read = |text: &String| {
        Url::parse(text, Clear::Anywhere)
            .with_context(|| format!("{section}, lists of revoked certificates: {text}"))
    };
    let configured = wanted.urls.iter().map(read).collect::<anyhow::Result<Vec<Url>>>()?;
    let urls = list_urls(anchors, own, &configured);
    if urls.is_empty() {
        tracing::warn!(
            section,
            folder = %folder.display(),
            "lists of revoked certificates are required and no certificate says where they are: name the \
             addresses in this section, or put .crl files into the folder"
        );
    }
    let refresh = ListRefresh::new(Arc::clone(&lists), fetcher, urls);
    Ok(Kept {
        revocation: Revocation::Required(Arc::clone(&lists)),
        lists: Some(lists),
        refresh: Some(refresh),
    })
}
