//! The writer against outputs of every kind.

mod output;

use std::io::ErrorKind;
use std::sync::Mutex;
use std::time::Instant;

use output::{Output, Step};

use super::*;
use crate::writer;

const TIMEOUT: Duration = Duration::from_secs(20);
const MIB: usize = 1024 * 1024;

fn start(output: &Output, capacity: usize, overflow: Overflow) -> Writer {
    let report: ReportLine = Box::new(|report| match report {
        LossReport::Started { dropped } => format!("loss started {dropped}\n").into_bytes(),
        LossReport::Ended { dropped, .. } => format!("loss ended {dropped}\n").into_bytes(),
    });
    Writer::start(
        writer::Output::from_writer(output.clone()),
        capacity,
        overflow,
        report,
    )
    .unwrap()
}

fn write(writer: &Writer, text: &str) {
    writer.accept(format!("{text}\n").as_bytes(), Level::INFO);
}

fn write_numbers(writer: &Writer, numbers: std::ops::Range<usize>) {
    for number in numbers {
        write(writer, &number.to_string());
    }
}

fn numbers(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

/// Written, dropped and waiting.
fn counts(writer: &Writer) -> (u64, u64, u64) {
    let statistics = writer.statistics();
    (statistics.written, statistics.dropped, statistics.waiting)
}

#[test]
fn what_is_accepted_is_written_whole_and_in_order() {
    let output = Output::default();
    let writer = start(&output, MIB, Overflow::Drop);
    write_numbers(&writer, 0..10_000);
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), numbers(0..10_000));
    assert_eq!(counts(&writer), (10_000, 0, 0));
}

#[test]
fn lines_are_written_in_batches() {
    let output = Output::stalled();
    let writer = start(&output, MIB, Overflow::Drop);
    write(&writer, "first");
    output.wait_until_stalled();
    write_numbers(&writer, 0..10_000);
    output.release();
    assert!(writer.flush(TIMEOUT));
    let calls = output.0.state.lock().unwrap().calls.len();
    // One for the first line, then one for each 64 KiB.
    assert_eq!(calls, 2);
}

#[test]
fn threads_do_not_tear_each_others_lines() {
    let output = Output::default();
    let writer = start(&output, 64 * MIB, Overflow::Drop);
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let writer = writer.clone();
            std::thread::spawn(move || {
                for number in 0..5_000 {
                    write(
                        &writer,
                        &format!("{thread} {number} {}", "x".repeat(number % 97)),
                    );
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(writer.flush(TIMEOUT));
    let lines = output.lines();
    assert_eq!(lines.len(), 40_000);
    let mut next = [0; 8];
    for line in lines {
        let mut parts = line.split(' ');
        let thread: usize = parts.next().unwrap().parse().unwrap();
        let number: usize = parts.next().unwrap().parse().unwrap();
        assert_eq!(number, next[thread], "each thread's lines keep their order");
        assert_eq!(parts.next().unwrap().len(), number % 97);
        next[thread] += 1;
    }
}

#[test]
fn a_full_buffer_drops_and_counts_exactly() {
    let output = Output::stalled();
    let writer = start(&output, 1000, Overflow::Drop);
    write(&writer, "first");
    output.wait_until_stalled();
    // Four bytes each; the first line takes six bytes until it is written.
    write_numbers(&writer, 100..600);
    assert_eq!(counts(&writer), (0, 500 - 248, 249));
    output.release();
    assert!(writer.flush(TIMEOUT));
    assert_eq!(counts(&writer), (249, 252, 0));
    let mut expected = numbers(100..348);
    expected.insert(0, "first".into());
    assert_eq!(output.lines(), expected);
}

#[test]
fn the_start_and_the_end_of_loss_are_reported() {
    let output = Output::stalled();
    let writer = start(&output, 100, Overflow::Drop);
    write(&writer, "first");
    output.wait_until_stalled();
    write_numbers(&writer, 100..200);
    output.release();
    assert!(writer.flush(TIMEOUT));
    let dropped = writer.statistics().dropped;
    assert_eq!(
        output.reports(),
        [
            format!("loss started {dropped}"),
            format!("loss ended {dropped}")
        ]
    );
    // Without further loss nothing more is said.
    write(&writer, "last");
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.reports().len(), 2);
    assert!(output.text().ends_with("last\n"));
}

#[test]
fn the_end_of_loss_is_reported_without_another_line() {
    let output = Output::stalled();
    let writer = start(&output, 100, Overflow::Drop);
    write(&writer, "first");
    output.wait_until_stalled();
    write_numbers(&writer, 100..200);
    output.release();
    let deadline = Instant::now() + TIMEOUT;
    while output.reports().len() < 2 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    assert_eq!(counts(&writer).2, 0);
}

#[test]
fn blocking_loses_nothing_and_stays_within_bounds() {
    let output = Output::default();
    let writer = start(&output, 200, Overflow::Block);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let writer = writer.clone();
            std::thread::spawn(move || write_numbers(&writer, 0..5_000))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(writer.flush(TIMEOUT));
    assert_eq!(counts(&writer), (20_000, 0, 0));
    assert_eq!(output.lines().len(), 20_000);
    let largest = output.0.state.lock().unwrap().calls.iter().copied().max();
    assert!(largest.unwrap() <= 200);
}

#[test]
fn blocking_waits_for_a_stalled_output() {
    let output = Output::stalled();
    let writer = start(&output, 10, Overflow::Block);
    let (blocked, is_done) = (writer.clone(), Arc::new(Mutex::new(false)));
    let done = Arc::clone(&is_done);
    let thread = std::thread::spawn(move || {
        write_numbers(&blocked, 100..110);
        *done.lock().unwrap() = true;
    });
    output.wait_until_stalled();
    assert!(!*is_done.lock().unwrap());
    output.release();
    thread.join().unwrap();
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), numbers(100..110));
}

