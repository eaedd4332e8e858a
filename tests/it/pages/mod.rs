//! The cost of a page does not depend on the number of others' rows: the first, the last and those in the middle of every list,
//! for every kind of caller.

mod below;
mod list;
mod piled;

use std::collections::BTreeMap;

use praxis::graph::catalog::Catalog;
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use self::below::below;
use self::list::lists;
use crate::fixture::{join, person, protocol, signed_in, site};
use crate::harness::{Actor, App, clone_database, connect, database_url};
use crate::scale::{self, plans};

/// Rows of a page.
const PAGE: usize = 20;
/// The part of the statement of a page: Postgres plans pages of up to 31 rows and one more by this number.
const MARKER: &str = " LIMIT 32) q LIMIT $";
const _: () = assert!(PAGE < 32);
/// Number of parents whose lists are requested at once.
const PARENTS: usize = 3;
/// The callers who request lists below rows.
const LOOK_BELOW: [&str; 7] = [
    "a clinician of the first site",
    "a clinician of the last site",
    "a clinician of all sites",
    "an administrator of the network, of the last site",
    "a therapist of the last practice",
    "an administrator of the last practice",
    "a patient of the last practice",
];
/// Number of tenants, and of copies of the demo's rows for each.
const FEW: (u32, u32) = (3, 6);
const MANY: (u32, u32) = (6, 12);
/// Buffers that one page of a list may read for each tenant: five for a row and as many again for finding it. Rows of a view read
/// more. A note's text comes from six statements, each over the session's 23 events and under the policies of all its tables: 75
/// to 90 buffers for a row, 39 of them for the caller's identity and sites. One more level of the indexes is a quarter more, so
/// the bound is twice that: beyond half of it nothing may grow.
const MOST_BUFFERS: u64 = 10 * PAGE as u64;
const MOST_OF_VIEWS: u64 = 30 * PAGE as u64;
const MOST_OF_NOTES: u64 = 2 * 100 * PAGE as u64;

/// Orders and filters of the documentation, the ready-made queries and dashboards: system, list, arguments.
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

/// The part of a statement that reads a page of each site, for every caller.
const EACH_SITE: &str = "unnest((SELECT praxis.auth_sites()))";

/// Functions that read all candidates before they return the first: all matches of a search, and all users who accept
/// supervision. docs/queries.md names them.
const RANKED: [&str; 2] = ["\"search_practitioners\"", "\"supervision_matches\""];

/// A caller of lists of a system.
pub(super) struct Caller<'a> {
    name: &'static str,
    system: &'static str,
    /// The account; `None` without a token.
    id: Option<String>,
    actor: Actor<'a>,
    /// Tenants whose rows are merged.
    tenants: u64,
    /// Sites whose rows are merged below one row of a reference table: a caller who sees all of them pays for a page of each.
    sites: u64,
}

