//! The administrator of the demonstration: invited and enrolled by the road that anybody takes. Her
//! telephone is a file of the demonstration's folder, and the page of what left the house shows its codes.

use anyhow::Context as _;
use audit::Actor;
use directory::{Begun, Directory, Finished, NewAdministrator, Role, Roles};
use names::{Clock, SECOND, Timestamp};
use std::path::Path;
use std::sync::Arc;
use totp_rs::{Builder, Secret};
use webmail::{OutsideBox, OutsideMail};

/// Who.
pub const NAME: &str = "Camille Vasseur, administratrice";
/// Her login.
pub const LOGIN: &str = "camille.vasseur";
/// Her password.
pub const PASSWORD: &str = "Neuf-Phares-26";
/// File name of the secret of her telephone.
const TELEPHONE: &str = "telephone-of-the-administrator";

/// Makes her, with every role.
pub(super) async fn enrol(directory: &Directory, folder: &Path, now: Timestamp) -> anyhow::Result<()> {
    let new = NewAdministrator {
        login: LOGIN.to_owned(),
        name: "Camille Vasseur".to_owned(),
        roles: Roles::of(&Role::ALL),
        organisations: Vec::new(),
    };
    let invitation = directory.add_administrator(&new, Actor::Operator, now).await?;
    let begun = directory.begin_enrolment(LOGIN, &invitation.code, PASSWORD, now).await?;
    let Begun::Begun(token) = begun else { anyhow::bail!("the administrator of the demo is refused") };
    let enrolling = directory.enrolling(&token, "Pli", now).await?.context("the enrolment is over")?;
    let finished = directory.finish_enrolment(&token, &code(&enrolling.secret, now)?, now).await?;
    anyhow::ensure!(matches!(finished, Finished::Enrolled(..)), "her first code is refused");
    let path = folder.join(TELEPHONE);
    std::fs::write(&path, enrolling.secret).with_context(|| path.display().to_string())
}

/// The page of what left the house, with what her telephone shows on top.
pub(super) fn showing_codes(page: OutsideBox, folder: &Path, clock: Clock) -> OutsideBox {
    let secret = std::fs::read_to_string(folder.join(TELEPHONE)).unwrap_or_default();
    OutsideBox(Arc::new(move || {
        let now = clock.now();
        let shown = code(&secret, now).ok().map(|code| OutsideMail {
            to: format!("Téléphone de {NAME}"),
            subject: "Application de codes".to_owned(),
            text: format!("{code}\n\nIl change toutes les 30 secondes et ne sert qu’une fois."),
            at: now,
        });
        shown.into_iter().chain((page.0)()).collect()
    }))
}

/// What a telephone with this secret shows.
fn code(secret: &str, now: Timestamp) -> anyhow::Result<String> {
    let secret = Secret::try_from_base32(secret).map_err(|_| anyhow::anyhow!("no secret"))?;
    let totp = Builder::new().with_secret(secret).build().map_err(|_| anyhow::anyhow!("no secret"))?;
    Ok(totp.generate(u64::try_from(now.0 / SECOND)?).to_string())
}
