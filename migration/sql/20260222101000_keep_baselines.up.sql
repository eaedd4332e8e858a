-- The baseline of a score: the last score up to the day of the session, of the same protocol by the same instrument, in
-- the same table. It is kept in each row, because a chart of a site compares a hundred thousand scores with it, and a
-- look-up for each takes too long. So are, as in `integration_scores`, the days after the dose.
ALTER TABLE integration_scores ADD COLUMN baseline_score NUMERIC(5,2);
ALTER TABLE assessment_responses
  ADD COLUMN days_post_dose INT,
  ADD COLUMN baseline_score NUMERIC(5,2);

-- Days from a session to a measurement, in UTC; NULL where either is infinite. Up to 0 it is one from before the dose.
CREATE FUNCTION praxis.days_post_dose(session_date date, measured_at timestamptz) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN isfinite(session_date) AND isfinite(measured_at)
  THEN (measured_at AT TIME ZONE 'UTC')::date - session_date END;

-- With its owner's rights, because clients have no access to schema `praxis`.
CREATE FUNCTION praxis.keep_days_of_response() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  NEW.days_post_dose := (SELECT praxis.days_post_dose(session_date, NEW.completed_at)
    FROM public.log_clinical_records WHERE record_id = NEW.protocol_id);
  RETURN NEW;
END $$;

CREATE TRIGGER keep_days_post_dose
  BEFORE INSERT OR UPDATE OF protocol_id, completed_at, days_post_dose ON assessment_responses
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_days_of_response();

-- A session that moves to another day moves the days of its scores, and with them what is a baseline.
CREATE OR REPLACE FUNCTION praxis.renew_days_post_dose() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  UPDATE public.integration_scores SET days_post_dose = NULL WHERE protocol_id = NEW.record_id;
  UPDATE public.assessment_responses SET days_post_dose = NULL WHERE protocol_id = NEW.record_id;
  RETURN NULL;
END $$;

