-- Nothing takes the validation back but making the constraint again.
ALTER TABLE therapyflow.sessions DROP CONSTRAINT check_session_year;
ALTER TABLE therapyflow.sessions
  ADD CONSTRAINT check_session_year CHECK (scheduled_at < '9999-12-31T00:00:00Z') NOT VALID;
COMMENT ON CONSTRAINT check_session_year ON therapyflow.sessions IS 'A session ends by the end of the year 9999.';
