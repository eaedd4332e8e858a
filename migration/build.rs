//! Embeds the SQL files: each pair `sql/<YYYYMMDDHHMMSS>_<name>.{up,down}.sql` is a migration, in the order of names.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("sql");
    let out = PathBuf::from(env::var("OUT_DIR")?).join("migrations.rs");
    io::stdout().write_all(b"cargo::rerun-if-changed=sql\n")?;

    let mut pairs: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    for entry in fs::read_dir(&folder)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let (name, side) = if let Some(name) = file.strip_suffix(".up.sql") {
            (name, 0)
        } else if let Some(name) = file.strip_suffix(".down.sql") {
            (name, 1)
        } else {
            return Err(format!("sql/{file} is neither .up.sql nor .down.sql").into());
        };
        let well_named = name.split_once('_').is_some_and(|(time, words)| {
            time.len() == 14
                && time.bytes().all(|it| it.is_ascii_digit())
                && !words.is_empty()
                && words.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_')
        });
        if !well_named {
            return Err(format!("sql/{file} is not named <YYYYMMDDHHMMSS>_<snake_case>").into());
        }
        pairs.entry(name.to_owned()).or_default()[side] = true;
    }

    let mut code = String::from("static MIGRATIONS: &[Migration] = &[\n");
    for (name, pair) in &pairs {
        if *pair != [true, true] {
            return Err(format!("migration {name} lacks its .up.sql or its .down.sql").into());
        }
        // The compiler resolves the folder, so that this code stays valid when the checkout is moved.
        let text =
            |side| format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/sql/{name}.{side}.sql\"))");
        let (up, down) = (text("up"), text("down"));
        writeln!(code, "    Migration {{ name: {name:?}, up: {up}, down: {down} }},")?;
    }
    code.push_str("];\n");
    fs::write(out, code)?;
    Ok(())
}
