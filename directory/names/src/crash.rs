//! Steps after which a test may kill the process (RELIABILITY §4.3): whatever died there, nothing that
//! was promised may be lost. In a release build nothing of this is left: a plan has no size and no
//! point has a name.

#[cfg(debug_assertions)]
use std::sync::Arc;

macro_rules! points {
    ($($(#[$doc:meta])* $point:ident = $name:literal),+ $(,)?) => {
        /// A step of the way of a letter.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum CrashPoint { $($(#[$doc])* $point),+ }

        #[cfg(debug_assertions)]
        impl CrashPoint {
            /// Every point, for a test that visits them all.
            pub const ALL: &[Self] = &[$(Self::$point),+];

            /// Its name, as a plan is written.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$point => $name),+ }
            }
        }
    };
}

points! {
    /// Everything of a batch of letters is written, nothing is committed.
    ReceiveBeforeCommit = "receive.before-commit",
    /// A letter is on disk, nobody has heard of it.
    ReceiveAfterCommit = "receive.after-commit",
    /// Rows of the queue are leased.
    SendAfterLease = "send.after-lease",
    /// The peer is ready and trusted.
    SendAfterConnect = "send.after-connect",
    /// The peer has taken envelope and head, and not the rest.
    SendMidLetter = "send.mid-letter",
    /// The whole letter was given out, the last answer has not come.
    SendAfterLetter = "send.after-letter",
    /// The last answer has come, nothing is marked.
    SendBeforeMark = "send.before-mark",
    /// Outcome, report and release are written, nothing is committed.
    SendInMark = "send.in-mark",
    /// All of that is on disk.
    SendAfterMark = "send.after-mark",
}

/// What happens at the points: nothing, unless a test says so.
#[derive(Clone, Default)]
pub struct CrashPlan(#[cfg(debug_assertions)] Option<Arc<dyn Fn(CrashPoint) + Send + Sync>>);

impl CrashPlan {
    /// A plan that does `act` at every point; `act` decides at which it does not return.
    #[cfg(debug_assertions)]
    pub fn new(act: impl Fn(CrashPoint) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(act)))
    }

    /// Somebody is at this point.
    pub fn reach(&self, point: CrashPoint) {
        #[cfg(debug_assertions)]
        if let Some(act) = &self.0 {
            act(point);
        }
        #[cfg(not(debug_assertions))]
        let _ = point;
    }
}

impl std::fmt::Debug for CrashPlan {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("CrashPlan")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(debug_assertions)]
    #[test]
    fn a_plan_hears_of_every_point_and_names_are_distinct() {
        let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        let plan = CrashPlan::new(move |point| hearing.lock().unwrap().push(point.name()));
        CrashPoint::ALL.iter().for_each(|point| plan.clone().reach(*point));
        CrashPlan::default().reach(CrashPoint::SendInMark);
        let names: std::collections::BTreeSet<_> = heard.lock().unwrap().iter().copied().collect();
        assert_eq!(
            (names.len(), heard.lock().unwrap().len()),
            (CrashPoint::ALL.len(), CrashPoint::ALL.len())
        );
    }

    #[cfg(not(debug_assertions))]
    #[test]
    fn a_release_build_has_no_plan() {
        assert_eq!(std::mem::size_of::<CrashPlan>(), 0);
    }
}
