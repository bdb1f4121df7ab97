//! The status of a gRPC call, read where gRPC puts it.
//!
//! The status of the HTTP response says nothing of it: that is 200 for nearly all. It is among the
//! trailers of the body, or among the headers of a response that has no body, which gRPC calls
//! "Trailers-Only".

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode;
use telemetry_core::Failure;
use telemetry_core::instrument::grpc_status_name;

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The media type, whose subtype may go on with `+` and the encoding of messages. gRPC-Web, which has
/// its trailers within the body, is another.
const MEDIA_TYPE: &[u8] = b"application/grpc";

/// What is said of a response that ended without a status.
const MISSING: &str = "the response ended without a gRPC status";

/// Whether a response is one of gRPC, and what its status is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Grpc {
    /// It is not.
    #[default]
    No,
    /// It is, and the status is to come with the trailers.
    Awaited,
    /// It is, and this is its status.
    Ended(GrpcCode),
}

impl Grpc {
    /// The status, once it is there.
    pub(crate) fn code(self) -> Option<GrpcCode> {
        match self {
            Self::Ended(code) => Some(code),
            Self::No | Self::Awaited => None,
        }
    }

    /// Says whether the call has failed as a server sees it.
    pub(crate) fn has_failed(self) -> bool {
        self.code().is_some_and(GrpcCode::is_failure)
    }
}

/// A status code of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrpcCode(u32);

impl GrpcCode {
    const OK: Self = Self(0);
    const UNKNOWN: Self = Self(2);
    const DEADLINE_EXCEEDED: Self = Self(4);
    const PERMISSION_DENIED: Self = Self(7);
    const UNIMPLEMENTED: Self = Self(12);
    const INTERNAL: Self = Self(13);
    const UNAVAILABLE: Self = Self(14);
    const DATA_LOSS: Self = Self(15);
    const UNAUTHENTICATED: Self = Self(16);

    /// Reads the code among headers or trailers. What is no number is unknown, as it is to clients.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(&GRPC_STATUS)?;
        let number = value.to_str().ok().and_then(|text| text.parse().ok());
        Some(number.map_or(Self::UNKNOWN, Self))
    }

    /// The code that clients make up for a response that ended without one, from its HTTP status.
    fn of_http(status: Option<StatusCode>) -> Self {
        match status.map_or(0, |status| status.as_u16()) {
            400 => Self::INTERNAL,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 => Self::UNIMPLEMENTED,
            429 | 502..=504 => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        }
    }

    /// Its name, or its digits where gRPC defines none.
    pub(crate) fn text(self) -> Cow<'static, str> {
        match self.name() {
            Some(name) => name.into(),
            None => self.0.to_string().into(),
        }
    }

    /// Its name, one of few values.
    pub(crate) fn class(self) -> &'static str {
        self.name().unwrap_or(Failure::OTHER)
    }

    /// Says whether it is an error of the server, by the semantic conventions: others are the
    /// client's. Clients take a code that gRPC does not define for `UNKNOWN`.
    fn is_failure(self) -> bool {
        matches!(
            self,
            Self::UNKNOWN
                | Self::DEADLINE_EXCEEDED
                | Self::UNIMPLEMENTED
                | Self::INTERNAL
                | Self::UNAVAILABLE
                | Self::DATA_LOSS
        ) || self.name().is_none()
    }

    fn name(self) -> Option<&'static str> {
        grpc_status_name(self.0)
    }
}

/// Says whether this is the content type of a gRPC response.
pub(crate) fn is_content_type(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    match value.split_at_checked(MEDIA_TYPE.len()) {
        Some((media_type, rest)) => {
            media_type.eq_ignore_ascii_case(MEDIA_TYPE)
                && matches!(rest.first(), None | Some(b'+' | b';' | b' ' | b'\t'))
        }
        None => false,
    }
}

/// The code and, where that is not OK, what the server says of it.
pub(crate) fn read(headers: &HeaderMap) -> Option<(GrpcCode, Option<Failure>)> {
    let code = GrpcCode::of(headers)?;
    let failure = (code != GrpcCode::OK).then(|| {
        let failure = Failure::from_code(code.class());
        match headers.get(&GRPC_MESSAGE) {
            Some(message) => {
                let message = percent_decode(message.as_bytes()).decode_utf8_lossy();
                failure.with_error(&message)
            }
            None => failure,
        }
    });
    Some((code, failure))
}

/// The status of a response that ended without one.
pub(crate) fn missing(status: Option<StatusCode>) -> (GrpcCode, Option<Failure>) {
    let code = GrpcCode::of_http(status);
    let failure = Failure::from_code(code.class());
    (code, Some(failure.with_error(MISSING)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn grpc_is_known_by_its_media_type() {
        let is = |text: &str| is_content_type(&HeaderValue::from_str(text).unwrap());
        for text in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc+json",
            "application/grpc;charset=utf-8",
            "application/grpc ; charset=utf-8",
            "Application/gRPC+proto",
        ] {
            assert!(is(text), "{text}");
        }
        for text in [
            "",
            "application/json",
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/grpc-web-text",
            "application/grpcs",
            "text/plain; application/grpc",
        ] {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn codes_have_the_names_and_classes_of_the_conventions() {
        let failing = [2, 4, 12, 13, 14, 15];
        for number in 0..17_u32 {
            let code = GrpcCode(number);
            assert_eq!(code.text(), code.class());
            assert_eq!(code.is_failure(), failing.contains(&number), "{number}");
        }
        let text = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            let headers = HeaderMap::from_iter([(GRPC_STATUS.clone(), value)]);
            let code = GrpcCode::of(&headers).unwrap();
            (code.text().into_owned(), code.class(), code.is_failure())
        };
        let named = |name: &'static str, has_failed| (name.to_owned(), name, has_failed);
        assert_eq!(text("0"), named("OK", false));
        assert_eq!(text("7"), named("PERMISSION_DENIED", false));
        assert_eq!(text("17"), ("17".to_owned(), Failure::OTHER, true));
        for value in ["", "-1", "abc", "99999999999", "0x1"] {
            assert_eq!(text(value), named("UNKNOWN", true), "{value}");
        }
        assert_eq!(GrpcCode::of(&HeaderMap::new()), None);
    }
}
