//! A bounded memory of recently used values, in two generations: simple, and nothing to sweep.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by key, at most about `budget` of weight. When the young half is full it becomes the old
/// one, and what was old and never asked for again is dropped.
pub(crate) struct Generations<K, V> {
    inner: Mutex<Inner<K, V>>,
    budget: usize,
}

struct Inner<K, V> {
    /// Each with the weight that is counted for it.
    young: HashMap<K, (V, usize), ByNumber>,
    old: HashMap<K, (V, usize), ByNumber>,
    weight: usize,
}

type ByNumber = BuildHasherDefault<Numbers>;

/// Hashes the store's own numbers, which it draws itself: nobody can choose them to collide, and a folder of
/// ten thousand letters is looked up whole.
#[derive(Default)]
struct Numbers(u64);

impl Hasher for Numbers {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // An odd constant without pattern: 2^64 over the golden ratio.
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        // Tables take the low bits, a product's good ones are high.
        self.0 ^ (self.0 >> 32)
    }
}

impl<K: Eq + Hash + Copy, V: Clone> Generations<K, V> {
    pub(crate) fn new(budget: usize) -> Self {
        let inner = Inner { young: HashMap::default(), old: HashMap::default(), weight: 0 };
        Self { inner: Mutex::new(inner), budget }
    }

    /// The values known for these keys, `None` where one is not. `weigh` must answer as it did for `put`.
    pub(crate) fn all(&self, keys: impl Iterator<Item = K>, weigh: impl Fn(&V) -> usize) -> Vec<Option<V>> {
        let mut inner = self.lock();
        keys.map(|key| {
            if let Some((value, _)) = inner.young.get(&key) {
                return Some(value.clone());
            }
            let (value, _) = inner.old.remove(&key)?;
            self.insert(&mut inner, key, value.clone(), weigh(&value));
            Some(value)
        })
        .collect()
    }

    pub(crate) fn put(&self, key: K, value: V, weight: usize) {
        self.insert(&mut self.lock(), key, value, weight);
    }

    /// Forgets the values whose key `gone` says so of.
    pub(crate) fn forget(&self, gone: impl Fn(&K) -> bool) {
        let mut inner = self.lock();
        inner.young.retain(|key, _| !gone(key));
        inner.old.retain(|key, _| !gone(key));
    }

    fn insert(&self, inner: &mut Inner<K, V>, key: K, value: V, weight: usize) {
        // A value that takes the place of another may weigh more: a folder's view grows with its folder.
        let before = inner.young.insert(key, (value, weight)).map_or(0, |(_, before)| before);
        inner.weight = inner.weight.saturating_sub(before) + weight;
        if inner.weight > self.budget / 2 {
            inner.old = std::mem::take(&mut inner.young);
            inner.weight = 0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K, V>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_grows_in_its_place_weighs_what_it_weighs_now() {
        let cache = Generations::new(20);
        for weight in 1..=9 {
            cache.put(1, weight, weight);
        }
        cache.put(2, 0, 1);
        assert_eq!(cache.all([1, 2].into_iter(), |_| 0), [Some(9), Some(0)]);
        cache.put(1, 11, 11);
        cache.put(3, 0, 11);
        assert_eq!(cache.all([1].into_iter(), |_| 0), [None], "it was dropped when it had grown too heavy");
    }

    #[test]
    fn what_is_used_stays_and_the_whole_stays_bounded() {
        let cache = Generations::new(20);
        for key in 0..100 {
            cache.put(key, key * 2, 1);
            assert_eq!(
                cache.all([0].into_iter(), |_| 1),
                [Some(0)],
                "a value asked for each time was dropped"
            );
        }
        let known = cache.all(0..100, |_| 0).into_iter().flatten().count();
        assert!((10..=21).contains(&known), "{known}");
        assert_eq!(cache.all([1, 99].into_iter(), |_| 1), [None, Some(198)]);
        cache.forget(|key| *key == 99);
        assert_eq!(cache.all([99].into_iter(), |_| 1), [None]);
    }
}
