DROP VIEW score_trends;
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
DROP FUNCTION praxis.is_remission;
DROP FUNCTION praxis.is_response;
