//! What clocks show and when they do, in SQL.

use super::snippet::{Snippet, snippet};
use crate::graph::question::bucket::CALENDARS;

/// The first and the last moment that RFC 3339 has words for, as a time of any type. What begins before or ends behind is told by
/// these.
const REPRESENTABLE: [&str; 2] = ["0001-01-01 00:00:00+00 BC", "9999-12-31 23:59:59.999999+00"];

/// Returns a query of the first moments, as column `b`, when a clock shows what stands in column `s` of `from`, or more.
///
/// Where the clock skips that, the gap's end is looked for, by halves: clocks are put forward at whole seconds, a day at most.
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

/// Returns the same of what the clock does not skip, which is planned faster.
pub(super) fn first_moments_without_gaps(zone: &Snippet, from: &Snippet) -> Snippet {
    resolve_local_times(zone, from, &Snippet::of("ELSE p"))
}

/// Postgres gives the later moment (`p`) where the clock shows something twice, and reads what it skips by the clock before the gap.
/// `otherwise`: what is so where it does not show it twice.
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

/// Returns a time that RFC 3339 has words for, next to one that is not NULL.
pub(super) fn clamped(time: &Snippet) -> Snippet {
    let [first, last] = REPRESENTABLE;
    snippet!("least(greatest({time}, '{first}'), '{last}')", time, first, last)
}

/// Returns what is made of a time; NULL beyond all calendars.
pub(super) fn within_calendars(time: &Snippet, made: &Snippet) -> Snippet {
    let [first, end] = CALENDARS;
    snippet!("CASE WHEN {time} >= '{first}' AND {time} < '{end}' THEN {made} END", time, first, end, made)
}
