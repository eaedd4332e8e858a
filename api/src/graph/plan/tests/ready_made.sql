-- The statements of the ready-made queries, without quotes and schema.

-- Timeline
SELECT count(*) FROM log_clinical_records t;
SELECT q.* FROM (SELECT t.record_id, t.session_date, t.substance_id, t.record_id AS o0 FROM log_clinical_records t
  ORDER BY t.record_id LIMIT 32) q LIMIT $1::int8;
SELECT t.substance_id, t.substance_name, t.rxnorm_cui, t.substance_class, t.primary_mechanism, t.receptor_5ht2a_ki, t.receptor_5ht1a_ki, t.receptor_5ht2c_ki, t.receptor_d2_ki, t.receptor_sert_ki, t.receptor_nmda_ki, t.is_active, t.created_at FROM ref_substances t;
SELECT p.*
  FROM unnest((SELECT $1::bigint[])) k(k0)
  CROSS JOIN LATERAL (SELECT q.* FROM (SELECT t.protocol_id, t.event_timestamp, t.intensity_level, t.event_type_id FROM session_events t WHERE t.protocol_id = ANY (ARRAY[k.k0])
  ORDER BY t.protocol_id, t.event_timestamp, t.event_id LIMIT 128) q LIMIT $2::int8) p;
SELECT t.event_type_id, t.event_name, t.color_code, t.icon_name, t.is_active, t.records_dose, t.records_vitals, t.created_at FROM ref_event_types t;

-- One protocol
SELECT t.record_id, j1.site_id, j1.site_name FROM log_clinical_records t LEFT JOIN sites j1 ON j1.site_id = t.site_id WHERE t.record_id = $1::int8;
SELECT q.* FROM (SELECT t.protocol_id, t.event_id, t.notes, t.event_timestamp AS o0, t.event_id AS o1 FROM session_events t WHERE t.protocol_id = ANY (ARRAY[$1::int8]) AND (EXISTS (SELECT 1 FROM ref_event_types a1 WHERE a1.event_type_id = t.event_type_id AND ((a1.event_name = ANY ($2::text[])))))
  ORDER BY t.protocol_id DESC, t.event_timestamp DESC, t.event_id DESC LIMIT 32) q LIMIT $3::int8;
SELECT q.* FROM (SELECT t.protocol_id, t.measured_at, t.score_value, t.days_post_dose FROM integration_scores t WHERE t.protocol_id = ANY (ARRAY[$1::int8]) AND ((t.scale_type = $2::text))
  ORDER BY t.protocol_id, t.measured_at, t.score_id LIMIT 128) q LIMIT $3::int8;
SELECT q.* FROM (SELECT t.protocol_id, t.due_date, t.is_completed, t.homework_type_id FROM integration_homework t WHERE t.protocol_id = ANY (ARRAY[$1::int8])
  ORDER BY t.protocol_id, t.due_date, t.homework_id LIMIT 128) q LIMIT $2::int8;
SELECT t.homework_type_id, t.homework_name, t.description, t.typical_duration_minutes, t.is_active, t.created_at FROM ref_homework_types t;

-- Directory
SELECT count(*) FROM practitioner_profiles t WHERE ((t.specialties && $1::text[]) AND (t.modalities @> $2::text[]) AND (t.hourly_rate <= $3::numeric) AND (t.is_accepting_supervision = $4::bool));
SELECT q.* FROM (SELECT t.display_name, t.specialties, t.modalities, t.years_experience, t.hourly_rate FROM practitioner_profiles t WHERE ((t.specialties && $1::text[]) AND (t.modalities @> $2::text[]) AND (t.hourly_rate <= $3::numeric) AND (t.is_accepting_supervision = $4::bool))
  ORDER BY t.years_experience DESC NULLS LAST, t.profile_id DESC LIMIT 32) q LIMIT $5::int8;

