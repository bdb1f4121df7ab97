//! Rules of attributes.

use proc_macro2::{TokenStream, TokenTree};

use crate::source::{Attribute, Source};
use crate::{Violation, assert_none};

#[test]
fn each_silenced_lint_has_a_reason() {
    assert_none(
        Source::all().iter().flat_map(without_reason),
        "say why, with `reason = \"…\"`:",
    );
}

fn without_reason(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for Attribute { line, tokens } in source.attributes() {
        if silences_without_reason(&tokens) {
            violations.push(source.violation(line, "silences a lint without a reason"));
        }
    }
    violations
}

/// Looks for `allow(…)` and `expect(…)`, inside of `cfg_attr(…)` too.
fn silences_without_reason(tokens: &[TokenTree]) -> bool {
    tokens.windows(2).any(|pair| match pair {
        [TokenTree::Ident(name), TokenTree::Group(group)] => {
            let inner: Vec<_> = group.stream().into_iter().collect();
            if name == "allow" || name == "expect" {
                !has_reason(group.stream())
            } else {
                name == "cfg_attr" && silences_without_reason(&inner)
            }
        }
        _ => false,
    })
}

fn has_reason(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter();
    tokens.any(|token| matches!(token, TokenTree::Ident(name) if name == "reason"))
}

#[test]
fn a_lint_silenced_without_a_reason_is_found() {
    let text = "#![allow(dead_code)]
        #[expect(dead_code, reason = \"an example\")]
        fn f() {
            #[cfg_attr(unix, expect(unused))]
            let a = 1;
        }
        #[derive(Debug)]
        struct S;";
    let violations = without_reason(&Source::new("example.rs", text));
    let lines: Vec<_> = violations.iter().map(|violation| violation.line).collect();
    assert_eq!(lines, [1, 4]);
}
