//! Reads the files of entities and generates the metadata that sea-orm's derive drops: doc comments, and the values of a CHECK
//! list.
//!
//! A crate of entities has one file for each table, under `src/`:
//!
//! - `<table>.rs`: a table of the schema that the entity names, or of `public`.
//! - `<schema>/<table>.rs`: a table of that schema, which the entity names as well.
//! - `<folder>/<table>.rs`, where `<folder>/mod.rs` has a function `schemas`: a table that exists in each of those schemas. The
//!   entity names no schema.
//!
//! The build script of the crate calls [`describe`], and the crate includes `$OUT_DIR/visit.rs`. The macro `entity::model` reads relations
//! with [`relation`] too, so that both give them the same names.

mod generate;
mod read;
mod relation;

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use generate::{Described, Place};
pub use relation::{RelationField, relation};

/// Files that describe no table.
const NO_TABLES: [&str; 3] = ["lib.rs", "mod.rs", "functions.rs"];
/// The schema of an entity that names none.
const USUAL_SCHEMA: &str = "public";

/// Writes `$OUT_DIR/visit.rs`: one static `entity::Source` for each table file of the crate, and the function `visit`.
///
/// A table, column, relation or value without a doc comment fails the build, because these texts are the descriptions that the
/// gateway's users read; so does a file in the wrong folder for its table.
pub fn describe() -> Result<(), Box<dyn Error>> {
    let source = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("src");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut instructions = String::from("cargo::rerun-if-changed=src\n");
    let mut faults = Vec::new();
    let tables = crate_tables(&source, &mut faults)?;
    fs::write(out.join("visit.rs"), generate::module(&tables)?)?;
    for fault in &faults {
        writeln!(instructions, "cargo::error={fault}")?;
    }
    io::stdout().write_all(instructions.as_bytes())?;
    if faults.is_empty() { Ok(()) } else { Err("the entities are not fully described".into()) }
}

/// Returns the tables of a crate; adds the faults of their files to `faults`.
fn crate_tables(source: &Path, faults: &mut Vec<String>) -> io::Result<Vec<Described>> {
    let mut tables = Vec::new();
    for path in table_files(source)? {
        let Some(table) = note(faults, read::table(&path)) else { continue };
        let schema = table.schema.clone().unwrap_or_else(|| USUAL_SCHEMA.to_owned());
        tables.push(Described { path: table.name.clone(), place: Place::Schema(schema), table });
    }
    for folder in sorted(source)?.into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(is_repeated) = note(faults, read::has_function(&folder.join("mod.rs"), "schemas")) else {
            continue;
        };
        for path in table_files(&folder)? {
            let Some(table) = note(faults, read::table(&path)) else { continue };
            let expected = (!is_repeated).then_some(name.as_str());
            if table.schema.as_deref() != expected {
                let named = expected.map_or("no schema".to_owned(), |name| format!("the schema {name:?}"));
                faults.push(format!("{}: the entity has to name {named}", path.display()));
            }
            let place = if is_repeated { Place::Each(name.clone()) } else { Place::Schema(name.clone()) };
            tables.push(Described { path: format!("{name}::{}", table.name), place, table });
        }
    }
    Ok(tables)
}

/// Returns the result of reading a file, or adds its errors to `faults`.
fn note<T>(faults: &mut Vec<String>, read: Result<T, Vec<String>>) -> Option<T> {
    read.map_err(|mut found| faults.append(&mut found)).ok()
}

/// Returns the files of a folder that describe tables.
fn table_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_table = |path: &PathBuf| {
        path.extension().is_some_and(|it| it == "rs") && !NO_TABLES.iter().any(|it| path.ends_with(it))
    };
    Ok(sorted(folder)?.into_iter().filter(is_table).collect())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|it| it.map(|it| it.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}
