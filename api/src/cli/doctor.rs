//! `praxis doctor`

use std::sync::Arc;

use super::{Failure, say};
use crate::auth::{Authenticator, SystemClock};
use crate::config::ServeArgs;
use crate::database::embedded;
use crate::database::{Pool, check_login};
use crate::graph::Engine;
use crate::guard::Guard;

/// Checks what `serve` would need, one line per finding; fails if any of them would keep it from serving.
pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let mut doctor = Doctor { problems: 0 };
    let systems = doctor.check("the systems", args.systems(), "");
    let limits = doctor.check("the limits", args.limits(), "");
    let (url, owner_url, secret) = if let Some(url) = &args.database.database_url {
        (url.clone(), args.migration_url.clone().unwrap_or_else(|| url.clone()), None)
    } else {
        let attached = doctor.check(
            "the Postgres that Praxis starts",
            embedded::attach(&args.database.data_dir),
            "run `praxis serve` once; it creates the folder",
        );
        let Some(attached) = attached else { return doctor.finish() };
        (attached.url_for("praxis_gateway"), attached.superuser_url(), Some(attached.secret().to_vec()))
    };

    if let Some(auth) = doctor.check("the token settings", args.auth(secret.as_deref()), "") {
        let roles = auth.allowed_roles.clone();
        if let Some(authenticator) = doctor.check("the token keys", Authenticator::new(auth, SystemClock), "")
        {
            doctor.check("the key set", authenticator.load_keys().await, "see --jwks");
        }
        let pool = doctor.check("the database address", Pool::new(&args.database(url.clone())), "");
        if let Some(pool) = pool
            && doctor
                .check("the database answers", pool.ping().await, "is it running, and is the address right?")
                .is_some()
            && let (Some(systems), Some(limits)) = (systems, limits)
            && let Some(engine) = doctor.check("the schema", Engine::new(&systems, limits, pool.clone()), "")
        {
            let schemas = engine.catalog().schemas();
            doctor.check("the login role", check_login(&pool, &roles, &schemas).await, "");
            doctor.database(&Guard::new(&Arc::new(engine), &pool, &roles)).await;
        }
    }

    if let Some(migrations) =
        doctor.check("the migrations can be read", migration::status(&owner_url).await, "")
    {
        for status in migrations.iter().filter(|status| status.state != migration::State::Applied) {
            let state = format!("{:?}", status.state).to_lowercase();
            doctor.problem(&format!("the migration {} is {state}", status.name), "run `praxis migrate up`");
        }
    }
    doctor.finish()
}

struct Doctor {
    problems: usize,
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

    /// What the guard of the served database finds.
    async fn database(&mut self, guard: &Guard) {
        let Some(findings) = self.check("the database can be looked at", guard.look().await, "") else {
            return;
        };
        for finding in findings {
            if finding.is_unsafe {
                self.problem(&finding.to_string(), &finding.remedy);
            } else {
                say(&format!("notice   {finding}"));
                say(&format!("         → {}", finding.remedy));
            }
        }
    }

    fn finish(&self) -> Result<(), Failure> {
        match self.problems {
            0 => {
                say("\nNothing is wrong.");
                Ok(())
            }
            1 => Err("1 problem found".into()),
            problems => Err(format!("{problems} problems found").into()),
        }
    }
}
