//! The cost of many tables at the start. The figures are printed, not checked: they depend on the machine.

use std::fs;
use std::time::Instant;

use praxis::graph::catalog::Catalog;

use super::{SYSTEM, database, engine};

/// Returns the memory of the process, in KiB.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

#[tokio::test]
async fn what_a_table_costs_at_the_start() {
    const ENGINES: i64 = 4;
    let (database, _) = database().await;
    let began = Instant::now();
    let tables = Catalog::new(&[SYSTEM]).unwrap().tables().len();
    let catalog = began.elapsed();
    // The first engine allocates what is allocated only once.
    let first = engine(&database);
    let (before, began) = (resident(), Instant::now());
    let more: Vec<_> = (0..ENGINES).map(|_| engine(&database)).collect();
    let (taken, memory) = (began.elapsed() / u32::try_from(ENGINES).unwrap(), resident() - before);
    eprintln!(
        "{tables} tables: catalog in {catalog:.1?}, engine in {taken:.1?}, about {} KiB of memory for each table",
        memory / ENGINES / i64::try_from(tables).unwrap()
    );
    assert_eq!(more.len(), 4);
    drop(first);
}
