//! Makes the types that all tables share: scalars, filters on values, page info and directions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_graphql::dynamic::{InputValue, TypeRef};

use super::types::{ORDER_DIRECTION, Part, Types, field, given, input, value};
use super::{aggregates, groups, series};
use crate::graph::aggregate::{self, functions};
use crate::graph::catalog::{ColumnType, DATE_OR_DATE_TIME, EnumType, Scalar, Table};

/// The types that columns use, so that only their scalars and filters are made.
#[derive(Default)]
pub(super) struct Used {
    scalars: BTreeSet<Scalar>,
    lists: BTreeSet<Scalar>,
    enums: BTreeMap<String, Arc<EnumType>>,
    /// The scalars that columns have aggregates of.
    measured: BTreeSet<Scalar>,
    /// True if a table has series along both dates and moments.
    pub(super) dates_and_moments: bool,
}

impl Used {
    /// Records the type of a column.
    pub(super) fn note(&mut self, ty: &ColumnType) {
        match ty {
            ColumnType::Scalar(scalar) => {
                self.scalars.insert(*scalar);
            }
            ColumnType::List(scalar) => {
                self.lists.insert(*scalar);
            }
            ColumnType::Enum(values) => {
                self.enums.insert(values.name.clone(), Arc::clone(values));
            }
        }
    }

    /// Records the aggregates of a table's columns.
    pub(super) fn note_aggregates(&mut self, table: &Table) {
        self.measured
            .extend(aggregates::measured(table).map(|id| aggregate::measured_as(table, id).scalar()));
    }

    /// Returns the scalars of columns and of the results of their aggregates.
    fn values(&self) -> BTreeSet<Scalar> {
        let results = self.measured.iter().flat_map(|scalar| {
            let ty = ColumnType::Scalar(*scalar);
            functions(&ty).iter().map(move |described| described.function.result(&ty).scalar())
        });
        self.scalars.iter().copied().chain(results).chain([Scalar::Int, Scalar::DateTime]).collect()
    }
}

/// Makes the shared types that the recorded columns need.
pub(super) fn make(types: &mut Types, used: &Used) {
    types.node_interface();
    page_info(types);
    order_direction(types);
    groups::make_shared(types);
    series::make_shared(types);
    aggregates::make_shared(types);
    if used.dates_and_moments {
        let doc = "Holds a date (2026-02-12) if a series runs along dates, and a moment (2026-02-12T14:15:00Z) otherwise.";
        types.scalar(DATE_OR_DATE_TIME, doc, None);
    }
    for (name, values) in &used.enums {
        enumeration(types, name, values);
    }
    let values = used.values();
    for scalar in distinct_by_name(values.union(&used.lists)) {
        custom_scalar(types, scalar);
    }
    for scalar in distinct_by_name(&values) {
        scalar_filter(types, scalar);
    }
    for scalar in distinct_by_name(&used.measured) {
        aggregates::column_aggregate(types, &ColumnType::Scalar(scalar));
    }
    if used.scalars.contains(&Scalar::Json) {
        aggregates::aggregate_within(types, &ColumnType::Scalar(Scalar::Json));
    }
    for element in &used.lists {
        list_filter(types, *element);
    }
}

/// Returns one of the scalars for each name in GraphQL, because several types of Postgres share a name.
fn distinct_by_name<'a>(scalars: impl IntoIterator<Item = &'a Scalar>) -> impl Iterator<Item = Scalar> {
    let mut names = BTreeSet::new();
    scalars.into_iter().copied().filter(move |scalar| names.insert(scalar.graphql_name()))
}

fn page_info(types: &mut Types) {
    let truth = || TypeRef::named_nn(TypeRef::BOOLEAN);
    let cursor = || TypeRef::named(TypeRef::STRING);
    types.object(
        "PageInfo",
        "Locates a page among all pages. Without `first` and `last` a page has the server's default size; `offset` counts from the cursor.",
        [
            field("hasNextPage", truth(), "True if rows follow this page."),
            field("hasPreviousPage", truth(), "True if rows precede this page."),
            field("startCursor", cursor(), "Marks the first row of the page."),
            field("endCursor", cursor(), "Marks the last row of the page."),
        ],
    );
}

fn order_direction(types: &mut Types) {
    let values = [
        value("ASC", "Sorts upwards, with missing values last."),
        value("ASC_NULLS_FIRST", "Sorts upwards, with missing values first."),
        value("ASC_NULLS_LAST", "Sorts upwards, with missing values last."),
        value("DESC", "Sorts downwards, with missing values first."),
        value("DESC_NULLS_FIRST", "Sorts downwards, with missing values first."),
        value("DESC_NULLS_LAST", "Sorts downwards, with missing values last."),
    ];
    types.enumeration(ORDER_DIRECTION, "Sets the direction and the place of rows without a value. Later entries of `orderBy` decide ties, then the primary key.", values);
}

fn enumeration(types: &mut Types, name: &str, values: &EnumType) {
    types.enumeration(name, &values.doc, values.values.iter().map(|it| value(&it.name, &it.doc)));
    types.input(
        &format!("{name}Filter"),
        &format!("Filters values of type {name}."),
        comparisons(name, false),
    );
}

