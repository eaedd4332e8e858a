-- The portal's schema brief calls `days_post_dose` calculated: the days from the session to the measurement. It crosses
-- tables, so a trigger keeps it; days are those of UTC, because a site has no time zone.
CREATE FUNCTION praxis.keep_days_post_dose() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.days_post_dose := (NEW.measured_at AT TIME ZONE 'UTC')::date
    - (SELECT session_date FROM public.log_clinical_records WHERE record_id = NEW.protocol_id);
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION praxis.keep_days_post_dose FROM PUBLIC;

CREATE TRIGGER keep_days_post_dose
  BEFORE INSERT OR UPDATE OF protocol_id, measured_at, days_post_dose ON integration_scores
  FOR EACH ROW EXECUTE FUNCTION praxis.keep_days_post_dose();

-- A session that moves to another day moves the days of its scores.
CREATE FUNCTION praxis.renew_days_post_dose() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  UPDATE public.integration_scores SET days_post_dose = NULL WHERE protocol_id = NEW.record_id;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION praxis.renew_days_post_dose FROM PUBLIC;

CREATE TRIGGER renew_days_post_dose
  AFTER UPDATE OF session_date ON log_clinical_records
  FOR EACH ROW WHEN (NEW.session_date IS DISTINCT FROM OLD.session_date)
  EXECUTE FUNCTION praxis.renew_days_post_dose();
