//! The mark that a request carries as long as a layer serves it.

use http::Extensions;
use telemetry_core::Scope;

/// Travels with a request among its extensions, whatever becomes of its target, its task or the
/// current scope on the way in.
///
/// A request may outlive its service: a handler can keep it, or hand its extensions on to another.
/// The scope knows whether the request that it was opened for has ended.
#[derive(Clone)]
pub(crate) struct Served(Scope);

impl Served {
    /// Marks a request as the one that `scope` was opened for.
    pub(crate) fn mark(extensions: &mut Extensions, scope: &Scope) {
        extensions.insert(Self(scope.clone()));
    }

    /// The mark of a layer further out, or of one that served an earlier request with these
    /// extensions.
    #[inline]
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// The scope of the request, unless that has ended.
    #[inline]
    pub(crate) fn scope(&self) -> Option<&Scope> {
        (!self.0.has_ended()).then_some(&self.0)
    }
}
