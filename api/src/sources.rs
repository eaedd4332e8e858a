//! Reads the gateway's own source, for tests that restrict where something may appear.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust file.
pub(crate) struct Source {
    /// Its path below `src/`: `feed/group.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Returns the text before the module of its tests.
    pub(crate) fn code(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }

    /// Returns true if the whole file is a test.
    pub(crate) fn is_test(&self) -> bool {
        let path = Path::new(&self.path);
        path.ends_with("tests.rs") || path.iter().any(|part| part == "tests")
    }
}

/// Returns all files below a folder of `src/`, in the order of their paths.
pub(crate) fn below(folder: &str) -> Vec<Source> {
    fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|it| it == "rs") {
                into.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    let read = |path: PathBuf| Source {
        path: path.strip_prefix(&root).unwrap().display().to_string(),
        text: fs::read_to_string(&path).unwrap(),
    };
    paths.into_iter().map(read).collect()
}

/// Returns the number of matching lines in the code of each file, without files that have none.
pub(crate) fn counted<'a>(
    sources: impl IntoIterator<Item = &'a Source>,
    matches: impl Fn(&str) -> bool,
) -> Vec<(String, usize)> {
    let count = |source: &Source| source.code().lines().filter(|line| matches(line)).count();
    let counts = sources.into_iter().map(|source| (source.path.clone(), count(source)));
    counts.filter(|(_, count)| *count > 0).collect()
}
