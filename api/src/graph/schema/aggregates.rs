//! Makes the types of aggregates, for tables and for types of columns.

use async_graphql::dynamic::{Field, InputValue, TypeRef};

use super::derived::derived_field;
use super::types::{ORDER_DIRECTION, Part, Types, field, given, input, required_if};
use crate::graph::aggregate::{self, AggregateFunction, Described};
use crate::graph::catalog::{ColumnId, ColumnType, Table};

/// Makes the aggregate of a table.
pub(super) fn make(types: &mut Types, table: &Table) {
    let count = derived_field("count", TypeRef::named_nn(TypeRef::INT));
    let columns = measured(table).map(|id| {
        derived_field(
            &table.column(id).field,
            TypeRef::named_nn(aggregate::type_name(aggregate::measured_as(table, id))),
        )
    });
    let within = table.columns.iter().filter(|column| aggregate::has_numbers_within(&column.ty));
    let within = within.map(|column| {
        let at = input(
            "at",
            TypeRef::named_nn_list_nn(TypeRef::STRING),
            "Names keys, or positions from 0, from the outside in.",
        );
        let ty = TypeRef::named_nn(aggregate::type_name(&column.ty));
        derived_field(&column.field, ty).arguments(vec![at])
    });
    types.object(
        &format!("{}Aggregate", table.type_name),
        &format!("Aggregates `{}` rows.", table.type_name),
        [count].into_iter().chain(columns).chain(within),
    );
}

/// Returns the columns that have aggregate functions.
pub(super) fn measured(table: &Table) -> impl Iterator<Item = ColumnId> {
    table.column_ids().filter(|id| !aggregate::functions(aggregate::measured_as(table, *id)).is_empty())
}

/// Makes the type with the aggregates of numbers within JSON.
pub(super) fn aggregate_within(types: &mut Types, ty: &ColumnType) {
    let doc = "Aggregates the numbers at a place within JSON; other values count as missing.";
    types.object(&aggregate::type_name(ty), doc, results(&aggregate::NUMBER_WITHIN));
}

/// Makes the type with the aggregates of a type of columns, and the inputs that order and filter groups by them.
pub(super) fn column_aggregate(types: &mut Types, ty: &ColumnType) {
    let name = aggregate::type_name(ty);
    let is_counted = *ty == aggregate::COUNTED;
    let of = if is_counted { "a key, an enum or a UUID" } else { ty.graphql_name() };
    let described = || aggregate::functions(ty).iter();
    types.object(&name, &format!("Aggregates values of type {of}."), results(ty));
    let orders = described().map(|Described { field, doc, function }| {
        let order = if takes_share(*function) { PERCENTILE_ORDER_BY } else { ORDER_DIRECTION };
        input(field, TypeRef::named(order), doc)
    });
    let doc = format!("Orders groups by an aggregate of values of type {of}.");
    types.one_of(&format!("{name}OrderBy"), &doc, orders);
    let filters = described().map(|Described { field, doc, function }| {
        let filter = match function {
            function if takes_share(*function) => PERCENTILE_FILTER.to_owned(),
            function => function.result(ty).filter_name(),
        };
        input(field, TypeRef::named(filter), doc)
    });
    let doc = format!("Filters groups by aggregates of values of type {of}: all conditions hold.");
    types.input(&format!("{name}Filter"), &doc, filters);
}

fn results(ty: &ColumnType) -> impl Iterator<Item = Part<Field>> {
    aggregate::functions(ty).iter().map(|described| {
        let function = described.function;
        let result = required_if(function.is_count(), given(&function.result(ty)));
        let arguments = if takes_share(function) { vec![share()] } else { Vec::new() };
        field(described.field, result, described.doc).arguments(arguments)
    })
}

const PERCENTILE_ORDER_BY: &str = "PercentileOrderBy";
const PERCENTILE_FILTER: &str = "PercentileFilter";

/// Makes the inputs of percentiles.
pub(super) fn make_shared(types: &mut Types) {
    let direction = input("direction", TypeRef::named_nn(ORDER_DIRECTION), "Sets the direction.");
    types.input(PERCENTILE_ORDER_BY, "Orders groups by a percentile.", [share(), direction]);
    let value = input("value", TypeRef::named_nn("FloatFilter"), "Filters by the value.");
    types.input(PERCENTILE_FILTER, "Filters groups by a percentile.", [share(), value]);
}

fn takes_share(function: AggregateFunction) -> bool {
    matches!(function, AggregateFunction::Percentile(_))
}

fn share() -> Part<InputValue> {
    input(
        "p",
        TypeRef::named_nn(TypeRef::FLOAT),
        "Sets the share of the rows, from 0 to 1: 0.5 for the median.",
    )
}