-- Protocol builder
SELECT q.* FROM (SELECT t.medication_id, t.medication_name, t.drug_class, t.rxnorm_cui, t.has_contraindication, t.contraindication_notes, t.is_active, t.created_at, t.updated_at FROM ref_medications t WHERE ((t.is_active = $1::bool))
  ORDER BY t.medication_name, t.medication_id LIMIT 128) q LIMIT $2::int8;

-- Scores by week
WITH g AS (SELECT t.#0 AS c0, t.#b AS b, GROUPING(t.#b) AS kind, count(*) AS c1, avg(t.score_value)::float8 AS c2, stddev_samp(t.score_value)::float8 AS c3 FROM (SELECT t.*, CASE WHEN t.#s::time < '21:00' AND t.measured_at >= '1970-01-01' OR (t.measured_at - interval '24 hours') AT TIME ZONE $1::text = t.#s - interval '24 hours' THEN date_trunc('week', t.#s) WHEN t.measured_at >= (SELECT b FROM (SELECT s, CASE WHEN (p - d) AT TIME ZONE $1::text = s THEN p - d ELSE p END AS b FROM (SELECT s, p, (p - interval '24 hours') AT TIME ZONE $1::text + interval '24 hours' - s AS d FROM (SELECT s, s AT TIME ZONE $1::text AS p FROM (SELECT (date_trunc('week', t.#s) + interval '7 days') AS s OFFSET 0) s OFFSET 0) s OFFSET 0) s) s) THEN (date_trunc('week', t.#s) + interval '7 days') ELSE date_trunc('week', t.#s) END AS #b FROM (SELECT t.*, t.scale_type AS #0, (t.measured_at AT TIME ZONE $2::text) AS #s FROM integration_scores t WHERE t.measured_at >= '1900-01-01Z'::timestamptz AND t.measured_at < '2100-01-01Z'::timestamptz OFFSET 0) t) t GROUP BY GROUPING SETS ((t.#0), (t.#0, t.#b))), top AS (SELECT row_number() OVER (
  ORDER BY g.c0) AS n, g.* FROM g WHERE g.kind = 1
  ORDER BY n LIMIT $3::int8), span AS (SELECT (SELECT min(g.b) FROM g) AS first, (SELECT max(g.b) FROM g) AS last), grid AS MATERIALIZED (SELECT s, least(greatest(b, '0001-01-01 00:00:00+00 BC'), '9999-12-31 23:59:59.999999+00') AS b, least(greatest(e, '0001-01-01 00:00:00+00 BC'), '9999-12-31 23:59:59.999999+00') AS e FROM (SELECT s, b, e FROM (SELECT s, b, lead(b) OVER (ORDER BY s) AS e FROM (SELECT s, CASE WHEN (p - d) AT TIME ZONE $4::text = s THEN p - d WHEN p AT TIME ZONE $4::text = s THEN p ELSE (WITH RECURSIVE gap AS (SELECT date_trunc('second', p - (p AT TIME ZONE $4::text - s)) AS b, date_trunc('second', p + interval '999999 microseconds') AS e UNION ALL SELECT CASE WHEN m AT TIME ZONE $4::text < s THEN m ELSE b END, CASE WHEN m AT TIME ZONE $4::text < s THEN e ELSE m END FROM (SELECT b, e, date_trunc('second', b + (e - b) / 2) AS m FROM gap WHERE e - b > interval '1 second') h) SELECT min(e) FROM gap) END AS b FROM (SELECT s, p, (p - interval '24 hours') AT TIME ZONE $4::text + interval '24 hours' - s AS d FROM (SELECT s, s AT TIME ZONE $4::text AS p FROM (SELECT generate_series((SELECT first FROM span), (SELECT last FROM span) + interval '7 days', interval '7 days') AS s LIMIT 10002) s OFFSET 0) s OFFSET 0) s) s) s WHERE b < e) s) SELECT top.n, 1 AS kind, NULL::timestamptz AS b, NULL::timestamptz AS e, top.c0, top.c1, top.c2, top.c3 FROM top UNION ALL SELECT top.n, coalesce(g.kind, 2), grid.b, grid.e, top.c0, g.c1, g.c2, g.c3 FROM top CROSS JOIN grid LEFT JOIN g ON g.kind = 0 AND g.b = grid.s AND g.c0 IS NOT DISTINCT FROM top.c0
  ORDER BY 1, 3 NULLS FIRST LIMIT 10001;

