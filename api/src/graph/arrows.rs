//! Which modules may use which: arrows go one way.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and those that it must not use, since they use it.
const ABOVE: [(&str, &[&str]); 8] = [
    ("value", &["arguments::tests", "question", "sql", "plan", "execute", "schema", "document"]),
    ("catalog", &["arguments", "question", "sql", "plan", "execute", "schema", "introspection", "document"]),
    ("arguments", &["question", "sql", "plan", "execute", "schema", "introspection"]),
    ("question", &["sql", "plan", "execute", "schema", "introspection"]),
    ("sql", &["plan", "execute", "schema", "introspection"]),
    ("introspection", &["question", "sql", "plan", "execute"]),
    ("schema", &["question", "sql", "plan", "execute"]),
    ("plan", &["execute", "schema"]),
];

/// The sources of a folder, without tests.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            into.push(path);
        }
    }
}

#[test]
fn no_module_uses_one_that_uses_it() {
    let graph = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/graph");
    for (module, above) in ABOVE {
        let mut files = Vec::new();
        sources(&graph.join(module), &mut files);
        assert!(!files.is_empty(), "{module}");
        for file in files {
            let source = fs::read_to_string(&file).unwrap();
            let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for other in above {
                for path in [format!("crate::graph::{other}::"), format!("use super::super::{other}::")] {
                    assert!(!source.contains(&path), "{module} uses {other}: {}", file.display());
                }
            }
            let is_root = file.ends_with(format!("{module}/mod.rs"));
            for other in above.iter().filter(|_| is_root) {
                assert!(
                    !source.contains(&format!("use super::{other}::")),
                    "{module} uses {other}: {}",
                    file.display()
                );
            }
        }
    }
}
