//! Extreme values in one row never break the aggregates, charts and pages of other rows.
//!
//! Each column of each table gets values at the limits of its type, past every policy and trigger; then every kind of query of
//! every table is sent.

use praxis::graph::catalog::{Catalog, ColumnId, ColumnType, Scalar, Table};
use praxis::systems;
use serde_json::Value;
use tokio_postgres::Client;

use crate::bucket::bucket as short;
use crate::harness::App;

/// Returns the limits of a type, as SQL.
fn ends(scalar: Scalar) -> &'static [&'static str] {
    match scalar {
        Scalar::SmallInt => &["32767", "-32768"],
        Scalar::Int => &["2147483647", "-2147483648"],
        Scalar::BigInt => &["9223372036854775807", "-9223372036854775808"],
        Scalar::Real => &["'NaN'", "'Infinity'", "'-Infinity'", "3.4e38", "-3.4e38", "1e-45"],
        Scalar::Double => &["'NaN'", "'Infinity'", "'-Infinity'", "1.7e308", "-1.7e308", "5e-324", "1e155"],
        Scalar::Numeric => &["'NaN'", "999.99", "-999.99", "99999999"],
        Scalar::Decimal => &[
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            "1e400",
            "-1e400",
            "1e-400",
            "9e131071",
            "1e155",
            "-1e308",
        ],
        Scalar::Date => {
            &["'infinity'", "'-infinity'", "'5874897-12-31'", "'4714-11-24 BC'", "'+10000-01-01'"]
        }
        Scalar::LocalDateTime | Scalar::DateTime => &[
            "'infinity'",
            "'-infinity'",
            "'294276-12-31 23:59:59.999999Z'",
            "'4714-11-24 00:00Z BC'",
            "'10000-01-01Z'",
            "'9999-12-31Z'",
        ],
        Scalar::Json => &[
            "'{\"bpm\": 1e155}'",
            "'{\"bpm\": 1e400}'",
            "'{\"bpm\": -1e400}'",
            "'{\"bpm\": 1e-400}'",
            "'{\"bpm\": 17976931348623157e292}'",
            "'{\"bpm\": \"\"}'",
            "'1e400'",
            "'[1e400]'",
        ],
        Scalar::Boolean | Scalar::Text | Scalar::Uuid => &[],
    }
}

/// Returns all aggregate functions of a column.
fn functions(ty: &ColumnType) -> Option<&'static str> {
    const NUMBERS: &str = "{ countDistinct sum avg min max stddev variance median: percentile(p: 0.5) least: percentile(p: 0) }";
    match ty {
        ty if ty.is_number() => Some(NUMBERS),
        ty if ty.is_time() => Some("{ countDistinct min max }"),
        ColumnType::Scalar(Scalar::Json) => {
            Some("{ countDistinct sum avg min max stddev variance percentile(p: 0.5) }")
        }
        _ => None,
    }
}

/// Returns a query for all aggregates of a table's rows.
fn aggregate(table: &Table) -> String {
    let columns = table.column_ids().filter_map(|id| {
        let column = table.column(id);
        let functions = if table.is_identifier(id) { "{ countDistinct }" } else { functions(&column.ty)? };
        let at = if column.ty == ColumnType::Scalar(Scalar::Json) { "(at: [\"bpm\"])" } else { "" };
        Some(format!("{}{at} {functions}", column.field))
    });
    format!("aggregate {{ count {} }}", columns.collect::<Vec<_>>().join(" "))
}

