//! The trace that comes in with a request or message.

use opentelemetry::Context;
use opentelemetry::global;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};

/// The header of W3C Trace Context.
const TRACEPARENT: &str = "traceparent";
/// The flags that level 2 of the recommendation defines: sampled and random.
const KNOWN_FLAGS: u8 = 0b11;

/// Reads the trace that a carrier brings; `None` when it brings none that is valid.
///
/// The global propagator reads it when one is set, as `telemetry-otel` does. Without one,
/// the `traceparent` header alone is read, so that log lines carry the ids of a trace that
/// other services export.
pub fn extract(carrier: &dyn Extractor) -> Option<Context> {
    let extracted = global::get_text_map_propagator(|propagator| {
        // The default one does nothing, and knows no fields.
        propagator.fields().next()?;
        // It is given an empty context: it must not return the one that is current.
        Some(propagator.extract_with_context(&Context::new(), carrier))
    });
    let context = match extracted {
        Some(context) => context,
        None => Context::new().with_remote_span_context(traceparent(carrier)?),
    };
    crate::trace::valid(&context)
}

/// Reads `traceparent` as the W3C recommendation says (level 2, section 3.2). More than
/// one such header is none.
fn traceparent(carrier: &dyn Extractor) -> Option<SpanContext> {
    carrier.get(TRACEPARENT)?;
    match carrier.get_all(TRACEPARENT)?[..] {
        [header] => parse_traceparent(header),
        _ => None,
    }
}

fn parse_traceparent(header: &str) -> Option<SpanContext> {
    let header = header.trim_matches([' ', '\t']);
    let (version, rest) = header.split_at_checked(2)?;
    let version = hex(version)? as u8;
    let (fields, behind) =
        rest.split_at_checked("-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".len())?;
    // Version 0 ends here; a later one may say more, after a dash.
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
    let context = SpanContext::new(
        TraceId::from(trace_id),
        SpanId::from(span_id as u64),
        TraceFlags::new(flags as u8 & KNOWN_FLAGS),
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
    use std::collections::HashMap;

    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn parsed(header: &str) -> Option<(String, String, u8)> {
        let context = parse_traceparent(header)?;
        Some((
            context.trace_id().to_string(),
            context.span_id().to_string(),
            context.trace_flags().to_u8(),
        ))
    }

    #[test]
    fn a_valid_traceparent_is_read() {
        let ids = |flags| {
            Some((
                "0af7651916cd43dd8448eb211c80319c".into(),
                "b7ad6b7169203331".into(),
                flags,
            ))
        };
        assert_eq!(parsed(VALID), ids(1));
        assert_eq!(parsed(&VALID.replace("-01", "-00")), ids(0));
        assert_eq!(
            parsed(&VALID.replace("-01", "-03")),
            ids(3),
            "the random flag is kept"
        );
        assert_eq!(
            parsed(&VALID.replace("-01", "-ff")),
            ids(3),
            "unknown flags are not"
        );
        assert_eq!(parsed(&format!("  {VALID}\t")), ids(1));
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = VALID.replacen("00", "cc", 1);
        assert!(parsed(&later).is_some());
        assert!(parsed(&format!("{later}-what-the-future-brings")).is_some());
        assert!(parsed(&format!("{later}.what-the-future-brings")).is_none());
        assert!(parsed(&VALID.replacen("00", "ff", 1)).is_none());
    }

    #[test]
    fn a_malformed_traceparent_is_none() {
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
            assert_eq!(parsed(header), None, "{header}");
        }
    }

    #[test]
    fn without_a_global_propagator_the_traceparent_alone_is_extracted() {
        let carrier = HashMap::from([("traceparent".to_owned(), VALID.to_owned())]);
        let context = extract(&carrier).unwrap();
        assert!(context.span().span_context().is_remote());
        assert!(extract(&HashMap::<String, String>::new()).is_none());
    }

    #[test]
    fn two_traceparent_headers_are_none() {
        struct Doubled;
        impl Extractor for Doubled {
            fn get(&self, _: &str) -> Option<&str> {
                Some(VALID)
            }
            fn keys(&self) -> Vec<&str> {
                vec![TRACEPARENT]
            }
            fn get_all(&self, _: &str) -> Option<Vec<&str>> {
                Some(vec![VALID, VALID])
            }
        }
        assert!(extract(&Doubled).is_none());
    }
}
