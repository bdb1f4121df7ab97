//! The acting user.

use http::Extensions;
use telemetry_core::{FieldValue, Scope, ValueEncoder, names};

/// The id of the acting user, as the application's authentication gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserId(Repr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Repr {
    Signed(i64),
    Unsigned(u64),
    Text(String),
}

/// Says who the acting user of a request is: `user.id` on every later line.
///
/// Works wherever the authentication stands: inside the layer it is bound at once, outside
/// of it the layer finds it among the request's extensions.
///
/// ```
/// # let mut request = http::Request::new(());
/// # struct Session { user_id: i64 }
/// # let session = Session { user_id: 42 };
/// telemetry_http::bind_user(request.extensions_mut(), session.user_id);
/// ```
///
/// The id must come from an authenticated session, never from a header or the path.
pub fn bind_user(extensions: &mut Extensions, user: impl Into<UserId>) {
    let user = user.into();
    if let Some(scope) = Scope::current() {
        scope.bind(names::USER_ID, &user);
    }
    extensions.insert(user);
}

impl FieldValue for UserId {
    fn encode(&self, encoder: ValueEncoder<'_>) {
        match &self.0 {
            Repr::Signed(id) => encoder.i64(*id),
            Repr::Unsigned(id) => encoder.u64(*id),
            Repr::Text(id) => encoder.string(id),
        }
    }
}

impl From<i32> for UserId {
    fn from(id: i32) -> Self {
        Self(Repr::Signed(id.into()))
    }
}

impl From<i64> for UserId {
    fn from(id: i64) -> Self {
        Self(Repr::Signed(id))
    }
}

impl From<u32> for UserId {
    fn from(id: u32) -> Self {
        Self(Repr::Unsigned(id.into()))
    }
}

impl From<u64> for UserId {
    fn from(id: u64) -> Self {
        Self(Repr::Unsigned(id))
    }
}

impl From<&str> for UserId {
    fn from(id: &str) -> Self {
        Self(Repr::Text(id.to_owned()))
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self(Repr::Text(id))
    }
}