impl Caller<'_> {
    /// Sends fields of a system and returns the data.
    async fn ask(&self, system: Option<&str>, fields: &str) -> Value {
        let query = system
            .map_or_else(|| format!("{{ {fields} }}"), |system| format!("{{ {system} {{ {fields} }} }}"));
        let answer = self.actor.ask_with(&query, &json!({})).await;
        system.map_or_else(|| answer.data().clone(), |system| answer.data()[system].clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_costs_what_the_page_costs_whoever_asks() {
    // By custom plans for the values of a cursor, and by generic plans.
    let few = measured(FEW, "force_custom_plan", true);
    let (few, many) = tokio::join!(few, measured(MANY, "force_generic_plan", false));
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

/// Returns the buffers that the statement of each page reads for each caller, and the limit.
async fn measured((tenants, copies): (u32, u32), plan_cache_mode: &str, compares: bool) -> Costs {
    let (database, owner) = scale::tenants(tenants, copies).await;
    // The reads of functions count as those of the calling statement.
    let whole = [("plan_cache_mode", plan_cache_mode), ("auto_explain.log_nested_statements", "off")];
    let settings = [scale::ANALYZE.as_slice(), &whole].concat();
    scale::explain(&owner, &settings).await;
    let app = App::over(&database, |config| config.database.pool_size = 1).await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let views = "SELECT format('\"%s\".\"%s\"', schemaname, viewname) FROM pg_views";
    let views: Vec<String> = owner.query(views, &[]).await.unwrap().iter().map(|it| it.get(0)).collect();
    let mut costs = Costs::new();
    for caller in callers(&app, &owner, tenants).await {
        let asked = Asked { caller: &caller, owner: &owner, views: &views };
        for list in lists(&catalog, caller.system) {
            asked.cost(async || list.ask(&caller, &owner, compares).await, &mut costs).await;
        }
        for list in below(&catalog, caller.system).iter().filter(|_| LOOK_BELOW.contains(&caller.name)) {
            asked.cost(async || list.ask(&caller, &owner, compares).await, &mut costs).await;
        }
    }
    costs
}

/// The buffers of each statement of a page for each caller, and the limit.
type Costs = BTreeMap<(&'static str, String), (u64, u64)>;

/// A caller whose pages are measured.
struct Asked<'a> {
    caller: &'a Caller<'a>,
    owner: &'a Client,
    views: &'a [String],
}

impl Asked<'_> {
    /// Requests the pages of a list and adds their cost.
    async fn cost(&self, ask: impl AsyncFn(), costs: &mut Costs) {
        let mut found = self.once(&ask).await;
        if found.values().any(|(cost, most)| *cost > *most / 2) {
            // The first time on a connection Postgres reads its own catalog too.
            found = self.once(&ask).await;
        }
        for (statement, (cost, most)) in found {
            let known = costs.entry((self.caller.name, statement)).or_default();
            *known = (known.0.max(cost), most);
        }
    }

    /// Returns the most buffers of each statement of a page, and the limit.
    async fn once(&self, ask: impl AsyncFn()) -> BTreeMap<String, (u64, u64)> {
        let mut costs = BTreeMap::new();
        for plan in plans(self.owner, ask()).await {
            let text = plan["Query Text"].as_str().unwrap();
            if !text.contains(MARKER) || RANKED.iter().any(|name| text.contains(name)) {
                continue;
            }
            let known: &mut (u64, u64) = costs.entry(text.to_owned()).or_insert_with(|| (0, self.most(text)));
            known.0 = known.0.max(scale::pages(&plan["Plan"]));
        }
        costs
    }

    /// Returns how many buffers a statement of a page may read.
    fn most(&self, text: &str) -> u64 {
        let most = match () {
            () if text.contains("\"session_notes\"") => MOST_OF_NOTES,
            () if self.views.iter().any(|view| text.contains(view)) => MOST_OF_VIEWS,
            () => MOST_BUFFERS,
        };
        let parents = if text.contains("SELECT p.* FROM unnest(") { PARENTS as u64 } else { 1 };
        let merged = if text.contains(EACH_SITE) { self.caller.sites } else { self.caller.tenants };
        most * parents * merged
    }
}

/// Returns callers who see rows of one tenant, the first or the last, of some, of all and of none.
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
        for site in &members {
            join(owner, &id, *site, role).await;
        }
        callers.push(Caller {
            name,
            system: "ppn",
            actor: signed_in(app, &id),
            id: Some(id),
            tenants: merged,
            sites: members.len().max(1) as u64,
        });
    }
    // The last copy of an organization was written last.
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
            sites: 0,
        });
    }
    callers.push(Caller {
        name: "nobody",
        system: "ppn",
        actor: app.anonymous(),
        id: None,
        tenants: 1,
        sites: 1,
    });
    callers
}

/// Strips only restrict the search: a row that another policy shows is not lost.
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

    // An existing table keeps policies of its owner.
    let policy = "DELETE FROM praxis.baseline WHERE object = 'table public.log_clinical_records';
        CREATE POLICY made_by_oneself ON log_clinical_records FOR SELECT USING (created_by = (SELECT auth.uid()))";
    owner.batch_execute(policy).await.unwrap();
    let app = App::over(&database, |_| {}).await;
    let answer = signed_in(&app, &clinician).ask(asks).await;
    assert_eq!(answer.data()["protocols"]["nodes"], rows(&[own, other]));
}
