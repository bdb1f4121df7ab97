//! The close codes that are used here: RFC 6455, section 7.4.1.

/// The purpose of the connection is fulfilled.
pub(crate) const NORMAL: u16 = 1000;
/// This end goes away.
pub(crate) const AWAY: u16 = 1001;
/// The peer broke the protocol.
pub(crate) const PROTOCOL: u16 = 1002;
/// A close frame had no code. Never sent.
pub(crate) const NO_STATUS: u16 = 1005;
/// There was no close frame. Never sent.
pub(crate) const ABNORMAL: u16 = 1006;
/// A text was not UTF-8.
pub(crate) const INVALID: u16 = 1007;
/// A message was too big.
pub(crate) const TOO_BIG: u16 = 1009;
/// Something unexpected happened at this end.
pub(crate) const INTERNAL_ERROR: u16 = 1011;
