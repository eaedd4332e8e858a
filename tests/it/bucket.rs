//! Short notation for buckets of time.

/// Returns the `TimeBucket` with these fields in its only field: `unit: DAY`, or `length: "P7D"`, or none for each time by
/// itself.
pub(crate) fn bucket(fields: &str) -> String {
    match fields {
        "" => "{ exact: true }".into(),
        _ if fields.contains("length:") => format!("{{ every: {{ {fields} }} }}"),
        _ => format!("{{ calendar: {{ {fields} }} }}"),
    }
}
