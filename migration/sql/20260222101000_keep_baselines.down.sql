CREATE OR REPLACE FUNCTION praxis.note_changed_scores() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO praxis.outcomes_changes (protocol_id)
    SELECT DISTINCT protocol_id FROM new_rows WHERE protocol_id IS NOT NULL;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO praxis.outcomes_changes (protocol_id)
    SELECT DISTINCT protocol_id FROM old_rows WHERE protocol_id IS NOT NULL;
  ELSE
    INSERT INTO praxis.outcomes_changes (protocol_id)
    SELECT DISTINCT version.protocol_id
    FROM old_rows AS earlier JOIN new_rows AS later USING (response_id)
    CROSS JOIN LATERAL (VALUES (earlier.protocol_id), (later.protocol_id)) AS version(protocol_id)
    WHERE (earlier.protocol_id, earlier.assessment_id, earlier.score, earlier.completed_at)
      IS DISTINCT FROM (later.protocol_id, later.assessment_id, later.score, later.completed_at)
      AND version.protocol_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER keep_baselines_deleted ON assessment_responses;
DROP TRIGGER keep_baselines_updated ON assessment_responses;
DROP TRIGGER keep_baselines_inserted ON assessment_responses;
DROP TRIGGER keep_baselines_deleted ON integration_scores;
DROP TRIGGER keep_baselines_updated ON integration_scores;
DROP TRIGGER keep_baselines_inserted ON integration_scores;
DROP TRIGGER keep_no_baseline ON assessment_responses;
DROP TRIGGER keep_no_baseline ON integration_scores;
DROP FUNCTION praxis.keep_no_baseline;
DROP FUNCTION praxis.keep_baselines_of_responses;
DROP FUNCTION praxis.keep_baselines_of_scores;
DROP FUNCTION praxis.renew_baselines_of_responses;
DROP FUNCTION praxis.renew_baselines_of_scores;
CREATE OR REPLACE FUNCTION praxis.renew_days_post_dose() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  UPDATE public.integration_scores SET days_post_dose = NULL WHERE protocol_id = NEW.record_id;
  RETURN NULL;
END $$;
DROP TRIGGER keep_days_post_dose ON assessment_responses;
DROP FUNCTION praxis.keep_days_of_response;
DROP FUNCTION praxis.days_post_dose;
ALTER TABLE assessment_responses
  DROP COLUMN baseline_score,
  DROP COLUMN days_post_dose;
ALTER TABLE integration_scores DROP COLUMN baseline_score;
