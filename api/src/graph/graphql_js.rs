//! Runs graphql-js, with which tests compare.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns the output of a program of `tests/clients/documents/` for an input. `None` if graphql-js is not installed; with
/// `CI=true` that fails.
pub(super) fn graphql_js(program: &str, arguments: &[String], input: &str) -> Option<Vec<u8>> {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients");
    if !clients.join("node_modules/graphql").exists() {
        let missing = "graphql-js is not installed: (cd tests/clients && npm ci)";
        assert!(std::env::var_os("CI").is_none_or(|it| it != *"true"), "{missing}");
        eprintln!("left out: {missing}");
        return None;
    }
    let mut node = Command::new("node")
        .arg(clients.join("documents").join(program))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}
