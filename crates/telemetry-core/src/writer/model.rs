//! The buffer under a model checker, which tries orders in which threads may run: every line is written,
//! refused or lost, once, whatever callers, flushes, time-outs, `exit` and the last guard do meanwhile.
//!
//! `TEST_MODEL_ITERATIONS` is how many orders are tried of each scenario.

mod sync;

// The same file as in production, with the lock, conditions and clock of the model.
#[path = "buffer.rs"]
#[allow(clippy::duplicate_mod, reason = "this one has the lock of the model")]
mod buffer;

use std::collections::VecDeque;
use std::time::Duration;

use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use crate::writer::Overflow;
use buffer::Buffer;

const ITERATIONS: usize = 500;
const ITERATIONS_VARIABLE: &str = "TEST_MODEL_ITERATIONS";
/// How many calls the checker delays where it looks for rare orders.
const PCT_DEPTH: usize = 4;

const CALLERS: usize = 2;
const LINES: usize = 4;
/// How many ticks the clock has at most.
const MAX_TICKS: usize = 4;
/// Of all lines; the first two bytes are the caller and the number. No chunk has room for two.
const LINE_LENGTH: usize = 33_000;
const TIMEOUT: Duration = Duration::from_secs(1);

type Line = (usize, usize);
/// Ends the writer.
const LAST: Line = (CALLERS, 0);

/// What became of the lines that the writer has taken.
#[derive(Debug, Default)]
struct Output {
    written: Vec<Line>,
    lost: Vec<Line>,
}

#[derive(Clone)]
struct Model {
    buffer: Arc<Buffer>,
    output: Arc<Mutex<Output>>,
    overflow: Overflow,
}

impl Model {
    fn new(capacity: usize, overflow: Overflow) -> Self {
        sync::reset();
        Self {
            buffer: Arc::new(Buffer::new(capacity, overflow)),
            output: Arc::default(),
            overflow,
        }
    }

    /// Ends it before it begins.
    fn ended(self) -> Self {
        self.buffer.open();
        self.buffer.close();
        self
    }

    fn push(&self, (caller, number): Line) {
        let mut line = [b'.'; LINE_LENGTH];
        line[..2].copy_from_slice(&[caller as u8, number as u8]);
        line[LINE_LENGTH - 1] = b'\n';
        self.buffer.push(&line, number % 2 == 1);
    }

    /// Does what the writer's thread does, with an output that may be gone for a while.
    fn write(&self) {
        loop {
            let at_most = thread_rng().gen_bool(0.3).then_some(Duration::from_secs(1));
            let mut batch = self.buffer.take(at_most);
            assert!(batch.is_flush || !batch.chunks.is_empty() || at_most.is_some());
            while let Some(chunk) = batch.chunks.pop_front() {
                let mut lines: VecDeque<Line> = chunk
                    .bytes
                    .chunks(LINE_LENGTH)
                    .map(|line| (line[0].into(), line[1].into()))
                    .collect();
                assert_eq!(chunk.lines, lines.len() as u64);
                let kept = if thread_rng().gen_bool(0.2) {
                    thread_rng().gen_range(0..=lines.len())
                } else {
                    lines.len()
                };
                let lost = lines.split_off(kept);
                let lost_lines = lost.len() as u64;
                let mut output = self.output.lock().unwrap();
                output.written.extend(lines);
                output.lost.extend(lost);
                drop(output);
                self.buffer.settle(chunk, lost_lines);
            }
            self.buffer.end_flushes(&batch);
            if self.has(LAST) {
                return;
            }
        }
    }

    /// Says whether the writer is done with a line.
    fn has(&self, line: Line) -> bool {
        let output = self.output.lock().unwrap();
        output.written.contains(&line) || output.lost.contains(&line)
    }

    /// Runs the callers beside the writer, a clock and `others`, then ends all of them and looks at
    /// what became of the lines.
    fn run(&self, caller: fn(&Self, usize), others: &[fn(&Self)]) {
        let writer = {
            let model = self.clone();
            thread::spawn(move || model.write())
        };
        let clock = thread::spawn(|| {
            for _ in 0..thread_rng().gen_range(0..=MAX_TICKS) {
                thread::yield_now();
                sync::tick();
            }
        });
        let mut threads: Vec<_> = (0..CALLERS)
            .map(|index| {
                let model = self.clone();
                thread::spawn(move || caller(&model, index))
            })
            .collect();
        threads.extend(others.iter().map(|other| {
            let (model, other) = (self.clone(), *other);
            thread::spawn(move || other(&model))
        }));
        for thread in threads {
            thread.join().unwrap();
        }
        clock.join().unwrap();
        // No time-out can come any more: who waits for the writer is woken by it.
        assert!(self.buffer.flush(TIMEOUT));
        self.check();
        self.clone().ended().push(LAST);
        writer.join().unwrap();
    }

