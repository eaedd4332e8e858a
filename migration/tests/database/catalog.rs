//! Rules of Praxis's own database beyond the rulebook (`lint.rs`), checked in Postgres's catalog, so that they apply to later
//! objects too.

use crate::cluster::{Session, migrated};

async fn session() -> Session {
    migrated().await.connect().await
}

const VIEWS: &str = "
    pg_class AS v JOIN pg_namespace AS s ON s.oid = v.relnamespace AND v.relkind IN ('v', 'm')
      AND s.nspname NOT LIKE 'pg\\_%' AND s.nspname <> 'information_schema'";

#[tokio::test]
async fn a_view_is_there_to_be_read_and_for_nothing_else() {
    let granted = format!(
        "SELECT DISTINCT concat_ws(' ', v.oid::regclass, grantee::regrole, privilege_type)
         FROM {VIEWS}, aclexplode(relacl) WHERE grantee <> relowner ORDER BY 1"
    );
    let expected = format!(
        "SELECT concat_ws(' ', v.oid::regclass, client, 'SELECT') FROM {VIEWS},
           unnest(ARRAY['anon', 'authenticated']) AS client ORDER BY 1"
    );
    let mut session = session().await;
    let granted = session.rows(granted).await;
    assert!(!granted.is_empty());
    assert_eq!(granted, session.rows(expected).await);
    // A grant on a column is a grant as well.
    let columns = format!(
        "SELECT attname::text FROM {VIEWS} JOIN pg_attribute ON attrelid = v.oid WHERE attacl IS NOT NULL"
    );
    assert_eq!(session.rows(columns).await, Vec::<String>::new());
}

#[tokio::test]
async fn no_function_is_for_everyone_to_call() {
    let granted = "SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace IN ('praxis'::regnamespace, 'therapyflow'::regnamespace) AND has_function_privilege('public', oid, 'EXECUTE')";
    assert_eq!(session().await.rows(granted).await, Vec::<String>::new());
}

#[tokio::test]
async fn functions_trust_no_search_path() {
    // A function in plain SQL with its caller's rights is inlined, and qualifies the names that it calls.
    let trusting = "SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace IN ('praxis'::regnamespace, 'auth'::regnamespace, 'therapyflow'::regnamespace) AND proconfig IS NULL
          AND (prosecdef OR prolang <> (SELECT oid FROM pg_language WHERE lanname = 'sql')
            OR replace(prosrc, 'pg_catalog.current_setting', '') LIKE '%current_setting%')";
    assert_eq!(session().await.rows(trusting).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_gateway_owns_nothing_and_bypasses_nothing() {
    let mut session = session().await;
    let role =
        "SELECT concat_ws(' ', rolcanlogin, rolinherit, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb)
        FROM pg_roles WHERE rolname = 'praxis_gateway'";
    assert_eq!(session.one(role).await, "t f f f f f");
    let memberships = "SELECT pg_get_userbyid(roleid)::text FROM pg_auth_members
        WHERE member = 'praxis_gateway'::regrole ORDER BY 1";
    assert_eq!(session.rows(memberships).await, ["anon", "authenticated"]);
    let granted = "SELECT table_schema || '.' || table_name || ' ' || privilege_type
        FROM information_schema.role_table_grants WHERE grantee = 'praxis_gateway' ORDER BY 1";
    assert_eq!(
        session.rows(granted).await,
        [
            "praxis.changes SELECT",
            "praxis.changes_forgotten SELECT",
            "praxis.idempotency_keys INSERT",
            "praxis.idempotency_keys SELECT",
            "praxis.idempotency_keys UPDATE",
            "praxis.migration_checksums SELECT",
            "praxis.seaql_migrations SELECT"
        ]
    );
    let owned = "SELECT relname::text FROM pg_class WHERE relowner = 'praxis_gateway'::regrole";
    assert_eq!(session.rows(owned).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_reference_tables_have_their_rows() {
    let mut session = session().await;
    for (table, rows) in [
        ("ref_medications", 24),
        ("ref_event_types", 8),
        ("ref_homework_types", 8),
        ("ref_substances", 11),
        ("ref_routes", 9),
        ("ref_indications", 9),
        ("ref_assessments", 15),
        ("ref_assessment_bands", 13),
        ("ref_support_modality", 5),
        ("ref_smoking_status", 4),
        ("ref_severity_grade", 5),
        ("ref_safety_events", 13),
        ("ref_resolution_status", 3),
    ] {
        assert_eq!(
            session.one(format!("SELECT count(*)::text FROM {table}")).await,
            rows.to_string(),
            "{table}"
        );
    }
    let contraindicated = "SELECT drug_class || count(*) FROM ref_medications WHERE has_contraindication GROUP BY drug_class ORDER BY 1";
    assert_eq!(session.rows(contraindicated).await, ["Antipsychotic4", "Benzodiazepine4"]);
}

#[tokio::test]
async fn the_policies_that_the_brief_names_exist() {
    let mut session = session().await;
    for name in [
        "ref_medications_read",
        "ref_medications_write",
        "ref_event_types_read",
        "ref_event_types_write",
        "ref_homework_types_read",
        "ref_homework_types_write",
        "session_events_read",
        "session_events_insert",
        "profiles_read",
        "profiles_update",
        "profiles_insert",
        "relationships_read",
        "relationships_insert",
        "circles_read",
        "circle_members_read",
        "circle_members_insert",
        "homework_read",
        "homework_write",
        "scores_read",
        "scores_write",
    ] {
        let count = format!("SELECT count(*)::text FROM pg_policies WHERE policyname = '{name}'");
        assert_eq!(session.one(count).await, "1", "{name}");
    }
}
