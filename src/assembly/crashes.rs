//! Where a test kills this process; nothing of it is left in a release build.

use names::CrashPlan;

/// The plan of the environment: `PLI_CRASH=send.after-lease:3` aborts when that point is reached for the
/// third time. Without it, and in a release build, nothing happens.
#[cfg(debug_assertions)]
pub(super) fn plan() -> CrashPlan {
    use std::sync::atomic::{AtomicU32, Ordering};
    #[expect(clippy::disallowed_methods, reason = "a test tells a debug build where to die")]
    let Ok(text) = std::env::var("PLI_CRASH") else { return CrashPlan::default() };
    let (name, times) = text.split_once(':').unwrap_or((&text, "1"));
    let known = names::CrashPoint::ALL.iter().find(|point| point.name() == name);
    let (Some(&wanted), Ok(times)) = (known, times.parse::<u32>()) else {
        tracing::error!(plan = text, "PLI_CRASH names no point: nothing will happen");
        return CrashPlan::default();
    };
    let left = AtomicU32::new(times);
    CrashPlan::new(move |point| {
        if point == wanted && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    })
}

/// None.
#[cfg(not(debug_assertions))]
pub(super) fn plan() -> CrashPlan {
    CrashPlan::default()
}
