//! A tower layer that gives every HTTP request its context and its completion line.

mod body;
mod client;
mod error;
mod future;
mod hooks;
mod layer;
mod lifecycle;
mod line;
mod query;
mod request_id;
mod route;
mod service;
mod user;

pub use body::ResponseBody;
pub use client::{ForwardedHeader, TrustedProxies, TrustedProxiesError};
pub use error::RecordedError;
pub use future::ResponseFuture;
pub use hooks::{HttpHooks, Outcome, RequestEnd, RequestHead, ResponseHead};
pub use layer::HttpTelemetryLayer;
pub use request_id::rejected_request_ids;
pub use service::HttpTelemetry;
pub use user::{UserId, bind_user};
