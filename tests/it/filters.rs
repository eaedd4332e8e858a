//! Filters: every operator of every type against plain SQL, and trees of them against the same logic in Rust.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, protocol};
use crate::harness::{Actor, App};

/// The key that everybody's rows of these tests are found by.
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

/// A literal without the quotes around it.
fn unquoted(literal: &str) -> &str {
    literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal)
}

/// Protocols with and without a value in every kind of column.
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

/// What all ordered types have in common, as filters and as SQL.
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

/// What each type has besides, as filters and as SQL.
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
    // Several conditions hold together.
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

#[tokio::test]
async fn conditions_on_related_rows_hold_for_some_none_or_every_one() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "related").await;
    let (_, other_site) = clinician(&app, &owner, "unseen").await;
    // Levels of the events of each protocol; 0 is a missing one.
    for levels in [vec![], vec![1, 2], vec![2, 9], vec![9, 9], vec![9, 0], vec![0]] {
        let id = protocol(&owner, site).await;
        let sql = "INSERT INTO session_events (protocol_id, event_timestamp, intensity_level, event_type_id)
                   SELECT $1, now(), nullif(level, 0), nullif(level, 0) % 3 + 1 FROM unnest($2::int[]) level";
        owner.execute(sql, &[&id, &levels]).await.unwrap();
    }
    // Events of a site that the caller does not see fulfil nothing.
    let unseen = protocol(&owner, other_site).await;
    let sql = "INSERT INTO session_events (protocol_id, event_timestamp, intensity_level, event_type_id)
               VALUES ($1, now(), 10, 8)";
    owner.execute(sql, &[&unseen]).await.unwrap();

    let events = "SELECT FROM session_events e WHERE e.protocol_id = p.record_id";
    for (filter, sql) in [
        (
            "{events: {some: {intensityLevel: {gte: 9}}}}",
            format!("EXISTS ({events} AND intensity_level >= 9)"),
        ),
        (
            "{events: {none: {intensityLevel: {gte: 9}}}}",
            format!("NOT EXISTS ({events} AND intensity_level >= 9)"),
        ),
        (
            "{events: {every: {intensityLevel: {gte: 9}}}}",
            format!("NOT EXISTS ({events} AND (intensity_level >= 9) IS NOT TRUE)"),
        ),
        ("{events: {some: {}}}", format!("EXISTS ({events})")),
        ("{events: {none: {}}}", format!("NOT EXISTS ({events})")),
        ("{events: {every: {}}}", "true".into()),
        ("{events: {}}", "true".into()),
        (
            "{events: {some: {intensityLevel: {eq: 9}}, every: {intensityLevel: {gt: 1}}}}",
            format!(
                "EXISTS ({events} AND intensity_level = 9) AND NOT EXISTS ({events} AND (intensity_level > 1) IS NOT TRUE)"
            ),
        ),
        (
            "{not: {events: {every: {intensityLevel: {gte: 9}}}}}",
            format!("EXISTS ({events} AND (intensity_level >= 9) IS NOT TRUE)"),
        ),
        (
            "{events: {some: {eventType: {eventName: {eq: \"Distress\"}}}}}",
            format!("EXISTS ({events} AND event_type_id = 1)"),
        ),
        (
            "{events: {every: {not: {eventType: {eventName: {eq: \"Distress\"}}}}}}",
            format!("NOT EXISTS ({events} AND event_type_id = 1)"),
        ),
        (
            "{events: {none: {protocol: {events: {every: {intensityLevel: {gte: 9}}}}}}}",
            format!(
                "NOT (EXISTS ({events}) AND NOT EXISTS ({events} AND (intensity_level >= 9) IS NOT TRUE))"
            ),
        ),
    ] {
        let sql = format!("SELECT record_id FROM log_clinical_records p WHERE site_id = {site} AND ({sql})");
        assert_eq!(
            found(&asker, "protocols", "recordId", filter).await,
            expected(&owner, &sql).await,
            "{filter}"
        );
    }

    // From a table that everybody sees: only one's own events count.
    let seen = format!(
        "SELECT FROM session_events e WHERE e.event_type_id = t.event_type_id AND e.site_id = {site}"
    );
    for (filter, sql) in [
        ("{events: {some: {}}}", format!("EXISTS ({seen})")),
        ("{events: {none: {intensityLevel: {eq: 10}}}}", "true".into()),
        (
            "{events: {some: {protocol: {events: {some: {intensityLevel: {eq: 1}}}}}}}",
            format!(
                "EXISTS ({seen} AND EXISTS (SELECT FROM session_events f
                   WHERE f.protocol_id = e.protocol_id AND f.intensity_level = 1))"
            ),
        ),
    ] {
        let sql = format!("SELECT event_type_id FROM ref_event_types t WHERE {sql}");
        assert_eq!(
            found(&asker, "eventTypes", "eventTypeId", filter).await,
            expected(&owner, &sql).await,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn a_wrong_value_is_refused_with_its_argument_and_place() {
    let app = App::start().await;
    let asker = app.anonymous();
    let many: Vec<String> = (0..201).map(|number| format!("{{sessionNumber: {{eq: {number}}}}}")).collect();
    for (filter, argument, code) in [
        ("{sessionDate: {eq: \"12.2.2026\"}}", "filter.sessionDate.eq", "BAD_USER_INPUT"),
        ("{sessionDate: {eq: \"2026-02-30\"}}", "filter.sessionDate.eq", "BAD_USER_INPUT"),
        ("{sessionDate: {eq: 20260212}}", "filter.sessionDate.eq", "BAD_USER_INPUT"),
        ("{submittedAt: {gt: \"2026-02-12T14:15:00\"}}", "filter.submittedAt.gt", "BAD_USER_INPUT"),
        ("{submittedAt: {gt: \"2026-02-12\"}}", "filter.submittedAt.gt", "BAD_USER_INPUT"),
        ("{recordId: {in: [\"1\", \"x\"]}}", "filter.recordId.in.1", "BAD_USER_INPUT"),
        ("{recordId: {eq: \"9223372036854775808\"}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: 9223372036854775808}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: 1.5}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: true}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{recordId: {eq: {a: 1}}}", "filter.recordId.eq", "BAD_USER_INPUT"),
        ("{createdBy: {neq: \"nobody\"}}", "filter.createdBy.neq", "BAD_USER_INPUT"),
        ("{prepHours: {lte: \"1,5\"}}", "filter.prepHours.lte", "BAD_USER_INPUT"),
        ("{prepHours: {lte: \"1e999999999\"}}", "filter.prepHours.lte", "BAD_USER_INPUT"),
        ("{prepHours: {lte: \"NaN\"}}", "filter.prepHours.lte", "BAD_USER_INPUT"),
        ("{patientLinkCode: {eq: \"a\\u0000b\"}}", "filter.patientLinkCode.eq", "BAD_USER_INPUT"),
        ("{patientLinkCode: {contains: \"\\u0000\"}}", "filter.patientLinkCode.contains", "BAD_USER_INPUT"),
        (
            "{supportModalityIds: {overlaps: [\"a\"]}}",
            "filter.supportModalityIds.overlaps.0",
            "BAD_USER_INPUT",
        ),
        ("{sessionNumber: {eq: null}}", "filter.sessionNumber.eq", "BAD_USER_INPUT"),
        ("{sessionNumber: {isNull: null}}", "filter.sessionNumber.isNull", "BAD_USER_INPUT"),
        ("{sessionNumber: null}", "filter.sessionNumber", "BAD_USER_INPUT"),
        ("{and: null}", "filter.and", "BAD_USER_INPUT"),
        ("{not: null}", "filter.not", "BAD_USER_INPUT"),
        ("{substance: null}", "filter.substance", "BAD_USER_INPUT"),
        ("{events: {some: null}}", "filter.events.some", "BAD_USER_INPUT"),
        (
            "{and: [{}, {or: [{events: {some: {eventTimestamp: {gt: \"now\"}}}}]}]}",
            "filter.and.1.or.0.events.some.eventTimestamp.gt",
            "BAD_USER_INPUT",
        ),
        (
            "{not: {substance: {rxnormCui: {eq: \"x\"}}}}",
            "filter.not.substance.rxnormCui.eq",
            "BAD_USER_INPUT",
        ),
        (&format!("{{or: [{}]}}", many.join(", ")), "filter.or.200.sessionNumber.eq", "LIMIT_EXCEEDED"),
    ] {
        let literal =
            format!("{{\n  list: protocols(filter: {filter}) {{ totalCount nodes {{ recordId }} }} }}");
        let answer = asker.ask(&literal).await;
        let error = answer.error();
        assert_eq!(error["extensions"]["code"], code, "{filter}: {error}");
        assert_eq!(error["extensions"]["argument"], argument, "{filter}");
        assert_eq!(error["path"], json!(["list"]), "{filter}");
        // The value that the path leads to.
        let name = argument.trim_end_matches(|end: char| end == '.' || end.is_ascii_digit());
        let name = name.rsplit('.').next().unwrap();
        let behind = literal.rsplit_once(&format!("{name}: ")).unwrap().1;
        let value = if name == "in" { "\"x\"" } else { behind.trim_start_matches('[') };
        assert!(answer.points_at(&literal).starts_with(value), "{filter}: {}", answer.points_at(&literal));
    }

    let query = "query($filter: ProtocolFilter) { protocols(filter: $filter) { totalCount } }";
    let wrong = json!({ "filter": { "and": [{ "sessionDate": { "eq": "yesterday" } }] } });
    let answer = asker.ask_with(query, &wrong).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert_eq!(answer.error()["extensions"]["argument"], "filter.and.0.sessionDate.eq");
    for variables in [
        json!({ "filter": { "sessionDay": { "eq": "2026-01-01" } } }),
        json!({ "filter": { "sessionType": { "eq": "WALKING" } } }),
        json!({ "filter": { "sessionNumber": { "eq": "1" } } }),
        json!({ "filter": { "sessionNumber": { "eq": 2_147_483_648_i64 } } }),
        json!({ "filter": 7 }),
    ] {
        assert_eq!(asker.ask_with(query, &variables).await.code(), "BAD_USER_INPUT", "{variables}");
    }
    for filter in ["{sessionDay: {eq: 1}}", "{sessionType: {eq: WALKING}}", "{sessionNumber: {eq: \"1\"}}"] {
        let answer = asker.ask(&format!("{{ protocols(filter: {filter}) {{ totalCount }} }}")).await;
        assert_eq!(answer.code(), "GRAPHQL_INVALID", "{filter}");
    }
}

/// A generated event; small ranges, so that conditions hit and miss.
#[derive(Clone, Debug)]
struct Event {
    protocol: usize,
    level: Option<i32>,
    note: Option<String>,
    kind: Option<usize>,
}

/// A generated filter on events.
#[derive(Clone, Debug)]
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Level(&'static str, i32),
    LevelIn(bool, Vec<i32>),
    LevelIsNull(bool),
    Note(&'static str, String),
    /// The event's type has this name.
    Kind(usize),
    /// Some, none or every event of the same protocol.
    Siblings(&'static str, Box<Tree>),
}

const KINDS: [&str; 3] = ["Distress", "Breakthrough", "Music Change"];
const QUANTIFIERS: [&str; 3] = ["some", "none", "every"];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "B", "%", "_", "\\", "'", "é"]), 0..3)
        .prop_map(|letters| letters.concat())
}

