-- `outcomes_summary` is filled from the records by `praxis.refresh_outcomes()`, which an operator or a schedule calls.

-- What counts as a good outcome, by instrument. Empty where no source gives a number; a network administrator may.
ALTER TABLE ref_assessments
  ADD COLUMN IF NOT EXISTS response_change_percent NUMERIC(5,2),
  ADD COLUMN IF NOT EXISTS remission_score NUMERIC(6,2);
ALTER TABLE ref_assessments
  ADD CONSTRAINT valid_response_change
    CHECK (response_change_percent > 0 AND (higher_is_better OR response_change_percent <= 100)),
  ADD CONSTRAINT valid_remission_score CHECK (remission_score BETWEEN min_score AND max_score);

UPDATE ref_assessments SET response_change_percent = 50
WHERE assessment_code IN ('PHQ9', 'GAD7', 'MADRS') AND response_change_percent IS NULL;
UPDATE ref_assessments SET remission_score = threshold.score
FROM (VALUES ('PHQ9', 5), ('GAD7', 5), ('MADRS', 10), ('CAPS5', 20)) AS threshold(code, score)
WHERE assessment_code = threshold.code AND remission_score IS NULL;

ALTER TABLE outcomes_summary ADD COLUMN IF NOT EXISTS remission_rate NUMERIC(5,2);
ALTER TABLE outcomes_summary ADD CONSTRAINT valid_remission_rate CHECK (remission_rate BETWEEN 0 AND 100);

-- What has changed since the last refresh: a protocol whose scores changed; a month of a site whose protocols changed;
-- or, where all is empty, everything. Rows are only added and taken, never shared between transactions: were a row for
-- the same month reused, a refresh could take it while the change that counts on it is not committed yet. Scores note
-- their protocol and not its month, which another transaction may be changing at the same time.
CREATE TABLE praxis.outcomes_changes (
  change_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  protocol_id BIGINT,
  site_id BIGINT,
  month DATE,
  CONSTRAINT valid_change CHECK ((site_id IS NULL) = (month IS NULL) AND (protocol_id IS NULL OR site_id IS NULL))
);
SELECT praxis.protect('praxis.outcomes_changes');

