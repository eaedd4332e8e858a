//! Running migrations: order, lock, checksums, reverting, and databases that are not empty.

use migration::{MigrationError, State, migrations};

use crate::cluster::{Cluster, database, migrated};

fn names() -> Vec<&'static str> {
    migrations().iter().map(|it| it.name).collect()
}

#[tokio::test]
async fn all_are_applied_in_order_and_only_once() {
    let database = database().await;
    assert!(migration::status(&database.url()).await.unwrap().iter().all(|it| it.state == State::Pending));
    assert_eq!(migration::up(&database.url()).await.unwrap(), names());
    assert!(names().is_sorted());
    assert_eq!(migration::up(&database.url()).await.unwrap(), Vec::<&str>::new());
    assert!(migration::status(&database.url()).await.unwrap().iter().all(|it| it.state == State::Applied));
}

#[tokio::test]
async fn going_down_and_up_again_gives_the_same_catalog() {
    let database = migrated().await;
    let before = database.dump();

    let mut taken_back = Vec::new();
    for _ in migrations() {
        taken_back.extend(migration::down(&database.url(), 1).await.unwrap());
    }
    taken_back.reverse();
    assert_eq!(taken_back, names());
    assert_eq!(migration::down(&database.url(), 1).await.unwrap(), Vec::<&str>::new());
    let nothing = database
        .connect()
        .await
        .rows(
            "SELECT relname::text FROM pg_class JOIN pg_namespace AS schema ON schema.oid = relnamespace
             WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
        )
        .await;
    assert_eq!(nothing, ["migration_checksums", "seaql_migrations"]);

    migration::up(&database.url()).await.unwrap();
    let after = database.dump();
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after);
    }
    assert_eq!(before.len(), after.len());
}

#[tokio::test]
async fn two_runs_at_once_apply_each_migration_once() {
    let database = database().await;
    let (url, again) = (database.url(), database.url());
    let (first, second) = tokio::join!(migration::up(&url), migration::up(&again));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.is_empty() != second.is_empty());
    assert_eq!([first, second].concat(), names());
}

#[tokio::test]
async fn databases_of_one_server_can_be_migrated_at_once() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start()));
    let (a, b, c) = (cluster.database().await, cluster.database().await, cluster.database().await);
    let (a, b, c) = (a.url(), b.url(), c.url());
    let (a, b, c) = tokio::join!(migration::up(&a), migration::up(&b), migration::up(&c));
    assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (names(), names(), names()));
}

