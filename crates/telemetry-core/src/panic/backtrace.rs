//! The part of a backtrace that a reader of a log line needs.

use std::fmt::Write as _;

/// How many frames a backtrace keeps.
const MAX_FRAMES: usize = 32;
/// How many bytes of frames a backtrace keeps.
const MAX_BYTES: usize = 8 * 1024;

/// The standard library's mark: what called it had panicked.
const PANIC_MARK: &str = "__rust_end_short_backtrace";
/// What may stand between the mark and the code that panicked.
const PANICKING: [&str; 5] = [
    "core::panicking::",
    "std::panicking::",
    "__rustc::rust_begin_unwind",
    "core::option::",
    "core::result::",
];
/// What catches a panic, or begins a thread.
const CATCHING: [&str; 6] = [
    "telemetry_core::panic::catch",
    "telemetry_core::panic::caught",
    "std::panicking::catch_unwind",
    "core::panic::unwind_safe::AssertUnwindSafe",
    "__rust_try",
    "__rust_begin_short_backtrace",
];

/// Shortens the text of a [`Backtrace`](std::backtrace::Backtrace) to the frames between
/// the code that panicked and what caught it, bounded in number and bytes.
///
/// Where the marks of neither end are found, the text is kept up to the same bounds.
pub(super) fn shorten(backtrace: &str) -> String {
    let frames = frames(backtrace);
    let frames = without_panicking(&frames);
    let caught = frames.iter().position(|frame| holds(frame, &CATCHING));
    let frames = &frames[..caught.unwrap_or(frames.len())];

    let mut text = String::new();
    for (index, frame) in frames.iter().enumerate() {
        if index == MAX_FRAMES || text.len() + frame.len() > MAX_BYTES {
            // Writing to a string does not fail.
            let _infallible = writeln!(text, "… {} more", frames.len() - index);
            break;
        }
        text.push_str(frame);
    }
    text.truncate(text.trim_end().len());
    text
}

/// The frames, innermost first, each a line for its name and mostly one for its place.
fn frames(backtrace: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = Vec::new();
    let mut offset = 0;
    for line in backtrace.split_inclusive('\n') {
        if starts.is_empty() || is_start_of_frame(line) {
            starts.push(offset);
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([offset]);
    let spans = starts.iter().copied().zip(ends);
    spans.map(|(start, end)| &backtrace[start..end]).collect()
}

/// Whether a line is the first of a frame: `  12: name`.
fn is_start_of_frame(line: &str) -> bool {
    let number = line.trim_start().split_once(": ").map(|(number, _)| number);
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Leaves out the hook and the machinery of panicking.
fn without_panicking<'a>(frames: &'a [&'a str]) -> &'a [&'a str] {
    let Some(mark) = frames.iter().position(|frame| frame.contains(PANIC_MARK)) else {
        return frames;
    };
    let frames = &frames[mark + 1..];
    let thrown = frames.iter().position(|frame| !holds(frame, &PANICKING));
    &frames[thrown.unwrap_or(0)..]
}

fn holds(frame: &str, names: &[&str]) -> bool {
    let name = frame.lines().next().unwrap_or(frame);
    names.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPICAL: &str = "\
   0: std::backtrace::Backtrace::create
             at /rustc/5980/library/std/src/backtrace.rs:331:13
   1: telemetry_core::panic::remember
   2: std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::begin_panic, !>
   3: __rustc::rust_begin_unwind
   4: core::panicking::panic_fmt
   5: core::option::unwrap_failed
   6: shop::checkout
             at ./src/checkout.rs:12:5
   7: <F as core::future::Future>::poll
   8: telemetry_core::panic::catch
   9: hyper::proto::dispatch
";

    #[test]
    fn only_the_way_from_the_catch_to_the_panic_is_kept() {
        let expected = "   6: shop::checkout\n             at ./src/checkout.rs:12:5\n   \
                        7: <F as core::future::Future>::poll";
        assert_eq!(shorten(TYPICAL), expected);
    }

    #[test]
    fn a_thread_begins_where_nothing_catches() {
        let text = TYPICAL.replace("telemetry_core::panic::catch", "tower::call");
        let text = text.replace("hyper::proto", "std::sys::__rust_begin_short_backtrace");
        assert!(shorten(&text).ends_with("8: tower::call"), "{text}");
    }

    #[test]
    fn frames_are_bounded_in_number() {
        let text: String = (0..100).map(|i| format!("  {i}: f{i}\n")).collect();
        let short = shorten(&text);
        assert_eq!(short.lines().count(), MAX_FRAMES + 1);
        assert!(short.ends_with("31: f31\n… 68 more"), "{short}");
    }

    #[test]
    fn frames_are_bounded_in_bytes() {
        let long = "x".repeat(1000);
        let text: String = (0..20).map(|i| format!("  {i}: {long}\n")).collect();
        let short = shorten(&text);
        assert!(short.len() < MAX_BYTES + 20, "{}", short.len());
        assert!(short.ends_with("… 12 more"), "{short}");
    }

    #[test]
    fn another_text_is_kept() {
        assert_eq!(shorten("disabled backtrace"), "disabled backtrace");
        assert_eq!(shorten(""), "");
    }
}
