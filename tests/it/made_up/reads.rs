//! Queries of the made-up system.

use std::collections::BTreeSet;

use entity::Schema;
use entity_made_up::tools;
use praxis::graph::catalog::{Catalog, System};
use praxis::graph::schema::build;
use serde_json::json;

use super::{SYSTEM, WRITERS, entries, started};
use crate::fixture::signed_in;
use crate::harness::Actor;

/// The number of fields per request.
const AT_A_TIME: usize = 20;

/// Returns the texts of the entries of all tools that a caller reads.
async fn texts(caller: &Actor<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    for tools in tools().collect::<Vec<_>>().chunks(AT_A_TIME) {
        let lists =
            tools.iter().map(|schema| format!("{}(first: 5) {{ nodes {{ data }} }}", entries(schema)));
        let answer = caller.ask(&format!("{{ madeUp {{ {} }} }}", lists.collect::<Vec<_>>().join(" "))).await;
        let lists = answer.data()["madeUp"].as_object().unwrap().values();
        let nodes = lists.flat_map(|list| list["nodes"].as_array().unwrap());
        texts.extend(nodes.map(|node| node["data"]["of"].as_str().unwrap().to_owned()));
    }
    texts
}

#[test]
fn tables_that_share_a_name_are_types_of_their_own() {
    let catalog = Catalog::new(&[SYSTEM]).unwrap();
    let named = |name: &str| catalog.tables().iter().filter(|table| table.name == name).count();
    assert_eq!((named("tool_data"), named("audit_log")), (tools().count(), tools().count()));
    let types: BTreeSet<&str> = catalog.tables().iter().map(|table| table.type_name.as_str()).collect();
    assert_eq!(types.len(), catalog.tables().len());
    for schema in tools() {
        let table = catalog.table_named(schema.name, "tool_data").unwrap();
        assert_eq!((&table.schema, &table.list_field), (&schema.name.to_owned(), &entries(schema)));
        assert!(table.doc.contains(schema.title), "{}", table.doc);
        // A relation without a schema stays within its table's schema; one with a schema leads there.
        let targets = table.relations.iter().map(|relation| catalog.table(relation.target).full_name());
        let within = format!("{}.audit_log", schema.name);
        assert_eq!(targets.collect::<Vec<_>>(), ["made_up.companies", &within]);
    }
}

#[test]
fn a_table_that_its_system_does_not_declare_once_is_refused() {
    const ELSEWHERE: &[Schema] = &[Schema::plain("public")];
    let undeclared = System { schemas: ELSEWHERE, ..SYSTEM };
    let twice = System {
        visit: |reader| {
            entity_made_up::visit(reader);
            entity_made_up::visit(reader);
        },
        ..SYSTEM
    };
    let refused = |system: System| Catalog::new(&[system]).unwrap_err().to_string();
    assert_eq!(refused(undeclared), "made_up_00.company_entries: its system has no such schema");
    assert_eq!(refused(twice), "made_up_00.company_entries: two entities describe it");
}

#[test]
fn descriptions_name_a_table_with_its_schema() {
    let catalog = Catalog::new(&[SYSTEM]).unwrap();
    let sdl = build(&catalog).unwrap().sdl();
    for name in ["tool_data", "audit_log", "ref_stages"] {
        assert!(
            sdl.contains(&format!("`made_up_00.{name}`")) && sdl.contains(&format!("`made_up_01.{name}`"))
        );
        let line = sdl.lines().find(|line| line.contains(&format!("`{name}`")));
        assert_eq!(line, None, "it does not say which {name}");
    }
}

#[tokio::test]
async fn each_caller_reads_their_own_rows_of_each_schema() {
    let (app, _) = started().await;
    for (place, writer) in WRITERS.iter().enumerate() {
        let own: Vec<String> = tools().map(|schema| format!("{} {place}", schema.name)).collect();
        assert_eq!(texts(&signed_in(&app, writer)).await, own);
    }
    assert_eq!(texts(&app.anonymous()).await, Vec::<String>::new());
}