-- Writes the baselines of these protocols as their scores have them now, where they are wrong.
--
-- The protocols are locked first: of two transactions that write scores of the same protocol, or a score and the date
-- of its session, the second waits for the first and then sees what it wrote. The days are looked at again, since the
-- date may have moved between the row's own trigger and the lock. This holds where each statement sees what was
-- committed before it (READ COMMITTED), and where Postgres itself watches for such conflicts (SERIALIZABLE).
--
-- They run with their owner's rights: what a baseline is does not depend on who writes. Their plans are made for as
-- many protocols as there are, and not kept.
CREATE FUNCTION praxis.renew_baselines_of_scores(protocols bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  PERFORM FROM public.log_clinical_records WHERE record_id = ANY (protocols) ORDER BY record_id FOR NO KEY UPDATE;
  UPDATE public.integration_scores AS old
  SET days_post_dose = fresh.days_post_dose, baseline_score = fresh.baseline_score
  FROM (
    SELECT score_id, day.days_post_dose,
      CASE WHEN scale_type IS NOT NULL THEN
        first_value(CASE WHEN day.days_post_dose <= 0 THEN score_value END) OVER (
          PARTITION BY protocol_id, scale_type
          ORDER BY day.days_post_dose <= 0 DESC NULLS LAST, measured_at DESC, score_id DESC)
      END AS baseline_score
    FROM public.integration_scores
    JOIN public.log_clinical_records ON record_id = protocol_id
    CROSS JOIN LATERAL praxis.days_post_dose(session_date, measured_at) AS day(days_post_dose)
    WHERE protocol_id = ANY (protocols)
  ) AS fresh
  WHERE old.score_id = fresh.score_id
    AND (old.days_post_dose, old.baseline_score) IS DISTINCT FROM (fresh.days_post_dose, fresh.baseline_score);
END $$;

CREATE FUNCTION praxis.renew_baselines_of_responses(protocols bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  PERFORM FROM public.log_clinical_records WHERE record_id = ANY (protocols) ORDER BY record_id FOR NO KEY UPDATE;
  UPDATE public.assessment_responses AS old
  SET days_post_dose = fresh.days_post_dose, baseline_score = fresh.baseline_score
  FROM (
    SELECT response_id, day.days_post_dose,
      CASE WHEN assessment_id IS NOT NULL THEN
        first_value(CASE WHEN day.days_post_dose <= 0 THEN score END) OVER (
          PARTITION BY protocol_id, assessment_id
          ORDER BY day.days_post_dose <= 0 DESC NULLS LAST, completed_at DESC, response_id DESC)
      END AS baseline_score
    FROM public.assessment_responses
    JOIN public.log_clinical_records ON record_id = protocol_id
    CROSS JOIN LATERAL praxis.days_post_dose(session_date, completed_at) AS day(days_post_dose)
    WHERE protocol_id = ANY (protocols)
  ) AS fresh
  WHERE old.response_id = fresh.response_id
    AND (old.days_post_dose, old.baseline_score) IS DISTINCT FROM (fresh.days_post_dose, fresh.baseline_score);
END $$;

-- A score without a protocol has no baseline.
CREATE FUNCTION praxis.keep_no_baseline() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.baseline_score := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_no_baseline BEFORE INSERT OR UPDATE ON integration_scores
  FOR EACH ROW WHEN (NEW.protocol_id IS NULL) EXECUTE FUNCTION praxis.keep_no_baseline();
CREATE TRIGGER keep_no_baseline BEFORE INSERT OR UPDATE ON assessment_responses
  FOR EACH ROW WHEN (NEW.protocol_id IS NULL) EXECUTE FUNCTION praxis.keep_no_baseline();

-- What is there already.
SELECT praxis.renew_baselines_of_scores(protocols), praxis.renew_baselines_of_responses(protocols)
FROM (SELECT array_agg(record_id) AS protocols FROM log_clinical_records) AS existing;

-- Each statement on scores renews the protocols that it touches, once: those of new scores, and of others where one
-- from before the dose changed or went. What a client writes to the kept columns is written over. Renewing is a
-- statement on scores too; the second time it finds every row as it should be, and the third time no row at all.
--
-- What an update changed is told by EXCEPT. A join of the two versions would be planned once in a session, for as many
-- rows as the first statement has: after a statement on one row, one on many would compare each with each.
CREATE FUNCTION praxis.keep_baselines_of_scores() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  protocols bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    protocols := ARRAY(SELECT DISTINCT protocol_id FROM new_rows WHERE protocol_id IS NOT NULL);
  ELSIF TG_OP = 'DELETE' THEN
    protocols := ARRAY(SELECT DISTINCT protocol_id FROM old_rows WHERE days_post_dose <= 0);
  ELSE
    protocols := ARRAY(
      SELECT DISTINCT protocol_id FROM (
        (SELECT score_id, protocol_id, scale_type, measured_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score_value END
          FROM old_rows EXCEPT
        SELECT score_id, protocol_id, scale_type, measured_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score_value END
          FROM new_rows)
        UNION ALL
        (SELECT score_id, protocol_id, scale_type, measured_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score_value END
          FROM new_rows EXCEPT
        SELECT score_id, protocol_id, scale_type, measured_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score_value END
          FROM old_rows)
      ) AS changed
      WHERE protocol_id IS NOT NULL);
  END IF;
  IF protocols <> '{}' THEN
    PERFORM praxis.renew_baselines_of_scores(protocols);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER keep_baselines_inserted AFTER INSERT ON integration_scores
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.keep_baselines_of_scores();
CREATE TRIGGER keep_baselines_updated AFTER UPDATE ON integration_scores
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.keep_baselines_of_scores();
CREATE TRIGGER keep_baselines_deleted AFTER DELETE ON integration_scores
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.keep_baselines_of_scores();

CREATE FUNCTION praxis.keep_baselines_of_responses() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  protocols bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    protocols := ARRAY(SELECT DISTINCT protocol_id FROM new_rows WHERE protocol_id IS NOT NULL);
  ELSIF TG_OP = 'DELETE' THEN
    protocols := ARRAY(SELECT DISTINCT protocol_id FROM old_rows WHERE days_post_dose <= 0);
  ELSE
    protocols := ARRAY(
      SELECT DISTINCT protocol_id FROM (
        (SELECT response_id, protocol_id, assessment_id, completed_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score END
          FROM old_rows EXCEPT
        SELECT response_id, protocol_id, assessment_id, completed_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score END
          FROM new_rows)
        UNION ALL
        (SELECT response_id, protocol_id, assessment_id, completed_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score END
          FROM new_rows EXCEPT
        SELECT response_id, protocol_id, assessment_id, completed_at, days_post_dose, baseline_score,
          CASE WHEN days_post_dose <= 0 THEN score END
          FROM old_rows)
      ) AS changed
      WHERE protocol_id IS NOT NULL);
  END IF;
  IF protocols <> '{}' THEN
    PERFORM praxis.renew_baselines_of_responses(protocols);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER keep_baselines_inserted AFTER INSERT ON assessment_responses
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.keep_baselines_of_responses();
CREATE TRIGGER keep_baselines_updated AFTER UPDATE ON assessment_responses
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.keep_baselines_of_responses();
CREATE TRIGGER keep_baselines_deleted AFTER DELETE ON assessment_responses
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.keep_baselines_of_responses();

-- The notes for `outcomes_summary`, as they were, but for the join: renewing makes an update of every load of scores.
CREATE OR REPLACE FUNCTION praxis.note_changed_scores() RETURNS trigger
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
    SELECT DISTINCT protocol_id FROM (
      (SELECT response_id, protocol_id, assessment_id, score, completed_at FROM old_rows EXCEPT
      SELECT response_id, protocol_id, assessment_id, score, completed_at FROM new_rows)
      UNION ALL
      (SELECT response_id, protocol_id, assessment_id, score, completed_at FROM new_rows EXCEPT
      SELECT response_id, protocol_id, assessment_id, score, completed_at FROM old_rows)
    ) AS changed
    WHERE protocol_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION
  praxis.days_post_dose,
  praxis.keep_days_of_response,
  praxis.keep_no_baseline,
  praxis.renew_baselines_of_scores,
  praxis.renew_baselines_of_responses,
  praxis.keep_baselines_of_scores,
  praxis.keep_baselines_of_responses
FROM PUBLIC;
