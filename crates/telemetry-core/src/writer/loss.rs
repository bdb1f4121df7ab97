//! When loss starts and ends.

use std::time::{Duration, Instant};

/// Loss has ended when nothing more was lost for this long.
const QUIET: Duration = Duration::from_secs(1);

/// Renders a report as a whole line.
pub(crate) type ReportLine = Box<dyn Fn(&LossReport) -> Vec<u8> + Send>;

/// What is said about lost lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LossReport {
    /// Lines are being lost: so many so far.
    Started { dropped: u64 },
    /// So many lines were lost in all, within this time.
    Ended { dropped: u64, lasted: Duration },
}

/// Follows the count of lost lines.
#[derive(Debug, Default)]
pub(super) struct Loss {
    /// The count when it was last looked at.
    seen: u64,
    current: Option<Episode>,
}

#[derive(Debug)]
struct Episode {
    /// The count before it started.
    before: u64,
    started: Instant,
    /// When the last loss was seen.
    last: Instant,
}

impl Loss {
    /// How long until there may be something to report; `None` while nothing is lost.
    pub(super) fn report_due(&self) -> Option<Duration> {
        self.current
            .as_ref()
            .map(|episode| QUIET.saturating_sub(episode.last.elapsed()))
    }

    /// Takes the count of lost lines and returns what is to be said. At a flush, which may
    /// be the last, an episode ends at once.
    pub(super) fn update(&mut self, dropped: u64, is_flush: bool) -> Option<LossReport> {
        let now = Instant::now();
        let is_more = dropped > self.seen;
        let before = std::mem::replace(&mut self.seen, dropped);
        let Some(episode) = &mut self.current else {
            if is_more {
                self.current = Some(Episode {
                    before,
                    started: now,
                    last: now,
                });
                return Some(LossReport::Started {
                    dropped: dropped - before,
                });
            }
            return None;
        };
        if is_more {
            episode.last = now;
        }
        if is_flush || now.duration_since(episode.last) >= QUIET {
            let report = LossReport::Ended {
                dropped: dropped - episode.before,
                lasted: episode.last.duration_since(episode.started),
            };
            self.current = None;
            return Some(report);
        }
        None
    }
}
