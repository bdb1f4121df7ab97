//! Fractions that are fit to be reported.

/// Divides `part` by `whole` and keeps the result within 0 to 1. `None` when that is not a
/// number, so that no infinity and no NaN is ever reported.
pub(crate) fn fraction(part: f64, whole: f64) -> Option<f64> {
    let fraction = part / whole;
    fraction.is_finite().then(|| fraction.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::fraction;

    #[test]
    fn a_fraction_is_within_0_to_1() {
        assert_eq!(fraction(1.0, 4.0), Some(0.25));
        assert_eq!(fraction(0.0, 4.0), Some(0.0));
        assert_eq!(fraction(5.0, 4.0), Some(1.0));
        assert_eq!(fraction(-1.0, 4.0), Some(0.0));
    }

    #[test]
    fn what_is_not_a_number_is_not_a_fraction() {
        assert_eq!(fraction(0.0, 0.0), None);
        assert_eq!(fraction(1.0, 0.0), None);
        assert_eq!(fraction(f64::NAN, 1.0), None);
        assert_eq!(fraction(f64::INFINITY, 1.0), None);
        assert_eq!(fraction(f64::INFINITY, f64::INFINITY), None);
    }
}
