//! The SQL of local times and of the moments that have them.

use super::snippet::{Snippet, snippet};
use crate::graph::question::bucket::CALENDARS;

/// The first and the last moment that RFC 3339 can represent, as text of any time type. A bucket that starts before or ends after
/// is returned with these.
const REPRESENTABLE: [&str; 2] = ["0001-01-01 00:00:00+00 BC", "9999-12-31 23:59:59.999999+00"];

/// Returns a query of the first moments with the local times of `from`, or with later ones. Column `s` of `from` and of the query holds
/// the local time, column `b` the moment.
///
/// If clocks skip a local time, a binary search finds the end of the gap: clocks are put forward at whole seconds, by a day at most.
pub(super) fn first_moments(zone: &Snippet, from: &Snippet) -> Snippet {
    let is_before = snippet!("m AT TIME ZONE {zone} < s", zone);
    let gap = snippet!(
        "WITH RECURSIVE gap AS (SELECT date_trunc('second', p - (p AT TIME ZONE {zone} - s)) AS b, \
         date_trunc('second', p + interval '999999 microseconds') AS e UNION ALL \
         SELECT CASE WHEN {is_before} THEN m ELSE b END, CASE WHEN {is_before} THEN e ELSE m END FROM (\
         SELECT b, e, date_trunc('second', b + (e - b) / 2) AS m FROM gap WHERE e - b > interval '1 second') h) \
         SELECT min(e) FROM gap",
        zone,
        is_before,
    );
    resolve_local_times(
        zone,
        from,
        &snippet!("WHEN p AT TIME ZONE {zone} = s THEN p ELSE ({gap})", zone, gap),
    )
}

/// Returns the query of [`first_moments`] for local times that clocks do not skip. Postgres plans it faster.
pub(super) fn first_moments_without_gaps(zone: &Snippet, from: &Snippet) -> Snippet {
    resolve_local_times(zone, from, &Snippet::of("ELSE p"))
}

/// Returns a query of moments for local times. Of a repeated local time it returns the first moment, whereas Postgres returns the last
/// (`p`); for every other local time it returns the `WHEN` and `ELSE` of `otherwise`. Postgres reads a skipped local time by the clock
/// before the gap.
fn resolve_local_times(zone: &Snippet, from: &Snippet, otherwise: &Snippet) -> Snippet {
    snippet!(
        "SELECT s, CASE WHEN (p - d) AT TIME ZONE {zone} = s THEN p - d {otherwise} END AS b FROM (\
         SELECT s, p, (p - interval '24 hours') AT TIME ZONE {zone} + interval '24 hours' - s AS d FROM (\
         SELECT s, s AT TIME ZONE {zone} AS p FROM {from} OFFSET 0) s OFFSET 0) s",
        zone,
        otherwise,
        from,
    )
}

/// Returns the representable time next to a time that is not NULL.
pub(super) fn clamped(time: &Snippet) -> Snippet {
    let [first, last] = REPRESENTABLE;
    snippet!("least(greatest({time}, '{first}'), '{last}')", time, first, last)
}

/// Returns `made` if a time lies within [`CALENDARS`], or else NULL.
pub(super) fn within_calendars(time: &Snippet, made: &Snippet) -> Snippet {
    let [first, end] = CALENDARS;
    snippet!("CASE WHEN {time} >= '{first}' AND {time} < '{end}' THEN {made} END", time, first, end, made)
}
