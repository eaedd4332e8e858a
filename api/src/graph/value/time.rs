//! Dates and times: Postgres counts from 2000-01-01, in days and in microseconds.

use std::io::Write as _;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
/// Days from 0000-03-01, where the calendar below begins, to 2000-01-01.
const EPOCH_DAYS: i64 = 730_425;
/// Microseconds from 1970-01-01 to 2000-01-01.
const UNIX_EPOCH_OFFSET: i64 = 946_684_800_000_000;

/// `2026-02-12`
pub(super) fn write_date(days: i32, out: &mut Vec<u8>) {
    match days {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        days => write_civil(i64::from(days), out),
    }
}

/// `2026-02-12T14:15:00`, with microseconds only where there are any.
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

/// `2026-02-12T14:15:00Z`
pub(super) fn write_utc(microseconds: i64, out: &mut Vec<u8>) {
    if write_local(microseconds, out) {
        out.push(b'Z');
    }
}

/// Days since 2000-01-01 of an ISO 8601 date.
pub(super) fn parse_date(text: &str) -> Option<i32> {
    let epoch = NaiveDate::from_ymd_opt(2000, 1, 1)?;
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(epoch).num_days()).ok()
}

/// Microseconds since 2000-01-01 UTC of an RFC 3339 date and time with an offset.
pub(super) fn parse_utc(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros().checked_sub(UNIX_EPOCH_OFFSET)
}

/// Microseconds since 2000-01-01 of an ISO 8601 date and time without an offset.
pub(super) fn parse_local(text: &str) -> Option<i64> {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    time.and_utc().timestamp_micros().checked_sub(UNIX_EPOCH_OFFSET)
}

/// Proleptic Gregorian date of a day number; years have at least four digits.
fn write_civil(days: i64, out: &mut Vec<u8>) {
    // Howard Hinnant's civil_from_days: years begin in March, eras have 400 years.
    const DAYS_PER_ERA: i64 = 146_097;
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
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{year:04}");
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
    fn an_offset_is_turned_into_utc() {
        assert_eq!(parse_utc("2000-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_utc("2000-01-01T00:00:00"), None);
    }

    proptest! {
        #[test]
        fn every_date_is_read_back(days in -700_000..2_000_000_i32) {
            prop_assert_eq!(parse_date(&text(|out| write_date(days, out))), Some(days));
        }

        #[test]
        fn every_time_is_read_back(microseconds in -60_000_000_000_000_000..250_000_000_000_000_000_i64) {
            let written = text(|out| write_utc(microseconds, out));
            prop_assert_eq!(parse_utc(&written), Some(microseconds), "{}", written);
        }
    }
}
