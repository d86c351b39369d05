//! Limits that all doors share: how many connections, and how soon after a failed sign-in.
//!
//! One [`Gate`] is made by assembly and handed to every door, so that an attacker who changes
//! doors takes the delay along (RELIABILITY A-01).

use crate::limits;
use crate::surge::Surge;
use crate::tally::{DoorCounts, Tally};
use names::Timestamp;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Of all doors together.
    pub total: usize,
    /// Of one address (IPv6: of one /64).
    pub per_address: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { total: limits::CONNECTIONS, per_address: limits::CONNECTIONS_PER_ADDRESS }
    }
}

/// A connection too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// All doors together have as many as they may.
    #[error("the server has all the connections it may have")]
    Server,
    /// This address has as many as it may.
    #[error("this address has all the connections it may have")]
    Address,
}

/// A sign-in must wait this long; the password was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many failed sign-ins; try again in {} s", .0.as_secs().max(1))]
pub struct RetryAfter(pub Duration);

/// Figures for the operator. All but `open` only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections open now.
    pub open: u64,
    /// Connections refused by a cap.
    pub crowded: u64,
    /// Sign-ins that failed.
    pub failed: u64,
    /// Sign-ins refused because they came too early.
    pub delayed: u64,
    /// Waves of failed sign-ins, ten times the usual and more.
    pub surges: u64,
    /// Connections ended by a panic in a machine or a world.
    pub panicked: u64,
}

/// The limits shared by all doors. Clones share one state.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    caps: Caps,
    connections: Mutex<Connections>,
    attempts: Mutex<Attempts>,
    hasher: RandomState,
    crowded: AtomicU64,
    failed: AtomicU64,
    delayed: AtomicU64,
    surge: Mutex<Surge>,
    surges: AtomicU64,
    panicked: AtomicU64,
    tally: Tally,
}

/// One connection's place under the caps; given back when dropped.
#[must_use = "dropping it gives the place back"]
pub struct Admission {
    gate: Gate,
    address: IpAddr,
}

impl Gate {
    /// A gate with nobody inside.
    #[must_use]
    pub fn new(caps: Caps) -> Self {
        Self(Arc::new(Inner {
            caps,
            connections: Mutex::default(),
            attempts: Mutex::new(Attempts::new(limits::REMEMBERED)),
            hasher: RandomState::new(),
            crowded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            delayed: AtomicU64::new(0),
            surge: Mutex::new(Surge::new()),
            surges: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            tally: Tally::default(),
        }))
    }

    /// Lets one connection in, or says which cap is full.
    pub fn admit(&self, address: IpAddr) -> Result<Admission, Crowded> {
        let address = household(address);
        let admitted = lock(&self.0.connections).enter(address, self.0.caps);
        match admitted {
            Ok(()) => Ok(Admission { gate: self.clone(), address }),
            Err(crowded) => {
                self.0.crowded.fetch_add(1, Ordering::Relaxed);
                Err(crowded)
            }
        }
    }

    /// Whether a sign-in to `account` (as typed; it need not exist) may be tried from `address`
    /// now. Ask before looking at the password, then call [`Gate::failed`] or
    /// [`Gate::succeeded`].
    pub fn check_auth(&self, account: &str, address: IpAddr, now: Timestamp) -> Result<(), RetryAfter> {
        let attempt = self.attempt(account, address);
        let verdict = lock(&self.0.attempts).check(attempt, now);
        if verdict.is_err() {
            self.0.delayed.fetch_add(1, Ordering::Relaxed);
        }
        verdict
    }

    /// The sign-in that was allowed has failed.
    pub fn failed(&self, account: &str, address: IpAddr, now: Timestamp) {
        let attempt = self.attempt(account, address);
        lock(&self.0.attempts).failed(attempt, now);
        self.0.failed.fetch_add(1, Ordering::Relaxed);
        let wave = lock(&self.0.surge).failed(now);
        if let Some(wave) = wave {
            self.0.surges.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                failures = wave.failures,
                usual = wave.usual,
                "ten times the usual number of sign-ins fail: somebody tries many logins"
            );
        }
    }

    /// The sign-in that was allowed has succeeded: from now on this account is known to work from
    /// this network, and failures elsewhere do not delay it here.
    pub fn succeeded(&self, account: &str, address: IpAddr, now: Timestamp) {
        let attempt = self.attempt(account, address);
        lock(&self.0.attempts).succeeded(attempt, now);
    }

    /// Figures for the operator.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            open: lock(&self.0.connections).total as u64,
            crowded: read(&self.0.crowded),
            failed: read(&self.0.failed),
            delayed: read(&self.0.delayed),
            surges: read(&self.0.surges),
            panicked: read(&self.0.panicked),
        }
    }

    /// What the doors have seen since the start.
    #[must_use]
    pub fn doors(&self) -> DoorCounts {
        self.0.tally.look()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    pub(crate) fn count_panic(&self) {
        self.0.panicked.fetch_add(1, Ordering::Relaxed);
    }

    /// Accounts are remembered by a keyed hash only: no list of who was attacked stands in memory.
    fn attempt(&self, account: &str, address: IpAddr) -> Attempt {
        let account = self.0.hasher.hash_one(account.trim().to_lowercase());
        Attempt { account, network: network(address) }
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Gate({:?})", self.counts())
    }
}

