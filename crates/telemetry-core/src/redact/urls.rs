//! URLs and query strings without secrets.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::redact::{REDACTED, is_sensitive, is_sensitive_parameter};

/// Masks the userinfo and all query values of each URL inside `text`, such as the message of
/// an error: `error for url (http://h/prices?key=[redacted])`.
///
/// Names of parameters stay, as on the spans of outgoing requests. Borrowed where there is
/// nothing to mask; a text without `://` costs one search.
#[inline]
#[must_use]
pub fn mask_urls(text: &str) -> Cow<'_, str> {
    masked(text, Values::All)
}

/// Masks the userinfo and the secret query values of each URL inside `text`.
#[inline]
pub(crate) fn mask_url_secrets(text: &str) -> Cow<'_, str> {
    masked(text, Values::Secret)
}

/// Masks the values of secret parameters in a query string, however their names are encoded.
///
/// Secret are the parameters whose name [`is_sensitive`], and those that authorize in queries
/// only: `code`, `state`, `key`, and the signatures of cloud storage. A value that is an
/// encoded URL is masked when the URL has a secret.
#[must_use]
pub fn mask_query(query: &str) -> Cow<'_, str> {
    let mut out = Output::new(query);
    mask_parameters(query, Values::Secret, &mut out);
    out.finish()
}

/// Masks all values in a query string. A parameter without a name is a value too.
#[must_use]
pub fn mask_query_values(query: &str) -> Cow<'_, str> {
    let mut out = Output::new(query);
    mask_parameters(query, Values::All, &mut out);
    out.finish()
}

/// Which query values are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Values {
    Secret,
    All,
}

#[inline]
fn masked(text: &str, values: Values) -> Cow<'_, str> {
    match find_url(text) {
        Some(first) => masked_from(text, first, values),
        None => text.into(),
    }
}

#[cold]
#[inline(never)]
fn masked_from(text: &str, first: usize, values: Values) -> Cow<'_, str> {
    let mut out = Output::new(text);
    mask_text(text, first, values, &mut out);
    out.finish()
}

/// Masks each URL of a piece of the text; the first begins, behind its scheme, at `first`.
fn mask_text<'a>(mut text: &'a str, first: usize, values: Values, out: &mut Output<'a>) {
    let mut next = Some(first);
    while let Some(start) = next {
        let (before, url) = text.split_at(start);
        let length = url_length(url);
        // Punctuation at its end belongs to the sentence, unless the text is a URL and no more.
        let is_alone = length == url.len() && is_scheme(before);
        let length = if is_alone {
            length
        } else {
            without_punctuation(&url[..length]).len()
        };
        let (url, rest) = url.split_at(length);
        out.keep(before);
        mask_url(url, values, out);
        text = rest;
        next = find_url(text);
    }
    out.keep(text);
}

/// Finds where the first URL begins, behind `://`.
#[inline]
fn find_url(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b':', bytes)
        .find(|at| bytes[at + 1..].starts_with(b"//"))
        .map(|at| at + 3)
}

/// Says whether a text is a scheme and `://`.
fn is_scheme(text: &str) -> bool {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.:".contains(&byte);
    text.strip_suffix("://")
        .is_some_and(|scheme| scheme.bytes().all(is_of_scheme))
}

/// How long the URL at the beginning of `text` is: up to a space, a quote or an angle bracket,
/// also an escaped one.
///
/// Brackets and commas inside a URL belong to it: a secret may have them.
fn url_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            0..=b' ' | b'"' | b'<' | b'>' | 0x7f => break,
            b'\\' => match bytes.get(end + 1) {
                // The escape of a quote or of a control character, in JSON or in Rust.
                None | Some(b'"' | b'n' | b'r' | b't' | b'u') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            },
            _ => end += 1,
        }
    }
    end
}

fn without_punctuation(url: &str) -> &str {
    let end = [')', ']', '}', '.', ',', ':', '!', '\'', '`', '*', '\\'];
    let length = url.trim_end_matches(end).len();
    // What stands in place of a secret ends with punctuation, too.
    let masked = REDACTED.trim_end_matches(']');
    let is_masked = url[..length].ends_with(masked) && url[length..].starts_with(']');
    &url[..length + usize::from(is_masked)]
}

/// Masks what stands behind the `://` of one URL.
fn mask_url<'a>(url: &'a str, values: Values, out: &mut Output<'a>) {
    let (authority, rest) = url.split_at(authority_length(url));
    let (userinfo, host) = authority.split_at(authority.rfind('@').unwrap_or(0));
    if !userinfo.is_empty() {
        out.mask(userinfo);
    }
    let (rest, fragment) = split_before(rest, '#');
    let (path, query) = split_before(rest, '?');
    mask_path(host, path, out);
    if let Some((mark, query)) = query.split_at_checked(1) {
        out.keep(mark);
        mask_parameters(query, values, out);
    }
    match fragment.split_at_checked(1) {
        Some((mark, parameters)) if parameters.contains('=') => {
            out.keep(mark);
            mask_parameters(parameters, values, out);
        }
        // The name of a place in a page.
        _ => out.keep(fragment),
    }
}

