//! Own entries make a difference: an entry that says what its rule says is refused.

use std::collections::BTreeSet;

use praxis::graph::catalog::{Catalog, Table};
use praxis::systems;
use serde_json::Value;
use tokio_postgres::Client;

use super::{DECLARATIONS, Declaration, Tables, examples, recipe};
use crate::harness::App;
use crate::mutation_matrix::{outcomes, prepare};
use crate::people::{Caller, Key, allowed, populate};

/// Returns the tables of all systems, with those of the made-up one.
fn catalogs() -> [Catalog; 2] {
    [Catalog::new(&systems::ALL).unwrap(), Catalog::new(&[crate::made_up::SYSTEM]).unwrap()]
}

#[test]
fn every_rule_and_every_entry_is_of_a_table_of_its_system() {
    let catalogs = catalogs();
    for declaration in DECLARATIONS {
        let is_own = |table: &&Table| declaration.schemas.iter().any(|it| it.name == table.schema);
        let tables: Vec<&Table> = catalogs.iter().flat_map(Catalog::tables).filter(is_own).collect();
        let mut own = BTreeSet::new();
        for entry in (declaration.own)() {
            assert!(tables.iter().any(|table| entry.is_of(table)), "there is no table {}", entry.table);
            assert!(own.insert(entry.table), "{} has two entries", entry.table);
        }
        for (at, rule) in (declaration.rules)().iter().enumerate() {
            let follows = |table: &&&Table| {
                declaration.rule(table).is_some_and(|it| it.access.read == rule.access.read)
            };
            assert!(
                tables.iter().find(follows).is_some(),
                "no table follows rule {at} of {}",
                tables[0].schema
            );
            let Tables::Named(names) = rule.tables else { continue };
            for name in names {
                assert!(tables.iter().any(|table| table.name == *name), "there is no table {name}");
            }
        }
    }
}

#[tokio::test]
async fn every_entry_makes_a_difference_to_somebody() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let callers = populate(&app, &owner).await;
    prepare(&owner, &catalog).await;
    let mut superfluous = Vec::new();
    for table in catalog.tables() {
        let declaration = Declaration::of(table);
        let Some(own) = declaration.own(table) else { continue };
        let (ours, name) = (own.access.of(table), table.full_name());
        if let Some(rule) = declaration.rule(table) {
            let rule = rule.access.of(table);
            for (what, ours, rules) in [
                ("read", ours.read, rule.read),
                ("insert", ours.insert, rule.insert),
                ("update", ours.update, rule.update),
                ("delete", ours.delete, rule.delete),
            ] {
                let (Some(ours), Some(rules)) = (ours, rules) else { continue };
                if rows(&owner, table, &ours, &callers).await == rows(&owner, table, &rules, &callers).await {
                    superfluous.push(format!("{what} of {name}: its rule shows every caller the same rows"));
                }
            }
        }
        if own.inputs.is_none() && own.patch.is_none() {
            continue;
        }
        let written = recipe(&owner, &catalog, table).await;
        let generated = &examples::inputs(&owner, &catalog, table, declaration.rule(table).as_ref()).await;
        let patch = &examples::patch(&owner, table).await;
        let of = async |inputs, patch| outcomes(&owner, table, &written, inputs, patch, &callers).await;
        let outcomes = of(&written.inputs, &written.patch).await;
        if let (Some(_), Ok(generated)) = (&own.inputs, generated)
            && fields(&written.inputs).is_subset(&fields(generated))
            && of(generated, &written.patch).await == outcomes
        {
            superfluous
                .push(format!("inputs of {name}: the generated ones have the same fields and outcomes"));
        }
        if let (Some(_), Ok(patch)) = (&own.patch, patch)
            && of(&written.inputs, patch).await == outcomes
        {
            superfluous.push(format!("patch of {name}: the generated one has the same outcomes"));
        }
    }
    assert!(superfluous.is_empty(), "{superfluous:#?}");
}

/// Returns the fields that inputs have.
fn fields(inputs: &[Value]) -> BTreeSet<&String> {
    inputs.iter().flat_map(|input| input.as_object().unwrap().keys()).collect()
}

/// Returns the rows that meet a condition, for each caller.
async fn rows(owner: &Client, table: &Table, condition: &str, callers: &[Caller<'_>]) -> Vec<BTreeSet<Key>> {
    let mut rows = Vec::new();
    for caller in callers {
        rows.push(allowed(owner, table, condition, caller).await);
    }
    rows
}
