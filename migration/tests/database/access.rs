//! The rows that each role reads and writes, compared with the policies in the portal's schema brief.

use crate::cluster::{Database, Session, migrated};

/// Three sites; a member of the first two, one member of each role in the first, an administrator of the network, a user without
/// a site, and a former member.
pub(crate) const DATA: &str = "
    INSERT INTO auth.users (id, email)
    SELECT ('00000000-0000-4000-8000-00000000000' || digit)::uuid, digit || '@test.example'
    FROM unnest(ARRAY['0', '1', '2', '3', '4', '5', 'a', 'b', 'c', 'd', 'e', 'f']) AS digit;

    INSERT INTO sites (site_id, site_name, site_code) VALUES (1, 'One', 'S1'), (2, 'Two', 'S2'), (3, 'Three', 'S3');
    INSERT INTO user_sites (user_id, site_id, role, is_active)
    SELECT ('00000000-0000-4000-8000-00000000000' || digit)::uuid, site, role, active
    FROM (VALUES
      ('c', 1, 'clinician', true), ('d', 2, 'clinician', true),
      ('b', 1, 'clinician', true), ('b', 2, 'analyst', true),
      ('a', 1, 'site_admin', true), ('e', 1, 'analyst', true), ('f', 1, 'auditor', true),
      ('1', 1, 'network_admin', true), ('2', 3, 'site_admin', NULL), ('3', 1, NULL, true),
      ('5', 1, 'clinician', false)
    ) AS member(digit, site, role, active);

    INSERT INTO log_clinical_records (site_id, session_date, substance_id, session_type)
    VALUES (1, '2026-01-10', 1, 'dosing'), (1, '2026-01-11', 2, 'dosing'), (2, '2026-01-12', 3, 'dosing'),
      (3, '2026-01-13', 1, 'screening');
    INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
    SELECT record_id, 1, timestamptz '2026-01-10T10:00:00Z', 5 FROM log_clinical_records UNION ALL
    SELECT NULL, 1, '2026-01-10T10:00:00Z', 5;
    INSERT INTO integration_homework (protocol_id, homework_type_id, assigned_date, due_date)
    SELECT record_id, 1, date '2026-01-10', date '2026-01-17' FROM log_clinical_records UNION ALL
    SELECT NULL, 1, '2026-01-10', '2026-01-17';
    INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
    SELECT record_id, 'IES', 50, timestamptz '2026-01-20T23:30:00Z' FROM log_clinical_records UNION ALL
    SELECT NULL, 'IES', 50, '2026-01-20T23:30:00Z';
    INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
    SELECT record_id, 1, 12, timestamptz '2026-01-20T10:00:00Z' FROM log_clinical_records UNION ALL
    SELECT NULL, 1, 12, '2026-01-20T10:00:00Z';
    INSERT INTO outcomes_summary (site_id, substance_id, month, total_protocols)
    VALUES (1, 1, '2026-01-01', 1), (2, 3, '2026-01-01', 1), (3, 1, '2026-01-01', 1);
    SELECT praxis.refresh_benchmarks(), praxis.refresh_activities();

    INSERT INTO practitioner_profiles (user_id, display_name)
    SELECT ('00000000-0000-4000-8000-00000000000' || digit)::uuid, digit FROM unnest(ARRAY['b', 'c', 'd', 'e']) AS digit;
    INSERT INTO practitioner_profiles (display_name) VALUES ('without an account');
    INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status)
    VALUES (1, 2, 'active'), (2, 3, 'pending'), (3, 4, 'completed'), (5, 4, 'cancelled'), (NULL, 2, 'pending');
    INSERT INTO supervision_circles (circle_name) VALUES ('First'), ('Second'), ('Empty');
    INSERT INTO circle_members (circle_id, profile_id) VALUES (1, 1), (1, 2), (2, 3);
";

/// A clinician of the first site.
pub(crate) const CLINICIAN: &str = "00000000-0000-4000-8000-00000000000c";

/// The callers: role and account.
const CALLERS: [(&str, Option<&str>); 14] = [
    ("anon", None),
    ("authenticated", None),
    ("authenticated", Some("0")),
    ("authenticated", Some("1")),
    ("authenticated", Some("2")),
    ("authenticated", Some("3")),
    ("authenticated", Some("4")),
    ("authenticated", Some("5")),
    ("authenticated", Some("a")),
    ("authenticated", Some("b")),
    ("authenticated", Some("c")),
    ("authenticated", Some("d")),
    ("authenticated", Some("e")),
    ("authenticated", Some("f")),
];

fn account(digit: &str) -> String {
    format!("00000000-0000-4000-8000-00000000000{digit}")
}

