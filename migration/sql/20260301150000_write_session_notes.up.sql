-- The structured note of a session, which its timeline writes by itself: the same events give the same note.
--
-- Each view counts in a subquery for each protocol, as `timeline_events` does, so that a key, alone or of a join, reaches
-- the index of the events of that protocol. An event at infinity has no place on a line.

-- The phases of a session, told by its intensity. The peak is from the first to the last event that comes within 1 of
-- the highest intensity. The rise before it begins, and the descent after it ends, with an event of at least half of the
-- highest intensity. What is before is the onset, what is after comes after. An event that has no intensity belongs to
-- the phase it falls into; a session in which none has one has no phases.
CREATE VIEW session_note_phases WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  phase.phase_number,
  protocol.site_id,
  (ARRAY['onset', 'rise', 'peak', 'descent', 'after'])[phase.phase_number] AS name,
  phase.started_at,
  phase.ended_at,
  phase.events,
  phase.mean_intensity,
  phase.peak_intensity
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    phase_number,
    min(event_timestamp) AS started_at,
    max(event_timestamp) AS ended_at,
    count(*)::int AS events,
    avg(intensity_level)::numeric(4,2) AS mean_intensity,
    max(intensity_level) AS peak_intensity
  FROM (
    SELECT
      event_timestamp,
      intensity_level,
      CASE
        WHEN event_timestamp < min(event_timestamp) FILTER (WHERE intensity_level * 2 >= highest) OVER () THEN 1
        WHEN event_timestamp < min(event_timestamp) FILTER (WHERE intensity_level >= highest - 1) OVER () THEN 2
        WHEN event_timestamp <= max(event_timestamp) FILTER (WHERE intensity_level >= highest - 1) OVER () THEN 3
        WHEN event_timestamp <= max(event_timestamp) FILTER (WHERE intensity_level * 2 >= highest) OVER () THEN 4
        ELSE 5
      END AS phase_number
    FROM (
      SELECT event_timestamp, intensity_level, max(intensity_level) OVER () AS highest
      FROM session_events
      WHERE session_events.protocol_id = protocol.record_id AND isfinite(event_timestamp)
    ) AS event
    WHERE highest IS NOT NULL
  ) AS event
  GROUP BY phase_number
) AS phase;

-- The events of a session by type. Events without a type are not among them.
CREATE VIEW session_note_counts WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  kind.event_type_id,
  protocol.site_id,
  kind.events,
  kind.first_at,
  kind.last_at,
  kind.peak_intensity
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    event_type_id,
    count(*)::int AS events,
    min(event_timestamp) AS first_at,
    max(event_timestamp) AS last_at,
    max(intensity_level) AS peak_intensity
  FROM session_events
  WHERE session_events.protocol_id = protocol.record_id AND isfinite(event_timestamp) AND event_type_id IS NOT NULL
  GROUP BY event_type_id
) AS kind;

-- Half an hour or more between two events.
CREATE VIEW session_note_silences WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  silence.number,
  protocol.site_id,
  silence.started_at,
  silence.ended_at,
  silence.minutes
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    (row_number() OVER (ORDER BY ended_at))::int AS number,
    started_at,
    ended_at,
    floor(extract(epoch FROM ended_at - started_at) / 60)::int AS minutes
  FROM (
    SELECT lag(event_timestamp) OVER (ORDER BY event_timestamp) AS started_at, event_timestamp AS ended_at
    FROM session_events
    WHERE session_events.protocol_id = protocol.record_id AND isfinite(event_timestamp)
  ) AS event
  WHERE ended_at - started_at >= interval '30 minutes'
) AS silence;

