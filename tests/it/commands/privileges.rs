//! `praxis doctor` names every missing privilege of callers and of the gateway, with the statement that grants it.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::doctor;
use crate::harness::{clone_database, connect, database_url, schemas};

/// The query for the privileges of callers on served tables, of the gateway on its own tables, and on schemas: object, role,
/// privilege; `%s` is replaced by the columns.
const GRANTED: &str = "
  WITH relations AS (
    SELECT c.oid, relacl, format('%I.%I', nspname, relname) AS object, nspname FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'v') AND (nspname = ANY ($1)
      OR nspname = 'praxis' AND relname IN ('changes', 'changes_forgotten', 'idempotency_keys'))
  ), granted (object, grantee, privilege) AS (
    SELECT object, grantee, privilege_type FROM relations, aclexplode(relacl)
    UNION
    SELECT object, grantee, privilege_type FROM relations JOIN pg_attribute ON attrelid = relations.oid, aclexplode(attacl)
    UNION
    SELECT format('SCHEMA %I', nspname), grantee, privilege_type FROM pg_namespace, aclexplode(nspacl)
    WHERE nspname = ANY ($1) OR nspname IN ('auth', 'praxis')
  )
  SELECT object, rolname::text, privilege FROM granted JOIN pg_roles ON pg_roles.oid = grantee
  WHERE rolname IN ('anon', 'authenticated')
    OR rolname = 'praxis_gateway' AND object LIKE 'praxis.%'";

/// Privileges: object, role, and privilege.
type Granted = BTreeSet<(String, String, String)>;

async fn granted(owner: &Client) -> Granted {
    let rows = owner.query(GRANTED, &[&schemas()]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// Returns the beginning of the line that reports a missing privilege.
fn told((object, role, privilege): &(String, String, String)) -> String {
    match object.strip_prefix("SCHEMA ") {
        Some(schema) => format!("the schema {schema}: {role} may not use it\n"),
        None => format!("{object}: {role} has no {privilege}"),
    }
}

/// Runs the statements that the doctor prints, after which it finds nothing wrong.
async fn mend(owner: &Client, url: &str, said: &str) {
    for remedy in said.lines().filter_map(|line| line.trim_start().strip_prefix("→ ")) {
        owner.batch_execute(remedy).await.unwrap();
    }
    let said = doctor(url).await.good();
    assert!(said.contains("Nothing is wrong."), "{said}");
}

#[tokio::test]
async fn whatever_is_taken_from_callers_is_named_and_given_back() {
    let name = clone_database().await;
    let url = database_url("praxis_gateway", &name);
    let owner = connect(&database_url("postgres", &name)).await;
    let before = granted(&owner).await;
    for (least, wanted) in [
        (90, ["anon", "SELECT"]),
        (40, ["authenticated", "SELECT"]),
        (10, ["authenticated", "INSERT"]),
        (10, ["authenticated", "UPDATE"]),
        (3, ["authenticated", "DELETE"]),
        (3, ["anon", "USAGE"]),
        (2, ["praxis_gateway", "SELECT"]),
    ] {
        let found = before.iter().filter(|(_, role, privilege)| [role, privilege] == wanted).count();
        assert!(found >= least.min(40), "{wanted:?}: {found}");
    }
    // A privilege that PUBLIC has could not be missing.
    owner.batch_execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC").await.unwrap();
    let revoked: Vec<String> = before
        .iter()
        .map(|(object, role, privilege)| format!("REVOKE {privilege} ON {object} FROM {role};"))
        .collect();
    owner.batch_execute(&revoked.concat()).await.unwrap();
    let said = doctor(&url).await.good();
    for privilege in &before {
        assert!(said.contains(&format!("notice   {}", told(privilege))), "{privilege:?}: {said}");
    }
    mend(&owner, &url, &said).await;
    let after = granted(&owner).await;
    assert_eq!(before.difference(&after).collect::<Vec<_>>(), Vec::<&(String, String, String)>::new());

    // A single missing privilege is reported alone.
    for sql in [
        "REVOKE SELECT ON sites FROM authenticated",
        "REVOKE SELECT (site_name) ON sites FROM authenticated; REVOKE SELECT ON sites FROM authenticated;
           GRANT SELECT (site_id) ON sites TO authenticated",
        "REVOKE DELETE ON integration_homework FROM authenticated",
        "REVOKE USAGE ON SCHEMA therapyflow FROM anon",
        "REVOKE INSERT ON praxis.idempotency_keys FROM praxis_gateway",
    ] {
        owner.batch_execute(sql).await.unwrap();
        let said = doctor(&url).await.good();
        assert_eq!(said.matches("notice   ").count(), 1, "{sql}: {said}");
        mend(&owner, &url, &said).await;
    }
}

#[tokio::test]
async fn a_function_that_callers_may_not_call_any_more_is_named() {
    let name = clone_database().await;
    let url = database_url("praxis_gateway", &name);
    let owner = connect(&database_url("postgres", &name)).await;
    let functions = "SELECT p.oid::regprocedure::text, g.rolname::text
      FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace, aclexplode(proacl) JOIN pg_roles AS g ON g.oid = grantee
      WHERE (nspname = ANY ($1) OR nspname = 'praxis') AND g.rolname IN ('anon', 'authenticated', 'praxis_gateway')
        AND p.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype = 'e')";
    let callers = owner.query(functions, &[&schemas()]).await.unwrap();
    assert!(callers.len() > 50, "{}", callers.len());
    let pairs: Vec<(String, String)> = callers.iter().map(|row| (row.get(0), row.get(1))).collect();
    // The doctor itself needs these.
    let pairs = pairs
        .iter()
        .filter(|(function, _)| !function.contains("was_there") && !function.contains("is_of_migrations"));
    let revoked: Vec<String> = pairs
        .clone()
        .map(|(function, role)| format!("REVOKE EXECUTE ON FUNCTION {function} FROM {role};"))
        .collect();
    owner.batch_execute(&revoked.concat()).await.unwrap();
    let said = doctor(&url).await.bad();
    let told = said.matches(" may not call it\n").count();
    assert_eq!(told, pairs.count(), "{said}");
    mend(&owner, &url, &said).await;
}
