//! Every kind of caller, rows for them to read, and the expected rows by literal policies.

use std::collections::BTreeSet;

use praxis::graph::catalog::{ColumnType, Scalar, Table};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{join, person, protocol, signed_in, site};
use crate::harness::{Actor, App};

/// The condition of a signed-in caller.
pub(crate) const SIGNED_IN: &str = "auth.role() = 'authenticated'";

/// The condition of an administrator of the network.
pub(crate) const NETWORK_ADMIN: &str = "EXISTS (
  SELECT 1 FROM user_sites
  WHERE user_sites.user_id = auth.uid()
    AND user_sites.role = 'network_admin'
)";

/// The one deviation from the letter of the policies: they do not know `is_active`, and would let a clinician who has left read
/// patients' data for ever. Where a policy says `user_sites`, it means the active memberships.
pub(crate) const MEMBERSHIPS: &str =
    "WITH user_sites AS (SELECT * FROM public.user_sites WHERE is_active IS NOT FALSE)";

/// A primary key, as text.
pub(crate) type Key = Vec<String>;

/// A caller, with the id and role that policies see.
pub(crate) struct Caller<'a> {
    pub(crate) name: &'static str,
    pub(crate) actor: Actor<'a>,
    pub(crate) id: Option<String>,
}

impl Caller<'_> {
    /// Returns a condition with the caller's id and role inserted.
    pub(crate) fn ask_for(&self, condition: &str) -> String {
        let id = self.id.as_ref().map_or("NULL::uuid".to_owned(), |id| format!("'{id}'::uuid"));
        let role = if self.id.is_some() { "'authenticated'" } else { "'anon'" };
        condition.replace("auth.uid()", &id).replace("auth.role()", role)
    }
}

/// Returns the keys of a table's rows that a literal policy shows to a caller.
pub(crate) async fn allowed(
    owner: &Client,
    table: &Table,
    policy: &str,
    caller: &Caller<'_>,
) -> BTreeSet<Key> {
    let policy = caller.ask_for(policy);
    keys(owner, &format!("{MEMBERSHIPS} SELECT {} FROM {} WHERE {policy}", key_list(table), source(table)))
        .await
}

/// Returns the relation in which the expected rows are found. For a function, plain SQL computes its rows.
pub(crate) fn source(table: &Table) -> String {
    let of_tool = format!("SELECT entry_id, version FROM {}.tool_data WHERE company_id = 1", table.schema);
    let rows = match table.full_name().as_str() {
        _ if table.name == "company_entries" => &of_tool,
        "public.supervision_matches" => {
            "SELECT profile_id AS supervisor_id FROM practitioner_profiles p
             WHERE is_accepting_supervision AND max_supervisees > (
               SELECT count(*) FROM supervision_relationships WHERE supervisor_id = p.profile_id AND status = 'active')"
        }
        "public.supervision_networks" => {
            "SELECT id AS viewer_id FROM auth.users UNION SELECT '00000000-0000-4000-8000-00000000dead'"
        }
        // In the format in which a client writes the time.
        "therapyflow.free_slots" => "VALUES ('2030-01-01T00:00:00Z'), ('2030-01-01T00:50:00Z')",
        _ if table.function.is_some() => return format!("{} AS {}", table.sql_name, table.name),
        _ => return table.sql_name.clone(),
    };
    let columns = if table.name == "free_slots" { "(starts_at)" } else { "" };
    format!("({rows}) AS {}{columns}", table.name)
}

/// Returns the arguments that a function requires.
pub(crate) fn arguments(table: &Table) -> &'static str {
    match table.full_name().as_str() {
        "therapyflow.free_slots" => "earliest: \"2030-01-01T00:00:00Z\", latest: \"2030-01-01T02:00:00Z\",",
        _ if table.name == "company_entries" => "company: \"1\",",
        _ => "",
    }
}

