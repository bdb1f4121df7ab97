//! The attributes of outgoing requests, by the stable semantic conventions.

use std::fmt::Write as _;

use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{
    HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL, HTTP_REQUEST_RESEND_COUNT, SERVER_ADDRESS,
    SERVER_PORT, URL_FULL, URL_TEMPLATE,
};
use reqwest::{Request, Url};
use telemetry_core::instrument::BoundedNames;
use telemetry_core::{REDACTED, mask_query_values};

use crate::attributes::{OTHER, method_name, without_brackets};
use crate::client::template::UrlTemplate;

static ADDRESSES: BoundedNames = BoundedNames::new(SERVER_ADDRESS);

/// What is known of a request at its start, for the span and for the metric.
pub(super) fn of_both(request: &Request) -> Vec<KeyValue> {
    // Room for what is known at the end.
    let mut attributes = Vec::with_capacity(6);
    let method = method_name(request.method());
    attributes.push(KeyValue::new(HTTP_REQUEST_METHOD, method));
    if let Some(host) = request.url().host_str() {
        let address = without_brackets(host).to_owned();
        attributes.push(KeyValue::new(SERVER_ADDRESS, address));
    }
    if let Some(port) = request.url().port_or_known_default() {
        attributes.push(KeyValue::new(SERVER_PORT, i64::from(port)));
    }
    attributes
}

/// Bounds what a metric has of these: an application may send to hosts that others name.
pub(super) fn bound(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        if attribute.key.as_str() == SERVER_ADDRESS {
            attribute.value = ADDRESSES.get(&attribute.value.as_str()).into();
        }
    }
}

/// What is known beside that, for a span that is recorded.
pub(super) fn of_span(
    request: &Request,
    template: Option<&UrlTemplate>,
    resends: u32,
) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new(URL_FULL, full(request.url(), template))];
    if method_name(request.method()) == OTHER {
        let original = request.method().as_str().to_owned();
        attributes.push(KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, original));
    }
    if let Some(template) = template {
        attributes.push(KeyValue::new(URL_TEMPLATE, template.as_str().to_owned()));
    }
    if resends > 0 {
        attributes.push(KeyValue::new(HTTP_REQUEST_RESEND_COUNT, i64::from(resends)));
    }
    attributes
}

/// What the conventions put in place of a secret in `url.full`.
const REDACTED_IN_URL: &str = "REDACTED";

/// The URL without its secrets, by the conventions: `REDACTED` stands for the user, the password,
/// each secret of the template and each value of its query. It has no fragment, which is not sent
/// anyway.
fn full(url: &Url, template: Option<&UrlTemplate>) -> String {
    let mut full = format!("{}://", url.scheme());
    if !url.username().is_empty() || url.password().is_some() {
        // Writing to a string does not fail.
        let _infallible = write!(full, "{REDACTED_IN_URL}:{REDACTED_IN_URL}@");
    }
    full.push_str(url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        // Writing to a string does not fail.
        let _infallible = write!(full, ":{port}");
    }
    match template.and_then(|template| template.masked_path(url.path())) {
        Some(path) => full.push_str(&path.replace(REDACTED, REDACTED_IN_URL)),
        None => full.push_str(url.path()),
    }
    if let Some(query) = url.query() {
        full.push('?');
        full.push_str(&mask_query_values(query).replace(REDACTED, REDACTED_IN_URL));
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_others_name_leave_room_for_the_others() {
        let address = |host: String| {
            let mut attributes = [KeyValue::new(SERVER_ADDRESS, host)];
            bound(&mut attributes);
            attributes[0].value.to_string()
        };
        let hooks = (0..2_000).map(|number| address(format!("hook-{number}.example")));
        assert_eq!(hooks.filter(|host| host == OTHER).count(), 1_900);
        assert_eq!(address("steam.example".to_owned()), "steam.example");
    }

    #[test]
    fn the_url_has_no_secrets() {
        for (url, expected) in [
            ("http://a.example", "http://a.example/"),
            ("https://a.example:8443/x/y", "https://a.example:8443/x/y"),
            ("https://a.example:443/", "https://a.example/"),
            ("http://[::1]:80/", "http://[::1]/"),
            (
                "http://user:secret@a.example/x",
                "http://REDACTED:REDACTED@a.example/x",
            ),
            (
                "http://secret@a.example/x#secret",
                "http://REDACTED:REDACTED@a.example/x",
            ),
            (
                "http://a.example/?page=2&token=a=b&c",
                "http://a.example/?page=REDACTED&token=REDACTED&REDACTED",
            ),
            ("http://a.example/?", "http://a.example/?"),
        ] {
            assert_eq!(full(&Url::parse(url).unwrap(), None), expected, "{url}");
        }
    }
}