fn tree() -> impl Strategy<Value = Tree> {
    let comparison = prop::sample::select(vec!["eq", "neq", "lt", "lte", "gt", "gte"]);
    let search = prop::sample::select(vec!["eq", "neq", "contains", "startsWith"]);
    let leaf = prop_oneof![
        (comparison, 1..5_i32).prop_map(|(operator, value)| Tree::Level(operator, value)),
        (any::<bool>(), prop::collection::vec(1..5_i32, 0..3))
            .prop_map(|(is_in, list)| Tree::LevelIn(is_in, list)),
        any::<bool>().prop_map(Tree::LevelIsNull),
        (search, text()).prop_map(|(operator, text)| Tree::Note(operator, text)),
        (0..KINDS.len()).prop_map(Tree::Kind),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Tree::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Tree::Or),
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            (prop::sample::select(&QUANTIFIERS[..]), inner)
                .prop_map(|(quantifier, tree)| Tree::Siblings(quantifier, Box::new(tree))),
        ]
    })
}

impl Tree {
    fn filter(&self) -> Value {
        let list = |trees: &[Self]| trees.iter().map(Self::filter).collect::<Value>();
        match self {
            Self::And(trees) => json!({ "and": list(trees) }),
            Self::Or(trees) => json!({ "or": list(trees) }),
            Self::Not(tree) => json!({ "not": tree.filter() }),
            Self::Level(operator, value) => json!({ "intensityLevel": { *operator: value } }),
            Self::LevelIn(true, values) => json!({ "intensityLevel": { "in": values } }),
            Self::LevelIn(false, values) => json!({ "intensityLevel": { "notIn": values } }),
            Self::LevelIsNull(is) => json!({ "intensityLevel": { "isNull": is } }),
            Self::Note(operator, text) => json!({ "notes": { *operator: text } }),
            Self::Kind(kind) => json!({ "eventType": { "eventName": { "eq": KINDS[*kind] } } }),
            Self::Siblings(quantifier, tree) => {
                json!({ "protocol": { "events": { *quantifier: tree.filter() } } })
            }
        }
    }

