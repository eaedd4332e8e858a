//! A page costs what the page costs: the first, the last and those in the middle of every list, for whoever asks, however
//! many rows the others have.

use std::collections::{BTreeMap, BTreeSet};

use praxis::graph::catalog::{Catalog, Table};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{join, person, protocol, signed_in, site};
use crate::harness::{Actor, App, clone_database, connect, database_url};
use crate::people::{Key, key_fields, key_list};
use crate::scale::{self, plans};

/// Rows of a page.
const PAGE: usize = 20;
/// Tenants, and how many times the demo's rows each has.
const FEW: (u32, u32) = (3, 6);
const MANY: (u32, u32) = (6, 12);
/// Pages of the database's files that one page of a list may touch for each tenant: five for a row and as many again for how it is
/// found. Rows of a view are made of more.
const MOST_BUFFERS: u64 = 10 * PAGE as u64;
const MOST_OF_VIEWS: u64 = 30 * PAGE as u64;

/// Orders and filters that the documentation, the ready-made queries and dashboards show: system, list, arguments.
const SHOWN: [(&str, &str, &str); 19] = [
    ("ppn", "protocols", "orderBy: [{ sessionDate: DESC }]"),
    ("ppn", "protocols", "orderBy: [{ sessionDate: ASC }]"),
    ("ppn", "sessionEvents", "orderBy: [{ eventTimestamp: DESC }]"),
    ("ppn", "sessionEvents", "filter: { eventType: { eventName: { eq: \"Distress\" } } }"),
    ("ppn", "sessionEvents", "filter: { eventTypeId: { eq: \"1\" } }"),
    ("ppn", "integrationScores", "orderBy: [{ measuredAt: ASC }], filter: { scaleType: { eq: IES } }"),
    ("ppn", "assessmentResponses", "orderBy: [{ completedAt: DESC }]"),
    ("ppn", "integrationHomeworks", "orderBy: [{ dueDate: ASC }], filter: { isCompleted: { eq: false } }"),
    ("ppn", "homeworkStatuses", "orderBy: [{ dueDate: DESC }]"),
    ("ppn", "supervisionRelationships", "orderBy: [{ createdAt: DESC }]"),
    ("ppn", "networkBenchmarks", "orderBy: [{ month: DESC }]"),
    ("ppn", "outcomesSummaries", "orderBy: [{ month: DESC }]"),
    ("ppn", "sessionActivities", "orderBy: [{ month: DESC }]"),
    ("ppn", "practitionerProfiles", "orderBy: [{ displayName: ASC }]"),
    ("ppn", "practitionerProfiles", "orderBy: [{ hourlyRate: ASC }]"),
    ("therapyflow", "patients", "orderBy: [{ fullName: ASC }]"),
    ("therapyflow", "sessions", "orderBy: [{ scheduledAt: ASC }]"),
    ("therapyflow", "upcomingSessions", "orderBy: [{ scheduledAt: ASC }]"),
    ("therapyflow", "auditLogs", "orderBy: [{ createdAt: DESC }]"),
];

/// Lists that cost more by nature; docs/queries.md names them.
const EXPENSIVE: [&str; 3] = [
    // Scores of two tables in one order.
    "\"score_trends\"",
    // Those who are to meet are joined to each, and it is asked of each whether the caller sees them.
    "\"upcoming_sessions\"",
    // Samples of those who consent lie among those of all others.
    "\"wearable_data\"",
];

/// Somebody who asks for lists of a system.
struct Caller<'a> {
    name: &'static str,
    system: &'static str,
    /// The account; none for somebody without a token.
    id: Option<String>,
    actor: Actor<'a>,
    /// Tenants whose rows are merged.
    tenants: u64,
}