/// Returns the queries of a table, one for each kind.
fn questions(table: &Table) -> Vec<String> {
    let aggregate = aggregate(table);
    let list = &table.list_field;
    let mut questions = vec![format!("{list} {{ {aggregate} }}")];
    // JSON is returned unchanged, and not every parser can read numbers beyond a double.
    let fields = table.columns.iter().filter(|column| column.ty != ColumnType::Scalar(Scalar::Json));
    let fields: Vec<&str> = fields.map(|column| column.field.as_str()).collect();
    for column in &table.columns {
        let field = &column.field;
        if column.ty.is_ordered() {
            for direction in ["ASC", "DESC"] {
                let nodes = fields.join(" ");
                questions.push(format!(
                    "{list}(first: 3, orderBy: [{{ {field}: {direction} }}]) {{ nodes {{ {nodes} }} pageInfo {{ endCursor }} }}"
                ));
            }
        }
        let key =
            if column.ty.is_time() { format!("{field}: {}", short("")) } else { format!("{field}: true") };
        if !matches!(column.ty, ColumnType::Scalar(Scalar::Json) | ColumnType::List(_)) {
            questions.push(format!(
                "{}(first: 5, groupBy: {{ {key} }}, orderBy: [{{ count: DESC }}]) {{ key {{ {field} }} {aggregate} cursor }}",
                table.groups_field
            ));
        }
        for zone in ["UTC", "America/St_Johns"] {
            let mut buckets = vec!["unit: DAY", "unit: YEAR", "length: \"P10D\""];
            let is_date = column.ty == ColumnType::Scalar(Scalar::Date);
            if !is_date {
                buckets.extend(["unit: HOUR", "length: \"PT90M\""]);
            }
            for bucket in buckets.into_iter().filter(|_| column.ty.is_time()) {
                let bucket = short(&format!("{bucket}, timeZone: \"{zone}\""));
                questions.push(format!(
                    "{}(groupBy: {{ {field}: {bucket} }}, orderBy: [{{ key: {{ {field}: DESC }} }}]) {{ key {{ {field} }} cursor aggregate {{ count }} }}",
                    table.groups_field
                ));
                if !table.has_series() {
                    continue;
                }
                for bounds in ["fill: NONE", "from: \"2026-01-01T00:00:00Z\", to: \"2026-01-08T00:00:00Z\""] {
                    questions.push(format!(
                        "{}(time: {}, bucket: {bucket}, {bounds}) {{ points {{ start end {aggregate} }} }}",
                        table.series_field,
                        column.enum_name()
                    ));
                }
            }
        }
    }
    for id in table.measures() {
        let column = table.column(id);
        for ranges in ["width: 0.000001", "width: 1000000000000", "bounds: [-1e300, 0, 1e300]"] {
            let range = column.range_field();
            questions.push(format!(
                "{}(groupBy: {{ {range}: {{ {ranges} }} }}) {{ key {{ {range} {{ from to }} }} cursor aggregate {{ count }} }}",
                table.groups_field
            ));
        }
        for x in table.axes().filter(|_| table.has_points()) {
            questions.push(format!(
                "{list} {{ points(x: {}, y: {}) {{ {} }} }}",
                table.column(x).enum_name(),
                column.enum_name(),
                column.field
            ));
        }
    }
    questions
}

/// Puts each limit of its type into each column of two rows of a table; a value that a constraint refuses is skipped. A value
/// that is not a number makes the sum not a number either, so the others are tried without such values first.
async fn stretch(owner: &Client, table: &Table, finite: bool) -> usize {
    let is_key = |id: ColumnId| {
        table.keys.iter().any(|key| key.contains(&id))
            || table.relations.iter().any(|relation| !relation.many && relation.local.contains(&id))
    };
    let mut stretched = 0;
    for id in table.column_ids().filter(|id| !is_key(*id)) {
        let column = table.column(id);
        let ColumnType::Scalar(scalar) = &column.ty else { continue };
        for end in ends(*scalar)
            .iter()
            .filter(|end| !finite || !matches!(**end, "'NaN'" | "'Infinity'" | "'-Infinity'"))
        {
            let name = &table.sql_name;
            let sql = format!(
                "UPDATE {name} SET {column} = {end}
                  WHERE ctid IN (SELECT ctid FROM {name} ORDER BY md5(ctid::text || $1) LIMIT 2)",
                column = column.sql_name
            );
            stretched += owner.execute(&sql, &[end]).await.map_or(0, |rows| usize::from(rows > 0));
        }
    }
    stretched
}

