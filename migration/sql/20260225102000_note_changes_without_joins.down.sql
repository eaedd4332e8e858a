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
    SELECT DISTINCT version.site_id, praxis.month_of(version.session_date)
    FROM old_rows AS earlier JOIN new_rows AS later USING (record_id)
    CROSS JOIN LATERAL (VALUES
      (earlier.site_id, earlier.session_date, earlier.session_type, earlier.session_status, earlier.substance_id),
      (later.site_id, later.session_date, later.session_type, later.session_status, later.substance_id)
    ) AS version(site_id, session_date, session_type, session_status, substance_id)
    WHERE (earlier.site_id, earlier.session_date, earlier.session_type, earlier.session_status, earlier.substance_id,
        earlier.indication_id, earlier.safety_event_id)
      IS DISTINCT FROM (later.site_id, later.session_date, later.session_type, later.session_status,
        later.substance_id, later.indication_id, later.safety_event_id)
      AND version.session_type = 'dosing' AND version.session_status = 'completed'
      AND version.substance_id IS NOT NULL AND praxis.month_of(version.session_date) IS NOT NULL;
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
    SELECT DISTINCT version.site_id, praxis.month_at(version.event_timestamp)
    FROM old_rows AS earlier JOIN new_rows AS later USING (event_id)
    CROSS JOIN LATERAL (VALUES
      (earlier.site_id, earlier.event_type_id, earlier.event_timestamp),
      (later.site_id, later.event_type_id, later.event_timestamp)
    ) AS version(site_id, event_type_id, event_timestamp)
    WHERE (earlier.site_id, earlier.event_type_id, earlier.event_timestamp, earlier.protocol_id,
        earlier.intensity_level)
      IS DISTINCT FROM (later.site_id, later.event_type_id, later.event_timestamp, later.protocol_id,
        later.intensity_level)
      AND version.site_id IS NOT NULL AND version.event_type_id IS NOT NULL
      AND praxis.month_at(version.event_timestamp) IS NOT NULL;
  ELSE
    INSERT INTO praxis.activity_changes DEFAULT VALUES;
  END IF;
  RETURN NULL;
END $$;