-- The month of a day by its first day, or NULL for days that no calendar shows: they would not fit into a time.
CREATE FUNCTION praxis.month_of(day date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN day BETWEEN '0001-01-01' AND '9999-12-31' THEN day - extract(day FROM day)::int + 1 END
$$;

-- Notes the months of sites whose completed dosing sessions changed in what a summary is made of.
CREATE FUNCTION praxis.note_changed_protocols() RETURNS trigger
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

-- Notes the protocols whose scores changed.
CREATE FUNCTION praxis.note_changed_scores() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO praxis.outcomes_changes (protocol_id)
    SELECT DISTINCT protocol_id FROM new_rows WHERE protocol_id IS NOT NULL;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO praxis.outcomes_changes (protocol_id)
    SELECT DISTINCT protocol_id FROM old_rows WHERE protocol_id IS NOT NULL;
  ELSE
    INSERT INTO praxis.outcomes_changes (protocol_id)
    SELECT DISTINCT version.protocol_id
    FROM old_rows AS earlier JOIN new_rows AS later USING (response_id)
    CROSS JOIN LATERAL (VALUES (earlier.protocol_id), (later.protocol_id)) AS version(protocol_id)
    WHERE (earlier.protocol_id, earlier.assessment_id, earlier.score, earlier.completed_at)
      IS DISTINCT FROM (later.protocol_id, later.assessment_id, later.score, later.completed_at)
      AND version.protocol_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;

-- Notes that every cell may have changed.
CREATE FUNCTION praxis.note_changed_everything() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  INSERT INTO praxis.outcomes_changes DEFAULT VALUES;
  RETURN NULL;
END $$;

-- Once for each statement, so that a load of many rows is not slowed down by each of them.
CREATE TRIGGER note_inserted AFTER INSERT ON log_clinical_records
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_protocols();
CREATE TRIGGER note_updated AFTER UPDATE ON log_clinical_records
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_protocols();
CREATE TRIGGER note_deleted AFTER DELETE ON log_clinical_records
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_protocols();
CREATE TRIGGER note_truncated AFTER TRUNCATE ON log_clinical_records
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_everything();
CREATE TRIGGER note_inserted AFTER INSERT ON assessment_responses
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_scores();
CREATE TRIGGER note_updated AFTER UPDATE ON assessment_responses
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_scores();
CREATE TRIGGER note_deleted AFTER DELETE ON assessment_responses
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_scores();
CREATE TRIGGER note_truncated AFTER TRUNCATE ON assessment_responses
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_everything();
CREATE TRIGGER note_updated
  AFTER UPDATE OF domain, higher_is_better, response_change_percent, remission_score ON ref_assessments
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_everything();
CREATE TRIGGER note_updated AFTER UPDATE OF indication_category ON ref_indications
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_everything();

-- The cells of some months of sites, given as two arrays of equal length, as the records have them now.
--
-- A protocol counts if it is a completed dosing session with a substance. It is judged by one instrument that has the
-- threshold in question, a baseline (the last score up to the day of the session) and a later score, of which the last
-- one decides: by an instrument of the field of its indication if there is one, and otherwise by the first in the
-- dictionary. From a baseline of zero there is no relative change, and who is in remission already cannot reach it:
-- neither is judged. Days are those of UTC, because a site has no time zone.
CREATE FUNCTION praxis.outcomes_of(sites bigint[], months date[]) RETURNS TABLE (
  site_id bigint,
  substance_id bigint,
  month date,
  total_protocols int,
  response_rate numeric,
  remission_rate numeric,
  adverse_event_rate numeric
)
LANGUAGE sql STABLE SET search_path = '' AS $$
  WITH protocol AS (
    SELECT record.record_id, record.site_id, record.substance_id, scope.month, record.session_date,
      record.safety_event_id, indication.indication_category
    FROM unnest(sites, months) AS scope(site_id, month)
    JOIN public.log_clinical_records AS record ON record.site_id = scope.site_id
      AND record.session_date BETWEEN scope.month AND scope.month + 30
      AND praxis.month_of(record.session_date) = scope.month
    LEFT JOIN public.ref_indications AS indication ON indication.indication_id = record.indication_id
    WHERE record.session_type = 'dosing' AND record.session_status = 'completed' AND record.substance_id IS NOT NULL
  ), score AS (
    SELECT protocol.record_id, protocol.indication_category, response.assessment_id, response.score,
      response.completed_at, response.response_id,
      (response.completed_at AT TIME ZONE 'UTC')::date <= protocol.session_date AS is_before
    FROM protocol JOIN public.assessment_responses AS response ON response.protocol_id = protocol.record_id
  ), course AS (
    SELECT record_id, indication_category, assessment_id,
      (array_agg(score ORDER BY completed_at DESC, response_id DESC) FILTER (WHERE is_before))[1] AS baseline,
      (array_agg(score ORDER BY completed_at DESC, response_id DESC) FILTER (WHERE NOT is_before))[1] AS latest
    FROM score GROUP BY record_id, indication_category, assessment_id
  ), judged AS (
    SELECT course.record_id, course.assessment_id,
      coalesce((course.indication_category, assessment.domain)
        IN (('mood', 'depression'), ('anxiety', 'anxiety'), ('trauma', 'trauma')), false) AS fits,
      CASE
        WHEN course.baseline = 0 THEN NULL
        WHEN assessment.higher_is_better
          THEN course.latest * 100 >= course.baseline * (100 + assessment.response_change_percent)
        ELSE course.latest * 100 <= course.baseline * (100 - assessment.response_change_percent)
      END AS has_response,
      CASE
        WHEN assessment.higher_is_better AND course.baseline < assessment.remission_score
          THEN course.latest >= assessment.remission_score
        WHEN NOT assessment.higher_is_better AND course.baseline >= assessment.remission_score
          THEN course.latest < assessment.remission_score
      END AS has_remission
    FROM course JOIN public.ref_assessments AS assessment ON assessment.assessment_id = course.assessment_id
    WHERE course.baseline IS NOT NULL AND course.latest IS NOT NULL
  ), outcome AS (
    SELECT record_id,
      (array_agg(has_response ORDER BY fits DESC, assessment_id) FILTER (WHERE has_response IS NOT NULL))[1]
        AS has_response,
      (array_agg(has_remission ORDER BY fits DESC, assessment_id) FILTER (WHERE has_remission IS NOT NULL))[1]
        AS has_remission
    FROM judged GROUP BY record_id
  )
  SELECT protocol.site_id, protocol.substance_id, protocol.month, count(*)::int,
    round(100.0 * count(*) FILTER (WHERE has_response) / nullif(count(has_response), 0), 2),
    round(100.0 * count(*) FILTER (WHERE has_remission) / nullif(count(has_remission), 0), 2),
    round(100.0 * count(protocol.safety_event_id) / count(*), 2)
  FROM protocol LEFT JOIN outcome ON outcome.record_id = protocol.record_id
  GROUP BY protocol.site_id, protocol.substance_id, protocol.month
$$;

-- Brings `outcomes_summary` up to date: without arguments where records have changed since the last time, with a first
-- month exactly from that one to the last (or that one alone). Answers how many cells it wrote and removed; cells that
-- are right already are not touched. One at a time: a second call waits and then finds nothing to do.
--
-- It runs with its owner's rights, because it sees every site. Who else may call it, an operator grants.
CREATE FUNCTION praxis.refresh_outcomes(
  first_month date DEFAULT NULL,
  last_month date DEFAULT NULL,
  OUT cells_written bigint,
  OUT cells_removed bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  first_day CONSTANT date := praxis.month_of(first_month);
  last_day CONSTANT date := praxis.month_of(coalesce(last_month, first_month));
  everything boolean := false;
  changed_protocols bigint[];
  changed_sites bigint[];
  changed_months date[];
  sites bigint[];
  months date[];
BEGIN
  IF (first_month IS NULL) <> (first_day IS NULL) OR (last_month IS NOT NULL AND last_day IS NULL)
    OR (first_month IS NULL AND last_month IS NOT NULL) OR first_day > last_day
  THEN
    RAISE invalid_parameter_value USING
      MESSAGE = format('there are no months from %s to %s', coalesce(first_month::text, 'nowhere'), last_month);
  END IF;
  -- A snapshot from before the lock would miss what the refresh before this one saw.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE feature_not_supported USING MESSAGE = 'outcomes are refreshed in a transaction that is READ COMMITTED';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('praxis.refresh_outcomes'));

  -- What is taken here is committed, and so is visible to the statements below. What is committed later stays for the
  -- next time.
  IF first_day IS NULL THEN
    WITH taken AS (DELETE FROM praxis.outcomes_changes RETURNING protocol_id, site_id, month)
    SELECT
      coalesce(bool_or(protocol_id IS NULL AND site_id IS NULL), false),
      array_agg(DISTINCT protocol_id) FILTER (WHERE protocol_id IS NOT NULL),
      array_agg(site_id) FILTER (WHERE site_id IS NOT NULL),
      array_agg(month) FILTER (WHERE site_id IS NOT NULL)
    INTO everything, changed_protocols, changed_sites, changed_months
    FROM taken;
  END IF;

  IF everything OR first_day IS NOT NULL THEN
    SELECT array_agg(scope.site_id), array_agg(scope.month) INTO sites, months
    FROM (
      SELECT record.site_id, praxis.month_of(record.session_date) AS month
      FROM public.log_clinical_records AS record
      WHERE everything OR record.session_date BETWEEN first_day AND last_day + 30
      UNION
      SELECT cell.site_id, cell.month FROM public.outcomes_summary AS cell WHERE cell.site_id IS NOT NULL
    ) AS scope
    WHERE everything OR scope.month BETWEEN first_day AND last_day;
  ELSE
    SELECT array_agg(scope.site_id), array_agg(scope.month) INTO sites, months
    FROM (
      SELECT changed.site_id, changed.month FROM unnest(changed_sites, changed_months) AS changed(site_id, month)
      UNION
      SELECT record.site_id, praxis.month_of(record.session_date)
      FROM public.log_clinical_records AS record WHERE record.record_id = ANY (changed_protocols)
    ) AS scope;
  END IF;

  WITH cell AS MATERIALIZED (
    SELECT * FROM praxis.outcomes_of(sites, months) AS fresh
  ), written AS (
    INSERT INTO public.outcomes_summary AS old
      (site_id, substance_id, month, total_protocols, response_rate, remission_rate, adverse_event_rate)
    SELECT cell.site_id, cell.substance_id, cell.month, cell.total_protocols, cell.response_rate, cell.remission_rate,
      cell.adverse_event_rate
    FROM cell LEFT JOIN public.outcomes_summary AS there ON there.site_id = cell.site_id
      AND there.substance_id = cell.substance_id AND there.month = cell.month
    WHERE there.summary_id IS NULL
      OR (there.total_protocols, there.response_rate, there.remission_rate, there.adverse_event_rate)
        IS DISTINCT FROM (cell.total_protocols, cell.response_rate, cell.remission_rate, cell.adverse_event_rate)
    ORDER BY cell.site_id, cell.substance_id, cell.month
    ON CONFLICT (site_id, substance_id, month) DO UPDATE SET
      total_protocols = excluded.total_protocols,
      response_rate = excluded.response_rate,
      remission_rate = excluded.remission_rate,
      adverse_event_rate = excluded.adverse_event_rate
    RETURNING 1
  ), removed AS (
    DELETE FROM public.outcomes_summary AS old
    USING unnest(sites, months) AS scope(site_id, month)
    WHERE old.site_id = scope.site_id AND old.month = scope.month AND old.substance_id IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM cell WHERE cell.site_id = old.site_id AND cell.substance_id = old.substance_id
          AND cell.month = old.month)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed) INTO cells_written, cells_removed;
END $$;

REVOKE ALL ON FUNCTION
  praxis.month_of,
  praxis.note_changed_protocols,
  praxis.note_changed_scores,
  praxis.note_changed_everything,
  praxis.outcomes_of,
  praxis.refresh_outcomes
FROM PUBLIC, anon, authenticated;

-- The first refresh computes everything.
INSERT INTO praxis.outcomes_changes DEFAULT VALUES;
