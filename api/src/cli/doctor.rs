//! `praxis doctor`: checks what `serve` needs.

use std::sync::Arc;

use super::lacking::Lacking;
use super::{Failure, say};
use crate::auth::{Authenticator, SystemClock};
use crate::config::{DATABASE, LISTEN, ServeArgs, pool};
use crate::database::{Between, Mode, Pool, embedded, migration_status};
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
    let lacking = systems.zip(status);
    let lacking = lacking.map(|(systems, status)| Lacking::of(systems, &status));
    if let Some(lacking) = &lacking {
        doctor.migrations(lacking);
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
            doctor.between(&pool, args.pool.prepared_statements).await;
            // A missing system is reported only once.
            if let (Some(Lacking { there, .. }), Some(limits)) = (&lacking, limits)
                && let Some(engine) = doctor.check("the schema", Engine::new(there, limits, pool.clone()), "")
            {
                doctor.database(&Guard::new(&Arc::new(engine), &pool, &roles)).await;
            }
        }
    }
    doctor.finish()
}

struct Doctor {
    problems: usize,
    /// Number of findings that keep the gateway from serving only in part.
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

    /// Reports what the database lacks of the systems to serve.
    fn migrations(&mut self, lacking: &Lacking) {
        if !lacking.absent.is_empty() {
            let text = format!("the database has no tables of {}", systems::names(&lacking.absent, ", "));
            self.problem(&text, &lacking.choose());
        }
        for status in &lacking.migrations {
            let state = format!("{:?}", status.state).to_lowercase();
            let remedy = format!("run `{}`", lacking.migrate());
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
        let heard = check_notifications(pool).await;
        self.check(
            &listening.map_or("changes are heard of".into(), |_| format!("changes are heard of ({LISTEN})")),
            heard,
            "subscriptions answer UNAVAILABLE; everything else works",
        );
    }

    /// Reports whether statements can stay prepared as configured.
    async fn between(&mut self, pool: &Pool, prepared_statements: Option<bool>) {
        let found = self.check("what stands before the database", pool.between().await, "");
        match (found, prepared_statements) {
            (Some(Between::ForgetfulPooler), Some(true)) => self.problem(
                "the pooler before the database does not keep prepared statements",
                "leave out --prepared-statements true, or set max_prepared_statements of PgBouncer 1.21 or newer",
            ),
            (Some(Between::Pooler | Between::ForgetfulPooler), None) => {
                say("ok       a pooler stands before the database: statements are not kept prepared");
            }
            _ => {}
        }
    }

    /// Reports the findings of the guard.
    async fn database(&mut self, guard: &Guard) {
        let Some(findings) = self.check("the database can be looked at", guard.look().await, "") else {
            return;
        };
        let lacking = self.check("the privileges can be looked at", guard.lacking(&findings).await, "");
        for finding in findings.into_iter().chain(lacking.unwrap_or_default()) {
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
