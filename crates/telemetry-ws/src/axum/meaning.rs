//! What the errors of axum's sockets mean.
//!
//! The errors are those of tungstenite, whose version is axum's own: 0.26, 0.28 and 0.29 were
//! inside patch releases of axum 0.8. Their type cannot be named without being bound to one of
//! these versions, so they are known by what they say.

use std::error::Error;
use std::io;

use crate::close_code::{INVALID, PROTOCOL, TOO_BIG};
use crate::transport::Meaning;

/// How the errors of tungstenite 0.26 to 0.30 begin, with what they mean. The first that fits
/// counts.
const MEANINGS: [(&str, Meaning); 8] = [
    ("Space limit exceeded: ", Meaning::Violation(TOO_BIG)),
    ("UTF-8 encoding error", Meaning::Violation(INVALID)),
    (
        "WebSocket protocol error: Connection reset without closing handshake",
        Meaning::Gone,
    ),
    (
        "WebSocket protocol error: Sending after closing",
        Meaning::Refused,
    ),
    ("WebSocket protocol error: ", Meaning::Violation(PROTOCOL)),
    ("Connection closed normally", Meaning::Closed),
    ("Trying to work with closed connection", Meaning::Closed),
    ("Write buffer is full", Meaning::Refused),
];

/// Says what an error means; [`Meaning::Unknown`] where neither its causes nor its words are
/// known.
pub(super) fn of(error: &axum::Error) -> Meaning {
    if is_of_io(error) {
        return Meaning::Gone;
    }
    let text = error.to_string();
    MEANINGS
        .iter()
        .find(|(beginning, _)| text.starts_with(beginning))
        .map_or(Meaning::Unknown, |(_, meaning)| *meaning)
}

/// Says whether an error comes from the stream beneath.
fn is_of_io(error: &axum::Error) -> bool {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
        .any(<dyn Error + 'static>::is::<io::Error>)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The errors that a socket may meet, of one version of tungstenite.
    macro_rules! errors {
        ($version:path) => {{
            use tungstenite::error::{CapacityError, ProtocolError};
            use tungstenite::protocol::frame::coding::Data;
            use tungstenite::{Error, Message};
            use $version as tungstenite;

            let protocol = [
                ProtocolError::ReceivedAfterClosing,
                ProtocolError::NonZeroReservedBits,
                ProtocolError::UnmaskedFrameFromClient,
                ProtocolError::MaskedFrameFromServer,
                ProtocolError::FragmentedControlFrame,
                ProtocolError::ControlFrameTooBig,
                ProtocolError::UnknownControlFrameType(11),
                ProtocolError::UnknownDataFrameType(3),
                ProtocolError::UnexpectedContinueFrame,
                ProtocolError::ExpectedFragment(Data::Text),
                ProtocolError::InvalidOpcode(3),
                ProtocolError::InvalidCloseSequence,
            ];
            let protocol = protocol.map(|error| (Error::from(error), Meaning::Violation(1002)));
            let gone = ProtocolError::ResetWithoutClosingHandshake;
            let refused = ProtocolError::SendAfterClosing;
            let size = CapacityError::MessageTooLong {
                size: 9,
                max_size: 8,
            };
            let full = Error::WriteBufferFull(Message::text("Space limit exceeded: ").into());
            let others = [
                (Error::from(gone), Meaning::Gone),
                (Error::from(refused), Meaning::Refused),
                (Error::from(size), Meaning::Violation(1009)),
                (Error::Utf8("invalid".into()), Meaning::Violation(1007)),
                (Error::ConnectionClosed, Meaning::Closed),
                (Error::AlreadyClosed, Meaning::Closed),
                (full, Meaning::Refused),
                (
                    io::Error::other("UTF-8 encoding error").into(),
                    Meaning::Gone,
                ),
                (io::Error::from_raw_os_error(32).into(), Meaning::Gone),
            ];
            let all = protocol.into_iter().chain(others);
            all.map(|(error, meaning)| (axum::Error::new(error), meaning))
                .collect::<Vec<_>>()
        }};
    }

    #[test]
    fn each_error_is_known_whichever_tungstenite_it_is_of() {
        let of_axum = errors!(tungstenite_of_axum);
        let of_another = errors!(tokio_tungstenite::tungstenite);
        for (error, meaning) in of_axum.into_iter().chain(of_another) {
            assert_eq!(of(&error), meaning, "{error}");
        }
    }

    #[test]
    fn an_error_of_the_stream_is_known_by_its_type_however_deep_it_lies() {
        let inner = axum::Error::new(io::Error::other("reset"));
        assert_eq!(of(&axum::Error::new(inner)), Meaning::Gone);
    }

    #[test]
    fn an_error_in_other_words_is_unknown() {
        for text in ["", "frame too long", "Error: UTF-8 encoding error"] {
            assert_eq!(of(&axum::Error::new(text)), Meaning::Unknown, "{text}");
        }
    }
}
