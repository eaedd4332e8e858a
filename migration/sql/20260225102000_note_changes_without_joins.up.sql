-- The notes for the summaries, as they were, but for the join of a statement's two versions. A trigger's join is planned
-- once in a session, for as many rows as the first statement has: after a statement on one row, one on many would compare
-- each with each. EXCEPT tells what changed in one pass, as it does for scores.
CREATE OR REPLACE FUNCTION praxis.note_changed_protocols() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO praxis.outcomes_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_of(session_date) FROM new_rows
    WHERE session_type = 'dosing' AND session_status = 'completed' AND substance_id IS NOT NULL
      AND praxis.month_of(session_date) IS NOT NULL;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO praxis.outcomes_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_of(session_date) FROM old_rows
    WHERE session_type = 'dosing' AND session_status = 'completed' AND substance_id IS NOT NULL
      AND praxis.month_of(session_date) IS NOT NULL;
  ELSE
    INSERT INTO praxis.outcomes_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_of(session_date) FROM (
      (SELECT record_id, site_id, session_date, session_type, session_status, substance_id, indication_id, safety_event_id
        FROM old_rows EXCEPT
      SELECT record_id, site_id, session_date, session_type, session_status, substance_id, indication_id, safety_event_id
        FROM new_rows)
      UNION ALL
      (SELECT record_id, site_id, session_date, session_type, session_status, substance_id, indication_id, safety_event_id
        FROM new_rows EXCEPT
      SELECT record_id, site_id, session_date, session_type, session_status, substance_id, indication_id, safety_event_id
        FROM old_rows)
    ) AS changed
    WHERE session_type = 'dosing' AND session_status = 'completed' AND substance_id IS NOT NULL
      AND praxis.month_of(session_date) IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION praxis.note_changed_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO praxis.activity_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_at(event_timestamp) FROM new_rows
    WHERE site_id IS NOT NULL AND event_type_id IS NOT NULL AND praxis.month_at(event_timestamp) IS NOT NULL;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO praxis.activity_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_at(event_timestamp) FROM old_rows
    WHERE site_id IS NOT NULL AND event_type_id IS NOT NULL AND praxis.month_at(event_timestamp) IS NOT NULL;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO praxis.activity_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_at(event_timestamp) FROM (
      (SELECT event_id, site_id, event_type_id, event_timestamp, protocol_id, intensity_level
        FROM old_rows EXCEPT
      SELECT event_id, site_id, event_type_id, event_timestamp, protocol_id, intensity_level
        FROM new_rows)
      UNION ALL
      (SELECT event_id, site_id, event_type_id, event_timestamp, protocol_id, intensity_level
        FROM new_rows EXCEPT
      SELECT event_id, site_id, event_type_id, event_timestamp, protocol_id, intensity_level
        FROM old_rows)
    ) AS changed
    WHERE site_id IS NOT NULL AND event_type_id IS NOT NULL AND praxis.month_at(event_timestamp) IS NOT NULL;
  ELSE
    INSERT INTO praxis.activity_changes DEFAULT VALUES;
  END IF;
  RETURN NULL;
END $$;
