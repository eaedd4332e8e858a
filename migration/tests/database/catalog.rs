//! Rules that every table keeps, asked of Postgres's own catalog: a table that comes later is asked too.

use crate::cluster::{Session, migrated};

async fn session() -> Session {
    migrated().await.connect().await
}

const TABLES: &str = "
    pg_class AS t JOIN pg_namespace AS s ON s.oid = t.relnamespace AND t.relkind IN ('r', 'p')
      AND s.nspname NOT LIKE 'pg\\_%' AND s.nspname <> 'information_schema'";

#[tokio::test]
async fn row_level_security_is_forced_on_every_table() {
    let open = format!(
        "SELECT t.oid::regclass::text FROM {TABLES} WHERE NOT (relrowsecurity AND relforcerowsecurity)"
    );
    assert_eq!(session().await.rows(open).await, Vec::<String>::new());
}

const VIEWS: &str = "
    pg_class AS v JOIN pg_namespace AS s ON s.oid = v.relnamespace AND v.relkind IN ('v', 'm')
      AND s.nspname NOT LIKE 'pg\\_%' AND s.nspname <> 'information_schema'";

#[tokio::test]
async fn a_view_reads_with_its_callers_rights() {
    // Otherwise it would show its owner's rows to everybody. A materialized view always does.
    let open = format!(
        "SELECT v.oid::regclass::text FROM {VIEWS} WHERE NOT EXISTS (
           SELECT FROM pg_options_to_table(reloptions)
           WHERE option_name = 'security_invoker' AND option_value::boolean)"
    );
    let mut session = session().await;
    assert_eq!(session.rows(&open).await, Vec::<String>::new());
    session.run("CREATE VIEW open AS SELECT 1; CREATE MATERIALIZED VIEW kept AS SELECT 1").await.unwrap();
    assert_eq!(session.rows(format!("{open} ORDER BY 1")).await, ["kept", "open"], "the test would see one");
}

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
async fn every_table_for_clients_has_a_policy_for_reading() {
    let mute = format!(
        "SELECT t.oid::regclass::text FROM {TABLES} WHERE nspname IN ('public', 'therapyflow') AND NOT EXISTS (
           SELECT FROM pg_policy WHERE polrelid = t.oid AND polcmd = 'r'
             AND polroles && ARRAY[0, 'authenticated'::regrole]::oid[])"
    );
    assert_eq!(session().await.rows(mute).await, Vec::<String>::new());
}

#[tokio::test]
async fn policies_ask_once_for_a_statement_who_the_caller_is() {
    // Inside `( SELECT … )` a function is called once; elsewhere for each row.
    let slow = r"
        SELECT tablename || '.' || policyname FROM pg_policies
        WHERE regexp_replace(coalesce(qual, '') || coalesce(with_check, ''),
            '\( SELECT (auth|praxis|therapyflow)\.\w+\(\)', '', 'g') ~ '(auth|praxis|therapyflow)\.\w+\('";
    assert_eq!(session().await.rows(slow).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_foreign_key_has_an_index() {
    let missing = "
        SELECT conrelid::regclass || '.' || conname FROM pg_constraint
        WHERE contype = 'f' AND NOT EXISTS (
          SELECT FROM pg_index WHERE indrelid = conrelid AND indpred IS NULL AND indkey[0] = ANY (conkey))";
    assert_eq!(session().await.rows(missing).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_index_says_what_it_is_for() {
    let silent = format!(
        "SELECT indexrelid::regclass::text FROM pg_index JOIN ({}) AS tables ON tables.oid = indrelid
         WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
           AND obj_description(indexrelid, 'pg_class') IS NULL",
        format_args!("SELECT t.oid FROM {TABLES}")
    );
    assert_eq!(session().await.rows(silent).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_time_has_a_time_zone() {
    let naive = "SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE data_type = 'timestamp without time zone' AND table_schema IN ('public', 'auth', 'praxis', 'therapyflow')";
    assert_eq!(session().await.rows(naive).await, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_granted_to_everyone() {
    let granted = "
        SELECT table_schema || '.' || table_name || ' ' || privilege_type
        FROM information_schema.role_table_grants
        WHERE grantee = 'PUBLIC' AND table_schema IN ('public', 'auth', 'praxis', 'therapyflow')
        UNION ALL SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace IN ('praxis'::regnamespace, 'therapyflow'::regnamespace) AND has_function_privilege('public', oid, 'EXECUTE')";
    assert_eq!(session().await.rows(granted).await, Vec::<String>::new());
}

#[tokio::test]
async fn functions_trust_no_search_path() {
    // A function in plain SQL with its caller's rights is inlined, and names what it calls in full.
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
