//! The judge compares the answers to random operations with plain SQL under the same role and claims.
//!
//! Separate rules (`oracle`) translate each operation to one statement; they share nothing with the gateway but the names in the
//! catalog. `JUDGE_OPERATIONS` sets the number of operations, `JUDGE_SEED` the seed; a failure prints its seed and the smallest
//! operation that shows it.

mod oracle;
mod turning;
mod verdict;
mod world;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::Value;

use crate::random::{Dice, Generator, Operation, setting};

use self::oracle::Oracle;
use self::turning::{cursors_of, found, turned};
use self::verdict::difference;
use self::world::{Person, World};

/// Number of operations of all callers together.
const OPERATIONS: usize = 2_000;
/// Number of operations of the callers who see the most of each system.
const SEES_MUCH: [&str; 2] = ["network@praxis.example", "admin@mindful.example"];
/// The judge stops after this many differences of a caller.
const ENOUGH: usize = 5;

/// The percentage of operations whose next page is compared too.
const TURNED: usize = 30;
/// The result of an operation that takes plain SQL too long.
const TOO_SLOW: &str = "too slow";

/// Prefixes of fields, arguments and enum values that are not generated, each with its reason.
const WITHOUT: &[&str] = &[];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_what_plain_sql_says() {
    let operations = setting("JUDGE_OPERATIONS").unwrap_or(OPERATIONS);
    let seed = setting("JUDGE_SEED").unwrap_or(1);
    let world = World::make().await;
    let count = operations.div_ceil(world.people.len());
    let judged = world.people.iter().enumerate().map(|(at, person)| {
        let judge = Judge { world: &world, person };
        judge.ask((seed * 1_000 + at) as u64, count)
    });
    let (mut told, mut differences) = (BTreeMap::new(), Vec::new());
    for judged in join_all(judged).await {
        differences.extend(judged.differences);
        for (outcome, count) in judged.told {
            *told.entry(outcome).or_insert(0) += count;
        }
    }
    println!("{told:#?}");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    let answered = told.get("rows").copied().unwrap_or_default();
    assert!(answered * 2 > operations, "{told:#?}");
    let too_slow = told.get(TOO_SLOW).copied().unwrap_or_default();
    assert!(too_slow * 50 <= operations, "{told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_random_operations_seldom_meet_is_as_plain_sql_says() {
    let world = World::make().await;
    let (mut outcomes, mut differences) = (BTreeMap::new(), Vec::new());
    for person in world.people.iter().filter(|person| SEES_MUCH.contains(&person.name.as_str())) {
        let judge = Judge { world: &world, person };
        let generator = Generator::new(&world.schema, &person.pool, WITHOUT);
        for operation in generator.corners(&mut Dice::of(1)) {
            match judge.judge(&operation, None).await {
                Verdict::Right(outcome) => *outcomes.entry(outcome).or_insert(0) += 1,
                Verdict::Wrong { kind, .. } => differences.push(judge.explain(operation, &kind).await),
            }
        }
    }
    println!("{outcomes:#?}");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(outcomes.get("rows").copied().unwrap_or(0) > 50, "{outcomes:#?}");
    assert!(outcomes.keys().all(|outcome| outcome == "rows" || outcome == "empty"), "{outcomes:#?}");
}

/// Compares the answers to one person.
struct Judge<'a> {
    world: &'a World,
    person: &'a Person,
}

#[derive(Default)]
struct Judged {
    /// How often an answer had rows, had none, or was an error.
    told: BTreeMap<String, usize>,
    differences: Vec<String>,
}

/// The result of a comparison.
enum Verdict {
    /// The answer equals that of plain SQL, or an error is justified.
    Right(String),
    /// The answer is wrong: the kind of difference, and its place.
    Wrong { kind: String, why: String },
}