/// Returns the keys that a query returns.
pub(crate) async fn keys(owner: &Client, sql: &str) -> BTreeSet<Key> {
    let rows = owner.query(sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
}

/// Returns the columns of the primary key as text, with the names of enum values.
pub(crate) fn key_list(table: &Table) -> String {
    let columns = table.primary_key.iter().map(|id| {
        let column = table.column(*id);
        let ColumnType::Enum(values) = &column.ty else { return format!("{}::text", column.sql_name) };
        let names = values.values.iter().map(|it| format!(" WHEN '{}' THEN '{}'", it.text, it.name));
        format!("CASE {}{} END", column.sql_name, names.collect::<String>())
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// Returns the fields of the primary key.
pub(crate) fn key_fields(table: &Table) -> Vec<&str> {
    table.primary_key.iter().map(|id| table.column(*id).field.as_str()).collect()
}

/// Returns a key as the arguments that select its row.
pub(crate) fn key_arguments(table: &Table, key: &Key) -> String {
    let arguments = table.primary_key.iter().zip(key).map(|(id, value)| {
        let column = table.column(*id);
        let quoted =
            !matches!(column.ty, ColumnType::Enum(_) | ColumnType::Scalar(Scalar::Int | Scalar::SmallInt));
        let value = if quoted { json!(value).to_string() } else { value.clone() };
        format!("{}: {value}", column.field)
    });
    arguments.collect::<Vec<_>>().join(", ")
}

/// Returns a text as a literal of SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns a value as text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Inserts rows of every table in two sites, and returns every kind of caller.
pub(crate) async fn populate<'a>(app: &'a App, owner: &Client) -> Vec<Caller<'a>> {
    let (here, there) = (site(owner, "Here").await, site(owner, "There").await);
    for site in [here, there] {
        for _ in 0..2 {
            let protocol = protocol(owner, site).await;
            owner
                .batch_execute(&format!(
                    "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
                       VALUES ({protocol}, 1, now() - interval '1 hour', 4), ({protocol}, 1, now(), NULL);
                     INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
                       VALUES ({protocol}, 'IES', 50, now());
                     INSERT INTO integration_homework (protocol_id, assigned_date, due_date)
                       VALUES ({protocol}, '2026-01-01', '2026-01-02');
                     INSERT INTO assessment_responses (protocol_id, score, completed_at) VALUES ({protocol}, 7, now());"
                ))
                .await
                .unwrap();
        }
        owner
            .batch_execute(&format!(
                "INSERT INTO outcomes_summary (site_id, substance_id, month, total_protocols)
                 VALUES ({site}, NULL, '2026-01-01', 3), ({site}, 1, '2026-01-01', 3);"
            ))
            .await
            .unwrap();
    }
    owner.batch_execute("SELECT praxis.refresh_benchmarks(), praxis.refresh_activities()").await.unwrap();
    // Rows without a protocol belong to no site.
    owner.batch_execute("INSERT INTO session_events (event_timestamp) VALUES (now())").await.unwrap();

    let mut callers = vec![Caller { name: "somebody without a token", actor: app.anonymous(), id: None }];
    for (name, memberships) in [
        ("a clinician", vec![(here, "clinician")]),
        ("a clinician of another site", vec![(there, "clinician")]),
        ("a clinician of two sites", vec![(here, "clinician"), (there, "clinician")]),
        ("a site_admin", vec![(here, "site_admin")]),
        ("a network_admin", vec![(here, "network_admin")]),
        ("an analyst", vec![(here, "analyst")]),
        ("an auditor of another site", vec![(there, "auditor")]),
        ("a member of no site", vec![]),
        ("a clinician who left", vec![(here, "clinician")]),
        ("a network_admin who left", vec![(there, "network_admin")]),
    ] {
        let id = person(owner, name).await;
        for (site, role) in memberships {
            join(owner, &id, site, role).await;
        }
        if name.ends_with("left") {
            let sql = "UPDATE user_sites SET is_active = false WHERE user_id = $1::text::uuid";
            owner.execute(sql, &[&id]).await.unwrap();
        }
        callers.push(Caller { name, actor: signed_in(app, &id), id: Some(id) });
    }
    let unknown = "00000000-0000-4000-8000-00000000dead".to_owned();
    callers.push(Caller { name: "an unknown account", actor: signed_in(app, &unknown), id: Some(unknown) });

    // The clinician supervises the analyst; two others, who send no requests, supervise each other.
    owner
        .batch_execute(
            "INSERT INTO practitioner_profiles (user_id, display_name)
               SELECT id, email FROM auth.users WHERE email IN ('a clinician@tests.example', 'an analyst@tests.example');
             INSERT INTO practitioner_profiles (display_name) VALUES ('third@tests.example'), ('fourth@tests.example');
             INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status)
               SELECT one.profile_id, other.profile_id, 'active'
               FROM practitioner_profiles one JOIN practitioner_profiles other
                 ON (one.display_name, other.display_name) IN (
                   ('a clinician@tests.example', 'an analyst@tests.example'),
                   ('third@tests.example', 'fourth@tests.example'));
             INSERT INTO supervision_circles (circle_name) VALUES ('A circle');
             INSERT INTO circle_members (circle_id, profile_id)
               SELECT circle_id, profile_id FROM supervision_circles, practitioner_profiles
               WHERE circle_name = 'A circle' AND display_name LIKE '%@tests.example';",
        )
        .await
        .unwrap();
    callers.extend(crate::practices::populate(app, owner).await);
    callers
}
