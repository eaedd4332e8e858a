-- What happens in sessions, counted by site, type of event and month: a dashboard of the network groups some ten
-- thousand rows of `session_activities` instead of every event. `praxis.refresh_activities()` counts.

-- Without a key of its own, for the reason that `network_benchmarks` has none.
CREATE TABLE session_activities (
  site_id BIGINT REFERENCES sites(site_id) ON DELETE CASCADE,
  event_type_id BIGINT REFERENCES ref_event_types(event_type_id) ON DELETE CASCADE,
  month DATE,
  event_count INT NOT NULL,
  protocol_count INT NOT NULL,
  intensity_count INT NOT NULL,
  intensity_sum INT NOT NULL,
  intensity_max INT,
  PRIMARY KEY (site_id, event_type_id, month)
);
CREATE INDEX idx_activities_type_month ON session_activities(event_type_id, month);
COMMENT ON INDEX idx_activities_type_month IS 'EventType.activities by month.';
SELECT praxis.protect('session_activities');

-- Read: members of the site, and who runs the network. Nobody writes.
CREATE POLICY session_activities_read ON session_activities
  FOR SELECT
  USING (site_id = ANY ((SELECT praxis.auth_sites())::bigint[]) OR (SELECT praxis.auth_is_network_admin()));
GRANT SELECT ON session_activities TO anon, authenticated;

-- Months of sites whose events have changed since the last refresh, or, where all is empty, everything. Rows are only
-- added and taken, as in `praxis.outcomes_changes` and for the same reason. An event has its site and its time itself, so
-- unlike a score it can be noted by them.
CREATE TABLE praxis.activity_changes (
  change_id BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  site_id BIGINT,
  month DATE,
  CONSTRAINT valid_change CHECK ((site_id IS NULL) = (month IS NULL))
);
SELECT praxis.protect('praxis.activity_changes');

