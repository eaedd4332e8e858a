-- No lock that others wait for is held meanwhile.
ALTER TABLE therapyflow.sessions VALIDATE CONSTRAINT check_session_year;
