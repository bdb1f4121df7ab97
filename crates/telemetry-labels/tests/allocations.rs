//! What is allocated while labels are taken from a path. A program of its own: counting
//! takes an allocator of its own.

use allocation_counter::measure;
use telemetry_labels::{IdKind, LabelExtractor};

const PATHS: [&str; 4] = [
    "/api/leagues/1/tournaments/2/games/3/",
    "/api/users/4/stats/?page=2",
    "/ws/draft/12/",
    "/static/logo.svg",
];

fn allocations(extractor: &LabelExtractor) -> u64 {
    let labels = || PATHS.map(|path| extractor.extract(path).count());
    let counted = measure(|| {
        assert_eq!(labels(), [3, 2, 1, 0]);
    });
    counted.count_total
}

#[test]
fn the_built_in_rules_allocate_nothing() {
    assert_eq!(allocations(&LabelExtractor::new()), 0);
}

#[test]
fn resources_and_markers_of_ones_own_allocate_nothing() {
    let extractor = LabelExtractor::builder()
        .resource("season", ["season", "seasons"], IdKind::Slug)
        .marker("schedule")
        .build()
        .unwrap();
    assert_eq!(allocations(&extractor), 0);
    let counted = measure(|| {
        assert_eq!(
            extractor.extract("/api/seasons/autumn/schedule/").count(),
            2
        );
    });
    assert_eq!(counted.count_total, 0);
}
