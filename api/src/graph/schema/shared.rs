//! What all tables share: scalars, filters on values, pages, directions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::numbers::{
    aggregate_within, column_aggregate, list_grouping, percentile_inputs, ranges, series_fill, time_bucket,
};
use super::sdl::Sdl;
use crate::graph::aggregate::functions;
use crate::graph::catalog::{ColumnType, DATE_OR_DATE_TIME, EnumType, Scalar};

/// Types that some column uses, so that none is written that nothing reaches.
#[derive(Default)]
pub(super) struct Used {
    scalars: BTreeSet<Scalar>,
    lists: BTreeSet<Scalar>,
    enums: BTreeMap<String, Arc<EnumType>>,
    /// Whether a table has dates and moments.
    pub(super) dates_and_moments: bool,
}

impl Used {
    /// Notes the type of a column.
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
}

fn enumeration(sdl: &mut Sdl, name: &str, values: &EnumType) {
    sdl.open(&values.doc, &format!("enum {name}"));
    for value in &values.values {
        sdl.field(&value.doc, &value.name);
    }
    sdl.close();
    sdl.open(&format!("Conditions on a {name}."), &format!("input {name}Filter"));
    comparisons(sdl, name, false);
    sdl.close();
}

/// Writes what the columns that were noted need.
pub(super) fn write(sdl: &mut Sdl, used: &Used) {
    for (name, values) in &used.enums {
        enumeration(sdl, name, values);
    }
    sdl.open("An object with a global id.", "interface Node");
    sdl.field("Global id.", "id: ID!");
    sdl.close();
    sdl.open("Where a page stands among all pages.", "type PageInfo");
    sdl.field("Whether rows follow this page.", "hasNextPage: Boolean!");
    sdl.field("Whether rows stand before this page.", "hasPreviousPage: Boolean!");
    sdl.field("Cursor of the page's first row.", "startCursor: String");
    sdl.field("Cursor of the page's last row.", "endCursor: String");
    sdl.close();
    sdl.open("Which way, and where rows without a value stand.", "enum OrderDirection");
    for (name, doc) in [
        ("ASC", "Ascending; rows without a value last."),
        ("ASC_NULLS_FIRST", "Ascending; rows without a value first."),
        ("ASC_NULLS_LAST", "Ascending; rows without a value last."),
        ("DESC", "Descending; rows without a value first."),
        ("DESC_NULLS_FIRST", "Descending; rows without a value first."),
        ("DESC_NULLS_LAST", "Descending; rows without a value last."),
    ] {
        sdl.field(doc, name);
    }
    sdl.close();

    time_bucket(sdl);
    let doc = "A date where a series runs along dates, 2026-02-12, and else a moment, 2026-02-12T14:15:00Z.";
    if used.dates_and_moments {
        sdl.line(doc, &format!("scalar {DATE_OR_DATE_TIME}"));
    }
    list_grouping(sdl);
    ranges(sdl);
    series_fill(sdl);
    percentile_inputs(sdl);

    // What columns hold and what their functions give; several column types share a GraphQL scalar, hence by name.
    let results = used.scalars.iter().flat_map(|scalar| {
        let ty = ColumnType::Scalar(*scalar);
        functions(&ty)
            .iter()
            .map(move |described| described.function.result(&ty).scalar())
            .collect::<Vec<_>>()
    });
    let values: BTreeSet<Scalar> =
        used.scalars.iter().copied().chain(results).chain([Scalar::Int, Scalar::DateTime]).collect();
    let mut written = BTreeSet::new();
    for scalar in values.union(&used.lists) {
        if written.insert(scalar.graphql_name()) {
            custom_scalar(sdl, *scalar);
        }
    }
    let mut written = BTreeSet::new();
    for scalar in &values {
        if written.insert(scalar.graphql_name()) {
            scalar_filter(sdl, *scalar);
        }
    }
    let mut written = BTreeSet::new();
    for scalar in &used.scalars {
        let ty = ColumnType::Scalar(*scalar);
        if !functions(&ty).is_empty() && written.insert(scalar.graphql_name()) {
            column_aggregate(sdl, &ty, scalar.graphql_name());
        }
    }
    if used.scalars.contains(&Scalar::Json) {
        aggregate_within(sdl, &ColumnType::Scalar(Scalar::Json));
    }
    if let Some(values) = used.enums.values().next() {
        column_aggregate(sdl, &ColumnType::Enum(Arc::clone(values)), "an enum");
    }
    for element in &used.lists {
        let list = ColumnType::List(*element);
        sdl.open(
            &format!("Conditions on a list of {}.", element.graphql_name()),
            &format!("input {}", list.filter_name()),
        );
        let ty = list.graphql_name();
        sdl.field("The same elements in the same order.", &format!("eq: {ty}"));
        sdl.field("Contains all of these.", &format!("contains: {ty}"));
        sdl.field("Contains nothing but these.", &format!("containedBy: {ty}"));
        sdl.field("Has at least one of these.", &format!("overlaps: {ty}"));
        sdl.field("Whether there is no list.", "isNull: Boolean");
        sdl.close();
    }
}

