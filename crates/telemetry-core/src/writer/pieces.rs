//! Whole lines in pieces that a pipe takes at once.

/// Cuts off the lines that one write may have: as many whole lines as fit into `max` bytes, or one
/// line that is longer.
pub(super) fn split_piece(lines: &[u8], max: Option<usize>) -> (&[u8], &[u8]) {
    let max = max.unwrap_or(usize::MAX);
    if lines.len() <= max {
        return (lines, &[]);
    }
    let (fitting, _) = lines.split_at(max);
    let end = memchr::memrchr(b'\n', fitting).or_else(|| memchr::memchr(b'\n', lines));
    lines.split_at(end.map_or(lines.len(), |end| end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_many_whole_lines_as_fit_are_one_piece() {
        let pieces = |lines, max| split_piece(lines, Some(max)).0;
        assert_eq!(pieces(b"ab\ncd\nef\n", 9), b"ab\ncd\nef\n");
        assert_eq!(pieces(b"ab\ncd\nef\n", 8), b"ab\ncd\n");
        assert_eq!(pieces(b"ab\ncd\nef\n", 6), b"ab\ncd\n");
        assert_eq!(pieces(b"ab\ncd\nef\n", 5), b"ab\n");
        assert_eq!(split_piece(b"ab\ncd\n", None).0, b"ab\ncd\n");
    }

    #[test]
    fn a_line_that_is_too_long_is_a_piece_by_itself() {
        let pieces = |lines, max| split_piece(lines, Some(max));
        assert_eq!(pieces(b"abcdef\ng\n", 4), (&b"abcdef\n"[..], &b"g\n"[..]));
        assert_eq!(pieces(b"a\nbcdefg\n", 4), (&b"a\n"[..], &b"bcdefg\n"[..]));
        // What is left of a long line goes with none that follows.
        assert_eq!(pieces(b"abcdef", 4), (&b"abcdef"[..], &b""[..]));
    }

    proptest! {
        #[test]
        fn pieces_are_whole_lines_and_all_there_is(
            lengths in prop::collection::vec(0_usize..40, 1..40),
            max in 1_usize..64,
        ) {
            let lines: Vec<u8> = lengths
                .iter()
                .flat_map(|length| [vec![b'x'; *length], vec![b'\n']].concat())
                .collect();
            let mut rest = &lines[..];
            let mut joined = Vec::new();
            while !rest.is_empty() {
                let (piece, behind) = split_piece(rest, Some(max));
                prop_assert_eq!(piece.last(), Some(&b'\n'));
                let count = piece.iter().filter(|byte| **byte == b'\n').count();
                prop_assert!(piece.len() <= max || count == 1);
                joined.extend_from_slice(piece);
                rest = behind;
            }
            prop_assert_eq!(joined, lines);
        }
    }
}
