-- Who may see and write what. The functions are called by policies, once for each statement: every policy wraps them in
-- `(SELECT …)`, and compares the site of a row with an array, which an index can serve. They read `user_sites` with
-- their owner's rights, because the caller sees only their own memberships there, and a policy that reads a table under
-- another policy is slow. Clients have no access to schema `praxis` and so cannot call them by themselves.
--
-- A membership that is no longer active counts for nothing. The portal's schema brief does not know that column: its
-- policies would let a clinician who has left read patients' data for ever.
--
-- They are written in PL/pgSQL, which keeps the plan of their query for the session. In SQL they would be planned again
-- for every statement, which took longer (0.1 ms) than most statements themselves.

-- The sites that the caller is a member of.
CREATE FUNCTION praxis.auth_sites() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN ARRAY(SELECT site_id FROM public.user_sites WHERE user_id = caller AND is_active IS NOT FALSE);
END $$;

-- The sites that the caller may write clinical data of.
CREATE FUNCTION praxis.auth_writable_sites() RETURNS bigint[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN ARRAY(
    SELECT site_id FROM public.user_sites
    WHERE user_id = caller AND is_active IS NOT FALSE AND role IN ('clinician', 'site_admin')
  );
END $$;

-- Whether the caller runs the network.
CREATE FUNCTION praxis.auth_is_network_admin() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
BEGIN
  RETURN EXISTS (
    SELECT FROM public.user_sites
    WHERE user_id = caller AND is_active IS NOT FALSE AND role = 'network_admin'
  );
END $$;

REVOKE ALL ON FUNCTION praxis.auth_sites, praxis.auth_writable_sites, praxis.auth_is_network_admin FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.auth_sites, praxis.auth_writable_sites, praxis.auth_is_network_admin
  TO anon, authenticated;

-- The site of a row is the site of its protocol, whatever the client sends. It reads the protocol with the caller's
-- rights: of a protocol that the caller does not see there is no site, and the row is refused.
CREATE FUNCTION praxis.keep_site_of_protocol() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.site_id := (SELECT site_id FROM public.log_clinical_records WHERE record_id = NEW.protocol_id);
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION praxis.keep_site_of_protocol FROM PUBLIC;

ALTER TABLE assessment_responses ADD COLUMN IF NOT EXISTS site_id BIGINT;
CREATE TRIGGER keep_site BEFORE INSERT OR UPDATE OF protocol_id, site_id ON assessment_responses
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_site_of_protocol();
UPDATE assessment_responses SET site_id = NULL WHERE site_id IS NULL;
ALTER TABLE assessment_responses ADD CONSTRAINT assessment_responses_site_of_protocol
  FOREIGN KEY (protocol_id, site_id) REFERENCES log_clinical_records(record_id, site_id) ON UPDATE CASCADE;
CREATE INDEX IF NOT EXISTS idx_responses_site_time ON assessment_responses(site_id, completed_at);
COMMENT ON INDEX idx_responses_site_time IS 'Scores of the caller''s sites over time.';

-- Security of the tables. One that was there before keeps its privileges, and its own policies hold beside these.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'public.sites',
    'public.user_sites',
    'public.ref_substances',
    'public.ref_routes',
    'public.ref_indications',
    'public.ref_assessments',
    'public.ref_assessment_bands',
    'public.ref_support_modality',
    'public.ref_smoking_status',
    'public.ref_severity_grade',
    'public.ref_safety_events',
    'public.ref_resolution_status',
    'public.log_clinical_records',
    'public.assessment_responses',
    'public.outcomes_summary'
  ] LOOP
    IF EXISTS (SELECT FROM praxis.baseline WHERE object = 'table ' || name) THEN
      PERFORM praxis.protect(name);
    ELSE
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
      EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
      EXECUTE format('CREATE POLICY praxis_owner ON %s TO %I USING (true) WITH CHECK (true)', name,
        (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass(name)));
    END IF;
  END LOOP;
END $$;

