//! Catalog → GraphQL schema, as SDL that apollo-compiler then parses and checks.
//!
//! What is alike for all tables is written once; a table adds its type, connection, edge, filter and order, and only
//! what some field reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use thiserror::Error;

use super::aggregate::{self, Described, Function, functions};
use super::catalog::names::capitalise;
use super::catalog::{Catalog, Column, ColumnType, EnumType, Relation, Scalar, Table};

/// The generated SDL is not a valid schema: two names clash, or a description or name cannot be written.
#[derive(Debug, Error)]
#[error("the generated schema is not valid: {0}")]
pub struct SchemaError(String);

/// Builds the schema of a catalog.
pub fn build(catalog: &Catalog) -> Result<Valid<Schema>, SchemaError> {
    Schema::parse_and_validate(sdl(catalog), "schema.graphql")
        .map_err(|invalid| SchemaError(invalid.errors.to_string()))
}

/// The schema of a catalog as SDL, the same for the same catalog.
pub fn sdl(catalog: &Catalog) -> String {
    let mut sdl = Sdl::default();
    let mut used = Used::default();
    query(&mut sdl, catalog);
    for table in catalog.tables() {
        object(&mut sdl, catalog, table);
        connection(&mut sdl, table);
        aggregates(&mut sdl, table);
        groups(&mut sdl, catalog, table);
        filter(&mut sdl, catalog, table);
        order(&mut sdl, catalog, table);
        for column in &table.columns {
            used.note(&column.ty);
        }
    }
    for table in catalog.tables().iter().filter(|table| is_listed_by_another(catalog, table)) {
        list_filter(&mut sdl, table);
    }
    for (name, values) in &used.enums {
        enumeration(&mut sdl, name, values);
    }
    shared(&mut sdl, &used);
    sdl.text
}

/// Types that some column uses, so that none is written that nothing reaches.
#[derive(Default)]
struct Used {
    scalars: BTreeSet<Scalar>,
    lists: BTreeSet<Scalar>,
    enums: BTreeMap<String, Arc<EnumType>>,
}