/// Masks secret parameters of a host, as some databases have them, and of a path, and the URL that
/// the path of a proxy has.
fn mask_path<'a>(host: &'a str, path: &'a str, out: &mut Output<'a>) {
    mask_path_parameters(host, out);
    match find_url(path) {
        Some(first) => mask_text(path, first, Values::Secret, out),
        None => mask_path_parameters(path, out),
    }
}

fn mask_path_parameters<'a>(path: &'a str, out: &mut Output<'a>) {
    let (path, parameters) = split_before(path, ';');
    out.keep(path);
    mask_parameters(parameters, Values::Secret, out);
}

/// How long the authority is, with its userinfo.
fn authority_length(url: &str) -> usize {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, rest) = url.split_at(end);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    // A password that should have been encoded looks like a port that is none.
    let has_password = !authority.contains('@')
        && authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| !is_port(port) && !port.ends_with(']'));
    match rest.rfind('@') {
        Some(at) if has_password => {
            let host = &rest[at..];
            end + at + host.find(['/', '?', '#']).unwrap_or(host.len())
        }
        _ => end,
    }
}

fn split_before(text: &str, separator: char) -> (&str, &str) {
    text.split_at(text.find(separator).unwrap_or(text.len()))
}

fn mask_parameters<'a>(query: &'a str, values: Values, out: &mut Output<'a>) {
    for parameter in query.split_inclusive(['&', ';']) {
        let end = parameter.trim_end_matches(['&', ';']).len();
        let (parameter, separator) = parameter.split_at(end);
        mask_parameter(parameter, values, out);
        out.keep(separator);
    }
}

fn mask_parameter<'a>(parameter: &'a str, values: Values, out: &mut Output<'a>) {
    let behind_name = parameter.find('=').map(|at| at + 1);
    let (name, value) = parameter.split_at(behind_name.unwrap_or(0));
    let is_masked = match values {
        Values::Secret => behind_name.is_some_and(|end| is_secret(&name[..end - 1], value)),
        Values::All => !parameter.is_empty(),
    };
    out.keep(name);
    if is_masked {
        out.mask(value);
    } else {
        out.keep(value);
    }
}

fn is_secret(name: &str, value: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    if is_sensitive(&name) || is_sensitive_parameter(&name) {
        return true;
    }
    let value = percent_decode_str(value).decode_utf8_lossy();
    matches!(mask_url_secrets(&value), Cow::Owned(_))
}

/// A text whose pieces are kept or masked, from the first to the last.
struct Output<'a> {
    text: &'a str,
    /// The end of the pieces so far.
    at: usize,
    /// Empty until something is masked.
    masked: String,
    /// How much of the text `masked` stands for.
    copied: usize,
}

