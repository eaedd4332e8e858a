DROP FUNCTION log_session_event;
DROP FUNCTION log_session_events;
DROP TRIGGER check_event ON session_events;
DROP FUNCTION praxis.check_event;
ALTER TABLE session_events
  DROP CONSTRAINT session_events_client_event_id_key,
  DROP CONSTRAINT valid_blood_pressure,
  DROP COLUMN oxygen_saturation,
  DROP COLUMN diastolic_mmhg,
  DROP COLUMN systolic_mmhg,
  DROP COLUMN heart_rate,
  DROP COLUMN dose_mg,
  DROP COLUMN client_event_id;
ALTER TABLE ref_event_types DROP COLUMN records_vitals, DROP COLUMN records_dose;
