//! Aggregates of values at the limits of their types: a result is null if its type cannot hold it, and only then.
//!
//! Each column of numbers of each table gets pairs of values, past every policy and trigger. Postgres's `numeric`, which can hold
//! every result, computes the expected values; Rust converts them to doubles.

use praxis::graph::catalog::{Catalog, ColumnId, ColumnType, Scalar, Table};
use praxis::systems;
use serde_json::Value;
use tokio_postgres::Client;

use crate::harness::{Actor, App};

/// Pairs of numbers; a column gets those that its type can hold.
const PAIRS: &[[&str; 2]] = &[
    ["32767", "-32768"],
    ["2147483647", "-2147483648"],
    ["2147483647", "2147483647"],
    ["9223372036854775807", "9223372036854775807"],
    ["-9223372036854775808", "9223372036854775807"],
    ["99.99", "-99.98"],
    ["0.1", "0.2"],
    ["1e155", "-1e155"],
    ["9e307", "9e307"],
    ["9e307", "-9e307"],
    ["1.7976931348623157e308", "1.7976931348623157e308"],
    ["-1.7976931348623157e308", "1.7976931348623157e308"],
    ["1e400", "-1e400"],
    ["1e400", "1e400"],
    ["1e400", "7"],
    ["9e130000", "9e130000"],
    ["5e-324", "5e-324"],
    ["1e-310", "3e-310"],
    ["1e-400", "3e-400"],
];

/// Returns what Postgres's `numeric` computes from a pair, each as text: sum, mean, minimum, maximum, deviation, variance.
/// Squares of very long numbers exceed even this type.
async fn computed(owner: &Client, pair: &[String]) -> Vec<String> {
    let numbers = pair.iter().map(|number| format!("({number})::numeric")).collect::<Vec<_>>().join("), (");
    let sql = format!(
        "SELECT ARRAY[trim_scale(sum(x)), avg(x), trim_scale(min(x)), trim_scale(max(x)),
                      CASE WHEN max(abs(x)) < 1e65000 THEN stddev_samp(x) END,
                      CASE WHEN max(abs(x)) < 1e65000 THEN var_samp(x) END]::text[] FROM (VALUES ({numbers})) v(x)"
    );
    let row = owner.query_one(&sql, &[]).await.unwrap();
    row.get::<_, Vec<Option<String>>>(0).into_iter().map(Option::unwrap_or_default).collect()
}

/// Returns true if an answer is a number, as precisely as doubles of this size can be; a decimal must be exact.
fn is(answer: &Value, number: &str, size: f64) -> bool {
    match answer {
        Value::String(text) => {
            let shortest = |text: &str| match text.split_once('.') {
                Some((whole, fraction)) => format!("{whole}.{}", fraction.trim_end_matches('0')),
                None => format!("{text}."),
            };
            shortest(text) == shortest(number)
        }
        answer => {
            let expected = number.parse::<f64>().ok().filter(|number| number.is_finite());
            match (expected, answer.as_f64()) {
                (Some(one), Some(other)) => (one - other).abs() <= (1e-14 * size).max(1e-323),
                (expected, answer) => expected.is_none() && answer.is_none(),
            }
        }
    }
}

/// A column of numbers, or of JSON with numbers, and its field.
struct Asked<'a> {
    table: &'a Table,
    system: Option<&'a str>,
    column: &'a str,
    scalar: Scalar,
}

impl Asked<'_> {
    fn within(&self, question: &str) -> String {
        match self.system {
            Some(system) => format!("{{ {system} {{ {question} }} }}"),
            None => format!("{{ {question} }}"),
        }
    }

    async fn ask(&self, actor: &Actor<'_>, question: &str) -> Value {
        let answer = actor.ask(&self.within(question)).await;
        let data = answer.data();
        self.system.map_or(data, |system| &data[system]).clone()
    }

    /// Checks the aggregates of the rows with these keys, at one of their fields.
    async fn check(&self, actor: &Actor<'_>, keys: &str, expected: &[String]) -> Vec<String> {
        const FUNCTIONS: &str = "sum avg min max stddev variance p0: percentile(p: 0) p5: percentile(p: 0.5) p1: percentile(p: 1)";
        let Self { table, column, .. } = self;
        let key = &table.column(table.primary_key[0]).field;
        let at = if self.scalar == Scalar::Json { "(at: [\"end\"])" } else { "" };
        let numbers = format!("aggregate {{ {column}{at} {{ {FUNCTIONS} }} }}");
        let filter = format!("filter: {{ {key}: {{ in: [{keys}] }} }}");
        let list = self.ask(actor, &format!("{}({filter}) {{ {numbers} }}", table.list_field)).await;
        let told = &list[&table.list_field]["aggregate"][column];
        let [sum, avg, min, max, stddev, variance] = expected else { panic!("{expected:?}") };
        // The median of two numbers is their mean.
        let expected = [
            ("sum", sum),
            ("avg", avg),
            ("min", min),
            ("max", max),
            ("stddev", stddev),
            ("variance", variance),
            ("p0", min),
            ("p5", avg),
            ("p1", max),
        ];
        let [least, greatest] = [min, max].map(|number| number.parse::<f64>().unwrap());
        let ends = least.abs().max(greatest.abs());
        let differs = |(name, number): &(&str, &String)| match *name {
            // It lies between two doubles, which do not exist here, and is interpolated from them.
            "p5" if ends.is_infinite() => !told[name].is_null(),
            "p5" => !is(&told[name], number, ends),
            name => !is(&told[name], number, number.parse::<f64>().map_or(0.0, f64::abs)),
        };
        let faults = expected.into_iter().filter(differs);
        let place = format!("{}.{column}", table.type_name);
        let short = |text: String| {
            if text.len() > 60 { format!("{}… ({})", &text[..50], text.len()) } else { text }
        };
        let faults = faults
            .map(|(name, number)| {
                format!("{place} {name}: {}, not {}", short(told[name].to_string()), short(number.clone()))
            })
            .collect();
        if self.scalar != Scalar::Json {
            self.check_order(actor, &filter, key).await;
        }
        faults
    }

    /// Checks that groups of one row each are in the order of their sums, which `having` can use.
    async fn check_order(&self, actor: &Actor<'_>, filter: &str, key: &str) {
        let Self { table, column, .. } = self;
        let groups = &table.groups_field;
        let mut orders = Vec::new();
        for direction in ["ASC", "DESC"] {
            let asked = format!(
                "{groups}({filter}, groupBy: {{ {key}: true }}, orderBy: [{{ {column}: {{ sum: {direction} }} }}],
                  having: {{ {column}: {{ max: {{ isNull: false }} }} }}) {{ aggregate {{ {column} {{ sum }} }} cursor }}"
            );
            let answer = self.ask(actor, &asked).await;
            let told = answer[groups].as_array().unwrap().clone();
            assert_eq!(told.len(), 2, "{asked}");
            let sums = told.iter().map(|group| group["aggregate"][column]["sum"].to_string());
            let sums: Vec<_> = sums.collect();
            // A page continues after the first group.
            let after = asked.replacen('(', &format!("(after: {}, ", told[0]["cursor"]), 1);
            let next = self.ask(actor, &after).await;
            assert_eq!(next[groups].as_array().map(Vec::len), Some(1), "{after}");
            orders.push(sums);
        }
        orders[1].reverse();
        assert_eq!(orders[0], orders[1], "{}.{column}", table.type_name);
    }
}

