-- The supervision exchange: what becomes of a supervision, and who has a place. The rules bind people; maintenance, which
-- acts for no account, brings in what was agreed elsewhere.

ALTER TABLE practitioner_profiles
  ADD CONSTRAINT valid_max_supervisees CHECK (max_supervisees >= 0) NOT VALID;
COMMENT ON CONSTRAINT valid_max_supervisees ON practitioner_profiles IS
  'The number of supervisees cannot be fewer than 0.';

ALTER TABLE supervision_circles
  ADD CONSTRAINT valid_max_members CHECK (max_members > 0) NOT VALID,
  ADD CONSTRAINT valid_meeting_frequency CHECK (meeting_frequency IN ('weekly', 'biweekly', 'monthly')) NOT VALID;
COMMENT ON CONSTRAINT valid_max_members ON supervision_circles IS 'A circle takes at least one member.';
COMMENT ON CONSTRAINT valid_meeting_frequency ON supervision_circles IS
  'A circle meets weekly, biweekly or monthly.';

-- These run with their owner's rights, because places are taken by people whose relationships the caller cannot see. Who
-- takes a place locks the row that has it; whoever comes second waits, and then counts again.

-- A request is pending, whatever is sent.
CREATE FUNCTION praxis.check_request() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  supervisor public.practitioner_profiles;
BEGIN
  IF auth.uid() IS NULL THEN
    RETURN NEW;
  END IF;
  NEW.status := 'pending';
  NEW.started_at := NULL;
  NEW.ended_at := NULL;

  IF NEW.supervisee_id IS NULL THEN
    RAISE EXCEPTION 'You need a profile of your own before you can ask for supervision.' USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'supervisee_id', CONSTRAINT = 'supervisee_has_profile';
  END IF;
  -- Both are locked, in order, so that two who ask each other at once do not both succeed.
  PERFORM FROM public.practitioner_profiles
  WHERE profile_id IN (NEW.supervisor_id, NEW.supervisee_id) ORDER BY profile_id FOR NO KEY UPDATE;
  SELECT * INTO supervisor FROM public.practitioner_profiles WHERE profile_id = NEW.supervisor_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such practitioner.' USING
      ERRCODE = 'PR404', TABLE = TG_TABLE_NAME, COLUMN = 'supervisor_id', CONSTRAINT = 'known_supervisor';
  ELSIF NEW.supervisor_id = NEW.supervisee_id THEN
    -- The table's own check has the words.
    RETURN NEW;
  ELSIF EXISTS (
    SELECT FROM public.supervision_relationships
    WHERE (supervisor_id, supervisee_id) IN (
        (NEW.supervisor_id, NEW.supervisee_id), (NEW.supervisee_id, NEW.supervisor_id))
      AND status IN ('pending', 'active')
  ) THEN
    RAISE EXCEPTION 'There is a pending or active supervision between the two of you already.' USING
      ERRCODE = 'PR409', TABLE = TG_TABLE_NAME, CONSTRAINT = 'one_supervision_of_a_pair';
  ELSIF supervisor.is_accepting_supervision IS FALSE THEN
    RAISE EXCEPTION '% takes no new supervisees at the moment.',
      coalesce(supervisor.display_name, 'This practitioner') USING
      ERRCODE = 'PR409', TABLE = TG_TABLE_NAME, COLUMN = 'supervisor_id', CONSTRAINT = 'accepting_supervision';
  END IF;
  RETURN NEW;
END $$;

-- A supervision is pending, then active, then completed; until it is completed it can be cancelled.
CREATE FUNCTION praxis.check_transition() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  supervisor public.practitioner_profiles;
BEGIN
  IF auth.uid() IS NULL OR NEW.status = OLD.status THEN
    RETURN NEW;
  ELSIF OLD.status = 'pending' AND NEW.status = 'active' THEN
    IF praxis.auth_profile() IS DISTINCT FROM NEW.supervisor_id THEN
      RAISE EXCEPTION 'Only the supervisor can accept a supervision.' USING
        ERRCODE = 'PR403', TABLE = TG_TABLE_NAME, COLUMN = 'status', CONSTRAINT = 'accepted_by_supervisor';
    END IF;
    SELECT * INTO supervisor FROM public.practitioner_profiles
    WHERE profile_id = NEW.supervisor_id FOR NO KEY UPDATE;
    IF supervisor.max_supervisees <= (
      SELECT count(*) FROM public.supervision_relationships
      WHERE supervisor_id = NEW.supervisor_id AND status = 'active'
    ) THEN
      RAISE EXCEPTION '% has no free place for another supervisee.',
        coalesce(supervisor.display_name, 'The supervisor') USING
        ERRCODE = 'PR409', TABLE = TG_TABLE_NAME, COLUMN = 'status', CONSTRAINT = 'supervision_capacity';
    END IF;
    NEW.started_at := now();
  ELSIF (OLD.status, NEW.status) IN (('pending', 'cancelled'), ('active', 'completed'), ('active', 'cancelled')) THEN
    NEW.ended_at := now();
  ELSE
    RAISE EXCEPTION '% % supervision cannot become %.',
      CASE OLD.status WHEN 'active' THEN 'An' ELSE 'A' END,
      OLD.status,
      CASE WHEN NEW.status IN ('pending', 'active') THEN NEW.status || ' again' ELSE coalesce(NEW.status, 'nothing') END
    USING ERRCODE = 'PR409', TABLE = TG_TABLE_NAME, COLUMN = 'status', CONSTRAINT = 'supervision_transition';
  END IF;
  RETURN NEW;
