//! TherapyFlow's part of the access matrix: two organizations and the callers.

use tokio_postgres::Client;

use crate::fixture::{person, signed_in};
use crate::harness::App;
use crate::people::Caller;

/// Inserts rows of every table in two organizations, and returns every kind of caller. Keys begin with `f`, so that they come
/// last.
pub(crate) async fn populate<'a>(app: &'a App, owner: &Client) -> Vec<Caller<'a>> {
    let mut callers = Vec::new();
    for name in [
        "a therapist",
        "a colleague of the therapist",
        "an admin of the practice",
        "an owner of the practice",
        "a therapist of another practice",
        "a patient",
    ] {
        let id = person(owner, name).await;
        callers.push(Caller { name, actor: signed_in(app, &id), id: Some(id) });
    }
    owner.batch_execute(ROWS).await.unwrap();
    callers
}

const ROWS: &str = "
    INSERT INTO therapyflow.organizations (id, name) VALUES
      ('ffffffff-0001-4000-8000-000000000001', 'Here'), ('ffffffff-0001-4000-8000-000000000002', 'There');
    INSERT INTO therapyflow.therapists (id, org_id, user_id, role, email, full_name)
    SELECT ('ffffffff-0002-4000-8000-00000000000' || n)::uuid, ('ffffffff-0001-4000-8000-00000000000' || org)::uuid,
      (SELECT id FROM auth.users WHERE email = name || '@tests.example'), role, name, name
    FROM (VALUES
      (1, 1, 'an owner of the practice', 'owner'), (2, 1, 'an admin of the practice', 'admin'),
      (3, 1, 'a colleague of the therapist', 'therapist'), (4, 1, 'a therapist', 'therapist'),
      (5, 2, 'a therapist of another practice', 'therapist')) AS staff(n, org, name, role);
    INSERT INTO therapyflow.patients (id, org_id, assigned_therapist_id, user_id, full_name)
    SELECT ('ffffffff-0003-4000-8000-00000000000' || n)::uuid, ('ffffffff-0001-4000-8000-00000000000' || org)::uuid,
      ('ffffffff-0002-4000-8000-00000000000' || therapist)::uuid,
      (SELECT id FROM auth.users WHERE email = name || '@tests.example'), name
    FROM (VALUES (1, 1, 4, 'a patient'), (2, 1, 3, 'another patient'), (3, 2, 5, 'a patient of another practice'))
      AS patient(n, org, therapist, name);
    INSERT INTO therapyflow.sessions (id, therapist_id, patient_id, scheduled_at, status)
    SELECT ('ffffffff-0004-4000-8000-00000000000' || n)::uuid, ('ffffffff-0002-4000-8000-00000000000' || therapist)::uuid,
      ('ffffffff-0003-4000-8000-00000000000' || patient)::uuid, now() + n * interval '1 day', status
    FROM (VALUES
      (1, 4, 1, 'scheduled'), (2, 3, 2, 'scheduled'), (3, 5, 3, 'scheduled'), (4, 4, 2, 'in_progress')
    ) AS session(n, therapist, patient, status);
    INSERT INTO therapyflow.clinical_notes (id, session_id, note_type, content)
    SELECT replace(id::text, '-0004-', '-0005-')::uuid, id, 'progress', '{\"text\": \"Well.\"}'
    FROM therapyflow.sessions WHERE id::text LIKE 'ffffffff%';
    INSERT INTO therapyflow.session_recordings (id, session_id, file_path)
    SELECT replace(id::text, '-0004-', '-0006-')::uuid, id, 'a.mp3' FROM therapyflow.sessions WHERE id::text LIKE 'ffffffff%';
    INSERT INTO therapyflow.wearable_data (id, patient_id, data_type, metrics, recorded_at)
    SELECT replace(id::text, '-0003-', '-0007-')::uuid, id, 'heart_rate', '{\"bpm\": 70}', now()
    FROM therapyflow.patients WHERE id::text LIKE 'ffffffff%';
    INSERT INTO therapyflow.consent_records (id, patient_id, purpose, status, granted_at, revoked_at)
    SELECT ('ffffffff-0008-4000-8000-00000000000' || n)::uuid, ('ffffffff-0003-4000-8000-00000000000' || patient)::uuid,
      'care_management', status, now(), CASE status WHEN 'REVOKED' THEN now() END
    FROM (VALUES (1, 1, 'REQUESTED'), (2, 1, 'GRANTED'), (3, 2, 'REVOKED'), (4, 3, 'GRANTED'))
      AS consent(n, patient, status);
";
