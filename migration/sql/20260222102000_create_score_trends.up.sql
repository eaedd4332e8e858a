-- Every score of every protocol beside its baseline: what a trend is drawn from.

-- How a score is judged against its baseline, by the thresholds of its instrument; NULL where it cannot be judged. The
-- rules are told in docs/decisions/0010-outcomes.md; `outcomes_summary` and `score_trends` both judge by these.
CREATE FUNCTION praxis.is_response(
  baseline numeric, score numeric, higher_is_better boolean, response_change_percent numeric
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN baseline = 0 THEN NULL
  WHEN higher_is_better THEN score * 100 >= baseline * (100 + response_change_percent)
  ELSE score * 100 <= baseline * (100 - response_change_percent)
END;

CREATE FUNCTION praxis.is_remission(
  baseline numeric, score numeric, higher_is_better boolean, remission_score numeric
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN higher_is_better AND baseline < remission_score THEN score >= remission_score
  WHEN NOT higher_is_better AND baseline >= remission_score THEN score < remission_score
END;

-- A view calls functions with its caller's rights. Clients have no access to schema `praxis` and so cannot call them by
-- themselves.
REVOKE ALL ON FUNCTION praxis.is_response, praxis.is_remission FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.is_response, praxis.is_remission TO anon, authenticated;

-- As it was, but for the judgement, which is now that of the functions above.
CREATE OR REPLACE FUNCTION praxis.outcomes_of(sites bigint[], months date[]) RETURNS TABLE (
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
    round(100.0 * count(protocol.safety_event_id) / count(*), 2)
  FROM protocol LEFT JOIN outcome ON outcome.record_id = protocol.record_id
  GROUP BY protocol.site_id, protocol.substance_id, protocol.month
$$;

-- Each half of the union is one table without a condition: so Postgres makes one list of the two, and any condition or
-- join finds its index in both. The keys of IES and EIS are looked up once for a statement. Instrument and protocol are
-- joined outside, LEFT: where a question needs neither, Postgres leaves them out.
CREATE VIEW score_trends WITH (security_invoker = true) AS
SELECT
  score.source,
  score.source_id,
  score.protocol_id,
  score.site_id,
  protocol.substance_id,
  score.assessment_id,
  score.score,
  score.measured_at,
  score.days_post_dose,
  score.baseline,
  (score.score - score.baseline)::numeric(5,2) AS change,
  ((score.score - score.baseline) * 100 / nullif(score.baseline, 0))::numeric(9,2) AS change_percent,
  (CASE assessment.higher_is_better
    WHEN true THEN score.score - score.baseline
    WHEN false THEN score.baseline - score.score
  END)::numeric(5,2) AS improvement,
  CASE WHEN score.days_post_dose > 0 THEN praxis.is_response(
    score.baseline, score.score, assessment.higher_is_better, assessment.response_change_percent) END AS is_response,
  CASE WHEN score.days_post_dose > 0 THEN praxis.is_remission(
    score.baseline, score.score, assessment.higher_is_better, assessment.remission_score) END AS is_remission
FROM (
  SELECT
    'integration'::text AS source,
    score_id AS source_id,
    protocol_id,
    site_id,
    CASE scale_type
      WHEN 'IES' THEN (SELECT assessment_id FROM ref_assessments WHERE assessment_code = 'IES')
      WHEN 'EIS' THEN (SELECT assessment_id FROM ref_assessments WHERE assessment_code = 'EIS')
    END AS assessment_id,
    score_value AS score,
    measured_at,
    days_post_dose,
    baseline_score AS baseline
  FROM integration_scores
  UNION ALL
  SELECT
    'assessment'::text,
    response_id,
    protocol_id,
    site_id,
    assessment_id,
    score,
    completed_at,
    days_post_dose,
    baseline_score
  FROM assessment_responses
) AS score
LEFT JOIN ref_assessments AS assessment ON assessment.assessment_id = score.assessment_id
LEFT JOIN log_clinical_records AS protocol ON protocol.record_id = score.protocol_id;

REVOKE ALL ON score_trends FROM PUBLIC, anon, authenticated;
GRANT SELECT ON score_trends TO anon, authenticated;
