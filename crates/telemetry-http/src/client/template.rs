//! What the caller says of a request.

use std::borrow::Cow;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate(Cow<'static, str>);

impl UrlTemplate {
    /// Takes the template.
    pub fn new(template: impl Into<Cow<'static, str>>) -> Self {
        Self(template.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