fn custom_scalar(types: &mut Types, scalar: Scalar) {
    let (doc, specified_by) = match scalar {
        Scalar::BigInt => ("Holds a whole number of 64 bits as a string; a number is accepted too.", None),
        Scalar::Decimal => ("Holds a decimal number of any size as a string.", None),
        Scalar::Uuid => ("Holds a UUID.", Some("https://www.rfc-editor.org/rfc/rfc9562")),
        Scalar::Date => {
            ("Holds a calendar date: 2026-02-12.", Some("https://www.rfc-editor.org/rfc/rfc3339#section-5.6"))
        }
        Scalar::LocalDateTime => ("Holds a date and time without time zone: 2026-02-12T14:15:00.", None),
        Scalar::DateTime => (
            "Holds a moment: 2026-02-12T14:15:00Z. Any offset is accepted, UTC is returned.",
            Some("https://www.rfc-editor.org/rfc/rfc3339#section-5.6"),
        ),
        Scalar::Json => ("Holds any JSON value.", Some("https://www.rfc-editor.org/rfc/rfc8259")),
        Scalar::Boolean
        | Scalar::SmallInt
        | Scalar::Int
        | Scalar::Real
        | Scalar::Double
        | Scalar::Numeric
        | Scalar::Text => return,
    };
    types.scalar(scalar.graphql_name(), doc, specified_by);
}

fn scalar_filter(types: &mut Types, scalar: Scalar) {
    let name = scalar.graphql_name();
    let one = || TypeRef::named(name);
    let fields = match scalar {
        Scalar::Boolean => vec![input("eq", one(), EQUAL), input("neq", one(), DIFFERENT), is_null()],
        Scalar::Json => {
            json_path_filter(types);
            vec![
                input("eq", one(), "Matches equal JSON, whatever the order of keys."),
                input("neq", one(), DIFFERENT),
                input("contains", one(), "Matches JSON that contains this, as Postgres's `@>`."),
                input(
                    "hasKey",
                    TypeRef::named(TypeRef::STRING),
                    "Matches objects with this key and arrays with this string.",
                ),
                input("path", TypeRef::named(JSON_PATH_FILTER), "Filters by the value at a path."),
                is_null(),
            ]
        }
        Scalar::Text => {
            let mut fields = comparisons(name, true);
            fields.extend([
                input(
                    "like",
                    one(),
                    "Matches an SQL pattern: `%` is any text, `_` any character; case matters.",
                ),
                input(
                    "ilike",
                    one(),
                    "Matches an SQL pattern: `%` is any text, `_` any character; case does not matter.",
                ),
                input("startsWith", one(), "Matches texts that begin with this; case matters."),
                input("contains", one(), "Matches texts that contain this; case does not matter."),
            ]);
            fields
        }
        Scalar::Uuid => comparisons(name, false),
        _ => comparisons(name, true),
    };
    types.input(
        &ColumnType::Scalar(scalar).filter_name(),
        &format!("Filters values of type {name}: all conditions hold."),
        fields,
    );
}

const JSON_PATH_FILTER: &str = "JSONPathFilter";

fn json_path_filter(types: &mut Types) {
    let at = input(
        "at",
        TypeRef::named_nn_list_nn(TypeRef::STRING),
        "Names keys, or positions from 0, from the outside in.",
    );
    types.input(
        JSON_PATH_FILTER,
        "Filters by the value at a path within JSON: all conditions hold.",
        [at].into_iter().chain(comparisons(Scalar::Json.graphql_name(), true)),
    );
}

fn list_filter(types: &mut Types, element: Scalar) {
    let ty = ColumnType::List(element);
    types.input(
        &ty.filter_name(),
        &format!("Filters lists of {}: all conditions hold.", element.graphql_name()),
        [
            input("eq", given(&ty), "Matches the same elements in the same order."),
            input("contains", given(&ty), "Matches lists that contain all of these."),
            input("containedBy", given(&ty), "Matches lists that contain nothing but these."),
            input("overlaps", given(&ty), "Matches lists that contain one of these."),
            input(
                "isNull",
                TypeRef::named(TypeRef::BOOLEAN),
                "Matches missing lists if true, and others if false.",
            ),
        ],
    );
}

const EQUAL: &str = "Matches equal values.";
const DIFFERENT: &str = "Matches different values, but no missing ones.";

/// Makes the input fields that compare a value of a type.
fn comparisons(name: &str, ordered: bool) -> Vec<Part<InputValue>> {
    let one = || TypeRef::named(name);
    let list = || TypeRef::named_nn_list(name);
    let mut fields = vec![
        input("eq", one(), EQUAL),
        input("neq", one(), DIFFERENT),
        input("in", list(), "Matches one of these."),
        input("notIn", list(), "Matches none of these, and no missing value."),
    ];
    if ordered {
        fields.extend([
            input("lt", one(), "Matches lesser values."),
            input("lte", one(), "Matches lesser and equal values."),
            input("gt", one(), "Matches greater values."),
            input("gte", one(), "Matches greater and equal values."),
        ]);
    }
    fields.push(is_null());
    fields
}

fn is_null() -> Part<InputValue> {
    input("isNull", TypeRef::named(TypeRef::BOOLEAN), "Matches missing values if true, and others if false.")
}