#[tokio::test]
async fn a_page_costs_what_the_page_costs_whoever_asks() {
    // By plans for the values of a cursor, and by those for any.
    let few = measured(FEW, "force_custom_plan", true).await;
    let many = measured(MANY, "force_generic_plan", false).await;
    let mut wrong = Vec::new();
    for ((caller, statement), (cost, most)) in &many {
        let before = few.get(&(*caller, statement.clone())).map(|(cost, _)| *cost);
        let grown = before.is_some_and(|before| *cost > before + before / 4);
        if *cost > *most || *cost > *most / 2 && grown {
            wrong.push(format!(
                "{caller}: {cost} pages, {before:?} with a quarter of the rows:\n    {statement}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), many.len(), wrong.join("\n"));
}

/// The buffers that the statement of each page takes each caller, and how many it may take.
async fn measured(
    (tenants, copies): (u32, u32),
    plan_cache_mode: &str,
    compares: bool,
) -> BTreeMap<(&'static str, String), (u64, u64)> {
    let (database, owner) = scale::tenants(tenants, copies).await;
    let settings = [scale::ANALYZE.as_slice(), &[("plan_cache_mode", plan_cache_mode)]].concat();
    scale::explain(&owner, &settings).await;
    let app = App::over(&database, |config| config.database.pool_size = 1).await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let views = "SELECT format('\"%s\".\"%s\"', schemaname, viewname) FROM pg_views";
    let views: Vec<String> = owner.query(views, &[]).await.unwrap().iter().map(|it| it.get(0)).collect();
    let mut costs = BTreeMap::new();
    for caller in callers(&app, &owner, tenants).await {
        let lists = lists(&catalog, caller.system);
        let plans = plans(&owner, async {
            for list in &lists {
                list.ask(&caller, &owner, compares).await;
            }
        })
        .await;
        for (statement, cost) in of_pages(&plans) {
            let is_of_view = views.iter().any(|view| statement.contains(view));
            let most = if is_of_view { MOST_OF_VIEWS } else { MOST_BUFFERS };
            costs.insert((caller.name, statement), (cost, most * caller.tenants));
        }
    }
    costs
}

/// The most buffers of each statement of a page, but for the first time: then Postgres reads its own catalog.
fn of_pages(plans: &[Value]) -> BTreeMap<String, u64> {
    let mut seen = BTreeSet::new();
    let mut costs = BTreeMap::new();
    let marker = format!("LIMIT {}", PAGE + 1);
    for plan in plans {
        let text = plan["Query Text"].as_str().unwrap();
        let is_expensive = EXPENSIVE.iter().any(|name| text.contains(name));
        if is_expensive || !text.contains(&marker) || seen.insert(text) {
            continue;
        }
        let cost: &mut u64 = costs.entry(text.to_owned()).or_default();
        *cost = (*cost).max(scale::pages(&plan["Plan"]));
    }
    costs
}

/// Those who see rows of one tenant, the first or the last, of some, of all and of none.
async fn callers<'a>(app: &'a App, owner: &Client, tenants: u32) -> Vec<Caller<'a>> {
    let sites: Vec<i64> = owner
        .query("SELECT site_id FROM sites ORDER BY 1", &[])
        .await
        .unwrap()
        .iter()
        .map(|it| it.get(0))
        .collect();
    let (first, last) = (sites[0], *sites.last().unwrap());
    let mut callers = Vec::new();
    for (name, members, role, merged) in [
        ("a clinician of the first site", vec![first], "clinician", 1),
        ("a clinician of the last site", vec![last], "clinician", 1),
        ("a clinician of both", vec![first, last], "clinician", 2),
        ("a clinician of all sites", sites.clone(), "clinician", 1),
        ("an administrator of the network, of the last site", vec![last], "network_admin", 1),
        ("a clinician of all sites but the first", sites[1..].to_vec(), "clinician", u64::from(tenants) + 10),
        ("a clinician of no site", vec![], "clinician", 1),
    ] {
        let id = person(owner, &name.replace([' ', ','], "_")).await;
        for site in members {
            join(owner, &id, site, role).await;
        }
        callers.push(Caller {
            name,
            system: "ppn",
            actor: signed_in(app, &id),
            id: Some(id),
            tenants: merged,
        });
    }
    // The last copy of an organization is the last that was written.
    let last = "SELECT org_id FROM therapyflow.therapists ORDER BY ctid DESC LIMIT 1";
    let first = "SELECT org_id FROM therapyflow.therapists ORDER BY ctid LIMIT 1";
    for (name, table, condition, org) in [
        ("a therapist of the first practice", "therapists", "role = 'therapist'", first),
        ("an administrator of the first practice", "therapists", "role = 'admin'", first),
        ("a patient of the first practice", "patients", "true", first),
        ("a therapist of the last practice", "therapists", "role = 'therapist'", last),
        ("an administrator of the last practice", "therapists", "role = 'admin'", last),
        ("a patient of the last practice", "patients", "true", last),
    ] {
        let id = person(owner, &name.replace(' ', "_")).await;
        let chosen = format!(
            "UPDATE therapyflow.{table} SET user_id = $1::text::uuid WHERE id = (
               SELECT id FROM therapyflow.{table} WHERE org_id = ({org}) AND {condition} ORDER BY id LIMIT 1)"
        );
        assert_eq!(owner.execute(&chosen, &[&id]).await.unwrap(), 1, "{name}");
        callers.push(Caller {
            name,
            system: "therapyflow",
            actor: signed_in(app, &id),
            id: Some(id),
            tenants: 3,
        });
    }
    callers.push(Caller { name: "nobody", system: "ppn", actor: app.anonymous(), id: None, tenants: 1 });
    callers
}

/// A list of a system.
struct List<'c> {
    table: &'c Table,
    field: Option<&'c str>,
    /// Filter and order.
    arguments: &'static str,
}

