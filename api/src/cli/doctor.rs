//! `praxis doctor`

use std::collections::HashMap;

use super::{Failure, connect, say};
use crate::auth::{Authenticator, SystemClock};
use crate::config::ServeArgs;
use crate::database::embedded;
use crate::database::{DatabaseError, Pool, check_login};
use crate::graph::Engine;

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
            doctor.tables(&engine, &owner_url).await;
            doctor.functions(&engine, &owner_url).await;
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

    /// Every served function exists, and runs with its caller's rights.
    async fn functions(&mut self, engine: &Engine, url: &str) {
        let names: Vec<&str> = engine.catalog().functions().iter().map(|it| it.sql_name.as_str()).collect();
        let found = async {
            let sql = "SELECT name, prosecdef FROM unnest($1::text[]) name
                       LEFT JOIN (pg_proc JOIN pg_namespace n ON n.oid = pronamespace)
                         ON name = format('\"%s\".\"%s\"', nspname, proname)";
            Ok::<_, Failure>(connect(url).await?.query(sql, &[&names]).await.map_err(DatabaseError::from)?)
        };
        let Some(found) = self.check("the functions can be listed", found.await, "") else { return };
        for row in &found {
            let name: &str = row.get(0);
            match row.get(1) {
                Some(false) => {}
                Some(true) => self.problem(
                    &format!("{name} reads with its owner's rights"),
                    &format!("ALTER FUNCTION {name} SECURITY INVOKER;"),
                ),
                None => self.problem(&format!("there is no function {name}"), "run `praxis migrate up`"),
            }
        }
    }

    /// Every served table exists, with row-level security enabled and forced; a view reads with its caller's rights.
    async fn tables(&mut self, engine: &Engine, url: &str) {
        let found = async {
            let client = connect(url).await?;
            let rows = client
                .query(
                    "SELECT n.nspname::text, c.relname::text, c.relkind = 'v',
                            c.relrowsecurity AND c.relforcerowsecurity OR EXISTS (
                              SELECT FROM pg_options_to_table(c.reloptions)
                               WHERE option_name = 'security_invoker' AND option_value::boolean)
                       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.relkind IN ('r', 'p', 'v')",
                    &[],
                )
                .await
                .map_err(DatabaseError::from)?;
            let found = rows.iter().map(|row| ((row.get(0), row.get(1)), (row.get(2), row.get(3))));
            Ok::<_, Failure>(found.collect::<HashMap<(String, String), (bool, bool)>>())
        };
        let Some(found) = self.check("the tables can be listed", found.await, "") else { return };
        for table in engine.catalog().tables().iter().filter(|table| table.function.is_none()) {
            match found.get(&(table.schema.clone(), table.name.clone())) {
                Some((_, true)) => {}
                Some((true, false)) => self.problem(
                    &format!("{} shows what its owner sees", table.name),
                    &format!("ALTER VIEW {} SET (security_invoker = true);", table.sql_name),
                ),
                Some((false, false)) => self.problem(
                    &format!("{} does not enforce row-level security", table.name),
                    &format!("ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; ALTER TABLE {0} FORCE ROW LEVEL SECURITY;", table.sql_name),
                ),
                None => self.problem(&format!("there is no table {}", table.name), "run `praxis migrate up`"),
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
