DO $$
DECLARE
  rule record;
BEGIN
  FOR rule IN
    SELECT conname, conrelid FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND NOT praxis.was_there_before(conrelid)
      AND obj_description(oid, 'pg_constraint') IS NOT NULL
  LOOP
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS NULL', rule.conname, rule.conrelid::regclass);
  END LOOP;

  IF NOT praxis.was_there_before('ref_assessment_bands') THEN
    ALTER TABLE ref_assessment_bands DROP CONSTRAINT ref_assessment_bands_assessment_id_min_score_key;
    CREATE UNIQUE INDEX ref_assessment_bands_assessment_id_min_score_key
      ON ref_assessment_bands(assessment_id, min_score);
    COMMENT ON INDEX ref_assessment_bands_assessment_id_min_score_key IS 'Assessment.bands in order of the score.';
  END IF;
END $$;
DROP FUNCTION praxis.describe_constraint;
