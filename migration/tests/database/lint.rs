//! The rulebook on databases: one that keeps every rule, and variants that break one rule each.

use std::collections::BTreeSet;

use migration::lint::{Config, Finding, Lint, Report, Rule, embedded_texts, rules};

use crate::cluster::{Session, database, migrated};

/// A clinic that keeps every rule.
const SOUND: &str = "
    DO $$ BEGIN CREATE ROLE lint_anon; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    DO $$ BEGIN CREATE ROLE lint_client; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    CREATE SCHEMA clinic;
    GRANT USAGE ON SCHEMA clinic TO lint_anon, lint_client;
    CREATE FUNCTION clinic.caller() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('lint.caller', true) $$;

    CREATE TABLE clinic.sites (
      site_id bigint PRIMARY KEY,
      site_name text CONSTRAINT valid_name CHECK (site_name <> ''),
      created_at timestamptz DEFAULT now()
    );
    COMMENT ON CONSTRAINT valid_name ON clinic.sites IS 'A site has a name.';
    CREATE TABLE clinic.members (
      site_id bigint REFERENCES clinic.sites ON DELETE CASCADE,
      person text,
      created_at timestamptz DEFAULT now(),
      PRIMARY KEY (site_id, person)
    );
    CREATE TABLE clinic.visits (
      visit_id bigint PRIMARY KEY,
      site_id bigint CONSTRAINT visits_site REFERENCES clinic.sites ON DELETE CASCADE,
      tags text[],
      tag_ids bigint[],
      seen_at timestamptz,
      created_at timestamptz DEFAULT now()
    );
    COMMENT ON CONSTRAINT visits_site ON clinic.visits IS 'There is no such site.';
    CREATE INDEX idx_members_person_site ON clinic.members (person, site_id);
    COMMENT ON INDEX clinic.idx_members_person_site IS 'Memberships of a person.';
    CREATE INDEX idx_visits_site_seen ON clinic.visits (site_id, seen_at);
    CREATE INDEX idx_visits_site_visit ON clinic.visits (site_id, visit_id);
    CREATE INDEX idx_visits_tags ON clinic.visits USING gin (tags);
    CREATE INDEX idx_visits_tag_ids ON clinic.visits USING gin (tag_ids);
    COMMENT ON INDEX clinic.idx_visits_site_seen IS 'Visits over time.';
    COMMENT ON INDEX clinic.idx_visits_site_visit IS 'Visits by key.';
    COMMENT ON INDEX clinic.idx_visits_tags IS 'Visits by tag.';
    COMMENT ON INDEX clinic.idx_visits_tag_ids IS 'Visits by tag.';
    CREATE VIEW clinic.recent_visits WITH (security_invoker = true) AS SELECT * FROM clinic.visits;

    -- With its owner's rights, so that the policies of members may ask for members.
    CREATE FUNCTION clinic.sites_of_caller() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
      $$ SELECT array_agg(site_id) FROM clinic.members WHERE person = clinic.caller() $$;
    REVOKE ALL ON FUNCTION clinic.sites_of_caller FROM PUBLIC;
    ALTER TABLE clinic.sites ENABLE ROW LEVEL SECURITY;
    ALTER TABLE clinic.sites FORCE ROW LEVEL SECURITY;
    ALTER TABLE clinic.members ENABLE ROW LEVEL SECURITY;
    ALTER TABLE clinic.members FORCE ROW LEVEL SECURITY;
    ALTER TABLE clinic.visits ENABLE ROW LEVEL SECURITY;
    ALTER TABLE clinic.visits FORCE ROW LEVEL SECURITY;
    CREATE POLICY sites_read ON clinic.sites FOR SELECT USING (site_id = ANY ((SELECT clinic.sites_of_caller())::bigint[]));
    CREATE POLICY sites_update ON clinic.sites FOR UPDATE USING (site_id = ANY ((SELECT clinic.sites_of_caller())::bigint[]));
    CREATE POLICY members_all ON clinic.members USING (person = (SELECT clinic.caller()));
    CREATE POLICY visits_read ON clinic.visits FOR SELECT
      USING (EXISTS (SELECT FROM clinic.members m WHERE m.site_id = visits.site_id AND m.person = (SELECT clinic.caller())));
    CREATE POLICY visits_insert ON clinic.visits FOR INSERT TO lint_client
      WITH CHECK (site_id = ANY ((SELECT clinic.sites_of_caller())::bigint[]));
    GRANT SELECT ON clinic.sites, clinic.members, clinic.visits, clinic.recent_visits TO lint_anon, lint_client;
    GRANT UPDATE (site_name) ON clinic.sites TO lint_client;
    GRANT INSERT, UPDATE, DELETE ON clinic.members TO lint_client;
    GRANT INSERT ON clinic.visits TO lint_client;
    COMMENT ON CONSTRAINT members_site_id_fkey ON clinic.members IS 'There is no such site.';