#[test]
fn a_line_larger_than_the_buffer_is_dropped_or_goes_alone() {
    let long = "x".repeat(1000);
    let output = Output::default();
    let writer = start(&output, 100, Overflow::Drop);
    write(&writer, &long);
    write(&writer, "short");
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), ["short"]);
    assert_eq!(counts(&writer), (1, 1, 0));

    let output = Output::default();
    let writer = start(&output, 100, Overflow::Block);
    write(&writer, "before");
    write(&writer, &long);
    write(&writer, "after");
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), ["before", &long, "after"]);
}

#[test]
fn a_line_larger_than_a_chunk_is_written_whole() {
    let output = Output::default();
    let writer = start(&output, 8 * MIB, Overflow::Drop);
    let long = "x".repeat(MIB);
    write(&writer, "before");
    write(&writer, &long);
    write(&writer, "after");
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), ["before", &long, "after"]);
}

#[test]
fn an_output_that_takes_a_few_bytes_at_a_time_gets_them_all() {
    let output = Output::scripted((0..500).map(|step| Step::Take(step % 7 + 1)));
    let writer = start(&output, MIB, Overflow::Drop);
    write_numbers(&writer, 0..1_000);
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), numbers(0..1_000));
}

#[test]
fn a_full_disk_loses_nothing_once_there_is_room_again() {
    let output = Output::scripted([
        Step::Take(7),
        Step::Fail(ErrorKind::StorageFull),
        Step::Fail(ErrorKind::StorageFull),
        Step::Take(3),
        Step::Fail(ErrorKind::WouldBlock),
        Step::Fail(ErrorKind::Interrupted),
        Step::Take(0),
    ]);
    let writer = start(&output, MIB, Overflow::Drop);
    write_numbers(&writer, 0..1_000);
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), numbers(0..1_000));
    assert_eq!(counts(&writer), (1_000, 0, 0));
}

#[test]
fn a_reader_that_is_gone_costs_lines_and_nothing_else() {
    for overflow in [Overflow::Drop, Overflow::Block] {
        let output = Output::stalled();
        {
            let mut state = output.0.state.lock().unwrap();
            state
                .script
                .extend([Step::Take(2), Step::Fail(ErrorKind::BrokenPipe)]);
        }
        let writer = start(&output, 1000, overflow);
        write_numbers(&writer, 100..103);
        output.release();
        assert!(writer.flush(TIMEOUT));
        // Whatever the first batch held is lost; a line of which a part was written is
        // ended before the next one.
        let (written, dropped, waiting) = counts(&writer);
        assert_eq!((written + dropped, waiting), (3, 0));
        assert!(dropped > 0);
        write(&writer, "next");
        assert!(writer.flush(TIMEOUT));
        let lines = output.lines();
        assert_eq!(lines[0], "10");
        assert_eq!(lines.last().unwrap(), "next");
        assert_eq!(counts(&writer).0 as usize, lines.len() - 1);
    }
}

#[test]
fn a_reader_that_is_gone_for_good_does_not_hold_up_blocking_callers() {
    let output = Output::scripted((0..10_000).map(|_| Step::Fail(ErrorKind::BrokenPipe)));
    let writer = start(&output, 100, Overflow::Block);
    write_numbers(&writer, 0..1_000);
    assert!(writer.flush(TIMEOUT));
    assert_eq!(counts(&writer), (0, 1_000, 0));
}

