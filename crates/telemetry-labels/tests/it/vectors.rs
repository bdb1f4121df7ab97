//! The cases of the contract, from the file that states them.

use std::collections::BTreeMap;

use serde_json::Value;
use telemetry_labels::{Id, LabelExtractor};

#[test]
fn every_vector_passes() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../label-vectors.json")).unwrap();
    assert!(cases.len() >= 26, "the file of vectors is not whole");
    let extractor = LabelExtractor::new();
    for case in cases {
        let path = case["path"].as_str().unwrap();
        let labels: Vec<_> = extractor.extract(path).collect();

        let names: Vec<_> = labels.iter().map(|label| label.name).collect();
        let expected: Vec<_> = case["labels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        assert_eq!(names, expected, "labels of {path}");

        let ids: BTreeMap<_, _> = labels
            .iter()
            .filter_map(|label| label.id)
            .map(|id| match id.value {
                Id::Integer(value) => (id.key.to_owned(), value),
                Id::Text(text) => panic!("{text} of {path} is not an integer"),
            })
            .collect();
        let expected: BTreeMap<_, _> = case["ids"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.clone(), value.as_u64().unwrap()))
            .collect();
        assert_eq!(ids, expected, "ids of {path}");
    }
}
