-- Consent: staff or the patient ask for it, and the patient decides.

-- A consent is requested, then granted or denied; what is granted can be revoked. Maintenance brings in what was decided
-- elsewhere, and may note that a consent has expired: for the policies the time decides.
CREATE FUNCTION therapyflow.check_consent() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF auth.uid() IS NULL THEN
    RETURN NEW;
  ELSIF TG_OP = 'INSERT' THEN
    NEW.status := 'REQUESTED';
    NEW.granted_at := NULL;
    NEW.revoked_at := NULL;
    RETURN NEW;
  END IF;
  IF NEW.status IS DISTINCT FROM OLD.status THEN
    IF (OLD.status, NEW.status) NOT IN (('REQUESTED', 'GRANTED'), ('REQUESTED', 'DENIED'), ('GRANTED', 'REVOKED')) THEN
      RAISE EXCEPTION 'A consent that is % cannot become %.', lower(OLD.status), lower(NEW.status) USING
        ERRCODE = 'PR409', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'status',
        CONSTRAINT = 'consent_transition';
    ELSIF NEW.status = 'GRANTED' THEN
      NEW.granted_at := now();
    ELSIF NEW.status = 'REVOKED' THEN
      NEW.revoked_at := now();
    END IF;
  END IF;
  IF NEW.status = 'GRANTED' AND OLD.status = 'REQUESTED' AND NEW.expires_at <= now() THEN
    RAISE EXCEPTION 'A consent that is granted now ends later.' USING
      ERRCODE = 'PR400', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'expires_at',
      CONSTRAINT = 'consent_ends_later';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION therapyflow.check_consent FROM PUBLIC;
CREATE TRIGGER check_consent BEFORE INSERT OR UPDATE ON therapyflow.consent_records
  FOR EACH ROW EXECUTE FUNCTION therapyflow.check_consent();

CREATE FUNCTION therapyflow.decide_on_consent(consent_id uuid, decision text, until timestamptz)
RETURNS therapyflow.consent_records LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  written therapyflow.consent_records;
BEGIN
  UPDATE therapyflow.consent_records SET status = decision, expires_at = coalesce(until, expires_at)
  WHERE id = consent_id RETURNING * INTO written;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM therapyflow.consent_records WHERE id = consent_id) THEN
      RAISE EXCEPTION 'Only the patient decides on a consent.' USING
        ERRCODE = 'PR403', SCHEMA = 'therapyflow', TABLE = 'consent_records';
    END IF;
    RAISE EXCEPTION 'There is no such consent.' USING
      ERRCODE = 'PR404', SCHEMA = 'therapyflow', TABLE = 'consent_records';
  END IF;
  RETURN written;
END $$;

-- Steps by their names. A step that was taken already is not taken again, and not refused.
CREATE FUNCTION therapyflow.grant_consent(consent_id uuid, expires_at timestamptz DEFAULT NULL)
RETURNS therapyflow.consent_records LANGUAGE sql SET search_path = '' AS $$
  SELECT * FROM therapyflow.decide_on_consent(consent_id, 'GRANTED', expires_at)
$$;

CREATE FUNCTION therapyflow.deny_consent(consent_id uuid) RETURNS therapyflow.consent_records
LANGUAGE sql SET search_path = '' AS $$
  SELECT * FROM therapyflow.decide_on_consent(consent_id, 'DENIED', NULL)
$$;

CREATE FUNCTION therapyflow.revoke_consent(consent_id uuid) RETURNS therapyflow.consent_records
LANGUAGE sql SET search_path = '' AS $$
  SELECT * FROM therapyflow.decide_on_consent(consent_id, 'REVOKED', NULL)
$$;

REVOKE ALL ON FUNCTION
  therapyflow.decide_on_consent, therapyflow.grant_consent, therapyflow.deny_consent, therapyflow.revoke_consent
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  therapyflow.decide_on_consent, therapyflow.grant_consent, therapyflow.deny_consent, therapyflow.revoke_consent
TO authenticated;
