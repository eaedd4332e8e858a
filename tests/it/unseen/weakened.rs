//! Policies that were weakened on purpose are found out.

use crate::random::{Dice, Generator};

use super::declared::WITHOUT;
use super::pair::{Pair, Verdict};
use super::world::World;

/// Operations after which a weakened policy has to be found out.
const ENOUGH: usize = 3_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_policy_is_weakened_shows() {
    let world = World::make().await;
    let policies = "SELECT polrelid::regclass::text, quote_ident(min(polname)) FROM pg_policy
        WHERE polpermissive AND polcmd IN ('r', '*') AND polrelid = ANY ($1::text[]::regclass[])
          AND pg_get_expr(polqual, polrelid) <> 'true'
        GROUP BY polrelid ORDER BY 1";
    let mut missed = Vec::new();
    for name in ["a member of no site", "a therapist"] {
        let person = world.people.iter().find(|person| person.name == name).unwrap();
        let pair = Pair::start(&world, person).await;
        let owner = pair.whole.owner().await;
        let prefix = if name == "a therapist" { "therapyflow" } else { "public" };
        let tables = world.catalog.tables().iter().filter(|table| table.function.is_none());
        let served: Vec<String> =
            tables.filter(|table| table.schema == prefix).map(|table| table.sql_name.clone()).collect();
        let rows = owner.query(policies, &[&served]).await.unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            let (table, policy): (String, String) = (row.get(0), row.get(1));
            let text = "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy
                WHERE polrelid = $1::text::regclass AND quote_ident(polname) = $2";
            let text: String = owner.query_one(text, &[&table, &policy]).await.unwrap().get(0);
            let alter = |using: &str| format!("ALTER POLICY {policy} ON {table} USING ({using})");
            owner.batch_execute(&alter("true")).await.unwrap();
            match found_after(&world, &pair).await {
                Some(count) => println!("{table}: {policy} shows after {count} operations"),
                None => missed.push(format!("{policy} of {table}")),
            }
            owner.batch_execute(&alter(&text)).await.unwrap();
        }
        pair.stop().await;
    }
    assert_eq!(missed, Vec::<String>::new());
}

/// After how many operations the answers differ.
async fn found_after(world: &World, pair: &Pair<'_>) -> Option<usize> {
    let generator = Generator { schema: &world.schema, pool: &world.pool, without: WITHOUT };
    let mut dice = Dice::of(7);
    for count in 1..=ENOUGH {
        if matches!(pair.compare(&generator.query(&mut dice)).await, Verdict::Different) {
            return Some(count);
        }
    }
    None
}
