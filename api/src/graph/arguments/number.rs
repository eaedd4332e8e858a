//! Reads and compares numbers in the notation that JSON and GraphQL share: `-12.50`, `1e3`.

use std::cmp::Ordering;

use serde_json::Number;

/// The number of decimal digits that a double always preserves.
const EXACT_DIGITS: usize = 15;

/// Returns the double nearest to a number. `None` if a double cannot hold it: a whole number that it would round, one beyond its
/// range, and one so small that it would become 0.
pub(in crate::graph) fn double(text: &str) -> Option<f64> {
    let double = text.parse().ok()?;
    is_held(text, EXACT_DIGITS, double).then_some(double)
}

/// Returns the nearest number of single precision, likewise.
pub(in crate::graph) fn single(text: &str) -> Option<f32> {
    /// The number of decimal digits that single precision always preserves.
    const EXACT_DIGITS: usize = 6;
    let single: f32 = text.parse().ok()?;
    is_held(text, EXACT_DIGITS, single.into()).then_some(single)
}

/// Returns true if a double can approximate the number: it is not beyond all doubles, nor nearest to 0.
pub(in crate::graph) fn is_in_range(text: &str) -> bool {
    text.parse().is_ok_and(|double: f64| double.is_finite() && (double.is_normal() || is_zero(text)))
}

/// Returns true if a type that preserves this many digits holds the number: it has not become 0 or infinite, and a whole number
/// is unchanged.
fn is_held(text: &str, exact_digits: usize, number: f64) -> bool {
    let is_whole = !text.contains(['.', 'e', 'E']);
    let is_kept = !is_whole || text.len() <= exact_digits || is_zero(text) || format!("{number:.0}") == text;
    number.is_finite() && (number != 0.0 || is_zero(text)) && is_kept
}

/// Compares two numbers, to the last digit.
pub(in crate::graph) fn compare(one: &str, other: &str) -> Ordering {
    let [(one_sign, one_exponent, one), (other_sign, other_exponent, other)] = [one, other].map(decimal);
    // The position of the first digit before the point.
    let size = |exponent: i64, digits: &str| {
        exponent.saturating_add(i64::try_from(digits.len()).unwrap_or(i64::MAX))
    };
    let size = size(one_exponent, &one).cmp(&size(other_exponent, &other)).then_with(|| one.cmp(&other));
    match (one.is_empty(), other.is_empty(), one_sign, other_sign) {
        (true, true, ..) => Ordering::Equal,
        (true, false, _, "") | (false, _, "-", "") | (false, true, "-", _) => Ordering::Less,
        (true, false, ..) | (false, _, "", "-") | (false, true, ..) => Ordering::Greater,
        (false, false, "-", _) => size.reverse(),
        (false, false, ..) => size,
    }
}

/// Writes a number in the one notation of all equal numbers.
pub(super) fn plain(text: &str) -> String {
    /// The length of the longest whole number that is written without an exponent.
    const LONGEST: usize = 19;
    let (sign, exponent, digits) = decimal(text);
    if digits.is_empty() {
        return "0".into();
    }
    if let Some(zeros) = usize::try_from(exponent).ok().filter(|zeros| digits.len() + zeros <= LONGEST) {
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    let is_short = exponent < 0 && digits.len() <= EXACT_DIGITS;
    let short = double(text).filter(|_| is_short).and_then(Number::from_f64);
    short.map_or_else(|| format!("{sign}{digits}e{exponent}"), |number| number.to_string())
}

/// Returns a sign, an exponent of ten, and digits without zeros at either end.
fn decimal(text: &str) -> (&str, i64, String) {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - kept.len()).unwrap_or(i64::MAX);
    let behind = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let furthest = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let exponent = exponent.parse::<i64>().unwrap_or(furthest);
    let exponent = exponent.saturating_sub(behind).saturating_add(dropped);
    (sign, exponent, kept.trim_start_matches('0').to_owned())
}

fn is_zero(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    mantissa.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_double_is_the_number_or_next_to_it() {
        for text in ["0", "-0", "0.0", "0.1", "72.33333333333333", "1e23", "9007199254740992", "-5", "1e-300"]
        {
            assert_eq!(double(text).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
        }
        for text in ["9007199254740993", "-9223372036854775807", "1e400", "-1e309", "1e-400", "4e-5000"] {
            assert_eq!(double(text), None, "{text}");
        }
        assert_eq!(double("9223372036854775808"), Some(9_223_372_036_854_775_808.0));
        assert_eq!(single("0.1"), Some(0.1));
        assert_eq!(single("16777217"), None);
        assert_eq!(single("1e39"), None);
        assert_eq!(single("1e-60"), None);
    }

    #[test]
    fn numbers_beyond_all_doubles_are_out_of_range() {
        for text in ["0", "-0.0", "0e999", "72.5", "9007199254740993", "-1e308", "1e-300"] {
            assert!(is_in_range(text), "{text}");
        }
        for text in ["1e309", "-1e400", "1e-400", "1e-310"] {
            assert!(!is_in_range(text), "{text}");
        }
    }

    #[test]
    fn equal_numbers_are_written_alike() {
        for (one, other) in [
            ("1", "1.0"),
            ("1000", "1e3"),
            ("0", "-0.0"),
            ("0.10", "1e-1"),
            ("12345678901234567890.50", "123456789012345678905e-1"),
            ("1e400", "10e399"),
        ] {
            assert_eq!(plain(one), plain(other));
        }
        for (one, other) in [
            ("1", "-1"),
            ("9007199254740993", "9007199254740992"),
            ("12345678901234567890.5", "12345678901234567890.6"),
            ("1e400", "1e401"),
        ] {
            assert_ne!(plain(one), plain(other));
        }
    }

    #[test]
    fn numbers_are_compared_to_the_last_digit() {
        let ascending = [
            "-1e99999999999999999999",
            "-10",
            "-9.99",
            "-0.1",
            "-1e-400",
            "0",
            "1e-99999999999999999999",
            "1e-400",
            "0.0999",
            "0.1",
            "1",
            "1.0000000000000000000001",
            "1.1",
            "9007199254740992",
            "9007199254740993",
            "1e400",
        ];
        for (at, one) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&other_at), "{one} {other}");
            }
        }
        for (one, other) in [("0", "-0.0"), ("1", "1.000"), ("1e3", "1000"), ("-0.50e1", "-5")] {
            assert_eq!(compare(one, other), Ordering::Equal, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_compared_as_they_are(one: i64, other: i64, digits in 0..4_u32) {
            let number = |number: i64| format!("{}e-{digits}", number / 10_i64.pow(12));
            prop_assert_eq!(compare(&one.to_string(), &other.to_string()), one.cmp(&other));
            let power = 10_i64.pow(12);
            prop_assert_eq!(compare(&number(one), &number(other)), (one / power).cmp(&(other / power)));
        }

        #[test]
        fn no_whole_number_is_rounded(number: i128) {
            let text = number.to_string();
            if let Some(double) = double(&text) {
                prop_assert_eq!(format!("{double:.0}"), text);
            }
        }

        #[test]
        fn any_number_is_written_as_itself(text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            let again = plain(&text);
            prop_assert_eq!(plain(&again), again.clone());
            let difference = text.parse::<f64>().unwrap() - again.parse::<f64>().unwrap();
            // NaN of two infinities.
            prop_assert!(difference == 0.0 || difference.is_nan(), "{text} {again}");
        }
    }
}
