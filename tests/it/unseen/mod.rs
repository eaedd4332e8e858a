//! Rows that a caller may not see change nothing: random operations have the same answers, byte for byte, from a database and
//! from a copy without the rows that the caller may not see.
//!
//! The literal policies of `matrix` and `practices` determine which rows the caller may see, not those of the database, so that a
//! policy that is too wide is found too. `UNSEEN_OPERATIONS` sets the number of operations, `UNSEEN_SEED` the seed; a failure
//! prints its seed and the smallest operation that shows it.

mod copy;
#[cfg(test)]
mod declared;
mod pair;
mod watching;
mod weakened;
mod world;

use std::collections::BTreeMap;

use crate::random::{Argument, Dice, Field, Generator, Operation, setting};

use self::declared::WITHOUT;
use self::pair::{Pair, Verdict};
use self::world::World;

/// Number of operations of all callers together.
const OPERATIONS: usize = 4_000;
/// The test stops after this many differences.
const ENOUGH: usize = 25;
/// One of this many operations is a mutation.
const MUTATIONS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_one_may_not_see_change_nothing() {
    let operations = setting("UNSEEN_OPERATIONS").unwrap_or(OPERATIONS);
    let seed = setting("UNSEEN_SEED").unwrap_or(1);
    let world = World::make().await;
    let (mut told, mut differences) = (BTreeMap::new(), Vec::new());
    for (at, person) in world.people.iter().enumerate() {
        let pair = Pair::start(&world, person).await;
        let generator = Generator::new(&world.schema, &world.pool, WITHOUT);
        let seed = (seed * 1_000 + at) as u64;
        let mut dice = Dice::of(seed);
        for number in 0..operations.div_ceil(world.people.len()) {
            let operation = if number % MUTATIONS == 0 {
                refused(generator.mutation(&mut dice))
            } else {
                generator.query(&mut dice)
            };
            match pair.compare(&operation).await {
                Verdict::Same(outcome) => *told.entry(outcome).or_insert(0) += 1,
                Verdict::Declared(rule) => *told.entry(rule).or_insert(0) += 1,
                Verdict::Different => {
                    differences.push(format!("seed {seed}: {}", pair.explain(operation).await));
                }
            }
        }
        pair.stop().await;
        if differences.len() >= ENOUGH {
            break;
        }
    }
    println!("{told:#?}");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    // Many answers have rows; otherwise little is compared.
    let answered = told.get("rows").copied().unwrap_or_default();
    assert!(answered * 3 > operations, "{told:#?}");
}

/// Returns a mutation that is always rolled back, since its second field names an absent row. The error of the first field, if
/// any, still shows.
fn refused(mut mutation: Operation) -> Operation {
    let key = ("homeworkId".to_owned(), Argument::text("9000000000000000000"));
    mutation.fields.push(Field {
        alias: Some("taken_back".into()),
        arguments: vec![key],
        fields: vec![Field::named("__typename")],
        ..Field::named("deleteIntegrationHomework")
    });
    mutation
}
