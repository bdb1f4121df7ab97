//! Rules that a user adds, and what is refused.

use std::error::Error as _;

use telemetry_labels::{BuildError, Id, IdKind, LabelExtractor};

use crate::extract;

#[test]
fn an_own_resource_stands_beside_the_built_in_ones() {
    let extractor = LabelExtractor::builder()
        .resource("season", ["season", "seasons"], IdKind::Integer)
        .build()
        .unwrap();
    assert_eq!(
        extract(&extractor, "/api/seasons/9/teams/2/"),
        (
            vec!["season".into(), "team".into()],
            vec![
                ("season.id".into(), "9".into()),
                ("team.id".into(), "2".into())
            ]
        )
    );
}

#[test]
fn an_own_rule_comes_before_a_built_in_one() {
    let extractor = LabelExtractor::builder()
        .resource("draft", ["drafts"], IdKind::Slug)
        .build()
        .unwrap();
    assert_eq!(
        extract(&extractor, "/api/drafts/summer-cup/").1,
        [("draft.id".into(), "summer-cup".into())]
    );
    assert_eq!(
        extract(&extractor, "/api/draft/7/drafts/summer-cup/").1,
        [("draft.id".into(), "7".into())]
    );
}

#[test]
fn uuid_and_slug_ids_are_text_and_anything_else_is_no_id() {
    let extractor = LabelExtractor::builder()
        .resource("upload", ["uploads"], IdKind::Uuid)
        .resource("article", ["articles"], IdKind::Slug)
        .build()
        .unwrap();
    let uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let path = format!("/api/uploads/{uuid}/articles/on_call-101");
    let values: Vec<_> = extractor
        .extract(&path)
        .map(|label| label.id.unwrap().value)
        .collect();
    assert_eq!(values, [Id::Text(uuid), Id::Text("on_call-101")]);
    for path in [
        "/api/uploads/5/",
        "/api/uploads/67e55044-10b1-426f-9247-bb680e5fe0cg/",
        "/api/articles/a%20b/",
        "/api/articles//",
    ] {
        assert_eq!(extract(&extractor, path).1, [], "{path}");
    }
}

#[test]
fn a_slug_is_an_id_even_where_it_names_another_rule() {
    let extractor = LabelExtractor::builder()
        .resource("article", ["articles"], IdKind::Slug)
        .build()
        .unwrap();
    assert_eq!(
        extract(&extractor, "/api/articles/teams/articles/stats"),
        (
            vec!["article".into()],
            vec![("article.id".into(), "teams".into())]
        )
    );
}

#[test]
fn patterns_take_their_place_where_their_match_ends() {
    let extractor = LabelExtractor::builder()
        .pattern("season", r"^/api/s(?<id>\d+)/")
        .pattern("round", r"/round-(?<id>\w+)$")
        .pattern("public", "^/public/")
        .build()
        .unwrap();
    assert_eq!(
        extract(&extractor, "/api/s4/leagues/1/round-final?x=1"),
        (
            vec!["season".into(), "league".into(), "round".into()],
            vec![
                ("season.id".into(), "4".into()),
                ("league.id".into(), "1".into()),
                ("round.id".into(), "final".into())
            ]
        )
    );
    assert_eq!(extract(&extractor, "/public/page").0, ["public"]);
}

#[test]
fn a_pattern_and_a_resource_of_one_label_give_it_once() {
    let extractor = LabelExtractor::builder()
        .pattern("team", r"/t(?<id>\d+)/")
        .build()
        .unwrap();
    assert_eq!(
        extract(&extractor, "/api/t4/teams/5/"),
        (vec!["team".into()], vec![("team.id".into(), "4".into())])
    );
}

#[test]
fn an_extractor_can_do_without_the_built_in_rules() {
    let extractor = LabelExtractor::builder()
        .without_builtin()
        .prefix("/shop/")
        .resource("order", ["orders"], IdKind::Integer)
        .marker("invoice")
        .build()
        .unwrap();
    assert_eq!(
        extract(&extractor, "/shop/orders/1/teams/2/invoice").0,
        ["order", "invoice"]
    );
    assert_eq!(
        extract(&extractor, "/api/orders/1/").0,
        Vec::<String>::new()
    );
    let nothing = LabelExtractor::builder().without_builtin().build().unwrap();
    assert_eq!(extract(&nothing, "/api/teams/1/").0, Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_rule_is_an_error_that_names_it() {
    let error = |builder: telemetry_labels::LabelExtractorBuilder| builder.build().unwrap_err();
    let builder = LabelExtractor::builder;

    let bad_pattern = error(builder().pattern("round", "(unclosed"));
    assert_eq!(
        bad_pattern.to_string(),
        r#"the pattern for label "round" does not compile"#
    );
    assert!(
        bad_pattern
            .source()
            .unwrap()
            .to_string()
            .contains("unclosed")
    );

    assert_eq!(
        error(builder().prefix("v2/")).to_string(),
        r#"prefix "v2/" does not begin with a slash"#
    );
    assert_eq!(
        error(builder().resource("a", ["x/y"], IdKind::None)).to_string(),
        r#""x/y" is not one whole path segment"#
    );
    assert_eq!(
        error(builder().marker("new\nline")).to_string(),
        r#"label "new\nline" is not made of letters, digits, '_', '-' and '.'"#
    );
    assert_eq!(
        error(
            builder()
                .resource("a", ["x"], IdKind::None)
                .resource("b", ["x"], IdKind::None)
        )
        .to_string(),
        r#"segment "x" has two rules"#
    );
    let many = (0..200).fold(builder(), |all, n| all.marker(format!("m{n}")));
    assert!(matches!(error(many), BuildError::TooManyLabels));
}