impl Used {
    fn note(&mut self, ty: &ColumnType) {
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

fn query(sdl: &mut Sdl, catalog: &Catalog) {
    sdl.open(
        "Everything that can be read. What the caller may not see does not exist: it is null or left out, never an \
         error.",
        "type Query",
    );
    sdl.field("Any object by its global id.", "node(\n    \"The id of any object.\"\n    id: ID!\n  ): Node");
    sdl.field(
        "Objects by their global ids, in the order asked for; null where there is none.",
        "nodes(\n    \"Ids of any objects.\"\n    ids: [ID!]!\n  ): [Node]!",
    );
    for (index, system) in catalog.systems().iter().enumerate() {
        match &system.field {
            Some(field) => sdl.field(system.doc, &format!("{field}: {}Query!", capitalise(field))),
            None => root_fields(sdl, catalog, index),
        }
    }
    sdl.close();
    for (index, system) in catalog.systems().iter().enumerate() {
        if let Some(field) = &system.field {
            sdl.open(system.doc, &format!("type {}Query", capitalise(field)));
            root_fields(sdl, catalog, index);
            sdl.close();
        }
    }
}

fn root_fields(sdl: &mut Sdl, catalog: &Catalog, system: usize) {
    for table in catalog.tables().iter().filter(|table| table.system == system) {
        let mut arguments = String::new();
        let only_key = table.keys.len() == 1;
        let mut named = BTreeSet::new();
        for column in table.keys.iter().flatten() {
            if !named.insert(*column) {
                continue;
            }
            let column = table.column(*column);
            let mark = if only_key { "!" } else { "" };
            // Writing to a String cannot fail.
            let _ = write!(
                arguments,
                "\n    {}\n    {}: {}{mark}",
                quoted(&first_sentence(&column.doc)),
                column.field,
                column.ty.graphql_name()
            );
        }
        let hint = if only_key { String::new() } else { format!(" Give exactly one of: {}.", keys(table)) };
        sdl.field(
            &format!("One row of `{}` by its key; null where there is none.{hint}", table.name),
            &format!("{}({arguments}\n  ): {}", table.single_field, table.type_name),
        );
        sdl.field(&table.doc, &format!("{}{}", table.list_field, connection_of(table)));
        sdl.field(
            &format!("Rows of `{}` in groups, with numbers over each.", table.name),
            &format!("{}{}", table.groups_field, groups_of(table)),
        );
    }
}

/// `medicationId` or `medicationName`; columns of one key joined by `+`.
pub fn keys(table: &Table) -> String {
    let key = |columns: &Vec<super::catalog::ColumnId>| {
        columns.iter().map(|column| table.column(*column).field.as_str()).collect::<Vec<_>>().join(" + ")
    };
    table.keys.iter().map(key).collect::<Vec<_>>().join(", ")
}

fn object(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    sdl.open(&table.doc, &format!("type {} implements Node", table.type_name));
    sdl.field("Global id, for caches and for `node(id:)`.", "id: ID!");
    for column in &table.columns {
        let mark = if column.nullable { "" } else { "!" };
        sdl.field(&column.doc, &format!("{}: {}{mark}", column.field, output(&column.ty)));
    }
    for relation in &table.relations {
        let target = catalog.table(relation.target);
        if relation.many {
            sdl.field(&relation.doc, &format!("{}{}", relation.field, connection_of(target)));
            sdl.field(
                &format!("{} In groups, with numbers over each.", relation.doc),
                &format!("{}{}", relation.groups_field(), groups_of(target)),
            );
        } else {
            // Nullable even where the key is not: the row may be invisible to the caller.
            sdl.field(&relation.doc, &format!("{}: {}", relation.field, target.type_name));
        }
    }
    sdl.close();
}

/// Type of a value that is returned: an array of Postgres may hold NULL, which nobody needs to send.
fn output(ty: &ColumnType) -> String {
    match ty {
        ColumnType::List(element) => format!("[{}]", element.graphql_name()),
        ColumnType::Scalar(_) | ColumnType::Enum(_) => ty.graphql_name(),
    }
}

fn connection_of(table: &Table) -> String {
    format!(
        "(
    \"The first n rows; without `first` and `last`, the server's default page.\"
    first: Int
    \"Rows after this cursor.\"
    after: String
    \"The last n rows, in the same order.\"
    last: Int
    \"Rows before this cursor.\"
    before: String
    \"Skips n rows; with cursors, counted from the cursor.\"
    offset: Int
    \"Only rows that match.\"
    filter: {name}Filter
    \"First by the first entry, then by the next; the primary key decides ties. One column per entry.\"
    orderBy: [{name}OrderBy!]
  ): {name}Connection!",
        name = table.type_name
    )
}

fn groups_of(table: &Table) -> String {
    format!(
        "(
    \"What the rows of a group have in common.\"
    groupBy: {name}GroupBy!
    \"Only rows that match.\"
    filter: {name}Filter
    \"Only groups whose numbers match.\"
    having: {name}Having
    \"First by the first entry, then by the next; the keys decide ties. One field per entry.\"
    orderBy: [{name}GroupOrderBy!]
    \"The first n groups; without it, the server's default page.\"
    first: Int
    \"Groups after this cursor.\"
    after: String
    \"Skips n groups; with a cursor, counted from the cursor.\"
    offset: Int
  ): [{name}Group!]!",
        name = table.type_name
    )
}

