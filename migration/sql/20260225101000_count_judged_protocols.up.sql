-- A rate of `outcomes_summary` rests on the protocols that could be judged, which are often fewer than all of the cell.
-- The minimum of the network's benchmark counts these: otherwise a site would be shown one patient's outcome as the rate
-- of a site with many protocols.

-- Empty in rows from before the next refresh, and in rows that somebody wrote without it: what is not known to rest on
-- enough protocols is withheld.
ALTER TABLE outcomes_summary
  ADD COLUMN response_judged INT,
  ADD COLUMN remission_judged INT,
  ADD CONSTRAINT valid_response_judged CHECK (response_judged BETWEEN 0 AND total_protocols),
  ADD CONSTRAINT valid_remission_judged CHECK (remission_judged BETWEEN 0 AND total_protocols);

-- The site's own, as in its outcomes.
ALTER TABLE network_benchmarks
  ADD COLUMN response_judged INT,
  ADD COLUMN remission_judged INT;

-- As it was, and how many were judged.
DROP FUNCTION praxis.outcomes_of;
CREATE FUNCTION praxis.outcomes_of(sites bigint[], months date[]) RETURNS TABLE (
  site_id bigint,
  substance_id bigint,
  month date,
  total_protocols int,
  response_rate numeric,
  remission_rate numeric,
  adverse_event_rate numeric,
  response_judged int,
  remission_judged int
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
      praxis.is_response(course.baseline, course.latest, assessment.higher_is_better,
        assessment.response_change_percent) AS has_response,
      praxis.is_remission(course.baseline, course.latest, assessment.higher_is_better, assessment.remission_score)
        AS has_remission
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
    round(100.0 * count(protocol.safety_event_id) / count(*), 2),
    count(outcome.has_response)::int, count(outcome.has_remission)::int
  FROM protocol LEFT JOIN outcome ON outcome.record_id = protocol.record_id
  GROUP BY protocol.site_id, protocol.substance_id, protocol.month
$$;

-- As it was, and writes them.
CREATE OR REPLACE FUNCTION praxis.refresh_outcomes(
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
      (site_id, substance_id, month, total_protocols, response_rate, remission_rate, adverse_event_rate,
        response_judged, remission_judged)
    SELECT cell.site_id, cell.substance_id, cell.month, cell.total_protocols, cell.response_rate, cell.remission_rate,
      cell.adverse_event_rate, cell.response_judged, cell.remission_judged
    FROM cell LEFT JOIN public.outcomes_summary AS there ON there.site_id = cell.site_id
      AND there.substance_id = cell.substance_id AND there.month = cell.month
    WHERE there.summary_id IS NULL
      OR (there.total_protocols, there.response_rate, there.remission_rate, there.adverse_event_rate,
          there.response_judged, there.remission_judged)
        IS DISTINCT FROM (cell.total_protocols, cell.response_rate, cell.remission_rate, cell.adverse_event_rate,
          cell.response_judged, cell.remission_judged)
    ORDER BY cell.site_id, cell.substance_id, cell.month
    ON CONFLICT (site_id, substance_id, month) DO UPDATE SET
      total_protocols = excluded.total_protocols,
      response_rate = excluded.response_rate,
      remission_rate = excluded.remission_rate,
      adverse_event_rate = excluded.adverse_event_rate,
      response_judged = excluded.response_judged,
      remission_judged = excluded.remission_judged
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

-- As it was, but for what has to reach the minimum: the protocols that the rate rests on. A safety event can be told of
-- every protocol.
DROP FUNCTION praxis.benchmarks_of;
CREATE FUNCTION praxis.benchmarks_of(months date[]) RETURNS TABLE (
  site_id bigint,
  substance_id bigint,
  month date,
  total_protocols int,
  response_rate numeric,
  response_median numeric,
  response_lower_quartile numeric,
  response_upper_quartile numeric,
  response_percentile numeric,
  response_suppression text,
  remission_rate numeric,
  remission_median numeric,
  remission_lower_quartile numeric,
  remission_upper_quartile numeric,
  remission_percentile numeric,
  remission_suppression text,
  adverse_event_rate numeric,
  adverse_event_median numeric,
  adverse_event_lower_quartile numeric,
  adverse_event_upper_quartile numeric,
  adverse_event_percentile numeric,
  adverse_event_suppression text,
  response_judged int,
  remission_judged int
)
LANGUAGE sql STABLE SET search_path = '' AS $$
  WITH setting AS (
    SELECT minimum_cohort AS minimum FROM praxis.benchmark_settings
  ), measure AS (
    SELECT cell.site_id, cell.substance_id, cell.month, cell.total_protocols, cell.response_judged,
      cell.remission_judged, rate.name, rate.value,
      round(rate.value / 5) * 5 AS step,
      coalesce(rate.value IS NOT NULL AND rate.judged >= setting.minimum, false) AS contributes
    FROM setting CROSS JOIN public.outcomes_summary AS cell
    CROSS JOIN LATERAL (VALUES
      ('response', cell.response_rate, cell.response_judged),
      ('remission', cell.remission_rate, cell.remission_judged),
      ('adverse event', cell.adverse_event_rate, cell.total_protocols)
    ) AS rate(name, value, judged)
    WHERE cell.month = ANY (months) AND cell.site_id IS NOT NULL AND cell.substance_id IS NOT NULL
  ), network AS (
    SELECT measure.substance_id, measure.month, measure.name,
      count(measure.step) AS sites,
      count(*) FILTER (WHERE measure.contributes) AS contributors,
      percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY measure.step)
        FILTER (WHERE measure.contributes) AS quartiles
    FROM measure GROUP BY measure.substance_id, measure.month, measure.name
  ), placed AS (
    SELECT measure.*,
      count(*) FILTER (WHERE measure.contributes) OVER (
        PARTITION BY measure.substance_id, measure.month, measure.name ORDER BY measure.step
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP) AS below,
      count(*) FILTER (WHERE measure.contributes) OVER (
        PARTITION BY measure.substance_id, measure.month, measure.name ORDER BY measure.step
        RANGE BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW) AS equal
    FROM measure
  ), judged AS (
    SELECT placed.*, network.quartiles::numeric[] AS quartiles,
      CASE WHEN placed.step IS NOT NULL THEN
        100 * (placed.below + placed.equal / 2.0) / nullif(network.contributors - placed.contributes::int, 0)
      END AS percentile,
      CASE
        WHEN placed.month >= praxis.this_month() THEN 'month_not_over'
        WHEN network.sites - (placed.step IS NOT NULL)::int < setting.minimum THEN 'too_few_sites'
        WHEN network.contributors - placed.contributes::int < setting.minimum THEN 'too_few_protocols'
      END AS suppression
    FROM setting CROSS JOIN placed JOIN network ON network.substance_id = placed.substance_id
      AND network.month = placed.month AND network.name = placed.name
  ), shown AS (
    SELECT judged.site_id, judged.substance_id, judged.month, judged.total_protocols, judged.response_judged,
      judged.remission_judged, judged.name, judged.value, judged.suppression,
      CASE WHEN judged.suppression IS NULL THEN judged.quartiles[1] END AS lower_quartile,
      CASE WHEN judged.suppression IS NULL THEN judged.quartiles[2] END AS median,
      CASE WHEN judged.suppression IS NULL THEN judged.quartiles[3] END AS upper_quartile,
      CASE WHEN judged.suppression IS NULL THEN round(judged.percentile, 2) END AS percentile
    FROM judged
  )
  SELECT shown.site_id, shown.substance_id, shown.month, shown.total_protocols,
    max(shown.value) FILTER (WHERE shown.name = 'response'),
    max(shown.median) FILTER (WHERE shown.name = 'response'),
    max(shown.lower_quartile) FILTER (WHERE shown.name = 'response'),
    max(shown.upper_quartile) FILTER (WHERE shown.name = 'response'),
    max(shown.percentile) FILTER (WHERE shown.name = 'response'),
    max(shown.suppression) FILTER (WHERE shown.name = 'response'),
    max(shown.value) FILTER (WHERE shown.name = 'remission'),
    max(shown.median) FILTER (WHERE shown.name = 'remission'),
    max(shown.lower_quartile) FILTER (WHERE shown.name = 'remission'),
    max(shown.upper_quartile) FILTER (WHERE shown.name = 'remission'),
    max(shown.percentile) FILTER (WHERE shown.name = 'remission'),
    max(shown.suppression) FILTER (WHERE shown.name = 'remission'),
    max(shown.value) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.median) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.lower_quartile) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.upper_quartile) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.percentile) FILTER (WHERE shown.name = 'adverse event'),
    max(shown.suppression) FILTER (WHERE shown.name = 'adverse event'),
    shown.response_judged, shown.remission_judged
  FROM shown
  GROUP BY shown.site_id, shown.substance_id, shown.month, shown.total_protocols, shown.response_judged,
    shown.remission_judged
