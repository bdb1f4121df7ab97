//! The `traceparent` header.

use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The header that it is in.
pub(super) const HEADER: &str = "traceparent";

/// A trace id, span id and flags, after the version: as long in every version.
const FIELDS: usize = "-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".len();
/// The flag that every version knows.
const SAMPLED: u8 = 0b01;
/// Says that the trace id is random. It does so for the whole trace.
pub(super) const RANDOM: u8 = 0b10;
/// The flags that level 2 of the recommendation defines.
const KNOWN_FLAGS: u8 = SAMPLED | RANDOM;

/// Reads the header as W3C Trace Context says (level 2, section 3.2), without a
/// `tracestate`. More than one such header is none.
pub(super) fn extract(carrier: &dyn Extractor) -> Option<SpanContext> {
    carrier.get(HEADER)?;
    match carrier.get_all(HEADER)?[..] {
        [header] => parse(header),
        _ => None,
    }
}

/// Writes the header in version 0, the highest that level 2 knows (section 3.2.4). Flags
/// that are not defined are zero (section 3.2.2.5).
pub(super) fn render(span: &SpanContext, flags: u8) -> String {
    let flags = flags & KNOWN_FLAGS;
    format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id())
}

fn parse(header: &str) -> Option<SpanContext> {
    let header = header.trim_matches([' ', '\t']);
    let (version, rest) = header.split_at_checked(2)?;
    let version = hex(version)? as u8;
    let (fields, behind) = rest.split_at_checked(FIELDS)?;
    // Version 0 ends here; a later one may say more, after a dash (section 3.2.4).
    let ends_well = behind.is_empty() || (version > 0 && behind.starts_with('-'));
    if version == u8::MAX || !ends_well {
        return None;
    }
    let mut fields = fields.strip_prefix('-')?.split('-');
    let mut field = |length: usize| {
        fields
            .next()
            .filter(|field| field.len() == length)
            .and_then(hex)
    };
    let (trace_id, span_id, flags) = (field(32)?, field(16)?, field(2)?);
    // Of a later version's flags the recommendation reads this one alone.
    let known = if version == 0 { KNOWN_FLAGS } else { SAMPLED };
    let context = SpanContext::new(
        TraceId::from(trace_id),
        SpanId::from(span_id as u64),
        TraceFlags::new(flags as u8 & known),
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

/// Reads lower-case hexadecimal digits, up to 32 of them.
fn hex(digits: &str) -> Option<u128> {
    let is_lower_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !digits.bytes().all(is_lower_hex) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn rewritten(header: &str) -> Option<String> {
        parse(header).map(|span| render(&span, span.trace_flags().to_u8()))
    }

    #[test]
    fn a_valid_header_is_read_and_written() {
        assert_eq!(rewritten(VALID).unwrap(), VALID);
        assert_eq!(rewritten(&format!("  {VALID}\t")).unwrap(), VALID);
        assert!(parse(VALID).unwrap().is_remote());
    }

    #[test]
    fn flags_that_are_not_defined_are_dropped() {
        for (given, kept) in [
            ("00", "00"),
            ("02", "02"),
            ("03", "03"),
            ("ff", "03"),
            ("fc", "00"),
        ] {
            let header = VALID.replace("-01", &format!("-{given}"));
            assert!(rewritten(&header).unwrap().ends_with(kept), "{given}");
        }
        let span = parse(VALID).unwrap();
        assert!(
            render(&span, 0xff).ends_with("-03"),
            "a span made elsewhere"
        );
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = VALID.replacen("00", "cc", 1);
        assert_eq!(rewritten(&later).unwrap(), VALID);
        assert_eq!(rewritten(&format!("{later}-what-comes")).unwrap(), VALID);
        assert_eq!(rewritten(&later.replace("-01", "-ff")).unwrap(), VALID);
        assert!(parse(&format!("{later}.what-comes")).is_none());
        assert!(parse(&later[..54]).is_none());
        assert!(parse(&VALID.replacen("00", "ff", 1)).is_none());
    }

    #[test]
    fn a_malformed_header_is_none() {
        for header in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-1",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}
