//! XDM archives of a letter to a patient, read before it is judged: their metadata may ask that the
//! patient, or those who act for them, do not see it (DOMAIN §5.5).
//!
//! The body is sealed by then, on disk when long: an archive is opened from there, by itself, and
//! only when a patient is among the recipients.

use super::Relay;
use crate::letter::Letter;
use crate::{Error, facts};
use names::{QueueId, Redacted};
use policy::Secrecy;
use policy::filing::{ActDate, Described};
use policy::secrecy::{self, Unreadable};
use std::sync::Arc;
use wire::mime::xdm::{self, Xdm};
use wire::mime::{Decoder, Part};

/// Octets of an archive as it stands in the letter. The dossier takes 5 MB, which are 7 in base64. (ours)
const ENCODED_MAX: u64 = 10_000_000;
/// Archives of one letter. Real letters have one. (ours)
const ARCHIVES_MAX: usize = 10;
/// Archives open at once, in the whole process: each is some 20 MB in memory at most. (ours)
pub(super) const OPEN_AT_ONCE: usize = 2;

/// The archives of a letter.
pub(super) struct Archives(Vec<(usize, Result<Archive, Unreadable>)>);

/// What an archive says of all its documents together.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    secrecy: Secrecy,
    /// Whether a document is masked from professionals.
    pub(super) masked: Masked,
    /// How to file it.
    pub(super) described: Described,
}

/// Whether professionals other than the author may see a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Masked {
    /// They may.
    No,
    /// The patient wished that they do not (`MASQUE_PS`).
    FromProfessionals,
}

impl Archives {
    /// What all of them ask for. One that cannot be read may ask for anything.
    pub(super) fn secrecy(&self) -> Result<Secrecy, Unreadable> {
        self.0.iter().try_fold(Secrecy::Open, |all, (_, archive)| {
            Ok(all.and(archive.as_ref().map_err(|e| *e)?.secrecy))
        })
    }

    /// The archive that is this leaf of the letter.
    pub(super) fn of_leaf(&self, leaf: usize) -> Option<&Archive> {
        let (_, archive) = self.0.iter().find(|(at, _)| *at == leaf)?;
        archive.as_ref().ok()
    }
}

impl Relay {
    /// Reads every part that calls itself an XDM archive, forwarded and oversized ones included. A
    /// failure of the store is an error; a fault of an archive is what the rules are told.
    pub(super) async fn read_archives(&self, letter: &Letter, queue: QueueId) -> Result<Archives, Error> {
        let views = letter.structure.leaf_views();
        let claims = views.iter().enumerate().filter(|(_, view)| facts::claims_xdm(view));
        let mut archives = Vec::new();
        for (leaf, view) in claims {
            let read = if archives.len() < ARCHIVES_MAX {
                self.read_archive(letter, view.part, queue).await?
            } else {
                Err(Unreadable)
            };
            archives.push((leaf, read));
        }
        Ok(Archives(archives))
    }

    async fn read_archive(
        &self,
        letter: &Letter,
        part: &Part,
        queue: QueueId,
    ) -> Result<Result<Archive, Unreadable>, Error> {
        if part.size() > ENCODED_MAX {
            tracing::info!(%queue, size = part.size(), "an XDM archive is too large to be read");
            return Ok(Err(Unreadable));
        }
        let what = "opening an XDM archive";
        let store = |cause| Error::Store { what, cause };
        let permit = Arc::clone(&self.inner().archives).acquire_owned().await.map_err(|_| Error::Stopping)?;
        let mut reader = self.mailstore().reader_of(&letter.body).map_err(store)?;
        let mut rest = part.body_start..part.body_end;
        let mut decoder = Decoder::new(part.encoding);
        let mut octets = Vec::new();
        while let Some(piece) = reader.next(&mut rest).await.map_err(store)? {
            decoder.push(&piece, &mut octets);
        }
        decoder.finish(&mut octets);
        let read = tokio::task::spawn_blocking(move || {
            // Held until the work is over, also when nobody waits for it any more.
            let _permit = permit;
            xdm::read(&octets)
        });
        Ok(match read.await {
            Ok(Ok(xdm)) => archive(&xdm),
            Ok(Err(fault)) => {
                tracing::info!(%queue, %fault, "an XDM archive cannot be read");
                Err(Unreadable)
            }
            Err(_) => {
                tracing::error!(%queue, "reading an XDM archive broke off");
                Err(Unreadable)
            }
        })
    }
}

fn archive(xdm: &Xdm) -> Result<Archive, Unreadable> {
    let codes = || xdm.documents.iter().flat_map(|document| &document.confidentiality);
    let masked = codes().any(|code| code.eq_ignore_ascii_case(secrecy::MASKED_FROM_PROFESSIONALS));
    let first = xdm.documents.first().ok_or(Unreadable)?;
    let code = |code: &Option<xdm::Code>| code.as_ref().map(|code| code.code.clone());
    Ok(Archive {
        secrecy: secrecy::from_codes(codes().map(String::as_str))?,
        masked: if masked { Masked::FromProfessionals } else { Masked::No },
        described: Described {
            title: Redacted(first.title.0.clone()),
            type_code: code(&first.type_code),
            class_code: code(&first.class_code),
            acted_on: first.day().and_then(|(year, month, day)| ActDate::new(year, month, day)),
        },
    })
}
