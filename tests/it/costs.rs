//! The declared cost of a query is an upper bound of what it is answered: whatever is asked, the answer has no more objects.

use praxis::graph::Limits;
use praxis::graph::catalog::{Catalog, ColumnType, FieldId, Scalar, Table};
use praxis::systems;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Answer, App};

/// Queries that are asked; another number can be asked for by `PROPTEST_CASES`.
const CASES: u64 = 150;

async fn with(change: impl FnOnce(&mut Limits)) -> App {
    App::with(|config| change(&mut config.limits)).await
}

/// Objects of an answer.
fn objects(value: &Value) -> u64 {
    match value {
        Value::Object(fields) => 1 + fields.values().map(objects).sum::<u64>(),
        Value::Array(items) => items.iter().map(objects).sum(),
        _ => 0,
    }
}

fn declared(answer: &Answer) -> u64 {
    let timing = answer.headers["server-timing"].to_str().unwrap();
    let cost = timing.split_once("cost=").unwrap().1;
    cost.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// Writes queries; the same for the same seed.
struct Author<'c> {
    catalog: &'c Catalog,
    seed: u64,
    aliases: usize,
}

impl<'c> Author<'c> {
    fn below(&mut self, most: usize) -> usize {
        // SplitMix64.
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % most as u64).unwrap()
    }

    fn one<T>(&mut self, of: &[T]) -> T
    where
        T: Clone,
    {
        of[self.below(of.len())].clone()
    }

    /// A response key of its own, so that fields stand beside one another that would be one.
    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("a{}", self.aliases)
    }

    fn query(&mut self) -> String {
        let systems = self.catalog.systems();
        let of_portal = |table: &&Table| systems[table.system].field.is_none() && table.function.is_none();
        let tables: Vec<&'c Table> = self.catalog.tables().iter().filter(of_portal).collect();
        let fields: Vec<String> = (0..=self.below(3))
            .map(|_| {
                let table = self.one(&tables);
                self.list(table, &table.list_field, &table.groups_field, &table.series_field, 3)
            })
            .collect();
        format!("{{ __typename {} }}", fields.concat())
    }

    /// Rows of a table: as they are, in groups, or along time.
    fn list(&mut self, table: &'c Table, list: &str, groups: &str, series: &str, depth: usize) -> String {
        match self.below(5) {
            0 => self.groups(table, groups),
            1 if table.has_time() => self.series(table, series),
            _ => self.connection(table, list, depth),
        }
    }

    fn connection(&mut self, table: &'c Table, field: &str, depth: usize) -> String {
        let page = match self.below(4) {
            0 => String::new(),
            1 => format!("(last: {})", self.below(4)),
            _ => format!("(first: {})", self.below(8)),
        };
        let mut parts = Vec::new();
        for _ in 0..=self.below(3) {
            let alias = self.alias();
            let axes: Vec<_> = table.axes().map(|id| table.column(id).enum_name()).collect();
            let measures: Vec<_> = table.measures().map(|id| table.column(id).enum_name()).collect();
            parts.push(match self.below(6) {
                0 => format!("{alias}: edges {{ cursor node {{ {} }} __typename }} ", self.row(table, depth)),
                1 => format!("{alias}: pageInfo {{ hasNextPage endCursor }} "),
                2 => format!("{alias}: totalCount "),
                3 => format!("{alias}: aggregate {{ {} }} ", self.aggregate(table)),
                4 if !measures.is_empty() => {
                    let (x, y) = (self.one(&axes), self.one(&measures));
                    format!("{alias}: points(x: {x}, y: {y}, max: 4) {{ {} }} ", self.row(table, 0))
                }
                _ => format!("{alias}: nodes {{ {} }} ", self.row(table, depth)),
            });
        }
        format!("{}: {field}{page} {{ {} }} ", self.alias(), parts.concat())
    }

    fn row(&mut self, table: &'c Table, depth: usize) -> String {
        let mut fields = vec!["__typename ".to_owned()];
        for _ in 0..self.below(3) {
            let column = &table.columns[self.below(table.columns.len())];
            // What lies within JSON is one value.
            if column.ty != ColumnType::Scalar(Scalar::Json) {
                fields.push(format!("{}: {} ", self.alias(), column.field));
            }
        }
        for _ in 0..if depth == 0 || table.relations.is_empty() { 0 } else { self.below(3) } {
            let relation = &table.relations[self.below(table.relations.len())];
            let target = self.catalog.table(relation.target);
            fields.push(if relation.many {
                let (groups, series) = (relation.groups_field(), relation.series_field());
                let has_series = matches!(table.field(&series), Some(FieldId::Series(_)));
                match self.below(5) {
                    0 => self.groups(target, &groups),
                    1 if has_series => self.series(target, &series),
                    _ => self.connection(target, &relation.field, depth - 1),
                }
            } else {
                format!("{}: {} {{ {} }} ", self.alias(), relation.field, self.row(target, depth - 1))
            });
        }
        fields.concat()
    }

    fn aggregate(&mut self, table: &'c Table) -> String {
        let mut fields = vec!["count ".to_owned()];
        let measures: Vec<_> = table.measures().collect();
        for _ in 0..if measures.is_empty() { 0 } else { self.below(3) } {
            let column = self.one(&measures);
            fields.push(format!("{}: {} {{ avg max }} ", self.alias(), table.column(column).field));
        }
        fields.concat()
    }

    /// `groupBy` and the key that it makes.
    fn key(&mut self, table: &'c Table) -> Option<(String, String)> {
        let plain = |ty: &ColumnType| matches!(ty, ColumnType::Enum(_)) || !ty.is_time();
        let is_plain = |ty: &ColumnType| {
            plain(ty) && !matches!(ty, ColumnType::List(_) | ColumnType::Scalar(Scalar::Json | Scalar::Uuid))
        };
        let columns: Vec<_> = table.columns.iter().filter(|column| is_plain(&column.ty)).collect();
        let column = (!columns.is_empty()).then(|| self.one(&columns))?;
        let one: Vec<_> = table.relations.iter().filter(|relation| !relation.many).collect();
        if !one.is_empty() && self.below(2) == 0 {
            let relation = self.one(&one);
            let target = self.catalog.table(relation.target);
            let columns: Vec<_> = target.columns.iter().filter(|column| is_plain(&column.ty)).collect();
            let column = (!columns.is_empty()).then(|| self.one(&columns))?;
            let (relation, field) = (&relation.field, &column.field);
            return Some((
                format!("{{ {relation}: {{ {field}: true }} }}"),
                format!("{{ {relation} {{ {field} }} }}"),
            ));
        }
        Some((format!("{{ {}: true }}", column.field), format!("{{ {} }}", column.field)))
    }

    fn groups(&mut self, table: &'c Table, field: &str) -> String {
        let Some((by, key)) = self.key(table) else { return String::new() };
        let first = 1 + self.below(20);
        let aggregate = self.aggregate(table);
        format!(
            "{}: {field}(groupBy: {by}, first: {first}) {{ key {key} aggregate {{ {aggregate} }} }} ",
            self.alias()
        )
    }

    fn series(&mut self, table: &'c Table, field: &str) -> String {
        let times: Vec<String> =
            table.columns.iter().filter_map(praxis::graph::catalog::Column::time_name).collect();
        let time = self.one(&times);
        let unit = self.one(&["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]);
        let zone = self.one(&["UTC", "America/Denver", "Australia/Lord_Howe"]);
        let fill = self.one(&["NULL", "ZERO", "PREVIOUS", "NONE"]);
        let span = self.one(&[
            "",
            r#", from: "2025-03-01T10:00:00Z", to: "2025-11-05T00:00:00Z""#,
            r#", from: "2025-10-26T00:30:00Z", to: "2025-10-26T00:31:00Z""#,
            r#", to: "2026-01-01T00:00:00Z""#,
        ]);
        let (by, key) = match self.key(table) {
            Some((by, key)) if self.below(2) == 0 => (format!(", groupBy: {by}"), format!("key {key}")),
            _ => (String::new(), String::new()),
        };
        let aggregate = self.aggregate(table);
        format!(
            "{}: {field}(time: {time}, bucket: {{unit: {unit}, timeZone: \"{zone}\"}}, fill: {fill}, first: 5{by}{span})
               {{ {key} aggregate {{ count }} points {{ start aggregate {{ {aggregate} }} }} }} ",
            self.alias()
        )
    }
}

#[tokio::test]
async fn an_answer_has_no_more_objects_than_were_declared() {
    let app = with(|limits| {
        limits.cost = u64::MAX;
        limits.default_page = 3;
        limits.aliases = 500;
        limits.fields = 10_000;
    })
    .await;
    let network = app.user("network@praxis.example").await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let (mut answered, mut closest) = (0, 0.0_f64);
    for seed in 0..cases {
        let query = Author { catalog: &catalog, seed, aliases: 0 }.query();
        let answer = network.ask(&query).await;
        if answer.status != StatusCode::OK || answer.body.get("errors").is_some() {
            // More points than a series may have.
            assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{query}\n{:#}", answer.body);
            continue;
        }
        let (found, most) = (objects(&answer.body["data"]), declared(&answer));
        assert!(found <= most, "{found} objects, {most} declared, seed {seed}: {query}");
        answered += 1;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        {
            closest = closest.max(found as f64 / most as f64);
        }
    }
    assert!(answered > cases / 2, "only {answered} of {cases} were answered");
    assert!(closest > 0.9, "the bound is nowhere near what is answered: {closest}");
}

#[tokio::test]
async fn points_without_rows_count_as_those_with_rows() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    // 60 parents and a point for each minute of a year: half a million points were declared as 120 rows.
    let series = r#"sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {unit: MINUTE}, fill: ZERO,
        from: "2026-01-01T00:00:00Z", to: "2026-01-07T00:00:00Z") { points { start aggregate { count } } }"#;
    let one = format!("{{ {series} }}");
    let answer = actor.ask(&one).await;
    let points = answer.data()["sessionEventsSeries"][0]["points"].as_array().unwrap().len();
    assert!(declared(&answer) >= 2 * points as u64);
    let below = series.replace("sessionEventsSeries", "eventsSeries");
    let answer = actor.ask(&format!("{{ protocols(first: 60) {{ nodes {{ {below} }} }} }}")).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{:.500}", answer.body.to_string());
    // Ten of them are as much as one answer may have, and are refused before anything runs.
    let many = (0..30).map(|at| format!("a{at}: {series} ")).collect::<Vec<_>>().concat();
    let many = App::with(|config| config.limits.root_fields = 50)
        .await
        .anonymous()
        .ask(&format!("{{ {many} }}"))
        .await;
    assert_eq!((many.code(), many.status), ("LIMIT_EXCEEDED", StatusCode::BAD_REQUEST));
}

