//! The rows of TherapyFlow that each role reads and writes, compared with its policies, and the isolation of organizations.

use crate::cluster::{Database, Session, migrated};

/// Two organizations. In the first: two therapists (`a`, `b`), an administrator (`c`), an owner (`d`), and three patients: one
/// with an account (`e`), who consents, and two without, whose consents are withdrawn and expired. In the second: a therapist
/// (`f`) and a patient (`1`), who consents. An account without a role: `0`.
///
/// Keys end in the name of their object: `o1`, `ta`, `p1`, …, as far as hexadecimal digits allow.
pub(crate) const DATA: &str = "
    INSERT INTO auth.users (id, email)
    SELECT ('00000000-0000-4000-8000-0000000000f' || digit)::uuid, 'f' || digit || '@test.example'
    FROM unnest(ARRAY['0', '1', 'a', 'b', 'c', 'd', 'e', 'f']) AS digit;

    INSERT INTO therapyflow.organizations (id, name) VALUES
      ('10000000-0000-4000-8000-000000000001', 'First'), ('10000000-0000-4000-8000-000000000002', 'Second');
    INSERT INTO therapyflow.therapists (id, org_id, user_id, role, email, full_name)
    SELECT
      ('20000000-0000-4000-8000-00000000000' || digit)::uuid,
      ('10000000-0000-4000-8000-00000000000' || org)::uuid,
      ('00000000-0000-4000-8000-0000000000f' || digit)::uuid, role, digit || '@test.example', 'Therapist ' || digit
    FROM (VALUES ('a', 1, 'therapist'), ('b', 1, 'therapist'), ('c', 1, 'admin'), ('d', 1, 'owner'), ('f', 2, 'therapist'))
      AS staff(digit, org, role);
    INSERT INTO therapyflow.patients (id, org_id, assigned_therapist_id, user_id, full_name)
    SELECT
      ('30000000-0000-4000-8000-00000000000' || number)::uuid,
      ('10000000-0000-4000-8000-00000000000' || org)::uuid,
      ('20000000-0000-4000-8000-00000000000' || therapist)::uuid,
      ('00000000-0000-4000-8000-0000000000f' || account)::uuid, 'Patient ' || number
    FROM (VALUES (1, 1, 'a', 'e'), (2, 1, 'a', NULL), (3, 1, 'b', NULL), (4, 2, 'f', '1'))
      AS patient(number, org, therapist, account);
    INSERT INTO therapyflow.sessions (id, therapist_id, patient_id, scheduled_at)
    SELECT
      ('40000000-0000-4000-8000-00000000000' || number)::uuid,
      ('20000000-0000-4000-8000-00000000000' || therapist)::uuid,
      ('30000000-0000-4000-8000-00000000000' || patient)::uuid, date_trunc('hour', now()) + number * interval '1 day'
    FROM (VALUES (1, 'a', 1), (2, 'a', 2), (3, 'b', 3), (4, 'f', 4), (5, 'b', 1)) AS session(number, therapist, patient);
    INSERT INTO therapyflow.clinical_notes (id, session_id, note_type, content)
    SELECT ('50000000-0000-4000-8000-00000000000' || right(id::text, 1))::uuid, id, 'progress', '{\"text\": \"Well.\"}'
    FROM therapyflow.sessions;
    INSERT INTO therapyflow.session_recordings (session_id, file_path) SELECT id, 'a.mp3' FROM therapyflow.sessions;
    INSERT INTO therapyflow.wearable_data (patient_id, data_type, metrics, recorded_at)
    SELECT id, 'heart_rate', '{\"bpm\": 70}', now() FROM therapyflow.patients;
    INSERT INTO therapyflow.consent_records (id, patient_id, purpose, status, granted_at, expires_at, revoked_at)
    SELECT
      ('60000000-0000-4000-8000-00000000000' || number)::uuid,
      ('30000000-0000-4000-8000-00000000000' || patient)::uuid, purpose, status,
      now() - interval '2 days', now() + ends * interval '1 day', CASE status WHEN 'REVOKED' THEN now() END
    FROM (VALUES
      (1, 1, 'care_management', 'GRANTED', NULL), (2, 2, 'care_management', 'REVOKED', NULL),
      (3, 3, 'care_management', 'GRANTED', -1), (4, 3, 'research', 'GRANTED', NULL),
      (5, 4, 'care_management', 'GRANTED', 1), (6, 2, 'care_management', 'REQUESTED', NULL)
    ) AS consent(number, patient, purpose, status, ends);
