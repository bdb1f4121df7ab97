//! What handlers take from a request. Refusals are errors of this API.

use std::error::Error as StdError;
use std::num::NonZero;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use telemetry_core::error_chain;

use crate::api::error::Error;
use crate::api::fields::FieldProblems;
use crate::store;

const DEFAULT_PAGE_SIZE: u32 = 20;
const LARGEST_PAGE_SIZE: u32 = 100;

/// A body in JSON.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Error))]
pub(super) struct Json<T>(pub(super) T);

/// The query string.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Error))]
pub(super) struct Query<T>(pub(super) T);

/// The parameters of the path. One that is not what it should be leads nowhere: 404.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Error))]
pub(super) struct Path<T>(pub(super) T);

/// An id in a path: a positive integer, in digits alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub(super) i64);

/// Which page of a list is wanted: `?page=1&page_size=20`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page(pub(super) store::Page);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id = text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
            .filter(|id| *id > 0);
        id.map(Self).ok_or_else(|| D::Error::custom("not an id"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct PageQuery {
            page: Option<NonZero<u32>>,
            page_size: Option<NonZero<u32>>,
        }
        let Query(query) = Query::<PageQuery>::from_request_parts(parts, state).await?;
        let page_size = query.page_size.map_or(DEFAULT_PAGE_SIZE, NonZero::get);
        if page_size > LARGEST_PAGE_SIZE {
            return Err(FieldProblems::one("page_size", "must be at most 100"));
        }
        Ok(Self(store::Page {
            page: query.page.map_or(1, NonZero::get),
            page_size,
        }))
    }
}

impl From<JsonRejection> for Error {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::JsonDataError(error) => invalid::<serde_json::Error>(&error, "the body"),
            JsonRejection::JsonSyntaxError(error) => {
                let cause = source::<serde_json::Error>(&error);
                let cause = cause.map_or_else(String::new, |cause| format!(": {}", cause.inner()));
                Self::Malformed(format!("the body is not JSON{cause}"))
            }
            JsonRejection::MissingJsonContentType(_) => Self::UnsupportedMediaType,
            other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Malformed("the body cannot be read".to_owned()),
        }
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        invalid::<serde::de::value::Error>(&rejection, "the query string")
    }
}

impl From<PathRejection> for Error {
    fn from(_: PathRejection) -> Self {
        Self::NotFound("path")
    }
}

/// Reads a field so that `null` is told from one that is left out, which is the default.
pub(super) fn even_null<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Names the field that could not be read, or the whole where it is none.
fn invalid<E: StdError + 'static>(rejection: &(dyn StdError + 'static), whole: &str) -> Error {
    let Some(error) = source::<E>(rejection) else {
        return Error::Malformed(format!("{whole} cannot be read"));
    };
    let problem = error.inner().to_string();
    // Where in the text is of no use beside the field.
    let problem = problem.split(" at line ").next().unwrap_or_default();
    let field = match &*error.path().to_string() {
        "." => whole.to_owned(),
        path => path.to_owned(),
    };
    FieldProblems::one(field, problem.to_owned())
}

/// The error of the deserializer, with the path to the field, behind a rejection.
fn source<'a, E: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a serde_path_to_error::Error<E>> {
    let here = error.downcast_ref();
    here.or_else(|| error_chain::causes(error).find_map(|cause| cause.downcast_ref()))
}
