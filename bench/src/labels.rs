//! The labels and ids of a path.

use std::hint::black_box;

use regex::{Regex, RegexSet};
use telemetry_labels::{Id, LabelExtractor};

use crate::{Contender, Work};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "regexes-in-turn",
        set_up: regexes_in_turn,
    },
    Contender {
        name: "regex-set",
        set_up: regex_set,
    },
    Contender {
        name: "one-alternation",
        set_up: one_alternation,
    },
];

const PATH: &str = "/api/leagues/1/tournaments/2/games/3/";

const RESOURCES: [&str; 8] = [
    "tournament",
    "draft",
    "league",
    "organization",
    "match",
    "game",
    "team",
    "user",
];

fn telemetry() -> Work {
    let extractor = LabelExtractor::new();
    Box::new(move || {
        for label in extractor.extract(black_box(PATH)) {
            black_box(label.name);
            if let Some(id) = label.id
                && let Id::Integer(value) = id.value
            {
                black_box((id.key, value));
            }
        }
    })
}

/// What a port of the patterns from Python gives: a label and an id pattern each.
fn patterns() -> Vec<String> {
    RESOURCES
        .iter()
        .flat_map(|name| {
            [
                format!(r"/{name}(?:e?s)?(?:/|$)"),
                format!(r"/{name}(?:e?s)?/(\d+)(?:/|$)"),
            ]
        })
        .chain([r"/standings/?$".to_owned(), r"/bracket/?$".to_owned()])
        .collect()
}

fn regexes_in_turn() -> Work {
    let regexes: Vec<Regex> = patterns()
        .iter()
        .filter_map(|p| Regex::new(p).ok())
        .collect();
    Box::new(move || {
        let path = black_box(PATH);
        for regex in &regexes {
            if regex.captures_len() == 1 {
                black_box(regex.is_match(path));
            } else if let Some(found) = regex.captures(path) {
                black_box(found.get(1).and_then(|id| id.as_str().parse::<u64>().ok()));
            }
        }
    })
}

fn regex_set() -> Work {
    let regexes: Vec<Regex> = patterns()
        .iter()
        .filter_map(|p| Regex::new(p).ok())
        .collect();
    let set = RegexSet::new(patterns()).unwrap_or_else(|_| RegexSet::empty());
    Box::new(move || {
        let path = black_box(PATH);
        for index in set.matches(path).iter() {
            if regexes[index].captures_len() == 1 {
                black_box(index);
            } else if let Some(found) = regexes[index].captures(path) {
                black_box(found.get(1).and_then(|id| id.as_str().parse::<u64>().ok()));
            }
        }
    })
}

fn one_alternation() -> Work {
    let pattern = format!(r"/({})(?:e?s)?(?:/(\d+))?", RESOURCES.join("|"));
    let regex = Regex::new(&pattern).ok();
    Box::new(move || {
        let path = black_box(PATH);
        for found in regex.iter().flat_map(|regex| regex.captures_iter(path)) {
            black_box(found.get(1));
            black_box(found.get(2).and_then(|id| id.as_str().parse::<u64>().ok()));
        }
    })
}
