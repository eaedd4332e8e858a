ALTER POLICY session_activities_read ON session_activities
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]) OR (SELECT praxis.auth_is_network_admin()));
ALTER POLICY network_benchmarks_read ON network_benchmarks
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]) OR (SELECT praxis.auth_is_network_admin()));
ALTER POLICY outcomes_summary_read ON outcomes_summary
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]) OR (SELECT praxis.auth_is_network_admin()));
