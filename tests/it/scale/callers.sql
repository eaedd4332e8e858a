-- What those who ask have themselves, and the last of the sites and organizations have more of than all others: what one
-- person, one session or one patient gathers over the years.
INSERT INTO session_events (protocol_id, site_id, event_type_id, event_timestamp, client_event_id)
  SELECT record_id, site_id, 1 + number % 8, session_date + number * interval '1 second', gen_random_uuid()
  FROM (SELECT record_id, site_id, session_date FROM log_clinical_records ORDER BY record_id DESC LIMIT 2) AS protocol
  CROSS JOIN generate_series(1, current_setting('fill.protocols')::int) AS number;
INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status, started_at, ended_at)
  SELECT supervisor.profile_id, supervisee.profile_id, 'completed', '2024-01-01', '2024-02-01'
  FROM practitioner_profiles AS supervisor JOIN practitioner_profiles AS supervisee
    ON supervisee.profile_id <> supervisor.profile_id AND supervisee.display_name LIKE 'Practitioner %'
  WHERE supervisor.display_name LIKE '%@tests.example';
INSERT INTO therapyflow.wearable_data (org_id, patient_id, data_type, metrics, recorded_at)
  SELECT org_id, id, 'steps', '{"count": 1}', timestamptz '2024-01-01 UTC' + number * interval '1 minute'
  FROM therapyflow.patients CROSS JOIN generate_series(1, current_setting('fill.protocols')::int) AS number
  WHERE full_name = 'a patient';
INSERT INTO therapyflow.sessions (org_id, therapist_id, patient_id, scheduled_at, status)
  SELECT patients.org_id, therapists.id, patients.id, timestamptz '2010-01-01 UTC' + number * interval '1 hour', 'completed'
  FROM therapyflow.patients JOIN therapyflow.therapists ON therapists.full_name = 'a therapist'
  CROSS JOIN generate_series(1, current_setting('fill.protocols')::int) AS number
  WHERE patients.full_name = 'a patient';