/// Every list that can grow, by key and as it is shown; what functions give is theirs to find.
fn lists<'c>(catalog: &'c Catalog, system: &str) -> Vec<List<'c>> {
    let of_system = |table: &&Table| catalog.systems()[table.system].name == system;
    let tables: Vec<&Table> = catalog.tables().iter().filter(of_system).collect();
    let field = catalog.systems().iter().find(|it| it.name == system).unwrap().field.as_deref();
    let grows = |table: &&&Table| !table.is_reference && table.function.is_none();
    let by_key = tables.iter().filter(grows).map(|table| List { table, field, arguments: "" });
    let shown = SHOWN.iter().filter(|(of, ..)| *of == system).map(|(_, list, arguments)| List {
        table: tables.iter().find(|table| table.list_field == *list).unwrap(),
        field,
        arguments,
    });
    by_key.chain(shown).collect()
}

impl List<'_> {
    /// Asks for the first page, the last, and those on both sides of the middle.
    async fn ask(&self, caller: &Caller<'_>, owner: &Client, compares: bool) {
        let keys = key_fields(self.table).join(" ");
        let wants = format!("edges {{ cursor node {{ {keys} }} }} pageInfo {{ hasNextPage }}");
        let size = self.edges(caller, &self.query("first: 1", "totalCount")).await["totalCount"].clone();
        let middle = size.as_u64().unwrap_or_default() / 2;
        let found = self.edges(caller, &self.query(&format!("first: 1, offset: {middle}"), &wants)).await;
        let cursor = found["edges"][0]["cursor"].as_str().map(ToOwned::to_owned);

        let mut pages = vec![format!("first: {PAGE}"), format!("last: {PAGE}")];
        if let Some(cursor) = &cursor {
            pages.push(format!("first: {PAGE}, after: {cursor:?}"));
            pages.push(format!("last: {PAGE}, before: {cursor:?}"));
        }
        let mut answers = Vec::new();
        for page in &pages {
            let query = self.query(page, &wants);
            self.edges(caller, &query).await;
            answers.push(self.keys_of(&self.edges(caller, &query).await));
        }
        if compares && self.arguments.is_empty() {
            let all = self.keys_seen(caller, owner).await;
            let middle = usize::try_from(middle).unwrap();
            let mut expected =
                vec![all[..PAGE.min(all.len())].to_vec(), all[all.len().saturating_sub(PAGE)..].to_vec()];
            if cursor.is_some() {
                expected.push(all[middle + 1..(middle + 1 + PAGE).min(all.len())].to_vec());
                expected.push(all[middle.saturating_sub(PAGE)..middle].to_vec());
            }
            assert_eq!(answers, expected, "{} as {}", self.table.list_field, caller.name);
        }
    }

    fn query(&self, page: &str, wants: &str) -> String {
        let separator = if self.arguments.is_empty() { "" } else { ", " };
        let list = format!("{}({page}{separator}{}) {{ {wants} }}", self.table.list_field, self.arguments);
        self.field.map_or_else(|| format!("{{ {list} }}"), |field| format!("{{ {field} {{ {list} }} }}"))
    }

    async fn edges(&self, caller: &Caller<'_>, query: &str) -> Value {
        let data = caller.actor.ask_with(query, &json!({})).await.data().clone();
        let list = self.table.list_field.as_str();
        self.field.map_or_else(|| data[list].clone(), |field| data[field][list].clone())
    }

    fn keys_of(&self, connection: &Value) -> Vec<Key> {
        let fields = key_fields(self.table);
        let key =
            |edge: &Value| fields.iter().map(|field| crate::people::text(&edge["node"][field])).collect();
        connection["edges"].as_array().unwrap().iter().map(key).collect()
    }

    /// The keys of all rows that the policies let a caller see, in order, asked as plainly as can be.
    async fn keys_seen(&self, caller: &Caller<'_>, owner: &Client) -> Vec<Key> {
        let (role, id) = match &caller.id {
            Some(id) => ("authenticated", id.as_str()),
            None => ("anon", ""),
        };
        let key = self.table.primary_key.iter().map(|id| format!("t.{}", self.table.column(*id).sql_name));
        let sql = format!(
            "SELECT {} FROM {} AS t ORDER BY {}",
            key_list(self.table),
            self.table.sql_name,
            key.collect::<Vec<_>>().join(", ")
        );
        let claims = json!({ "sub": caller.id, "role": role }).to_string();
        let begin = format!(
            "BEGIN; SELECT set_config('request.jwt.claims', '{claims}', true),
               set_config('request.jwt.claim.sub', '{id}', true),
               set_config('request.jwt.claim.role', '{role}', true); SET LOCAL ROLE {role}"
        );
        owner.batch_execute(&begin).await.unwrap();
        let rows = owner.query(&sql, &[]).await.unwrap();
        owner.batch_execute("ROLLBACK").await.unwrap();
        rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
    }
}