    fn check(&self) {
        let output = self.output.lock().unwrap();
        let mut all = [&output.written[..], &output.lost[..]].concat();
        let accepted = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), accepted, "a line twice: {output:?}");
        for caller in 0..CALLERS {
            let written = output.written.iter().filter(|line| line.0 == caller);
            assert!(written.is_sorted(), "out of order: {output:?}");
        }
        let refused = CALLERS * LINES - accepted;
        assert!(refused == 0 || self.overflow == Overflow::Drop);
        let counts = self.buffer.statistics();
        assert_eq!(counts.waiting, 0);
        assert_eq!(counts.written, output.written.len() as u64);
        assert_eq!(counts.dropped, (output.lost.len() + refused) as u64);
        assert_eq!(self.buffer.take_drops().lines, counts.dropped);
    }
}

fn push_all(model: &Model, caller: usize) {
    for number in 0..LINES {
        model.push((caller, number));
    }
}

/// After a flush that has not timed out, all that came before is settled.
fn push_and_flush(model: &Model, caller: usize) {
    for number in 0..LINES {
        model.push((caller, number));
        if number % 2 == 0 && model.buffer.flush(TIMEOUT) {
            let is_settled = (0..=number).all(|number| model.has((caller, number)));
            let is_refused = model.buffer.statistics().dropped > 0;
            assert!(is_settled || is_refused);
        }
    }
}

fn exit(model: &Model) {
    model.buffer.flush_within(TIMEOUT, true);
}

fn abort(model: &Model) {
    model.buffer.flush_within(TIMEOUT, false);
}

fn end(model: &Model) {
    model.buffer.open();
    model.buffer.close();
}

/// A line after the end is settled when the call returns, unless a time-out came.
fn push_after_the_end(model: &Model, caller: usize) {
    for number in 0..LINES {
        let ticks = sync::ticks();
        model.push((caller, number));
        let is_in_time = ticks == 0 && sync::ticks() == 0;
        assert!(!is_in_time || model.has((caller, number)));
    }
}

/// Tries many orders of a scenario, by chance and by rare delays.
fn check(scenario: impl Fn() + Copy + Send + Sync + 'static) {
    let iterations = std::env::var(ITERATIONS_VARIABLE);
    let iterations = iterations.ok().and_then(|text| text.parse().ok());
    let iterations = iterations.unwrap_or(ITERATIONS);
    shuttle::check_random(scenario, iterations);
    shuttle::check_pct(scenario, iterations, PCT_DEPTH);
}

/// Room for all lines.
const LARGE: usize = 2 * CALLERS * LINES * LINE_LENGTH;
/// Room for two lines.
const SMALL: usize = 2 * LINE_LENGTH;

#[test]
fn every_line_is_written_or_lost_once() {
    check(|| Model::new(LARGE, Overflow::Drop).run(push_all, &[]));
}

#[test]
fn every_line_is_written_lost_or_refused_once_where_there_is_little_room() {
    check(|| Model::new(SMALL, Overflow::Drop).run(push_all, &[]));
}

#[test]
fn every_line_is_accepted_once_where_callers_wait_for_room() {
    check(|| Model::new(SMALL, Overflow::Block).run(push_all, &[]));
}

#[test]
fn a_flush_that_ends_in_time_has_settled_what_came_before() {
    check(|| Model::new(LARGE, Overflow::Drop).run(push_and_flush, &[]));
    check(|| Model::new(SMALL, Overflow::Block).run(push_and_flush, &[]));
}

#[test]
fn exit_and_the_end_keep_every_line() {
    check(|| Model::new(LARGE, Overflow::Drop).run(push_all, &[exit, end]));
    check(|| Model::new(SMALL, Overflow::Drop).run(push_and_flush, &[exit, abort]));
    check(|| Model::new(SMALL, Overflow::Block).run(push_all, &[exit, end]));
}

#[test]
fn a_line_after_the_end_is_settled_when_the_call_returns() {
    let model = |overflow| Model::new(LARGE, overflow).ended();
    check(move || model(Overflow::Drop).run(push_after_the_end, &[]));
    check(move || model(Overflow::Block).run(push_after_the_end, &[exit, abort]));
}
