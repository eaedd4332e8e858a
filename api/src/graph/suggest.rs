//! Suggests names of the schema that are close to an unknown one ("Did you mean").

use strsim::levenshtein;

/// An error has at most this many suggestions.
const MOST: usize = 3;

/// Returns a sentence that suggests the known names which are close to an unknown one; `None` if none is.
pub(super) fn similar<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut candidates: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|name| *name != unknown)
        .filter_map(|name| Some((close(unknown, name)?, name)))
        .collect();
    candidates.sort_unstable();
    candidates.dedup();
    let names: Vec<String> = candidates.iter().take(MOST).map(|(_, name)| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("Did you mean {}?", names.join(", ")))
}

/// Returns the distance of two names if it is small for their length.
fn close(wanted: &str, name: &str) -> Option<usize> {
    let most = 1 + wanted.len() / 3;
    // The distance is at least that of the lengths, which costs nothing to tell.
    if wanted.len().abs_diff(name.len()) > most {
        return None;
    }
    let distance = levenshtein(&wanted.to_lowercase(), &name.to_lowercase());
    (distance <= most).then_some(distance)
}
