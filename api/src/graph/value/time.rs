//! Reads and writes dates and times: Postgres counts from 2000-01-01, in days and in microseconds.

use std::io::Write as _;
use std::ops::{Range, RangeInclusive};

use chrono::{DateTime, NaiveDateTime};

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
/// Days from 0000-03-01, when the calendar below begins, to 2000-01-01.
const EPOCH_DAYS: i64 = 730_425;
/// Microseconds from 1970-01-01 to 2000-01-01.
const UNIX_EPOCH_OFFSET: i64 = 946_684_800_000_000;
/// Days in 400 years.
const DAYS_PER_ERA: i64 = 146_097;
/// The dates that Postgres has: from 4714 BC to the year 5874898.
const DATES: Range<i32> = -2_451_545..2_145_031_949;
/// The times that Postgres has: from 4714 BC to the end of the year 294276.
const TIMES: Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;
/// Days of the years from 1 to 9999, which every calendar and every parser supports.
const CALENDAR_DAYS: Range<i64> = -730_119..2_921_940;

/// Returns true if a time, in microseconds since 2000-01-01, is in the years from 1 to 9999, or is the end of the last.
pub(crate) fn is_within_calendars(microseconds: i64) -> bool {
    (CALENDAR_DAYS.start * MICROSECONDS_PER_DAY..=CALENDAR_DAYS.end * MICROSECONDS_PER_DAY)
        .contains(&microseconds)
}

/// Returns true if a time of a row is in these years.
pub(super) fn is_shown(bytes: &[u8]) -> bool {
    bytes.try_into().is_ok_and(|bytes| is_within_calendars(i64::from_be_bytes(bytes)))
}

/// Returns true if a date of a row is in these years.
pub(super) fn is_shown_date(bytes: &[u8]) -> bool {
    bytes.try_into().is_ok_and(|bytes| CALENDAR_DAYS.contains(&i64::from(i32::from_be_bytes(bytes))))
}

/// Writes a date: `2026-02-12`.
pub(super) fn write_date(days: i32, out: &mut Vec<u8>) {
    match days {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        days => write_civil(i64::from(days), out),
    }
}

/// Writes a time: `2026-02-12T14:15:00`, with microseconds only if they are not 0.
pub(super) fn write_local(microseconds: i64, out: &mut Vec<u8>) -> bool {
    match microseconds {
        i64::MAX => out.extend_from_slice(b"infinity"),
        i64::MIN => out.extend_from_slice(b"-infinity"),
        _ => {
            let days = microseconds.div_euclid(MICROSECONDS_PER_DAY);
            let of_day = microseconds.rem_euclid(MICROSECONDS_PER_DAY);
            let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
            write_civil(days, out);
            out.push(b'T');
            write_two(seconds / 3600, out);
            out.push(b':');
            write_two(seconds / 60 % 60, out);
            out.push(b':');
            write_two(seconds % 60, out);
            if fraction > 0 {
                // Writing to a Vec cannot fail.
                let _ = write!(out, ".{fraction:06}");
                while out.last() == Some(&b'0') {
                    out.pop();
                }
            }
            return true;
        }
    }
    false
}

/// Writes a time in UTC: `2026-02-12T14:15:00Z`.
pub(super) fn write_utc(microseconds: i64, out: &mut Vec<u8>) {
    if write_local(microseconds, out) {
        out.push(b'Z');
    }
}

/// Returns the days since 2000-01-01 of an ISO 8601 date.
pub(super) fn parse_date(text: &str) -> Option<i32> {
    match text {
        "infinity" => Some(i32::MAX),
        "-infinity" => Some(i32::MIN),
        _ => i32::try_from(parse_civil(text)?).ok().filter(|days| DATES.contains(days)),
    }
}

/// Returns the microseconds since 2000-01-01 UTC of an RFC 3339 date and time with an offset.
pub(super) fn parse_utc(text: &str) -> Option<i64> {
    parse_time(text, |time| DateTime::parse_from_rfc3339(time).ok().map(|time| time.timestamp_micros()))
}

/// Returns the microseconds since 2000-01-01 of an ISO 8601 date and time without an offset.
pub(super) fn parse_local(text: &str) -> Option<i64> {
    parse_time(text, |time| {
        let time = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(time.and_utc().timestamp_micros())
    })
}

