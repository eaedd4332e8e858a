//! ISO 8601 durations.

/// The seconds of a day without a change of clocks.
pub(in crate::graph) const DAY: u64 = 24 * 60 * 60;

/// An ISO 8601 duration.
#[derive(Debug, PartialEq)]
pub(in crate::graph) struct Duration {
    pub(in crate::graph) seconds: u64,
    /// True if the duration has hours, minutes or seconds, so that a day means 24 hours instead of a day of the calendar.
    pub(in crate::graph) is_exact: bool,
}

impl Duration {
    /// Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds.
    pub(in crate::graph) fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('P')?;
        let (days, time) = rest.split_once('T').map_or((rest, None), |(days, time)| (days, Some(time)));
        if time == Some("") {
            return None;
        }
        let sum = |part: &str, units: &[(char, u64)]| {
            let mut total = 0_u64;
            let mut units = units.iter();
            let mut rest = part;
            while !rest.is_empty() {
                let (number, after) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?);
                let letter = after.chars().next()?;
                // The units come in this order, each at most once.
                let (_, length) = units.find(|(unit, _)| *unit == letter)?;
                total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*length)?)?;
                rest = &after[letter.len_utf8()..];
            }
            Some(total)
        };
        let days = sum(days, &[('W', 604_800), ('D', 86_400)])?;
        let time = sum(time.unwrap_or_default(), &[('H', 3_600), ('M', 60), ('S', 1)])?;
        // Postgres's intervals end long after this.
        let seconds = days.checked_add(time).filter(|seconds| (1..=100 * 366 * DAY).contains(seconds))?;
        Some(Self { seconds, is_exact: time > 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn durations() {
        let seconds = |text| Duration::read(text).map(|length| length.seconds);
        assert_eq!(seconds("PT90M"), Some(5_400));
        assert_eq!(seconds("P7D"), Some(604_800));
        assert_eq!(seconds("P1DT12H"), Some(129_600));
        assert_eq!(seconds("P2W"), Some(1_209_600));
        let is_exact = |text| Duration::read(text).unwrap().is_exact;
        assert!(is_exact("PT24H") && is_exact("P1DT12H") && !is_exact("P1D"));
        for wrong in [
            "",
            "P",
            "PT",
            "P0D",
            "7D",
            "P1M",
            "PT1H1H",
            "PT1M1H",
            "P-1D",
            "PT1.5H",
            "P1Dé",
            "P99999999999999999999D",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
