//! Rust files, read as tokens: comments are gone, and macros are looked into.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::{Violation, root};

/// A Rust file of the workspace.
pub(crate) struct Source {
    /// Relative to the workspace's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    tokens: TokenStream,
}

/// An attribute, without its brackets.
pub(crate) struct Attribute {
    pub(crate) line: usize,
    pub(crate) tokens: Vec<TokenTree>,
}

/// A string literal, without its quotes; escapes are left as they are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let tokens = text
            .parse()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens,
        }
    }

    /// Gives the Rust files of crates, commands and benchmarks.
    pub(crate) fn all() -> Vec<Self> {
        let mut paths = Vec::new();
        for directory in ["crates", "xtask", "bench/src"] {
            find(&root().join(directory), &mut paths);
        }
        paths.sort();
        assert!(paths.len() > 100, "the files were not found");
        paths
            .iter()
            .map(|path| {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
                Self::new(&name.replace('\\', "/"), &fs::read_to_string(path).unwrap())
            })
            .collect()
    }

    pub(crate) fn violation(&self, line: usize, problem: impl Into<String>) -> Violation {
        Violation {
            file: self.path.clone(),
            line,
            problem: problem.into(),
        }
    }

    /// Counts the lines that are neither blank nor all comment.
    pub(crate) fn lines_of_code(&self) -> usize {
        let mut lines = BTreeSet::new();
        visit(&self.tokens, Tests::Included, &mut |token| match token {
            Visited::Token(TokenTree::Group(group)) => {
                lines.insert(group.span_open().start().line);
                lines.insert(group.span_close().start().line);
            }
            Visited::Token(token) => {
                let span = token.span();
                lines.extend(span.start().line..=span.end().line);
            }
            Visited::Attribute(_) => {}
        });
        lines.len()
    }

    /// Gives the attributes, doc comments left out.
    pub(crate) fn attributes(&self) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        visit(&self.tokens, Tests::Included, &mut |token| {
            if let Visited::Attribute(attribute) = token {
                attributes.push(attribute);
            }
        });
        attributes
    }

    /// Gives the string literals outside of doc comments and `#[cfg(test)]` items.
    pub(crate) fn literals(&self) -> Vec<Literal> {
        let mut literals = Vec::new();
        visit(&self.tokens, Tests::Excluded, &mut |token| {
            if let Visited::Token(TokenTree::Literal(literal)) = token
                && let Some(text) = unquoted(&literal.to_string())
            {
                let line = literal.span().start().line;
                literals.push(Literal { line, text });
            }
        });
        literals
    }
}

enum Visited {
    /// A group is visited before what is in it.
    Token(TokenTree),
    /// Its tokens are visited, too.
    Attribute(Attribute),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Included,
    Excluded,
}

fn visit(tokens: &TokenStream, tests: Tests, visitor: &mut impl FnMut(Visited)) {
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_punctuation(&token, '#') {
            tokens.next_if(|token| is_punctuation(token, '!'));
            if let Some(TokenTree::Group(group)) = tokens.next_if(is_bracketed) {
                let content: Vec<_> = group.stream().into_iter().collect();
                if matches!(content.first(), Some(TokenTree::Ident(name)) if name == "doc") {
                    continue;
                }
                if tests == Tests::Excluded && group.stream().to_string() == "cfg (test)" {
                    // The item ends with its braces or a semicolon.
                    tokens.by_ref().find(|token| match token {
                        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                        token => is_punctuation(token, ';'),
                    });
                    continue;
                }
                visitor(Visited::Attribute(Attribute {
                    line: group.span_open().start().line,
                    tokens: content,
                }));
                visitor(Visited::Token(TokenTree::Group(group.clone())));
                visit(&group.stream(), tests, visitor);
            }
            continue;
        }
        visitor(Visited::Token(token.clone()));
        if let TokenTree::Group(group) = token {
            visit(&group.stream(), tests, visitor);
        }
    }
}

fn is_punctuation(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punctuation) if punctuation.as_char() == character)
}

fn is_bracketed(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
}

/// Gives the text between the quotes of a string literal of any kind.
fn unquoted(literal: &str) -> Option<String> {
    let literal = literal.trim_start_matches(['b', 'c', 'r']);
    let literal = literal.trim_matches('#');
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    Some(text.to_owned())
}

fn find(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

const EXAMPLE: &str = r##"//! Purpose of "the file".

/// Names `"request.id"`.
#[expect(dead_code, reason = "an example")]
fn f() {
    // "a comment"
    log!("one", r#"two"#, b"three", 'c');
}

#[cfg(test)]
mod tests {
    const NAME: &str = "request.id";
}
"##;

#[test]
fn literals_are_those_of_code_outside_of_tests() {
    let literals = Source::new("example.rs", EXAMPLE).literals();
    let texts: Vec<_> = literals.iter().map(|literal| &*literal.text).collect();
    assert_eq!(texts, ["an example", "one", "two", "three"]);
    assert_eq!(literals[1].line, 7);
}

#[test]
fn lines_of_code_are_those_without_blank_ones_and_comments() {
    assert_eq!(Source::new("example.rs", EXAMPLE).lines_of_code(), 8);
}
