//! A page below a row reads the rows of the page, and in an order without an index at most those of its parent, however Postgres believes
//! the rows of parents to be spread: two parents of each list have most rows of its table, at both ends of its keys and times, and all
//! others have few.

use std::collections::{BTreeMap, BTreeSet};

use praxis::graph::catalog::Catalog;
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::below::{Below, below};
use super::list::pages;
use super::{Caller, MARKER, PAGE};
use crate::fixture::{join, person, signed_in};
use crate::harness::App;
use crate::scale::{self, Cost, costs, plans};

/// Rows of each of the two parents.
const PILE: u32 = 2_000;
/// Rows that a node of a plan may read for a page below one parent: those of the page and the next ones, which a sort of rows with the
/// same time takes along.
const MOST_ROWS: u64 = 100;
/// A view whose scores are compared with each instrument, and the number of instruments.
const COMPARED: (&str, u64) = ("score_trends", 15);
/// A table in which most parents have about one row. Postgres expects one and sorts it.
const FEW_EACH: &str = "circle_members";

/// Views over one table or several, with the times by which their tables' indexes have the rows of a parent. A view that computes its
/// rows from all of a protocol has no such order.
const OF_VIEWS: [(&str, &str); 2] = [("score_trends", "measured_at"), ("homework_statuses", "due_date")];
const COMPUTED: [&str; 4] =
    ["timeline_events", "session_note_phases", "session_note_counts", "session_note_silences"];
/// The tables of tenants, whose pages have their own order and their own test.
const TENANTS: [&str; 2] = ["sites", "organizations"];

/// An order of a list.
#[derive(Debug)]
struct Order {
    /// The argument.
    argument: String,
    /// True if an index has the rows of a parent in this order.
    is_served: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_below_a_row_reads_its_rows_wherever_those_of_others_are() {
    let (generic, custom) = tokio::join!(wrong_pages("force_generic_plan"), wrong_pages("force_custom_plan"));
    let wrong: Vec<String> = generic.into_iter().chain(custom).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Returns the pages that read too many rows.
async fn wrong_pages(plan_cache_mode: &str) -> Vec<String> {
    let (database, owner) = scale::piles(PILE).await;
    let settings = [
        scale::ANALYZE.as_slice(),
        &[("plan_cache_mode", plan_cache_mode), ("auto_explain.log_nested_statements", "off")],
    ]
    .concat();
    scale::explain(&owner, &settings).await;
    let app = App::over(&database, |config| config.database.pool_size = 1).await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let mut wrong = Vec::new();
    let mut full = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for caller in callers(&app, &owner).await {
        let is_piled = |list: &&Below<'_>| {
            !list.parent.is_reference
                && !TENANTS.contains(&&*list.parent.name)
                && !COMPUTED.contains(&&*list.table.name)
        };
        for list in below(&catalog, caller.system).iter().filter(is_piled) {
            for order in orders(&owner, list).await {
                let name = format!("{}.{}", list.parent.type_name, list.relation.field);
                asked.insert(name.clone());
                let found = ask(&caller, &owner, list, &order, plan_cache_mode).await;
                if found.is_full {
                    full.insert(name.clone());
                }
                for (statement, cost, most) in found.rows {
                    if cost.rows > most {
                        wrong.push(format!(
                            "{plan_cache_mode}, {}: {name}({}): {} rows, at most {most}\n    {}\n    in {statement}",
                            caller.name, order.argument, cost.rows, cost.node
                        ));
                    }
                }
            }
        }
    }
    wrong.extend(asked.difference(&full).map(|name| format!("nobody sees a whole page of {name}")));
    wrong
}

/// Returns callers who see the piles.
async fn callers<'a>(app: &'a App, owner: &Client) -> Vec<Caller<'a>> {
    let mut callers = Vec::new();
    let sites = owner.query("SELECT site_id FROM sites", &[]).await.unwrap();
    let id = person(owner, "a_clinician_of_all_sites").await;
    for site in &sites {
        join(owner, &id, site.get(0), "clinician").await;
    }
    // The supervisor of most relationships.
    let supervises = "UPDATE practitioner_profiles SET user_id = $1::text::uuid WHERE profile_id = (
        SELECT supervisor_id FROM supervision_relationships GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)";
    assert_eq!(owner.execute(supervises, &[&id]).await.unwrap(), 1);
    let all = ("a clinician of all sites", "ppn", id);
    let of_practice = ["therapist@mindful.example", "admin@mindful.example", "patient@mindful.example"];
    let mut ids = vec![all];
    for email in of_practice {
        ids.push((email, "therapyflow", app.user_id(email).await));
    }
    for (name, system, id) in ids {
        let sites = sites.len() as u64;
        callers.push(Caller { name, system, actor: signed_in(app, &id), id: Some(id), tenants: 1, sites });
    }
    callers
}

