//! A cache within the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cache::Found;

/// How long a value is cached: so long may another process's change go unseen.
const LIFETIME: Duration = Duration::from_secs(1);
/// How many values are cached.
const MOST: usize = 1000;

/// Values by keys, and until when they are cached.
#[derive(Default)]
pub(super) struct Memory(Mutex<Values>);

#[derive(Default)]
struct Values {
    by_key: HashMap<String, (Instant, String)>,
    /// When anything was changed last.
    changed: Option<Instant>,
}

impl Memory {
    pub(super) fn get(&self, key: &str) -> Found {
        match self.lock().by_key.get(key) {
            Some((until, value)) if *until > Instant::now() => Found::Value(value.clone()),
            _ => Found::Nothing,
        }
    }

    /// Caches a value that was read `since` then, unless anything was changed after, or there is no
    /// room.
    pub(super) fn put(&self, key: &str, value: String, since: Instant) {
        let now = Instant::now();
        let mut values = self.lock();
        if values.changed.is_some_and(|changed| changed >= since) {
            return;
        }
        if values.by_key.len() >= MOST {
            values.by_key.retain(|_, (until, _)| *until > now);
        }
        if values.by_key.len() < MOST {
            let value = (now + LIFETIME, value);
            values.by_key.insert(key.to_owned(), value);
        }
    }

    pub(super) fn changed(&self, keys: &[String]) {
        let mut values = self.lock();
        for key in keys {
            values.by_key.remove(key);
        }
        values.changed = Some(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(memory: &Memory, key: &str) -> Option<String> {
        match memory.get(key) {
            Found::Value(value) => Some(value),
            Found::Nothing | Found::Closed => None,
        }
    }

    #[test]
    fn a_value_is_cached_until_it_is_changed() {
        let memory = Memory::default();
        for key in ["a", "b"] {
            memory.put(key, "1".to_owned(), Instant::now());
            assert_eq!(value(&memory, key).as_deref(), Some("1"));
        }
        memory.changed(&["a".to_owned()]);
        assert_eq!(value(&memory, "a"), None);
        assert_eq!(value(&memory, "b").as_deref(), Some("1"));
        memory.put("a", "2".to_owned(), Instant::now());
        assert_eq!(value(&memory, "a").as_deref(), Some("2"));
    }

    #[test]
    fn what_was_read_before_a_change_is_not_cached_after_it() {
        let memory = Memory::default();
        let since = Instant::now();
        memory.changed(&["a".to_owned()]);
        memory.put("a", "old".to_owned(), since);
        assert_eq!(value(&memory, "a"), None);
    }

    #[test]
    fn a_value_that_is_too_old_is_none() {
        let memory = Memory::default();
        let past = Instant::now().checked_sub(LIFETIME).unwrap();
        let old = (past, "1".to_owned());
        memory.lock().by_key.insert("a".to_owned(), old);
        assert_eq!(value(&memory, "a"), None);
    }

    #[test]
    fn what_there_is_no_room_for_is_not_cached_until_others_are_old() {
        let memory = Memory::default();
        for key in 0..MOST {
            memory.put(&key.to_string(), "1".to_owned(), Instant::now());
        }
        memory.put("more", "1".to_owned(), Instant::now());
        assert_eq!(value(&memory, "more"), None);
        let past = Instant::now().checked_sub(LIFETIME).unwrap();
        for (until, _) in memory.lock().by_key.values_mut() {
            *until = past;
        }
        memory.put("more", "1".to_owned(), Instant::now());
        assert_eq!(value(&memory, "more").as_deref(), Some("1"));
        assert_eq!(memory.lock().by_key.len(), 1);
    }
}
