//! The guard names the table, with its schema, of each fault.

use entity_made_up::SCHEMAS;
use migration::lint::{Config, Lint};
use praxis::guard::Guard;

use super::{database, engine, protection, roles};
use crate::harness::database_url;

#[tokio::test]
async fn the_guard_names_the_table_of_the_schema() {
    let (database, owner) = database().await;
    let shipped = protection(&database).await;
    let (engine, pool) = engine(&database);
    let guard = Guard::comparing(&engine, &pool, &roles(), &shipped);
    assert_eq!(guard.check().await.unwrap(), []);
    for (fault, found) in [
        (
            "ALTER TABLE made_up_09.tool_data DISABLE ROW LEVEL SECURITY",
            "made_up_09.tool_data: row-level security is off: a grant shows every row",
        ),
        (
            "DROP POLICY governed_read ON made_up_10.audit_log",
            "made_up_10.audit_log: its policy governed_read is missing",
        ),
        (
            "DROP TRIGGER announce_update ON made_up_11.tool_data",
            "made_up_11.tool_data: its trigger announce_update is missing",
        ),
        (
            "ALTER TABLE made_up_12.audit_log DROP CONSTRAINT audit_log_entry_id_fkey",
            "made_up_12.audit_log: it has no FOREIGN KEY (entry_id) REFERENCES made_up_12.tool_data(entry_id) ON DELETE CASCADE",
        ),
        (
            "ALTER FUNCTION made_up_01.submit SECURITY DEFINER",
            "made_up_01.submit(bigint): it runs with its owner's rights",
        ),
    ] {
        owner.batch_execute(fault).await.unwrap();
        let findings = guard.check().await.unwrap();
        assert_eq!(
            findings.first().map(ToString::to_string).as_deref(),
            Some(found),
            "{fault}: {findings:#?}"
        );
        let remedies: String = findings.into_iter().map(|finding| finding.remedy).collect();
        owner.batch_execute(&remedies).await.unwrap();
        assert_eq!(guard.check().await.unwrap(), [], "{fault}: {remedies}");
    }
}

#[tokio::test]
async fn the_rulebook_names_the_table_of_the_schema() {
    let (database, owner) = database().await;
    let config = Config::unknown();
    let schemas: Vec<String> = SCHEMAS.iter().map(|schema| schema.name.to_owned()).collect();
    let findings = async || {
        let mut lint = Lint::new(&config);
        lint.database(&database_url("postgres", &database), &schemas).await.unwrap();
        let findings = lint.finish().findings;
        findings.into_iter().map(|finding| format!("{} {}", finding.rule, finding.object)).collect::<Vec<_>>()
    };
    let usual = findings().await;
    // Clients do not write columns of triggers, and the owner of the database creates companies.
    let is_expected = |it: &String| {
        it.ends_with(".audit_log") && it.starts_with("write-policy ")
            || ["write-policy made_up.companies", "created-at made_up.companies"].contains(&it.as_str())
            || it.starts_with("created-at ") && it.ends_with(".ref_stages")
    };
    assert_eq!(usual.iter().filter(|it| !is_expected(it)).collect::<Vec<_>>(), Vec::<&String>::new());
    owner
        .batch_execute(
            "ALTER TABLE made_up_09.tool_data NO FORCE ROW LEVEL SECURITY; DROP INDEX made_up_10.idx_audit_log_entry",
        )
        .await
        .unwrap();
    let mut more = findings().await;
    more.retain(|it| !usual.contains(it));
    assert_eq!(
        more,
        [
            "rls-forced made_up_09.tool_data",
            "foreign-key-index made_up_10.audit_log.audit_log_entry_id_fkey",
            "parent-key-index made_up_10.audit_log.audit_log_entry_id_fkey",
        ]
    );
}
