//! Tests numbers of any length, as literals and as variables.

use proptest::prelude::*;

use super::GATEWAY;
use crate::graph::arguments::number;
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::value::write_value;

/// An operation for each type of number, with the type of its variable and of its parameter.
const NUMBERS: [(&str, &str, Held); 7] = [
    ("{ protocols(filter: {sessionNumber: {eq: VALUE}}) { totalCount } }", "Int", Held::Int),
    ("{ protocols(filter: {subjectId: {eq: VALUE}}) { totalCount } }", "BigInt", Held::BigInt),
    ("{ protocols(filter: {dosageMg: {eq: VALUE}}) { totalCount } }", "Float", Held::Numeric),
    ("{ protocols(filter: {prepHours: {in: [VALUE]}}) { totalCount } }", "Decimal!", Held::Array),
    ("{ protocols(filter: {prepHours: {eq: VALUE}}) { totalCount } }", "Decimal", Held::Numeric),
    (
        "{ protocolsGroups(groupBy: {sessionType: true}, having: {sessionNumber: {avg: {gte: VALUE}}}) { cursor } }",
        "Float",
        Held::Double,
    ),
    (
        "{ therapyflow { wearableSamples(filter: {metrics: {contains: {bpm: [VALUE]}}}) { totalCount } } }",
        "JSON",
        Held::Json,
    ),
];

/// The type of the parameter.
#[derive(Clone, Copy, Debug)]
enum Held {
    Int,
    BigInt,
    Numeric,
    Array,
    Double,
    Json,
}

impl Held {
    /// Returns the number in a parameter.
    fn number(self, bytes: &[u8]) -> String {
        let written = |scalar: Scalar, bytes: &[u8]| {
            let mut out = Vec::new();
            write_value(&ColumnType::Scalar(scalar), Some(bytes), &mut out);
            String::from_utf8(out).unwrap().trim_matches('"').to_owned()
        };
        match self {
            Self::Int => written(Scalar::Int, bytes),
            Self::BigInt => written(Scalar::BigInt, bytes),
            Self::Numeric => written(Scalar::Decimal, bytes),
            // One element: dimensions, flags, type, size, bound, length.
            Self::Array => written(Scalar::Decimal, &bytes[24..]),
            Self::Double => f64::from_be_bytes(bytes.try_into().unwrap()).to_string(),
            Self::Json => {
                let text = String::from_utf8(bytes[1..].to_vec()).unwrap();
                text.strip_prefix("{\"bpm\":[").unwrap().strip_suffix("]}").unwrap().to_owned()
            }
        }
    }

    /// Returns true if the type can hold a number.
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Int => text.parse::<i32>().is_ok(),
            Self::BigInt => text.parse::<i64>().is_ok(),
            Self::Double => number::double(text).is_some(),
            Self::Numeric | Self::Array | Self::Json => true,
        }
    }
}

fn any_number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i128>().prop_map(|it| it.to_string()),
        any::<i64>().prop_map(|it| it.to_string()),
        any::<i32>().prop_map(|it| it.to_string()),
        (-3_i128..3, prop::sample::select(vec![31, 32, 53, 54, 63, 64]))
            .prop_map(|(by, power)| ((1_i128 << power) + by).to_string()),
        (-3_i128..3, prop::sample::select(vec![31, 53, 63]))
            .prop_map(|(by, power)| (by - (1_i128 << power)).to_string()),
        "-?(0|[1-9][0-9]{0,2})\\.[0-9]{1,30}",
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}",
    ]
}

proptest! {
    #[test]
    fn a_number_is_what_it_says_or_refused(text in any_number()) {
        for (operation, ty, held) in NUMBERS {
            let literal = GATEWAY.plan(&operation.replace("VALUE", &text), "{}");
            let variable =
                GATEWAY.plan(&format!("query($v: {ty}) {}", operation.replace("VALUE", "$v")), &format!("{{\"v\": {text}}}"));
            prop_assert_eq!(literal.is_ok(), held.holds(&text), "{} {} {:?}", ty, text, literal);
            match (literal, variable) {
                (Ok(literal), Ok(variable)) => {
                    let asked = literal.last().and_then(|statement| statement.parameters.first()).unwrap();
                    prop_assert_eq!(Some(asked), variable.last().and_then(|statement| statement.parameters.first()));
                    let bytes = asked.value.as_deref().unwrap();
                    if let Held::Double = held {
                        prop_assert_eq!(bytes, text.parse::<f64>().unwrap().to_be_bytes());
                    } else {
                        prop_assert_eq!(number::plain(&held.number(bytes)), number::plain(&text), "{}", ty);
                    }
                }
                (Err(_), Err(_)) => {}
                (literal, variable) => prop_assert!(false, "{ty} {text}: {literal:?} {variable:?}"),
            }
        }
    }
}