const SIGNED_IN: &str = "auth.role() = 'authenticated'";
const NETWORK_ADMIN: &str = "EXISTS (
    SELECT 1 FROM user_sites WHERE user_sites.user_id = auth.uid() AND user_sites.role = 'network_admin')";

fn member(table: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM user_sites us JOIN log_clinical_records lcr ON lcr.site_id = us.site_id
         WHERE us.user_id = auth.uid() AND lcr.record_id = {table}.protocol_id)"
    )
}

fn writer(table: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM user_sites us JOIN log_clinical_records lcr ON lcr.site_id = us.site_id
         WHERE us.user_id = auth.uid() AND us.role IN ('clinician', 'site_admin')
         AND lcr.record_id = {table}.protocol_id)"
    )
}

const REFERENCES: [&str; 13] = [
    "ref_assessment_bands",
    "ref_assessments",
    "ref_event_types",
    "ref_homework_types",
    "ref_indications",
    "ref_medications",
    "ref_resolution_status",
    "ref_routes",
    "ref_safety_events",
    "ref_severity_grade",
    "ref_smoking_status",
    "ref_substances",
    "ref_support_modality",
];
const BELOW_PROTOCOL: [&str; 4] =
    ["assessment_responses", "integration_homework", "integration_scores", "session_events"];

/// Returns the SELECT policy of each table or view from the brief, or the proposed one if the brief has none.
fn literal_reading() -> Vec<(String, String)> {
    let site = "EXISTS (SELECT 1 FROM user_sites us WHERE us.user_id = auth.uid() AND us.site_id =";
    let participant = "EXISTS (SELECT 1 FROM practitioner_profiles
        WHERE (profile_id = supervision_relationships.supervisor_id OR profile_id = supervision_relationships.supervisee_id)
          AND user_id = auth.uid())";
    let mut reading = vec![
        ("sites".to_owned(), "true".to_owned()),
        ("user_sites".into(), "user_id = auth.uid()".into()),
        ("log_clinical_records".into(), format!("{site} log_clinical_records.site_id)")),
        ("outcomes_summary".into(), format!("{site} outcomes_summary.site_id) OR {NETWORK_ADMIN}")),
        ("network_benchmarks".into(), format!("{site} network_benchmarks.site_id) OR {NETWORK_ADMIN}")),
        ("session_activities".into(), format!("{site} session_activities.site_id) OR {NETWORK_ADMIN}")),
        ("practitioner_profiles".into(), SIGNED_IN.into()),
        ("supervision_relationships".into(), participant.into()),
        ("supervision_circles".into(), SIGNED_IN.into()),
        ("circle_members".into(), SIGNED_IN.into()),
    ];
    reading.extend(BELOW_PROTOCOL.map(|table| (table.to_owned(), member(table))));
    // A view shows what its tables show.
    let views = [
        "homework_adherences",
        "homework_statuses",
        "score_trends",
        "session_note_counts",
        "session_note_phases",
        "session_note_silences",
        "session_notes",
        "timeline_events",
    ];
    reading.extend(views.map(|view| (view.to_owned(), member(view))));
    // The network: supervision that has not ended, with the caller at one end; circles; and the practitioners whom these link.
    let related = "EXISTS (SELECT 1 FROM supervision_relationships r JOIN practitioner_profiles me ON me.user_id = auth.uid()
        WHERE r.status IN ('pending', 'active') AND me.profile_id IN (r.supervisor_id, r.supervisee_id)
          AND supervision_network_nodes.profile_id IN (r.supervisor_id, r.supervisee_id))";
    let participant = "EXISTS (SELECT 1 FROM practitioner_profiles
        WHERE profile_id IN (source_id, target_id) AND user_id = auth.uid())";
    reading.push((
        "supervision_network_edges".into(),
        format!("{SIGNED_IN} AND (kind = 'circle' OR {participant})"),
    ));
    reading.push((
        "supervision_network_nodes".into(),
        format!("{SIGNED_IN} AND (circle_count > 0 OR is_me OR {related})"),
    ));
    reading.extend(REFERENCES.map(|table| (table.to_owned(), format!("{SIGNED_IN} OR {NETWORK_ADMIN}"))));
    reading
}

async fn filled() -> (Database, Session, Session) {
    let database = migrated().await;
    let mut judge = database.connect().await;
    judge.run(DATA).await.unwrap();
    let client = database.connect_as("praxis_gateway").await;
    (database, judge, client)
}

