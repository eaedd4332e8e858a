-- The session logger: doses and vital signs as values, and events that are never written twice.

ALTER TABLE ref_event_types
  ADD COLUMN records_dose BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN records_vitals BOOLEAN NOT NULL DEFAULT FALSE;
GRANT INSERT (records_dose, records_vitals), UPDATE (records_dose, records_vitals) ON ref_event_types TO authenticated;
UPDATE ref_event_types SET records_dose = true WHERE event_name = 'Booster Dose';
UPDATE ref_event_types SET records_vitals = true WHERE event_name = 'Vital Signs Check';

-- A device that was offline names its events itself. A name that is there already is not written again. Its column comes
-- first in the key, so that this index is not taken for the events of a protocol, which want to be in order of time.
ALTER TABLE session_events
  ADD COLUMN client_event_id UUID,
  ADD COLUMN dose_mg NUMERIC(6,2) CONSTRAINT valid_dose CHECK (dose_mg > 0),
  ADD COLUMN heart_rate INT CONSTRAINT valid_heart_rate CHECK (heart_rate BETWEEN 20 AND 300),
  ADD COLUMN systolic_mmhg INT CONSTRAINT valid_systolic CHECK (systolic_mmhg BETWEEN 40 AND 300),
  ADD COLUMN diastolic_mmhg INT CONSTRAINT valid_diastolic CHECK (diastolic_mmhg BETWEEN 20 AND 200),
  ADD COLUMN oxygen_saturation INT CONSTRAINT valid_oxygen_saturation CHECK (oxygen_saturation BETWEEN 30 AND 100),
  ADD CONSTRAINT valid_blood_pressure CHECK (systolic_mmhg > diastolic_mmhg),
  ADD CONSTRAINT session_events_client_event_id_key UNIQUE (client_event_id, protocol_id);
COMMENT ON CONSTRAINT valid_dose ON session_events IS 'A dose is more than 0 mg.';
COMMENT ON CONSTRAINT valid_heart_rate ON session_events IS 'A heart rate lies between 20 and 300 beats per minute.';
COMMENT ON CONSTRAINT valid_systolic ON session_events IS
  'A systolic blood pressure lies between 40 and 300 mmHg.';
COMMENT ON CONSTRAINT valid_diastolic ON session_events IS
  'A diastolic blood pressure lies between 20 and 200 mmHg.';
COMMENT ON CONSTRAINT valid_oxygen_saturation ON session_events IS
  'An oxygen saturation lies between 30 and 100 percent.';
COMMENT ON CONSTRAINT valid_blood_pressure ON session_events IS
  'The systolic blood pressure is higher than the diastolic.';
COMMENT ON CONSTRAINT session_events_client_event_id_key ON session_events IS
  'This event of the protocol is there already.';
GRANT INSERT (client_event_id, dose_mg, heart_rate, systolic_mmhg, diastolic_mmhg, oxygen_saturation)
  ON session_events TO authenticated;

-- What an event may hold follows from its type. What it must hold, and that it lies in no future, is asked of people only:
-- maintenance brings in events that were recorded elsewhere, before doses and vital signs had columns of their own.
CREATE FUNCTION praxis.check_event() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  has_dose CONSTANT boolean := NEW.dose_mg IS NOT NULL;
  has_vitals CONSTANT boolean :=
    num_nonnulls(NEW.heart_rate, NEW.systolic_mmhg, NEW.diastolic_mmhg, NEW.oxygen_saturation) > 0;
  is_logged_by_a_person CONSTANT boolean := auth.uid() IS NOT NULL;
  kind public.ref_event_types;