-- Events by type
SELECT q.* FROM (SELECT g.* FROM (SELECT a1.event_name AS c0, a1.color_code AS c1, avg(t.intensity_level)::float8 AS c2, count(*) AS c3, percentile_cont($1::float8) WITHIN GROUP (ORDER BY t.intensity_level::float8) AS c4 FROM session_events t LEFT JOIN ref_event_types a1 ON a1.event_type_id = t.event_type_id GROUP BY 1, 2) g WHERE (((g.c3 >= $2::int8)))
  ORDER BY g.c2 DESC NULLS LAST, g.c0 DESC, g.c1 DESC LIMIT 128) q LIMIT $3::int8;

-- Beside the network
SELECT q.* FROM (SELECT t.month, t.site_id, t.substance_id, t.total_protocols, t.response_rate, t.response_lower_quartile, t.response_median, t.response_upper_quartile, t.response_percentile, t.response_suppression FROM network_benchmarks t LEFT JOIN ref_substances a1 ON a1.substance_id = t.substance_id
  ORDER BY t.month DESC, a1.substance_name, t.site_id, t.substance_id LIMIT 128) q LIMIT $1::int8;
SELECT t.site_id, t.site_name
  FROM unnest((SELECT $1::bigint[])) k(k0)
  CROSS JOIN LATERAL (SELECT t.* FROM sites t WHERE t.site_id = k.k0 OFFSET 0) t;
SELECT t.substance_id, t.substance_name, t.rxnorm_cui, t.substance_class, t.primary_mechanism, t.receptor_5ht2a_ki, t.receptor_5ht1a_ki, t.receptor_5ht2c_ki, t.receptor_d2_ki, t.receptor_sert_ki, t.receptor_nmda_ki, t.is_active, t.created_at FROM ref_substances t;

-- Activity by site
SELECT q.* FROM (SELECT g.* FROM (SELECT a1.site_name AS c0, a2.event_name AS c1, sum(t.event_count) AS c2, sum(t.intensity_count) AS c3, sum(t.intensity_sum) AS c4, max(t.intensity_max) AS c5 FROM session_activities t LEFT JOIN sites a1 ON a1.site_id = t.site_id LEFT JOIN ref_event_types a2 ON a2.event_type_id = t.event_type_id GROUP BY 1, 2) g
  ORDER BY g.c0, g.c2 DESC, g.c1 DESC LIMIT 128) q LIMIT $1::int8;

-- Session chart
SELECT t.record_id, t.session_date, t.substance_id FROM log_clinical_records t WHERE t.record_id = $1::int8;
SELECT t.substance_id, t.substance_name, t.rxnorm_cui, t.substance_class, t.primary_mechanism, t.receptor_5ht2a_ki, t.receptor_5ht1a_ki, t.receptor_5ht2c_ki, t.receptor_d2_ki, t.receptor_sert_ki, t.receptor_nmda_ki, t.is_active, t.created_at FROM ref_substances t;
SELECT count(*), max(t.offset_seconds), max(t.gap_seconds) FROM timeline_events t WHERE t.protocol_id = $1::int8;
SELECT q.* FROM (SELECT t.protocol_id, t.sequence, t.event_timestamp, t.offset_seconds, t.gap_seconds, t.intensity_level, t.notes, t.event_type_id FROM timeline_events t WHERE t.protocol_id = ANY (ARRAY[$1::int8])
  ORDER BY t.protocol_id, t.event_timestamp, t.protocol_id, t.event_id LIMIT 512) q LIMIT $2::int8;
