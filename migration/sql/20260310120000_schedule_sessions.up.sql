-- Scheduling: a therapist is in one session at a time, and a session takes legal steps only.

-- What an exclusion constraint compares keys with; a database that has it keeps its own.
INSERT INTO praxis.baseline
  SELECT 'extension btree_gist' WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist');
DO $$
BEGIN
  IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'extension btree_gist') THEN
    EXECUTE format('CREATE EXTENSION btree_gist SCHEMA %s',
      (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm'));
  END IF;
END $$;

-- The time that a session takes. Minutes are as long everywhere, so that an index can rely on it; days are not.
CREATE FUNCTION therapyflow.session_period(scheduled_at timestamptz, duration_minutes integer) RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tstzrange(scheduled_at, scheduled_at + duration_minutes * interval '1 minute');
REVOKE ALL ON FUNCTION therapyflow.session_period FROM PUBLIC;
GRANT EXECUTE ON FUNCTION therapyflow.session_period TO anon, authenticated;

ALTER TABLE therapyflow.sessions ADD CONSTRAINT one_session_at_a_time EXCLUDE USING gist (
  therapist_id WITH =, therapyflow.session_period(scheduled_at, duration_minutes) WITH &&
) WHERE (status <> 'cancelled');
COMMENT ON CONSTRAINT one_session_at_a_time ON therapyflow.sessions IS
  'The therapist has another session at that time.';

-- A session is scheduled, then in progress, then completed; until it is completed it can be cancelled. Only what is still
-- scheduled can be moved. The rules bind people; maintenance, which acts for no account, brings in what happened elsewhere.
CREATE FUNCTION therapyflow.check_session() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF auth.uid() IS NULL THEN
    RETURN NEW;
  ELSIF TG_OP = 'INSERT' THEN
    NEW.status := 'scheduled';
    NEW.started_at := NULL;
    RETURN NEW;
  END IF;
  IF NEW.status IS DISTINCT FROM OLD.status THEN
    IF (OLD.status, NEW.status) NOT IN (
      ('scheduled', 'in_progress'), ('in_progress', 'completed'), ('scheduled', 'cancelled'), ('in_progress', 'cancelled')
    ) THEN
      RAISE EXCEPTION 'A session that is % cannot become %.', replace(OLD.status, '_', ' '), replace(NEW.status, '_', ' ')
      USING ERRCODE = 'PR409', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'status',
        CONSTRAINT = 'session_transition';
    ELSIF NEW.status = 'in_progress' THEN
      NEW.started_at := now();
    END IF;
  END IF;
  IF OLD.status <> 'scheduled'
    AND (NEW.scheduled_at, NEW.duration_minutes) IS DISTINCT FROM (OLD.scheduled_at, OLD.duration_minutes)
  THEN
    RAISE EXCEPTION 'A session that is % cannot be moved.', replace(OLD.status, '_', ' ') USING
      ERRCODE = 'PR409', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'scheduled_at',
      CONSTRAINT = 'only_scheduled_sessions_move';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION therapyflow.check_session FROM PUBLIC;
CREATE TRIGGER check_session BEFORE INSERT OR UPDATE ON therapyflow.sessions
  FOR EACH ROW EXECUTE FUNCTION therapyflow.check_session();

-- Steps by their names. A step that was taken already is not taken again, and not refused.
CREATE FUNCTION therapyflow.schedule_session(
  patient_id uuid, scheduled_at timestamptz, duration_minutes integer DEFAULT 50, therapist_id uuid DEFAULT NULL
) RETURNS therapyflow.sessions LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  written therapyflow.sessions;
BEGIN
  IF NOT EXISTS (SELECT FROM therapyflow.patients WHERE id = schedule_session.patient_id) THEN
    RAISE EXCEPTION 'There is no such patient.' USING ERRCODE = 'PR404', SCHEMA = 'therapyflow', TABLE = 'patients';
  END IF;
  INSERT INTO therapyflow.sessions AS new (therapist_id, patient_id, scheduled_at, duration_minutes) VALUES (
    coalesce(schedule_session.therapist_id, therapyflow.current_therapist_id()), schedule_session.patient_id,
    schedule_session.scheduled_at, coalesce(schedule_session.duration_minutes, 50)
  ) RETURNING new.* INTO written;
  RETURN written;
END $$;

CREATE FUNCTION therapyflow.move_session_to(session_id uuid, new_status text) RETURNS therapyflow.sessions
LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  written therapyflow.sessions;
BEGIN
  UPDATE therapyflow.sessions AS session SET status = new_status
  WHERE session.id = session_id RETURNING session.* INTO written;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM therapyflow.sessions AS session WHERE session.id = session_id) THEN
      RAISE EXCEPTION 'Only the therapist of a session and administrators change it.' USING
        ERRCODE = 'PR403', SCHEMA = 'therapyflow', TABLE = 'sessions';
    END IF;
    RAISE EXCEPTION 'There is no such session.' USING ERRCODE = 'PR404', SCHEMA = 'therapyflow', TABLE = 'sessions';
  END IF;
  RETURN written;
END $$;

CREATE FUNCTION therapyflow.start_session(session_id uuid) RETURNS therapyflow.sessions
LANGUAGE sql SET search_path = '' AS $$
  SELECT * FROM therapyflow.move_session_to(session_id, 'in_progress')
$$;

CREATE FUNCTION therapyflow.complete_session(session_id uuid) RETURNS therapyflow.sessions
LANGUAGE sql SET search_path = '' AS $$
  SELECT * FROM therapyflow.move_session_to(session_id, 'completed')
$$;

CREATE FUNCTION therapyflow.cancel_session(session_id uuid) RETURNS therapyflow.sessions
LANGUAGE sql SET search_path = '' AS $$
  SELECT * FROM therapyflow.move_session_to(session_id, 'cancelled')
$$;

-- When a therapist has sessions, for whoever works for the same organization; NULL for everybody else. It runs with its
-- owner's rights, because a therapist does not see the sessions of a colleague: when they are is told, and nothing else.
CREATE FUNCTION therapyflow.busy_times(therapist uuid, during tstzrange) RETURNS tstzmultirange
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  org CONSTANT uuid := therapyflow.staff_org_id();
BEGIN
  IF NOT EXISTS (SELECT FROM therapyflow.therapists WHERE id = therapist AND org_id = org) THEN
    RETURN NULL;
  END IF;
  RETURN (
    SELECT coalesce(range_agg(therapyflow.session_period(scheduled_at, duration_minutes)), '{}')
    FROM therapyflow.sessions
    WHERE therapist_id = therapist AND status <> 'cancelled'
      AND therapyflow.session_period(scheduled_at, duration_minutes) && during
  );
END $$;

-- Slots between two times in which a therapist has no session, as many as fit: each stretch between two sessions is cut from
-- its beginning. At most a year is looked at.
CREATE FUNCTION therapyflow.free_slots(
  earliest timestamptz, latest timestamptz, therapist_id uuid DEFAULT NULL, slot_minutes integer DEFAULT 50
) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH asked AS (
    SELECT
      CASE WHEN free_slots.earliest < free_slots.latest AND isfinite(free_slots.earliest) THEN
        tstzrange(free_slots.earliest, least(free_slots.latest, free_slots.earliest + interval '366 days'))
      END AS span,
      CASE WHEN free_slots.slot_minutes > 0 THEN free_slots.slot_minutes * interval '1 minute' END AS length,
      coalesce(free_slots.therapist_id, (SELECT therapyflow.current_therapist_id())) AS therapist
  )
  SELECT slot.starts_at, slot.starts_at + asked.length
  FROM asked
  CROSS JOIN LATERAL unnest(
    tstzmultirange(asked.span) - therapyflow.busy_times(asked.therapist, asked.span)) AS stretch(period)
  CROSS JOIN LATERAL generate_series(lower(stretch.period), upper(stretch.period) - asked.length, asked.length)
    AS slot(starts_at);
END;

REVOKE ALL ON FUNCTION
  therapyflow.schedule_session, therapyflow.move_session_to, therapyflow.start_session, therapyflow.complete_session,
  therapyflow.cancel_session, therapyflow.busy_times, therapyflow.free_slots
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  therapyflow.schedule_session, therapyflow.move_session_to, therapyflow.start_session, therapyflow.complete_session,
  therapyflow.cancel_session
TO authenticated;
GRANT EXECUTE ON FUNCTION therapyflow.busy_times, therapyflow.free_slots TO anon, authenticated;