$$;

-- As it was, and writes how many were judged.
CREATE OR REPLACE FUNCTION praxis.refresh_benchmarks(OUT cells_written bigint, OUT cells_removed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  everything boolean;
  changed_months date[];
  months date[];
BEGIN
  PERFORM praxis.begin_refresh();
  WITH taken AS (DELETE FROM praxis.benchmark_changes RETURNING month)
  SELECT coalesce(bool_or(taken.month IS NULL), false), array_agg(DISTINCT taken.month)
  INTO everything, changed_months FROM taken;

  SELECT array_agg(scope.month) INTO months
  FROM (
    SELECT unnest(changed_months) AS month
    UNION SELECT cell.month FROM public.outcomes_summary AS cell WHERE everything
    UNION SELECT benchmark.month FROM public.network_benchmarks AS benchmark
    WHERE everything OR benchmark.response_suppression = 'month_not_over' AND benchmark.month < praxis.this_month()
  ) AS scope;

  WITH fresh AS MATERIALIZED (
    SELECT * FROM praxis.benchmarks_of(months)
  ), written AS (
    INSERT INTO public.network_benchmarks AS old
    SELECT fresh.* FROM fresh LEFT JOIN public.network_benchmarks AS there ON there.site_id = fresh.site_id
      AND there.substance_id = fresh.substance_id AND there.month = fresh.month
    WHERE there IS DISTINCT FROM fresh
    ON CONFLICT (site_id, substance_id, month) DO UPDATE SET
      total_protocols = excluded.total_protocols,
      response_rate = excluded.response_rate,
      response_median = excluded.response_median,
      response_lower_quartile = excluded.response_lower_quartile,
      response_upper_quartile = excluded.response_upper_quartile,
      response_percentile = excluded.response_percentile,
      response_suppression = excluded.response_suppression,
      remission_rate = excluded.remission_rate,
      remission_median = excluded.remission_median,
      remission_lower_quartile = excluded.remission_lower_quartile,
      remission_upper_quartile = excluded.remission_upper_quartile,
      remission_percentile = excluded.remission_percentile,
      remission_suppression = excluded.remission_suppression,
      adverse_event_rate = excluded.adverse_event_rate,
      adverse_event_median = excluded.adverse_event_median,
      adverse_event_lower_quartile = excluded.adverse_event_lower_quartile,
      adverse_event_upper_quartile = excluded.adverse_event_upper_quartile,
      adverse_event_percentile = excluded.adverse_event_percentile,
      adverse_event_suppression = excluded.adverse_event_suppression,
      response_judged = excluded.response_judged,
      remission_judged = excluded.remission_judged
    RETURNING 1
  ), removed AS (
    DELETE FROM public.network_benchmarks AS old
    WHERE old.month = ANY (months) AND NOT EXISTS (
      SELECT FROM fresh WHERE fresh.site_id = old.site_id AND fresh.substance_id = old.substance_id
        AND fresh.month = old.month)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed) INTO cells_written, cells_removed;
END $$;

REVOKE ALL ON FUNCTION praxis.outcomes_of, praxis.benchmarks_of FROM PUBLIC, anon, authenticated;

-- The next refresh counts everything again.
INSERT INTO praxis.outcomes_changes DEFAULT VALUES;
INSERT INTO praxis.benchmark_changes DEFAULT VALUES;