#[tokio::test]
async fn relations_and_filters_stay_within_their_schema_or_lead_where_they_say() {
    let (app, owner) = started().await;
    // A change in one schema is visible there alone.
    owner.batch_execute("UPDATE made_up_07.tool_data SET status = 'submitted'").await.unwrap();
    let query = "{ madeUp {
        changed: tool07Entries(filter: { audits: { some: { action: { eq: \"UPDATE\" } } }, company: { name: { eq: \"One\" } } }) { ...of07 }
        elsewhere: tool08Entries(filter: { audits: { some: { action: { eq: \"UPDATE\" } } } }) { nodes { rowKey: entryId } }
        otherCompany: tool07Entries(filter: { company: { name: { eq: \"Other\" } } }) { nodes { rowKey: entryId } }
    } }
    fragment of07 on MadeUpTool07EntryConnection { nodes { status company { name } audits { nodes { action entry { data } } } } }";
    let answer = signed_in(&app, WRITERS[0]).ask(query).await;
    let entry = json!({ "data": { "of": "made_up_07 0" } });
    assert_eq!(
        answer.data()["madeUp"],
        json!({
            "changed": { "nodes": [{
                "status": "SUBMITTED",
                "company": { "name": "One" },
                "audits": { "nodes": [{ "action": "INSERT", "entry": entry }, { "action": "UPDATE", "entry": entry }] },
            }] },
            "elsewhere": { "nodes": [] },
            "otherCompany": { "nodes": [] },
        })
    );
}

#[tokio::test]
async fn an_id_names_the_row_of_its_schema() {
    let (app, _) = started().await;
    let actor = signed_in(&app, WRITERS[0]);
    let ids = "{ madeUp { tool03Entries { nodes { id entryId } } tool04Entries { nodes { id entryId } } } }";
    let answer = actor.ask(ids).await;
    let nodes = ["tool03Entries", "tool04Entries"].map(|it| answer.data()["madeUp"][it]["nodes"][0].clone());
    assert_eq!(nodes[0]["entryId"], nodes[1]["entryId"]);
    assert_ne!(nodes[0]["id"], nodes[1]["id"]);
    let query = "query($one: ID!, $other: ID!) {
        one: node(id: $one) { __typename ... on MadeUpTool03Entry { data } }
        other: node(id: $other) { __typename ... on MadeUpTool04Entry { data } } }";
    let found = actor.ask_with(query, &json!({ "one": nodes[0]["id"], "other": nodes[1]["id"] })).await;
    assert_eq!(
        *found.data(),
        json!({
            "one": { "__typename": "MadeUpTool03Entry", "data": { "of": "made_up_03 0" } },
            "other": { "__typename": "MadeUpTool04Entry", "data": { "of": "made_up_04 0" } },
        })
    );
}

#[tokio::test]
async fn reference_tables_are_kept_and_forgotten_apart() {
    let (app, _) = started().await;
    let actor = signed_in(&app, WRITERS[0]);
    let stages = "{ madeUp { tool00Stages { nodes { stageName } } tool01Stages { nodes { stageName } } } }";
    let told = |one: &[&str]| {
        let nodes = |names: &[&str]| json!({ "nodes": names.iter().map(|it| json!({ "stageName": it })).collect::<Vec<_>>() });
        json!({ "madeUp": { "tool00Stages": nodes(one), "tool01Stages": nodes(&["The stage of made_up_01"]) } })
    };
    for _ in 0..2 {
        assert_eq!(*actor.ask(stages).await.data(), told(&["The stage of made_up_00"]));
    }
    assert_eq!(actor.ask(stages).await.statements(), 0);
    let added = actor
        .ask(
            "mutation { createMadeUpTool00Stage(input: { stageName: \"Another\" }) { tool00Stage { stageName } } }",
        )
        .await;
    assert_eq!(added.data()["createMadeUpTool00Stage"]["tool00Stage"]["stageName"], "Another");
    crate::harness::eventually("the stage is read", async || {
        *actor.ask(stages).await.data() == told(&["The stage of made_up_00", "Another"])
    })
    .await;
}

#[tokio::test]
async fn functions_that_share_a_name_are_called_in_their_schema() {
    let (app, _) = started().await;
    let actor = signed_in(&app, WRITERS[0]);
    let submit = "mutation { madeUpTool01Submit(entry: \"1\") { tool01Entry { status data } } }";
    let entry = json!({ "status": "SUBMITTED", "data": { "of": "made_up_01 0" } });
    assert_eq!(actor.ask(submit).await.data()["madeUpTool01Submit"]["tool01Entry"], entry);
    let query = "{ madeUp {
        one: tool00EntriesOfCompany(company: \"1\") { nodes { entryId version } }
        other: tool01EntriesOfCompany(company: \"1\") { nodes { entryId version } }
        draft: tool00Entries(filter: { status: { eq: DRAFT } }) { nodes { entryId } }
        submitted: tool01Entries(filter: { status: { eq: SUBMITTED } }) { nodes { entryId } }
    } }";
    let row = json!({ "nodes": [{ "entryId": "1", "version": 1 }] });
    let key = json!({ "nodes": [{ "entryId": "1" }] });
    assert_eq!(
        actor.ask(query).await.data()["madeUp"],
        json!({ "one": row, "other": row, "draft": key, "submitted": key })
    );
}