impl<'a> Output<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            masked: String::new(),
            copied: 0,
        }
    }

    fn keep(&mut self, piece: &str) {
        self.at += piece.len();
    }

    fn mask(&mut self, piece: &str) {
        self.masked.push_str(&self.text[self.copied..self.at]);
        self.masked.push_str(REDACTED);
        self.at += piece.len();
        self.copied = self.at;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.copied == 0 && self.masked.is_empty() {
            return self.text.into();
        }
        self.masked.push_str(&self.text[self.copied..]);
        self.masked.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_in_a_text_lose_their_userinfo_and_query_values() {
        for (text, expected) in [
            (
                "error sending request for url (http://h/prices/4?key=sesame)",
                "error sending request for url (http://h/prices/4?key=[redacted])",
            ),
            (
                "get http://h/?a=1&b=(2), then https://u:p@h:8443/x?y; wait",
                "get http://h/?a=[redacted]&b=[redacted]), then https://[redacted]@h:8443/x?[redacted]; wait",
            ),
            (
                r#"{"url":"http://h/?a=b"}"#,
                r#"{"url":"http://h/?a=[redacted]"}"#,
            ),
            (
                r#"Some(\"http://h/?a=b\")"#,
                r#"Some(\"http://h/?a=[redacted]\")"#,
            ),
            ("http://h/?a=b\nnext", "http://h/?a=[redacted]\nnext"),
            (r"http://h/?a=b\\nc", "http://h/?a=[redacted]"),
            ("(http://h/?a=[redacted]).", "(http://h/?a=[redacted])."),
            ("see <http://h/?a=b>.", "see <http://h/?a=[redacted]>."),
            (
                "http://h/#token=a&b=c",
                "http://h/#token=[redacted]&b=[redacted]",
            ),
            ("http://h/?a=é(", "http://h/?a=[redacted]"),
            (
                "http://proxy/http://u:p@h/?a=b",
                "http://proxy/http://[redacted]@h/?a=[redacted]",
            ),
            ("http://a@b@h/", "http://[redacted]@h/"),
            ("postgres://u:p/q?r#s@h/d", "postgres://[redacted]@h/d"),
            ("http://h/?", "http://h/?"),
            ("http://h/?a=b!", "http://h/?a=[redacted]"),
            ("(http://h/?a=b!)", "(http://h/?a=[redacted]!)"),
        ] {
            assert_eq!(mask_urls(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_without_secrets_is_borrowed() {
        for text in [
            "",
            ":",
            "://",
            "connection refused: a::b",
            "see https://docs.example/page#section, or http://[::1]:8080/@scope/package",
            "http://h\\é",
        ] {
            let masked = mask_urls(text);
            assert!(
                matches!(masked, Cow::Borrowed(kept) if kept == text),
                "{masked}"
            );
        }
    }

    #[test]
    fn the_values_of_secret_parameters_are_masked() {
        for (query, expected) in [
            ("token=abc&page=2", "token=[redacted]&page=2"),
            ("a=1&access_token=a=b", "a=1&access_token=[redacted]"),
            ("passw%6Frd=x", "passw%6Frd=[redacted]"),
            ("user%5Bpassword%5D=x", "user%5Bpassword%5D=[redacted]"),
            (
                "X-Amz-Signature=x&X-Amz-Date=1",
                "X-Amz-Signature=[redacted]&X-Amz-Date=1",
            ),
            ("sig=x&sigma=1", "sig=[redacted]&sigma=1"),
            ("a=1;token=x", "a=1;token=[redacted]"),
            ("a=1&amp;token=x", "a=1&amp;token=[redacted]"),
            (
                "code=x&state=y&code_size=1",
                "code=[redacted]&state=[redacted]&code_size=1",
            ),
            ("next=https%3A%2F%2Fu%3Ap%40h", "next=[redacted]"),
            ("next=https%3A%2F%2Fh%2F%3Ftoken%3Dx", "next=[redacted]"),
            ("token=", "token=[redacted]"),
        ] {
            assert_eq!(mask_query(query), expected, "{query}");
        }
        for query in [
            "",
            "page=2&sort=name",
            "token",
            "%ff=1&&=",
            "next=https%3A%2F%2Fh%2F",
        ] {
            let masked = mask_query(query);
            assert!(
                matches!(masked, Cow::Borrowed(kept) if kept == query),
                "{masked}"
            );
        }
    }

    #[test]
    fn a_url_keeps_its_host_and_its_other_parameters() {
        for (url, expected) in [
            (
                "postgres://app:hunter2@db:5432/x?sslmode=on",
                "postgres://[redacted]@db:5432/x?sslmode=on",
            ),
            (
                "jdbc:postgresql://db/x?user=u&password=p",
                "jdbc:postgresql://db/x?user=u&password=[redacted]",
            ),
            (
                "jdbc:sqlserver://db:1433;user=u;password=p",
                "jdbc:sqlserver://db:1433;user=u;password=[redacted]",
            ),
            ("http://h/x;token=a/?b=1", "http://h/x;token=[redacted]?b=1"),
            ("mongodb+srv://u:p@a,b/x", "mongodb+srv://[redacted]@a,b/x"),
            ("redis://:p@h", "redis://[redacted]@h"),
        ] {
            assert_eq!(mask_url_secrets(url), expected, "{url}");
        }
    }

    #[test]
    fn all_values_of_a_query_are_masked() {
        assert_eq!(
            mask_query_values("page=2&token=a=b&c&&"),
            "page=[redacted]&token=[redacted]&[redacted]&&"
        );
        assert!(matches!(mask_query_values(""), Cow::Borrowed("")));
    }

    #[test]
    fn what_is_masked_stays_as_it_is() {
        for text in [
            "http://h/?key=[redacted]",
            "for url (http://h/?key=[redacted])",
            "http://[redacted]@h/?a=[redacted]&b=[redacted], then",
            r#"Some(\"http://h/?[redacted]\")"#,
        ] {
            assert_eq!(mask_urls(text), text);
        }
        assert_eq!(
            mask_urls("http://h/?key=[redacted]a"),
            "http://h/?key=[redacted]"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_masked_without_a_panic_and_once(text in "[a:/@?#&;=%\\\\\"é .)]{0,40}") {
            let masked = mask_urls(&text);
            proptest::prop_assert_eq!(mask_urls(&masked), masked.clone());
        }
    }
}
