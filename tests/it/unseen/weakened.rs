//! Policies that were weakened on purpose are detected.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::declared::WITHOUT;
use super::pair::{Pair, Verdict};
use super::world::World;
use crate::random::{Dice, Generator};

/// The number of operations within which a weakened policy must be detected.
const ENOUGH: usize = 2_000;
/// People from whom, together, rows of every protected table are hidden.
const PEOPLE: [&str; 3] = ["a member of no site", "a therapist", "a clinician"];

/// A policy for reading, for one of the roles of callers.
struct Policy {
    table: String,
    name: String,
    condition: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_policy_is_weakened_shows() {
    let world = World::make().await;
    let (mut tried, mut missed) = (BTreeSet::new(), Vec::new());
    for name in PEOPLE {
        let person = world.people.iter().find(|person| person.name == name).unwrap();
        let pair = Pair::start(&world, person).await;
        let owner = pair.whole.owner().await;
        // The gateway would refuse such a database at once; it still checks every minute.
        owner.batch_execute("ALTER EVENT TRIGGER praxis_schema DISABLE").await.unwrap();
        for policy in policies(&owner, &pair.hidden).await {
            if !tried.insert(policy.table.clone()) {
                continue;
            }
            match found_after(&world, &pair, &owner, &policy).await {
                Some(count) => println!("{}: {} shows after {count} operations", policy.table, policy.name),
                None => missed.push(format!("{} of {}", policy.name, policy.table)),
            }
        }
        pair.stop().await;
    }
    assert!(tried.len() > 15, "{tried:?}");
    assert_eq!(missed, Vec::<String>::new());
}

/// Returns a policy of each of these tables.
async fn policies(owner: &Client, tables: &[String]) -> Vec<Policy> {
    let sql = "SELECT DISTINCT ON (polrelid) format('%I.%I', nspname, relname), quote_ident(polname),
          pg_get_expr(polqual, polrelid)
        FROM pg_policy JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = relnamespace
        WHERE polpermissive AND polcmd IN ('r', '*') AND polrelid = ANY ($1::text[]::regclass[])
          AND polroles && ARRAY[0, 'authenticated'::regrole::oid] AND pg_get_expr(polqual, polrelid) <> 'true'
        ORDER BY polrelid, polname";
    let rows = owner.query(sql, &[&tables]).await.unwrap();
    assert!(!rows.is_empty());
    rows.iter().map(|row| Policy { table: row.get(0), name: row.get(1), condition: row.get(2) }).collect()
}

impl Policy {
    async fn let_through(&self, owner: &Client, condition: &str) {
        let alter = format!("ALTER POLICY {} ON {} USING ({condition})", self.name, self.table);
        owner.batch_execute(&alter).await.unwrap();
    }
}

/// Returns the number of operations until the answers differ if a policy is true for every row.
async fn found_after(world: &World, pair: &Pair<'_>, owner: &Client, policy: &Policy) -> Option<usize> {
    let generator = Generator::new(&world.schema, &world.pool, WITHOUT);
    let mut dice = Dice::of(7);
    let mut found = None;
    policy.let_through(owner, "true").await;
    for count in 1..=ENOUGH {
        let operation = generator.query(&mut dice);
        if !matches!(pair.compare(&operation).await, Verdict::Different) {
            continue;
        }
        if pair.is_open().await {
            found = Some(count);
            break;
        }
        // The gateway has checked and no longer serves: it does once it has seen the original policy.
        policy.let_through(owner, &policy.condition).await;
        pair.look_again(owner).await;
        policy.let_through(owner, "true").await;
    }
    policy.let_through(owner, &policy.condition).await;
    pair.look_again(owner).await;
    found
}
