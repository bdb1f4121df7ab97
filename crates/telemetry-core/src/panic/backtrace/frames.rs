//! The frames of a backtrace that are the application's.

use std::fmt::Write as _;

/// How many rows the frames take, so that they are fewer than 20 with the place of the panic.
const MAX_ROWS: usize = 18;
/// How many bytes of frames are kept.
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
/// Where the sources of the standard library and of dependencies are.
const FOREIGN_SOURCES: [&str; 3] = ["/rustc/", "/rustlib/src/", "/registry/src/"];
/// Crates whose frames are left out where a frame has no source file.
const FOREIGN_CRATES: [&str; 13] = [
    "alloc",
    "axum",
    "axum_core",
    "core",
    "futures",
    "futures_core",
    "futures_util",
    "hyper",
    "hyper_util",
    "std",
    "tokio",
    "tower",
    "tower_http",
];
/// These crates, which stand between the application's frames wherever their sources are.
const OWN_CRATES: [&str; 10] = [
    "telemetry_amqp",
    "telemetry_core",
    "telemetry_http",
    "telemetry_jobs",
    "telemetry_labels",
    "telemetry_otel",
    "telemetry_redis",
    "telemetry_sql",
    "telemetry_sysmetrics",
    "telemetry_ws",
];

/// Shortens the text of a [`Backtrace`](std::backtrace::Backtrace) to the application's frames
/// between the code that panicked and what caught it, a row each.
///
/// All frames are kept where none is the application's. Where the marks of neither end are found,
/// the text is searched whole.
pub(super) fn shorten(backtrace: &str) -> String {
    let frames = parse(backtrace);
    let frames = without_panicking(&frames);
    let caught = frames.iter().position(|frame| frame.is_of(&CATCHING));
    let frames = &frames[..caught.unwrap_or(frames.len())];
    let own: Vec<_> = frames.iter().filter(|frame| frame.is_own()).collect();
    let kept = if own.is_empty() {
        frames.iter().collect()
    } else {
        own
    };

    let mut text = String::new();
    for (index, frame) in kept.iter().enumerate() {
        let is_last_row = index + 1 == MAX_ROWS && kept.len() > MAX_ROWS;
        if is_last_row || text.len() + frame.length() > MAX_BYTES {
            // Writing to a string does not fail.
            let _infallible = writeln!(text, "… {} more", kept.len() - index);
            break;
        }
        frame.write(&mut text);
    }
    text.truncate(text.trim_end().len());
    text
}

/// One function on the way to the panic.
#[derive(Clone, Copy, Debug)]
struct Frame<'a> {
    name: &'a str,
    /// The source file, with the line and the column, where the program has debug information.
    place: Option<&'a str>,
}

impl Frame<'_> {
    fn is_of(&self, names: &[&str]) -> bool {
        names.iter().any(|part| self.name.contains(part))
    }

    fn is_own(&self) -> bool {
        let name = self.crate_name();
        if OWN_CRATES.contains(&name) {
            return false;
        }
        match self.place {
            Some(place) => !is_foreign(place),
            None => name != self.name && !FOREIGN_CRATES.contains(&name),
        }
    }

    /// `axum` of `<axum::Router as tower::Service>::call`.
    fn crate_name(&self) -> &str {
        let start = self.name.trim_start_matches(['<', '&', '*', '(', '[']);
        let start = start.trim_start_matches("mut ").trim_start_matches("dyn ");
        let end = start.find(|character: char| !character.is_alphanumeric() && character != '_');
        &start[..end.unwrap_or(start.len())]
    }

    fn length(&self) -> usize {
        self.name.len() + self.place.map_or(0, str::len) + " at \n".len()
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.name);
        if let Some(place) = self.place {
            out.push_str(" at ");
            out.push_str(place);
        }
        out.push('\n');
    }
}

/// Whether a source file is of the standard library, a dependency or one of these crates.
fn is_foreign(place: &str) -> bool {
    let is_of = |name: &&str| place.contains(&format!("/{}/src/", name.replace('_', "-")));
    FOREIGN_SOURCES.iter().any(|source| place.contains(source)) || OWN_CRATES.iter().any(is_of)
}

/// The frames, innermost first. Each has a line for its name, with a number or indented, and mostly
/// one for its place.
fn parse(backtrace: &str) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for line in backtrace.lines() {
        let text = line.trim();
        match (text.strip_prefix("at "), frames.last_mut()) {
            (Some(place), Some(frame)) if line.starts_with(char::is_whitespace) => {
                frame.place = Some(place);
            }
            _ if text.is_empty() => {}
            _ => frames.push(Frame {
                name: without_hash(without_number(text)),
                place: None,
            }),
        }
    }
    frames
}