    /// Whether an event matches, in SQL's three-valued logic.
    fn holds(&self, event: &Event, all: &[Event]) -> Option<bool> {
        match self {
            Self::And(trees) => all_of(trees.iter().map(|tree| tree.holds(event, all))),
            Self::Or(trees) => {
                all_of(trees.iter().map(|tree| tree.holds(event, all).map(|it| !it))).map(|it| !it)
            }
            Self::Not(tree) => tree.holds(event, all).map(|it| !it),
            Self::Level(operator, value) => event.level.map(|level| match *operator {
                "eq" => level == *value,
                "neq" => level != *value,
                "lt" => level < *value,
                "lte" => level <= *value,
                "gt" => level > *value,
                _ => level >= *value,
            }),
            // `x = ANY ('{}')` is false and `x <> ALL ('{}')` true, even for a missing x.
            Self::LevelIn(is_in, values) if values.is_empty() => Some(!is_in),
            Self::LevelIn(is_in, values) => event.level.map(|level| values.contains(&level) == *is_in),
            Self::LevelIsNull(is) => Some(event.level.is_none() == *is),
            Self::Note(operator, text) => event.note.as_ref().map(|note| match *operator {
                "eq" => note == text,
                "neq" => note != text,
                "startsWith" => note.starts_with(text),
                _ => note.to_lowercase().contains(&text.to_lowercase()),
            }),
            Self::Kind(kind) => Some(event.kind == Some(*kind)),
            Self::Siblings(quantifier, tree) => {
                let mut siblings = all.iter().filter(|other| other.protocol == event.protocol);
                let mut holds =
                    |wanted: bool| siblings.any(|other| (tree.holds(other, all) == Some(true)) == wanted);
                Some(match *quantifier {
                    "some" => holds(true),
                    "none" => !holds(true),
                    _ => !holds(false),
                })
            }
        }
    }
}

