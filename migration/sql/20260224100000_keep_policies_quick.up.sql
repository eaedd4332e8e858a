-- The directory is open to everybody who is signed in. Said as a condition on each row, that kept Postgres from using any
-- index whose operator could tell something about rows behind the policy (arrays, text search): the condition of the
-- policy has to be judged first. Said of the role, it is judged once. The gateway takes the role of a session from the
-- same claim that `auth.role()` reads.
ALTER POLICY profiles_read ON practitioner_profiles TO authenticated USING (true);

-- Every policy of clinical data asks for the caller's memberships, once for each statement.
CREATE INDEX IF NOT EXISTS idx_user_sites_membership ON user_sites (user_id) INCLUDE (site_id, role, is_active);
COMMENT ON INDEX idx_user_sites_membership IS
  'The memberships of a caller, from the index alone: praxis.auth_sites() and its like.';