BEGIN
  -- Clocks of devices differ by a little.
  IF is_logged_by_a_person AND NEW.event_timestamp > now() + interval '5 minutes' THEN
    RAISE EXCEPTION 'An event cannot lie in the future.' USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'event_timestamp', CONSTRAINT = 'event_in_the_future';
  END IF;
  IF NOT (has_dose OR has_vitals OR is_logged_by_a_person) THEN
    RETURN NEW;
  END IF;

  SELECT * INTO kind FROM public.ref_event_types WHERE event_type_id = NEW.event_type_id;
  IF has_dose AND kind.records_dose IS NOT TRUE THEN
    RAISE EXCEPTION '% records no dose.', coalesce(kind.event_name, 'An event without a type') USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'dose_mg', CONSTRAINT = 'event_without_dose';
  ELSIF has_vitals AND kind.records_vitals IS NOT TRUE THEN
    RAISE EXCEPTION '% records no vital signs.', coalesce(kind.event_name, 'An event without a type') USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, CONSTRAINT = 'event_without_vitals';
  ELSIF is_logged_by_a_person AND kind.records_dose AND NOT has_dose THEN
    RAISE EXCEPTION '% needs the dose in milligrams.', kind.event_name USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'dose_mg', CONSTRAINT = 'event_needs_dose';
  ELSIF is_logged_by_a_person AND kind.records_vitals AND NOT has_vitals THEN
    RAISE EXCEPTION
      '% needs at least one of heart rate, blood pressure and oxygen saturation.', kind.event_name USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, CONSTRAINT = 'event_needs_vitals';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION praxis.check_event FROM PUBLIC;

CREATE TRIGGER check_event
  BEFORE INSERT OR UPDATE OF event_type_id, event_timestamp, dose_mg, heart_rate, systolic_mmhg, diastolic_mmhg,
    oxygen_saturation ON session_events
  FOR EACH ROW EXECUTE FUNCTION praxis.check_event();

-- Logs events of a protocol in one statement, and gives all of them in the order given: those that were there already
-- under their names as they are, those without a name always anew. Two at a time for the same names: the second waits,
-- and finds what the first wrote.
CREATE FUNCTION log_session_events(
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

  -- A statement of its own sees what another transaction committed while the one above waited for it. Each event is looked
  -- up by its key, however many others there are.
  RETURN QUERY
  SELECT event.*
  FROM (
    SELECT place, name, count(*) FILTER (WHERE name IS NULL) OVER (ORDER BY place) AS place_among_unnamed
    FROM unnest(kinds, log_session_events.client_event_id) WITH ORDINALITY AS given(kind, name, place)
  ) AS given
  CROSS JOIN LATERAL (
    SELECT there.* FROM public.session_events AS there
    WHERE there.event_id = CASE
      WHEN given.name IS NULL THEN unnamed[given.place_among_unnamed]
      ELSE (SELECT named.event_id FROM public.session_events AS named
        WHERE named.protocol_id = log_session_events.protocol_id AND named.client_event_id = given.name)
    END
    LIMIT 1
  ) AS event
  ORDER BY given.place;
END $$;

-- One tap: the same for one event.
CREATE FUNCTION log_session_event(
  protocol_id bigint,
  event_type text DEFAULT NULL,
  event_type_id bigint DEFAULT NULL,
  event_timestamp timestamptz DEFAULT now(),
  intensity_level int DEFAULT NULL,
  notes text DEFAULT NULL,
  dose_mg numeric DEFAULT NULL,
  heart_rate int DEFAULT NULL,
  systolic_mmhg int DEFAULT NULL,
  diastolic_mmhg int DEFAULT NULL,
  oxygen_saturation int DEFAULT NULL,
  client_event_id uuid DEFAULT NULL
) RETURNS session_events LANGUAGE sql SET search_path = '' AS $$
  SELECT * FROM public.log_session_events(
    protocol_id, ARRAY[event_type], ARRAY[event_type_id], ARRAY[event_timestamp], ARRAY[intensity_level], ARRAY[notes],
    ARRAY[dose_mg], ARRAY[heart_rate], ARRAY[systolic_mmhg], ARRAY[diastolic_mmhg], ARRAY[oxygen_saturation],
    ARRAY[client_event_id])
$$;

REVOKE ALL ON FUNCTION log_session_events, log_session_event FROM PUBLIC, anon;
GRANT EXECUTE ON FUNCTION log_session_events, log_session_event TO authenticated;
