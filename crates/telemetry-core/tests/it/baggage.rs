//! The `baggage` header as W3C Baggage has it.

use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::{Context, KeyValue};
use proptest::prelude::*;
use telemetry_core::propagation::Baggage;

use crate::service::Headers;

fn extract(headers: &[&str]) -> Context {
    let headers = headers
        .iter()
        .map(|value| ("Baggage".to_owned(), (*value).to_owned()));
    Baggage.extract_with_context(&Context::new(), &Headers(headers.collect()))
}

fn written(context: &Context) -> String {
    let mut sent = Headers::default();
    Baggage.inject_context(context, &mut sent);
    sent.one("baggage").to_owned()
}

fn passed_on(headers: &[&str]) -> String {
    written(&extract(headers))
}

fn value_of(header: &str) -> Option<String> {
    extract(&[header])
        .baggage()
        .get("key")
        .map(|value| value.as_str().to_owned())
}

#[test]
fn members_are_read_and_written_in_the_order_of_their_keys() {
    assert_eq!(passed_on(&["b=2,a=1"]), "a=1,b=2");
}

#[test]
fn several_headers_are_one_and_the_last_of_a_key_counts() {
    assert_eq!(passed_on(&["a=1,b=1", "", "c=3 , b=2"]), "a=1,b=2,c=3");
}

#[test]
fn white_space_around_keys_values_and_properties_is_ignored() {
    assert_eq!(
        passed_on(&[" a \t=\t 1 ;\tp = 2 ; q \t, b=2"]),
        "a=1;p=2;q,b=2"
    );
}

#[test]
fn properties_are_kept_as_metadata() {
    let context = extract(&["key1=value1;property1;property2, key3=value3; key=a%20b=c"]);
    let metadata = |key| context.baggage().get_with_metadata(key).unwrap().1.as_str();
    assert_eq!(metadata("key1"), "property1;property2");
    assert_eq!(metadata("key3"), "key=a%20b=c");
    assert_eq!(
        written(&context),
        "key1=value1;property1;property2,key3=value3;key=a%20b=c"
    );
}

#[test]
fn values_are_percent_decoded() {
    assert_eq!(value_of("key=DF%2028").unwrap(), "DF 28");
    assert_eq!(value_of("key=%c3%A9").unwrap(), "é");
    assert_eq!(
        value_of("key=a=b==").unwrap(),
        "a=b==",
        "only the first sign divides"
    );
    assert_eq!(value_of("key=").unwrap(), "");
    assert_eq!(value_of("key=1+1").unwrap(), "1+1");
    assert_eq!(
        value_of("key=%ff").unwrap(),
        "\u{fffd}",
        "what is not UTF-8 is replaced"
    );
    assert_eq!(value_of("key=100%,b=1").unwrap(), "100%");
    assert_eq!(value_of("key=%4x%").unwrap(), "%4x%");
}

#[test]
fn a_member_that_is_invalid_is_skipped_alone() {
    for member in [
        "no sign", "=1", "k y=1", "k(y=1", "ké=1", "k=a b", "k=\"1\"", "k=1;=2", "k=é",
    ] {
        assert_eq!(
            passed_on(&[&format!("a=1,{member},b=2")]),
            "a=1,b=2",
            "{member}"
        );
    }
}

#[test]
fn values_are_written_percent_encoded() {
    let context = Context::new().with_baggage(vec![KeyValue::new("a", "1,2;3 \"\\é\r\n%")]);
    let header = written(&context);
    assert_eq!(header, "a=1%2C2%3B3%20%22%5C%C3%A9%0D%0A%25");
    assert_eq!(
        extract(&[&header]).baggage().get("a").unwrap().as_str(),
        "1,2;3 \"\\é\r\n%"
    );
}

#[test]
fn metadata_that_is_no_property_is_not_written() {
    let member = KeyValueMetadata::new("a", "1", "p=1\r\nx: y");
    assert_eq!(written(&Context::new().with_baggage(vec![member])), "a=1");
}

#[test]
fn sixty_four_members_are_passed_on_and_not_more() {
    let members: Vec<_> = (100..300).map(|at| format!("k{at}={at}")).collect();
    assert_eq!(passed_on(&[&members.join(",")]), members[..64].join(","));
    let doubled = "a=1,".repeat(63);
    assert_eq!(passed_on(&[&doubled, "b=2", "c=3"]), "a=1,b=2");
}

#[test]
fn eight_kibibytes_are_passed_on_and_not_more() {
    let filled = |bytes: usize| format!("a={}", "/".repeat(bytes - 2));
    assert_eq!(passed_on(&[&filled(8192)]), filled(8192));
    assert_eq!(passed_on(&[&filled(8193)]), "");
    assert_eq!(
        passed_on(&[&format!("a={}", "%41".repeat(2731))]),
        "",
        "as it is encoded"
    );
    assert_eq!(
        passed_on(&["b=1", &filled(8192 - 4), "c=3"]),
        format!("{},b=1", filled(8188))
    );
}

#[test]
fn a_value_that_grows_when_encoded_leaves_room_for_others() {
    let pairs = vec![
        KeyValue::new("a", " ".repeat(4000)),
        KeyValue::new("b", "1"),
    ];
    assert_eq!(written(&Context::new().with_baggage(pairs)), "b=1");
}

#[test]
fn without_a_header_the_baggage_stays_as_it_is() {
    let context = Context::new().with_baggage(vec![KeyValue::new("a", "1")]);
    let context = Baggage.extract_with_context(&context, &Headers::default());
    assert_eq!(written(&context), "a=1");
    assert_eq!(passed_on(&[]), "");
    assert_eq!(Baggage.fields().collect::<Vec<_>>(), ["baggage"]);
}

proptest! {
    #[test]
    fn any_headers_are_read_without_panic_and_read_back_as_they_are_written(
        headers in prop::collection::vec(
            prop_oneof!["(?s).{0,60}", "([a-c] ?=[!-~]{0,4}(;[p-r]?=?[%0-9a-f]{0,3})?,?){0,9}"],
            0..4,
        ),
    ) {
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let once = passed_on(&headers);
        prop_assert_eq!(&passed_on(&[&once]), &once);
    }

    #[test]
    fn any_value_reads_back(value in "(?s).{0,40}") {
        let context = Context::new().with_baggage(vec![KeyValue::new("key", value.clone())]);
        prop_assert_eq!(value_of(&written(&context)), Some(value));
    }
}

#[test]
fn a_member_that_is_a_secret_by_its_key_is_not_passed_on() {
    assert_eq!(
        passed_on(&["access_token=sesame,player=sven"]),
        "player=sven"
    );
    let context = Context::new().with_baggage([
        KeyValue::new("password", "sesame"),
        KeyValue::new("token_count", "3"),
    ]);
    assert_eq!(written(&context), "token_count=3");
}