-- The month of a moment in UTC by its first day, or NULL for moments that no calendar shows.
CREATE FUNCTION praxis.month_at(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT praxis.month_of((moment AT TIME ZONE 'UTC')::date)
$$;

-- Notes the months of sites whose events changed in what is counted.
CREATE FUNCTION praxis.note_changed_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO praxis.activity_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_at(event_timestamp) FROM new_rows
    WHERE site_id IS NOT NULL AND event_type_id IS NOT NULL AND praxis.month_at(event_timestamp) IS NOT NULL;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO praxis.activity_changes (site_id, month)
    SELECT DISTINCT site_id, praxis.month_at(event_timestamp) FROM old_rows
    WHERE site_id IS NOT NULL AND event_type_id IS NOT NULL AND praxis.month_at(event_timestamp) IS NOT NULL;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO praxis.activity_changes (site_id, month)
    SELECT DISTINCT version.site_id, praxis.month_at(version.event_timestamp)
    FROM old_rows AS earlier JOIN new_rows AS later USING (event_id)
    CROSS JOIN LATERAL (VALUES
      (earlier.site_id, earlier.event_type_id, earlier.event_timestamp),
      (later.site_id, later.event_type_id, later.event_timestamp)
    ) AS version(site_id, event_type_id, event_timestamp)
    WHERE (earlier.site_id, earlier.event_type_id, earlier.event_timestamp, earlier.protocol_id,
        earlier.intensity_level)
      IS DISTINCT FROM (later.site_id, later.event_type_id, later.event_timestamp, later.protocol_id,
        later.intensity_level)
      AND version.site_id IS NOT NULL AND version.event_type_id IS NOT NULL
      AND praxis.month_at(version.event_timestamp) IS NOT NULL;
  ELSE
    INSERT INTO praxis.activity_changes DEFAULT VALUES;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER note_inserted AFTER INSERT ON session_events
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_events();
CREATE TRIGGER note_updated AFTER UPDATE ON session_events
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_events();
CREATE TRIGGER note_deleted AFTER DELETE ON session_events
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_events();
CREATE TRIGGER note_truncated AFTER TRUNCATE ON session_events
  FOR EACH STATEMENT EXECUTE FUNCTION praxis.note_changed_events();

-- The rows of some months of sites, given as two arrays of equal length, as the events are now.
--
-- Each month of a site is a range of `idx_events_site_time`. Where rows lie in the order of time, the planner would rather
-- read the month of every site by `idx_events_timestamp`, page after page, if other pages cost it more than the next one.
CREATE FUNCTION praxis.activities_of(sites bigint[], months date[]) RETURNS TABLE (
  site_id bigint,
  event_type_id bigint,
  month date,
  event_count int,
  protocol_count int,
  intensity_count int,
  intensity_sum int,
  intensity_max int
)
LANGUAGE sql STABLE SET search_path = '' SET random_page_cost = 1 AS $$
  SELECT scope.site_id, counted.event_type_id, scope.month, counted.events, counted.protocols, counted.intensities,
    counted.intensity_sum, counted.intensity_max
  FROM unnest(sites, months) AS scope(site_id, month) CROSS JOIN LATERAL (
    SELECT event.event_type_id, count(*)::int AS events, count(DISTINCT event.protocol_id)::int AS protocols,
      count(event.intensity_level)::int AS intensities, coalesce(sum(event.intensity_level), 0)::int AS intensity_sum,
      max(event.intensity_level) AS intensity_max
    FROM public.session_events AS event
    WHERE event.site_id = scope.site_id AND event.event_type_id IS NOT NULL
      AND event.event_timestamp >= scope.month::timestamp AT TIME ZONE 'UTC'
      AND event.event_timestamp < (scope.month + interval '1 month') AT TIME ZONE 'UTC'
    GROUP BY event.event_type_id
  ) AS counted
$$;

-- Brings `session_activities` up to date where events have changed since the last time. Answers how many rows it wrote
-- and removed; rows that are right already are not touched. It runs with its owner's rights, because it sees every site.
-- Who else may call it, an operator grants.
CREATE FUNCTION praxis.refresh_activities(OUT cells_written bigint, OUT cells_removed bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  everything boolean;
  changed_sites bigint[];
  changed_months date[];
  sites bigint[];
  months date[];
BEGIN
  PERFORM praxis.begin_refresh();
  WITH taken AS (DELETE FROM praxis.activity_changes RETURNING site_id, month)
  SELECT coalesce(bool_or(taken.site_id IS NULL), false),
    array_agg(taken.site_id) FILTER (WHERE taken.site_id IS NOT NULL),
    array_agg(taken.month) FILTER (WHERE taken.site_id IS NOT NULL)
  INTO everything, changed_sites, changed_months FROM taken;

  SELECT array_agg(scope.site_id), array_agg(scope.month) INTO sites, months
  FROM (
    SELECT changed.site_id, changed.month FROM unnest(changed_sites, changed_months) AS changed(site_id, month)
    UNION SELECT activity.site_id, activity.month FROM public.session_activities AS activity WHERE everything
    UNION SELECT event.site_id, praxis.month_at(event.event_timestamp) FROM public.session_events AS event
    WHERE everything AND event.site_id IS NOT NULL AND praxis.month_at(event.event_timestamp) IS NOT NULL
  ) AS scope;

  WITH fresh AS MATERIALIZED (
    SELECT * FROM praxis.activities_of(sites, months)
  ), written AS (
    INSERT INTO public.session_activities AS old
    SELECT fresh.* FROM fresh LEFT JOIN public.session_activities AS there ON there.site_id = fresh.site_id
      AND there.event_type_id = fresh.event_type_id AND there.month = fresh.month
    WHERE there IS DISTINCT FROM fresh
    ON CONFLICT (site_id, event_type_id, month) DO UPDATE SET
      event_count = excluded.event_count,
      protocol_count = excluded.protocol_count,
      intensity_count = excluded.intensity_count,
      intensity_sum = excluded.intensity_sum,
      intensity_max = excluded.intensity_max
    RETURNING 1
  ), removed AS (
    DELETE FROM public.session_activities AS old
    USING unnest(sites, months) AS scope(site_id, month)
    WHERE old.site_id = scope.site_id AND old.month = scope.month AND NOT EXISTS (
      SELECT FROM fresh WHERE fresh.site_id = old.site_id AND fresh.event_type_id = old.event_type_id
        AND fresh.month = old.month)
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed) INTO cells_written, cells_removed;
END $$;

REVOKE ALL ON FUNCTION
  praxis.month_at,
  praxis.note_changed_events,
  praxis.activities_of,
  praxis.refresh_activities
FROM PUBLIC, anon, authenticated;

-- The first refresh computes everything.
INSERT INTO praxis.activity_changes DEFAULT VALUES;