END $$;

-- Whoever joins a circle takes a place of it.
CREATE FUNCTION praxis.check_circle_capacity() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  circle public.supervision_circles;
BEGIN
  IF auth.uid() IS NULL THEN
    RETURN NEW;
  ELSIF NEW.profile_id IS NULL THEN
    RAISE EXCEPTION 'You need a profile of your own before you can join a circle.' USING
      ERRCODE = 'PR400', TABLE = TG_TABLE_NAME, COLUMN = 'profile_id', CONSTRAINT = 'member_has_profile';
  END IF;
  SELECT * INTO circle FROM public.supervision_circles WHERE circle_id = NEW.circle_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such circle.' USING
      ERRCODE = 'PR404', TABLE = TG_TABLE_NAME, COLUMN = 'circle_id', CONSTRAINT = 'known_circle';
  END IF;
  -- Of somebody who is a member already the table's key has the words, whether the circle is full or not.
  IF circle.max_members <= (SELECT count(*) FROM public.circle_members WHERE circle_id = NEW.circle_id)
    AND NOT EXISTS (
      SELECT FROM public.circle_members WHERE circle_id = NEW.circle_id AND profile_id = NEW.profile_id)
  THEN
    RAISE EXCEPTION '% is full: it takes % members.', circle.circle_name, circle.max_members USING
      ERRCODE = 'PR409', TABLE = TG_TABLE_NAME, COLUMN = 'circle_id', CONSTRAINT = 'circle_capacity';
  END IF;
  RETURN NEW;
END $$;

REVOKE ALL ON FUNCTION praxis.check_request, praxis.check_transition, praxis.check_circle_capacity FROM PUBLIC;

CREATE TRIGGER check_request BEFORE INSERT ON supervision_relationships
  FOR EACH ROW EXECUTE FUNCTION praxis.check_request();
CREATE TRIGGER check_transition BEFORE UPDATE OF status ON supervision_relationships
  FOR EACH ROW EXECUTE FUNCTION praxis.check_transition();
CREATE TRIGGER check_capacity BEFORE INSERT ON circle_members
  FOR EACH ROW EXECUTE FUNCTION praxis.check_circle_capacity();

-- Steps by their names. A step that was taken already is not taken again, and not refused.
CREATE FUNCTION request_supervision(supervisor_id bigint) RETURNS supervision_relationships
LANGUAGE sql SET search_path = '' AS $$
  INSERT INTO public.supervision_relationships (supervisor_id) VALUES (supervisor_id) RETURNING *
$$;

CREATE FUNCTION accept_supervision(relationship_id bigint) RETURNS supervision_relationships
LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  written public.supervision_relationships;
BEGIN
  UPDATE public.supervision_relationships AS supervision SET status = 'active'
  WHERE supervision.relationship_id = accept_supervision.relationship_id
  RETURNING supervision.* INTO written;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such supervision.' USING ERRCODE = 'PR404', TABLE = 'supervision_relationships';
  END IF;
  RETURN written;
END $$;

CREATE FUNCTION complete_supervision(relationship_id bigint) RETURNS supervision_relationships
LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  written public.supervision_relationships;
BEGIN
  UPDATE public.supervision_relationships AS supervision SET status = 'completed'
  WHERE supervision.relationship_id = complete_supervision.relationship_id
  RETURNING supervision.* INTO written;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such supervision.' USING ERRCODE = 'PR404', TABLE = 'supervision_relationships';
  END IF;
  RETURN written;
END $$;

CREATE FUNCTION cancel_supervision(relationship_id bigint) RETURNS supervision_relationships
LANGUAGE plpgsql SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  written public.supervision_relationships;
BEGIN
  UPDATE public.supervision_relationships AS supervision SET status = 'cancelled'
  WHERE supervision.relationship_id = cancel_supervision.relationship_id
  RETURNING supervision.* INTO written;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no such supervision.' USING ERRCODE = 'PR404', TABLE = 'supervision_relationships';
  END IF;
  RETURN written;
END $$;

CREATE FUNCTION join_circle(circle_id bigint) RETURNS circle_members
LANGUAGE sql SET search_path = '' AS $$
  INSERT INTO public.circle_members (circle_id) VALUES (circle_id) RETURNING *
$$;

REVOKE ALL ON FUNCTION request_supervision, accept_supervision, complete_supervision, cancel_supervision, join_circle
  FROM PUBLIC, anon;
GRANT EXECUTE ON FUNCTION
  request_supervision, accept_supervision, complete_supervision, cancel_supervision, join_circle
TO authenticated;
