-- The audit log: every change of every other table, by whom, with what was there before and after. It is written in the
-- transaction of the change, with the rights of its owner, and never changes: not by clients, who have no grant, and not by
-- mistake of whoever has. It has no foreign keys, so that it outlives what it tells of.

-- Writes down what a statement has changed. Where the gateway before the database says from where it was asked, as
-- Supabase's does, that is written down too.
CREATE FUNCTION therapyflow.audit_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  caller CONSTANT uuid := auth.uid();
  headers CONSTANT jsonb := nullif(current_setting('request.headers', true), '');
  -- An organization is its own.
  org_column CONSTANT text := CASE TG_TABLE_NAME WHEN 'organizations' THEN 'id' ELSE 'org_id' END;
  before_rows jsonb[] := '{}';
  after_rows jsonb[] := '{}';
BEGIN
  IF TG_OP <> 'INSERT' THEN
    before_rows := ARRAY(SELECT to_jsonb(o) FROM old_rows AS o);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    after_rows := ARRAY(SELECT to_jsonb(n) FROM new_rows AS n);
  END IF;
  INSERT INTO therapyflow.audit_logs (
    org_id, user_id, action, table_name, record_id, old_data, new_data, ip_address, user_agent)
  SELECT
    (coalesce(after.content, before.content) ->> org_column)::uuid,
    caller,
    CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END,
    TG_TABLE_NAME,
    (coalesce(after.content, before.content) ->> 'id')::uuid,
    before.content,
    after.content,
    headers ->> 'x-forwarded-for',
    headers ->> 'user-agent'
  FROM unnest(before_rows) AS before(content)
  FULL JOIN unnest(after_rows) AS after(content) ON after.content -> 'id' = before.content -> 'id'
  -- A row that is as it was has not changed.
  WHERE before.content IS DISTINCT FROM after.content;
  RETURN NULL;
END $$;

-- Has the changes of a table written down.
CREATE FUNCTION therapyflow.audit(target regclass) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION therapyflow.audit_changes()', target);
  EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s '
    'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION therapyflow.audit_changes()', target);
  EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
    'FOR EACH STATEMENT EXECUTE FUNCTION therapyflow.audit_changes()', target);
END $$;

CREATE FUNCTION therapyflow.keep_audit_log() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'The audit log never changes.' USING
    ERRCODE = 'PR403', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'audit_log_stays';
END $$;
REVOKE ALL ON FUNCTION therapyflow.audit_changes, therapyflow.audit, therapyflow.keep_audit_log FROM PUBLIC;

CREATE TRIGGER keep_audit_log BEFORE UPDATE OR DELETE OR TRUNCATE ON therapyflow.audit_logs
  FOR EACH STATEMENT EXECUTE FUNCTION therapyflow.keep_audit_log();

-- What empties a table without naming its rows could not be written down.
CREATE FUNCTION therapyflow.refuse_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'The rows of % are deleted, not truncated, so that the audit log can tell of it.', TG_TABLE_NAME USING
    ERRCODE = 'PR403', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'audit_log_tells_all';
END $$;
REVOKE ALL ON FUNCTION therapyflow.refuse_truncate FROM PUBLIC;

DO $$
DECLARE
  target regclass;
BEGIN
  FOREACH target IN ARRAY ARRAY[
    'therapyflow.organizations', 'therapyflow.therapists', 'therapyflow.patients', 'therapyflow.sessions',
    'therapyflow.clinical_notes', 'therapyflow.session_recordings', 'therapyflow.wearable_data',
    'therapyflow.consent_records'
  ]::regclass[] LOOP
    PERFORM therapyflow.audit(target);
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s '
      'FOR EACH STATEMENT EXECUTE FUNCTION therapyflow.refuse_truncate()', target);
  END LOOP;
END $$;