-- Creates a policy where none of that name exists.
CREATE FUNCTION praxis.policy(target regclass, policy name, definition text) RETURNS void
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = target AND polname = policy) THEN
    EXECUTE format('CREATE POLICY %I ON %s %s', policy, target, definition);
  END IF;
END $$;
REVOKE ALL ON FUNCTION praxis.policy FROM PUBLIC;

SELECT praxis.policy('sites', 'sites_read', 'FOR SELECT USING (true)');
SELECT praxis.policy('user_sites', 'user_sites_read', 'FOR SELECT USING (user_id = (SELECT auth.uid()))');

SELECT
  praxis.policy(name::regclass, name || '_read',
    $$FOR SELECT USING ((SELECT auth.role()) = 'authenticated')$$),
  praxis.policy(name::regclass, name || '_write',
    $$FOR ALL USING ((SELECT praxis.auth_is_network_admin()))$$)
FROM unnest(ARRAY[
  'ref_substances',
  'ref_routes',
  'ref_indications',
  'ref_assessments',
  'ref_assessment_bands',
  'ref_support_modality',
  'ref_smoking_status',
  'ref_severity_grade',
  'ref_safety_events',
  'ref_resolution_status'
]) AS name;

SELECT praxis.policy('log_clinical_records', 'log_clinical_records_read',
  'FOR SELECT USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]))');
SELECT praxis.policy('log_clinical_records', 'log_clinical_records_insert',
  'FOR INSERT WITH CHECK (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]))');
SELECT praxis.policy('log_clinical_records', 'log_clinical_records_update',
  'FOR UPDATE USING (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]))');

-- Insert, update and delete have a policy each, not one FOR ALL: that one would hold for reading too, and a condition
-- of two alternatives keeps an index from giving the rows in order.
SELECT praxis.policy('assessment_responses', 'responses_read',
  'FOR SELECT USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]))');
SELECT praxis.policy('assessment_responses', 'responses_write',
  'FOR INSERT WITH CHECK (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]))');
SELECT praxis.policy('assessment_responses', 'responses_update',
  'FOR UPDATE USING (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]))');
SELECT praxis.policy('assessment_responses', 'responses_delete',
  'FOR DELETE USING (site_id = ANY ((SELECT praxis.auth_writable_sites())::bigint[]))');

SELECT praxis.policy('outcomes_summary', 'outcomes_summary_read',
  'FOR SELECT USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]) OR (SELECT praxis.auth_is_network_admin()))');

-- Every table may be read by both clients, and the policies decide which rows: to someone who is not signed in the
-- reference tables and the clinical data are empty, not forbidden. Writing is granted where a policy allows it.
GRANT SELECT ON
  sites,
  user_sites,
  ref_substances,
  ref_routes,
  ref_indications,
  ref_assessments,
  ref_assessment_bands,
  ref_support_modality,
  ref_smoking_status,
  ref_severity_grade,
  ref_safety_events,
  ref_resolution_status,
  log_clinical_records,
  assessment_responses,
  outcomes_summary
TO anon, authenticated;
GRANT INSERT, UPDATE, DELETE ON
  ref_substances,
  ref_routes,
  ref_indications,
  ref_assessments,
  ref_assessment_bands,
  ref_support_modality,
  ref_smoking_status,
  ref_severity_grade,
  ref_safety_events,
  ref_resolution_status,
  assessment_responses
TO authenticated;
GRANT INSERT, UPDATE ON log_clinical_records TO authenticated;

-- Keys drawn from a sequence of its own, rather than from an identity column, need the sequence too.
DO $$
DECLARE
  sequence regclass;
BEGIN
  FOR sequence IN
    SELECT objid::regclass FROM pg_depend
    JOIN pg_class AS owned ON owned.oid = objid AND owned.relkind = 'S'
    JOIN pg_class AS owner ON owner.oid = refobjid
    WHERE deptype = 'a' AND owner.relnamespace = 'public'::regnamespace AND owner.relname LIKE 'ref\_%'
  LOOP
    EXECUTE format('GRANT USAGE ON SEQUENCE %s TO authenticated', sequence);
  END LOOP;
END $$;
