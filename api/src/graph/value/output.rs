//! Converts Postgres's binary format to JSON of the response.

use std::io::Write as _;

use bytes::Buf;

use super::{numeric, time};
use crate::graph::catalog::{ColumnType, Scalar};

/// Appends a value as JSON.
///
/// A value that JSON cannot express (NaN, infinite numbers) becomes `null`, as in JavaScript. So does a value whose bytes do not
/// fit its type: a test compares the entities with the database, so that cannot happen with a migrated database.
pub(crate) fn write_value(ty: &ColumnType, value: Option<&[u8]>, out: &mut Vec<u8>) {
    let Some(bytes) = value else {
        out.extend_from_slice(b"null");
        return;
    };
    let written = match ty {
        ColumnType::Scalar(scalar) => write_scalar(*scalar, bytes, out),
        ColumnType::Enum(values) => values.name_of(bytes).map(|name| {
            out.push(b'"');
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
        }),
        ColumnType::List(element) => write_list(*element, bytes, out),
    };
    if written.is_none() {
        out.extend_from_slice(b"null");
    }
}

/// Appends a JSON string.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain_from..at]);
        if escape.is_empty() {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.extend_from_slice(escape);
        }
        plain_from = at + 1;
    }
    out.extend_from_slice(&bytes[plain_from..]);
    out.push(b'"');
}

fn write_scalar(scalar: Scalar, mut bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    // Writing to a Vec cannot fail, hence the ignored results of `write!`.
    match scalar {
        Scalar::Boolean => {
            let text: &[u8] = if bytes.try_get_u8().ok()? == 0 { b"false" } else { b"true" };
            out.extend_from_slice(text);
        }
        Scalar::SmallInt => {
            let _ = write!(out, "{}", bytes.try_get_i16().ok()?);
        }
        Scalar::Int => {
            let _ = write!(out, "{}", bytes.try_get_i32().ok()?);
        }
        Scalar::BigInt => {
            let _ = write!(out, "\"{}\"", bytes.try_get_i64().ok()?);
        }
        Scalar::Real => {
            let number = bytes.try_get_f32().ok().filter(|number| number.is_finite())?;
            let _ = write!(out, "{number}");
        }
        Scalar::Double => {
            let number = bytes.try_get_f64().ok().filter(|number| number.is_finite())?;
            let _ = write!(out, "{number}");
        }
        Scalar::Numeric => {
            if !numeric::write(bytes, out) {
                out.truncate(start);
                return None;
            }
        }
        Scalar::Decimal => {
            out.push(b'"');
            if !numeric::write(bytes, out) {
                out.truncate(start);
                return None;
            }
            out.push(b'"');
        }
        Scalar::Text => write_string(std::str::from_utf8(bytes).ok()?, out),
        Scalar::Uuid => {
            let uuid = uuid::Uuid::from_slice(bytes).ok()?;
            let _ = write!(out, "\"{uuid}\"");
        }
        Scalar::Date => {
            let days = bytes.try_get_i32().ok()?;
            quoted(out, |out| time::write_date(days, out));
        }
        Scalar::LocalDateTime => {
            let microseconds = bytes.try_get_i64().ok()?;
            quoted(out, |out| {
                time::write_local(microseconds, out);
            });
        }
        Scalar::DateTime => {
            let microseconds = bytes.try_get_i64().ok()?;
            quoted(out, |out| time::write_utc(microseconds, out));
        }
        // The first byte of jsonb's binary format is its version.
        Scalar::Json => out.extend_from_slice(std::str::from_utf8(bytes.get(1..)?).ok()?.as_bytes()),
    }
    Some(())
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

fn write_list(element: Scalar, mut bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let dimensions = bytes.try_get_i32().ok()?;
    bytes.try_get_i32().ok()?; // whether there are NULLs
    bytes.try_get_u32().ok()?; // the element's type
    let count = match dimensions {
        0 => 0,
        1 => {
            let count = bytes.try_get_i32().ok()?;
            bytes.try_get_i32().ok()?; // lower bound
            count
        }
        _ => return None,
    };
    out.push(b'[');
    for at in 0..count {
        if at > 0 {
            out.push(b',');
        }
        let length = bytes.try_get_i32().ok()?;
        let Ok(length) = usize::try_from(length) else {
            out.extend_from_slice(b"null");
            continue;
        };
        let Some((value, rest)) = bytes.split_at_checked(length) else {
            out.truncate(start);
            return None;
        };
        if write_scalar(element, value, out).is_none() {
            out.extend_from_slice(b"null");
        }
        bytes = rest;
    }
    out.push(b']');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio_postgres::types::Type;

    fn json(ty: &ColumnType, value: Option<&[u8]>) -> String {
        let mut out = Vec::new();
        write_value(ty, value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn scalars() {
        let scalar = |scalar, bytes: &[u8]| json(&ColumnType::Scalar(scalar), Some(bytes));
        assert_eq!(scalar(Scalar::Boolean, &[1]), "true");
        assert_eq!(scalar(Scalar::Int, &(-7_i32).to_be_bytes()), "-7");
        assert_eq!(scalar(Scalar::BigInt, &i64::MAX.to_be_bytes()), "\"9223372036854775807\"");
        assert_eq!(scalar(Scalar::Double, &0.1_f64.to_be_bytes()), "0.1");
        assert_eq!(scalar(Scalar::Double, &f64::NAN.to_be_bytes()), "null");
        assert_eq!(scalar(Scalar::Json, b"\x01{\"a\": 1}"), "{\"a\": 1}");
        assert_eq!(scalar(Scalar::Uuid, &[0; 16]), "\"00000000-0000-0000-0000-000000000000\"");
        assert_eq!(json(&ColumnType::Scalar(Scalar::Text), None), "null");
    }

    #[test]
    fn bytes_that_do_not_fit_their_type_are_null() {
        for scalar in
            [Scalar::Int, Scalar::BigInt, Scalar::Uuid, Scalar::DateTime, Scalar::Decimal, Scalar::Date]
        {
            assert_eq!(json(&ColumnType::Scalar(scalar), Some(&[1, 2])), "null", "{scalar:?}");
        }
    }

    #[test]
    fn lists() {
        let texts: Vec<&[u8]> = vec![b"PTSD", b"a \"b\""];
        let list = crate::database::Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, texts.into_iter());
        assert_eq!(json(&ColumnType::List(Scalar::Text), list.value.as_deref()), r#"["PTSD","a \"b\""]"#);
        let empty = crate::database::Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, Vec::new().into_iter());
        assert_eq!(json(&ColumnType::List(Scalar::Text), empty.value.as_deref()), "[]");
    }

    proptest! {
        #[test]
        fn any_text_is_valid_json(text in ".*") {
            let mut out = Vec::new();
            write_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            for scalar in [Scalar::Decimal, Scalar::Text, Scalar::DateTime, Scalar::Json, Scalar::Boolean] {
                json(&ColumnType::Scalar(scalar), Some(&bytes));
                json(&ColumnType::List(scalar), Some(&bytes));
            }
        }
    }
}
