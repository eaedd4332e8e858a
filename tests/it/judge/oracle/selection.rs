//! Collects the fields of a selection, as the GraphQL specification describes it.

use crate::random::Field;

/// Returns the fields of a selection for an object of these types, its own and its interfaces'; fields with the same key are
/// merged.
pub(super) fn collect(fields: &[Field], types: &[&str]) -> Vec<Field> {
    let mut collected = Vec::new();
    add(fields, types, &mut collected);
    collected
}

fn add(fields: &[Field], types: &[&str], collected: &mut Vec<Field>) {
    for field in fields.iter().filter(|field| field.include != Some(false)) {
        match &field.on {
            Some(on) if types.contains(&on.as_str()) => add(&field.fields, types, collected),
            Some(_) => {}
            None => match collected.iter_mut().find(|known| known.key() == field.key()) {
                Some(known) => known.fields.extend(field.fields.clone()),
                None => collected.push(field.clone()),
            },
        }
    }
}