";

const CONFIG: &str = r#"
    clients = ["lint_anon", "lint_client"]
    anonymous = "lint_anon"
    bookkeeping = ["created_at"]
    [schemas.clinic]
    tenant = "site_id"
    forbid_jsonb = true
    [[references]]
    from = "clinic.visits.tag_ids"
    to = "clinic.sites.site_id"
"#;

/// The statement that breaks a rule, the rule, and the object of the finding.
const BROKEN: &[(&str, &str, &str)] = &[
    ("rls-enabled", "clinic.visits", "ALTER TABLE clinic.visits DISABLE ROW LEVEL SECURITY"),
    ("rls-forced", "clinic.visits", "ALTER TABLE clinic.visits NO FORCE ROW LEVEL SECURITY"),
    (
        "read-policy",
        "clinic.visits",
        "DROP POLICY visits_read ON clinic.visits; REVOKE SELECT ON clinic.visits FROM lint_anon, lint_client",
    ),
    (
        "write-policy",
        "clinic.visits",
        "DROP POLICY visits_insert ON clinic.visits; REVOKE INSERT ON clinic.visits FROM lint_client",
    ),
    ("primary-key", "clinic.visits", "ALTER TABLE clinic.visits DROP CONSTRAINT visits_pkey"),
    ("created-at", "clinic.visits", "ALTER TABLE clinic.visits ALTER COLUMN created_at DROP DEFAULT"),
    (
        "tenant-column",
        "clinic.notes",
        "CREATE TABLE clinic.notes (note_id bigint PRIMARY KEY, created_at timestamptz DEFAULT now());
         ALTER TABLE clinic.notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY notes_all ON clinic.notes USING (true); GRANT SELECT, INSERT, UPDATE, DELETE ON clinic.notes TO lint_client",
    ),
    ("snake-case", r#"clinic.visits."seenBy""#, r#"ALTER TABLE clinic.visits ADD COLUMN "seenBy" text"#),
    (
        "snake-case",
        r#"clinic.visits."Valid""#,
        r#"ALTER TABLE clinic.visits ADD CONSTRAINT "Valid" CHECK (true); COMMENT ON CONSTRAINT "Valid" ON clinic.visits IS 'a'"#,
    ),
    ("grant-without-policy", "clinic.visits", "GRANT UPDATE (tags) ON clinic.visits TO lint_client"),
    ("policy-without-grant", "clinic.visits", "REVOKE INSERT ON clinic.visits FROM lint_client"),
    ("anonymous-write", "clinic.members", "GRANT DELETE ON clinic.members TO lint_anon"),
    ("grant-beyond-rows", "clinic.visits", "GRANT TRUNCATE ON clinic.visits TO lint_client"),
    ("public-grant", "clinic.visits", "GRANT SELECT ON clinic.visits TO PUBLIC"),
    ("view-write", "clinic.recent_visits", "GRANT UPDATE (tags) ON clinic.recent_visits TO lint_client"),
    (
        "foreign-key-index",
        "clinic.visits.visits_person",
        "CREATE SCHEMA vault; CREATE TABLE vault.people (person_id bigint PRIMARY KEY);
         ALTER TABLE clinic.visits ADD COLUMN person_id bigint
           CONSTRAINT visits_person REFERENCES vault.people ON DELETE CASCADE;
         COMMENT ON CONSTRAINT visits_person ON clinic.visits IS 'a';
         CREATE INDEX idx_visits_seen_person ON clinic.visits (seen_at, person_id);
         COMMENT ON INDEX clinic.idx_visits_seen_person IS 'a'",
    ),
    (
        "foreign-key-on-delete",
        "clinic.visits.visits_site",
        "ALTER TABLE clinic.visits DROP CONSTRAINT visits_site,
           ADD CONSTRAINT visits_site FOREIGN KEY (site_id) REFERENCES clinic.sites;
         COMMENT ON CONSTRAINT visits_site ON clinic.visits IS 'a'",
    ),
    (
        "foreign-key-valid",
        "clinic.visits.valid_tags",
        "ALTER TABLE clinic.visits ADD CONSTRAINT valid_tags CHECK (tags <> '{}') NOT VALID;
         COMMENT ON CONSTRAINT valid_tags ON clinic.visits IS 'a'",
    ),
    (
        "constraint-comment",
        "clinic.visits.visits_site",
        "COMMENT ON CONSTRAINT visits_site ON clinic.visits IS NULL",
    ),
    ("time-index", "clinic.visits.left_at", "ALTER TABLE clinic.visits ADD COLUMN left_at timestamptz"),
    ("array-index", "clinic.visits.tags", "DROP INDEX clinic.idx_visits_tags"),
    (
        "index-name",
        "clinic.visits_by_site",
        "ALTER INDEX clinic.idx_visits_site_seen RENAME TO visits_by_site",
    ),
    (
        "index-name",
        "clinic.idx_visits_a",
        "ALTER INDEX clinic.idx_visits_site_seen RENAME TO idx_visits_a",
    ),
    ("policy-key-index", "clinic.members.person", "DROP INDEX clinic.idx_members_person_site"),
    (
        "reference-key-index",
        "clinic.members.kind_id",
        "CREATE TABLE clinic.ref_kinds (kind_id bigint PRIMARY KEY, site_id bigint, created_at timestamptz DEFAULT now());
         ALTER TABLE clinic.ref_kinds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY kinds_all ON clinic.ref_kinds USING (true); GRANT SELECT, INSERT, UPDATE, DELETE ON clinic.ref_kinds TO lint_client;
         ALTER TABLE clinic.members ADD COLUMN kind_id bigint
           CONSTRAINT members_kind REFERENCES clinic.ref_kinds ON DELETE CASCADE;
         COMMENT ON CONSTRAINT members_kind ON clinic.members IS 'There is no such kind.';
         CREATE INDEX idx_members_kind ON clinic.members (kind_id, site_id, person);
         COMMENT ON INDEX clinic.idx_members_kind IS 'a'",
    ),
    ("parent-key-index", "clinic.visits.visits_site", "DROP INDEX clinic.idx_visits_site_visit"),
    (
        "parent-key-index",
        "clinic.visits.visits_site",
        "DROP INDEX clinic.idx_visits_site_visit;
         CREATE INDEX idx_visits_site_visit ON clinic.visits (site_id, visit_id DESC);
         COMMENT ON INDEX clinic.idx_visits_site_visit IS 'a'",
    ),
    ("index-comment", "clinic.idx_visits_tags", "COMMENT ON INDEX clinic.idx_visits_tags IS NULL"),
    (
        "index-valid",
        "clinic.idx_visits_tag_ids",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'clinic.idx_visits_tag_ids'::regclass;
         CREATE INDEX idx_visits_tag_ids_again ON clinic.visits USING gin (tag_ids, tags);
         COMMENT ON INDEX clinic.idx_visits_tag_ids_again IS 'a'",
    ),
    (
        "duplicate-index",
        "clinic.idx_visits_tags_again",
        "CREATE INDEX idx_visits_tags_again ON clinic.visits USING gin (tags);
         COMMENT ON INDEX clinic.idx_visits_tags_again IS 'a'",
    ),
    (
        "prefix-index",
        "clinic.idx_visits_site",
        "CREATE INDEX idx_visits_site ON clinic.visits (site_id); COMMENT ON INDEX clinic.idx_visits_site IS 'a'",
    ),
    (
        "time-zone",
        "clinic.visits.left_at",
        "ALTER TABLE clinic.visits ADD COLUMN left_at timestamp; CREATE INDEX idx_visits_left ON clinic.visits (left_at);
         COMMENT ON INDEX clinic.idx_visits_left IS 'a'",
    ),
    ("no-jsonb", "clinic.visits.more", "ALTER TABLE clinic.visits ADD COLUMN more jsonb"),
    (
        "definer-search-path",
        "clinic.sites_of_caller()",
        "ALTER FUNCTION clinic.sites_of_caller RESET search_path",
    ),
    (
        "definer-public",
        "clinic.sites_of_caller()",
        "GRANT EXECUTE ON FUNCTION clinic.sites_of_caller TO PUBLIC",
    ),
    (
        "view-invoker",
        "clinic.recent_visits",
        "ALTER VIEW clinic.recent_visits SET (security_invoker = false)",
    ),
    ("view-invoker", "clinic.kept", "CREATE MATERIALIZED VIEW clinic.kept AS SELECT 1 AS one"),
    (
        "policy-call-per-row",
        "clinic.members.members_all",
        "ALTER POLICY members_all ON clinic.members USING (person = clinic.caller())",
    ),
    (
        "policy-call-per-row",
        "clinic.members.members_all",
        "ALTER POLICY members_all ON clinic.members USING (person = current_setting('lint.caller', true))",
    ),
    (
        "policy-call-per-row",
        "clinic.visits.visits_read",
        "ALTER POLICY visits_read ON clinic.visits
           USING (EXISTS (SELECT FROM clinic.members m WHERE m.site_id = visits.site_id AND m.person = clinic.caller()))",
    ),
    (
        "policy-recursion",
        "clinic.members.members_all",
        "ALTER POLICY members_all ON clinic.members
           USING (site_id IN (SELECT m.site_id FROM clinic.members m WHERE m.person = (SELECT clinic.caller())))",
    ),
    (
        "orphan-row",
        "clinic.visits.tag_ids",
        "INSERT INTO clinic.visits (visit_id, tag_ids) VALUES (1, '{1}'), (2, NULL), (3, '{NULL}')",
    ),
    (
        "unused-exception",
        "clinic.visits",
        "ALTER TABLE clinic.visits ENABLE ROW LEVEL SECURITY", // The exception below is not needed.
    ),
];

fn config(more: &str) -> Config {
    Config::parse(&format!("{CONFIG}{more}")).unwrap()
}

async fn clinic() -> Session {
    let mut session = database().await.connect().await;
    session.run(SOUND).await.unwrap();
    session
}

async fn lint(session: &mut Session, config: &Config) -> Report {
    let mut lint = Lint::new(config);
    lint.connection(&mut session.0, &["clinic".into()]).await.unwrap();
    lint.finish()
}

fn named(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings.iter().map(|it| (it.rule, it.object.as_str())).collect()
}

#[tokio::test]
async fn what_keeps_every_rule_is_found_to_keep_them() {
    let mut session = clinic().await;
    let report = lint(&mut session, &config("")).await;
    assert_eq!(report.findings, []);
    assert!(report.notes.is_empty());
}

#[tokio::test]
async fn in_an_internal_schema_a_table_is_a_clients_where_something_of_it_is_granted() {
    let mut session = clinic().await;
    let closed =
        "CREATE TABLE clinic.queue (id int PRIMARY KEY, site_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
        ALTER TABLE clinic.queue ENABLE ROW LEVEL SECURITY;
        ALTER TABLE clinic.queue FORCE ROW LEVEL SECURITY";
    session.run(closed).await.unwrap();
    let internal =
        Config::parse(&CONFIG.replace("[schemas.clinic]", "[schemas.clinic]\ninternal = true")).unwrap();
    let rules = [("read-policy", "clinic.queue"), ("write-policy", "clinic.queue")];
    assert_eq!(named(&lint(&mut session, &config("")).await.findings), rules);
    assert_eq!(named(&lint(&mut session, &internal).await.findings), []);
    session.run("GRANT UPDATE (site_id) ON clinic.queue TO lint_client").await.unwrap();
    let found = lint(&mut session, &internal).await.findings;
    assert!(rules.iter().all(|rule| named(&found).contains(rule)), "{found:?}");
}

#[tokio::test]
async fn each_rule_finds_what_breaks_it_and_nothing_else() {
    let mut session = clinic().await;
    let unneeded = "[[exceptions]]\nrule = \"rls-enabled\"\nobjects = [\"clinic.visits\"]\nreason = \"none\"";
    for (rule, object, broken) in BROKEN {
        session.run(format!("BEGIN; SET LOCAL allow_system_table_mods = on; {broken}")).await.unwrap();
        let config = config(if *rule == "unused-exception" { unneeded } else { "" });
        let report = lint(&mut session, &config).await;
        session.run("ROLLBACK").await.unwrap();
        assert_eq!(named(&report.findings), [(*rule, *object)], "{broken}: {:#?}", report.findings);
        let finding = &report.findings[0];
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty(), "{finding:?}");
    }
}