#[tokio::test]
async fn whatever_stands_in_a_row_everybody_else_has_their_numbers() {
    let app = App::with(|config| config.limits.cost = u64::MAX).await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let views = "SELECT quote_ident(schemaname) || '.' || quote_ident(viewname) FROM pg_views";
    let views: Vec<String> = owner.query(views, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let is_view = |table: &&Table| views.contains(&table.sql_name.replace('"', ""));
    // Functions need arguments; they have tests of their own.
    let asked: Vec<&Table> = catalog.tables().iter().filter(|table| table.function.is_none()).collect();
    let network = app.user("network@praxis.example").await;
    let practice = app.user("owner@mindful.example").await;

    let mut failed = Vec::new();
    for finite in [true, false] {
        for table in asked.iter().filter(|table| !is_view(table)) {
            stretch(&owner, table, finite).await;
        }
        for table in &asked {
            let namespace = catalog.systems()[table.system].field.as_deref();
            let actor = if namespace.is_some() { &practice } else { &network };
            for question in questions(table) {
                let query = match namespace {
                    Some(field) => format!("{{ {field} {{ {question} }} }}"),
                    None => format!("{{ {question} }}"),
                };
                let answer = actor.ask(&query).await;
                // A chart of hours may be too long, which is an error.
                let is_long = answer.body["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED";
                if !answer.body["errors"].is_null() && !is_long {
                    failed.push(format!("{query}\n  {}", answer.body["errors"]));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed[..failed.len().min(40)].join("\n"));
}

/// Moves one row far before all others, and one far after them, in a column of time.
async fn plant_outliers(owner: &Client, table: &Table, column: &str) -> bool {
    let name = &table.sql_name;
    let mut planted = 0;
    for (order, time) in [("ASC", "1905-03-03 10:30"), ("DESC", "2095-11-11 23:59")] {
        let sql = format!(
            "UPDATE {name} SET {column} = '{time}' WHERE ctid = (SELECT ctid FROM {name} ORDER BY md5(ctid::text) {order} LIMIT 1)"
        );
        planted += owner.execute(&sql, &[]).await.unwrap_or(0);
    }
    planted == 2
}

/// Checks the lines of a chart: their points are consecutive, and add up to the line.
fn check_lines(lines: &Value, most: u64, query: &str) -> u64 {
    let mut points = 0;
    for line in lines.as_array().unwrap_or_else(|| panic!("{query}: {lines}")) {
        let told = line["points"].as_array().unwrap();
        points += 1 + told.len() as u64;
        let count: u64 = told.iter().map(|point| point["aggregate"]["count"].as_u64().unwrap()).sum();
        assert_eq!(line["aggregate"]["count"], count, "{query}");
        for pair in told.windows(2) {
            assert!(pair[0]["end"].as_str() <= pair[1]["start"].as_str(), "{query}: {pair:?}");
        }
    }
    assert!(points <= most, "{points}: {query}");
    points
}

#[tokio::test]
async fn an_outlier_in_time_breaks_nobodys_chart() {
    const MOST: u64 = 10_000;
    let app = App::start().await;
    let owner = app.owner().await;
    owner.batch_execute("SET session_replication_role = replica").await.unwrap();
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let network = app.user("network@praxis.example").await;
    let practice = app.user("owner@mindful.example").await;
    let mut torn = 0;
    for table in catalog.tables().iter().filter(|table| table.function.is_none() && table.has_series()) {
        let namespace = catalog.systems()[table.system].field.as_deref();
        let actor = if namespace.is_some() { &practice } else { &network };
        for column in table.columns.iter().filter(|column| column.ty.is_time()) {
            if !plant_outliers(&owner, table, &column.sql_name).await {
                continue;
            }
            let is_date = column.ty == ColumnType::Scalar(Scalar::Date);
            let units = if is_date { &["DAY"][..] } else { &["MINUTE", "HOUR", "DAY"] };
            for (unit, fill) in units.iter().flat_map(|unit| [(unit, "NULL"), (unit, "ZERO")]) {
                for zone in ["UTC", "America/St_Johns"] {
                    let series = format!(
                        "{}(time: {}, bucket: {{ calendar: {{ unit: {unit}, timeZone: \"{zone}\" }} }}, fill: {fill})
                         {{ aggregate {{ count }} points {{ start end aggregate {{ count }} }} }}",
                        table.series_field,
                        column.enum_name()
                    );
                    let query = match namespace {
                        Some(field) => format!("{{ {field} {{ {series} }} }}"),
                        None => format!("{{ {series} }}"),
                    };
                    let answer = actor.ask(&query).await;
                    let data = answer.data();
                    let lines = &namespace.map_or(data, |field| &data[field])[&table.series_field];
                    torn += usize::from(check_lines(lines, MOST, &query) > MOST / 3);
                }
            }
        }
    }
    assert!(torn > 20, "{torn}");
    // Between the rows of one parent, empty buckets are filled as before, for every parent.
    let below =
        "{ protocols(first: 50) { nodes { eventsSeries(time: EVENT_TIMESTAMP, bucket: { calendar: { unit: HOUR } }) {
        aggregate { count } points { start end aggregate { count } } } } } }";
    let answer = network.ask(below).await;
    let points: u64 = answer
        .nodes("protocols")
        .iter()
        .map(|protocol| check_lines(&protocol["eventsSeries"], MOST, below))
        .sum();
    assert!(points <= MOST, "{points}");
    // A caller who sets the bounds gets an error that there are too many buckets.
    let bounded =
        "{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: { calendar: { unit: HOUR } }, from: \"1900-01-01T00:00:00Z\",
        to: \"2100-01-01T00:00:00Z\") { points { start } } }";
    assert_eq!(network.ask(bounded).await.code(), "LIMIT_EXCEEDED");
}
