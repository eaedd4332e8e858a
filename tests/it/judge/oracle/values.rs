//! Values: as SQL literals, and as JSON of an answer.

use praxis::graph::catalog::ColumnType;
use serde_json::Value;

/// Returns a text in quotes.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'::text", text.replace('\'', "''"))
}

/// Returns a value of an argument as a literal of a column's type.
pub(super) fn literal(value: &Value, ty: &ColumnType) -> Result<String, String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let cast = |text: &str, ty: &str| format!("'{}'::{ty}", text.replace('\'', "''"));
    let name = ty.scalar().postgres().name().to_owned();
    match ty {
        ColumnType::Enum(values) => {
            let text = values.text_of(&plain(value)).ok_or_else(|| format!("no such value: {value}"))?;
            Ok(cast(text, "text"))
        }
        ColumnType::List(_) => {
            let single = std::slice::from_ref(value);
            let items = value.as_array().map_or(single, Vec::as_slice);
            let items: Vec<String> = items.iter().map(|item| cast(&plain(item), &name)).collect();
            Ok(format!("ARRAY[{}]::{name}[]", items.join(", ")))
        }
        ColumnType::Scalar(_) if name == "jsonb" => Ok(cast(&value.to_string(), &name)),
        ColumnType::Scalar(_) => Ok(cast(&plain(value), &name)),
    }
}

/// Returns a column's value as JSON.
pub(super) fn column(value: &str, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Enum(values) => {
            let names =
                values.values.iter().map(|it| format!(" WHEN {} THEN {}", quote(&it.text), quote(&it.name)));
            format!("to_jsonb(CASE {value}{} END)", names.collect::<String>())
        }
        ColumnType::List(element) if element.graphql_name() == "BigInt" => {
            format!("to_jsonb({value}::text[])")
        }
        ColumnType::List(_) => format!("to_jsonb({value})"),
        ColumnType::Scalar(scalar) => scalar_named(value, scalar.graphql_name()),
    }
}

/// Returns a value as JSON of a GraphQL scalar.
pub(super) fn scalar_named(value: &str, scalar: &str) -> String {
    match scalar {
        "BigInt" | "Decimal" | "String" | "UUID" | "Date" => format!("to_jsonb(({value})::text)"),
        // In UTC, the session's time zone.
        "DateTime" => format!("to_jsonb(replace(to_jsonb({value}) #>> '{{}}', '+00:00', 'Z'))"),
        "JSON" => format!("({value})"),
        "Float" => format!(
            "CASE WHEN ({value})::text NOT IN ('NaN', 'Infinity', '-Infinity') THEN to_jsonb({value}) END"
        ),
        _ => format!("to_jsonb({value})"),
    }
}

/// Returns a JSON object.
pub(super) fn object(members: &[(String, String)]) -> String {
    // A function takes at most a hundred arguments.
    let parts = members.chunks(40).map(|members| {
        let members = members.iter().map(|(key, value)| format!("'{key}', {value}"));
        format!("jsonb_build_object({})", members.collect::<Vec<_>>().join(", "))
    });
    let parts = parts.collect::<Vec<_>>().join(" || ");
    if parts.is_empty() { "'{}'::jsonb".into() } else { format!("({parts})") }
}
