//! The template of the route that a request matched.

use http::Extensions;

/// The route template, such as `/api/tournaments/{id}/`, where there is one and somebody
/// will see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    #[cfg(feature = "axum")]
    matched: Option<axum::extract::MatchedPath>,
}

impl Route {
    #[cfg_attr(
        not(feature = "axum"),
        expect(unused_variables, reason = "only axum's router tells the route")
    )]
    pub(crate) fn of(extensions: &Extensions, is_shown: bool) -> Self {
        Self {
            #[cfg(feature = "axum")]
            matched: is_shown.then(|| extensions.get().cloned()).flatten(),
        }
    }

    pub(crate) fn template(&self) -> Option<&str> {
        #[cfg(feature = "axum")]
        return self
            .matched
            .as_ref()
            .map(axum::extract::MatchedPath::as_str);
        #[cfg(not(feature = "axum"))]
        None
    }
}
