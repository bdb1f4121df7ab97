//! What an iteration allocates and writes, counted only where that is asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::Contender;

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static WRITTEN: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How long other threads have to finish what they were handed.
const SETTLE: Duration = Duration::from_millis(20);

/// Runs the work thrice as often as told, and prints of its last third how many allocations it
/// made, how many bytes these had, and how many bytes of lines it wrote. What is kept from one
/// iteration to the next has grown before.
pub fn count(contender: &Contender, iterations: u64) {
    let mut work = (contender.set_up)();
    let mut run = || {
        for _ in 0..iterations {
            work();
        }
        thread::sleep(SETTLE);
    };
    run();
    run();
    COUNTING.store(true, Ordering::SeqCst);
    run();
    COUNTING.store(false, Ordering::SeqCst);
    let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
    println!("{} {} {}", of(&ALLOCATIONS), of(&ALLOCATED), of(&WRITTEN));
}

/// Where all lines go: looked at and forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        give_up(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks at a line and forgets it.
#[inline]
pub fn give_up(line: &[u8]) {
    add(&WRITTEN, line.len());
    black_box(line);
}

#[inline]
fn add(count: &AtomicU64, bytes: usize) {
    if COUNTING.load(Ordering::Relaxed) {
        count.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// The system's allocator, watched.
struct Counting;

impl Counting {
    #[inline]
    fn note(bytes: usize) {
        add(&ALLOCATIONS, 1);
        add(&ALLOCATED, bytes);
    }
}

// SAFETY: all that is asked for is done by the system's allocator.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::note(layout.size());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::note(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::note(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