/// False if one is false, else unknown if one is unknown.
fn all_of(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let values: Vec<_> = values.collect();
    if values.contains(&Some(false)) {
        return Some(false);
    }
    (!values.contains(&None)).then_some(true)
}

#[test]
fn any_tree_of_conditions_finds_the_rows_that_it_describes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Some of these trees go deeper than a request may.
    let app = runtime.block_on(App::with(|config| config.limits.relation_depth = 16));
    let owner = runtime.block_on(app.owner());
    let (asker, site) = runtime.block_on(clinician(&app, &owner, "trees"));
    let protocols = runtime.block_on(async { [protocol(&owner, site).await, protocol(&owner, site).await] });

    let event =
        (0..2_usize, prop::option::of(1..5_i32), prop::option::of(text()), prop::option::of(0..KINDS.len()))
            .prop_map(|(protocol, level, note, kind)| Event { protocol, level, note, kind });
    let cases = (prop::collection::vec(event, 0..10), prop::collection::vec(tree(), 4));
    let check = async |(events, trees): (Vec<Event>, Vec<Tree>)| {
        owner.execute("DELETE FROM session_events WHERE site_id = $1", &[&site]).await.unwrap();
        let mut ids: Vec<i64> = Vec::new();
        for event in &events {
            let sql = "INSERT INTO session_events
                         (protocol_id, event_timestamp, intensity_level, notes, event_type_id)
                       SELECT $1, now(), $2, $3, (SELECT event_type_id FROM ref_event_types WHERE event_name = $4)
                       RETURNING event_id";
            let kind = event.kind.map(|kind| KINDS[kind]);
            let row =
                owner.query_one(sql, &[&protocols[event.protocol], &event.level, &event.note, &kind]).await;
            ids.push(row.unwrap().get(0));
        }
        for tree in trees {
            let query = "query($filter: SessionEventFilter) {
              sessionEvents(filter: $filter, orderBy: {eventId: ASC}) { totalCount nodes { eventId } }
            }";
            let answer = asker.ask_with(query, &json!({ "filter": tree.filter() })).await;
            let found: Vec<&str> =
                answer.nodes("sessionEvents").iter().map(|node| node["eventId"].as_str().unwrap()).collect();
            let matching =
                events.iter().zip(&ids).filter(|(event, _)| tree.holds(event, &events) == Some(true));
            let expected: Vec<String> = matching.map(|(_, id)| id.to_string()).collect();
            assert_eq!(found, expected, "{}", tree.filter());
            assert_eq!(answer.data()["sessionEvents"]["totalCount"], expected.len());
        }
    };
    TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() })
        .run(&cases, |case| {
            runtime.block_on(check(case));
            Ok(())
        })
        .unwrap();
}
