//! Puts the built GraphiQL page into the binary: one entry per file of `assets/graphiql`.

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("assets/graphiql");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut source = String::from("&[\n");
    for file in files {
        let (name, path) = (file.file_name(), file.path());
        writeln!(
            source,
            "    ({:?}, include_bytes!({:?})),",
            name.to_string_lossy(),
            path.to_string_lossy()
        )?;
    }
    source.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("graphiql_assets.rs"), source)?;
    Ok(())
}
