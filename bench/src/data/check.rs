//! Checks the consistency that triggers and foreign keys would have ensured.

use tokio_postgres::Client;

use crate::Failure;

/// The query for statements that count the rows that violate each foreign key of the loaded tables.
const FOREIGN_KEYS: &str = "
SELECT
  conrelid::regclass || ' (' || conname || ')',
  format('SELECT count(*) FROM %s c LEFT JOIN %s p ON %s WHERE p.* IS NULL AND %s', conrelid::regclass, confrelid::regclass,
    string_agg(format('c.%I = p.%I', child.attname, parent.attname), ' AND '),
    string_agg(format('c.%I IS NOT NULL', child.attname), ' AND '))
FROM pg_constraint
CROSS JOIN LATERAL unnest(conkey, confkey) AS key(child, parent)
JOIN pg_attribute AS child ON child.attrelid = conrelid AND child.attnum = key.child
JOIN pg_attribute AS parent ON parent.attrelid = confrelid AND parent.attnum = key.parent
WHERE contype = 'f' AND conrelid = ANY (ARRAY['user_sites', 'practitioner_profiles', 'log_clinical_records',
  'session_events', 'integration_scores', 'assessment_responses', 'integration_homework']::regclass[])
GROUP BY pg_constraint.oid, conrelid, confrelid, conname
ORDER BY 1";

/// The statements that count the rows with wrong values of columns that triggers maintain: the site of a row, the days after the dose, the baseline.
const TRIGGERS: [(&str, &str); 8] = [
    ("site of events", "SELECT count(*) FROM session_events WHERE site_id IS NULL"),
    ("site of scores", "SELECT count(*) FROM integration_scores WHERE site_id IS NULL"),
    ("site of responses", "SELECT count(*) FROM assessment_responses WHERE site_id IS NULL"),
    ("site of homework", "SELECT count(*) FROM integration_homework WHERE site_id IS NULL"),
    (
        "days after the dose",
        "SELECT count(*) FROM integration_scores JOIN log_clinical_records ON record_id = protocol_id
          WHERE days_post_dose IS DISTINCT FROM (measured_at AT TIME ZONE 'UTC')::date - session_date",
    ),
    (
        "days after the dose of responses",
        "SELECT count(*) FROM assessment_responses JOIN log_clinical_records ON record_id = protocol_id
          WHERE days_post_dose IS DISTINCT FROM (completed_at AT TIME ZONE 'UTC')::date - session_date",
    ),
    (
        "baseline of scores",
        "SELECT count(*) FROM (
           SELECT baseline_score, first_value(CASE WHEN days_post_dose <= 0 THEN score_value END) OVER (
             PARTITION BY protocol_id, scale_type
             ORDER BY days_post_dose <= 0 DESC, measured_at DESC, score_id DESC) AS baseline
           FROM integration_scores) AS score
          WHERE baseline_score IS DISTINCT FROM baseline",
    ),
    (
        "baseline of responses",
        "SELECT count(*) FROM (
           SELECT baseline_score, first_value(CASE WHEN days_post_dose <= 0 THEN score END) OVER (
             PARTITION BY protocol_id, assessment_id
             ORDER BY days_post_dose <= 0 DESC, completed_at DESC, response_id DESC) AS baseline
           FROM assessment_responses) AS response
          WHERE baseline_score IS DISTINCT FROM baseline",
    ),
];

/// Fails if the rows are inconsistent.
pub(super) async fn check(client: &Client) -> Result<(), Failure> {
    let mut checks: Vec<(String, String)> =
        client.query(FOREIGN_KEYS, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    checks.extend(TRIGGERS.map(|(name, sql)| (name.to_owned(), sql.to_owned())));
    for (name, sql) in checks {
        let broken: i64 = client.query_one(&sql, &[]).await?.get(0);
        if broken > 0 {
            return Err(format!("{broken} rows are inconsistent: {name}").into());
        }
    }
    Ok(())
}
