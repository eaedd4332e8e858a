//! The rulebook on the text of migrations.

use std::fs;

use migration::lint::{Config, Finding, Lint, Side, Text, read_texts};

use crate::cluster::database;

/// The broken rule, the line of the finding, and the migrations (name, up, down).
pub(crate) const BROKEN: &[(&str, usize, &[Migration])] = &[
    ("migration-syntax", 2, &[("20260101000000_a", "SELECT 1;\nCREATE TABEL a ();", Some(""))]),
    ("migration-name", 1, &[("2026_a", "", Some(""))]),
    ("migration-name", 1, &[("20260230000000_a", "", Some(""))]),
    ("migration-name", 1, &[("20260101000000_Add", "", Some(""))]),
    ("migration-order", 1, &[("20260101000000_a", "", Some("")), ("20260101000000_b", "", Some(""))]),
    ("migration-pair", 1, &[("20260101000000_a", "", None)]),
    ("additive-only", 2, &[("20260101000000_a", "SELECT 1;\nDROP TABLE a;", Some(""))]),
    ("additive-only", 1, &[("20260101000000_a", "ALTER TABLE a ADD COLUMN c int, DROP COLUMN b;", Some(""))]),
    ("additive-only", 1, &[("20260101000000_a", "ALTER TABLE a RENAME TO b;", Some(""))]),
    ("additive-only", 1, &[("20260101000000_a", "ALTER TABLE a RENAME COLUMN b TO c;", Some(""))]),
    ("additive-only", 1, &[("20260101000000_a", "ALTER TYPE a RENAME VALUE 'b' TO 'c';", Some(""))]),
    ("additive-only", 1, &[("20260101000000_a", "TRUNCATE a;", Some(""))]),
    ("additive-only", 1, &[("20260101000000_a", "DROP FUNCTION a(int);", Some(""))]),
    ("additive-only", 1, &[("20260101000000_a", "DROP SCHEMA a CASCADE;", Some(""))]),
    // A table that is dropped and created again has lost its rows.
    ("additive-only", 1, &[("20260101000000_a", "DROP TABLE a;\nCREATE TABLE a (b int);", Some(""))]),
    ("additive-only", 3, &[("20260101000000_a", "DO $$\nBEGIN\n  DROP TABLE a;\nEND $$;", Some(""))]),
    (
        "additive-only",
        3,
        &[("20260101000000_a", "DO $$\nBEGIN\n  EXECUTE format('DROP TABLE %I', 'a');\nEND $$;", Some(""))],
    ),
    // An object in another schema does not replace the dropped one, even with the same name.
    (
        "additive-only",
        1,
        &[("20260101000000_a", "DROP INDEX a.i;\nCREATE INDEX CONCURRENTLY i ON b.t (c);", Some(""))],
    ),
    (
        "additive-only",
        1,
        &[("20260101000000_a", "DROP POLICY p ON a.t;\nCREATE POLICY p ON b.t USING (true);", Some(""))],
    ),
    (
        "additive-only",
        1,
        &[(
            "20260101000000_a",
            "DROP TRIGGER r ON a.t;\nCREATE TRIGGER r BEFORE INSERT ON b.t FOR EACH ROW EXECUTE FUNCTION f();",
            Some(""),
        )],
    ),
    ("lock-create-index", 1, &[("20260101000000_a", "CREATE INDEX ON a (b);", Some(""))]),
    (
        "lock-create-index",
        2,
        &[("20260101000000_a", "CREATE TABLE a.t (b int);\nCREATE INDEX ON b.t (b);", Some(""))],
    ),
    (
        "lock-volatile-default",
        1,
        &[("20260101000000_a", "ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid();", Some(""))],
    ),
    (
        "lock-volatile-default",
        1,
        &[(
            "20260101000000_a",
            "ALTER TABLE a ADD COLUMN b int GENERATED ALWAYS AS (c + 1) STORED;",
            Some(""),
        )],
    ),
    ("lock-set-not-null", 1, &[("20260101000000_a", "ALTER TABLE a ALTER COLUMN b SET NOT NULL;", Some(""))]),
    (
        "lock-add-constraint",
        1,
        &[("20260101000000_a", "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);", Some(""))],
    ),
    ("lock-add-constraint", 1, &[("20260101000000_a", "ALTER TABLE a ADD UNIQUE (b);", Some(""))]),
    // It changes a type, and it locks.
    ("lock-alter-type", 1, &[("20260101000000_a", "ALTER TABLE a ALTER COLUMN b TYPE bigint;", Some(""))]),
    ("round-trip", 1, &[("20260101000000_a", "CREATE TABLE a (b int);", Some("SELECT 1;"))]),
    (
        "round-trip",
        1,
        &[("20260101000000_a", "CREATE SCHEMA a;", Some("DROP SCHEMA a; CREATE TABLE b (c int);"))],
    ),
    ("round-trip", 2, &[("20260101000000_a", "SELECT 1;\nSELECT nothing;", Some(""))]),
];