/// Gives the judge the caller's claims, but leaves it a superuser: it sees every row, and applies the literal policy as a filter.
/// That an ended membership gives no access is our rule; the brief does not know it.
async fn judge_as(judge: &mut Session, role: &str, user: Option<&str>) {
    let sub = user.map(|it| format!(r#","sub":"{it}""#)).unwrap_or_default();
    judge
        .run(format!(
            r#"BEGIN; DELETE FROM user_sites WHERE is_active = false AND user_id <> '{}';
            SET LOCAL request.jwt.claims = '{{"role":"{role}"{sub}}}'"#,
            account("f")
        ))
        .await
        .unwrap();
}

#[tokio::test]
async fn everyone_sees_what_the_literal_policies_say_row_by_row() {
    let (_database, mut judge, mut client) = filled().await;
    let tables = "SELECT relname::text FROM pg_class
        WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace ORDER BY 1";
    let tables = judge.rows(tables).await;
    let mut reading = literal_reading();
    reading.sort();
    assert_eq!(
        tables,
        reading.iter().map(|it| it.0.clone()).collect::<Vec<_>>(),
        "each table has its policy here"
    );

    let mut compared = 0;
    for (role, digit) in CALLERS {
        let user = digit.map(account);
        client.become_client(role, user.as_deref()).await;
        judge_as(&mut judge, role, user.as_deref()).await;
        for (table, policy) in &reading {
            // An ended membership is still the member's own row.
            if table == "user_sites" && digit == Some("5") {
                continue;
            }
            // A node counts the edges that its caller sees; the judge sees them all.
            let row = if table == "supervision_network_nodes" { ".profile_id" } else { "" };
            let seen = client.rows(format!("SELECT t{row}::text FROM {table} AS t ORDER BY 1")).await;
            let query = format!("SELECT {table}{row}::text FROM {table} WHERE {policy} ORDER BY 1");
            assert_eq!(seen, judge.rows(query).await, "{table} seen by {role} {digit:?}");
            compared += seen.len();
        }
        client.run("ROLLBACK").await.unwrap();
        judge.run("ROLLBACK").await.unwrap();
    }
    assert!(compared > 1000, "{compared} rows");
}

#[tokio::test]
async fn everyone_writes_what_the_literal_policies_say() {
    let (_database, mut judge, mut client) = filled().await;
    let insert = |table: &str, protocol: u32| match table {
        "assessment_responses" => format!(
            "INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at) VALUES ({protocol}, 1, 5, now())"
        ),
        "integration_homework" => format!(
            "INSERT INTO integration_homework (protocol_id, homework_type_id, assigned_date, due_date)
             VALUES ({protocol}, 1, '2026-02-01', '2026-02-02')"
        ),
        "integration_scores" => format!(
            "INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
             VALUES ({protocol}, 'EIS', 5, now())"
        ),
        _ => format!(
            "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp) VALUES ({protocol}, 1, now())"
        ),
    };
    for (role, digit) in CALLERS {
        let user = digit.map(account);
        let who = format!("{role} {digit:?}");
        client.become_client(role, user.as_deref()).await;
        judge_as(&mut judge, role, user.as_deref()).await;
        for table in BELOW_PROTOCOL {
            for protocol in 1..=4 {
                let may = judge
                    .one(format!(
                        "SELECT ({})::text FROM (VALUES ({protocol}::bigint)) AS row(protocol_id)",
                        writer("row")
                    ))
                    .await;
                let did = attempt(&mut client, &insert(table, protocol)).await;
                assert_eq!(
                    did.is_ok().to_string(),
                    may,
                    "insert into {table} for {protocol} by {who}: {did:?}"
                );
            }
            let writable: u64 = judge
                .one(format!("SELECT count(*)::text FROM {table} WHERE {}", writer(table)))
                .await
                .parse()
                .unwrap();
            // A logged event is immutable: the brief has no policy for changing it.
            let expected = if table == "session_events" || role == "anon" { None } else { Some(writable) };
            let column = match table {
                "assessment_responses" => "score",
                "integration_scores" => "score_value",
                "session_events" => "notes",
                _ => "completion_notes",
            };
            let update = attempt(&mut client, &format!("UPDATE {table} SET {column} = {column}")).await;
            assert_eq!(update.ok(), expected, "update of {table} by {who}");
            let delete = attempt(&mut client, &format!("DELETE FROM {table}")).await;
            assert_eq!(delete.ok(), expected, "delete from {table} by {who}");
        }
        let admin = judge.one(format!("SELECT ({NETWORK_ADMIN})::text")).await == "true";
        for table in REFERENCES {
            let rows: u64 = judge.one(format!("SELECT count(*)::text FROM {table}")).await.parse().unwrap();
            let update = attempt(&mut client, &format!("UPDATE {table} SET is_active = false")).await;
            let expected = if role == "anon" { None } else { Some(if admin { rows } else { 0 }) };
            assert_eq!(update.ok(), expected, "update of {table} by {who}");
        }
        let substance = "INSERT INTO ref_substances (substance_name) VALUES ('New')";
        assert_eq!(attempt(&mut client, substance).await.is_ok(), admin, "{who}");
        let medication = "INSERT INTO ref_medications (medication_name) VALUES ('New')";
        assert_eq!(attempt(&mut client, medication).await.is_ok(), admin, "{who}");
        client.run("ROLLBACK").await.unwrap();
        judge.run("ROLLBACK").await.unwrap();
    }
}

/// Runs a statement and rolls it back.
async fn attempt(client: &mut Session, statement: &str) -> Result<u64, String> {
    client.run("SAVEPOINT attempt").await.unwrap();
    let outcome = client.run(statement).await;
    client.run("ROLLBACK TO attempt").await.unwrap();
    outcome
}

#[tokio::test]
async fn protocols_are_written_at_ones_own_site_and_never_deleted() {
    let (_database, _judge, mut client) = filled().await;
    client.become_client("authenticated", Some(CLINICIAN)).await;
    let insert = |site: u32| format!("INSERT INTO log_clinical_records (site_id) VALUES ({site})");
    assert_eq!(attempt(&mut client, &insert(1)).await, Ok(1));
    assert!(attempt(&mut client, &insert(2)).await.is_err());
    assert_eq!(attempt(&mut client, "UPDATE log_clinical_records SET dosage_mg = 5").await, Ok(2));
    assert!(attempt(&mut client, "UPDATE log_clinical_records SET site_id = 2").await.is_err());
    assert!(attempt(&mut client, "DELETE FROM log_clinical_records").await.is_err());
    // Nor can a row be moved below a protocol of another site.
    assert!(attempt(&mut client, "UPDATE integration_scores SET protocol_id = 3").await.is_err());
    client.run("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn the_supervision_exchange_can_be_used() {
    let (_database, _judge, mut client) = filled().await;
    // The profiles 1 to 4 belong to the accounts b, c, d and e.
    let (b, c, d) = (account("b"), account("c"), account("d"));
    client.become_client("authenticated", Some(&c)).await;
    let ask = "INSERT INTO supervision_relationships (supervisor_id) VALUES (4)";
    assert_eq!(attempt(&mut client, ask).await, Ok(1));
    let ask_for_another =
        "INSERT INTO supervision_relationships (supervisor_id, supervisee_id) VALUES (2, 4)";
    assert!(attempt(&mut client, ask_for_another).await.is_err());
    // The pending one of the two in which they take part and that have not ended.
    assert_eq!(
        attempt(
            &mut client,
            "UPDATE supervision_relationships SET status = 'cancelled' WHERE status = 'pending'"
        )
        .await,
        Ok(2)
    );
    assert!(attempt(&mut client, "UPDATE supervision_relationships SET supervisor_id = 4").await.is_err());
    assert_eq!(attempt(&mut client, "UPDATE supervision_circles SET max_members = 6").await, Ok(1));
    assert_eq!(
        attempt(&mut client, "INSERT INTO supervision_circles (circle_name) VALUES ('New')").await,
        Ok(1)
    );
    assert_eq!(attempt(&mut client, "INSERT INTO circle_members VALUES (3, 2)").await, Ok(1));
    assert!(attempt(&mut client, "INSERT INTO circle_members VALUES (3, 1)").await.is_err());
    assert_eq!(attempt(&mut client, "DELETE FROM circle_members").await, Ok(1));
    assert_eq!(attempt(&mut client, "UPDATE practitioner_profiles SET bio = 'Hello'").await, Ok(1));
    let long = format!("UPDATE practitioner_profiles SET bio = '{}'", "x".repeat(501));
    assert!(attempt(&mut client, &long).await.unwrap_err().contains("valid_bio"));
    let steal = format!("UPDATE practitioner_profiles SET user_id = '{}'", account("0"));
    assert!(attempt(&mut client, &steal).await.is_err());
    client.run("ROLLBACK").await.unwrap();

    client.become_client("authenticated", Some(&account("0"))).await;
    let own = "INSERT INTO practitioner_profiles (display_name) VALUES ('Zero')";
    assert_eq!(attempt(&mut client, own).await, Ok(1));
    let another = format!("INSERT INTO practitioner_profiles (user_id) VALUES ('{}')", account("1"));
    assert!(attempt(&mut client, &another).await.is_err());
    client.run("ROLLBACK").await.unwrap();
    assert_ne!(b, d);
}

#[tokio::test]
async fn accounts_are_closed_to_every_client() {
    let (_database, _judge, mut client) = filled().await;
    for role in ["anon", "authenticated"] {
        client.become_client(role, Some(CLINICIAN)).await;
        let error = attempt(&mut client, "SELECT FROM auth.users").await.unwrap_err();
        assert!(error.contains("permission denied for table users"), "{error}");
        client.run("ROLLBACK").await.unwrap();
    }
}