#[tokio::test]
async fn a_span_of_time_bounds_what_a_series_is_declared_to_cost() {
    let app = App::start().await;
    let ask = async |arguments: &str| {
        let query = format!(
            "{{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {{unit: MONTH}}{arguments}) {{ points {{ start }} }} }}"
        );
        let answer = app.anonymous().ask(&query).await;
        answer.data();
        declared(&answer)
    };
    let year = r#", from: "2026-01-01T00:00:00Z", to: "2027-01-01T00:00:00Z""#;
    assert_eq!(ask("").await, 1 + 1 + 10_000);
    assert_eq!(ask(year).await, 1 + 1 + 15);
    assert_eq!(ask(&format!("{year}, groupBy: {{intensityLevel: true}}, first: 4")).await, 1 + 4 + 4 * 15);
}

#[tokio::test]
async fn an_answer_that_grows_too_long_is_refused_whole() {
    let app = with(|limits| limits.answer = 2_000).await;
    let actor = app.clinician_north().await;
    let ask = async |rows: usize| {
        actor.ask(&format!("{{ protocols(first: {rows}) {{ nodes {{ id recordId sessionDate }} }} }}")).await
    };
    ask(10).await.data();
    let answer = ask(100).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
    assert_eq!(answer.body["data"], Value::Null);
    // One value that is longer than everything together may be.
    let owner = app.owner().await;
    owner.batch_execute("UPDATE session_events SET notes = repeat('x', 3000)").await.unwrap();
    let answer = actor.ask("{ sessionEvents(first: 1) { nodes { notes } } }").await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
    // A mutation whose answer is too long is not carried out.
    let query = "mutation($id: BigInt!) {
        updateProtocol(recordId: $id, patch: {sessionNumber: 77}) { protocol { events { nodes { notes } } } } }";
    let id = actor.ask("{ sessionEvents(first: 1) { nodes { protocolId } } }").await;
    let id = id.nodes("sessionEvents")[0]["protocolId"].clone();
    let answer = actor.ask_with(query, &json!({ "id": id })).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED", "{:#}", answer.body);
    let written = "SELECT count(*) FROM log_clinical_records WHERE session_number = 77";
    let count = owner.query_one(written, &[]).await;
    assert_eq!(count.unwrap().get::<_, i64>(0), 0);
}
