//! Puts the built GraphiQL page into the binary: one entry per file of `assets/graphiql`.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("assets/graphiql");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut source = String::from("&[\n");
    for file in files {
        writeln!(source, "    ({:?}, include_bytes!({:?})),", file.file_name().to_string_lossy(), file.path())?;
    }
    source.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("graphiql_assets.rs"), source)?;
    Ok(())
}
