-- The integration hub: homework is done on a day or not done, and who has what to do.

ALTER TABLE integration_homework
  ADD CONSTRAINT valid_completion CHECK (completed_date >= assigned_date) NOT VALID;
COMMENT ON CONSTRAINT valid_completion ON integration_homework IS 'Homework is not completed before it is assigned.';

-- `is_completed` and `completed_date` say the same, whichever of them is written. Days are those of UTC.
CREATE FUNCTION praxis.keep_completion() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
  says_day CONSTANT boolean := TG_OP = 'INSERT' AND NEW.completed_date IS NOT NULL
    OR TG_OP = 'UPDATE' AND NEW.completed_date IS DISTINCT FROM OLD.completed_date;
  says_done CONSTANT boolean := TG_OP = 'INSERT' AND NEW.is_completed
    OR TG_OP = 'UPDATE' AND NEW.is_completed IS DISTINCT FROM OLD.is_completed;
BEGIN
  IF says_day AND says_done AND coalesce(NEW.is_completed, false) <> (NEW.completed_date IS NOT NULL) THEN
    RAISE EXCEPTION 'Homework is completed on a day, or it is not completed and has no such day.' USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'completed_date', CONSTRAINT = 'one_completion';
  ELSIF says_day THEN
    NEW.is_completed := NEW.completed_date IS NOT NULL;
  ELSIF says_done THEN
    NEW.completed_date := CASE WHEN NEW.is_completed THEN coalesce(NEW.completed_date, today) END;
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION praxis.keep_completion FROM PUBLIC;

CREATE TRIGGER keep_completion BEFORE INSERT OR UPDATE OF completed_date, is_completed ON integration_homework
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_completion();

-- Gives homework of a protocol, in the order given.
CREATE FUNCTION assign_homework(
  protocol_id bigint,
  homework_type text[],
  homework_type_id bigint[],
  due_date date[],
  assigned_date date[]
) RETURNS SETOF integration_homework LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  kinds bigint[];
  fault text;
BEGIN
  IF NOT EXISTS (SELECT FROM public.log_clinical_records WHERE record_id = assign_homework.protocol_id) THEN
    RAISE EXCEPTION 'There is no such protocol.' USING ERRCODE = 'PR404', TABLE = 'log_clinical_records';
  END IF;

  SELECT
    array_agg(coalesce(given.type_id, kind.homework_type_id) ORDER BY given.place),
    min(CASE
      WHEN given.type_name IS NULL AND given.type_id IS NULL THEN 'Homework needs a type'
      WHEN given.type_name IS NOT NULL AND kind.homework_type_id IS NULL THEN
        format('There is no homework "%s"', given.type_name)
      WHEN given.type_id <> kind.homework_type_id THEN format('"%s" has another key', given.type_name)
    END)
  INTO kinds, fault
  FROM unnest(assign_homework.homework_type, assign_homework.homework_type_id)
    WITH ORDINALITY AS given(type_name, type_id, place)
  LEFT JOIN public.ref_homework_types AS kind ON lower(kind.homework_name) = lower(btrim(given.type_name))
    AND kind.is_active IS NOT FALSE;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION '%. The types are: %.', fault, (
      SELECT string_agg(homework_name, ', ' ORDER BY homework_name) FROM public.ref_homework_types
      WHERE is_active IS NOT FALSE
    ) USING ERRCODE = 'PR400', TABLE = 'integration_homework', COLUMN = 'homework_type_id',
      CONSTRAINT = 'known_homework_type';
  END IF;

  RETURN QUERY
  WITH written AS (
    INSERT INTO public.integration_homework AS new (protocol_id, homework_type_id, due_date, assigned_date)
    SELECT assign_homework.protocol_id, given.kind, given.due, coalesce(given.assigned, (now() AT TIME ZONE 'UTC')::date)
    FROM unnest(kinds, assign_homework.due_date, assign_homework.assigned_date)
      WITH ORDINALITY AS given(kind, due, assigned, place)
    ORDER BY given.place
    RETURNING new.*
  )
  SELECT * FROM written ORDER BY homework_id;
