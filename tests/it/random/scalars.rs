//! Generates single values: values from the database, and unexpected ones.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::dice::Dice;
use super::generate::Generator;
use super::operation::Argument;
use super::pool::{PATH, Pool};

impl Generator<'_> {
    pub(super) fn scalar_or_wild(&self, dice: &mut Dice, field: &str, name: &str) -> Argument {
        if dice.percent(self.wild) {
            wild(dice, field, name, self.pool)
        } else {
            self.scalar(dice, field, name)
        }
    }

    pub(super) fn scalar(&self, dice: &mut Dice, field: &str, name: &str) -> Argument {
        let number = |number: usize| Argument::Literal(number.to_string());
        match name {
            "ID" => self.pool.id(dice, None),
            // Shares of all rows, and points of a chart.
            "Float" if matches!(field, "p" | "percentile") => {
                let shares = ["0", "0.1", "0.25", "0.5", "0.9", "1"];
                Argument::Literal((*dice.pick(&shares).unwrap_or(&"0.5")).into())
            }
            "Int" if field == "max" && dice.percent(50) => number(500),
            "Int" if field == "max" => number(4 + dice.below(20)),
            "Int" if field == "count" => number(dice.below(12)),
            "Boolean" => Argument::Literal(dice.percent(70).to_string()),
            // A place within JSON.
            "String" if matches!(field, "at" | "hasKey") => {
                self.stored(dice, "at", name).unwrap_or_else(|| Argument::text("a"))
            }
            _ => self.stored(dice, field, name).unwrap_or_else(|| match name {
                "Int" | "Float" => number(dice.below(100)),
                "BigInt" | "Decimal" => Argument::text(&dice.below(100).to_string()),
                "UUID" => Argument::text("7f100008-0000-4000-8000-000000000008"),
                "Date" => Argument::text("2026-02-12"),
                "DateTime" => Argument::text("2026-02-12T14:15:00Z"),
                "LocalDateTime" => Argument::text("2026-02-12T14:15:00"),
                _ => Argument::text("a"),
            }),
        }
    }

    /// Returns a few letters of a text in the database, in either case: short, so that many rows contain them. One of them may be
    /// a special character of patterns, which is literal here. Sometimes returns an empty text.
    pub(super) fn part(&self, dice: &mut Dice, field: &str, is_beginning: bool) -> Option<Argument> {
        if dice.percent(20 + self.wild) {
            return None;
        }
        let value: Value = serde_json::from_str(self.pool.value(dice, field, "String")?).ok()?;
        let letters: Vec<char> = value.as_str()?.chars().collect();
        let from = if is_beginning { 0 } else { dice.below(letters.len().max(1)) };
        let mut part: Vec<char> = letters.iter().skip(from).take(1 + dice.below(4)).copied().collect();
        if dice.percent(25) && !part.is_empty() {
            let at = dice.below(part.len());
            part[at] = *dice.pick(&['%', '_', '\\']).unwrap_or(&'%');
        }
        let part: String = part.into_iter().collect();
        let (upper, lower) = (part.to_uppercase(), part.to_lowercase());
        let turned = if part == upper { lower } else { upper };
        Some(Argument::text(if dice.percent(50) { &turned } else { &part }))
    }

    /// Returns the path to a value within JSON, mostly one that a column of this name has somewhere.
    pub(super) fn path(&self, dice: &mut Dice, field: &str) -> Option<Argument> {
        if dice.percent(20 + self.wild) {
            return None;
        }
        let keys: Vec<String> = serde_json::from_str(self.pool.value(dice, field, PATH)?).ok()?;
        Some(Argument::List(keys.iter().map(|key| Argument::text(key)).collect()))
    }

    /// Returns a value in the database, unchanged, or a part of a text.
    pub(super) fn stored(&self, dice: &mut Dice, field: &str, name: &str) -> Option<Argument> {
        let value: Value = serde_json::from_str(self.pool.value(dice, field, name)?).ok()?;
        Some(match (name, &value) {
            ("JSON", value) if is_literal(value) => value.into(),
            ("JSON", _) => Argument::text("a"),
            ("BigInt" | "Decimal" | "String", Value::Number(number)) => Argument::text(&number.to_string()),
            ("DateTime", Value::String(text)) => Argument::text(&text.replace(' ', "T")),
            ("String", Value::String(text)) if dice.percent(60) => {
                let skipped = if dice.percent(50) { 0 } else { dice.below(3) };
                let part: String = text.chars().skip(skipped).take(1 + dice.below(8)).collect();
                let part = match dice.below(4) {
                    0 => part.to_uppercase(),
                    1 => part.to_lowercase(),
                    _ => part,
                };
                let ends_open = part.chars().rev().take_while(|it| *it == '\\').count() % 2 == 1;
                // An escape in a pattern needs a character after it.
                let ends: &[&str] = if ends_open { &["\\", "%"] } else { &["", "", "%", "_"] };
                Argument::text(&format!("{part}{}", dice.pick(ends).unwrap_or(&"")))
            }
            ("String", Value::Array(_) | Value::Object(_)) => Argument::text(&value.to_string()),
            _ => Argument::from(&value),
        })
    }
}

