-- The events that were logged are found by their keys alone.
--
-- A condition that is more than a column compared with a value that is known by then (here a CASE with a subquery in it) may
-- tell of rows that a policy hides: Postgres asks the policy first, and no index of the key serves. One tap read all events
-- of the caller's sites. Their keys are gathered first; a key compared with a key keeps no secret from the index.
CREATE OR REPLACE FUNCTION log_session_events(
  protocol_id bigint,
  event_type text[],
  event_type_id bigint[],
  event_timestamp timestamptz[],
  intensity_level int[],
  notes text[],
  dose_mg numeric[],
  heart_rate int[],
  systolic_mmhg int[],
  diastolic_mmhg int[],
  oxygen_saturation int[],
  client_event_id uuid[]
) RETURNS SETOF session_events LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  kinds bigint[];
  fault text;
  unnamed bigint[];
  logged bigint[];
BEGIN
  IF NOT EXISTS (SELECT FROM public.log_clinical_records WHERE record_id = log_session_events.protocol_id) THEN
    RAISE EXCEPTION 'There is no such protocol.' USING ERRCODE = 'PR404', TABLE = 'log_clinical_records';
  END IF;

  SELECT
    array_agg(coalesce(given.type_id, kind.event_type_id) ORDER BY given.place),
    min(CASE
      WHEN given.type_name IS NULL AND given.type_id IS NULL THEN 'An event needs a type'
      WHEN given.type_name IS NOT NULL AND kind.event_type_id IS NULL THEN
        format('There is no event type "%s"', given.type_name)
      WHEN given.type_id <> kind.event_type_id THEN format('"%s" has another key', given.type_name)
    END)
  INTO kinds, fault
  FROM unnest(log_session_events.event_type, log_session_events.event_type_id)
    WITH ORDINALITY AS given(type_name, type_id, place)
  LEFT JOIN public.ref_event_types AS kind ON lower(kind.event_name) = lower(btrim(given.type_name))
    AND kind.is_active IS NOT FALSE;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION '%. The types are: %.', fault, (
      SELECT string_agg(event_name, ', ' ORDER BY event_name) FROM public.ref_event_types
      WHERE is_active IS NOT FALSE
    ) USING ERRCODE = 'PR400', TABLE = 'session_events', COLUMN = 'event_type_id', CONSTRAINT = 'known_event_type';
  END IF;

  WITH written AS (
    INSERT INTO public.session_events (protocol_id, event_type_id, event_timestamp, intensity_level, notes, dose_mg,
      heart_rate, systolic_mmhg, diastolic_mmhg, oxygen_saturation, client_event_id)
    SELECT log_session_events.protocol_id, given.kind, coalesce(given.moment, now()), given.intensity, given.note,
      given.dose, given.pulse, given.systolic, given.diastolic, given.oxygen, given.name
    FROM unnest(kinds, log_session_events.event_timestamp, log_session_events.intensity_level,
      log_session_events.notes, log_session_events.dose_mg, log_session_events.heart_rate,
      log_session_events.systolic_mmhg, log_session_events.diastolic_mmhg, log_session_events.oxygen_saturation,
      log_session_events.client_event_id)
      WITH ORDINALITY AS given(kind, moment, intensity, note, dose, pulse, systolic, diastolic, oxygen, name, place)
    WHERE given.name IS NULL OR NOT EXISTS (
      SELECT FROM public.session_events AS there
      WHERE there.protocol_id = log_session_events.protocol_id AND there.client_event_id = given.name)
    ORDER BY given.place
    ON CONFLICT (client_event_id, protocol_id) DO NOTHING
    RETURNING event_id, client_event_id
  )
  SELECT array_agg(event_id ORDER BY event_id) FILTER (WHERE client_event_id IS NULL) INTO unnamed FROM written;

  -- Statements of their own see what another transaction committed while the one above waited for it. Each event is looked up
  -- by its key, however many others there are.
  SELECT array_agg(CASE
      WHEN given.name IS NULL THEN unnamed[given.place_among_unnamed]
      ELSE (
        SELECT named.event_id FROM public.session_events AS named
        WHERE named.client_event_id = given.name AND named.protocol_id = log_session_events.protocol_id)
    END ORDER BY given.place)
  INTO logged
  FROM (
    SELECT place, name, count(*) FILTER (WHERE name IS NULL) OVER (ORDER BY place) AS place_among_unnamed
    FROM unnest(kinds, log_session_events.client_event_id) WITH ORDINALITY AS given(kind, name, place)
  ) AS given;

  RETURN QUERY
  SELECT event.*
  FROM unnest(logged) WITH ORDINALITY AS given(event_id, place)
  CROSS JOIN LATERAL (
    SELECT there.* FROM public.session_events AS there WHERE there.event_id = given.event_id LIMIT 1
  ) AS event
  ORDER BY given.place;
END $$;
