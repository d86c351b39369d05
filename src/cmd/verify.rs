//! `pli verify`: the store and the trail are proved, on the running server or directly.

use super::{ConfigFile, Ending};
use crate::assembly::{self, House};
use crate::control::{Proof, Question, Told};
use audit::{Act, Actor};
use clap::Args;
use directory::mailboxes;
use std::fmt::Write as _;
use tokio::sync::mpsc;

/// Accounts without a place that are named; the rest are counted.
const NAMED: usize = 20;

/// Proves that the store is whole and that no line of the trail was changed.
#[derive(Args)]
pub struct Verify {
    #[command(flatten)]
    file: ConfigFile,
    /// Only rows, counters, the trail and the presence of blobs; sealed content is not opened. Much
    /// faster on a large store.
    #[arg(long)]
    quick: bool,
}

/// Exit code 1 when anything does not hold.
pub async fn run(verify: &Verify) -> anyhow::Result<Ending> {
    let proof = if verify.quick { Proof::Rows } else { Proof::Contents };
    super::admin::put(&verify.file.load()?, &Question::Verify(proof)).await
}

/// Looks at everything, telling on the way what is being looked at.
pub(crate) async fn prove(house: &House, proof: Proof, progress: mpsc::Sender<Told>) -> anyhow::Result<Told> {
    let tell = async |text: &str| drop(progress.send(Told::Progress(format!("{text}\n"))).await);
    let now = house.clock.now();
    let store = house.relay.mailstore();
    let mut findings = Vec::new();

    tell("the database and the letters…").await;
    let report = store.verify(proof.depth(), now).await?;
    findings.extend(report.findings.iter().map(|found| format!("{}: {}", found.invariant, found.what)));

    tell("the account keys…").await;
    findings
        .extend(house.keys.check_integrity().await?.into_iter().map(|what| format!("account keys: {what}")));

    tell("the accounts of the directory…").await;
    let mut tx = house.data.read().await?;
    let accounts = mailboxes::all_accounts(&mut tx).await?;
    let mut homeless = 0;
    for (account, _) in &accounts {
        if store.account(&mut tx, *account).await.is_err() {
            homeless += 1;
            if homeless <= NAMED {
                findings.push(format!("account {} of the directory has no place in the store", account.0));
            }
        }
    }
    if homeless > NAMED {
        findings.push(format!("… and {} more accounts", homeless - NAMED));
    }

    tell("the trail…").await;
    let broken = audit::verify(&mut tx, Some(house.signer.public_key())).await?;
    findings.extend(broken.iter().map(|broken| format!("trail: {broken}")));

    let detail = format!("verify findings={}", findings.len());
    drop(tx);
    assembly::note(house, Actor::Operator, Act::AdminLooked, detail).await?;

    let mut text = format!(
        "{} bodies, {} of them in blobs; {} accounts.\n",
        report.bodies,
        report.blobs,
        accounts.len()
    );
    if report.orphan_bodies + report.orphan_blobs > 0 {
        let _ = writeln!(
            text,
            "{} bodies and {} blobs belong to nobody any more; they are swept by themselves.",
            report.orphan_bodies, report.orphan_blobs
        );
    }
    if report.dead_octets > 0 {
        let _ = writeln!(
            text,
            "{} octets in {} segments belong to nobody any more; they are given back when they are many.",
            report.dead_octets, report.segments
        );
    }
    for finding in &findings {
        let _ = writeln!(text, "! {finding}");
    }
    if findings.is_empty() {
        text.push_str("All of it holds.\n");
        return Ok(Told::done(text));
    }
    let _ = writeln!(
        text,
        "{} findings. Stop writing (`systemctl stop pli`), keep a copy of the data folder, then restore the last \
         backup that verifies.",
        findings.len()
    );
    Ok(Told::failed(text))
}
