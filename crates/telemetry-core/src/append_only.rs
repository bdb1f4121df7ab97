//! A table that is only ever added to, without a lock: an allocator that logs may come back here at
//! any moment, and a forked child finds no lock that another thread held.

use std::sync::OnceLock;

/// Keeps values as long as the program, in a list for each slot.
pub(crate) struct AppendOnly<T: 'static, const SLOTS: usize>([Link<T>; SLOTS]);

type Link<T> = OnceLock<&'static Entry<T>>;

struct Entry<T: 'static> {
    value: T,
    next: Link<T>,
}

impl<T, const SLOTS: usize> AppendOnly<T, SLOTS> {
    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; SLOTS])
    }

    /// Finds a value of a slot, which is taken modulo the number of slots.
    pub(crate) fn find(&self, slot: usize, is_it: impl Fn(&T) -> bool) -> Option<&'static T> {
        let mut link = &self.0[slot % SLOTS];
        while let Some(entry) = link.get() {
            if is_it(&entry.value) {
                return Some(&entry.value);
            }
            link = &entry.next;
        }
        None
    }

    /// Finds a value of a slot, or adds one.
    pub(crate) fn find_or_add(
        &self,
        slot: usize,
        is_it: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> &'static T {
        if let Some(value) = self.find(slot, &is_it) {
            return value;
        }
        let new: &'static Entry<T> = Box::leak(Box::new(Entry {
            value: make(),
            next: OnceLock::new(),
        }));
        let mut link = &self.0[slot % SLOTS];
        loop {
            // Another thread may have been first: then its entry is looked at next.
            let entry = link.get_or_init(|| new);
            if is_it(&entry.value) {
                return &entry.value;
            }
            link = &entry.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;

    #[test]
    fn each_value_is_there_once_whichever_thread_adds_it() {
        static TABLE: AppendOnly<usize, 4> = AppendOnly::new();
        let threads = [(); 4].map(|()| {
            thread::spawn(|| {
                (0..100)
                    .map(|number| {
                        let found = TABLE.find_or_add(number, |it| *it == number, || number);
                        std::ptr::from_ref(found).addr()
                    })
                    .collect::<Vec<_>>()
            })
        });
        let found: HashSet<_> = threads.map(|thread| thread.join().unwrap()).into();
        assert_eq!(found.len(), 1);
        assert_eq!(TABLE.find(7, |it| *it == 7), Some(&7));
        assert_eq!(TABLE.find(100, |it| *it == 100), None);
    }
}
