//! The header `Forwarded`, RFC 7239.

use std::borrow::Cow;

/// The elements of a header, as they are written, the nearest to the client first.
///
/// Commas within quoted strings are part of these: a client may have chosen the value of a
/// parameter.
pub(crate) fn elements(header: &[u8]) -> Vec<&[u8]> {
    let mut elements = split(header, b',');
    // RFC 9110, section 5.6.1: a recipient ignores empty elements of a list.
    elements.retain(|element| !element.trim_ascii().is_empty());
    elements
}

/// The value of a parameter of an element. Names of parameters have no case.
///
/// `None` where the element has none, or more than one, where the value is no UTF-8, and where the
/// element is not by the grammar of section 4.
pub(crate) fn parameter<'a>(element: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let mut found = None;
    for pair in split(element, b';') {
        let pair = pair.trim_ascii();
        if pair.is_empty() {
            continue;
        }
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let value = unquoted(&pair[equals + 1..])?;
        if pair[..equals].eq_ignore_ascii_case(name.as_bytes()) && found.replace(value).is_some() {
            return None;
        }
    }
    match found? {
        Cow::Borrowed(value) => std::str::from_utf8(value).ok().map(Cow::Borrowed),
        Cow::Owned(value) => String::from_utf8(value).ok().map(Cow::Owned),
    }
}

/// Cuts at a separator that is not within a quoted string.
fn split(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if *byte == separator && !is_quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A token, or what a quoted string holds; `None` when a value is neither.
fn unquoted(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let is_token = !value.is_empty() && !value.iter().any(|byte| b"\"\\ \t".contains(byte));
        return is_token.then_some(value.into());
    };
    let quoted = quoted.strip_suffix(b"\"")?;
    let mut text = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.push(*bytes.next()?),
            // The string ended before.
            b'"' => return None,
            byte => text.push(*byte),
        }
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A parameter of each element.
    fn read(header: &str, name: &str) -> Vec<Option<String>> {
        let elements = elements(header.as_bytes()).into_iter();
        let values = elements.map(|element| parameter(element, name));
        values.map(|value| value.map(Cow::into_owned)).collect()
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
            assert_eq!(read(header, "for"), expected, "{header}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_spoil_their_own_value_only() {
        let element = b"host=\"\xe9\";for=a";
        assert_eq!(parameter(element, "for").as_deref(), Some("a"));
        assert_eq!(parameter(element, "host"), None);
    }

    type Pair = (String, String);

    /// A parameter by the grammar: its name, and its value as it is meant.
    fn pair() -> impl Strategy<Value = (String, String, bool)> {
        let name = prop_oneof!["for|FOR|For", "host|Host|proto|PROTO", "by|x-[a-z]{1,3}"];
        let value = prop_oneof![
            "[0-9a-z._:-]{1,9}".prop_map(|token| (token, false)),
            "[ -~]{0,12}".prop_map(|text| (text, true)),
            "[a,;=\"\\\\ ]{0,5}".prop_map(|text| (text, true)),
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

    /// What is meant by a parameter that an element has once.
    fn meant(pairs: &[Pair], name: &str) -> Option<String> {
        let is_named = |(other, _): &&Pair| other.eq_ignore_ascii_case(name);
        let mut values = pairs.iter().filter(is_named);
        let value = values.next().map(|(_, value)| value.clone());
        value.filter(|_| values.next().is_none())
    }

    /// A reader of the grammar of RFC 7239, section 4, rule by rule. `None` for a header that is
    /// not by it.
    struct Grammar<'a>(&'a [u8]);

    impl Grammar<'_> {
        /// `1#forwarded-element`. By RFC 9110, any number of empty elements may stand in a list.
        fn header(text: &str) -> Option<Vec<Vec<Pair>>> {
            let mut rest = Grammar(text.as_bytes());
            let mut elements = Vec::new();
            loop {
                rest.white_space();
                if !matches!(rest.0.first(), None | Some(b',')) {
                    elements.push(rest.element()?);
                    rest.white_space();
                }
                match rest.next() {
                    None => return Some(elements),
                    Some(b',') => {}
                    Some(_) => return None,
                }
            }
        }

        /// `[ forwarded-pair ] *( ";" [ forwarded-pair ] )`
        fn element(&mut self) -> Option<Vec<Pair>> {
            let mut pairs = Vec::new();
            loop {
                if let Some(name) = self.token() {
                    if self.next()? != b'=' {
                        return None;
                    }
                    pairs.push((name, self.value()?));
                }
                if self.0.first() != Some(&b';') {
                    return Some(pairs);
                }
                self.next();
            }
        }

        /// `token / quoted-string`
        fn value(&mut self) -> Option<String> {
            if self.0.first() != Some(&b'"') {
                return self.token();
            }
            self.next();
            let mut text = Vec::new();
            loop {
                match self.next()? {
                    b'"' => return String::from_utf8(text).ok(),
                    b'\\' => text.push(self.next()?),
                    byte => text.push(byte),
                }
            }
        }

        fn token(&mut self) -> Option<String> {
            let is_tchar =
                |byte: &&u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
            let length = self.0.iter().take_while(is_tchar).count();
            let (token, rest) = self.0.split_at(length);
            self.0 = rest;
            (length > 0).then(|| String::from_utf8(token.to_vec()).unwrap())
        }

        fn white_space(&mut self) {
            while matches!(self.0.first(), Some(b' ' | b'\t')) {
                self.next();
            }
        }

        fn next(&mut self) -> Option<u8> {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            Some(*first)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_is_written_by_the_grammar_is_read_as_it_was_meant(
            elements in prop::collection::vec(prop::collection::vec(pair(), 1..5), 0..4),
            list in prop::sample::select(vec![",", ", ", " ,\t", ",,"]),
        ) {
            let header: Vec<_> = elements
                .iter()
                .map(|pairs| pairs.iter().map(rendered).collect::<Vec<_>>().join(";"))
                .collect();
            let header = header.join(list);
            let elements: Vec<Vec<Pair>> = elements
                .into_iter()
                .map(|pairs| pairs.into_iter().map(|(name, value, _)| (name, value)).collect())
                .collect();
            for name in ["for", "proto", "host"] {
                let expected: Vec<_> = elements.iter().map(|pairs| meant(pairs, name)).collect();
                prop_assert_eq!(read(&header, name), expected, "{}", header);
            }
            prop_assert_eq!(Grammar::header(&header), Some(elements));
        }

        #[test]
        fn what_the_grammar_allows_is_read_by_it_after_any_change(
            pairs in prop::collection::vec((pair(), prop::sample::select(vec![",", ";"])), 0..5),
            changes in prop::collection::vec((any::<usize>(), "[a=;,\"\\\\ ]?"), 1..4),
        ) {
            let pairs = pairs.iter().map(|(pair, separator)| rendered(pair) + separator);
            let mut header: String = pairs.collect();
            for (at, change) in changes {
                let at = at % (header.len() + 1);
                header.replace_range(at..(at + 1).min(header.len()), &change);
            }
            if let Some(elements) = Grammar::header(&header) {
                for name in ["for", "proto", "host"] {
                    let expected: Vec<_> =
                        elements.iter().map(|pairs| meant(pairs, name)).collect();
                    prop_assert_eq!(read(&header, name), expected, "{}", header);
                }
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(header in "[forx=;,\"\\\\ é]{0,40}") {
            prop_assert!(read(&header, "for").len() <= 41);
        }
    }
}
