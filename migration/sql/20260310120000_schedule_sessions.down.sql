DROP FUNCTION
  therapyflow.free_slots, therapyflow.busy_times, therapyflow.cancel_session, therapyflow.complete_session,
  therapyflow.start_session, therapyflow.move_session_to, therapyflow.schedule_session;
DROP TRIGGER check_session ON therapyflow.sessions;
DROP FUNCTION therapyflow.check_session;
ALTER TABLE therapyflow.sessions DROP CONSTRAINT one_session_at_a_time;
DROP FUNCTION therapyflow.session_period;
DO $$
BEGIN
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'extension btree_gist') THEN
    DROP EXTENSION btree_gist;
    DELETE FROM praxis.baseline WHERE object = 'extension btree_gist';
  END IF;
END $$;
