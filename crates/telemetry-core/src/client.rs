//! Who is at the other end.

use std::fmt;
use std::net::IpAddr;

use crate::value::{FieldValue, ValueEncoder};

/// The address of the client that a request came from, as the HTTP layer found it: of the
/// socket, or as told by proxies that are trusted.
///
/// It is among the request's extensions, for handlers and for the WebSocket layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

impl fmt::Display for ClientIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FieldValue for ClientIp {
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.display(&self.0);
    }
}
