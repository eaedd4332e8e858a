SELECT json_build_object('site', (SELECT to_json(s) FROM (
  SELECT
    site_name AS "siteName",
    (SELECT json_build_object('nodes', coalesce(json_agg(p), '[]')) FROM (
      SELECT
        record_id::text AS "recordId",
        session_date AS "sessionDate",
        (SELECT json_build_object('nodes', coalesce(json_agg(r), '[]')) FROM (
          SELECT
            score,
            to_char(completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "completedAt",
            (SELECT to_json(a) FROM (
              SELECT
                assessment_name AS "assessmentName",
                (SELECT json_build_object('nodes', coalesce(json_agg(b), '[]')) FROM (
                  SELECT label, min_score AS "minScore", max_score AS "maxScore"
                  FROM ref_assessment_bands
                  WHERE assessment_id = r.assessment_id
                  ORDER BY min_score, band_id
                  LIMIT 100
                ) b) AS bands
              FROM ref_assessments
              WHERE assessment_id = r.assessment_id
            ) a) AS assessment
          FROM assessment_responses r
          WHERE protocol_id = p.record_id
          ORDER BY completed_at, response_id
          LIMIT 100
        ) r) AS "assessmentResponses"
      FROM log_clinical_records p
      WHERE site_id = s.site_id
      ORDER BY session_date DESC, record_id DESC
      LIMIT 10
    ) p) AS protocols
  FROM sites s
  WHERE site_id = $site::bigint
) s))