SELECT t.event_type_id, t.event_name, t.color_code, t.icon_name, t.is_active, t.records_dose, t.records_vitals, t.created_at FROM ref_event_types t;
SELECT p.*, k.k0
  FROM unnest((SELECT $1::bigint[])) k(k0)
  CROSS JOIN LATERAL (WITH g AS (SELECT t.#b AS b, GROUPING(t.#b) AS kind, avg(t.intensity_level)::float8 AS c0, max(t.intensity_level) AS c1 FROM (SELECT t.*, date_bin('900 seconds', t.event_timestamp, $2::timestamptz) AS #b FROM timeline_events t WHERE t.event_timestamp >= '1900-01-01Z'::timestamptz AND t.event_timestamp < '2100-01-01Z'::timestamptz AND t.protocol_id = k.k0 AND ((t.intensity_level IS NOT NULL))) t GROUP BY GROUPING SETS ((), (t.#b))), top AS (SELECT row_number() OVER () AS n, g.* FROM g WHERE g.kind = 1
  ORDER BY n LIMIT $3::int8), span AS (SELECT (SELECT min(g.b) FROM g) AS first, (SELECT max(g.b) FROM g) AS last), grid AS MATERIALIZED (SELECT s, least(greatest(b, '0001-01-01 00:00:00+00 BC'), '9999-12-31 23:59:59.999999+00') AS b, least(greatest(e, '0001-01-01 00:00:00+00 BC'), '9999-12-31 23:59:59.999999+00') AS e FROM (SELECT s, s AS b, s + interval '900 seconds' AS e FROM (SELECT generate_series((SELECT first FROM span), (SELECT last FROM span), interval '900 seconds') AS s LIMIT 10001) s) s) SELECT top.n, 1 AS kind, NULL::timestamptz AS b, NULL::timestamptz AS e, top.c0, top.c1 FROM top UNION ALL SELECT top.n, coalesce(g.kind, 2), grid.b, grid.e, g.c0, g.c1 FROM top CROSS JOIN grid LEFT JOIN g ON g.kind = 0 AND g.b = grid.s
  ORDER BY 1, 3 NULLS FIRST LIMIT 10001) p LIMIT 10001;
SELECT p.*, k.k0
  FROM unnest((SELECT $1::bigint[])) k(k0)
  CROSS JOIN LATERAL (SELECT q.* FROM (SELECT g.* FROM (SELECT a1.event_name AS c0, a1.color_code AS c1, count(*) AS c2, avg(t.intensity_level)::float8 AS c3 FROM timeline_events t LEFT JOIN ref_event_types a1 ON a1.event_type_id = t.event_type_id WHERE t.protocol_id = k.k0 GROUP BY 1, 2) g
  ORDER BY g.c2 DESC, g.c0 DESC, g.c1 DESC LIMIT 128) q LIMIT $2::int8) p;

-- Score trend
SELECT t.record_id, t.session_date FROM log_clinical_records t WHERE t.record_id = $1::int8;
SELECT q.* FROM (SELECT t.protocol_id, t.assessment_id, t.days_post_dose, t.score, t.baseline, t.change, t.change_percent, t.improvement, t.is_response, t.is_remission FROM score_trends t WHERE t.protocol_id = ANY (ARRAY[$1::int8])
  ORDER BY t.protocol_id, t.measured_at, t.source, t.source_id LIMIT 512) q LIMIT $2::int8;