-- The note of a session as text, or NULL of a session without events. Times are those of UTC, and `T+01:30` is an hour
-- and a half after the first event. PL/pgSQL keeps the plans for the connection.
CREATE FUNCTION praxis.session_note_text(of_protocol bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
  clock CONSTANT text := '"T+"HH24:MI';
  started timestamptz;
  session text;
  heading text;
  phases text;
  counts text;
  doses text;
  vitals text;
  notes text;
  silences text;
BEGIN
  SELECT
    min(event_timestamp),
    format('From %s to %s UTC: %s h %s min, %s %s',
      to_char(min(event_timestamp) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
      to_char(max(event_timestamp) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
      floor(extract(epoch FROM max(event_timestamp) - min(event_timestamp)) / 3600),
      floor(extract(epoch FROM max(event_timestamp) - min(event_timestamp)) / 60) % 60,
      count(*),
      CASE count(*) WHEN 1 THEN 'event' ELSE 'events' END)
    || coalesce(E'\nIntensity: mean ' || avg(intensity_level)::numeric(4,1) || ', highest ' || max(intensity_level), '')
  INTO started, session
  FROM public.session_events WHERE protocol_id = of_protocol AND isfinite(event_timestamp);
  IF started IS NULL THEN
    RETURN NULL;
  END IF;

  SELECT concat_ws(', ',
    'Session note: protocol ' || record_id,
    replace(session_type, '_', '-') || ' session' || coalesce(' ' || session_number, ''),
    substance_name,
    trim_scale(dosage_mg) || ' mg',
    route_name)
  INTO heading
  FROM public.log_clinical_records
  LEFT JOIN public.ref_substances USING (substance_id)
  LEFT JOIN public.ref_routes USING (route_id)
  WHERE record_id = of_protocol;

  SELECT E'\nPhases\n' || string_agg(
    format('  %s  %s, %s %s', concat_ws(' to ', clock.first, nullif(clock.last, clock.first)), name, events,
      CASE events WHEN 1 THEN 'event' ELSE 'events' END)
    || coalesce(', mean ' || mean_intensity::numeric(4,1) || ', highest ' || peak_intensity, ''),
    E'\n' ORDER BY phase_number)
  INTO phases
  FROM public.session_note_phases
  CROSS JOIN LATERAL (VALUES (
    to_char(make_interval(secs => extract(epoch FROM started_at - started)), clock),
    to_char(make_interval(secs => extract(epoch FROM ended_at - started)), clock)
  )) AS clock(first, last)
  WHERE protocol_id = of_protocol;

  SELECT E'\nEvents by type\n' || string_agg(
    format('  %s: %s, %s', event_name, events, concat_ws(' to ', clock.first, nullif(clock.last, clock.first))),
    E'\n' ORDER BY events DESC, event_name)
  INTO counts
  FROM public.session_note_counts
  JOIN public.ref_event_types USING (event_type_id)
  CROSS JOIN LATERAL (VALUES (
    to_char(make_interval(secs => extract(epoch FROM first_at - started)), clock),
    to_char(make_interval(secs => extract(epoch FROM last_at - started)), clock)
  )) AS clock(first, last)
  WHERE protocol_id = of_protocol;

  SELECT
    E'\nDoses\n' || string_agg(format('  %s  %s, %s mg', at, name, trim_scale(dose_mg)),
      E'\n' ORDER BY place) FILTER (WHERE dose_mg IS NOT NULL)
      || format(E'\n  In all %s mg', trim_scale(sum(dose_mg))),
    E'\nVital signs\n' || string_agg(format('  %s  %s', at, readings),
      E'\n' ORDER BY place) FILTER (WHERE readings <> ''),
    E'\nNotes\n' || string_agg(format('  %s  %s: %s', at, concat_ws(', ', name, 'intensity ' || intensity_level), note),
      E'\n' ORDER BY place) FILTER (WHERE note <> '')
  INTO doses, vitals, notes
  FROM (
    SELECT
      row_number() OVER (ORDER BY event_timestamp, event_id) AS place,
      to_char(make_interval(secs => extract(epoch FROM event_timestamp - started)), clock) AS at,
      coalesce(event_name, 'Event') AS name,
      intensity_level,
      dose_mg,
      concat_ws(', ',
        CASE WHEN num_nonnulls(systolic_mmhg, diastolic_mmhg) > 0 THEN
          format('BP %s/%s', coalesce(systolic_mmhg::text, '-'), coalesce(diastolic_mmhg::text, '-'))
        END,
        'HR ' || heart_rate,
        'SpO2 ' || oxygen_saturation || '%') AS readings,
      -- A note stays on its line.
      regexp_replace(btrim(session_events.notes, E' \t\r\n'), '\s+', ' ', 'g') AS note
    FROM public.session_events
    LEFT JOIN public.ref_event_types USING (event_type_id)
    WHERE protocol_id = of_protocol AND isfinite(event_timestamp)
  ) AS event;

  SELECT E'\nQuiet stretches\n' || string_agg(
    format('  %s to %s  %s min', clock.first, clock.last, minutes), E'\n' ORDER BY number)
  INTO silences
  FROM public.session_note_silences
  CROSS JOIN LATERAL (VALUES (
    to_char(make_interval(secs => extract(epoch FROM started_at - started)), clock),
    to_char(make_interval(secs => extract(epoch FROM ended_at - started)), clock)
  )) AS clock(first, last)
  WHERE protocol_id = of_protocol;

  -- A section without a line is NULL, and left out.
  RETURN concat_ws(E'\n', heading, session, phases, counts, doses, vitals, notes, silences);
END $$;
REVOKE ALL ON FUNCTION praxis.session_note_text FROM PUBLIC;
GRANT EXECUTE ON FUNCTION praxis.session_note_text TO anon, authenticated;

-- The note itself. The text is written only where it is asked for.
CREATE VIEW session_notes WITH (security_invoker = true) AS
SELECT
  protocol.record_id AS protocol_id,
  protocol.site_id,
  session.started_at,
  session.ended_at,
  floor(extract(epoch FROM session.ended_at - session.started_at) / 60)::int AS duration_minutes,
  session.events,
  session.peak_intensity,
  session.peak_at,
  session.mean_intensity,
  session.doses,
  session.total_dose_mg,
  praxis.session_note_text(protocol.record_id) AS text
FROM log_clinical_records AS protocol
CROSS JOIN LATERAL (
  SELECT
    min(event_timestamp) AS started_at,
    max(event_timestamp) AS ended_at,
    count(*)::int AS events,
    max(intensity_level) AS peak_intensity,
    (array_agg(event_timestamp ORDER BY intensity_level DESC, event_timestamp)
      FILTER (WHERE intensity_level IS NOT NULL))[1] AS peak_at,
    avg(intensity_level)::numeric(4,2) AS mean_intensity,
    count(dose_mg)::int AS doses,
    sum(dose_mg)::numeric(10,2) AS total_dose_mg
  FROM session_events
  WHERE session_events.protocol_id = protocol.record_id AND isfinite(event_timestamp)
) AS session
WHERE session.events > 0;

REVOKE ALL ON session_note_phases, session_note_counts, session_note_silences, session_notes
  FROM PUBLIC, anon, authenticated;
GRANT SELECT ON session_note_phases, session_note_counts, session_note_silences, session_notes TO anon, authenticated;
