//! What the caller says of a request.

use std::borrow::Cow;

use reqwest::Url;
use telemetry_core::{REDACTED, is_sensitive};

/// The template of a request's path, such as `/users/{id}`: the span is named after it, and
/// has it as `url.template`.
///
/// Its values must be few: nothing of the path itself. Give it to the request as an
/// extension:
///
/// ```no_run
/// # async fn example(client: reqwest_middleware::ClientWithMiddleware) {
/// use telemetry_http::UrlTemplate;
///
/// let response = client
///     .get("http://api.internal/users/5")
///     .with_extension(UrlTemplate::new("/users/{id}"))
///     .send()
///     .await;
/// # }
/// ```
///
/// # Secrets in a path
///
/// A placeholder whose name is that of a secret, such as `{token}` or `{api_key}`, stands for one,
/// by the rule of [`is_sensitive`]; others do that [`with_secrets`](Self::with_secrets) names. The
/// segment with such a placeholder is `REDACTED` in `url.full`, and `[redacted]` in the URL of the
/// error that sending returns, so on each line that the error comes to. The template is compared with the end
/// of the path, as there may be a prefix in front. A path that the template does not fit has its
/// secret in an unknown place: it is `/[redacted]` as a whole.
///
/// Placeholders are `{name}`, `{*name}`, `{name:pattern}` and `:name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    template: Cow<'static, str>,
    secrets: Vec<Cow<'static, str>>,
}

impl UrlTemplate {
    /// Makes a template; its secrets are the placeholders with the name of one.
    pub fn new(template: impl Into<Cow<'static, str>>) -> Self {
        Self {
            template: template.into(),
            secrets: Vec::new(),
        }
    }

    /// Adds names of placeholders that stand for secrets.
    ///
    /// ```
    /// use reqwest::Url;
    /// use telemetry_http::UrlTemplate;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let template = UrlTemplate::new("/hooks/{id}/{part}").with_secrets(["part"]);
    /// let url = template.mask(&Url::parse("https://chat.example/hooks/7/b35f")?);
    /// assert_eq!(url.as_str(), "https://chat.example/hooks/7/[redacted]");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_secrets<S>(mut self, names: impl IntoIterator<Item = S>) -> Self
    where
        S: Into<Cow<'static, str>>,
    {
        self.secrets.extend(names.into_iter().map(Into::into));
        self
    }

    /// The URL with `[redacted]` in place of the segments that stand for secrets; the rest of it is
    /// as it was. For the errors of a response, such as that of
    /// `error_for_status`, which have its URL: `error.with_url(template.mask(&url))`.
    #[must_use]
    pub fn mask(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if let Some(path) = self.masked_path(url.path()) {
            url.set_path(&path);
        }
        url
    }

    pub(super) fn as_str(&self) -> &str {
        &self.template
    }

    /// The path without its secrets; `None` when it has none.
    pub(super) fn masked_path(&self, path: &str) -> Option<String> {
        let parts: Vec<_> = self.parts().collect();
        if !parts.contains(&Part::Secret) {
            return None;
        }
        let mut segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
        let masked = match parts.as_slice() {
            // It stands for all that follows.
            [.., Part::Secret] if self.ends_in_rest() => {
                segments.truncate(parts.len());
                fit(&parts, &mut segments)
            }
            _ => fit(&parts, &mut segments),
        };
        Some(match masked {
            Some(()) => format!("/{}", segments.join("/")),
            None => format!("/{REDACTED}"),
        })
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let segments = self.template.trim_start_matches('/').split('/');
        segments.map(|segment| {
            let mut names = placeholders(segment).peekable();
            if names.peek().is_none() {
                Part::Literal(segment)
            } else if names.any(|name| self.is_secret(name)) {
                Part::Secret
            } else {
                Part::Any
            }
        })
    }

    fn is_secret(&self, name: &str) -> bool {
        is_sensitive(name) || self.secrets.iter().any(|secret| secret == name)
    }

    /// Whether the last placeholder takes all segments that are left.
    fn ends_in_rest(&self) -> bool {
        let last = self.template.rsplit('/').next().unwrap_or_default();
        last.starts_with("{*") || last.starts_with('*')
    }
}

/// What a segment of a template stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    Any,
    Secret,
}

/// Masks the last segments, if they are what the parts stand for.
fn fit(parts: &[Part<'_>], segments: &mut [&str]) -> Option<()> {
    let prefix = segments.len().checked_sub(parts.len())?;
    for (part, segment) in parts.iter().zip(segments.iter_mut().skip(prefix)) {
        match part {
            Part::Literal(literal) if literal != segment => return None,
            Part::Literal(_) | Part::Any => {}
            Part::Secret => *segment = REDACTED,
        }
    }
    Some(())
}

/// The names of the placeholders in a segment of a template.
fn placeholders(segment: &str) -> impl Iterator<Item = &str> {
    let whole = segment.strip_prefix([':', '*']);
    let braced = segment.split('{').skip(1).map(|rest| {
        let name = rest.split(['}', ':']).next().unwrap_or_default();
        name.trim_matches(['*', '.'])
    });
    whole.into_iter().chain(braced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(template: &UrlTemplate, path: &str) -> String {
        let masked = template.masked_path(path);
        masked.unwrap_or_else(|| path.to_owned())
    }

    #[test]
    fn a_placeholder_with_the_name_of_a_secret_is_masked() {
        for (template, path, expected) in [
            ("/hooks/{id}/{token}", "/hooks/1/S", "/hooks/1/[redacted]"),
            ("hooks/{id}/{token}", "/hooks/1/S", "/hooks/1/[redacted]"),
            (
                "/hooks/{id}/{token}",
                "/v2/hooks/1/S",
                "/v2/hooks/1/[redacted]",
            ),
            (
                "/hooks/{token}/send",
                "/hooks/S/send",
                "/hooks/[redacted]/send",
            ),
            ("/hooks/{token}/", "/hooks/S/", "/hooks/[redacted]/"),
            ("/bot{token}/send", "/bot1:S/send", "/[redacted]/send"),
            ("/{apiKey}/{password}", "/S/S", "/[redacted]/[redacted]"),
            ("/a/{*token}", "/a/S/S/S", "/a/[redacted]"),
            ("/a/{token:[0-9]+}", "/a/5", "/a/[redacted]"),
            ("/a/:token", "/a/S", "/a/[redacted]"),
            ("/users/{id}", "/users/5", "/users/5"),
            ("/users/{id}", "/elsewhere", "/elsewhere"),
            ("/tokens/token", "/tokens/token", "/tokens/token"),
        ] {
            assert_eq!(
                masked(&UrlTemplate::new(template), path),
                expected,
                "{template}"
            );
        }
    }

    #[test]
    fn a_path_that_does_not_fit_is_masked_as_a_whole() {
        for path in ["/", "/S", "/hooks/1/S/", "/hook/1/S", "/hooks//1/S/S"] {
            let template = UrlTemplate::new("/hooks/{id}/{token}");
            assert_eq!(masked(&template, path), "/[redacted]", "{path}");
        }
    }

    #[test]
    fn other_placeholders_are_secrets_by_their_names() {
        let template = UrlTemplate::new("/{a}/{b}/{c}").with_secrets(["a", "c"]);
        assert_eq!(masked(&template, "/1/2/3"), "/[redacted]/2/[redacted]");
    }
}