SELECT t.assessment_id, t.assessment_code, t.assessment_name, t.description, t.domain, t.min_score, t.max_score, t.higher_is_better, t.response_change_percent, t.remission_score, t.loinc_code, t.is_active, t.created_at FROM ref_assessments t;
SELECT p.*, k.k0
  FROM unnest((SELECT $1::bigint[])) k(k0)
  CROSS JOIN LATERAL (SELECT q.* FROM (SELECT g.* FROM (SELECT a1.assessment_code AS c0, count(*) AS c1, max(t.baseline) AS c2, avg(t.improvement)::float8 AS c3, max(t.improvement) AS c4, count(*) FILTER (WHERE t.is_response) AS c5, count(*) FILTER (WHERE NOT t.is_response) AS c6, avg(t.is_response::int)::float8 AS c7, count(*) FILTER (WHERE t.is_remission) AS c8, count(*) FILTER (WHERE NOT t.is_remission) AS c9, avg(t.is_remission::int)::float8 AS c10 FROM score_trends t LEFT JOIN ref_assessments a1 ON a1.assessment_id = t.assessment_id WHERE t.protocol_id = k.k0 AND ((t.days_post_dose > $2::int4)) GROUP BY 1) g
  ORDER BY g.c1 DESC, g.c0 DESC LIMIT 128) q LIMIT $3::int8) p;

-- Trend by day
SELECT q.* FROM (SELECT g.* FROM (SELECT a1.assessment_code AS c0, t.days_post_dose AS c1, count(*) AS c2, avg(t.score)::float8 AS c3, avg(t.baseline)::float8 AS c4, avg(t.change)::float8 AS c5, percentile_cont($1::float8) WITHIN GROUP (ORDER BY t.improvement::float8) AS c6, count(*) FILTER (WHERE t.is_response) AS c7, count(*) FILTER (WHERE NOT t.is_response) AS c8, avg(t.is_response::int)::float8 AS c9, count(*) FILTER (WHERE t.is_remission) AS c10, count(*) FILTER (WHERE NOT t.is_remission) AS c11, avg(t.is_remission::int)::float8 AS c12 FROM score_trends t LEFT JOIN ref_assessments a1 ON a1.assessment_id = t.assessment_id WHERE ((t.days_post_dose >= $2::int4 AND t.days_post_dose <= $3::int4) AND EXISTS (SELECT 1 FROM ref_assessments a2 WHERE a2.assessment_id = t.assessment_id AND ((a2.assessment_code = ANY ($4::text[]))))) GROUP BY 1, 2) g WHERE (((g.c2 >= $5::int8)))
  ORDER BY g.c0, g.c1 LIMIT 512) q LIMIT $6::int8;

-- Search
SELECT count(*) FROM search_practitioners(query => $1::text) t WHERE ((t.is_accepting_supervision = $2::bool));
SELECT q.* FROM (SELECT t.rank, t.display_name, t.specialties, t.modalities, t.years_experience, t.hourly_rate, t.free_places, t.bio, t.rank AS o0, t.profile_id AS o1 FROM search_practitioners(query => $1::text) t WHERE ((t.is_accepting_supervision = $2::bool))
  ORDER BY t.rank DESC, t.profile_id DESC LIMIT 32) q LIMIT $3::int8;
SELECT q.* FROM (SELECT g.* FROM (SELECT e0.element AS c0, count(*) AS c1 FROM search_practitioners(query => $1::text) t
  CROSS JOIN LATERAL (SELECT DISTINCT unnest(t.specialties) AS element) e0 WHERE ((t.is_accepting_supervision = $2::bool)) GROUP BY 1) g
  ORDER BY g.c1 DESC, g.c0 LIMIT 128) q LIMIT $3::int8;
SELECT q.* FROM (SELECT g.* FROM (SELECT e0.element AS c0, count(*) AS c1 FROM search_practitioners(query => $1::text) t
  CROSS JOIN LATERAL (SELECT DISTINCT unnest(t.modalities) AS element) e0 WHERE ((t.is_accepting_supervision = $2::bool)) GROUP BY 1) g
  ORDER BY g.c1 DESC, g.c0 LIMIT 128) q LIMIT $3::int8;