";

/// The callers: role and account.
const CALLERS: [(&str, Option<&str>); 11] = [
    ("anon", None),
    ("authenticated", None),
    ("authenticated", Some("0")),
    ("authenticated", Some("1")),
    ("authenticated", Some("a")),
    ("authenticated", Some("b")),
    ("authenticated", Some("c")),
    ("authenticated", Some("d")),
    ("authenticated", Some("e")),
    ("authenticated", Some("f")),
    // Of the portal.
    ("authenticated", Some("clinician")),
];

pub(crate) fn account(digit: &str) -> String {
    match digit {
        "clinician" => crate::access::CLINICIAN.to_owned(),
        _ => format!("00000000-0000-4000-8000-0000000000f{digit}"),
    }
}

pub(crate) async fn filled() -> (Database, Session) {
    let database = migrated().await;
    let mut owner = database.connect().await;
    owner.run(crate::access::DATA).await.unwrap();
    owner.run(DATA).await.unwrap();
    (database, owner)
}

/// Opens a session of a user in a transaction, by the last digit of the account.
pub(crate) async fn client(database: &Database, digit: &str) -> Session {
    let mut session = database.connect_as("praxis_gateway").await;
    session.become_client("authenticated", Some(&account(digit))).await;
    session
}

/// Runs a statement that is refused, and continues the transaction.
pub(crate) async fn refused(client: &mut Session, statement: &str) -> (String, String) {
    client.run("SAVEPOINT attempt").await.unwrap();
    let refused = client.refused(statement).await;
    client.run("ROLLBACK TO attempt").await.unwrap();
    refused
}

pub(crate) fn error(code: &str, words: &str) -> (String, String) {
    (code.to_owned(), words.to_owned())
}

fn works_for(org: &str, roles: &str) -> String {
    format!(
        "EXISTS (SELECT FROM therapyflow.therapists me
           WHERE me.user_id = auth.uid() AND me.org_id = {org} AND me.role IN ({roles}))"
    )
}

/// Returns the policy for reading each table and view, row by row, as its source describes it.
fn literal_reading() -> Vec<(&'static str, String)> {
    let staff = |org: &str| works_for(org, "'therapist', 'admin', 'owner'");
    let administers = |org: &str| works_for(org, "'admin', 'owner'");
    let is_patient = |patient: &str| {
        format!(
            "EXISTS (SELECT FROM therapyflow.patients me WHERE me.user_id = auth.uid() AND me.id = {patient})"
        )
    };
    let conducts = |session: &str| {
        format!(
            "EXISTS (SELECT FROM therapyflow.sessions s JOIN therapyflow.therapists me ON me.id = s.therapist_id
               WHERE s.id = {session} AND me.user_id = auth.uid())"
        )
    };
    let org_of_session = |table: &str| {
        format!(
            "(SELECT p.org_id FROM therapyflow.sessions s JOIN therapyflow.patients p ON p.id = s.patient_id
               WHERE s.id = {table}.session_id)"
        )
    };
    let below_session = |table: &str| {
        format!("{} OR {}", conducts(&format!("{table}.session_id")), administers(&org_of_session(table)))
    };
    let org_of_patient = |table: &str| {
        format!("(SELECT p.org_id FROM therapyflow.patients p WHERE p.id = {table}.patient_id)")
    };
    let consents = "EXISTS (SELECT FROM therapyflow.consent_records c
        WHERE c.patient_id = wearable_data.patient_id AND c.purpose = 'care_management' AND c.status = 'GRANTED'
          AND c.revoked_at IS NULL AND coalesce(c.expires_at, 'infinity') > now())";
    vec![
        ("audit_logs", administers("audit_logs.org_id")),
        ("clinical_notes", below_session("clinical_notes")),
        (
            "consent_records",
            format!(
                "{} OR {}",
                staff(&org_of_patient("consent_records")),
                is_patient("consent_records.patient_id")
            ),
        ),
        ("organizations", staff("organizations.id")),
        ("patients", format!("{} OR patients.user_id = auth.uid()", staff("patients.org_id"))),
        ("session_recordings", below_session("session_recordings")),
        (
            "sessions",
            format!(
                "{} OR {} OR {}",
                conducts("sessions.id"),
                administers(&org_of_patient("sessions")),
                is_patient("sessions.patient_id")
            ),
        ),
        ("therapists", staff("therapists.org_id")),
        // Every reader of the session: the therapist and the patient.
        (
            "upcoming_sessions",
            format!(
                "{} OR {}",
                conducts("upcoming_sessions.id"),
                administers(&org_of_patient("upcoming_sessions"))
            ),
        ),
        (
            "wearable_data",
            format!(
                "{} AND {consents} OR {}",
                staff(&org_of_patient("wearable_data")),
                is_patient("wearable_data.patient_id")
            ),
        ),
    ]
}

