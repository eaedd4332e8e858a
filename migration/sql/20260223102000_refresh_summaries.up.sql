-- Brings every summary up to date, in the order in which they are made of one another; answers by summary how many rows
-- were written and removed. With its owner's rights, so that a role needs only this grant to keep all of them.
CREATE FUNCTION praxis.refresh() RETURNS TABLE (summary text, cells_written bigint, cells_removed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN QUERY SELECT 'outcomes', refreshed.* FROM praxis.refresh_outcomes() AS refreshed;
  RETURN QUERY SELECT 'benchmarks', refreshed.* FROM praxis.refresh_benchmarks() AS refreshed;
  RETURN QUERY SELECT 'activities', refreshed.* FROM praxis.refresh_activities() AS refreshed;
END $$;
REVOKE ALL ON FUNCTION praxis.refresh FROM PUBLIC, anon, authenticated;