/// Returns the orders of a list: by key, and by each time with which an index of the table begins, or continues after the parent.
async fn orders(owner: &Client, list: &Below<'_>) -> Vec<Order> {
    let table = list.table;
    let mut times: BTreeMap<String, bool> = BTreeMap::new();
    if let Some((_, time)) = OF_VIEWS.iter().find(|(view, _)| *view == table.name) {
        times.insert((*time).to_owned(), true);
    } else {
        let reference = &table.column(list.relation.remote[0]).name;
        let indexes = "SELECT ARRAY(
              SELECT attname::text FROM unnest(indkey::int2[]) WITH ORDINALITY AS u (number, place)
              JOIN pg_attribute ON attrelid = indrelid AND attnum = number WHERE place <= indnkeyatts ORDER BY place)
            FROM pg_index WHERE indrelid = $1::text::regclass AND indpred IS NULL AND indexprs IS NULL";
        for row in owner.query(indexes, &[&table.sql_name]).await.unwrap() {
            match row.get::<_, Vec<String>>(0).as_slice() {
                [first, second, ..] if first == reference => times.insert(second.clone(), true),
                [first, ..] => Some(*times.entry(first.clone()).or_default()),
                [] => None,
            };
        }
    }
    let by_time = times.iter().flat_map(|(name, is_served)| {
        let column = table.column(table.column_named(name).unwrap());
        let directions = if column.ty.is_time() { ["ASC", "DESC"].as_slice() } else { &[] };
        directions.iter().map(|direction| Order {
            argument: format!("orderBy: [{{ {}: {direction} }}]", column.field),
            is_served: *is_served,
        })
    });
    by_time.chain([Order { argument: String::new(), is_served: true }]).collect()
}

/// The outcome of the pages of a list.
struct Found {
    /// True if the caller sees a whole page below a parent.
    is_full: bool,
    /// The statements of pages, each with its cost, and how many rows a node of its plan may read.
    rows: Vec<(String, Cost, u64)>,
}

/// Requests pages of a list: below the two parents with most rows, below one with few, and below several.
async fn ask(
    caller: &Caller<'_>,
    owner: &Client,
    list: &Below<'_>,
    order: &Order,
    plan_cache_mode: &str,
) -> Found {
    let Below { parent, relation, table, .. } = *list;
    let (field, argument) = (&relation.field, &order.argument);
    let key = parent.column(relation.local[0]);
    let reference = &table.column(relation.remote[0]).sql_name;
    let parents = format!(
        "WITH sizes AS (SELECT p.{key} AS key, (SELECT count(*) FROM {rows} AS t WHERE t.{reference} = p.{key}) AS size FROM {of} AS p)
         SELECT key::text, size FROM ((SELECT 1 AS place, * FROM sizes ORDER BY size DESC, key LIMIT 2)
           UNION ALL (SELECT 2, * FROM sizes WHERE size <= {PAGE} ORDER BY key LIMIT 2)
           UNION ALL (SELECT 3, * FROM sizes WHERE size <= {PAGE} ORDER BY key DESC LIMIT 2)) AS found ORDER BY place, size DESC, key",
        key = key.sql_name,
        rows = table.sql_name,
        of = parent.sql_name
    );
    let parents: Vec<(String, i64)> =
        owner.query(&parents, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let below = |key: &str, wants: &str| list.below("p", &vec![key.to_owned()], wants);
    let middle = format!("m: {field}(first: 1, offset: {}, {argument}) {{ edges {{ cursor }} }}", PILE / 2);
    let middle = caller.ask(list.field, &below(&parents[0].0, &middle)).await;
    let cursor = middle["p"]["m"]["edges"][0]["cursor"].as_str();

    let several = |wants: &str| {
        let keys = json!(parents.iter().map(|(key, _)| key).collect::<Vec<_>>());
        let filter = format!("filter: {{ {}: {{ in: {keys} }} }}", key.field);
        format!("s: {}({filter}, first: 10) {{ nodes {{ {wants} }} }}", parent.list_field)
    };
    let smallest = parents.len() - 1;
    let mut found = Found { is_full: false, rows: Vec::new() };
    // Both ends first, then also the pages around a cursor.
    for cursor in [None].into_iter().chain(cursor.map(Some)) {
        let wants = pages(field, argument, table, cursor);
        let requests = [
            (&parents[..1], below(&parents[0].0, &wants)),
            (&parents[1..2], below(&parents[1].0, &wants)),
            (&parents[smallest..], below(&parents[smallest].0, &wants)),
            (&parents[..], several(&wants)),
        ];
        for (parents, request) in requests {
            let mut answer = Value::Null;
            let plans = plans(owner, async { answer = caller.ask(list.field, &request).await }).await;
            let pages = match &answer["s"]["nodes"] {
                Value::Array(parents) => parents.iter().map(|parent| &parent["a"]["edges"]).collect(),
                _ => vec![&answer["p"]["a"]["edges"]],
            };
            let full =
                pages.iter().filter(|page| page.as_array().is_some_and(|rows| rows.len() == PAGE)).count();
            found.is_full |= full > 0;
            let is_seen = full == parents.iter().filter(|(_, size)| *size >= i64::from(PILE)).count();
            // Rows that a caller does not see are read until their parent has no more. With a plan for certain values Postgres
            // may sort the few rows that it expects beyond a cursor; for any values it follows the index.
            let is_strict = order.is_served
                && table.name != FEW_EACH
                && is_seen
                && cursor.is_none()
                && plan_cache_mode == "force_generic_plan";
            let of_parents: u64 = parents.iter().map(|(_, size)| u64::try_from(*size).unwrap()).sum();
            let each = if table.name == COMPARED.0 { COMPARED.1 } else { 1 };
            let most = each * (MOST_ROWS * parents.len() as u64 + if is_strict { 0 } else { of_parents });
            let of_pages = costs(&plans, &BTreeSet::new())
                .into_iter()
                .filter(|(text, _)| text.contains(MARKER) && (parents.len() == 1 || text.contains(" k(k0)")));
            found.rows.extend(of_pages.map(|(text, cost)| (text, cost, most)));
        }
    }
    found
}