#[tokio::test]
async fn every_rule_has_a_database_or_a_text_that_breaks_it() {
    let of_texts = crate::lint_texts::BROKEN.iter().map(|it| it.0);
    let broken: BTreeSet<&str> = BROKEN.iter().map(|it| it.0).chain(of_texts).collect();
    let all: Vec<&str> = rules().map(|rule| rule.id).collect();
    assert_eq!(broken, all.iter().copied().collect());
    assert_eq!(broken.len(), all.len(), "no name is given twice");
    let is_complete = |rule: &Rule| ![rule.what, rule.why, rule.source, rule.remedy].contains(&"");
    assert!(rules().all(is_complete));
}

#[tokio::test]
async fn a_policy_recurses_through_others_through_views_and_functions_but_not_past_an_owner() {
    let mut session = clinic().await;
    let cases = [
        ("SELECT v.site_id FROM clinic.visits v", true),
        ("SELECT v.site_id FROM clinic.recent_visits v", true),
        ("SELECT clinic.seen()", true),
        ("SELECT s.site_id FROM clinic.sites s", false),
        ("SELECT unnest(clinic.sites_of_caller())", false),
    ];
    session
        .run(
            "CREATE FUNCTION clinic.seen() RETURNS SETOF bigint LANGUAGE plpgsql STABLE AS
             $$ BEGIN RETURN QUERY SELECT site_id FROM clinic.visits; END $$",
        )
        .await
        .unwrap();
    for (reads, is_recursion) in cases {
        session
            .run(format!("BEGIN; ALTER POLICY members_all ON clinic.members USING (site_id IN ({reads}))"))
            .await
            .unwrap();
        let report = lint(&mut session, &config("")).await;
        let found = named(&report.findings).contains(&("policy-recursion", "clinic.members.members_all"));
        assert_eq!(found, is_recursion, "{reads}: {:#?}", report.findings);
        // Postgres agrees.
        let asked = session.run("SET LOCAL ROLE lint_client; SELECT FROM clinic.members").await;
        let is_refused = asked.is_err_and(|error| error.contains("infinite recursion"));
        // Recursion through a function is found when the function is called.
        assert_eq!(is_refused, is_recursion && !reads.contains("seen"), "{reads}");
        session.run("ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn rows_from_before_a_foreign_key_are_looked_at() {
    let mut session = clinic().await;
    session
        .run(
            "ALTER TABLE clinic.visits DROP CONSTRAINT visits_site;
             INSERT INTO clinic.visits (visit_id, site_id) VALUES (1, 7), (2, 8), (3, NULL);
             ALTER TABLE clinic.visits ADD CONSTRAINT visits_site FOREIGN KEY (site_id) REFERENCES clinic.sites
               ON DELETE CASCADE NOT VALID;
             COMMENT ON CONSTRAINT visits_site ON clinic.visits IS 'a'",
        )
        .await
        .unwrap();
    let report = lint(&mut session, &config("")).await;
    let expected =
        [("foreign-key-valid", "clinic.visits.visits_site"), ("orphan-row", "clinic.visits.visits_site")];
    assert_eq!(named(&report.findings), expected);
    assert_eq!(report.findings[1].message, "2 rows reference a missing row of clinic.sites");
}

#[tokio::test]
async fn who_does_not_see_all_rows_is_told_what_was_not_checked() {
    let mut session = clinic().await;
    session.run("SET ROLE lint_client").await.unwrap();
    let report = lint(&mut session, &config("")).await;
    assert_eq!(report.findings, []);
    assert_eq!(
        report.notes,
        ["orphan-row of clinic.visits.tag_ids: row-level security hides rows from this role"]
    );
}

#[tokio::test]
async fn a_database_that_nothing_is_known_about_can_be_checked() {
    let database = database().await;
    let mut session = database.connect().await;
    session.run("CREATE TABLE open (id int); CREATE SCHEMA other; CREATE TABLE other.open ()").await.unwrap();
    assert!(!migration::lint::is_praxis(&database.url()).await.unwrap());
    let config = Config::unknown();
    let mut lint = Lint::new(&config);
    lint.database(&database.url(), &["public".into()]).await.unwrap();
    let report = lint.finish();
    assert!(named(&report.findings).contains(&("rls-enabled", "public.open")));
    assert!(report.findings.iter().all(|it| it.object.starts_with("public.")));
    let error = Lint::new(&config).database(&database.url(), &["none".into()]).await.unwrap_err();
    assert_eq!(error.to_string(), "the configuration cannot be used: there is no schema none");
}

#[tokio::test]
async fn praxis_keeps_every_rule() {
    let config = Config::praxis().unwrap();
    let texts = embedded_texts();
    let (applied, scratch) = (migrated().await, database().await);
    assert!(migration::lint::is_praxis(&applied.url()).await.unwrap());
    let mut lint = Lint::new(&config);
    lint.texts(&texts);
    lint.round_trip(&scratch.url(), &texts).await.unwrap();
    lint.database(&applied.url(), &[]).await.unwrap();
    let report = lint.finish();
    assert_eq!(report.findings, []);
    assert!(report.notes.is_empty(), "{:?}", report.notes);
}

#[test]
fn a_configuration_that_says_nothing_is_refused() {
    for (text, error) in [
        ("[[exceptions]]\nrule = \"none\"\nobjects = []\nreason = \"a\"", "there is no rule none"),
        (
            "[[exceptions]]\nrule = \"no-jsonb\"\nobjects = []\nreason = \" \"",
            "an exception to no-jsonb gives no reason",
        ),
        ("[[references]]\nfrom = \"a.b\"\nto = \"a.b.c\"", "a.b is not schema.table.column"),
    ] {
        let said = Config::parse(text).unwrap_err().to_string();
        assert_eq!(said, format!("the configuration cannot be used: {error}"));
    }
    assert!(
        Config::parse("[[exceptions]]\nrule = \"no-jsonb\"\nobjects = []").is_err(),
        "a reason is asked for"
    );
}