#[tokio::test]
async fn a_result_is_null_only_where_its_type_has_no_room_for_it() {
    let app = App::start().await;
    let owner = app.owner().await;
    owner.batch_execute("SET session_replication_role = replica").await.unwrap();
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let (network, practice) =
        (app.user("network@praxis.example").await, app.user("owner@mindful.example").await);
    let (mut faults, mut asked) = (Vec::new(), Vec::new());
    // Caches in memory receive no notification of changes past the triggers.
    let is_asked =
        |table: &&Table| table.function.is_none() && !table.is_reference && table.primary_key.len() == 1;
    for table in catalog.tables().iter().filter(is_asked) {
        let system = catalog.systems()[table.system].field.as_deref();
        let actor = if system.is_some() { &practice } else { &network };
        let key = table.column(table.primary_key[0]);
        // Who may read a row depends on its references and its owner.
        let refers = |id: &ColumnId| {
            matches!(table.column(*id).name.as_str(), "site_id" | "org_id")
                || table.relations.iter().any(|it| !it.many && it.local.contains(id))
        };
        for id in table.column_ids().filter(|id| *id != table.primary_key[0] && !refers(id)) {
            let column = table.column(id);
            let ColumnType::Scalar(scalar) = column.ty else { continue };
            // A key is counted, and nothing else.
            if table.is_identifier(id) || !column.ty.is_number() && scalar != Scalar::Json {
                continue;
            }
            let of = Asked { table, system, column: &column.field, scalar };
            let two = format!("{}(first: 2) {{ nodes {{ {} }} }}", table.list_field, key.field);
            let two = of.ask(actor, &two).await[&table.list_field]["nodes"].as_array().unwrap().clone();
            let keys: Vec<String> = two.iter().map(|row| row[&key.field].to_string()).collect();
            let [first, second] = keys.as_slice() else { continue };
            for pair in PAIRS {
                let value = |number: &str| match scalar {
                    Scalar::Json => format!("'{{\"end\": {number}}}'::jsonb"),
                    _ => format!("{number}::numeric::{}", scalar.postgres()),
                };
                let (name, sql_key, quoted) =
                    (&table.sql_name, &key.sql_name, |key: &String| format!("'{}'", key.trim_matches('"')));
                let sql = format!(
                    "UPDATE {name} SET {column} = CASE {sql_key}::text WHEN {one} THEN {x} ELSE {y} END
                      WHERE {sql_key}::text IN ({one}, {other})",
                    column = column.sql_name,
                    one = quoted(first),
                    other = quoted(second),
                    x = value(pair[0]),
                    y = value(pair[1]),
                );
                // A view cannot be written, and a constraint may refuse the values.
                if owner.execute(&sql, &[]).await.ok() != Some(2) {
                    continue;
                }
                // The values as the column stores them; within JSON, numbers are doubles.
                let doubles = pair.iter().map(|it| it.parse::<f64>().unwrap());
                let numbers: Vec<String> = match scalar {
                    Scalar::Json if doubles.clone().all(f64::is_normal) => {
                        doubles.map(|double| format!("{double:e}")).collect()
                    }
                    Scalar::Json => continue,
                    _ => {
                        let sql = format!(
                            "SELECT {column}::numeric::text FROM {name} WHERE {sql_key}::text IN ({one}, {other})",
                            column = column.sql_name,
                            one = quoted(first),
                            other = quoted(second),
                        );
                        owner.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
                    }
                };
                let expected = computed(&owner, &numbers).await;
                faults.extend(of.check(actor, &format!("{first}, {second}"), &expected).await);
                asked.push(scalar);
            }
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), asked.len(), faults.join("\n"));
    // Only reference tables have shorter types.
    for scalar in [Scalar::Int, Scalar::BigInt, Scalar::Numeric, Scalar::Decimal, Scalar::Json] {
        assert!(asked.contains(&scalar), "{scalar:?}");
    }
}