/// The name in `12: name`.
fn without_number(text: &str) -> &str {
    match text.split_once(": ") {
        Some((number, name)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    }
}

/// The name in `name::h0123456789abcdef`.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name
        }
        _ => name,
    }
}

/// Leaves out the hook and the machinery of panicking.
fn without_panicking<'a>(frames: &'a [Frame<'a>]) -> &'a [Frame<'a>] {
    let Some(mark) = frames
        .iter()
        .position(|frame| frame.name.contains(PANIC_MARK))
    else {
        return frames;
    };
    let frames = &frames[mark + 1..];
    let thrown = frames.iter().position(|frame| !frame.is_of(&PANICKING));
    &frames[thrown.unwrap_or(0)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPICAL: &str = "\
   0: std::backtrace::Backtrace::create
             at /rustc/5980/library/std/src/backtrace.rs:331:13
   1: telemetry_core::panic::backtrace::Trace::capture
   2: std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::begin_panic, !>
   3: __rustc::rust_begin_unwind
   4: core::panicking::panic_fmt
   5: core::option::unwrap_failed
   6: shop::checkout::h0123456789abcdef
             at ./src/checkout.rs:12:5
      shop::cart::total
             at ./src/cart.rs:7:9
   7: <axum::handler::Layered<L> as tower::Service<R>>::call
             at /home/ada/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/axum-0.8.9/src/handler/mod.rs:30:1
   8: <F as core::future::Future>::poll
             at /rustc/5980/library/core/src/future/future.rs:133:9
   9: telemetry_http::in_flight::InFlight<F>::poll
             at ./crates/telemetry-http/src/in_flight.rs:30:1
  10: telemetry_core::panic::catch_seen
  11: hyper::proto::dispatch
";

    #[test]
    fn only_the_applications_frames_from_the_catch_to_the_panic_are_kept() {
        let expected = "shop::checkout at ./src/checkout.rs:12:5\n\
                        shop::cart::total at ./src/cart.rs:7:9";
        assert_eq!(shorten(TYPICAL), expected);
    }

    #[test]
    fn without_debug_information_libraries_are_known_by_their_names() {
        let text = "   0: shop::checkout\n   1: <axum::Router as tower::Service>::call\n   \
                    2: tokio::runtime::task\n   3: <&mut dyn tower::Service>::call\n   4: main\n";
        assert_eq!(shorten(text), "shop::checkout");
    }

    #[test]
    fn functions_without_a_path_are_known_by_their_source_files() {
        let text = "   0: checkout\n             at ./src/checkout.rs:12:5\n      poll\n             \
                    at /code/crates/telemetry-http/src/in_flight.rs:30:1\n";
        assert_eq!(shorten(text), "checkout at ./src/checkout.rs:12:5");
    }

    #[test]
    fn all_frames_are_kept_where_none_is_the_applications() {
        let text = "   0: tokio::one\n   1: axum::two\n             at /rustc/1/two.rs:1:1\n";
        assert_eq!(
            shorten(text),
            "tokio::one\naxum::two at /rustc/1/two.rs:1:1"
        );
    }

    #[test]
    fn a_thread_begins_where_nothing_catches() {
        let text = TYPICAL.replace("telemetry_core::panic::catch", "shop::call");
        let text = text.replace("hyper::proto", "std::sys::__rust_begin_short_backtrace");
        assert!(shorten(&text).ends_with("shop::call_seen"), "{text}");
    }

    #[test]
    fn frames_take_less_than_twenty_rows_with_the_place() {
        let text: String = (0..100).map(|i| format!("  {i}: shop::f{i}\n")).collect();
        let short = shorten(&text);
        assert_eq!(short.lines().count(), MAX_ROWS);
        assert!(short.ends_with("shop::f16\n… 83 more"), "{short}");
        let exact: String = (0..MAX_ROWS)
            .map(|i| format!("  {i}: shop::f{i}\n"))
            .collect();
        assert_eq!(shorten(&exact).lines().count(), MAX_ROWS);
        assert!(shorten(&exact).ends_with("f17"));
    }

    #[test]
    fn frames_are_bounded_in_bytes() {
        let long = "x".repeat(1000);
        let text: String = (0..12).map(|i| format!("  {i}: shop::{long}\n")).collect();
        let short = shorten(&text);
        assert!(short.len() < MAX_BYTES + 20, "{}", short.len());
        assert!(short.ends_with("… 4 more"), "{short}");
    }

    #[test]
    fn another_text_is_kept() {
        assert_eq!(shorten("disabled backtrace"), "disabled backtrace");
        assert_eq!(shorten(""), "");
    }
}
