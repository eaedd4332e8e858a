//! Rows that one may not see change nothing: random operations are answered alike, byte for byte, by a database and by a copy
//! of it from which everything was deleted that the caller may not see.
//!
//! What the caller may see is said by the literal policies of `matrix` and `practices`, past those of the database, so a
//! policy that lets too much through shows itself too. `UNSEEN_OPERATIONS` asks for another number of operations,
//! `UNSEEN_SEED` for those of another seed; a failure names its seed and the smallest operation that shows it.

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

/// Operations of all callers together.
const OPERATIONS: usize = 4_000;
/// After so many differences no more is asked.
const ENOUGH: usize = 25;
/// One in so many operations is a mutation.
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
    // Much is answered, or little is compared.
    let answered = told.get("rows").copied().unwrap_or_default();
    assert!(answered * 3 > operations, "{told:#?}");
}

/// A mutation that never lasts: what it does is taken back, since its second field names a row that is not there. Whether the
/// first one was refused, and how, shows all the same.
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
