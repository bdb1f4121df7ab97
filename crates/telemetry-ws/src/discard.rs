//! What a peer still sends after it has broken the protocol.

/// The longest close frame: two bytes, four of the mask, and a payload of 125.
const MAX_FRAME_BYTES: usize = 131;

/// The shortest close frame of a server, without a payload.
const MIN_FRAME_BYTES: usize = 2;

/// Finds the peer's close frame in bytes whose frames are not known: the violation, or the rest of
/// it, is among them.
///
/// A peer sends nothing after its close frame, and most answer with the code that they got. So
/// the last bytes are the frame, where they are one with this code, or with none. Random bytes
/// are taken for one less than once in 10,000 times.
#[doc(hidden)]
#[derive(Debug)]
pub struct Discarded {
    code: u16,
    /// As many of the last bytes as a close frame may have.
    tail: Vec<u8>,
}

impl Discarded {
    /// Begins with nothing, for a peer that was sent this code.
    pub(crate) fn new(code: u16) -> Self {
        Self {
            code,
            tail: Vec::new(),
        }
    }

    /// Takes bytes that were read; true where they end with the peer's close frame.
    #[cfg_attr(
        not(any(feature = "tungstenite", test)),
        expect(
            dead_code,
            reason = "the stream beneath axum's sockets is out of reach"
        )
    )]
    pub(crate) fn ends_with_close(&mut self, bytes: &[u8]) -> bool {
        self.tail.extend_from_slice(bytes);
        let excess = self.tail.len().saturating_sub(MAX_FRAME_BYTES);
        self.tail.drain(..excess);
        let starts = 0..(self.tail.len() + 1).saturating_sub(MIN_FRAME_BYTES);
        starts
            .map(|start| &self.tail[start..])
            .any(|frame| self.is_close(frame))
    }

    fn is_close(&self, frame: &[u8]) -> bool {
        let [0x88, length, rest @ ..] = frame else {
            return false;
        };
        let (mask, payload) = match rest.split_first_chunk::<4>() {
            Some((mask, payload)) if length & 0x80 != 0 => (*mask, payload),
            _ => ([0; 4], rest),
        };
        let is_whole = usize::from(length & 0x7f) == payload.len();
        is_whole
            && match payload {
                [] => true,
                [high, low, ..] => u16::from_be_bytes([high ^ mask[0], low ^ mask[1]]) == self.code,
                [_] => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(code: u16, pieces: &[&[u8]]) -> bool {
        let mut discarded = Discarded::new(code);
        let mut ends = false;
        for piece in pieces {
            ends = discarded.ends_with_close(piece);
        }
        ends
    }

    #[test]
    fn a_close_frame_is_found_behind_anything_and_in_pieces() {
        let masked = [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xea ^ 2];
        assert!(ends(1002, &[&masked]));
        assert!(ends(1002, &[&[0x88; 5000], &masked]));
        assert!(ends(
            1002,
            &[b"junk", &masked[..1], &masked[1..7], &masked[7..]]
        ));
        assert!(ends(1009, &[b"junk", &[0x88, 0x80, 1, 2, 3, 4]]));
        assert!(ends(
            1009,
            &[b"junk", &[0x88, 5, 0x03, 0xf1, b'w', b'h', b'y']]
        ));
        assert!(ends(1009, &[b"junk", &[0x88, 0]]));
        let longest = [&[0x88, 125, 0x03, 0xf1][..], &[b'x'; 123]].concat();
        assert!(ends(1009, &[b"junk", &longest]));
    }

    #[test]
    fn other_bytes_are_no_close_frame() {
        let masked = [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xea ^ 2];
        assert!(!ends(1009, &[&masked]), "another code");
        assert!(!ends(1002, &[&masked[..7]]), "not whole");
        assert!(!ends(1002, &[&masked, b"x"]), "not the last");
        assert!(!ends(1002, &[&[0x88, 1, 3]]), "half a code");
        assert!(!ends(1002, &[&[0; 5000]]));
        assert!(!ends(1002, &[&[]]));
    }
}