fn groups(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    let name = &table.type_name;
    sdl.open(&format!("Rows of `{}` that have a key in common.", table.name), &format!("type {name}Group"));
    sdl.field("What the rows have in common.", &format!("key: {name}GroupKey!"));
    sdl.field(
        "Numbers over the rows. Only what is asked for is computed.",
        &format!("aggregate: {name}Aggregate!"),
    );
    sdl.field("Marks the group's place in this order, for `after`.", "cursor: String!");
    sdl.close();

    sdl.open(
        &format!(
            "What a group of `{}` has in common; only fields that `groupBy` names can be asked for.",
            table.name
        ),
        &format!("type {name}GroupKey"),
    );
    let columns = || table.columns.iter().filter(|column| is_group_key(&column.ty));
    let relations = || table.relations.iter().filter(|relation| !relation.many);
    for column in columns() {
        sdl.field(&first_sentence(&column.doc), &format!("{}: {}", column.field, column.ty.graphql_name()));
    }
    for relation in relations() {
        let target = &catalog.table(relation.target).type_name;
        sdl.field(&first_sentence(&relation.doc), &format!("{}: {target}GroupKey!", relation.field));
    }
    sdl.close();

    sdl.open(
        &format!("What to group `{}` by: at least one field.", table.name),
        &format!("input {name}GroupBy"),
    );
    for column in columns() {
        let ty = if is_time(&column.ty) { "TimeBucket" } else { "Boolean" };
        sdl.field(&first_sentence(&column.doc), &format!("{}: {ty}", column.field));
    }
    for relation in relations() {
        let target = &catalog.table(relation.target).type_name;
        sdl.field(&first_sentence(&relation.doc), &format!("{}: {target}GroupBy", relation.field));
    }
    sdl.close();

    sdl.open(
        &format!("An order of groups of `{}`: exactly one field.", table.name),
        &format!("input {name}GroupOrderBy"),
    );
    sdl.field("By a key that `groupBy` names.", &format!("key: {name}OrderBy"));
    sdl.field("By the number of rows.", "count: OrderDirection");
    for column in measured(table) {
        let ty = aggregate::type_name(&column.ty);
        sdl.field(&first_sentence(&column.doc), &format!("{}: {ty}OrderBy", column.field));
    }
    sdl.close();

    sdl.open(
        &format!("Which groups of `{}`: all conditions together.", table.name),
        &format!("input {name}Having"),
    );
    sdl.field("All of these.", &format!("and: [{name}Having!]"));
    sdl.field("At least one of these.", &format!("or: [{name}Having!]"));
    sdl.field("Not this.", &format!("not: {name}Having"));
    sdl.field("Number of rows.", "count: IntFilter");
    for column in measured(table) {
        let ty = aggregate::type_name(&column.ty);
        sdl.field(&first_sentence(&column.doc), &format!("{}: {ty}Filter", column.field));
    }
    sdl.close();
}

/// Columns that have aggregate functions.
fn measured(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| !functions(&column.ty).is_empty())
}

fn is_group_key(ty: &ColumnType) -> bool {
    !matches!(ty, ColumnType::List(_) | ColumnType::Scalar(Scalar::Json))
}

fn is_time(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Scalar(Scalar::Date | Scalar::DateTime | Scalar::LocalDateTime))
}

fn connection(sdl: &mut Sdl, table: &Table) {
    let name = &table.type_name;
    sdl.open(&format!("A page of `{}`.", table.name), &format!("type {name}Connection"));
    sdl.field("The page's rows, each with its cursor.", &format!("edges: [{name}Edge!]!"));
    sdl.field("The page's rows.", &format!("nodes: [{name}!]!"));
    sdl.field("Where the page stands.", "pageInfo: PageInfo!");
    sdl.field("Rows on all pages; counted only when asked for.", "totalCount: Int!");
    sdl.field(
        "Numbers over the rows on all pages. Only what is asked for is computed.",
        &format!("aggregate: {name}Aggregate!"),
    );
    sdl.close();
    sdl.open(&format!("A row of `{}` in a page.", table.name), &format!("type {name}Edge"));
    sdl.field("Marks the row's place in this order, for `after` and `before`.", "cursor: String!");
    sdl.field("The row.", &format!("node: {name}!"));
    sdl.close();
}

fn aggregates(sdl: &mut Sdl, table: &Table) {
    sdl.open(
        &format!("Numbers over rows of `{}`.", table.name),
        &format!("type {}Aggregate", table.type_name),
    );
    sdl.field("Number of rows.", "count: Int!");
    for column in measured(table) {
        sdl.field(
            &first_sentence(&column.doc),
            &format!("{}: {}!", column.field, aggregate::type_name(&column.ty)),
        );
    }
    sdl.close();
}