/// Returns true if all keys are names, so that a GraphQL literal can express the value.
fn is_literal(value: &Value) -> bool {
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|it| it == '_' || it.is_ascii_alphabetic())
            && letters.all(|it| it == '_' || it.is_ascii_alphanumeric())
    };
    match value {
        Value::Array(items) => items.iter().all(is_literal),
        Value::Object(fields) => fields.iter().all(|(name, value)| is_name(name) && is_literal(value)),
        _ => true,
    }
}

/// Returns a value that hardly any client would send: at the limits of a type, beyond them, or of another type.
pub(super) fn wild(dice: &mut Dice, field: &str, name: &str, pool: &Pool) -> Argument {
    let literal =
        |dice: &mut Dice, of: &[&str]| Argument::Literal((*dice.pick(of).unwrap_or(&"null")).into());
    let text = |dice: &mut Dice, of: &[&str]| Argument::text(dice.pick(of).unwrap_or(&""));
    if dice.percent(4) {
        return literal(dice, &["null", "-1", "true", "\"\"", "[]", "{}", "1e400", "NAME", "[null]"]);
    }
    match (name, field) {
        ("String", "after" | "before") => Argument::text(&bent_cursor(dice, pool)),
        ("String", "timeZone") => text(dice, &TIME_ZONES),
        ("String", "every") => text(
            dice,
            &["PT0S", "PT1S", "P-1D", "P1000000D", "P99999999999999999999W", "P", "1 day", "PT1H1M"],
        ),
        ("String", _) if dice.percent(20) => {
            let part = dice.pick(&["x", "a ", "%", "_", "\\", "é", "ab%", "%_"]).unwrap_or(&"x");
            Argument::text(&part.repeat(1 + dice.below(10_000) / part.len()))
        }
        ("String", _) => text(dice, &TEXTS),
        ("Int", "first" | "last" | "offset" | "max") => {
            literal(dice, &["0", "-1", "1", "1000", "1001", "2147483647", "2147483648", "-2147483648"])
        }
        ("Int", _) => literal(dice, &["0", "-1", "2147483647", "-2147483648", "2147483648", "32768", "1e2"]),
        ("Float", _) => literal(dice, &FLOATS),
        ("BigInt", _) => text(dice, &INTEGERS),
        ("Decimal", _) => text(dice, &DECIMALS),
        ("Date", _) => text(dice, &DATES),
        ("DateTime" | "LocalDateTime", _) => text(dice, &MOMENTS),
        ("UUID", _) => text(dice, &UUIDS),
        ("ID", _) => Argument::text(&bent_id(dice)),
        ("JSON", _) => (&json_value(dice)).into(),
        _ => literal(dice, &["null", "true", "0"]),
    }
}

const TEXTS: [&str; 20] = [
    "",
    " ",
    "\\",
    "a\\",
    "%\\",
    "%",
    "_",
    "\u{0}",
    "a\u{0}b",
    "\u{202e}",
    "\u{feff}",
    "'",
    "\"",
    "$1",
    "--",
    "İ",
    "ß",
    "👩‍⚕️",
    "\u{10ffff}",
    "\r\n\t",
];
const TIME_ZONES: [&str; 14] = [
    "",
    "UTC",
    "+05:30",
    "-00:00",
    "+99:99",
    "foo+2",
    "UTC+2",
    "America/Santiago",
    "Pacific/Apia",
    "posixrules",
    "localtime",
    "../../etc/passwd",
    "europe/berlin",
    "Australia/Lord_Howe",
];
const FLOATS: [&str; 14] = [
    "0",
    "-0.0",
    "1e308",
    "-1e308",
    "1.8e308",
    "5e-324",
    "1e-400",
    "0.3333333333333333",
    "72.33333333333333",
    "-1",
    "1e155",
    "9007199254740993",
    "18446744073709551616",
    "\"NaN\"",
];
const INTEGERS: [&str; 9] = [
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "",
    "1e3",
    " 1",
    "１２",
];
const DECIMALS: [&str; 10] =
    ["NaN", "Infinity", "-Infinity", "1e400", "1e-400", "1e200000", "0x10", "", ".", "1e-20000"];
