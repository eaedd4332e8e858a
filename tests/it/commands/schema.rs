//! `praxis schema`.

use std::collections::HashSet;

use super::run;

#[tokio::test]
async fn the_committed_schema_is_what_the_code_makes() {
    let made = run(&["schema"]).await.good();
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql")).unwrap();
    let (now, before): (HashSet<&str>, HashSet<&str>) = (made.lines().collect(), committed.lines().collect());
    let lost: Vec<&str> = committed.lines().filter(|line| !now.contains(line)).collect();
    let new: Vec<&str> = made.lines().filter(|line| !before.contains(line)).collect();
    let show = |sign: &str, lines: &[&str]| {
        lines.iter().take(10).flat_map(|line| [sign, *line, "\n"]).collect::<String>()
    };
    assert!(
        made == committed,
        "schema.graphql is not what the code makes:\n{}{}…\nLook at it and run:\n  cargo run -q -p praxis -- schema > schema.graphql",
        show("- ", &lost),
        show("+ ", &new),
    );
}

#[tokio::test]
async fn the_schema_of_an_unknown_system_is_refused() {
    assert!(run(&["schema", "--systems", "nothing"]).await.bad().contains("no system `nothing`"));
}