/// The functions of a column; all columns of a type share them.
fn column_aggregate(sdl: &mut Sdl, ty: &ColumnType, of: &str) {
    sdl.open(&format!("Numbers over values of type {of}."), &format!("type {}", aggregate::type_name(ty)));
    for Described { field, doc, function } in functions(ty) {
        let arguments = if matches!(function, Function::Percentile(_)) {
            "(\n    \"Share of the rows, from 0 to 1: 0.5 for the median.\"\n    p: Float!\n  )"
        } else {
            ""
        };
        let mark = if function.is_count() { "!" } else { "" };
        sdl.field(doc, &format!("{field}{arguments}: {}{mark}", function.result(ty).graphql_name()));
    }
    sdl.close();

    let name = aggregate::type_name(ty);
    sdl.open(
        &format!("An order by values of type {of}: exactly one field."),
        &format!("input {name}OrderBy"),
    );
    for Described { field, doc, function } in functions(ty) {
        let order =
            if matches!(function, Function::Percentile(_)) { "PercentileOrderBy" } else { "OrderDirection" };
        sdl.field(doc, &format!("{field}: {order}"));
    }
    sdl.close();
    sdl.open(
        &format!("Conditions on numbers over values of type {of}, all together."),
        &format!("input {name}Filter"),
    );
    for Described { field, doc, function } in functions(ty) {
        let filter = if matches!(function, Function::Percentile(_)) {
            "PercentileFilter".to_owned()
        } else {
            function.result(ty).filter_name()
        };
        sdl.field(doc, &format!("{field}: {filter}"));
    }
    sdl.close();
}

fn filter(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    let name = &table.type_name;
    sdl.open(
        &format!("Which rows of `{}`: all conditions together.", table.name),
        &format!("input {name}Filter"),
    );
    sdl.field("All of these.", &format!("and: [{name}Filter!]"));
    sdl.field("At least one of these.", &format!("or: [{name}Filter!]"));
    sdl.field("Not this.", &format!("not: {name}Filter"));
    for column in &table.columns {
        sdl.field(&first_sentence(&column.doc), &format!("{}: {}", column.field, column.ty.filter_name()));
    }
    for relation in &table.relations {
        let target = &catalog.table(relation.target).type_name;
        let ty = if relation.many { format!("{target}ListFilter") } else { format!("{target}Filter") };
        sdl.field(&first_sentence(&relation.doc), &format!("{}: {ty}", relation.field));
    }
    sdl.close();
}

fn order(sdl: &mut Sdl, catalog: &Catalog, table: &Table) {
    sdl.open(
        &format!("An order of `{}`: exactly one field.", table.name),
        &format!("input {}OrderBy", table.type_name),
    );
    for column in table.columns.iter().filter(|column| column.ty.is_ordered()) {
        sdl.field(&first_sentence(&column.doc), &format!("{}: OrderDirection", column.field));
    }
    for relation in table.relations.iter().filter(|relation| !relation.many) {
        sdl.field(
            &first_sentence(&relation.doc),
            &format!("{}: {}OrderBy", relation.field, catalog.table(relation.target).type_name),
        );
    }
    sdl.close();
}

fn is_listed_by_another(catalog: &Catalog, table: &Table) -> bool {
    let lists = |relation: &Relation| relation.many && relation.target == table.id;
    catalog.tables().iter().any(|other| other.relations.iter().any(lists))
}

