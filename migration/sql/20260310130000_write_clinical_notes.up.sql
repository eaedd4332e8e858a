-- Notes of a session: what belongs into each type, and approval, after which a note stays as it is.

-- What a note lacks is refused to everybody. An approved note goes only with its session: people neither change nor delete it,
-- and maintenance changes nothing that it says.
CREATE FUNCTION therapyflow.check_note() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  parts CONSTANT text[] := CASE NEW.note_type
    WHEN 'soap' THEN ARRAY['subjective', 'objective', 'assessment', 'plan']
    WHEN 'dap' THEN ARRAY['data', 'assessment', 'plan']
    WHEN 'progress' THEN ARRAY['text']
    -- The table's own check has the words.
    ELSE '{}'
  END;
  missing text;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.approved_by_therapist AND (
    auth.uid() IS NOT NULL
    OR (NEW.session_id, NEW.note_type, NEW.content, NEW.ai_generated_summary, NEW.approved_by_therapist, NEW.approved_at)
      IS DISTINCT FROM
      (OLD.session_id, OLD.note_type, OLD.content, OLD.ai_generated_summary, OLD.approved_by_therapist, OLD.approved_at)
  ) THEN
    RAISE EXCEPTION 'The note was approved and can no longer change.' USING
      ERRCODE = 'PR409', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'approved_notes_stay';
  END IF;

  SELECT string_agg(part, ', ' ORDER BY place) INTO missing FROM unnest(parts) WITH ORDINALITY AS needed(part, place)
  WHERE jsonb_typeof(NEW.content -> part) IS DISTINCT FROM 'string' OR btrim(NEW.content ->> part, E' \t\r\n') = '';
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION '% note lacks: %.',
      CASE NEW.note_type WHEN 'progress' THEN 'A progress' ELSE 'A ' || upper(NEW.note_type) END, missing
    USING ERRCODE = 'PR400', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'content',
      CONSTRAINT = 'complete_note';
  END IF;

  -- What an account approves, it approves now; maintenance brings in when it was.
  IF NEW.approved_by_therapist AND (TG_OP = 'INSERT' OR NOT OLD.approved_by_therapist) THEN
    IF auth.uid() IS NULL THEN
      NEW.approved_by := coalesce(NEW.approved_by, NEW.therapist_id);
      NEW.approved_at := coalesce(NEW.approved_at, now());
    ELSE
      NEW.approved_by := therapyflow.current_therapist_id();
      NEW.approved_at := now();
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION therapyflow.keep_approved_note() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  -- Deeper down it goes with its session.
  IF OLD.approved_by_therapist AND pg_trigger_depth() = 1 THEN
    RAISE EXCEPTION 'The note was approved and cannot be deleted.' USING
      ERRCODE = 'PR409', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'approved_notes_stay';
  END IF;
  RETURN OLD;
END $$;
REVOKE ALL ON FUNCTION therapyflow.check_note, therapyflow.keep_approved_note FROM PUBLIC;

-- Named so that it comes after the trigger that keeps the therapist.
CREATE TRIGGER kept_check_note BEFORE INSERT OR UPDATE ON therapyflow.clinical_notes
  FOR EACH ROW EXECUTE FUNCTION therapyflow.check_note();
CREATE TRIGGER keep_approved_note BEFORE DELETE ON therapyflow.clinical_notes
  FOR EACH ROW EXECUTE FUNCTION therapyflow.keep_approved_note();

-- Approves a note. One that was approved already is not approved again, and not refused.
CREATE FUNCTION therapyflow.approve_note(note_id uuid) RETURNS therapyflow.clinical_notes
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  note therapyflow.clinical_notes;
BEGIN
  SELECT * INTO note FROM therapyflow.clinical_notes WHERE id = note_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such note.' USING ERRCODE = 'PR404', SCHEMA = 'therapyflow', TABLE = 'clinical_notes';
  ELSIF note.therapist_id IS DISTINCT FROM therapyflow.current_therapist_id() THEN
    RAISE EXCEPTION 'Only the therapist of the session approves its notes.' USING
      ERRCODE = 'PR403', SCHEMA = 'therapyflow', TABLE = 'clinical_notes';
  END IF;
  UPDATE therapyflow.clinical_notes SET approved_by_therapist = true
  WHERE id = note_id AND NOT approved_by_therapist RETURNING * INTO note;
  IF NOT FOUND THEN
    SELECT * INTO note FROM therapyflow.clinical_notes WHERE id = note_id;
  END IF;
  RETURN note;
END $$;
REVOKE ALL ON FUNCTION therapyflow.approve_note FROM PUBLIC;
GRANT EXECUTE ON FUNCTION therapyflow.approve_note TO authenticated;