impl Admission {
    /// The gate it was let in by.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        lock(&self.gate.0.connections).leave(self.address);
    }
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Admission")
    }
}

/// Nothing under these locks can panic half way through a change, so a poisoned one is still sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The address whose connections are counted together: one subscriber has a whole IPv6 /64.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(first_bits(address, 64)),
    }
}

/// The network whose failed sign-ins are counted together: /24, or /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(address) => IpAddr::V6(first_bits(address, 64)),
    }
}

fn first_bits(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from(u128::from(address) & (u128::MAX << (128 - bits)))
}

/// Who is connected.
#[derive(Default)]
struct Connections {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    fn enter(&mut self, address: IpAddr, caps: Caps) -> Result<(), Crowded> {
        if self.total >= caps.total {
            return Err(Crowded::Server);
        }
        let here = self.by_address.entry(address).or_insert(0);
        if *here >= caps.per_address {
            if *here == 0 {
                self.by_address.remove(&address);
            }
            return Err(Crowded::Address);
        }
        *here += 1;
        self.total += 1;
        Ok(())
    }

    fn leave(&mut self, address: IpAddr) {
        if let Some(here) = self.by_address.get_mut(&address) {
            *here -= 1;
            self.total -= 1;
            if *here == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

/// One try: which account, from where.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Attempt {
    account: u64,
    network: IpAddr,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Subject {
    /// An account, wherever the tries come from.
    Account(u64),
    /// A network, counted once for each account it fails on.
    Network(IpAddr),
    /// An account from one network: carries the last success there.
    Pair(Attempt),
}

#[derive(Clone, Copy, Debug, Default)]
struct Record {
    failures: u32,
    last_failure: Timestamp,
    last_success: Option<Timestamp>,
}

impl Record {
    fn failures(&self, now: Timestamp) -> u32 {
        if self.failures > 0 && now.since(self.last_failure) < limits::FORGET { self.failures } else { 0 }
    }

    fn fail(&mut self, now: Timestamp) {
        self.failures = self.failures(now).saturating_add(1);
        self.last_failure = now;
    }

    fn is_known(&self, now: Timestamp) -> bool {
        self.last_success.is_some_and(|success| now.since(success) < limits::KNOWN)
    }

    /// How long from now until the next try, in milliseconds.
    fn wait(&self, free: u32, now: Timestamp) -> i64 {
        let failures = self.failures(now);
        // A clock set back must not lengthen a delay beyond its own length.
        let delay = delay(failures, free);
        self.last_failure.plus(delay).since(now).clamp(0, delay)
    }
}

/// 1, 2, 4 … seconds from the last free failure on, at most [`limits::LONGEST_DELAY`].
fn delay(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        Some(over) => names::SECOND.checked_shl(over.min(20)).unwrap_or(i64::MAX).min(limits::LONGEST_DELAY),
    }
}

/// The failed and successful tries that still matter. Pure: `now` is an argument.
///
/// Bounded by two generations: when the young one is full it becomes the old one, and what nobody
/// touched for a whole generation is forgotten.
struct Attempts {
    young: HashMap<Subject, Record>,
    old: HashMap<Subject, Record>,
    generation: usize,
}

impl Attempts {
    fn new(generation: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation }
    }

    fn check(&self, attempt: Attempt, now: Timestamp) -> Result<(), RetryAfter> {
        let pair = self.record(Subject::Pair(attempt));
        let wait = if pair.is_known(now) {
            pair.wait(limits::FREE_FAILURES, now)
        } else {
            let account = self.record(Subject::Account(attempt.account));
            let network = self.record(Subject::Network(attempt.network));
            account.wait(limits::FREE_FAILURES, now).max(network.wait(limits::FREE_ACCOUNTS, now))
        };
        if wait > 0 { Err(RetryAfter(Duration::from_millis(wait.unsigned_abs()))) } else { Ok(()) }
    }

    fn failed(&mut self, attempt: Attempt, now: Timestamp) {
        let pair = self.record_mut(Subject::Pair(attempt));
        let first = pair.failures(now) == 0;
        let known = pair.is_known(now);
        pair.fail(now);
        if known {
            return; // An old device of the owner's must not delay the owner elsewhere.
        }
        self.record_mut(Subject::Account(attempt.account)).fail(now);
        if first {
            self.record_mut(Subject::Network(attempt.network)).fail(now);
        }
    }

    fn succeeded(&mut self, attempt: Attempt, now: Timestamp) {
        let pair = self.record_mut(Subject::Pair(attempt));
        *pair = Record { last_success: Some(now), ..Record::default() };
    }

    fn record(&self, subject: Subject) -> Record {
        self.young.get(&subject).or_else(|| self.old.get(&subject)).copied().unwrap_or_default()
    }

    fn record_mut(&mut self, subject: Subject) -> &mut Record {
        if !self.young.contains_key(&subject) {
            if self.young.len() >= self.generation {
                self.old = std::mem::take(&mut self.young);
            }
            let record = self.old.remove(&subject).unwrap_or_default();
            self.young.insert(subject, record);
        }
        self.young.entry(subject).or_default()
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::{DAY, HOUR, MINUTE, SECOND};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp(1_795_318_467_000);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(gate: &Gate, account: &str, address: IpAddr, times: u32, now: Timestamp) {
        for _ in 0..times {
            gate.failed(account, address, now);
        }
    }

    fn wait(gate: &Gate, account: &str, address: IpAddr, now: Timestamp) -> i64 {
        match gate.check_auth(account, address, now) {
            Ok(()) => 0,
            Err(RetryAfter(wait)) => wait.as_millis() as i64,
        }
    }

    #[test]
    fn caps_count_addresses_and_all_together() {
        let gate = Gate::new(Caps { total: 4, per_address: 2 });
        let first = gate.admit(ip("192.0.2.1")).unwrap();
        let _second = gate.admit(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(gate.admit(ip("192.0.2.1")).unwrap_err(), Crowded::Address);
        let _third = gate.admit(ip("2001:db8::1")).unwrap();
        let _fourth = gate.admit(ip("2001:db8::2")).unwrap();
        assert_eq!(gate.admit(ip("192.0.2.9")).unwrap_err(), Crowded::Server);
        drop(first);
        assert_eq!(gate.admit(ip("2001:db8::3")).unwrap_err(), Crowded::Address, "one /64");
        let _again = gate.admit(ip("192.0.2.1")).unwrap();
        assert_eq!((gate.counts().open, gate.counts().crowded), (4, 3));
    }

    #[test]
    fn an_empty_cap_admits_nobody_and_remembers_nobody() {
        let gate = Gate::new(Caps { total: 1, per_address: 0 });
        assert_eq!(gate.admit(ip("192.0.2.1")).unwrap_err(), Crowded::Address);
        assert!(lock(&gate.0.connections).by_address.is_empty());
    }

    #[test]
    fn delays_double_from_the_fifth_failure_to_a_quarter_of_an_hour() {
        for (failures, seconds) in
            [(4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (4_000_000, 900)]
        {
            assert_eq!(delay(failures, limits::FREE_FAILURES), seconds * SECOND, "{failures} failures");
        }
    }

    #[test]
    fn an_account_is_delayed_wherever_the_tries_come_from() {
        let gate = Gate::new(Caps::default());
        for host in 0..5 {
            assert_eq!(wait(&gate, "a@b.example", ip(&format!("192.0.{host}.1")), NOW), 0);
            fail(&gate, "a@b.example", ip(&format!("192.0.{host}.1")), 1, NOW);
        }
        assert_eq!(wait(&gate, " A@B.example", ip("198.51.100.1"), NOW), SECOND, "however it is typed");
        assert_eq!(wait(&gate, "other@b.example", ip("198.51.100.1"), NOW), 0);
        assert_eq!(wait(&gate, "a@b.example", ip("198.51.100.1"), NOW.plus(SECOND)), 0);
        assert_eq!((gate.counts().failed, gate.counts().delayed), (5, 1));
    }

    #[test]
    fn spraying_many_accounts_delays_the_network_and_one_wrong_telephone_does_not() {
        let gate = Gate::new(Caps::default());
        let hospital = ip("192.0.2.10");
        fail(&gate, "old.telephone@b.example", hospital, 1_000, NOW);
        assert_eq!(wait(&gate, "colleague@b.example", hospital, NOW), 0);
        for account in 0..20 {
            fail(&gate, &format!("{account}@b.example"), ip("203.0.113.1"), 1, NOW);
        }
        assert!(wait(&gate, "next@b.example", ip("203.0.113.200"), NOW) > 0, "the whole /24");
        assert_eq!(wait(&gate, "next@b.example", ip("203.0.112.1"), NOW), 0, "and no other");
    }

    #[test]
    fn an_attack_from_elsewhere_does_not_lock_the_owner_out() {
        let gate = Gate::new(Caps::default());
        let (practice, attacker) = (ip("192.0.2.10"), ip("198.51.100.1"));
        gate.succeeded("a@b.example", practice, NOW);
        fail(&gate, "a@b.example", attacker, 50, NOW);
        assert_eq!(wait(&gate, "a@b.example", attacker, NOW), 15 * MINUTE);
        assert_eq!(wait(&gate, "a@b.example", practice, NOW), 0);
        fail(&gate, "a@b.example", practice, 6, NOW);
        assert_eq!(wait(&gate, "a@b.example", practice, NOW), 2 * SECOND, "but no free guesses there either");
        gate.succeeded("a@b.example", practice, NOW.plus(2 * SECOND));
        assert_eq!(wait(&gate, "a@b.example", practice, NOW.plus(2 * SECOND)), 0);
        assert!(
            wait(&gate, "a@b.example", practice, NOW.plus(31 * DAY)) == 0,
            "the attack is forgotten by then"
        );
    }

    #[test]
    fn failures_are_forgotten_after_an_hour_of_peace() {
        let gate = Gate::new(Caps::default());
        let address = ip("192.0.2.10");
        fail(&gate, "a@b.example", address, 9, NOW);
        fail(&gate, "a@b.example", address, 1, NOW.plus(HOUR - SECOND));
        assert!(wait(&gate, "a@b.example", address, NOW.plus(HOUR)) > 0);
        fail(&gate, "a@b.example", address, 4, NOW.plus(3 * HOUR));
        assert_eq!(wait(&gate, "a@b.example", address, NOW.plus(3 * HOUR)), 0);
    }

    #[derive(Clone, Debug)]
    enum Act {
        Fail(u64, u8),
        Succeed(u64, u8),
        Pass(i64),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            8 => (0..40u64, 0..6u8).prop_map(|(account, net)| Act::Fail(account, net)),
            2 => (0..40u64, 0..6u8).prop_map(|(account, net)| Act::Succeed(account, net)),
            1 => (-MINUTE..2 * HOUR).prop_map(Act::Pass),
        ];
        proptest::collection::vec(act, 0..400)
    }

    fn attempt(account: u64, net: u8) -> Attempt {
        Attempt { account, network: IpAddr::from([192, 0, net, 0]) }
    }

    proptest! {
        /// Whatever happened, nobody waits longer than the longest delay, waiting helps, and
        /// memory stays within its bound; also when the clock is set back.
        #[test]
        fn nobody_is_ever_locked_out_for_good(acts in acts()) {
            let mut attempts = Attempts::new(16);
            let mut now = NOW;
            for act in acts {
                match act {
                    Act::Fail(account, net) => attempts.failed(attempt(account, net), now),
                    Act::Succeed(account, net) => {
                        attempts.succeeded(attempt(account, net), now);
                        prop_assert_eq!(attempts.check(attempt(account, net), now), Ok(()));
                    }
                    Act::Pass(milliseconds) => now = now.plus(milliseconds),
                }
                prop_assert!(attempts.remembered() <= 32);
                for (account, net) in [(0, 0), (7, 3), (39, 5)] {
                    if let Err(RetryAfter(wait)) = attempts.check(attempt(account, net), now) {
                        let wait = wait.as_millis() as i64;
                        prop_assert!(wait <= limits::LONGEST_DELAY);
                        prop_assert_eq!(attempts.check(attempt(account, net), now.plus(wait)), Ok(()));
                    }
                }
            }
        }

        /// A guesser who always waits as told gets no more than the free tries, the doublings and
        /// four an hour: 5 + 10 + 4 × hours.
        #[test]
        fn a_patient_guesser_gets_few_tries(hours in 1..200i64) {
            let mut attempts = Attempts::new(limits::REMEMBERED);
            let guess = attempt(1, 1);
            let (mut now, mut tries) = (NOW, 0);
            while now.since(NOW) < hours * HOUR {
                match attempts.check(guess, now) {
                    Ok(()) => {
                        attempts.failed(guess, now);
                        tries += 1;
                    }
                    Err(RetryAfter(wait)) => now = now.plus(wait.as_millis() as i64),
                }
            }
            prop_assert!(tries <= 15 + 4 * hours, "{} tries in {} hours", tries, hours);
        }
    }
}