fn list_filter(sdl: &mut Sdl, table: &Table) {
    let name = &table.type_name;
    sdl.open(
        &format!("Conditions on the rows of `{}` that belong to a row.", table.name),
        &format!("input {name}ListFilter"),
    );
    sdl.field("At least one row matches.", &format!("some: {name}Filter"));
    sdl.field("No row matches.", &format!("none: {name}Filter"));
    sdl.field("Every row matches; also where there is none.", &format!("every: {name}Filter"));
    sdl.close();
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

fn shared(sdl: &mut Sdl, used: &Used) {
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
    percentile_inputs(sdl);

    // What columns hold and what their functions give; several column types share a GraphQL scalar, hence by name.
    let results = used.scalars.iter().flat_map(|scalar| {
        let ty = ColumnType::Scalar(*scalar);
        functions(&ty)
            .iter()
            .map(move |described| described.function.result(&ty).scalar())
            .collect::<Vec<_>>()
    });
    let values: BTreeSet<Scalar> = used.scalars.iter().copied().chain(results).chain([Scalar::Int]).collect();
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

fn time_bucket(sdl: &mut Sdl) {
    sdl.open("A span of time that moments are rounded down to.", "enum TimeUnit");
    for (name, doc) in [
        ("MINUTE", "A minute."),
        ("FIVE_MINUTES", "Five minutes, on the clock."),
        ("FIFTEEN_MINUTES", "Fifteen minutes, on the clock."),
        ("HOUR", "An hour."),
        ("DAY", "A day."),
        ("WEEK", "A week; it begins on Monday."),
        ("MONTH", "A month."),
        ("QUARTER", "Three months."),
        ("YEAR", "A year."),
    ] {
        sdl.field(doc, name);
    }
    sdl.close();
    sdl.open("How moments are grouped.", "input TimeBucket");
    sdl.field("Round down to this; without it, each moment is a group of its own.", "unit: TimeUnit");
    sdl.field(
        "Where days, weeks and months begin: a name such as `America/Denver`. Its changes of the clock count.",
        "timeZone: String = \"UTC\"",
    );
    sdl.close();
}

fn percentile_inputs(sdl: &mut Sdl) {
    sdl.open("An order by a percentile.", "input PercentileOrderBy");
    sdl.field("Share of the rows, from 0 to 1: 0.5 for the median.", "p: Float!");
    sdl.field("Which way.", "direction: OrderDirection!");
    sdl.close();
    sdl.open("Conditions on a percentile.", "input PercentileFilter");
    sdl.field("Share of the rows, from 0 to 1: 0.5 for the median.", "p: Float!");
    sdl.field("Conditions on the value.", "value: FloatFilter!");
    sdl.close();
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

/// Arguments and input fields repeat a column's description; its first sentence is enough there.
fn first_sentence(doc: &str) -> String {
    let end = doc.find(". ").map_or(doc.len(), |at| at + 1);
    doc[..end].to_owned()
}

fn quoted(text: &str) -> String {
    let one_line = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
    format!("\"{one_line}\"")
}

/// Writes SDL with descriptions.
#[derive(Default)]
struct Sdl {
    text: String,
}

impl Sdl {
    fn open(&mut self, doc: &str, head: &str) {
        self.description(doc, "");
        self.text.push_str(head);
        self.text.push_str(" {\n");
    }

    fn close(&mut self) {
        self.text.push_str("}\n\n");
    }

    fn field(&mut self, doc: &str, field: &str) {
        self.description(doc, "  ");
        self.text.push_str("  ");
        self.text.push_str(field);
        self.text.push('\n');
    }

    fn line(&mut self, doc: &str, line: &str) {
        self.description(doc, "");
        self.text.push_str(line);
        self.text.push_str("\n\n");
    }

    fn description(&mut self, doc: &str, indent: &str) {
        if doc.is_empty() {
            return;
        }
        self.text.push_str(indent);
        if doc.contains('\n') {
            self.text.push_str("\"\"\"\n");
            for line in doc.lines() {
                if !line.is_empty() {
                    self.text.push_str(indent);
                    self.text.push_str(&line.replace("\"\"\"", "\\\"\"\""));
                }
                self.text.push('\n');
            }
            self.text.push_str(indent);
            self.text.push_str("\"\"\"\n");
        } else {
            self.text.push_str(&quoted(doc));
            self.text.push('\n');
        }
    }
}