SELECT q.* FROM (SELECT g.* FROM (SELECT CASE WHEN t.hourly_rate::numeric <> 'NaN' THEN width_bucket(t.hourly_rate::numeric, $1::numeric[]) END AS c0, count(*) AS c1 FROM search_practitioners(query => $2::text) t WHERE ((t.is_accepting_supervision = $3::bool)) GROUP BY 1) g
  ORDER BY g.c0 LIMIT 128) q LIMIT $4::int8;
SELECT q.* FROM (SELECT g.* FROM (SELECT CASE WHEN t.years_experience BETWEEN 0 AND 1e300 THEN div(t.years_experience::numeric, $1::numeric) WHEN t.years_experience BETWEEN -1e300 AND 0 THEN div(t.years_experience::numeric, $1::numeric) - (mod(t.years_experience::numeric, $1::numeric) <> 0)::int END AS c0, count(*) AS c1 FROM search_practitioners(query => $2::text) t WHERE ((t.is_accepting_supervision = $3::bool)) GROUP BY 1) g
  ORDER BY g.c0 LIMIT 128) q LIMIT $4::int8;

-- Supervisors for you
SELECT count(*) FROM supervision_matches(hourly_budget => $1::numeric) t;
SELECT q.* FROM (SELECT t.score, t.explanation, t.specialty_overlap, t.modality_overlap, t.experience_fit, t.rate_fit, t.places_fit, t.supervisor_id FROM supervision_matches(hourly_budget => $1::numeric) t
  ORDER BY t.score DESC, t.supervisor_id DESC LIMIT 32) q LIMIT $2::int8;
SELECT t.profile_id, t.display_name, t.bio
  FROM unnest((SELECT $1::bigint[])) k(k0)
  CROSS JOIN LATERAL (SELECT t.* FROM practitioner_profiles t WHERE t.profile_id = k.k0 OFFSET 0) t;

-- Network
SELECT q.* FROM (SELECT t.profile_id, t.node_count, t.edge_count, t.viewer_id FROM supervision_network() t
  ORDER BY t.viewer_id LIMIT 32) q LIMIT $1::int8;
SELECT q.* FROM (SELECT t.viewer_id, t.profile_id, t.display_name, t.is_me, t.degree, t.circle_count FROM supervision_network_nodes t WHERE t.viewer_id = ANY (ARRAY[$1::uuid])
  ORDER BY t.viewer_id, t.profile_id LIMIT 512) q LIMIT $2::int8;
SELECT q.* FROM (SELECT m.viewer_id, m.kind, m.source_id, m.target_id, m.status, m.since, m.circle_id FROM ((SELECT q.* FROM (SELECT t.viewer_id, t.kind, t.source_id, t.target_id, t.status, t.since, t.circle_id, t.kind AS o0, t.link_id AS o1, t.source_id AS o2, t.target_id AS o3 FROM supervision_network_edges t WHERE t.viewer_id = ANY (ARRAY[$1::uuid]) AND t.kind = 'supervision'::text
  ORDER BY t.viewer_id, t.kind, t.link_id, t.source_id, t.target_id LIMIT 2048) q LIMIT $2::int8) UNION ALL (SELECT q.* FROM (SELECT t.viewer_id, t.kind, t.source_id, t.target_id, t.status, t.since, t.circle_id, t.kind AS o0, t.link_id AS o1, t.source_id AS o2, t.target_id AS o3 FROM supervision_network_edges t WHERE t.viewer_id = ANY (ARRAY[$1::uuid]) AND t.kind = 'circle'::text
  ORDER BY t.viewer_id, t.kind, t.link_id, t.source_id, t.target_id LIMIT 2048) q LIMIT $2::int8)) m
  ORDER BY m.o0, m.o1, m.o2, m.o3 LIMIT 2048) q LIMIT $2::int8;
SELECT t.circle_id, t.circle_name
  FROM unnest((SELECT $1::bigint[])) k(k0)
  CROSS JOIN LATERAL (SELECT t.* FROM supervision_circles t WHERE t.circle_id = k.k0 OFFSET 0) t;