#[tokio::test]
async fn everyone_sees_what_the_literal_policies_say_row_by_row() {
    let (database, mut judge) = filled().await;
    let tables = "SELECT relname::text FROM pg_class
        WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'therapyflow'::regnamespace ORDER BY 1";
    let reading = literal_reading();
    assert_eq!(
        judge.rows(tables).await,
        reading.iter().map(|it| it.0).collect::<Vec<_>>(),
        "each table has its policy here"
    );
    let mut client = database.connect_as("praxis_gateway").await;
    let mut compared = 0;
    for (role, digit) in CALLERS {
        let user = digit.map(account);
        client.become_client(role, user.as_deref()).await;
        let sub = user.map(|it| format!(r#","sub":"{it}""#)).unwrap_or_default();
        judge
            .run(format!(r#"BEGIN; SET LOCAL request.jwt.claims = '{{"role":"{role}"{sub}}}'"#))
            .await
            .unwrap();
        for (table, policy) in &reading {
            let seen = client.rows(format!("SELECT t::text FROM therapyflow.{table} AS t ORDER BY 1")).await;
            let query =
                format!("SELECT {table}::text FROM therapyflow.{table} AS {table} WHERE {policy} ORDER BY 1");
            assert_eq!(seen, judge.rows(query).await, "{table} seen by {role} {digit:?}");
            assert!(
                !seen.is_empty()
                    || !matches!(digit, Some("c" | "d"))
                    || *table == "audit_logs" && digit.is_none(),
                "{table} has nothing for {digit:?}"
            );
            let is_nobody = matches!(digit, None | Some("0" | "clinician"));
            assert!(!is_nobody || seen.is_empty(), "{table} seen by {role} {digit:?}");
            compared += seen.len();
        }
        client.run("ROLLBACK").await.unwrap();
        judge.run("ROLLBACK").await.unwrap();
    }
    assert!(compared > 150, "{compared} rows");
}

#[tokio::test]
async fn a_session_joins_no_two_organizations() {
    let (database, mut owner) = filled().await;
    let session = "INSERT INTO therapyflow.sessions (therapist_id, patient_id, scheduled_at) VALUES
        ('20000000-0000-4000-8000-00000000000{}', '30000000-0000-4000-8000-00000000000{}', '2030-01-01T10:00:00Z')";
    let session = |therapist: &str, patient: u32| {
        session.replacen("{}", therapist, 1).replacen("{}", &patient.to_string(), 1)
    };
    // Not even maintenance can.
    assert_eq!(owner.refused(session("a", 4)).await.0, "23503");
    assert_eq!(owner.refused(session("f", 1)).await.0, "23503");
    let assign =
        "UPDATE therapyflow.patients SET assigned_therapist_id = '20000000-0000-4000-8000-00000000000f'
        WHERE id = '30000000-0000-4000-8000-000000000001'";
    assert_eq!(owner.refused(assign).await.0, "23503");
    let mut a = client(&database, "a").await;
    assert_eq!(refused(&mut a, &session("a", 4)).await.0, "42501", "a patient that one does not see");
    assert_eq!(refused(&mut a, &session("b", 1)).await.0, "42501", "for a colleague");
    let mut c = client(&database, "c").await;
    assert_eq!(refused(&mut c, &session("f", 1)).await.0, "23503", "a therapist of another organization");
    assert_eq!(c.run(session("b", 1)).await, Ok(1), "an administrator for anybody");
}

#[tokio::test]
async fn a_row_keeps_to_the_organization_of_its_parent() {
    let (_database, mut owner) = filled().await;
    for table in ["sessions", "clinical_notes", "session_recordings", "wearable_data", "consent_records"] {
        let orgs = format!("SELECT string_agg(org_id::text, ' ' ORDER BY id) FROM therapyflow.{table}");
        let before = owner.one(&orgs).await;
        owner
            .run(format!("UPDATE therapyflow.{table} SET org_id = '10000000-0000-4000-8000-000000000002'"))
            .await
            .unwrap();
        assert_eq!(owner.one(&orgs).await, before, "{table}");
    }
    // Notes move with a session that is handed over.
    owner
        .run(
            "UPDATE therapyflow.sessions SET therapist_id = '20000000-0000-4000-8000-00000000000b'
              WHERE id = '40000000-0000-4000-8000-000000000001'",
        )
        .await
        .unwrap();
    let therapist = "SELECT right(therapist_id::text, 1) FROM therapyflow.clinical_notes
        WHERE session_id = '40000000-0000-4000-8000-000000000001'";
    assert_eq!(owner.one(therapist).await, "b");
}

#[tokio::test]
async fn everyone_writes_what_is_theirs() {
    let (database, _owner) = filled().await;
    let changed = async |digit: &str, statement: &str| {
        let mut client = client(&database, digit).await;
        client.run(statement).await
    };
    for (statement, expected) in [
        ("UPDATE therapyflow.organizations SET name = name || '!'", [0, 0, 1, 1, 0, 0]),
        ("UPDATE therapyflow.therapists SET specialization = 'x'", [1, 1, 4, 4, 0, 1]),
        ("UPDATE therapyflow.patients SET phone = 'x'", [2, 1, 3, 3, 0, 1]),
        ("UPDATE therapyflow.sessions SET duration_minutes = 45", [2, 2, 4, 4, 0, 1]),
        ("UPDATE therapyflow.clinical_notes SET ai_generated_summary = 'x'", [2, 2, 0, 0, 0, 1]),
        ("DELETE FROM therapyflow.clinical_notes", [2, 2, 0, 0, 0, 1]),
        ("UPDATE therapyflow.session_recordings SET language = 'x'", [2, 2, 0, 0, 0, 1]),
        ("DELETE FROM therapyflow.session_recordings", [2, 2, 0, 0, 0, 1]),
        ("UPDATE therapyflow.consent_records SET expires_at = NULL", [0, 0, 0, 0, 1, 0]),
    ] {
        for (digit, rows) in ["a", "b", "c", "d", "e", "f"].into_iter().zip(expected) {
            assert_eq!(changed(digit, statement).await, Ok(rows), "{statement} by {digit}");
        }
        assert_eq!(changed("0", statement).await, Ok(0), "{statement} by a stranger");
    }
    // A patient sends their own samples, and no one else's.
    let sample = "INSERT INTO therapyflow.wearable_data (data_type, metrics, recorded_at) VALUES ('steps', '{}', now())";
    assert_eq!(changed("e", sample).await, Ok(1));
    let of_another = sample
        .replace("(data_type", "(patient_id, data_type")
        .replace("('steps'", "('30000000-0000-4000-8000-000000000001', 'steps'");
    assert!(changed("a", &of_another).await.is_err());
    assert!(changed("1", &of_another).await.is_err());
    // A therapist can hand a patient over to a colleague, but not to another organization.
    let hand_over =
        "UPDATE therapyflow.patients SET assigned_therapist_id = '20000000-0000-4000-8000-00000000000b'
        WHERE id = '30000000-0000-4000-8000-000000000001'";
    assert_eq!(changed("a", hand_over).await, Ok(1));
    assert_eq!(changed("f", hand_over).await, Ok(0));
}

#[tokio::test]
async fn only_an_owner_makes_administrators() {
    let (database, _owner) = filled().await;
    let promote = "UPDATE therapyflow.therapists SET role = 'admin' WHERE email = 'a@test.example'";
    let add = "INSERT INTO therapyflow.therapists (email, full_name, role) VALUES ('n@test.example', 'New', 'owner')";
    let words = error("PR403", "Only an owner of the organization decides who administers it.");
    for (digit, statement) in [("a", promote), ("c", promote), ("c", add)] {
        assert_eq!(refused(&mut client(&database, digit).await, statement).await, words, "{digit}");
    }
    let mut d = client(&database, "d").await;
    assert_eq!(d.run(promote).await, Ok(1));
    assert_eq!(d.run(add).await, Ok(1));
    d.run("ROLLBACK").await.unwrap();
    let mut c = client(&database, "c").await;
    assert_eq!(c.run(add.replace("'owner'", "'therapist'")).await, Ok(1));
    let org = "SELECT right(org_id::text, 1) FROM therapyflow.therapists WHERE email = 'n@test.example'";
    assert_eq!(c.one(org).await, "1");
}

#[tokio::test]
async fn what_the_ticket_says_goes_along_goes_along() {
    let (_database, mut owner) = filled().await;
    let left = async |owner: &mut Session, condition: &str| {
        let mut left = Vec::new();
        for table in [
            "therapists",
            "patients",
            "sessions",
            "clinical_notes",
            "session_recordings",
            "wearable_data",
            "consent_records",
        ] {
            left.push(
                owner.one(format!("SELECT count(*)::text FROM therapyflow.{table} WHERE {condition}")).await,
            );
        }
        left.join(" ")
    };
    let first = "org_id = '10000000-0000-4000-8000-000000000001'";
    assert_eq!(left(&mut owner, first).await, "4 3 4 4 4 3 5");
    owner
        .run("DELETE FROM therapyflow.sessions WHERE id = '40000000-0000-4000-8000-000000000001'")
        .await
        .unwrap();
    assert_eq!(left(&mut owner, first).await, "4 3 3 3 3 3 5");
    owner
        .run("DELETE FROM therapyflow.patients WHERE id = '30000000-0000-4000-8000-000000000003'")
        .await
        .unwrap();
    assert_eq!(left(&mut owner, first).await, "4 2 2 2 2 2 3");
    owner
        .run("DELETE FROM therapyflow.therapists WHERE id = '20000000-0000-4000-8000-00000000000a'")
        .await
        .unwrap();
    assert_eq!(left(&mut owner, first).await, "3 2 1 1 1 2 3");
    owner
        .run("DELETE FROM therapyflow.organizations WHERE id = '10000000-0000-4000-8000-000000000001'")
        .await
        .unwrap();
    assert_eq!(left(&mut owner, first).await, "0 0 0 0 0 0 0");
    assert_eq!(left(&mut owner, "true").await, "1 1 1 1 1 1 1");
}

#[tokio::test]
async fn every_table_with_a_time_of_its_last_change_keeps_it() {
    let (_database, mut owner) = filled().await;
    let tables = "SELECT relname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'therapyflow'::regnamespace AND relkind = 'r' AND attname = 'updated_at' ORDER BY 1";
    let tables = owner.rows(tables).await;
    assert_eq!(tables.len(), 7);
    for table in tables {
        let trigger =
            format!("SELECT count(*)::text FROM pg_trigger WHERE tgname = 'update_{table}_updated_at'");
        assert_eq!(owner.one(trigger).await, "1", "{table}");
        let grows = format!(
            "WITH before AS (SELECT id, updated_at FROM therapyflow.{table}),
               change AS (UPDATE therapyflow.{table} SET updated_at = '2000-01-01' RETURNING id, updated_at)
             SELECT bool_and(change.updated_at > before.updated_at)::text FROM before JOIN change USING (id)"
        );
        assert_eq!(owner.one(grows).await, "true", "{table}");
    }
}