const DATES: [&str; 12] = [
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "infinity",
    "-infinity",
    "today",
    "+294277-01-01",
    "+5874897-12-31",
    "-004713-12-31",
    "2026-1-1",
    "",
    "+5874898-01-01",
];
const MOMENTS: [&str; 16] = [
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "infinity",
    "-infinity",
    "now",
    "2026-06-30T23:59:60Z",
    "2026-01-01T10:00:00.123456789+14:00",
    "2026-01-01T10:00:00+99:99",
    "+294276-12-31T23:59:59.999999Z",
    "-004713-12-01T00:00:00Z",
    "2026-01-01",
    "2026-01-01T10:00:00",
    "+294277-01-01T00:00:00Z",
    "",
    "2026-01-01T24:00:00Z",
    "1969-12-31T23:59:59.999999Z",
];
const UUIDS: [&str; 6] = [
    "00000000-0000-0000-0000-000000000000",
    "{00000000-0000-0000-0000-000000000000}",
    "00000000000000000000000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "",
    "urn:uuid:1",
];

fn json_value(dice: &mut Dice) -> Value {
    let deep = |depth: usize| (0..depth).fold(json!(1), |value, _| json!([value]));
    match dice.below(10) {
        0 => json!({ "a": "b\u{0}c" }),
        1 => json!("\u{0}"),
        2 => json!({ "bpm": 1e155 }),
        3 => json!({ "bpm": "80" }),
        4 => json!([]),
        5 => deep(40),
        6 => json!({ "bpm": null }),
        7 => json!({ "a": "x".repeat(5_000) }),
        8 => json!({ "bpm": 1e308, "a": [1, null, true] }),
        _ => json!("a"),
    }
}

/// Returns a cursor with a part of another one, or an invalid one.
fn bent_cursor(dice: &mut Dice, pool: &Pool) -> String {
    let types = pool.paged_types();
    let page = dice.pick(&types).and_then(|ty| pool.page(dice, ty));
    let cursor = page.and_then(|page| dice.pick(&page.cursors)).cloned().unwrap_or_default();
    let Some(Value::Array(mut parts)) =
        BASE64_URL_SAFE_NO_PAD.decode(&cursor).ok().and_then(|plain| serde_json::from_slice(&plain).ok())
    else {
        return cursor;
    };
    let bent = [
        json!(null),
        json!("NaN"),
        json!("infinity"),
        json!(1e308),
        json!(-1),
        json!("\u{0}"),
        json!([]),
        json!(""),
        json!("9223372036854775808"),
        json!({}),
        json!("x".repeat(3_000)),
        json!(0.1),
        json!("-infinity"),
    ];
    let at = dice.below(parts.len());
    match dice.below(12) {
        0 => drop(parts.remove(at)),
        1 => parts.push(json!(1)),
        2 => return cursor.chars().take(dice.below(cursor.len())).collect(),
        _ => parts[at] = dice.pick(&bent).cloned().unwrap_or_default(),
    }
    BASE64_URL_SAFE_NO_PAD.encode(json!(parts).to_string())
}

fn bent_id(dice: &mut Dice) -> String {
    let plain = dice.pick(&[
        "",
        "[]",
        "{}",
        "[\"Protocol\"]",
        "[\"Protocol\",null]",
        "[\"Protocol\",\"x\"]",
        "[\"Protocol\",1e30]",
        "[\"Protocol\",\"1\",\"2\"]",
        "[\"None\",\"1\"]",
        "[\"Protocol\",\"9223372036854775808\"]",
        "[1]",
        "\u{0}",
    ]);
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(plain.unwrap_or(&""));
    if dice.percent(20) { format!("{encoded}=") } else { encoded }
}
