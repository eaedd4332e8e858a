//! "Did you mean": names of the schema that are close to an unknown one.

/// Suggestions at most.
const MOST: usize = 3;

/// Says which of the names that are known are close to one that is not.
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

/// Distance of two names where it is small for their length.
fn close(wanted: &str, name: &str) -> Option<usize> {
    let most = 1 + wanted.len() / 3;
    // The distance is at least that of the lengths, which costs nothing to tell.
    if wanted.len().abs_diff(name.len()) > most {
        return None;
    }
    let distance = distance(&wanted.to_lowercase(), &name.to_lowercase());
    (distance <= most).then_some(distance)
}

/// Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, left) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, right) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        assert_eq!(distance("protocol", "protocols"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