/// Strips only say where to look: where another policy lets a caller see more, nothing of it is lost.
#[tokio::test]
async fn rows_that_another_policy_shows_are_on_the_page() {
    let database = clone_database().await;
    let owner = connect(&database_url("postgres", &database)).await;
    let (here, there) = (site(&owner, "Here").await, site(&owner, "There").await);
    let clinician = person(&owner, "clinician").await;
    join(&owner, &clinician, here, "clinician").await;
    let (own, other) = (protocol(&owner, here).await, protocol(&owner, there).await);
    let made = "UPDATE log_clinical_records SET created_by = $1::text::uuid WHERE record_id = $2";
    owner.execute(made, &[&clinician, &other]).await.unwrap();
    let asks = "{ protocols(first: 5) { nodes { recordId } } }";
    let rows =
        |keys: &[i64]| json!(keys.iter().map(|it| json!({ "recordId": it.to_string() })).collect::<Vec<_>>());

    let app = App::over(&database, |_| {}).await;
    let answer = signed_in(&app, &clinician).ask(asks).await;
    assert_eq!(answer.data()["protocols"]["nodes"], rows(&[own]));

    let policy = "CREATE POLICY made_by_oneself ON log_clinical_records FOR SELECT USING (created_by = (SELECT auth.uid()))";
    owner.batch_execute(policy).await.unwrap();
    let app = App::over(&database, |_| {}).await;
    let answer = signed_in(&app, &clinician).ask(asks).await;
    assert_eq!(answer.data()["protocols"]["nodes"], rows(&[own, other]));
}
