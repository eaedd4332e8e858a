//! Counts the days of the demo data from a fixed day, so that the data is the same at any time.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

/// The current day of the demo data, a Monday: day 0. Earlier days are negative.
const TODAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 11, 16);

/// Returns the date of a day.
pub(in crate::systems) fn date(day: i32) -> NaiveDate {
    TODAY.unwrap_or_default() + TimeDelta::days(day.into())
}

/// Returns a moment by the seconds since midnight in UTC.
pub(in crate::systems) fn moment(day: i32, seconds: i32) -> DateTime<Utc> {
    date(day).and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(seconds.into())
}

/// Returns a moment by the minutes since midnight in UTC.
pub(in crate::systems) fn minute(day: i32, minutes: i32) -> DateTime<Utc> {
    moment(day, minutes * 60)
}

/// Returns the day itself, or the Friday before a weekend.
pub(in crate::systems) fn weekday(day: i32) -> i32 {
    day - (day.rem_euclid(7) - 4).max(0)
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, Weekday};

    use super::*;

    #[test]
    fn weekends_are_avoided() {
        assert_eq!(date(0).weekday(), Weekday::Mon);
        for day in -30..30 {
            assert!(!matches!(date(weekday(day)).weekday(), Weekday::Sat | Weekday::Sun));
            assert!((0..=2).contains(&(day - weekday(day))));
        }
    }
}
