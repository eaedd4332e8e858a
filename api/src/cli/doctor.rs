//! `praxis doctor`: checks what `serve` needs.

use std::sync::Arc;

use super::missing::Missing;
use super::{Failure, say};
use crate::auth::{Authenticator, SystemClock};
use crate::config::{DATABASE, LISTEN, ServeArgs, pool};
use crate::database::{Mode, Pool, Pooler, embedded, migration_status};
use crate::feed::check_notifications;
use crate::graph::Engine;
use crate::guard::Guard;
use crate::systems;

/// Checks the settings and the database, with one line per finding; fails if any of them would keep `serve` from serving.
pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let mut doctor = Doctor { problems: 0, notes: 0 };
    let systems = doctor.check("the systems", args.systems.chosen(), "");
    let limits = doctor.check("the limits", args.limits(), "");
    for (option, url) in args.addresses() {
        doctor.check(&format!("the address of {option}"), args.check_address(option, url), "");
    }
    let (url, owner, secret) = if let Some(url) = &args.database.database_url {
        (url.clone(), args.owner(url), None)
    } else {
        let attached = doctor.check(
            "the Postgres that Praxis starts",
            embedded::attach(&args.database.data_dir),
            "run `praxis serve` once; it creates the folder",
        );
        let Some(attached) = attached else { return doctor.finish() };
        let owner = args.owner(&attached.superuser_url());
        (attached.url_for("praxis_gateway"), owner, Some(attached.secret().to_vec()))
    };
    // An invalid URL has been reported already.
    let status = match owner {
        Ok((option, owner)) => {
            let status = migration_status(&owner).await;
            doctor.check(&format!("the migrations can be read ({option})"), status, "")
        }
        Err(_) => None,
    };
    let missing = systems.zip(status);
    let missing = missing.map(|(systems, status)| Missing::of(systems, &status));
    if let Some(missing) = &missing {
        doctor.migrations(missing);
    }
    if let Some(auth) = doctor.check("the token settings", args.auth(secret.as_deref()), "") {
        let roles = auth.allowed_roles.clone();
        if let Some(authenticator) = doctor.check("the token keys", Authenticator::new(auth, SystemClock), "")
        {
            doctor.check("the key set", authenticator.load_keys().await, "see --jwks");
        }
        if let Ok(pool) = pool(DATABASE, &args.database(url))
            && let Some(mode) = doctor.check(
                "the database answers",
                pool.mode().await,
                "is it running, and is the address right?",
            )
        {
            doctor.mode(mode, &pool, args.pool.listen_url.as_deref()).await;
            doctor.pooler(&pool, args.pool.prepared_statements).await;
            // A missing system is reported only once.
            if let (Some(Missing { present, .. }), Some(limits)) = (&missing, limits)
                && let Some(engine) =
                    doctor.check("the schema", Engine::new(present, limits, pool.clone()), "")
            {
                doctor.database(&Guard::new(&Arc::new(engine), &pool, &roles)).await;
            }
        }
    }
    doctor.finish()
}

struct Doctor {
    problems: usize,
    /// The number of findings that do not keep the gateway from serving.
    notes: usize,
}

impl Doctor {
    fn check<T, E: std::fmt::Display>(
        &mut self,
        what: &str,
        result: Result<T, E>,
        remedy: &str,
    ) -> Option<T> {
        match result {
            Ok(value) => {
                say(&format!("ok       {what}"));
                Some(value)
            }
            Err(error) => {
                self.problem(&format!("{what}: {error}"), remedy);
                None
            }
        }
    }

    fn problem(&mut self, text: &str, remedy: &str) {
        self.problems += 1;
        say(&format!("problem  {text}"));
        if !remedy.is_empty() {
            say(&format!("         → {remedy}"));
        }
    }

    fn note(&mut self, text: &str, remedy: &str) {
        self.notes += 1;
        say(&format!("notice   {text}"));
        say(&format!("         → {remedy}"));
    }

    /// Reports systems and migrations that the database lacks.
    fn migrations(&mut self, missing: &Missing) {
        if !missing.absent.is_empty() {
            let text = format!("the database has no tables of {}", systems::names(&missing.absent, ", "));
            self.problem(&text, &missing.remedy());
        }
        for status in &missing.migrations {
            let state = format!("{:?}", status.state).to_lowercase();
            let remedy = format!("run `{}`", missing.migrate());
            self.problem(&format!("the migration {} is {state}", status.name), &remedy);
        }
    }

    /// Reports whether the database takes writes, and whether notifications of its changes arrive.
    async fn mode(&mut self, mode: Mode, pool: &Pool, listening: Option<&str>) {
        match mode {
            Mode::Primary => {}
            Mode::Standby => {
                return self.note(
                    "the database is a standby: queries are served, mutations and subscriptions are refused",
                    "to serve these as well, give the address of the primary",
                );
            }
            Mode::ReadOnly => self.note(
                "the database is set to read only: queries and subscriptions are served, mutations are refused",
                "see default_transaction_read_only, of the server, the database and the role",
            ),
        }
        let arrive = "notifications of changes arrive";
        self.check(
            &listening.map_or(arrive.into(), |_| format!("{arrive} ({LISTEN})")),
            check_notifications(pool).await,
            "subscriptions answer UNAVAILABLE; everything else works",
        );
    }

    /// Reports whether statements can stay prepared as configured.
    async fn pooler(&mut self, pool: &Pool, prepared_statements: Option<bool>) {
        let pooler = self.check("the detection of a pooler", pool.detect_pooler().await, "");
        match (pooler, prepared_statements) {
            (Some(Pooler::LosesStatements), Some(true)) => self.problem(
                "the pooler before the database does not keep prepared statements",
                "leave out --prepared-statements true, or set max_prepared_statements of PgBouncer 1.21 or newer",
            ),
            (Some(Pooler::Present | Pooler::LosesStatements), None) => {
                say("ok       a pooler is before the database: statements are not kept prepared");
            }
            _ => {}
        }
    }

    /// Reports the findings of the guard.
    async fn database(&mut self, guard: &Guard) {
        let Some(findings) = self.check("the protection of rows can be checked", guard.check().await, "")
        else {
            return;
        };
        let missing =
            self.check("the privileges can be checked", guard.missing_privileges(&findings).await, "");
        for finding in findings.into_iter().chain(missing.unwrap_or_default()) {
            if finding.is_unsafe {
                self.problem(&finding.to_string(), &finding.remedy);
            } else {
                self.note(&finding.to_string(), &finding.remedy);
            }
        }
    }

    fn finish(&self) -> Result<(), Failure> {
        match (self.problems, self.notes) {
            (0, 0) => {
                say("\nNothing is wrong.");
                Ok(())
            }
            (0, _) => {
                say("\nNothing keeps it from serving; see the notices.");
                Ok(())
            }
            (1, _) => Err("1 problem found".into()),
            (problems, _) => Err(format!("{problems} problems found").into()),
        }
    }
}
