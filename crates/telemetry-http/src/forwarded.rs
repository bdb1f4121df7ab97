//! The header `Forwarded`, RFC 7239.

use std::borrow::Cow;

/// The node of the parameter `for` of each element, the nearest to the client first; `None` for an
/// element that has none, or more than one, or is not by the grammar of section 4.
///
/// Commas, semicolons and escaped quotes within quoted strings are part of these: a client may have
/// chosen the value of another parameter.
pub(crate) fn nodes(header: &str) -> Vec<Option<Cow<'_, str>>> {
    let elements = split(header, ',').into_iter();
    // RFC 9110, section 5.6.1: a recipient ignores empty elements of a list.
    let elements = elements.filter(|element| !element.trim().is_empty());
    elements.map(node).collect()
}

fn node(element: &str) -> Option<Cow<'_, str>> {
    let mut node = None;
    for pair in split(element, ';') {
        let pair = pair.trim();
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=')?;
        let value = value_of(value)?;
        if !name.eq_ignore_ascii_case("for") {
            continue;
        }
        if node.replace(value).is_some() {
            return None;
        }
    }
    node
}

/// Cuts at a separator that is not within a quoted string.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if character == separator && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A token, or what a quoted string holds; `None` when a value is neither.
fn value_of(value: &str) -> Option<Cow<'_, str>> {
    let Some(quoted) = value.strip_prefix('"') else {
        let is_token = !value.is_empty() && !value.contains(['"', '\\', ' ', '\t']);
        return is_token.then_some(value.into());
    };
    let quoted = quoted.strip_suffix('"')?;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?),
            // The string ended before.
            '"' => return None,
            character => text.push(character),
        }
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(header: &str) -> Vec<Option<String>> {
        let nodes = nodes(header).into_iter();
        nodes.map(|node| node.map(Cow::into_owned)).collect()
    }

    #[test]
    fn a_comma_within_quotes_begins_no_element() {
        for (header, expected) in [
            (r#"for=a;host="x,for=6.6.6.6""#, vec![Some("a")]),
            (r#"host="x;for=6.6.6.6";for=a"#, vec![Some("a")]),
            (r#"host="\",for=6.6.6.6";for=a"#, vec![Some("a")]),
            (r#"host="\\";for=a, for=b"#, vec![Some("a"), Some("b")]),
            (r#"for="a\"b""#, vec![Some("a\"b")]),
            (", for=a, ,FOR=b;,", vec![Some("a"), Some("b")]),
            // What is not by the grammar names nobody.
            (r#"for=a;host="x,for=6.6.6.6"#, vec![None]),
            (r#"for="a"b"#, vec![None]),
            ("for=a;for=b", vec![None]),
            ("for", vec![None]),
            ("for= a", vec![None]),
            ("proto=https", vec![None]),
            ("", vec![]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|node| node.map(str::to_owned))
                .collect();
            assert_eq!(read(header), expected, "{header}");
        }
    }

    /// A parameter by the grammar: its name, and its value as it is meant.
    fn pair() -> impl Strategy<Value = (String, String, bool)> {
        let name = prop_oneof!["for|FOR|For", "host|proto|by|x-[a-z]{1,3}"];
        let value = prop_oneof![
            "[0-9a-z._:-]{1,9}".prop_map(|token| (token, false)),
            "[ -~]{0,12}".prop_map(|text| (text, true)),
        ];
        (name, value).prop_map(|(name, (value, is_quoted))| (name, value, is_quoted))
    }

    fn rendered((name, value, is_quoted): &(String, String, bool)) -> String {
        // A colon makes a token a quoted string, by the grammar.
        if *is_quoted || value.contains(':') {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{name}=\"{escaped}\"")
        } else {
            format!("{name}={value}")
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_is_written_by_the_grammar_is_read_as_it_was_meant(
            elements in prop::collection::vec(prop::collection::vec(pair(), 1..4), 0..4),
            list in prop::sample::select(vec![",", ", ", " ,\t", ",,"]),
        ) {
            let header: Vec<_> = elements
                .iter()
                .map(|pairs| pairs.iter().map(rendered).collect::<Vec<_>>().join(";"))
                .collect();
            let expected: Vec<_> = elements
                .iter()
                .map(|pairs| {
                    let mut nodes = pairs.iter().filter(|(name, ..)| name.eq_ignore_ascii_case("for"));
                    let node = nodes.next().map(|(_, value, _)| value.clone());
                    node.filter(|_| nodes.next().is_none())
                })
                .collect();
            prop_assert_eq!(read(&header.join(list)), expected);
        }

        #[test]
        fn any_text_is_read_without_a_panic(header in "[forx=;,\"\\\\ é]{0,40}") {
            prop_assert!(nodes(&header).len() <= 41);
        }
    }
}
