//! Reads and writes `numeric` in Postgres's binary format: digits to the base of 10,000, the weight of the first, a sign and a scale.

use bytes::{Buf, BufMut};

pub(super) const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
/// One more than the greatest digit.
pub(super) const BASE: u64 = 10_000;
/// Decimal digits in one base-10,000 digit.
const GROUP: usize = 4;
/// More digits than any clinical quantity has, and few enough that a hostile input is cheap.
const MOST_DIGITS: usize = 1_000;

/// Appends the number's decimal text; returns `false` for NaN and infinities.
pub(super) fn write(mut bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if bytes.remaining() < 8 {
        return false;
    }
    let count = usize::from(bytes.get_u16());
    let weight = i32::from(bytes.get_i16());
    let sign = bytes.get_u16();
    let scale = usize::from(bytes.get_u16());
    if matches!(sign, NAN | INFINITY | NEGATIVE_INFINITY) || bytes.remaining() < count * 2 {
        return false;
    }
    let group = |place: i32| -> u16 {
        let at = usize::try_from(weight - place).ok().filter(|at| *at < count);
        at.map_or(0, |at| u16::from_be_bytes([bytes[at * 2], bytes[at * 2 + 1]]))
    };

    if sign == NEGATIVE {
        out.push(b'-');
    }
    if weight < 0 {
        out.push(b'0');
    } else {
        for place in (0..=weight).rev() {
            let digits = four_digits(group(place));
            // The first group has no leading zeros.
            let skip = if place == weight {
                digits.iter().take_while(|digit| **digit == b'0').count().min(GROUP - 1)
            } else {
                0
            };
            out.extend_from_slice(&digits[skip..]);
        }
    }
    if scale > 0 {
        out.push(b'.');
        let mut left = scale;
        let mut place = -1;
        while left > 0 {
            let digits = four_digits(group(place));
            out.extend_from_slice(&digits[..left.min(GROUP)]);
            left = left.saturating_sub(GROUP);
            place -= 1;
        }
    }
    true
}

/// Returns the number as a double, accurate to about its last digit; `None` for NaN, infinities and numbers beyond a double.
pub(super) fn to_f64(mut bytes: &[u8]) -> Option<f64> {
    /// Number of groups that hold more digits than a double.
    const MOST_GROUPS: u16 = 5;
    let count = bytes.try_get_u16().ok()?.min(MOST_GROUPS);
    let weight = bytes.try_get_i16().ok()?;
    let sign = bytes.try_get_u16().ok()?;
    bytes.try_get_u16().ok()?; // the digits after the point, which matter only for text
    if matches!(sign, NAN | INFINITY | NEGATIVE_INFINITY) {
        return None;
    }
    let mut number = 0.0;
    for _ in 0..count {
        number = number * 10_000.0 + f64::from(bytes.try_get_u16().ok()?);
    }
    // Divided, not multiplied by a fraction: whole powers of ten are exact.
    let power = i32::from(weight) + 1 - i32::from(count);
    let scale = 10_000_f64.powi(power.abs());
    let number = if power < 0 { number / scale } else { number * scale };
    let number = if sign == NEGATIVE { -number } else { number };
    number.is_finite().then_some(number)
}

/// Parses a decimal text such as `-12.50` or `1e3`; returns `None` if it is none, or has too many digits.
pub(in crate::graph) fn parse(text: &str) -> Option<Vec<u8>> {
    read(text, MOST_DIGITS)
}

/// Parses a number of any length that Postgres has written.
pub(super) fn parse_whole(text: &str) -> Option<Vec<u8>> {
    read(text, usize::MAX)
}

/// Returns the bytes of a special value: NaN or an infinity.
pub(super) fn special(name: &str) -> Option<Vec<u8>> {
    let sign = match name {
        "NaN" => NAN,
        "Infinity" => INFINITY,
        "-Infinity" => NEGATIVE_INFINITY,
        _ => return None,
    };
    let mut bytes = vec![0; 8];
    bytes[4..6].copy_from_slice(&sign.to_be_bytes());
    Some(bytes)
}