/// Additive statements, in every notation.
const ADDITIVE: &[&str] = &[
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\nDROP FUNCTION f;\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';",
    "DROP POLICY p ON a; CREATE POLICY p ON a USING (true);",
    "DROP TRIGGER t ON a; CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();",
    "ALTER TABLE a DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (b > 1) NOT VALID;",
    "CREATE TABLE scratch (b int); DROP TABLE scratch;",
    "CREATE OR REPLACE VIEW v AS SELECT 1;",
    "ALTER TYPE a ADD VALUE 'b';",
    "DROP INDEX a.i; CREATE INDEX CONCURRENTLY i ON a.t (c);",
    "CREATE TABLE a (b int); CREATE INDEX ON a (b); ALTER TABLE a ADD CHECK (b > 0);",
    "ALTER TABLE a ADD COLUMN b timestamptz NOT NULL DEFAULT now();",
    "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;",
    "CREATE INDEX CONCURRENTLY i ON a (b); ALTER TABLE a ADD CONSTRAINT c UNIQUE USING INDEX i;",
    "COMMENT ON TABLE a IS 'DROP TABLE a;'; -- DROP TABLE a;",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE a; END $$;",
];

/// Name, up and down.
pub(crate) type Migration = (&'static str, &'static str, Option<&'static str>);

fn texts(migrations: &[Migration]) -> Vec<Text> {
    let text = |name: &str, side, ending, sql: &str| Text {
        name: name.into(),
        side,
        path: format!("sql/{name}.{ending}.sql"),
        sql: sql.into(),
    };
    let sides = migrations.iter().flat_map(|(name, up, down)| {
        [Some(text(name, Side::Up, "up", up)), down.map(|down| text(name, Side::Down, "down", down))]
    });
    sides.flatten().collect()
}

fn lint(texts: &[Text]) -> Vec<Finding> {
    let config = Config::default();
    let mut lint = Lint::new(&config);
    lint.texts(texts);
    lint.finish().findings
}

#[tokio::test]
async fn each_rule_finds_what_breaks_it_at_its_line() {
    for (rule, line, migrations) in BROKEN {
        let texts = texts(migrations);
        let findings = if *rule == "round-trip" {
            let config = Config::default();
            let mut lint = Lint::new(&config);
            lint.round_trip(&database().await.url(), &texts).await.unwrap();
            lint.finish().findings
        } else {
            lint(&texts)
        };
        let mut found: Vec<_> = findings.iter().map(|it| (it.rule, it.line)).collect();
        if *rule == "lock-alter-type" {
            assert!(found.contains(&("additive-only", Some(1))), "{findings:#?}");
            found.retain(|it| it.0 != "additive-only");
        }
        assert_eq!(found, [(*rule, Some(*line))], "{migrations:?}: {findings:#?}");
        assert!(findings.iter().all(|it| it.file.as_ref().is_some_and(|file| file.starts_with("sql/"))));
    }
}

#[test]
fn what_adds_is_left_alone() {
    for sql in ADDITIVE {
        assert_eq!(lint(&texts(&[("20260101000000_a", sql, Some("DROP TABLE a;"))])), [], "{sql}");
    }
}

#[test]
fn a_folder_is_read_in_order() {
    let folder = std::env::temp_dir().join(format!("praxis-lint-texts-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    for (file, sql) in [
        ("20260102000000_b.sql", "SELECT 1;"),
        ("20260101000000_a.up.sql", "DROP TABLE a;"),
        ("20260101000000_a.down.sql", ""),
        ("notes.md", "DROP"),
    ] {
        fs::write(folder.join(file), sql).unwrap();
    }
    let texts = read_texts(&folder).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let names: Vec<_> = texts.iter().map(|it| (it.name.as_str(), it.side)).collect();
    let a = "20260101000000_a";
    assert_eq!(names, [(a, Side::Up), (a, Side::Down), ("20260102000000_b", Side::Up)]);
    let findings = lint(&texts);
    let found: Vec<_> = findings.iter().map(|it| (it.rule, it.object.as_str())).collect();
    assert_eq!(found, [("additive-only", a), ("migration-pair", "20260102000000_b")]);
}
