//! Filters: every operator of every type, compared with plain SQL.

mod refused;
mod relations;
mod trees;

use tokio_postgres::Client;

use crate::fixture::clinician;
use crate::harness::{Actor, App};

/// Returns the keys of the rows that match a filter.
async fn found(asker: &Actor<'_>, field: &str, key: &str, filter: &str) -> Vec<String> {
    let query = format!("{{ {field}(filter: {filter}, first: 1000) {{ totalCount nodes {{ {key} }} }} }}");
    let answer = asker.ask(&query).await;
    let nodes = answer.nodes(field);
    assert_eq!(answer.data()[field]["totalCount"], nodes.len(), "{filter}");
    let mut keys: Vec<String> = nodes.iter().map(|node| node[key].as_str().unwrap().to_owned()).collect();
    keys.sort();
    keys
}

async fn expected(owner: &Client, sql: &str) -> Vec<String> {
    let rows = owner.query(sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    let mut keys: Vec<String> = rows.iter().map(|row| row.get::<_, i64>(0).to_string()).collect();
    keys.sort();
    keys
}

/// Returns a literal without its quotes.
fn unquoted(literal: &str) -> &str {
    literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal)
}

/// Inserts protocols with and without a value in every kind of column.
async fn protocols(owner: &Client, site: i64) {
    owner
        .batch_execute(&format!(
            r#"INSERT INTO log_clinical_records
              (site_id, subject_id, patient_link_code, session_number, session_date, session_type, dosage_mg,
               support_modality_ids, patient_age, verified_consent, prep_hours, submitted_at, created_by, substance_id)
            SELECT {site}, row.*
            FROM (VALUES
              (1, 'plain', 1, '2026-01-01'::date, 'dosing', 10.00, '{{1,2}}'::bigint[], '18-25', true, 0.1, '2026-01-01T00:00:00Z'::timestamptz, NULL::uuid, 1),
              (2, 'PLAIN', 2, '2026-01-02', 'dosing', 10.50, '{{2,1}}', '66+', false, 0.10, '2026-01-01T00:00:00.000001Z', NULL, 2),
              (-3, '100%', -1, '0044-03-15 BC', 'follow_up', 0, '{{}}', '26-35', true, 12345678901234567890.5, '2026-01-01T02:00:00+01:00', NULL, NULL),
              (9223372036854775807, '100 percent', 2147483647, '2026-12-31', 'baseline', 9999.99, '{{3}}', '36-45', NULL, -1, NULL, NULL, 1),
              (-9223372036854775808, 'a_b', -2147483648, NULL, 'screening', -0.01, NULL, NULL, NULL, NULL, '2025-06-01Z', NULL, NULL),
              (NULL, 'axb', NULL, '2026-01-02', NULL, NULL, '{{1,NULL}}', '66+', true, 0, NULL, NULL, 3),
              (7, 'back\slash', 7, '2026-01-03', 'dosing', 1, '{{1,1,2}}', NULL, false, 7, NULL, NULL, NULL),
              (8, 'Zürich', 8, '2026-01-04', 'integration', 2, NULL, NULL, false, 8, NULL, NULL, NULL),
              (9, 'zÜRICH', 9, '2026-01-04', 'preparation', 3, NULL, NULL, false, 9, NULL, NULL, NULL),
              (10, $$it's "quoted"$$, 10, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              (11, $$'; DROP TABLE sites; --$$, 11, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              (12, '', 12, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              (13, NULL, 13, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              (14, '😀 emoji', 14, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
            ) AS row;
            UPDATE log_clinical_records SET created_by = (SELECT user_id FROM user_sites WHERE site_id = {site})
              WHERE site_id = {site} AND subject_id > 6;"#
        ))
        .await
        .unwrap();
}

/// Returns the conditions that all ordered types support, as filters and as SQL.
fn comparisons() -> Vec<(String, String)> {
    let mut cases: Vec<(String, String)> = Vec::new();
    for (field, column, values) in [
        ("subjectId", "subject_id", ["\"1\"", "9223372036854775807", "\"-9223372036854775808\"", "8"]),
        ("sessionNumber", "session_number", ["1", "2147483647", "-2147483648", "8"]),
        ("dosageMg", "dosage_mg", ["10", "10.5", "-0.01", "9999.99"]),
        ("prepHours", "prep_hours", ["0.1", "\"12345678901234567890.5\"", "\"-1.000\"", "\"1e0\""]),
        (
            "patientLinkCode",
            "patient_link_code",
            ["\"plain\"", "\"\"", "\"it's \\\"quoted\\\"\"", "\"'; DROP TABLE sites; --\""],
        ),
        (
            "sessionDate",
            "session_date",
            ["\"2026-01-02\"", "\"2026-12-31\"", "\"0001-01-01\"", "\"9999-12-31\""],
        ),
        (
            "submittedAt",
            "submitted_at",
            [
                "\"2026-01-01T00:00:00Z\"",
                "\"2026-01-01T01:00:00.000001+01:00\"",
                "\"2025-12-31T19:00:00-06:00\"",
                "\"2025-06-01T00:00:00Z\"",
            ],
        ),
    ] {
        for value in values {
            let sql = format!("'{}'", unquoted(value).replace("\\\"", "\"").replace('\'', "''"));
            for (name, operator) in
                [("eq", "="), ("neq", "<>"), ("lt", "<"), ("lte", "<="), ("gt", ">"), ("gte", ">=")]
            {
                cases.push((
                    format!("{{{field}: {{{name}: {value}}}}}"),
                    format!("{column} {operator} {sql}"),
                ));
            }
            cases.push((format!("{{{field}: {{in: [{value}, {}]}}}}", values[0]), {
                let first = unquoted(values[0]);
                format!("{column} IN ({sql}, '{first}')")
            }));
            cases.push((format!("{{{field}: {{notIn: [{value}]}}}}"), format!("{column} NOT IN ({sql})")));
            cases.push((format!("{{{field}: {{in: {value}}}}}"), format!("{column} = {sql}")));
        }
        cases.push((format!("{{{field}: {{in: []}}}}"), "false".into()));
        cases.push((format!("{{{field}: {{notIn: []}}}}"), "true".into()));
        cases.push((format!("{{{field}: {{isNull: true}}}}"), format!("{column} IS NULL")));
        cases.push((format!("{{{field}: {{isNull: false}}}}"), format!("{column} IS NOT NULL")));
        cases.push((format!("{{{field}: {{}}}}"), "true".into()));
    }
    cases
}

/// The further conditions of each type, as filters and as SQL.
const CONDITIONS: &[(&str, &str)] = &[
    // Booleans.
    ("{verifiedConsent: {eq: true}}", "verified_consent"),
    ("{verifiedConsent: {eq: false}}", "NOT verified_consent"),
    ("{verifiedConsent: {neq: true}}", "verified_consent <> true"),
    ("{verifiedConsent: {isNull: true}}", "verified_consent IS NULL"),
    // Enums.
    ("{sessionType: {eq: FOLLOW_UP}}", "session_type = 'follow_up'"),
    ("{sessionType: {neq: DOSING}}", "session_type <> 'dosing'"),
    ("{sessionType: {in: [DOSING, BASELINE]}}", "session_type IN ('dosing', 'baseline')"),
    ("{sessionType: {notIn: [DOSING]}}", "session_type NOT IN ('dosing')"),
    ("{sessionType: {in: []}}", "false"),
    ("{sessionType: {isNull: false}}", "session_type IS NOT NULL"),
    ("{patientAge: {eq: FROM_18_TO_25}}", "patient_age = '18-25'"),
    ("{patientAge: {in: [FROM_66, FROM_26_TO_35]}}", "patient_age IN ('66+', '26-35')"),
    // Arrays.
    ("{supportModalityIds: {eq: [1, \"2\"]}}", "support_modality_ids = '{1,2}'"),
    ("{supportModalityIds: {eq: []}}", "support_modality_ids = '{}'"),
    ("{supportModalityIds: {contains: [1]}}", "support_modality_ids @> '{1}'"),
    ("{supportModalityIds: {contains: 2}}", "support_modality_ids @> '{2}'"),
    ("{supportModalityIds: {contains: []}}", "support_modality_ids IS NOT NULL"),
    ("{supportModalityIds: {containedBy: [1, 2]}}", "support_modality_ids <@ '{1,2}'"),
    ("{supportModalityIds: {containedBy: []}}", "support_modality_ids = '{}'"),
    ("{supportModalityIds: {overlaps: [3, 1]}}", "support_modality_ids && '{3,1}'"),
    ("{supportModalityIds: {overlaps: []}}", "false"),
    ("{supportModalityIds: {isNull: true}}", "support_modality_ids IS NULL"),
    // Text.
    ("{patientLinkCode: {like: \"%la%\"}}", "patient_link_code LIKE '%la%'"),
    ("{patientLinkCode: {like: \"a_b\"}}", "patient_link_code IN ('a_b', 'axb')"),
    (r#"{patientLinkCode: {like: "a\\_b"}}"#, "patient_link_code = 'a_b'"),
    (r#"{patientLinkCode: {like: "%\\\\%"}}"#, r"strpos(patient_link_code, '\') > 0"),
    ("{patientLinkCode: {ilike: \"PLA_N\"}}", "lower(patient_link_code) = 'plain'"),
    ("{patientLinkCode: {ilike: \"zürich\"}}", "patient_link_code IN ('Zürich', 'zÜRICH')"),
    ("{patientLinkCode: {startsWith: \"100%\"}}", "patient_link_code = '100%'"),
    ("{patientLinkCode: {startsWith: \"a_\"}}", "patient_link_code = 'a_b'"),
    ("{patientLinkCode: {startsWith: \"P\"}}", "patient_link_code = 'PLAIN'"),
    ("{patientLinkCode: {startsWith: \"\"}}", "patient_link_code IS NOT NULL"),
    (r#"{patientLinkCode: {startsWith: "back\\s"}}"#, r"patient_link_code = 'back\slash'"),
    ("{patientLinkCode: {contains: \"%\"}}", "strpos(patient_link_code, '%') > 0"),
    ("{patientLinkCode: {contains: \"_\"}}", "strpos(patient_link_code, '_') > 0"),
    (r#"{patientLinkCode: {contains: "\\"}}"#, r"strpos(patient_link_code, '\') > 0"),
    ("{patientLinkCode: {contains: \"LAI\"}}", "lower(patient_link_code) = 'plain'"),
    ("{patientLinkCode: {contains: \"üRi\"}}", "patient_link_code IN ('Zürich', 'zÜRICH')"),
    ("{patientLinkCode: {contains: \"😀\"}}", "patient_link_code = '😀 emoji'"),
    (r#"{patientLinkCode: {contains: "\uD83D\uDE00"}}"#, "patient_link_code = '😀 emoji'"),
    ("{patientLinkCode: {contains: \"'; DROP\"}}", "patient_link_code LIKE '%DROP%'"),
    ("{patientLinkCode: {eq: \"$1\"}}", "false"),
    ("{patientLinkCode: {contains: \"plain' OR '1'='1\"}}", "false"),
    (r#"{patientLinkCode: {eq: "\"); DELETE FROM sites; --"}}"#, "false"),
    // All conditions must hold.
    (
        "{sessionNumber: {gt: 1, lte: 8, neq: 7}}",
        "session_number > 1 AND session_number <= 8 AND session_number <> 7",
    ),
    (
        "{sessionNumber: {gt: 1}, sessionDate: {isNull: false}}",
        "session_number > 1 AND session_date IS NOT NULL",
    ),
    // Logic.
    ("{and: []}", "true"),
    ("{or: []}", "false"),
    ("{not: {or: []}}", "true"),
    ("{not: {}}", "false"),
    ("{}", "true"),
    ("null", "true"),
    ("{or: {sessionNumber: {eq: 1}}}", "session_number = 1"),
    (
        "{or: [{sessionNumber: {eq: 1}}, {and: [{sessionNumber: {gt: 8}}, {not: {sessionNumber: {gt: 10}}}]}]}",
        "session_number IN (1, 9, 10)",
    ),
    ("{not: {sessionNumber: {gt: 1}}}", "NOT session_number > 1"),
    ("{not: {not: {sessionNumber: {gt: 1}}}}", "session_number > 1"),
    (
        "{or: [{sessionNumber: {eq: 1}}], sessionDate: {eq: \"2026-01-02\"}}",
        "session_number = 1 AND session_date = '2026-01-02'",
    ),
    (
        "{not: {sessionNumber: {eq: 1}, verifiedConsent: {eq: true}}}",
        "NOT (session_number = 1 AND verified_consent)",
    ),
    // To-one relations.
    ("{substance: {substanceName: {eq: \"Psilocybin\"}}}", "substance_id = 1"),
    ("{substance: {}}", "substance_id IS NOT NULL"),
    ("{not: {substance: {substanceName: {eq: \"Psilocybin\"}}}}", "substance_id IS DISTINCT FROM 1"),
    ("{not: {substance: {}}}", "substance_id IS NULL"),
    ("{site: {siteName: {eq: \"filters\"}}}", "true"),
    ("{site: {siteName: {eq: \"other\"}}}", "false"),
];

#[tokio::test]
async fn every_operator_of_every_type_finds_what_sql_finds() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "filters").await;
    protocols(&owner, site).await;
    let me: String = owner
        .query_one("SELECT user_id::text FROM user_sites WHERE site_id = $1", &[&site])
        .await
        .unwrap()
        .get(0);

    let mut cases = comparisons();
    let me_sql = format!("'{me}'");
    for (filter, sql) in CONDITIONS {
        cases.push(((*filter).into(), (*sql).into()));
    }
    for (name, operator) in [("eq", "="), ("neq", "<>")] {
        cases.push((
            format!("{{createdBy: {{{name}: \"{me}\"}}}}"),
            format!("created_by {operator} {me_sql}"),
        ));
    }
    cases.push((
        format!("{{createdBy: {{in: [\"{}\"]}}}}", me.to_uppercase()),
        format!("created_by = {me_sql}"),
    ));
    cases.push((format!("{{createdBy: {{notIn: [\"{me}\"]}}}}"), "false".into()));

    for (filter, sql) in cases {
        let sql = format!("SELECT record_id FROM log_clinical_records WHERE site_id = {site} AND ({sql})");
        assert_eq!(
            found(&asker, "protocols", "recordId", &filter).await,
            expected(&owner, &sql).await,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn lists_of_text_are_compared_as_sets_whatever_stands_in_them() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, _) = clinician(&app, &owner, "lists").await;
    owner
        .batch_execute(
            r#"TRUNCATE practitioner_profiles CASCADE;
            INSERT INTO practitioner_profiles (specialties) VALUES
              (ARRAY['PTSD', 'TRD']), (ARRAY['TRD', 'PTSD']), (ARRAY[]::text[]), (NULL), (ARRAY['a,b', 'c"d', '{}', '']),
              (ARRAY['NULL']), (ARRAY[NULL]::text[]), (ARRAY['it''s', 'back\slash'])"#,
        )
        .await
        .unwrap();
    for (filter, sql) in [
        (r#"{eq: ["PTSD", "TRD"]}"#, "specialties = '{PTSD,TRD}'"),
        (r#"{contains: ["TRD"]}"#, "specialties @> '{TRD}'"),
        (r#"{contains: "TRD"}"#, "specialties @> '{TRD}'"),
        (r#"{containedBy: ["PTSD", "TRD", "x"]}"#, "specialties <@ '{PTSD,TRD,x}'"),
        (r#"{overlaps: ["a,b", "PTSD"]}"#, "specialties && ARRAY['a,b', 'PTSD']"),
        (r#"{contains: ["c\"d", "{}", ""]}"#, "specialties @> ARRAY['c\"d', '{}', '']"),
        (r#"{contains: ["NULL"]}"#, "specialties = ARRAY['NULL']"),
        (r#"{contains: ["it's", "back\\slash"]}"#, r"'back\slash' = ANY (specialties)"),
        ("{eq: []}", "specialties = '{}'"),
        ("{isNull: true}", "specialties IS NULL"),
        ("{isNull: false, containedBy: []}", "specialties = '{}'"),
    ] {
        let filter = format!("{{specialties: {filter}}}");
        let sql = format!("SELECT profile_id FROM practitioner_profiles WHERE {sql}");
        assert_eq!(
            found(&asker, "practitionerProfiles", "profileId", &filter).await,
            expected(&owner, &sql).await,
            "{filter}"
        );
    }
}
