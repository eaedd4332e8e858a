-- Twenty sites with the demo's, and two years of records of all of them, in the order in which they come in.
INSERT INTO sites (site_name) SELECT 'Site ' || number FROM generate_series(1, 20 - (SELECT count(*) FROM sites)) AS number;
CREATE TEMPORARY TABLE protocol AS
  WITH numbered AS (SELECT site_id, row_number() OVER (ORDER BY site_id) - 1 AS place, count(*) OVER () AS sites FROM sites)
  SELECT nextval(pg_get_serial_sequence('log_clinical_records', 'record_id')) AS record_id, site_id,
    date '2024-01-01' + number * 10000 / current_setting('fill.protocols')::int / 14 AS session_date, number
  FROM generate_series(1, current_setting('fill.protocols')::int) AS number JOIN numbered ON place = number % sites ORDER BY number;
INSERT INTO log_clinical_records
  (record_id, site_id, substance_id, session_date, session_type, session_status, indication_id) OVERRIDING SYSTEM VALUE
  SELECT record_id, site_id, 1 + number % 4, session_date, 'dosing', 'completed', 1 + number % 9 FROM protocol;
INSERT INTO session_events (protocol_id, site_id, event_type_id, event_timestamp, intensity_level)
  SELECT record_id, site_id, 1 + (number + tap) % 8, session_date + tap * interval '20 minutes', 1 + (number + tap) % 10
  FROM protocol CROSS JOIN generate_series(1, 20) AS tap ORDER BY session_date, tap;
INSERT INTO integration_scores (protocol_id, site_id, scale_type, score_value, measured_at, days_post_dose, baseline_score)
  SELECT record_id, site_id, CASE WHEN number % 2 = 0 THEN 'IES' ELSE 'EIS' END, 40 + week, session_date + 7 * week, 7 * week, 40
  FROM protocol CROSS JOIN generate_series(0, 7) AS week ORDER BY session_date + 7 * week;
INSERT INTO assessment_responses
  (protocol_id, site_id, assessment_id, score, completed_at, days_post_dose, baseline_score)
  SELECT record_id, site_id, 1 + number % 4, 20 - month, session_date + 30 * month, 30 * month, 20
  FROM protocol CROSS JOIN generate_series(0, 3) AS month ORDER BY session_date + 30 * month;
INSERT INTO integration_homework (protocol_id, site_id, homework_type_id, assigned_date, due_date)
  SELECT record_id, site_id, 1 + number % 8, session_date + 7 * week, session_date + 7 * week + 7
  FROM protocol CROSS JOIN generate_series(1, 2) AS week ORDER BY session_date + 7 * week;
INSERT INTO praxis.outcomes_changes DEFAULT VALUES;
INSERT INTO praxis.activity_changes DEFAULT VALUES;