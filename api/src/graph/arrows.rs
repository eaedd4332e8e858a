//! Tests that the modules of the engine use one another in one direction only.

use crate::sources;

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

#[test]
fn no_module_uses_one_that_uses_it() {
    for (module, above) in ABOVE {
        let files = sources::below(&format!("graph/{module}"));
        assert!(!files.is_empty(), "{module}");
        for file in files.iter().filter(|file| !file.is_test()) {
            for other in above {
                for path in [format!("crate::graph::{other}::"), format!("use super::super::{other}::")] {
                    assert!(!file.code().contains(&path), "{module} uses {other}: {}", file.path);
                }
            }
            let is_root = file.path == format!("graph/{module}/mod.rs");
            for other in above.iter().filter(|_| is_root) {
                let path = format!("use super::{other}::");
                assert!(!file.code().contains(&path), "{module} uses {other}: {}", file.path);
            }
        }
    }
}
