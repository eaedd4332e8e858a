//! Checks the text of migrations.

mod additive;
mod locks;
mod names;

use std::fs;
use std::path::Path;

use super::rule::{Rule, Severity, source};
use super::syntax::Script;
use super::{Finding, LintError};
use crate::migrations;

/// The folder of this program's migrations in its repository.
const FOLDER: &str = "migration/sql";

const SYNTAX: Rule = Rule {
    id: "migration-syntax",
    severity: Severity::Error,
    what: "Every migration can be parsed.",
    why: "The other rules see only migrations that can be parsed.",
    source: source::HANDBOOK,
    remedy: "Correct it; if Postgres accepts it, report it to the makers of the parser.",
};

/// The direction of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The script applies the migration.
    Up,
    /// The script reverts the migration.
    Down,
}

/// The text of one script of a migration.
#[derive(Clone, Debug)]
pub struct Text {
    /// The migration's name, `<YYYYMMDDHHMMSS>_<name>`.
    pub name: String,
    /// The direction of the script.
    pub side: Side,
    /// The path of the file.
    pub path: String,
    /// The SQL.
    pub sql: String,
}

impl Text {
    fn finding(&self, rule: &Rule, line: usize, message: String, remedy: String) -> Finding {
        Finding {
            file: Some(self.path.clone()),
            line: Some(line),
            ..rule.finding(self.name.clone(), message, remedy)
        }
    }
}

/// Returns the scripts of this program's migrations.
pub fn embedded_texts() -> Vec<Text> {
    let sides =
        migrations().iter().flat_map(|it| [(it.name, Side::Up, it.up), (it.name, Side::Down, it.down)]);
    sides
        .map(|(name, side, sql)| {
            let ending = if side == Side::Up { "up" } else { "down" };
            Text { name: name.into(), side, path: format!("{FOLDER}/{name}.{ending}.sql"), sql: sql.into() }
        })
        .collect()
}

/// Returns the scripts in a folder: `<name>.up.sql` and `<name>.down.sql`; another `.sql` file is an up script.
pub fn read_texts(folder: &Path) -> Result<Vec<Text>, LintError> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(LintError::Texts)? {
        let path = entry.map_err(LintError::Texts)?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(stem) = file.strip_suffix(".sql") else { continue };
        let (name, side) = match stem.strip_suffix(".down") {
            Some(name) => (name, Side::Down),
            None => (stem.strip_suffix(".up").unwrap_or(stem), Side::Up),
        };
        let sql = fs::read_to_string(&path).map_err(LintError::Texts)?;
        texts.push(Text { name: name.to_owned(), side, path: path.display().to_string(), sql });
    }
    texts.sort_by(|a, b| (&a.name, a.side).cmp(&(&b.name, b.side)));
    Ok(texts)
}

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&SYNTAX].into_iter().chain(names::rules()).chain(additive::rules()).chain(locks::rules())
}

/// Checks scripts, which are in the order of their names.
pub(super) fn check(texts: &[Text]) -> Vec<Finding> {
    let mut findings = names::check(texts);
    for text in texts {
        let script = Script::parse(&text.sql);
        // Further errors are mostly consequences of the first.
        if let Some((line, message)) = script.errors.first() {
            findings.push(text.finding(&SYNTAX, *line, message.clone(), "correct it".into()));
        }
        if text.side == Side::Up {
            findings.extend(additive::check(text, &script));
            findings.extend(locks::check(text, &script));
        }
    }
    findings
}