#[test]
fn an_output_that_panics_is_tried_again() {
    let output = Output::scripted([Step::Panic]);
    let writer = start(&output, MIB, Overflow::Drop);
    write(&writer, "survives");
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), ["survives"]);
}

#[test]
fn a_flush_gives_up_at_its_deadline_and_what_waits_is_written_later() {
    let output = Output::stalled();
    let writer = start(&output, MIB, Overflow::Drop);
    write(&writer, "waits");
    assert!(!writer.flush(Duration::from_millis(20)));
    assert!(!writer.flush(Duration::ZERO));
    assert_eq!(counts(&writer), (0, 0, 1));
    output.release();
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines(), ["waits"]);
}

#[test]
fn a_flush_of_nothing_ends_at_once() {
    let writer = start(&Output::default(), MIB, Overflow::Drop);
    assert!(writer.flush(TIMEOUT));
    assert!(writer.flush(Duration::MAX));
}

#[test]
fn a_line_is_written_soon_without_a_flush() {
    let output = Output::default();
    let writer = start(&output, MIB, Overflow::Drop);
    for round in 1..=5 {
        // Also when the thread has gone to sleep in between.
        write(&writer, "x");
        let deadline = Instant::now() + TIMEOUT;
        while output.lines().len() < round {
            assert!(Instant::now() < deadline);
            std::thread::yield_now();
        }
    }
}

/// The shortest time from a line, which `write` writes, until the output has it.
fn shortest_way(level: Level, mut before: impl FnMut(&Output, &Writer)) -> Duration {
    let output = Output::default();
    let writer = start(&output, MIB, Overflow::Drop);
    let ways = (1..=20).map(|round| {
        before(&output, &writer);
        let begun = Instant::now();
        writer.accept(b"awaited\n", level);
        while output.text().matches("awaited").count() < round {
            assert!(begun.elapsed() < TIMEOUT);
            std::thread::yield_now();
        }
        begun.elapsed()
    });
    ways.min().unwrap()
}

#[test]
fn an_urgent_line_is_out_within_two_milliseconds() {
    let shortest = Duration::from_millis(2);
    for level in [Level::ERROR, Level::WARN] {
        // From an idle thread, and from one that has just written.
        assert!(shortest_way(level, |_, _| {}) < shortest);
        let after_others = shortest_way(level, |_, writer| {
            write(writer, "other");
            assert!(writer.flush(TIMEOUT));
        });
        assert!(after_others < shortest);
    }
}

#[test]
fn an_urgent_line_that_comes_while_others_are_written_does_not_wait_for_the_pause() {
    let output = Output::default();
    let writer = start(&output, MIB, Overflow::Drop);
    let ways = (1..=20).map(|round| {
        output.stall();
        write(&writer, "other");
        output.wait_until_stalled();
        writer.accept(b"awaited\n", Level::ERROR);
        let begun = Instant::now();
        output.release();
        while output.text().matches("awaited").count() < round {
            assert!(begun.elapsed() < TIMEOUT);
            std::thread::yield_now();
        }
        begun.elapsed()
    });
    assert!(ways.min().unwrap() < Duration::from_millis(3));
}

#[test]
fn a_line_after_the_end_does_not_wait_long_for_an_output_that_stalls() {
    let output = Output::stalled();
    let writer = start(&output, MIB, Overflow::Drop);
    writer.open();
    writer.close();
    write(&writer, "first");
    let begun = Instant::now();
    write_numbers(&writer, 0..1_000);
    // The first one has waited for all.
    assert!(begun.elapsed() < Duration::from_secs(1));
    output.release();
    assert!(writer.flush(TIMEOUT));
    assert_eq!(output.lines().len(), 1_001);
    // And from then on each is written at once.
    for round in 1..=10 {
        write(&writer, "last");
        assert_eq!(output.text().matches("last").count(), round);
    }
}

#[test]
fn a_flush_where_nothing_goes_on_ends_in_time() {
    let output = Output::stalled();
    let writer = start(&output, MIB, Overflow::Drop);
    write(&writer, "waits");
    let begun = Instant::now();
    assert!(!writer.flush_within(Duration::from_millis(20)));
    assert!(!writer.end_within(Duration::from_millis(20)));
    assert!(begun.elapsed() < Duration::from_secs(2));
    output.release();
    assert!(writer.flush_within(TIMEOUT));
    assert_eq!(output.lines(), ["waits"]);
    // What came to an end is written at once from then on.
    write(&writer, "last");
    assert_eq!(output.lines(), ["waits", "last"]);
}
