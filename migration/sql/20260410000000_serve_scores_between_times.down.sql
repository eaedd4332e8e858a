COMMENT ON INDEX idx_scores_site_time IS
  'Query.integrationScoresSeries of the caller''s sites ("Scores by week"); Query.scoreTrendsGroups and Query.scoreTrendsSeries ("Trend by day"); Site.scoreTrends.';
