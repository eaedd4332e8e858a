ALTER TABLE outcomes_summary
  DROP CONSTRAINT valid_total_protocols,
  DROP CONSTRAINT valid_month,
  DROP CONSTRAINT valid_adverse_event_rate,
  DROP CONSTRAINT valid_response_rate;
