ALTER TABLE therapyflow.sessions DROP CONSTRAINT check_session_year;