END $$;

-- Ticks homework off. What is completed stays completed on its day, unless another one is given.
CREATE FUNCTION complete_homework(homework_id bigint, completed_date date DEFAULT NULL, completion_notes text DEFAULT NULL)
RETURNS integration_homework LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  written public.integration_homework;
BEGIN
  UPDATE public.integration_homework AS homework SET
    completed_date = coalesce(
      complete_homework.completed_date, homework.completed_date, (now() AT TIME ZONE 'UTC')::date),
    completion_notes = coalesce(complete_homework.completion_notes, homework.completion_notes)
  WHERE homework.homework_id = complete_homework.homework_id
  RETURNING homework.* INTO written;
  IF NOT FOUND THEN
    IF EXISTS (
      SELECT FROM public.integration_homework AS homework WHERE homework.homework_id = complete_homework.homework_id
    ) THEN
      RAISE EXCEPTION 'Only clinicians and administrators of the site can complete its homework.' USING
        ERRCODE = 'PR403', TABLE = 'integration_homework';
    END IF;
    RAISE EXCEPTION 'There is no such homework.' USING ERRCODE = 'PR404', TABLE = 'integration_homework';
  END IF;
  RETURN written;
END $$;

REVOKE ALL ON FUNCTION assign_homework, complete_homework FROM PUBLIC, anon;
GRANT EXECUTE ON FUNCTION assign_homework, complete_homework TO authenticated;

-- Where each piece of homework stands today.
CREATE VIEW homework_statuses WITH (security_invoker = true) AS
SELECT
  homework_id,
  protocol_id,
  site_id,
  homework_type_id,
  assigned_date,
  due_date,
  completed_date,
  CASE
    WHEN completed_date > due_date THEN 'completed_late'
    WHEN completed_date IS NOT NULL OR is_completed THEN 'completed_on_time'
    WHEN due_date < (now() AT TIME ZONE 'UTC')::date THEN 'overdue'
    WHEN due_date = (now() AT TIME ZONE 'UTC')::date THEN 'due_today'
    ELSE 'upcoming'
  END AS status,
  CASE WHEN completed_date IS NULL AND is_completed IS NOT TRUE AND isfinite(due_date) THEN
    due_date - (now() AT TIME ZONE 'UTC')::date
  END AS days_left
FROM integration_homework;

-- What has become of the homework of each protocol. It is counted in a subquery for each protocol, so that a key, alone
-- or of a join, reaches the index of the homework.
CREATE VIEW homework_adherences WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  protocol.site_id,
  homework.assigned,
  homework.completed,
  homework.completed_on_time,
  homework.open,
  homework.overdue,
  round(100.0 * homework.completed / nullif(homework.completed + homework.due, 0), 2)::numeric(5,2) AS adherence
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    count(*)::int AS assigned,
    count(*) FILTER (WHERE is_done)::int AS completed,
    count(*) FILTER (WHERE is_done AND coalesce(completed_date <= due_date, true))::int AS completed_on_time,
    count(*) FILTER (WHERE NOT is_done)::int AS open,
    count(*) FILTER (WHERE NOT is_done AND due_date < (now() AT TIME ZONE 'UTC')::date)::int AS overdue,
    count(*) FILTER (WHERE NOT is_done AND due_date <= (now() AT TIME ZONE 'UTC')::date)::int AS due
  FROM (
    SELECT completed_date, due_date, completed_date IS NOT NULL OR is_completed IS TRUE AS is_done
    FROM integration_homework WHERE integration_homework.protocol_id = protocol.record_id
  ) AS given
) AS homework;

REVOKE ALL ON homework_statuses, homework_adherences FROM PUBLIC, anon, authenticated;
GRANT SELECT ON homework_statuses, homework_adherences TO anon, authenticated;