/// Returns the name of a special value.
pub(super) fn special_name(mut bytes: &[u8]) -> Option<&'static str> {
    bytes.try_get_u32().ok()?; // number of digits, weight
    match bytes.try_get_u16().ok()? {
        NAN => Some("NaN"),
        INFINITY => Some("Infinity"),
        NEGATIVE_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

fn read(text: &str, most_digits: usize) -> Option<Vec<u8>> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if whole.len() + fraction.len() + exponent.unsigned_abs() as usize > most_digits {
        return None;
    }

    // Moves the point by the exponent, then pads both sides to whole groups.
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let (mut before, mut after) = match usize::try_from(point) {
        Ok(point) if point <= digits.len() => (digits[..point].to_owned(), digits[point..].to_owned()),
        Ok(point) => (format!("{digits:0<point$}"), String::new()),
        Err(_) => (String::new(), format!("{}{digits}", "0".repeat(point.unsigned_abs() as usize))),
    };
    let scale = after.len();
    before.insert_str(0, &"0".repeat((GROUP - before.len() % GROUP) % GROUP));
    after.push_str(&"0".repeat((GROUP - after.len() % GROUP) % GROUP));

    let mut weight = i16::try_from(before.len() / GROUP).ok()? - 1;
    let mut groups: Vec<u16> = format!("{before}{after}")
        .as_bytes()
        .chunks(GROUP)
        .map(|chunk| chunk.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        .collect();
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight -= i16::try_from(leading).ok()?;
    if groups.is_empty() {
        weight = 0;
    }

    let mut bytes = Vec::with_capacity(8 + groups.len() * 2);
    bytes.put_u16(u16::try_from(groups.len()).ok()?);
    bytes.put_i16(weight);
    bytes.put_u16(if negative && !groups.is_empty() { NEGATIVE } else { 0 });
    bytes.put_u16(u16::try_from(scale).ok()?);
    for group in groups {
        bytes.put_u16(group);
    }
    Some(bytes)
}

/// Returns the number of digits before the point.
pub(super) fn whole(bytes: &[u8]) -> u32 {
    let mut header = bytes;
    let (Ok(count), Ok(weight)) = (header.try_get_u16(), header.try_get_i16()) else { return 0 };
    let first = bytes.get(8..10).map_or(0, |group| u16::from_be_bytes([group[0], group[1]]));
    match u32::try_from(weight) {
        // Groups of four.
        Ok(weight) if count > 0 => weight * 4 + first.checked_ilog10().map_or(0, |log| log + 1),
        _ => 0,
    }
}

/// Returns the same number without trailing zeros of its fraction: 4.50 becomes 4.5, so that equal numbers have equal bytes.
pub(crate) fn shortest(bytes: &[u8]) -> Vec<u8> {
    let mut shortest = bytes.to_vec();
    let mut header = bytes;
    let (Ok(count), Ok(weight), Ok(_), Ok(scale)) =
        (header.try_get_u16(), header.try_get_i16(), header.try_get_u16(), header.try_get_u16())
    else {
        return shortest;
    };
    // Postgres and `parse` keep no trailing group of zeros.
    let last = bytes.last_chunk::<2>().map_or(0, |last| u16::from_be_bytes(*last));
    let zeros = four_digits(last).iter().rev().take_while(|digit| **digit == b'0').count();
    let groups = i32::from(count) - i32::from(weight) - 1;
    let needed = usize::try_from(groups).unwrap_or(0) * GROUP;
    let needed = if count == 0 { 0 } else { needed.saturating_sub(zeros) };
    let needed = u16::try_from(needed).unwrap_or(u16::MAX).min(scale);
    shortest[6..8].copy_from_slice(&needed.to_be_bytes());
    shortest
}

/// Returns the number of digits after the point, without trailing zeros.
pub(in crate::graph) fn scale(bytes: &[u8]) -> u32 {
    shortest(bytes).get(6..8).map_or(0, |mut scale| u32::from(scale.get_u16()))
}

fn four_digits(group: u16) -> [u8; GROUP] {
    let digit = |place: u16| b'0' + u8::try_from(group / place % 10).unwrap_or_default();
    [digit(1000), digit(100), digit(10), digit(1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(text: &str) -> String {
        let mut out = Vec::new();
        assert!(write(&parse(text).unwrap(), &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimal_texts_keep_their_digits() {
        for text in [
            "0",
            "0.00",
            "1",
            "-1",
            "12.50",
            "10000",
            "99990000",
            "0.0001",
            "-0.00012345",
            "123456789.987654321",
        ] {
            assert_eq!(round_trip(text), text);
        }
    }

    #[test]
    fn digits_before_the_point_are_counted() {
        for (text, expected) in [
            ("0", 0),
            ("0.5", 0),
            ("0.00001", 0),
            ("1", 1),
            ("-9.99", 1),
            ("1234", 4),
            ("12345.6", 5),
            ("1e9", 10),
            ("0001", 1),
        ] {
            assert_eq!(whole(&parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn exponents_move_the_point() {
        assert_eq!(round_trip("1e3"), "1000");
        assert_eq!(round_trip("1.25E-3"), "0.00125");
        assert_eq!(round_trip("12.5e1"), "125");
        assert_eq!(round_trip("-0"), "0");
    }

    #[test]
    fn text_that_is_not_a_number_is_refused() {
        for text in ["", "-", ".", "1.2.3", "abc", "NaN", "1e", "1e99999", "0x10", " 1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn equal_numbers_have_equal_shortest_bytes() {
        for (one, other) in [
            ("4.50", "4.5"),
            ("10", "10.000000"),
            ("0", "0.00"),
            ("-1.2300", "-1.23"),
            ("0.00010", "0.0001"),
            ("1e3", "1000.0"),
        ] {
            let (one, other) = (shortest(&parse(one).unwrap()), shortest(&parse(other).unwrap()));
            assert_eq!(one, other);
            assert_eq!(shortest(&one), one);
        }
        assert_ne!(shortest(&parse("4.5").unwrap()), shortest(&parse("4.05").unwrap()));
        assert_eq!(shortest(&[1, 2, 3]), [1, 2, 3]);
    }

    #[test]
    fn the_scale_is_of_digits_that_count() {
        for (text, digits) in
            [("12.50", 1), ("12", 0), ("1e-3", 3), ("0.000", 0), ("72.333", 3), ("1200e-2", 0)]
        {
            assert_eq!(scale(&parse(text).unwrap()), digits, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_shortest_bytes_are_the_same_number(digits in "[0-9]{1,9}", fraction in "[0-9]{0,9}") {
            let mut out = Vec::new();
            let text = format!("{digits}.{fraction}");
            prop_assert!(write(&shortest(&parse(&text).unwrap()), &mut out));
            let written = String::from_utf8(out).unwrap();
            prop_assert!(!written.contains('.') || !written.ends_with('0'));
            prop_assert_eq!(written.parse::<f64>().unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits());
        }

        #[test]
        fn a_double_is_the_number_that_its_text_says(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?") {
            let (found, expected) = (to_f64(&parse(&text).unwrap()).unwrap(), text.parse::<f64>().unwrap());
            prop_assert!((found - expected).abs() <= expected.abs() * 1e-15, "{found} is not {expected}");
        }

        #[test]
        fn any_decimal_is_read_back(whole in "[1-9][0-9]{0,20}|0", fraction in "[0-9]{0,20}", negative: bool) {
            let point = if fraction.is_empty() { "" } else { "." };
            let unsigned = format!("{whole}{point}{fraction}");
            let zero = unsigned.bytes().all(|byte| matches!(byte, b'0' | b'.'));
            let text = if negative && !zero { format!("-{unsigned}") } else { unsigned };
            prop_assert_eq!(round_trip(&text), text);
        }

        #[test]
        fn no_input_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
