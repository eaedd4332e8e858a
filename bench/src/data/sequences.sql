-- Keys continue after those of the generated rows.
SELECT
  setval(pg_get_serial_sequence('sites', 'site_id'), (SELECT max(site_id) FROM sites)),
  setval(pg_get_serial_sequence('practitioner_profiles', 'profile_id'), (SELECT max(profile_id) FROM practitioner_profiles)),
  setval(pg_get_serial_sequence('log_clinical_records', 'record_id'), (SELECT max(record_id) FROM log_clinical_records)),
  setval(pg_get_serial_sequence('session_events', 'event_id'), (SELECT max(event_id) FROM session_events)),
  setval(pg_get_serial_sequence('integration_scores', 'score_id'), (SELECT max(score_id) FROM integration_scores)),
  setval(pg_get_serial_sequence('assessment_responses', 'response_id'), (SELECT max(response_id) FROM assessment_responses)),
  setval(pg_get_serial_sequence('integration_homework', 'homework_id'), (SELECT max(homework_id) FROM integration_homework));
