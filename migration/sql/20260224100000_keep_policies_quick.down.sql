DROP INDEX IF EXISTS idx_user_sites_membership;
ALTER POLICY profiles_read ON practitioner_profiles TO PUBLIC USING ((SELECT auth.role()) = 'authenticated');