/// Parses date and time; `parse` parses the time: chrono's years end earlier than Postgres's.
fn parse_time(text: &str, parse: impl FnOnce(&str) -> Option<i64>) -> Option<i64> {
    match text {
        "infinity" => return Some(i64::MAX),
        "-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let (date, time) = text.split_at_checked(text.find(['T', 't', ' '])?)?;
    let of_day = parse(&format!("2000-01-01{time}"))?.checked_sub(UNIX_EPOCH_OFFSET)?;
    let midnight = parse_civil(date)?.checked_mul(MICROSECONDS_PER_DAY)?;
    midnight.checked_add(of_day).filter(|microseconds| TIMES.contains(microseconds))
}

/// Returns the days since 2000-01-01 of `2026-02-12`, or of `+012026-02-12` outside of the years 0 to 9999.
fn parse_civil(text: &str) -> Option<i64> {
    let number = |text: &str, digits: RangeInclusive<usize>| -> Option<i64> {
        let fits = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten()
    };
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'+' => (Some(1), &text[1..]),
        b'-' => (Some(-1), &text[1..]),
        _ => (None, text),
    };
    let mut parts = unsigned.splitn(3, '-');
    let year = number(parts.next()?, if sign.is_some() { 6..=7 } else { 4..=4 })? * sign.unwrap_or(1);
    let (month, day) = (number(parts.next()?, 2..=2)?, number(parts.next()?, 2..=2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Howard Hinnant's days_from_civil, the inverse of `write_civil`.
    let shifted_year = year - i64::from(month <= 2);
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * DAYS_PER_ERA + day_of_era - EPOCH_DAYS)
}

/// Writes the proleptic Gregorian date of a day number. Years before 0 (which is 1 BC) and after 9999 have a sign and at least
/// six digits, as in ISO 8601 and ECMAScript.
fn write_civil(days: i64, out: &mut Vec<u8>) {
    // Howard Hinnant's civil_from_days: years begin in March, eras have 400 years.
    let shifted = days + EPOCH_DAYS;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if (0..=9999).contains(&year) {
        write_two(year / 100, out);
        write_two(year % 100, out);
    } else {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{year:+07}");
    }
    out.push(b'-');
    write_two(month, out);
    out.push(b'-');
    write_two(day, out);
}

fn write_two(number: i64, out: &mut Vec<u8>) {
    let digit = |value: i64| b'0' + u8::try_from(value % 10).unwrap_or_default();
    out.push(digit(number / 10));
    out.push(digit(number));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_dates() {
        assert_eq!(text(|out| write_date(0, out)), "2000-01-01");
        assert_eq!(text(|out| write_date(59, out)), "2000-02-29");
        assert_eq!(text(|out| write_date(-1, out)), "1999-12-31");
        assert_eq!(text(|out| write_date(i32::MAX, out)), "infinity");
        assert_eq!(text(|out| write_utc(0, out)), "2000-01-01T00:00:00Z");
        assert_eq!(text(|out| write_utc(-1, out)), "1999-12-31T23:59:59.999999Z");
        assert_eq!(text(|out| write_local(1_500_000, out).then_some(()).unwrap()), "2000-01-01T00:00:01.5");
    }

    #[test]
    fn years_of_more_or_fewer_than_four_digits_have_a_sign() {
        for (date, days) in [
            ("0000-01-01", -730_485),
            ("-000001-12-31", -730_486),
            ("9999-12-31", 2_921_939),
            ("+010000-01-01", 2_921_940),
            ("infinity", i32::MAX),
            ("-infinity", i32::MIN),
        ] {
            assert_eq!(text(|out| write_date(days, out)), date);
            assert_eq!(parse_date(date), Some(days), "{date}");
        }
        assert_eq!(
            parse_utc("+012026-01-01T00:00:00.5Z").map(|time| text(|out| write_utc(time, out))).as_deref(),
            Some("+012026-01-01T00:00:00.5Z")
        );
    }

    #[test]
    fn invalid_dates_and_dates_out_of_range_are_refused() {
        for date in [
            "",
            "2026",
            "2026-2-3",
            "26-02-03",
            "2026-02-30",
            "2025-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "+2026-01-01",
            "-2026-01-01",
            "2026-01-01Z",
            "2026-01-01 ",
            "20260101",
            "-004714-01-01",
            "+9999999-01-01",
            "é",
            "+é",
        ] {
            assert_eq!(parse_date(date), None, "{date}");
        }
        for time in [
            "",
            "T",
            "2026-01-01",
            "2026-01-01T",
            "2026-01-01T25:00:00Z",
            "+294277-01-01T00:00:00Z",
            "+999999-01-01T00:00:00Z",
            "-004714-01-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
        ] {
            assert_eq!(parse_utc(time), None, "{time}");
        }
    }

    #[test]
    fn an_offset_is_turned_into_utc() {
        assert_eq!(parse_utc("2000-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_utc("2000-01-01T00:00:00"), None);
    }

    proptest! {
        #[test]
        fn every_date_is_read_back(days in DATES) {
            prop_assert_eq!(parse_date(&text(|out| write_date(days, out))), Some(days));
        }

        #[test]
        fn every_time_is_read_back(microseconds in TIMES) {
            let written = text(|out| write_utc(microseconds, out));
            prop_assert_eq!(parse_utc(&written), Some(microseconds), "{}", written);
        }
    }
}