fn custom_scalar(sdl: &mut Sdl, scalar: Scalar) {
    let (doc, specified_by) = match scalar {
        Scalar::BigInt => ("A whole number of 64 bits, as a string; a number is accepted too.", None),
        Scalar::Decimal => ("A decimal number of any size, as a string.", None),
        Scalar::Uuid => ("A UUID.", Some("https://www.rfc-editor.org/rfc/rfc9562")),
        Scalar::Date => {
            ("A calendar date: 2026-02-12.", Some("https://www.rfc-editor.org/rfc/rfc3339#section-5.6"))
        }
        Scalar::LocalDateTime => ("A date and time without time zone: 2026-02-12T14:15:00.", None),
        Scalar::DateTime => (
            "A moment: 2026-02-12T14:15:00Z. Any offset is accepted, UTC is returned.",
            Some("https://www.rfc-editor.org/rfc/rfc3339#section-5.6"),
        ),
        Scalar::Json => ("Any JSON value.", Some("https://www.rfc-editor.org/rfc/rfc8259")),
        Scalar::Boolean
        | Scalar::SmallInt
        | Scalar::Int
        | Scalar::Real
        | Scalar::Double
        | Scalar::Numeric
        | Scalar::Text => return,
    };
    let url = specified_by.map(|url| format!(" @specifiedBy(url: \"{url}\")")).unwrap_or_default();
    sdl.line(doc, &format!("scalar {}{url}", scalar.graphql_name()));
}

fn scalar_filter(sdl: &mut Sdl, scalar: Scalar) {
    let ty = scalar.graphql_name();
    sdl.open(
        &format!("Conditions on a value of type {ty}, all together."),
        &format!("input {}", ColumnType::Scalar(scalar).filter_name()),
    );
    match scalar {
        Scalar::Boolean => {
            sdl.field("Equal to.", "eq: Boolean");
            sdl.field("Different from; a missing value is neither.", "neq: Boolean");
            sdl.field("Whether there is no value.", "isNull: Boolean");
        }
        Scalar::Json => {
            sdl.field("Equal to, whatever the order of keys.", "eq: JSON");
            sdl.field("Different from; a missing value is neither.", "neq: JSON");
            sdl.field("Contains this, as Postgres's `@>`.", "contains: JSON");
            sdl.field("Has this key, or this string as an element.", "hasKey: String");
            sdl.field("Conditions on the value at a path.", "path: JSONPathFilter");
            sdl.field("Whether there is no value.", "isNull: Boolean");
            sdl.close();
            sdl.open("Conditions on the value at a path within JSON, all together.", "input JSONPathFilter");
            sdl.field("Keys, or positions counted from 0, from the outside in.", "at: [String!]!");
            comparisons(sdl, "JSON", true);
        }
        Scalar::Text => {
            comparisons(sdl, ty, true);
            sdl.field("SQL pattern: `%` any text, `_` any character; case matters.", "like: String");
            sdl.field("SQL pattern: `%` any text, `_` any character; case does not matter.", "ilike: String");
            sdl.field("Begins with this text; case matters.", "startsWith: String");
            sdl.field("Contains this text; case does not matter.", "contains: String");
        }
        Scalar::Uuid => comparisons(sdl, ty, false),
        _ => comparisons(sdl, ty, true),
    }
    sdl.close();
}

fn comparisons(sdl: &mut Sdl, ty: &str, ordered: bool) {
    sdl.field("Equal to.", &format!("eq: {ty}"));
    sdl.field("Different from; a missing value is neither.", &format!("neq: {ty}"));
    sdl.field("One of these.", &format!("in: [{ty}!]"));
    sdl.field("None of these; a missing value is neither.", &format!("notIn: [{ty}!]"));
    if ordered {
        sdl.field("Less than.", &format!("lt: {ty}"));
        sdl.field("Less than or equal to.", &format!("lte: {ty}"));
        sdl.field("Greater than.", &format!("gt: {ty}"));
        sdl.field("Greater than or equal to.", &format!("gte: {ty}"));
    }
    sdl.field("Whether there is no value.", "isNull: Boolean");
}
