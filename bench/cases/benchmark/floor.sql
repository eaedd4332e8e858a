SELECT json_build_object('networkBenchmarks', json_build_object('nodes', (SELECT coalesce(json_agg(b), '[]') FROM (
  SELECT
    month,
    json_build_object('substanceName', substance_name) AS substance,
    total_protocols AS "totalProtocols",
    response_rate AS "responseRate",
    response_lower_quartile AS "responseLowerQuartile",
    response_median AS "responseMedian",
    response_upper_quartile AS "responseUpperQuartile",
    response_percentile AS "responsePercentile",
    upper(response_suppression) AS "responseSuppression"
  FROM network_benchmarks JOIN ref_substances USING (substance_id)
  WHERE month >= $from::date
  ORDER BY month, substance_name, site_id, substance_id
  LIMIT 200
) b)))
