//! The room of used sets of fields, kept: filling it again allocates nothing.

use std::cell::RefCell;

use crate::fields::Fields;

/// How many a thread keeps.
const LARGEST_POOL: usize = 64;
/// One with more room than this many bytes is not kept.
const LARGEST_KEPT_ROOM: usize = 2 * 1024;
/// The room of a new one: the usual context of a request fits.
const FIRST_ROOM: usize = 256;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty set of fields.
#[inline]
pub(super) fn take() -> Fields {
    let room = POOL.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
    Fields::in_room(room.unwrap_or_else(|| Vec::with_capacity(FIRST_ROOM)))
}

/// Takes back a set of fields that is no longer used.
#[inline]
pub(super) fn give_back(fields: Fields) {
    let mut room = fields.into_room();
    if room.capacity() == 0 || room.capacity() > LARGEST_KEPT_ROOM {
        return;
    }
    room.clear();
    // A thread that is ending keeps nothing.
    let _ending = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        if pool.len() < LARGEST_POOL {
            pool.push(room);
        }
    });
}
