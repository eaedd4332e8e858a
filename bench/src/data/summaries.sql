-- Computes the outcomes of the dosing sessions by site, substance and month.
TRUNCATE outcomes_summary;
INSERT INTO outcomes_summary
  (site_id, substance_id, month, total_protocols, response_judged, response_rate, adverse_event_rate)
SELECT
  site_id, substance_id, date_trunc('month', session_date)::date, count(*), count(*),
  round(100.0 * count(*) FILTER (WHERE phq9_score <= baseline_phq9_score / 2) / count(*), 2),
  round(100.0 * count(safety_event_id) / count(*), 2)
FROM log_clinical_records
WHERE session_type = 'dosing'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;

-- Computes the other summaries. No trigger has noted the events, so that everything is counted.
INSERT INTO praxis.activity_changes DEFAULT VALUES;
SELECT praxis.refresh_benchmarks(), praxis.refresh_activities();
