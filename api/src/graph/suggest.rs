//! "Did you mean": names of the schema that are close to an unknown one.

use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};

/// Suggestions at most.
const MOST: usize = 3;

/// Finds similar names for a diagnostic about an unknown field, argument, input field, value or type.
///
/// apollo-compiler's diagnostics have no structure to read; their texts quote the names with backticks.
pub(super) fn suggestion(schema: &Schema, message: &str) -> Option<String> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let unknown =
        ["does not have a field", "is not supported by", "is not defined", "cannot find", "does not exist"];
    if !unknown.iter().any(|text| message.contains(text)) {
        return None;
    }
    // One of the quoted names is unknown, another says where it was looked for.
    quoted.iter().find_map(|wanted| {
        let mut candidates: Vec<(usize, &str)> = quoted
            .iter()
            .filter(|scope| scope != &wanted)
            .flat_map(|scope| names_in(schema, scope))
            .filter(|name| name != wanted)
            .filter_map(|name| Some((close(wanted, name)?, name)))
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        let names: Vec<String> = candidates.iter().take(MOST).map(|(_, name)| format!("`{name}`")).collect();
        (!names.is_empty()).then(|| format!("Did you mean {}?", names.join(", ")))
    })
}

/// Names of fields, arguments or values that a name of the schema (`Type` or `Type.field`) holds.
fn names_in<'a>(schema: &'a Schema, scope: &str) -> Vec<&'a str> {
    let (type_name, field) = scope.split_once('.').map_or((scope, None), |(ty, field)| (ty, Some(field)));
    let Some(definition) = schema.types.get(type_name) else { return Vec::new() };
    match (definition, field) {
        (ExtendedType::Object(object), Some(field)) => object
            .fields
            .get(field)
            .map(|field| field.arguments.iter().map(|argument| argument.name.as_str()).collect())
            .unwrap_or_default(),
        (ExtendedType::Object(object), None) => object.fields.keys().map(Name::as_str).collect(),
        (ExtendedType::Interface(interface), None) => interface.fields.keys().map(Name::as_str).collect(),
        (ExtendedType::InputObject(input), None) => input.fields.keys().map(Name::as_str).collect(),
        (ExtendedType::Enum(values), None) => values.values.keys().map(Name::as_str).collect(),
        _ => Vec::new(),
    }
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
