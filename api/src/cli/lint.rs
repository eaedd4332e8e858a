//! `praxis lint`: checks the rulebook.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use migration::lint::{Config, Finding, Lint, Report, embedded_texts, is_praxis, read_texts, rules};

use super::{Failure, default_pool, report, say, say_error};
use crate::database::Access;
use crate::database::embedded::{Embedded, EmbeddedConfig};

/// The exit code if the rules could not be checked.
const FAILED: u8 = 2;

#[derive(Args, Debug)]
pub(super) struct LintArgs {
    /// Postgres to check, 15 or later; without it, one is started in a temporary folder, where Praxis's migrations are applied,
    /// reverted and applied again
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// Schemas to check; without it, all except Postgres's own
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    schemas: Vec<String>,
    /// Folder of migrations to check; without it and without a database, Praxis's own
    #[arg(long, value_name = "FOLDER")]
    migrations: Option<PathBuf>,
    /// Clients, tenants and exceptions, in TOML; without it, Praxis's own for a database of Praxis
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Format of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print the rulebook as a table in Markdown, and check nothing
    #[arg(long)]
    rules: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Text for people
    Text,
    /// One object: `findings` and `notes`
    Json,
    /// Annotations of GitHub Actions
    Github,
}

pub(super) async fn run(args: &LintArgs) -> ExitCode {
    if args.rules {
        say(rulebook().trim_end());
        return ExitCode::SUCCESS;
    }
    let outcome = async {
        let found = check(args).await?;
        say(rendered(&found, args.format)?.trim_end());
        Ok::<_, Failure>(found.findings.is_empty())
    };
    match outcome.await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report(error.as_ref());
            FAILED.into()
        }
    }
}

async fn check(args: &LintArgs) -> Result<Report, Failure> {
    let Some(url) = &args.database_url else { return check_own(args).await };
    let url = &default_pool(url)?.url_unpooled(Access::Reads).await?;
    let config = match &args.config {
        Some(file) => read_config(file)?,
        None if is_praxis(url).await? => {
            let there = migration::present(&migration::status(url).await?);
            Config::praxis()?.without(|system| !there.has(system))
        }
        None => Config::unknown(),
    };
    let mut lint = Lint::new(&config);
    lint.database(url, &args.schemas).await?;
    if let Some(folder) = &args.migrations {
        lint.texts(&read_texts(folder)?);
    }
    Ok(lint.finish())
}

/// Checks Praxis's own migrations, or those in a folder, in a temporary Postgres.
async fn check_own(args: &LintArgs) -> Result<Report, Failure> {
    let config = args.config.as_deref().map_or_else(|| Ok(Config::praxis()?), read_config)?;
    let texts = args.migrations.as_deref().map_or_else(|| Ok(embedded_texts()), read_texts)?;
    let folder = TemporaryFolder::make()?;
    let postgres = Embedded::start(EmbeddedConfig { data_dir: folder.0.clone() }, &say_error).await?;
    let checked = async {
        let mut lint = Lint::new(&config);
        lint.texts(&texts);
        let url = postgres.superuser_url();
        // If some migrations are missing, the other rules would report missing objects.
        if lint.round_trip(&url, &texts).await? {
            lint.database(&url, &args.schemas).await?;
        }
        Ok(lint.finish())
    };
    let checked = checked.await;
    postgres.stop().await?;
    checked
}

fn read_config(file: &Path) -> Result<Config, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Config::parse(&text)?)
}

/// A folder that is removed when dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("praxis-lint-{}", std::process::id()));
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // The system cleans up the rest of its folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn rendered(report: &Report, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => text(report),
        Format::Json => serde_json::to_string_pretty(report)?,
        Format::Github => {
            let notes =
                report.notes.iter().map(|note| format!("::notice title=not checked::{}\n", escaped(note)));
            report.findings.iter().map(annotation).chain(notes).collect()
        }
    })
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => finding.object.clone(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<8} {place}: {} [{}]",
            finding.severity.to_string(),
            finding.message,
            finding.rule
        );
        let _ = writeln!(text, "         → {}", finding.remedy);
        let _ = writeln!(text, "         {}", finding.source);
    }
    for note in &report.notes {
        let _ = writeln!(text, "skipped  {note}");
    }
    let _ = match report.findings.len() {
        0 => writeln!(text, "Every rule holds."),
        1 => writeln!(text, "\n1 finding"),
        many => writeln!(text, "\n{many} findings"),
    };
    text
}

/// Returns a line that GitHub Actions shows at the file, or at the run.
fn annotation(finding: &Finding) -> String {
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    let place = match (&finding.file, finding.line) {
        (Some(file), Some(line)) => format!("file={},line={line},", property(file)),
        _ => String::new(),
    };
    let message =
        format!("{}: {} → {} ({})", finding.object, finding.message, finding.remedy, finding.source);
    format!("::{} {place}title={}::{}\n", finding.severity, property(finding.rule), escaped(&message))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns the rules as a table in Markdown.
fn rulebook() -> String {
    let mut table = String::from("| rule | what | why | from | remedy |\n|---|---|---|---|---|\n");
    for rule in rules() {
        let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;");
        let _ = writeln!(
            table,
            "| `{}`, {} | {} | {} | {} | {} |",
            rule.id,
            rule.severity,
            cell(rule.what),
            cell(rule.why),
            cell(rule.source),
            cell(rule.remedy)
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use migration::lint::Severity;

    use super::*;

    fn finding() -> Finding {
        Finding {
            rule: "additive-only",
            severity: Severity::Error,
            object: "20260101000000_a".into(),
            message: "DROP TABLE a, 100%\nb".into(),
            source: "A document",
            remedy: "do not".into(),
            file: Some("sql/a,b.sql".into()),
            line: Some(3),
        }
    }

    #[test]
    fn an_annotation_is_one_line_at_its_place() {
        assert_eq!(
            annotation(&finding()),
            "::error file=sql/a%2Cb.sql,line=3,title=additive-only::20260101000000_a: DROP TABLE a, 100%25%0Ab → do not (A document)\n"
        );
        let of_a_database = Finding { file: None, line: None, severity: Severity::Warning, ..finding() };
        assert!(annotation(&of_a_database).starts_with("::warning title=additive-only::"));
    }

    #[test]
    fn the_text_has_place_message_and_remedy() {
        let report = Report { findings: vec![finding()], notes: vec!["b".into()] };
        let said = text(&report);
        assert!(said.starts_with("error    sql/a,b.sql:3: DROP TABLE a"), "{said}");
        assert!(
            said.contains("→ do not") && said.contains("skipped  b") && said.ends_with("1 finding\n"),
            "{said}"
        );
        assert_eq!(text(&Report::default()), "Every rule holds.\n");
    }

    #[test]
    fn the_rulebook_is_the_one_that_is_documented() {
        let document = include_str!("../../../docs/lint.md");
        assert!(document.contains(&rulebook()), "put what `praxis lint --rules` prints into docs/lint.md");
    }
}
