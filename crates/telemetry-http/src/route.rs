//! What a router leaves in a request: its original target, and the template of its route.

use http::{Extensions, Request, Uri};

/// The route template, such as `/api/tournaments/{id}/`, where there is one and somebody
/// will see it; and where the target of the request is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    #[cfg(feature = "axum")]
    matched: Option<axum::extract::MatchedPath>,
    #[cfg(feature = "axum")]
    is_forwarded: bool,
}

impl Route {
    /// Reads the extensions of a request. Those of one that is forwarded were left there by the
    /// routers of an earlier one.
    #[cfg_attr(
        not(feature = "axum"),
        expect(unused_variables, reason = "only axum's router leaves anything")
    )]
    pub(crate) fn of(extensions: &Extensions, is_shown: bool, is_forwarded: bool) -> Self {
        Self {
            #[cfg(feature = "axum")]
            matched: is_shown.then(|| extensions.get().cloned()).flatten(),
            #[cfg(feature = "axum")]
            is_forwarded,
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

    /// The target that the client sent: a router that is nested sees it without its prefix.
    #[cfg_attr(
        not(feature = "axum"),
        expect(clippy::unused_self, reason = "only axum's router changes targets")
    )]
    pub(crate) fn target<'a, B>(&self, request: &'a Request<B>) -> &'a Uri {
        #[cfg(feature = "axum")]
        if !self.is_forwarded
            && let Some(axum::extract::OriginalUri(original)) = request.extensions().get()
        {
            return original;
        }
        request.uri()
    }
}
