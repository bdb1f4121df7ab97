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

/// The lines lost since this was last asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drops {
    pub(super) lines: u64,
    /// When the first and the last of them were lost; `None` when there are none.
    pub(super) between: Option<(Instant, Instant)>,
}

impl Drops {
    /// Counts lines that are lost now.
    pub(super) fn add(&mut self, lines: u64) {
        if lines == 0 {
            return;
        }
        let now = Instant::now();
        let first = self.between.map_or(now, |(first, _)| first);
        self.between = Some((first, now));
        self.lines += lines;
    }
}

/// Follows the loss of lines.
#[derive(Debug, Default)]
pub(super) struct Loss {
    current: Option<Episode>,
}

#[derive(Debug)]
struct Episode {
    lines: u64,
    /// When the first and the last line were lost.
    first: Instant,
    last: Instant,
}

impl Loss {
    /// How long until there may be something to report; `None` while nothing is lost.
    pub(super) fn report_due(&self) -> Option<Duration> {
        self.current
            .as_ref()
            .map(|episode| QUIET.saturating_sub(episode.last.elapsed()))
    }

    /// Takes what was lost since the last call and returns what is to be said. At a flush,
    /// which may be the last, an episode ends at once.
    pub(super) fn update(&mut self, drops: Drops, is_flush: bool) -> Option<LossReport> {
        match (&mut self.current, drops.between) {
            (None, None) => return None,
            (None, Some((first, last))) => {
                let lines = drops.lines;
                self.current = Some(Episode { lines, first, last });
                return Some(LossReport::Started { dropped: lines });
            }
            (Some(_), None) => {}
            (Some(episode), Some((_, last))) => {
                episode.lines += drops.lines;
                episode.last = last;
            }
        }
        let episode = self
            .current
            .take_if(|episode| is_flush || episode.last.elapsed() >= QUIET)?;
        Some(LossReport::Ended {
            dropped: episode.lines,
            lasted: episode.last.duration_since(episode.first),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_lasts_from_the_first_lost_line_to_the_last_whenever_it_is_told() {
        let [first, middle, last] =
            [30, 20, 10].map(|ago| Instant::now() - Duration::from_secs(ago));
        let mut loss = Loss::default();
        let drops = |lines, first, last| Drops {
            lines,
            between: Some((first, last)),
        };
        let started = loss.update(drops(2, first, middle), false);
        assert_eq!(started, Some(LossReport::Started { dropped: 2 }));
        let ended = loss.update(drops(3, last, last), false);
        let expected = LossReport::Ended {
            dropped: 5,
            lasted: last - first,
        };
        assert_eq!(ended, Some(expected));
        assert_eq!(loss.update(Drops::default(), true), None);
    }

    #[test]
    fn lost_lines_are_counted_between_the_first_and_the_last() {
        let mut drops = Drops::default();
        drops.add(0);
        assert!(drops.between.is_none());
        drops.add(2);
        let (first, _) = drops.between.unwrap();
        drops.add(1);
        let (still_first, last) = drops.between.unwrap();
        assert_eq!((drops.lines, still_first), (3, first));
        assert!(last >= first);
    }
}
