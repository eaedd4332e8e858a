-- A chart of all times may read the scores of a site by key as well; between two times this index is the one.
COMMENT ON INDEX idx_scores_site_time IS
  'Query.integrationScoresSeries of the caller''s sites between two times; Query.scoreTrendsGroups and Query.scoreTrendsSeries ("Trend by day"); Site.scoreTrends.';