#[tokio::test]
async fn an_edited_migration_is_refused_by_name() {
    let database = migrated().await;
    migration::down(&database.url(), 1).await.unwrap();
    let edited = "20260212142000_create_session_logger_tables";
    let edit = format!("UPDATE praxis.migration_checksums SET sha256 = 'x' WHERE name = '{edited}'");
    database.connect().await.run(edit).await.unwrap();

    let error = migration::up(&database.url()).await.unwrap_err();
    assert!(matches!(error, MigrationError::Edited { name } if name == edited), "{error}");
    let status = migration::status(&database.url()).await.unwrap();
    let of = |state| status.iter().filter(|it| it.state == state).map(|it| it.name).collect::<Vec<_>>();
    assert_eq!(of(State::Edited), [edited]);
    assert_eq!(of(State::Pending), names()[names().len() - 1..]);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let database = migrated().await;
    let newer = "INSERT INTO praxis.seaql_migrations VALUES ('29990101000000_later', 0)";
    database.connect().await.run(newer).await.unwrap();
    for error in [
        migration::up(&database.url()).await.unwrap_err(),
        migration::down(&database.url(), 1).await.unwrap_err(),
        migration::status(&database.url()).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, MigrationError::Unknown { name } if name == "29990101000000_later"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_failure_names_the_migration_and_leaves_nothing_of_it() {
    let database = database().await;
    let mut session = database.connect().await;
    session.run("CREATE TABLE session_events ()").await.unwrap();
    let failing = "20260212142000_create_session_logger_tables";

    let error = migration::up(&database.url()).await.unwrap_err();
    let MigrationError::Failed { name, error } = error else { panic!("{error}") };
    assert_eq!(name, failing);
    assert_eq!(error.code.as_deref(), Some("42P07"));
    assert_eq!(error.message, r#"relation "session_events" already exists"#);
    assert_eq!(session.one("SELECT to_regclass('ref_event_types')::text").await, "");
    assert_ne!(session.one("SELECT to_regclass('ref_medications')::text").await, "");

    session.run("DROP TABLE session_events").await.unwrap();
    assert_eq!(migration::up(&database.url()).await.unwrap()[0], failing);
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_an_error_of_its_own() {
    let nowhere = migration::up("postgres://nobody@%2Fnowhere/nothing").await.unwrap_err();
    assert!(matches!(nowhere, MigrationError::Connect(_)), "{nowhere}");
    let url = migration::status("not a url").await.unwrap_err();
    assert!(matches!(url, MigrationError::Url(_)), "{url}");
}

#[tokio::test]
async fn an_ordinary_owner_can_migrate() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start()));
    let mut server = cluster.database().await.connect().await;
    server.run("CREATE ROLE owner LOGIN CREATEROLE").await.unwrap();
    let database = cluster.database_of("owner").await;
    assert_eq!(migration::up(&database.url_of("owner")).await.unwrap(), names());
    assert_eq!(migration::down(&database.url_of("owner"), 99).await.unwrap().len(), names().len());
    assert_eq!(migration::up(&database.url_of("owner")).await.unwrap(), names());

    // The owner writes data, and a client reads the rows that the policies allow.
    let mut owner = database.connect_as("owner").await;
    owner.run(crate::access::DATA).await.unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
    assert_eq!(client.one("SELECT count(*)::text FROM log_clinical_records").await, "2");
    assert_eq!(client.one("SELECT count(*)::text FROM session_events").await, "2");
    assert_eq!(client.one("SELECT count(*)::text FROM ref_medications").await, "24");
}

#[tokio::test]
async fn what_a_supabase_database_has_stays() {
    let database = database().await;
    let mut session = database.connect().await;
    session
        .run(
            "CREATE SCHEMA auth;
             CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, phone text);
             CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
               SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
             CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$
               SELECT nullif(current_setting('request.jwt.claim.role', true), '') $$;
             CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT '{}'::jsonb $$;
             INSERT INTO auth.users VALUES ('00000000-0000-4000-8000-000000000001', 'a@b.example');
             CREATE TABLE sites (site_id bigserial PRIMARY KEY, site_name text NOT NULL, beds int);
             INSERT INTO sites (site_name, beds) VALUES ('Old clinic', 4);
             ALTER TABLE sites ENABLE ROW LEVEL SECURITY;
             CREATE POLICY sites_read ON sites FOR SELECT USING (beds > 3);
             GRANT SELECT ON sites TO PUBLIC;",
        )
        .await
        .unwrap();
    let uid = "SELECT pg_get_functiondef('auth.uid'::regproc)";
    let before = session.one(uid).await;

    migration::up(&database.url()).await.unwrap();
    assert_eq!(session.one("SELECT site_name || beds || is_active FROM sites").await, "Old clinic4true");
    assert_eq!(session.one(uid).await, before);
    assert_eq!(
        session.one("SELECT relrowsecurity::text FROM pg_class WHERE oid = 'auth.users'::regclass").await,
        "false"
    );
    assert_eq!(
        session
            .one("SELECT qual FROM pg_policies WHERE tablename = 'sites' AND policyname = 'sites_read'")
            .await,
        "(beds > 3)"
    );

    migration::down(&database.url(), 99).await.unwrap();
    assert_eq!(session.one("SELECT site_name || beds FROM sites").await, "Old clinic4");
    assert_eq!(session.one("SELECT email FROM auth.users").await, "a@b.example");
    assert_eq!(session.one(uid).await, before);
    assert_eq!(session.one("SELECT to_regclass('log_clinical_records')::text").await, "");
}

#[tokio::test]
async fn the_record_is_read_by_the_gateway_and_by_no_client() {
    let database = migrated().await;
    let status = migration::status(&database.url_of("praxis_gateway")).await.unwrap();
    assert!(status.iter().all(|it| it.state == State::Applied));
    for role in ["anon", "authenticated"] {
        let mut session = database.connect_as("praxis_gateway").await;
        session.become_client(role, None).await;
        let error = session.run("SELECT FROM praxis.seaql_migrations").await.unwrap_err();
        assert!(error.contains("permission denied for "), "{error}");
    }
    let mut session = database.connect().await;
    session.run("CREATE ROLE stranger LOGIN").await.unwrap();
    let error = migration::status(&database.url_of("stranger")).await.unwrap_err();
    assert!(matches!(error, MigrationError::Unreadable(_)), "{error}");
    session.run("GRANT pg_read_all_data TO stranger").await.unwrap();
    let status = migration::status(&database.url_of("stranger")).await.unwrap();
    assert!(status.iter().all(|it| it.state == State::Applied));
}

#[tokio::test]
async fn a_socket_may_be_given_as_host_or_as_parameter() {
    let database = migrated().await;
    let folder = database.cluster.folder().display();
    let name = &database.name;
    for url in [
        database.url(),
        format!("postgres:///{name}?host={folder}&user=postgres"),
        format!("postgresql://postgres@localhost/{name}?host={folder}"),
        format!("postgres://postgres@localhost/{name}?host={folder}&port=5432"),
    ] {
        let status = migration::status(&url).await;
        assert!(status.is_ok(), "{url}: {status:?}");
    }
}
