//! Reads the cases of the bench, one folder each. See `bench/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio_postgres::Client;

use crate::Failure;
use crate::data;

/// A query to measure.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Name of the folder.
    pub(crate) name: String,
    folder: PathBuf,
    /// The gateway's query.
    pub(crate) query: String,
    /// The variables of each request; requests take turns.
    pub(crate) variables: Vec<Value>,
    /// The hand-written statement, with `$name` for each variable.
    pub(crate) floor: String,
    /// E-mail address of the caller.
    pub(crate) caller: String,
    /// The reason why it may read large tables sequentially, if it may.
    pub(crate) sequential: Option<String>,
    /// The additional files of a case that writes.
    pub(crate) write: Option<Write>,
}

/// The additional files of a case that writes.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// SQL that the owner runs to create missing rows; it can run again.
    prepare: Option<String>,
    /// A query that returns the variables, one object each: so many that no load repeats any.
    variables: String,
    /// SQL that the owner runs to delete the written rows.
    undo: String,
}

impl Write {
    /// Deletes the written rows. No subscriber is notified, and the summaries were right before.
    pub(crate) async fn undo(&self, owner: &Client) -> Result<(), Failure> {
        let undo = &self.undo;
        owner
            .batch_execute(&format!("BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL praxis.announce = off; {undo}; COMMIT"))
            .await?;
        Ok(())
    }
}

impl Case {
    /// Reads the case in a folder.
    fn read(folder: PathBuf) -> Result<Self, Failure> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let variables = match optional(&folder.join("variables.json"))? {
            None => vec![Value::Object(serde_json::Map::new())],
            Some(text) => match serde_json::from_str(&text)? {
                Value::Array(several) => several,
                one => vec![one],
            },
        };
        if variables.is_empty() || !variables.iter().all(Value::is_object) {
            return Err(format!("{name}: variables.json is neither an object nor a list of objects").into());
        }
        let write = match optional(&folder.join("undo.sql"))? {
            None => None,
            Some(undo) => Some(Write {
                prepare: optional(&folder.join("prepare.sql"))?,
                variables: required(&folder.join("variables.sql"))?,
                undo,
            }),
        };
        Ok(Self {
            query: required(&folder.join("query.graphql"))?,
            floor: required(&folder.join("floor.sql"))?,
            caller: optional(&folder.join("caller.txt"))?
                .map_or_else(|| data::clinician(1), |text| text.trim().to_owned()),
            sequential: optional(&folder.join("sequential.txt"))?.map(|text| text.trim().to_owned()),
            name,
            folder,
            variables,
            write,
        })
    }

    /// Creates the rows that a case that writes needs, and reads its variables.
    pub(crate) async fn prepare(&mut self, owner: &Client) -> Result<(), Failure> {
        let Some(write) = &self.write else { return Ok(()) };
        if let Some(prepare) = &write.prepare {
            owner.batch_execute(prepare).await?;
        }
        write.undo(owner).await?;
        let sql = format!("SELECT given::text FROM ({}) AS variables(given)", write.variables);
        let rows = owner.query(&sql, &[]).await?;
        self.variables = rows.iter().map(|row| serde_json::from_str(row.get(0))).collect::<Result<_, _>>()?;
        if self.variables.is_empty() {
            return Err(format!("{}: variables.sql returns no rows", self.name).into());
        }
        Ok(())
    }

    /// Returns the query for a peer, if there is one.
    pub(crate) fn peer(&self, peer: &str) -> Result<Option<String>, Failure> {
        optional(&self.folder.join(format!("{peer}.graphql")))
    }
}

/// Reads the cases in a folder in the order of their names; with `only`, just those.
pub(crate) fn read(folder: &Path, only: &[String]) -> Result<Vec<Case>, Failure> {
    let list = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut folders = list.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    let mut cases = folders.into_iter().map(Case::read).collect::<Result<Vec<_>, _>>()?;
    if let Some(unknown) = only.iter().find(|name| !cases.iter().any(|case| case.name == **name)) {
        return Err(format!("there is no case `{unknown}`").into());
    }
    cases.retain(|case| only.is_empty() || only.contains(&case.name));
    Ok(cases)
}

fn required(path: &Path) -> Result<String, Failure> {
    optional(path)?.ok_or_else(|| format!("{} is missing", path.display()).into())
}

fn optional(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}