impl Judge<'_> {
    async fn ask(self, seed: u64, count: usize) -> Judged {
        let generator = Generator::new(&self.world.schema, &self.person.pool, WITHOUT);
        let mut dice = Dice::of(seed);
        let mut judged = Judged::default();
        for _ in 0..count {
            let operation = generator.query(&mut dice);
            match self.judge(&operation, None).await {
                Verdict::Right(outcome) => *judged.told.entry(outcome).or_insert(0) += 1,
                Verdict::Wrong { kind, .. } => {
                    judged.differences.push(format!("seed {seed}: {}", self.explain(operation, &kind).await));
                    continue;
                }
            }
            if dice.percent(TURNED)
                && let Some(wrong) = self.turn(&operation).await
            {
                judged.differences.push(format!("seed {seed}: {wrong}"));
            }
            if judged.differences.len() >= ENOUGH {
                break;
            }
        }
        judged
    }

    /// Compares a further page of the operation's first list or groups; returns the difference.
    async fn turn(&self, operation: &Operation) -> Option<String> {
        let schema = &self.world.schema;
        let answer = self.answer(&cursors_of(operation, schema)?).await;
        let cursors = found(&answer["data"]);
        let last = *cursors.last()?;
        let turned = turned(operation, schema, last)?;
        match self.judge(&turned, Some((last, cursors.len() as u64))).await {
            Verdict::Right(_) => None,
            Verdict::Wrong { kind, why } => {
                Some(format!("{} turns to: {}\n{kind}: {why}", self.person.name, turned.request()))
            }
        }
    }

    /// Compares the answer. `turned`: the cursor that the operation continues after, and the number of rows or groups up to it.
    async fn judge(&self, operation: &Operation, turned: Option<(&str, u64)>) -> Verdict {
        let answer = self.answer(operation).await;
        if let Some(error) = answer["errors"].get(0) {
            let code = error["extensions"]["code"].as_str().unwrap_or_default().to_owned();
            // A valid operation is refused only if it exceeds a limit.
            if code == "LIMIT_EXCEEDED" {
                return Verdict::Right(code);
            }
            let place = error["extensions"].get("argument").unwrap_or(&error["message"]);
            return Verdict::Wrong { kind: format!("{code} {place}"), why: error.to_string() };
        }
        let wrong = |kind: &str, why: String| Verdict::Wrong { kind: kind.into(), why };
        let oracle = Oracle::new(&self.world.catalog, &self.world.schema, &self.person.pool, turned);
        let sql = match oracle.statement(operation) {
            Ok(sql) => sql,
            Err(unknown) => return wrong("unknown", unknown),
        };
        match self.select(&sql).await {
            // Plain SQL is slow by nature.
            Err(error) if error.contains("statement timeout") => Verdict::Right(TOO_SLOW.into()),
            Err(error) => wrong("SQL", format!("{error}\n{sql}")),
            Ok(expected) => match difference(&expected, &answer["data"]) {
                Some(difference) => wrong("different", difference),
                None => Verdict::Right(if has_rows(&expected) { "rows" } else { "empty" }.into()),
            },
        }
    }

    async fn answer(&self, operation: &Operation) -> Value {
        let app = &self.world.app;
        let mut request = app.http().post(app.url("/graphql")).json(&operation.request());
        if let Some(token) = &self.person.token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn select(&self, sql: &str) -> Result<Value, String> {
        let database = &self.person.database;
        database.batch_execute("SAVEPOINT here").await.unwrap();
        let row = database.query_one(sql, &[]).await;
        database.batch_execute("ROLLBACK TO here").await.unwrap();
        let row =
            row.map_err(|error| error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string))?;
        Ok(row.get::<_, Option<&str>>(0).map_or(Value::Null, |text| serde_json::from_str(text).unwrap()))
    }

    /// Returns the smallest operation that is wrong in the same way.
    async fn explain(&self, operation: Operation, kind: &str) -> String {
        let is_wrong = async |it: &Operation| match self.judge(it, None).await {
            Verdict::Wrong { kind: found, why } if found == kind => Some(why),
            _ => None,
        };
        let smallest = operation.shrink(async |it| is_wrong(it).await.is_some()).await;
        let why = is_wrong(&smallest).await.unwrap_or_default();
        format!("{} asks: {}\n{kind}: {why}", self.person.name, smallest.request())
    }
}

/// Returns true if an answer has rows.
fn has_rows(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(_) => true,
        Value::Array(items) => items.iter().any(has_rows),
        Value::Object(fields) => fields.iter().any(|(name, value)| !name.starts_with('_') && has_rows(value)),
    }
}
